/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The outermost VLAN tag. It is in the metadata (skb->vlan_present), or in the frame,
 * after the Ethernet addresses. At ingress the kernel has moved an 802.1Q or 802.1ad tag
 * to the metadata. A TCI is priority (PCP, 3 bits), drop eligible indicator (DEI, 1) and
 * VLAN identifier (VID, 12): IEEE 802.1Q, 9.6. In this file a TCI is in host byte order
 * unless its type is __be16.
 */
#pragma once

#include <tcact/checksum.h>
#include <tcact/link.h>

#define VLAN_VID 0x0fff
#define VLAN_PCP 0xe000
#define VLAN_PCP_SHIFT 13
#define VLAN_DEI 0x1000
#define VLAN_NONE 0x10000	/* there is no tag; no TCI has this value */
_Static_assert(VLAN_NONE > (__u16)~0, "a TCI has 16 bits");

/*
 * Does the kernel handle this TPID (eth_type_vlan())? It keeps only such tags in the
 * metadata, and pushes and pops only these. A tag of 0x9100 or 0x9200 is always in the
 * frame.
 */
static __always_inline bool eth_type_vlan(__be16 proto)
{
	return proto == bpf_htons(ETH_P_8021Q) || proto == bpf_htons(ETH_P_8021AD);
}

/* The TCI of the outermost tag of an Ethernet frame; VLAN_NONE, or -reason. */
static __always_inline int vlan_get_tci_ethernet(struct __sk_buff *skb)
{
	struct vlan_tag tag;
	__be16 proto;

	if (skb->vlan_present)
		return skb->vlan_tci;
	if (bpf_skb_load_bytes(skb, offsetof(struct ethhdr, h_proto), &proto, sizeof(proto)))
		return -TRUNCATED;
	if (!is_vlan_tpid(proto))
		return VLAN_NONE;
	if (bpf_skb_load_bytes(skb, ETH_HLEN, &tag, sizeof(tag)))
		return -TRUNCATED;
	return bpf_ntohs(tag.tci);
}

/* The same for any packet; -LINK_UNKNOWN if it has no Ethernet header. */
OUT_OF_LINE int vlan_get_tci(struct __sk_buff *skb)
{
	if (!skb->vlan_present && !link_is_ether(skb))
		return -LINK_UNKNOWN;
	return vlan_get_tci_ethernet(skb);
}

/*
 * DONE if skb->protocol and the ethertype in the frame agree about a tag. The kernel
 * relies on skb->protocol alone, which an AF_PACKET sender chooses: with a wrong value,
 * a pop leaves the tag in the frame, or removes four bytes that are not a tag.
 */
static __always_inline enum reason vlan_check_protocol(struct __sk_buff *skb)
{
	__be16 proto;

	if (bpf_skb_load_bytes(skb, offsetof(struct ethhdr, h_proto), &proto, sizeof(proto)))
		return TRUNCATED;
	return proto == skb->protocol || !(is_vlan_tpid(proto) || is_vlan_tpid(skb->protocol)) ? DONE : MALFORMED;
}

/* The TCI of the tag after the outermost one, which must exist; VLAN_NONE, or -reason. */
static __always_inline int vlan_get_inner_tci(struct __sk_buff *skb)
{
	__u32 at = offsetof(struct ethhdr, h_proto) +
		   (skb->vlan_present ? 0 : sizeof(struct vlan_tag));
	struct { __be16 proto, tci; } tag;

	if (bpf_skb_load_bytes(skb, at, &tag, sizeof(tag)))
		return -TRUNCATED;
	return is_vlan_tpid(tag.proto) ? bpf_ntohs(tag.tci) : VLAN_NONE;
}

/* Sets skb->csum to @sum again, what bpf_csum_update() returned; < 0: not CHECKSUM_COMPLETE. */
static __always_inline void skb_csum_restore(struct __sk_buff *skb, __s64 sum)
{
	if (sum < 0)
		return;
	skb_csum_update(skb, ~(__u32)bpf_csum_update(skb, 0));
	skb_csum_update(skb, sum);
}

/*
 * The offset, in bytes from data, of the ethertype after the first tag in the frame. A
 * pop copies this ethertype to skb->protocol, which a program cannot set otherwise.
 */
#define VLAN_ENCAPSULATED_PROTO (ETH_HLEN + offsetof(struct vlan_tag, proto))

/*
 * Pops a tag whose TPID the kernel does not handle. With another tag before it, its TPID
 * can be changed to 802.1Q, and then the kernel pops it.
 */
