// SPDX-License-Identifier: GPL-2.0-only
/*
 * df - clear or set the Don't Fragment flag of IPv4 packets.
 *
 * IPv6 packets pass as they are: there routers never fragment. The flag is not
 * set on fragments, which are counted, as are packets that are not IP, or whose
 * header is cut off or malformed. Returns CONTROL. Untouched, it clears it, for
 * paths whose ICMP "fragmentation needed" gets lost:
 *
 *   tc filter add dev eth1 egress matchall action bpf object-file tcact.o sec action/df continue
 *
 * Identification is not touched: a sender may leave it 0 in packets with DF
 * (RFC 6864, 4.1), and fragments of two such packets can then be mistaken.
 */
#include <tcact/part/df.h>

ACTION(df, rewriter, "Clear or set the Don't Fragment flag of IPv4 packets");
PARAMS(df) = {};

static __always_inline int work(__attribute__((unused)) struct __sk_buff *skb,
				struct network *net)
{
	return rewritten(df_set(net, &df_params));
}

DEFINE_ON_IP(df_on_ip, df_any, work, rewritten)

SEC("action/df") int df(struct __sk_buff *skb)
{
	return df_on_ip(skb);
}
