// SPDX-License-Identifier: GPL-2.0-only
/*
 * ttl - set, lower or raise the TTL of IPv4 and the hop limit of IPv6.
 *
 * Every packet and every fragment. Never to 0: a packet that would expire is
 * counted and gets the verdict `expired` (shot). Packets that are not IP, or
 * whose header is cut off or malformed, are left alone and counted. Returns
 * CONTROL otherwise. Untouched, it subtracts 1:
 *
 *   tc filter add dev eth1 egress matchall action bpf object-file tcact.o sec action/ttl
 */
#include <tcact/part/ttl.h>

ACTION(ttl, rewriter, "Set, lower or raise the TTL or hop limit");
PARAMS(ttl) = TTL_DEFAULTS;

SEC("action/ttl") int ttl(struct __sk_buff *skb)
{
	struct network net;
	enum reason why = network_find(skb, &net);

	if (why == DONE)
		why = ttl_set(skb, &net, &ttl_params);
	if (why == EXPIRED) {
		count(EXPIRED);
		return ttl_params.expired;
	}
	return rewritten(why);
}
