/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Tables that users fill: read from text, put into the maps of a program that no packet sees yet, and
 * read back. TABLE() of an action names the kind of its table, of which there is one in a file of
 * its own each.
 */
#pragma once

#include <stdio.h>

#include "object.h"
#include "outcome.h"

struct program;

#define TABLE_MAPS 2		/* of one table */

/* What a map, an array, holds. */
struct content {
	void *values;
	size_t n, size;		/* how many, and of one */
	size_t room;		/* if more than n, for so many: in place, see .change */
};
void content_free(struct content *content, size_t n);

/* What is wrong with a line. */
struct fault {
	const char *kind;	/* in few words, the same for all such */
	char why[200];
};
/* Sets it; returns -1. */
int fault_set(struct fault *fault, const char *kind, const char *why, ...)
	__attribute__((format(printf, 3, 4)));

/* The entries are of the kind's own type. */
struct table {
	const struct table_kind *kind;
	const char *value;	/* what the number of an entry is called; "-": it has none */
	bool handle;		/* it may be MAJOR:MINOR, and there is no default */
	uint32_t line;		/* of the file that is read; 0: none */
	void *entry;
	size_t n, room;
};

struct table_kind {
	const char *name;
	const char *syntax;	/* of an entry, for messages */
	size_t entry_size;

	/* The words of a line: adds the entries that it says, or only what finds them (@bare). 0, or -1. */
	int (*parse)(struct table *table, char **words, int n, bool bare, struct fault *fault);
	int (*compare)(const void *a, const void *b);
	void (*print)(const struct table *table, const void *entry, FILE *out);
	/* Two entries of one key: do they say the same? */
	bool (*same)(const void *a, const void *b);
	uint32_t (*line)(const void *entry);

	/* Of the table before, what stays; both are sorted. NULL: nothing. */
	void (*carry)(struct table *table, const struct table *before);

	/* The maps, and what they hold for the entries; NULL ends them. */
	const char *maps[TABLE_MAPS + 1];
	int (*build)(const struct table *table, struct content *content);
	/* The reverse. */
	int (*entries)(struct table *table, const struct content *content);
	/*
	 * Changes maps that are in use: @table's entries are added, or (@bare) taken away. NULL, and
	 * CHANGE_NO_ROOM: that is for a new table in the place of this.
	 */
	enum outcome (*change)(const struct table *table, bool bare, const struct content *maps, size_t *absent);
};

extern const struct table_kind table_prefix, table_vid;

/* An empty table of @action's kind. table_free() frees it. */
int table_begin(struct table *table, const struct action *action, struct error *error);
/* The entries that a program has. */
int table_fetch(struct table *table, const struct program *program, struct error *error);
void table_free(struct table *table);
/* Room for one more entry; NULL where there is no memory. */
void *table_add(struct table *table);

struct table_rules {
	bool lenient;		/* lines that are not right are left out, and counted on standard error */
	size_t least;		/* entries that there must be */
	const char *empty;	/* what to do where there is none */
};

/* Reads @path, "-" for standard input; the formats are in tcact(8). */
int table_read(struct table *table, const char *path, const struct table_rules *rules, struct error *error);
/* The entries of one @line, which is taken to pieces, or (@bare) what finds them. */
int table_line(struct table *table, char *line, bool bare, struct error *error);
/* Sorts; leaves one of what is there twice. */
int table_sort(struct table *table, struct error *error);
/* Entry @i of @table is not there. */
int table_absent(const struct table *table, size_t i, struct error *error);
/* @more go into @table, in the place of those with their keys; or (@bare) these go. -1: which is not there */
int table_merge(struct table *table, const struct table *more, bool bare, struct error *error);
void table_print(const struct table *table, FILE *out);
