/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The byte that holds DSCP (upper 6 bits, RFC 2474) and ECN (lower 2, RFC
 * 3168): TOS of IPv4, traffic class of IPv6.
 */
#pragma once

#include <tcact/ip.h>

/* RFC 2474, 2597, 3246, 3662, 5865, 8622 */
NAMES(dscp,
      "cs0=0 cs1=8 cs2=16 cs3=24 cs4=32 cs5=40 cs6=48 cs7=56 df=0 be=0 le=1 "
      "af11=10 af12=12 af13=14 af21=18 af22=20 af23=22 af31=26 af32=28 af33=30 "
      "af41=34 af42=36 af43=38 ef=46 va=44");

enum ecn { ECN_NOT_ECT, ECN_ECT1, ECN_ECT0, ECN_CE };	/* RFC 3168, 5 */
NAMES(ecn, "not-ect=0 ect1=1 ect0=2 ce=3");

static __always_inline __u8 class_read(const struct network *net)
{
	if (network_is_ipv4(net))
		return ((struct iphdr *)net->header)->tos;
	return bpf_ntohl(*(__be32 *)net->header) >> 20;
}

/* class = (class & keep) | bits; network_done() follows. */
static __always_inline void class_write(struct network *net, __u8 keep, __u8 bits)
{
	if (network_is_ipv4(net)) {
		__be16 *word = net->header;	/* version and IHL, TOS */
		__u32 old = *word, new = (old & bpf_htons(0xff00 | keep)) | bpf_htons(bits);

		*word = new;
		net->change += new - old;
	} else {
		__be32 *word = net->header;	/* version 4 bits, class 8, flow label 20 */
		__be32 old = *word;
		__be32 new = (old & bpf_htonl(0xf00fffff | keep << 20)) | bpf_htonl(bits << 20);

		*word = new;
		net->change += checksum_diff(old, new);
	}
}
