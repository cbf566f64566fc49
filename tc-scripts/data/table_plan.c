// SPDX-License-Identifier: GPL-2.0-only
/* Tables of plans: PREFIX rate R [burst B] [tag N] [nomatch] [timeout T]. The prefixes are those of table_prefix.c. */
#include <stdlib.h>
#include <string.h>

#include "table.h"
#include "table_prefix.h"

/* The prefix, and its plan without the number, which is another one in another table. */
static size_t plan_identity(const struct table *table, const void *entry, unsigned char bytes[IDENTITY_MAX])
{
	const struct entry *one = entry;
	struct entry numberless = *one;
	size_t size;

	numberless.tag = 0;
	size = table_prefix.identity(table, &numberless, bytes);
	_Static_assert(IDENTITY_MAX >= 24 + sizeof(struct plan), "they fit");
	if (one->tag)
		memcpy(bytes + size, &table->plans.plan[one->tag], sizeof(struct plan));
	return size + (one->tag ? sizeof(struct plan) : 0);
}

/* The plans of @more's entries become plans of @table. */
static bool plan_adopt(struct table *table, const struct table *more)
{
	struct entry *entry = more->entry;

	for (size_t i = 0; i < more->n; i++)
		if (entry[i].tag && !(entry[i].tag = plans_add(&table->plans, &more->plans.plan[entry[i].tag])))
			return false;
	return true;
}

#define SPARE_PLANS(n) ((n) / 16 + 128)	/* for entries that are added later */

static int plan_build(const struct table *table, struct content *content)
{
	struct plan *values;
	size_t n;

	if (table_prefix.build(table, content))
		return -1;
	values = plans_values(&table->plans, &n);
	if (!values)
		return -1;
	content[2] = (struct content){ .values = values, .n = n, .size = sizeof(*values),
				       .room = n + (table->n ? SPARE_PLANS(n) : 0) };
	return 0;
}

static int plan_entries(struct table *table, const struct content *content)
{
	const struct plan *values = content[2].values;
	struct entry *entry;

	if (table_prefix.entries(table, content))
		return -1;
	entry = table->entry;
	/* a change in place may have left some that no entry has */
	for (size_t i = 0; i < table->n; i++)
		if (entry[i].tag && (entry[i].tag >= content[2].n ||
				     !(entry[i].tag = plans_add(&table->plans, &values[entry[i].tag]))))
			return -1;
	return 0;
}

static size_t plan_facts(const struct table *table, const struct content *content, struct fact fact[FACTS_MAX])
{
	size_t n = table_prefix.facts(table, content, fact);

	fact[n++] = (struct fact){ "plans", table->plans.n ? table->plans.n - 1 : 0 };
	fact[n++] = (struct fact){ "plans_room", content[2].n };
	return n;
}

/* Gives the entries the numbers that their plans have in @values, where new ones are added. False: there is no room. */
static bool plans_place(const struct plans *plans, struct entry *entry, size_t n, struct plan *values, size_t room)
{
	struct plans live;
	bool good = plans_read(&live, values, room);

	for (size_t i = 0; i < n && good; i++) {
		uint32_t number = entry[i].tag ? plans_add(&live, &plans->plan[entry[i].tag]) : 0;

		good = number < room && !number == !entry[i].tag;
		entry[i].tag = number;
	}
	/* no entry has the new ones yet */
	for (size_t i = good ? values[0].rate : live.n; i < live.n; i++)
		values[i] = live.plan[i];
	if (good && live.n)
		values[0].rate = live.n;
	plans_free(&live);
	return good;
}

static enum outcome plan_change(const struct table *table, bool removal, const struct content *maps, size_t *absent)
{
	struct table own = *table;
	enum outcome result = CHANGE_NO_ROOM;

	own.entry = malloc((table->n + 1) * sizeof(struct entry));
	if (!own.entry)
		return CHANGE_NO_ROOM;
	memcpy(own.entry, table->entry, table->n * sizeof(struct entry));
	if (removal || plans_place(&table->plans, own.entry, own.n, maps[2].values, maps[2].n))
		result = table_prefix.change(&own, removal, maps, absent);
	free(own.entry);
	return result;
}

static int plan_bake(const struct table *table, struct baked *baked, struct error *e)
{
	struct plan *values;
	size_t n;

	if (table_prefix.bake(table, baked, e))
		return -1;
	values = plans_values(&table->plans, &n);
	if (!values)
		return error_memory(e);
	baked->plan = values;
	baked->plans = n;
	return 0;
}

const struct table_kind table_plan = {
	.name = "plan",
	.syntax = "PREFIX rate R [burst B] [tag N]",
	.entry_size = sizeof(struct entry),
	.entries_max = ENTRIES_MAX,
	.parse = prefix_parse,
	.compare = entry_compare,
	.key = prefix_key,
	.print = prefix_print,
	.json = prefix_json,
	.line = prefix_line,
	.identity = plan_identity,
	.adopt = plan_adopt,
	.maps = { "prefix_cells", "prefix_records", "prefix_plans" },
	.sizes = { sizeof(uint64_t), sizeof(struct record), sizeof(struct plan) },
	.build = plan_build,
	.entries = plan_entries,
	.count = prefix_count,
	.facts = plan_facts,
	.change = plan_change,
	.bake = plan_bake,
};
