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
 *   tc filter add dev eth1 egress matchall action bpf object-file tcact.o sec action/ttl
 */
#include <tcact/part/ttl.h>

ACTION(ttl, rewriter, "Set, lower or raise the TTL or hop limit");
PARAMS(ttl) = TTL_DEFAULTS;

static __always_inline int work(struct __sk_buff *skb, struct network *net)
{
	enum reason why = ttl_set(net, &ttl_params);

	if (why == DONE)
		return network_done(skb, net);
	count(why);
	return ttl_params.expired;
}

ON_IP(ttl, work, rewritten)

SEC("action/ttl") int ttl(struct __sk_buff *skb)
{
	return ttl_on_ip(skb);
}
