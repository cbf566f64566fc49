// SPDX-License-Identifier: GPL-2.0-only
/*
 * class - write a field of the packet's metadata by a table of IPv4 and IPv6 prefixes.
 *
 * The field becomes the value of the longest prefix that contains the address. If there is none,
 * or it is an exception, the field becomes `default`. Packets that are not IP, or whose header is
 * cut off or malformed, are not changed but counted. The bytes of the packet are never changed.
 * Returns CONTROL. By default it looks up the source and keeps the field. tcact fills the table:
 *
 *   tcact add dev eth1 egress class of dst table subscribers.txt default 1:fffe
 */
#include <tcact/field.h>
#include <tcact/ranges.h>

#define KEEP (1ULL << 32)	/* leave the field as it is */

struct class_params {
	__u8 of;
	__u8 set;		/* enum field */
	__u8 hits;
	__u64 default_;
};

ACTION(class, rewriter, "Write a field of the metadata by a table of IPv4 and IPv6 prefixes");
PARAM(class, of, PREFIXES_OF, "address to look up; either: the source first");
PARAM(class, set,
      "word mark=1 priority=2 queue_mapping=3 tc_index=4 tc_classid=5 cb0=7 cb1=8 cb2=9 cb3=10 cb4=11",
      "field to write");
PARAM(class, default, "handle 0..4294967295 keep=4294967296", "what it becomes where no prefix matches");
PARAM(class, hits, "word off=0 on=1", "count the hits of each prefix, at the cost of a shared counter");
TABLE(class, prefix_cells, prefix, value handle);
PARAMS(class) = { .set = TO_PRIORITY, .default_ = KEEP };

static __always_inline int work(struct __sk_buff *skb, struct network *net)
{
	__u32 number = prefix_lookup_of(net, class_params.of);
	__u64 value = class_params.default_;
	__u32 found;

	if (number && prefix_tag(number, class_params.hits ? packets_of(skb) : 0, &found))
		value = found;
	else if (value >= KEEP)
		return CONTROL;
	field_write(skb, class_params.set, value, /*kept*/ 0);
	return CONTROL;
}

DEFINE_ON_IP(class_on_ip, class_any, work, rewriter_return(why))

SEC("action/class") int class(struct __sk_buff *skb)
{
	return class_on_ip(skb);
}
