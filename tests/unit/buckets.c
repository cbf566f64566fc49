// SPDX-License-Identifier: GPL-2.0-only
/*
 * buckets OBJECTS [TEST]: the arithmetic of include/tcact/bucket.h, compiled as C, in a time that is made up, and the
 * rates as tcact writes them into the object of police. The seeds are fixed. Only the test of two threads
 * asks the clock.
 */
#include <limits.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <tcact/bucket.h>

#include "value.h"

#define SECOND 1000000000ULL
#define TOLERANCE 0.02
#define SEED 0x5eed5eed5eed5eed

static struct action police;

static void verdict(bool good, const char *form, ...) __attribute__((format(printf, 2, 3)));

static void verdict(bool good, const char *form, ...)
{
	va_list args;

	va_start(args, form);
	printf(good ? "ok - " : "not ok - ");
	vprintf(form, args);
	putchar('\n');
	va_end(args);
}

/* xorshift64* */
static __u64 random64(void)
{
	static __u64 x = 88172645463325252ULL;

	x ^= x >> 12;
	x ^= x << 25;
	x ^= x >> 27;
	return x * 2685821657736338717ULL;
}

static struct rate_param rate_of(const char *text)
{
	struct rate_param rate;
	struct error e = {};

	if (value_read(&police, parameter_named(&police, "rate"), text, (void *)&rate, &e)) {
		printf("not ok - rate %s: %s\n", text, e.why);
		exit(1);
	}
	return rate;
}

/* A stream of packets of one key: what passes. */
struct stream {
	struct rate_param rate;
	__u64 burst, length, bucket;
	double spacing;			/* ns */
	__u64 jitter, behind;		/* ns, at most; behind: the clock of every second packet */
};

static __u64 passed(struct stream *s, __u64 from, __u64 until)
{
	__u64 burst = burst_ticks(&s->rate, s->burst), ticks = rate_ticks(&s->rate, s->length), sum = 0, i = 0;

	for (double at = from; at < until; at += s->spacing, i++) {
		__u64 now = (__u64)at + (s->jitter ? random64() % s->jitter : 0);

		if (s->behind && i & 1)
			now -= random64() % s->behind;
		if (bucket_take(&s->bucket, now * BUCKET_TICKS, ticks, &s->rate, burst, false))
			sum += s->length;
	}
	return sum;
}

/* What a second at the rate is, in bytes or packets. */
static double second_of(const struct rate_param *rate)
{
	return rate->packets ? rate->rate : rate->rate / 8.0;
}

/* In bytes or packets; not by the header. */
static double burst_of(const struct stream *s)
{
	double least = s->rate.packets ? 64 : 72 * 1024, most = second_of(&s->rate) / 50;

	return s->burst ? s->burst : most > least ? most : least;
}

static double worst_low, worst_high;
static int streams, wrong;

/*
 * A stream at @times the rate, for @packets packets once the burst is used up: as much passes as is offered, or the
 * rate. Before that, the burst as well, and never more than that.
 */
static void stream(struct stream s, double packets)
{
	double offered, rate = second_of(&s.rate), seconds = s.spacing * packets / SECOND, times, expected, got, low, high;
	__u64 from = SECOND, before;

	/* a burst of few packets lets less pass, as any policer does: what is there is not enough for a whole one */
	if (burst_of(&s) < 16 * s.length)
		s.burst = 16 * s.length;
	offered = s.length / s.spacing * SECOND;
	times = offered / rate;
	if (times > 1)
		from += (__u64)(burst_of(&s) / rate / (times - 1) * SECOND * 1.3);
	before = passed(&s, SECOND, from);
	got = passed(&s, from, from + (__u64)(seconds * SECOND)) / seconds;
	expected = times < 1 ? offered : rate;
	/* a packet more or less at each end */
	low = 1 - (got + s.length / seconds * 2) / expected;
	high = (got - s.length / seconds * 2) / expected - 1;
	if (low > worst_low)
		worst_low = low;
	if (high > worst_high)
		worst_high = high;
	streams++;
	if (low > TOLERANCE || high > TOLERANCE ||
	    before > (rate * (from - SECOND) / SECOND + burst_of(&s)) * (1 + TOLERANCE) + s.length) {
		if (wrong++ < 5)
			printf("# rate %llu %s, %llu each %.0f ns, burst %.0f: first %llu, then %.0f/s, offered %.0f/s\n",
			       (unsigned long long)s.rate.rate, s.rate.packets ? "pps" : "bit/s",
			       (unsigned long long)s.length, s.spacing, burst_of(&s), (unsigned long long)before, got,
			       offered);
	}
}

