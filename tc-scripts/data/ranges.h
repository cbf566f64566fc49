/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The range trie of include/tcact/ranges.h, which says how it lies in the maps: built from
 * sorted entries, read back, and changed where it is.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "outcome.h"
#include "prefix.h"

struct entry {
	struct prefix prefix;
	bool exception;		/* counts as none */
	uint32_t tag;
	uint32_t line;		/* of the file that it came from */
	uint32_t record;	/* its number, and */
	uint32_t covering;	/* the leaf of the entry around it: where it has been built */
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
	size_t cells, cells_room;	/* cells in use, and all that there are, or shall be */
	bool fixed;			/* so many, and no more */
	struct record *record;
	size_t records, records_room;
};

/* By family, address, length. */
int entry_compare(const void *a, const void *b);

/*
 * From @n entries, sorted, without duplicates, with room for more; false where there is no
 * memory.
 */
bool ranges_build(struct ranges *ranges, struct entry *entry, size_t n);
void ranges_free(struct ranges *ranges);

/* The entries of @n records; returns how many, or -1 where they are not such. To be freed. */
long ranges_entries(const struct record *record, size_t n, struct entry **entries);

/*
 * While programs use them, @live, which are maps, come to have the @n entries, or (@bare) to have
 * them no more; what is out of time @now is not there. Whoever looks an address up meanwhile finds what
 * was before or what is after. CHANGE_ABSENT: entry @absent is not there.
 */
enum outcome ranges_change(struct ranges *live, const struct entry *entry, size_t n, bool bare, uint64_t now,
			  size_t *absent);
