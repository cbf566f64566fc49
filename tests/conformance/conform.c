// SPDX-License-Identifier: GPL-2.0-only
/*
 * conform: tests statements about BPF_PROG_TYPE_SCHED_ACT on the running kernel.
 *
 *   conform fields                each context field: widths, refusals, values
 *   conform programs FILE [ROWS]  each program of an object: does it load, and does it work
 *   conform offered ROWS          are these helpers offered to this type
 *   conform codes PINS            what each return code does; the filters must be attached
 *   conform wire PINS             the context of a real packet; helpers that need one
 *   conform link PIN              attachment by other means than netlink
 *   conform arrives               does a marked packet pass the page's device: yes or no
 *
 * ROWS is a file of rows/. Needs root, and the devices and files that `guest` makes. Prints a line for
 * each row, ROW<TAB>STATUS<TAB>DETAIL. STATUS is
 *
 *   proven    it loads, and does what it should
 *   absent    this kernel does not have it, for this type; DETAIL: how this was seen
 *   refused   this kernel has it, but does not allow it for this type; DETAIL: its message
 *   seen      DETAIL is what was seen; rows/ says what is right
 *   wrong     anything else
 *
 * The section of a program is its row. It returns 0 if everything was right, ABSENT if a weak symbol is
 * missing, CALLED if it could not check the result, LATER if a callback will report, or else the line of
 * the source where something was wrong.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <linux/perf_event.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <netinet/ip.h>
#include <netinet/tcp.h>
#include <netpacket/packet.h>
#include <poll.h>
#include <sched.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/fsuid.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>
#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include "codes.h"
#include "known.h"
#include "wire.h"

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

static void result(const char *row, const char *status, const char *form, ...)
{
	va_list args;

	va_start(args, form);
	printf("%s\t%s\t", row, status);
	vprintf(form, args);
	printf("\n");
	fflush(stdout);
}

static void die(const char *what)
{
	fprintf(stderr, "conform: %s: %s\n", what, strerror(errno));
	exit(2);
}

/* ---- loading and running ----------------------------------------------------------- */

static char verifier_log[1 << 20];

/* Loads as tc does: sets the type and nothing else. */
static int load(const struct bpf_insn *code, size_t count, const struct bpf_prog_load_opts *from)
{
	LIBBPF_OPTS(bpf_prog_load_opts, opts, .log_buf = verifier_log,
		    .log_size = sizeof(verifier_log), .log_level = 1);

	if (from) {
		opts = *from;
		opts.log_buf = verifier_log;
		opts.log_size = sizeof(verifier_log);
		opts.log_level = 1;
	}
	verifier_log[0] = 0;
	return bpf_prog_load(BPF_PROG_TYPE_SCHED_ACT, "conform", "GPL", code, count, &opts);
}

/* The verifier's message: the last line that is neither state nor statistics. */
static void reason(char words[512])
{
	static const char *const noise[] = {
		"processed ", "verification time", "stack depth", "insns_processed", "mark_precise",
		"parent", "regs=", "last_idx", "arg#", "max_states", "from ", "R0", "R1", ";", "frame" };
	char *line = verifier_log, *next;

	snprintf(words, 512, "%s", strerror(errno));
	for (; *line; line = next) {
		bool skip = line[0] >= '0' && line[0] <= '9' && strstr(line, ": (");
		size_t length = strcspn(line, "\n");

		next = line + length + !!line[length];
		for (size_t i = 0; i < ARRAY_SIZE(noise); i++)
			/* "R1 type=..." is a message, "R1=ctx() ..." is a state */
			skip |= !strncmp(line, noise[i], strlen(noise[i])) &&
				(noise[i][0] != 'R' || line[2] == '=' || line[2] == '_');
		if (!skip && length)
			snprintf(words, 512, "%.*s", (int)(length < 500 ? length : 500), line);
	}
	for (char *c = words; *c; c++)
		if (*c == '\t')
			*c = ' ';
}

static unsigned char packet[KNOWN_LENGTH];

static __u32 sum(const void *data, size_t length, __u32 sum)
{
	const unsigned char *bytes = data;

	for (size_t i = 0; i < length; i++)
		sum += bytes[i] << (i & 1 ? 0 : 8);
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return sum;
}

