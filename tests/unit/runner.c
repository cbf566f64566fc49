// SPDX-License-Identifier: GPL-2.0-only
/*
 * runner [-q] [-1] [-s] [-d DIR] [FILE]: loads actions as tc does, runs vectors through them by
 * BPF_PROG_TEST_RUN, and prints the results as TAP. vector.h describes the format of vectors. Each
 * case also runs with the packet cut to each length that TEST_RUN accepts, and with a non-linear
 * packet. -q, for emulated kernels: only an eighth of these lengths, different ones in each case, and
 * those near the end of the headers. -1: stop after the first case that fails. -s: the verifier
 * refuses what may be unaligned, as the kernels of some machines do (headers.h).
 */
#define _GNU_SOURCE
#include <errno.h>
#include <net/if.h>
#include <sched.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/pkt_cls.h>
#include "vector.h"

#define COMPLETE 4		/* BPF_F_TEST_SKB_CHECKSUM_COMPLETE, Linux 6.1 */
#define SHORT 3000		/* some kernels accept at most a page, minus what they add */
#define HEADERS 54		/* TEST_RUN never requires more than the fixed headers */

#define note(form, ...) fprintf(notes, "#   " form "\n", ##__VA_ARGS__)

static struct result {
	uint8_t data[65536];
	uint32_t size;
	int verdict;
	struct __sk_buff ctx;
} got;

static const char *dir = ".";
static struct bpf_object *object;
static struct { struct bpf_object *object; int prog; } row[12];	/* the object must give the same as these */
static uint64_t row_counted[REASONS];
static int n_row;
static char file[256], lacks[128];	/* the object; what the kernel lacks */
static struct { char map[32]; unsigned n; } lengths[4];	/* of arrays */
static int n_lengths;
static int prog = -1, lo, cpus;
static bool quick, strict, can_complete, can_ingress, can_hwtstamp, can_long, can_nonlinear;
static int cases, passed, failed, skipped, linear_only;
static uint64_t counted[REASONS];	/* at the last check */
static FILE *notes;
static char *notes_text;
static size_t notes_size;

/*
 * The static libelf 0.192 of Debian 13 lacks what these are in the shared one. Each ELF file has such a tree, but
 * nothing that libbpf calls puts anything into it.
 */
__attribute__((weak)) void eu_search_tree_init(void *tree, void *compare) { (void)tree; (void)compare; }
__attribute__((weak)) void eu_search_tree_fini(void *tree, void *release) { (void)tree; (void)release; }

/* ---- running --------------------------------------------------------------------- */

/* Prints the line of a case; the notes say what is wrong. */
static void report(const char *name, const char *skip)
{
	fclose(notes);
	skipped += !!skip;
	failed += !skip && notes_size;
	passed += !skip && !notes_size;
	printf("%sok %d - %s%s%s\n%s", !skip && notes_size ? "not " : "", ++cases, name,
	       skip ? " # SKIP " : "", skip ? skip : "", skip ? "" : notes_text);
	free(notes_text);
	notes = open_memstream(&notes_text, &notes_size);
}

static int test_run_on(int fd, const uint8_t *data, uint32_t size, const struct __sk_buff *ctx, int flags)
{
	LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = data, .data_size_in = size,
		    .data_out = got.data, .data_size_out = sizeof(got.data), .ctx_in = ctx,
		    .ctx_size_in = sizeof(*ctx), .ctx_out = &got.ctx,
		    .ctx_size_out = sizeof(got.ctx), .flags = flags, .repeat = 1);
	int err;

	memset(&got.ctx, 0, sizeof(got.ctx));
	err = bpf_prog_test_run_opts(fd, &opts);
	got.size = opts.data_size_out;
	got.verdict = opts.retval;
	return err;
}

static int test_run(int fd, uint32_t size, const struct __sk_buff *ctx, int flags)
{
	return test_run_on(fd, test.in, size, ctx, flags);
}

