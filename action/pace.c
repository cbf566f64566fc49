// SPDX-License-Identifier: GPL-2.0-only
/*
 * pace - spread the packets of each address, prefix, flow or mark, or of all, in time
 *
 * Gives each packet the earliest time at which it may leave (earliest departure time, EDT), so that
 * none of the keys exceeds the rate. The qdisc fq (net/sched/sch_fq.c), which must be the root of
 * the device, holds packets until then. Nothing waits here, and no class or qdisc is needed for a key.
 *
 * A policer: packets that would wait longer than the horizon are dropped, or with `over hit` they
 * are what it matches. The rest get CONTROL. Packets without an address to look at are left alone,
 * and counted. Only the ECN codepoint and skb->tstamp are ever changed. With a table, each prefix has a
 * rate of its own. The object as built has no rate, and changes nothing:
 *
 *   tc qdisc replace dev eth1 root fq
 *   tcact add dev eth1 egress pace rate 10mbit per dst
 */
#include <tcact/plan.h>

struct pace_params {
	rate_param_bytes rate;
	__u64 horizon;
	__u64 ce_above;
	__u64 table;		/* as wide as what follows is aligned */
	BUCKET_KEY_MEMBERS;
};

ACTION(pace, policer, "Delay the packets of each address, flow or mark to a rate, by fq");
PARAM(pace, rate, "rate", "what may leave");
PARAM(pace, horizon, "time 1000000..31536000000000000", "how long a packet may wait");
PARAM(pace, ce-above, "time 1000..31536000000000000 none=0", "set CE on packets of ECN-capable transports that wait longer");
PARAM(pace, table, "table", "rates by prefix");
RULES(pace, ce-above, "below horizon");
RULES(pace, table, "with per src dst");
TABLE(pace, prefix_cells, prefix, rate plan);
BUCKET_KEY_PARAMS(pace, bucket_sets, "word drop=0 hit=2", "what becomes of packets beyond the horizon");
PARAMS(pace) = { .horizon = 2000000000, BUCKET_KEY_DEFAULTS };

#define RATE rate_param(&pace_params.rate)
#define KEY BUCKET_KEY(pace)

static __always_inline int pace_key(struct __sk_buff *skb, __u64 hash, const volatile struct rate_param *rate)
{
	__u64 now = bucket_now(), ticks, wait, departure;
	struct bucket_set *set = bucket_key_set(KEY, hash);
	__u32 cost, way;
	bool shared, mixed;
	__u64 *bucket;

	if (!cost_of(skb, KEY, rate->packets, &cost))
		return over(KEY);
	if (!set) {
		count(HELPER_FAILED);
		return within(KEY);
	}
	way = bucket_find(set, hash, now, /*two*/ false, &shared, /*counters*/ NULL);
	if (shared)
		count(SHARED);
	mixed = shared && pace_params.table;
	bucket = bucket_of(set, way, mixed);
	ticks = rate_ticks(rate, cost);
	if (bucket_pay_full(bucket, now, ticks))
		return within(KEY);
	wait = bucket_wait(bucket, now);
	/* The packet itself does not wait for the time that it takes. */
	if (!bucket_take(bucket, now, ticks, rate, pace_params.horizon * BUCKET_TICKS + ticks, mixed))
		return over(KEY);
	if (pace_params.ce_above && wait > pace_params.ce_above * BUCKET_TICKS)
		mark_ce(skb);
	/* TCP, or an application by SO_TXTIME, may want to send later. */
	departure = (now + wait) / BUCKET_TICKS;
	if (skb->tstamp < departure)
		skb->tstamp = departure;
	return within(KEY);
}

OUT_OF_LINE int pace_plan(struct __sk_buff *skb)
{
	const volatile struct rate_param *rate = RATE;
	const struct plan *plan;
	__u64 hash;

	if (!plan_find(skb, KEY, &plan, &hash))
		return within(KEY);
	if (plan)
		rate = plan_rate(plan);
	return rate->mult ? pace_key(skb, hash, rate) : within(KEY);
}

SEC("action/pace") int pace(struct __sk_buff *skb)
{
	__u64 hash;

	if (pace_params.table)
		return pace_plan(skb);
	if (!RATE->mult)
		return within(KEY);
	return bucket_key_hash(skb, KEY, &hash) ? pace_key(skb, hash, RATE) : within(KEY);
}
