// SPDX-License-Identifier: GPL-2.0-only
/*
 * The actions that change VLAN tags: vlan, vlan-map. IEEE 802.1Q, 9.6; tcact-vlan(8), tcact-vlan-map(8).
 * TEST_RUN does not show a tag that is in the metadata afterwards. What the kernel does is in
 * net/core/skbuff.c (skb_vlan_pop, skb_vlan_push): after a pop, the next tag moves to the metadata. A
 * pushed tag goes to the metadata, and the tag that was there moves into the frame.
 */
#include "fuzz.h"

#define VID 0x0fff
#define OFF 0x1000
enum { KEEP = 8, FROM_DSCP, FROM_PRIORITY, FROM_INNER };

static struct { uint16_t push, set, proto; bool pop; uint8_t pcp, dei; } vlan;

static void vlan_prepare(struct object *o)
{
	vlan.push = value_of(o->action, "", "push");
	vlan.set = value_of(o->action, "", "set");
	vlan.proto = value_of(o->action, "", "proto");
	vlan.pop = value_of(o->action, "", "pop");
	vlan.pcp = value_of(o->action, "", "pcp");
	vlan.dei = value_of(o->action, "", "dei");
}

/* TPIDs of tags that the kernel moves between frame and metadata. */
static bool eth_type_vlan(uint16_t type) { return type == 0x8100 || type == 0x88a8; }

/* The outermost tag, in the metadata or in the frame. */
struct tag { bool there; uint16_t proto, tci; };

static void tag_remove(struct run *r)
{
	memmove(r->want + 12, r->want + 16, r->want_length - 16);
	r->want_length -= 4;
}

static void tag_insert(struct run *r, const struct tag *tag)
{
	memmove(r->want + 16, r->want + 12, r->want_length - 12);
	put16(r->want + 12, tag->proto);
	put16(r->want + 14, tag->tci);
	r->want_length += 4;
}

static void vlan_expect(struct run *r)
{
	struct tag meta = { r->more.vlan_proto, __builtin_bswap16(r->more.vlan_proto), r->more.vlan_tci };
	int pcp = vlan.pcp < KEEP ? vlan.pcp : -1;
	uint16_t tci;
	bool framed;

	if (!vlan.pop && vlan.set == OFF && vlan.push == OFF && vlan.pcp == KEEP && vlan.dei == 2)
		return;
	r->counted = r->object->link == LINK_NONE;
	if (r->object->link == LINK_NONE)
		return;
	if (vlan.pcp == FROM_PRIORITY)
		pcp = r->ctx.priority & 7;
	framed = is_vlan_tpid(get16(r->want + 12));
	/* the frame ends with its tag */
	if (framed && (vlan.pop ? r->length < 22 : !meta.there && r->length < 18)) {
		r->counted = 1;
		return;
	}
	/* TEST_RUN lets the kernel pop as from a sent packet, which leaves the checksum of a received packet wrong */
	if (vlan.pop || meta.there || (vlan.push != OFF && !eth_type_vlan(vlan.proto)))
		r->flags = 0;
	if (vlan.pop && framed && !meta.there) {
		tag_remove(r);
		framed = is_vlan_tpid(get16(r->want + 12));
	} else if (vlan.pop) {
		meta.there = false;
	}
	if (vlan.pop && framed && !meta.there && r->want_length >= 18 && eth_type_vlan(get16(r->want + 12))) {
		meta = (struct tag){ true, get16(r->want + 12), get16(r->want + 14) };
		tag_remove(r);
		framed = is_vlan_tpid(get16(r->want + 12));
	}
	if (vlan.pcp == FROM_DSCP && (vlan.push != OFF || meta.there || framed)) {
		find_network(&r->p, r->want, r->want_length, r->object->link, r->ctx.gso_size);
		if (r->p.why)
			r->counted = 1;
		else
			pcp = class_get(r) >> 5;
	}
	tci = meta.there ? meta.tci : get16(r->want + 14);
	/* the tag after the one that gets the priority */
	if (vlan.pcp == FROM_INNER && vlan.push != OFF && (meta.there || framed))
		pcp = tci >> 13;
	else if (vlan.pcp == FROM_INNER && vlan.push == OFF && (meta.there || framed)) {
		uint32_t at = meta.there ? 12 : 16;

		if (r->want_length < at + 4) {	/* is there one? */
			r->counted = 1;
			return;
		}
		if (is_vlan_tpid(get16(r->want + at)))
			pcp = get16(r->want + at + 2) >> 13;
	}
	if (vlan.set != OFF)
		tci = (tci & ~VID) | vlan.set;
	if (vlan.push == OFF && pcp >= 0)
		tci = (tci & ~0xe000) | pcp << 13;
	if (vlan.push == OFF && vlan.dei < 2)
		tci = (tci & ~0x1000) | vlan.dei << 12;
	if (meta.there)
		meta.tci = tci;
	else if (framed)
		put16(r->want + 14, tci);
	if (vlan.push == OFF)
		return;
	if (meta.there)
		tag_insert(r, &meta);
	tci = vlan.push | (pcp > 0 ? pcp << 13 : 0) | (vlan.dei == 1) << 12;
	if (!eth_type_vlan(vlan.proto))
		tag_insert(r, &(struct tag){ true, vlan.proto, tci });
}

const struct oracle vlan_oracle = { "vlan", .prepare = vlan_prepare, .expect = vlan_expect };

static void map_choose(struct object *o, struct rng *rng)
{
	for (int n = below(rng, TABLE); n--; ) {
		uint16_t from = chance(rng, 50) ? 100 + below(rng, 4) : below(rng, 4095);

		if (o->vid[from])
			continue;
		o->vid[from] = 0x1000 | (chance(rng, 10) ? 0 : below(rng, 4095));
		o->from[o->n_vid++] = from;
	}
}

static void map_expect(struct run *r)
{
	uint16_t tci, to;

	r->counted = r->object->link == LINK_NONE;
	r->counted += r->object->link != LINK_NONE && !r->more.vlan_proto && is_vlan_tpid(get16(r->in + 12)) &&
		      r->length < 18;
	if (r->more.vlan_proto)		/* the outermost is not in the frame */
		r->flags = 0;
	if (r->object->link == LINK_NONE || r->more.vlan_proto || !is_vlan_tpid(get16(r->want + 12)) || r->length < 18)
		return;
	tci = get16(r->want + 14);
	to = r->object->vid[tci & VID];
	if (to)
		put16(r->want + 14, (tci & ~VID) | (to & VID));
}

const struct oracle vlan_map_oracle = { "vlan-map", .choose = map_choose, .expect = map_expect };