static void hexdump(const char *what, const uint8_t *data, uint32_t size, const uint8_t *other)
{
	for (uint32_t row = 0; row < size; row += 16) {
		uint32_t end = row + 16 < size ? row + 16 : size;

		if (!memcmp(data + row, other + row, end - row))
			continue;
		fprintf(notes, "#   %-8s %04x ", what, row);
		for (uint32_t i = row; i < end; i++)
			fprintf(notes, "%c%02x", data[i] == other[i] ? ' ' : '*', data[i]);
		fputc('\n', notes);
	}
}

/* Do packet and metadata, before @size bytes and @ctx, equal @out without @gone bytes, and @o? */
static bool compare(const char *when, uint32_t size, int gone, const struct __sk_buff *ctx,
		    const uint8_t *out, const struct outcome *o)
{
	struct __sk_buff expected = *ctx;
	long start = ftell(notes);

	if (!expected.wire_len)		/* the kernel sets the length */
		expected.wire_len = size;
	for (int i = 0; i < o->n; i++) {
		uint64_t value = field_get(&got.ctx, o->wanted[i].field);

		if (o->wanted[i].length)
			value = size;
		else if (value < o->wanted[i].low || value > o->wanted[i].high)
			value = o->wanted[i].low;
		field_set(&expected, o->wanted[i].field, value);
	}
	size -= gone;
	if (got.verdict != o->verdict)
		note("%s: verdict %d, expected %d", when, got.verdict, o->verdict);
	if (got.size != size) {
		note("%s: %u bytes, expected %u", when, got.size, size);
	} else if (memcmp(got.data, out, size)) {
		note("%s: rows that differ:", when);
		hexdump("got", got.data, size, out);
		hexdump("expected", out, size, got.data);
	}
	for (size_t i = 0; i < FIELDS; i++) {
		uint64_t is = field_get(&got.ctx, &fields[i]), must = field_get(&expected, &fields[i]);

		if (is != must)
			note("%s: %s %#llx, expected %#llx", when, fields[i].name, (unsigned long long)is,
			     (unsigned long long)must);
		if (is != must)
			field_set(&got.ctx, &fields[i], must);
	}
	if (memcmp(&got.ctx, &expected, sizeof(expected)))
		note("%s: a field of the context has changed that has no name here", when);
	return ftell(notes) == start;
}

/* Adds the counters of an object to @sum. */
static void add_reasons(const struct bpf_object *of, uint64_t sum[REASONS])
{
	int map = bpf_object__find_map_fd_by_name(of, "reasons");
	uint64_t values[cpus];

	for (uint32_t key = 0; map >= 0 && key < REASONS; key++) {
		if (!*reason_name[key])
			continue;
		if (bpf_map_lookup_elem(map, &key, values))
			die("%s: reasons: %s", file, strerror(errno));
		for (int i = 0; i < cpus; i++)
			sum[key] += values[i];
	}
}

static void read_reasons(uint64_t sum[REASONS])
{
	memset(sum, 0, REASONS * sizeof(*sum));
	add_reasons(object, sum);
}

/* Checks the counters after @whole runs of the whole packet and @cut runs of cut ones. */
static void check_reasons(uint64_t whole, uint64_t cut)
{
	uint64_t now[REASONS], by_cuts = 0;

	read_reasons(now);
	cut *= test.cut_count;
	for (int i = 0; i < REASONS; i++) {
		uint64_t n = now[i] - counted[i], rest = n - whole * test.count[i];

		if (test.cut_reason[i] && rest <= cut)
			by_cuts += rest;
		else if (rest)
			note("%s counted %d times, expected %d", reason_name[i], (int)n,
			     (int)(whole * test.count[i]));
	}
	if (by_cuts != cut)
		note("cuts: %d counted, expected %d", (int)by_cuts, (int)cut);
	memcpy(counted, now, sizeof(now));
}

