// SPDX-License-Identifier: GPL-2.0-only
/*
 * Makes the packet of an execution: a seed that is changed a few times, in ways that matter to a
 * program that reads headers. Most mutations keep the packet valid, some break a length, a header or
 * a tag. Most packets have right checksums afterwards, some have one that is slightly wrong.
 */
#include "fuzz.h"

static const uint16_t tpids[] = { 0x8100, 0x88a8, 0x8100, 0x9100, 0x9200 };
static const uint16_t kernels[] = { 0x8100, 0x88a8 };	/* TPIDs of tags that Linux keeps in the metadata */
static const uint16_t types[] = { 0x0800, 0x86dd, 0x0806, 0x8864, 0x8863, 0x8847, 0x0005, 0x88b5 };
static const uint8_t protocols[] = { 6, 17, 1, 58, 33, 132, 136, 139, 47, 50, 51, 103, 89, 135, 0, 43, 44, 60, 59 };
static const uint8_t limits[] = { 0, 1, 2, 3, 63, 64, 65, 127, 128, 253, 254, 255 };
static const uint16_t edges[] = { 0, 1, 2, 0x7fff, 0x8000, 0xfffe, 0xffff, 0x00ff, 0xff00 };

#define ONE_OF(list) (list)[below(rng, sizeof(list) / sizeof(*(list)))]

struct frame {
	uint8_t *data;
	uint32_t *length;
};

static void insert(struct frame *f, uint32_t at, const uint8_t *bytes, uint32_t n)
{
	if (at > *f->length || *f->length + n > FRAME_MAX)
		return;
	memmove(f->data + at + n, f->data + at, *f->length - at);
	if (bytes)
		memcpy(f->data + at, bytes, n);
	else
		memset(f->data + at, 0, n);
	*f->length += n;
}

static void cut_out(struct frame *f, uint32_t at, uint32_t n)
{
	if (at + n > *f->length)
		return;
	memmove(f->data + at, f->data + at + n, *f->length - at - n);
	*f->length -= n;
}

static void parse(struct packet *p, const struct frame *f, enum link link)
{
	find_network(p, f->data, *f->length, link, false);
	find_transport(p);
}

/* Adds to a 16 bit length field. */
static void grow(uint8_t *at, int by) { put16(at, get16(at) + by); }

static void grow_packet(struct frame *f, const struct packet *p, int by)
{
	grow(f->data + p->l3 + (p->version == 4 ? 2 : 4), by);
	if (p->pppoe)
		grow(f->data + p->l3 - 4, by);
}

static void address_near(struct object *o, struct rng *rng, uint8_t *at, uint8_t version)
{
	const struct net *near = NULL;
	uint32_t size = version == 4 ? 4 : 16, start = below(rng, 8);

	for (int i = 0; i < o->n_near + o->n_table && !near; i++) {
		int k = (start + i) % (o->n_near + o->n_table);
		const struct net *one = k < o->n_near ? &o->near[k] : &o->table[k - o->n_near];

		if (one->version == version)
			near = one;
	}
	if (!near)
		return;
	for (uint32_t bit = 0; bit < near->bits; bit++)
		at[bit / 8] = (at[bit / 8] & ~(0x80 >> bit % 8)) | (near->address[bit / 8] & 0x80 >> bit % 8);
	if (chance(rng, 25)) {		/* all zeros or ones behind the prefix, or nearly */
		uint32_t first = (near->bits + 7) / 8, byte = chance(rng, 50) ? 0xff : 0;

		if (first < size)
			memset(at + first, byte, chance(rng, 50) ? size - first : below(rng, size - first) + 1);
	}
	if (version == 6 && chance(rng, 15))
		put16(at + 2 * below(rng, 8), ONE_OF(edges));
	if (chance(rng, 6))
		at[below(rng, size)] ^= 1 << below(rng, 8);
}

