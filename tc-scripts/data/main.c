// SPDX-License-Identifier: GPL-2.0-only
/*
 * tcact-data: the part of tcact that handles objects, values, maps and tables. tcact(8) calls it,
 * and documents what users see of it.
 *
 *   tcact-data [-j] [-v] [-c NAME] OBJECTS SUBCOMMAND ...
 *
 * OBJECTS is the directory of the actions' object files. NAME begins each error message: it is
 * the subcommand that the user typed.
 */
#include <getopt.h>
#include <stdio.h>
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
	{ "tables", command_tables },
	{ "values", command_values },
	{ "live", command_live },
	{ "tcx", command_tcx },
	{ "status", command_status },
};

static int run(const struct options *options, char **words, int n, struct error *e)
{
	for (size_t i = 0; i < sizeof(commands) / sizeof(*commands); i++)
		if (!strcmp(commands[i].name, words[0]))
			return commands[i].run(options, words + 1, n - 1, e);
	return error(e, USAGE, "see: tcact help", "there is no subcommand %s", Q(words[0]));
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
	if (!run(&options, argv + optind, argc - optind, &e) && (fflush(stdout) || ferror(stdout)))
		error(&e, REFUSED, "make room there", "cannot write its output");
	if (*e.why)
		fprintf(stderr, "tcact: %s: %s; %s\n", name, e.why, e.next);
	return e.status;
}
