// SPDX-License-Identifier: GPL-2.0-only
/*
 * police, pace, newconn and quota: tcact-police(8) and so on. The rate is so high that all packets conform, or so low
 * that none does, with the buckets that fill_buckets() sets, or that one does, with an empty one: oracle_bucket.c judges
 * what that pays. Vectors and tests/unit/buckets have the rest.
 */
#include "fuzz.h"

enum { PER_MARK = 3, PER_NONE };
enum { OVER_DROP, OVER_CE, OVER_HIT };
enum { SHOT = 2 };
#define LOW 8ULL
#define HIGH 1000000000000ULL

/* of the object that is tried */
static struct { uint64_t rate, ce_rate; int per, over; bool table, packets; } limit;

static void at_most(struct param *p, uint64_t most)
{
	if (p && p->value > most)
		set_number(p, most);
}

/* What they have in common. */
static void keys_choose(struct object *o, struct rng *rng)
{
	struct action *a = o->action;
	struct param *buckets = param_named(a, "buckets");

	if (buckets->value > 4096)
		set_number(buckets, 8 + below(rng, 1000));
	bucket_choose(o, rng);
	if (!o->empty) {	/* what costs more would use up the burst of the high rate */
		at_most(param_named(a, "overhead"), 100);
		at_most(param_named(a, "mpu"), 200);
	}
	if (value_of(a, "", "per") > 1) {
		param_unset(param_named(a, "prefix4"));
		param_unset(param_named(a, "prefix6"));
	}
	/* as tcact chooses one */
	set_number(param_named(a, "seed"), rng_next(rng) | 1);
}

/* A table of rates, or of none, all of them low or all high, as the parameter's then is. False: there is none. */
static bool plans_choose(struct object *o, struct rng *rng)
{
	struct action *a = o->action;
	struct param *table = param_named(a, "table"), *ce_rate = param_named(a, "ce-rate");

	if (!table->value || value_of(a, "", "per") > 1) {
		param_unset(table);
		return false;
	}
	o->plan_low = o->empty || chance(rng, 50);
	prefixes_choose(o, rng);
	for (int i = 0; i < o->n_table; i++)
		o->table[i].tag = 1 + below(rng, PLANS - 1);
	if (ce_rate)
		param_unset(ce_rate);
	param_unset(param_named(a, "rate"));
	if (chance(rng, 70))
		set_rate(param_named(a, "rate"), o->plan_low ? LOW : HIGH);
	return true;
}

/* Bytes or packets, of which each takes a second, or half of one with ce-rate. */
static void empty_choose(struct object *o, struct rng *rng)
{
	struct param *rate = param_named(o->action, "rate"), *ce_rate = param_named(o->action, "ce-rate");

	if (ce_rate)
		param_unset(ce_rate);
	set_rate(rate, LOW);
	if (ce_rate && chance(rng, 30)) {
		set_rate(rate, 2 * LOW);
		set_rate(ce_rate, LOW);
	} else if (chance(rng, 30)) {
		set_packet_rate(rate);
	}
}

