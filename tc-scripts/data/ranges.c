// SPDX-License-Identifier: GPL-2.0-only
#include <stdlib.h>
#include <string.h>

#include "ranges.h"

/* ---- as in include/tcact/ranges.h ------------------------------------------------------------ */

#define STEP_TABLE (1ULL << 63)
#define STEP_RUN (1ULL << 62)
#define STEP_TABLES 4
#define LEAF_TIMED (1U << 31)

struct range_ipv4 {
	uint32_t start, leaf;
};

struct range_ipv6 {
	uint32_t leaf, count;
};

struct record_timeout {
	uint64_t until;
	uint32_t covering, zero;
};
_Static_assert(sizeof(struct record_timeout) == sizeof(struct record), "they are in one array");

/*
 * The upper bits of record.hits, which programs only add to: what they count never reaches
 * them. Record 0, whose number means none, says how many of each kind there are, in this order:
 */
#define RECORD_LENGTH_SHIFT 56		/* 8 bits */
#define RECORD_EXCEPTION (1ULL << 55)
#define RECORD_HITS ((1ULL << 55) - 1)

struct record_head {
	uint32_t ipv4;			/* of one record each */
	uint32_t ipv6;			/* of two: the second is the address */
	uint32_t timed_ipv4;		/* of two: the first is the timeout */
	uint32_t timed_ipv6;		/* of three */
};
_Static_assert(sizeof(struct record_head) == sizeof(struct record), "it is one");

/* ---- ranges ---------------------------------------------------------------------------------- */

/* From @start up to the next one. */
struct range {
	address_t start;
	uint32_t leaf;
};

struct rangeset {
	struct range *range;
	size_t n;
};

static void range_add(struct rangeset *set, address_t start, uint32_t leaf)
{
	if (set->n && set->range[set->n - 1].start == start)
		set->n--;		/* what began here is covered by what is longer */
	if (set->n && set->range[set->n - 1].leaf == leaf)
		return;
	set->range[set->n++] = (struct range){ start, leaf };
}

static address_t prefix_last(const struct prefix *prefix)
{
	return prefix->address | ~prefix_mask(prefix->length);
}

/*
 * The ranges of the @n entries of one family; leaf[i] is what stands for entry i. Says also what
 * covers each entry: covering[i]. A set has room for 2n + 1 ranges.
 */
static void ranges_of(struct rangeset *set, const struct entry *entry, const uint32_t *leaf,
		      uint32_t *covering, size_t n)
{
	size_t open[129], depth = 0;	/* the entries that cover where we are, each in the one before */

	set->n = 0;
	range_add(set, 0, 0);
	for (size_t i = 0; i <= n; i++) {
		while (depth && (i == n ||
				 prefix_last(&entry[open[depth - 1]].prefix) < entry[i].prefix.address)) {
			address_t last = prefix_last(&entry[open[--depth]].prefix);

			if (last != ~(address_t)0)
				range_add(set, last + 1, depth ? leaf[open[depth - 1]] : 0);
		}
		if (i == n)
			break;
		covering[i] = depth ? leaf[open[depth - 1]] : 0;
		range_add(set, entry[i].prefix.address, leaf[i]);
		open[depth++] = i;
	}
}

/* ---- cells ----------------------------------------------------------------------------------- */

#define RUN_SHORT 16		/* ranges, for which a table is not worth its room */

/* @n more cells, of 0: the number of the first. */
static size_t cells_add(struct ranges *ranges, size_t n)
{
	size_t first = ranges->cells;

	if (first + n > ranges->cells_room) {
		size_t room = (first + n) + (first + n) / 2 + 1024;
		uint64_t *more = realloc(ranges->cell, room * sizeof(*more));

		if (!more)
			return SIZE_MAX;
		ranges->cell = more;
		ranges->cells_room = room;
	}
	memset(ranges->cell + first, 0, n * sizeof(*ranges->cell));
	ranges->cells += n;
	return first;
}

