/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Set the differentiated services codepoint: RFC 2474, 3. ECN is kept: RFC 3168, 5. */
#pragma once

#include <tcact/checksum.h>
#include <tcact/ip.h>

#define DSCP_FROM_MARK 64

struct dscp_params {
	__u8 value;		/* 0..63 or DSCP_FROM_MARK */
};
PARAM(dscp, value, "num 0..63 mark=64 @dscp",
      "codepoint to set; mark: the low 6 bits of the packet's mark");

/* RFC 2474, 2597, 3246, 3662, 5865, 8622 */
NAMES(dscp,
      "cs0=0 cs1=8 cs2=16 cs3=24 cs4=32 cs5=40 cs6=48 cs7=56 df=0 be=0 le=1 "
      "af11=10 af12=12 af13=14 af21=18 af22=20 af23=22 af31=26 af32=28 af33=30 "
      "af41=34 af42=36 af43=38 ef=46 va=44");

static __always_inline enum reason dscp_set(struct __sk_buff *skb, struct network *net,
					    const volatile struct dscp_params *params)
{
	__u8 dscp = params->value;

	if (dscp == DSCP_FROM_MARK)
		dscp = skb->mark & 63;

	if (net->proto == bpf_htons(ETH_P_IP)) {
		struct iphdr *ip = net->header;
		__u8 old = ip->tos, new = dscp << 2 | (old & 3);

		ip->tos = new;
		ip->check = checksum16_replace(ip->check, bpf_htons(old), bpf_htons(new));
	} else {
		/* version 4 bits, class 8 (DSCP 6, ECN 2), flow label 20 */
		__be32 *word = net->header;
		__be32 old = *word;
		__be32 new = (old & ~bpf_htonl(0x0fc00000)) | bpf_htonl(dscp << 22);

		*word = new;
		checksum_complete(skb, old, new);
	}
	return DONE;
}
