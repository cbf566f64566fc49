/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * A memory for each flow: learn writes a field of a packet into it, restore reads it for the packets of
 * the other direction.
 *
 * It is the table of bucket.h, with the same hash, sets and eviction: `full` is when the flow is forgotten,
 * `second` is what is known of it. A flow that nobody has seen for its timeout is as good as none. If all
 * places of a set are in use, a new flow is not remembered; those that are there lose nothing.
 *
 * Both actions must see the same table, so the seed of the hash is in it: hash[0] of the first set, which
 * has no flows. The first packet that is learned chooses it at random.
 *
 * Two CPUs may write to a place at the same time. Then a flow may get the value of another one, until
 * its next packet is learned.
 */
#pragma once

#include <tcact/bucket_key.h>
#include <tcact/icmp.h>

enum { FLOW_DSCP, FLOW_MARK, FLOW_PRIORITY };

#define FLOW_MEMBERS                                                           \
	__u8 field;                                                            \
	__u16 zone;                                                            \
	__u32 flows

struct flow_params {
	FLOW_MEMBERS;
};

#define FLOW_PARAMS(action, what)                                              \
	PARAM(action, field, "word dscp=0 mark=1 priority=2", what);           \
	PARAM(action, zone, "num", "flows of another zone are others, for addresses that occur twice"); \
	PARAM(action, flows, "num 16..4194304", "size of the table in flows, the same for learn and restore"); \
	LENGTH(action, flows, bucket_sets, 8);                                 \
	SHARED(action, flow, bucket_sets);                                           \
	_Static_assert(offsetof(struct action##_params, flows) == offsetof(struct flow_params, flows) && \
		       offsetof(struct action##_params, zone) == offsetof(struct flow_params, zone), \
		       "FLOW_MEMBERS are the first members")

#define FLOW_DEFAULTS .flows = 65536

#define FLOW(action) ((const volatile struct flow_params *)&action##_params)

/* ---- the key --------------------------------------------------------------------------------- */

static __always_inline __u64 *flow_seed(void)
{
	struct bucket_set *set = bucket_set(0);

	return set ? &set->hash[0] : NULL;
}

/* @ports: source and destination in the order of the packet. Never 0: that is the hash of an unused place. */
static __always_inline __u64 flow_hash(const volatile struct flow_params *flow, __u64 seed, const struct network *net,
				       enum side from, __u8 proto, __be32 ports)
{
	__u32 pair = bpf_ntohl(ports);

	if (from == DESTINATION)
		pair = pair << 16 | pair >> 16;
	return bucket_hash(seed, hash_addresses(net, from, seed) ^
				 ((__u64)flow->zone << 48 | (__u64)flow->field << 40 | (__u64)proto << 32 | pair)) ?: 1;
}

/* Has an unfragmented IPv4 packet, or an IPv6 packet without extensions, ports behind its header? */
static __always_inline bool flow_common(const struct network *net, __u8 *proto, __be32 *ports)
{
	if (network_is_ipv4(net)) {
		const struct iphdr *ip = net->header;

		*proto = ip->protocol;
		*ports = *(__be32 *)(net->header + sizeof(*ip));
		if (ip->frag_off & bpf_htons(IP_OFFSET | IP_MF))
			return false;
	} else {
		*proto = ((struct ipv6hdr *)net->header)->nexthdr;
		*ports = *(__be32 *)(net->header + sizeof(struct ipv6hdr));
	}
	return *proto == IPPROTO_TCP || *proto == IPPROTO_UDP;
}

/*
 * Sets @ports to what tells flows of one protocol and the same addresses apart: ports, the identifier of an
 * ICMP echo (RFC 792, 4443), the same in both directions, or nothing. NO_FLOW: other ICMP.
 */
static __always_inline enum reason flow_ports(struct __sk_buff *skb, bool v4, const struct transport *l4, __be32 *ports)
{
	struct { __u8 type, code; __be16 check, id, sequence; } icmp;

	*ports = 0;
	if (transport_has_ports(l4->proto))
		return transport_ports(skb, l4, ports) ? DONE : TRUNCATED;
	if (l4->proto != (v4 ? IPPROTO_ICMP : IPPROTO_ICMPV6))
		return DONE;
	if (l4->offset + sizeof(icmp) > l4->end || bpf_skb_load_bytes(skb, l4->offset, &icmp, sizeof(icmp)))
		return TRUNCATED;
	if (v4 ? icmp.type != 0 && icmp.type != 8 : icmp.type != 128 && icmp.type != 129)
		return NO_FLOW;
	*ports = (__u32)icmp.id << 16 | icmp.id;
	return DONE;
}

/*
 * The packet inside an ICMP error went in the other direction, so it is hashed as learn saw it. An error goes to
 * who sent that packet (RFC 792, RFC 4443, 3.1); one to somebody else is forged.
 */
static __always_inline enum reason flow_hash_inner(struct __sk_buff *skb, const volatile struct flow_params *flow,
						   __u64 seed, const struct network *net, struct transport *icmp,
						   __u64 *hash)
{
	/* so that the addresses are aligned to 8 bytes, which the verifier wants of the stack */
	union { struct { __u32 pad; struct iphdr v4; }; struct ipv6hdr v6; __u64 align; } header = {};
	bool v4 = network_is_ipv4(net);
	struct network inner = { .header = v4 ? (void *)&header.v4 : &header.v6, .proto = net->proto };
	enum reason why = icmp_inner(skb, icmp, &inner);
	struct transport l4 = {};
	__be32 ports;

	if (why != DONE)
		return why;
	if (bpf_skb_load_bytes(skb, inner.offset, inner.header, v4 ? sizeof(header.v4) : sizeof(header.v6)))
		return TRUNCATED;
	if (!address_equal(network_address(net, DESTINATION), network_address(&inner, SOURCE), v4))
		return NO_FLOW;
	why = transport_parse_within(skb, &inner, icmp->end, /*inner*/ true, &l4);
	if (why == DONE)
		why = flow_ports(skb, v4, &l4, &ports);
	if (why == DONE)
		*hash = flow_hash(flow, seed, &inner, SOURCE, l4.proto, ports);
	return why;
}

/* The hash of any packet as if it came @from there. Its header stays where it is. */
static __always_inline enum reason flow_hash_any(struct __sk_buff *skb, const volatile struct flow_params *flow,
						 __u64 seed, const struct network *net, enum side from, __u64 *hash)
{
	struct transport l4 = {};
	enum reason why = transport_parse(skb, net, &l4);
	__be32 ports;

	if (why == DONE)
		why = flow_ports(skb, network_is_ipv4(net), &l4, &ports);
	if (why == NO_FLOW && from == DESTINATION && icmp_is_error(skb, net, &l4))
		return flow_hash_inner(skb, flow, seed, net, &l4, hash);
	if (why == DONE)
		*hash = flow_hash(flow, seed, net, from, l4.proto, ports);
	return why;
}

/* ---- what is known of a flow ----------------------------------------------------------------- */

/* The upper half of bucket_set.second is the timeout, in units of so many ticks. */
#define FLOW_TIMEOUT_SHIFT 25	/* 2^25 ticks are 2^20 ns, about 1 ms */
_Static_assert(1ULL << FLOW_TIMEOUT_SHIFT == (1 << 20) * BUCKET_TICKS, "flow_timeout() shifts nanoseconds");

static __always_inline __u32 flow_timeout(__u64 ns)
{
	return ns >> 20;
}

static __always_inline struct bucket_set *flow_set(const volatile struct flow_params *flow, __u64 hash)
{
	return bucket_set(1 + bucket_set_of(hash, (flow->flows + BUCKET_WAYS - 1) / BUCKET_WAYS - 1));
}

/* One more packet of it was seen. Writes only now and then, as CPUs share the memory. */
static __always_inline void flow_refresh(__u64 *forgotten, __u64 now, __u32 timeout)
{
	__u64 ticks = (__u64)timeout << FLOW_TIMEOUT_SHIFT;

	if ((__s64)(*(volatile __u64 *)forgotten - now) < (__s64)ticks)
		*(volatile __u64 *)forgotten = now + ticks + ticks / 8;
}

/* Remembers @value; FULL if that is not possible. */
static __always_inline enum reason flow_learn(const volatile struct flow_params *flow, __u64 hash, __u32 value, __u32 timeout)
{
	struct bucket_set *set = flow_set(flow, hash);
	__u64 now = bucket_now(), what = (__u64)timeout << 32 | value;
	bool full;
	__u32 way;

	if (!set)
		return HELPER_FAILED;
	way = bucket_place(set, hash, now, &full);
	if (full)
		return FULL;
	if (set->second[way] != what)
		set->second[way] = what;
	flow_refresh(&set->full[way], now, timeout);
	return DONE;
}

#define FLOW_KNOWN (1ULL << 32)

/* What was learned of the flow, with FLOW_KNOWN; 0 if nothing is known of it. */
static __always_inline __u64 flow_recall(const volatile struct flow_params *flow, __u64 hash)
{
	struct bucket_set *set = flow_set(flow, hash);
	__u64 now = bucket_now(), what;
	__u32 way = BUCKET_WAYS;

	if (!set)
		return 0;
	/* the first one, as in bucket_search(): two CPUs may have learned a new flow at the same time, each into another bucket */
#pragma clang loop unroll(full)
	for (int i = BUCKET_WAYS - 1; i >= 0; i--)
		if (set->hash[i] == hash)
			way = i;
	if (way >= BUCKET_WAYS || (__s64)(set->full[way] - now) <= 0)
		return 0;
	what = set->second[way];
	flow_refresh(&set->full[way], now, what >> 32);
	return FLOW_KNOWN | (__u32)what;
}
