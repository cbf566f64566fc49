// SPDX-License-Identifier: GPL-2.0-only
/*
 * fuzz [-s SECONDS] [-n RUNS] [-S SEED] [-c CORPUS] [-j JOBS] [-1] [-d DIR] [-v VECTORS] [ACTION...]
 *
 * Runs actions with random parameters on mutations of known packets, by BPF_PROG_TEST_RUN. An
 * oracle says what must come out. It was written from the RFCs and docs/man, and shares no code
 * with include/tcact. `make fuzz` calls this program.
 *
 *   -s SECONDS   run for so long (60)
 *   -n RUNS      run so many executions instead; with -j 1 they are the same on each machine
 *   -S SEED      a number: each job then does the same executions in the same order (1)
 *   -c CORPUS    a directory of pcap files; their packets are mutated too
 *   -j JOBS      processes (as many as there are CPUs)
 *   -1           stop at the first fault
 *   -d DIR       where the objects and tests/actions are (build)
 *   -v VECTORS   where *.vectors of tests/unit are (build/tests/vectors)
 *   ACTION       only these actions
 *
 * The files: packet.c parses, oracle_*.c say what must come out, judge.c compares, mutate.c makes
 * packets, object.c makes objects, seeds.c reads packets. This file has the processes, and handles
 * faults: it makes packet, metadata and parameters simpler as long as the same fault occurs, and
 * prints the result as a line "replay ...", which tests/unit/replay accepts. The same fault of the
 * same action is printed three times at most.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <net/if.h>
#include <sched.h>
#include <signal.h>
#include <time.h>
#include <unistd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <bpf/bpf.h>
#include "fuzz.h"

#define EXECUTIONS 4096		/* of one object */
#define BATCH 256		/* executions between two checks of the counters */
#define REPORTS_MAX 3		/* how often the same fault is printed */
#define KINDS 256

/* Shared by the processes. */
static struct shared {
	uint64_t runs[64], objects, refused, failed;
	uint64_t runs_of[64], changed_of[64];
	struct { uint64_t key; uint32_t n; } kind[KINDS];
} *shared;

static double seconds = 60;
static uint64_t most, seed = 1, began;
static int jobs, job;
static bool first;

static uint64_t mix(uint64_t x)
{
	x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9;
	x = (x ^ x >> 27) * 0x94d049bb133111eb;
	return x ^ x >> 31;
}

void rng_seed(struct rng *rng, uint64_t s, uint64_t more)
{
	rng->a = mix(s + 0x9e3779b97f4a7c15 * (more + 1));
	rng->b = mix(rng->a + 0x9e3779b97f4a7c15);
}

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec + t.tv_nsec / 1e9;
}

/* ---- faults, made simpler ------------------------------------------------------------------- */

/* Does the same fault still occur? */
static bool same(struct run *r, const char *what)
{
	uint16_t type = get16(r->in + 12);

	if (r->length < 14 || (type == 0x0800 && r->length < 34) || (type == 0x86dd && r->length < 54))
		return false;
	return !judge(r) && r->what == what;
}

#define TRY(lvalue, to) do { \
	__typeof__(lvalue) old_ = (lvalue); \
	if (old_ != (to)) { \
		(lvalue) = (to); \
		if (!same(r, what)) \
			(lvalue) = old_; \
	} \
} while (0)

static void shrink_packet(struct run *r, const char *what)
{
	TRY(r->flags, 0);
	TRY(r->more.vlan_proto, 0);
	TRY(r->more.vlan_tci, 0);
	TRY(r->more.queue_mapping, 0);
	TRY(r->more.tc_index, 0);
	TRY(r->ctx.mark, 0);
	TRY(r->ctx.priority, 0);
	TRY(r->ctx.tstamp, 0);
	TRY(r->ctx.ingress_ifindex, 0);
	TRY(r->ctx.hwtstamp, 0);
	TRY(r->ctx.wire_len, 0);
	TRY(r->ctx.gso_segs, 0);
	TRY(r->ctx.gso_size, 0);
	for (int i = 0; i < 5; i++)
		TRY(r->ctx.cb[i], 0);
	for (uint32_t by = r->length / 2; by; by /= 2)
		while (r->length > by) {
			r->length -= by;
			if (same(r, what))
				continue;
			r->length += by;
			break;
		}
	/* set bytes to 0, first in blocks */
	for (uint32_t size = 16; size; size /= 4)
		for (uint32_t at = 0; at + size <= r->length; at += size) {
			uint8_t old[16];
			bool zero = true;

			memcpy(old, r->in + at, size);
			for (uint32_t i = 0; i < size; i++)
				zero = zero && !old[i];
			if (zero)
				continue;
			memset(r->in + at, 0, size);
			if (!same(r, what))
				memcpy(r->in + at, old, size);
		}
}

