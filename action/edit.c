// SPDX-License-Identifier: GPL-2.0-only
/*
 * edit - several rewriters in one program, with one look for the headers.
 *
 * Each part is the action of the same name, its parameters PART.NAME; a part
 * is on when one of its parameters is given. They work in the order below. What
 * a part cannot do is counted, and the others go on; only a packet whose TTL
 * expires is left as it is by those behind, and gets the verdict ttl.expired.
 * Returns CONTROL otherwise. Untouched, it does nothing:
 *
 *   tcact add dev eth1 egress edit dscp.value ef ttl.set 64
 */
#include <tcact/part/df.h>
#include <tcact/part/dscp.h>
#include <tcact/part/ecn.h>
#include <tcact/part/flowlabel.h>
#include <tcact/part/mac.h>
#include <tcact/part/meta.h>
#include <tcact/part/mss.h>
#include <tcact/part/ttl.h>

enum {
	META = 0x01, MAC = 0x02,
	TTL = 0x04, DSCP = 0x08, ECN = 0x10, DF = 0x20, FLOWLABEL = 0x40, MSS = 0x80,
	NEED_IP = TTL | DSCP | ECN | DF | FLOWLABEL | MSS,
};

struct edit_params {
	__u32 parts;
};

ACTION(edit, rewriter, "Several rewriters in one pass: meta, mac, ttl, dscp, ecn, df, flowlabel, mss");
PARAMS(edit) = {};
PART(edit, meta, 0x01) = META_DEFAULTS;
PART(edit, mac, 0x02) = {};
PART(edit, ttl, 0x04) = TTL_DEFAULTS;
PART(edit, dscp, 0x08) = DSCP_DEFAULTS;
PART(edit, ecn, 0x10) = ECN_DEFAULTS;
PART(edit, df, 0x20) = {};
PART(edit, flowlabel, 0x40) = FLOWLABEL_DEFAULTS;
PART(edit, mss, 0x80) = {};

static __always_inline void done(enum reason why)
{
	if (why != DONE)
		count(why);
}

SEC("action/edit") int edit(struct __sk_buff *skb)
{
	__u32 parts = edit_params.parts;
	struct network net;
	enum reason why;

	if (parts & META)
		done(meta_set(skb, &edit_meta_params));
	if (parts & MAC)
		done(mac_set(skb, &edit_mac_params));
	if (!(parts & NEED_IP))
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
	if (parts & ECN)
		ecn_set(skb, &net, &edit_ecn_params);
	if (parts & DF)
		done(df_set(&net, &edit_df_params));
	if (parts & FLOWLABEL)
		flowlabel_set(skb, &net, &edit_flowlabel_params);
	if (parts & MSS)
		done(mss_clamp(skb, &net, &edit_mss_params));
	return CONTROL;
}
