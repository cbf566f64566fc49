/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The transport header of an unfragmented packet or of a first fragment. It follows the
 * IPv4 options, or up to EXTENSIONS_MAX IPv6 extension headers: hop-by-hop, routing,
 * destination options and fragment (RFC 8200, 4).
 */
#pragma once

#include <linux/in.h>
#include <tcact/ip.h>

#define EXTENSIONS_MAX 8

struct transport {
	__u32 offset;		/* bytes from data */
	__u32 end;		/* of the IP packet, bytes from data; padding may follow */
	__u8 proto;		/* IPPROTO_*; not necessarily one that has ports */
	bool first;		/* the first of several fragments */
	bool routed;		/* a routing header follows: the destination is not the final one */
};

/*
 * The @size bytes at @offset from data, made linear, to read and write; NULL if the
 * packet ends before. Packet pointers read earlier are invalid afterwards.
 */
static __always_inline void *packet_at(struct __sk_buff *skb, __u32 offset, __u32 size)
{
	void *at;

	/* The verifier needs an upper bound, before 6.18 on this very register, not on a copy. */
	asm volatile(EVEN("%0") : "+r"(offset));
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

/*
 * Sets @net->header again for a header that was found before, as the packet may have
 * moved. The compiler must know @net->proto, as the verifier does not keep track of it.
 */
static __always_inline bool network_reload(struct __sk_buff *skb, struct network *net)
{
	net->header = packet_at(skb, net->offset, network_is_ipv4(net) ? sizeof(struct iphdr)
								       : sizeof(struct ipv6hdr));
	return net->header;
}

#define IP6_OFFSET 0xfff8	/* in the fragment header, bytes 2 and 3; RFC 8200, 4.5 */
#define IP6_MF 1

/*
 * Follows the extension headers from @offset, where a header of type @proto is, and not
 * beyond @end. Returns the transport header in the bits below, or -reason.
 */
#define EXTENSION_PROTO 0xff		/* its type */
#define EXTENSION_OFFSET_SHIFT 8	/* its offset, in bytes from data */
#define EXTENSION_OFFSET 0xffff
#define EXTENSION_FIRST (1 << 24)	/* in the first of several fragments */
#define EXTENSION_ROUTED (1 << 25)	/* a routing header has segments left: RFC 8200, 4.4 */
_Static_assert(!(EXTENSION_PROTO & EXTENSION_OFFSET << EXTENSION_OFFSET_SHIFT) &&
	       !((EXTENSION_FIRST | EXTENSION_ROUTED) &
		 (EXTENSION_PROTO | EXTENSION_OFFSET << EXTENSION_OFFSET_SHIFT)),
	       "each has bits of its own");
_Static_assert(2 * (LINK_HEADERS_MAX + sizeof(struct ipv6hdr) + EXTENSIONS_MAX * 256 * 8) <=
	       EXTENSION_OFFSET,
	       "an offset fits, also that of a packet inside another");

OUT_OF_LINE int ipv6_extensions(struct __sk_buff *skb, __u32 offset, __u32 proto, __u32 end)
{
	__u32 flags = 0, most = EXTENSIONS_MAX;

	/* Hidden from clang: its loop would else be one that kernels up to 6.1 refuse ("back-edge"). */
	asm volatile("" : "+r"(most));
	for (__u32 i = 0; i <= EXTENSIONS_MAX; i++) {
		struct {
			__u8 next;
			__u8 length;		/* in units of 8 bytes, without the first 8 */
			union {
				__be16 fragment;
				struct { __u8 type, left; } routing;
			};
		} head;

		if (proto != IPPROTO_HOPOPTS && proto != IPPROTO_ROUTING &&
		    proto != IPPROTO_DSTOPTS && proto != IPPROTO_FRAGMENT)
			return flags | (offset & EXTENSION_OFFSET) << EXTENSION_OFFSET_SHIFT |
			       (proto & EXTENSION_PROTO);
		if (i == most)
			break;
		/* each is 8 bytes or more */
		if (offset + 8 > end || bpf_skb_load_bytes(skb, offset, &head, sizeof(head)))
			return -TRUNCATED;
		if (proto == IPPROTO_FRAGMENT) {
			if (head.fragment & bpf_htons(IP6_OFFSET))
				return -FRAGMENT;
			if (head.fragment & bpf_htons(IP6_MF))
				flags |= EXTENSION_FIRST;
			head.length = 0;
		} else if (proto == IPPROTO_ROUTING && head.routing.left) {
			flags |= EXTENSION_ROUTED;
		}
		flags = verifier_forget(skb, flags);
		offset = verifier_forget(skb, offset + (head.length + 1) * 8);
		proto = head.next;
	}
	return -EXTENSIONS;
}

/* Where the packet ends that says so with @end; @inner: it is inside an ICMP error. A GSO packet: see network_validate() */
static __always_inline __u32 transport_end(const struct __sk_buff *skb, __u32 end, __u32 limit, bool inner)
{
	return end != limit && !inner && skb->gso_size ? limit : end;
}

/*
 * Finds the transport header of a packet that may be cut off at @limit (bytes from data).
 * IPv4 options may be cut off, extension headers may not. Packet pointers stay valid.
 */
static __always_inline enum reason
transport_parse_within(struct __sk_buff *skb, const struct network *net, __u32 limit, bool inner,
		       struct transport *l4)
{
	__u32 end;

	if (network_is_ipv4(net)) {
		const struct iphdr *ip = net->header;

		if (ip->frag_off & bpf_htons(IP_OFFSET))
			return FRAGMENT;
		/* 0, inside an ICMP error: of a GSO packet */
		end = ip->tot_len ? net->offset + bpf_ntohs(ip->tot_len) : limit;
		end = transport_end(skb, end, limit, inner);
		l4->offset = net->offset + ip->ihl * 4;
		l4->proto = ip->protocol;
		l4->first = ip->frag_off & bpf_htons(IP_MF);
		l4->routed = false;
	} else {
		const struct ipv6hdr *ip = net->header;
		int where;

		end = net->offset + sizeof(*ip) + bpf_ntohs(ip->payload_len);
		/*
		 * 0: of a GSO packet inside an ICMP error. And Linux takes a packet with a hop-by-hop header to its end then,
		 * whether that has the jumbo payload option or not (ip6_rcv_core() in net/ipv6/ip6_input.c).
		 */
		if (!ip->payload_len && (inner || ip->nexthdr == IPPROTO_HOPOPTS))
			end = limit;
		end = transport_end(skb, end, limit, inner);
		if (end > limit)
			end = limit;
		where = ipv6_extensions(skb, net->offset + sizeof(*ip), ip->nexthdr, end);
		where = verifier_forget(skb, where);
		if (where < 0)
			return -where;
		l4->offset = where >> EXTENSION_OFFSET_SHIFT & EXTENSION_OFFSET;
		l4->proto = where & EXTENSION_PROTO;
		l4->first = where & EXTENSION_FIRST;
		l4->routed = where & EXTENSION_ROUTED;
	}
	l4->end = end < limit ? end : limit;
	return l4->offset <= end ? DONE : TRUNCATED;
}

/* Finds the transport header after network_parse(). Packet pointers stay valid. */
static __always_inline enum reason
transport_parse(struct __sk_buff *skb, const struct network *net, struct transport *l4)
{
	return transport_parse_within(skb, net, skb->len, /*inner*/ false, l4);
}

static __always_inline bool transport_has_ports(__u8 proto)
{
	return proto == IPPROTO_TCP || proto == IPPROTO_UDP || proto == IPPROTO_UDPLITE ||
	       proto == IPPROTO_DCCP || proto == IPPROTO_SCTP;
}

/* Source and destination port, in the order of the packet; false if it has none. Packet pointers stay valid. */
static __always_inline bool transport_ports(struct __sk_buff *skb, const struct transport *l4, __be32 *ports)
{
	return transport_has_ports(l4->proto) && l4->offset + sizeof(*ports) <= l4->end &&
	       !bpf_skb_load_bytes(skb, l4->offset, ports, sizeof(*ports));
}

/* Protocols that send a computed checksum of 0 as 0xffff; 0 means none (RFC 768, 3828). */
static __always_inline bool transport_is_udp(__u8 proto)
{
	return proto == IPPROTO_UDP || proto == IPPROTO_UDPLITE;
}

#define IPPROTO_OSPF 89
#define IPPROTO_MOBILITY 135
#define IPPROTO_HIP 139

/*
 * The offset of the checksum in the transport header, in bytes, if the checksum covers
 * the addresses (in a pseudo-header); else 0. RFC 9293, 768, 3828, 4340, 7401; for IPv6
 * also 4443, 7761 (4.9), 5340 (A.3.1), 6275 (6.1.1).
 */
static __always_inline __u32 transport_csum_offset(__u8 proto, bool v4)
{
	switch (proto) {
	case IPPROTO_TCP: return 16;
	case IPPROTO_UDP:
	case IPPROTO_UDPLITE:
	case IPPROTO_DCCP: return 6;
	case IPPROTO_HIP: return 4;
	case IPPROTO_ICMPV6:
	case IPPROTO_PIM: return v4 ? 0 : 2;
	case IPPROTO_OSPF: return v4 ? 0 : 12;
	case IPPROTO_MOBILITY: return v4 ? 0 : 4;
	default: return 0;
	}
}
