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
	       "nat_uses_port() reads both at once");
static __always_inline bool nat_uses_port(void)
{
	return *(const volatile __u32 *)&nat_params.port;	/* and port_to */
}

static __always_inline bool port_matches(__be16 port)
{
	return !nat_params.port || port == bpf_htons(nat_params.port);
}

/* One end, source or destination, of a packet. Offsets are in bytes from data. */
struct endpoint {
	struct network net;
	struct transport l4;
	enum side side;
	bool inner;		/* an ICMP error contains the packet */
	__u32 limit;		/* the end of the packet then */
	__be16 port;
	__u16 check;		/* the transport checksum */
	__u32 check_offset;	/* its offset; 0: there is none */
};

static __always_inline void nat_write_address(const struct network *net, enum side side, bool v4,
					      struct csum_diff *diff)
{
	diff->pseudo_header = prefix_csum_diff(FROM, TO);
	prefix_replace(FROM, TO, network_address(net, side), v4);
	if (v4) {
		struct iphdr *ip = net->header;

		ip->check = csum16_sub(ip->check, diff->pseudo_header);
	} else {
		diff->address = diff->pseudo_header;
	}
}

static __always_inline __u16 port_csum_diff(__be16 old)
{
	return csum16_add(~old, bpf_htons(nat_params.port_to));
}

/*
 * CHECKSUM_PARTIAL is about the innermost checksum. If a tunnel (VXLAN, Geneve, FOU) contains a packet that has it, the
 * outer UDP checksum is complete, unless the packet will be segmented (udp_set_csum() in net/ipv4/udp.c). Only its value
 * tells: where it is to be completed, the field has the sum of the pseudo-header. Is it complete, if it would be @sum with
 * the addresses that are there now? The IP header is at @ip, the UDP header at @udp.
 */
OUT_OF_LINE int nat_udp_is_complete(struct __sk_buff *skb, __u32 ip, bool v4, __u32 udp, __u32 sum)
{
	__be32 addresses[2 * sizeof(struct in6_addr) / sizeof(__be32)] = {};
	__be16 length;
	__s64 is;

	if (bpf_skb_load_bytes(skb, udp + offsetof(struct udphdr, len), &length, sizeof(length)) ||
	    (v4 ? bpf_skb_load_bytes(skb, ip + offsetof(struct iphdr, saddr), addresses, 2 * sizeof(__be32))
		: bpf_skb_load_bytes(skb, ip + offsetof(struct ipv6hdr, saddr), addresses, sizeof(addresses))))
		return false;
	is = bpf_csum_diff(NULL, 0, addresses, sizeof(addresses), length + bpf_htons(IPPROTO_UDP));
	return is >= 0 && csum16_add(is, is >> 16) != sum;
}

/*
 * The transport checksum @sum, of the header at @l4, after @diff, which was written; updates skb->csum too. A UDP @sum of
 * 0 means that there is none: call csum_no_transport_update() instead.
 */
static __always_inline __u16 nat_csum(struct __sk_buff *skb, __u32 ip, bool v4, __u32 l4, __u8 proto, bool routed,
				      __u16 sum, const struct csum_diff *diff)
{
	bool udp = transport_is_udp(proto);
	__u16 partial;

	if (!csum_partial_or_update(skb, diff, udp))
		return csum_transport(sum, diff, udp);
	/* the field holds the sum of the pseudo-header alone, not inverted */
	partial = csum16_add(sum, diff->pseudo_header);
	if (proto == IPPROTO_UDP && !routed && !skb->gso_size && nat_udp_is_complete(skb, ip, v4, l4, partial))
		return csum_transport(sum, diff, udp);
	return partial;
}

/*
 * Translates a packet with TCP or UDP directly after a common IP header, as nearly all
 * packets are. All arguments except the first two are compile-time constants.
 */
static __always_inline int nat_translate_common(struct __sk_buff *skb, const struct network *net,
						bool v4, __u8 proto, enum side side)
{
	__u32 size = v4 ? sizeof(struct iphdr) : sizeof(struct ipv6hdr);
	void *l4 = net->header + size;
	__sum16 *check = l4 + transport_csum_offset(proto, v4);
	__be16 *port = l4 + side * sizeof(*port);
	struct csum_diff diff = {};

	if (!prefix_contains(FROM, network_address(net, side), v4) ||
	    (nat_uses_port() && !port_matches(*port)))
		return CONTROL;
	if (FROM->family)
		nat_write_address(net, side, v4, &diff);
	if (nat_params.port_to) {
		diff.transport = port_csum_diff(*port);
		*port = bpf_htons(nat_params.port_to);
	}
	if (transport_is_udp(proto) && !*check)
		csum_no_transport_update(skb, &diff);
	else
		*check = nat_csum(skb, net->offset, v4, net->offset + size, proto, /*routed*/ false, *check, &diff);
	return CONTROL;
}

