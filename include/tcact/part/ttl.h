/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Change the TTL (RFC 791, 3.2) or hop limit (RFC 8200, 3), never to 0. */
#pragma once

#include <tcact/l4.h>

struct ttl_params {
	__u8 dec, set, min, max, inc;	/* 0: not given */
	__s32 expired __attribute__((aligned(8)));	/* TC_ACT_* */
};
PARAM(ttl, set, "num 1..255 off=0", "value to set, instead of dec, inc, min and max");
PARAM(ttl, dec, "num 1..255 off=0", "how much to subtract; 1 if no other is given");
PARAM(ttl, inc, "num 1..255 off=0", "how much to add, up to 255");
PARAM(ttl, min, "num 1..255 off=0", "raise lower values to this");
PARAM(ttl, max, "num 1..255 off=0", "lower higher values to this");
PARAM(ttl, expired, "word @verdict", "verdict on a packet whose value dec would bring to 0");

#define TTL_DEFAULTS { .expired = TC_ACT_SHOT }

static __always_inline void ttl_write(struct network *net, __u32 old, __u32 new)
{
	if (network_is_ipv4(net)) {
		struct iphdr *ip = net->header;

		ip->ttl = new;
		/* TTL is the first byte of its 16-bit word; the second is the protocol. */
		net->csum_diff += ((int)new - (int)old) * bpf_htons(0x0100);
	} else {
		struct ipv6hdr *ip = net->header;

		ip->hop_limit = new;
		/* The hop limit is the last byte of its 16-bit word; the first is the next header. */
		net->csum_diff += csum16_diff(bpf_htons(old), bpf_htons(new));
	}
}

/* ICMPv6 types of multicast listener discovery and neighbour discovery: RFC 2710, 3.1, RFC 3810, 5.2, RFC 4861, 4.1 to 4.5. */
#define MLD_QUERY 130		/* then report and done */
#define NDISC_REDIRECT 137	/* the last one of neighbour discovery, which begins behind done */
#define MLD2_REPORT 143

/*
 * True if routers certainly forward the packet, as nearly all packets. This needs no
 * helper call. After false, ttl_never_forwarded() decides.
 */
static __always_inline bool ttl_surely_forwarded(const struct network *net)
{
	const struct iphdr *ip4 = net->header;
	const struct ipv6hdr *ip6 = net->header;

	if (network_is_ipv4(net))
		return *(const __u8 *)&ip4->daddr < 0xe0;	/* unicast */
	return (ip6->nexthdr == IPPROTO_UDP || ip6->nexthdr == IPPROTO_TCP) &&
	       ip6->daddr.in6_u.u6_addr8[0] < 0xfe;
}

/*
 * True if no router forwards the packet. Its TTL then does not count hops: receivers
 * require a certain value (255 or 1) as a proof that the sender is on the same link.
 *
 * Such packets are those to 224.0.0.0/24 (RFC 5771, 4), 255.255.255.255 (RFC 1812,
 * 5.3.5.1), multicast addresses of a scope up to link-local, whatever their flags are
 * (RFC 4291, 2.7), and fe80::/10 (2.5.6). And to other addresses, too: IGMP (RFC 2236, 2,
 * RFC 3376, 4), multicast listener discovery and neighbour discovery. The latter with any
 * hop limit: with another one than 255 it is invalid, and must not become valid.
 */
static __always_inline bool ttl_never_forwarded(struct __sk_buff *skb, const struct network *net)
{
	const struct iphdr *ip4 = net->header;
	const struct ipv6hdr *ip6 = net->header;
	struct transport l4;
	__u16 first;
	__u8 type;

	if (network_is_ipv4(net))
		return (ip4->daddr & bpf_htonl(0xffffff00)) == bpf_htonl(0xe0000000) ||
		       (ip4->protocol == IPPROTO_IGMP && (ip4->daddr & bpf_htonl(0xf0000000)) == bpf_htonl(0xe0000000)) ||
		       ip4->daddr == 0xffffffff;
	first = bpf_ntohs(ip6->daddr.in6_u.u6_addr16[0]);
	if ((first & 0xff0f) >= 0xff00 && (first & 0xff0f) <= 0xff02)
		return true;
	if ((first & 0xffc0) == 0xfe80)
		return true;
	return transport_parse(skb, net, &l4) == DONE && l4.proto == IPPROTO_ICMPV6 &&
	       l4.offset < l4.end && !bpf_skb_load_bytes(skb, l4.offset, &type, sizeof(type)) &&
	       ((type >= MLD_QUERY && type <= NDISC_REDIRECT) || type == MLD2_REPORT);
}

/* Can it be neighbour discovery, behind headers that cannot be read? */
static __always_inline bool ttl_may_be_ndisc(struct __sk_buff *skb, const struct network *net)
{
	struct transport l4;
	enum reason why;

	if (network_is_ipv4(net))
		return false;
	why = transport_parse(skb, net, &l4);
	return why != DONE && why != FRAGMENT;
}

/*
 * True if the parameters only ask to subtract 1. It reads all of them in one load, as each
 * load of a parameter stays in the program.
 */
static __always_inline bool ttl_is_dec_1(const volatile struct ttl_params *params)
{
	__u64 given = *(const volatile __u64 *)params;

	_Static_assert(offsetof(struct ttl_params, dec) == 0 &&
		       offsetof(struct ttl_params, inc) < sizeof(given) &&
		       offsetof(struct ttl_params, expired) == sizeof(given),
		       "ttl_is_dec_1() reads all that changes the value, dec first, and nothing else");
	return given == bpf_cpu_to_be64(1ULL << 56) || !given;
}

/* False if the value would become 0: then nothing is written. @dec_1 is the result of ttl_is_dec_1(). */
static __always_inline bool ttl_set(struct __sk_buff *skb, struct network *net, bool dec_1,
				    const volatile struct ttl_params *params)
{
	__u32 old, new, dec, min, max;

	if (network_is_ipv4(net))
		old = ((struct iphdr *)net->header)->ttl;
	else
		old = ((struct ipv6hdr *)net->header)->hop_limit;

	if (dec_1) {
		if (!likely(old > 1))
			return false;
		ttl_write(net, old, old - 1);
		return true;
	}
	new = params->set;
	if (!new) {
		dec = params->dec;
		min = params->min;
		max = params->max;
		if (old <= dec)
			return false;
		new = old - dec + params->inc;
		if (new > 255)
			new = 255;
		if (min && new < min)
			new = min;
		if (max && new > max)
			new = max;
	}
	if (new == 255 && ttl_may_be_ndisc(skb, net))
		return true;
	ttl_write(net, old, new);
	return true;
}
