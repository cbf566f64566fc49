/* SPDX-License-Identifier: GPL-2.0-only */
/* The plans of a table. Equal plans are one. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <tcact/layout.h>

struct fault;

/* FNV-1a: the hash of what @hash is the hash of, or HASH_BEGIN, and these bytes. */
#define HASH_BEGIN 0xcbf29ce484222325
uint64_t hash_more(uint64_t hash, const void *bytes, size_t n);

/* Plan 0 is a head: its rate is the number of plans in use, with itself. */
#define PLAN_SHIFT_MAX 63

struct plans {
	struct plan *plan;
	size_t n, room;
	uint32_t *slot;		/* a hash table of their numbers */
	size_t slots;
};

void plans_free(struct plans *plans);
/* The number of this plan, which is added if it is new; 0 if it is none, or there is no memory. */
uint32_t plans_add(struct plans *plans, const struct plan *plan);
/* Reads them from the @n values of a map. False if these are not valid, or there is no memory. */
bool plans_read(struct plans *plans, const struct plan *values, size_t n);
/* As values of a map, with a head; NULL if there is no memory. free() it. */
struct plan *plans_values(const struct plans *plans, size_t *n);

/* What an entry says: NULL for what is not given. */
struct plan_text {
	const char *rate, *burst, *tag;
};
/* The member for this word; NULL if there is none. */
const char **plan_word(struct plan_text *text, const char *word);
/* @bursts: may it have a burst? Returns 0, or -1. */
int plan_parse(struct plan *plan, const struct plan_text *text, bool bursts, struct fault *fault);
/* Prints " rate R burst B tag N", without what was not given; or members of JSON, each after a comma. */
void plan_print(const struct plan *plan, FILE *out);
void plan_json(const struct plan *plan, bool bursts, FILE *out);
