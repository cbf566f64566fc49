// SPDX-License-Identifier: GPL-2.0-only
/*
 * edit - several rewriters in one program, which finds the headers only once.
 *
 * Each part is the action of the same name (meta2 is a second meta). Its parameters
 * are PART.NAME, and it is on if one of them is given. The result is that of a chain
 * of these actions in the order of PART() below: the same bytes, metadata, verdict
 * and counters. So a packet whose TTL expires gets the verdict ttl.expired, and the
 * parts after ttl change it only if that verdict is pipe or unspec. Otherwise
 * returns CONTROL. By default it changes nothing:
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

/* Which parts are on. One aligned load tests the four that are used less often. */
struct edit_params {
	__u8 ecn, df, flowlabel, mss;
	__u8 meta, meta2, mac, ttl, dscp;
} __attribute__((aligned(4)));
_Static_assert(offsetof(struct edit_params, ecn) == 0 && offsetof(struct edit_params, df) == 1 &&
	       offsetof(struct edit_params, flowlabel) == 2 && offsetof(struct edit_params, mss) == 3,
	       "edit_rare_parts() reads these four at once");

ACTION(edit, rewriter, "Rewriters in one program: meta mac ttl dscp ecn flowlabel df mss");
PARAMS(edit) = {};

/*
 * With these values, one program gives another result than a chain of two. At ingress, a
 * program that reads tstamp_type sees and sets tstamp differently. Before a program that
 * writes to packets, the kernel copies a cloned packet, and on 6.1 (but not on 7.2) the
 * copy has no xdp_meta.
 */
#define META_UNLESS "set=tstamp from=tstamp from=tstamp_type from=xdp_meta"

PART(edit, meta, meta, 1, META_UNLESS) = META_DEFAULTS;
PART(edit, meta2, meta, 2, META_UNLESS) = META_DEFAULTS;
PART(edit, mac, mac, 3, "") = {};
PART(edit, ttl, ttl, 4, "") = TTL_DEFAULTS;
PART(edit, dscp, dscp, 5, "") = DSCP_DEFAULTS;
PART(edit, ecn, ecn, 5, "") = ECN_DEFAULTS;
PART(edit, flowlabel, flowlabel, 5, "") = FLOWLABEL_DEFAULTS;
PART(edit, df, df, 5, "") = {};
PART(edit, mss, mss, 5, "") = {};

static __always_inline bool edit_rare_parts(void)
{
	return *(const volatile __u32 *)&edit_params;
}

static __always_inline int edit_after_ttl(struct __sk_buff *skb, struct network *net)
{
	if (edit_params.dscp)
		dscp_set(skb, net, &edit_dscp_params);
	if (edit_params.ecn)
		ecn_set(net, &edit_ecn_params);
	if (edit_params.flowlabel)
		flowlabel_set(skb, net, &edit_flowlabel_params);
	network_csum_update(skb, net);
	if (edit_params.df)
		count_unless_done(df_set(net, &edit_df_params));
	if (edit_params.mss)
		count_unless_done(mss_clamp(skb, net, &edit_mss_params));
	return CONTROL;
}

/* In a chain, both pipe and unspec (CONTROL, which is pipe there) continue with the next action. */
OUT_OF_LINE int edit_expired(struct __sk_buff *skb)
{
	int verdict = edit_ttl_params.expired;
	struct network net;

	count(EXPIRED);
	if (verdict != TC_ACT_UNSPEC && verdict != TC_ACT_PIPE)
		return verdict;
	if (!edit_params.dscp && !edit_rare_parts())
		return verdict;
	return network_parse(skb, &net) == DONE ? edit_after_ttl(skb, &net) : CONTROL;
}

static __always_inline int edit_header(struct __sk_buff *skb, struct network *net)
{
	if (edit_params.ttl && (likely(ttl_surely_forwarded(net)) || !ttl_never_forwarded(skb, net)) &&
	    !ttl_set(skb, net, ttl_is_dec_1(&edit_ttl_params), &edit_ttl_params))
		return edit_expired(skb);
	return edit_after_ttl(skb, net);
}

/* Counts once for each part that needs the header, as a chain of actions would. */
OUT_OF_LINE int edit_not_parsed(__u32 why)
{
	__u64 *n = bpf_map_lookup_elem(&reasons, &why);

	if (n)
		*n += edit_params.ttl + edit_params.dscp + edit_params.ecn + edit_params.flowlabel +
		      edit_params.df + edit_params.mss;
	return CONTROL;
}

DEFINE_ON_IP(edit_header_on_ip, edit_header_any, edit_header, edit_not_parsed(why))

static __always_inline int edit_ttl_dscp(struct __sk_buff *skb, struct network *net)
{
	if (edit_params.ttl) {
		if (!likely(ttl_surely_forwarded(net)))
			return edit_header_any(skb);
		if (!ttl_set(skb, net, /*dec_1*/ true, &edit_ttl_params))
			return edit_expired(skb);
	}
	if (edit_params.dscp)
		dscp_set(skb, net, &edit_dscp_params);
	return network_csum_update(skb, net);
}

DEFINE_ON_IP(edit_ttl_dscp_on_ip, edit_ttl_dscp_any, edit_ttl_dscp, edit_not_parsed(why))

OUT_OF_LINE int edit_parts(struct __sk_buff *skb)
{
	if (edit_params.meta && !meta_constant(skb, &edit_meta_params))
		count_unless_done(meta_set(skb, &edit_meta_params));
	if (edit_params.meta2 && !meta_constant(skb, &edit_meta2_params))
		count_unless_done(meta_set(skb, &edit_meta2_params));
	if (edit_params.mac)
		count_unless_done(mac_set(skb, &edit_mac_params));
	if (edit_params.ttl || edit_params.dscp || edit_rare_parts())
		return edit_header_on_ip(skb);
	return CONTROL;
}

static __always_inline int edit_after_mac(struct __sk_buff *skb)
{
	return edit_params.ttl || edit_params.dscp ? edit_ttl_dscp_on_ip(skb) : CONTROL;
}

OUT_OF_LINE int edit_mac(struct __sk_buff *skb)
{
	count_unless_done(mac_set(skb, &edit_mac_params));
	return edit_after_mac(skb);
}

/*
 * A fast path, which saves no registers, for meta and meta2 with a constant, ttl that
 * subtracts 1, mac and dscp. If it goes over to edit_parts() after meta was written, that
 * writes the same constant again.
 */
SEC("action/edit") int edit(struct __sk_buff *skb)
{
	if (!likely(!edit_rare_parts() && ttl_is_dec_1(&edit_ttl_params)))
		return edit_parts(skb);
	if (edit_params.meta && !likely(meta_constant(skb, &edit_meta_params)))
		return edit_parts(skb);
	if (edit_params.meta2 && !likely(meta_constant(skb, &edit_meta2_params)))
		return edit_parts(skb);
	if (!likely(!edit_params.mac))
		return edit_mac(skb);
	return edit_after_mac(skb);
}