static void addresses(struct run *r, struct rng *rng, const struct packet *p)
{
	uint32_t at = p->l3 + (p->version == 4 ? 12 : 8), size = p->version == 4 ? 4 : 16;

	if (p->why || !(r->object->n_near + r->object->n_table))
		return;
	if (chance(rng, 60))
		address_near(r->object, rng, r->in + at, p->version);
	if (chance(rng, 60))
		address_near(r->object, rng, r->in + at + size, p->version);
}

static void port(struct run *r, struct rng *rng, const struct packet *p)
{
	if (!p->why4 && p->l4 + 4 <= p->end && r->object->port && chance(rng, 60))
		put16(r->in + p->l4 + 2 * below(rng, 2), r->object->port);
}

static void tcp_options(struct frame *f, struct rng *rng, struct packet *p)
{
	uint8_t options[40];
	uint32_t n = 0, now, want = 4 * below(rng, 11);
	static const uint8_t known[][2] = { { 2, 4 }, { 3, 3 }, { 4, 2 }, { 8, 10 }, { 5, 10 }, { 19, 18 },
					    { 30, 12 }, { 34, 2 }, { 34, 10 }, { 254, 4 }, { 2, 4 }, { 2, 4 } };

	if (p->why4 || p->protocol != 6 || p->l4 + 20 > p->end)
		return;
	now = (f->data[p->l4 + 12] >> 4) * 4;
	if (now < 20 || p->l4 + now > p->end)
		return;
	while (n < want) {
		uint32_t kind = below(rng, 20), size;

		if (kind < 6) {
			options[n++] = chance(rng, 95) ? 1 : 0;
			continue;
		}
		kind = below(rng, sizeof(known) / 2);
		size = chance(rng, 92) ? known[kind][1] : below(rng, 8);
		if (n + 2 > want)
			break;
		options[n] = known[kind][0];
		options[n + 1] = size;
		for (uint32_t i = 2; i < size && n + i < want; i++)
			options[n + i] = rng_next(rng);
		n += size < 2 ? 2 : size;
	}
	while (n < want)
		options[n++] = chance(rng, 90) ? 1 : 0;
	cut_out(f, p->l4 + 20, now - 20);
	insert(f, p->l4 + 20, options, want);
	grow_packet(f, p, (int)want - (int)(now - 20));
	f->data[p->l4 + 12] = (f->data[p->l4 + 12] & 15) | (5 + want / 4) << 4;
	if (chance(rng, 70))
		f->data[p->l4 + 13] |= 2;
}

static void extension(struct frame *f, struct rng *rng, const struct packet *p)
{
	static const uint8_t kinds[] = { 0, 43, 44, 60 };
	uint8_t header[32] = {}, kind = ONE_OF(kinds);
	uint32_t size = kind == 44 ? 8 : 8 << below(rng, 3), at = p->l3 + 40;

	if (p->why || p->version != 6)
		return;
	header[0] = f->data[p->l3 + 6];
	header[1] = kind == 44 ? 0 : size / 8 - 1;
	if (kind == 44) {
		if (chance(rng, 60))
			put16(header + 2, chance(rng, 40) ? 1 : 8 * below(rng, 100) + below(rng, 2));
		header[7] = 9;
	} else if (kind == 43) {
		header[2] = below(rng, 5);
		header[3] = chance(rng, 30);
	} else {
		header[2] = 1;		/* PadN */
		header[3] = size - 4;
	}
	f->data[p->l3 + 6] = kind;
	insert(f, at, header, size);
	grow_packet(f, p, size);
}

