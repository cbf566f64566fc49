/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Change the Don't Fragment flag of IPv4: RFC 791, 3.1. IPv6 has none. */
#pragma once

#include <tcact/checksum.h>
#include <tcact/ip.h>

enum { DF_CLEAR, DF_SET };

struct df_params {
	__u8 flag;
};
PARAM(df, flag, "word clear=0 set=1", "new value of the flag; never set on a fragment");

static __always_inline enum reason df_set(struct network *net,
					  const volatile struct df_params *params)
{
	struct iphdr *ip = net->header;
	__be16 old, new;

	if (!network_is_ipv4(net))
		return DONE;
	old = ip->frag_off;
	if (params->flag == DF_CLEAR)
		new = old & ~bpf_htons(IP_DF);
	else if (old & bpf_htons(IP_MF | IP_OFFSET))
		return FRAGMENT;
	else
		new = old | bpf_htons(IP_DF);
	ip->frag_off = new;
	ip->check = csum16_adjust(ip->check, new - old);
	return DONE;
}
