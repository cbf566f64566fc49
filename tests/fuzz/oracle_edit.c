// SPDX-License-Identifier: GPL-2.0-only
/* edit: the parts, one after the other. tcact-edit(8). */
#include "fuzz.h"

enum { ON_META, ON_META2, ON_MAC, ON_TTL, ON_DSCP, ON_ECN, ON_LABEL, ON_DF, ON_MSS };

static struct {
	bool on[ON_MSS + 1];
	struct meta meta, meta2;
	struct mac mac;
	struct ttl ttl;
	struct ecn ecn;
	struct df df;
	struct label label;
	struct mss mss;
	struct dscp dscp;
} edit;

static bool is_on(struct action *a, const char *part)
{
	for (struct param *p = a->param; p < a->param + a->n; p++)
		if (p->given && !strncmp(p->name, part, strlen(part)))
			return true;
	return false;
}

static void prepare(struct object *o)
{
	struct action *a = o->action;
	static const char *const parts[] = { "meta.", "meta2.", "mac.", "ttl.", "dscp.", "ecn.", "flowlabel.", "df.",
					     "mss." };

	for (int i = ON_META; i <= ON_MSS; i++)
		edit.on[i] = is_on(a, parts[i]);
	meta_read(&edit.meta, a, "meta.");
	meta_read(&edit.meta2, a, "meta2.");
	mac_read(&edit.mac, a, "mac.");
	ttl_read(&edit.ttl, a, "ttl.");
	ecn_read(&edit.ecn, a, "ecn.");
	df_read(&edit.df, a, "df.");
	label_read(&edit.label, a, "flowlabel.");
	mss_read(&edit.mss, a, "mss.");
	dscp_read(&edit.dscp, a, "dscp.");
}

/*
 * The result must be that of a chain of the actions, in the order of the page, each with the control
 * pipe. Each counts what it would count alone.
 */
static void expect(struct run *r)
{
	int expired = edit.ttl.expired;
	uint32_t no_header = !!r->p.why;
	bool more = false;

	if (edit.on[ON_META])
		meta_part(r, &edit.meta);
	if (edit.on[ON_META2])
		meta_part(r, &edit.meta2);
	if (edit.on[ON_MAC])
		mac_part(r, &edit.mac);
	for (int part = ON_TTL; part <= ON_MSS; part++)
		r->counted += edit.on[part] ? no_header : 0;
	for (int part = ON_TTL + 1; part <= ON_MSS; part++)
		more = more || edit.on[part];
	if (edit.on[ON_TTL] && !ttl_part(r, &edit.ttl)) {
		if (expired != CONTROL && expired != PIPE)
			return;
		if (more)
			r->want_verdict = r->other_verdict = CONTROL;
	}
	if (edit.on[ON_DSCP])
		dscp_part(r, &edit.dscp);
	if (edit.on[ON_ECN])
		ecn_part(r, &edit.ecn);
	if (edit.on[ON_LABEL])
		label_part(r, &edit.label);
	if (edit.on[ON_DF])
		df_part(r, &edit.df);
	if (edit.on[ON_MSS])
		mss_part(r, &edit.mss);
}

const struct oracle edit_oracle = { "edit", .prepare = prepare, .expect = expect };
