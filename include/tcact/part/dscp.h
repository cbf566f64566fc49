/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Set the differentiated services codepoint: RFC 2474, 3. ECN is kept: RFC 3168, 5. */
#pragma once

#include <tcact/dsfield.h>

#define DSCP_FROM_MARK 64

struct dscp_params {
	__u8 value;		/* 0..63 or DSCP_FROM_MARK */
};
PARAM(dscp, value, "num 0..63 mark=64 @dscp",
      "codepoint to set; mark: the low 6 bits of the packet's mark");

#define DSCP_DEFAULTS { .value = DSCP_FROM_MARK }

static __always_inline void dscp_set(const struct __sk_buff *skb, struct network *net,
				     const volatile struct dscp_params *params)
{
	__u8 dscp = params->value;

	if (dscp == DSCP_FROM_MARK)
		dscp = skb->mark & 63;
	dsfield_change(net, /*keep: ECN*/ 3, dscp << 2);
}
