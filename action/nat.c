// SPDX-License-Identifier: GPL-2.0-only
/*
 * nat - translate addresses from prefix to prefix, and ports; stateless.
 *
 * The source (or destination) of IPv4 and IPv6 packets and fragments, with its
 * port in TCP, UDP, UDP-Lite and DCCP, and the other end of the packet inside
 * an ICMP error. What `from` and `port` do not match is left alone; so is, and
 * counted, what cannot be translated whole. Returns CONTROL.
 *
 *   tcact add dev eth1 egress nat side src from 10.1.0.0/16 to 10.2.0.0/16
 */
#include <tcact/address.h>
#include <tcact/icmp.h>

struct nat_params {
	struct prefix_param from, to;
	__u16 port, port_to;
	__u8 side;
};

ACTION(nat, rewriter, "Translate addresses from prefix to prefix, and ports, without state");
PARAM(nat, side, "word src=0 dst=1", "the end of the packet to translate");
PARAM(nat, from, "prefix", "addresses to translate; any where not given");
PARAM(nat, to, "prefix", "what they become, of the same family and length");
PARAM(nat, port, "num 1..65535 any=0", "translate only what has this port");
PARAM(nat, port-to, "num 1..65535 keep=0", "what the port becomes");
PARAMS(nat) = {};

static __always_inline bool nat_ports(const volatile struct nat_params *p)
{
	return *(const volatile __u32 *)&p->port;	/* and port_to */
}

static __always_inline bool nat_matches(const volatile struct nat_params *p,
					const __be32 *address, bool v4)
{
	return !p->from.family || prefix_has(&p->from, p->from.length, address, WORDS(v4));
}

static __always_inline bool nat_matches_port(const volatile struct nat_params *p, __be16 port)
{
	return !p->port || port == bpf_htons(p->port);
}

/* @check after what it covers has changed; a computed 0 is sent as 0xffff: RFC 768 */
static __always_inline __u16 nat_check(__u8 proto, __u16 check, __u16 pseudo, __u16 bytes,
				       bool ports)
{
	check = checksum16_add(check, pseudo);
	if (ports)
		check = checksum16_add(check, bytes);
	return transport_udp(proto) && !check ? 0xffff : check;
}

/* Translates an address; how the sum of the pseudo header changes. */
static __always_inline __u16 nat_address(const volatile struct nat_params *p,
					 const struct network *net, __be32 *address, bool v4)
{
	__u16 pseudo;

	if (!p->to.family)
		return 0;
	pseudo = prefix_replace(&p->from, &p->to, p->from.length, address, WORDS(v4));
	if (v4) {
		struct iphdr *ip = net->header;

		ip->check = checksum16_add(ip->check, pseudo);
	}
	return pseudo;
}

/*
 * The other end of the packet inside the ICMP error at @icmp: *@hit if it is
 * translated. The error's sum changes by all that is written, less what the
 * sums inside take back.
 */
