// SPDX-License-Identifier: GPL-2.0-only
/* The actions that translate addresses: nat, npt. RFC 3022, 5508, 6296; tcact-nat(8), tcact-npt(8). */
#include "fuzz.h"

static void write_prefix(uint8_t *address, const struct net *p)
{
	for (int bit = 0; bit < p->bits; bit++)
		address[bit / 8] = (address[bit / 8] & ~(0x80 >> bit % 8)) | (p->address[bit / 8] & 0x80 >> bit % 8);
}

static void some_prefix(struct net *p, struct rng *rng, uint8_t version, uint8_t bits)
{
	memset(p, 0, sizeof(*p));
	p->version = version;
	p->bits = bits;
	for (int i = 0; i < 16; i += 8)
		memcpy(p->address + i, &(uint64_t){ rng_next(rng) }, 8);
	if (chance(rng, 15))
		memset(p->address + below(rng, 15), chance(rng, 50) ? 0 : 0xff, 2);
	if (version == 4)
		memset(p->address + 4, 0, 12);
	for (int bit = bits; bit < 128; bit++)
		p->address[bit / 8] &= ~(0x80 >> bit % 8);
}

static uint32_t address_offset(const struct packet *p, bool dst)
{
	return p->l3 + (p->version == 4 ? 12 + 4 * dst : 8 + 16 * dst);
}

bool find_inner(struct packet *in, const struct packet *p)
{
	const uint8_t *ip;
	uint32_t header, total;

	memset(in, 0, sizeof(*in));
	in->data = p->data;
	in->l3 = p->l4 + 8;
	in->version = p->version;
	in->length = in->end = p->end;
	/* RFC 4884, 4.2: so many words of 8 bytes, 128 bytes or more, and extensions behind them */
	if (p->version == 6 && (p->data[p->l4] == 1 || p->data[p->l4] == 3) && p->l4 + 5 <= p->end &&
	    p->data[p->l4 + 4] >= 16 && in->l3 + 8 * p->data[p->l4 + 4] < p->end)
		in->length = in->end = in->l3 + 8 * p->data[p->l4 + 4];
	header = in->version == 4 ? 20 : 40;
	if (in->l3 + header > in->end)
		return false;
	ip = in->data + in->l3;
	if (ip[0] >> 4 != in->version)
		return false;
	if (in->version == 4) {
		header = (ip[0] & 15) * 4;
		if (header < 20)
			return false;
		in->protocol = ip[9];
		total = get16(ip + 2) ? get16(ip + 2) : in->end - in->l3;
	} else {
		in->protocol = ip[6];
		total = get16(ip + 4) ? 40u + get16(ip + 4) : in->end - in->l3;
	}
	in->l4 = in->l3 + header;
	if (in->l3 + total < in->end)
		in->end = in->l3 + total;
	find_transport(in);
	if (in->l4 > in->end && !in->why4 && (in->version == 6 || total < header))
		in->why4 = TRUNCATED;	/* IPv4 options may be cut off */
	return true;
}

/* ---- nat ----------------------------------------------------------------------------------- */

static struct { bool dst, prefix; struct net from, to; uint16_t port, port_to; } nat;

static void nat_choose(struct object *o, struct rng *rng)
{
	struct param *from = param_named(o->action, "from"), *to = param_named(o->action, "to");
	struct net *near = o->near;
	uint8_t version = chance(rng, 50) ? 4 : 6, bits;

	if (chance(rng, 80)) {
		bits = version == 4 ? 1 + below(rng, 32) : 1 + below(rng, 128);
		if (chance(rng, 50))
			bits = (bits + 7) & ~7;
		some_prefix(&near[0], rng, version, bits);
		some_prefix(&near[1], rng, version, bits);
		o->n_near = 1;
		set_prefix(from, &near[0]);
		set_prefix(to, &near[1]);
	}
	if (chance(rng, 40))
		param_unset(param_named(o->action, "port"));
	if (chance(rng, 30))
		param_unset(param_named(o->action, "port-to"));
	o->port = value_of(o->action, "", "port");
}

static void nat_prepare(struct object *o)
{
	struct action *a = o->action;

	nat.dst = value_of(a, "", "side");
	nat.prefix = param_named(a, "from")->given;
	nat.from = o->near[0];
	nat.to = o->near[1];
	nat.port = value_of(a, "", "port");
	nat.port_to = value_of(a, "", "port-to");
}

static bool nat_matches(const struct packet *p, bool dst)
{
	return !nat.prefix || (p->version == nat.from.version && prefix_contains(p->data + address_offset(p, dst), &nat.from));
}

/*
 * Translates one end, source or destination. NOT_MATCHED: it is not to be translated. LEFT: it cannot be
 * translated completely, which is counted. @inner: the checksum may be cut off.
 */
enum end { TRANSLATED, NOT_MATCHED, LEFT };

