// SPDX-License-Identifier: GPL-2.0-only
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/param.h>

#include "ranges_build.h"

/* ---- ranges ---------------------------------------------------------------------------------- */

static void range_add(struct rangeset *set, address_t start, uint32_t leaf)
{
	if (set->n && set->range[set->n - 1].start == start)
		set->n--;		/* a longer prefix begins at the same address */
	if (set->n && set->range[set->n - 1].leaf == leaf)
		return;
	set->range[set->n++] = (struct range){ start, leaf };
}

static address_t prefix_last(const struct prefix *prefix)
{
	return prefix->address | ~prefix_mask(prefix->length);
}

static uint32_t leaf_of(const struct entry *entry)
{
	if (entry->until)
		return entry->record | LEAF_TIMED;
	return entry->exception ? 0 : entry->record;
}

void ranges_of(struct rangeset *set, struct entry *entry, size_t n)
{
	const struct entry *open[129];	/* the entries that contain the current address; each is inside the one before */
	size_t depth = 0;

	set->n = 0;
	range_add(set, 0, 0);
	for (size_t i = 0; i <= n; i++) {
		while (depth && (i == n || prefix_last(&open[depth - 1]->prefix) < entry[i].prefix.address)) {
			address_t last = prefix_last(&open[--depth]->prefix);

			if (last != ~(address_t)0)
				range_add(set, last + 1, depth ? leaf_of(open[depth - 1]) : 0);
		}
		if (i == n)
			break;
		entry[i].covering = depth ? leaf_of(open[depth - 1]) : 0;
		range_add(set, entry[i].prefix.address, leaf_of(&entry[i]));
		open[depth++] = &entry[i];
	}
}

/* ---- cells ----------------------------------------------------------------------------------- */

size_t cells_add(struct ranges *ranges, size_t n)
{
	size_t first = ranges->cells;

	if (first + n > ranges->cells_room) {
		size_t room = (first + n) + (first + n) / 2 + 1024;
		uint64_t *more = ranges->fixed ? NULL : realloc(ranges->cell, room * sizeof(*more));

		if (!more)
			return SIZE_MAX;
		ranges->cell = more;
		ranges->cells_room = room;
	}
	memset(ranges->cell + first, 0, n * sizeof(*ranges->cell));
	ranges->cells += n;
	return first;
}

/* The step for a table in the cells from @base on. @first is where its first step is. */
static uint64_t step_table(enum part part, const struct trie_position *first, size_t base)
{
	int shift = part_begin(part) + 64 - first->used;

	return STEP_TABLE | (uint64_t)shift << 32 | (uint32_t)(base - part_index(part, first->from, shift));
}

/* The step for a run of @n ranges of @size cells, from @base on. */
static uint64_t step_run(size_t base, size_t n, unsigned int size)
{
	uint64_t log = 0;

	while ((size_t)2 << log < n)
		log++;
	return STEP_RUN | (log + size - 1) << 56 | (uint64_t)(n - ((size_t)1 << log)) * size << 32 | base;
}
_Static_assert(STEP_JUMP((uint64_t)(2 * ENTRIES_MAX + 1) * 2 << 32) == (2 * ENTRIES_MAX + 1) * 2, "the first jump in any run fits");

static bool cell_ipv4(struct ranges *ranges, uint32_t start, uint32_t leaf)
{
	struct range_ipv4 range = { start, leaf };
	size_t at = cells_add(ranges, 1);

	if (at == SIZE_MAX)
		return false;
	memcpy(&ranges->cell[at], &range, sizeof(range));
	return true;
}

