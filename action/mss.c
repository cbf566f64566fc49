// SPDX-License-Identifier: GPL-2.0-only
/*
 * mss - lower the maximum segment size that TCP peers announce.
 *
 * In TCP segments with SYN set, over IPv4 and IPv6, each MSS option above the limit
 * is lowered to the limit. None is raised, and none is added. From an option that
 * does not parse, or the 21st option, the rest is not changed, and the segment is
 * counted. Returns CONTROL. By default the limit follows from the device's MTU:
 *
 *   tc filter add dev ppp0 egress matchall action bpf object-file tcact.o sec action/mss continue
 */
#include <tcact/part/mss.h>

ACTION(mss, rewriter, "Lower the TCP MSS option to fit the MTU, or to a maximum");
PARAMS(mss) = {};

static __always_inline int work(struct __sk_buff *skb, struct network *net)
{
	return rewriter_return(mss_clamp(skb, net, &mss_params));
}

DEFINE_ON_IP(mss_on_ip, mss_any, work, rewriter_return(why))

SEC("action/mss") int mss(struct __sk_buff *skb)
{
	return mss_on_ip(skb);
}
