// SPDX-License-Identifier: GPL-2.0-only
/*
 * learn and restore: tcact-learn(8), tcact-restore(8). Before each packet its flow is put into the table, or not, or
 * as one that is forgotten, or none has a place: a hash of the packet chooses. Which value learn writes where is for the
 * vectors.
 */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include "fuzz.h"

enum { DSCP, MARK, PRIORITY };
enum { WAYS = 8 };
#define AHEAD (1ULL << 62)

static struct {
	int map;
	uint64_t seed;
	uint32_t flows, zone, field, mask;
	bool back;
} flow;

static void flow_choose(struct object *o, struct rng *rng)
{
	struct param *flows = param_named(o->action, "flows"), *mask = param_named(o->action, "mask");

	if (flows->value > 4096)
		set_number(flows, 16 + below(rng, 4000));
	if (mask && value_of(o->action, "", "field") == DSCP)
		param_unset(mask);
}

static void flow_prepare(struct object *o)
{
	struct action *a = o->action;
	uint64_t set[3 * WAYS] = { 0x123456789abcdef1 };
	const struct param *mask = param_named(a, "mask");

	flow.map = bpf_object__find_map_fd_by_name(o->bpf, "bucket_sets");
	flow.seed = set[0];
	flow.flows = value_of(a, "", "flows");
	flow.zone = value_of(a, "", "zone");
	flow.field = value_of(a, "", "field");
	flow.back = mask;
	flow.mask = mask ? mask->value : 0;
	if (bpf_map_update_elem(flow.map, &(uint32_t){ 0 }, set, BPF_EXIST))
		die("no seed");
}

static uint64_t word(const uint8_t *at) { return (uint64_t)get16(at) << 48 | (uint64_t)get16(at + 2) << 32 | (uint64_t)get16(at + 4) << 16 | get16(at + 6); }

static uint64_t hash(uint64_t key)
{
	key = (key ^ flow.seed) * 0x9e3779b97f4a7c15;
	key = (key ^ key >> 32) * (flow.seed | 1);
	return (key ^ key >> 32) * 0xd6e8feb86659fd93;
}

/* What tells the flows of two hosts apart; false: it is none, or it is cut off. */
static bool find_ports(const struct packet *p, uint32_t *ports)
{
	const uint8_t *l4 = p->data + p->l4;
	bool icmp = p->protocol == (p->version == 4 ? 1 : 58);
	uint8_t echo = p->version == 4 ? 8 : 128, reply = p->version == 4 ? 0 : 129;

	*ports = 0;
	if (has_ports(p->protocol)) {
		if (p->l4 + 4 > p->end)
			return false;
		*ports = (uint32_t)get16(l4) << 16 | get16(l4 + 2);
	} else if (icmp) {
		if (p->l4 + 8 > p->end || (*l4 != echo && *l4 != reply))
			return false;
		*ports = get16(l4 + 4) * 0x10001u;
	}
	return true;
}

/* The hash of its flow, as of a packet from the other end if @back; 0: it has none. */
static uint64_t flow_of(const struct packet *p, bool back)
{
	uint32_t size = p->version == 4 ? 4 : 16, ports;
	const uint8_t *from = p->data + p->l3 + (p->version == 4 ? 12 : 8), *to = from + size;
	uint64_t key = 0;

	if (p->why4 || !find_ports(p, &ports))
		return 0;
	if (back) {
		from = to;
		to -= size;
		ports = ports << 16 | ports >> 16;
	}
	if (p->version == 4) {
		key = hash((word(from) & 0xffffffff00000000) | word(to) >> 32);
	} else {
		key = hash(word(from));
		key = hash(key ^ word(from + 8));
		key = hash(key ^ word(to));
		key = hash(key ^ word(to + 8));
	}
	key = hash(key ^ ((uint64_t)flow.zone << 48 | (uint64_t)flow.field << 40 | (uint64_t)p->protocol << 32 | ports));
	return key ? key : 1;
}

/* Does @p go to where @in comes from? */
static bool same_host(const struct packet *p, const struct packet *in)
{
	return p->version == 4 ? !memcmp(p->data + p->l3 + 16, in->data + in->l3 + 12, 4)
			       : !memcmp(p->data + p->l3 + 24, in->data + in->l3 + 8, 16);
}

static void flow_expect(struct run *r)
{
	uint64_t set[3 * WAYS], key, way, value;
	struct packet *p = &r->p, in;
	enum { KNOWN, UNKNOWN, FORGOTTEN, FULL, OTHER } is;
	uint32_t place;

	find_transport(p);
	r->counted = 1;
	if (p->why4)
		return;
	key = flow_of(p, flow.back);
	if (!key && flow.back && is_icmp_error(p) && p->l4 + 8 <= p->end && find_inner(&in, p)) {
		r->rule = "ICMP error";
		/* RFC 792, RFC 4443, 3.1: it goes to the source of that packet */
		key = same_host(p, &in) ? flow_of(&in, false) : 0;
	}
	if (!key)
		return;
	way = key >> 8 & 7;
	value = key >> 16 & (flow.field == DSCP ? 63 : 0xffffffff);
	is = key >> 11 & 7;
	if (is > OTHER)
		is = KNOWN;
	for (int i = 0; i < WAYS; i++) {
		set[i] = key ^ (i + 1);
		set[WAYS + i] = AHEAD;
		set[2 * WAYS + i] = ~value;
	}
	if (is != OTHER && is != FULL) {
		set[way] = is == UNKNOWN ? 0 : key;
		set[WAYS + way] = is == KNOWN ? AHEAD : is == FORGOTTEN;
		set[2 * WAYS + way] = 114440ULL << 32 | value;
	}
	place = 1 + ((key >> 32) * ((flow.flows + 7) / 8 - 1) >> 32);
	if (bpf_map_update_elem(flow.map, &place, set, BPF_EXIST))
		die("no set %u", place);
	r->counted = flow.back ? is != KNOWN : is == FULL || is == OTHER;
	if (!flow.back || is != KNOWN)
		return;
	if (flow.field == MARK)
		r->want_ctx.mark = (r->want_ctx.mark & ~flow.mask) | (value & flow.mask);
	else if (flow.field == PRIORITY)
		r->want_ctx.priority = (r->want_ctx.priority & ~flow.mask) | (value & flow.mask);
	else
		dsfield_set(r, value << 2 | (class_get(r) & 3));
}

const struct oracle learn_oracle = { "learn", .choose = flow_choose, .prepare = flow_prepare, .expect = flow_expect };
const struct oracle restore_oracle = { "restore", .choose = flow_choose, .prepare = flow_prepare, .expect = flow_expect };
