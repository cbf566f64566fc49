// SPDX-License-Identifier: GPL-2.0-only
#include <stdlib.h>
#include <string.h>

#include "plan.h"
#include "table.h"
#include "value.h"

/* ---- all plans of a table -------------------------------------------------------------------- */

void plans_free(struct plans *plans)
{
	free(plans->plan);
	free(plans->slot);
	memset(plans, 0, sizeof(*plans));
}

uint64_t hash_more(uint64_t hash, const void *bytes, size_t n)
{
	for (const unsigned char *at = bytes; n; at++, n--)
		hash = (hash ^ *at) * 0x100000001b3;
	return hash;
}

/* The slot of @plan, or the empty one where it belongs. */
static uint32_t *slot_of(const struct plans *plans, const struct plan *plan)
{
	uint64_t hash = hash_more(HASH_BEGIN, plan, sizeof(*plan));

	for (size_t at = hash ^ hash >> 32;; at++) {
		uint32_t *slot = &plans->slot[at & (plans->slots - 1)];

		if (!*slot || !memcmp(&plans->plan[*slot], plan, sizeof(*plan)))
			return slot;
	}
}

static bool plans_grow(struct plans *plans)
{
	size_t room = plans->room ? plans->room * 2 : 64;
	struct plan *more = realloc(plans->plan, room * sizeof(*more));
	uint32_t *slot = calloc(2 * room, sizeof(*slot));

	if (more)
		plans->plan = more;
	if (!more || !slot) {
		free(slot);
		return false;
	}
	free(plans->slot);
	plans->slot = slot;
	plans->slots = 2 * room;
	plans->room = room;
	for (size_t i = 1; i < plans->n; i++)
		*slot_of(plans, &plans->plan[i]) = (uint32_t)i;
	return true;
}

uint32_t plans_add(struct plans *plans, const struct plan *plan)
{
	uint32_t *slot;

	/* the program of another user can have any bytes as a plan */
	if (plan->shift > PLAN_SHIFT_MAX || (plans->n + 1 >= plans->room && !plans_grow(plans)))
		return 0;
	if (!plans->n)
		memset(&plans->plan[plans->n++], 0, sizeof(*plans->plan));
	slot = slot_of(plans, plan);
	if (!*slot) {
		*slot = (uint32_t)plans->n;
		plans->plan[plans->n++] = *plan;
	}
	return *slot;
}

bool plans_read(struct plans *plans, const struct plan *values, size_t n)
{
	/* once: it may change meanwhile */
	const uint64_t in_use = n ? __atomic_load_n(&values[0].rate, __ATOMIC_RELAXED) : 0;

	memset(plans, 0, sizeof(*plans));
	if (!n || in_use > n)
		return false;
	for (size_t i = 1; i < in_use; i++) {
		if (plans_add(plans, &values[i]) != i) {
			plans_free(plans);
			return false;
		}
	}
	return true;
}

struct plan *plans_values(const struct plans *plans, size_t *n)
{
	struct plan *values;

	*n = plans->n ?: 1;
	values = calloc(*n, sizeof(*values));
	if (!values)
		return NULL;
	if (plans->n)
		memcpy(values, plans->plan, plans->n * sizeof(*values));
	values[0].rate = *n;
	return values;
}

/* ---- text ------------------------------------------------------------------------------------ */

#define BURST_MAX 268435455

static struct parameter rate_parameter(void)
{
	return parameter_like("rate", sizeof(struct rate_bytes), 0, 0);	/* with which a plan begins, to the tag */
}

static struct parameter burst_parameter(void)
{
	return parameter_like("size", sizeof(uint64_t), 1, BURST_MAX);
}

const char **plan_word(struct plan_text *text, const char *word)
{
	if (!strcmp(word, "rate"))
		return &text->rate;
	if (!strcmp(word, "burst"))
		return &text->burst;
	return strcmp(word, "tag") ? NULL : &text->tag;
}

static uint64_t ticks_of(const struct plan *plan, uint64_t n)
{
	return n * plan->mult >> plan->shift;
}

