// SPDX-License-Identifier: GPL-2.0-only
/* The actions that exist, and the values that they accept: list, info, describe, names, values, bake. */
#include <json-c/json.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "bucket.h"
#include "command.h"
#include "status.h"
#include "table.h"
#include "value.h"

/* ---- text ------------------------------------------------------------------------------------ */

static int info_text(const struct action *action, struct error *e)
{
	bool whole = true;

	printf("%s - %s\n%s", action->name, action->what, action->class);
	if (action->map)
		printf("; %s a table of %s", action->table ? "can have" : "with", action->key);
	putchar('\n');
	for (size_t i = 0; i < action->parameters && whole; i++) {
		const struct parameter *p = &action->parameter[i];
		char *text, *value, *syntax;

		if (parameter_is_table(p))
			continue;
		value = value_text(p, p->initial);
		syntax = value_syntax(p, false);
		putchar('\n');
		whole = value && syntax && asprintf(&text, "%s (%s) %s", p->name, value, p->help) >= 0;
		if (whole) {
			wrapped_print("  ", text, 2);
			wrapped_print("    ", syntax, 4);
			free(text);
		}
		free(syntax);
		free(value);
	}
	return whole ? 0 : error_memory(e);
}

/* ---- JSON ------------------------------------------------------------------------------------ */

static void add_string(struct json_object *to, const char *key, const char *value)
{
	json_object_object_add(to, key, json_object_new_string(value));
}

static struct json_object *action_json(const struct action *action)
{
	struct json_object *object = json_object_new_object();

	add_string(object, "name", action->name);
	add_string(object, "class", action->class);
	add_string(object, "what", action->what);
	return object;
}

static struct json_object *parameter_json(const struct parameter *p)
{
	struct json_object *object = json_object_new_object(), *words = json_object_new_object();
	char *value = value_text(p, p->initial);

	add_string(object, "name", p->name);
	add_string(object, "kind", p->kind->name);
	json_object_object_add(object, "default", json_value(value ?: ""));
	add_string(object, "help", p->help);
	if (p->kind->number) {
		json_object_object_add(object, "min", json_object_new_int64((int64_t)p->low));
		json_object_object_add(object, "max", json_object_new_uint64((uint64_t)p->high));
	}
	for (size_t i = 0; i < p->words.n; i++)
		json_object_object_add(words, p->words.word[i].name,
				       json_object_new_int64(p->words.word[i].number));
	json_object_object_add(object, "words", words);
	free(value);
	return object;
}

/* ---- the commands ---------------------------------------------------------------------------- */

static void list_json(const struct action **actions, size_t n)
{
	struct json_object *all = json_object_new_array();

	for (size_t i = 0; i < n; i++)
		json_object_array_add(all, action_json(actions[i]));
	json_print(all);
	putchar('\n');
}

int command_list(const struct options *options, char **words, int n, struct error *e)
{
	const struct action **actions;
	size_t count;

	(void)words;
	if (n)
		return error(e, USAGE, "see: tcact help", "list takes no arguments");
	if (!actions_once(&actions, &count, options->objects, e)) {
		if (options->json)
			list_json(actions, count);
		for (size_t i = 0; i < count && !options->json; i++)
			printf("%-12s %s\n", actions[i]->name, actions[i]->what);
	}
	free(actions);
	return e->status ? -1 : 0;
}

int command_info(const struct options *options, char **words, int n, struct error *e)
{
	struct json_object *object, *parameters;
	const struct action *action;

	if (n != 1)
		return error(e, USAGE, "see: tcact list", "info takes the NAME of one action");
	action = action_once(options->objects, words[0], e);
	if (!action)
		return -1;
	if (!options->json)
		return info_text(action, e);
	object = action_json(action);
	parameters = json_object_new_array();
	for (size_t i = 0; i < action->parameters; i++)
		if (!parameter_is_table(&action->parameter[i]))
			json_object_array_add(parameters, parameter_json(&action->parameter[i]));
	json_object_object_add(object, "params", parameters);
	json_object_object_add(object, "table", json_object_new_boolean(action->map != NULL));
	json_print(object);
	putchar('\n');
	return 0;
}

