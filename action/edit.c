// SPDX-License-Identifier: GPL-2.0-only
/*
 * edit - several rewriters in one program, with one look for the headers.
 *
 * Each part is the action of the same name, its parameters PART.NAME; a part
 * is on when one of its parameters is given. They work in the order below, on
 * what the packet was before; a reason that stops a part is counted and the
 * next goes on. Returns CONTROL, or ttl.expired. Untouched, it does nothing:
 *
 *   tcact add dev eth1 egress edit dscp.value ef ttl.set 64
 */
#include <tcact/part/dscp.h>
#include <tcact/part/meta.h>
#include <tcact/part/mss.h>
#include <tcact/part/ttl.h>

enum { META = 1, DSCP = 2, TTL = 4, MSS = 8 };

struct edit_params {
	__u32 parts;
};

ACTION(edit, rewriter, "Several rewriters in one pass: the parts meta, dscp, ttl and mss");
PARAMS(edit) = {};
PART(edit, meta, 1) = META_DEFAULTS;
PART(edit, dscp, 2) = { .value = DSCP_FROM_MARK };
PART(edit, ttl, 4) = { .expired = TC_ACT_SHOT };
PART(edit, mss, 8) = {};

SEC("action/edit") int edit(struct __sk_buff *skb)
{
	__u32 parts = edit_params.parts;
	struct network net;
	enum reason why;

	if (parts & META) {
		why = meta_set(skb, &edit_meta_params);
		if (why != DONE)
			count(why);
	}
	if (!(parts & (DSCP | TTL | MSS)))
		return CONTROL;

	why = network_find(skb, &net);
	if (why != DONE)
		return rewritten(why);
	if (parts & TTL) {
		why = ttl_set(skb, &net, &edit_ttl_params);
		if (why != DONE) {
			count(why);
			return edit_ttl_params.expired;
		}
	}
	if (parts & DSCP)
		dscp_set(skb, &net, &edit_dscp_params);
	if (parts & MSS)
		return rewritten(mss_clamp(skb, &net, &edit_mss_params));
	return CONTROL;
}
