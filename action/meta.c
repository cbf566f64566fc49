// SPDX-License-Identifier: GPL-2.0-only
/*
 * meta - write a field of the packet's metadata.
 *
 * field = (field & ~(mask << shift)) | ((source & mask) << shift), for a writable
 * field of __sk_buff and any source that context.h reads. The bytes of the packet are
 * not changed. A packet that does not have the source (no IP header, no xfrm state)
 * is not changed but counted. Returns CONTROL. By default it writes no field:
 *
 *   tcact add dev eth1 egress meta set priority from dscp
 */
#include <tcact/part/meta.h>

ACTION(meta, rewriter, "Write a field of the metadata from a constant or any readable field");
PARAMS(meta) = META_DEFAULTS;

SEC("action/meta") int meta(struct __sk_buff *skb)
{
	if (meta_constant(skb, &meta_params))
		return CONTROL;
	return rewriter_return(meta_set(skb, &meta_params));
}
