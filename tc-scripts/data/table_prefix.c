// SPDX-License-Identifier: GPL-2.0-only
/* Tables of prefixes: PREFIX [tag N | value N] [nomatch] [timeout T], in a range trie. table_plan.c has those of plans. */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "table_prefix.h"
#include "value.h"

/* ---- text ------------------------------------------------------------------------------------ */

/* "90", in seconds, or "1h30m"; at most 10 years. nft has also "688ms": that is rounded up. */
static bool duration_read(const char *text, uint64_t *seconds)
{
	const uint64_t most = 10ULL * 365 * 86400;

	*seconds = 0;
	do {
		static const char units[] = "smhdw";
		static const uint64_t length[] = { 1, 60, 3600, 86400, 7 * 86400 };
		const char *unit;
		uint64_t n = 0;

		if (!isdigit((unsigned char)*text))
			return false;
		for (; isdigit((unsigned char)*text); text++)
			if ((n = n * 10 + (*text - '0')) > most)
				return false;
		if (text[0] == 'm' && text[1] == 's') {
			*seconds += (n + 999) / 1000;
			text += 2;
			continue;
		}
		unit = *text ? strchr(units, *text) : units;
		if (!unit)
			return false;
		*seconds += n * length[unit - units];
		if (*text)
			text++;
	} while (*text && *seconds <= most);
	return *seconds && *seconds <= most;
}

/* The number of the plan that the words say; 0 for an exception, and where only the key counts. */
static int plan_read(struct table *table, struct entry *entry, const struct plan_text *text, bool key_only,
		     struct fault *fault)
{
	struct plan plan;

	if (entry->exception && (text->rate || text->burst || text->tag))
		return fault_set(fault, "unknown word", "nomatch has no plan: leave rate, burst and tag out");
	if (entry->exception || key_only)
		return 0;
	if (plan_parse(&plan, text, table->bursts, fault))
		return -1;
	entry->tag = plans_add(&table->plans, &plan);
	return entry->tag ? 0 : -1;
}

/* What stands behind the prefix. */
static int attributes_read(struct table *table, struct entry *entry, char **words, int n,
			   bool key_only, struct fault *fault)
{
	struct plan_text plan = {};
	bool tagged = false;
	uint64_t seconds;
	const char **of;

	for (int i = 0; i < n; i++) {
		bool named = !table->planned && !strcmp(words[i], table->value);

		if (!strcmp(words[i], "nomatch")) {
			entry->exception = true;
			continue;
		}
		of = table->planned ? plan_word(&plan, words[i]) : NULL;
		if (!named && !of && strcmp(words[i], "timeout") && (table->planned || strcmp(words[i], "hits")))
			return fault_set(fault, "unknown word", "%s: behind a prefix there can be %s, nomatch or timeout T",
					 Q(words[i]), !table->planned ? table->handle ? "value N" : "tag N"
						      : table->bursts ? "rate R, burst B, tag N" : "rate R, tag N");
		if (i + 1 == n)
			return fault_set(fault, "a value is missing", "%s: its value is missing", words[i]);
		i++;
		if (of) {
			if (*of)
				return fault_set(fault, "given twice", "%s is given twice", words[i - 1]);
			*of = words[i];
		} else if (named) {
			if (tagged)
				return fault_set(fault, "given twice", "%s is given twice", table->value);
			if (!tag_read(words[i], table->handle, &entry->tag))
				return fault_set(fault, "not a number", "%s %s: must be 0..4294967295%s",
						 table->value, Q(words[i]),
						 table->handle ? ", or MAJOR:MINOR in hex" : "");
			tagged = true;
		} else if (!strcmp(words[i - 1], "timeout")) {
			if (entry->until)
				return fault_set(fault, "given twice", "timeout is given twice");
			if (!duration_read(words[i], &seconds))
				return fault_set(fault, "not a time", "timeout %s: must be seconds or like 1h30m, at most 3650d",
						 Q(words[i]));
			entry->until = clock_ns(CLOCK_BOOTTIME) + seconds * 1000000000ULL;
		} else if (!decimal_read(words[i], 0, HITS_MAX, &entry->hits)) {
			return fault_set(fault, "not a number", "hits %s: must be 0..%llu", Q(words[i]), HITS_MAX);
		}
	}
	if (table->handle && !tagged && !entry->exception && !key_only)
		return fault_set(fault, "no value", "its value is missing: write PREFIX %s 1:10, or a number", table->value);
	return table->planned ? plan_read(table, entry, &plan, key_only, fault) : 0;
}

