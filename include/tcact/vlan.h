/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The outermost VLAN tag, wherever it is: in the metadata (skb->vlan_present,
 * always so at ingress) or in the frame, behind the Ethernet addresses. TCI:
 * priority (PCP) 3 bits, drop eligible (DEI) 1, VLAN identifier 12; IEEE
 * 802.1Q, 9.6.
 */
#pragma once

#include <tcact/checksum.h>
#include <tcact/link.h>

#define VLAN_VID 0x0fff
#define VLAN_PCP_SHIFT 13
#define VLAN_NONE (-1)

/* The tag's TCI, or VLAN_NONE. */
static __always_inline int vlan_tci(struct __sk_buff *skb)
{
	struct {
		__be16 proto;
		struct vlan_tag tag;
	} at;

	if (skb->vlan_present)
		return skb->vlan_tci;
	if (link_layer(skb) != LINK_ETHER ||
	    bpf_skb_load_bytes(skb, offsetof(struct ethhdr, h_proto), &at, sizeof(at)) ||
	    !is_tag(at.proto))
		return VLAN_NONE;
	return bpf_ntohs(at.tag.tci);
}

/* Replaces the TCI @old of a tag that vlan_tci() found. Packet pointers are void afterwards. */
static __always_inline enum reason vlan_tci_write(struct __sk_buff *skb, __u16 old, __u16 new)
{
	__be16 tci = bpf_htons(new);
	__u16 proto;

	if (old == new)
		return DONE;
	if (skb->vlan_present) {
		/* The field is read only. With one tag, neither call moves the data. */
		proto = skb->vlan_proto;
		if (bpf_skb_vlan_pop(skb) || bpf_skb_vlan_push(skb, proto, new))
			return HELPER_FAILED;
		return DONE;
	}
	if (bpf_skb_store_bytes(skb, sizeof(struct ethhdr), &tci, sizeof(tci), /*flags*/ 0))
		return HELPER_FAILED;
	checksum_complete(skb, bpf_htons(old), tci);
	return DONE;
}