static void accuracy(void)
{
	static const char *const rates[] = { "1mbit", "2.5mbit", "10mbit", "100mbit", "1gbit", "2.5gbit", "10gbit",
					     "100gbit" };
	static const __u64 lengths[] = { 64, 1514, 65549 };
	static const double times[] = { 0.5, 0.97, 1.3, 20 };
	static const double spacings[] = { 0.1, 0.3, 0.7, 1, 1.9, 7, 19, 50, 100 };

	for (size_t r = 0; r < sizeof(rates) / sizeof(*rates); r++) {
		for (size_t l = 0; l < sizeof(lengths) / sizeof(*lengths); l++) {
			for (size_t t = 0; t < sizeof(times) / sizeof(*times); t++) {
				struct stream s = { .rate = rate_of(rates[r]), .length = lengths[l] };

				/* else this would take as long as all the others */
				if (s.rate.rate > 10000000000 && (s.length < 1514 || times[t] < 1.5))
					continue;
				s.spacing = s.length / second_of(&s.rate) / times[t] * SECOND;
				stream(s, 20000);
			}
		}
	}
	/* the rate that fits the spacing, and some more or less */
	for (size_t i = 0; i < sizeof(spacings) / sizeof(*spacings); i++) {
		for (size_t l = 0; l < sizeof(lengths) / sizeof(*lengths); l++) {
			for (size_t t = 0; t < sizeof(times) / sizeof(*times); t++) {
				struct stream s = { .length = lengths[l], .spacing = spacings[i] * 1e6 };
				char text[32];

				s.jitter = (__u64)(s.spacing / 10);
				snprintf(text, sizeof(text), "%.0fbit", 8e9 * s.length / s.spacing / times[t]);
				s.rate = rate_of(text);
				stream(s, 5000);
				snprintf(text, sizeof(text), "%.0fpps", 1e9 / s.spacing / times[t] + 1);
				s.rate = rate_of(text);
				s.length = 1;
				stream(s, 5000);
			}
		}
	}
	/* 1,000 packets a second are allowed, and one comes each 1.9 ms */
	stream((struct stream){ .rate = rate_of("1kpps"), .length = 1, .spacing = 1.9e6, .burst = 16 }, 50000);
	verdict(!wrong, "%d streams: passed within %.2f %% below and %.2f %% above", streams, worst_low * 100,
		worst_high * 100);
}

static void idle(void)
{
	static const char *const rates[] = { "1mbit", "10gbit", "400gbit" };
	static const __u64 seconds[] = { 16, 3600, 86400, 31536000 };

	for (int i = 0; i < 12; i++) {
		struct stream s = { .rate = rate_of(rates[i % 3]), .length = 15140 };
		__u64 later = seconds[i / 3] * SECOND;
		double got, most, ns = burst_of(&s) / second_of(&s.rate) * SECOND;

		s.spacing = s.length / second_of(&s.rate) / 5 * SECOND;
		passed(&s, SECOND, SECOND + SECOND / 100);
		/* then five times the rate for as long as the burst lasts */
		got = passed(&s, later, later + (__u64)ns);
		most = 2 * burst_of(&s) * (1 + TOLERANCE);
		/* the last packet may be too long for what is left */
		verdict(got <= most && got > 2 * burst_of(&s) * (1 - TOLERANCE) - s.length,
			"idle for %llu s, then %s: %.0f bytes of %.0f in %.0f ms",
			(unsigned long long)seconds[i / 3], rates[i % 3], got, most, ns / 1e6);
	}
}

