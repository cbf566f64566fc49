// SPDX-License-Identifier: GPL-2.0-only
/*
 * What changes VLAN tags: vlan, vlan-map. IEEE 802.1Q, 9.6; tcact-vlan(8), tcact-vlan-map(8).
 * A packet of TEST_RUN comes without a tag in its metadata. What the kernel does with tags in
 * between is in net/core/skbuff.c (skb_vlan_pop, skb_vlan_push): the tag behind one that was
 * popped moves to the metadata, and so does one that is pushed, in whose place the one that is
 * there goes into the frame.
 */
#include "fuzz.h"

#define VID 0x0fff
#define OFF 0x1000
enum { KEEP = 8, FROM_DSCP, FROM_PRIORITY };

static struct { uint16_t push, set, proto; bool pop; uint8_t pcp; } vlan;

static void vlan_prepare(struct object *o)
{
	vlan.push = value_of(o->action, "", "push");
	vlan.set = value_of(o->action, "", "set");
	vlan.proto = value_of(o->action, "", "proto");
	vlan.pop = value_of(o->action, "", "pop");
	vlan.pcp = value_of(o->action, "", "pcp");
}

static bool is_tag(uint16_t type) { return type == 0x8100 || type == 0x88a8; }

/* The outermost tag, in the metadata or in the frame. */
struct tag { bool there; uint16_t proto, tci; };

static void take_out(struct run *r)
{
	memmove(r->want + 12, r->want + 16, r->want_length - 16);
	r->want_length -= 4;
}

static void put_in(struct run *r, const struct tag *tag)
{
	memmove(r->want + 16, r->want + 12, r->want_length - 12);
	put16(r->want + 12, tag->proto);
	put16(r->want + 14, tag->tci);
	r->want_length += 4;
}

static void vlan_expect(struct run *r)
{
	struct tag meta = {};
	int pcp = vlan.pcp < KEEP ? vlan.pcp : -1;
	bool framed;

	if (r->object->link == LINK_NONE)
		return;
	if (vlan.pcp == FROM_PRIORITY)
		pcp = r->ctx.priority & 7;
	if (vlan.pcp == FROM_DSCP && !r->p.why)
		pcp = class_get(r) >> 5;
	framed = is_tag(get16(r->want + 12));
	if (framed && r->length < (vlan.pop ? 22 : 18))
		return;			/* the frame ends with its tag */
	if (vlan.pop && framed) {
		/* to pop off what is sent, as TEST_RUN does, the kernel leaves the sum of a received packet wrong */
		r->flags = 0;
		take_out(r);
		if (is_tag(get16(r->want + 12)) && r->want_length >= 18) {
			meta = (struct tag){ true, get16(r->want + 12), get16(r->want + 14) };
			take_out(r);
		}
		framed = false;
	}
	if (framed && (vlan.set != OFF || (pcp >= 0 && vlan.push == OFF))) {
		uint16_t tci = get16(r->want + 14);

		if (vlan.set != OFF)
			tci = (tci & ~VID) | vlan.set;
		if (pcp >= 0 && vlan.push == OFF)
			tci = (tci & ~0xe000) | pcp << 13;
		put16(r->want + 14, tci);
	} else if (meta.there && vlan.set != OFF) {
		meta.tci = (meta.tci & ~VID) | vlan.set;
	}
	if (vlan.push != OFF && meta.there)
		put_in(r, &meta);
}

const struct oracle vlan_oracle = { "vlan", .prepare = vlan_prepare, .expect = vlan_expect };

static void map_choose(struct object *o, struct rng *rng)
{
	for (int n = below(rng, TABLE); n--; ) {
		uint16_t from = chance(rng, 50) ? 100 + below(rng, 4) : below(rng, 4095);

		if (o->vid[from])
			continue;
		o->vid[from] = 0x1000 | below(rng, 4095);
		o->from[o->n_vid++] = from;
	}
}

static void map_expect(struct run *r)
{
	uint16_t tci, to;

	if (r->object->link == LINK_NONE || !is_tag(get16(r->want + 12)) || r->length < 18)
		return;
	tci = get16(r->want + 14);
	to = r->object->vid[tci & VID];
	if (to)
		put16(r->want + 14, (tci & ~VID) | (to & VID));
}

const struct oracle vlan_map_oracle = { "vlan-map", .choose = map_choose, .expect = map_expect };
