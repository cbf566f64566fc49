/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Lower the MSS option (RFC 9293, 3.7.1) of TCP segments with SYN set. The MSS
 * counts neither IP nor TCP options (RFC 6691): MTU - 40 or MTU - 60.
 */
#pragma once

#include <tcact/checksum.h>
#include <tcact/tcp.h>

struct mss_params {
	__u16 max;		/* 0: from the MTU */
	__u32 mtu;		/* 0: the device's */
};
PARAM(mss, max, "num 1..65535 mtu=0",
      "largest MSS allowed; mtu: MTU minus 40 (IPv4) or 60 (IPv6), and minus 8 with PPPoE");
PARAM(mss, mtu, "num 68..4294967295 device=0",
      "MTU to use; device: that of the device (Linux 5.12)");
NEEDS(mss.mtu, "device=5.12");		/* bpf_check_mtu */

/*
 * The bytes of the device's MTU that the IP packet cannot use: those of PPPoE and PPP
 * (RFC 2516, 7), or 0. The two bytes before the IP header tell: they are the ethertype of
 * IP unless they are a PPP protocol.
 */
static __always_inline __u32 mss_pppoe_size(struct __sk_buff *skb, const struct network *net)
{
	__be16 proto;

	if (net->offset < ETH_HLEN + sizeof(struct pppoe) ||
	    bpf_skb_load_bytes(skb, net->offset - sizeof(proto), &proto, sizeof(proto)) ||
	    proto == net->proto)
		return 0;
	return sizeof(struct pppoe);
}

/* The largest MSS allowed, in bytes; 0 if it is not known or not positive. */
static __always_inline __u32 mss_limit(struct __sk_buff *skb, const struct network *net,
				       const volatile struct mss_params *params)
{
	__u32 mtu = params->mtu, headers;

	if (params->max)
		return params->max;
	headers = sizeof(struct tcphdr) + mss_pppoe_size(skb, net) +
		  (network_is_ipv4(net) ? sizeof(struct iphdr) : sizeof(struct ipv6hdr));
	/* The result > 0 means that the packet is longer than the MTU; @mtu is set then, too. */
	if (!mtu && bpf_check_mtu(skb, /*ifindex: its own*/ 0, &mtu, /*len_diff*/ 0,
				  /*flags*/ 0) < 0)
		return 0;
	return mtu > headers ? mtu - headers : 0;
}

/* Lowers the MSS option at @option, of the TCP header at @tcp, to @limit; 0 is an error. */
static __always_inline enum reason mss_lower(struct __sk_buff *skb, __u32 tcp, __u32 option,
					     __u32 limit)
{
	__u32 value = option + 2;
	__be16 old, new = bpf_htons(limit);

	if (!limit)
		return HELPER_FAILED;
	if (bpf_skb_load_bytes(skb, value, &old, sizeof(old)))
		return TRUNCATED;
	if (bpf_ntohs(old) <= limit)
		return DONE;
	if (bpf_skb_store_bytes(skb, value, &new, sizeof(new), /*flags*/ 0))
		return HELPER_FAILED;
	/* The checksum is over 16-bit words: at an odd offset the bytes are swapped. */
	if ((value - tcp) & 1) {
		old = __builtin_bswap16(old);
		new = __builtin_bswap16(new);
	}
	if (bpf_l4_csum_replace(skb, tcp + offsetof(struct tcphdr, check), old, new, sizeof(new)))
		return HELPER_FAILED;
	return DONE;
}

/*
 * Lowers every MSS option of the TCP header at @tcp, which ends at @end: of several
 * options, receivers use different ones (Linux: the last). Receivers ignore an MSS option
 * of wrong length, and so does this.
 */
OUT_OF_LINE int mss_clamp_options(struct __sk_buff *skb, __u32 tcp, __u32 end, __u32 limit)
{
	__u32 at = tcp + sizeof(struct tcphdr);

	for (int i = 0; i < TCP_OPTIONS_MAX && at < end; i++) {
		int option = tcp_option_read(skb, at, end);
		enum reason why;

		if (option < 0)
			return -option;
		if (option >> TCPOPT_KIND_SHIFT == TCPOPT_END)
			return DONE;
		if (option == TCPOPT(TCPOPT_MSS, TCPOPT_MSS_SIZE)) {
			why = mss_lower(skb, tcp, at, limit);
			if (why != DONE)
				return why;
		}
		at = verifier_forget(skb, at + (option & TCPOPT_LENGTH));
	}
	return at < end ? OPTIONS : DONE;
}

static __always_inline enum reason mss_clamp(struct __sk_buff *skb, const struct network *net,
					     const volatile struct mss_params *params)
{
	struct transport l4;
	enum reason why = transport_parse(skb, net, &l4);
	struct tcphdr *tcp;
	__u32 end;

	if (why != DONE || l4.proto != IPPROTO_TCP)
		return why;
	tcp = tcp_header(skb, &l4);
	if (!tcp)
		return TRUNCATED;
	if (!tcp->syn)
		return DONE;
	why = tcp_validate(&l4, tcp);
	if (why != DONE)
		return why;
	end = l4.offset + tcp->doff * 4;
	return mss_clamp_options(skb, l4.offset, end, mss_limit(skb, net, params));
}
