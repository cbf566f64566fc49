/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The IP header of a packet, found and checked: RFC 791, RFC 8200.
 *
 * After network_parse() has returned DONE, @net->proto tells which header is at
 * @net->header. Its fixed part (20 or 40 bytes) is linear and may be read and written,
 * IHL is 5 or more, and the packet is at least as long as the header says. After a
 * helper that may move the packet, call network_linear() before @net->header is used.
 */
#pragma once

#include <tcact/checksum.h>
#include <tcact/link.h>

/* The parts of iphdr.frag_off: RFC 791, 3.1; named as in include/net/ip.h of the kernel. */
#define IP_DF 0x4000
#define IP_MF 0x2000
#define IP_OFFSET 0x1fff

struct network {
	void *header;
	__u32 offset;		/* of header, in bytes from data */
	__be16 proto;		/* ETH_P_IP or ETH_P_IPV6 */
	__u32 csum_diff;	/* for network_csum_update(): how the sum of the header's words changed */
};

enum side { SOURCE, DESTINATION };

static __always_inline bool network_is_ipv4(const struct network *net)
{
	return net->proto == bpf_htons(ETH_P_IP);
}

static __always_inline union address *network_address(const struct network *net, enum side side)
{
	if (network_is_ipv4(net)) {
		struct iphdr *ip = net->header;

		return (void *)(side == SOURCE ? &ip->saddr : &ip->daddr);
	} else {
		struct ipv6hdr *ip = net->header;

		return (void *)(side == SOURCE ? &ip->saddr : &ip->daddr);
	}
}

/* IPv4 addresses if @v4, else IPv6 addresses */
static __always_inline bool address_equal(const union address *a, const union address *b, bool v4)
{
	return v4 ? a->v4 == b->v4 : a->v6[0] == b->v6[0] && a->v6[1] == b->v6[1];
}

/* Sets @net->header again from skb->data; false if fewer than @size bytes there are linear. */
static __always_inline bool network_linear(struct __sk_buff *skb, struct network *net, __u32 size)
{
	net->header = packet_data(skb) + net->offset;
	return net->header + size <= packet_end(skb);
}

/* The same, and makes the bytes linear where they are not. */
static __always_inline bool network_may_pull(struct __sk_buff *skb, struct network *net, __u32 size)
{
	if (likely(network_linear(skb, net, size)))
		return true;
	return packet_pull(skb, net->offset + size) && network_linear(skb, net, size);
}

/*
 * The length field of a GSO packet says nothing: each segment gets one of its own (inet_gso_segment(),
 * ipv6_gso_segment()), and nobody reads it before. So its sender, which may be a virtual machine, can write anything
 * there; and 0 if the packet is too long for the field (BIG TCP, Linux 6.3).
 */
static __always_inline enum reason network_validate(struct __sk_buff *skb, struct network *net)
{
	__u32 length;

	if (network_is_ipv4(net)) {
		struct iphdr *ip;

		if (!network_may_pull(skb, net, sizeof(*ip)))
			return TRUNCATED;
		ip = net->header;
		if (ip->version != 4 || ip->ihl < 5)
			return MALFORMED;
		length = skb->gso_size ? ip->ihl * 4u : bpf_ntohs(ip->tot_len);
		if (length < ip->ihl * 4u)
			return MALFORMED;
	} else {
		struct ipv6hdr *ip;

		if (!network_may_pull(skb, net, sizeof(*ip)))
			return TRUNCATED;
		ip = net->header;
		if (ip->version != 6)
			return MALFORMED;
		length = sizeof(*ip) + (skb->gso_size ? 0 : bpf_ntohs(ip->payload_len));
	}
	return net->offset + length <= skb->len ? DONE : TRUNCATED;
}

/* Finds and checks the IP header of any packet. */
static __always_inline enum reason network_parse(struct __sk_buff *skb, struct network *net)
{
	int where = verifier_forget(skb, network_locate(skb));

	if (where < 0)
		return -where;
	net->csum_diff = 0;
	net->offset = where & NETWORK_OFFSET;
	net->proto = where & NETWORK_IPV6 ? bpf_htons(ETH_P_IPV6) : bpf_htons(ETH_P_IP);
	return network_validate(skb, net);
}