static uint64_t automatic_burst(const struct plan *plan)
{
	uint64_t least = ticks_of(plan, plan->packets ? BURST_PACKETS : BURST_BYTES);

	return least > BURST_TICKS ? least : BURST_TICKS;
}

static int burst_parse(struct plan *plan, const char *text, struct fault *fault)
{
	const struct parameter p = burst_parameter();
	char why[EXPLANATION] = "must be a size like 64k, or packets like 100p";
	uint64_t size;

	if (p.kind->read(&p, text, (void *)&size, why))
		return fault_set(fault, "not a burst", "burst %s: %s", Q(text), why);
	if (!plan->mult)
		return fault_set(fault, "not a burst", "burst %s: there is none with rate none", Q(text));
	if (!(size & SIZE_PACKETS) != !plan->packets)
		return fault_set(fault, "not a burst", "burst %s: the rate is in %s, so it must be like %s", Q(text),
				 plan->packets ? "packets" : "bytes", plan->packets ? "100p" : "64k");
	plan->burst = ticks_of(plan, size & ~SIZE_PACKETS);
	plan->automatic = false;
	return 0;
}

int plan_parse(struct plan *plan, const struct plan_text *text, bool bursts, struct fault *fault)
{
	const struct parameter p = rate_parameter();
	char why[EXPLANATION] = "must be a rate like 10mbit, 5mbps or 1kpps, or none";

	memset(plan, 0, sizeof(*plan));
	if (!text->rate)
		return fault_set(fault, "no rate", "its rate is missing: write PREFIX rate 10mbit");
	if (p.kind->read(&p, text->rate, (void *)plan, why))
		return fault_set(fault, "not a rate", "rate %s: %s", Q(text->rate), why);
	if (text->burst && !bursts)
		return fault_set(fault, "unknown word", "burst: pace has none");
	if (bursts && plan->mult) {
		plan->automatic = true;
		plan->burst = automatic_burst(plan);
	}
	if (text->burst && burst_parse(plan, text->burst, fault))
		return -1;
	plan->tagged = text->tag != NULL;
	if (text->tag && !tag_read(text->tag, false, &plan->tag))
		return fault_set(fault, "not a number", "tag %s: must be 0..4294967295", Q(text->tag));
	return 0;
}

/* The least size that takes these ticks. Without a division of 128 bits, which machines of 32 bits have no function for. */
static uint64_t burst_size(const struct plan *plan)
{
	uint64_t less = 0;

	for (uint64_t bit = 1 << 27; bit; bit >>= 1)
		if (ticks_of(plan, less + bit) < plan->burst)
			less += bit;
	return less + 1;
}

void plan_print(const struct plan *plan, FILE *out)
{
	const struct parameter rate = rate_parameter(), size = burst_parameter();
	uint64_t burst = burst_size(plan) | (plan->packets ? SIZE_PACKETS : 0);
	struct plan without = *plan;

	without.tag = without.tagged = without.automatic = 0;	/* for "none", all bytes are 0 */
	fputs(" rate ", out);
	rate.kind->print(&rate, (const void *)&without, out);
	if (plan->burst && !plan->automatic) {
		fputs(" burst ", out);
		size.kind->print(&size, (const void *)&burst, out);
	}
	if (plan->tagged)
		fprintf(out, " tag %u", plan->tag);
}

void plan_json(const struct plan *plan, bool bursts, FILE *out)
{
	fputs(",\"rate\":", out);
	if (plan->mult)
		fprintf(out, "%llu,\"unit\":\"%s\"", (unsigned long long)plan->rate, plan->packets ? "pps" : "bit");
	else
		fputs("null,\"unit\":null", out);
	if (bursts && plan->burst && !plan->automatic)
		fprintf(out, ",\"burst\":%llu", (unsigned long long)burst_size(plan));
	else if (bursts)
		fputs(",\"burst\":null", out);
	if (plan->tagged)
		fprintf(out, ",\"tag\":%u", plan->tag);
	else
		fputs(",\"tag\":null", out);
}
