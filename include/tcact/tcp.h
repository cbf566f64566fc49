/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* TCP options: RFC 9293, 3.1 and 3.2. At most TCP_OPTIONS_MAX are looked at. */
#pragma once

#include <tcact/l4.h>

#define TCP_OPTIONS_MAX 20

enum { TCPOPT_END = 0, TCPOPT_NOP = 1, TCPOPT_MSS = 2 };

/*
 * The option at @at of those that end at @end: its kind << 8 | its length, or
 * -reason. By helper: were @at ever part of a packet pointer, the verifier
 * would follow each of its values through the caller's loop.
 */
static __always_inline int tcp_option(struct __sk_buff *skb, __u32 at, __u32 end)
{
	__u8 kind, length;

	if (bpf_skb_load_bytes(skb, at, &kind, sizeof(kind)))
		return -TRUNCATED;
	if (kind == TCPOPT_END || kind == TCPOPT_NOP)
		return kind << 8 | 1;
	if (bpf_skb_load_bytes(skb, at + 1, &length, sizeof(length)))
		return -TRUNCATED;
	if (length < 2 || at + length > end)
		return -OPTIONS;
	return kind << 8 | length;
}