static enum end nat_end(struct run *r, struct packet *p, bool dst, bool inner)
{
	uint32_t at = p->l4 + 2 * dst, field, address = address_offset(p, dst);
	/* the kernel segments it for a device that computes no checksums: udp_send_skb() since Linux 6.11 */
	bool partial = !inner && (p->protocol == 17 || p->protocol == 136) && r->ctx.gso_size && !r->flags;
	bool by_port = nat.port || nat.port_to, new_port = false;

	if (!nat_matches(p, dst))
		return NOT_MATCHED;
	if (p->why4 == TRUNCATED)
		r->rule = inner ? "extension headers cut off in an ICMP error" : "extension headers end in the padding";
	if (p->why4 == TRUNCATED || p->why4 == EXTENSIONS)
		return LEFT;
	if (p->why4 == FRAGMENT && by_port)	/* has none */
		return nat.prefix ? LEFT : NOT_MATCHED;
	if (by_port) {
		if (!has_ports(p->protocol))
			return NOT_MATCHED;
		if (at + 2 > p->end)
			return LEFT;
		if (nat.port && get16(p->data + at) != nat.port)
			return NOT_MATCHED;
		if (nat.prefix && p->fragmented)	/* the other fragments have no port */
			return LEFT;
		if (nat.port_to && p->protocol == 132)	/* SCTP: a CRC covers the whole packet */
			return LEFT;
		new_port = nat.port_to && get16(p->data + at) != nat.port_to;
	}
	field = p->why4 ? 0 : checksum_offset(p->protocol, p->version);
	if (field && p->l4 + field + 2 > p->end) {
		if (!inner)
			return LEFT;
		field = 0;
	}
	if (nat.prefix)
		write_prefix(r->want + address, &nat.to);
	if (new_port)
		put16(r->want + at, nat.port_to);
	if (!nat.prefix && !by_port)
		return TRANSLATED;
	/* even without a change, 0 may replace 0xffff: both are 0 in ones' complement */
	if (nat.prefix)
		sum_header(r, p->l3);
	if (field)	/* RFC 8200, 8.1: the checksum covers the final destination */
		sum_add(r, (struct sum){ .at = p->l4 + field, .from = partial ? 0 : p->l4, .to = partial ? 0 : p->end,
					 .partial = partial, .pseudo = address_offset(p, false),
					 .pseudo_length = p->version == 4 ? 8 : p->routed ? 16 : 32,
					 .udp = p->protocol == 17 || p->protocol == 136 });
	return TRANSLATED;
}

static void nat_unchanged(struct run *r, bool counted)
{
	memcpy(r->want, r->in, r->length);
	r->n_sums = 0;
	r->invertible = false;
	r->counted += counted;
}

static void nat_expect(struct run *r)
{
	bool by_port = nat.port || nat.port_to;
	struct packet *p = &r->p, in;
	enum end end;

	r->counted = !!p->why;
	if (p->why)
		return;
	if (nat.prefix && p->version != nat.from.version)
		return;
	find_transport(p);
	if (!is_icmp_error(p) || (p->version == 4 && p->data[p->l4] == 5)) {
		r->invertible = true;
		end = nat_end(r, p, nat.dst, false);
		if (end != TRANSLATED)
			nat_unchanged(r, end == LEFT);
		return;
	}
	r->rule = "icmp error";
	r->skip |= r->ctx.gso_size;	/* GSO does not exist for ICMP */
	if (!find_inner(&in, p)) {
		nat_unchanged(r, true);
		return;
	}
	/* for an ICMP error, the port of the packet inside decides */
	end = nat_end(r, &in, !nat.dst, true);
	if (by_port && nat.prefix && p->fragmented && end != NOT_MATCHED) {
		r->rule = "fragmented icmp error";
		end = LEFT;
	}
	if (end == LEFT || (end == NOT_MATCHED && by_port)) {
		nat_unchanged(r, end == LEFT);
		return;
	}
	r->invertible = end == TRANSLATED && nat_matches(p, nat.dst);
	if (nat.prefix && nat_matches(p, nat.dst)) {
		write_prefix(r->want + address_offset(p, nat.dst), &nat.to);
		sum_header(r, p->l3);
	}
	if (nat.prefix || by_port)
		sum_add(r, (struct sum){ .at = p->l4 + 2, .from = p->l4, .to = p->end,
					 .pseudo = address_offset(p, false),
					 .pseudo_length = p->version == 4 ? 0 : p->routed ? 16 : 32 });
}

static bool nat_inverse(struct object *o)
{
	struct param *from = param_named(o->action, "from"), *to = param_named(o->action, "to"),
		*port = param_named(o->action, "port"), *port_to = param_named(o->action, "port-to");

	if (port_to->value && !port->value)
		return false;
	if (from->given) {
		set_prefix(from, &o->near[1]);
		set_prefix(to, &o->near[0]);
	}
	if (port_to->value) {
		uint64_t old = port->value;

		set_number(port, port_to->value);
		set_number(port_to, old);
	}
	return true;
}

const struct oracle nat_oracle = { "nat", .choose = nat_choose, .prepare = nat_prepare, .expect = nat_expect,
				   .inverse = nat_inverse };

