// SPDX-License-Identifier: GPL-2.0-only
/*
 * A second parser, written from IEEE 802.1Q, RFC 2516, 791, 8200, 792 and 4443, and from
 * tcact-actions(7), which says how many headers the actions follow. And the checksum of RFC 1071.
 */
#include "fuzz.h"

#define TAGS 2
#define EXTENSIONS_MAX 8
#define OFFSET_MAX 32767

uint64_t sum16(const uint8_t *data, uint32_t length)
{
	uint64_t sum = 0, word;
	uint32_t i = 0;

	/* 32 bits at a time: folded, the sum is that of the 16-bit words */
	for (; i + 4 <= length; i += 4) {
		uint32_t four;

		memcpy(&four, data + i, 4);
		sum += __builtin_bswap32(four);
	}
	word = 0;
	for (uint32_t j = 0; j < 4 && i + j < length; j++)
		word |= (uint64_t)data[i + j] << (24 - 8 * j);
	return sum + word;
}

static uint16_t fold(uint64_t sum)
{
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return sum;
}

/* IEEE 802.1Q and 802.1ad, and the TPIDs used before 802.1ad */
bool is_vlan_tpid(uint16_t type)
{
	return type == 0x8100 || type == 0x88a8 || type == 0x9100 || type == 0x9200;
}

bool prefix_contains(const uint8_t *address, const struct net *p)
{
	int whole = p->bits / 8, rest = p->bits % 8;

	return !memcmp(address, p->address, whole) &&
	       (!rest || !((address[whole] ^ p->address[whole]) >> (8 - rest)));
}

/* Parses what follows the Ethernet addresses. */
void find_network(struct packet *p, const uint8_t *data, uint32_t length, enum link link, bool gso)
{
	uint32_t at = 12;
	uint16_t type;

	memset(p, 0, sizeof(*p));
	p->data = data;
	p->length = length;
	if (link == LINK_NONE) {
		/* TEST_RUN reads the protocol at the offset of the ethertype. MPLS is not IP, whatever its label looks like. */
		type = length < 14 ? 0 : get16(data + 12);
		p->version = length ? data[0] >> 4 : 0;
		if ((p->version != 4 && p->version != 6) || type == 0x8847 || type == 0x8848)
			p->why = NOT_IP;
		else
			find_ip(p, gso);
		return;
	}
	if (length < 14) {
		p->why = TRUNCATED;
		return;
	}
	type = get16(data + at);
	for (int tags = 0; tags < TAGS && is_vlan_tpid(type); tags++) {
		p->tagged = true;
		at += 4;
		if (at + 2 > length) {
			p->why = TRUNCATED;
			return;
		}
		type = get16(data + at);
	}
	at += 2;
	if (type == 0x8864) {
		if (at + 8 > length) {
			p->why = TRUNCATED;
			return;
		}
		/* RFC 2516, 4: version 1, type 1, code 0 in the session stage; RFC 1661: the protocol */
		type = get16(data + at + 6);
		p->pppoe = true;
		type = type == 0x0021 ? 0x0800 : type == 0x0057 ? 0x86dd : 0;
		at += 8;
	}
	p->version = type == 0x0800 ? 4 : type == 0x86dd ? 6 : 0;
	p->l3 = at;
	if (!p->version)
		p->why = NOT_IP;
	else if (at < length && data[at] >> 4 != p->version)
		p->why = MALFORMED;
	else
		find_ip(p, gso);
}

void find_ip(struct packet *p, bool gso)
{
	const uint8_t *ip = p->data + p->l3;
	uint32_t room = p->length - p->l3, header, total;

	if (room < (p->version == 4 ? 20 : 40)) {
		p->why = TRUNCATED;
		return;
	}
	if (p->version == 4) {
		header = (ip[0] & 15) * 4;
		total = get16(ip + 2);
		if (gso)	/* the field says nothing: each segment gets one of its own */
			total = room;
		if (header < 20 || (!gso && total < header)) {
			p->why = MALFORMED;
			return;
		}
		p->protocol = ip[9];
	} else {
		header = 40;
		total = get16(ip + 4);
		/* behind hop-by-hop options Linux takes 0 for a jumbo payload: it is not checked */
		total = gso || (!total && !ip[6]) ? room : total + 40;
		p->protocol = ip[6];
	}
	if (total > room || header > room) {
		p->why = TRUNCATED;
		return;
	}
	p->end = p->l3 + total;
	p->l4 = p->l3 + header;
}

/* RFC 8200, 4: hop-by-hop options, routing, fragment, destination options */
static bool is_extension(uint8_t protocol)
{
	return protocol == 0 || protocol == 43 || protocol == 44 || protocol == 60;
}

