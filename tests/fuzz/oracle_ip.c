// SPDX-License-Identifier: GPL-2.0-only
/* The actions that change fields of the IP and Ethernet headers: df, dscp, dscp-map, ecn, ttl, flowlabel, mac. */
#include "fuzz.h"

/* ---- df: RFC 791, 3.1; tcact-df(8) ------------------------------------------------------- */

void df_read(struct df *df, struct action *a, const char *part) { df->set = value_of(a, part, "flag"); }

void df_part(struct run *r, const struct df *df)
{
	uint8_t *flags = r->want + r->p.l3 + 6;

	if (r->p.why || r->p.version != 4)
		return;
	if (df->set && get16(flags) & 0x3fff) {	/* MF or an offset: a fragment */
		r->counted++;
		return;
	}
	if (!(*flags & 0x40) == !df->set)
		return;
	*flags ^= 0x40;
	sum_header(r, r->p.l3);
}

static struct df df;
static void df_prepare(struct object *o) { df_read(&df, o->action, ""); }

static void df_expect(struct run *r)
{
	r->counted = !!r->p.why;
	df_part(r, &df);
}

const struct oracle df_oracle = { "df", .prepare = df_prepare, .expect = df_expect };

/* ---- the traffic class: RFC 2474, RFC 3168 ----------------------------------------------- */

uint8_t class_get(const struct run *r)
{
	const uint8_t *ip = r->want + r->p.l3;

	return r->p.version == 4 ? ip[1] : ip[0] << 4 | ip[1] >> 4;
}

void dsfield_set(struct run *r, uint8_t value)
{
	uint8_t *ip = r->want + r->p.l3;

	if (value == class_get(r))
		return;
	if (r->p.version == 4) {
		ip[1] = value;
		sum_header(r, r->p.l3);
	} else {
		ip[0] = (ip[0] & 0xf0) | value >> 4;
		ip[1] = (ip[1] & 0x0f) | value << 4;
	}
}

void dscp_read(struct dscp *dscp, struct action *a, const char *part) { dscp->value = value_of(a, part, "value"); }

void dscp_part(struct run *r, const struct dscp *dscp)
{
	uint8_t value = dscp->value < 64 ? dscp->value : r->want_ctx.mark & 63;

	r->skip |= dscp->value > 63 && r->any_mark & 63;
	if (!r->p.why)
		dsfield_set(r, value << 2 | (class_get(r) & 3));
}

static struct dscp dscp;
static void dscp_prepare(struct object *o) { dscp_read(&dscp, o->action, ""); }

static void dscp_expect(struct run *r)
{
	r->counted = !!r->p.why;
	dscp_part(r, &dscp);
}

const struct oracle dscp_oracle = { "dscp", .prepare = dscp_prepare, .expect = dscp_expect };

static uint8_t dscp_map[64];

static void dscp_map_prepare(struct object *o)
{
	const struct param *table = param_named(o->action, "table");
	uint8_t other = value_of(o->action, "", "default");

	for (int i = 0; i < 64; i++) {
		uint8_t to = table->bytes[i] == table->standard ? other : table->bytes[i];

		dscp_map[i] = to > 63 ? i : to;	/* keep */
	}
}

static void dscp_map_expect(struct run *r)
{
	r->counted = !!r->p.why;
	if (!r->p.why)
		dsfield_set(r, dscp_map[class_get(r) >> 2] << 2 | (class_get(r) & 3));
}

const struct oracle dscp_map_oracle = { "dscp-map", .prepare = dscp_map_prepare, .expect = dscp_map_expect };

void ecn_read(struct ecn *ecn, struct action *a, const char *part)
{
	ecn->set = value_of(a, part, "set");
	ecn->only = value_of(a, part, "only");
}

void ecn_part(struct run *r, const struct ecn *ecn)
{
	enum { NOT_ECT, ECT1, ECT0, CE, ECT, ANY };
	uint8_t old;

	if (r->p.why)
		return;
	old = class_get(r) & 3;
	if (ecn->only == ECT ? old != ECT0 && old != ECT1 : ecn->only != ANY && old != ecn->only)
		return;
	if (ecn->set == CE && old == NOT_ECT)
		return;
	dsfield_set(r, (class_get(r) & 0xfc) | ecn->set);
}

static struct ecn ecn;
static void ecn_prepare(struct object *o) { ecn_read(&ecn, o->action, ""); }

static void ecn_expect(struct run *r)
{
	r->counted = !!r->p.why;
	ecn_part(r, &ecn);
}

const struct oracle ecn_oracle = { "ecn", .prepare = ecn_prepare, .expect = ecn_expect };

/* ---- ttl: RFC 791, RFC 8200, RFC 4861; tcact-ttl(8) ---------------------------------------- */

void ttl_read(struct ttl *ttl, struct action *a, const char *part)
{
	char inc[32];

	ttl->set = value_of(a, part, "set");
	ttl->dec = value_of(a, part, "dec");
	snprintf(inc, sizeof(inc), "%sinc", part);
	ttl->inc = param_named(a, inc) ? value_of(a, part, "inc") : 0;
	ttl->min = value_of(a, part, "min");
	ttl->max = value_of(a, part, "max");
	ttl->expired = value_of(a, part, "expired");
	if (!ttl->set && !ttl->dec && !ttl->inc && !ttl->min && !ttl->max)
		ttl->dec = 1;
}

