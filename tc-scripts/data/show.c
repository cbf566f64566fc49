// SPDX-License-Identifier: GPL-2.0-only
/* status: what is attached, as tcact found it; see status.h. */
#include <stdlib.h>
#include <string.h>

#include "command.h"
#include "status.h"

/* status [-s] text|json: what is attached; -s: with the actions' own counters */
int command_status(const struct options *options, char **words, int n, struct error *e)
{
	struct status status = {};
	bool reasons = n > 1 && !strcmp(words[0], "-s");
	char *tick = NULL;
	int result;

	if (n != 1 + reasons)
		return error(e, USAGE, "see: tcact help", "status: write text or json");
	result = status_read(&status, options->objects, stdin, true, &tick);
	free(tick);
	if (result)
		;
	else if (!strcmp(words[reasons], "json"))
		result = status_json(&status, reasons);
	else
		status_text(&status, reasons, false, false);
	status_free(&status);
	return result ? error(e, REFUSED, "free some", "no memory") : 0;
}
