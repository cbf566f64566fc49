/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Where the network header is.
 *
 * On a device with a link layer, data points to the Ethernet header on both hooks. On a
 * device without one (tun, wireguard, gre, ipip) it points to the IP header. No field of
 * the context says which. The bytes of the packet cannot decide either, as a remote
 * sender chooses them: in a tun packet from 8.0.69.x, the sender's address is where the
 * ethertype would be, and a MAC address may begin like an IP header.
 *
 * The parameter `link` says which, if tcact knew the device. Otherwise (auto), and for a
 * packet of type PACKET_LOOPBACK, these rules are tried in order:
 *
 *   1. skb->protocol is IP, and the upper half of the first byte is neither 4 nor 6:
 *      Ethernet. On a device without a link layer this occurs only with a packet that
 *      is not IP, which the kernel itself drops.
 *   2. The kernel's network header is at data: no link header.
 *   3. The kernel's network header follows an Ethernet header with up to two tags, or
 *      the packet ends there: Ethernet.
 *   4. Anything else: LINK_UNKNOWN. An example is a GRE device without a fixed remote,
 *      where data is the outer IP header and the network header is the inner one.
 *
 * skb->protocol alone is not enough: an AF_PACKET sender chooses it.
 *
 * The kernel sets PACKET_LOOPBACK in two places. The copies of multicast and broadcast
 * packets for programs of the sending host begin with the IP header on any device
 * (dev_loopback_xmit() in net/core/dev.c). What a VRF device sends to itself has an
 * Ethernet header (vrf_local_xmit() in drivers/net/vrf.c).
 *
 * After an Ethernet header, up to two tags are skipped (802.1Q, 802.1ad, or the older
 * TPIDs 0x9100 and 0x9200), then one PPPoE session header. A tag in the skb's metadata is
 * not part of the frame and does not count.
 */
#pragma once

#include <linux/if_packet.h>
#include <tcact/action.h>
#include <tcact/headers.h>

enum { LINK_AUTO, LINK_ETHER, LINK_NONE };
MODINFO("parm=link:link layer of the device; tcact add sets it from the device's kind");
MODINFO("parmtype=link:word auto=0 ether=1 none=2");
/* Weak: one parameter, the same in every action. */
const volatile __u8 link __attribute__((weak)) = LINK_AUTO;

struct vlan_tag {		/* what follows a TPID: IEEE 802.1Q, 9.6 */
	__be16 tci;
	__be16 proto;
};

struct pppoe {			/* RFC 2516, 4, and the PPP protocol field after it */
	__u8 version_type;
	__u8 code;
	__be16 session;
	__be16 length;
	__be16 protocol;
};
#define PPP_IP 0x0021		/* RFC 1332, 2 */
#define PPP_IPV6 0x0057		/* RFC 5072, 2 */

#define LINK_HEADERS_MAX (ETH_HLEN + 2 * sizeof(struct vlan_tag) + sizeof(struct pppoe))

static __always_inline void *packet_data(const struct __sk_buff *skb)
{
	return (void *)(long)skb->data;
}

static __always_inline void *packet_end(const struct __sk_buff *skb)
{
	return (void *)(long)skb->data_end;
}

/* Makes the first @size bytes linear. Packet pointers are invalid afterwards. */
static __always_inline bool packet_pull(struct __sk_buff *skb, __u32 size)
{
	return size <= skb->len && !bpf_skb_pull_data(skb, size);
}

/*
 * Does skb->csum, of CHECKSUM_COMPLETE, include the Ethernet header? Not at ingress, where the packet came in by this
 * very device. But a packet that was redirected from there to egress has it in the sum (skb_push_rcsum() in
 * net/sched/act_mirred.c, bpf_push_mac_rcsum() in net/core/filter.c). One that is redirected to egress of the same device
 * cannot be told apart.
 */
static __always_inline bool csum_covers_link(const struct __sk_buff *skb)
{
	return skb->ingress_ifindex && skb->ingress_ifindex != skb->ifindex;
}

static __always_inline bool is_ip(__be16 proto)
{
	return proto == bpf_htons(ETH_P_IP) || proto == bpf_htons(ETH_P_IPV6);
}

/* Could this byte begin an IP header? Its upper half is the version. */
static __always_inline bool has_ip_version(__u8 byte)
{
	return (byte & 0xd0) == 0x40;
}

static __always_inline bool is_vlan_tpid(__be16 proto)
{
	return proto == bpf_htons(ETH_P_8021Q) || proto == bpf_htons(ETH_P_8021AD) ||
	       proto == bpf_htons(ETH_P_QINQ1) || proto == bpf_htons(ETH_P_QINQ2);
}

/* Is byte @offset of the network header within the linear part of the packet? */
static __always_inline bool network_reaches(struct __sk_buff *skb, __u32 offset)
{
	__u8 byte;

	return !bpf_skb_load_bytes_relative(skb, offset, &byte, sizeof(byte), BPF_HDR_START_NET);
}

/*
 * Is the kernel's network header @offset bytes after data? @linear bytes from data on are
 * linear. No helper returns the header's position, but bpf_skb_load_bytes_relative() reads
 * relative to it, up to the end of the linear part and up to offset 65535. So if the last
 * linear byte can be read at the expected distance, and the byte after it cannot, the
 * header is there.
 */
