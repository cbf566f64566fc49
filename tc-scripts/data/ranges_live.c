// SPDX-License-Identifier: GPL-2.0-only
/*
 * Changes single entries of a range trie while programs use it. The part of the trie for the addresses
 * of an entry is built again, in cells to which no step leads yet. Then the steps to this part are
 * replaced, each by one store. Nothing else that a program can reach is written. So cells and records
 * that are no longer used are not used again until the whole table is built again.
 */
#include <limits.h>
#include <stdlib.h>

#include "more.h"
#include "ranges_build.h"

/* A store to memory that programs read; commit_changes() does it at the end. */
struct store {
	void *at;
	uint64_t value;
	bool half;		/* 4 bytes, not 8 */
};

struct live {
	struct ranges *ranges;
	struct record_head head;	/* a copy; the one in the records changes at the end */

	struct entry *added;		/* entries that this change adds, in the order of their records */
	size_t adds;
	uint32_t *removed;			/* the record numbers of the entries that it removes */
	size_t removals;

	struct store *store;
	size_t stores;
};

/* ---- the current entries --------------------------------------------------------------------- */

/* Reads entry @i of @kind, or (KINDS) of those that were added before; false if it was removed. */
static bool entry_at(const struct live *live, int kind, size_t i, struct entry *entry)
{
	if (!entry_read(live->ranges->record, &live->head, kind, i, entry))
		return false;
	for (size_t k = 0; k < live->removals; k++)
		if (live->removed[k] == entry->record)
			return false;
	return true;
}

