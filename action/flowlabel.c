// SPDX-License-Identifier: GPL-2.0-only
/*
 * flowlabel - set the flow label of IPv6 packets.
 *
 * IPv4 packets are not changed. Packets that are not IP, or whose header is cut off
 * or malformed, are not changed but counted. Returns CONTROL. By default it sets the
 * label of packets whose label is 0 to a hash of the flow, so that routers on the
 * path can spread flows without reading transport headers (RFC 6438):
 *
 *   tc filter add dev eth1 egress matchall action bpf object-file tcact.o sec action/flowlabel continue
 */
#include <tcact/part/flowlabel.h>

ACTION(flowlabel, rewriter, "Set the flow label of IPv6 packets");
PARAMS(flowlabel) = FLOWLABEL_DEFAULTS;

static __always_inline int work(struct __sk_buff *skb, struct network *net)
{
	return flowlabel_set(skb, net, &flowlabel_params) ? network_csum_update(skb, net) : CONTROL;
}

DEFINE_ON_IP(flowlabel_on_ip, flowlabel_any, work, rewriter_return(why))

SEC("action/flowlabel") int flowlabel(struct __sk_buff *skb)
{
	return flowlabel_on_ip(skb);
}