/* Turns the packet into an ICMP error about it. */
static void icmp_error(struct run *r, struct frame *f, struct rng *rng, const struct packet *p)
{
	static const uint8_t types4[] = { 3, 11, 12, 4, 5, 3 }, types6[] = { 1, 2, 3, 4, 137, 2 };
	uint8_t header[48] = {};
	uint32_t front = p->version == 4 ? 28 : 48, inner, old;

	if (p->why)
		return;
	inner = p->end - p->l3;
	if (chance(rng, 60) && inner > 28)
		inner = p->version == 4 ? 20 + 8 * (1 + below(rng, 3)) : 40 + 8 * (1 + below(rng, 4));
	else if (chance(rng, 20))
		inner = below(rng, inner + 1);
	if (p->l3 + inner > *f->length)
		return;
	if (chance(rng, 80))
		*f->length = p->l3 + inner;
	memcpy(header, f->data + p->l3, p->version == 4 ? 20 : 40);
	old = p->version == 4 ? 12 : 8;
	/* the error goes in the opposite direction */
	for (uint32_t i = 0; i < (front - 8 - old) / 2; i++) {
		header[old + i] = f->data[p->l3 + old + (front - 8 - old) / 2 + i];
		header[old + (front - 8 - old) / 2 + i] = f->data[p->l3 + old + i];
	}
	if (p->version == 4) {
		header[0] = 0x45;
		put16(header + 2, front + inner);
		header[9] = 1;
		header[20] = ONE_OF(types4);
		if (chance(rng, 90))
			put16(header + 6, 0);
	} else {
		put16(header + 4, 8 + inner);
		header[6] = 58;
		header[40] = ONE_OF(types6);
	}
	insert(f, p->l3, header, front);
	if (p->pppoe)
		put16(f->data + p->l3 - 4, front + inner + 2);
	(void)r;
}

/* Changes the word at @at so that the sum of those around it becomes what it was plus @by. */
static void make_critical(struct frame *f, struct rng *rng, const struct packet *p)
{
	uint8_t *ip = f->data + p->l3;

	if (p->why)
		return;
	if (p->version == 4 && chance(rng, 60)) {
		/* the identification is chosen so that the checksum gets this value */
		uint32_t sum = get16(ip + 10), target = ONE_OF(edges);

		put16(ip + 4, (get16(ip + 4) + sum + 0xffff - target) % 0xffff);
	} else if (!p->why4 && checksum_offset(p->protocol, p->version) && p->l4 + 4 <= p->end) {
		uint32_t at = p->l4 + checksum_offset(p->protocol, p->version);

		if (at + 2 <= p->end && at != p->l4)
			put16(f->data + p->l4, (get16(f->data + p->l4) + get16(f->data + at) + 0xffff - ONE_OF(edges)) % 0xffff);
	}
}

