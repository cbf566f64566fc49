/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Change the TTL (RFC 791, 3.2) or hop limit (RFC 8200, 3), never to 0. */
#pragma once

#include <linux/in.h>
#include <tcact/ip.h>

struct ttl_params {
	__u8 dec, set, min, max;	/* 0: not given */
	__s32 expired;			/* TC_ACT_* */
};
PARAM(ttl, set, "num 1..255 off=0", "value to set; takes the place of dec");
PARAM(ttl, dec, "num 1..255 off=0", "how much to subtract; 1 where nothing else is given");
PARAM(ttl, min, "num 1..255 off=0", "raise lower values to this");
PARAM(ttl, max, "num 1..255 off=0", "lower higher values to this");
PARAM(ttl, expired, "word @verdict", "verdict on a packet whose value dec would bring to 0");

#define TTL_DEFAULTS { .expired = TC_ACT_SHOT }
#define TTL_DEC_1 0x01000000	/* dec, set, min and max in one */

static __always_inline void ttl_write(struct network *net, __u32 old, __u32 new)
{
	if (network_is_ipv4(net)) {
		struct iphdr *ip = net->header;

		ip->ttl = new;
		/* the first byte of the 16-bit word it shares with the protocol */
		net->change += ((int)new - (int)old) * bpf_htons(0x0100);
	} else {
		struct ipv6hdr *ip = net->header;

		ip->hop_limit = new;
		/* the last byte of the 16-bit word it shares with the next header */
		net->change += checksum16_diff(bpf_htons(old), bpf_htons(new));
	}
}

/*
 * Neighbour discovery is valid with hop limit 255 only (RFC 4861, 6.1 and 7.1),
 * which no packet that was forwarded has.
 */
static __always_inline bool is_neighbour_discovery(const struct network *net)
{
	const struct ipv6hdr *ip = net->header;

	return net->proto == bpf_htons(ETH_P_IPV6) && ip->nexthdr == IPPROTO_ICMPV6 &&
	       ip->hop_limit == 255;
}

/* To 224.0.0.0/24 (RFC 5771, 4) or ff02::/16 (RFC 4291, 2.7): routers never forward these. */
static __always_inline bool is_link_multicast(const struct network *net)
{
	const struct iphdr *ip4 = net->header;
	const struct ipv6hdr *ip6 = net->header;

	if (network_is_ipv4(net))
		return (ip4->daddr & bpf_htonl(0xffffff00)) == bpf_htonl(0xe0000000);
	return ip6->daddr.in6_u.u6_addr16[0] == bpf_htons(0xff02);
}

/* Is 1 to be subtracted, and no more? All four in one load, as each load stays in the program. */
static __always_inline bool ttl_by_one(const volatile struct ttl_params *params)
{
	__u32 given = *(const volatile __u32 *)params;

	return given == bpf_htonl(TTL_DEC_1) || !given;
}

/* 1 if it was changed, 0 if it is to stay, or -EXPIRED. @by_one: ttl_by_one() was true. */
static __always_inline int ttl_set(struct network *net, bool by_one,
				   const volatile struct ttl_params *params)
{
	__u32 old, new, dec, min, max;

	if (network_is_ipv4(net))
		old = ((struct iphdr *)net->header)->ttl;
	else
		old = ((struct ipv6hdr *)net->header)->hop_limit;

	if (is_neighbour_discovery(net))
		return 0;
	if (by_one) {
		if (!likely(old > 1))
			return is_link_multicast(net) ? 0 : -EXPIRED;
		ttl_write(net, old, old - 1);
		return 1;
	}
	new = params->set;
	if (!new) {
		dec = params->dec;
		min = params->min;
		max = params->max;
		if (old <= dec)
			return is_link_multicast(net) ? 0 : -EXPIRED;
		new = old - dec;
		if (min && new < min)
			new = min;
		if (max && new > max)
			new = max;
	}
	ttl_write(net, old, new);
	return 1;
}
