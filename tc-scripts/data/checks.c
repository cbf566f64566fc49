// SPDX-License-Identifier: GPL-2.0-only
/* checks: prints what tcact found out of the machine. */
#include <json-c/json.h>
#include <stdlib.h>

#include "command.h"
#include "more.h"
#include "status.h"

/* checks: prints the lines of standard input. Each is four fields, separated by tabs; the last one may be empty. */
int command_checks(const struct options *options, char **words, int n, struct error *e)
{
	static const char *const keys[] = { "name", "state", "what", "do" };
	struct json_object *all = json_object_new_array(), *one;
	char *line = NULL, *field[4], begin[64], what[4096];
	size_t size = 0;

	(void)words, (void)n, (void)e;
	while (getline(&line, &size, stdin) > 0) {
		line[strcspn(line, "\n")] = '\0';
		if (!fields_split(line, field, 4))
			continue;
		one = json_object_new_object();
		for (int i = 0; i < 4; i++)
			json_object_object_add(one, keys[i], json_text(field[i]));
		json_object_array_add(all, one);
		snprintf(begin, sizeof(begin), "%-16s %-8s ", field[0], field[1]);
		snprintf(what, sizeof(what), "%s%s%s", field[2], *field[3] ? "; " : "", field[3]);
		if (!options->json)
			wrapped_print(begin, what, strlen(begin));
	}
	if (options->json) {
		json_print(all);
		putchar('\n');
	} else {
		json_object_put(all);
	}
	free(line);
	return 0;
}
