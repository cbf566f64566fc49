// SPDX-License-Identifier: GPL-2.0-only
/* Programs that the tests need, apart from the actions. */
#include <linux/bpf.h>
#include <linux/pkt_cls.h>
#include <bpf/bpf_helpers.h>

char _license[] SEC("license") = "GPL";

/* Adds 32 bits of metadata before each packet, as XDP programs do to inform later programs. */
SEC("xdp") int leave_meta(struct xdp_md *ctx)
{
	__u32 *meta;

	if (bpf_xdp_adjust_meta(ctx, -(int)sizeof(*meta)))
		return XDP_DROP;
	meta = (void *)(long)ctx->data_meta;
	if ((void *)(meta + 1) > (void *)(long)ctx->data)
		return XDP_DROP;
	*meta = 0xd0d0cafe;
	return XDP_PASS;
}

/* Matches packets of 1000 bytes and more that are CHECKSUM_COMPLETE. */
SEC("action/complete") int complete(struct __sk_buff *skb)
{
	return skb->len < 1000 || bpf_csum_update(skb, 0) < 0 ? -2 : TC_ACT_UNSPEC;
}

/* Matches packets of 1000 bytes and more, but at most 2000, that are CHECKSUM_COMPLETE: if skb->csum is their sum. */
SEC("action/summed") int summed(struct __sk_buff *skb)
{
	__s64 is = bpf_csum_update(skb, 0);
	__u32 sum = 0;
	__u16 word;

	for (__u32 at = 0; at < 2000 && !bpf_skb_load_bytes(skb, at, &word, sizeof(word)); at += sizeof(word))
		sum += word;
	return skb->len >= 1000 && is >= 0 && is % 0xffffULL == sum % 0xffffU ? TC_ACT_UNSPEC : -2;
}

/* Matches packets that have an IPv4 header of IHL 5 and TOS 0xb8 at one of these bytes. */
static __always_inline int header_within(struct __sk_buff *skb, __u32 first, __u32 last)
{
	__u8 head[2];

	for (__u32 at = first; at <= last && !bpf_skb_load_bytes(skb, at, head, sizeof(head)); at += 2)
		if (head[0] == 0x45 && head[1] == 0xb8)
			return TC_ACT_UNSPEC;
	return -2;
}

SEC("action/at_0") int at_0(struct __sk_buff *skb) { return header_within(skb, 0, 0); }
SEC("action/at_14") int at_14(struct __sk_buff *skb) { return header_within(skb, 14, 14); }
SEC("action/behind") int behind(struct __sk_buff *skb) { return header_within(skb, 16, 100); }
