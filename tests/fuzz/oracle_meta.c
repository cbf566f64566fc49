// SPDX-License-Identifier: GPL-2.0-only
/* The actions that read and write metadata: meta, match, prefixes, class, verdict. From their man pages. */
#include "fuzz.h"

/* ---- sources: tcact-meta(8) --------------------------------------------------------------- */

enum source {
	VALUE, LEN, WIRE_LEN, SKB_MARK, PRIORITY, QUEUE_MAPPING, TC_INDEX, TC_CLASSID, CB0, CB1, CB2, CB3, CB4,
	TSTAMP, PKT_TYPE, PROTOCOL, VLAN_PRESENT, VLAN_TCI, VLAN_PROTO, INGRESS_IFINDEX, IFINDEX, NAPI_ID,
	GSO_SEGS, GSO_SIZE, HWTSTAMP, DSCP, ECN, TTL, FLOW_LABEL, SKB_MTU, OTHERS
};

static const char *const source_names[] = {
	"value", "len", "wire_len", "mark", "priority", "queue_mapping", "tc_index", "tc_classid", "cb0", "cb1",
	"cb2", "cb3", "cb4", "tstamp", "pkt_type", "protocol", "vlan_present", "vlan_tci", "vlan_proto",
	"ingress_ifindex", "ifindex", "napi_id", "gso_segs", "gso_size", "hwtstamp", "dscp", "ecn", "ttl",
	"flow_label", "mtu",
};

static enum source source_number(struct action *a, const char *param, uint64_t number)
{
	const struct param *p = param_named(a, param);

	for (int i = 0; i < p->n_words; i++)
		for (int s = 0; p->words[i].number == number && s < OTHERS; s++)
			if (!strcmp(source_names[s], p->words[i].name))
				return s;
	return OTHERS;
}

bool source_value(struct run *r, unsigned int from, uint64_t *value, bool *unknown)
{
	const struct __sk_buff *ctx = &r->want_ctx;
	static const uint8_t lo[6], everybody[6] = { 255, 255, 255, 255, 255, 255 };
	const struct packet *p = &r->p;

	*unknown = false;
	*value = 0;
	switch ((enum source)from) {
	case LEN:	      *value = r->length; return true;
	case WIRE_LEN:	      *value = ctx->wire_len; return true;
	case SKB_MARK:	      *value = ctx->mark; *unknown = r->any_mark; return true;
	case PRIORITY:	      *value = ctx->priority; *unknown = r->any_priority; return true;
	case CB0 ... CB4:     *value = ctx->cb[from - CB0]; *unknown = r->any_cb[from - CB0]; return true;
	case TSTAMP:	      *value = ctx->tstamp; *unknown = r->any_tstamp; return true;
	case INGRESS_IFINDEX: *value = ctx->ingress_ifindex; return true;
	case IFINDEX:	      *value = ctx->ifindex; return true;
	case GSO_SEGS:	      *value = ctx->gso_segs; return true;
	case GSO_SIZE:	      *value = ctx->gso_size; return true;
	case HWTSTAMP:	      *value = ctx->hwtstamp; return true;
	case SKB_MTU:	      *value = MTU; return true;
	/* what TEST_RUN sets for every packet */
	case TC_CLASSID:
	case NAPI_ID:
		return true;
	case QUEUE_MAPPING:   *value = r->more.queue_mapping; return true;
	case TC_INDEX:	      *value = r->more.tc_index; return true;
	case VLAN_PRESENT:    *value = !!r->more.vlan_proto; return true;
	case VLAN_TCI:	      *value = r->more.vlan_proto ? r->more.vlan_tci : 0; return true;
	case VLAN_PROTO:      *value = __builtin_bswap16(r->more.vlan_proto); return true;
	case PKT_TYPE:	/* the packet came in on lo, whose address is 0 */
		*value = !memcmp(r->in, everybody, 6) ? 1 : r->in[0] & 1 ? 2 : !memcmp(r->in, lo, 6) ? 0 : 3;
		return true;
	case PROTOCOL:	/* IEEE 802.3, 3.2.6; for a length, Linux uses a value of its own */
		*value = get16(r->in + 12);
		if (*value < 0x600)
			*value = r->length >= 16 && get16(r->in + 14) == 0xffff ? 1 : 4;
		return true;
	case DSCP:
	case ECN:
		if (p->why)
			return false;
		*value = from == DSCP ? class_get(r) >> 2 : class_get(r) & 3;
		return true;
	case TTL:
		if (p->why)
			return false;
		*value = r->want[p->l3 + (p->version == 4 ? 8 : 7)];
		return true;
	case FLOW_LABEL:
		if (p->why || p->version != 6)
			return false;
		*value = (r->want[p->l3 + 1] & 15) << 16 | get16(r->want + p->l3 + 2);
		return true;
	default:
		*unknown = true;
		return true;
	}
}