/* The next size after @size: newer kernels require the IPv4 or IPv6 header that the ethertype says. */
static uint32_t longer(uint32_t size)
{
	return size < ETH_HLEN + 20 ? ETH_HLEN + 20 : HEADERS;
}

/* How many values the map has for a key: one for each CPU, or 1. */
static int copies(const char *map)
{
	return bpf_map__type(bpf_object__find_map_by_name(object, map)) == BPF_MAP_TYPE_PERCPU_ARRAY ? cpus : 1;
}

/* Is @value what the entry says? */
static bool entry_fits(const struct entry *e, uint8_t *value)
{
	for (int i = 0; i < e->ranges; i++) {
		uint64_t number;

		memcpy(&number, value + e->range[i].at, sizeof(number));
		if (number < e->range[i].low || number > e->range[i].high)
			return false;
		memcpy(value + e->range[i].at, e->value + e->range[i].at, sizeof(number));
	}
	return !memcmp(value, e->value, e->size);
}

/* What the lines `map` say; all CPUs have the same. */
static void fill_maps(void)
{
	for (int i = 0; i < n_before; i++) {
		size_t stride = (before[i].size + 7) / 8 * 8;
		uint8_t values[stride * cpus];

		for (int cpu = 0; cpu < copies(before[i].map); cpu++)
			memcpy(values + cpu * stride, before[i].value, before[i].size);
		if (bpf_map_update_elem(bpf_object__find_map_fd_by_name(object, before[i].map), before[i].key,
					values, BPF_ANY))
			die("%s: %s: %s", file, before[i].map, strerror(errno));
	}
}

/* Where the action changes the maps, each run begins with what they were. */
static void refill_maps(void)
{
	if (test.n_after)
		fill_maps();
}

/* Tries every length that the kernel accepts, except the whole; false after a fault. */
static bool run_cuts(uint64_t *whole, uint64_t *cut)
{
	bool taken = false;

	for (uint32_t size = ETH_HLEN; size < test.size; size++) {
		bool enough = size >= test.need;
		char when[32];
		int err;

		/* a long packet: only near the end of its headers, and near its own end */
		if (test.size > SHORT && size > 256 && size < test.size - 16)
			continue;
		if (quick && (size + cases) % 8 && (size + 1 < test.need || size > test.need + 1))
			continue;
		refill_maps();
		err = test_run(prog, size, &test.ctx, 0);
		if (err == -EINVAL && !taken && size < HEADERS) {
			size = longer(size) - 1;
			continue;
		}
		taken = true;
		*whole += enough;
		*cut += !enough;
		snprintf(when, sizeof(when), "cut to %u", size);
		if (err)
			note("%s: TEST_RUN: %s", when, strerror(-err));
		else if (compare(when, size, enough ? test.gone : 0, &test.ctx,
				 enough ? test.out : test.in, enough ? &test.whole : &test.cut))
			continue;
		return false;
	}
	return true;
}

/* Runs with as few linear bytes as the kernel accepts (after Linux 6.18); false: it accepts none. */
static bool run_nonlinear(void)
{
	struct __sk_buff ctx = test.ctx;
	int err = -EINVAL;

	refill_maps();
	for (ctx.data_end = ETH_HLEN; ctx.data_end < test.size; ctx.data_end = longer(ctx.data_end)) {
		err = test_run(prog, test.size, &ctx, 0);
		if (err != -EINVAL || ctx.data_end == HEADERS)
			break;
	}
	if (err && err != -EINVAL)
		note("not linear: TEST_RUN: %s", strerror(-err));
	if (err)
		return false;
	got.ctx.data_end = test.ctx.data_end;
	compare("not linear", test.size, test.gone, &test.ctx, test.out, &test.whole);
	return true;
}