static void make_packet(void)
{
	struct ether_header *eth = (void *)packet;
	struct iphdr *ip = (void *)(eth + 1);
	struct tcphdr *tcp = (void *)(ip + 1);
	struct { __be32 from, to; __be16 proto, length; } pseudo;

	eth->ether_type = htons(ETHERTYPE_IP);
	*ip = (struct iphdr){ .version = 4, .ihl = 5, .tos = 1 /* ECT(1) */, .ttl = 64,
			      .protocol = IPPROTO_TCP, .tot_len = htons(KNOWN_LENGTH - ETH_HLEN) };
	ip->saddr = ip->daddr = htonl(INADDR_LOOPBACK);
	ip->check = htons(~sum(ip, sizeof(*ip), 0));
	*tcp = (struct tcphdr){ .source = htons(KNOWN_PORT + 1), .dest = htons(KNOWN_PORT),
				.seq = htonl(1000), .doff = 5, .syn = 1, .window = htons(1024) };
	memcpy(tcp + 1, KNOWN_TEXT, sizeof(KNOWN_TEXT));
	pseudo = (typeof(pseudo)){ ip->saddr, ip->daddr, htons(IPPROTO_TCP),
				   htons(KNOWN_LENGTH - ETH_HLEN - sizeof(*ip)) };
	tcp->check = htons(~sum(tcp, ntohs(pseudo.length), sum(&pseudo, sizeof(pseudo), 0)));
}

static __u32 run_flags;	/* of BPF_PROG_TEST_RUN */

/*
 * Runs a program on the known packet, with as much of its metadata as the kernel accepts. It is a GSO
 * packet only if @gso, as some helpers treat such packets differently.
 */
static int test_run(int fd, bool gso, __u32 *value)
{
	unsigned char out[2 * KNOWN_LENGTH];
	struct __sk_buff ctx = {
		.mark = KNOWN_MARK, .priority = KNOWN_PRIORITY, .ifindex = 1, .ingress_ifindex = 1,
		.cb = { 1, 2, 3, 4, 5 }, .tstamp = KNOWN_TSTAMP, .wire_len = KNOWN_WIRE,
		.gso_segs = gso ? KNOWN_SEGS : 0, .gso_size = gso ? KNOWN_SIZE : 0, .hwtstamp = KNOWN_HWTSTAMP };
	LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = packet, .data_size_in = sizeof(packet),
		    .data_out = out, .data_size_out = sizeof(out),
		    .ctx_in = &ctx, .ctx_size_in = sizeof(ctx), .repeat = 1,
		    .flags = run_flags);
	int err = bpf_prog_test_run_opts(fd, &opts);

	if (err == -EINVAL || err == -E2BIG) {	/* Linux 5.10 does not take these two */
		ctx.ingress_ifindex = ctx.hwtstamp = 0;
		err = bpf_prog_test_run_opts(fd, &opts);
	}
	*value = opts.retval;
	return err;
}

#include "fields.h"
#include "hooks.h"
#include "codes_run.h"

/* ---- programs of an object --------------------------------------------------------- */

#define NO_SYMBOL "no such symbol in the kernel's BTF"

static const char *rows;	/* rows/helpers.tsv, for the numbers of helpers */

static int number_of(const char *helper)
{
	FILE *file = rows ? fopen(rows, "r") : NULL;
	char line[256], name[64];
	int number = -1, n;

	while (file && number < 0 && fgets(line, sizeof(line), file))
		if (sscanf(line, "%63s %d", name, &n) == 2 && !strcmp(name, helper))
			number = n;
	if (file)
		fclose(file);
	return number;
}

/* The BTF id of a function of the kernel; negative if there is none. */
static int kfunc_id(const char *name)
{
	static struct btf *btf;

	if (!btf)
		btf = btf__load_vmlinux_btf();
	return btf__find_by_name_kind(btf, name, BTF_KIND_FUNC);
}

