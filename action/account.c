// SPDX-License-Identifier: GPL-2.0-only
/*
 * account - count the packets and bytes of each address, pair, port, mark, user ...
 *
 * A rewriter that changes nothing: it counts, and CONTROL decides. What it counts is what tc counts of
 * the packet (bstats_update() in include/net/sch_generic.h of Linux), so that the table adds up
 * to tc's own counters:
 *
 *   tcact add dev eth1 ingress account per src
 *   tcact top dev eth1
 *
 * Each CPU has buckets of its own, so none waits for another. A key that finds
 * no free bucket in its set takes over the one with the fewest packets; what that had goes to one bucket for
 * all others. So many addresses that send a few packets displace one key of a set, not those that send
 * more, and the sum stays right.
 */
#include <tcact/action.h>
#include <tcact/bucket.h>
#include <tcact/dsfield.h>
#include <tcact/l4.h>

enum { PER_SRC, PER_DST, PER_PAIR, PER_DSCP, PER_PROTO, PER_SPORT, PER_DPORT, PER_MARK, PER_UID, PER_CGROUP };

struct account_params {
	__u8 per;
	__u8 prefix4;
	__u8 prefix6;
	__u32 buckets;
	__u64 seed;
};

ACTION(account, rewriter, "Count the bytes and packets of each address, port, mark ...");
PARAM(account, per, "word src=0 dst=1 pair=2 dscp=3 proto=4 sport=5 dport=6 mark=7 uid=8 cgroup=9",
      "what is counted by itself");
NEEDS(account.per, "cgroup=SOCK_CGROUP_DATA");
PARAM(account, prefix4, "num 0..32", "length of the IPv4 prefixes that are counted");
PARAM(account, prefix6, "num 0..128", "length of the IPv6 prefixes that are counted; of pairs, at most 64");
PARAM(account, buckets, "num 16..4194304", "number of buckets of each CPU, rounded up to a multiple of 8");
PARAM(account, seed, "seed", "seed of the hash; 0: chosen at random when the object is baked or loaded");
RULES(account, prefix4, "with per src dst pair");
RULES(account, prefix6, "with per src dst pair");
LENGTH(account, buckets, account_sets, 8);
BUCKETS(account, account_sets);
PARAMS(account) = { .buckets = 16384, .prefix4 = 32, .prefix6 = 128 };

/* Of 16 bytes, so that a bucket has 32: an IPv6 address, the first halves of two, or one of these and a number. */
struct account_key {
	__u64 high, low;
};
#define KEY_IPV4 (~0ULL)	/* low: the address, or two of them */
#define KEY_NUMBER 1ULL
#define KEY_OTHER (~0ULL)	/* also in low */

struct account_set {
	struct account_key key[BUCKET_WAYS];
	bucket_counter bytes[BUCKET_WAYS];
	bucket_counter packets[BUCKET_WAYS];
};
_Static_assert(sizeof(struct account_set) == 32 * BUCKET_WAYS, "as tcact-account(8) says");

/* The first set has one bucket only, for all others. As built, it is the only one. */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 3);
	__type(key, __u32);
	__type(value, struct account_set);
} account_sets SEC(".maps");

/* ---- the key --------------------------------------------------------------------------------- */

static __always_inline __u64 ipv4_prefix(const union address *address)
{
	return bits64((__u64)bpf_ntohl(address->v4) << 32, account_params.prefix4) >> 32;
}

/* The first 64 bits of the prefix. */
static __always_inline __u64 ipv6_prefix(const union address *address)
{
	__u64 bits = bpf_be64_to_cpu(address->v6[0]);

	return account_params.prefix6 < 64 ? bits64(bits, account_params.prefix6) : bits;
}

static __always_inline void key_addresses(struct account_key *key, const struct network *net)
{
	const __u8 per = account_params.per;
	const union address *first = network_address(net, per == PER_DST ? DESTINATION : SOURCE);
	const union address *second = network_address(net, DESTINATION);

	if (network_is_ipv4(net)) {
		key->high = KEY_IPV4;
		key->low = ipv4_prefix(first);
		if (per == PER_PAIR) {
			key->low = key->low << 32 | ipv4_prefix(second);
			if (key->low == KEY_OTHER)	/* from broadcast to broadcast: that key is taken */
				key->low--;
		}
		return;
	}
	key->high = ipv6_prefix(first);
	if (key->high == KEY_IPV4)	/* multicast: that key is taken */
		key->high--;
	if (per == PER_PAIR)
		key->low = ipv6_prefix(second);
	else if (account_params.prefix6 > 64)
		key->low = bits64(bpf_be64_to_cpu(first->v6[1]), account_params.prefix6 - 64);
	else
		key->low = 0;
}

static __always_inline enum reason key_transport(struct __sk_buff *skb, struct account_key *key, const struct network *net)
{
	struct transport l4 = {};
	enum reason why = transport_parse(skb, net, &l4);
	__be16 *ports;

	if (why != DONE)
		return why;
	if (account_params.per == PER_PROTO) {
		key->low = l4.proto;
		return DONE;
	}
	key->low = (__u64)l4.proto << 16;
	if (!transport_has_ports(l4.proto))
		return DONE;
	ports = packet_at(skb, l4.offset, 2 * sizeof(*ports));
	if (!ports || l4.offset + 2 * sizeof(*ports) > l4.end)
		return TRUNCATED;
	key->low |= bpf_ntohs(ports[account_params.per == PER_DPORT]);
	return DONE;
}

