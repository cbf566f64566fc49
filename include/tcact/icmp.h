/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The packet inside an ICMP error: RFC 792, RFC 4443. It went the other way,
 * so an address or port that is the source of the error is the destination of
 * the packet inside, and the translation of one is that of the other.
 */
#pragma once

#include <tcact/l4.h>

#define ICMP_SIZE 8	/* of the header of an error; the packet follows */
#define ICMP_CHECK 2	/* where its checksum is */

/* Is there an ICMP error, behind which a packet follows? Redirects never pass a router. */
static __always_inline bool icmp_error(struct __sk_buff *skb, const struct network *net,
				       const struct transport *l4)
{
	bool v4 = net->proto == bpf_htons(ETH_P_IP);
	__u8 type;

	if (l4->proto != (v4 ? IPPROTO_ICMP : IPPROTO_ICMPV6) ||
	    bpf_skb_load_bytes(skb, l4->offset, &type, sizeof(type)))
		return false;
	return v4 ? type == 3 || type == 4 || type == 11 || type == 12 : type < 128;
}

/*
 * The IP header inside the ICMP error at @offset of a packet that ends at @end.
 * What follows it may be cut off. Packet pointers are void afterwards.
 */
static __always_inline enum reason icmp_inner(struct __sk_buff *skb, __u32 offset, __u32 end,
					      struct network *inner)
{
	__u32 size = inner->proto == bpf_htons(ETH_P_IP) ? sizeof(struct iphdr)
							 : sizeof(struct ipv6hdr);
	__u8 first;

	inner->offset = offset + ICMP_SIZE;
	inner->header = packet_at(skb, inner->offset, size);
	if (!inner->header || inner->offset + size > end)
		return TRUNCATED;
	first = *(__u8 *)inner->header;
	if (inner->proto == bpf_htons(ETH_P_IP))
		return first - 0x45U > 0x4f - 0x45 ? MALFORMED : DONE;
	return first >> 4 == 6 ? DONE : MALFORMED;
}
