// SPDX-License-Identifier: GPL-2.0-only
/* Reads what is attached: see status.h. */
#include <ctype.h>
#include <net/if.h>
#include <stdlib.h>
#include <string.h>

#include "command.h"
#include "more.h"
#include "status.h"
#include "table.h"
#include "value.h"

/* ---- lines ----------------------------------------------------------------------------------- */

/* The cookie says where the step stands in its attachment: see attach.bash. */
static bool is_first(const struct step *step)
{
	return strlen(step->field[COOKIE]) > 12 && !strncmp(step->field[COOKIE] + 10, "00", 2);
}

static int add_step(struct status *status, char *line)
{
	struct attachment *last;
	struct step step = { .line = line }, *added;

	if (!fields_split(line, step.field, FIELDS)) {
		free(line);
		return 0;
	}
	step.program = !strcmp(step.field[ACTION_KIND], "bpf");
	if ((is_first(&step) || !status->attachments) && !one_more(status->attachment, status->attachments))
		return -1;
	last = &status->attachment[status->attachments - 1];
	added = one_more(last->step, last->steps);
	if (!added)
		return -1;
	*added = step;
	return 0;
}

static int add_before(struct status *status, char *line)
{
	char **added = one_more(status->before, status->befores);

	if (!added)
		return -1;
	*added = line;
	return 0;
}

/* ---- what a program says --------------------------------------------------------------------- */

static int add_param(struct step *step, const struct parameter *p, const struct settings *settings)
{
	char *value = value_text(p, settings_bytes(settings, p));
	struct param *added = value ? one_more(step->param, step->params) : NULL;

	if (!added) {
		free(value);
		return -1;
	}
	*added = (struct param){ p->name, value };
	return 0;
}

/* Reads the values, the counters and the size of the table; the step stays unreadable if its program is. */
static int read_program(struct step *step, const struct action *action, bool entries, struct error *error)
{
	__u32 id = (__u32)number_of(step, PROGRAM);
	struct settings settings = {};
	struct program program = {};
	struct table table = {};
	__u64 counts[REASONS_MAX];
	struct error e = {};
	size_t n;

	step->entries.there = action->map && !action->table;	/* until it is known */
	if (settings_begin(&settings, action, &e) || program_open(&program, id, &e) ||
	    program_settings(&program, &settings, &e) || program_reasons(&program, counts, REASONS_MAX, &e))
		goto out;
	step->entries.there = settings_table(&settings);
	for (size_t i = 0; i < action->parameters; i++)
		if (settings_shown(&settings, &action->parameter[i]) &&
		    add_param(step, &action->parameter[i], &settings)) {
			error_memory(&e);
			goto out;
		}
	for (size_t i = 0; i < action->reasons.n && step->reasons < REASONS_MAX; i++) {
		const struct word *word = &action->reasons.word[i];

		if (word->number > 0 && word->number < REASONS_MAX && counts[word->number])
			step->reason[step->reasons++] = (struct reason){ word->name, counts[word->number] };
	}
	if (step->entries.there && entries && !table_begin(&table, action, &e) && !table_count(&table, &program, &n, &e)) {
		step->entries.known = true;
		step->entries.n = n;
	}
	step->readable = true;
out:
	for (; !step->readable && step->params; step->params--)
		free(step->param[step->params - 1].value);
	table_free(&table);
	program_close(&program);
	settings_free(&settings);
	if (!e.status || e.unreadable)
		return 0;
	*error = e;
	return -1;
}

/* ---- what became of the packets -------------------------------------------------------------- */

/* The value of a parameter. NULL: the default. */
static const char *param_of(const struct step *step, const char *name)
{
	for (size_t i = 0; i < step->params; i++)
		if (!strcmp(step->param[i].name, name))
			return step->param[i].value;
	return NULL;
}

/* What the counters say. @next is the step behind this one, or NULL. */
static void outcome(struct step *step, const struct action *action, const struct step *next)
{
	const char *count = param_of(step, "count");
	__u64 seen = number_of(step, PACKETS), hits = 0, missed = 0;
	size_t kept = 0;

	/* tc counts what the program drops. What CONTROL drops, nothing counts: this would be a part of it. */
	step->dropped = (struct figure){ true, strcmp(step->field[CONTROL], "drop") != 0, true, number_of(step, DROPPED) };
	if (!step->program || !action)
		return;
	for (size_t i = 0; i < step->reasons; i++) {
		const struct reason *r = &step->reason[i];

		if (!strcmp(r->name, "hit")) {
			hits = r->n;
			continue;
		}
		missed += r->n;
		if (strcmp(r->name, "miss"))
			step->reason[kept++] = *r;
	}
	step->reasons = kept;

	if (strcmp(action->class, "matcher"))
		return;
	step->matcher = true;
	step->hits.there = step->misses.there = true;
	if (next) {
		step->hits = (struct figure){ true, true, true, number_of(next, PACKETS) };
	} else if (step->readable && count && !strcmp(count, "misses")) {
		step->misses.counted = true;
		step->hits = (struct figure){ true, true, false, missed < seen ? seen - missed : 0 };
	} else if (step->readable && count && !strcmp(count, "hits")) {
		step->hits = (struct figure){ true, true, true, hits };
	}
	if (step->hits.known) {
		/* The counters were read one after the other. */
		if (step->hits.n > seen)
			step->hits.n = seen;
		step->misses.known = true;
		step->misses.n = step->misses.counted && missed < seen ? missed : seen - step->hits.n;
	}
}

/* ---- what is before it ----------------------------------------------------------------------- */