static void clocks(void)
{
	static const __u64 behind[] = { 100, 10000, 1000000 };

	for (int i = 0; i < 3; i++) {
		struct stream s = { .rate = rate_of("100mbit"), .length = 1514, .behind = behind[i] };
		double got;

		s.spacing = s.length / second_of(&s.rate) / 20 * SECOND;
		passed(&s, SECOND, 2 * SECOND);
		got = passed(&s, 2 * SECOND, 12 * SECOND) / second_of(&s.rate) / 10;
		verdict(got < 1.02 && got > 0.98, "one clock up to %llu ns behind the other: %.4f of the rate",
			(unsigned long long)behind[i], got);
	}
}

/* A change from a low rate to a high one does not block what was in debt. */
static void change(void)
{
	static const char *const from[] = { "8kbit", "1pps" }, *const to[] = { "1gbit", "100kpps" };

	for (int i = 0; i < 2; i++) {
		struct stream s = { .rate = rate_of(from[i]), .length = i ? 1 : 1514, .spacing = 1e6 };
		double got;

		passed(&s, SECOND, 2 * SECOND);
		s.rate = rate_of(to[i]);
		s.spacing = s.length / second_of(&s.rate) / 2 * SECOND;
		got = passed(&s, 2 * SECOND, 3 * SECOND) / second_of(&s.rate);
		verdict(got > 0.9 && got < 1.03, "%s, then %s: %.3f of the rate in the first second", from[i], to[i], got);
	}
}

/* ---- two threads ----------------------------------------------------------------------------- */

static struct {
	struct rate_param rate;
	__u64 bucket, until;
} one;

static __u64 clock_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (__u64)t.tv_sec * SECOND + t.tv_nsec;
}

static void *taker(void *sum)
{
	__u64 ticks = rate_ticks(&one.rate, 1), burst = burst_ticks(&one.rate, 0), now;

	while ((now = clock_ns()) < one.until)
		*(__u64 *)sum += bucket_take(&one.bucket, now * BUCKET_TICKS, ticks, &one.rate, burst, false);
	return NULL;
}

static void threads(void)
{
	__u64 sum[2] = {}, from;
	pthread_t thread;
	double most;

	one.rate = rate_of("1mpps");
	from = clock_ns();
	one.until = from + SECOND / 2;
	pthread_create(&thread, NULL, taker, &sum[1]);
	taker(&sum[0]);
	pthread_join(thread, NULL);
	most = one.rate.rate / 2.0 + burst_ticks(&one.rate, 0) / (double)BUCKET_TICKS / SECOND * one.rate.rate;
	verdict(sum[0] && sum[1] && sum[0] + sum[1] < most * 1.03 && sum[0] + sum[1] > most * 0.9,
		"two threads on one bucket: %.4f of rate and burst", (sum[0] + sum[1]) / most);
}

/* ---- sets ------------------------------------------------------------------------------------ */

static struct bucket_set *sets_new(__u32 n)
{
	struct bucket_set *sets = calloc(n, sizeof(*sets));

	if (!sets)
		exit(1);
	return sets;
}

static bool differ;	/* not all keys have the same rate */

static bool take(struct bucket_set *sets, __u32 n, __u64 key, __u64 now, __u64 ticks, const struct rate_param *rate,
		 int *shared)
{
	__u64 hash = bucket_hash(SEED, key);
	struct bucket_set *set = &sets[bucket_set_of(hash, n)];
	bool share;
	__u32 way = bucket_find(set, hash, now, false, &share, NULL);

	*shared += share;
	share = share && differ;
	return bucket_take(bucket_of(set, way, share), now, ticks, rate, burst_ticks(rate, 0), share);
}

/*
 * @keys sources that each send at @times their rate, in random order, for @seconds; the first also @flood times
 * more. got[] is what each passed, in packets; returns their sum.
 */
