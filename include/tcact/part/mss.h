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
	__u16 mtu;		/* 0: the device's */
};
PARAM(mss, max, "num 1..65535 mtu=0", "largest MSS to let pass; mtu: MTU less 40 (IPv4) or 60 (IPv6)");
PARAM(mss, mtu, "num 68..65535 device=0", "MTU to go by; device: that of the device (kernel 5.12)");
NEEDS(mss.mtu, "device=5.12");		/* bpf_check_mtu */

/* The largest MSS that may pass, or 0 where the kernel did not say. */
static __always_inline __u32 mss_limit(struct __sk_buff *skb, const struct network *net,
				       const volatile struct mss_params *params)
{
	__u32 headers = sizeof(struct tcphdr) + (network_is_ipv4(net)
						 ? sizeof(struct iphdr)
						 : sizeof(struct ipv6hdr));
	__u32 mtu = params->mtu;

	if (params->max)
		return params->max;
	/* >= 0 also says "longer than the MTU": @mtu is set all the same */
	if (!mtu && bpf_check_mtu(skb, /*ifindex: its own*/ 0, &mtu, /*len_diff*/ 0,
				  /*flags*/ 0) < 0)
		return 0;
	return mtu > headers ? mtu - headers : 0;
}

/* The offset of the MSS option between @at and @end, 0 where there is none, or -reason. */
FUNCTION int mss_option(struct __sk_buff *skb, __u32 at, __u32 end)
{
	for (int i = 0; i < TCP_OPTIONS_MAX && at < end; i++) {
		int option = tcp_option(skb, at, end);

		if (option < 0)
			return option;
		switch (option >> 8) {
		case TCPOPT_END:
			return 0;
		case TCPOPT_MSS:
			return (option & 0xff) == 4 ? (int)(at & 0xffff) : -OPTIONS;
		}
		at = forget(skb, at + (option & 0xff));
	}
	return at < end ? -OPTIONS : 0;
}

static __always_inline enum reason mss_clamp(struct __sk_buff *skb, const struct network *net,
					     const volatile struct mss_params *params)
{
	struct transport l4;
	enum reason why = transport_find(skb, net, &l4);
	__u32 limit, options;
	int option;
	struct tcphdr *tcp;
	__be16 old, new;

	if (why != DONE || l4.proto != IPPROTO_TCP)
		return why;
	tcp = packet_at(skb, l4.offset, sizeof(*tcp));
	if (!tcp)
		return TRUNCATED;
	if (!tcp->syn)
		return DONE;
	why = tcp_check(&l4, tcp);
	if (why != DONE)
		return why;
	options = l4.offset + sizeof(*tcp);
	option = forget(skb, mss_option(skb, options, l4.offset + tcp->doff * 4));
	if (option <= 0)
		return -option;

	limit = mss_limit(skb, net, params);
	if (!limit)
		return HELPER_FAILED;
	option += 2;
	if (bpf_skb_load_bytes(skb, option, &old, sizeof(old)))
		return TRUNCATED;
	if (bpf_ntohs(old) <= limit)
		return DONE;
	new = bpf_htons(limit);
	if (bpf_skb_store_bytes(skb, option, &new, sizeof(new), /*flags*/ 0))
		return HELPER_FAILED;
	/* The sum is over 16-bit words: at an odd place the bytes change sides. */
	if ((option - options) & 1) {
		old = __builtin_bswap16(old);
		new = __builtin_bswap16(new);
	}
	if (bpf_l4_csum_replace(skb, l4.offset + offsetof(struct tcphdr, check), old, new,
				sizeof(new)))
		return HELPER_FAILED;
	return DONE;
}
