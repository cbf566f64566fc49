// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the programs need around them: a cgroup for the process, sockets that listen, devices
 * (tests/conformance/guest makes those); and what is done before a program runs, or checked after it
 * because the program itself cannot see it.
 */
#define CHECKSUM_COMPLETE (1U << 2)	/* BPF_F_TEST_SKB_CHECKSUM_COMPLETE */

static struct bpf_object *object;
static struct known known;
static char text[] = KNOWN_TEXT;
static char mounts[] = "/tmp/conform.XXXXXX", unified[64], cgroup[96];

static int map(const char *name)
{
	return bpf_object__find_map_fd_by_name(object, name);
}

static bool put(const char *path, const char *form, ...)
{
	FILE *file = fopen(path, "w");
	va_list args;

	if (!file)
		return false;
	va_start(args, form);
	vfprintf(file, form, args);
	va_end(args);
	return !fclose(file);
}

static __u64 inode(const char *path)
{
	struct stat st;

	if (stat(path, &st))
		die(path);
	return st.st_ino;
}

static void leave(void)
{
	char procs[128];

	snprintf(procs, sizeof(procs), "%s/cgroup.procs", unified);
	put(procs, "0");
	rmdir(cgroup);
	umount2(unified, MNT_DETACH);
	rmdir(unified);
	rmdir(mounts);
}

/* Mounts are in our own mount namespace, so that none is left if we are killed. A cgroup may be left. */
static void enter_cgroup(void)
{
	char procs[128];

	if (unshare(CLONE_NEWNS) || mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) ||
	    !mkdtemp(mounts))
		die("a mount namespace");
	snprintf(unified, sizeof(unified), "%s/unified", mounts);
	snprintf(cgroup, sizeof(cgroup), "%s/conform.%d", unified, getpid());
	snprintf(procs, sizeof(procs), "%s/cgroup.procs", cgroup);
	if (mkdir(unified, 0700) || mount("cgroup2", unified, "cgroup2", 0, NULL) ||
	    mkdir(cgroup, 0700) || !put(procs, "0"))
		die(cgroup);
	known.cgroup = inode(cgroup);
	known.parent_cgroup = inode(unified);
	atexit(leave);
}

static void listen_on(int type)
{
	struct sockaddr_in address = { .sin_family = AF_INET, .sin_port = htons(KNOWN_PORT),
				       .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int fd = socket(AF_INET, type, 0);

	if (fd < 0 || bind(fd, (void *)&address, sizeof(address)) ||
	    (type == SOCK_STREAM && listen(fd, 8)))
		die("127.0.0.1:7000; is lo up?");
	if (type == SOCK_STREAM) {
		socklen_t length = sizeof(known.netns_cookie);

		getsockopt(fd, SOL_SOCKET, 71 /* SO_NETNS_COOKIE */, &known.netns_cookie, &length);
	}
}

static bool can_be_complete(void)
{
	const struct bpf_insn code[] = { SET(0, 0), EXIT };
	int fd = load(code, ARRAY_SIZE(code), NULL), err;
	__u32 value;

	run_flags = CHECKSUM_COMPLETE;
	err = test_run(fd, false, &value);
	run_flags = 0;
	close(fd);
	return !err;
}

static void prepare_known(void)
{
	struct timespec tai, monotonic;
	struct stat ns;
	cpu_set_t cpus;
	struct bpf_map *m;

	enter_cgroup();
	listen_on(SOCK_STREAM);
	listen_on(SOCK_DGRAM);
	put("/proc/sys/net/ipv4/tcp_syncookies", "2");
	/* the last CPU, so that 0 is not right by chance where there are several */
	CPU_ZERO(&cpus);
	known.cpu = sysconf(_SC_NPROCESSORS_ONLN) - 1;
	CPU_SET(known.cpu, &cpus);
	if (sched_setaffinity(0, sizeof(cpus), &cpus) || stat("/proc/self/ns/pid", &ns) ||
	    clock_gettime(CLOCK_TAI, &tai) || clock_gettime(CLOCK_MONOTONIC, &monotonic))
		die("what programs shall know");
	known.pid_dev = ns.st_dev;
	known.pid_ino = ns.st_ino;
	known.pid = getpid();
	known.tai = tai.tv_sec * 1000000000ULL + tai.tv_nsec;
	known.monotonic = monotonic.tv_sec * 1000000000ULL + monotonic.tv_nsec;
	known.word = (unsigned long)text;
	known.out = if_nametoindex("out0");
	known.complete = can_be_complete();
	m = bpf_object__find_map_by_name(object, ".data.known");
	if (m && bpf_map__set_initial_value(m, &known, sizeof(known)))
		die(".data.known");
}

/* ---- what is done before and after a program: an error, or NULL ---------------------- */

static int tap = -1;

static const char *tap_open(void)
{
	struct sockaddr_ll lo = { .sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_ALL),
				  .sll_ifindex = 1 };

	tap = socket(AF_PACKET, SOCK_RAW | SOCK_NONBLOCK, htons(ETH_P_ALL));
	return tap < 0 || bind(tap, (void *)&lo, sizeof(lo)) ? "cannot listen on lo" : NULL;
}

