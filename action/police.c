// SPDX-License-Identifier: GPL-2.0-only
/*
 * police - limit the rate of each address, prefix, flow or mark, or of all packets together.
 *
 * A policer: what it returns depends on `over`. With drop, it drops the packets above `rate`; with
 * ce, it marks those that can be marked and drops the others. The rest get CONTROL. With hit it is a
 * matcher of the packets above the rate. Packets without an address to look at are left alone, and
 * counted. Nothing but the ECN codepoint is ever changed. The object as built has no rate, so
 * all packets conform:
 *
 *   tcact add dev eth1 egress police rate 10mbit per dst
 */
#include <tcact/bucket.h>
#include <tcact/dsfield.h>
#include <tcact/l4.h>

enum { PER_SRC, PER_DST, PER_FLOW, PER_MARK, PER_NONE };
enum { OVER_DROP, OVER_CE, OVER_HIT };

struct police_params {
	rate_param_bytes rate;
	__u64 burst;
	__u8 per;
	__u8 prefix4;
	__u8 prefix6;
	__u8 over;
	__u32 buckets;
	rate_param_bytes ce_rate;
	__u16 overhead;
	__u16 mpu;
	__u64 seed;
};

ACTION(police, policer, "Limit the rate of each address, flow or mark, or of all packets");
PARAM(police, rate, "rate", "what may pass");
PARAM(police, burst, "size 1..268435455 auto=0", "how much may pass at once; auto: 20 ms of the rate, at least one GSO packet");
PARAM(police, per, "word src=0 dst=1 flow=2 mark=3 none=4", "what has a bucket of its own; none: one for all packets");
PARAM(police, prefix4, "num 0..32", "length of the IPv4 prefixes that have a bucket");
PARAM(police, prefix6, "num 0..128", "length of the IPv6 prefixes that have a bucket");
PARAM(police, over, "word drop=0 ce=1 hit=2", "what becomes of packets above the rate");
PARAM(police, ce-rate, "rate", "above it, set CE on packets of ECN-capable transports");
PARAM(police, buckets, "num 8..4194304", "number of buckets, rounded up to a multiple of 8");
PARAM(police, overhead, "num", "bytes to add to the length of each packet");
PARAM(police, mpu, "num", "least length of a packet, in bytes");
PARAM(police, seed, "seed", "seed of the hash; 0: chosen at random when the object is baked or loaded");
RULES(police, burst, "unit rate");
RULES(police, ce-rate, "below rate");
RULES(police, prefix4, "with per src dst");
RULES(police, prefix6, "with per src dst");
LENGTH(police, buckets, bucket_sets, 8);
PARAMS(police) = { .buckets = 65536, .prefix4 = 32, .prefix6 = 64 };

#define RATE rate_param(&police_params.rate)
#define CE_RATE rate_param(&police_params.ce_rate)

/* ---- what a packet pays ---------------------------------------------------------------------- */

static __always_inline __u32 on_the_wire(__u32 length)
{
	if (police_params.overhead)
		length += police_params.overhead;
	if (police_params.mpu && length < police_params.mpu)
		length = police_params.mpu;
	return length;
}

/* The length of the headers that each segment of a GSO packet has; 0 if they cannot be found. */
static __always_inline __u32 headers_length(struct __sk_buff *skb)
{
	struct transport l4;
	struct network net;
	__u8 *tcp;

	if (network_parse(skb, &net) != DONE || transport_parse(skb, &net, &l4) != DONE)
		return 0;
	if (l4.proto != IPPROTO_TCP)
		return l4.offset + 8;	/* UDP: RFC 768 */
	tcp = packet_at(skb, l4.offset, 20);
	return tcp ? l4.offset + (tcp[12] >> 4) * 4 : 0;
}

/*
 * The segments are counted here, as gso_segs may come from a virtual machine and be 0. In a
 * tunnel, only the outer headers are known to be repeated.
 */
