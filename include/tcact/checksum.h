/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Which update a write needs, so that every state of skb->ip_summed stays
 * right. The state is invisible to a program; each of these is right in all.
 *
 *   IPv4 TOS, TTL, fragment bits    checksum16_adjust() on the header's own sum
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

/*
 * RFC 1624, equation 3: HC' = ~(~HC + ~m + m'), @diff being m' - m of the 16-bit
 * words as they are in the packet. ~m + m' is that in one's complement: one less
 * where negative. As both summands then fit 16 bits, one carry is all there is.
 */
static __always_inline __u16 checksum16_adjust(__u16 sum, int diff)
{
	__u32 acc = (__u16)~sum + (__u16)(diff + (diff >> 31));

	return ~(acc + (acc >> 16));
}

/* The bytes @old in the packet have become @new, and no other sum knows. */
static __always_inline void checksum_complete(struct __sk_buff *skb, __be32 old, __be32 new)
{
	__u64 diff = (__u64)(__u32)~old + new;

	/* -ENOTSUPP unless CHECKSUM_COMPLETE: then there is nothing to do */
	bpf_csum_update(skb, (__u32)diff + (diff >> 32));
}