static void shrink_params(struct run *r, const char *what)
{
	struct object *o = r->object;
	struct action *a = o->action;

	for (struct param *p = a->param; p < a->param + a->n; p++) {
		struct param old = *p;

		/* keep a parameter on which another depends */
		if (!p->given || p->kind >= PREFIX || !strcmp(p->name, "link") || !strcmp(a->name, "match"))
			continue;
		/* with the seed 0, which tcact does not bake, a key has the hash of no key */
		if (!strcmp(p->name, "seed"))
			continue;
		/* what bucket_choose() needs */
		if (o->empty && (!strcmp(p->name, "buckets") || !strcmp(p->name, "flows") || !strcmp(p->name, "burst")))
			continue;
		param_unset(p);
		object_unload(o);
		if (object_load(o)) {
			object_use(o);
			if (same(r, what))
				continue;
			object_unload(o);
		}
		*p = old;
		if (!object_load(o))
			die("%s: loaded before, not now", a->name);
		object_use(o);
	}
}

/* true: the object may differ afterwards */
static bool report(struct run *r)
{
	static char text[1 << 16];
	uint64_t key = 0;
	const char *what = r->what;
	char first[sizeof(r->detail) - 16];
	FILE *to;
	int i;

	__atomic_add_fetch(&shared->failed, 1, __ATOMIC_RELAXED);
	for (const char *c = r->object->action->name; *c; c++)
		key = mix(key ^ *c);
	for (const char *c = r->what; *c; c++)
		key = mix(key ^ *c);
	for (const char *c = r->rule; *c; c++)
		key = mix(key ^ *c);
	key = mix(key ^ r->object->link);
	for (i = 0; i < KINDS; i++) {
		uint64_t none = 0;

		if (__atomic_compare_exchange_n(&shared->kind[i].key, &none, key, false, __ATOMIC_RELAXED,
						__ATOMIC_RELAXED) || none == key)
			break;
	}
	if (i == KINDS || __atomic_add_fetch(&shared->kind[i].n, 1, __ATOMIC_RELAXED) > REPORTS_MAX)
		return false;
	snprintf(first, sizeof(first), "%.200s", r->detail);
	shrink_packet(r, what);
	if (strcmp(what, "inverse")) {
		shrink_params(r, what);
		shrink_packet(r, what);
	}
	if (judge(r))
		snprintf(r->detail, sizeof(r->detail), "only once: %s", first);
	to = fmemopen(text, sizeof(text), "w");
	fprintf(to, "not ok - %s: %s (%s%s%.0f s, seed %llu)\nreplay ", r->object->action->name, r->detail, r->rule,
		*r->rule ? ", " : "", now() - began / 1e9, (unsigned long long)seed);
	print_failure(to, strcmp(what, "inverse") ? r : &inverse_run);
	fclose(to);
	if (write(1, text, strlen(text)) < 0)
		_exit(2);
	return true;
}

/* ---- a process ------------------------------------------------------------------------------- */

static bool finished(void)
{
	uint64_t runs = 0;

	if (first && shared->failed)
		return true;
	if (most) {
		for (int i = 0; i < jobs; i++)
			runs += shared->runs[i];
		return runs >= most;
	}
	return now() - began / 1e9 >= seconds;
}

