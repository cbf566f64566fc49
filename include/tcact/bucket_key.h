/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What the actions with buckets have in common: which bucket a packet belongs to, what it pays, and the
 * mark instead of a loss. Their parameters end with the same members.
 */
#pragma once

#include <tcact/action.h>
#include <tcact/bucket.h>
#include <tcact/dsfield.h>
#include <tcact/l4.h>

/*
 * A parameter sets the length (LENGTH() in parameter.h). max_entries must differ from the numbers of other
 * maps, which would share one array type with it in BTF.
 */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 5);
	__type(key, __u32);
	__type(value, struct bucket_set);
} bucket_sets __attribute__((weak)) SEC(".maps");

static __always_inline __u64 bucket_now(void)
{
	return bpf_ktime_get_ns() * BUCKET_TICKS;
}

static __always_inline struct bucket_set *bucket_set(__u32 index)
{
	return bpf_map_lookup_elem(&bucket_sets, &index);
}

enum { PER_SRC, PER_DST, PER_FLOW, PER_MARK, PER_NONE };

#define BUCKET_MEMBERS                                                         \
	__u8 per;                                                              \
	__u8 prefix4;                                                          \
	__u8 prefix6;                                                          \
	__u8 over;                                                             \
	__u32 buckets;                                                         \
	__u64 seed __attribute__((aligned(8)))

/* The first of them are all that an action has in which a packet does not pay for its length. */
#define BUCKET_KEY_MEMBERS                                                     \
	BUCKET_MEMBERS;                                                        \
	__u16 overhead;                                                        \
	__u16 mpu

struct bucket_key {
	BUCKET_KEY_MEMBERS;
};

/* map: the array of sets; OVER: what `over` may be, and what that does */
#define BUCKET_KEY_PARAMS(action, map, OVER, what)                             \
	PARAM(action, per, "word src=0 dst=1 flow=2 mark=3 none=4",            \
	      "what has a bucket of its own; none: one for all packets");      \
	BUCKET_PARAMS(action, map, OVER, what);                                \
	PARAM(action, overhead, "num", "bytes to add to the length of each packet"); \
	PARAM(action, mpu, "num", "least length of a packet, in bytes");       \
	BUCKET_MEMBERS_LAST(action, sizeof(struct bucket_key))

/* The same for an action that has BUCKET_MEMBERS only. */
#define BUCKET_PARAMS(action, map, OVER, what)                                 \
	PARAM(action, prefix4, "num 0..32", "length of the IPv4 prefixes that have a bucket"); \
	PARAM(action, prefix6, "num 0..128", "length of the IPv6 prefixes that have a bucket"); \
	PARAM(action, over, OVER, what);                                       \
	PARAM(action, buckets, "num 8..4194304", "number of buckets, rounded up to a multiple of 8"); \
	PARAM(action, seed, "seed", "seed of the hash; 0: chosen at random when the object is baked or loaded"); \
	RULES(action, prefix4, "with per src dst");                            \
	RULES(action, prefix6, "with per src dst");                            \
	LENGTH(action, buckets, map, 8);                                       \
	BUCKETS(action, map)

