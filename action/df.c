// SPDX-License-Identifier: GPL-2.0-only
/*
 * df - clear or set the Don't Fragment flag of IPv4 packets.
 *
 * IPv6 packets are not changed, as IPv6 routers never fragment. The flag is never
 * set on a fragment. Such fragments are counted, and so are packets that are not
 * IP, or whose header is cut off or malformed. Returns CONTROL. By default it clears
 * the flag, for paths that lose the ICMP error "fragmentation needed":
 *
 *   tc filter add dev eth1 egress matchall action bpf object-file tcact.o sec action/df continue
 *
 * The Identification field is not changed. A sender may set it to 0 in all packets
 * with DF (RFC 6864, 4.1); the fragments of two such packets can then be mixed up.
 */
#include <tcact/part/df.h>

ACTION(df, rewriter, "Clear or set the Don't Fragment flag of IPv4 packets");
PARAMS(df) = {};

static __always_inline int work(__attribute__((unused)) struct __sk_buff *skb,
				struct network *net)
{
	return rewriter_return(df_set(net, &df_params));
}

DEFINE_ON_IP(df_on_ip, df_any, work, rewriter_return(why))

SEC("action/df") int df(struct __sk_buff *skb)
{
	return df_on_ip(skb);
}