static __always_inline enum reason nat_inner(struct __sk_buff *skb,
					     const volatile struct nat_params *p, bool v4,
					     __u32 icmp, __u32 end, bool *hit)
{
	struct network in = { .proto = v4 ? bpf_htons(ETH_P_IP) : bpf_htons(ETH_P_IPV6) };
	enum side side = p->side == SOURCE ? DESTINATION : SOURCE;
	struct transport l4 = {};
	enum reason why = icmp_inner(skb, icmp, end, &in);
	__u16 pseudo, bytes = 0, check;
	__be16 port = 0, new = bpf_htons(p->port_to);
	__u32 at = 0, outside;
	__be32 *address;

	if (why != DONE)
		return why;
	address = network_address(&in, side);
	if (!nat_matches(p, address, v4))
		return DONE;
	why = transport_find(skb, &in, &l4);
	if (why == EXTENSIONS || (why != DONE && nat_ports(p)))
		return why;
	if (why != DONE)
		l4.proto = IPPROTO_NONE;
	if (nat_ports(p)) {
		if (!transport_ports(l4.proto))
			return DONE;
		at = l4.offset + side * sizeof(port);
		if (at + sizeof(port) > end || bpf_skb_load_bytes(skb, at, &port, sizeof(port)))
			return TRUNCATED;
		if (!nat_matches_port(p, port))
			return DONE;
		if (p->port_to && l4.proto == IPPROTO_SCTP)
			return TRANSPORT;
	}
	*hit = true;
	pseudo = nat_address(p, &in, address, v4);
	outside = v4 ? 0 : pseudo;
	if (p->port_to) {
		bytes = checksum_fold((__u32)(__u16)~port + new);
		outside += bytes;
		bpf_skb_store_bytes(skb, at, &new, sizeof(new), /*flags*/ 0);
	}
	at = l4.offset + transport_check(l4.proto, v4);
	if (l4.routed && side == DESTINATION)
		pseudo = 0;
	if (transport_check(l4.proto, v4) && at + sizeof(check) <= end &&
	    !bpf_skb_load_bytes(skb, at, &check, sizeof(check)) && !(transport_udp(l4.proto) && !check)) {
		outside += (__u16)~check;
		check = nat_check(l4.proto, check, pseudo, bytes, true);
		outside += check;
		bpf_skb_store_bytes(skb, at, &check, sizeof(check), /*flags*/ 0);
	}
	if (bpf_l4_csum_replace(skb, icmp + ICMP_CHECK, 0, outside, /*flags*/ 0))
		return HELPER_FAILED;
	return DONE;
}

/*
 * Any packet whose IP header is at @offset. What cannot be translated whole is
 * left alone, so all is looked at before anything is written: a fragment, where
 * the port decides about the address but only the first one has it; a port of
 * SCTP, whose CRC is over the packet; a checksum that is cut off.
 */
static __always_inline enum reason nat_any(struct __sk_buff *skb,
					   const volatile struct nat_params *p, __u32 offset,
					   bool v4)
{
	struct network net = { .offset = offset,
			       .proto = v4 ? bpf_htons(ETH_P_IP) : bpf_htons(ETH_P_IPV6) };
	__u32 size = v4 ? sizeof(struct iphdr) : sizeof(struct ipv6hdr), end, at;
	struct transport l4 = {};
	__u16 pseudo, bytes = 0, check = 0;
	__be16 port = 0, new = bpf_htons(p->port_to);
	bool hit = false;
	enum reason why;

	if (!network_again(skb, &net, size))
		return TRUNCATED;
	end = network_end(skb, &net);
	why = transport_find(skb, &net, &l4);
	if (why == DONE && icmp_error(skb, &net, &l4)) {
		why = nat_inner(skb, p, v4, l4.offset, end, &hit);
		if (why != DONE || (nat_ports(p) && !hit))
			return why;
		if (!network_again(skb, &net, size))
			return TRUNCATED;
	} else if (why == DONE && nat_ports(p) && !transport_ports(l4.proto)) {
		return DONE;
	}
	if (!nat_matches(p, network_address(&net, p->side), v4))
		return DONE;
	if (why == FRAGMENT && !nat_ports(p))
		l4.proto = IPPROTO_NONE;
	else if (why != DONE)
		return why == FRAGMENT && !p->to.family ? DONE : why;

	if (nat_ports(p) && !hit) {
		at = l4.offset + p->side * sizeof(port);
		if (at + sizeof(port) > end || bpf_skb_load_bytes(skb, at, &port, sizeof(port)))
			return TRUNCATED;
		if (!nat_matches_port(p, port))
			return DONE;
		if (l4.first && p->to.family)
			return FRAGMENT;
		if (p->port_to && l4.proto == IPPROTO_SCTP)
			return TRANSPORT;
	}
	at = transport_check(l4.proto, v4);
	if (at) {
		at += l4.offset;
		if (at + sizeof(check) > end || bpf_skb_load_bytes(skb, at, &check, sizeof(check)))
			return TRUNCATED;
		if (transport_udp(l4.proto) && !check)
			at = 0;
	}

	pseudo = nat_address(p, &net, network_address(&net, p->side), v4);
	if (p->port_to && !hit) {
		__u32 where = l4.offset + p->side * sizeof(port);

		bytes = checksum_fold((__u32)(__u16)~port + new);
		if (bpf_skb_store_bytes(skb, where, &new, sizeof(new), /*flags*/ 0))
			return HELPER_FAILED;
	}
	if (l4.routed && p->side == DESTINATION) {
		/* the pseudo header has the last destination: RFC 8200, 8.1 */
		bpf_csum_update(skb, pseudo);
		pseudo = 0;
	}
	return checksum_transport(skb, v4, transport_udp(l4.proto), at, pseudo, bytes);
}

