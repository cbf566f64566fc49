// SPDX-License-Identifier: GPL-2.0-only
/* edit: the parts, one after the other. tcact-edit(8). */
#include "fuzz.h"

static struct {
	bool on[9];
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
	static const char *const parts[] = { "meta.", "meta2.", "mac.", "ttl.", "ecn.", "df.", "flowlabel.",
					     "mss.", "dscp." };

	for (int i = 0; i < 9; i++)
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

static void expect(struct run *r)
{
	if (edit.on[0])
		meta_part(r, &edit.meta);
	if (edit.on[1])
		meta_part(r, &edit.meta2);
	if (edit.on[2])
		mac_part(r, &edit.mac);
	r->counted += r->p.why && (edit.on[3] || edit.on[4] || edit.on[5] || edit.on[6] || edit.on[7] || edit.on[8]);
	if (edit.on[3] && !ttl_part(r, &edit.ttl))
		return;
	if (edit.on[4])
		ecn_part(r, &edit.ecn);
	if (edit.on[5])
		df_part(r, &edit.df);
	if (edit.on[6])
		label_part(r, &edit.label);
	if (edit.on[7])
		mss_part(r, &edit.mss);
	if (edit.on[8])
		dscp_part(r, &edit.dscp);
}

const struct oracle edit_oracle = { "edit", .prepare = prepare, .expect = expect };