static void run_sample(void)
{
	int hits = 0;

	for (int i = 0; i < test.runs; i++) {
		for (int again = 0, first = 0; again < (test.vary ? 3 : 1); again++) {
			struct outcome o = test.whole;

			if (test.vary) {
				test.in[test.vary] = i >> 8;
				test.in[test.vary + 1] = i;
			}
			if (test_run(prog, test.size, &test.ctx, 0)) {
				note("TEST_RUN: %s", strerror(errno));
				return;
			}
			if (got.verdict != o.verdict)
				o.verdict = test.other;
			if (again && got.verdict != first)
				note("run %d: the same packet got %d, then %d", i, first, got.verdict);
			first = got.verdict;
			hits += !again && first == test.whole.verdict;
			if (!compare("sample", test.size, 0, &test.ctx, test.in, &o))
				return;
		}
	}
	if (hits < test.min || hits > test.max)
		note("%d of %d got %d, expected %d to %d", hits, test.runs, test.whole.verdict, test.min, test.max);
}

/*
 * Runs the actions of a chain one after another, all but the last with the control pipe: after
 * TC_ACT_UNSPEC and TC_ACT_PIPE, the next one gets the packet as the one before left it.
 */
static int run_row(int flags)
{
	static uint8_t data[sizeof(got.data)];
	struct __sk_buff ctx = test.ctx;
	uint32_t size = test.size;
	int err;

	memcpy(data, test.in, size);
	for (int i = 0; i < n_row; i++) {
		err = test_run_on(row[i].prog, data, size, &ctx, flags);
		if (err || (got.verdict != TC_ACT_UNSPEC && got.verdict != TC_ACT_PIPE))
			return err;
		size = got.size;
		memcpy(data, got.data, size);
		ctx.mark = got.ctx.mark;
		ctx.priority = got.ctx.priority;
		ctx.tstamp = got.ctx.tstamp;
		memcpy(ctx.cb, got.ctx.cb, sizeof(ctx.cb));
	}
	return 0;
}

/* The object must give the same result as the chain. */
static void compare_with_row(int flags)
{
	uint64_t by_row[REASONS] = {}, now[REASONS];
	static struct result want;
	int err = run_row(flags);

	want = got;
	if (err || test_run(prog, test.size, &test.ctx, flags)) {
		note("TEST_RUN: %s", strerror(errno));
		return;
	}
	if (got.verdict != want.verdict)
		note("verdict %d, in a row %d", got.verdict, want.verdict);
	if (got.size != want.size || memcmp(got.data, want.data, want.size)) {
		note("%u bytes, in a row %u; rows that differ:", got.size, want.size);
		hexdump("got", got.data, got.size, want.data);
		hexdump("in a row", want.data, want.size, got.data);
	}
	for (size_t i = 0; i < FIELDS; i++)
		if (field_get(&got.ctx, &fields[i]) != field_get(&want.ctx, &fields[i]))
			note("%s %#llx, in a row %#llx", fields[i].name,
			     (unsigned long long)field_get(&got.ctx, &fields[i]),
			     (unsigned long long)field_get(&want.ctx, &fields[i]));
	read_reasons(now);
	for (int i = 0; i < n_row; i++)
		add_reasons(row[i].object, by_row);
	for (int i = 0; i < REASONS; i++)
		if (now[i] - counted[i] != by_row[i] - row_counted[i])
			note("%s counted %d times, in a row %d", reason_name[i], (int)(now[i] - counted[i]),
			     (int)(by_row[i] - row_counted[i]));
	memcpy(counted, now, sizeof(now));
	memcpy(row_counted, by_row, sizeof(by_row));
}

