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
	__u8 proto;		/* IPPROTO_*; not necessarily one that has ports */
	bool first;		/* fragment of several */
	bool routed;		/* on: the destination is not yet the last one */
};

/*
 * The @size bytes at @offset, linear, to read and write; NULL if the packet
 * ends before. Packet pointers read earlier are void afterwards.
 */
static __always_inline void *packet_at(struct __sk_buff *skb, __u32 offset, __u32 size)
{
	void *at;

	/* the verifier wants a bound, and before 6.18 on this register, not on a copy */
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

#define IPV4_MORE 0x2000	/* fragments follow */
#define IPV6_OFFSET 0xfff8	/* in the fragment header, bytes 2 and 3; RFC 8200, 4.5 */
#define IPV6_MORE 1

/*
 * Follows the extension headers from @offset on, where a header of type @proto
 * is: the transport header's offset << 8 | its type, and what else was met, or
 * -reason.
 */
#define EXTENSION_FIRST (1 << 24)	/* fragment of several */
#define EXTENSION_ROUTED (1 << 25)	/* segments are left: RFC 8200, 4.4 */

FUNCTION int ipv6_extensions(struct __sk_buff *skb, __u32 offset, __u32 proto)
{
	__u32 met = 0;

	for (int i = 0; i <= EXTENSIONS_MAX; i++) {
		struct {
			__u8 next;
			__u8 length;		/* in 8 bytes, the first 8 not counted */
			union {
				__be16 fragment;
				struct { __u8 type, left; } routing;
			};
		} head;

		if (proto != IPPROTO_HOPOPTS && proto != IPPROTO_ROUTING &&
		    proto != IPPROTO_DSTOPTS && proto != IPPROTO_FRAGMENT)
			return met | (offset & 0xffff) << 8 | (proto & 0xff);
		if (bpf_skb_load_bytes(skb, offset, &head, sizeof(head)))
			return -TRUNCATED;
		if (proto == IPPROTO_FRAGMENT) {
			if (head.fragment & bpf_htons(IPV6_OFFSET))
				return -FRAGMENT;
			if (head.fragment & bpf_htons(IPV6_MORE))
				met |= EXTENSION_FIRST;
			head.length = 0;
		}
		if (proto == IPPROTO_ROUTING && head.routing.left)
			met |= EXTENSION_ROUTED;
		offset += (head.length + 1) * 8;
		proto = head.next;
	}
	return -EXTENSIONS;
}

/* After network_find(). Packet pointers stay valid. */
static __always_inline enum reason
transport_find(struct __sk_buff *skb, const struct network *net, struct transport *l4)
{
	if (net->proto == bpf_htons(ETH_P_IP)) {
		const struct iphdr *ip = net->header;

		if (ip->frag_off & bpf_htons(IPV4_OFFSET))
			return FRAGMENT;
		l4->offset = net->offset + ip->ihl * 4;
		l4->proto = ip->protocol;
		l4->first = ip->frag_off & bpf_htons(IPV4_MORE);
		l4->routed = false;
	} else {
		const struct ipv6hdr *ip = net->header;
		int where = ipv6_extensions(skb, net->offset + sizeof(*ip), ip->nexthdr);

		if (where < 0)
			return -where;
		l4->offset = where >> 8 & 0xffff;
		l4->proto = where;
		l4->first = where & EXTENSION_FIRST;
		l4->routed = where & EXTENSION_ROUTED;
	}
	return DONE;
}

static __always_inline bool transport_ports(__u8 proto)
{
	return proto == IPPROTO_TCP || proto == IPPROTO_UDP || proto == IPPROTO_UDPLITE ||
	       proto == IPPROTO_DCCP || proto == IPPROTO_SCTP;
}

/* Whose checksum is never 0: 0 says that there is none (RFC 768, 3828). */
static __always_inline bool transport_udp(__u8 proto)
{
	return proto == IPPROTO_UDP || proto == IPPROTO_UDPLITE;
}

/* Where the checksum over the addresses is; 0: none. RFC 9293, 768, 3828, 4340, 4443 */
static __always_inline __u32 transport_check(__u8 proto, bool v4)
{
	switch (proto) {
	case IPPROTO_TCP: return 16;
	case IPPROTO_UDP:
	case IPPROTO_UDPLITE:
	case IPPROTO_DCCP: return 6;
	case IPPROTO_ICMPV6: return v4 ? 0 : 2;
	default: return 0;
	}
}

/*
 * The common packets of network_common_ipv4() and network_common_ipv6() with a
 * transport header, of which TRANSPORT_MIN bytes are linear: as far as TCP's
 * checksum, UDP has as much behind it. No fragments, no extension headers if
 * the type is one of a transport protocol.
 */
#define TRANSPORT_MIN 18u

static __always_inline struct iphdr *transport_common_ipv4(struct __sk_buff *skb)
{
	const __u32 size = sizeof(struct iphdr) + TRANSPORT_MIN;
	struct network net;
	struct iphdr *ip;

	if (!network_common(skb, &net, ETH_P_IP, size, 0xffffff00, ETH_P_IP << 16 | 0x4500))
		return NULL;
	ip = net.header;
	return ip->frag_off & bpf_htons(IPV4_OFFSET | IPV4_MORE) ||
	       bpf_ntohs(ip->tot_len) - size > skb->len - (ETH_HLEN + size) ? NULL : ip;
}

static __always_inline struct ipv6hdr *transport_common_ipv6(struct __sk_buff *skb)
{
	const __u32 size = sizeof(struct ipv6hdr) + TRANSPORT_MIN;
	struct network net;
	struct ipv6hdr *ip;

	if (!network_common(skb, &net, ETH_P_IPV6, size, 0xfffff000,
			    (__u32)ETH_P_IPV6 << 16 | 0x6000))
		return NULL;
	ip = net.header;
	return bpf_ntohs(ip->payload_len) - TRANSPORT_MIN > skb->len - (ETH_HLEN + size) ? NULL
											 : ip;
}
