// SPDX-License-Identifier: GPL-2.0-only
/*
 * changes OBJECT SEED ENTRIES CHANGES MEANWHILE AFTER: loads `prefixes tag mark` of OBJECT with ENTRIES random
 * entries. It adds, removes or replaces CHANGES entries one by one: in place, in the room that tcact gives to a
 * table, or by a new table if that room is used up. Meanwhile another thread looks up MEANWHILE addresses by
 * BPF_PROG_TEST_RUN, most of them near the entry that is being changed. Each answer must be right for the table
 * before or after the change. At the end, AFTER addresses are looked up. The right answer is found by a search for
 * each prefix length in a hash table, which uses no code of tcact. Some entries are exceptions. Some have a
 * timeout, which is over for half of them.
 */
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "lookup.h"
#include "ranges.h"

static void die(const char *what)
{
	perror(what);
	exit(2);
}

static uint64_t random64(uint64_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return *state * 0x2545f4914f6cdd1dULL;
}

/* ---- the expected answers ------------------------------------------------------------------ */

enum { NOT_THERE, THERE, EXCEPTION };

struct state {
	uint32_t tag;
	uint8_t kind, timed, over;
};

struct known {
	struct prefix prefix;
	bool used;
	struct state before, after;	/* the change that is going on */
};

static struct known *known;
static size_t known_mask;
/* For each family and length one bit for each hash of the first bits: most lengths need no search. */
static uint64_t seen[7][129][1024];
static struct prefix *pool;		/* all of them, in the order in which they came */
static size_t pool_n;

static struct known *slot_of(const struct prefix *prefix)
{
	uint64_t hash = ((uint64_t)(prefix->address >> 64) * 0x9e3779b97f4a7c15ULL) ^
			((uint64_t)prefix->address * 0xc2b2ae3d27d4eb4fULL) ^ (prefix->length * 0x165667b19e3779f9ULL) ^
			prefix->family;

	for (size_t i = (hash ^ hash >> 29) * 0xbf58476d1ce4e5b9ULL >> 20 & known_mask;; i = (i + 1) & known_mask)
		if (!known[i].used || (known[i].prefix.address == prefix->address &&
				       known[i].prefix.length == prefix->length &&
				       known[i].prefix.family == prefix->family))
			return &known[i];
}

static uint64_t *seen_word(const struct prefix *prefix, uint64_t *bit)
{
	uint64_t hash = ((uint64_t)(prefix->address >> 80) * 0x9e3779b97f4a7c15ULL) >> 48;

	*bit = 1ULL << hash % 64;
	return &seen[prefix->family][prefix->length][hash / 64];
}

static void known_add(const struct prefix *prefix, struct state state)
{
	uint64_t bit;

	*slot_of(prefix) = (struct known){ *prefix, true, state, state };
	*seen_word(prefix, &bit) |= bit;
	pool[pool_n++] = *prefix;
}

/* The tag that the packet gets, -1 for none. */
static int64_t should_be(int family, address_t address, bool after)
{
	for (int length = prefix_longest(family); length >= 0; length--) {
		const struct prefix prefix = { address & prefix_mask(length), (uint8_t)family, (uint8_t)length };
		const struct known *found;
		const struct state *state;
		uint64_t bit;

		if (!(*seen_word(&prefix, &bit) & bit))
			continue;
		found = slot_of(&prefix);
		state = after ? &found->after : &found->before;
		if (found->used && state->kind != NOT_THERE && !state->over)
			return state->kind == EXCEPTION ? -1 : (int64_t)state->tag;
	}
	return -1;
}

/* ---- the answers of the program ------------------------------------------------------------ */

static int program;

static int64_t is(int family, address_t address)
{
	__u32 mark = 0xffffffff;
	int verdict;

	if (!look_up(program, family, address, &verdict, &mark))
		die("changes: TEST_RUN");
	return verdict == -1 ? (int64_t)mark : -1;
}

