/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The transport header: behind IPv4 options or up to EXTENSIONS_MAX IPv6
 * hop-by-hop, routing, destination options and fragment headers (RFC 8200, 4),
 * in the first fragment or an unfragmented packet.
 */
#pragma once

#include <linux/in.h>
#include <linux/tcp.h>
#include <tcact/ip.h>

#define EXTENSIONS_MAX 8

struct transport {
	__u32 offset;		/* from data */
	__u32 end;		/* of the IP packet, from data: what is behind is padding */
	__u8 proto;		/* IPPROTO_*; not necessarily one that has ports */
};

/*
 * The @size bytes at @offset, linear, to read and write; NULL if the packet
 * ends before. Packet pointers read earlier are void afterwards.
 */
static __always_inline void *packet_at(struct __sk_buff *skb, __u32 offset, __u32 size)
{
	void *at;

	/* The verifier wants a bound, and before 6.18 on this register, not on a copy. */
	asm volatile("" : "+r"(offset));
	if (offset > 0x7fff)
		return NULL;
	at = packet_data(skb) + offset;
	if (likely(at + size <= packet_end(skb)))
		return at;
	if (!packet_pull(skb, offset + size))
		return NULL;
	at = packet_data(skb) + offset;
	return at + size <= packet_end(skb) ? at : NULL;
}

#define IPV6_OFFSET 0xfff8	/* in the fragment header, bytes 2 and 3; RFC 8200, 4.5 */

/*
 * Follows the extension headers from @offset on, where a header of type @proto
 * is: the transport header's offset << 8 | its type, or -reason.
 */
FUNCTION int ipv6_extensions(struct __sk_buff *skb, __u32 offset, __u32 proto)
{
	for (int i = 0; i <= EXTENSIONS_MAX; i++) {
		struct {
			__u8 next;
			__u8 length;		/* in 8 bytes, the first 8 not counted */
			__be16 fragment;	/* where it is a fragment header */
		} head;

		if (proto != IPPROTO_HOPOPTS && proto != IPPROTO_ROUTING &&
		    proto != IPPROTO_DSTOPTS && proto != IPPROTO_FRAGMENT)
			return (offset & 0xffff) << 8 | (proto & 0xff);
		if (bpf_skb_load_bytes(skb, offset, &head, sizeof(head)))
			return -TRUNCATED;
		if (proto == IPPROTO_FRAGMENT) {
			if (head.fragment & bpf_htons(IPV6_OFFSET))
				return -FRAGMENT;
			head.length = 0;
		}
		offset = forget(skb, offset + (head.length + 1) * 8);
		proto = head.next;
	}
	return -EXTENSIONS;
}

/* After network_find(). Packet pointers stay valid. */
static __always_inline enum reason
transport_find(struct __sk_buff *skb, const struct network *net, struct transport *l4)
{
	__u32 length;		/* 0: a GSO packet, longer than the field can say */

	if (net->proto == bpf_htons(ETH_P_IP)) {
		const struct iphdr *ip = net->header;

		if (ip->frag_off & bpf_htons(IPV4_OFFSET))
			return FRAGMENT;
		length = bpf_ntohs(ip->tot_len);
		l4->offset = net->offset + ip->ihl * 4;
		l4->proto = ip->protocol;
	} else {
		const struct ipv6hdr *ip = net->header;
		int where = forget(skb, ipv6_extensions(skb, net->offset + sizeof(*ip), ip->nexthdr));

		if (where < 0)
			return -where;
		length = bpf_ntohs(ip->payload_len);
		if (length)
			length += sizeof(*ip);
		l4->offset = where >> 8;
		l4->proto = where;
	}
	l4->end = length ? net->offset + length : skb->len;
	return l4->offset <= l4->end ? DONE : TRUNCATED;
}
