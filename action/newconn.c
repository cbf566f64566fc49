// SPDX-License-Identifier: GPL-2.0-only
/*
 * newconn - limit how many connections each address, prefix or mark, or all, may begin
 *
 * What begins a connection: a TCP segment with SYN and without ACK, and the first packet of a UDP flow
 * (addresses and ports). All other packets get CONTROL, or do not match; those that are not IP, or whose header
 * is cut off or malformed, are counted.
 *
 * A policer: beginnings above the rate are dropped, or with `over hit` they are what it matches. The rest
 * get CONTROL. Nothing of a packet is changed. The object as built has no rate, and limits nothing:
 *
 *   tcact add dev eth1 ingress newconn rate 10 every 60s
 */
#include <tcact/bucket_key.h>

struct newconn_params {
	__u16 rate;
	__u16 burst;
	__u16 port;
	__u32 flows;
	__u64 every;
	__u64 timeout;
	BUCKET_MEMBERS;
};

ACTION(newconn, policer, "Limit the new connections of each address or mark, or of all");
PARAM(newconn, rate, "num 1..32767 none=0", "how many connections may begin in the time `every`");
PARAM(newconn, every, "time 1000000..3600000000000", "the time of rate");
PARAM(newconn, burst, "num 1..32767 auto=0", "how many may begin at once; auto: as many as rate");
PARAM(newconn, port, "num 1..65535 none=0", "only connections to this port; none: to any");
PARAM(newconn, timeout, "time 1000000..86400000000000", "a UDP flow without packets for so long is over");
PARAM(newconn, flows, "num 8..4194304", "number of UDP flows to remember, rounded up to a multiple of 8");
PARAM(newconn, per, "word src=0 dst=1 mark=3 none=4", "what has a bucket of its own; none: one for all");
BUCKET_PARAMS(newconn, bucket_sets, "word drop=0 hit=2", "what becomes of beginnings above the rate");
BUCKET_MEMBERS_LAST(newconn, offsetof(struct bucket_key, overhead));
LENGTH(newconn, flows, newconn_flows, 8);
PARAMS(newconn) = { .every = 1000000000, .timeout = 30000000000, .flows = 65536, BUCKET_KEY_DEFAULTS };

#define KEY BUCKET_KEY(newconn)

/*
 * The longest timeout. Whatever the timeout is, `full` is the time of the last packet plus this one, and a flow is over if
 * that is before now + TIMEOUT_MAX - timeout. So a timeout that is changed is that of all flows, and the flow with the
 * least `full` was silent for the longest time.
 */
#define TIMEOUT_MAX (86400000000000ULL * BUCKET_TICKS)

/* `full` is when a flow would be over with TIMEOUT_MAX. max_entries differs from those of other maps, and their types: see bucket_sets. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 7);
	__type(key, __u32);
	__type(value, struct bucket_set);
} newconn_flows SEC(".maps");

/* The longest time of a burst, and that of one connection, leave room in 63 bits for the years since boot. */
_Static_assert(3600000000000ULL * BUCKET_TICKS <= (1ULL << 62) / 32767, "every * burst");

static __always_inline int unlimited(enum reason why)
{
	count(why);
	return within(KEY);
}

/* ---- what a beginning pays ------------------------------------------------------------------- */

#define RACE_MAX 16	/* CPUs that pay at the same moment may exceed the burst, each by one */

/* May this packet begin a connection? A packet without a key may. */
static __always_inline bool newconn_pay(struct __sk_buff *skb, __u64 now)
{
	__u64 ticks = newconn_params.every * BUCKET_TICKS / (newconn_params.rate ?: 1), burst, hash;
	struct bucket_set *set;
	bool shared;
	__u32 way;

	if (!bucket_key_hash(skb, KEY, &hash))
		return true;
	set = bucket_key_set(KEY, hash);
	if (!set) {
		count(HELPER_FAILED);
		return true;
	}
	way = bucket_find(set, hash, now, /*two*/ false, &shared, /*counters*/ NULL);
	if (shared)
		count(SHARED);
	burst = ticks * (newconn_params.burst ?: newconn_params.rate);
	if (bucket_pay(&set->full[way], now, ticks, burst))
		return true;
	bucket_correct(&set->full[way], now, burst, /*most*/ burst + ticks * RACE_MAX);
	return false;
}