/* ---- npt: RFC 6296 -------------------------------------------------------------------------- */

static struct { bool on, in; struct net from, to; int unmapped; uint32_t adjust; } npt;

static void npt_choose(struct object *o, struct rng *rng)
{
	if (chance(rng, 5))
		return;
	some_prefix(&o->near[0], rng, 6, 1 + below(rng, 64));
	some_prefix(&o->near[1], rng, 6, chance(rng, 60) ? o->near[0].bits : 1 + below(rng, 64));
	set_prefix(param_named(o->action, "from"), &o->near[0]);
	set_prefix(param_named(o->action, "to"), &o->near[1]);
	o->n_near = 1;
	/* zeros extend the shorter prefix to the length of the other */
	if (o->near[0].bits < o->near[1].bits)
		o->near[0].bits = o->near[1].bits;
	o->near[1].bits = o->near[0].bits;
}

static void npt_prepare(struct object *o)
{
	npt.on = param_named(o->action, "from")->given;
	npt.in = value_of(o->action, "", "dir");
	npt.unmapped = value_of(o->action, "", "unmapped");
	npt.from = o->near[0];
	npt.to = o->near[1];
	/* 3.1: sum of the old prefix minus sum of the new one, in ones' complement */
	npt.adjust = (sum16(npt.from.address, 16) % 0xffff + 0xffff - sum16(npt.to.address, 16) % 0xffff) % 0xffff;
}

/* false: it has no translation */
static bool npt_end(uint8_t *address)
{
	static const uint8_t ones[8] = { 255, 255, 255, 255, 255, 255, 255, 255 }, zeros[8];
	uint8_t *word = address + 6;

	if (!prefix_contains(address, &npt.from))
		return true;
	if (npt.from.bits > 48) {	/* 3.5: the first word of the identifier that is not 0xffff */
		if (!memcmp(address + 8, ones, 8) || !memcmp(address + 8, zeros, 8))
			return false;
		for (word = address + 8; get16(word) == 0xffff; word += 2)
			;
	} else if (get16(word) == 0xffff) {	/* 3.4 */
		return false;
	}
	write_prefix(address, &npt.to);
	put16(word, (get16(word) + npt.adjust) % 0xffff);
	return true;
}

/* RFC 6296: an identifier of zeros is no host's */
static bool npt_returns(const uint8_t *address)
{
	static const uint8_t zeros[8];

	return npt.from.bits <= 48 || memcmp(address + 8, zeros, 8);
}

static void npt_mirror(const struct run *r, uint8_t *data)
{
	uint8_t address[16], *at = data + r->p.l3 + 8;

	for (int inner = 0; inner <= is_icmp_error(&r->p); inner++, at = data + r->p.l4 + 16) {
		memcpy(address, at, 16);
		memcpy(at, at + 16, 16);
		memcpy(at + 16, address, 16);
	}
}

static void npt_expect(struct run *r)
{
	struct packet *p = &r->p, in;

	r->counted = p->why && p->version != 4;
	r->uncountable = p->why && p->version == 4;
	if (p->why || p->version != 6 || !npt.on)
		return;
	find_transport(p);
	if (!npt_end(r->want + address_offset(p, npt.in)))
		goto unmapped;
	if (is_icmp_error(p) && !find_inner(&in, p)) {
		memcpy(r->want, r->in, r->length);
		r->counted++;
		return;
	}
	if (is_icmp_error(p)) {
		r->rule = "icmp error";
		if (!npt_end(r->want + p->l4 + 8 + 8 + 16 * !npt.in))
			goto unmapped;
	}
	r->invertible = prefix_contains(r->in + address_offset(p, npt.in), &npt.from) &&
		npt_returns(r->want + address_offset(p, npt.in)) &&
		(!is_icmp_error(p) || (prefix_contains(r->in + p->l4 + 16 + 16 * !npt.in, &npt.from) &&
				       npt_returns(r->want + p->l4 + 16 + 16 * !npt.in)));
	return;
unmapped:
	r->rule = "unmapped";
	r->counted++;
	memcpy(r->want, r->in, r->length);
	r->want_verdict = r->other_verdict = npt.unmapped;
}

static bool npt_inverse(struct object *o)
{
	struct param *from = param_named(o->action, "from"), *to = param_named(o->action, "to"),
		*dir = param_named(o->action, "dir");
	char text[64];
	uint8_t bytes[64];

	memcpy(text, from->text, sizeof(text));
	memcpy(bytes, from->bytes, sizeof(bytes));
	memcpy(from->text, to->text, sizeof(text));
	memcpy(from->bytes, to->bytes, sizeof(bytes));
	memcpy(to->text, text, sizeof(text));
	memcpy(to->bytes, bytes, sizeof(bytes));
	set_number(dir, !dir->value);
	return from->given;
}

const struct oracle npt_oracle = { "npt", .choose = npt_choose, .prepare = npt_prepare, .expect = npt_expect,
				   .inverse = npt_inverse, .mirror = npt_mirror };
