// SPDX-License-Identifier: GPL-2.0-only
/*
 * police - limit the rate of each address, prefix, flow or mark, or of all packets together.
 *
 * A policer: what it returns depends on `over`. With drop, it drops the packets above `rate`; with
 * ce, it marks those that can be marked and drops the others. The rest get CONTROL. With hit it is a
 * matcher of the packets above the rate. Packets without an address to look at are left alone, and
 * counted. Nothing but the ECN codepoint is ever changed. With a table, each prefix has a rate of its own.
 * The object as built has no rate, so all packets conform:
 *
 *   tcact add dev eth1 egress police rate 10mbit per dst
 */
#include <tcact/plan.h>

struct police_params {
	rate_param_bytes rate;
	__u64 burst;
	rate_param_bytes ce_rate;
	__u64 table;		/* as wide as what follows is aligned */
	BUCKET_KEY_MEMBERS;
};

ACTION(police, policer, "Limit the rate of each address, flow or mark, or of all packets");
PARAM(police, rate, "rate", "what may pass");
PARAM(police, burst, "size 1..268435455 auto=0", "how much may pass at once; auto: 20 ms of the rate, at least one GSO packet");
PARAM(police, ce-rate, "rate", "above it, set CE on packets of ECN-capable transports");
PARAM(police, table, "table", "rates by prefix");
RULES(police, burst, "unit rate");
RULES(police, ce-rate, "below rate; without table");
RULES(police, table, "with per src dst");
TABLE(police, prefix_cells, prefix, rate plan);
BUCKET_KEY_PARAMS(police, police_sets, "word drop=0 ce=1 hit=2", "what becomes of packets above the rate");
PARAMS(police) = { BUCKET_KEY_DEFAULTS };

#define RATE rate_param(&police_params.rate)
#define CE_RATE rate_param(&police_params.ce_rate)
#define KEY BUCKET_KEY(police)

/* struct bucket_set, and how many packets were above the rate: dropped (or with `over hit` matched), or with CE. */
struct police_set {
	__u64 hash[BUCKET_WAYS];
	bucket_time full[BUCKET_WAYS];
	bucket_time second[BUCKET_WAYS];
	bucket_counter32 over[BUCKET_WAYS];
	bucket_counter32 marked[BUCKET_WAYS];
};
_Static_assert(sizeof(struct police_set) == 32 * BUCKET_WAYS, "as tcact-police(8) says");
_Static_assert(offsetof(struct police_set, over) == sizeof(struct bucket_set) &&
	       offsetof(struct police_set, full) == offsetof(struct bucket_set, full) &&
	       offsetof(struct police_set, marked) == sizeof(struct bucket_set) + sizeof(__u32) * BUCKET_WAYS,
	       "it begins with a struct bucket_set, and the counters follow each other");

/* max_entries: see bucket_sets, of which this has the place */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 7);
	__type(key, __u32);
	__type(value, struct police_set);
} police_sets SEC(".maps");

static __always_inline int over_rate(struct __sk_buff *skb, struct police_set *set, __u32 way)
{
	if (police_params.over == OVER_CE && mark_ce(skb)) {
		__sync_fetch_and_add(&set->marked[way], 1);
		return CONTROL;
	}
	__sync_fetch_and_add(&set->over[way], 1);
	return over(KEY);
}

static __always_inline int unlimited(void)
{
	count(HELPER_FAILED);
	return within(KEY);
}

/* ---- one bucket for each key ----------------------------------------------------------------- */

static __always_inline int police_key(struct __sk_buff *skb, __u64 hash, const volatile struct rate_param *rate,
				      const struct plan *plan)
{
	__u32 cost, way, index = bucket_set_of(hash, bucket_sets_for(police_params.buckets));
	struct police_set *police;
	struct bucket_set *set;
	__u64 now, ticks, *bucket;
	bool shared, mixed;

	if (!cost_of(skb, KEY, rate->packets, &cost))
		return over(KEY);
	now = bucket_now();
	police = bpf_map_lookup_elem(&police_sets, &index);
	if (!police)
		return unlimited();
	set = (struct bucket_set *)police;
	way = bucket_find(set, hash, now, CE_RATE->mult, &shared, police->over);
	if (shared)
		count(SHARED);
	mixed = shared && police_params.table;
	bucket = bucket_of(set, way, mixed);
	ticks = rate_ticks(rate, cost);
	if (!bucket_pay_full(bucket, now, ticks) &&
	    !bucket_take(bucket, now, ticks, rate, plan ? plan->burst : burst_ticks(rate, police_params.burst), mixed))
		return over_rate(skb, police, way);
	if (CE_RATE->mult && !bucket_take(&set->second[way], now, rate_ticks(CE_RATE, cost), CE_RATE,
					  burst_ticks(CE_RATE, police_params.burst), /*mixed*/ false) && mark_ce(skb))
		__sync_fetch_and_add(&police->marked[way], 1);
	return within(KEY);
}

/* ---- a rate for each prefix ------------------------------------------------------------------ */

OUT_OF_LINE int police_plan(struct __sk_buff *skb)
{
	const volatile struct rate_param *rate = RATE;
	const struct plan *plan;
	__u64 hash;

	if (!plan_find(skb, KEY, &plan, &hash))
		return within(KEY);
	if (plan)
		rate = plan_rate(plan);
	return rate->mult ? police_key(skb, hash, rate, plan) : within(KEY);
}

/* ---- one bucket for all packets -------------------------------------------------------------- */

/*
 * Each CPU takes a share of the burst at a time, and pays from that: so it seldom writes to the
 * bucket that all CPUs use, or asks for the time. It is time at this rate, so another rate begins without.
 * Where a thread may be stopped (see count_packets()), it overwrites what others of its CPU have paid or taken meanwhile:
 * a share at most. So it reads the credit once, and writes no less than 0.
 */
#define SHARE_OF_BURST 7	/* 2^-7 */

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u64);
} police_credit SEC(".maps");
ANEW(police, police_credit);

OUT_OF_LINE int police_refill(struct __sk_buff *skb, __u64 *credit, __u64 ticks)
{
	__u64 burst = burst_ticks(RATE, police_params.burst), take = burst >> SHARE_OF_BURST;
	__u32 zero = 0;
	struct police_set *set = bpf_map_lookup_elem(&police_sets, &zero);

	if (!credit || !set)
		return unlimited();
	if (take < ticks)
		take = ticks;
	if (!bucket_take(&set->full[0], bucket_now(), take, RATE, burst, /*mixed*/ false))
		return over_rate(skb, set, 0);
	*credit += take - ticks;
	return within(KEY);
}

static __always_inline int police_all(struct __sk_buff *skb)
{
	__u64 ticks, has, *credit;
	__u32 cost, zero = 0;

	if (!cost_of(skb, KEY, RATE->packets, &cost))
		return over(KEY);
	ticks = rate_ticks(RATE, cost);
	credit = bpf_map_lookup_elem(&police_credit, &zero);
	if (!credit || (has = *(volatile __u64 *)credit) < ticks)
		return police_refill(skb, credit, ticks);
	*credit = has - ticks;
	return within(KEY);
}

SEC("action/police") int police(struct __sk_buff *skb)
{
	__u64 hash;

	if (!RATE->mult)
		return police_params.table ? police_plan(skb) : within(KEY);
	if (police_params.per == PER_NONE && !CE_RATE->mult)
		return police_all(skb);
	if (police_params.table)
		return police_plan(skb);
	return bucket_key_hash(skb, KEY, &hash) ? police_key(skb, hash, RATE, /*plan*/ NULL) : within(KEY);
}
