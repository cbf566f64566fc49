/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Change the addresses of an Ethernet header: IEEE 802.3, 3.2.3. */
#pragma once

#include <tcact/checksum.h>
#include <tcact/link.h>

struct mac_params {
	__u8 src[ETH_ALEN];	/* all 0: not given */
	__u8 dst[ETH_ALEN];
	__u8 swap;
};
PARAM(mac, src, "mac", "source address to set");
PARAM(mac, dst, "mac", "destination address to set");
PARAM(mac, swap, "word no=0 yes=1", "swap source and destination first");

static __always_inline bool mac_is_set(const volatile __u8 *mac)
{
	return mac[0] | mac[1] | mac[2] | mac[3] | mac[4] | mac[5];
}

static __always_inline void mac_write(__u8 *to, const volatile __u8 *mac)
{
	if (mac_is_set(mac))
		for (int i = 0; i < ETH_ALEN; i++)
			to[i] = mac[i];
}

/* The sum of both addresses, not folded. */
static __always_inline __u32 mac_sum(const struct ethhdr *eth)
{
	const __u16 *words = (const void *)eth;

	return words[0] + words[1] + words[2] + words[3] + words[4] + words[5];
}

/* What mac does to the addresses. */
static __always_inline void mac_change(struct ethhdr *eth, const volatile struct mac_params *params)
{
	if (params->swap) {
		__u8 dst[ETH_ALEN];

		__builtin_memcpy(dst, eth->h_dest, ETH_ALEN);
		__builtin_memcpy(eth->h_dest, eth->h_source, ETH_ALEN);
		__builtin_memcpy(eth->h_source, dst, ETH_ALEN);
	}
	mac_write(eth->h_source, params->src);
	mac_write(eth->h_dest, params->dst);
}

/* Updates skb->csum for what mac_change() is about to do. */
OUT_OF_LINE int mac_csum_update(struct __sk_buff *skb, const volatile struct mac_params *params)
{
	struct ethhdr eth;

	if (bpf_skb_load_bytes(skb, 0, &eth, sizeof(eth)))
		return TRUNCATED;
	skb_csum_update(skb, ~mac_sum(&eth));
	mac_change(&eth, params);
	skb_csum_update(skb, mac_sum(&eth));
	return DONE;
}

static __always_inline enum reason mac_set(struct __sk_buff *skb,
					   const volatile struct mac_params *params)
{
	struct ethhdr *eth;

	if (!link_is_ether(skb))
		return LINK_UNKNOWN;
	if (packet_data(skb) + sizeof(*eth) > packet_end(skb) && !packet_pull(skb, sizeof(*eth)))
		return TRUNCATED;
	if (csum_covers_link(skb))
		mac_csum_update(skb, params);
	eth = packet_data(skb);
	if ((void *)(eth + 1) > packet_end(skb))
		return TRUNCATED;
	mac_change(eth, params);
	return DONE;
}