/* Any packet. */
FUNCTION int nat_other(struct __sk_buff *skb)
{
	const volatile struct nat_params *p = PARAMS_OF(nat);
	struct network net;
	enum reason why;

	if (prefix_kind(&p->to) != prefix_kind(&p->from) && (p->to.family || !p->port_to))
		return p->to.family ? rewritten(MISFIT) : CONTROL;
	why = network_find(skb, &net);
	if (why != DONE)
		return rewritten(why);
	if (net.proto == bpf_htons(ETH_P_IP))
		return p->from.family == 6 ? CONTROL : rewritten(nat_any(skb, p, net.offset, true));
	return p->from.family == 4 ? CONTROL : rewritten(nat_any(skb, p, net.offset, false));
}

/*
 * TCP or UDP right behind the IP header. All but the packet is known to the
 * compiler or the verifier, so what is left is one straight line.
 */
static __always_inline int nat_plain(struct __sk_buff *skb, const volatile struct nat_params *p,
				     void *header, bool v4, __u8 proto, bool ports)
{
	__u32 size = v4 ? sizeof(struct iphdr) : sizeof(struct ipv6hdr);
	__u32 at = size + transport_check(proto, v4);
	struct network net = { header, ETH_HLEN, v4 ? bpf_htons(ETH_P_IP) : bpf_htons(ETH_P_IPV6) };
	enum side side = p->side;
	__be32 *address = network_address(&net, side);
	__sum16 *check = header + at;
	__u16 pseudo, bytes = 0;

	if (!nat_matches(p, address, v4))
		return CONTROL;
	if (ports) {
		__be16 *port = header + size + (side == SOURCE ? 0 : sizeof(*port));
		__be16 old = *port, new = bpf_htons(p->port_to);

		if (!nat_matches_port(p, old))
			return CONTROL;
		if (new) {
			bytes = checksum_fold((__u32)(__u16)~old + new);
			*port = new;
		}
	}
	pseudo = nat_address(p, &net, address, v4);
	if (transport_udp(proto) && !*check)
		return rewritten(checksum_transport(skb, v4, true, 0, pseudo, bytes));
	if (!checksum_inline(skb))
		return rewritten(checksum_transport(skb, v4, transport_udp(proto), ETH_HLEN + at,
						    pseudo, bytes));
	*check = nat_check(proto, *check, pseudo, bytes, ports);
	return CONTROL;
}

#define NAT_PLAIN(header, v4, proto)                                           \
	(nat_ports(p) ? nat_plain(skb, p, header, v4, proto, true)             \
		      : nat_plain(skb, p, header, v4, proto, false))

SEC("action/nat") int nat(struct __sk_buff *skb)
{
	const volatile struct nat_params *p = PARAMS_OF(nat);
	struct ipv6hdr *ipv6;
	struct iphdr *ip;

	if (prefix_kind(&p->to) != prefix_kind(&p->from))
		return nat_other(skb);
	if (!p->to.family && !p->port_to)
		return CONTROL;
	if (p->from.family != 6 && (ip = transport_common_ipv4(skb))) {
		if (ip->protocol == IPPROTO_TCP)
			return NAT_PLAIN(ip, /*v4*/ true, IPPROTO_TCP);
		if (ip->protocol == IPPROTO_UDP)
			return NAT_PLAIN(ip, /*v4*/ true, IPPROTO_UDP);
	} else if (p->from.family != 4 && (ipv6 = transport_common_ipv6(skb))) {
		if (ipv6->nexthdr == IPPROTO_TCP)
			return NAT_PLAIN(ipv6, /*v4*/ false, IPPROTO_TCP);
		if (ipv6->nexthdr == IPPROTO_UDP)
			return NAT_PLAIN(ipv6, /*v4*/ false, IPPROTO_UDP);
	}
	return nat_other(skb);
}