/* An address at the start or end of @prefix, inside it, or near it. */
static address_t near(const struct prefix *prefix, uint64_t *state)
{
	address_t one = (address_t)1 << (128 - prefix_longest(prefix->family)), address = prefix->address;

	switch (random64(state) % 5) {
	case 0: break;
	case 1: address -= one; break;
	case 2: address += ~prefix_mask(prefix->length) & prefix_mask(prefix_longest(prefix->family)); break;
	case 3: address += (~prefix_mask(prefix->length) & prefix_mask(prefix_longest(prefix->family))) + one; break;
	default: address ^= (((address_t)random64(state) << 64 | random64(state)) >> random64(state) % 128); break;
	}
	return address & prefix_mask(prefix_longest(prefix->family));
}

/* ---- lookups during the changes ------------------------------------------------------------ */

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t next_change = PTHREAD_COND_INITIALIZER;
static size_t allowed;			/* so many lookups, so that they are spread over the changes */
static uint64_t epoch;			/* of changes; odd while one goes on */
static struct prefix changing;
static unsigned long looked, unjudged, hit, wrong, meanwhile;
static bool done;

static void judge(int family, address_t address, int64_t got, const int64_t *expected, int n)
{
	for (int i = 0; i < n; i++)
		if (got == expected[i])
			return;
	if (!wrong++)
		fprintf(stderr, "changes: family %d address %016llx%016llx: %lld and not %lld\n", family,
			(unsigned long long)(address >> 64), (unsigned long long)address, (long long)got,
			(long long)expected[0]);
}

static void *look(void *seed)
{
	uint64_t state = strtoull(seed, NULL, 0) ^ 0x5851f42d4c957f2dULL, begun;

	while (!__atomic_load_n(&done, __ATOMIC_ACQUIRE)) {
		struct prefix prefix;
		int64_t expected[4], got;
		address_t address;

		pthread_mutex_lock(&lock);
		while (looked >= allowed && !done)
			pthread_cond_wait(&next_change, &lock);
		prefix = random64(&state) % 8 ? changing : pool[random64(&state) % pool_n];
		address = near(&prefix, &state);
		begun = epoch;
		expected[0] = should_be(prefix.family, address, false);
		expected[1] = should_be(prefix.family, address, true);
		pthread_mutex_unlock(&lock);
		got = is(prefix.family, address);
		pthread_mutex_lock(&lock);
		expected[2] = should_be(prefix.family, address, false);
		expected[3] = should_be(prefix.family, address, true);
		if (epoch - begun > 2) {
			unjudged++;
		} else {
			judge(prefix.family, address, got, expected, 4);
			hit += got >= 0;
			__atomic_fetch_add(&looked, 1, __ATOMIC_RELEASE);
			meanwhile += epoch & 1 || epoch != begun;
		}
		pthread_mutex_unlock(&lock);
	}
	return NULL;
}

/* ---- entries ------------------------------------------------------------------------------- */

static struct prefix random_prefix(uint64_t *state)
{
	struct prefix prefix = { .family = random64(state) % 3 ? 4 : 6 };
	int length;

	if (prefix.family == 4) {
		static const uint8_t usual[] = { 24, 24, 24, 24, 23, 22, 22, 21, 20, 19, 18, 16, 32, 32, 28, 12 };

		length = random64(state) % 512 ? usual[random64(state) % sizeof(usual)] : (int)(random64(state) % 33);
		prefix.address = (address_t)(random64(state) >> 32) << 96;
		if (random64(state) % 4 == 0)	/* some near one another */
			prefix.address = (address_t)(10 << 24 | (random64(state) & 0xffff)) << 96;
	} else {
		static const uint8_t usual[] = { 48, 48, 48, 48, 44, 40, 32, 32, 29, 64, 64, 128, 128, 56 };

		length = random64(state) % 512 ? usual[random64(state) % sizeof(usual)] : (int)(random64(state) % 129);
		prefix.address = (address_t)(0x2001ULL << 48 | random64(state) >> 16) << 64 | (random64(state) & 7);
		if (random64(state) % 4 == 0) {	/* some /64s with many addresses */
			prefix.address = (address_t)0x20010db800000000ULL << 64 |
					 (address_t)(random64(state) & 3) << 64 | (random64(state) & 0xfff);
			length = random64(state) % 4 ? 128 : length;
		}
	}
	prefix.length = (uint8_t)length;
	prefix.address &= prefix_mask(length);
	return prefix;
}

