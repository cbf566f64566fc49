// SPDX-License-Identifier: GPL-2.0-only
/* The values and tables of programs that are loaded. */
#include <errno.h>
#include <json-c/json.h>
#include <stdlib.h>
#include <string.h>

#include "command.h"
#include "more.h"
#include "program.h"
#include "status.h"
#include "table.h"
#include "value.h"

/* "N DIGEST" and a tab; without a table what stands for it */
static void print_entries(const struct table *table, const char *none)
{
	if (table)
		printf("%zu %016llx\t", table->n, (unsigned long long)table_digest(table));
	else
		printf("%s\t", none);
}

static void print_value(const struct settings *settings, const struct parameter *p)
{
	printf("%s ", p->name);
	p->kind->print(p, settings_bytes(settings, p), stdout);
	putchar(' ');
}

/* A program, the values that it was loaded with, and its table, once that is fetched. */
struct live {
	const struct action *action;
	struct program program;
	struct settings settings;
	struct table table;
};

/* Reads the program with this @id, of the action @name. live_close() ends it, also after an error. */
static int live_open(struct live *live, const char *objects, const char *name, const char *id, struct error *e)
{
	live->action = action_once(objects, name, e);
	return !live->action || settings_begin(&live->settings, live->action, e) ||
	       program_open(&live->program, (__u32)strtoul(id, NULL, 10), e) ||
	       program_settings(&live->program, &live->settings, e) ? -1 : 0;
}

static void live_close(struct live *live)
{
	table_free(&live->table);
	program_close(&live->program);
	settings_free(&live->settings);
}

static void live_one(const char *objects, const char *name, const char *id, struct error *e)
{
	struct live live = {};
	bool has_table;

	if (live_open(&live, objects, name, id, e))
		goto out;
	has_table = settings_table(&live.settings);
	if (has_table && (table_begin(&live.table, live.action, e) || table_fetch(&live.table, &live.program, e)))
		goto out;
	printf("%u\t", live.program.info.id);
	print_entries(has_table ? &live.table : NULL, "-");
	for (size_t i = 0; i < live.action->parameters; i++)
		if (settings_shown(&live.settings, &live.action->parameter[i]))
			print_value(&live.settings, &live.action->parameter[i]);
	putchar('\n');
out:
	live_close(&live);
}

/*
 * live [NAME ID]...: prints, for each program that can be read, one line, its fields separated by tabs: its id,
 * its entries as form prints them, and the values that it was loaded with, "NAME VALUE ...".
 */
int command_live(const struct options *options, char **words, int n, struct error *e)
{
	for (int i = 0; i + 1 < n; i += 2) {
		struct error own = {};

		live_one(options->objects, words[i], words[i + 1], &own);
		/* programs that are gone, or of another version of tcact, are left out */
		if (own.status && !own.unreadable) {
			*e = own;
			return -1;
		}
	}
	return 0;
}

/* tcx IFINDEX ingress|egress: exit status 0 if tcx programs run there, before all filters (Linux 6.6) */
int command_tcx(const struct options *options, char **words, int n, struct error *e)
{
	(void)options, (void)n;
	if (!tcx_programs((unsigned int)atoi(words[0]), words[1]))
		e->status = ABSENT;
	return e->status ? -1 : 0;
}

/* Can the action have a table, with these values? It is taken to have one from now on. */
static bool may_have_table(struct settings *settings)
{
	struct error own = {};

	settings_put_table(settings);
	return settings->action->map && !settings_check_table(settings, &own);
}

/*
 * form [-t FILE] NAME [PARAM VALUE]...: prints what live would print of a program with these values and this
 * table, on one line: the number and the digest of the entries, a tab, NAME VALUE .... Instead of
 * the entries "*" if no table is given, and "-" if the action has none, or can have none with these values.
 */
int command_form(const struct options *options, char **words, int n, struct error *e)
{
	const struct table_rules rules = { .again = true, .empty = "leave table FILE out" };
	struct settings settings = {};
	const struct action *action;
	struct table table = {};
	const char *file = NULL;
	int result = -1;

	if (n > 2 && !strcmp(words[0], "-t")) {
		file = words[1];
		words += 2;
		n -= 2;
	}
	action = action_once(options->objects, words[0], e);
	if (!action || settings_begin(&settings, action, e) || settings_read(&settings, words + 1, n - 1, e) ||
	    settings_check_with(&settings, file, e) ||
	    (file && (table_begin(&table, action, e) || table_read(&table, file, &rules, e))))
		goto out;
	print_entries(file ? &table : NULL, may_have_table(&settings) ? "*" : "-");
	for (size_t i = 0; i < action->parameters; i++) {
		const struct parameter *p = &action->parameter[i];

		if (told(action, p, settings_bytes(&settings, p), p->on && settings.image[p->on]) &&
		    strcmp(p->kind->name, "seed") && !parameter_is_table(p))
			print_value(&settings, p);
	}
	putchar('\n');
	result = 0;
out:
	table_free(&table);
	settings_free(&settings);
	return result;
}

/* keep ID PIN: pins program ID, so that it stays when nothing uses it any more */
int command_keep(const struct options *options, char **words, int n, struct error *e)
{
	struct program program;

	(void)options, (void)n;
	if (!program_open(&program, (__u32)strtoul(words[0], NULL, 10), e) && bpf_obj_pin(program.fd, words[1]))
		error(e, REFUSED, "see: tcact check", "cannot pin %s: %s", Q(words[1]), strerror(errno));
	program_close(&program);
	return e->status ? -1 : 0;
}