static void mutate_once(struct run *r, struct frame *f, struct rng *rng)
{
	enum link link = r->object->link;
	struct packet p;
	uint8_t tag[4], *ip;
	uint32_t at;

	parse(&p, f, link);
	ip = f->data + p.l3;
	switch (below(rng, 26)) {
	case 0:		/* any byte, near the front */
		f->data[below(rng, *f->length < 96 ? *f->length : 96)] = rng_next(rng);
		break;
	case 1:
		f->data[below(rng, *f->length)] ^= 1 << below(rng, 8);
		break;
	case 2:		/* add a tag */
		if (link == LINK_NONE)
			break;
		put16(tag, ONE_OF(tpids));
		put16(tag + 2, rng_next(rng));
		insert(f, 12, tag, 4);
		break;
	case 3:		/* remove a tag */
		if (link != LINK_NONE && p.tagged)
			cut_out(f, 12, 4);
		break;
	case 4:		/* PPPoE */
		if (p.why || p.pppoe || link == LINK_NONE)
			break;
		insert(f, p.l3, NULL, 8);
		put16(f->data + p.l3 - 2, 0x8864);
		f->data[p.l3] = chance(rng, 95) ? 0x11 : rng_next(rng);
		put16(f->data + p.l3 + 2, rng_next(rng));
		put16(f->data + p.l3 + 4, p.end - p.l3 + 2);
		put16(f->data + p.l3 + 6, p.version == 4 ? 0x21 : 0x57);
		break;
	case 5:		/* another ethertype, behind the tags as well */
		if (link == LINK_NONE || p.pppoe)
			break;
		at = p.l3 ? p.l3 - 2 : 12;
		put16(f->data + at, ONE_OF(types));
		break;
	case 6:		/* cut off */
		*f->length = chance(rng, 50) ? 14 + below(rng, *f->length > 14 ? *f->length - 13 : 1)
			   : p.l4 && p.l4 <= *f->length ? p.l4 + below(rng, *f->length - p.l4 + 1) : *f->length;
		break;
	case 7:		/* padding */
		at = *f->length;
		insert(f, at, NULL, 1 + below(rng, 60));
		for (; at < *f->length; at++)
			f->data[at] = rng_next(rng);
		break;
	case 8:		/* the IP length */
		if (!p.why)
			grow(ip + (p.version == 4 ? 2 : 4), chance(rng, 50) ? (int)below(rng, 9) - 4
			     : chance(rng, 50) ? -(int)get16(ip + (p.version == 4 ? 2 : 4)) : (int)below(rng, 65536));
		break;
	case 9:		/* the first byte */
		if (!p.why)
			ip[0] = chance(rng, 60) ? (ip[0] & 0xf0) | below(rng, 16) : rng_next(rng);
		break;
	case 10:	/* TTL */
		if (!p.why)
			ip[p.version == 4 ? 8 : 7] = ONE_OF(limits);
		break;
	case 11:	/* traffic class */
		if (!p.why && p.version == 4)
			ip[1] = rng_next(rng);
		else if (!p.why)
			put16(ip, 0x6000 | (rng_next(rng) & 0xfff));
		break;
	case 12:	/* fragments */
		if (!p.why && p.version == 4)
			put16(ip + 6, chance(rng, 40) ? 0x2000 : chance(rng, 50) ? below(rng, 0x10000) : 0x4000);
		break;
	case 13:
		if (!p.why)
			ip[p.version == 4 ? 9 : 6] = ONE_OF(protocols);
		break;
	case 14:
	case 15:
		extension(f, rng, &p);
		break;
	case 16:
	case 17:
		tcp_options(f, rng, &p);
		break;
	case 18:	/* a byte of the transport header */
		if (!p.why4 && p.l4 < *f->length)
			f->data[p.l4 + below(rng, *f->length - p.l4 < 40 ? *f->length - p.l4 : 40)] = rng_next(rng);
		break;
	case 19:
		if (!p.why4 && p.l4 + 20 <= *f->length)
			f->data[p.l4 + 13] ^= 1 << below(rng, 6);
		break;
	case 20:
	case 21:
		icmp_error(r, f, rng, &p);
		break;
	case 22:	/* multicast, link-local, neighbour discovery, IGMP */
		if (p.why)
			break;
		if (p.version == 4) {
			memcpy(ip + 16, "\340\0\0", 3);
			if (chance(rng, 30)) {
				ip[9] = 2;
				ip[16] += below(rng, 17);
			}
			ip[8] = chance(rng, 50) ? 1 : ONE_OF(limits);
		} else {
			memcpy(ip + 24, "\377\2", 2);
			if (chance(rng, 60) && !p.why4 && p.protocol == 58 && p.l4 < *f->length) {
				f->data[p.l4] = 130 + below(rng, 10);
				ip[7] = 255;
			}
		}
		break;
	case 23:	/* addresses that look like an IP header */
		if (link != LINK_NONE)
			f->data[0] = chance(rng, 50) ? 0x45 + below(rng, 11) : 0x60 + below(rng, 16);
		break;
	case 24:	/* a word at the edge */
		at = 2 * below(rng, 64);
		if (at + 2 <= *f->length)
			put16(f->data + at, ONE_OF(edges));
		break;
	case 25:	/* the flow label, the addresses */
		if (!p.why && p.version == 6)
			memcpy(ip + 2, "\0", 2), ip[1] &= 0xf0;
		else if (!p.why)
			memset(ip + 12 + 4 * below(rng, 2), rng_next(rng), 4);
		break;
	}
}

