/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * A table of plans: a rate, and what may exceed it, for each prefix. The longest prefix that contains the
 * packet's address (the source, or with `per dst` the destination) has the plan. The tag of its record
 * (ranges.h) is the plan's number. Entries with the same plan have the same number.
 *
 * Without a tag of the user's, each address has a bucket as without a table. Entries with the same tag share one
 * bucket, such as the IPv4 address and the IPv6 prefix of one customer.
 */
#pragma once

#include <tcact/bucket_key.h>
#include <tcact/ranges.h>

static __always_inline const volatile struct rate_param *plan_rate(const struct plan *plan)
{
	return (const volatile void *)plan;
}

#ifndef TABLE_BAKED

/* Plan 0 is for tcact's own use. max_entries differs from that of the other maps: see ranges.h. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 4);
	__type(key, __u32);
	__type(value, struct plan);
} prefix_plans __attribute__((weak)) SEC(".maps");

static __always_inline const struct plan *plan_at(__u32 number)
{
	return bpf_map_lookup_elem(&prefix_plans, &number);
}

#else

/* `tcact bake` writes the plans, and how many there are. */
const volatile __u32 baked_plans;
const volatile struct plan baked_plan[1] SEC(".rodata.plans");

static __always_inline const struct plan *plan_at(__u32 number)
{
	const volatile struct plan *plans = baked_plan;

	/* hidden from the compiler, which knows one plan only */
	asm volatile("" : "+r"(plans));
	return number < baked_plans ? (const struct plan *)&plans[number] : NULL;
}

#endif

static __always_inline __u32 plan_number(struct network *net, const volatile struct bucket_key *key, __u64 *hash)
{
	const __u8 per = key->per;

	*hash = hash_address(net, key, per);
	return prefix_lookup(net, per == PER_DST ? DESTINATION : SOURCE);
}

/* The same for any packet; -1 if it has no address, which is counted. */
OUT_OF_LINE int plan_any(struct __sk_buff *skb, const volatile struct bucket_key *key, __u64 *hash)
{
	struct network net;
	enum reason why = network_parse(skb, &net);

	if (why != DONE) {
		count(why);
		return -1;
	}
	return plan_number(&net, key, hash);
}

/*
 * Finds the plan of the packet, NULL if no prefix contains its address or the longest one is an exception, and
 * the hash of the key of its bucket. False if it has no address, which is counted.
 */
static __always_inline bool plan_find(struct __sk_buff *skb, const volatile struct bucket_key *key,
				      const struct plan **plan, __u64 *hash)
{
	struct network net;
	__u32 number, index;
	int any;

	*plan = NULL;
	if (likely(network_common_ipv4(skb, &net, /*payload*/ 0))) {
		number = plan_number(&net, key, hash);
	} else if (network_common_ipv6(skb, &net, /*payload*/ 0)) {
		number = plan_number(&net, key, hash);
	} else {
		any = plan_any(skb, key, hash);
		if (any < 0)
			return false;
		number = any;
	}
	if (number && prefix_tag(number, /*hits*/ 0, &index))
		*plan = plan_at(index);
	if (*plan && (*plan)->tagged)
		*hash = bucket_hash(key->seed, BUCKET_TAG | (*plan)->tag);
	return true;
}
