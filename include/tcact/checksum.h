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
 *   address                        IPv4's header sum as above; then checksum_transport(),
 *                                  or inline where checksum_inline() says so
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

/* A sum of 16- or 32-bit words in 16 bits; @sum below 2^35. */
static __always_inline __u16 checksum_fold(__u64 sum)
{
	sum = (sum & 0xffffffff) + (sum >> 32);
	sum = (sum & 0xffff) + (sum >> 16);
	return (sum & 0xffff) + (sum >> 16);
}

/* The same where the sum of the words is @diff more. */
static __always_inline __u16 checksum16_add(__u16 sum, __u16 diff)
{
	__u32 acc = (__u16)~sum + diff;

	return ~(acc + (acc >> 16));
}

/* The bytes @old in the packet have become @new, and no other sum knows. */
static __always_inline void checksum_complete(struct __sk_buff *skb, __be32 old, __be32 new)
{
	__u64 diff = (__u64)(__u32)~old + new;

	/* -ENOTSUPP unless CHECKSUM_COMPLETE: then there is nothing to do */
	bpf_csum_update(skb, (__u32)diff + (diff >> 32));
}

/*
 * Is the transport's checksum in the packet all there is, and complete: NONE or
 * UNNECESSARY? Then it may be updated inline, at half the cost of the helper or
 * less. A program can ask for UNNECESSARY only; but what to count a level up
 * makes UNNECESSARY, and to count down leaves as it was, is NONE.
 */
static __always_inline bool checksum_inline(struct __sk_buff *skb)
{
	if (bpf_csum_level(skb, BPF_CSUM_LEVEL_QUERY) >= 0)
		return true;
	bpf_csum_level(skb, BPF_CSUM_LEVEL_INC);
	if (bpf_csum_level(skb, BPF_CSUM_LEVEL_QUERY) < 0)
		return false;
	bpf_csum_level(skb, BPF_CSUM_LEVEL_DEC);
	return true;
}

/*
 * Addresses have changed, by @pseudo in the sum of their words, and bytes of
 * the transport header, by @bytes; the transport's checksum, at @at (0: there is
 * none), has not. The helper knows that CHECKSUM_PARTIAL wants the opposite for
 * the pseudo header and nothing for the bytes. CHECKSUM_COMPLETE is a sum over
 * the packet: what an IPv4 address adds, the header's own sum takes away, so
 * with BPF_F_PSEUDO_HDR the helper subtracts what the checksum has lost. In
 * IPv6 nothing has taken it away: it is added. So is what has no checksum.
 */
static __always_inline enum reason checksum_transport(struct __sk_buff *skb, bool v4, bool udp,
						      __u32 at, __u16 pseudo, __u16 bytes)
{
	__u64 flags = udp ? BPF_F_MARK_MANGLED_0 : 0;

	if (!v4 && pseudo)
		bpf_csum_update(skb, pseudo);
	if (!at) {
		if (bytes)
			bpf_csum_update(skb, bytes);
		return DONE;
	}
	if (pseudo && bpf_l4_csum_replace(skb, at, 0, pseudo, BPF_F_PSEUDO_HDR | flags))
		return HELPER_FAILED;
	if (bytes && bpf_l4_csum_replace(skb, at, 0, bytes, flags))
		return HELPER_FAILED;
	return DONE;
}
