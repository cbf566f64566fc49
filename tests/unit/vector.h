/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The format of vectors: text, with one word and its arguments on each line.
 *
 *   reason NAME NUMBER              a key of the map `reasons`
 *   object FILE SECTION [map=MAP:N]... [NEED]...
 *                                   load it, with at least N elements in its array MAP; the cases that
 *                                   follow are for this object. NEED: helper=N or field=NAME; the object is
 *                                   skipped if the kernel lacks this
 *   row FILE SECTION...             the cases of the next object have no expected result: it must be
 *                                   the result of a chain of these objects
 *   map MAP KEY VALUE               an entry that is there in each case
 *   case NAME                       the lines that follow are about this case; (default)
 *   in HEX                          the packet
 *   ctx FIELD=N...                  its metadata (ifindex 1, others 0)
 *   enter VLAN_PROTO VLAN_TCI QUEUE_MAPPING TC_INDEX
 *                                   more metadata; only with once. VLAN_PROTO 0: no tag
 *   mtu N                           of lo (65536)
 *   flags N...                      flags of TEST_RUN, one run for each (0); 4 is CHECKSUM_COMPLETE
 *   verdict N
 *   out HEX                         the packet afterwards (as before); its length differs if the
 *                                   action removes bytes
 *   ctxout FIELD=N|LOW..HIGH|len... its metadata afterwards (as before)
 *   count REASON=N...               (none)
 *   mapout MAP KEY VALUE            an entry afterwards; u64:LOW..HIGH in it: a number from LOW to HIGH
 *   cut LENGTH VERDICT N REASONS    a packet shorter than LENGTH is not changed, and gets this
 *                                   verdict; these reasons are counted N times in all (LENGTH 0: none
 *                                   is too short)
 *   cutctx FIELD=N...               metadata of such a packet afterwards (as before)
 *   once                            run only the whole packet, linear, and do not check counters
 *   counted N                       with once: the sum of all counters
 *   sample RUNS VERDICT MIN MAX OTHER [OFFSET]
 *                                   MIN to MAX of so many runs give VERDICT, the others
 *                                   OTHER. With OFFSET, the 16 bits there are the number of
 *                                   the run, and the same packet gets the same each time
 *
 * Bytes are hex; numbers in the host's byte order are u16:N, u32:N or u64:N, joined by commas.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <arpa/inet.h>
#include <linux/bpf.h>
#include "enter.h"

#define REASONS 64		/* at most, with a name */

#define die(...) (fprintf(stderr, "runner: " __VA_ARGS__), fputc('\n', stderr), exit(2))

/* Metadata that TEST_RUN accepts or returns. */
static const struct field {
	const char *name;
	size_t offset, size;
} fields[] = {
#define FIELD(name, f) { name, offsetof(struct __sk_buff, f), sizeof(((struct __sk_buff *)0)->f) }
	FIELD("mark", mark), FIELD("priority", priority), FIELD("tstamp", tstamp),
	FIELD("ifindex", ifindex), FIELD("ingress_ifindex", ingress_ifindex),
	FIELD("wire_len", wire_len), FIELD("gso_segs", gso_segs), FIELD("gso_size", gso_size),
	FIELD("tstamp_type", tstamp_type), FIELD("hwtstamp", hwtstamp),
	FIELD("cb0", cb[0]), FIELD("cb1", cb[1]), FIELD("cb2", cb[2]), FIELD("cb3", cb[3]),
	FIELD("cb4", cb[4]),
};
#define FIELDS (sizeof(fields) / sizeof(*fields))

static uint64_t field_get(const struct __sk_buff *ctx, const struct field *f)
{
	const void *at = (const char *)ctx + f->offset;

	return f->size == 8 ? *(const uint64_t *)at
	     : f->size == 4 ? *(const uint32_t *)at : *(const uint8_t *)at;
}

static void field_set(struct __sk_buff *ctx, const struct field *f, uint64_t value)
{
	void *at = (char *)ctx + f->offset;

	if (f->size == 8)
		*(uint64_t *)at = value;
	else if (f->size == 4)
		*(uint32_t *)at = value;
	else
		*(uint8_t *)at = value;
}

/* The expected result: a verdict, and the fields that must differ from the input. */
struct outcome {
	int verdict, n;
	struct { const struct field *field; unsigned long long low, high; bool length; } wanted[FIELDS];
};

struct entry {
	char map[32];
	uint8_t key[64], value[264];	/* room for a number behind it */
	size_t size;
	int ranges;
	struct { size_t at; uint64_t low, high; } range[2];
};

static struct test {
	char name[256];
	uint32_t size;
	int gone;			/* number of bytes removed; negative: added */
	bool has_out, once;
	int counted;
	struct __sk_buff ctx;
	int mtu, n_flags, flags[4];
	struct outcome whole, cut;
	uint64_t count[REASONS];
	struct entry after[64];
	int n_after;
	struct metadata enter;
	bool entered;
	uint32_t need;			/* a packet shorter than this is cut */
	uint32_t cut_count;
	bool cut_reason[REASONS];
	int runs, min, max, other, vary;
	uint8_t in[65536], out[65536];	/* last: the first size bytes are valid */
} test;

static int line, n_before;
static struct entry before[512];
static char reason_name[REASONS][32];

static const struct field *field_named(const char *name)
{
	for (size_t i = 0; i < FIELDS; i++)
		if (!strcmp(fields[i].name, name))
			return &fields[i];
	die("line %d: no field %s", line, name);
}

