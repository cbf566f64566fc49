/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Set the flow label of IPv6: RFC 6437. IPv4 has none. */
#pragma once

#include <tcact/ip.h>

#define FLOW_LABEL 0xfffff
#define FLOW_LABEL_FROM_HASH (FLOW_LABEL + 1)
#define FLOW_LABEL_FROM_MARK (FLOW_LABEL + 2)

struct flowlabel_params {
	__u32 value;
};
PARAM(flowlabel, value, "num 0..0xfffff hash=1048576 mark=1048577",
      "label to set; mark: the low 20 bits of the packet's mark; hash: a hash of the flow, where "
      "the label is 0");
#define FLOWLABEL_DEFAULTS { .value = FLOW_LABEL_FROM_HASH }

/* True if the label was written; then call network_csum_update(). */
static __always_inline bool flowlabel_set(struct __sk_buff *skb, struct network *net,
					  const volatile struct flowlabel_params *params)
{
	__u32 label = params->value;
	header_be32 *word = net->header;
	__be32 old, new;

	if (net->proto != bpf_htons(ETH_P_IPV6))
		return false;
	old = *word;
	if (label == FLOW_LABEL_FROM_HASH) {
		/* A router may set a label that is 0, but not change another one: RFC 6437, 3. */
		if (old & bpf_htonl(FLOW_LABEL))
			return false;
		label = bpf_get_hash_recalc(skb) & FLOW_LABEL;
		if (!label)
			label = 1;
	} else if (label == FLOW_LABEL_FROM_MARK) {
		label = skb->mark & FLOW_LABEL;
	}
	new = (old & ~bpf_htonl(FLOW_LABEL)) | bpf_htonl(label);
	*word = new;
	net->csum_diff += csum32_diff(old, new);
	return true;
}
