// SPDX-License-Identifier: GPL-2.0-only
/* The values and tables of programs that are loaded. */
#include <stdlib.h>
#include <string.h>

#include "command.h"
#include "program.h"
#include "table.h"
#include "value.h"

static int live_one(const char *objects, const char *name, __u32 id, struct error *e)
{
	struct program program = {};
	struct settings settings = {};
	struct action action = {};
	int result = -1;

	if (action_open(&action, objects, name, e) || settings_begin(&settings, &action, e) ||
	    program_open(&program, id, e) || program_settings(&program, &settings, e))
		goto out;
	printf("program\t%u\n", id);
	for (size_t i = 0; i < action.parameters; i++) {
		const struct parameter *p = &action.parameter[i];

		if (!settings_shown(&settings, p))
			continue;
		printf("param\t%s\t", p->name);
		value_print(p, settings_bytes(&settings, p), stdout);
		putchar('\n');
	}
	result = 0;
out:
	program_close(&program);
	settings_free(&settings);
	action_close(&action);
	return result;
}

/*
 * live [NAME ID]...: prints, for each program that can be read, its id and the values that it was
 * loaded with. Fields are separated by tabs:
 *
 *   program ID
 *   param NAME VALUE
 */
int command_live(const struct options *options, char **words, int n, struct error *e)
{
	int read = 0;

	for (int i = 0; i + 1 < n; i += 2) {
		struct error own = {};

		if (!live_one(options->objects, words[i], (__u32)strtoul(words[i + 1], NULL, 10), &own))
			read++;
		else if (!e->status)
			*e = own;
	}
	if (read || !n)
		e->status = 0;		/* programs that are gone, or of another version of tcact, are left out */
	return e->status ? -1 : 0;
}

/* tcx IFINDEX ingress|egress: exit status 0 if tcx programs run there, before all filters (Linux 6.6) */
int command_tcx(const struct options *options, char **words, int n, struct error *e)
{
	(void)options;
	if (n != 2)
		return error(e, USAGE, "see: tcact help", "tcx: write IFINDEX ingress or egress");
	if (!tcx_programs((unsigned int)atoi(words[0]), words[1]))
		e->status = ABSENT;
	return e->status ? -1 : 0;
}

/* dump NAME ID [json]: prints the table, sorted, in a form that can be loaded again, or as JSON. */
int command_dump(const struct options *options, char **words, int n, struct error *e)
{
	struct program program = {};
	struct action action = {};
	struct table table = {};
	int result = -1;

	if (n != 2 && (n != 3 || strcmp(words[2], "json")))
		return error(e, USAGE, "see: tcact help", "dump: write NAME ID [json]");
	if (!action_open(&action, options->objects, words[0], e) && !table_begin(&table, &action, e) &&
	    !program_open(&program, (__u32)strtoul(words[1], NULL, 10), e) && !table_fetch(&table, &program, e)) {
		table_print(&table, n == 3, stdout);
		result = 0;
	}
	table_free(&table);
	program_close(&program);
	action_close(&action);
	return result;
}

static int facts_print(const char *objects, const char *name, __u32 id, struct error *e)
{
	struct fact fact[FACTS_MAX];
	struct program program = {};
	struct action action = {};
	struct table table = {};
	size_t facts;
	int result = -1;

	if (!action_open(&action, objects, name, e) && !table_begin(&table, &action, e) &&
	    !program_open(&program, id, e) && !table_fetch_facts(&table, &program, fact, &facts, e)) {
		printf("table\t%u\t%u\n", id, program_map(&program, table.kind->maps[0])->info.id);
		for (size_t i = 0; i < facts; i++)
			printf("number\t%s\t%llu\n", fact[i].name, (unsigned long long)fact[i].n);
		result = 0;
	}
	table_free(&table);
	program_close(&program);
	action_close(&action);
	return result;
}

/*
 * tables [NAME ID]...: prints, for the table of each program, the ids of the program and of its first map,
 * which programs can share, and numbers:
 *
 *   table ID MAP
 *   number NAME N
 */
int command_tables(const struct options *options, char **words, int n, struct error *e)
{
	for (int i = 0; i + 1 < n; i += 2)
		if (facts_print(options->objects, words[i], (__u32)strtoul(words[i + 1], NULL, 10), e))
			return -1;
	return 0;
}
