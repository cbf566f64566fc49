/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The IP header of a packet, found and checked: RFC 791, RFC 8200.
 *
 * Once network_parse() has said DONE, @net->proto tells which header is at
 * @net->header, its fixed part (20 or 40 bytes) is linear and may be read and
 * written, IHL is 5 or more, and the length it announces is in the packet.
 * After a helper that may move the packet, network_linear().
 */
#pragma once

#include <linux/ip.h>
#include <linux/ipv6.h>
#include <tcact/checksum.h>
#include <tcact/link.h>

#define IPV4_OFFSET 0x1fff	/* the offset in iphdr.frag_off; RFC 791, 3.1 */

struct network {
	void *header;
	__u32 offset;		/* of header from data */
	__be16 proto;		/* ETH_P_IP or ETH_P_IPV6 */
	__u32 change;		/* that network_done() is to bring into the sums */
};

union address {			/* in network byte order */
	__be32 v4;
	__u64 v6[2];
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

/* Points @net->header at @size linear bytes again; false if there are not as many. */
static __always_inline bool network_linear(struct __sk_buff *skb, struct network *net, __u32 size)
{
	net->header = packet_data(skb) + net->offset;
	return net->header + size <= packet_end(skb);
}

static __always_inline bool network_may_pull(struct __sk_buff *skb, struct network *net, __u32 size)
{
	if (likely(network_linear(skb, net, size)))
		return true;
	return packet_pull(skb, net->offset + size) && network_linear(skb, net, size);
}

static __always_inline enum reason network_validate(struct __sk_buff *skb, struct network *net)
{
	__u32 length;

	if (network_is_ipv4(net)) {
		struct iphdr *ip;

		if (!network_may_pull(skb, net, sizeof(*ip)))
			return TRUNCATED;
		ip = net->header;
		length = bpf_ntohs(ip->tot_len);
		if (ip->version != 4 || ip->ihl < 5)
			return MALFORMED;
		/* 0: a GSO packet longer than the field can say (Linux 6.3, BIG TCP) */
		if (!length && skb->gso_segs)
			length = ip->ihl * 4u;
		if (length < ip->ihl * 4u)
			return MALFORMED;
	} else {
		struct ipv6hdr *ip;

		if (!network_may_pull(skb, net, sizeof(*ip)))
			return TRUNCATED;
		ip = net->header;
		length = sizeof(*ip) + bpf_ntohs(ip->payload_len);
		if (ip->version != 6)
			return MALFORMED;
	}
	return net->offset + length <= skb->len ? DONE : TRUNCATED;
}

/* Any packet: finds and checks its IP header. */
static __always_inline enum reason network_parse(struct __sk_buff *skb, struct network *net)
{
	int where = forget(skb, link_skip(skb));

	if (where < 0)
		return -where;
	net->change = 0;
	net->offset = where & LINK_OFFSET;
	net->proto = where & LINK_IPV6 ? bpf_htons(ETH_P_IPV6) : bpf_htons(ETH_P_IP);
	return network_validate(skb, net);
}

/* Where the ethertype is @proto: is that of an Ethernet header for sure? */
static __always_inline bool network_behind_ethernet(const struct __sk_buff *skb, __u16 proto)
{
	return link == LINK_ETHER || (link == LINK_AUTO && skb->protocol == bpf_htons(proto) &&
				      !begins_ip(*(__u8 *)packet_data(skb)));
}

/*
 * The common packets: linear, with a valid IP header (of IPv4, one without
 * options) right behind an Ethernet header, and @behind bytes behind that. True
 * is all that network_parse() says with DONE, without a helper call and in half
 * the instructions; false says nothing.
 */

static __always_inline bool network_common_ipv4(struct __sk_buff *skb, struct network *net,
						__u32 behind)
{
	const __u32 size = sizeof(struct iphdr) + behind;
	__u32 word;

	*net = (struct network){ .header = packet_data(skb) + ETH_HLEN, .offset = ETH_HLEN,
				 .proto = bpf_htons(ETH_P_IP) };
	if (net->header + size > packet_end(skb) ||
	    *(__be16 *)(net->header - sizeof(__be16)) != bpf_htons(ETH_P_IP) ||
	    !network_behind_ethernet(skb, ETH_P_IP))
		return false;
	/*
	 * Version and IHL, TOS, length: 0x45, and size <= length <= what there is, all less
	 * 0x45000000 and size in one unsigned comparison, as no packet is 16 MiB long.
	 */
	word = bpf_ntohl(*(__be32 *)net->header) & 0xff00ffff;
	return word - (0x45000000 + size) <= skb->len - (ETH_HLEN + size);
}

static __always_inline bool network_common_ipv6(struct __sk_buff *skb, struct network *net,
						__u32 behind)
{
	const __u32 size = sizeof(struct ipv6hdr) + behind;
	const struct ipv6hdr *ip;

	*net = (struct network){ .header = packet_data(skb) + ETH_HLEN, .offset = ETH_HLEN,
				 .proto = bpf_htons(ETH_P_IPV6) };
	/* ethertype and version in one word */
	if (net->header + size > packet_end(skb) ||
	    (*(__be32 *)(net->header - sizeof(__be16)) & bpf_htonl(0xfffff000)) !=
	    bpf_htonl((__u32)ETH_P_IPV6 << 16 | 0x6000) ||
	    !network_behind_ethernet(skb, ETH_P_IPV6))
		return false;
	ip = net->header;
	return bpf_ntohs(ip->payload_len) - behind <= skb->len - (ETH_HLEN + size);
}

/*
 * The end of the rewriters of class, TTL and flow label: the sums, once for all of
 * them. The bytes of an IPv4 header that they write are in halves of their own of its
 * 16-bit words, so that their differences together are no more than one word's.
 */
static __always_inline int network_done(struct __sk_buff *skb, const struct network *net)
{
	if (network_is_ipv4(net)) {
		struct iphdr *ip = net->header;

		ip->check = checksum16_adjust(ip->check, net->change);
	} else {
		checksum_complete(skb, net->change);
	}
	return CONTROL;
}

/*
 * Defines ON_IP(skb), which does WORK(skb, net) on IP packets: on the common ones at
 * once, on any other in ANY(skb), a function of its own, so that the common path is
 * short and saves no registers. What network_parse() refuses ends in OTHERWISE(reason).
 */
#define DEFINE_ON_IP(on_ip, any, work, otherwise)			\
	OUT_OF_LINE int any(struct __sk_buff *skb)				\
	{								\
		struct network net;					\
		enum reason why = network_parse(skb, &net);		\
									\
		return why == DONE ? work(skb, &net) : otherwise(why);	\
	}								\
									\
	static __always_inline int on_ip(struct __sk_buff *skb)		\
	{								\
		struct network net;					\
									\
		if (likely(network_common_ipv4(skb, &net, /*behind*/ 0))) \
			return work(skb, &net);				\
		if (network_common_ipv6(skb, &net, /*behind*/ 0))	\
			return work(skb, &net);				\
		return any(skb);					\
	}