static __always_inline bool network_is_at(struct __sk_buff *skb, __u32 linear, __u32 offset)
{
	return linear > offset && linear - offset <= 0xffff &&
	       network_reaches(skb, linear - offset - 1) && !network_reaches(skb, linear - offset);
}

/* Rules 2 to 4. Packet pointers are invalid afterwards. */
static __always_inline __u8 link_by_network(struct __sk_buff *skb)
{
	__u32 offset = ETH_HLEN, linear = packet_end(skb) - packet_data(skb);

	if (linear < LINK_HEADERS_MAX) {
		bpf_skb_pull_data(skb, skb->len < LINK_HEADERS_MAX ? skb->len : LINK_HEADERS_MAX);
		linear = packet_end(skb) - packet_data(skb);
	}
	if (network_is_at(skb, linear, 0))
		return LINK_NONE;
	for (int tags = 0; tags <= 2; tags++) {
		/* The packet ends here: without a link layer, rule 2 would have applied. */
		if (linear <= offset || network_is_at(skb, linear, offset))
			return LINK_ETHER;
		offset += sizeof(struct vlan_tag);
	}
	return LINK_AUTO;
}

/* The link layer of the packet's device, LINK_AUTO if it cannot be told. */
static __always_inline __u8 link_layer(struct __sk_buff *skb)
{
	__u8 first;

	if (link != LINK_AUTO && skb->pkt_type != PACKET_LOOPBACK)
		return link;
	if (bpf_skb_load_bytes(skb, 0, &first, sizeof(first)))
		return LINK_AUTO;
	if (is_ip(skb->protocol) && !has_ip_version(first))
		return LINK_ETHER;
	return link_by_network(skb);
}

/* Does the packet certainly begin with an Ethernet header? For those that write to it: without the rules if `link` tells. */
static __always_inline bool link_is_ether(struct __sk_buff *skb)
{
	return link == LINK_ETHER ? skb->pkt_type != PACKET_LOOPBACK : link_layer(skb) == LINK_ETHER;
}

/*
 * Finds the network header of any packet. Returns its offset from data in bytes
 * (NETWORK_OFFSET), plus NETWORK_IPV6 if it is an IPv6 header; or -reason.
 */
#define NETWORK_OFFSET 0x3e	/* even: see headers.h */
#define NETWORK_IPV6 0x100
_Static_assert(LINK_HEADERS_MAX <= NETWORK_OFFSET && !(NETWORK_OFFSET & NETWORK_IPV6),
	       "each has bits of its own");
_Static_assert(!((ETH_HLEN | sizeof(struct vlan_tag) | sizeof(struct pppoe)) & ~NETWORK_OFFSET),
	       "the network header is at an even offset, whatever is before it");

OUT_OF_LINE int network_locate(struct __sk_buff *skb)
{
	__u8 layer = link_layer(skb);
	__u32 offset = ETH_HLEN;
	__be16 proto;
	__u8 first;

	if (layer == LINK_AUTO)
		return -LINK_UNKNOWN;
	if (layer == LINK_NONE) {
		/*
		 * An MPLS entry may look like an IP header: 0x45000140 is label 0x45000, TTL 64. So may the MAC address of an
		 * Ethernet frame that came out of a tunnel for packets of any kind (VXLAN-GPE), which the kernel drops.
		 */
		proto = skb->protocol;
		if (proto == bpf_htons(ETH_P_MPLS_UC) || proto == bpf_htons(ETH_P_MPLS_MC) || proto == bpf_htons(ETH_P_TEB))
			return -NOT_IP;
		if (bpf_skb_load_bytes(skb, 0, &first, sizeof(first)))
			return -TRUNCATED;
		if (!has_ip_version(first))
			return -NOT_IP;
		return first >> 4 == 6 ? NETWORK_IPV6 : 0;
	}

	if (bpf_skb_load_bytes(skb, offsetof(struct ethhdr, h_proto), &proto, sizeof(proto)))
		return -TRUNCATED;
	for (int tags = 0; tags < 2 && is_vlan_tpid(proto); tags++) {
		struct vlan_tag tag;

		if (bpf_skb_load_bytes(skb, offset, &tag, sizeof(tag)))
			return -TRUNCATED;
		offset += sizeof(tag);
		proto = tag.proto;
	}
	if (proto == bpf_htons(ETH_P_PPP_SES)) {
		struct pppoe pppoe;

		if (bpf_skb_load_bytes(skb, offset, &pppoe, sizeof(pppoe)))
			return -TRUNCATED;
		offset += sizeof(pppoe);
		if (pppoe.protocol == bpf_htons(PPP_IP))
			proto = bpf_htons(ETH_P_IP);
		else if (pppoe.protocol == bpf_htons(PPP_IPV6))
			proto = bpf_htons(ETH_P_IPV6);
	}
	if (proto == bpf_htons(ETH_P_IP))
		return offset;
	return proto == bpf_htons(ETH_P_IPV6) ? (int)offset | NETWORK_IPV6 : -NOT_IP;
}
