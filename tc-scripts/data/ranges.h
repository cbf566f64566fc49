/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The range trie of include/tcact/ranges.h: building it from sorted entries, reading it back, and changing it in place.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <tcact/layout.h>

#include "outcome.h"
#include "prefix.h"

struct entry {
	struct prefix prefix;
	uint32_t tag;
	uint32_t line : 31;	/* of the file that it came from */
	bool exception : 1;	/* an address in it counts as not in the table */
	uint32_t record;	/* the number of its record, once the trie is built */
	uint32_t covering;	/* the leaf of the entry that covers it, likewise */
	uint64_t hits;
	uint64_t until;		/* end of the timeout, CLOCK_BOOTTIME in ns; 0: no timeout */
};
_Static_assert(sizeof(struct entry) <= 64, "there are millions of them");

#define HITS_MAX ((1ULL << 52) - 1)	/* an entry begins with no more; no program counts as far as 2^53, see RECORD_REMOVED */

#define ENTRIES_MAX ((1 << 21) - 1)	/* two ranges each, and one: see step_run() */

struct ranges {
	uint64_t *cell;
	size_t cells, cells_room;	/* cells in use, and cells in the array */
	bool fixed;			/* the array cannot grow */
	struct record *record;
	size_t records, records_room;
};

/* Compares by family, address, length. */
int entry_compare(const void *a, const void *b);

/*
 * Builds the trie from @n entries, sorted and without duplicates, with room for more. False if
 * there is no memory.
 */
bool ranges_build(struct ranges *ranges, struct entry *entry, size_t n);
/* The same for a table that nothing changes: only cells, in which a leaf is the tag + 1. */
bool ranges_bake(struct ranges *ranges, struct entry *entry, size_t n);
void ranges_free(struct ranges *ranges);

/* Reads the entries from @n records. Returns their number, or -1 if the records are not valid. Free *@entries. */
long ranges_entries(const struct record *record, size_t n, struct entry **entries);

/* The number of the entries whose timeout is not over at @now, or -1. Reads only those that can have one. */
long ranges_count(const struct record *record, size_t n, uint64_t now);

/*
 * Copies the hits of the entries in @n records to those of the @entries, sorted, that have the same prefix, unless
 * their timeout is over at @now. False if the records are not valid.
 */
bool ranges_carry(const struct record *record, size_t n, uint64_t now, struct entry *entry, size_t entries);

/* How many cells and records are in use, of a table with these @n records, which ranges_entries() could read. */
void ranges_used(const struct record *record, size_t n, size_t *cells, size_t *records);

/*
 * Adds @n entries, without duplicates, to the maps @live, or (@removal) removes them, while programs use these maps.
 * An entry whose timeout is over at @now counts as absent. A lookup during the change finds either the old or
 * the new state. CHANGE_ABSENT: entry @absent does not exist.
 */
enum outcome ranges_change(struct ranges *live, const struct entry *entry, size_t n, bool removal, uint64_t now,
			  size_t *absent);