/*
 * Must @end be translated, and its port too if @port? Returns 1, 0, or -reason. Everything
 * is checked before anything is written, as a packet is translated completely or not at
 * all. What cannot be translated: a fragment if the port decides about the address, as
 * only the first fragment has the port; and a port of SCTP, whose CRC covers the packet.
 */
static __always_inline int nat_check_end(struct __sk_buff *skb, struct endpoint *end, bool port)
{
	bool v4 = network_is_ipv4(&end->net);
	enum reason why;
	__u16 value;		/* not in @end: its address is taken, so @end would leave the registers */
	__u32 at;

	if (!network_reload(skb, &end->net))
		return -TRUNCATED;
	if (!prefix_contains(FROM, network_address(&end->net, end->side), v4))
		return 0;
	why = transport_parse_within(skb, &end->net, end->inner ? end->limit : skb->len, end->inner, &end->l4);
	if (why == FRAGMENT && (!port || !FROM->family))
		return !port;
	if (why != DONE)
		return -why;
	if (port) {
		at = end->l4.offset + end->side * sizeof(value);
		if (!transport_has_ports(end->l4.proto))
			return 0;
		if (at + sizeof(value) > end->l4.end ||
		    bpf_skb_load_bytes(skb, at, &value, sizeof(value)))
			return -TRUNCATED;
		if (!port_matches(value))
			return 0;
		end->port = value;
		if (end->l4.first && FROM->family)
			return -FRAGMENT;
		if (nat_params.port_to && end->l4.proto == IPPROTO_SCTP)
			return -TRANSPORT;
	}
	at = verifier_forget(skb, transport_csum_offset(end->l4.proto, v4));
	if (!at)
		return 1;
	at += end->l4.offset;
	if (at + sizeof(value) > end->l4.end || bpf_skb_load_bytes(skb, at, &value, sizeof(value)))
		return end->inner ? 1 : -TRUNCATED;
	end->check_offset = verifier_forget(skb, value || !transport_is_udp(end->l4.proto) ? at : 0);
	end->check = value;
	return 1;
}

static __always_inline struct csum_diff
nat_translate_end(struct __sk_buff *skb, struct endpoint *end, bool port)
{
	__u32 at = end->l4.offset + end->side * sizeof(end->port);
	__be16 new = bpf_htons(nat_params.port_to);
	struct csum_diff diff = {};

	if (FROM->family)
		nat_write_address(&end->net, end->side, network_is_ipv4(&end->net), &diff);
	if (end->l4.routed && end->side == DESTINATION)
		diff.pseudo_header = 0;	/* the pseudo-header has the final destination: RFC 8200, 8.1 */
	if (port && new) {
		diff.transport = port_csum_diff(end->port);
		bpf_skb_store_bytes(skb, at, &new, sizeof(new), /*flags*/ 0);
	}
	return diff;
}

/*
 * If @net is an ICMP error, translates the packet inside. That packet went in the opposite
 * direction, so its opposite end is translated. Its checksums are updated if they are not
 * cut off. The checksum of the error covers all that is written. Returns 1 if the packet
 * inside has an end to translate, 0, or -reason.
 */
static __always_inline int nat_translate_inner(struct __sk_buff *skb, struct network *net)
{
	struct endpoint in = { .net.proto = net->proto, .side = !nat_params.side, .inner = true };
	struct transport icmp;
	struct csum_diff diff;
	enum reason why;
	__u32 error_diff;
	int found;

	if (!network_reload(skb, net) || !icmp_is_error(skb, net, &icmp))
		return 0;
	why = icmp_inner(skb, &icmp, &in.net);
	if (why != DONE)
		return -why;
	in.limit = icmp.end;
	found = nat_check_end(skb, &in, nat_uses_port());
	if (found <= 0)
		return found;
	/* The port decides about the address, but the error's later fragments do not have it. */
	if (nat_uses_port() && FROM->family && icmp.first)
		return -FRAGMENT;
	diff = nat_translate_end(skb, &in, nat_uses_port());
	error_diff = diff.address + diff.transport;
	if (in.check_offset) {
		__u16 new = csum_transport(in.check, &diff, transport_is_udp(in.l4.proto));

		error_diff += (__u16)~in.check + new;
		bpf_skb_store_bytes(skb, in.check_offset, &new, sizeof(new), /*flags*/ 0);
	}
	if (!FROM->family && !nat_uses_port())
		return 1;	/* nothing was written; an update would turn a checksum 0xffff into 0 */
	return bpf_l4_csum_replace(skb, icmp.offset + ICMP_CHECK, 0, error_diff, /*flags*/ 0)
		       ? -HELPER_FAILED : 1;
}