/* A kernel may lack support for a source. Any other refusal is a fault. */
static bool may_be_refused(const struct object *o)
{
	return strstr(o->action->name, "m") && strstr(load_log, "unknown func");
}

/* Makes the object for @start; false: the kernel refuses it. */
static bool make_object(struct object *o, uint64_t start, int *chosen)
{
	static struct action other;
	static struct object inverse;
	struct rng rng;

	rng_seed(&rng, start, 0);
	*chosen = below(&rng, n_actions);
	o->action = &actions[*chosen];
	choose_params(o, &rng);
	o->inverse = NULL;
	if (!object_load(o))
		return false;
	if (o->action->oracle->inverse) {
		other = *o->action;
		inverse = *o;
		inverse.action = &other;
		if (other.oracle->inverse(&inverse) && object_load(&inverse))
			o->inverse = &inverse;
	}
	object_use(o);
	return true;
}

static void drop_object(struct object *o)
{
	if (o->inverse)
		object_unload(o->inverse);
	object_unload(o);
}

static void run_one(struct run *r, uint64_t start, uint32_t i, int chosen)
{
	struct rng rng;

	rng_seed(&rng, start, i);
	mutate(r, &rng);
	if (!judge(r)) {
		if (report(r)) {	/* it may have other parameters now */
			drop_object(r->object);
			if (!make_object(r->object, start, &chosen))
				die("%s: loaded before, not now", r->object->action->name);
		}
	} else if (r->want_length != r->length || memcmp(r->want, r->in, r->length) || r->want_verdict != CONTROL ||
		   memcmp(&r->want_ctx.mark, &r->ctx.mark, sizeof(r->ctx.mark))) {
		shared->changed_of[chosen]++;
	}
}

static void work(void)
{
	static struct run run, *r = &run;
	static struct object object, *o = &object;

	r->object = o;
	for (uint64_t number = 0; !finished(); number++) {
		uint64_t start = mix(seed) ^ mix(job * 0x10001 + 1) ^ mix(number << 20), expected, failed;
		bool countable = true;
		int chosen;

		if (!make_object(o, start, &chosen)) {
			__atomic_add_fetch(&shared->refused, 1, __ATOMIC_RELAXED);
			if (!may_be_refused(o)) {
				char *end = strrchr(load_log, '\n');

				if (end)
					*end = 0;
				end = strrchr(load_log, '\n');
				printf("not ok - %s does not load: %s\n", o->action->name, end ? end + 1 : load_log);
				__atomic_add_fetch(&shared->failed, 1, __ATOMIC_RELAXED);
			}
			continue;
		}
		__atomic_add_fetch(&shared->objects, 1, __ATOMIC_RELAXED);
		expected = object_counted(o);
		failed = shared->failed;
		for (uint32_t i = 1; i <= EXECUTIONS; i++) {
			run_one(r, start, i, chosen);
			expected += r->counted;
			countable = countable && !r->uncountable;
			shared->runs[job]++;
			shared->runs_of[chosen]++;
			if (!(i % BATCH) && countable && failed == shared->failed && object_counted(o) != expected) {
				/* one of these was counted and should not have been, or the other way round */
				r->look_at_counters = true;
				for (uint32_t j = i - BATCH + 1; j <= i && failed == shared->failed; j++)
					run_one(r, start, j, chosen);
				r->look_at_counters = false;
			}
			if (!(i % BATCH)) {
				expected = object_counted(o);
				failed = shared->failed;
				countable = true;
			}
			if ((!(i % BATCH) || first) && finished())
				break;
		}
		drop_object(o);
	}
}

static void prepare_process(void)
{
	struct ifreq request = { .ifr_name = "lo", .ifr_mtu = MTU };
	int s;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (unshare(CLONE_NEWNET))
		die("no network namespace of its own: %s; it takes root", strerror(errno));
	s = socket(AF_INET, SOCK_DGRAM, 0);
	if (s < 0 || ioctl(s, SIOCSIFMTU, &request))
		die("MTU of lo: %s", strerror(errno));
	close(s);
	probe();
}

