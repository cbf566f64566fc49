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
#define VLAN_PCP 0xe000
#define VLAN_PCP_SHIFT 13
#define VLAN_NONE 0x10000	/* no tag: no TCI is that */
_Static_assert(VLAN_NONE > (__u16)~0, "a TCI has 16 bits");

/* The TCI of the tag, VLAN_NONE, or -reason. */
OUT_OF_LINE int vlan_find(struct __sk_buff *skb)
{
	struct vlan_tag tag;
	__be16 proto;

	if (skb->vlan_present)
		return skb->vlan_tci;
	if (link_layer(skb) != LINK_ETHER)
		return -LINK_UNKNOWN;
	if (bpf_skb_load_bytes(skb, offsetof(struct ethhdr, h_proto), &proto, sizeof(proto)))
		return -TRUNCATED;
	if (!is_tag(proto))
		return VLAN_NONE;
	if (bpf_skb_load_bytes(skb, ETH_HLEN, &tag, sizeof(tag)))
		return -TRUNCATED;
	return bpf_ntohs(tag.tci);
}

/*
 * The kernel goes by skb->protocol alone: where an AF_PACKET sender lied about
 * that, it would take no tag out of the frame, or four bytes that are none.
 */
static __always_inline enum reason vlan_truth(struct __sk_buff *skb)
{
	__be16 proto;

	if (bpf_skb_load_bytes(skb, offsetof(struct ethhdr, h_proto), &proto, sizeof(proto)))
		return TRUNCATED;
	return is_tag(proto) == is_tag(skb->protocol) ? DONE : MALFORMED;
}

/* Takes the tag that vlan_find() found away; a tag behind it moves to the metadata. */
OUT_OF_LINE int vlan_pop(struct __sk_buff *skb)
{
	enum reason why = vlan_truth(skb);

	if (why != DONE)
		return why;
	/* The one behind it must be whole, or the kernel stops half-way. */
	if (is_tag(skb->protocol) && skb->len < ETH_HLEN + 2 * sizeof(struct vlan_tag))
		return TRUNCATED;
	return bpf_skb_vlan_pop(skb) ? HELPER_FAILED : DONE;
}

/*
 * The tag in the metadata, which is read only, gets the TCI @new. With another in the
 * frame it goes there and back: were that one popped and pushed, kernels before 6.12
 * would take the header behind it for the network header. The checksum over the frame
 * is in the end what it was; whether it covers the tag meanwhile depends on the kernel.
 */
static __always_inline enum reason vlan_write_metadata(struct __sk_buff *skb, __u16 new)
{
	enum reason why = vlan_truth(skb);
	__be16 tci = bpf_htons(new), proto = skb->vlan_proto;
	__s64 sum;

	if (why != DONE)
		return why;
	if (!is_tag(skb->protocol))
		return bpf_skb_vlan_pop(skb) || bpf_skb_vlan_push(skb, proto, new) ? HELPER_FAILED : DONE;
	sum = bpf_csum_update(skb, 0);
	if (bpf_skb_vlan_push(skb, proto, 0))
		return HELPER_FAILED;
	if (bpf_skb_store_bytes(skb, ETH_HLEN, &tci, sizeof(tci), /*flags*/ 0))
		why = HELPER_FAILED;
	if (bpf_skb_vlan_pop(skb))
		why = HELPER_FAILED;
	if (sum >= 0) {
		checksum_complete(skb, ~(__u32)bpf_csum_update(skb, 0));
		checksum_complete(skb, sum);
	}
	return why;
}

/* Replaces the TCI @old that vlan_find() found. Packet pointers are void afterwards. */
static __always_inline enum reason vlan_write(struct __sk_buff *skb, __u16 old, __u16 new)
{
	__be16 tci = bpf_htons(new);

	if (old == new)
		return DONE;
	if (skb->vlan_present)
		return vlan_write_metadata(skb, new);
	if (bpf_skb_store_bytes(skb, ETH_HLEN, &tci, sizeof(tci), /*flags*/ 0))
		return HELPER_FAILED;
	checksum_complete(skb, checksum16_diff(bpf_htons(old), tci));
	return DONE;
}
