// SPDX-License-Identifier: GPL-2.0-only
/* Programs that are known to be wrong: that the suite says so proves that it can. */
#include "program.h"

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 4096);
} ring SEC(".maps");

SEC("self/false-check") int false_check(struct __sk_buff *skb)
{
	CHECK(skb->len == KNOWN_LENGTH + 1);
	return 0;
}

SEC("self/nothing-happened") int nothing_happened(struct __sk_buff *skb)
{
	return 0;	/* and a record is expected in the ring buffer */
}

SEC("self/no-such-helper") int no_such_helper(struct __sk_buff *skb)
{
	long (*helper)(void) = (void *)9999;

	return helper();
}

SEC("self/bpf_skb_load_bytes") int other_call(struct __sk_buff *skb)
{
	return bpf_skb_pull_data(skb, 0) ? __LINE__ : 0;
}

SEC("self/unreleased") int unreleased(struct __sk_buff *skb)
{
	struct bpf_sock_tuple tuple = {};

	return bpf_sk_lookup_tcp(skb, &tuple, sizeof(tuple.ipv4), BPF_F_CURRENT_NETNS, 0) ? 1 : 0;
}

SEC("self/write-to-len") int write_to_len(struct __sk_buff *skb)
{
	skb->len = 1;
	return 0;
}

#ifndef WITHOUT_BTF
extern void bpf_no_such_kfunc(void) WEAK;

SEC("self/no-such-kfunc") int no_such_kfunc(struct __sk_buff *skb)
{
	NEED(bpf_no_such_kfunc);
	bpf_no_such_kfunc();
	return 0;
}

extern void __bpf_trap(void) WEAK;

SEC("self/reached-trap") int reached_trap(struct __sk_buff *skb)
{
	NEED(__bpf_trap);
	__bpf_trap();
	return 0;
}
#endif