static const char *tap_read(void)
{
	struct pollfd wait = { tap, POLLIN, 0 };
	char frame[2 * KNOWN_LENGTH];
	ssize_t n = poll(&wait, 1, 2000) == 1 ? recv(tap, frame, sizeof(frame), 0) : -1;

	close(tap);
	return n == KNOWN_LENGTH && !memcmp(frame, packet, n) ? NULL : "the packet was not sent";
}

static const char *complete(void)
{
	run_flags = known.complete ? CHECKSUM_COMPLETE : 0;
	return NULL;
}

static struct perf_event_mmap_page *ring;

static const char *perf_open(void)
{
	struct perf_event_attr attr = {
		.type = PERF_TYPE_SOFTWARE, .config = PERF_COUNT_SW_BPF_OUTPUT, .size = sizeof(attr),
		.sample_type = PERF_SAMPLE_RAW, .wakeup_events = 1 };
	int fd = syscall(SYS_perf_event_open, &attr, -1, known.cpu, -1, 0);
	int key = known.cpu;

	ring = mmap(NULL, 2 * getpagesize(), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	return fd < 0 || ring == MAP_FAILED || bpf_map_update_elem(map("perf"), &key, &fd, 0) ?
	       "no perf event" : NULL;
}

static const char *perf_read(void)
{
	const char *data = (char *)ring + getpagesize();

	return ring->data_head && memmem(data, ring->data_head, KNOWN_TEXT, sizeof(KNOWN_TEXT)) ?
	       NULL : "nothing in the perf buffer";
}

static int consumed;

static int consume(void *ctx, void *data, size_t size)
{
	(void)ctx;
	consumed += size >= 8 && *(__u64 *)data == KNOWN_TSTAMP;
	return 0;
}

static const char *ringbuf(int expected)
{
	struct ring_buffer *rb = ring_buffer__new(map("ring"), consume, NULL, NULL);

	consumed = 0;
	if (!rb || ring_buffer__consume(rb) != expected || consumed != expected)
		return expected ? "not one record came" : "a record came";
	ring_buffer__free(rb);
	return NULL;
}

static const char *ringbuf_one(void) { return ringbuf(1); }
static const char *ringbuf_none(void) { return ringbuf(0); }

static const char *user_ring(void)
{
	struct user_ring_buffer *rb = user_ring_buffer__new(map("user_ring"), NULL);
	__u64 *sample = rb ? user_ring_buffer__reserve(rb, 8) : NULL;

	if (!sample)
		return "no user ring buffer";
	*sample = KNOWN_TSTAMP;
	user_ring_buffer__submit(rb, sample);
	return NULL;
}

static const char *jump_target(void)
{
	const struct bpf_insn code[] = { SET(0, 0), EXIT };
	int fd = load(code, ARRAY_SIZE(code), NULL), key = 1;

	return fd < 0 || bpf_map_update_elem(map("jumps"), &key, &fd, 0) ? "no target" : NULL;
}

static const char *cgroup_slot(void)
{
	int fd = open(cgroup, O_RDONLY | O_DIRECTORY), key = 0;

	return fd < 0 || bpf_map_update_elem(map("cgroups"), &key, &fd, 0) ? "no slot" : NULL;
}

/* On Linux 5.10, sockets have no cgroup2 after this, so it comes last. */
static const char *classid(void)
{
	static char path[128], net_cls[96];

	if (*path)
		return NULL;
	snprintf(net_cls, sizeof(net_cls), "%s/net_cls", mounts);
	if (mkdir(net_cls, 0700) || mount("net_cls", net_cls, "cgroup", 0, "net_cls"))
		return "cannot mount net_cls";
	snprintf(path, sizeof(path), "%s/conform.%d", net_cls, getpid());
	mkdir(path, 0700);
	snprintf(path, sizeof(path), "%s/conform.%d/net_cls.classid", net_cls, getpid());
	if (!put(path, "%u", KNOWN_CLASSID))
		return "cannot set a classid";
	snprintf(path, sizeof(path), "%s/conform.%d/cgroup.procs", net_cls, getpid());
	return put(path, "0") ? NULL : "cannot enter net_cls";
}

static const char *classid_leave(void)
{
	char path[128];

	snprintf(path, sizeof(path), "%s/net_cls/cgroup.procs", mounts);
	put(path, "0");
	snprintf(path, sizeof(path), "%s/net_cls/conform.%d", mounts, getpid());
	rmdir(path);
	snprintf(path, sizeof(path), "%s/net_cls", mounts);
	umount2(path, MNT_DETACH);
	rmdir(path);
	return NULL;
}

/* A timer or a work queue runs later, and counts in the map `fired`. */
static const char *fired(void)
{
	const struct timespec tick = { .tv_nsec = 1000000 };
	__u32 key = 0;
	__u64 count = 0;

	for (int i = 0; i < 3000 && !count; i++) {
		bpf_map_lookup_elem(map("fired"), &key, &count);
		nanosleep(&tick, NULL);
	}
	bpf_map_update_elem(map("fired"), &key, &(__u64){ 0 }, 0);
	return count ? NULL : "the callback was not called";
}

/* The value, plus 1, that a callback returned; `tell` of wq.bpf.c stores it. */
static const char *told(__u32 *value)
{
	const struct timespec tick = { .tv_nsec = 1000000 };
	__u32 key = 0;
	__u64 outcome = 0;

	for (int i = 0; i < 3000 && !outcome; i++) {
		nanosleep(&tick, NULL);
		bpf_map_lookup_elem(map("told"), &key, &outcome);
	}
	bpf_map_update_elem(map("told"), &key, &(__u64){ 0 }, 0);
	*value = outcome - 1;
	return outcome ? NULL : "the callback was not called";
}

static int judged;	/* the program that is looked at */

/* The kernel frees pages of an arena later, so the program is run until it gets one. */
static const char *again(void)
{
	const struct timespec tick = { .tv_nsec = 1000000 };
	__u32 value = 1;

	for (int i = 0; i < 3000 && value; i++) {
		nanosleep(&tick, NULL);
		if (test_run(judged, false, &value) || (value == LATER && told(&value)))
			return "it could not be run the second time";
	}
	return value ? "it never succeeded again" : NULL;
}

/* The cgroup of the process then has one of the memory controller: an iteration finds more than the root. */
static const char *memory(void)
{
	char path[128];

	snprintf(path, sizeof(path), "%s/cgroup.subtree_control", unified);
	return put(path, "+memory") ? NULL : "no memory controller in cgroup2";
}

static const char *memory_leave(void)
{
	char path[128];

	snprintf(path, sizeof(path), "%s/cgroup.subtree_control", unified);
	return put(path, "-memory") ? NULL : "cannot disable the memory controller";
}

static char tracing[64];

static const char *trace_open(void)
{
	char path[128];

	snprintf(tracing, sizeof(tracing), "%s/tracing", mounts);
	if (mkdir(tracing, 0700) || mount("tracefs", tracing, "tracefs", 0, NULL))
		return "cannot mount tracefs";
	snprintf(path, sizeof(path), "%s/events/bpf_trace/bpf_trace_printk/enable", tracing);
	return put(path, "1") ? NULL : "cannot enable the event";
}

static const char *traced(const char *word)
{
	static char trace[1 << 22];
	char path[128], expected[64];
	FILE *file;
	size_t n = 0;

	snprintf(path, sizeof(path), "%s/trace", tracing);
	snprintf(expected, sizeof(expected), "tcact %s %u", word, known.pid);
	file = fopen(path, "r");
	if (file) {
		n = fread(trace, 1, sizeof(trace) - 1, file);
		fclose(file);
	}
	trace[n] = 0;
	umount2(tracing, MNT_DETACH);
	rmdir(tracing);
	return strstr(trace, expected) ? NULL : "it is not in the trace";
}

static const char *trace_printed(void) { return traced("printed"); }
static const char *trace_vprinted(void) { return traced("vprinted"); }

static const struct hook {
	const char *row;
	const char *(*before)(void), *(*after)(void);
} hooks[] = {
	{ "helper/bpf_clone_redirect", tap_open, tap_read },
	{ "helper/bpf_csum_update", complete, NULL },
	{ "helper/bpf_get_cgroup_classid", classid, NULL },
	{ "helper/bpf_skb_cgroup_classid", classid, classid_leave },
	{ "helper/bpf_perf_event_output", perf_open, perf_read },
	{ "helper/bpf_ringbuf_output", NULL, ringbuf_one },
	{ "helper/bpf_ringbuf_submit", NULL, ringbuf_one },
	{ "helper/bpf_ringbuf_reserve", NULL, ringbuf_one },
	{ "helper/bpf_ringbuf_discard", NULL, ringbuf_none },
	{ "helper/bpf_ringbuf_submit_dynptr", NULL, ringbuf_one },
	{ "helper/bpf_ringbuf_reserve_dynptr", NULL, ringbuf_one },
	{ "helper/bpf_ringbuf_discard_dynptr", NULL, ringbuf_none },
	{ "helper/bpf_ringbuf_query", NULL, ringbuf_one },
	{ "helper/bpf_skb_under_cgroup", cgroup_slot, NULL },
	{ "helper/bpf_tail_call", jump_target, NULL },
	{ "helper/bpf_timer_start", NULL, fired },
	{ "helper/bpf_timer_set_callback", NULL, fired },
	{ "kfunc/bpf_iter_css_new", memory, memory_leave },
	{ "kfunc/bpf_iter_css_next", memory, memory_leave },
	{ "kfunc/bpf_iter_css_destroy", memory, memory_leave },
	{ "kfunc/bpf_arena_free_pages", NULL, again },
	{ "helper/bpf_trace_printk", trace_open, trace_printed },
	{ "helper/bpf_trace_vprintk", trace_open, trace_vprinted },
	{ "helper/bpf_user_ringbuf_drain", user_ring, NULL },
	{ "self/nothing-happened", NULL, ringbuf_one },
	{ "kfunc/bpf_wq_start", NULL, fired },
	{ "kfunc/bpf_wq_set_callback_impl", NULL, fired },
};

static const struct hook *hook_of(const char *row)
{
	for (size_t i = 0; i < ARRAY_SIZE(hooks); i++)
		if (!strcmp(row, hooks[i].row))
			return &hooks[i];
	return NULL;
}