/*
 * describe [NAME], names [NAME]: print what the actions, or this one, say about themselves: all of it for tests, or what
 * the shell needs. One fact a line; fields are separated by tabs, and "-" is an empty field. The lines of one action
 * follow each other.
 *
 *   version VERSION
 *   order   le | be
 *   netns   NUMBER                                   of the network namespace, where /proc tells; not describe
 *   action  NAME CLASS CHECKSUM TEXT PARAM...        CHECKSUM: CRC-32 of the object; TEXT: the default of the first PARAM
 *   part    ACTION PART OF ORDER NAME=WORD...        as include/tcact/parameter.h says
 *   table   ACTION KEY VALUE                         what users fill, and how they write it
 *   plans   ACTION KEY VALUE OFFSET BYTES            the same, of a table that the action can have: then a 1 is there
 *   buckets ACTION MAP lasting|passing               a bucket for each key, see bucket.h; passing: with times
 *   shared  ACTION SET                               attachments of the actions of SET share a map
 *   needs   ACTION PARAM WORD=NEED...
 * describe only:
 *   param   ACTION NAME KIND OFFSET BYTES u|s MIN MAX WORDS DEFAULT SWITCH TEXT HELP
 *   rule    ACTION PARAM VERB THAN OTHER WORD...      THAN may be OTHER
 *   length  ACTION PARAM MAP N OFFSET                MAP has an element for each N of PARAM
 *   reason  NAME NUMBER
 *
 * OFFSET is in bytes from the start of the object file; of a length, 32 bits are there. WORDS is "word=number ...". DEFAULT is
 * a number, or the first byte of a longer value; TEXT is the default as users write it. SWITCH
 * is the offset of a byte that is 1 if the parameter is given, or 0.
 */
static const char *or_none(const char *text)
{
	return *text ? text : "-";
}

static void describe_parameter(const struct action *action, const struct parameter *p)
{
	const char *separator = "";

	printf("param\t%s\t%s\t%s\t%zu\t%zu\t%c\t", action->name, p->name, p->kind->name, p->offset, p->size,
	       p->is_signed ? 's' : 'u');
	if (p->bounded)
		printf("%lld\t%llu\t", (long long)p->low, (unsigned long long)p->high);
	else
		printf("-\t-\t");
	for (size_t i = 0; i < p->words.n; i++, separator = " ")
		printf("%s%s=%lld", separator, p->words.word[i].name, p->words.word[i].number);
	printf("%s\t", p->words.n ? "" : "-");
	if (p->size <= 8)
		printf("%lld", (long long)value_number(p, p->initial));
	else
		printf("%d", p->initial[0]);
	printf("\t%zu\t", p->on);
	p->kind->print(p, p->initial, stdout);
	printf("\t%s\n", p->help);
}

static void describe_needs(const struct action *action, const struct parameter *p)
{
	bool needs = false;

	for (size_t i = 0; i < p->words.n; i++) {
		const struct word *word = &p->words.word[i];

		if (!word->need)
			continue;
		if (needs)
			putchar(' ');
		else
			printf("needs\t%s\t%s\t", action->name, p->name);
		printf("%s=%.*s", word->name, (int)strcspn(word->need, " "), word->need);
		needs = true;
	}
	if (needs)
		putchar('\n');
}

/* What the shell needs too. */
static void names_action(const struct action *action)
{
	struct buckets buckets;

	printf("action\t%s\t%s\t%u\t", action->name, action->class, action_checksum(action));
	if (action->parameters)
		action->parameter->kind->print(action->parameter, action->parameter->initial, stdout);
	else
		putchar('-');
	for (size_t i = 0; i < action->parameters; i++)
		if (!parameter_is_table(&action->parameter[i]))
			printf("%c%s", i ? ' ' : '\t', action->parameter[i].name);
	putchar('\n');
	for (size_t i = 0; i < action->parts; i++)
		printf("part\t%s\t%s\t%s\t%d\t%s\n", action->name, action->part[i].name, action->part[i].of,
		       action->part[i].order, or_none(action->part[i].unless));
	if (action->map) {
		if (action->table)
			printf("plans\t%s\t%s\t%s\t%zu\t%zu\n", action->name, action->key, action->value,
			       action->table->offset, action->table->size);
		else
			printf("table\t%s\t%s\t%s\n", action->name, action->key, action->value);
	}
	if (action->buckets)
		printf("buckets\t%s\t%s\t%s\n", action->name, action->buckets,
		       buckets_of(&buckets, action) || buckets_have(&buckets, COLUMN_TIME) ? "passing" : "lasting");
	if (action->shared)
		printf("shared\t%s\t%s\n", action->name, action->set);
	for (size_t i = 0; i < action->parameters; i++)
		describe_needs(action, &action->parameter[i]);
}

static void describe_action(const struct action *action)
{
	names_action(action);
	for (size_t i = 0; i < action->parameters; i++)
		if (!parameter_is_table(&action->parameter[i]))
			describe_parameter(action, &action->parameter[i]);
	for (size_t i = 0; i < action->rules; i++) {
		const struct rule *rule = &action->rule[i];

		printf("rule\t%s\t%s\t%s\t%s\t%s\t%s\n", action->name, rule->of->name, rule->verb,
		       (rule->than ?: rule->other)->name, rule->other->name, or_none(rule->words));
	}
	for (size_t i = 0; i < action->lengths; i++) {
		const struct length *length = &action->length[i];

		printf("length\t%s\t%s\t%s\t%u\t%zu\n", action->name, length->of->name, length->map, length->each,
		       length->offset);
	}
}