/* Bytes 12 and 13 of the packet are @proto: are they certainly an Ethernet header's? */
static __always_inline bool network_after_ethernet(const struct __sk_buff *skb, __u16 proto)
{
	return link == LINK_ETHER || (link == LINK_AUTO && skb->protocol == bpf_htons(proto) &&
				      !has_ip_version(*(__u8 *)packet_data(skb)));
}

/*
 * The fast path for common packets: linear, a valid IP header (IPv4: without options)
 * directly after an Ethernet header, and at least @payload bytes after the IP header. True
 * means what DONE of network_parse() means, but takes half the instructions and no helper
 * call. After false, call network_parse().
 */

static __always_inline bool network_common_ipv4(struct __sk_buff *skb, struct network *net,
						__u32 payload)
{
	const __u32 size = sizeof(struct iphdr) + payload;
	__u32 word;

	*net = (struct network){ .header = packet_data(skb) + ETH_HLEN, .offset = ETH_HLEN,
				 .proto = bpf_htons(ETH_P_IP) };
	if (net->header + size > packet_end(skb) ||
	    *(__be16 *)(net->header - sizeof(__be16)) != bpf_htons(ETH_P_IP) ||
	    !network_after_ethernet(skb, ETH_P_IP))
		return false;
	/*
	 * The word is version, IHL, TOS (masked out) and total length. One unsigned comparison
	 * tests that it begins with 0x45 and that size <= total length <= bytes present. It
	 * relies on a packet being shorter than 16 MiB.
	 */
	word = bpf_ntohl(*(__be32 *)net->header) & 0xff00ffff;
	return word - (0x45000000 + size) <= skb->len - (ETH_HLEN + size);
}

static __always_inline bool network_common_ipv6(struct __sk_buff *skb, struct network *net,
						__u32 payload)
{
	const __u32 size = sizeof(struct ipv6hdr) + payload;
	const struct ipv6hdr *ip;

	*net = (struct network){ .header = packet_data(skb) + ETH_HLEN, .offset = ETH_HLEN,
				 .proto = bpf_htons(ETH_P_IPV6) };
	/* ethertype and version, in one 32-bit word */
	if (net->header + size > packet_end(skb) ||
	    (*(header_be32 *)(net->header - sizeof(__be16)) & bpf_htonl(0xfffff000)) !=
	    bpf_htonl((__u32)ETH_P_IPV6 << 16 | 0x6000) ||
	    !network_after_ethernet(skb, ETH_P_IPV6))
		return false;
	ip = net->header;
	return bpf_ntohs(ip->payload_len) - payload <= skb->len - (ETH_HLEN + size);
}

/*
 * The last step of the rewriters of traffic class, TTL and flow label: updates the
 * checksums, once for all of them. TOS is the low byte of its 16-bit word, and TTL the
 * high byte of its own. So the sum of both differences is in the range of the difference
 * of one word, which csum16_adjust() needs.
 */
static __always_inline int network_csum_update(struct __sk_buff *skb, const struct network *net)
{
	if (network_is_ipv4(net)) {
		struct iphdr *ip = net->header;

		ip->check = csum16_adjust(ip->check, net->csum_diff);
	} else {
		skb_csum_update(skb, net->csum_diff);
	}
	return CONTROL;
}

/*
 * Defines ON_IP(skb), which returns WORK(skb, net) for IP packets. It handles common
 * packets directly. ANY(skb), a separate function, handles the others, so that the common
 * path is short and saves no registers. For a packet that network_parse() refuses, the
 * result is OTHERWISE, an expression with skb and why, the reason.
 */
#define DEFINE_ON_IP(on_ip, any, work, otherwise)			\
	OUT_OF_LINE int any(struct __sk_buff *skb)				\
	{								\
		struct network net;					\
		enum reason why = network_parse(skb, &net);		\
									\
		return why == DONE ? work(skb, &net) : (otherwise);	\
	}								\
									\
	static __always_inline int on_ip(struct __sk_buff *skb)		\
	{								\
		struct network net;					\
									\
		if (likely(network_common_ipv4(skb, &net, /*payload*/ 0))) \
			return work(skb, &net);				\
		if (network_common_ipv6(skb, &net, /*payload*/ 0))	\
			return work(skb, &net);				\
		return any(skb);					\
	}