/* Translates any packet whose IP header, of type @proto, is at @offset. */
static __always_inline enum reason
nat_translate_any(struct __sk_buff *skb, __u32 offset, __be16 proto)
{
	struct endpoint end = { .net = { .offset = offset, .proto = proto }, .side = nat_params.side };
	struct csum_diff diff;
	int inner, found;
	__u16 check;
	bool port;

	if (FROM->family == (network_is_ipv4(&end.net) ? 6 : 4))
		return DONE;
	inner = nat_translate_inner(skb, &end.net);
	if (inner < 0)
		return -inner;
	port = nat_uses_port() && !inner;	/* for an ICMP error, the port of the packet inside decided */
	found = nat_check_end(skb, &end, port);
	if (found <= 0)
		return -found;
	diff = nat_translate_end(skb, &end, port);
	if (!end.check_offset) {
		csum_no_transport_update(skb, &diff);
		return DONE;
	}
	check = nat_csum(skb, offset, proto == bpf_htons(ETH_P_IP), end.l4.offset, end.l4.proto, end.l4.routed, end.check,
			 &diff);
	return bpf_skb_store_bytes(skb, end.check_offset, &check, sizeof(check), /*flags*/ 0)
		       ? HELPER_FAILED : DONE;
}

/* Two functions, as clang would merge both cases and the family would not be a constant. */
OUT_OF_LINE int nat_ipv4(struct __sk_buff *skb, __u32 offset)
{
	return rewriter_return(nat_translate_any(skb, offset, bpf_htons(ETH_P_IP)));
}

OUT_OF_LINE int nat_ipv6(struct __sk_buff *skb, __u32 offset)
{
	return rewriter_return(nat_translate_any(skb, offset, bpf_htons(ETH_P_IPV6)));
}

OUT_OF_LINE int nat_any(struct __sk_buff *skb)
{
	struct network net;
	enum reason why = network_parse(skb, &net);
	__u32 offset;

	if (why != DONE)
		return rewriter_return(why);
	offset = verifier_forget(skb, net.offset);
	return network_is_ipv4(&net) ? nat_ipv4(skb, offset) : nat_ipv6(skb, offset);
}

/*
 * network_common_*() has checked for a UDP header only: does a TCP header fit, too? @left
 * is the number of bytes after the IP header, according to that header.
 */
static __always_inline bool tcp_header_fits(struct __sk_buff *skb, const struct network *net,
					   __u32 size, __u32 left)
{
	return left >= sizeof(struct tcphdr) &&
	       net->header + size + sizeof(struct tcphdr) <= packet_end(skb);
}

#define NAT_TRANSLATE_COMMON(v4, proto)                                                \
	(nat_params.side == SOURCE ? nat_translate_common(skb, &net, v4, proto, SOURCE) \
				   : nat_translate_common(skb, &net, v4, proto, DESTINATION))

SEC("action/nat") int nat(struct __sk_buff *skb)
{
	struct network net;

	if (network_common_ipv4(skb, &net, sizeof(struct udphdr))) {
		const struct iphdr *ip = net.header;

		if (FROM->family == 6)
			return CONTROL;
		if (ip->frag_off & bpf_htons(IP_OFFSET | IP_MF))
			return nat_any(skb);
		if (ip->protocol == IPPROTO_UDP)
			return NAT_TRANSLATE_COMMON(/*v4*/ true, IPPROTO_UDP);
		if (ip->protocol == IPPROTO_TCP &&
		    tcp_header_fits(skb, &net, sizeof(*ip), bpf_ntohs(ip->tot_len) - sizeof(*ip)))
			return NAT_TRANSLATE_COMMON(/*v4*/ true, IPPROTO_TCP);
	} else if (network_common_ipv6(skb, &net, sizeof(struct udphdr))) {
		const struct ipv6hdr *ip = net.header;

		if (FROM->family == 4)
			return CONTROL;
		if (ip->nexthdr == IPPROTO_UDP)
			return NAT_TRANSLATE_COMMON(/*v4*/ false, IPPROTO_UDP);
		if (ip->nexthdr == IPPROTO_TCP &&
		    tcp_header_fits(skb, &net, sizeof(*ip), bpf_ntohs(ip->payload_len)))
			return NAT_TRANSLATE_COMMON(/*v4*/ false, IPPROTO_TCP);
	}
	return nat_any(skb);
}