OUT_OF_LINE int newconn_tcp(struct __sk_buff *skb)
{
	return newconn_pay(skb, bucket_now()) ? within(KEY) : over(KEY);
}

/* A flow is remembered if its first packet may pass. Else the next one pays as the first. */
OUT_OF_LINE int newconn_udp(struct __sk_buff *skb, __u64 flow)
{
	__u32 index = bucket_set_of(flow, bucket_sets_for(newconn_params.flows)), way;
	struct bucket_set *set = bpf_map_lookup_elem(&newconn_flows, &index);
	__u64 now = bucket_now(), ends = now + TIMEOUT_MAX, over_until = ends - newconn_params.timeout * BUCKET_TICKS;
	bool lost;

	if (!set)
		return unlimited(HELPER_FAILED);
	way = bucket_place(set, flow, over_until, &lost);
	if (set->hash[way] != flow || (__s64)(set->full[way] - over_until) <= 0) {
		if (!newconn_pay(skb, now))
			return over(KEY);
		/* it takes the place of the flow that was silent for the longest time */
		if (lost)
			count(FORGOTTEN);
		set->hash[way] = flow;
	}
	set->full[way] = ends;
	return within(KEY);
}

/* ---- what begins a connection ---------------------------------------------------------------- */

#define TCP_FLAGS 13	/* RFC 9293, 3.1 */
#define TCP_SYN 0x02
#define TCP_ACK 0x10

/* @ports: source and destination */
static __always_inline bool to_port(const __be16 *ports)
{
	return !newconn_params.port || ports[1] == bpf_htons(newconn_params.port);
}

/* A first fragment that ends before the flags may hide a SYN (RFC 1858, 3.1), and nobody needs one. */
static __always_inline bool begins_tcp(struct __sk_buff *skb, const struct transport *l4)
{
	__u8 *tcp = packet_at(skb, l4->offset, TCP_FLAGS + 1);

	return !tcp || l4->offset + TCP_FLAGS >= l4->end ||
	       ((tcp[TCP_FLAGS] & (TCP_SYN | TCP_ACK)) == TCP_SYN && to_port((__be16 *)tcp));
}

/*
 * A fragment that begins 8 bytes behind the first one may replace the flags that the first one had (RFC 1858, 4), and
 * nobody needs one. IPv6 forbids that (RFC 5722).
 */
static __always_inline bool may_replace_flags(const struct network *net)
{
	const struct iphdr *ip = net->header;

	return network_is_ipv4(net) && ip->protocol == IPPROTO_TCP && (ip->frag_off & bpf_htons(IP_OFFSET)) == bpf_htons(1);
}

static __always_inline int work(struct __sk_buff *skb, struct network *net)
{
	struct transport l4;
	enum reason why = transport_parse(skb, net, &l4);
	header_be32 *ports;
	__u64 hash;

	/* that a fragment is not the first one is no reason to count */
	if (why == FRAGMENT)
		return may_replace_flags(net) ? newconn_tcp(skb) : within(KEY);
	/*
	 * More extension headers than are followed, or a first fragment that ends within them (RFC 7112: such a one may be
	 * discarded): it may hide a SYN.
	 */
	if (why != DONE) {
		count(why);
		return newconn_tcp(skb);
	}
	if (l4.proto == IPPROTO_TCP)
		return begins_tcp(skb, &l4) ? newconn_tcp(skb) : within(KEY);
	if (l4.proto != IPPROTO_UDP)
		return within(KEY);
	hash = hash_addresses(net, SOURCE, newconn_params.seed);
	ports = packet_at(skb, l4.offset, sizeof(*ports));
	if (!ports || l4.offset + sizeof(*ports) > l4.end)
		return unlimited(TRUNCATED);
	if (!to_port((__be16 *)ports))
		return within(KEY);
	return newconn_udp(skb, hash_ports(newconn_params.seed, hash, IPPROTO_UDP, *ports));
}

DEFINE_ON_IP(newconn_on_ip, newconn_any, work, unlimited(why))

SEC("action/newconn") int newconn(struct __sk_buff *skb)
{
	return newconn_params.rate ? newconn_on_ip(skb) : within(KEY);
}