OUT_OF_LINE __u32 gso_cost(struct __sk_buff *skb)
{
	__u32 headers = verifier_forget(skb, headers_length(skb)), size = skb->gso_size, full, last, most = BUCKET_COST_MAX;
	__u64 bytes;

	if (!size || headers >= skb->len)
		return on_the_wire(skb->len);
	full = (skb->len - headers - 1) / size;
	if (RATE->packets)
		return full + 1;
	last = skb->len - full * size;
	bytes = (__u64)full * on_the_wire(headers + size) + on_the_wire(last);
	return bytes < most ? bytes : most;
}

/* In bytes or packets. */
static __always_inline __u32 cost_of(struct __sk_buff *skb)
{
	if (skb->gso_size)
		return gso_cost(skb);
	return RATE->packets ? 1 : on_the_wire(skb->len);
}

/* ---- what becomes of it ---------------------------------------------------------------------- */

/* Does the packet leave with CE? RFC 3168, 5: only if its transport is ECN-capable. */
OUT_OF_LINE int mark_ce(struct __sk_buff *skb)
{
	struct network net;
	__u8 ecn;

	if (network_parse(skb, &net) != DONE)
		return false;
	ecn = dsfield_get(&net) & 3;
	if (ecn == ECN_NOT_ECT)
		return false;
	if (ecn != ECN_CE) {
		dsfield_change(&net, /*keep: DSCP*/ 0xfc, ECN_CE);
		network_csum_update(skb, &net);
		count(MARKED);
	}
	return true;
}

static __always_inline int conforming(void)
{
	return police_params.over == OVER_HIT ? MISS : CONTROL;
}

static __always_inline int over(struct __sk_buff *skb)
{
	if (police_params.over == OVER_CE && mark_ce(skb))
		return CONTROL;
	count(OVER);
	return police_params.over == OVER_HIT ? CONTROL : TC_ACT_SHOT;
}

static __always_inline int unlimited(void)
{
	count(HELPER_FAILED);
	return conforming();
}

/* ---- one bucket for each key ----------------------------------------------------------------- */

static __always_inline int police_key(struct __sk_buff *skb, __u64 hash)
{
	__u64 now = bucket_now(), burst = burst_ticks(RATE, police_params.burst);
	bool two = CE_RATE->mult, shared;
	__u32 cost = cost_of(skb), way;
	struct bucket_set *set;

	set = bucket_set(bucket_set_of(hash, (police_params.buckets + BUCKET_WAYS - 1) / BUCKET_WAYS));
	if (!set)
		return unlimited();
	way = bucket_find(set, hash, now, two, &shared);
	if (shared)
		count(SHARED);
	if (!bucket_take(&set->full[way], now, rate_ticks(RATE, cost), RATE, burst))
		return over(skb);
	if (two && !bucket_take(&set->second[way], now, rate_ticks(CE_RATE, cost), CE_RATE,
				burst_ticks(CE_RATE, police_params.burst)))
		mark_ce(skb);
	return conforming();
}

#define SEED police_params.seed

/* The first @length bits of 64 or 32. */
static __always_inline __u64 bits64(__u64 bits, __u8 length)
{
	return length ? bits >> (64 - length) << (64 - length) : 0;
}

static __always_inline __u64 hash_address(struct network *net, enum side side)
{
	const union address *address = network_address(net, side);
	__u64 key;

	if (network_is_ipv4(net)) {
		__u32 ipv4 = bpf_ntohl(address->v4);

		if (police_params.prefix4 < 32)
			ipv4 = bits64((__u64)ipv4 << 32, police_params.prefix4) >> 32;
		return bucket_hash(SEED, BUCKET_IPV4 | ipv4);
	}
	key = bpf_be64_to_cpu(address->v6[0]);
	if (police_params.prefix6 < 64)
		key = bits64(key, police_params.prefix6);
	if (key >= BUCKET_IPV4)		/* ffff:ffff::/32, multicast: those keys are taken */
		key ^= 1ULL << 32;
	key = bucket_hash(SEED, key);
	if (police_params.prefix6 > 64)
		key = bucket_hash(SEED, key ^ bits64(bpf_be64_to_cpu(address->v6[1]), police_params.prefix6 - 64));
	return key;
}