/* ---- meta ---------------------------------------------------------------------------------- */

enum field { NONE, MARK, F_PRIORITY, F_QUEUE, F_TC_INDEX, F_CLASSID, F_TSTAMP, F_CB0 };

void meta_read(struct meta *meta, struct action *a, const char *part)
{
	char name[32];

	meta->set = value_of(a, part, "set");
	snprintf(name, sizeof(name), "%sfrom", part);
	meta->from = source_number(a, name, value_of(a, part, "from"));
	meta->shift = (int64_t)value_of(a, part, "shift");
	meta->value = value_of(a, part, "value");
	meta->mask = value_of(a, part, "mask");
}

static uint64_t shifted(uint64_t value, int by) { return by < 0 ? value >> -by : value << by; }

void meta_part(struct run *r, const struct meta *meta)
{
	uint64_t source = meta->value, bits = shifted(meta->mask, meta->shift), value;
	bool unknown = false;

	if (meta->set == NONE)
		return;
	if (meta->from != VALUE && !source_value(r, meta->from, &source, &unknown)) {
		r->counted++;
		return;
	}
	r->uncountable |= unknown;
	value = shifted(source & meta->mask, meta->shift);
#define WRITE(field, any) do { \
	(any) |= unknown ? bits : 0; \
	(field) = ((field) & ~bits) | (unknown ? 0 : value); \
} while (0)
	switch (meta->set) {
	case MARK:	  WRITE(r->want_ctx.mark, r->any_mark); break;
	case F_PRIORITY:  WRITE(r->want_ctx.priority, r->any_priority); break;
	case F_TSTAMP:	  WRITE(r->want_ctx.tstamp, r->any_tstamp); break;
	case F_CB0 ... F_CB0 + 4:
		WRITE(r->want_ctx.cb[meta->set - F_CB0], r->any_cb[meta->set - F_CB0]);
		break;
	}
}

static struct meta meta;
static void meta_prepare(struct object *o) { meta_read(&meta, o->action, ""); }
static void meta_expect(struct run *r) { meta_part(r, &meta); }

const struct oracle meta_oracle = { "meta", .prepare = meta_prepare, .expect = meta_expect };

/* ---- match --------------------------------------------------------------------------------- */

/* What the parameter count may count: hits or misses. */
enum { HITS = 1, MISSES };

static int count_read(struct action *a) { return param_named(a, "count") ? value_of(a, "", "count") : 0; }

static bool is_counted(int what, bool hit) { return what == HITS ? hit : what == MISSES && !hit; }

/* As how many packets tc counts it: a GSO packet as its segments. */
static uint32_t packets_of(const struct run *r) { return r->ctx.gso_size ? r->ctx.gso_segs : 1; }

enum { EQ, NE, LT, GT, IN, MASK };
static struct { enum source field; int op, count; uint64_t value, to; } match;

static void match_choose(struct object *o, struct rng *rng)
{
	struct param *op = param_named(o->action, "op"), *value = param_named(o->action, "value"),
		*to = param_named(o->action, "to");

	if (chance(rng, 60))		/* values that packets have sometimes */
		set_number(value, below(rng, chance(rng, 50) ? 4 : 260));
	else if (chance(rng, 50))	/* around the limits of 32 and 64 bits, and of signed numbers */
		set_number(value, (1ULL << (31 + below(rng, 33))) - below(rng, 2));
	if (op->value != IN && op->value != MASK) {
		param_unset(to);
	} else if (op->value == IN) {
		if (chance(rng, 70))
			set_number(to, value->value + below(rng, 200));
		if (to->value < value->value)
			set_number(to, value->value);
	} else if (to->value) {
		set_number(to, to->value | value->value);
	}
}

static void match_prepare(struct object *o)
{
	match.field = source_number(o->action, "field", value_of(o->action, "", "field"));
	match.op = value_of(o->action, "", "op");
	match.value = value_of(o->action, "", "value");
	match.to = value_of(o->action, "", "to");
	match.count = count_read(o->action);
}

static void match_expect(struct run *r)
{
	uint64_t field, value = match.value, to = match.to;
	bool unknown, hit = false;

	r->want_verdict = r->other_verdict = MISS;
	if (!source_value(r, match.field, &field, &unknown)) {
		r->counted = packets_of(r);
		return;
	}
	r->uncountable |= unknown;
	switch (match.op) {
	case EQ:   hit = field == value; break;
	case NE:   hit = field != value; break;
	case LT:   hit = field < value; break;
	case GT:   hit = field > value; break;
	case IN:   hit = field >= value && field <= to; break;
	case MASK: hit = (field & (to ? to : value)) == value; break;
	}
	r->counted = is_counted(match.count, hit) * packets_of(r);
	r->want_verdict = hit ? CONTROL : MISS;
	r->other_verdict = unknown ? (hit ? MISS : CONTROL) : r->want_verdict;
}