static void select_actions(int argc, char **argv)
{
	int kept = 0;

	for (int i = 0; i < n_actions; i++) {
		bool wanted = !argc;

		for (int j = 0; j < argc; j++)
			wanted = wanted || !strcmp(argv[j], actions[i].name);
		if (wanted && !actions[i].oracle && argc)
			die("%s has no oracle", actions[i].name);
		if (wanted && !actions[i].oracle) {
			printf("not ok - %s has no oracle\n", actions[i].name);
			shared->failed++;
		} else if (wanted) {
			actions[kept++] = actions[i];
		}
	}
	n_actions = kept;
	if (!kept)
		die("no such action");
}

int main(int argc, char **argv)
{
	const char *directory = "build", *vectors = "build/tests/vectors", *captures = NULL;
	struct rlimit all = { RLIM_INFINITY, RLIM_INFINITY };
	uint64_t runs = 0, passed;
	struct rusage used;
	double took, cpu, kernel;
	int status, bad = 0;

	jobs = sysconf(_SC_NPROCESSORS_ONLN);
	for (int option; (option = getopt(argc, argv, "s:n:S:c:j:1d:v:")) != -1; ) {
		switch (option) {
		case 's': seconds = atof(optarg); break;
		case 'n': most = strtoull(optarg, NULL, 0); break;
		case 'S': seed = strtoull(optarg, NULL, 0); break;
		case 'c': captures = optarg; break;
		case 'j': jobs = atoi(optarg); break;
		case '1': first = true; break;
		case 'd': directory = optarg; break;
		case 'v': vectors = optarg; break;
		default:
			die("usage: fuzz [-s SECONDS] [-n RUNS] [-S SEED] [-c CORPUS] [-j JOBS] [-1] [-d DIR] [-v VECTORS] "
			    "[ACTION...]");
		}
	}
	if (jobs < 1 || jobs > 64)
		die("-j takes 1 to 64");
	setrlimit(RLIMIT_MEMLOCK, &all);
	libbpf_set_print(NULL);
	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (shared == MAP_FAILED)
		die("no memory");
	read_params(directory);
	select_actions(argc - optind, argv + optind);
	read_vectors(vectors);
	if (captures)
		read_captures(captures);
	if (!n_seeds)
		die("%s: no packets; tests/unit/run --bake makes them", vectors);
	setvbuf(stdout, NULL, _IOLBF, 0);
	began = now() * 1e9;
	for (job = 0; job < jobs; job++) {
		pid_t pid = fork();

		if (pid < 0)
			die("fork: %s", strerror(errno));
		if (!pid) {
			prepare_process();
			work();
			fflush(stdout);
			_exit(0);
		}
	}
	while (wait(&status) > 0)
		bad += status != 0;
	if (bad)
		printf("not ok - %d of %d processes ended early\n", bad, jobs);
	took = now() - began / 1e9;
	getrusage(RUSAGE_CHILDREN, &used);
	kernel = used.ru_stime.tv_sec + used.ru_stime.tv_usec / 1e6;
	cpu = used.ru_utime.tv_sec + used.ru_utime.tv_usec / 1e6 + kernel;
	for (job = 0; job < jobs; job++)
		runs += shared->runs[job];
	for (int i = 0; i < n_actions; i++)
		printf("# %-10s %12llu judged, %llu of them changed or decided upon\n", actions[i].name,
		       (unsigned long long)shared->runs_of[i], (unsigned long long)shared->changed_of[i]);
	printf("# seed %llu, %u packets to start from, %llu objects, %llu not for this kernel\n",
	       (unsigned long long)seed, n_seeds, (unsigned long long)shared->objects,
	       (unsigned long long)shared->refused);
	printf("# %.1f s, %.1f s of CPU (%.1f in the kernel), %d processes: %.0f judged a second, %.0f a second of CPU\n",
	       took, cpu, kernel, jobs, runs / took, runs / cpu);
	shared->failed += bad;
	passed = runs > shared->failed ? runs - shared->failed : 0;
	printf("%llu passed, %llu failed, 0 skipped\n", (unsigned long long)passed, (unsigned long long)shared->failed);
	return shared->failed || !runs;
}