static void run_once(int flags)
{
	struct ifreq request = { .ifr_name = "lo", .ifr_mtu = test.mtu };
	uint64_t whole = 1, cut = 0;
	static struct enter enter;
	static int mtu;
	int err;

	if (test.mtu != mtu && ioctl(lo, SIOCSIFMTU, &request))
		die("MTU of lo: %s", strerror(errno));
	mtu = test.mtu;
	fill_maps();
	if (test.entered) {
		if ((!enter.metadata && enter_load(&enter)) || enter_action(&enter, prog))
			die("enter: %s", strerror(errno));
		*enter.metadata = test.enter;
	}
	err = test_run(test.entered ? enter.prog : prog, test.size, &test.ctx, flags);
	if (err) {
		note("TEST_RUN: %s", err == -EBADMSG ? "skb->csum is wrong" : strerror(-err));
		read_reasons(counted);
		return;
	}
	compare("whole", test.size, test.gone, &test.ctx, test.out, &test.whole);
	for (struct entry *e = test.after; e < test.after + test.n_after; e++) {
		size_t stride = (e->size + 7) / 8 * 8;
		uint8_t values[sizeof(e->value) + stride * cpus];
		int cpu = 0;

		if (bpf_map_lookup_elem(bpf_object__find_map_fd_by_name(object, e->map), e->key, values)) {
			note("%s: the entry is gone", e->map);
			continue;
		}
		/* one of the CPUs has run the program */
		while (cpu < copies(e->map) && !entry_fits(e, values + cpu * stride))
			cpu++;
		if (cpu == copies(e->map))
			hexdump(e->map, values, e->size, e->value);
	}
	if (test.once) {
		uint64_t before[REASONS];
		int n = 0;

		memcpy(before, counted, sizeof(before));
		read_reasons(counted);
		for (int i = 0; i < REASONS; i++)
			n += counted[i] - before[i];
		if (test.counted >= 0 && n != test.counted)
			note("%d counted, expected %d", n, test.counted);
		return;
	}
	if (!flags && !run_cuts(&whole, &cut)) {
		read_reasons(counted);
		return;
	}
	linear_only += !flags && !can_nonlinear;
	whole += !flags && can_nonlinear && run_nonlinear();
	/* read once for all runs: this was most of the cost of a case */
	check_reasons(whole, cut);
}

static void run_case(void)
{
	if (!*test.name)
		return;
	if (!test.has_out)
		memcpy(test.out, test.in, test.size);
	for (int i = 0; i < (test.n_flags ? test.n_flags : 1); i++) {
		int flags = test.flags[i];
		const char *skip = *lacks ? lacks
			: flags & COMPLETE && !can_complete ? "TEST_RUN has no CHECKSUM_COMPLETE"
			: test.ctx.ingress_ifindex && !can_ingress ? "TEST_RUN takes no ingress_ifindex"
			: test.ctx.hwtstamp && !can_hwtstamp ? "TEST_RUN takes no hwtstamp"
			: test.size > SHORT && !can_long ? "TEST_RUN takes no packet as long" : NULL;
		char name[300];

		snprintf(name, sizeof(name), "%s%s", test.name, flags & COMPLETE ? " complete" : "");
		if (!skip && prog < 0) {
			note("%s did not load", file);
		} else if (!skip && n_row) {
			compare_with_row(flags);
		} else if (!skip && test.runs) {
			run_sample();
			read_reasons(counted);
		} else if (!skip) {
			run_once(flags);
		}
		report(name, skip);
	}
	*test.name = 0;
}

/* ---- loading --------------------------------------------------------------------- */

/* Does the kernel offer "helper=N" or "field=NAME" to actions? Tried by loading a program. */
static bool has(const char *what)
{
	const char *name = strchr(what, '=') ? strchr(what, '=') + 1 : what;
	bool helper = *what == 'h';
	const struct field *f = helper ? fields : field_named(name);
	int width = f->size == 8 ? BPF_DW : f->size == 4 ? BPF_W : BPF_B;
	struct bpf_insn code[] = {
		helper ? (struct bpf_insn){ .code = BPF_JMP | BPF_CALL, .imm = atoi(name) }
		       : (struct bpf_insn){ .code = BPF_LDX | BPF_MEM | width, .dst_reg = BPF_REG_0,
					    .src_reg = BPF_REG_1, .off = f->offset },
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0 },
		{ .code = BPF_JMP | BPF_EXIT },
	};
	char log[4096] = "";
	LIBBPF_OPTS(bpf_prog_load_opts, opts, .log_level = 1, .log_buf = log, .log_size = sizeof(log));
	int fd = bpf_prog_load(BPF_PROG_TYPE_SCHED_ACT, NULL, "GPL", code, 3, &opts);

	if (fd >= 0)
		close(fd);
	/* if the helper exists, the verifier complains about its arguments at most */
	return fd >= 0 || (helper && !strstr(log, "unknown func") && !strstr(log, "invalid func") &&
			   !strstr(log, "cannot use helper"));
}

