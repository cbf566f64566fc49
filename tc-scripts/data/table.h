/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The tables that users fill: reading them from text, writing them to the maps of a program that does
 * not see packets yet, and reading them back. TABLE() of an action names the kind of its table. Each
 * kind has a file of its own.
 */
#pragma once

#include <stdio.h>

#include "baked.h"
#include "object.h"
#include "outcome.h"
#include "plan.h"
#include "progress.h"

struct program;

#define TABLE_MAPS 3		/* of one table, at most */
#define IDENTITY_MAX 64	/* bytes at most */
#define KEY_SIZE 64		/* of the text of a key, in bytes */

/* The contents of a map, which is an array. */
struct content {
	void *values;
	size_t n, size;		/* the number of elements, and bytes of each */
	size_t room;		/* if more than n: room for so many elements, see .change */
	bool mapped;		/* the values are those of the map, and no copy */
};
/* Frees, or unmaps, the contents of all maps of a table. */
void content_free(struct content content[TABLE_MAPS]);

struct table;
/* Maps the maps of a table into memory; false if they were not created for that, or for it. */
bool content_map(const struct table *table, const struct program *program, struct content *content);

/* What is wrong with a line. */
struct fault {
	const char *kind;	/* in a few words, the same for all faults of this kind */
	bool full;		/* the line is right, but the table has no room for it */
	char why[200];
};
/* Sets the fault. Returns -1. */
int fault_set(struct fault *fault, const char *kind, const char *why, ...)
	__attribute__((format(printf, 3, 4)));

/* The type of the entries depends on the kind. */
struct table {
	const struct table_kind *kind;
	const char *value;	/* what the number of an entry is called; "-": it has none */
	bool handle;		/* it may be MAJOR:MINOR, and there is no default */
	bool planned;		/* it is the number of a plan */
	bool bursts;		/* which may have a burst */
	struct plans plans;
	uint32_t line;		/* the line of the file that is being read; 0: none */
	void *entry;
	size_t n, room;
};

/* A number about a table. */
struct fact {
	const char *name;
	uint64_t n;
};
#define FACTS_MAX 16		/* with those of every kind */

struct table_kind {
	const char *name;
	const char *syntax;	/* of an entry, for messages */
	size_t entry_size;	/* in bytes */
	size_t entries_max;	/* in a table */

	/* Adds the entries of a line, or (@key_only) only their keys. Returns 0, or -1. */
	int (*parse)(struct table *table, char **words, int n, bool key_only, struct fault *fault);
	int (*compare)(const void *a, const void *b);
	/* Writes the key of the entry to @text. Returns @text. */
	const char *(*key)(const void *entry, char text[KEY_SIZE]);
	void (*print)(const struct table *table, const void *entry, FILE *out);
	/* Prints the entry as an object of JSON. */
	void (*json)(const struct table *table, const void *entry, FILE *out);
	uint32_t (*line)(const void *entry);
	/* What tells an entry from others, without its count and time, as the first bytes of @bytes. */
	size_t (*identity)(const struct table *table, const void *entry, unsigned char bytes[IDENTITY_MAX]);
	/* Makes the entries of @more fit for @table; false if there is no memory. NULL: they are. */
	bool (*adopt)(struct table *table, const struct table *more);

	/* Copies what is kept of the earlier table to the sorted entries; false if that is not valid. NULL: nothing is kept. */
	bool (*carry)(struct table *table, const struct content *before);

	/* The maps, and what they hold for the entries; NULL ends them. */
	const char *maps[TABLE_MAPS + 1];
	size_t sizes[TABLE_MAPS];	/* bytes of a value of each */
	int (*build)(const struct table *table, struct content *content);
	/* Reads the entries back from the maps. */
	int (*entries)(struct table *table, const struct content *content);
	/* How many entries there are, or -1; without reading all of them. NULL: it must. */
	long (*count)(const struct content *content);
	/* Numbers about the table whose entries were read from @content. NULL: there are none. */
	size_t (*facts)(const struct table *table, const struct content *content, struct fact fact[FACTS_MAX]);
	/*
	 * Changes maps that are in use: adds @table's entries, or (@removal) removes them. If it is NULL
	 * or returns CHANGE_NO_ROOM, a new table must replace this one.
	 */
	enum outcome (*change)(const struct table *table, bool removal, const struct content *maps, size_t *absent);
	/* What an object with this table in it holds, see baked.h; NULL: it cannot. */
	int (*bake)(const struct table *table, struct baked *baked, struct error *error);
};

extern const struct table_kind table_prefix, table_plan, table_vid;

/* An empty table of @action's kind. table_free() frees it. */
int table_begin(struct table *table, const struct action *action, struct error *error);
/* Reads the entries of the table of a program. */
int table_fetch(struct table *table, const struct program *program, struct error *error);
/* Sets @n to the number of its entries. */
int table_count(const struct table *table, const struct program *program, size_t *n, struct error *error);
/* As table_fetch(), and sets @facts of @fact, too. */
int table_fetch_facts(struct table *table, const struct program *program, struct fact fact[FACTS_MAX],
		      size_t *facts, struct error *error);
void table_free(struct table *table);
/* Adds room for one entry, and returns it; NULL if there is no memory, or it would be one too many. */
void *table_add(struct table *table);
/* Sets the fault after that. Returns -1. */
int table_full(const struct table *table, struct fault *fault);

struct table_rules {
	bool lenient;		/* wrong lines are left out, and counted on standard error */
	size_t least;		/* the table must have at least so many entries, and always one */
	bool again;		/* @path will be read again, so it must be a regular file */
	const char *wrong;	/* what to do next about a wrong line, for the error message; NULL: correct it */
	bool keys;		/* only the key of each entry counts, as for del */
	const char *empty;	/* what to do next if it has none, for the error message */
	struct progress *progress;	/* or NULL */
};

/* Reads @path, "-" for standard input; the formats are in tcact(8). */
int table_read(struct table *table, const char *path, const struct table_rules *rules, struct error *error);
/* Adds the entries of one @line, which it modifies, or (@key_only) only their keys; of "-" those of standard input. */
int table_line(struct table *table, char *line, bool key_only, struct error *error);
/* Sorts the entries, which are those of @path, or of a command if it is NULL, and drops duplicates. */
int table_sort(struct table *table, const char *path, struct error *error);
/* Sets the error that entry @i of @table does not exist. */
int table_absent(const struct table *table, size_t i, struct error *error);
/* Adds the entries of @more to @table, replacing those with the same keys; or (@removal) removes these. Both are sorted. */
int table_merge(struct table *table, const struct table *more, bool removal, struct error *error);
/* A number that is the same for tables with the same entries, whatever they have counted; they are sorted. */
uint64_t table_digest(const struct table *table);
void table_print(const struct table *table, bool json, FILE *out);