static bool cell_ipv4(struct ranges *ranges, uint32_t start, uint32_t leaf)
{
	struct range_ipv4 range = { start, leaf };
	size_t at = cells_add(ranges, 1);

	if (at == SIZE_MAX)
		return false;
	memcpy(&ranges->cell[at], &range, sizeof(range));
	return true;
}

static bool cells_ipv6(struct ranges *ranges, uint64_t start, uint32_t leaf, uint32_t count)
{
	struct range_ipv6 range = { leaf, count };
	size_t at = cells_add(ranges, 2);

	if (at == SIZE_MAX)
		return false;
	ranges->cell[at] = start;
	memcpy(&ranges->cell[at + 1], &range, sizeof(range));
	return true;
}

static uint64_t upper(const struct range *range)
{
	return (uint64_t)(range->start >> 64);
}

static uint64_t lower(const struct range *range)
{
	return (uint64_t)range->start;
}

/* Are the ranges [i..j] those that begin in the /64 of range i, and not just at its first address? */
static bool splits(const struct range *range, size_t i, size_t last, size_t *j)
{
	for (*j = i; *j < last && upper(&range[*j + 1]) == upper(&range[i]); (*j)++)
		;
	return *j > i || lower(&range[i]);
}

/*
 * The runs by the lower half for all /64s that are cut, of ranges first + 1 to last; their first cells go to
 * @base, in their order.
 */
static bool runs_lower(struct ranges *ranges, const struct range *range, size_t first, size_t last)
{
	for (size_t i = first + 1, j; i <= last; i = j + 1) {
		if (!splits(range, i, last, &j))
			continue;
		if (lower(&range[i]) && !cells_ipv6(ranges, 0, range[i - 1].leaf, 0))
			return false;
		for (size_t k = i; k <= j; k++)
			if (!cells_ipv6(ranges, lower(&range[k]), range[k].leaf, 0))
				return false;
	}
	return true;
}

/* A run of the ranges from the one that @from is in, @first, to @last, up to address @end. */
static uint64_t run_ipv6(struct ranges *ranges, const struct range *range, size_t first, size_t last,
			 address_t from, address_t end)
{
	size_t below = ranges->cells, base;
	uint32_t count = 0;

	if (!runs_lower(ranges, range, first, last))
		return UINT64_MAX;
	base = ranges->cells;
	if (first == last || upper(&range[first + 1]) != (uint64_t)(from >> 64)) {
		if (!cells_ipv6(ranges, (uint64_t)(from >> 64), range[first].leaf, 0))
			return UINT64_MAX;
		count++;
	}
	for (size_t i = first + 1, j; i <= last; i = j + 1) {
		uint64_t here = upper(&range[i]);
		uint32_t n;

		if (!splits(range, i, last, &j)) {
			if (!cells_ipv6(ranges, here, range[i].leaf, 0))
				return UINT64_MAX;
			count++;
			continue;
		}
		n = (uint32_t)(j - i + 1 + !!lower(&range[i]));
		if (!cells_ipv6(ranges, here, (uint32_t)below, n))
			return UINT64_MAX;
		below += 2 * n;
		count++;
		/* what goes on behind the /64 */
		if (here < (uint64_t)(end >> 64) && !(j < last && upper(&range[j + 1]) == here + 1)) {
			if (!cells_ipv6(ranges, here + 1, range[j].leaf, 0))
				return UINT64_MAX;
			count++;
		}
	}
	return STEP_RUN | (uint64_t)count << 32 | base;
}

static uint64_t run_ipv4(struct ranges *ranges, const struct range *range, size_t first, size_t last)
{
	size_t base = ranges->cells;

	for (size_t i = first; i <= last; i++)
		if (!cell_ipv4(ranges, (uint32_t)(range[i].start >> 96), range[i].leaf))
			return UINT64_MAX;
	return STEP_RUN | (uint64_t)(last - first + 1) << 32 | base;
}

struct family {
	int number;		/* 4 or 6 */
	int bits;		/* that tables go by */
};