static __u64 crowd(__u32 buckets, __u32 keys, double times, int flood, double seconds, const struct rate_param *rate,
		   __u32 *got, int *shared)
{
	__u32 n = buckets / BUCKET_WAYS, *order = calloc(keys, sizeof(*order));
	struct bucket_set *sets = sets_new(n);
	__u64 ticks = rate_ticks(rate, 1514), sum = 0, start = SECOND;
	double each = ticks / (double)BUCKET_TICKS / times;

	*shared = 0;
	memset(got, 0, keys * sizeof(*got));
	for (__u32 i = 0; i < keys; i++)
		order[i] = (__u32)(random64() % (__u64)each);
	for (__u64 round = 0; round * each < seconds * SECOND; round++) {
		for (__u32 i = 0; i < keys; i++) {
			/* the rounds overlap in time, as those of real sources; each key has its own phase */
			__u64 now = start + (__u64)(round * each) + (__u64)(each * i / keys) + order[i] % 100;

			for (int more = 0; more < (i ? 1 : 1 + flood); more++)
				if (take(sets, n, BUCKET_IPV4 | (0x0a000000 + i), now * BUCKET_TICKS, ticks, rate, shared))
					got[i]++, sum++;
		}
	}
	free(order);
	free(sets);
	return sum;
}

static void sources(void)
{
	enum { KEYS = 10000 };
	static __u32 alone[KEYS], flooded[KEYS];
	const struct rate_param rate = rate_of("1mbit");
	double expected, worst = 0, change = 0, burst = burst_ticks(&rate, 0) / (double)rate_ticks(&rate, 1514);
	const double seconds = 2;
	int shared;

	crowd(65536, KEYS, 1.5, 0, seconds, &rate, alone, &shared);
	crowd(65536, KEYS, 1.5, 300, seconds, &rate, flooded, &shared);
	expected = 1e6 / 8 / 1514 * seconds + burst;
	if (expected > 1.5 * 1e6 / 8 / 1514 * seconds)
		expected = 1.5 * 1e6 / 8 / 1514 * seconds;
	for (int i = 0; i < KEYS; i++) {
		double off = flooded[i] > expected ? flooded[i] - expected : expected - flooded[i];
		double moved = flooded[i] > alone[i] ? flooded[i] - alone[i] : alone[i] - flooded[i];

		/* a packet more or less */
		if ((off - 1) / expected > worst)
			worst = (off - 1) / expected;
		if (i && moved / expected > change)
			change = moved / expected;
	}
	verdict(worst < 0.03 && change < 0.01, "10,000 sources, one floods: each within %.2f %%, the flood changes none by more than %.2f %%",
		worst * 100, change * 100);
}

static void too_many(void)
{
	enum { BUCKETS = 512, KEYS = 10 * BUCKETS };
	static __u32 got[KEYS];
	const struct rate_param rate = rate_of("1mbit");
	double burst = burst_ticks(&rate, 0) / (double)rate_ticks(&rate, 1514), most, sum, seconds = 2;
	int shared;

	sum = crowd(BUCKETS, KEYS, 2, 0, seconds, &rate, got, &shared);
	/* the rule: of each bucket, never more than its rate and its burst */
	most = BUCKETS * (1e6 / 8 / 1514 * seconds + burst);
	verdict(sum <= most * 1.02 && sum > most / 4 && shared, "ten times more sources than buckets: %.2f of what all buckets may pass, %d shared",
		sum / most, shared);
}

/*
 * Eight sources keep all buckets of the only set in use, below their rate. A ninth one floods: it shares the
 * bucket of one of them, and the others lose nothing.
 */
static void ninth(void)
{
	const struct rate_param rate = rate_of("1mbit");
	const __u64 small = rate_ticks(&rate, 100), large = rate_ticks(&rate, 1514);
	double seconds = 20, most = (1e6 / 8 * seconds + 72 * 1024) / 1514;
	struct bucket_set *sets = sets_new(1);
	int sent = 0, got[9] = {}, hurt = 0, shared = 0;

	for (__u64 now = SECOND; now < SECOND + (__u64)(seconds * SECOND); now += SECOND / 1000, sent++)
		for (int i = 0; i < 9; i++)
			got[i] += take(sets, 1, BUCKET_IPV4 | (0x0a000000 + i), now * BUCKET_TICKS, i < 8 ? small : large, &rate,
				       &shared);
	free(sets);
	for (int i = 0; i < 8; i++)
		hurt += got[i] < sent;
	verdict(shared == sent && got[8] <= most && hurt <= 1,
		"the ninth source of a set: %.2f of what may pass, and %d of the others lose by that", got[8] / most, hurt);
}

