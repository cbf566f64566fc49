/* SPDX-License-Identifier: GPL-2.0-only */
/* Shared by ranges.c, which builds range tries, and ranges_live.c, which changes them. */
#pragma once

#include <string.h>

#include "ranges.h"

/* The upper bits of record.hits. Programs only add to hits, and never count as far as these bits. */
#define RECORD_LENGTH_SHIFT 56		/* 8 bits */
/* bit 55: RECORD_EXCEPTION */
#define RECORD_IPV6 (1ULL << 54)
#define RECORD_REMOVED (1ULL << 53)	/* the entry was removed */
#define RECORD_HITS ((1ULL << 53) - 1)

/* ---- records --------------------------------------------------------------------------------- */

/*
 * Records 0 and 1 are the head, which counts the others. The entries from which the table was built
 * follow, sorted within each kind. Entries that were added later are at the end, all stored as kind ADDED.
 */
enum { KINDS = 4, KIND_IPV6 = 1, KIND_TIMED = 2 };

struct record_head {
	uint32_t built[KINDS];
	uint32_t added;
	uint32_t removed;		/* how many of built and added */
	uint32_t cells;			/* in use */
	uint32_t state;
};
enum {
	TABLE_CONSISTENT = 0x7463a001,
	TABLE_CHANGING,			/* or killed while changing: the cells may not match the records */
};
#define RECORDS_HEAD (sizeof(struct record_head) / sizeof(struct record))
_Static_assert(sizeof(struct record_head) % sizeof(struct record) == 0, "it is records");

/* How many records an entry has: its own, one for a timeout, and one for an IPv6 address. */
static inline size_t kind_records(int kind)
{
	return 1 + !!(kind & KIND_IPV6) + !!(kind & KIND_TIMED);
}

/* The index of the first record of @kind, or (KINDS) of the added entries. */
static inline size_t kind_index(const struct record_head *head, int kind)
{
	size_t index = RECORDS_HEAD;

	for (int before = 0; before < kind; before++)
		index += head->built[before] * kind_records(before);
	return index;
}

#define ADDED (KIND_IPV6 | KIND_TIMED)	/* the kind of all added entries, whatever they are */

/* The number of entries, including those whose timeout is over. */
static inline size_t head_entries(const struct record_head *head)
{
	size_t n = (size_t)head->added - head->removed;

	for (int kind = 0; kind < KINDS; kind++)
		n += head->built[kind];
	return n;
}

/* How many entries of @kind there are, or (KINDS) added ones. */
static inline size_t kind_entries(const struct record_head *head, int kind)
{
	return kind == KINDS ? head->added : head->built[kind];
}

/* The index of the first record of entry @i of @kind, or (KINDS) of the added entries. */
static inline size_t entry_index(const struct record_head *head, int kind, size_t i)
{
	return kind_index(head, kind) + i * kind_records(kind == KINDS ? ADDED : kind);
}

/* Copies the head of @n records; one without entries if the table is empty, as built. False if it is not valid. */
bool head_read(struct record_head *head, const struct record *record, size_t n);
/* Reads entry @i of @kind, or (KINDS) of the added entries; false if it was removed. */
bool entry_read(const struct record *record, const struct record_head *head, int kind, size_t i, struct entry *entry);
/* The reverse: writes it as @kind, from @record on. */
void entry_write(struct record *record, int kind, const struct entry *entry);

/* Are these sorted entries prefixes, each but once? Records can hold anything. */
bool entries_valid(const struct entry *entry, size_t n);

/* ---- ranges and cells ------------------------------------------------------------------------ */

/* Addresses from @start to the start of the next range. */
struct range {
	address_t start;
	uint32_t leaf;
};

struct rangeset {
	struct range *range;	/* room for 2n + 1 */
	size_t n;
};

/* Computes the ranges of @n sorted entries of one family. Also sets .covering of each entry. */
void ranges_of(struct rangeset *set, struct entry *entry, size_t n);

/* By which bits of an address a trie is searched. */
enum part { PART_IPV4, PART_UPPER, PART_LOWER };

static inline int part_begin(enum part part)
{
	return part == PART_LOWER ? 64 : 0;
}

static inline int part_end(enum part part)
{
	return part_begin(part) + (part == PART_IPV4 ? 32 : 64);
}

/* What a table with this shift is indexed with, modulo 2^32. */
static inline uint32_t part_index(enum part part, address_t address, int shift)
{
	return (uint32_t)((uint64_t)(address >> (64 - part_begin(part))) >> shift);
}

/* Where a step is: after @depth tables, for the addresses that begin with the first @used bits of @from. */
struct trie_position {
	address_t from;
	int used, depth;
};

/* Adds @n cells of 0, and returns the index of the first. SIZE_MAX if there is no memory or no room. */
size_t cells_add(struct ranges *ranges, size_t n);
/*
 * Builds the steps for @places consecutive places from @first, in which these @n ranges are, in the cells from @base.
 * Returns how many tables and jumps a look-up takes from there in this part, at most; -1 if there is no memory or no room.
 * It stops where it is more than @bound.
 */
int steps_build(struct ranges *ranges, enum part part, const struct range *range, size_t n,
		const struct trie_position *first, int bound, size_t base, size_t places);