/* Prints the longest list of reasons that an action has. */
static void describe_reasons(const struct action **actions, size_t n)
{
	const struct words *most = &actions[0]->reasons;

	for (size_t i = 1; i < n; i++)
		if (actions[i]->reasons.n > most->n)
			most = &actions[i]->reasons;
	for (size_t i = 0; i < most->n; i++)
		printf("reason\t%s\t%lld\n", most->word[i].name, most->word[i].number);
}

static int describe(const struct options *options, char **words, int n, bool for_shell, struct error *e)
{
	const struct action *one, **all = NULL, **actions;
	struct stat netns;
	size_t count = 1;

	if (n > 1)
		return error(e, USAGE, "see: tcact help", "only the NAME of one action can be given, or nothing");
	if (n)
		one = action_once(options->objects, words[0], e);
	else
		actions_once(&all, &count, options->objects, e);
	if (!e->status) {
		actions = n ? &one : all;
		printf("version\t%s\norder\t%s\n", actions[0]->version, actions[0]->big_endian ? "be" : "le");
		if (for_shell && !stat("/proc/self/ns/net", &netns))
			printf("netns\t%ju\n", (uintmax_t)netns.st_ino);
		for (size_t i = 0; i < count; i++)
			(for_shell ? names_action : describe_action)(actions[i]);
		if (!for_shell)
			describe_reasons(actions, count);
	}
	free(all);
	return e->status ? -1 : 0;
}

int command_describe(const struct options *options, char **words, int n, struct error *e)
{
	return describe(options, words, n, /*for_shell*/ false, e);
}

int command_names(const struct options *options, char **words, int n, struct error *e)
{
	return describe(options, words, n, /*for_shell*/ true, e);
}

/* values NAME [PARAM VALUE]...: checks the values, each for itself and together. */
int command_values(const struct options *options, char **words, int n, struct error *e)
{
	struct settings settings = {};
	const struct action *action;

	action = action_once(options->objects, words[0], e);
	if (action && !settings_begin(&settings, action, e) && !settings_read(&settings, words + 1, n - 1, e))
		settings_check(&settings, e);
	settings_free(&settings);
	return e->status ? -1 : 0;
}

/* Reads the table that goes into the object of @action, whose values are the @n @words. */
static int bake_table(struct table *table, const struct action *action, const char *file, char **words, int n,
		      struct error *e)
{
	struct progress progress;
	const struct table_rules rules = { .empty = "leave table FILE out",
					   .progress = &progress };

	if (table_begin(table, action, e))
		return -1;
	if (!table->kind->bake)
		return error(e, USAGE, "see: tcact add", "the table of %s cannot be in an object", action->name);
	if (action->big_endian != MACHINE_IS_BIG_ENDIAN)
		return error(e, USAGE, "do that on such a machine", "the objects have another byte order than this machine, "
			     "in which a table cannot be put");
	progress_begin(&progress);
	if (table_read(table, file, &rules, e))
		return -1;
	for (int i = 0; i < n; i += 2)
		if (!strcmp(words[i], "hits"))
			return error(e, USAGE, "leave it out, or use tcact add", "hits: a table in an object counts none");
	return 0;
}

/* bake NAME [PARAM VALUE]... -o FILE [-t TABLE] */
int command_bake(const struct options *options, char **words, int n, struct error *e)
{
	struct settings settings = {};
	const struct action *action;
	const char *file = NULL, *table_file = NULL;
	struct baked baked = {};
	struct table table = {};
	char objects[PATH_MAX];
	int kept = 0, result = -1;

	for (int i = 0; i < n; i++) {
		if (!strcmp(words[i], "-t") && i + 1 < n)
			table_file = words[++i];
		else if (!strcmp(words[i], "-o") && i + 1 < n)
			file = words[++i];
		else
			words[kept++] = words[i];
	}
	if (!kept || !file)
		return error(e, USAGE, "see: tcact help", "bake: write NAME, and -o FILE");
	action = action_once(options->objects, words[0], e);
	if (action && table_file) {
		/* the object that was made for a table */
		snprintf(objects, sizeof(objects), "%s/baked", options->objects);
		action = bake_table(&table, action, table_file, words + 1, kept - 1, e)
			? NULL : action_once(objects, words[0], e);
	}
	if (action && !settings_begin(&settings, action, e) && !settings_read(&settings, words + 1, kept - 1, e) &&
	    !settings_check_with(&settings, table_file, e) && !settings_finish(&settings, e) &&
	    !(table_file && table.kind->bake(&table, &baked, e)))
		result = settings_bake(&settings, table_file ? &baked : NULL, file, e);
	free(baked.cell);
	free(baked.plan);
	table_free(&table);
	settings_free(&settings);
	return result;
}