/* Some metadata that is not 0. */
static void metadata(struct run *r, struct rng *rng)
{
	enum link link = r->object->link;
	struct __sk_buff *ctx = &r->ctx;

	memset(ctx, 0, sizeof(*ctx));
	ctx->ifindex = 1;
	if (chance(rng, 60))
		ctx->mark = chance(rng, 50) ? rng_next(rng) : chance(rng, 70) ? below(rng, 128) : 1u << below(rng, 32);
	if (chance(rng, 40))
		ctx->priority = chance(rng, 50) ? rng_next(rng) : below(rng, 16);
	if (chance(rng, 30))
		for (int i = 0; i < 5; i++)
			ctx->cb[i] = rng_next(rng);
	if (chance(rng, 20))
		ctx->tstamp = rng_next(rng) >> below(rng, 64);
	if (chance(rng, 20))
		ctx->ingress_ifindex = can_ingress;
	if (chance(rng, 10) && can_hwtstamp)
		ctx->hwtstamp = rng_next(rng) >> below(rng, 64);
	if (chance(rng, 15))
		ctx->gso_segs = 1 + below(rng, 40);
	if (chance(rng, 15))
		ctx->gso_size = r->object->empty && chance(rng, 5) ? 0xffff : 1 + below(rng, chance(rng, 80) ? 1500 : 16);
	memset(&r->more, 0, sizeof(r->more));
	if (chance(rng, 30)) {
		if (link != LINK_NONE && chance(rng, 60)) {
			r->more.vlan_proto = __builtin_bswap16(ONE_OF(kernels));
			r->more.vlan_tci = chance(rng, 50) ? rng_next(rng) & 0xffff : 100 + below(rng, 4);
		}
		if (chance(rng, 30))
			r->more.queue_mapping = below(rng, 64);
		if (chance(rng, 30))
			r->more.tc_index = rng_next(rng) & 0xffff;
	}
	if (chance(rng, 10))
		ctx->wire_len = r->length + below(rng, 3000);
}

void mutate(struct run *r, struct rng *rng)
{
	enum link link = r->object->link;
	const struct seed *seed = &seeds[below(rng, n_seeds)];
	struct frame f = { r->in, &r->length };
	struct packet p;
	uint32_t n = below(rng, 100);
	uint16_t type;

	memcpy(r->in, seed_bytes + seed->at, seed->length);
	r->length = seed->length;
	if (link == LINK_NONE && chance(rng, 90)) {
		parse(&p, &f, LINK_ETHER);
		if (!p.why && r->length > p.l3 + 14)
			cut_out(&f, 0, p.l3);
	}
	for (n = n < 15 ? 0 : n < 45 ? 1 : n < 70 ? 2 : n < 85 ? 3 : 1 + below(rng, 8); n--; )
		mutate_once(r, &f, rng);
	parse(&p, &f, link);
	if (r->object->n_near + r->object->n_table) {
		addresses(r, rng, &p);
		port(r, rng, &p);
		if (is_icmp_error(&p) && chance(rng, 80)) {
			struct packet inner = { .data = r->in, .length = p.end, .l3 = p.l4 + 8 };

			inner.version = p.version;
			if (inner.l3 + (p.version == 4 ? 20 : 40) <= p.end) {
				inner.l4 = inner.l3 + (p.version == 4 ? 20 : 40);
				inner.end = p.end;
				addresses(r, rng, &inner);
				port(r, rng, &inner);
			}
		}
	} else if (r->object->port) {
		port(r, rng, &p);
	}
	if (chance(rng, 75)) {
		fix_checksums(r->in, &p);
		if (chance(rng, 25)) {
			make_critical(&f, rng, &p);
			if (chance(rng, 80))
				fix_checksums(r->in, &p);
		}
		if (!p.why4 && p.protocol == 17 && p.l4 + 8 <= p.end && chance(rng, 10))
			put16(r->in + p.l4 + 6, 0);
	}
	/* TEST_RUN requires at least the header that the ethertype says */
	if (r->length < 14)
		insert(&f, r->length, NULL, 14 - r->length);
	type = get16(r->in + 12);
	n = type == 0x0800 ? 34 : type == 0x86dd ? 54 : 14;
	if (r->length < n)
		insert(&f, r->length, NULL, n - r->length);
	metadata(r, rng);
	r->flags = link != LINK_NONE && can_complete && chance(rng, 30) ? COMPLETE : 0;
}
