/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The byte that holds DSCP (upper 6 bits, RFC 2474) and ECN (lower 2, RFC
 * 3168): TOS of IPv4, traffic class of IPv6.
 */
#pragma once

#include <tcact/ip.h>

/* RFC 2474, 2597, 3246, 5865, 8622, 9956; be is another word for df */
NAMES(dscp,
      "cs0=0 cs1=8 cs2=16 cs3=24 cs4=32 cs5=40 cs6=48 cs7=56 df=0 be=0 le=1 "
      "af11=10 af12=12 af13=14 af21=18 af22=20 af23=22 af31=26 af32=28 af33=30 "
      "af41=34 af42=36 af43=38 ef=46 va=44 nqb=45");

enum ecn { ECN_NOT_ECT, ECN_ECT1, ECN_ECT0, ECN_CE };	/* RFC 3168, 5 */
NAMES(ecn, "not-ect=0 ect1=1 ect0=2 ce=3");

static __always_inline __u8 dsfield_get(const struct network *net)
{
	if (network_is_ipv4(net))
		return ((struct iphdr *)net->header)->tos;
	return bpf_ntohl(*(header_be32 *)net->header) >> 20;
}

/*
 * Sets the byte to (byte & @keep) | @bits, which have no bit in common. The caller then calls
 * network_csum_update() for the checksums. The byte is in the first 16 bits of either header, whose fields are
 * version 4 bits, IHL 4, TOS 8 (IPv4); version 4, traffic class 8, flow label 4 (IPv6).
 */
static __always_inline void dsfield_change(struct network *net, __u8 keep, __u8 bits)
{
	__be16 *word = net->header, old = *word, new;
	int diff;

	if (network_is_ipv4(net)) {
		diff = bpf_htons(bits) - (old & bpf_htons((__u8)~keep));
		*word = old + diff;
		net->csum_diff += diff;
	} else {
		new = (old & bpf_htons(0xf00f | keep << 4)) | bpf_htons(bits << 4);
		*word = new;
		net->csum_diff += csum16_diff(old, new);
	}
}
