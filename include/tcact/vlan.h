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
#define VLAN_DEI 0x1000
#define VLAN_NONE 0x10000	/* no tag: no TCI is that */
_Static_assert(VLAN_NONE > (__u16)~0, "a TCI has 16 bits");

/*
 * Does the kernel know it for a tag (eth_type_vlan())? Only these does it put into the
 * metadata, push and pop; one of 0x9100 or 0x9200 is always in the frame.
 */
static __always_inline bool kernel_tag(__be16 proto)
{
	return proto == bpf_htons(ETH_P_8021Q) || proto == bpf_htons(ETH_P_8021AD);
}

/* The TCI of the tag of an Ethernet frame, VLAN_NONE, or -reason. */
static __always_inline int vlan_outermost(struct __sk_buff *skb)
{
	struct vlan_tag tag;
	__be16 proto;

	if (skb->vlan_present)
		return skb->vlan_tci;
	if (bpf_skb_load_bytes(skb, offsetof(struct ethhdr, h_proto), &proto, sizeof(proto)))
		return -TRUNCATED;
	if (!is_tag(proto))
		return VLAN_NONE;
	if (bpf_skb_load_bytes(skb, ETH_HLEN, &tag, sizeof(tag)))
		return -TRUNCATED;
	return bpf_ntohs(tag.tci);
}

/* The same of any packet. */
OUT_OF_LINE int vlan_find(struct __sk_buff *skb)
{
	if (!skb->vlan_present && link_layer(skb) != LINK_ETHER)
		return -LINK_UNKNOWN;
	return vlan_outermost(skb);
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
	return proto == skb->protocol || !(is_tag(proto) || is_tag(skb->protocol)) ? DONE : MALFORMED;
}

/* The TCI of the tag behind the outermost one, which there is; VLAN_NONE, or -reason. */
static __always_inline int vlan_behind(struct __sk_buff *skb)
{
	__u32 at = offsetof(struct ethhdr, h_proto) +
		   (skb->vlan_present ? 0 : sizeof(struct vlan_tag));
	struct { __be16 proto, tci; } tag;

	if (bpf_skb_load_bytes(skb, at, &tag, sizeof(tag)))
		return -TRUNCATED;
	return is_tag(tag.proto) ? bpf_ntohs(tag.tci) : VLAN_NONE;
}

/* The sum over the packet, if it is known (CHECKSUM_COMPLETE), is to be @sum again. */
static __always_inline void checksum_restore(struct __sk_buff *skb, __s64 sum)
{
	if (sum < 0)
		return;
	checksum_complete(skb, ~(__u32)bpf_csum_update(skb, 0));
	checksum_complete(skb, sum);
}

/*
 * Where the protocol of the tag behind the first one of the frame is, which is what
 * skb->protocol becomes when that is popped: the only way to set it.
 */
#define VLAN_NEXT (ETH_HLEN + offsetof(struct vlan_tag, proto))

/* Pops a tag that the kernel does not know: behind another, it may be called one that it does. */
OUT_OF_LINE int vlan_pop_foreign(struct __sk_buff *skb)
{
	__be16 proto = bpf_htons(ETH_P_8021Q);
	__s64 sum = bpf_csum_update(skb, 0);

	if (bpf_skb_vlan_push(skb, proto, 0))
		return HELPER_FAILED;
	if (bpf_skb_vlan_push(skb, proto, 0)) {		/* the first one goes into the frame */
		bpf_skb_vlan_pop(skb);
		return HELPER_FAILED;
	}
	if (bpf_skb_store_bytes(skb, VLAN_NEXT, &proto, sizeof(proto), /*flags*/ 0) ||
	    bpf_skb_vlan_pop(skb))
		return HELPER_FAILED;
	checksum_restore(skb, sum);
	/* the first one leaves the metadata, where the foreign one takes its place */
	return bpf_skb_vlan_pop(skb) || bpf_skb_vlan_pop(skb) ? HELPER_FAILED : DONE;
}

/* Pushes a tag that the kernel does not know, which is then in the frame, and what skb->protocol says. */
OUT_OF_LINE int vlan_push_foreign(struct __sk_buff *skb, __u32 proto, __u32 tci)
{
	__be16 known = bpf_htons(ETH_P_8021Q), foreign = proto;
	__s64 sum;

	if (bpf_skb_vlan_push(skb, known, tci))
		return HELPER_FAILED;
	if (bpf_skb_vlan_push(skb, known, 0)) {
		bpf_skb_vlan_pop(skb);
		return HELPER_FAILED;
	}
	sum = bpf_csum_update(skb, 0);
	if (bpf_skb_vlan_push(skb, known, 0)) {
		bpf_skb_vlan_pop(skb);
		bpf_skb_vlan_pop(skb);
		return HELPER_FAILED;
	}
	if (bpf_skb_store_bytes(skb, VLAN_NEXT, &foreign, sizeof(foreign), /*flags*/ 0) ||
	    bpf_skb_vlan_pop(skb) || bpf_skb_vlan_pop(skb))
		return HELPER_FAILED;
	checksum_restore(skb, sum);
	return DONE;
}

/* Takes the tag that vlan_find() found away; one behind it that the kernel knows moves to the metadata. */
OUT_OF_LINE int vlan_pop(struct __sk_buff *skb)
{
	enum reason why = vlan_truth(skb);

	if (why != DONE)
		return why;
	/* The one behind it must be whole, or the kernel stops half-way. */
	if (is_tag(skb->protocol) && skb->len < ETH_HLEN + 2 * sizeof(struct vlan_tag))
		return TRUNCATED;
	if (!skb->vlan_present && !kernel_tag(skb->protocol))
		return vlan_pop_foreign(skb);
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
	if (!kernel_tag(skb->protocol))
		return bpf_skb_vlan_pop(skb) || bpf_skb_vlan_push(skb, proto, new) ? HELPER_FAILED : DONE;
	sum = bpf_csum_update(skb, 0);
	if (bpf_skb_vlan_push(skb, proto, 0))
		return HELPER_FAILED;
	if (bpf_skb_store_bytes(skb, ETH_HLEN, &tci, sizeof(tci), /*flags*/ 0))
		why = HELPER_FAILED;
	if (bpf_skb_vlan_pop(skb))
		why = HELPER_FAILED;
	checksum_restore(skb, sum);
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