/* Does the kernel lack, for this type, the subject of @row? Tried without the program. */
static bool absent(const char *row, char words[512])
{
	int number = number_of(strchr(row, '/') + 1);
	char own[512];

	if (number > 0) {
		const struct bpf_insn call[] = { CALL(number), EXIT };

		close(load(call, ARRAY_SIZE(call), NULL));
		reason(own);
		if (strstr(own, "invalid func unknown") || strstr(own, "unknown func") ||
		    strstr(own, "cannot use helper")) {
			strcpy(words, own);
			return true;
		}
	}
	if (strstr(words, "invalid func unknown"))
		return true;
	/* of a helper that has no row in that file; of pointers before Linux 6.4, and callbacks before 5.13 */
	if (!strncmp(row, "again/", 6) &&
	    (strstr(words, "cannot use helper") || strstr(words, "unknown func") ||
	     strstr(words, "kptr isn't referenced kptr") || strstr(words, "number of funcs in func_info")))
		return true;
	if ((!strncmp(row, "kfunc/", 6) || !strncmp(row, "direct/", 7)) && kfunc_id(strchr(row, '/') + 1) < 0) {
		strcpy(words, NO_SYMBOL);
		return true;
	}
	/* only a name is left in BTF; no CONFIG_KALLSYMS_ALL */
	return strstr(words, "cannot find address for kernel function") ||
	       strstr(words, "failed to find the address");
}

/* Does the program call the subject of its row? Only then it proves anything. */
static bool calls(const struct bpf_program *prog, const char *row)
{
	const struct bpf_insn *code = bpf_program__insns(prog), *end = code + bpf_program__insn_cnt(prog);
	const char *name = strchr(row, '/') + 1;
	bool kfunc = !strncmp(row, "kfunc/", 6) || !strncmp(row, "direct/", 7);
	int id = kfunc ? kfunc_id(name) : number_of(name);
	bool found = id < 0;	/* an offset: it is in a module, whose BTF has other numbers */

	for (; code < end; code++)
		found |= code->code == (BPF_JMP | BPF_CALL) &&
			 code->src_reg == (kfunc ? BPF_PSEUDO_KFUNC_CALL : 0) && (code->imm == id || code->off);
	return found;
}

/* Gives libbpf a program that always loads, instead of @prog, which was already loaded here. */
static int put_nothing(struct bpf_program *prog, struct bpf_prog_load_opts *opts)
{
	static struct bpf_insn nothing[] = { SET(0, 0), EXIT };

	/* The BTF describes the program that was replaced. */
	opts->prog_btf_fd = 0;
	opts->func_info = opts->line_info = NULL;
	opts->func_info_cnt = opts->line_info_cnt = 0;
	return bpf_program__set_insns(prog, nothing, ARRAY_SIZE(nothing));
}

/*
 * libbpf calls this when a program is ready to load. It is loaded, tested and closed here, so that a
 * program that is refused does not end the load of the object.
 */
static int judge(struct bpf_program *prog, struct bpf_prog_load_opts *opts, long cookie)
{
	const char *row = bpf_program__section_name(prog);
	const struct hook *hook = hook_of(row);
	char words[512];
	bool late;
	int fd, err;
	__u32 value = 0;

	(void)cookie;
	if (!strcmp(row, "again/sleepable"))
		opts->prog_flags |= BPF_F_SLEEPABLE;
	fd = load(bpf_program__insns(prog), bpf_program__insn_cnt(prog), opts);
	opts->prog_flags &= ~BPF_F_SLEEPABLE;
	if (fd < 0) {
		reason(words);
		result(row, absent(row, words) ? "absent" : "refused", "%s", words);
	} else {
		const char *trouble = hook && hook->before ? hook->before() : NULL;

		judged = fd;
		err = trouble ? 0 : test_run(fd, false, &value);
		run_flags = 0;
		late = !err && value == LATER;
		if (late)
			trouble = told(&value);
		if (!trouble && !err && !value && hook && hook->after)
			trouble = hook->after();
		if (trouble)
			result(row, "wrong", "%s", trouble);
		else if (err)
			result(row, "wrong", "BPF_PROG_TEST_RUN: %s", strerror(-err));
		else if (value == ABSENT)
			result(row, "absent", NO_SYMBOL);
		else if (!calls(prog, row))
			result(row, "wrong", "it does not call it");
		else if (value == CALLED)
			result(row, "proven", "called%s, not looked at", late ? " in a callback" : "");
		else if (value)
			result(row, "wrong", "the check in line %u failed", value);
		else
			result(row, "proven", "%s", late ? "in a callback" : "");
		close(fd);
	}
	return put_nothing(prog, opts);
}

