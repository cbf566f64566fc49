// SPDX-License-Identifier: GPL-2.0-only
/* What is attached, as JSON: tcact(8) documents it. */
#include <errno.h>
#include <json-c/json.h>
#include <stdlib.h>
#include <string.h>

#include "status.h"

struct json_object *json_text(const char *text)
{
	struct json_object *object = NULL;
	char *clean = NULL;
	size_t size;
	FILE *out = open_memstream(&clean, &size);

	if (!out)
		return NULL;
	utf8_print(text, out, NULL);
	if (!fclose(out))
		object = json_object_new_string(clean);
	free(clean);
	return object;
}

struct json_object *json_value(const char *text)
{
	size_t sign = *text == '-', digits = strspn(text + sign, "0123456789");
	int64_t below;
	uint64_t number;

	if (!digits || text[sign + digits] || (digits > 1 && text[sign] == '0'))
		return json_text(text);
	errno = 0;
	below = sign ? strtoll(text, NULL, 10) : 0;
	number = sign ? 0 : strtoull(text, NULL, 10);
	if (errno)		/* more than 64 bits */
		return json_text(text);
	return sign ? json_object_new_int64(below) : json_object_new_uint64(number);
}

static void add(struct json_object *to, const char *key, struct json_object *object)
{
	json_object_object_add(to, key, object);
}

static void add_text(struct json_object *to, const char *key, const struct step *step, enum field field)
{
	add(to, key, json_text(text_of(step, field)));
}

/* null where it is not known */
static void add_number(struct json_object *to, const char *key, const struct step *step, enum field field)
{
	add(to, key, *text_of(step, field) ? json_object_new_uint64(number_of(step, field)) : NULL);
}

static void add_figure(struct json_object *to, const char *key, const struct figure *f)
{
	if (f->there)
		add(to, key, f->known ? json_object_new_uint64(f->n) : NULL);
}

static struct json_object *before(const struct attachment *a)
{
	static const struct {
		const char *word, *keeps;
	} ways[] = { { "none", "all" }, { "some", "matched" }, { "asks", "unknown" } };
	struct json_object *list = json_object_new_array(), *one;
	struct before filter;

	for (const char *at = a->before; before_next(&at, &filter); ) {
		for (size_t w = 0; w < sizeof(ways) / sizeof(*ways); w++) {
			if (strcmp(filter.way, ways[w].word))
				continue;
			one = json_object_new_object();
			add(one, "pref", json_object_new_int64(filter.pref));
			add(one, "kind", json_text(filter.kind));
			add(one, "keeps", json_text(ways[w].keeps));
			json_object_array_add(list, one);
		}
	}
	if (a->tcx) {
		one = json_object_new_object();
		add(one, "pref", NULL);
		add(one, "kind", json_text("tcx"));
		add(one, "keeps", json_text("unknown"));
		json_object_array_add(list, one);
	}
	return list;
}

static struct json_object *step_json(const struct step *step, bool reasons)
{
	struct json_object *object = json_object_new_object(), *inner;

	add(object, "name", json_text(step->field[step->program ? NAME : ACTION_KIND]));
	add_text(object, "control", step, CONTROL);
	add_number(object, "index", step, INDEX);
	add_number(object, "packets", step, PACKETS);
	add_number(object, "bytes", step, BYTES);
	add_figure(object, "dropped", &step->dropped);
	if (!step->program)
		return object;
	add_number(object, "program", step, PROGRAM);
	inner = step->readable ? json_object_new_object() : NULL;
	for (size_t i = 0; i < step->params; i++)
		add(inner, step->param[i].name, json_value(step->param[i].value));
	add(object, "parameters", inner);
	add_figure(object, "hits", &step->hits);
	add_figure(object, "misses", &step->misses);
	add_figure(object, "entries", &step->entries);
	if (!reasons)
		return object;
	inner = step->readable ? json_object_new_object() : NULL;
	for (size_t i = 0; i < step->reasons; i++)
		add(inner, step->reason[i].name, json_object_new_uint64(step->reason[i].n));
	add(object, "reasons", inner);
	return object;
}

void json_place(struct json_object *to, const struct step *first)
{
	add(to, "dev", json_text(first->field[DEV]));	/* it may be "-" */
	add_text(to, "direction", first, DIRECTION);
	add_number(to, "chain", first, CHAIN);
	add_number(to, "pref", first, PREF);
	add_text(to, "protocol", first, PROTOCOL);
}

struct json_object *json_name(const struct step *first)
{
	return *text_of(first, OWN_NAME) ? json_text(first->field[OWN_NAME]) : NULL;
}

struct json_object *json_rate(double rate)
{
	char text[32];

	snprintf(text, sizeof(text), "%.1f", rate);
	return json_object_new_double_s(rate, text);
}

void json_print(struct json_object *object)
{
	fputs(json_object_to_json_string_ext(object, JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE), stdout);
	json_object_put(object);
}

void status_json(const struct status *status, bool reasons)
{
	/* one after the other, as all of them can take gigabytes */
	putchar('[');
	for (size_t i = 0; i < status->attachments; i++) {
		const struct attachment *a = &status->attachment[i];
		const struct step *first = a->step;
		struct json_object *one = json_object_new_object(), *steps = json_object_new_array();

		json_place(one, first);
		add(one, "match", *first->field[MATCH] != '?' ? json_text(text_of(first, MATCH)) : NULL);
		add(one, "name", json_name(first));
		add_number(one, "installed", first, INSTALLED);
		add_number(one, "used", first, USED);
		add(one, "before", before(a));
		for (size_t k = 0; k < a->steps; k++)
			json_object_array_add(steps, step_json(&a->step[k], reasons));
		add(one, "actions", steps);
		fputs(i ? "," : "", stdout);
		json_print(one);
	}
	puts("]");
}