/* Of any packet. */
OUT_OF_LINE int key_any(struct __sk_buff *skb, struct account_key *key)
{
	const __u8 per = account_params.per;
	struct network net;
	enum reason why = network_parse(skb, &net);

	if (why != DONE)
		return why;
	if (per <= PER_PAIR) {
		key_addresses(key, &net);
		return DONE;
	}
	key->high = KEY_NUMBER;
	if (per != PER_DSCP)
		return key_transport(skb, key, &net);
	key->low = dsfield_get(&net) >> 2;
	return DONE;
}

static __always_inline enum reason key_of(struct __sk_buff *skb, struct account_key *key)
{
	const __u8 per = account_params.per;
	struct network net;

	if (per <= PER_PAIR && likely(network_common_ipv4(skb, &net, /*payload*/ 0))) {
		key_addresses(key, &net);
		return DONE;
	}
	if (per <= PER_PAIR && network_common_ipv6(skb, &net, /*payload*/ 0)) {
		key_addresses(key, &net);
		return DONE;
	}
	if (per < PER_MARK)
		return key_any(skb, key);
	key->high = KEY_NUMBER;
	key->low = per == PER_MARK ? skb->mark : per == PER_UID ? bpf_get_socket_uid(skb) : bpf_skb_cgroup_id(skb);
	return DONE;
}

/* Which set the key belongs to; not to the first one. */
static __always_inline __u32 set_of(const struct account_key *key)
{
	__u64 hash = bucket_hash(account_params.seed, key->low);

	if (key->high != KEY_IPV4 && key->high != KEY_NUMBER)
		hash = bucket_hash(account_params.seed, hash ^ key->high);
	return 1 + bucket_set_of(hash, (account_params.buckets - 1) / BUCKET_WAYS);
}

/* ---- the buckets of this CPU ----------------------------------------------------------------- */

static __always_inline void add(struct account_set *set, __u32 way, __u64 bytes, __u64 packets)
{
	/* see count_packets() */
	__sync_fetch_and_add(&set->bytes[way], bytes);
	__sync_fetch_and_add(&set->packets[way], packets);
}

static __always_inline void add_other(__u64 bytes, __u64 packets)
{
	__u32 first = 0;
	struct account_set *set = bpf_map_lookup_elem(&account_sets, &first);

	if (!set)
		return;
	set->key[0].high = set->key[0].low = KEY_OTHER;
	add(set, 0, bytes, packets);
}

/*
 * How many packets it had; 0: it is free. A GSO packet may count as none, here as in tc's own counters, so its bytes count
 * too: virtio_net_hdr_to_skb() (include/linux/virtio_net.h) sets gso_segs to 0, for what a virtual machine sends, and
 * before Linux 6.19 nobody sets it again (qdisc_pkt_len_segs_init() in net/core/dev.c).
 */
static __always_inline __u64 weight(const struct account_set *set, __u32 way)
{
	__u64 frames = (set->bytes[way] + 2047) / 2048;

	return set->packets[way] > frames ? set->packets[way] : frames;
}

/*
 * Gives the key a bucket that had fewest packets: none, if one is free. Of several, not always the same one: otherwise
 * new keys would displace each other, and never what a flood of single packets has left in the others.
 */
OUT_OF_LINE int account_new(struct account_set *set, const struct account_key *key)
{
	__u32 first = weight(set, 0) ? bucket_hash(account_params.seed, key->low) & (BUCKET_WAYS - 1) : 0, way = first;
	__u64 least = weight(set, first);

#pragma clang loop unroll(full)
	for (int i = 1; i < BUCKET_WAYS; i++) {
		__u32 at = (first + i) & (BUCKET_WAYS - 1);
		__u64 its = weight(set, at);

		if (its < least) {
			least = its;
			way = at;
		}
	}
	asm volatile("" : "+r"(way));
	way &= BUCKET_WAYS - 1;
	if (set->bytes[way] | set->packets[way]) {
		count(EVICTED);
		add_other(set->bytes[way], set->packets[way]);
	}
	set->bytes[way] = set->packets[way] = 0;
	set->key[way] = *key;
	return way;
}

static __always_inline __u32 account_way(struct account_set *set, const struct account_key *key)
{
#pragma clang loop unroll(full)
	for (int i = 0; i < BUCKET_WAYS; i++)
		if (set->key[i].low == key->low && set->key[i].high == key->high)
			return i;
	return account_new(set, key) & (BUCKET_WAYS - 1);
}

SEC("action/account") int account(struct __sk_buff *skb)
{
	/* qdisc_pkt_len(), and the segments of a GSO packet */
	__u64 bytes = skb->wire_len, packets = packets_of(skb);
	struct account_set *set = NULL;
	struct account_key key = {};
	enum reason why = key_of(skb, &key);
	__u32 index;

	if (why == DONE) {
		index = set_of(&key);
		set = bpf_map_lookup_elem(&account_sets, &index);
	}
	if (set)
		add(set, account_way(set, &key), bytes, packets);
	else
		add_other(bytes, packets);
	return rewriter_return(why);
}