/* MAP:N */
static void length(const char *text)
{
	if (n_lengths == sizeof(lengths) / sizeof(*lengths) ||
	    sscanf(text, "%31[^:]:%u", lengths[n_lengths].map, &lengths[n_lengths].n) != 2)
		die("line %d: what is map=%s?", line, text);
	n_lengths++;
}

/* As lib/bpf_libbpf.c of tc: finds the section by strcmp, sets the type, loads no other program. */
static void load(const char *section)
{
	LIBBPF_OPTS(bpf_object_open_opts, opts, .relaxed_maps = true);
	static char log[1 << 20];
	struct bpf_program *p, *found = NULL;
	struct bpf_prog_info info = {};
	__u32 size = sizeof(info);
	char path[4096], name[400], *verified;

	snprintf(path, sizeof(path), "%s/%s", dir, file);
	snprintf(name, sizeof(name), "load %s %s", section, file);
	bpf_object__close(object);
	object = bpf_object__open_file(path, &opts);
	if (!object)
		die("%s: %s", path, strerror(errno));
	bpf_object__for_each_program(p, object) {
		bool match = !found && !strcmp(bpf_program__section_name(p), section);

		bpf_program__set_autoload(p, match);
		bpf_program__set_type(p, BPF_PROG_TYPE_SCHED_ACT);
		if (match)
			found = p;
	}
	if (!found)
		die("%s: no section %s", path, section);
	for (int i = 0; i < n_lengths; i++) {
		struct bpf_map *map = bpf_object__find_map_by_name(object, lengths[i].map);

		if (!map)
			die("%s: no map %s", path, lengths[i].map);
		if (bpf_map__max_entries(map) < lengths[i].n)
			bpf_map__set_max_entries(map, lengths[i].n);
	}
	*log = 0;
	bpf_program__set_flags(found, strict ? BPF_F_STRICT_ALIGNMENT : 0);
	bpf_program__set_log_level(found, /* BPF_LOG_STATS */ 4);
	bpf_program__set_log_buf(found, log, sizeof(log));
	n_before = 0;
	memset(counted, 0, sizeof(counted));
	prog = -1;
	if (!bpf_object__load(object)) {
		prog = bpf_program__fd(found);
		bpf_obj_get_info_by_fd(prog, &info, &size);
		verified = strstr(log, "processed ");
		snprintf(name, sizeof(name), "load %s %s: verified %d, xlated %u bytes", section, file,
			 verified ? atoi(verified + 10) : 0, info.xlated_prog_len);
		*lacks = 0;
	} else if (!*lacks) {
		note("%s\n#   ...%s", strerror(errno), strlen(log) > 2000 ? log + strlen(log) - 2000 : log);
	}
	report(name, *lacks ? lacks : NULL);
}

/* Loads the chain FILE SECTION..., for compare_with_row(). */
static void load_row(void)
{
	while (n_row)
		bpf_object__close(row[--n_row].object);
	memset(row_counted, 0, sizeof(row_counted));
	*lacks = 0;
	for (char *w; n_row < 12 && (w = strtok_r(NULL, " \n", &rest)); n_row++) {
		snprintf(file, sizeof(file), "%s", w);
		load(word());
		row[n_row].object = object;
		row[n_row].prog = prog;
		object = NULL;
	}
}