static struct entry random_entry(const struct prefix *prefix, uint64_t *state, uint64_t now)
{
	struct entry entry = { .prefix = *prefix, .tag = (uint32_t)random64(state) & 0x7fffffff };

	entry.exception = random64(state) % 16 == 0;
	if (random64(state) % 8 == 0)
		entry.until = random64(state) % 2 ? 1 : now + 3600 * 1000000000ULL;
	return entry;
}

static struct state state_of(const struct entry *entry)
{
	return (struct state){ entry->tag, entry->exception ? EXCEPTION : THERE, entry->until != 0, entry->until == 1 };
}

/* ---- the table ----------------------------------------------------------------------------- */

static struct ranges live;
static struct bpf_object *object;

static struct bpf_map *map_make(const char *name, size_t room)
{
	struct bpf_map *map = bpf_object__find_map_by_name(object, name);

	if (!map || bpf_map__set_max_entries(map, (uint32_t)room) || bpf_map__set_map_flags(map, BPF_F_MMAPABLE))
		die(name);
	return map;
}

static void *map_share(const struct bpf_map *map, const void *values, size_t bytes)
{
	void *shared = mmap(NULL, (size_t)bpf_map__max_entries(map) * bpf_map__value_size(map), PROT_READ | PROT_WRITE,
			    MAP_SHARED, bpf_map__fd(map), 0);

	if (shared == MAP_FAILED)
		die("changes: mmap");
	return memcpy(shared, values, bytes);
}

/* Builds a table of what is known, and puts it in the place of the one before. */
static void table_build(const char *path, uint64_t now)
{
	struct entry *entry = malloc((pool_n + 1) * sizeof(*entry));
	struct bpf_object *before = object;
	struct bpf_map *cells, *records;
	struct ranges built;
	size_t n = 0;

	if (!entry)
		die("changes");
	for (size_t i = 0; i < pool_n; i++) {
		const struct state *state = &slot_of(&pool[i])->after;

		if (state->kind == NOT_THERE)
			continue;
		entry[n++] = (struct entry){ .prefix = pool[i], .tag = state->tag, .exception = state->kind == EXCEPTION,
					     .until = state->over ? 1 : state->timed ? now + 3600 * 1000000000ULL : 0 };
	}
	qsort(entry, n, sizeof(*entry), entry_compare);
	if (!ranges_build(&built, entry, n))
		die("changes: build");
	object = bpf_object__open(path);
	if (!object || bpf_program__set_type(bpf_object__next_program(object, NULL), BPF_PROG_TYPE_SCHED_ACT))
		die(path);
	cells = map_make("prefix_cells", built.cells_room);
	records = map_make("prefix_records", built.records_room);
	if (bpf_object__load(object))
		die("changes: load");
	if (before) {
		munmap(live.cell, live.cells_room * sizeof(*live.cell));
		munmap(live.record, live.records_room * sizeof(*live.record));
	}
	live = (struct ranges){ .cell = map_share(cells, built.cell, built.cells * sizeof(*built.cell)),
				.cells_room = built.cells_room,
				.record = map_share(records, built.record, built.records * sizeof(*built.record)),
				.records_room = built.records_room };
	/* the same file descriptor: the other thread always has one of the two */
	if (dup2(bpf_program__fd(bpf_object__next_program(object, NULL)), program) < 0)
		die("changes: dup2");
	bpf_object__close(before);
	ranges_free(&built);
	free(entry);
}