static char *rest;

static char *word(void)
{
	char *w = strtok_r(NULL, " \n", &rest);

	return w ? w : (die("line %d: something is missing", line), NULL);
}

static int number(void) { return strtol(word(), NULL, 0); }

static size_t bytes(uint8_t *to, size_t max, struct entry *e)
{
	size_t n = 0;

	for (char *text = word(); *text; ) {
		char *end, digits[3] = { text[0], text[1] };

		if (n + sizeof(uint64_t) > max)
			die("line %d: too long", line);
		if (!strncmp(text, "u16:", 4)) {
			memcpy(to + n, &(uint16_t){ strtoul(text + 4, &end, 0) }, 2);
			n += 2;
		} else if (!strncmp(text, "u32:", 4)) {
			memcpy(to + n, &(uint32_t){ strtoull(text + 4, &end, 0) }, 4);
			n += 4;
		} else if (!strncmp(text, "u64:", 4)) {
			memcpy(to + n, &(uint64_t){ strtoull(text + 4, &end, 0) }, 8);
			if (e && !strncmp(end, "..", 2)) {
				if (e->ranges == 2)
					die("line %d: too many ranges", line);
				e->range[e->ranges].at = n;
				e->range[e->ranges].low = strtoull(text + 4, NULL, 0);
				e->range[e->ranges++].high = strtoull(end + 2, &end, 0);
			}
			n += 8;
		} else {
			to[n++] = strtoul(digits, &end, 16);
			if (end != digits + 2)
				die("line %d: not bytes: %.20s", line, text);
			end = text + 2;
		}
		text = end + (*end == ',');
	}
	return n;
}

static void entry(struct entry *entries, int *n, int max)
{
	struct entry *e = &entries[(*n)++];

	if (*n > max)
		die("line %d: too many entries", line);
	snprintf(e->map, sizeof(e->map), "%s", word());
	e->ranges = 0;
	bytes(e->key, sizeof(e->key), NULL);
	e->size = bytes(e->value, sizeof(e->value), e);
}

static void wanted(struct outcome *o)
{
	for (char *w; o->n < (int)FIELDS && (w = strtok_r(NULL, " \n", &rest)); o->n++) {
		char *value = strchr(w, '='), *range = strstr(w, "..");

		if (!value)
			die("line %d: FIELD=VALUE", line);
		*value++ = 0;
		o->wanted[o->n].field = field_named(w);
		o->wanted[o->n].low = strtoull(value, NULL, 0);
		o->wanted[o->n].high = range ? strtoull(range + 2, NULL, 0) : o->wanted[o->n].low;
		o->wanted[o->n].length = !strcmp(value, "len");
	}
}

static int reason(const char *name)
{
	for (int i = 1; i < REASONS; i++)
		if (!strcmp(reason_name[i], name))
			return i;
	die("line %d: no reason %s", line, name);
}

static void vector_begin(void)
{
	memset(&test, 0, offsetof(struct test, in));
	test.mtu = 65536;
	test.counted = -1;
	test.ctx.ifindex = 1;
	snprintf(test.name, sizeof(test.name), "%s", word());
}

/* A line about the case; false if it is none. */
static bool vector_line(const char *verb)
{
	char *w;

#define IS(v) (!strcmp(verb, v))
	if (IS("in")) {
		test.size = bytes(test.in, sizeof(test.in), NULL);
	} else if (IS("out")) {
		test.gone = test.size - bytes(test.out, sizeof(test.out), NULL);
		test.has_out = true;
	} else if (IS("ctx")) {
		struct outcome in = {};

		for (wanted(&in); in.n--; )
			field_set(&test.ctx, in.wanted[in.n].field, in.wanted[in.n].low);
	} else if (IS("mtu")) {
		test.mtu = number();
	} else if (IS("flags")) {
		while (test.n_flags < 4 && (w = strtok_r(NULL, " \n", &rest)))
			test.flags[test.n_flags++] = atoi(w);
	} else if (IS("verdict")) {
		test.whole.verdict = number();
	} else if (IS("ctxout")) {
		wanted(&test.whole);
	} else if (IS("cutctx")) {
		wanted(&test.cut);
	} else if (IS("count")) {
		while ((w = strtok_r(NULL, " =\n", &rest)))
			test.count[reason(w)] = number();
	} else if (IS("mapout")) {
		entry(test.after, &test.n_after, sizeof(test.after) / sizeof(*test.after));
	} else if (IS("cut")) {
		test.need = number();
		test.cut.verdict = number();
		test.cut_count = number();
		while ((w = strtok_r(NULL, " ,\n", &rest)))
			test.cut_reason[reason(w)] = true;
	} else if (IS("enter")) {
		test.entered = true;
		test.enter.vlan_proto = htons(number());
		test.enter.vlan_tci = number();
		test.enter.queue_mapping = number();
		test.enter.tc_index = number();
	} else if (IS("counted")) {
		test.counted = number();
	} else if (IS("once")) {
		test.once = true;
	} else if (IS("sample")) {
		test.runs = number();
		test.whole.verdict = number();
		test.min = number();
		test.max = number();
		test.other = number();
		test.vary = (w = strtok_r(NULL, " \n", &rest)) ? atoi(w) : 0;
	} else {
		return false;
	}
	return true;
}
