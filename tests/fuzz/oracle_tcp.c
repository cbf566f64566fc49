// SPDX-License-Identifier: GPL-2.0-only
/* The actions that change TCP: mss, tcpopt. RFC 9293, 3.1 and 3.2. */
#include "fuzz.h"

#define TCP_OPTIONS_MAX 20
#define SYN 2

/* The TCP header, if it is complete, or NULL; *end: the end of its options. @syn: NULL without SYN, not counted. */
static uint8_t *tcp(struct run *r, bool syn, uint8_t **end)
{
	struct packet *p = &r->p;
	uint8_t *header = r->want + p->l4;
	uint32_t size;

	find_transport(p);
	header = r->want + p->l4;
	r->counted += p->why4 && !p->why;
	if (p->why4 || p->protocol != 6)
		return NULL;
	r->uncountable |= syn && p->l4 + 20 > p->end;	/* does the packet contain the flags? */
	if (syn && p->l4 + 14 <= p->end && !(header[13] & SYN))
		return NULL;
	if (p->l4 + 20 > p->end) {
		r->counted++;
		return NULL;
	}
	size = (header[12] >> 4) * 4;
	if (size < 20 || p->l4 + size > p->end) {
		r->counted++;
		return NULL;
	}
	*end = header + size;
	return header;
}

static void sum_tcp(struct run *r)
{
	sum_add(r, (struct sum){ .at = r->p.l4 + 16, .from = r->p.l4, .to = r->p.end });
}

/* The length of the option at @at; 0: the list ends here or cannot be read further. */
static uint32_t option_length(const uint8_t *at, const uint8_t *end)
{
	if (*at == 0)
		return 0;
	if (*at == 1)
		return 1;
	if (at + 2 > end || at[1] < 2 || at + at[1] > end)
		return 0;
	return at[1];
}

void mss_read(struct mss *mss, struct action *a, const char *part)
{
	mss->max = value_of(a, part, "max");
	mss->mtu = value_of(a, part, "mtu");
}

void mss_part(struct run *r, const struct mss *mss)
{
	uint8_t *end, *header = tcp(r, true, &end), *at;
	int64_t limit = mss->max;
	bool changed = false;
	uint32_t length;
	int n = 0;

	if (!header)
		return;
	if (!limit) {
		limit = (int64_t)(mss->mtu ? mss->mtu : MTU) - (r->p.version == 4 ? 40 : 60) - (r->p.pppoe ? 8 : 0);
		if (r->p.pppoe)
			r->rule = "MTU less PPPoE";
		r->uncountable |= limit <= 0;	/* only if there is an option to lower */
		if (limit <= 0)
			return;
	}
	for (at = header + 20; at < end && n < TCP_OPTIONS_MAX; at += length, n++) {
		length = option_length(at, end);
		if (!length) {
			r->counted += *at != 0;
			break;
		}
		/* RFC 9293, 3.2: with another length it is not an MSS option */
		if (at[0] == 2 && length != 4)
			r->rule = "MSS option of wrong length";
		if (at[0] == 2 && length == 4 && get16(at + 2) > limit) {
			put16(at + 2, limit);
			changed = true;
		}
	}
	r->counted += at < end && n == TCP_OPTIONS_MAX;
	if (changed)
		sum_tcp(r);
}

static struct mss mss;
static void mss_prepare(struct object *o) { mss_read(&mss, o->action, ""); }

static void mss_expect(struct run *r)
{
	r->counted = !!r->p.why;
	mss_part(r, &mss);
}

const struct oracle mss_oracle = { "mss", .prepare = mss_prepare, .expect = mss_expect };

static struct { uint8_t strip[32]; uint16_t window; bool all; } tcpopt;

static void tcpopt_prepare(struct object *o)
{
	memcpy(tcpopt.strip, param_named(o->action, "strip")->bytes, sizeof(tcpopt.strip));
	tcpopt.window = value_of(o->action, "", "window");
	tcpopt.all = value_of(o->action, "", "segments");
}

static void tcpopt_expect(struct run *r)
{
	bool changed = false, looks;
	uint8_t *end, *header, *at;
	uint32_t length;
	int n;

	r->counted = !!r->p.why;
	header = tcp(r, false, &end);
	if (!header)
		return;
	if (tcpopt.window && get16(header + 14) > tcpopt.window) {
		put16(header + 14, tcpopt.window);
		changed = true;
	}
	at = header + 20;
	looks = tcpopt.all || header[13] & SYN;
	for (n = 0; looks && at < end && n < TCP_OPTIONS_MAX; at += length, n++) {
		length = option_length(at, end);
		if (!length) {
			r->counted += *at != 0;
			break;
		}
		if (length > 1 && tcpopt.strip[at[0] / 8] & 1 << at[0] % 8) {
			memset(at, 1, length);
			changed = true;
		}
	}
	r->counted += looks && at < end && n == TCP_OPTIONS_MAX;
	if (changed)
		sum_tcp(r);
}

const struct oracle tcpopt_oracle = { "tcpopt", .prepare = tcpopt_prepare, .expect = tcpopt_expect };
