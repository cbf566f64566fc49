/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Change the TTL (RFC 791, 3.2) or hop limit (RFC 8200, 3), never to 0. */
#pragma once

#include <tcact/checksum.h>
#include <tcact/ip.h>

struct ttl_params {
	__u8 set, dec, min, max;	/* 0: not given */
	__s32 expired;			/* TC_ACT_* */
};
PARAM(ttl, set, "num 1..255 off=0", "value to set; takes the place of dec");
PARAM(ttl, dec, "num 1..255 off=0", "how much to subtract; 1 where nothing else is given");
PARAM(ttl, min, "num 1..255 off=0", "raise lower values to this");
PARAM(ttl, max, "num 1..255 off=0", "lower higher values to this");
PARAM(ttl, expired, "word @verdict", "verdict on a packet whose value dec would bring to 0");

#define TTL_DEFAULTS { .expired = TC_ACT_SHOT }

/* 0 for a packet that expires */
static __always_inline __u8 ttl_new(__u8 ttl, const volatile struct ttl_params *params)
{
	__u8 set, dec, min, max;

	/* all four at once, as each load of a parameter stays in the program */
	if (!*(const volatile __u32 *)params)
		return ttl ? ttl - 1 : 0;
	set = params->set;
	dec = params->dec;
	min = params->min;
	max = params->max;
	if (set)
		return set;
	if (ttl <= dec)
		return 0;
	ttl -= dec;
	if (min && ttl < min)
		ttl = min;
	if (max && ttl > max)
		ttl = max;
	return ttl;
}

static __always_inline enum reason ttl_set(struct __sk_buff *skb, struct network *net,
					   const volatile struct ttl_params *params)
{
	__u8 old, new;

	if (net->proto == bpf_htons(ETH_P_IP)) {
		struct iphdr *ip = net->header;

		old = ip->ttl;
		new = ttl_new(old, params);
		if (!new)
			return EXPIRED;
		ip->ttl = new;
		/* TTL is the upper half of the 16-bit word it shares with the protocol */
		ip->check = checksum16_replace(ip->check, bpf_htons(old << 8),
					       bpf_htons(new << 8));
	} else {
		struct ipv6hdr *ip = net->header;

		old = ip->hop_limit;
		new = ttl_new(old, params);
		if (!new)
			return EXPIRED;
		ip->hop_limit = new;
		/* the last byte of a 32-bit word: length, next header, hop limit */
		checksum_complete(skb, bpf_htonl(old), bpf_htonl(new));
	}
	return DONE;
}
