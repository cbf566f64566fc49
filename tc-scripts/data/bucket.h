/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the buckets of an action hold (BUCKETS() of include/tcact/parameter.h). The types of the map say what
 * there is, so that another action with buckets needs nothing here but the text of its keys.
 */
#pragma once

#include <stdio.h>

#include "program.h"

#define BUCKET_COLUMNS_MAX 8
#define BUCKET_PARTS_MAX 2	/* of a key */

enum column_kind { COLUMN_NUMBER, COLUMN_COUNTER, COLUMN_TIME };	/* times count from the boot */

struct column {
	char name[NAME_SIZE];
	enum column_kind kind;
	size_t offset, size;	/* in the value of the map, and bytes of an element */
};

struct bucket {
	__u64 key[2];
	size_t place;				/* its CPU, and where it is in its set */
	__u64 value[BUCKET_COLUMNS_MAX];	/* a time: the nanoseconds until then */
};

/* A key as text: src 192.0.2.1 */
struct key_text {
	size_t parts;
	struct {
		const char *label;
		char text[64];
	} part[BUCKET_PARTS_MAX];
};

struct buckets {
	const struct action *action;
	struct settings settings;	/* of the program */
	struct program program;
	const struct map *map;
	struct column column[BUCKET_COLUMNS_MAX];
	size_t columns;
	size_t value_size;		/* bytes of an element of the map */
	bool per_cpu;			/* each CPU has its own */
	size_t ways;			/* buckets in an element of the map */
	size_t key_offset, key_words;
};

struct bucket_list {
	struct bucket *bucket;		/* sorted by key, then by place */
	size_t n;
};

/* The buckets of program @id. buckets_close() frees them, also after an error. */
int buckets_open(struct buckets *buckets, const struct action *action, __u32 id, struct error *error);
void buckets_close(struct buckets *buckets);
/* What the buckets of @action are, without a program; -1 if it has none. There is nothing to be closed. */
int buckets_of(struct buckets *buckets, const struct action *action);
/* Has one of their columns this kind? */
bool buckets_have(const struct buckets *buckets, enum column_kind kind);
/* Reads those in use: of each key one for each CPU. free() list->bucket, also after an error. */
int buckets_read(const struct buckets *buckets, struct bucket_list *list, struct error *error);
/* < 0, 0 or > 0: the order in the list. */
int bucket_compare(const void *a, const void *b);
bool bucket_same_key(const struct bucket *a, const struct bucket *b);
/* Adds @from, which has the same key. */
void bucket_add(const struct buckets *buckets, struct bucket *to, const struct bucket *from);
/* All of a key become one. */
void buckets_merge(const struct buckets *buckets, struct bucket_list *list);
void bucket_key_text(const struct buckets *buckets, const struct bucket *bucket, struct key_text *text);