/*
 * The step for the addresses that begin with the first @used bits of @from, behind @depth tables;
 * range @first is the one that @from is in, @last the last that begins there. UINT64_MAX where there
 * is no memory.
 */
static uint64_t step(struct ranges *ranges, const struct family *family, const struct range *range,
		     size_t first, size_t last, address_t from, int used, int depth)
{
	size_t n = last - first + 1, base, most;
	int bits = 0;

	if (first == last)
		return range[first].leaf;
	/* the first step of IPv6 is a table: range_begins() relies on it */
	if ((n <= RUN_SHORT && !(family->number == 6 && !depth)) || used == family->bits ||
	    depth == STEP_TABLES)
		return family->number == 4 ? run_ipv4(ranges, range, first, last)
					   : run_ipv6(ranges, range, first, last, from,
						      from | ~prefix_mask(used));
	/* about one slot for four ranges at first, for two behind that */
	while (n >> (bits + 1))
		bits++;
	bits -= depth ? 1 : 2;
	most = depth || family->number == 6 ? 16 : 20;
	if (bits > (int)most)
		bits = (int)most;
	if (bits > family->bits - used)
		bits = family->bits - used;
	if (bits < 1)
		bits = 1;
	base = cells_add(ranges, (size_t)1 << bits);
	if (base == SIZE_MAX)
		return UINT64_MAX;
	for (size_t slot = 0; slot < (size_t)1 << bits; slot++) {
		address_t begin = from + ((address_t)slot << (128 - used - bits));
		address_t end = begin | ~prefix_mask(used + bits);
		uint64_t next;
		size_t until;

		while (first < last && range[first + 1].start <= begin)
			first++;
		for (until = first; until < last && range[until + 1].start <= end; until++)
			;
		next = step(ranges, family, range, first, until, begin, used + bits, depth + 1);
		if (next == UINT64_MAX)
			return next;
		ranges->cell[base + slot] = next;
	}
	return STEP_TABLE | (uint64_t)bits << 32 | base;
}

/* ---- records --------------------------------------------------------------------------------- */

int entry_compare(const void *a, const void *b)
{
	const struct prefix *one = &((const struct entry *)a)->prefix;
	const struct prefix *two = &((const struct entry *)b)->prefix;

	if (one->family != two->family)
		return one->family - two->family;
	if (one->address != two->address)
		return one->address < two->address ? -1 : 1;
	return one->length - two->length;
}

static int entry_kind(const struct entry *entry)
{
	return (entry->until ? 2 : 0) + (entry->prefix.family == 6);
}

static const int records_of_kind[] = { 1, 2, 2, 3 };	/* in the order of record_head */

/* Writes the records of @entry from record @at on. The number is that of the one with the tag. */
static void record_write(struct record *record, const struct entry *entry, uint32_t covering)
{
	unsigned char bytes[16];

	address_bytes(entry->prefix.address, bytes);
	if (entry->until) {
		struct record_timeout timeout = { entry->until, covering, 0 };

		memcpy(record++, &timeout, sizeof(timeout));
	}
	record->tag = entry->tag;
	record->hits = (entry->hits & RECORD_HITS) | (entry->exception ? RECORD_EXCEPTION : 0) |
		       (uint64_t)entry->prefix.length << RECORD_LENGTH_SHIFT;
	if (entry->prefix.family == 4)
		memcpy(record->ipv4, bytes, sizeof(record->ipv4));
	else
		memcpy(record + 1, bytes, sizeof(bytes));
}