void find_transport(struct packet *p)
{
	const uint8_t *ip = p->data + p->l3;
	uint16_t offset;

	if (p->looked)
		return;
	p->looked = true;
	p->why4 = p->why;
	if (p->why)
		return;
	if (p->version == 4) {
		offset = get16(ip + 6);
		p->fragmented = offset & 0x3fff;
		if (offset & 0x1fff)
			p->why4 = FRAGMENT;
		return;
	}
	for (int n = 0; is_extension(p->protocol); n++) {
		const uint8_t *e = p->data + p->l4;
		uint32_t size;

		if (n == EXTENSIONS_MAX) {
			p->why4 = EXTENSIONS;
			return;
		}
		if (p->l4 + 8 > p->end) {
			p->why4 = TRUNCATED;
			return;
		}
		size = 8;
		if (p->protocol == 44) {
			offset = get16(e + 2);
			p->fragmented |= offset & 0xfff9;
			if (offset & 0xfff8) {
				p->protocol = e[0];
				p->l4 += 8;
				p->why4 = FRAGMENT;
				return;
			}
		} else {
			size += e[1] * 8;
			p->routed |= p->protocol == 43 && e[3];
		}
		p->protocol = e[0];
		p->l4 += size;
	}
	if (p->l4 > p->end || p->l4 - p->l3 > OFFSET_MAX)
		p->why4 = TRUNCATED;
}

uint32_t checksum_offset(uint8_t protocol, uint8_t version)
{
	switch (protocol) {
	case 6:	  return 16;		/* TCP, RFC 9293 */
	case 17:			/* UDP, RFC 768 */
	case 136:			/* UDP-Lite, RFC 3828 */
	case 33:  return 6;		/* DCCP, RFC 4340 */
	case 139: return 4;		/* HIP, RFC 7401 */
	case 58:  return version == 6 ? 2 : 0;	/* ICMPv6, RFC 4443 */
	case 103: return version == 6 ? 2 : 0;	/* PIM, RFC 7761 */
	case 89:  return version == 6 ? 12 : 0;	/* OSPFv3, RFC 5340 */
	case 135: return version == 6 ? 4 : 0;	/* Mobility, RFC 6275 */
	}
	return 0;
}

bool has_ports(uint8_t protocol)
{
	return protocol == 6 || protocol == 17 || protocol == 33 || protocol == 132 || protocol == 136;
}

/* RFC 792 and 1122, 3.2.2; RFC 4443, 2.1: without the high-order bit */
bool is_icmp_error(const struct packet *p)
{
	uint8_t type;

	if (p->why4 || p->l4 >= p->end)
		return false;
	type = p->data[p->l4];
	if (p->version == 4)
		return p->protocol == 1 && (type == 3 || type == 4 || type == 11 || type == 12);
	return p->protocol == 58 && type < 128;
}

/* ---- for mutations ---------------------------------------------------------------------- */

static void fix_transport(uint8_t *data, const struct packet *p)
{
	uint32_t offset = checksum_offset(p->protocol, p->version), length = p->end - p->l4, pseudo;
	uint64_t sum;
	uint16_t made;

	if (p->version == 4 && p->protocol == 1)
		offset = 2;
	if (!offset || p->why4 || p->l4 + offset + 2 > p->end)
		return;
	if (p->protocol == 17 && !get16(data + p->l4 + offset))
		return;			/* it had none */
	pseudo = p->version == 4 ? 12 : 8;
	sum = p->version == 4 && p->protocol == 1 ? 0
	    : sum16(data + p->l3 + pseudo, p->version == 4 ? 8 : 32) + length + p->protocol;
	put16(data + p->l4 + offset, 0);
	made = ~fold(sum + sum16(data + p->l4, length));
	put16(data + p->l4 + offset, made || p->protocol == 1 ? made : 0xffff);
}

void fix_checksums(uint8_t *data, const struct packet *outer)
{
	struct packet p = *outer, inner = { .data = data };

	find_transport(&p);
	if (is_icmp_error(&p) && p.l4 + 8 + 20 < p.end) {
		inner.length = p.end;
		inner.l3 = p.l4 + 8;
		inner.version = data[inner.l3] >> 4;
		find_ip(&inner, false);
		if (!inner.why && inner.version == p.version) {
			find_transport(&inner);
			fix_transport(data, &inner);
		}
		if (inner.version == 4 && (data[inner.l3] & 15) >= 5 &&
		    inner.l3 + (data[inner.l3] & 15) * 4 <= p.end) {
			put16(data + inner.l3 + 10, 0);
			put16(data + inner.l3 + 10, ~fold(sum16(data + inner.l3, (data[inner.l3] & 15) * 4)));
		}
	}
	if (!p.why)
		fix_transport(data, &p);
	if (!p.why && p.version == 4) {
		put16(data + p.l3 + 10, 0);
		put16(data + p.l3 + 10, ~fold(sum16(data + p.l3, (data[p.l3] & 15) * 4)));
	}
}