/* Runs the preparation for other programs, as a program of type SYSCALL; it is no row. */
static int set_up(struct bpf_program *prog, struct bpf_prog_load_opts *opts, long cookie)
{
	LIBBPF_OPTS(bpf_test_run_opts, run);
	struct bpf_prog_load_opts own = *opts;
	int fd;

	(void)cookie;
	own.prog_flags |= BPF_F_SLEEPABLE;
	own.log_buf = verifier_log;
	own.log_size = sizeof(verifier_log);
	own.log_level = 1;
	fd = bpf_prog_load(BPF_PROG_TYPE_SYSCALL, "conform", "GPL", bpf_program__insns(prog),
			   bpf_program__insn_cnt(prog), &own);
	if (fd >= 0 && bpf_prog_test_run_opts(fd, &run) == 0 && run.retval && run.retval != ABSENT)
		fprintf(stderr, "conform: %s: %s\n", bpf_program__section_name(prog), strerror(run.retval));
	else if (fd < 0 && getenv("VERBOSE"))
		fprintf(stderr, "%s", verifier_log);
	close(fd);
	return put_nothing(prog, opts);
}

static int quiet(enum libbpf_print_level level, const char *form, va_list args)
{
	return getenv("VERBOSE") || level == LIBBPF_WARN ? vfprintf(stderr, form, args) : 0;
}

static void programs(const char *file)
{
	LIBBPF_OPTS(libbpf_prog_handler_opts, handler, .prog_prepare_load_fn = judge);
	LIBBPF_OPTS(libbpf_prog_handler_opts, first, .prog_prepare_load_fn = set_up);
	struct bpf_map *map;

	libbpf_set_print(quiet);
	if (libbpf_register_prog_handler("helper+", BPF_PROG_TYPE_SCHED_ACT, 0, &handler) < 0 ||
	    libbpf_register_prog_handler("kfunc+", BPF_PROG_TYPE_SCHED_ACT, 0, &handler) < 0 ||
	    libbpf_register_prog_handler("setup+", BPF_PROG_TYPE_SCHED_ACT, 0, &first) < 0 ||
	    libbpf_register_prog_handler("again+", BPF_PROG_TYPE_SCHED_ACT, 0, &handler) < 0 ||
	    libbpf_register_prog_handler("direct+", BPF_PROG_TYPE_SCHED_ACT, 0, &handler) < 0 ||
	    libbpf_register_prog_handler("self+", BPF_PROG_TYPE_SCHED_ACT, 0, &handler) < 0)
		die("libbpf_register_prog_handler");
	object = bpf_object__open(file);
	if (!object)
		die(file);
	/* A program whose map this kernel cannot make is shown by libbpf as such. */
	bpf_object__for_each_map(map, object) {
		int type = bpf_map__type(map);
		LIBBPF_OPTS(bpf_map_create_opts, opts, .map_flags = bpf_map__map_flags(map),
			    .map_extra = bpf_map__map_extra(map));
		int fd = bpf_map_create(type, NULL, bpf_map__key_size(map), bpf_map__value_size(map),
					bpf_map__max_entries(map), &opts);

		if (type == 33 /* BPF_MAP_TYPE_ARENA */)
			bpf_map__set_map_extra(map, 1ULL << 44);	/* where user space would see it */
		/* -EINVAL says that the type is unknown, or only that it needs BTF */
		if (fd < 0 && type != BPF_MAP_TYPE_SK_STORAGE && libbpf_probe_bpf_map_type(type, NULL) != 1)
			bpf_map__set_autocreate(map, false);
		if (fd >= 0)
			close(fd);
	}
	prepare_known();
	if (bpf_object__load(object))
		die("bpf_object__load");
	bpf_object__close(object);
}

