// SPDX-License-Identifier: GPL-2.0-only
/*
 * dscp - set the DSCP of IPv4 and IPv6 packets.
 *
 * It acts on all packets and fragments, and keeps ECN. Packets that are not IP, or
 * whose header is cut off or malformed, are not changed but counted. Returns
 * CONTROL. By default the codepoint is the low 6 bits of the packet's mark:
 *
 *   tc filter add dev eth1 egress matchall action skbedit mark 46 pipe \
 *      action bpf object-file tcact.o sec action/dscp continue
 */
#include <tcact/part/dscp.h>

ACTION(dscp, rewriter, "Set the DSCP of IPv4 and IPv6 packets");
PARAMS(dscp) = DSCP_DEFAULTS;

static __always_inline int work(struct __sk_buff *skb, struct network *net)
{
	dscp_set(skb, net, &dscp_params);
	return network_csum_update(skb, net);
}

DEFINE_ON_IP(dscp_on_ip, dscp_any, work, rewriter_return(why))

SEC("action/dscp") int dscp(struct __sk_buff *skb)
{
	return dscp_on_ip(skb);
}