/* The index of the first entry of @kind, except added ones, that is not before @prefix in the order. */
static size_t built_lower_bound(const struct live *live, int kind, const struct prefix *prefix)
{
	const struct entry key = { .prefix = *prefix };
	size_t low = 0, high = live->head.built[kind];

	while (low < high) {
		size_t middle = (low + high) / 2;
		struct entry entry;

		entry_at(live, kind, middle, &entry);
		if (entry_compare(&entry, &key) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static bool covers(const struct prefix *prefix, const struct prefix *other)
{
	return prefix->family == other->family && prefix->length <= other->length &&
	       !((prefix->address ^ other->address) & prefix_mask(prefix->length));
}

struct entries {
	struct entry *entry;
	size_t n;
};

static bool entries_add(struct entries *entries, const struct entry *entry)
{
	struct entry *added = one_more(entries->entry, entries->n);

	if (added)
		*added = *entry;
	return added;
}

/* Collects the entries that cover @region or are in it, sorted. */
static bool entries_overlapping(const struct live *live, const struct prefix *region, struct entries *entries)
{
	struct entry entry;

	entries->n = 0;
	for (int kind = region->family == 6; kind < KINDS; kind += KIND_TIMED) {
		for (int length = 0; length < region->length; length++) {
			const struct prefix shorter = { region->address & prefix_mask(length), region->family,
							(uint8_t)length };
			size_t i = built_lower_bound(live, kind, &shorter);

			if (i < live->head.built[kind] && entry_at(live, kind, i, &entry) &&
			    entry.prefix.length == length && entry.prefix.address == shorter.address &&
			    !entries_add(entries, &entry))
				return false;
		}
		for (size_t i = built_lower_bound(live, kind, region); i < live->head.built[kind]; i++) {
			bool there = entry_at(live, kind, i, &entry);

			if (!covers(region, &entry.prefix))
				break;
			if (there && !entries_add(entries, &entry))
				return false;
		}
	}
	for (size_t i = 0; i < live->head.added + live->adds; i++) {
		if (i >= live->head.added)
			entry = live->added[i - live->head.added];
		else if (!entry_at(live, KINDS, i, &entry))
			continue;
		if ((covers(&entry.prefix, region) || covers(region, &entry.prefix)) && !entries_add(entries, &entry))
			return false;
	}
	if (entries->n)
		qsort(entries->entry, entries->n, sizeof(*entries->entry), entry_compare);
	return true;
}

static uint32_t added_record(const struct live *live, size_t i)
{
	return (uint32_t)entry_index(&live->head, KINDS, live->head.added + i) + 1;	/* after the record of its timeout */
}

/* Removes the entry of @prefix; false if there is none, or only one whose timeout is over at @now. */
static bool entry_remove(struct live *live, const struct prefix *prefix, uint64_t now)
{
	const struct entry key = { .prefix = *prefix };
	struct entry entry;

	for (size_t i = live->head.added; i-- > 0; )
		if (entry_at(live, KINDS, i, &entry) && !entry_compare(&entry, &key))
			goto found;
	for (int kind = prefix->family == 6; kind < KINDS; kind += KIND_TIMED) {
		size_t i = built_lower_bound(live, kind, prefix);

		if (i < live->head.built[kind] && entry_at(live, kind, i, &entry) && !entry_compare(&entry, &key))
			goto found;
	}
	return false;
found:
	if (now && entry.until && entry.until <= now)
		return false;
	live->removed[live->removals++] = entry.record;
	return true;
}

/* ---- the new state --------------------------------------------------------------------------- */

static bool store_defer(struct live *live, void *at, uint64_t value, bool half)
{
	struct store *added = one_more(live->store, live->stores);

	if (added)
		*added = (struct store){ at, value, half };
	return added;
}

/* Stores, later, the covering entry of each entry with a timeout. */
static bool update_covering(struct live *live, const struct entries *entries)
{
	uint32_t first = added_record(live, 0);

	for (size_t i = 0; i < entries->n; i++) {
		const struct entry *entry = &entries->entry[i];
		char *at = (char *)&live->ranges->record[entry->record - 1];

		if (entry->record >= first) {
			live->added[(entry->record - first) / kind_records(ADDED)].covering = entry->covering;
			continue;
		}
		if (entry->until && !store_defer(live, at + offsetof(struct record_timeout, covering), entry->covering, true))
			return false;
	}
	return true;
}

/*
 * The cell of the step for the /64 with the upper half @half, in the run @step; 0: no range begins there. As
 * range_search(), but the cells may hold anything.
 */
static size_t cell_below(const struct ranges *ranges, uint64_t step, uint64_t half)
{
	size_t at = (uint32_t)step, jump = STEP_JUMP(step), next = (size_t)1 << STEP_LOG(step);

	for (; jump >= 2; jump = next) {
		if (at + jump >= ranges->cells)
			return 0;
		if (ranges->cell[at + jump] <= half)
			at += jump;
		next >>= 1;
	}
	return at + 1 < ranges->cells && ranges->cell[at] == half ? at + 1 : 0;
}

/* Builds the steps for all addresses of @prefix again. A step may also be for other addresses. */
static bool rebuild(struct live *live, const struct prefix *prefix, struct entries *entries, struct rangeset *set)
{
	struct ranges *ranges = live->ranges;
	enum part part = prefix->family == 6 ? PART_UPPER : PART_IPV4;
	struct prefix region = *prefix;
	struct trie_position position = { 0 };
	size_t at = prefix->family == 6, slots = 1, base;
	struct range *more;

	/* follow tables from the first step to the step for @prefix, or to the steps for its parts */
	while (slots == 1) {
		uint64_t step = ranges->cell[at];
		size_t below;
		int shift, used;

		if (part == PART_UPPER && step & STEP_RUN && prefix->length > 64) {
			below = cell_below(ranges, step, (uint64_t)(prefix->address >> 64));
			if (!below || !(ranges->cell[below] & STEP_TABLE))
				break;
			step = ranges->cell[below];
			part = PART_LOWER;
			position = (struct trie_position){ .used = part_begin(part) };
		}
		if (!(step & STEP_TABLE))
			break;
		shift = STEP_SHIFT(step);
		used = part_begin(part) + 64 - shift;
		if (used <= position.used || used > part_end(part))
			return false;
		at = (uint32_t)((uint32_t)step + part_index(part, prefix->address, shift));
		position.used = used;
		position.depth++;
		if (prefix->length < position.used)
			slots = (size_t)1 << (position.used - prefix->length);
		if (at + slots > ranges->cells)
			return false;
	}
	if (prefix->length > position.used) {
		region.length = (uint8_t)position.used;
		region.address &= prefix_mask(position.used);
	}
	position.from = region.address;

	if (!entries_overlapping(live, &region, entries) || !entries_valid(entries->entry, entries->n))
		return false;
	more = realloc(set->range, (2 * entries->n + 1) * sizeof(*more));
	if (!more)
		return false;
	set->range = more;
	ranges_of(set, entries->entry, entries->n);
	base = cells_add(ranges, slots);
	if (base == SIZE_MAX || !update_covering(live, entries) ||
	    steps_build(ranges, part, set->range, set->n, &position, INT_MAX, base, slots) < 0)
		return false;
	for (size_t i = 0; i < slots; i++)
		if (!store_defer(live, &ranges->cell[at + i], ranges->cell[base + i], false))
			return false;
	return true;
}

/*
 * Writes the records first: if the process is killed here, the next change builds the table again from
 * the records. Then writes what programs see.
 */
static void commit_changes(struct live *live)
{
	struct record *record = live->ranges->record;
	struct record_head *head = (void *)record;

	__atomic_store_n(&head->state, TABLE_CHANGING, __ATOMIC_SEQ_CST);
	for (size_t i = 0; i < live->adds; i++)
		entry_write(record + added_record(live, i) - 1, ADDED, &live->added[i]);
	for (size_t i = 0; i < live->removals; i++)
		__atomic_fetch_or(&record[live->removed[i]].hits, RECORD_REMOVED, __ATOMIC_RELAXED);
	/* who reads it meanwhile finds no prefix twice */
	__atomic_store_n(&head->added, head->added + (uint32_t)live->adds, __ATOMIC_RELEASE);
	head->removed += (uint32_t)live->removals;
	head->cells = (uint32_t)live->ranges->cells;
	for (size_t i = 0; i < live->stores; i++) {
		const struct store *store = &live->store[i];

		if (store->half)
			__atomic_store_n((uint32_t *)store->at, (uint32_t)store->value, __ATOMIC_RELEASE);
		else
			__atomic_store_n((uint64_t *)store->at, store->value, __ATOMIC_RELEASE);
	}
	__atomic_store_n(&head->state, TABLE_CONSISTENT, __ATOMIC_SEQ_CST);
}

#define CHANGES_MAX 256	/* for more, it is faster to build a new table */

enum outcome ranges_change(struct ranges *ranges, const struct entry *entry, size_t n, bool removal, uint64_t now,
			  size_t *absent)
{
	struct live live = { .ranges = ranges };
	struct entries entries = { 0 };
	struct rangeset set = { 0 };
	enum outcome result = CHANGE_NO_ROOM;

	/* a program must see the 8 bytes of a step change at once */
	if (sizeof(long) < 8 || n > CHANGES_MAX || !head_read(&live.head, ranges->record, ranges->records_room))
		return CHANGE_NO_ROOM;
	ranges->cells = live.head.cells;
	ranges->fixed = true;
	/* that of an empty table, as built, is 0 */
	if (live.head.state != TABLE_CONSISTENT ||
	    ranges->cells < 2 || ranges->cells > ranges->cells_room ||
	    head_entries(&live.head) + n > ENTRIES_MAX)
		return CHANGE_NO_ROOM;
	live.added = calloc(n, sizeof(*live.added));
	live.removed = calloc(n, sizeof(*live.removed));
	if (!live.added || !live.removed)
		goto out;
	for (size_t i = 0; i < n; i++) {
		if (!entry_remove(&live, &entry[i].prefix, removal ? now : 0) && removal) {
			*absent = i;
			result = CHANGE_ABSENT;
			goto out;
		}
		if (removal)
			continue;
		live.added[live.adds] = entry[i];
		live.added[live.adds].record = added_record(&live, live.adds);
		live.adds++;
	}
	if (entry_index(&live.head, KINDS, live.head.added + live.adds) > ranges->records_room)
		goto out;
	for (size_t i = 0; i < n; i++)
		if (!rebuild(&live, &entry[i].prefix, &entries, &set))
			goto out;
	commit_changes(&live);
	result = CHANGED;
out:
	free(entries.entry);
	free(set.range);
	free(live.store);
	free(live.added);
	free(live.removed);
	return result;
}
