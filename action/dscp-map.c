// SPDX-License-Identifier: GPL-2.0-only
/*
 * dscp-map - translate the DSCP of IPv4 and IPv6 packets by a table.
 *
 * It acts on all packets and fragments, and keeps ECN. A codepoint that is not in
 * the table becomes `default`. Packets that are not IP, or whose header is cut off
 * or malformed, are not changed but counted. Returns CONTROL. By default the table
 * is empty and `default` is 0, so that every DSCP becomes 0:
 *
 *   tc filter add dev eth1 ingress matchall action bpf object-file tcact.o sec action/dscp-map continue
 */
#include <tcact/dsfield.h>

#define KEEP 64			/* leave the DSCP as it is */
#define NO_ENTRY 255		/* the table has no entry */

struct dscp_map_params {
	__u8 table[64];
	__u8 default_;
};

ACTION(dscp-map, rewriter, "Translate the DSCP of IPv4 and IPv6 packets by a table");
PARAM(dscp-map, table, "map 0..63 keep=64 @dscp", "FROM=TO for each codepoint to translate");
PARAM(dscp-map, default, "num 0..63 keep=64 @dscp", "codepoint that replaces all others");
PARAMS(dscp_map) = { .table = { [0 ... 63] = NO_ENTRY } };

static __always_inline int work(struct __sk_buff *skb, struct network *net)
{
	__u8 new = dscp_map_params.table[dsfield_get(net) >> 2 & 63];

	if (new == NO_ENTRY)
		new = dscp_map_params.default_;
	if (new >= KEEP)
		return CONTROL;
	dsfield_change(net, /*keep: ECN*/ 3, new << 2);
	return network_csum_update(skb, net);
}

DEFINE_ON_IP(dscp_map_on_ip, dscp_map_any, work, rewriter_return(why))

SEC("action/dscp-map") int dscp_map(struct __sk_buff *skb)
{
	return dscp_map_on_ip(skb);
}
