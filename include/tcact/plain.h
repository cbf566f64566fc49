/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The packet that most packets are: an IP header right behind Ethernet, without
 * options, extension headers or fragments, and TCP or UDP behind that. It is
 * recognised by one look at its length and a few compares, at half the cost of
 * network_find() and transport_find(), to which everything else is left.
 */
#pragma once

#include <tcact/l4.h>

#define PLAIN_SIZE 18	/* of TCP, as far as its checksum; UDP has as much behind it */

/* The IPv4 header, with PLAIN_SIZE linear bytes behind it that belong to the packet; or NULL. */
static __always_inline struct iphdr *plain_ipv4(struct __sk_buff *skb)
{
	__u32 size = sizeof(struct iphdr) + PLAIN_SIZE, length;
	struct iphdr *ip = packet_data(skb) + ETH_HLEN;

	if (link_common(skb, ETH_HLEN + size) != bpf_htons(ETH_P_IP) ||
	    *(__u8 *)ip != 0x45 || ip->frag_off & bpf_htons(IPV4_OFFSET | IPV4_MORE))
		return NULL;
	length = bpf_ntohs(ip->tot_len);
	return length < size || length + ETH_HLEN > skb->len ? NULL : ip;
}

/* The same for IPv6. */
static __always_inline struct ipv6hdr *plain_ipv6(struct __sk_buff *skb)
{
	__u32 size = sizeof(struct ipv6hdr) + PLAIN_SIZE, length;
	struct ipv6hdr *ip = packet_data(skb) + ETH_HLEN;

	if (link_common(skb, ETH_HLEN + size) != bpf_htons(ETH_P_IPV6) || ip->version != 6)
		return NULL;
	length = bpf_ntohs(ip->payload_len);
	return length < PLAIN_SIZE || length + ETH_HLEN + sizeof(*ip) > skb->len ? NULL : ip;
}
