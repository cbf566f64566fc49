/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Which update a write needs, so that every state of skb->ip_summed stays
 * right. The state is invisible to a program; each of these is right in all.
 *
 *   IPv4 TOS, TTL, fragment bits    checksum16_replace() on the header's own sum
 *   IPv6 class, hop limit, label    checksum_complete(): IPv6 has no header sum,
 *                                   but CHECKSUM_COMPLETE covers the bytes
 *   TCP option, port, window        bpf_l4_csum_replace() without BPF_F_PSEUDO_HDR:
 *                                   under CHECKSUM_PARTIAL the field holds the sum
 *                                   of the pseudo header only, and must not change
 *
 * All are incremental: a sum that was wrong before is wrong by as much after.
 */
#pragma once

#include <tcact/action.h>

/* RFC 1624, equation 3: HC' = ~(~HC + ~m + m') */
static __always_inline __u16 checksum16_replace(__u16 sum, __be16 old, __be16 new)
{
	__u32 acc = (__u16)~sum + (__u16)~old + new;

	acc = (acc & 0xffff) + (acc >> 16);
	acc += acc >> 16;
	return ~acc;
}

/* The bytes @old in the packet have become @new, and no other sum knows. */
static __always_inline void checksum_complete(struct __sk_buff *skb, __be32 old, __be32 new)
{
	__u64 diff = (__u64)(__u32)~old + new;

	/* -ENOTSUPP unless CHECKSUM_COMPLETE: then there is nothing to do */
	bpf_csum_update(skb, (__u32)diff + (diff >> 32));
}
