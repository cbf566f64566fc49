// SPDX-License-Identifier: GPL-2.0-only
/*
 * restore - give a packet the DSCP, mark or priority that learn remembered of its flow.
 *
 * It looks for the flow in the other direction: with source and destination exchanged. An ICMP error
 * gets what the packet inside it has. Packets of flows that are not known, later fragments and what has
 * no IP header are not changed but counted. ECN is kept. Returns CONTROL. It has to see the table of
 * learn:
 *
 *   tcact add dev eth1 egress learn
 *   tcact add dev eth1 ingress restore
 */
#include <tcact/field.h>
#include <tcact/flow.h>

struct restore_params {
	FLOW_MEMBERS;
	__u32 mask;
};

ACTION(restore, rewriter, "Give replies the field that learn remembered of their flow");
FLOW_PARAMS(restore, "what to write");
PARAM(restore, mask, "num all=0xffffffff", "bits of mark or priority to write; the others are kept");
RULES(restore, mask, "with field mark priority");
PARAMS(restore) = { FLOW_DEFAULTS, .mask = 0xffffffff };

OUT_OF_LINE __u64 restore_recall(__u64 hash)
{
	return flow_recall(FLOW(restore), hash);
}

static __always_inline int restore_flow(struct __sk_buff *skb, struct network *net, __u64 hash)
{
	__u64 known = restore_recall(hash);
	__u32 value = known, kept = ~restore_params.mask;

	if (!known)
		return rewriter_return(NO_FLOW);
	switch (restore_params.field) {
	case FLOW_MARK:
		field_write(skb, TO_MARK, value & ~kept, kept);
		return CONTROL;
	case FLOW_PRIORITY:
		field_write(skb, TO_PRIORITY, value & ~kept, kept);
		return CONTROL;
	default:
		dsfield_change(net, /*keep: ECN*/ 3, value << 2);
		return network_csum_update(skb, net);
	}
}

OUT_OF_LINE int restore_any(struct __sk_buff *skb)
{
	__u64 *seed = flow_seed(), hash;
	struct network net;
	enum reason why = network_parse(skb, &net);

	if (why == DONE)
		why = flow_hash_any(skb, FLOW(restore), seed ? *seed : 0, &net, DESTINATION, &hash);
	return why == DONE ? restore_flow(skb, &net, hash) : rewriter_return(why);
}

SEC("action/restore") int restore(struct __sk_buff *skb)
{
	__u64 *seed = flow_seed();
	struct network net;
	__be32 ports;
	__u8 proto;

	if (!seed)
		return CONTROL;
	if (network_common_ipv4(skb, &net, sizeof(ports)) && flow_common(&net, &proto, &ports))
		return restore_flow(skb, &net, flow_hash(FLOW(restore), *seed, &net, DESTINATION, proto, ports));
	if (network_common_ipv6(skb, &net, sizeof(ports)) && flow_common(&net, &proto, &ports))
		return restore_flow(skb, &net, flow_hash(FLOW(restore), *seed, &net, DESTINATION, proto, ports));
	return restore_any(skb);
}
