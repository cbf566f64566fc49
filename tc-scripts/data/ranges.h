/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The range trie of include/tcact/ranges.h, which says how it lies in the maps: built from
 * sorted entries, and read back.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "prefix.h"

struct entry {
	struct prefix prefix;
	bool exception;		/* counts as none */
	uint32_t tag;
	uint32_t line;		/* of the file that it came from */
	uint64_t hits;
	uint64_t until;		/* CLOCK_BOOTTIME in ns; 0: it has no timeout */
};

#define ENTRIES_MOST ((1 << 21) - 1)	/* which make at most RUN_LONGEST ranges */

struct record {
	uint32_t tag;
	unsigned char ipv4[4];
	uint64_t hits;
};

struct ranges {
	uint64_t *cell;
	size_t cells, cells_room;
	struct record *record;
	size_t records;
};

/* By family, address, length. */
int entry_compare(const void *a, const void *b);

/* From @n entries, sorted, without duplicates; false where there is no memory. */
bool ranges_build(struct ranges *ranges, const struct entry *entry, size_t n);
void ranges_free(struct ranges *ranges);

/* The entries of @n records; returns how many, or -1 where they are not such. To be freed. */
long ranges_entries(const struct record *record, size_t n, struct entry **entries);