bool ranges_build(struct ranges *ranges, const struct entry *entry, size_t n)
{
	static const struct family families[] = { { 4, 32 }, { 6, 64 } };
	uint32_t *leaf = malloc((n + 1) * sizeof(*leaf)), *covering = malloc((n + 1) * sizeof(*covering));
	uint32_t *place = malloc((n + 1) * sizeof(*place));
	size_t next[4], count[4] = { 0 }, done = 0;
	struct record_head head;
	struct rangeset set;
	bool good = false;

	memset(ranges, 0, sizeof(*ranges));
	set.range = malloc((2 * n + 1) * sizeof(*set.range));
	for (size_t i = 0; i < n; i++)
		count[entry_kind(&entry[i])]++;
	ranges->records = 1;
	for (int kind = 0; kind < 4; kind++) {
		next[kind] = ranges->records;
		ranges->records += count[kind] * records_of_kind[kind];
	}
	ranges->record = calloc(ranges->records, sizeof(*ranges->record));
	if (!leaf || !covering || !place || !set.range || !ranges->record || cells_add(ranges, 2) == SIZE_MAX)
		goto out;
	head = (struct record_head){ (uint32_t)count[0], (uint32_t)count[1], (uint32_t)count[2],
				     (uint32_t)count[3] };
	memcpy(ranges->record, &head, sizeof(head));
	for (size_t i = 0; i < n; i++) {
		int kind = entry_kind(&entry[i]);

		place[i] = (uint32_t)next[kind];
		next[kind] += records_of_kind[kind];
		if (entry[i].until)
			leaf[i] = (place[i] + 1) | LEAF_TIMED;	/* behind its timeout */
		else
			leaf[i] = entry[i].exception ? 0 : place[i];
	}
	for (int f = 0; f < 2; f++) {
		size_t of_family = 0;
		uint64_t first;

		while (done + of_family < n && entry[done + of_family].prefix.family == families[f].number)
			of_family++;
		ranges_of(&set, entry + done, leaf + done, covering + done, of_family);
		first = step(ranges, &families[f], set.range, 0, set.n - 1, 0, 0, 0);
		if (first == UINT64_MAX)
			goto out;
		ranges->cell[f] = first;
		done += of_family;
	}
	for (size_t i = 0; i < n; i++)
		record_write(ranges->record + place[i], &entry[i], covering[i]);
	good = true;
out:
	free(leaf);
	free(covering);
	free(place);
	free(set.range);
	if (!good)
		ranges_free(ranges);
	return good;
}

void ranges_free(struct ranges *ranges)
{
	free(ranges->cell);
	free(ranges->record);
	memset(ranges, 0, sizeof(*ranges));
}

long ranges_entries(const struct record *record, size_t n, struct entry **entries)
{
	struct record_head head;
	struct entry *entry;
	size_t count[4], need = 1, at = 1, total = 0;

	*entries = NULL;
	if (!n)
		return -1;
	memcpy(&head, record, sizeof(head));
	memcpy(count, (size_t[]){ head.ipv4, head.ipv6, head.timed_ipv4, head.timed_ipv6 }, sizeof(count));
	for (int kind = 0; kind < 4; kind++) {
		need += count[kind] * records_of_kind[kind];
		total += count[kind];
	}
	if (need > n)
		return -1;
	entry = *entries = calloc(total + 1, sizeof(*entry));
	if (!entry)
		return -1;
	for (int kind = 0; kind < 4; kind++) {
		for (size_t i = 0; i < count[kind]; i++, at += records_of_kind[kind], entry++) {
			const struct record *own = &record[at];
			struct record_timeout timeout;
			unsigned char bytes[16] = { 0 };

			if (kind & 2) {
				memcpy(&timeout, own++, sizeof(timeout));
				entry->until = timeout.until;
			}
			entry->tag = own->tag;
			entry->hits = own->hits & RECORD_HITS;
			entry->exception = own->hits & RECORD_EXCEPTION;
			entry->prefix.family = kind & 1 ? 6 : 4;
			entry->prefix.length = own->hits >> RECORD_LENGTH_SHIFT;
			if (kind & 1)
				memcpy(bytes, own + 1, sizeof(bytes));
			else
				memcpy(bytes, own->ipv4, sizeof(own->ipv4));
			entry->prefix.address = address_of(bytes);
		}
	}
	qsort(*entries, total, sizeof(**entries), entry_compare);
	return (long)total;
}
