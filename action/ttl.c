// SPDX-License-Identifier: GPL-2.0-only
/*
 * ttl - set, lower or raise the TTL of IPv4 and the hop limit of IPv6.
 *
 * Every packet and every fragment. Never to 0: a packet that would expire is
 * counted and gets the verdict `expired` (shot). What no router forwards is left
 * as it is: ICMPv6 with hop limit 255 (neighbour discovery), and where it would
 * expire, multicast of link scope (IGMP, MLD). Packets that are not IP, or
 * whose header is cut off or malformed, are left alone and counted. Returns
 * CONTROL otherwise. Untouched, it subtracts 1:
 *
 *   tc filter add dev eth1 egress matchall action bpf object-file tcact.o sec action/ttl continue
 */
#include <tcact/part/ttl.h>

ACTION(ttl, rewriter, "Set, lower or raise the TTL or hop limit");
PARAMS(ttl) = TTL_DEFAULTS;

/* What ttl_set() did not change. */
FUNCTION int kept(int why)
{
	if (!why)
		return CONTROL;
	count(-why);
	return ttl_params.expired;
}

static __always_inline int work(struct __sk_buff *skb, struct network *net, bool by_one)
{
	int changed = ttl_set(net, by_one, &ttl_params);

	if (likely(changed > 0))
		return network_done(skb, net);
	return kept(changed);
}

static __always_inline int subtract_one(struct __sk_buff *skb, struct network *net)
{
	return work(skb, net, /*by_one*/ true);
}

static __always_inline int set(struct __sk_buff *skb, struct network *net)
{
	return work(skb, net, /*by_one*/ false);
}

/* Twice: that the number is a constant makes the sum shorter. */
ON_IP(ttl_by_one, subtract_one, rewritten)
ON_IP(ttl, set, rewritten)

SEC("action/ttl") int ttl(struct __sk_buff *skb)
{
	if (likely(ttl_by_one(&ttl_params)))
		return ttl_by_one_on_ip(skb);
	return ttl_on_ip(skb);
}