static void parse(char *text)
{
	char *verb = strtok_r(text, " \n", &rest), *w;

	if (!verb || *verb == '#')
		return;
	if (IS("object") || IS("row") || IS("map") || IS("case"))
		run_case();
	if (IS("reason")) {
		int key;

		w = word();
		key = number();
		if (key < 0 || key >= REASONS)
			die("line %d: reason %d is more than %d", line, key, REASONS - 1);
		snprintf(reason_name[key], sizeof(*reason_name), "%s", w);
	} else if (IS("object")) {
		*lacks = 0;
		snprintf(file, sizeof(file), "%s", word());
		verb = word();
		n_lengths = 0;
		while ((w = strtok_r(NULL, " \n", &rest)))
			if (!strncmp(w, "map=", 4))
				length(w + 4);
			else if (!has(w))
				snprintf(lacks, sizeof(lacks), "kernel without %s", w);
		load(verb);
	} else if (IS("row")) {
		load_row();
	} else if (IS("map")) {
		entry(before, &n_before, sizeof(before) / sizeof(*before));
	} else if (IS("case")) {
		vector_begin();
	} else if (!vector_line(verb)) {
		die("line %d: what is %s?", line, verb);
	}
}

/* Finds out what TEST_RUN of this kernel accepts, with a program that does nothing. */
static void probe(void)
{
	struct bpf_insn code[] = { { .code = BPF_ALU64 | BPF_MOV | BPF_K, .imm = -1 },
				   { .code = BPF_JMP | BPF_EXIT } };
	int fd = bpf_prog_load(BPF_PROG_TYPE_SCHED_ACT, NULL, "GPL", code, 2, NULL);

	if (fd < 0 || test_run(fd, 100, &(struct __sk_buff){}, 0) || got.verdict != -1)
		die("BPF_PROG_TEST_RUN: %s", strerror(errno));
	can_complete = !test_run(fd, 100, &(struct __sk_buff){}, COMPLETE);
	can_ingress = !test_run(fd, 100, &(struct __sk_buff){ .ingress_ifindex = 1 }, 0);
	can_hwtstamp = !test_run(fd, 100, &(struct __sk_buff){ .hwtstamp = 1 }, 0);
	can_long = !test_run(fd, 9100, &(struct __sk_buff){}, 0);
	can_nonlinear = !test_run(fd, 100, &(struct __sk_buff){ .data_end = 60 }, 0);
}

int main(int argc, char **argv)
{
	struct rlimit all = { RLIM_INFINITY, RLIM_INFINITY };
	char *text = NULL;
	bool first = false;
	size_t size = 0;

	for (int option; (option = getopt(argc, argv, "q1sd:")) != -1; ) {
		if (option == 'q')
			quick = true;
		else if (option == '1')
			first = true;
		else if (option == 's')
			strict = true;
		else if (option == 'd')
			dir = optarg;
		else
			die("usage: runner [-q] [-1] [-s] [-d DIR] [FILE]");
	}
	if (optind < argc && !freopen(argv[optind], "r", stdin))
		die("%s: %s", argv[optind], strerror(errno));
	setrlimit(RLIMIT_MEMLOCK, &all);	/* before 5.11, maps and programs count as locked memory */
	if (unshare(CLONE_NEWNET))
		die("no network namespace of its own: %s", strerror(errno));
	lo = socket(AF_INET, SOCK_DGRAM, 0);
	libbpf_set_print(NULL);
	cpus = libbpf_num_possible_cpus();
	if (cpus < 1)
		die("/sys/devices/system/cpu/possible: %s", strerror(-cpus));
	notes = open_memstream(&notes_text, &notes_size);
	probe();
	for (line = 1; !(first && failed) && getline(&text, &size, stdin) > 0; line++)
		parse(text);
	if (!(first && failed))
		run_case();
	if (linear_only)
		report("packets that are not linear", "TEST_RUN makes none");
	printf("1..%d\n%d passed, %d failed, %d skipped\n", cases, passed, failed, skipped);
	return failed != 0;
}
