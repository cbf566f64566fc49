// SPDX-License-Identifier: GPL-2.0-only
/*
 * quota - limit the bytes or packets of each address, prefix, flow or mark, or of all, in a period
 *
 * A policer: packets for which too little of the limit is left are dropped, or with `over hit` they are what it
 * matches. The rest pay, and get CONTROL. Packets without an address to look at are left alone, and counted.
 * Nothing of a packet is changed. The object as built has no limit:
 *
 *   tcact add dev eth1 egress quota limit 50g per dst period month
 *
 * A period is a number that tcact bakes, and any other number begins a new one. So a timer decides when that is:
 * programs of this type cannot read the time of day before Linux 6.1.
 */
#include <tcact/bucket_key.h>

struct quota_params {
	__u64 limit;
	__u64 period;
	BUCKET_KEY_MEMBERS;
};

ACTION(quota, policer, "Limit the volume of each address, flow or mark in a period");
PARAM(quota, limit, "size 1..1000000000000000000 none=0", "how much may pass in a period");
PARAM(quota, period, "period 0..4294967295", "this hour, day or month, or a number; another one begins a new period");
BUCKET_KEY_PARAMS(quota, quota_sets, "word drop=0 hit=2", "what becomes of packets above the limit");
PARAMS(quota) = { BUCKET_KEY_DEFAULTS };

#define KEY BUCKET_KEY(quota)

struct quota_set {
	__u64 hash[BUCKET_WAYS];	/* of the key */
	bucket_counter used[BUCKET_WAYS];	/* bytes or packets, in that period */
	__u64 period[BUCKET_WAYS];
};

/* max_entries: see bucket_sets */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 3);
	__type(key, __u32);
	__type(value, struct quota_set);
} quota_sets SEC(".maps");

/* What the bucket has used in this period. */
static __always_inline __u64 quota_used(const struct quota_set *set, __u32 way)
{
	return set->period[way] == quota_params.period ? *(const volatile __u64 *)&set->used[way] : 0;
}

/*
 * The bucket of the key with @hash: its index. A bucket that has used nothing in this period is as good as none. If
 * all of the set have, the key shares one, as in bucket.h: it may get less than its limit, but not more.
 */
static __always_inline __u32 quota_find(struct quota_set *set, __u64 hash, bool *shared)
{
	__u64 least = 0;
	__u32 way = 0;

	*shared = false;
#pragma clang loop unroll(full)
	for (int i = 0; i < BUCKET_WAYS; i++)
		if (set->hash[i] == hash)
			return i;
#pragma clang loop unroll(full)
	for (int i = 0; i < BUCKET_WAYS; i++) {
		__u64 used = quota_used(set, i);

		if (!i || used < least) {
			least = used;
			way = i;
			asm volatile("" : "+r"(way));
		}
	}
	/* both as in bucket_search() */
	asm volatile("" : "+r"(way));
	way &= BUCKET_WAYS - 1;
	if (least) {
		*shared = true;
		way = bucket_shared(hash);
	} else {
		/* not what another key has used in a period that may come back */
		*(volatile __u64 *)&set->used[way] = 0;
		set->hash[way] = hash;
	}
	return way;
}

static __always_inline int quota_key(struct __sk_buff *skb, __u64 hash)
{
	__u64 limit = quota_params.limit & ~SIZE_PACKETS;
	__u32 cost, index = bucket_set_of(hash, bucket_sets_for(quota_params.buckets)), way;
	struct quota_set *set = bpf_map_lookup_elem(&quota_sets, &index);
	bool shared;

	if (!cost_of(skb, KEY, quota_params.limit >> 63, &cost))
		return over(KEY);
	if (!set) {
		count(HELPER_FAILED);
		return within(KEY);
	}
	way = quota_find(set, hash, &shared);
	if (shared)
		count(SHARED);
	if (quota_used(set, way) + cost > limit)
		return over(KEY);
	if (set->period[way] != quota_params.period) {
		/*
		 * In this order: another CPU may see a new period with nothing used, but not the old use in it. A CPU that
		 * changes the order of stores or of loads (arm64) may see that for a moment, and take the packet for one too many.
		 */
		*(volatile __u64 *)&set->used[way] = 0;
		*(volatile __u64 *)&set->period[way] = quota_params.period;
	}
	__sync_fetch_and_add(&set->used[way], cost);
	return within(KEY);
}

SEC("action/quota") int quota(struct __sk_buff *skb)
{
	__u64 hash;

	if (!quota_params.limit)
		return within(KEY);
	return bucket_key_hash(skb, KEY, &hash) ? quota_key(skb, hash) : within(KEY);
}
