// SPDX-License-Identifier: GPL-2.0-only
/*
 * account: tcact-account(8). It changes nothing, and counts by reason what has no key. Which buckets count is
 * in vectors and tests/functional; here many keys share few buckets, so that evictions cannot be predicted.
 */
#include "fuzz.h"

enum { PER_DSCP = 3, PER_PROTO, PER_SPORT, PER_DPORT, PER_MARK };

static int per;

static void account_choose(struct object *o, struct rng *rng)
{
	struct action *a = o->action;
	struct param *buckets = param_named(a, "buckets");

	if (buckets->value > 4096)
		set_number(buckets, 16 + below(rng, 1000));
	if (value_of(a, "", "per") >= PER_DSCP) {
		param_unset(param_named(a, "prefix4"));
		param_unset(param_named(a, "prefix6"));
	}
	set_number(param_named(a, "seed"), rng_next(rng) | 1);
}

static void account_prepare(struct object *o)
{
	per = value_of(o->action, "", "per");
}

/* Why it has no key. */
static enum why no_key(struct packet *p)
{
	bool ports;

	if (per >= PER_MARK)
		return FINE;
	if (p->why || per <= PER_DSCP)
		return p->why;
	find_transport(p);
	ports = p->protocol == 6 || p->protocol == 17 || p->protocol == 33 || p->protocol == 132 || p->protocol == 136;
	if (p->why4 || per == PER_PROTO || !ports)
		return p->why4;
	return p->l4 + 4 > p->end ? TRUNCATED : FINE;
}

static void account_expect(struct run *r)
{
	r->want_verdict = r->other_verdict = CONTROL;
	if (no_key(&r->p))
		r->counted = 1;
	else
		r->uncountable = true;
}

const struct oracle account_oracle = { "account", .choose = account_choose, .prepare = account_prepare,
				       .expect = account_expect };