const struct oracle match_oracle = { "match", .choose = match_choose, .prepare = match_prepare,
				     .expect = match_expect };

/* ---- prefixes ------------------------------------------------------------------------------ */

static struct { int of, count; bool mark; } prefixes;

void prefixes_choose(struct object *o, struct rng *rng)
{
	for (int n = below(rng, TABLE + 1); n--; ) {
		struct net *p = &o->table[o->n_table], *other = &o->table[below(rng, o->n_table + 1)];

		memset(p, 0, sizeof(*p));
		p->version = chance(rng, 50) ? 4 : 6;
		p->bits = below(rng, p->version == 4 ? 33 : 129);
		if (chance(rng, 10))
			p->bits = p->version == 4 ? 32 : 128;
		for (int i = 0; i < 16; i += 8)
			memcpy(p->address + i, &(uint64_t){ rng_next(rng) }, 8);
		if (other != p && other->version == p->version && chance(rng, 70))	/* one prefix inside the other */
			memcpy(p->address, other->address, 16);
		else if (chance(rng, 30))
			memcpy(p->address, p->version == 4 ? "\xc0\0\2\1" : "\x20\1\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\1",
			       p->version == 4 ? 4 : 16);
		for (int bit = p->bits; bit < 128; bit++)
			p->address[bit / 8] &= ~(0x80 >> bit % 8);
		p->tag = chance(rng, 30) ? 0 : rng_next(rng);
		for (int i = 0; i < o->n_table; i++)
			if (o->table[i].version == p->version && o->table[i].bits == p->bits &&
			    !memcmp(o->table[i].address, p->address, 16))
				p = NULL, i = o->n_table;
		if (p)
			o->n_table++;
	}
}

static void prefixes_prepare(struct object *o)
{
	prefixes.of = value_of(o->action, "", "of");
	prefixes.count = count_read(o->action);
	prefixes.mark = value_of(o->action, "", "tag");
}

const struct net *longest_match(const struct run *r, bool dst)
{
	const uint8_t *address = r->in + r->p.l3 + (r->p.version == 4 ? 12 + 4 * dst : 8 + 16 * dst);
	const struct net *best = NULL;

	for (const struct net *p = r->object->table; p < r->object->table + r->object->n_table; p++)
		if (p->version == r->p.version && (!best || p->bits > best->bits) && prefix_contains(address, p))
			best = p;
	return best;
}

/* @of: 0 the source, 1 the destination, 2 either, the source first */
static const struct net *longest_of(const struct run *r, int of)
{
	const struct net *found = longest_match(r, of == 1);

	return found || of != 2 ? found : longest_match(r, true);
}

static void prefixes_expect(struct run *r)
{
	const struct net *found;

	r->want_verdict = r->other_verdict = MISS;
	r->counted = packets_of(r);
	if (r->p.why)
		return;
	found = longest_of(r, prefixes.of);
	r->counted *= is_counted(prefixes.count, found);
	if (!found)
		return;
	r->want_verdict = r->other_verdict = CONTROL;
	if (prefixes.mark)
		r->want_ctx.mark = found->tag;
}

const struct oracle prefixes_oracle = { "prefixes", .choose = prefixes_choose, .prepare = prefixes_prepare,
					.expect = prefixes_expect };

/* ---- class --------------------------------------------------------------------------------- */

static struct { int of, set; uint64_t otherwise; } class;

static void class_prepare(struct object *o)
{
	class.of = value_of(o->action, "", "of");
	class.set = value_of(o->action, "", "set");
	class.otherwise = value_of(o->action, "", "default");
}

static void class_expect(struct run *r)
{
	struct meta write = { .set = class.set, .from = VALUE, .mask = UINT64_MAX, .value = class.otherwise };
	const struct net *found;

	r->counted = !!r->p.why;
	if (r->p.why)
		return;
	found = longest_of(r, class.of);
	if (found)
		write.value = found->tag;
	if (write.value <= UINT32_MAX)		/* else it is kept */
		meta_part(r, &write);
}

const struct oracle class_oracle = { "class", .choose = prefixes_choose, .prepare = class_prepare,
				     .expect = class_expect };

/* ---- verdict ------------------------------------------------------------------------------- */

static struct { uint64_t chance; int code; bool by_flow; } verdict;

static void verdict_prepare(struct object *o)
{
	verdict.chance = value_of(o->action, "", "chance");
	verdict.code = value_of(o->action, "", "code");
	verdict.by_flow = value_of(o->action, "", "by");
}

static void verdict_expect(struct run *r)
{
	r->want_verdict = verdict.chance ? verdict.code : PIPE;
	r->other_verdict = verdict.chance < 1ULL << 32 ? PIPE : r->want_verdict;
	r->again = verdict.by_flow;
}

const struct oracle verdict_oracle = { "verdict", .prepare = verdict_prepare, .expect = verdict_expect };
