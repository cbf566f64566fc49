// SPDX-License-Identifier: GPL-2.0-only
/*
 * prefixes - match packets whose address is in a table of IPv4 and IPv6 prefixes.
 *
 * A matcher: returns CONTROL if the source address (or the destination, or either)
 * is in a prefix of the table, unless the longest such prefix is an exception. Else
 * returns MISS, also if there is no address to look up. With `tag mark`, a hit writes
 * the tag of the longest prefix to the packet's mark; nothing else is changed. By
 * default it looks up the source. tcact fills the table:
 *
 *   tcact add dev eth1 ingress prefixes table blocked.txt drop
 */
#include <tcact/ranges.h>

enum { TAG_IGNORE, TAG_MARK };

struct prefixes_params {
	__u8 of;
	__u8 tag;
	__u8 hits;
	__u8 count;
};

ACTION(prefixes, matcher, "Match packets by a table of IPv4 and IPv6 prefixes");
PARAM(prefixes, of, PREFIXES_OF, "address to look up; either: the source first");
PARAM(prefixes, tag, "word ignore=0 mark=1", "mark: write the prefix's tag to the packet's mark");
PARAM(prefixes, hits, "word off=0 on=1", "count the hits of each prefix, at the cost of a shared counter");
PARAM(prefixes, count, "word @counted", "which of them to count for tcact show; tcact add chooses by CONTROL");
TABLE(prefixes, prefix_cells, prefix, tag num);
PARAMS(prefixes) = {};

static __always_inline int work(struct __sk_buff *skb, struct network *net)
{
	__u32 number = prefix_lookup_of(net, prefixes_params.of), mark;

	if (!number)
		return miss(skb, prefixes_params.count);

	if (prefixes_params.hits || prefixes_params.tag) {
		if (!prefix_tag(number, prefixes_params.hits ? packets_of(skb) : 0, &mark))
			return MISS;
		if (prefixes_params.tag == TAG_MARK)
			skb->mark = mark;
	}
	return hit(skb, prefixes_params.count);
}

DEFINE_ON_IP(prefixes_on_ip, prefixes_any, work, not_compared(skb, why))

SEC("action/prefixes") int prefixes(struct __sk_buff *skb)
{
	return prefixes_on_ip(skb);
}
