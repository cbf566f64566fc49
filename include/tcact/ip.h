/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The IP header of a packet, found and checked: RFC 791, RFC 8200.
 *
 * After network_find() has said DONE, @net->proto tells which header is at
 * @net->header, its fixed part (20 or 40 bytes) is linear and may be read and
 * written, IHL is 5 or more, and the length it announces is in the packet.
 * After a helper that may move the packet, network_again().
 */
#pragma once

#include <linux/ip.h>
#include <linux/ipv6.h>
#include <tcact/link.h>

struct network {
	void *header;
	__u32 offset;		/* of header from data */
	__be16 proto;		/* ETH_P_IP or ETH_P_IPV6 */
};

enum side { SOURCE, DESTINATION };

/* One of the addresses; an IPv4 address is the first word. */
static __always_inline __be32 *network_address(const struct network *net, enum side side)
{
	if (net->proto == bpf_htons(ETH_P_IP)) {
		struct iphdr *ip = net->header;

		return side == SOURCE ? &ip->saddr : &ip->daddr;
	} else {
		struct ipv6hdr *ip = net->header;

		return (side == SOURCE ? &ip->saddr : &ip->daddr)->in6_u.u6_addr32;
	}
}

/* Where the IP packet ends, from data; behind that may be padding. */
static __always_inline __u32 network_end(const struct __sk_buff *skb, const struct network *net)
{
	__u32 length;

	if (net->proto == bpf_htons(ETH_P_IP)) {
		length = bpf_ntohs(((struct iphdr *)net->header)->tot_len);
		return length ? net->offset + length : skb->len;
	}
	length = bpf_ntohs(((struct ipv6hdr *)net->header)->payload_len);
	return length ? net->offset + sizeof(struct ipv6hdr) + length : skb->len;
}

/* Points @net->header at @size linear bytes again; false if there are not as many. */
static __always_inline bool network_again(struct __sk_buff *skb, struct network *net, __u32 size)
{
	net->header = packet_data(skb) + net->offset;
	return net->header + size <= packet_end(skb);
}

static __always_inline bool network_pull(struct __sk_buff *skb, struct network *net, __u32 size)
{
	if (likely(network_again(skb, net, size)))
		return true;
	return packet_pull(skb, net->offset + size) && network_again(skb, net, size);
}

static __always_inline enum reason network_check_ipv4(struct __sk_buff *skb, struct network *net)
{
	struct iphdr *ip;
	__u32 version_ihl;

	if (!network_pull(skb, net, sizeof(*ip)))
		return TRUNCATED;
	ip = net->header;
	version_ihl = *(__u8 *)ip;
	if (version_ihl - 0x45 > 0x4f - 0x45)
		return MALFORMED;
	/* 0 in a GSO packet longer than the field can say (Linux 6.3, BIG TCP) */
	if (net->offset + bpf_ntohs(ip->tot_len) > skb->len)
		return TRUNCATED;
	return DONE;
}

static __always_inline enum reason network_check_ipv6(struct __sk_buff *skb, struct network *net)
{
	struct ipv6hdr *ip;

	if (!network_pull(skb, net, sizeof(*ip)))
		return TRUNCATED;
	ip = net->header;
	if (ip->version != 6)
		return MALFORMED;
	if (net->offset + sizeof(*ip) + bpf_ntohs(ip->payload_len) > skb->len)
		return TRUNCATED;
	return DONE;
}

static __always_inline enum reason network_find(struct __sk_buff *skb, struct network *net)
{
	int where;

	net->offset = ETH_HLEN;
	net->proto = link_common(skb, ETH_HLEN);
	if (likely(net->proto == bpf_htons(ETH_P_IP)))
		return network_check_ipv4(skb, net);
	if (likely(net->proto == bpf_htons(ETH_P_IPV6)))
		return network_check_ipv6(skb, net);

	where = link_skip(skb);
	if (where < 0)
		return -where;
	net->offset = where & 0x3f;
	net->proto = where & LINK_IPV6 ? bpf_htons(ETH_P_IPV6) : bpf_htons(ETH_P_IP);
	return net->proto == bpf_htons(ETH_P_IP) ? network_check_ipv4(skb, net)
						 : network_check_ipv6(skb, net);
}
