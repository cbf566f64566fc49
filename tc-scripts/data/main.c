// SPDX-License-Identifier: GPL-2.0-only
/*
 * tcact-data: the part of tcact that handles objects, values, maps and tables. tcact(8) calls it,
 * and documents what users see of it.
 *
 *   tcact-data [-j] [-v] [-c NAME] OBJECTS SUBCOMMAND ...
 *   tcact-data [-v] [-c NAME] OBJECTS batch
 *
 * OBJECTS is the directory of the actions' object files. NAME begins each error message: it is
 * the subcommand that the user typed. batch runs the subcommand of each line of standard input:
 * NAME, SUBCOMMAND and its words, separated by tabs. It stops at the first error.
 */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "command.h"

static const struct {
	const char *name;
	command *run;
} commands[] = {
	{ "list", command_list },
	{ "info", command_info },
	{ "bake", command_bake },
	{ "load", command_load },
	{ "dump", command_dump },
	{ "change", command_change },
	{ "describe", command_describe },
	{ "names", command_names },
	{ "lines", command_lines },
	{ "tables", command_tables },
	{ "sharing", command_sharing },
	{ "buckets", command_buckets },
	{ "top", command_top },
	{ "values", command_values },
	{ "live", command_live },
	{ "tcx", command_tcx },
	{ "status", command_status },
	{ "form", command_form },
	{ "keep", command_keep },
	{ "used", command_used },
	{ "kept", command_kept },
	{ "complete", command_complete },
};

static int run(const struct options *options, char **words, int n, struct error *e)
{
	for (size_t i = 0; i < sizeof(commands) / sizeof(*commands); i++)
		if (!strcmp(commands[i].name, words[0]))
			return commands[i].run(options, words + 1, n - 1, e);
	return error(e, USAGE, "see: tcact help", "there is no subcommand %s", Q(words[0]));
}

static int run_batch(const struct options *options, struct error *e)
{
	char *line = NULL, **words = NULL;
	size_t room = 0;
	int result = 0;

	while (!result && getline(&line, &room, stdin) > 0) {
		char *rest = line;
		int n = 0;

		line[strcspn(line, "\n")] = '\0';
		words = reallocarray(words, strlen(line) + 2, sizeof(*words));	/* the last one: NULL */
		if (!words)
			return error_memory(e);
		while (rest)
			words[n++] = strsep(&rest, "\t");
		words[n] = NULL;
		if (n > 1)
			result = run(options, words + 1, n - 1, e);
		if (result)
			e->where = words[0];
	}
	if (!result)
		free(line);	/* otherwise e->where is in it */
	free(words);
	return result;
}

int main(int argc, char **argv)
{
	struct options options = {};
	const char *name = NULL;
	struct error e = {};
	int option;

	while ((option = getopt(argc, argv, "+jvc:")) != -1) {
		switch (option) {
		case 'j': options.json = true; break;
		case 'v': options.verbose = true; break;
		case 'c': name = optarg; break;
		default: return USAGE;
		}
	}
	if (argc - optind < 2) {
		fputs("usage: tcact-data [-j] [-v] [-c NAME] OBJECTS SUBCOMMAND ...\n", stderr);
		return USAGE;
	}
	options.objects = argv[optind++];
	if (!name)
		name = argv[optind];
	if (!(strcmp(argv[optind], "batch") ? run(&options, argv + optind, argc - optind, &e)
					    : run_batch(&options, &e)) && (fflush(stdout) || ferror(stdout)))
		error(&e, REFUSED, "make room there", "cannot write its output");
	if (*e.why)
		fprintf(stderr, "tcact: %s: %s; %s\n", e.where ?: name, e.why, e.next);
	return e.status;
}
