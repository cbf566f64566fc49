// SPDX-License-Identifier: GPL-2.0-only
/* Puts 32 bits in front of each packet, as XDP does to tell later programs something. */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

char _license[] SEC("license") = "GPL";

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
