// SPDX-License-Identifier: GPL-2.0-only
/*
 * match - match packets by a field that context.h reads.
 *
 * A matcher: returns CONTROL if the comparison is true, and MISS if it is false, or
 * if the packet does not have the field, which is counted. Values are unsigned and
 * in host byte order. Nothing is changed. By default it matches packets whose mark
 * is 0:
 *
 *   tc filter add dev eth1 egress matchall action bpf object-file tcact.o sec action/match drop
 */
#include <tcact/context.h>

enum { OP_EQ, OP_NE, OP_LT, OP_GT, OP_IN, OP_MASK };

struct match_params {
	__u8 field;		/* enum source */
	__u8 op;
	__u8 level;
	__u8 count;
	__u64 value;
	__u64 to;
};

ACTION(match, matcher, "Match packets by any readable field of the metadata");
PARAM(match, field, "word @source", "what to look at");
PARAM(match, op, "word eq=0 ne=1 lt=2 gt=3 in=4 mask=5",
      "in: value..to; mask: of the bits in to, those in value are set and no other");
PARAM(match, value, "name @dscp @ecn @pkt_type @ethertype", "what to compare it with");
PARAM(match, to, "name @dscp @ecn @pkt_type @ethertype",
      "the end of the range, or the bits to compare (0: those of value)");
PARAM(match, level, "num 0..255", "the ancestor for ancestor_cgroup; 0 is the root");
PARAM(match, count, "word @counted", "which of them to count for tcact show; tcact add chooses by CONTROL");
RULES(match, to, "with op in mask; least value op in; bits value op mask");
PARAMS(match) = { .field = FROM_MARK };

static __always_inline bool compare(__u64 field)
{
	__u64 value = match_params.value, to = match_params.to;

	switch (match_params.op) {
	case OP_EQ: return field == value;
	case OP_NE: return field != value;
	case OP_LT: return field < value;
	case OP_GT: return field > value;
	case OP_IN: return value <= field && field <= to;
	default: /* OP_MASK */
		return (field & (to ? to : value)) == value;
	}
}

SEC("action/match") int match(struct __sk_buff *skb)
{
	__u64 field;
	enum reason why = context_read(skb, match_params.field, /*constant*/ 0,
				       match_params.level, &field);

	if (why != DONE)
		return not_compared(skb, why);
	return compare(field) ? hit(skb, match_params.count) : miss(skb, match_params.count);
}