static bool cells_ipv6(struct ranges *ranges, uint64_t start, uint64_t step)
{
	size_t at = cells_add(ranges, 2);

	if (at == SIZE_MAX)
		return false;
	ranges->cell[at] = start;
	ranges->cell[at + 1] = step;
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

static uint64_t run_ipv4(struct ranges *ranges, const struct range *range, size_t first, size_t last)
{
	size_t base = ranges->cells;

	for (size_t i = first; i <= last; i++)
		if (!cell_ipv4(ranges, (uint32_t)(range[i].start >> 96), range[i].leaf))
			return UINT64_MAX;
	return step_run(base, last - first + 1, 1);
}

/* The run by the lower halves, from @from on, which is in range @first. */
static uint64_t run_lower(struct ranges *ranges, const struct range *range, size_t first, size_t last, address_t from)
{
	size_t base = ranges->cells;

	for (size_t i = first; i <= last; i++)
		if (!cells_ipv6(ranges, i == first ? (uint64_t)from : lower(&range[i]), range[i].leaf))
			return UINT64_MAX;
	return step_run(base, last - first + 1, 2);
}

static int step(struct ranges *ranges, enum part part, const struct range *range, size_t first, size_t last,
		const struct trie_position *position, int bound, uint64_t *to);

/* Until its step is known, a range by the upper half has in its place: which ranges of the set are in it. */
static bool cells_upper(struct ranges *ranges, uint64_t start, size_t first, size_t last)
{
	return cells_ipv6(ranges, start, (uint64_t)first << 32 | last);
}

/*
 * The run by the upper halves, for the addresses from @from to @end. @from is in range @first. Its cells are the upper halves
 * where something begins: a /64 in which ranges begin has a cell, whose step is built from these ranges by the lower halves,
 * and unless the next /64 has one too, so has that, for what goes on behind them. All cells of a run follow each other: so
 * the steps, which take cells too, are built once these are there.
 */
static uint64_t run_upper(struct ranges *ranges, const struct range *range, size_t first, size_t last,
			  address_t from, address_t end)
{
	size_t base = ranges->cells, n;

	if ((first == last || upper(&range[first + 1]) != (uint64_t)(from >> 64)) &&
	    !cells_upper(ranges, (uint64_t)(from >> 64), first, first))
		return UINT64_MAX;
	for (size_t i = first + 1, j; i <= last; i = j + 1) {
		uint64_t here = upper(&range[i]);
		bool divided;

		for (j = i; j < last && upper(&range[j + 1]) == here; j++)
			;
		divided = j > i || lower(&range[i]);
		if (!cells_upper(ranges, here, i - !!lower(&range[i]), j))
			return UINT64_MAX;
		/* the last range of the /64 continues after it */
		if (divided && here < (uint64_t)(end >> 64) && !(j < last && upper(&range[j + 1]) == here + 1) &&
		    !cells_upper(ranges, here + 1, j, j))
			return UINT64_MAX;
	}
	n = (ranges->cells - base) / 2;
	for (size_t at = base; at < base + 2 * n; at += 2) {
		const struct trie_position position = { (address_t)ranges->cell[at] << 64, part_begin(PART_LOWER), 0 };
		uint64_t in = ranges->cell[at + 1], below;

		if (step(ranges, PART_LOWER, range, in >> 32, (uint32_t)in, &position, INT_MAX, &below) < 0)
			return UINT64_MAX;
		ranges->cell[at + 1] = below;
	}
	return step_run(base, n, 2);
}

/*
 * How many bits a table for @n ranges, of which @used bits are known, is indexed with: it has about 2^@more slots for
 * a range.
 */
static int table_bits(enum part part, size_t n, int used, int more)
{
	const int most = part == PART_IPV4 && !used ? 20 : 16;
	int bits = more;

	while (n >>= 1)
		bits++;
	if (bits > most)
		bits = most;
	if (bits > part_end(part) - used)
		bits = part_end(part) - used;
	return bits < 1 ? 1 : bits;
}

/* Does range @i after @first count in @part? A run by the upper half has at most two for all that start in one /64. */
static bool counts(enum part part, const struct range *range, size_t first, size_t i)
{
	return part != PART_UPPER || i < first + 3 || upper(&range[i]) != upper(&range[i - 2]);
}

/* How many of the ranges @first + 1 to @last start in one slot, at most, if @used bits tell the slot. */
static size_t fullest_slot(enum part part, const struct range *range, size_t first, size_t last, int used)
{
	size_t most = 0, here = 0;

	for (size_t i = first + 1; i <= last; i++) {
		bool same = i > first + 1 && !((range[i].start ^ range[i - 1].start) & prefix_mask(used));

		here = same ? here + counts(part, range, first, i) : 1;
		if (here > most)
			most = here;
	}
	return most;
}

static uint64_t run(struct ranges *ranges, enum part part, const struct range *range, size_t first, size_t last,
		    const struct trie_position *position)
{
	switch (part) {
	case PART_IPV4:
		return run_ipv4(ranges, range, first, last);
	case PART_UPPER:
		return run_upper(ranges, range, first, last, position->from, position->from | ~prefix_mask(position->used));
	case PART_LOWER:
		return run_lower(ranges, range, first, last, position->from);
	}
	return UINT64_MAX;
}

/* How many jumps a look-up in a run of @n ranges makes, at most. */
static int run_jumps(size_t n)
{
	int jumps = 1;

	while ((size_t)1 << jumps < n)
		jumps++;
	return jumps;
}

/*
 * A table is about as good as one jump in a run. So it is only worth its memory for more than RUN_SHORT ranges.
 *
 * If it leaves more than a third of them in one slot, as they have many bits in common, a table of IPv6 is larger, so that
 * the 64 bits are soon used up. It stays if it and all that follows it take fewer steps than a run, and have at most
 * CELLS_WORTH cells for each range. So the worst that can be made of each half of an address is about 11 tables and jumps.
 * With runs only, it would be 21.
 */
#define RUN_SHORT 16
#define CELLS_WORTH 40

/*
 * Sets @to to the step for @position. Range @first contains its first address, range @last its last. Returns how many
 * tables and jumps a look-up makes from there in this part, at most; -1 if there is no memory. If it is more than @bound,
 * @to may not be set: otherwise each range would be built again for every table above it that is not kept.
 */
static int step(struct ranges *ranges, enum part part, const struct range *range, size_t first, size_t last,
		const struct trie_position *position, int bound, uint64_t *to)
{
	/* range_search() relies on it */
	const bool always_table = part == PART_UPPER && !position->depth;
	const size_t base = ranges->cells;
	struct trie_position next = *position;
	int bits, jumps, below, most;
	bool divides;
	size_t n = 1;

	if (first == last) {
		*to = range[first].leaf;
		return 0;
	}
	for (size_t i = first + 1; i <= last; i++)
		n += counts(part, range, first, i);
	jumps = run_jumps(n);
	if ((always_table || n > RUN_SHORT) && position->used < part_end(part) && position->depth < TRIE_TABLES_MAX) {
		bits = table_bits(part, n, position->used, position->depth ? -1 : -2);
		divides = n > RUN_SHORT && fullest_slot(part, range, first, last, position->used + bits) <= n / 3;
		if (!divides && part != PART_IPV4)
			bits = table_bits(part, n, position->used, 2);
		/* what follows the table may take this much: with one that does not divide, less than the run would */
		below = always_table || divides ? bound - 1 : MIN(bound, jumps - 1) - 1;
		next.used += bits;
		next.depth++;
		if (cells_add(ranges, (size_t)1 << bits) == SIZE_MAX)
			return -1;
		most = steps_build(ranges, part, range + first, last - first + 1, &next, below, base, (size_t)1 << bits);
		if (most < 0)
			return -1;
		if (most <= below && (always_table || divides || ranges->cells - base <= CELLS_WORTH * (last - first + 1))) {
			*to = step_table(part, &next, base);
			return 1 + most;
		}
		ranges->cells = base;
	}
	if (jumps > bound)
		return jumps;
	*to = run(ranges, part, range, first, last, position);
	return *to == UINT64_MAX ? -1 : jumps;
}

int steps_build(struct ranges *ranges, enum part part, const struct range *range, size_t n,
		const struct trie_position *position, int bound, size_t base, size_t places)
{
	size_t first = 0, last = n - 1, until;
	struct trie_position slot = *position;
	int most = 0;

	for (size_t i = 0; i < places; i++) {
		address_t end = slot.from | ~prefix_mask(slot.used);
		uint64_t to;
		int steps;

		while (first < last && range[first + 1].start <= slot.from)
			first++;
		for (until = first; until < last && range[until + 1].start <= end; until++)
			;
		steps = step(ranges, part, range, first, until, &slot, bound, &to);
		if (steps < 0 || steps > bound)
			return steps;
		most = steps > most ? steps : most;
		ranges->cell[base + i] = to;
		slot.from = end + 1;
	}
	return most;
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

bool entries_valid(const struct entry *entry, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		const struct prefix *prefix = &entry[i].prefix;

		if (prefix->length > prefix_longest(prefix->family) || prefix->address & ~prefix_mask(prefix->length) ||
		    (i && !entry_compare(&entry[i - 1], &entry[i])))
			return false;
	}
	return n <= ENTRIES_MAX;
}

static int entry_kind(const struct entry *entry)
{
	return (entry->until ? KIND_TIMED : 0) | (entry->prefix.family == 6 ? KIND_IPV6 : 0);
}

void entry_write(struct record *record, int kind, const struct entry *entry)
{
	unsigned char bytes[16];

	address_bytes(entry->prefix.address, bytes);
	if (kind & KIND_TIMED) {
		struct record_timeout timeout = { entry->until, entry->covering, 0 };

		memcpy(record++, &timeout, sizeof(timeout));
	}
	record->tag = entry->tag;
	memcpy(&record->ipv4, bytes, sizeof(record->ipv4));
	record->hits = (entry->hits & RECORD_HITS) | (entry->exception ? RECORD_EXCEPTION : 0) |
		       (entry->prefix.family == 6 ? RECORD_IPV6 : 0) |
		       (uint64_t)entry->prefix.length << RECORD_LENGTH_SHIFT;
	if (kind & KIND_IPV6)
		memcpy(record + 1, bytes, sizeof(bytes));
}

bool entry_read(const struct record *record, const struct record_head *head, int kind, size_t i, struct entry *entry)
{
	size_t index = entry_index(head, kind, i);
	unsigned char bytes[16] = { 0 };
	struct record_timeout timeout;

	if (kind == KINDS)
		kind = ADDED;
	record += index;
	memset(entry, 0, sizeof(*entry));
	if (kind & KIND_TIMED) {
		memcpy(&timeout, record++, sizeof(timeout));
		index++;
		entry->until = timeout.until;
		entry->covering = timeout.covering;
	}
	entry->record = (uint32_t)index;
	entry->tag = record->tag;
	entry->hits = record->hits & RECORD_HITS;
	entry->exception = record->hits & RECORD_EXCEPTION;
	entry->prefix.family = kind & KIND_IPV6 && record->hits & RECORD_IPV6 ? 6 : 4;
	entry->prefix.length = record->hits >> RECORD_LENGTH_SHIFT;
	if (entry->prefix.family == 6)
		memcpy(bytes, record + 1, sizeof(bytes));
	else
		memcpy(bytes, &record->ipv4, sizeof(record->ipv4));
	entry->prefix.address = address_of(bytes);
	return !(record->hits & RECORD_REMOVED);
}

/* How much room a table gets for entries that are added later. Each takes a few cells, and its records. */
#define SPARE_CELLS(cells) ((cells) / 8 + 2048)
#define SPARE_ENTRIES(n) ((n) / 16 + 128)

/* Builds the cells. The .record of each entry is the value of its leaves. */
static bool cells_build(struct ranges *ranges, struct entry *entry, size_t n)
{
	struct rangeset set = { 0 };
	size_t of_family[2] = { 0, 0 }, done = 0;
	bool good;

	memset(ranges, 0, sizeof(*ranges));
	for (size_t i = 0; i < n; i++)
		of_family[entry[i].prefix.family == 6]++;
	set.range = malloc((2 * (of_family[0] > of_family[1] ? of_family[0] : of_family[1]) + 1) * sizeof(*set.range));
	good = set.range && cells_add(ranges, 2) != SIZE_MAX;
	for (int f = 0; f < 2 && good; f++) {
		const struct trie_position all = { 0, 0, 0 };

		ranges_of(&set, entry + done, of_family[f]);
		good = steps_build(ranges, f ? PART_UPPER : PART_IPV4, set.range, set.n, &all, INT_MAX, f, 1) >= 0;
		done += of_family[f];
	}
	free(set.range);
	if (!good)
		ranges_free(ranges);
	return good;
}

bool ranges_bake(struct ranges *ranges, struct entry *entry, size_t n)
{
	for (size_t i = 0; i < n; i++)
		entry[i].record = entry[i].tag + 1;
	return cells_build(ranges, entry, n);
}

bool ranges_build(struct ranges *ranges, struct entry *entry, size_t n)
{
	struct record_head head = { .state = TABLE_CONSISTENT };
	size_t next[KINDS];

	for (size_t i = 0; i < n; i++)
		head.built[entry_kind(&entry[i])]++;
	for (int kind = 0; kind < KINDS; kind++)
		next[kind] = kind_index(&head, kind);
	for (size_t i = 0; i < n; i++) {
		int kind = entry_kind(&entry[i]);

		entry[i].record = (uint32_t)next[kind] + !!(kind & KIND_TIMED);
		next[kind] += kind_records(kind);
	}
	if (!cells_build(ranges, entry, n))
		return false;
	head.cells = (uint32_t)ranges->cells;
	ranges->records = kind_index(&head, KINDS);
	ranges->record = calloc(ranges->records, sizeof(*ranges->record));
	if (!ranges->record) {
		ranges_free(ranges);
		return false;
	}
	ranges->cells_room = ranges->cells + (n ? SPARE_CELLS(ranges->cells) : 0);
	ranges->records_room = ranges->records + (n ? SPARE_ENTRIES(n) * kind_records(ADDED) : 0);
	memcpy(ranges->record, &head, sizeof(head));
	for (size_t i = 0; i < n; i++)
		entry_write(ranges->record + entry[i].record - !!entry[i].until, entry_kind(&entry[i]), &entry[i]);
	return true;
}

void ranges_free(struct ranges *ranges)
{
	free(ranges->cell);
	free(ranges->record);
	memset(ranges, 0, sizeof(*ranges));
}

bool head_read(struct record_head *head, const struct record *record, size_t n)
{
	memset(head, 0, sizeof(*head));
	if (n < RECORDS_HEAD)
		return true;
	memcpy(head, record, sizeof(*head));
	__atomic_thread_fence(__ATOMIC_ACQUIRE);	/* see commit_changes() */
	/* each by itself, so that the sum cannot overflow */
	for (int kind = 0; kind <= KINDS; kind++)
		if (kind_entries(head, kind) > n)
			return false;
	return (head->state == TABLE_CONSISTENT || head->state == TABLE_CHANGING) &&
	       entry_index(head, KINDS, head->added) <= n;
}

long ranges_entries(const struct record *record, size_t n, struct entry **entries)
{
	struct record_head head;
	struct entry *entry;
	size_t total = 0;

	*entries = NULL;
	if (!head_read(&head, record, n))
		return -1;
	for (int kind = 0; kind <= KINDS; kind++)
		total += kind_entries(&head, kind);
	entry = *entries = malloc((total + 1) * sizeof(*entry));
	if (!entry)
		return -1;
	for (int kind = 0; kind <= KINDS; kind++)
		for (size_t i = 0; i < kind_entries(&head, kind); i++)
			entry += entry_read(record, &head, kind, i, entry);
	total = entry - *entries;
	qsort(*entries, total, sizeof(**entries), entry_compare);
	return entries_valid(*entries, total) ? (long)total : -1;
}

long ranges_count(const struct record *record, size_t n, uint64_t now)
{
	struct record_head head;
	struct entry entry;
	long count;

	if (!head_read(&head, record, n))
		return -1;
	count = (long)head_entries(&head);
	for (int kind = KIND_TIMED; kind <= KINDS; kind++)
		for (size_t i = 0; i < kind_entries(&head, kind); i++)
			if (entry_read(record, &head, kind, i, &entry) && entry.until)
				count -= entry.until <= now;
	return count;
}

bool ranges_carry(const struct record *record, size_t n, uint64_t now, struct entry *entry, size_t entries)
{
	struct record_head head;

	if (!head_read(&head, record, n))
		return false;
	for (int kind = 0; kind <= KINDS; kind++) {
		for (size_t i = 0; i < kind_entries(&head, kind); i++) {
			struct entry old, *same;

			/* of many entries few have hits */
			if (!entry_read(record, &head, kind, i, &old) || !old.hits || (old.until && old.until <= now))
				continue;
			same = bsearch(&old, entry, entries, sizeof(*entry), entry_compare);
			if (same)
				same->hits = old.hits;
		}
	}
	return true;
}

void ranges_used(const struct record *record, size_t n, size_t *cells, size_t *records)
{
	struct record_head head;

	*cells = 2;		/* the first steps */
	*records = 0;
	if (n < RECORDS_HEAD)
		return;
	memcpy(&head, record, sizeof(head));
	*cells = head.cells;
	*records = entry_index(&head, KINDS, head.added);
}
