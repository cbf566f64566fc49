// SPDX-License-Identifier: GPL-2.0-only
/*
 * ttl - set, lower or raise the TTL of IPv4 or the hop limit of IPv6.
 *
 * It acts on all packets and fragments. It never writes 0: a packet that would expire
 * is counted and gets the verdict `expired` (default: shot). Packets that no router
 * forwards are not changed, and not counted: IGMP, multicast listener discovery,
 * neighbour discovery, and packets to link-scope multicast, IPv6 link-local addresses or
 * 255.255.255.255. Packets that are not IP, or whose header is cut off or malformed, are
 * not changed but counted.
 * Otherwise returns CONTROL. By default it subtracts 1:
 *
 *   tc filter add dev eth1 egress matchall action bpf object-file tcact.o sec action/ttl continue
 */
#include <tcact/part/ttl.h>

ACTION(ttl, rewriter, "Set, lower or raise the TTL or hop limit");
PARAMS(ttl) = TTL_DEFAULTS;

OUT_OF_LINE int ttl_expired(void)
{
	count(EXPIRED);
	return ttl_params.expired;
}

static __always_inline int work(struct __sk_buff *skb, struct network *net, bool dec_1)
{
	if (!likely(ttl_set(skb, net, dec_1, &ttl_params)))
		return ttl_expired();
	return network_csum_update(skb, net);
}

/* Any packet. */
OUT_OF_LINE int ttl_any(struct __sk_buff *skb)
{
	struct network net;
	enum reason why = network_parse(skb, &net);

	if (why != DONE)
		return rewriter_return(why);
	if (!ttl_surely_forwarded(&net) && ttl_never_forwarded(skb, &net))
		return CONTROL;
	return work(skb, &net, ttl_is_dec_1(&ttl_params));
}

static __always_inline int ttl_common(struct __sk_buff *skb, bool dec_1)
{
	struct network net;

	if (likely(network_common_ipv4(skb, &net, /*payload*/ 0)) && likely(ttl_surely_forwarded(&net)))
		return work(skb, &net, dec_1);
	if (network_common_ipv6(skb, &net, /*payload*/ 0) && likely(ttl_surely_forwarded(&net)))
		return work(skb, &net, dec_1);
	return ttl_any(skb);
}

SEC("action/ttl") int ttl(struct __sk_buff *skb)
{
	/* Two copies of ttl_common(): with a constant difference, the checksum takes less code. */
	if (likely(ttl_is_dec_1(&ttl_params)))
		return ttl_common(skb, /*dec_1*/ true);
	return ttl_common(skb, /*dec_1*/ false);
}