/* dump NAME ID: prints the table, sorted, in a form that can be loaded again, or as JSON. */
int command_dump(const struct options *options, char **words, int n, struct error *e)
{
	struct live live = {};

	(void)n;
	if (live_open(&live, options->objects, words[0], words[1], e) || table_begin(&live.table, live.action, e))
		goto out;
	if (!settings_table(&live.settings))
		error(e, ABSENT, "give it one: tcact table load", "%s has no table there", live.action->name);
	else if (!table_fetch(&live.table, &live.program, e))
		table_print(&live.table, options->json, stdout);
out:
	live_close(&live);
	return e->status ? -1 : 0;
}

/* An action that can have a table, of an attachment. */
struct use {
	const struct attachment *attachment;
	const struct step *step;
	__u32 map;		/* the first map of the table, which programs can share; 0: there is no table */
	struct fact fact[FACTS_MAX];	/* about the table, in the first use of it */
	size_t facts;
};

/* Reads the table of @use, which is the last of @all. */
static void use_read(const struct use *all, struct use *use, const char *objects, struct error *e)
{
	struct live live = {};
	const struct map *map;

	if (live_open(&live, objects, use->step->field[NAME], use->step->field[PROGRAM], e) ||
	    !settings_table(&live.settings) || table_begin(&live.table, live.action, e))
		goto out;
	map = program_map(&live.program, live.table.kind->maps[0]);
	if (!map) {
		program_other(e);
		goto out;
	}
	use->map = map->info.id;
	while (all->map != use->map)
		all++;
	if (all == use)
		table_fetch_facts(&live.table, &live.program, use->fact, &use->facts, e);
out:
	live_close(&live);
}

static void uses_text(const struct use *all, size_t n, const struct use *first)
{
	char text[FACTS_MAX * 48] = "";
	size_t length = 0;

	for (size_t i = 0; i < n; i++)
		if (all[i].map == first->map)
			step_print(all[i].attachment, all[i].step);
	for (size_t i = 0; i < first->facts; i++)
		length += snprintf(text + length, sizeof(text) - length, "%s %llu ", first->fact[i].name,
				   (unsigned long long)first->fact[i].n);
	wrapped_print("    ", text, 8);
}

static void uses_json(const struct use *all, size_t n, const struct use *first)
{
	struct json_object *table = json_object_new_object(), *attachments = json_object_new_array(), *place;

	json_object_object_add(table, "name", json_text(first->step->field[NAME]));
	for (size_t i = 0; i < n; i++) {
		if (all[i].map != first->map)
			continue;
		place = json_object_new_object();
		json_place(place, all[i].attachment->step);
		json_object_array_add(attachments, place);
	}
	json_object_object_add(table, "attachments", attachments);
	for (size_t i = 0; i < first->facts; i++)
		json_object_object_add(table, first->fact[i].name, json_object_new_uint64(first->fact[i].n));
	json_print(table);
}

/* tables [NAME]: prints the tables of the attachments in standard input (see status.h), or of the actions NAME alone */
int command_tables(const struct options *options, char **words, int n, struct error *e)
{
	struct status status = {};
	struct use *use = NULL, *added;
	const char *separator = "[";
	size_t uses = 0;
	char *tick;

	status_read(&status, options->objects, stdin, false, &tick, e);
	free(tick);
	for (size_t i = 0; i < status.attachments; i++) {
		const struct attachment *a = &status.attachment[i];

		for (size_t k = 0; k < a->steps && !e->status; k++) {
			const struct step *step = &a->step[k];
			const struct action *action = step->program ? action_once(options->objects, step->field[NAME], e) : NULL;

			if (!action || !action->map || (n && strcmp(action->name, words[0])))
				continue;
			added = one_more(use, uses);
			if (added) {
				*added = (struct use){ .attachment = a, .step = step };
				use_read(use, added, options->objects, e);
			} else {
				error_memory(e);
			}
		}
	}
	for (size_t i = 0; i < uses && !e->status; i++) {
		if (!use[i].facts)
			continue;
		if (options->json)
			fputs(separator, stdout);
		separator = ",\n";
		(options->json ? uses_json : uses_text)(use, uses, &use[i]);
	}
	if (options->json && !e->status)
		puts(*separator == '[' ? "[]" : "]");
	free(use);
	status_clear(&status);
	return e->status ? -1 : 0;
}

/*
 * sharing NAME ID [ID]...: prints those of the ids whose programs have the table of the first, one a line. Of police and
 * pace that can be none: then they have the maps of it.
 */
int command_sharing(const struct options *options, char **words, int n, struct error *e)
{
	const struct action *action = action_once(options->objects, words[0], e);
	struct table table = {};
	__u32 first = 0;

	if (!action || table_begin(&table, action, e))
		return -1;
	for (int i = 1; i < n && !e->status; i++) {
		struct program program = {};
		const struct map *map = NULL;
		struct error own = {};

		if (!program_open(&program, (__u32)strtoul(words[i], NULL, 10), &own))
			map = program_map(&program, table.kind->maps[0]);
		else if (i == 1 || errno != ENOENT)	/* it was deleted meanwhile */
			*e = own;
		if (i == 1 && map)
			first = map->info.id;
		else if (i == 1)
			program_other(e);
		if (map && map->info.id == first)
			printf("%s\n", words[i]);
		program_close(&program);
	}
	table_free(&table);
	return e->status ? -1 : 0;
}