static void police_choose(struct object *o, struct rng *rng)
{
	struct action *a = o->action;
	struct param *burst = param_named(a, "burst");

	keys_choose(o, rng);
	param_unset(burst);
	if (o->empty)		/* a bucket for all then has no more than a packet pays */
		set_number(burst, 1);
	if (plans_choose(o, rng)) {
		if (!o->empty && param_named(a, "rate")->value == LOW)
			set_number(burst, 1 << 20);
		return;
	}
	if (o->empty) {
		empty_choose(o, rng);
		return;
	}
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

/* What they have in common; @rate: its name. */
static void limit_prepare(struct object *o, const char *rate)
{
	limit.rate = value_of(o->action, "", rate);
	limit.ce_rate = 0;
	limit.per = value_of(o->action, "", "per");
	limit.over = value_of(o->action, "", "over");
	limit.table = param_named(o->action, "table") && value_of(o->action, "", "table");
	limit.packets = false;
}

static void pace_prepare(struct object *o)
{
	limit_prepare(o, "rate");
	limit.packets = param_named(o->action, "rate")->bytes[17];
	if (limit.rate)
		bucket_prepare(o, 256000000000 / limit.rate, limit.packets);
	else
		bucket_prepare(o, 32000000000, false);
}

static void police_prepare(struct object *o)
{
	pace_prepare(o);
	limit.ce_rate = value_of(o->action, "", "ce-rate");
}

static const struct net *plan_of(const struct run *r)
{
	return limit.table && !r->p.why ? longest_match(r, limit.per) : NULL;
}

/* The rate of a packet: that of the longest prefix, or the parameter's. */
static uint64_t rate_of(const struct run *r)
{
	const struct net *found = plan_of(r);

	if (!found)
		return limit.rate;
	return found->tag == PLAN_NO_LIMIT ? 0 : r->object->plan_low ? LOW : HIGH;
}

/* Does it pass at any rate? */
static bool unlimited(struct run *r)
{
	paid = (struct paid){ 0 };
	r->want_verdict = r->other_verdict = limit.over == OVER_HIT ? MISS : CONTROL;
	if (!limit.rate && !limit.table)
		return true;
	if (!r->p.why || limit.per >= PER_MARK)
		return !rate_of(r);
	r->counted = 1;
	return true;
}

static void above(struct run *r)
{
	r->counted++;
	r->want_verdict = r->other_verdict = limit.over == OVER_HIT ? CONTROL : SHOT;
}

/* tcact-police(8), WHAT A PACKET PAYS: the kernel finds more headers in a GSO packet than the action. */
static bool hides_headers(struct run *r)
{
	struct packet *p = &r->p;

	/* 0xffff: a virtual machine cannot choose that (GSO_BY_FRAGS of Linux) */
	if (!r->ctx.gso_size || r->ctx.gso_size == 0xffff || limit.packets)
		return false;
	if (!r->ctx.gso_segs && (!p->why || p->why == NOT_IP) && !protocol_is_true(r))
		return true;
	if (p->why == NOT_IP)
		return r->length >= 22 && is_vlan_tpid(get16(r->in + 12)) && is_vlan_tpid(get16(r->in + 20));
	if (p->why)
		return p->why == MALFORMED && p->l3 + (p->version == 4 ? 20 : 40) <= p->length;
	find_transport(p);
	if (p->why4 != EXTENSIONS)
		return false;
	r->rule = "GSO with many extension headers";
	return true;
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

/* Where it pays nothing, as its headers are hidden, or its bucket was empty. false: neither is so. */
static bool pays(struct run *r)
{
	const struct net *found;

	if (hides_headers(r)) {
		above(r);
		return true;
	}
	if (!r->object->empty)
		return false;
	found = plan_of(r);
	if (!bucket_cost(r)) {
		r->skip = true;
		return true;
	}
	if (!limit.packets && paid.cost >= 1 << 24) {
		paid.pays = false;
		above(r);
	}
	if (found && found->tag == PLAN_TAGGED)
		key_add(&paid.key, "tag", 3);
	else
		key_limit(r, limit.per);
	return true;
}

static void police_expect(struct run *r)
{
	if (unlimited(r))
		return;
	if (pays(r))
		return;
	/* no bucket is its own, and all are in use; at the high rate one may be, for a moment */
	if (rate_of(r) == LOW || limit.ce_rate == LOW)
		r->counted = limit.per != PER_NONE;
	else
		r->uncountable = true;
	if (rate_of(r) == LOW) {
		if (limit.over == OVER_CE && marked(r))
			return;
		above(r);
	} else if (limit.ce_rate == LOW) {
		marked(r);
	}
}

const struct oracle police_oracle = { "police", .choose = police_choose, .prepare = police_prepare,
				      .expect = police_expect };

/* At the low rate, all would wait longer than the longest horizon. */
static void pace_choose(struct object *o, struct rng *rng)
{
	struct action *a = o->action;

	bool table;

	keys_choose(o, rng);
	table = plans_choose(o, rng);
	if (!table && o->empty) {
		empty_choose(o, rng);
		return;
	}
	if (!table && chance(rng, 10))
		return;
	if (!table)
		set_rate(param_named(a, "rate"), chance(rng, 50) ? LOW : HIGH);
	if (table ? !o->plan_low : param_named(a, "rate")->value == HIGH) {
		/* none waits so long */
		param_unset(param_named(a, "horizon"));
		param_unset(param_named(a, "ce-above"));
	}
}

static void pace_expect(struct run *r)
{
	if (unlimited(r))
		return;
	if (pays(r))
		return;
	if (rate_of(r) == HIGH) {
		r->uncountable = true;
		r->any_tstamp = ~0ULL;
		return;
	}
	/* beyond the horizon, and but for `per none` in the bucket of another key */
	r->counted = limit.per != PER_NONE;
	above(r);
}

const struct oracle pace_oracle = { "pace", .choose = pace_choose, .prepare = pace_prepare, .expect = pace_expect };

/* At the low rate, no connection may begin. */
static void newconn_choose(struct object *o, struct rng *rng)
{
	struct action *a = o->action;
	bool low = chance(rng, 50);

	keys_choose(o, rng);
	at_most(param_named(a, "flows"), 1000);
	if (o->empty) {
		low = true;
		param_unset(param_named(a, "timeout"));	/* it is not over before it is seen again */
	}
	param_unset(param_named(a, "burst"));
	if (chance(rng, 10)) {
		param_unset(param_named(a, "rate"));
		return;
	}
	set_number(param_named(a, "rate"), low ? 1 : 32767);
	set_number(param_named(a, "every"), low ? 3600000000000 : 1000000);
	if (chance(rng, 30))
		set_number(param_named(a, "port"), chance(rng, 50) ? 80 : 53);
}

static unsigned newconn_port;

static void newconn_prepare(struct object *o)
{
	limit_prepare(o, "rate");
	bucket_prepare(o, 32 * value_of(o->action, "", "every"), false);
	newconn_port = value_of(o->action, "", "port");
}

/* At the low rate, where no bucket is its own, or where that is empty. */
static void begins(struct run *r)
{
	if (r->object->empty) {
		paid.pays = true;
		paid.cost = 1;
		key_limit(r, limit.per);
	} else if (limit.rate == 1) {
		r->counted += limit.per != PER_NONE;
		above(r);
	} else {
		r->uncountable = true;	/* a flow may be forgotten */
	}
}

/* RFC 9293, 3.1: SYN without ACK, also where the flags are not in the packet; RFC 768: ports */
static void newconn_expect(struct run *r)
{
	struct packet *p = &r->p;
	uint8_t flags;

	paid = (struct paid){ 0 };
	r->want_verdict = r->other_verdict = limit.over == OVER_HIT ? MISS : CONTROL;
	if (!limit.rate)
		return;
	if (p->why) {
		r->counted = 1;
		return;
	}
	find_transport(p);
	/* RFC 1858, 4: of TCP over IPv4, at byte 8 */
	if (p->why4 == FRAGMENT &&
	    (p->version == 6 || r->in[p->l3 + 9] != 6 || (get16(r->in + p->l3 + 6) & 0x1fff) != 1))
		return;
	if (p->why4) {		/* RFC 7112: it may hide a SYN */
		r->counted = p->why4 != FRAGMENT;
		begins(r);
		return;
	}
	if (p->protocol == 17 && p->l4 + 4 > p->end) {
		r->counted = 1;
		return;
	}
	flags = p->l4 + 14 > p->end ? 2 : r->in[p->l4 + 13];
	if (p->protocol != 17 && (p->protocol != 6 || (flags & 0x12) != 2))
		return;
	if (newconn_port && (p->protocol == 17 || p->l4 + 14 <= p->end) && get16(r->in + p->l4 + 2) != newconn_port)
		return;
	if (p->protocol == 17) {
		key_flow(&paid.flow, p, true);
		r->again = r->object->empty;	/* the flow is remembered: it does not pay again */
	}
	begins(r);
}

const struct oracle newconn_oracle = { "newconn", .choose = newconn_choose, .prepare = newconn_prepare,
				       .expect = newconn_expect };

/* A limit that no packet keeps, or one that all of them do. */
static void quota_choose(struct object *o, struct rng *rng)
{
	struct param *amount = param_named(o->action, "limit");

	keys_choose(o, rng);
	param_unset(amount);
	if (o->empty || !chance(rng, 10))
		set_number(amount, !o->empty && chance(rng, 50) ? 1 : 1ULL << 59 | (chance(rng, 50) ? 1ULL << 63 : 0));
}

static void quota_prepare(struct object *o)
{
	limit_prepare(o, "limit");
	limit.packets = limit.rate >> 63;
	bucket_prepare(o, 0, limit.packets);
}

static void quota_expect(struct run *r)
{
	if (unlimited(r))
		return;
	if (limit.rate == 1)
		above(r);
	else if (!pays(r))
		r->uncountable = true;	/* keys may share a bucket */
}

const struct oracle quota_oracle = { "quota", .choose = quota_choose, .prepare = quota_prepare, .expect = quota_expect };