/* The helpers that the page does not list: does the kernel offer them to this type? */
static void offered(const char *file)
{
	FILE *table = fopen(file, "r");
	char line[256], name[64], row[96], words[512];

	rows = file;
	while (table && fgets(line, sizeof(line), table)) {
		if (line[0] == '#' || sscanf(line, "%63s", name) != 1)
			continue;
		snprintf(row, sizeof(row), "unlisted/%s", name);
		if (absent(row, strcpy(words, "")))
			result(row, "absent", "%s", words);
		else if (reason(words), strstr(words, "sleep"))
			result(row, "seen", "offered, to what may sleep");
		else
			result(row, "seen", "offered");
	}
}

/* Tries every way to attach except netlink. */
static void by_link(const char *pin)
{
	/* the type for which the hook is meant: if such a program is refused, the kernel lacks the hook */
	static const struct { const char *name; int hook; enum bpf_prog_type type; const char *at; } hooks[] = {
		{ "tcx-ingress", 46, BPF_PROG_TYPE_SCHED_CLS, "eth1" },		/* Linux 6.6 */
		{ "tcx-egress", 47, BPF_PROG_TYPE_SCHED_CLS, "eth1" },
		{ "netkit", 54, BPF_PROG_TYPE_SCHED_CLS, "netkit" },		/* Linux 6.7 */
		{ "xdp", BPF_XDP, BPF_PROG_TYPE_XDP, "eth1" },
		{ "cgroup", BPF_CGROUP_INET_EGRESS, BPF_PROG_TYPE_CGROUP_SKB, NULL } };
	const struct bpf_insn code[] = { SET(0, 1), EXIT };
	int prog = bpf_obj_get(pin);
	char row[64];

	if (prog < 0)
		die(pin);
	enter_cgroup();
	for (size_t i = 0; i < ARRAY_SIZE(hooks); i++) {
		LIBBPF_OPTS(bpf_prog_load_opts, opts, .expected_attach_type = hooks[i].hook);
		int at = hooks[i].at ? (int)if_nametoindex(hooks[i].at) : open(cgroup, O_RDONLY | O_DIRECTORY);
		int control = bpf_prog_load(hooks[i].type, "control", "GPL", code, ARRAY_SIZE(code), &opts);
		int there = bpf_link_create(control, at, hooks[i].hook, NULL), link, err;

		close(there);	/* some hooks take one only */
		link = bpf_link_create(prog, at, hooks[i].hook, NULL);
		err = bpf_prog_attach(prog, at, hooks[i].hook, 0);
		snprintf(row, sizeof(row), "attach/%s", hooks[i].name);
		if (link >= 0 || !err)
			result(row, "proven", "");
		else if (there < 0)
			result(row, "absent", "another type is let in no more: %s", strerror(-there));
		else
			result(row, "refused", "BPF_LINK_CREATE: %s; BPF_PROG_ATTACH: %s", strerror(-link), strerror(-err));
	}
}

int main(int argc, char **argv)
{
	struct rlimit unlimited = { RLIM_INFINITY, RLIM_INFINITY };

	setrlimit(RLIMIT_MEMLOCK, &unlimited);	/* Linux 5.10 counts maps and programs */
	make_packet();
	if (argc == 2 && !strcmp(argv[1], "fields")) {
		struct btf *btf = btf__load_vmlinux_btf();

		for (size_t i = 0; i < ARRAY_SIZE(fields); i++)
			field(btf, &fields[i]);
	} else if (argc >= 3 && argc <= 4 && !strcmp(argv[1], "programs")) {
		rows = argv[3];
		programs(argv[2]);
	} else if (argc == 3 && !strcmp(argv[1], "codes")) {
		all_codes(argv[2]);
	} else if (argc == 3 && !strcmp(argv[1], "wire")) {
		all_wire(argv[2]);
	} else if (argc == 3 && !strcmp(argv[1], "offered")) {
		offered(argv[2]);
	} else if (argc == 3 && !strcmp(argv[1], "link")) {
		by_link(argv[2]);
	} else if (argc == 2 && !strcmp(argv[1], "arrives")) {
		arrives();
	} else {
		fprintf(stderr, "usage: see the head of conform.c\n");
		return 2;
	}
	return 0;
}