OUT_OF_LINE int vlan_pop_other_tpid(struct __sk_buff *skb)
{
	__be16 proto = bpf_htons(ETH_P_8021Q), foreign = skb->protocol;
	__s64 sum = bpf_csum_update(skb, 0);

	if (bpf_skb_vlan_push(skb, proto, 0))
		return HELPER_FAILED;
	if (bpf_skb_vlan_push(skb, proto, 0)) {		/* moves the first one into the frame */
		bpf_skb_vlan_pop(skb);
		return HELPER_FAILED;
	}
	if (bpf_skb_store_bytes(skb, VLAN_ENCAPSULATED_PROTO, &proto, sizeof(proto), /*flags*/ 0) ||
	    bpf_skb_vlan_pop(skb))
		return HELPER_FAILED;
	skb_csum_restore(skb, sum);
	if (csum_covers_link(skb))
		skb_csum_update(skb, csum16_diff(foreign, proto));
	/* The first pop moves the foreign tag into the metadata, the second removes it. */
	return bpf_skb_vlan_pop(skb) || bpf_skb_vlan_pop(skb) ? HELPER_FAILED : DONE;
}

/*
 * Pushes a tag whose TPID, @proto (network byte order), the kernel does not handle. Two more
 * tags before it move it into the frame, as the second one there. Then its TPID can be
 * written, and they are popped again. It is in the frame afterwards, and skb->protocol is @proto.
 */
OUT_OF_LINE int vlan_push_other_tpid(struct __sk_buff *skb, __u32 proto, __u32 tci)
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
	if (bpf_skb_store_bytes(skb, VLAN_ENCAPSULATED_PROTO, &foreign, sizeof(foreign), /*flags*/ 0) ||
	    bpf_skb_vlan_pop(skb) || bpf_skb_vlan_pop(skb))
		return HELPER_FAILED;
	skb_csum_restore(skb, sum);
	if (csum_covers_link(skb))
		skb_csum_update(skb, csum16_diff(known, foreign));
	return DONE;
}

/*
 * Removes the tag that vlan_get_tci() found. The next one moves to the metadata if the
 * kernel handles its TPID.
 */
OUT_OF_LINE int vlan_pop(struct __sk_buff *skb)
{
	enum reason why = vlan_check_protocol(skb);

	if (why != DONE)
		return why;
	/* If the next tag is cut off, the kernel would fail after half of the work. */
	if (is_vlan_tpid(skb->protocol) && skb->len < ETH_HLEN + 2 * sizeof(struct vlan_tag))
		return TRUNCATED;
	if (!skb->vlan_present && !eth_type_vlan(skb->protocol))
		return vlan_pop_other_tpid(skb);
	return bpf_skb_vlan_pop(skb) ? HELPER_FAILED : DONE;
}

/*
 * Sets the TCI of the tag in the metadata, which a program cannot write directly. Without
 * another tag in the frame, a pop and a push replace it. With one, a push of a dummy tag
 * moves it into the frame, where it is written, and a pop moves it back: if the other tag
 * were popped and pushed, kernels before 6.12 would set the network header wrongly.
 * skb->csum ends as it was; whether it covers the tag meanwhile depends on the kernel.
 */
static __always_inline enum reason vlan_set_tci_metadata(struct __sk_buff *skb, __u16 new)
{
	enum reason why = vlan_check_protocol(skb);
	__be16 tci = bpf_htons(new), proto = skb->vlan_proto;
	__s64 sum;

	if (why != DONE)
		return why;
	if (!eth_type_vlan(skb->protocol))
		return bpf_skb_vlan_pop(skb) || bpf_skb_vlan_push(skb, proto, new) ? HELPER_FAILED : DONE;
	sum = bpf_csum_update(skb, 0);
	if (bpf_skb_vlan_push(skb, proto, 0))
		return HELPER_FAILED;
	if (bpf_skb_store_bytes(skb, ETH_HLEN, &tci, sizeof(tci), /*flags*/ 0))
		why = HELPER_FAILED;
	if (bpf_skb_vlan_pop(skb))
		why = HELPER_FAILED;
	skb_csum_restore(skb, sum);
	return why;
}

/* Replaces @old, the TCI that vlan_get_tci() found. Packet pointers are invalid afterwards. */
static __always_inline enum reason vlan_set_tci(struct __sk_buff *skb, __u16 old, __u16 new)
{
	__be16 tci = bpf_htons(new);

	if (old == new)
		return DONE;
	if (skb->vlan_present)
		return vlan_set_tci_metadata(skb, new);
	if (bpf_skb_store_bytes(skb, ETH_HLEN, &tci, sizeof(tci), /*flags*/ 0))
		return HELPER_FAILED;
	/* not covered on ingress of a VLAN device without reorder_hdr: vlan_do_receive() in net/8021q/vlan_core.c */
	if (is_vlan_tpid(skb->protocol))
		skb_csum_update(skb, csum16_diff(bpf_htons(old), tci));
	return DONE;
}
