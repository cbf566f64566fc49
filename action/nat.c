// SPDX-License-Identifier: GPL-2.0-only
/*
 * nat - translate addresses from one prefix to another, and ports; stateless.
 *
 * It translates the source (or destination) of IPv4 and IPv6 packets and fragments,
 * with its port in TCP, UDP, UDP-Lite and DCCP. In an ICMP error, it also translates
 * the opposite end of the packet inside. Packets that `from` and `port` do not match
 * are not changed. Packets that cannot be translated completely are not changed but
 * counted. Returns CONTROL.
 *
 *   tcact add dev eth1 egress nat side src from 10.1.0.0/16 to 10.2.0.0/16
 */
#include <linux/udp.h>
#include <tcact/address.h>
#include <tcact/icmp.h>

struct nat_params {
	prefix_param_bytes from, to;
	__u16 port, port_to;
	__u8 side;
};

ACTION(nat, rewriter, "Translate addresses from one prefix to another, and ports");
PARAM(nat, side, "word src=0 dst=1", "the end of the packet to translate");
PARAM(nat, from, "prefix", "addresses to translate; all if not given");
PARAM(nat, to, "prefix", "new prefix, of the same family and length");
PARAM(nat, port, "num 1..65535 any=0", "translate only packets with this port");
PARAM(nat, port-to, "num 1..65535 keep=0", "new port");
RULES(nat, to, "length from");
PARAMS(nat) = {};

#define FROM prefix_param(&nat_params.from)
#define TO prefix_param(&nat_params.to)

/* Is a port matched or changed? Then fragments, and protocols without ports, need care. */
_Static_assert(offsetof(struct nat_params, port) % sizeof(__u32) == 0 &&
	       offsetof(struct nat_params, port_to) == offsetof(struct nat_params, port) + sizeof(__u16),
	       "by_port() reads both at once");
static __always_inline bool by_port(void)
{
	return *(const volatile __u32 *)&nat_params.port;	/* and port_to */
}

static __always_inline bool is_port(__be16 port)
{
	return !nat_params.port || port == bpf_htons(nat_params.port);
}

/* One end, source or destination, of a packet. Offsets are in bytes from data. */
struct end {
	struct network net;
	struct transport l4;
	enum side side;
	__u32 limit;		/* the end of the ICMP error that contains the packet; 0: none does */
	__be16 port;
	__u16 check;		/* the transport checksum */
	__u32 check_at;		/* its offset; 0: there is none */
};

static __always_inline void write_address(const struct network *net, enum side side, bool v4,
					  struct change *change)
{
	change->pseudo = prefix_sum_change(FROM, TO);
	prefix_replace(FROM, TO, network_address(net, side), v4);
	if (v4) {
		struct iphdr *ip = net->header;

		ip->check = checksum16_add(ip->check, change->pseudo);
	} else {
		change->address = change->pseudo;
	}
}

static __always_inline __u16 port_change(__be16 old)
{
	return sum16(~old, bpf_htons(nat_params.port_to));
}

/*
 * Translates a packet with TCP or UDP directly after a common IP header, as nearly all
 * packets are. All arguments except the first two are compile-time constants.
 */
static __always_inline int translate_common(struct __sk_buff *skb, const struct network *net,
					    bool v4, __u8 proto, enum side side)
{
	void *l4 = net->header + (v4 ? sizeof(struct iphdr) : sizeof(struct ipv6hdr));
	__sum16 *check = l4 + transport_check(proto, v4);
	__be16 *port = l4 + side * sizeof(*port);
	struct change change = {};

	if (!prefix_contains(FROM, network_address(net, side), v4) || (by_port() && !is_port(*port)))
		return CONTROL;
	if (FROM->family)
		write_address(net, side, v4, &change);
	if (nat_params.port_to) {
		change.bytes = port_change(*port);
		*port = bpf_htons(nat_params.port_to);
	}
	if (transport_udp(proto) && !*check)
		checksum_no_transport(skb, &change);
	else
		*check = checksum_transport(skb, *check, &change, transport_udp(proto));
	return CONTROL;
}