static bool entry_add(struct table *table, const struct entry *like, struct prefix prefix)
{
	struct entry *entry = table_add(table);

	if (!entry)
		return false;
	*entry = *like;
	entry->prefix = prefix;
	entry->line = table->line;
	return true;
}

/* The prefixes that are together from @first to @last: the largest that fits, and on behind it. */
static bool range_add_prefixes(struct table *table, const struct entry *like, int family, address_t first,
		      address_t last)
{
	int longest = prefix_longest(family);
	address_t ones = ~prefix_mask(longest);

	last |= ones;
	for (;;) {
		int length = longest;

		while (length && !(first & ~prefix_mask(length - 1) & ~ones) &&
		       (first | ~prefix_mask(length - 1)) <= last)
			length--;
		if (!entry_add(table, like, (struct prefix){ first, (uint8_t)family, (uint8_t)length }))
			return false;
		first |= ~prefix_mask(length);
		if (first >= last)
			return true;
		first++;
	}
}

/* ADDRESS-ADDRESS or ADDRESS+COUNT */
static int range_read(struct table *table, const struct entry *like, char *text, char *sign, struct fault *fault)
{
	struct prefix first, last;
	char shown[QUOTED];
	uint64_t count;

	quoted(shown, text);
	if (*sign == '-') {
		*sign = '\0';
		if (prefix_read(text, &first) || prefix_read(sign + 1, &last) || first.family != last.family ||
		    strchr(text, '/') || strchr(sign + 1, '/'))
			return fault_set(fault, "not a range", "%s is not a range of addresses", shown);
	} else {
		*sign = '\0';
		if (prefix_read(text, &first) || first.family != 4 || !decimal_read(sign + 1, 1, 1ULL << 32, &count))
			return fault_set(fault, "not a range", "%s is not a number of addresses", shown);
		last = first;
		last.address += (address_t)(count - 1) << 96;
	}
	if (last.address < first.address)
		return fault_set(fault, "not a range", "%s ends before it begins", shown);
	return range_add_prefixes(table, like, first.family, first.address, last.address) ? 0 : table_full(table, fault);
}

int prefix_parse(struct table *table, char **words, int n, bool key_only, struct fault *fault)
{
	char *sign = words[0] + strcspn(words[0], "-+"), spelled[PREFIX_SIZE];
	struct entry entry = {};
	struct prefix prefix;

	if (key_only && n > 1)
		return fault_set(fault, "unknown word", "%s is one word too many", Q(words[1]));
	if (attributes_read(table, &entry, words + 1, n - 1, key_only, fault))
		return -1;
	if (*sign)
		return range_read(table, &entry, words[0], sign, fault);
	switch (prefix_read(strcmp(words[0], "0/0") ? words[0] : "0.0.0.0/0", &prefix)) {
	case PREFIX_GOOD:
		return entry_add(table, &entry, prefix) ? 0 : table_full(table, fault);
	case PREFIX_HOST_BITS:
		return fault_set(fault, "bits behind the length", "%s has bits behind its length: write %s",
				 Q(words[0]), prefix_text(spelled, &prefix));
	case PREFIX_TOO_LONG:
		return fault_set(fault, "bad length", "%s: the length must be 0..%d", Q(words[0]),
				 prefix_longest(prefix.family));
	default:
		return fault_set(fault, "not a prefix", "%s is not a prefix like 192.0.2.0/24 or 2001:db8::/48",
				 Q(words[0]));
	}
}

