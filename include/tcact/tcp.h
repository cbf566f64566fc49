/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* TCP options: RFC 9293, 3.1 and 3.2. At most TCP_OPTIONS_MAX are read, NOPs included. */
#pragma once

#include <tcact/l4.h>

#define TCP_OPTIONS_MAX 20

enum { TCPOPT_END = 0, TCPOPT_NOP = 1, TCPOPT_MSS = 2 };
#define TCPOPT_MSS_SIZE 4

#define TCPOPT_LENGTH 0xff
#define TCPOPT_KIND_SHIFT 8
#define TCPOPT(kind, length) ((kind) << TCPOPT_KIND_SHIFT | (length))
_Static_assert(TCPOPT_LENGTH >> TCPOPT_KIND_SHIFT == 0, "each has bits of its own");

/*
 * Reads the option at @at of the options that end at @end (bytes from data). Returns
 * TCPOPT(kind, length), length in bytes, or -reason. It reads by helper: if @at became
 * part of a packet pointer, the verifier would follow each value of it through the
 * caller's loop.
 */
static __always_inline int tcp_option_read(struct __sk_buff *skb, __u32 at, __u32 end)
{
	__u8 kind, length;

	if (bpf_skb_load_bytes(skb, at, &kind, sizeof(kind)))
		return -TRUNCATED;
	if (kind == TCPOPT_END || kind == TCPOPT_NOP)
		return TCPOPT(kind, 1);
	if (at + 2 > end)
		return -OPTIONS;
	if (bpf_skb_load_bytes(skb, at + 1, &length, sizeof(length)))
		return -TRUNCATED;
	if (length < 2 || at + length > end)
		return -OPTIONS;
	return TCPOPT(kind, length);
}

/* The header at @l4, linear; NULL if the IP packet ends before it does. */
static __always_inline struct tcphdr *tcp_header(struct __sk_buff *skb, const struct transport *l4)
{
	return l4->offset + sizeof(struct tcphdr) <= l4->end
		       ? packet_at(skb, l4->offset, sizeof(struct tcphdr)) : NULL;
}

/* Checks that the data offset is valid, and that header and options are in the packet. */
static __always_inline enum reason tcp_validate(const struct transport *l4, const struct tcphdr *tcp)
{
	if (tcp->doff < sizeof(*tcp) / 4)
		return MALFORMED;
	return l4->offset + tcp->doff * 4 <= l4->end ? DONE : TRUNCATED;
}