/*
 * Must @end be translated, and its port too if @port? Returns 1, 0, or -reason. Everything
 * is checked before anything is written, as a packet is translated completely or not at
 * all. What cannot be translated: a fragment if the port decides about the address, as
 * only the first fragment has the port; and a port of SCTP, whose CRC covers the packet.
 */
static __always_inline int find(struct __sk_buff *skb, struct end *end, bool port)
{
	bool v4 = network_is_ipv4(&end->net);
	enum reason why;
	__u16 value;		/* not in @end: its address is taken, so @end would leave the registers */
	__u32 at;

	if (!network_reload(skb, &end->net))
		return -TRUNCATED;
	if (!prefix_contains(FROM, network_address(&end->net, end->side), v4))
		return 0;
	why = transport_within(skb, &end->net, end->limit ? end->limit : skb->len, &end->l4);
	if (why == FRAGMENT && (!port || !FROM->family))
		return !port;
	if (why != DONE)
		return -why;
	if (port) {
		at = end->l4.offset + end->side * sizeof(value);
		if (!transport_ports(end->l4.proto))
			return 0;
		if (at + sizeof(value) > end->l4.end ||
		    bpf_skb_load_bytes(skb, at, &value, sizeof(value)))
			return -TRUNCATED;
		if (!is_port(value))
			return 0;
		end->port = value;
		if (end->l4.first && FROM->family)
			return -FRAGMENT;
		if (nat_params.port_to && end->l4.proto == IPPROTO_SCTP)
			return -TRANSPORT;
	}
	at = forget(skb, transport_check(end->l4.proto, v4));
	if (!at)
		return 1;
	at += end->l4.offset;
	if (at + sizeof(value) > end->l4.end || bpf_skb_load_bytes(skb, at, &value, sizeof(value)))
		return end->limit ? 1 : -TRUNCATED;
	end->check_at = forget(skb, value || !transport_udp(end->l4.proto) ? at : 0);
	end->check = value;
	return 1;
}

static __always_inline struct change translate(struct __sk_buff *skb, struct end *end, bool port)
{
	__u32 at = end->l4.offset + end->side * sizeof(end->port);
	__be16 new = bpf_htons(nat_params.port_to);
	struct change change = {};

	if (FROM->family)
		write_address(&end->net, end->side, network_is_ipv4(&end->net), &change);
	if (end->l4.routed && end->side == DESTINATION)
		change.pseudo = 0;	/* the pseudo-header has the final destination: RFC 8200, 8.1 */
	if (port && new) {
		change.bytes = port_change(end->port);
		bpf_skb_store_bytes(skb, at, &new, sizeof(new), /*flags*/ 0);
	}
	return change;
}

/*
 * If @net is an ICMP error, translates the packet inside. That packet went in the opposite
 * direction, so its opposite end is translated. Its checksums are updated if they are not
 * cut off. The checksum of the error covers all that is written. Returns 1 if the packet
 * inside has an end to translate, 0, or -reason.
 */
static __always_inline int translate_inner(struct __sk_buff *skb, struct network *net)
{
	struct end in = { .net.proto = net->proto, .side = !nat_params.side };
	struct transport icmp;
	struct change change;
	enum reason why;
	__u32 diff;
	int found;

	if (!network_reload(skb, net) || !icmp_error(skb, net, &icmp))
		return 0;
	why = icmp_inner(skb, &icmp, &in.net);
	if (why != DONE)
		return -why;
	in.limit = icmp.end;
	found = find(skb, &in, by_port());
	if (found <= 0)
		return found;
	/* The port decides about the address, but the error's later fragments do not have it. */
	if (by_port() && FROM->family && icmp.first)
		return -FRAGMENT;
	change = translate(skb, &in, by_port());
	diff = change.address + change.bytes;
	if (in.check_at) {
		__u16 new = checksum16_changed(in.check, &change, transport_udp(in.l4.proto));

		diff += (__u16)~in.check + new;
		bpf_skb_store_bytes(skb, in.check_at, &new, sizeof(new), /*flags*/ 0);
	}
	if (!FROM->family && !by_port())
		return 1;	/* nothing was written; an update would turn a checksum 0xffff into 0 */
	return bpf_l4_csum_replace(skb, icmp.offset + ICMP_CHECK, 0, diff, /*flags*/ 0)
		       ? -HELPER_FAILED : 1;
}