/* What is left of the timeout, in seconds. */
static unsigned long long seconds_left(const struct entry *entry)
{
	uint64_t now = clock_ns(CLOCK_BOOTTIME);

	return entry->until > now ? (entry->until - now + 999999999) / 1000000000 : 0;
}

const char *prefix_key(const void *entry, char text[KEY_SIZE])
{
	_Static_assert(PREFIX_SIZE <= KEY_SIZE, "it fits");
	return prefix_text(text, &((const struct entry *)entry)->prefix);
}

void prefix_print(const struct table *table, const void *entry, FILE *out)
{
	const struct entry *one = entry;
	char text[PREFIX_SIZE];

	fputs(prefix_text(text, &one->prefix), out);
	if (table->planned && one->tag)
		plan_print(&table->plans.plan[one->tag], out);
	else if (table->handle && one->tag > 0xffff)
		fprintf(out, " %s %x:%x", table->value, one->tag >> 16, one->tag & 0xffff);
	else if (!table->planned && (!table->handle || !one->exception))
		fprintf(out, " %s %u", table->value, one->tag);
	if (one->exception)
		fputs(" nomatch", out);
	if (one->until)
		fprintf(out, " timeout %llus", seconds_left(one));
	if (!table->planned)
		fprintf(out, " hits %llu", (unsigned long long)one->hits);
}

void prefix_json(const struct table *table, const void *entry, FILE *out)
{
	const struct entry *one = entry;
	const struct plan none = {};
	char text[PREFIX_SIZE];

	fprintf(out, "{\"prefix\":\"%s\"", prefix_text(text, &one->prefix));
	if (table->planned)
		plan_json(one->tag ? &table->plans.plan[one->tag] : &none, table->bursts, out);
	else
		fprintf(out, ",\"%s\":%u", table->value, one->tag);
	fprintf(out, ",\"nomatch\":%s,\"timeout\":", one->exception ? "true" : "false");
	if (one->until)
		fprintf(out, "%llu", seconds_left(one));
	else
		fputs("null", out);
	if (!table->planned)
		fprintf(out, ",\"hits\":%llu", (unsigned long long)one->hits);
	fputc('}', out);
}

uint32_t prefix_line(const void *entry)
{
	return ((const struct entry *)entry)->line;
}

static size_t prefix_identity(const struct table *table, const void *entry, unsigned char bytes[IDENTITY_MAX])
{
	const struct entry *one = entry;

	(void)table;
	_Static_assert(sizeof(one->prefix.address) + sizeof(one->tag) + 4 <= IDENTITY_MAX, "they fit");
	memcpy(bytes, &one->prefix.address, sizeof(one->prefix.address));
	bytes += sizeof(one->prefix.address);
	memcpy(bytes, &one->tag, sizeof(one->tag));
	bytes += sizeof(one->tag);
	bytes[0] = one->prefix.family;
	bytes[1] = one->prefix.length;
	bytes[2] = one->exception;
	bytes[3] = one->until != 0;
	return sizeof(one->prefix.address) + sizeof(one->tag) + 4;
}

/* ---- maps ------------------------------------------------------------------------------------ */

static int prefix_build(const struct table *table, struct content *content)
{
	struct ranges ranges;

	if (!ranges_build(&ranges, table->entry, table->n))
		return -1;
	content[0] = (struct content){ .values = ranges.cell, .n = ranges.cells, .size = sizeof(*ranges.cell),
				       .room = ranges.cells_room };
	content[1] = (struct content){ .values = ranges.record, .n = ranges.records, .size = sizeof(*ranges.record),
				       .room = ranges.records_room };
	return 0;
}

static enum outcome prefix_change(const struct table *table, bool removal, const struct content *maps, size_t *absent)
{
	struct ranges ranges = {
		.cell = maps[0].values, .cells_room = maps[0].n,
		.record = maps[1].values, .records_room = maps[1].n,
	};