int main(int argc, char **argv)
{
	size_t n, changes, lookups, after, absent, made = 0;
	double longest = 0, total = 0;
	struct timespec time;
	uint64_t state, now;
	pthread_t reader;

	if (argc != 7) {
		fputs("usage: changes OBJECT SEED ENTRIES CHANGES MEANWHILE AFTER\n", stderr);
		return 2;
	}
	state = strtoull(argv[2], NULL, 0) * 2 + 1;
	n = strtoul(argv[3], NULL, 0);
	changes = strtoul(argv[4], NULL, 0);
	lookups = strtoul(argv[5], NULL, 0);
	after = strtoul(argv[6], NULL, 0);
	clock_gettime(CLOCK_BOOTTIME, &time);
	now = time.tv_sec * 1000000000ULL;

	for (known_mask = 1024; known_mask < 2 * (n + changes); known_mask *= 2)
		;
	known = calloc(known_mask, sizeof(*known));
	pool = calloc(n + changes + 1, sizeof(*pool));
	program = open("/dev/null", O_RDONLY);
	known_mask--;
	if (!known || !pool || program < 0)
		die("changes");
	while (pool_n < n) {
		struct prefix prefix = random_prefix(&state);
		struct entry entry = random_entry(&prefix, &state, now);

		if (!slot_of(&prefix)->used)
			known_add(&prefix, state_of(&entry));
	}
	table_build(argv[1], now);
	changing = pool[0];

	if (pthread_create(&reader, NULL, look, argv[2]))
		die("changes");
	for (size_t i = 0; i < changes; i++) {
		struct prefix prefix = random64(&state) % 2 ? random_prefix(&state) : pool[random64(&state) % pool_n];
		struct timespec begin, end;
		struct entry new = random_entry(&prefix, &state, now);
		struct known *one;
		enum outcome outcome;
		bool bare;

		while (__atomic_load_n(&looked, __ATOMIC_ACQUIRE) < lookups * i / changes)
			sched_yield();
		pthread_mutex_lock(&lock);
		one = slot_of(&prefix);
		bare = random64(&state) % 2 && one->used && one->after.kind != NOT_THERE && !one->after.over;
		if (!one->used)
			known_add(&prefix, (struct state){ 0 });
		one->after = bare ? (struct state){ 0 } : state_of(&new);
		changing = prefix;
		epoch++;
		allowed = lookups * (i + 2) / changes;
		pthread_cond_signal(&next_change);
		pthread_mutex_unlock(&lock);

		clock_gettime(CLOCK_MONOTONIC, &begin);
		outcome = ranges_change(&live, &new, 1, bare, now, &absent);
		clock_gettime(CLOCK_MONOTONIC, &end);

		if (outcome == CHANGE_ABSENT)
			die("changes: what is there is said to be absent");
		if (outcome == CHANGED) {
			double us = (end.tv_sec - begin.tv_sec) * 1e6 + (end.tv_nsec - begin.tv_nsec) / 1e3;

			made++;
			total += us;
			longest = us > longest ? us : longest;
		} else {
			table_build(argv[1], now);
		}
		pthread_mutex_lock(&lock);
		one->before = one->after;
		epoch++;
		pthread_mutex_unlock(&lock);
	}
	while (__atomic_load_n(&looked, __ATOMIC_ACQUIRE) < lookups)
		sched_yield();
	pthread_mutex_lock(&lock);
	__atomic_store_n(&done, true, __ATOMIC_RELEASE);
	pthread_cond_signal(&next_change);
	pthread_mutex_unlock(&lock);
	pthread_join(reader, NULL);
	printf("%zu of %zu changes in place, %.0f us each, at most %.0f, the others by a new table; meanwhile %lu looked up, "
	       "%lu during a change, %lu hit, %lu not judged, %lu wrong", made, changes, total / made, longest, looked,
	       meanwhile, hit, unjudged, wrong);

	hit = 0;
	for (size_t i = 0; i < after; i++) {
		const struct prefix *prefix = &pool[random64(&state) % pool_n];
		address_t address = near(prefix, &state);
		int64_t expected = should_be(prefix->family, address, true), got = is(prefix->family, address);

		judge(prefix->family, address, got, &expected, 1);
		hit += got >= 0;
	}
	printf("; after it %zu looked up, %lu hit, %lu wrong\n", after, hit, wrong);
	return wrong || !hit || made < changes / 2;
}