/* Addresses, protocol and ports; of what has no ports, or is a later fragment: without them. */
static __always_inline __u64 hash_flow(struct __sk_buff *skb, struct network *net)
{
	const union address *src = network_address(net, SOURCE), *dst = network_address(net, DESTINATION);
	struct transport l4 = {};
	__be32 *ports;
	__u64 hash;

	if (network_is_ipv4(net)) {
		hash = bucket_hash(SEED, (__u64)bpf_ntohl(src->v4) << 32 | bpf_ntohl(dst->v4));
	} else {
		hash = bucket_hash(SEED, bpf_be64_to_cpu(src->v6[0]));
		hash = bucket_hash(SEED, hash ^ bpf_be64_to_cpu(src->v6[1]));
		hash = bucket_hash(SEED, hash ^ bpf_be64_to_cpu(dst->v6[0]));
		hash = bucket_hash(SEED, hash ^ bpf_be64_to_cpu(dst->v6[1]));
	}
	if (transport_parse(skb, net, &l4) != DONE)
		return bucket_hash(SEED, hash ^ (1ULL << 63));
	if (transport_has_ports(l4.proto) && !l4.first) {
		ports = packet_at(skb, l4.offset, sizeof(*ports));
		if (ports)
			return bucket_hash(SEED, hash ^ ((__u64)l4.proto << 32 | bpf_ntohl(*ports)));
	}
	return bucket_hash(SEED, hash ^ (1ULL << 63 | l4.proto));
}

#define SIDE (police_params.per == PER_DST ? DESTINATION : SOURCE)

/* The hash of the key of any packet; 0 if it has no address, which is counted. */
OUT_OF_LINE __u64 police_hash(struct __sk_buff *skb)
{
	struct network net;
	enum reason why = network_parse(skb, &net);
	__u64 hash;

	if (why != DONE) {
		count(why);
		return 0;
	}
	hash = police_params.per == PER_FLOW ? hash_flow(skb, &net) : hash_address(&net, SIDE);
	return hash ?: 1;
}

/* ---- one bucket for all packets -------------------------------------------------------------- */

/*
 * Each CPU takes a share of the burst at a time, and pays from that: so it seldom writes to the
 * bucket that all CPUs use, or asks for the time.
 */
#define SHARE_OF_BURST 7	/* 2^-7 */

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u64);
} police_credit SEC(".maps");

OUT_OF_LINE int police_refill(struct __sk_buff *skb, __u64 *credit, __u64 ticks)
{
	__u64 burst = burst_ticks(RATE, police_params.burst), take = burst >> SHARE_OF_BURST;
	struct bucket_set *set = bucket_set(0);

	if (!credit || !set)
		return unlimited();
	if (take < ticks)
		take = ticks;
	if (!bucket_take(&set->full[0], bucket_now(), take, RATE, burst))
		return over(skb);
	*credit += take - ticks;
	return conforming();
}

static __always_inline int police_all(struct __sk_buff *skb)
{
	__u64 ticks = rate_ticks(RATE, cost_of(skb)), *credit;
	__u32 zero = 0;

	credit = bpf_map_lookup_elem(&police_credit, &zero);
	if (!credit || *credit < ticks)
		return police_refill(skb, credit, ticks);
	*credit -= ticks;
	return conforming();
}

SEC("action/police") int police(struct __sk_buff *skb)
{
	const __u8 per = police_params.per;
	struct network net;
	__u64 hash = 0;

	if (!RATE->mult)
		return conforming();
	if (per == PER_NONE && !CE_RATE->mult)
		return police_all(skb);
	if (per == PER_MARK) {
		hash = bucket_hash(SEED, skb->mark);
	} else if (per < PER_FLOW && likely(network_common_ipv4(skb, &net, /*behind*/ 0))) {
		hash = hash_address(&net, SIDE);
	} else if (per < PER_FLOW && network_common_ipv6(skb, &net, /*behind*/ 0)) {
		hash = hash_address(&net, SIDE);
	} else if (per != PER_NONE) {
		hash = police_hash(skb);
		if (!hash)
			return conforming();
	}
	return police_key(skb, hash);
}
