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
 *   address                         the IPv4 header's own sum, then checksum_transport()
 *
 * All are incremental: a sum that was wrong before is wrong by as much after.
 */
#pragma once

#include <tcact/action.h>

/*
 * RFC 1624 where one 16-bit word m becomes m', @diff being m' - m of the words as they
 * are in the packet: HC' = HC - @diff, a borrow taken and a carry added at the other
 * end. From a negative @diff, 0xffff is a carry too: the sum is then 0, as equation 3
 * has it.
 */
static __always_inline __u16 checksum16_adjust(__u16 sum, int diff)
{
	int acc = sum - diff;

	return acc + (((diff < 0) + acc) >> 16);
}

/* The sum of two 16-bit words, in one's complement. */
static __always_inline __u16 sum16(__u16 a, __u16 b)
{
	__u32 sum = a + b;

	return sum + (sum >> 16);
}

/* ~sum16(~sum, diff), where @diff is the sum by which the words have changed. */
static __always_inline __u16 checksum16_add(__u16 sum, __u16 diff)
{
	int acc = sum - diff;

	return acc + (acc >> 16);
}

/* ~m + m', of which thousands can be added up. */
static __always_inline __u32 checksum16_diff(__be16 old, __be16 new)
{
	return (__u16)~old + new;
}

/* The same of both halves of a 32-bit word: what is above 16 bits may be added to what is below. */
static __always_inline __u32 checksum32_diff(__be32 old, __be32 new)
{
	__u64 diff = (__u64)(__u32)~old + new;

	return (__u16)diff + (diff >> 16);
}

/* Bytes of the packet have changed by @diff, and no other sum knows. */
static __always_inline void checksum_complete(struct __sk_buff *skb, __u32 diff)
{
	/* -ENOTSUPP unless CHECKSUM_COMPLETE: then there is nothing to do */
	bpf_csum_update(skb, diff);
}

/*
 * How the words of a packet have changed, in one's complement. An IPv4 address
 * changes nothing in sum, as the header's own checksum takes it back.
 */
struct change {
	__u16 address;		/* of IPv6 */
	__u16 pseudo;		/* in the pseudo header: an address of either */
	__u16 bytes;		/* in the transport header */
};

/* The transport's checksum after that; a computed 0 of UDP is sent as 0xffff. */
static __always_inline __u16 checksum16_changed(__u16 sum, const struct change *change, bool udp)
{
	sum = checksum16_add(sum, change->pseudo);
	if (change->bytes)
		sum = checksum16_add(sum, change->bytes);
	return udp && !sum ? 0xffff : sum;
}

/*
 * After @change: is the transport's checksum yet to be completed (CHECKSUM_PARTIAL)?
 * The helpers tell of UNNECESSARY; what to count a level up makes UNNECESSARY, and
 * to count down leaves as it was, is NONE; what takes an update is COMPLETE: of
 * the sum over the packet, from which the checksum takes back what is below it.
 */
static __always_inline bool checksum_is_partial(struct __sk_buff *skb, const struct change *change)
{
	if (bpf_csum_level(skb, BPF_CSUM_LEVEL_QUERY) >= 0)
		return false;
	bpf_csum_level(skb, BPF_CSUM_LEVEL_INC);
	if (bpf_csum_level(skb, BPF_CSUM_LEVEL_QUERY) >= 0) {
		bpf_csum_level(skb, BPF_CSUM_LEVEL_DEC);
		return false;
	}
	return bpf_csum_update(skb, change->address + (__u16)~change->pseudo) < 0;
}

/* What the transport's checksum @sum is to be after @change. UDP's is not 0: then it has none. */
static __always_inline __u16 checksum_transport(struct __sk_buff *skb, __u16 sum,
						const struct change *change, bool udp)
{
	/* PARTIAL: it is the sum of the pseudo header alone, and not inverted */
	return checksum_is_partial(skb, change) ? sum16(sum, change->pseudo)
						: checksum16_changed(sum, change, udp);
}

/* Where there is no transport's checksum. */
static __always_inline void checksum_no_transport(struct __sk_buff *skb, const struct change *change)
{
	if (change->address + change->bytes)
		bpf_csum_update(skb, change->address + change->bytes);
}
