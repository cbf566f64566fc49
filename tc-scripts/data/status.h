/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What is attached, and what became of its packets. tcact finds the attachments in what tc prints, and writes
 * them to standard input, one line for each action, fields separated by tabs, "-" where there is none:
 *
 *   action DEV DIRECTION CHAIN PREF PROTOCOL KIND HANDLE COOKIE ACTION-KIND NAME PROGRAM CONTROL INDEX
 *          PACKETS BYTES DROPPED TEXT INSTALLED USED MATCH OWN-NAME
 *   before DEV DIRECTION CHAIN PREF [none|some|asks PREF KIND]...
 *
 * The first 19 are those of filters.awk; MATCH is the match as `tcact add` takes it, or behind "?" what is known of it,
 * OWN-NAME the name of the attachment. The lines "before", of order.awk, say which filters keep packets from it, and come first.
 */
#pragma once

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "program.h"

enum field {
	DEV, DIRECTION, CHAIN, PREF, PROTOCOL, KIND, HANDLE, COOKIE, ACTION_KIND, NAME, PROGRAM, CONTROL, INDEX,
	PACKETS, BYTES, DROPPED, TEXT, INSTALLED, USED, MATCH, OWN_NAME, FIELDS
};

/* A number that may not be known. */
struct figure {
	bool there;		/* this action has such a number */
	bool known;
	bool counted;		/* something counts it, so it only grows; else it is a difference of such numbers */
	__u64 n;
};

struct reason {
	const char *name;
	__u64 n;
};

struct param {
	const char *name;
	char *value;		/* as users write it */
};

#define REASONS_MAX 64

struct step {			/* an action of an attachment */
	char *line, *field[FIELDS];
	bool program;		/* it is one of ours; else it is the gact of "goto chain" */
	bool readable;		/* params and reasons are known */
	struct param *param;
	size_t params;
	struct reason reason[REASONS_MAX];
	size_t reasons;
	bool matcher;
	struct figure hits, misses, dropped, entries;
};

struct attachment {
	struct step *step;
	size_t steps;
	char *before;		/* "none 10 flower some ..." or NULL */
	bool tcx;		/* tcx programs run before all filters of the hook (Linux 6.6) */
};

/* A filter that keeps packets from an attachment. */
struct before {
	char way[8];		/* none, some or asks: how many packets it passes on */
	unsigned int pref;
	char kind[32];
};

struct status {
	struct attachment *attachment;
	size_t attachments;
	char **before;		/* lines */
	size_t befores;
};

/*
 * Reads attachments from @in, up to the end or to a line that begins with "tick". That line is in @tick, which
 * the caller frees, or NULL. @entries: also count those of tables. A program that cannot be read is no error, but that
 * the machine has no more memory or file descriptors is one: programs that are there would seem to have nothing.
 */
int status_read(struct status *status, const char *objects, FILE *in, bool entries, char **tick, struct error *error);
void status_clear(struct status *status);

/* Reads the filter at *@at, which begins as attachment->before; false after the last one. */
bool before_next(const char **at, struct before *before);

static inline const char *text_of(const struct step *step, enum field field)
{
	return strcmp(step->field[field], "-") ? step->field[field] : "";
}

static inline __u64 number_of(const struct step *step, enum field field)
{
	return strtoull(step->field[field], NULL, 10);
}

/* The bytes of the UTF-8 character at @s; 0 if it is none, or a terminal may obey it: C0, DEL or C1 (ISO 6429). */
size_t safe_length(const char *s);
/* Writes @text to @out, each byte that is not part of a UTF-8 character as U+FFFD, and what @escape returns for a
 * character in its place, unless that is NULL. */
void utf8_print(const char *text, FILE *out, const char *(*escape)(char c));
/* The same as a string of JSON. */
struct json_object *json_text(const char *text);
/* The value of a parameter: a decimal number is a number, any other text a string. */
struct json_object *json_value(const char *text);
/* Adds dev, direction, chain, pref and protocol of an attachment with this first action. */
void json_place(struct json_object *to, const struct step *first);
/* Its own name, or null. */
struct json_object *json_name(const struct step *first);
/* A rate, with one decimal. */
struct json_object *json_rate(double rate);
/* Prints @object, and frees it. */
void json_print(struct json_object *object);
/* Prints @text, with "?" for what a terminal may obey. */
void safe_print(const char *text);
/* Prints @begin and the words of @text in lines of at most 80 columns, the further ones indented by @indent spaces. */
void wrapped_print(const char *begin, const char *text, int indent);
/* Prints the place of @a, and the name of its action @step. */
void step_print(const struct attachment *a, const struct step *step);

/* What each of these prints, tcact(8) says. */
void status_text(const struct status *status, bool reasons, bool colours);
void status_json(const struct status *status, bool reasons);
int status_prometheus(const struct status *status, const char *objects, const char *version, struct error *error);

/* The rates between two reads, @seconds apart: one line for each attachment that was in both. */
void status_rates(const struct status *before, const struct status *now, double seconds, bool json);