/* Translates any packet whose IP header, of type @proto, is at @offset. */
static __always_inline enum reason translate_any(struct __sk_buff *skb, __u32 offset, __be16 proto)
{
	struct end end = { .net = { .offset = offset, .proto = proto }, .side = nat_params.side };
	struct change change;
	int inner, found;
	__u16 check;
	bool port;

	if (FROM->family == (network_is_ipv4(&end.net) ? 6 : 4))
		return DONE;
	inner = translate_inner(skb, &end.net);
	if (inner < 0)
		return -inner;
	port = by_port() && !inner;	/* for an ICMP error, the port of the packet inside decided */
	found = find(skb, &end, port);
	if (found <= 0)
		return -found;
	change = translate(skb, &end, port);
	if (!end.check_at) {
		checksum_no_transport(skb, &change);
		return DONE;
	}
	check = checksum_transport(skb, end.check, &change, transport_udp(end.l4.proto));
	return bpf_skb_store_bytes(skb, end.check_at, &check, sizeof(check), /*flags*/ 0)
		       ? HELPER_FAILED : DONE;
}

/* Two functions, as clang would merge both cases and the family would not be a constant. */
OUT_OF_LINE int nat_ipv4(struct __sk_buff *skb, __u32 offset)
{
	return rewritten(translate_any(skb, offset, bpf_htons(ETH_P_IP)));
}

OUT_OF_LINE int nat_ipv6(struct __sk_buff *skb, __u32 offset)
{
	return rewritten(translate_any(skb, offset, bpf_htons(ETH_P_IPV6)));
}

OUT_OF_LINE int nat_any(struct __sk_buff *skb)
{
	struct network net;
	enum reason why = network_parse(skb, &net);
	__u32 offset;

	if (why != DONE)
		return rewritten(why);
	offset = forget(skb, net.offset);
	return network_is_ipv4(&net) ? nat_ipv4(skb, offset) : nat_ipv6(skb, offset);
}

/*
 * network_common_*() has checked for a UDP header only: does a TCP header fit, too? @left
 * is the number of bytes after the IP header, according to that header.
 */
static __always_inline bool holds_tcp(struct __sk_buff *skb, const struct network *net, __u32 size,
				      __u32 left)
{
	return left >= sizeof(struct tcphdr) &&
	       net->header + size + sizeof(struct tcphdr) <= packet_end(skb);
}

#define COMMON(v4, proto)                                                      \
	(nat_params.side == SOURCE ? translate_common(skb, &net, v4, proto, SOURCE) \
				   : translate_common(skb, &net, v4, proto, DESTINATION))

SEC("action/nat") int nat(struct __sk_buff *skb)
{
	struct network net;

	if (network_common_ipv4(skb, &net, sizeof(struct udphdr))) {
		const struct iphdr *ip = net.header;

		if (FROM->family == 6)
			return CONTROL;
		if (ip->frag_off & bpf_htons(IPV4_OFFSET | IPV4_MORE))
			return nat_any(skb);
		if (ip->protocol == IPPROTO_UDP)
			return COMMON(/*v4*/ true, IPPROTO_UDP);
		if (ip->protocol == IPPROTO_TCP &&
		    holds_tcp(skb, &net, sizeof(*ip), bpf_ntohs(ip->tot_len) - sizeof(*ip)))
			return COMMON(/*v4*/ true, IPPROTO_TCP);
	} else if (network_common_ipv6(skb, &net, sizeof(struct udphdr))) {
		const struct ipv6hdr *ip = net.header;

		if (FROM->family == 4)
			return CONTROL;
		if (ip->nexthdr == IPPROTO_UDP)
			return COMMON(/*v4*/ false, IPPROTO_UDP);
		if (ip->nexthdr == IPPROTO_TCP &&
		    holds_tcp(skb, &net, sizeof(*ip), bpf_ntohs(ip->payload_len)))
			return COMMON(/*v4*/ false, IPPROTO_TCP);
	}
	return nat_any(skb);
}