	return ranges_change(&ranges, table->entry, table->n, removal, clock_ns(CLOCK_BOOTTIME), absent);
}

/* What is out of time is no entry. */
static int prefix_entries(struct table *table, const struct content *content)
{
	struct entry *entries;
	long n = ranges_entries(content[1].values, content[1].n, &entries), kept = 0;
	uint64_t now = clock_ns(CLOCK_BOOTTIME);

	for (long i = 0; i < n; i++)
		if (!entries[i].until || entries[i].until > now)
			entries[kept++] = entries[i];
	table->entry = entries;
	table->n = table->room = n < 0 ? 0 : kept;
	return n < 0 ? -1 : 0;
}

/* Counts go on. */
static bool prefix_carry(struct table *table, const struct content *before)
{
	return ranges_carry(before[1].values, before[1].n, clock_ns(CLOCK_BOOTTIME), table->entry, table->n);
}

long prefix_count(const struct content *content)
{
	return ranges_count(content[1].values, content[1].n, clock_ns(CLOCK_BOOTTIME));
}

static size_t prefix_facts(const struct table *table, const struct content *content, struct fact fact[FACTS_MAX])
{
	uint64_t ipv6 = 0, exceptions = 0, timed = 0, hits = 0;
	const struct entry *entry = table->entry;
	size_t cells, records, n = 0;

	for (size_t i = 0; i < table->n; i++) {
		ipv6 += entry[i].prefix.family == 6;
		exceptions += entry[i].exception;
		timed += entry[i].until != 0;
		hits += entry[i].hits;
	}
	ranges_used(content[1].values, content[1].n, &cells, &records);
	fact[n++] = (struct fact){ "ipv4", table->n - ipv6 };
	fact[n++] = (struct fact){ "ipv6", ipv6 };
	fact[n++] = (struct fact){ "nomatch", exceptions };
	fact[n++] = (struct fact){ "timeout", timed };
	if (!table->planned)
		fact[n++] = (struct fact){ "hits", hits };
	fact[n++] = (struct fact){ "cells", cells };
	fact[n++] = (struct fact){ "cells_room", content[0].n };
	fact[n++] = (struct fact){ "records", records };
	fact[n++] = (struct fact){ "records_room", content[1].n };
	return n;
}

static int prefix_bake(const struct table *table, struct baked *baked, struct error *e)
{
	struct entry *entry = table->entry;
	struct ranges ranges;
	char text[PREFIX_SIZE];

	for (size_t i = 0; i < table->n; i++) {
		if (entry[i].until)
			return error(e, USAGE, "leave that out, or use tcact add", "%s has a timeout, and a table in an "
				     "object does not change", prefix_text(text, &entry[i].prefix));
		if (entry[i].tag == UINT32_MAX && !entry[i].exception)
			return error(e, USAGE, "choose another one", "%s has a %s of %u, which a table in an object cannot have",
				     prefix_text(text, &entry[i].prefix), table->value, UINT32_MAX);
	}
	if (!ranges_bake(&ranges, entry, table->n))
		return error_memory(e);
	*baked = (struct baked){ .cell = ranges.cell, .cells = ranges.cells };
	return 0;
}

const struct table_kind table_prefix = {
	.name = "prefix",
	.syntax = "PREFIX, and what belongs to it",
	.entry_size = sizeof(struct entry),
	.entries_max = ENTRIES_MAX,
	.parse = prefix_parse,
	.compare = entry_compare,
	.key = prefix_key,
	.print = prefix_print,
	.json = prefix_json,
	.line = prefix_line,
	.identity = prefix_identity,
	.carry = prefix_carry,
	.maps = { "prefix_cells", "prefix_records" },
	.sizes = { sizeof(uint64_t), sizeof(struct record) },
	.build = prefix_build,
	.entries = prefix_entries,
	.count = prefix_count,
	.facts = prefix_facts,
	.change = prefix_change,
	.bake = prefix_bake,
};
