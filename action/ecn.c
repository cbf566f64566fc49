// SPDX-License-Identifier: GPL-2.0-only
/*
 * ecn - set the ECN codepoint of IPv4 and IPv6 packets.
 *
 * It acts on packets that have the codepoint `only`, and keeps the DSCP. It never
 * sets CE on a Not-ECT packet, whatever the parameters say. Packets that are not
 * IP, or whose header is cut off or malformed, are not changed but counted. Returns
 * CONTROL. By default it sets CE on ECT(0) and ECT(1), as a congested router does:
 *
 *   tc filter add dev eth1 egress matchall action bpf object-file tcact.o sec action/ecn continue
 */
#include <tcact/part/ecn.h>

ACTION(ecn, rewriter, "Set the ECN codepoint of IPv4 and IPv6 packets");
PARAMS(ecn) = ECN_DEFAULTS;

static __always_inline int work(struct __sk_buff *skb, struct network *net)
{
	return ecn_set(net, &ecn_params) ? network_csum_update(skb, net) : CONTROL;
}

DEFINE_ON_IP(ecn_on_ip, ecn_any, work, rewriter_return(why))

SEC("action/ecn") int ecn(struct __sk_buff *skb)
{
	return ecn_on_ip(skb);
}
