// SPDX-License-Identifier: GPL-2.0-only
/*
 * learn - remember the DSCP, mark or priority of each flow, for restore in the other direction.
 *
 * Changes no packet. Each packet of a flow sets what is remembered, so the last one counts. Later
 * fragments, ICMP other than echo, and what has no IP header are not learned but counted, and so
 * are new flows that find no place. Returns CONTROL. restore has to see the same table:
 *
 *   tcact add dev eth1 egress learn
 *   tcact add dev eth1 ingress restore
 */
#include <tcact/field.h>
#include <tcact/flow.h>

struct learn_params {
	FLOW_MEMBERS;
	__u64 timeout;
};

ACTION(learn, rewriter, "Remember a field of each flow, for restore");
FLOW_PARAMS(learn, "what to remember");
PARAM(learn, timeout, "time 1000000000..2592000000000000", "forget a flow of which no packet came for so long");
PARAMS(learn) = { FLOW_DEFAULTS, .timeout = 120000000000 };

/* Two CPUs may both choose one: then a flow is learned again with its next packet. */
OUT_OF_LINE __u64 learn_seed(void)
{
	__u64 *seed = flow_seed();

	if (!seed)
		return 1;
	if (!*seed)
		*seed = (__u64)bpf_get_prandom_u32() << 32 | bpf_get_prandom_u32() | 1;
	return *seed;
}

static __always_inline __u32 learn_value(const struct __sk_buff *skb, const struct network *net)
{
	switch (learn_params.field) {
	case FLOW_MARK: return FIELD(__u32, mark);
	case FLOW_PRIORITY: return FIELD(__u32, priority);
	default: return dsfield_get(net) >> 2;
	}
}

OUT_OF_LINE int learn_hash(__u64 hash, __u32 value)
{
	return rewriter_return(flow_learn(FLOW(learn), hash, value, flow_timeout(learn_params.timeout)));
}

OUT_OF_LINE int learn_any(struct __sk_buff *skb)
{
	struct network net;
	enum reason why = network_parse(skb, &net);
	__u64 hash;

	if (why == DONE)
		why = flow_hash_any(skb, FLOW(learn), learn_seed(), &net, SOURCE, &hash);
	return why == DONE ? learn_hash(hash, learn_value(skb, &net)) : rewriter_return(why);
}

SEC("action/learn") int learn(struct __sk_buff *skb)
{
	__u64 *seed = flow_seed();
	struct network net;
	__be32 ports;
	__u8 proto;

	if (seed && *seed &&
	    (network_common_ipv4(skb, &net, sizeof(ports)) || network_common_ipv6(skb, &net, sizeof(ports))) &&
	    flow_common(&net, &proto, &ports))
		return learn_hash(flow_hash(FLOW(learn), *seed, &net, SOURCE, proto, ports), learn_value(skb, &net));
	return learn_any(skb);
}
