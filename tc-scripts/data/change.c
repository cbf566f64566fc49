// SPDX-License-Identifier: GPL-2.0-only
/* change: adds or removes single entries of a table, in the maps of a program that is in use. */
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "command.h"
#include "program.h"
#include "table.h"

static int change_maps(const struct table *table, bool removal, const struct program *program, struct error *e)
{
	struct content content[TABLE_MAPS] = {};
	enum outcome result = CHANGE_NO_ROOM;
	sigset_t all, before;
	size_t absent = 0;

	if (table->kind->change && content_map(table, program, content)) {
		/* a signal must not stop the change half-way */
		sigfillset(&all);
		sigprocmask(SIG_BLOCK, &all, &before);
		result = table->kind->change(table, removal, content, &absent);
		sigprocmask(SIG_SETMASK, &before, NULL);
	}
	content_free(content);
	if (result == CHANGE_ABSENT)
		return table_absent(table, absent, e);
	if (result == CHANGE_NO_ROOM) {
		e->status = NO_ROOM;
		return -1;
	}
	return 0;
}

/*
 * change -a|-d NAME ID ENTRY...: adds entries to the table of program ID, or removes them, all or none,
 * while packets are looked up; - is those of standard input. Exit status NO_ROOM: this takes a new table, see load.
 */
int command_change(const struct options *options, char **words, int n, struct error *e)
{
	struct program program = {};
	const struct action *action;
	struct table table = {};
	bool removal;
	int result = -1;

	removal = !strcmp(words[0], "-d");
	action = action_once(options->objects, words[1], e);
	if (!action || table_begin(&table, action, e))
		goto out;
	for (int i = 3; i < n; i++)
		if (table_line(&table, words[i], removal, e))
			goto out;
	if (table_sort(&table, NULL, e))
		goto out;
	if (!program_open(&program, (__u32)strtoul(words[2], NULL, 10), e))
		result = change_maps(&table, removal, &program, e);
out:
	table_free(&table);
	program_close(&program);
	return result;
}