static void find_before(struct status *status, struct attachment *a)
{
	static const enum field place[] = { DEV, DIRECTION, CHAIN, PREF };
	const struct step *first = &a->step[0];

	for (size_t i = 0; i < status->befores; i++) {
		char *at = status->before[i];
		size_t k, n = 0;

		for (k = 0; k < sizeof(place) / sizeof(*place); k++, at += n + 1) {
			n = strcspn(at, "\t");
			if (n != strlen(first->field[place[k]]) || strncmp(at, first->field[place[k]], n) || !at[n])
				break;
		}
		if (k == sizeof(place) / sizeof(*place))
			a->before = at;
	}
}

/* Copies the word at @at, as far as there is room; "" if there is none. Returns where it ends. */
static const char *word(const char *at, char *to, size_t size)
{
	size_t n;

	at += strspn(at, " ");
	n = strcspn(at, " ");
	snprintf(to, size, "%.*s", (int)n, at);
	return at + n;
}

bool before_next(const char **at, struct before *before)
{
	char *end;

	if (!*at)
		return false;
	/* not by sscanf(), which looks for the end of the text each time */
	*at = word(*at, before->way, sizeof(before->way));
	before->pref = (unsigned int)strtoul(*at, &end, 10);
	*at = word(end, before->kind, sizeof(before->kind));
	return *before->kind;
}

static bool has_tcx(const struct step *step)
{
	unsigned int index = if_nametoindex(step->field[DEV]);

	return index && tcx_programs(index, step->field[DIRECTION]);
}

/* ---- all of it ------------------------------------------------------------------------------- */

static int understand(struct status *status, const char *objects, bool entries, struct error *error)
{
	for (size_t i = 0; i < status->attachments; i++) {
		struct attachment *a = &status->attachment[i], *last = i ? a - 1 : NULL;

		for (size_t k = 0; k < a->steps; k++) {
			struct step *step = &a->step[k];
			const struct action *action = NULL;
			struct error e = {};

			if (step->program) {
				action = action_once(objects, step->field[NAME], &e);
				if (e.status == REFUSED) {	/* else it is none of this tcact */
					*error = e;
					return -1;
				}
				if (action && read_program(step, action, entries, error))
					return -1;
			}
			outcome(step, action, k + 1 < a->steps ? step + 1 : NULL);
		}
		find_before(status, a);
		/* The attachments of one hook follow each other. To ask for each takes as long as all the rest. */
		a->tcx = last && !strcmp(last->step->field[DEV], a->step->field[DEV]) &&
			 !strcmp(last->step->field[DIRECTION], a->step->field[DIRECTION]) ? last->tcx : has_tcx(a->step);
	}
	return 0;
}

int status_read(struct status *status, const char *objects, FILE *in, bool entries, char **tick, struct error *e)
{
	char *line = NULL, *words;
	size_t size = 0;
	ssize_t n;

	*tick = NULL;
	while ((n = getline(&line, &size, in)) > 0) {
		if (line[n - 1] == '\n')
			line[n - 1] = 0;
		if (!*line)
			continue;
		if (!strncmp(line, "tick", 4)) {
			*tick = line;
			return understand(status, objects, entries, e);
		}
		words = strchr(line, '\t');
		words = words ? strdup(words + 1) : NULL;
		if (!words || (*line == 'a' ? add_step : add_before)(status, words)) {
			free(words);
			free(line);
			return error_memory(e);
		}
	}
	free(line);
	return understand(status, objects, entries, e);
}

void status_clear(struct status *status)
{
	for (size_t i = 0; i < status->attachments; i++) {
		struct attachment *a = &status->attachment[i];

		for (size_t k = 0; k < a->steps; k++) {
			for (size_t p = 0; p < a->step[k].params; p++)
				free(a->step[k].param[p].value);
			free(a->step[k].param);
			free(a->step[k].line);
		}
		free(a->step);
	}
	for (size_t i = 0; i < status->befores; i++)
		free(status->before[i]);
	free(status->attachment);
	free(status->before);
	status->attachment = NULL;
	status->before = NULL;
	status->attachments = status->befores = 0;
}

/* ---- UTF-8 ----------------------------------------------------------------------------------- */

/* The bytes of the UTF-8 character at @s; 0 if it is none (RFC 3629). */
static size_t utf8_length(const char *text)
{
	const unsigned char *s = (const unsigned char *)text;
	size_t n = s[0] < 0x80 ? 1 : s[0] >= 0xc2 && s[0] < 0xe0 ? 2 : (s[0] & 0xf0) == 0xe0 ? 3 :
		   s[0] >= 0xf0 && s[0] < 0xf5 ? 4 : 0;

	for (size_t i = 1; i < n; i++)
		if ((s[i] & 0xc0) != 0x80)
			return 0;
	/* too long for what they say, surrogates, beyond U+10FFFF */
	if ((s[0] == 0xe0 && s[1] < 0xa0) || (s[0] == 0xed && s[1] > 0x9f) || (s[0] == 0xf0 && s[1] < 0x90) ||
	    (s[0] == 0xf4 && s[1] > 0x8f))
		return 0;
	return n;
}

size_t safe_length(const char *s)
{
	size_t n = utf8_length(s);
	bool control = n == 1 ? iscntrl((unsigned char)*s) : n == 2 && (unsigned char)s[0] == 0xc2 && (unsigned char)s[1] < 0xa0;

	return control ? 0 : n;
}

void utf8_print(const char *text, FILE *out, const char *(*escape)(char c))
{
	while (*text) {
		size_t n = utf8_length(text);
		const char *instead = n == 1 && escape ? escape(*text) : NULL;

		if (!n)
			instead = "\xef\xbf\xbd";
		if (instead)
			fputs(instead, out);
		else
			fwrite(text, 1, n, out);
		text += n ?: 1;
	}
}
