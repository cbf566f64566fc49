// SPDX-License-Identifier: GPL-2.0-only
/*
 * Shows what a return code does: `code` returns the value that the packet's mark selects, and the other
 * programs count the packets that reach them. `guest` makes the filters; `conform codes` sends the packets
 * and interprets the counts.
 */
#include "program.h"
#include "codes.h"

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, CASES);
	__type(key, __u32);
	__type(value, struct seen);
} seen SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u32);
} target SEC(".maps");	/* the device to redirect to */

static __always_inline struct seen *of(struct __sk_buff *skb)
{
	__u32 mark = skb->mark, number = CASE(mark);

	return mark & OURS ? bpf_map_lookup_elem(&seen, &number) : NULL;
}

#define COUNTER(place, verdict)                                   \
	SEC("action/" #place) int count_##place(struct __sk_buff *skb) \
	{                                                         \
		struct seen *here = of(skb);                      \
                                                                  \
		if (here)                                         \
			__sync_fetch_and_add(&here->place, 1);    \
		return verdict;                                   \
	}

COUNTER(action, TC_ACT_OK)	/* the next action of the same filter */
COUNTER(filter, TC_ACT_OK)	/* the next filter */
COUNTER(chain, TC_ACT_OK)	/* the chain that control words go to */
COUNTER(flow, TC_ACT_OK)	/* the class of the filter's flowid */
COUNTER(other, TC_ACT_OK)	/* the default class */
COUNTER(redirected, TC_ACT_SHOT)	/* the device that packets are redirected to */

SEC("action/code") int code(struct __sk_buff *skb)
{
	static const int codes[] = CODES;
	__u32 mark = skb->mark, index = VALUE(mark);
	struct seen *here = of(skb);
	__u32 *device = bpf_map_lookup_elem(&target, &(__u32){ 0 });

	if (here)
		__sync_fetch_and_add(&here->runs, 1);
	if (index >= sizeof(codes) / sizeof(codes[0]) || !device)
		return TC_ACT_OK;
	if (index == REDIRECT_7)
		return bpf_redirect(*device, 0);
	if (index == REDIRECT_0)
		bpf_redirect(*device, 0);
	return codes[index];
}

/* Before the qdisc: tc_index is written, with TC_ACT_OK or TC_ACT_PIPE. */
SEC("action/write_index") int write_index(struct __sk_buff *skb)
{
	__u32 mark = skb->mark;

	skb->tc_index = 5;
	return VALUE(mark) ? TC_ACT_PIPE : TC_ACT_OK;
}

/* In the qdisc, by a filter without flowid: tc_classid is written, for the class that is not the default. */
SEC("action/write_classid") int write_classid(struct __sk_buff *skb)
{
	struct seen *here = of(skb);

	if (here) {
		here->runs++;
		here->index = skb->tc_index;
	}
	skb->tc_classid = 0x10010;
	return TC_ACT_OK;
}
