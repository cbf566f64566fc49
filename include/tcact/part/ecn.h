/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Set the ECN codepoint: RFC 3168, 5. CE only on packets of ECN-capable transports. */
#pragma once

#include <tcact/dsfield.h>

enum { ECN_ONLY_ECT = 4, ECN_ONLY_ANY = 5 };

struct ecn_params {
	__u8 set;		/* enum ecn */
	__u8 only;		/* enum ecn, or one of the two above */
};
PARAM(ecn, set, "word @ecn", "codepoint to set; ce is never set on not-ect packets");
PARAM(ecn, only, "word @ecn ect=4 any=5", "packets to change: this codepoint; ect: ect0 and ect1");
#define ECN_DEFAULTS { .set = ECN_CE, .only = ECN_ONLY_ECT }

/* True if the codepoint was written; then call network_csum_update(). */
static __always_inline bool ecn_set(struct network *net,
				    const volatile struct ecn_params *params)
{
	__u8 set = params->set, only = params->only, old = dsfield_get(net) & 3;

	if (only == ECN_ONLY_ECT ? old != ECN_ECT0 && old != ECN_ECT1
				 : only != ECN_ONLY_ANY && old != only)
		return false;
	if (set == ECN_CE && old == ECN_NOT_ECT)
		return false;
	dsfield_change(net, /*keep: DSCP*/ 0xfc, set);
	return true;
}
