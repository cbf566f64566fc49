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
	int least;	/* words behind it */
	command *run;
} commands[] = {
	{ "list", 0, command_list },
	{ "info", 0, command_info },
	{ "bake", 0, command_bake },
	{ "load", 0, command_load },
	{ "dump", 2, command_dump },
	{ "change", 4, command_change },
	{ "describe", 0, command_describe },
	{ "names", 0, command_names },
	{ "lines", 0, command_lines },
	{ "tables", 0, command_tables },
	{ "sharing", 2, command_sharing },
	{ "buckets", 2, command_buckets },
	{ "top", 2, command_top },
	{ "values", 1, command_values },
	{ "live", 0, command_live },
	{ "tcx", 2, command_tcx },
	{ "status", 0, command_status },
	{ "form", 1, command_form },
	{ "keep", 2, command_keep },
	{ "used", 2, command_used },
	{ "kept", 1, command_kept },
	{ "complete", 0, command_complete },
	{ "checks", 0, command_checks },
};

static int run(const struct options *options, char **words, int n, struct error *e)
{
	for (size_t i = 0; i < sizeof(commands) / sizeof(*commands); i++)
		if (!strcmp(commands[i].name, words[0]))
			return n > commands[i].least ? commands[i].run(options, words + 1, n - 1, e)
				: error(e, USAGE, "see: tcact help", "words are missing");
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
