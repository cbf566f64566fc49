// SPDX-License-Identifier: GPL-2.0-only
/*
 * police and pace: tcact-police(8), tcact-pace(8). How much a packet pays is not predicted: the rate is so high that all packets conform, or
 * so low that none does, with the buckets that fill_buckets() sets. Vectors and tests/unit/buckets have the rest.
 */
#include "fuzz.h"

enum { PER_MARK = 3, PER_NONE };
enum { OVER_DROP, OVER_CE, OVER_HIT };
enum { SHOT = 2 };
#define LOW 8ULL
#define HIGH 1000000000000ULL

static struct { uint64_t rate, ce_rate; int per, over; } police;

/* What both have in common. */
static void keys_choose(struct action *a, struct rng *rng)
{
	struct param *buckets = param_named(a, "buckets");

	/* what costs more would use up the burst of the high rate */
	if (param_named(a, "overhead")->value > 100)
		set_number(param_named(a, "overhead"), 100);
	if (param_named(a, "mpu")->value > 200)
		set_number(param_named(a, "mpu"), 200);
	if (buckets->value > 4096)
		set_number(buckets, 8 + below(rng, 1000));
	if (value_of(a, "", "per") > 1) {
		param_unset(param_named(a, "prefix4"));
		param_unset(param_named(a, "prefix6"));
	}
	/* as tcact chooses one */
	set_number(param_named(a, "seed"), rng_next(rng) | 1);
}

static void police_choose(struct object *o, struct rng *rng)
{
	struct action *a = o->action;
	struct param *burst = param_named(a, "burst");

	keys_choose(a, rng);
	param_unset(burst);
	if (chance(rng, 10))
		return;
	if (chance(rng, 50)) {
		set_rate(param_named(a, "rate"), LOW);
		set_number(burst, 1 << 20);
	} else {
		set_rate(param_named(a, "rate"), HIGH);
		if (chance(rng, 50)) {
			set_rate(param_named(a, "ce-rate"), chance(rng, 70) ? LOW : 500000000000);
			if (param_named(a, "ce-rate")->value == LOW)
				set_number(burst, 1 << 20);
		}
	}
}

static void police_prepare(struct object *o)
{
	police.rate = value_of(o->action, "", "rate");
	police.ce_rate = value_of(o->action, "", "ce-rate");
	police.per = value_of(o->action, "", "per");
	police.over = value_of(o->action, "", "over");
}

/* Marks it, if that is possible. */
static bool marked(struct run *r)
{
	uint8_t ecn;

	if (r->p.why)
		return false;
	ecn = class_get(r) & 3;
	if (ecn == 1 || ecn == 2)
		r->counted++;
	ecn_part(r, &(struct ecn){ .set = 3, .only = 4 });
	return ecn;
}

static void police_expect(struct run *r)
{
	r->want_verdict = r->other_verdict = police.over == OVER_HIT ? MISS : CONTROL;
	if (!police.rate)
		return;
	if (r->p.why && police.per < PER_MARK) {
		r->counted = 1;
		return;
	}
	/* no bucket is its own, and all are in use; at the high rate one may be, for a moment */
	if (police.rate == LOW || police.ce_rate == LOW)
		r->counted = police.per != PER_NONE;
	else
		r->uncountable = true;
	if (police.rate == LOW) {
		if (police.over == OVER_CE && marked(r))
			return;
		r->counted++;
		r->want_verdict = r->other_verdict = police.over == OVER_HIT ? CONTROL : SHOT;
	} else if (police.ce_rate == LOW) {
		marked(r);
	}
}

const struct oracle police_oracle = { "police", .choose = police_choose, .prepare = police_prepare,
				      .expect = police_expect };

/* At the low rate, all would wait longer than the longest horizon. */
static struct { uint64_t rate; int per, over; } pace;

static void pace_choose(struct object *o, struct rng *rng)
{
	struct action *a = o->action;

	keys_choose(a, rng);
	if (chance(rng, 10))
		return;
	set_rate(param_named(a, "rate"), chance(rng, 50) ? LOW : HIGH);
	if (param_named(a, "rate")->value == HIGH) {
		/* none waits so long */
		param_unset(param_named(a, "horizon"));
		param_unset(param_named(a, "ce-above"));
	}
}

static void pace_prepare(struct object *o)
{
	pace.rate = value_of(o->action, "", "rate");
	pace.per = value_of(o->action, "", "per");
	pace.over = value_of(o->action, "", "over");
}

static void pace_expect(struct run *r)
{
	r->want_verdict = r->other_verdict = pace.over == OVER_HIT ? MISS : CONTROL;
	if (!pace.rate)
		return;
	if (r->p.why && pace.per < PER_MARK) {
		r->counted = 1;
		return;
	}
	if (pace.rate == HIGH) {
		r->uncountable = true;
		r->any_tstamp = ~0ULL;
		return;
	}
	/* beyond the horizon, and but for `per none` in the bucket of another key */
	r->counted = 1 + (pace.per != PER_NONE);
	r->want_verdict = r->other_verdict = pace.over == OVER_HIT ? CONTROL : SHOT;
}

const struct oracle pace_oracle = { "pace", .choose = pace_choose, .prepare = pace_prepare, .expect = pace_expect };