#define BUCKET_MEMBERS_LAST(action, size)                                      \
	_Static_assert(sizeof(struct action##_params) == offsetof(struct action##_params, per) + (size) && \
		       offsetof(struct action##_params, per) % _Alignof(struct bucket_key) == 0, \
		       "the members of struct bucket_key are the last ones")

#define BUCKET_KEY_DEFAULTS .buckets = 65536, .prefix4 = 32, .prefix6 = 64

#define BUCKET_KEY(action) ((const volatile struct bucket_key *)&action##_params.per)

/* ---- what a packet pays ---------------------------------------------------------------------- */

/* overhead and mpu */
typedef __u32 wire_param __attribute__((may_alias));
_Static_assert(offsetof(struct bucket_key, overhead) % sizeof(wire_param) == 0 &&
	       offsetof(struct bucket_key, mpu) == offsetof(struct bucket_key, overhead) + sizeof(__u16),
	       "they are in one word");

static __always_inline __u32 on_the_wire(const volatile struct bucket_key *key, __u32 length)
{
	/* one load for both, which most often are 0 */
	if (!*(const volatile wire_param *)&key->overhead)
		return length;
	length += key->overhead;
	if (key->mpu && length < key->mpu)
		length = key->mpu;
	return length;
}

/*
 * Only a virtual machine, or a sender by AF_PACKET, that wants to pay less makes such a GSO packet: the kernel segments it,
 * but its headers cannot be found. It is above any rate.
 */
#define HEADERS_UNKNOWN BUCKET_COST_MAX

/* Behind two tags in the frame, is there a third one? The kernel skips up to 8 (__vlan_get_protocol()). */
static __always_inline bool has_third_tag(struct __sk_buff *skb)
{
	__be16 proto;

	return is_vlan_tpid(skb->protocol) &&
	       !bpf_skb_load_bytes(skb, ETH_HLEN + sizeof(struct vlan_tag) + offsetof(struct vlan_tag, proto), &proto,
				   sizeof(proto)) && is_vlan_tpid(proto);
}

/*
 * The kernel segments by skb->protocol, which an AF_PACKET sender chooses, as one that writes to a tun device can. Is it what
 * the packet says?
 */
OUT_OF_LINE int protocol_is_true(struct __sk_buff *skb)
{
	__be16 proto;
	__u8 first;

	if (!is_ip(skb->protocol) && !is_vlan_tpid(skb->protocol))
		return true;	/* it does not segment this, or has other means, as for MPLS */
	if (link_layer(skb) == LINK_ETHER)
		return !bpf_skb_load_bytes(skb, offsetof(struct ethhdr, h_proto), &proto, sizeof(proto)) &&
		       proto == skb->protocol;
	return is_ip(skb->protocol) && !bpf_skb_load_bytes(skb, 0, &first, sizeof(first)) &&
	       first >> 4 == (skb->protocol == bpf_htons(ETH_P_IP) ? 4 : 6);
}

/*
 * The length of the headers that each segment of a GSO packet has, or HEADERS_UNKNOWN; 0 for MPLS and so on. They are where
 * the kernel looks for them: it segments a fragment of IPv4, too, and does not test the version.
 */
static __always_inline __u32 headers_length(struct __sk_buff *skb)
{
	/* gso_segs is 0, or computed by the kernel from the headers that it finds, if a sender has chosen the protocol */
	bool true_protocol = skb->gso_segs || protocol_is_true(skb);
	struct network net;
	enum reason why = network_parse(skb, &net);
	__u32 offset, proto;
	struct tcphdr *tcp;
	int where;

	if (why == NOT_IP)
		return !true_protocol || has_third_tag(skb) ? HEADERS_UNKNOWN : 0;
	if (why != DONE)
		return why == MALFORMED ? HEADERS_UNKNOWN : 0;
	if (!true_protocol)
		return HEADERS_UNKNOWN;
	if (network_is_ipv4(&net)) {
		const struct iphdr *ip = net.header;

		offset = net.offset + ip->ihl * 4;
		proto = ip->protocol;
	} else {
		const struct ipv6hdr *ip = net.header;

		where = ipv6_extensions(skb, net.offset + sizeof(*ip), ip->nexthdr, skb->len);
		where = verifier_forget(skb, where);
		if (where < 0)
			return where == -EXTENSIONS ? HEADERS_UNKNOWN : 0;
		offset = where >> EXTENSION_OFFSET_SHIFT & EXTENSION_OFFSET;
		proto = where & EXTENSION_PROTO;
	}
	if (proto != IPPROTO_TCP)
		return offset + (proto == IPPROTO_SCTP ? 12 : 8);	/* RFC 9260, 3.1; UDP: RFC 768 */
	tcp = packet_at(skb, offset, sizeof(*tcp));
	return tcp ? offset + tcp->doff * 4 : 0;
}

/*
 * SCTP has segments of any size, and only the kernel itself makes such packets (include/linux/skbuff.h). Each of them is
 * taken to be as long as the others.
 */
#define GSO_BY_FRAGS 0xffff

static __always_inline __u32 gso_by_frags_cost(const struct __sk_buff *skb, const volatile struct bucket_key *key,
					       bool packets, __u32 headers)
{
	__u32 segments = skb->gso_segs ?: 1, most = BUCKET_COST_MAX;
	__u64 bytes = skb->len + (__u64)(segments - 1) * headers;

	if (packets)
		return segments;
	bytes = (__u64)on_the_wire(key, bytes / segments) * segments;
	return bytes < most ? bytes : most;
}

/* The bytes of all segments, each with @headers and up to @size bytes of data. */
static __always_inline __u64 gso_bytes(const struct __sk_buff *skb, const volatile struct bucket_key *key, __u32 headers,
				       __u32 size)
{
	__u32 full = (skb->len - headers - 1) / size;

	return (__u64)full * on_the_wire(key, headers + size) + on_the_wire(key, skb->len - full * size);
}

/*
 * In a tunnel, only the outer headers are found: the inner ones seem to be data of the first segment. So gso_segs can be
 * less than what is counted here. It is 0, or computed by the kernel, if the packet is from a virtual machine, which
 * cannot choose it. What so many segments cannot hold as data are headers: so a sender gains little by long inner ones.
 */
OUT_OF_LINE __u32 gso_cost(struct __sk_buff *skb, const volatile struct bucket_key *key,
			   bool packets)
{
	__u32 headers = verifier_forget(skb, headers_length(skb)), size = skb->gso_size, most = BUCKET_COST_MAX;
	__u32 full, data = skb->gso_segs * size;
	__u64 bytes, tunnel;

	if (size == GSO_BY_FRAGS)
		return gso_by_frags_cost(skb, key, packets, headers);
	if (headers == HEADERS_UNKNOWN) {
		if (!packets)
			return BUCKET_COST_MAX;
		headers = 0;
	}
	if (headers >= skb->len)
		return packets ? 1 : on_the_wire(key, skb->len);
	if (packets) {
		full = (skb->len - headers - 1) / size;
		return skb->gso_segs && skb->gso_segs <= full ? skb->gso_segs : full + 1;
	}
	bytes = gso_bytes(skb, key, headers, size);
	if (data && data < skb->len - headers) {
		tunnel = gso_bytes(skb, key, skb->len - data, size);
		if (tunnel > bytes)
			bytes = tunnel;
	}
	return bytes < most ? bytes : most;
}

/* What the packet pays, in bytes or packets; false if it is above any rate. */
static __always_inline bool cost_of(struct __sk_buff *skb, const volatile struct bucket_key *key, bool packets,
				    __u32 *cost)
{
	if (skb->gso_size) {
		*cost = gso_cost(skb, key, packets);
		return *cost < BUCKET_COST_MAX;
	}
	*cost = packets ? 1 : on_the_wire(key, skb->len);
	return true;
}

/* ---- what becomes of a packet ---------------------------------------------------------------- */

enum { OVER_DROP, OVER_CE, OVER_HIT };

/* What keeps to the limit does not match `over hit`. */
static __always_inline int within(const volatile struct bucket_key *key)
{
	return key->over == OVER_HIT ? MISS : CONTROL;
}

static __always_inline int over(const volatile struct bucket_key *key)
{
	count(OVER);
	return key->over == OVER_HIT ? CONTROL : TC_ACT_SHOT;
}

/* ---- the mark instead of a loss -------------------------------------------------------------- */

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

/* ---- the key --------------------------------------------------------------------------------- */

/* @per is key->per. */
static __always_inline __u64 hash_address(struct network *net, const volatile struct bucket_key *key, __u8 per)
{
	const union address *address = network_address(net, per == PER_DST ? DESTINATION : SOURCE);
	__u64 bits;

	if (network_is_ipv4(net)) {
		__u32 ipv4 = bpf_ntohl(address->v4);

		if (key->prefix4 < 32)
			ipv4 = bits64((__u64)ipv4 << 32, key->prefix4) >> 32;
		return bucket_hash(key->seed, BUCKET_IPV4 | ipv4);
	}
	bits = bpf_be64_to_cpu(address->v6[0]);
	if (key->prefix6 < 64)
		bits = bits64(bits, key->prefix6);
	if (bits >= BUCKET_TAG)	/* ffff:fffe::/31, multicast: those keys are taken */
		bits ^= 2ULL << 32;
	bits = bucket_hash(key->seed, bits);
	if (key->prefix6 > 64)
		bits = bucket_hash(key->seed, bits ^ bits64(bpf_be64_to_cpu(address->v6[1]), key->prefix6 - 64));
	return bits;
}

/* Both addresses, as if the packet came @from there. */
static __always_inline __u64 hash_addresses(const struct network *net, enum side from, __u64 seed)
{
	const union address *src = network_address(net, from), *dst = network_address(net, !from);
	__u64 hash;

	if (network_is_ipv4(net))
		return bucket_hash(seed, (__u64)bpf_ntohl(src->v4) << 32 | bpf_ntohl(dst->v4));
	hash = bucket_hash(seed, bpf_be64_to_cpu(src->v6[0]));
	hash = bucket_hash(seed, hash ^ bpf_be64_to_cpu(src->v6[1]));
	hash = bucket_hash(seed, hash ^ bpf_be64_to_cpu(dst->v6[0]));
	return bucket_hash(seed, hash ^ bpf_be64_to_cpu(dst->v6[1]));
}

static __always_inline __u64 hash_ports(__u64 seed, __u64 hash, __u8 proto, __be32 ports)
{
	return bucket_hash(seed, hash ^ ((__u64)proto << 32 | bpf_ntohl(ports)));
}

/* Addresses, protocol and ports; of what has no ports, or is a later fragment: without them. */
static __always_inline __u64 hash_flow(struct __sk_buff *skb, struct network *net, __u64 seed)
{
	__u64 hash = hash_addresses(net, SOURCE, seed);
	struct transport l4 = {};
	header_be32 *ports;

	if (transport_parse(skb, net, &l4) != DONE)
		return bucket_hash(seed, hash ^ (1ULL << 62));
	if (transport_has_ports(l4.proto) && !l4.first) {
		ports = packet_at(skb, l4.offset, sizeof(*ports));
		if (ports && l4.offset + sizeof(*ports) <= l4.end)
			return hash_ports(seed, hash, l4.proto, *ports);
	}
	return bucket_hash(seed, hash ^ (1ULL << 63 | l4.proto));
}

/* The hash of the key of any packet; false if it has no address, which is counted. */
OUT_OF_LINE int hash_any(struct __sk_buff *skb, const volatile struct bucket_key *key, __u64 *hash)
{
	struct network net;
	enum reason why = network_parse(skb, &net);
	const __u8 per = key->per;

	if (why != DONE) {
		count(why);
		return false;
	}
	*hash = per == PER_FLOW ? hash_flow(skb, &net, key->seed) : hash_address(&net, key, per);
	return true;
}

/* The hash of the packet's key; false if it has none, which is counted. */
static __always_inline bool bucket_key_hash(struct __sk_buff *skb, const volatile struct bucket_key *key, __u64 *hash)
{
	const __u8 per = key->per;
	struct network net;

	if (per >= PER_MARK) {
		*hash = per == PER_MARK ? bucket_hash(key->seed, skb->mark) : 0;
		return true;
	}
	if (per < PER_FLOW && likely(network_common_ipv4(skb, &net, /*payload*/ 0))) {
		*hash = hash_address(&net, key, per);
		return true;
	}
	if (per < PER_FLOW && network_common_ipv6(skb, &net, /*payload*/ 0)) {
		*hash = hash_address(&net, key, per);
		return true;
	}
	return hash_any(skb, key, hash);
}

static __always_inline __u32 bucket_sets_for(__u32 buckets)
{
	return (buckets + BUCKET_WAYS - 1) / BUCKET_WAYS;
}

/* The set of the key with @hash; NULL does not happen. */
static __always_inline struct bucket_set *bucket_key_set(const volatile struct bucket_key *key, __u64 hash)
{
	return bucket_set(bucket_set_of(hash, bucket_sets_for(key->buckets)));
}