/* The rule by which no router forwards the packet, or NULL. */
static const char *not_forwarded(struct packet *p)
{
	const uint8_t *dst = p->data + p->l3 + (p->version == 4 ? 16 : 24);
	uint8_t type;

	/* RFC 5771, 4: 224.0.0.0/24; RFC 4291, 2.7: scopes 0 to 2 */
	if (p->version == 4 ? !memcmp(dst, "\340\0\0", 3) : dst[0] == 0xff && dst[1] % 16 <= 2)
		return "link-scope multicast";
	/* RFC 919, 7; RFC 4291, 2.5.6 */
	if (p->version == 4 ? !memcmp(dst, "\377\377\377\377", 4) : dst[0] == 0xfe && dst[1] >> 6 == 2)
		return "link-local destination";
	/* RFC 2236, 2 */
	if (p->version == 4 && p->data[p->l3 + 9] == 2 && dst[0] >> 4 == 14)
		return "IGMP";
	find_transport(p);
	if (p->version == 6 && !p->why4 && p->protocol == 58 && p->l4 < p->end) {
		type = p->data[p->l4];
		/* RFC 2710, 3.1; RFC 3810, 5.2 */
		if (type == 130 || type == 131 || type == 132 || type == 143)
			return "multicast listener discovery";
		/* RFC 4861, 6.1, 7.1 and 8.1 */
		if (type >= 133 && type <= 137)
			return "neighbour discovery";
	}
	return NULL;
}

bool ttl_part(struct run *r, const struct ttl *ttl)
{
	struct packet *p = &r->p;
	uint8_t *field = r->want + p->l3 + (p->version == 4 ? 8 : 7);
	const char *rule;
	int value;

	if (p->why)
		return true;
	rule = not_forwarded(p);
	if (rule) {
		r->rule = rule;
		return true;
	}
	value = *field;
	if (p->version == 6 && p->data[p->l3 + 6] == 58 && value == 255)
		r->rule = "ICMPv6 with hop limit 255";
	if (ttl->set) {
		value = ttl->set;
	} else {
		if (value <= ttl->dec) {
			r->want_verdict = r->other_verdict = ttl->expired;
			r->counted++;
			return false;
		}
		value = value - ttl->dec + ttl->inc;
		value = value > 255 ? 255 : value;
		if (ttl->min && value < ttl->min)
			value = ttl->min;
		if (ttl->max && value > ttl->max)
			value = ttl->max;
	}
	if (value == 255 && p->version == 6 && p->why4 && p->why4 != FRAGMENT)
		return true;	/* it may be neighbour discovery */
	if (*field != value) {
		*field = value;
		sum_header(r, p->l3);
	}
	return true;
}

static struct ttl ttl;
static void ttl_prepare(struct object *o) { ttl_read(&ttl, o->action, ""); }

static void ttl_expect(struct run *r)
{
	r->counted = !!r->p.why;
	ttl_part(r, &ttl);
}

const struct oracle ttl_oracle = { "ttl", .prepare = ttl_prepare, .expect = ttl_expect };

/* ---- flowlabel: RFC 8200, 6; RFC 6437; tcact-flowlabel(8) --------------------------------- */

void label_read(struct label *label, struct action *a, const char *part) { label->value = value_of(a, part, "value"); }

void label_part(struct run *r, const struct label *label)
{
	enum { HASH = 0x100000, MARK };
	uint8_t *ip = r->want + r->p.l3;
	uint32_t value = label->value == MARK ? r->want_ctx.mark & 0xfffff : label->value;

	if (r->p.why || r->p.version != 6)
		return;
	r->skip |= label->value == MARK && r->any_mark & 0xfffff;
	if (value == HASH) {
		r->any_label = !(ip[1] & 15) && !get16(ip + 2);
		return;
	}
	ip[1] = (ip[1] & 0xf0) | value >> 16;
	put16(ip + 2, value);
}

static struct label label;
static void label_prepare(struct object *o) { label_read(&label, o->action, ""); }

static void label_expect(struct run *r)
{
	r->counted = !!r->p.why;
	label_part(r, &label);
}

const struct oracle flowlabel_oracle = { "flowlabel", .prepare = label_prepare, .expect = label_expect };

/* ---- mac: IEEE 802.3, 3.2; tcact-mac(8) ---------------------------------------------------- */

void mac_read(struct mac *mac, struct action *a, const char *part)
{
	static const uint8_t none[6];
	char name[32];

	snprintf(name, sizeof(name), "%ssrc", part);
	memcpy(mac->src, param_named(a, name)->bytes, 6);
	snprintf(name, sizeof(name), "%sdst", part);
	memcpy(mac->dst, param_named(a, name)->bytes, 6);
	mac->has_src = memcmp(mac->src, none, 6);
	mac->has_dst = memcmp(mac->dst, none, 6);
	mac->swap = value_of(a, part, "swap");
}

void mac_part(struct run *r, const struct mac *mac)
{
	uint8_t old[12];

	r->counted += r->object->link == LINK_NONE;
	if (r->object->link == LINK_NONE || r->length < 14)
		return;
	memcpy(old, r->want, 12);
	if (mac->swap) {
		memcpy(r->want, old + 6, 6);
		memcpy(r->want + 6, old, 6);
	}
	if (mac->has_dst)
		memcpy(r->want, mac->dst, 6);
	if (mac->has_src)
		memcpy(r->want + 6, mac->src, 6);
}

static struct mac mac;
static void mac_prepare(struct object *o) { mac_read(&mac, o->action, ""); }
static void mac_expect(struct run *r) { mac_part(r, &mac); }

const struct oracle mac_oracle = { "mac", .prepare = mac_prepare, .expect = mac_expect };