/*
 * Eight sources of a low or high rate have all buckets of a set, and one of each rate share one. What those of the low
 * rate owe is not forgiven by others, who lose nothing by that.
 */
static void plans(void)
{
	enum { EACH = SECOND / 100000 };
	const struct rate_param low = rate_of("8kbit"), high = rate_of("1gbit");
	double seconds = 60, most = (8e3 / 8 * seconds + 72 * 1024) / 1514 + 1, mbit;
	__u64 keys[10];

	for (int i = 0; i < 9; i++)
		keys[i] = BUCKET_IPV4 | (0x0a000000 + i);
	keys[9] = keys[8] + 1;
	while ((bucket_hash(SEED, keys[9]) ^ bucket_hash(SEED, keys[8])) & (BUCKET_WAYS - 1))
		keys[9]++;
	differ = true;
	for (int fast = 0; fast < 2; fast++) {
		struct bucket_set *sets = sets_new(1);
		int got[10] = {}, worst = 0, least = INT_MAX, shared = 0;

		for (__u64 now = SECOND; now < SECOND + (__u64)(seconds * SECOND); now += EACH)
			for (int i = 0; i < 10; i++) {
				const struct rate_param *rate = i == 9 || (fast && i < 8) ? &high : &low;

				if (rate == &high || !(now / EACH % 100))
					got[i] += take(sets, 1, keys[i], now * BUCKET_TICKS, rate_ticks(rate, 1514), rate, &shared);
			}
		free(sets);
		for (int i = fast ? 8 : 0; i < 9; i++)
			if (got[i] > worst)
				worst = got[i];
		for (int i = 0; i < 8; i++)
			if (got[i] < least)
				least = got[i];
		verdict(shared && worst <= most, "a source of 8kbit beside one of 1gbit: %.2f of what may pass", worst / most);
		mbit = least * 1514.0 * 8 / seconds / 1e6;
		/* it offers 1.21 times that */
		verdict(mbit > (fast ? 970 : 0.008), "a source of %s that has a bucket: %.3f Mbit/s", fast ? "1gbit" : "8kbit", mbit);
	}
	differ = false;
}

/* A change to a higher rate does not block who shares the bucket of a source that is gone. */
static void gone(void)
{
	const struct rate_param low = rate_of("8kbit"), high = rate_of("1gbit");
	struct bucket_set *sets = sets_new(1);
	int shared = 0, got = 0;

	for (int i = 0; i < 8000; i++)
		take(sets, 1, BUCKET_IPV4 | (0x0a000000 + i % 8), (SECOND + i) * BUCKET_TICKS, rate_ticks(&low, 1514), &low,
		     &shared);
	for (__u64 now = 2 * SECOND; now < 3 * SECOND; now += SECOND / 100)
		got += take(sets, 1, BUCKET_IPV4 | 0x0a000008, now * BUCKET_TICKS, rate_ticks(&high, 1514), &high, &shared);
	free(sets);
	verdict(shared && got > 90, "8kbit, then 1gbit: a source without a bucket passes %d packets of 100", got);
}

