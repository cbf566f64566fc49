// SPDX-License-Identifier: GPL-2.0-only
/*
 * account: tcact-account(8). It changes nothing, and counts by reason what has no key. oracle_bucket.c judges what is
 * counted where, or many keys share few buckets, so that evictions cannot be predicted.
 */
#include "fuzz.h"

enum { PER_DST = 1, PER_PAIR, PER_DSCP, PER_PROTO, PER_SPORT, PER_DPORT, PER_MARK };

static uint8_t per;

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
	bucket_choose(o, rng);
	set_number(param_named(a, "seed"), rng_next(rng) | 1);
}

static void account_prepare(struct object *o)
{
	per = value_of(o->action, "", "per");
	bucket_prepare(o, 0, false);
}

/* Why it has no key. */
static enum why no_key(struct packet *p)
{
	if (per >= PER_MARK)
		return FINE;
	if (p->why || per <= PER_DSCP)
		return p->why;
	find_transport(p);
	if (p->why4 || per == PER_PROTO || !has_ports(p->protocol))
		return p->why4;
	return p->l4 + 4 > p->end ? TRUNCATED : FINE;
}

static void count_key(struct run *r)
{
	struct key *key = &paid.key;
	struct packet *p = &r->p;
	uint8_t *address;

	key_add(key, &per, 1);
	if (per <= PER_PAIR) {
		address = key_address(key, p, per == PER_DST, per == PER_PAIR ? 64 : 128);
		/* other has this number; it would be multicast, with flags and a scope that do not exist */
		if (p->version == 6 && !memcmp(address, "\xff\xff\xff\xff\xff\xff\xff\xff", 8))
			address[7]--;
		if (per == PER_PAIR)
			key_address(key, p, true, 64);
		/* likewise, from broadcast to broadcast */
		if (p->version == 4 && per == PER_PAIR && !memcmp(key->byte + 1, "\4\xff\xff\xff\xff\4\xff\xff\xff\xff", 10))
			key->byte[10]--;
	} else if (per == PER_DSCP) {
		key_add(key, &(uint8_t){ class_get(r) >> 2 }, 1);
	} else if (per == PER_MARK) {
		key_add(key, &r->ctx.mark, 4);
	} else if (per < PER_MARK) {
		key_add(key, &p->protocol, 1);
		if (per != PER_PROTO && has_ports(p->protocol))
			key_add(key, r->in + p->l4 + 2 * (per == PER_DPORT), 2);
	}
}

static void account_expect(struct run *r)
{
	paid = (struct paid){ .cost = r->ctx.gso_size ? r->ctx.gso_segs : 1 };
	r->want_verdict = r->other_verdict = CONTROL;
	if (no_key(&r->p))
		r->counted = 1;
	else
		count_key(r);
	r->uncountable = !r->counted && !r->object->empty;
}

const struct oracle account_oracle = { "account", .choose = account_choose, .prepare = account_prepare,
				       .expect = account_expect };
