/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Which checksum update each write needs. A program cannot read skb->ip_summed
 * (include/linux/skbuff.h), so each of these updates is right in all its states.
 *
 *   IPv4 TOS, TTL, DF flag          csum16_adjust() on the header checksum
 *   IPv6 traffic class, hop limit,  skb_csum_update(): IPv6 has no header checksum,
 *   flow label                      but the sum of CHECKSUM_COMPLETE covers the bytes
 *   TCP option, TCP window          bpf_l4_csum_replace() without BPF_F_PSEUDO_HDR:
 *                                   under CHECKSUM_PARTIAL the field holds the sum of
 *                                   the pseudo-header only, and must not change
 *   address, port                   the IPv4 header checksum, then that of the transport header:
 *                                   csum_partial_or_update()
 *   Ethernet address, VLAN tag      skb_csum_update(), where the sum of CHECKSUM_COMPLETE covers
 *                                   them: csum_covers_link(), and see vlan.h
 *
 * All updates are incremental (RFC 1624): a checksum that was wrong before stays wrong.
 */
#pragma once

#include <tcact/action.h>

/*
 * The checksum @sum (HC) after one 16-bit word m of the data became m'. @diff is m' - m,
 * an ordinary difference of the words in network byte order. HC' = HC - @diff, where a
 * borrow or a carry wraps around. If @diff is negative, a result of 0xffff wraps around
 * too: it becomes 0, as in equation 3 of RFC 1624.
 */
static __always_inline __u16 csum16_adjust(__u16 sum, int diff)
{
	int acc = sum - diff;

	return acc + (((diff < 0) + acc) >> 16);
}

/* The ones' complement sum of two 16-bit words: RFC 1071. */
static __always_inline __u16 csum16_add(__u16 a, __u16 b)
{
	__u32 sum = a + b;

	return sum + (sum >> 16);
}

/*
 * The checksum @sum after the ones' complement sum of the data changed by @diff:
 * ~csum16_add(~sum, diff).
 */
static __always_inline __u16 csum16_sub(__u16 sum, __u16 diff)
{
	int acc = sum - diff;

	return acc + (acc >> 16);
}

/* ~m + m' of RFC 1624, not yet folded to 16 bits, so that several can be added up first. */
static __always_inline __u32 csum16_diff(__be16 old, __be16 new)
{
	return (__u16)~old + new;
}

/* The same for a 32-bit word: the sum of the differences of its two halves. */
static __always_inline __u32 csum32_diff(__be32 old, __be32 new)
{
	__u64 diff = (__u64)(__u32)~old + new;

	return (__u16)diff + (diff >> 16);
}

/* Updates skb->csum after a change of @diff that no checksum in the packet makes up for. */
static __always_inline void skb_csum_update(struct __sk_buff *skb, __u32 diff)
{
	/* -ENOTSUPP unless CHECKSUM_COMPLETE: then there is nothing to do */
	bpf_csum_update(skb, diff);
}

/* How the ones' complement sums of a packet's words change. 0: no change. */
struct csum_diff {
	__u16 address;		/* IPv6 address; of IPv4, the header checksum makes up for it */
	__u16 pseudo_header;	/* the address in it: IPv4 or IPv6 */
	__u16 transport;	/* transport header, without its checksum */
};

/* The transport checksum after @diff. UDP sends a computed 0 as 0xffff (RFC 768). */
static __always_inline __u16 csum_transport(__u16 sum, const struct csum_diff *diff, bool udp)
{
	sum = csum16_sub(sum, diff->pseudo_header);
	if (diff->transport)
		sum = csum16_sub(sum, diff->transport);
	return udp && !sum ? 0xffff : sum;
}

/*
 * Is the transport checksum still to be completed (CHECKSUM_PARTIAL)? No helper returns
 * skb->ip_summed, but bpf_csum_level() and bpf_csum_update() behave differently in each
 * state (net/core/filter.c):
 *
 *   CHECKSUM_UNNECESSARY  QUERY succeeds
 *   CHECKSUM_NONE         QUERY fails, INC makes it UNNECESSARY, and DEC undoes that
 *   CHECKSUM_COMPLETE     QUERY fails after INC too, and bpf_csum_update() succeeds
 *   CHECKSUM_PARTIAL      QUERY fails after INC too, and so does bpf_csum_update()
 *
 * Since Linux 6.11 a UDP packet that will be segmented can be CHECKSUM_NONE and still have to be completed: where the
 * device computes no checksums (udp_send_skb() in net/ipv4/udp.c).
 *
 * In state COMPLETE this also updates skb->csum for @diff. The new transport checksum
 * makes up for the changed bytes of the transport header, and takes the change of the
 * pseudo-header away, so that +address and -pseudo are left.
 */
static __always_inline bool csum_partial_or_update(struct __sk_buff *skb,
						   const struct csum_diff *diff, bool udp)
{
	if (bpf_csum_level(skb, BPF_CSUM_LEVEL_QUERY) >= 0)
		return false;
	bpf_csum_level(skb, BPF_CSUM_LEVEL_INC);
	if (bpf_csum_level(skb, BPF_CSUM_LEVEL_QUERY) >= 0) {
		bpf_csum_level(skb, BPF_CSUM_LEVEL_DEC);
		return udp && skb->gso_size;
	}
	return bpf_csum_update(skb, diff->address + (__u16)~diff->pseudo_header) < 0;
}

/* Updates skb->csum after @diff of a packet that has no transport checksum. */
static __always_inline void csum_no_transport_update(struct __sk_buff *skb,
						     const struct csum_diff *diff)
{
	if (diff->address + diff->transport)
		bpf_csum_update(skb, diff->address + diff->transport);
}