/* Keys come one after the other, and stay for a second: a quarter of the buckets is in use. */
static void quarter(void)
{
	enum { SETS_ = 8192, KEYS = 100 * SETS_, EACH = SECOND / (SETS_ * BUCKET_WAYS / 4) };
	struct bucket_set *sets = sets_new(SETS_);
	int none = 0, seen = 0;

	for (__u64 k = 0; k < KEYS; k++) {
		__u64 hash = bucket_hash(SEED, BUCKET_IPV4 | k), now = (SECOND + k * EACH) * BUCKET_TICKS;
		struct bucket_set *set = &sets[bucket_set_of(hash, SETS_)];
		bool lost;
		__u32 way = bucket_place(set, hash, now, &lost);

		if (!lost)
			set->full[way] = now + SECOND * BUCKET_TICKS;
		/* once the first ones are gone */
		if (k >= SETS_ * BUCKET_WAYS / 4) {
			none += lost;
			seen++;
		}
	}
	free(sets);
	verdict(none && none < seen / 1000, "a quarter of the buckets is in use: one new key in %d finds no free one", seen / (none ?: 1));
}

/* ---- collisions ------------------------------------------------------------------------------ */

enum { SETS = 1024, MANY = SETS * BUCKET_WAYS };

/* How many of the keys find no bucket in their set. */
static int left_over(const __u64 *keys, __u64 seed)
{
	static int load[SETS];
	int over = 0;

	memset(load, 0, sizeof(load));
	for (int i = 0; i < MANY; i++)
		if (load[bucket_set_of(bucket_hash(seed, keys[i]), SETS)]++ >= BUCKET_WAYS)
			over++;
	return over;
}

static void collisions(void)
{
	static __u64 keys[MANY];
	enum { SEEDS = 10 };
	double random_most = 0, chosen_most = 0, random_sum = 0;
	char worst[64] = "", name[64];

	for (int i = 0; i < SEEDS * 30; i++) {
		int over;

		for (int k = 0; k < MANY; k++)
			keys[k] = random64();
		over = left_over(keys, random64());
		random_sum += over;
		if (over > random_most)
			random_most = over;
	}
	for (int pattern = 0; pattern < 64 + 64 + 20; pattern++) {
		__u64 stride = pattern < 64 ? 1ULL << pattern : pattern < 128 ? random64() : 0, guess = random64();

		if (stride) {
			/* equal steps; of 2^60 as many as there are, then in the lower bits */
			for (int k = 0; k < MANY; k++)
				keys[k] = BUCKET_IPV4 ^ (pattern < 64 ? (__u64)k << pattern | (pattern > 50 ? (__u64)k >> (64 - pattern) : 0)
								      : k * stride);
			snprintf(name, sizeof(name), "steps of %#llx", (unsigned long long)stride);
		} else {
			/* addresses that all fall into one set of 32 with a guessed seed */
			for (int k = 0, n = 0; n < MANY; k++)
				if (bucket_set_of(bucket_hash(guess, BUCKET_IPV4 | k), SETS) < 32)
					keys[n++] = BUCKET_IPV4 | k;
			snprintf(name, sizeof(name), "collisions with another seed");
		}
		for (int s = 0; s < SEEDS; s++) {
			int over = left_over(keys, random64());

			if (over > chosen_most) {
				chosen_most = over;
				snprintf(worst, sizeof(worst), "%s", name);
			}
		}
	}
	verdict(chosen_most < random_most * 1.05, "chosen keys: at most %.0f of %d share (%s); random keys %.0f, at most %.0f",
		chosen_most, MANY, worst, random_sum / (SEEDS * 30), random_most);
}

static const struct {
	const char *name;
	void (*run)(void);
} tests[] = {
	{ "accuracy", accuracy }, { "idle", idle }, { "clocks", clocks }, { "change", change }, { "threads", threads },
	{ "sources", sources }, { "too_many", too_many }, { "ninth", ninth }, { "plans", plans }, { "gone", gone },
	{ "quarter", quarter }, { "collisions", collisions },
};

int main(int argc, char **argv)
{
	struct error e = {};

	if (argc < 2 || action_open(&police, argv[1], "police", &e)) {
		fprintf(stderr, "buckets: %s\n", argc < 2 ? "write buckets OBJECTS [TEST]" : e.why);
		return 1;
	}
	for (size_t i = 0; i < sizeof(tests) / sizeof(*tests); i++)
		if (argc == 2 || !strcmp(argv[2], tests[i].name))
			tests[i].run();
	action_close(&police);
	return 0;
}
