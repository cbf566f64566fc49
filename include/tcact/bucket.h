/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * A token bucket for each key, such as an address, in one array of fixed size.
 *
 * A bucket is one number: when it will be full again (the virtual scheduling algorithm of GCRA,
 * ITU-T I.371, Annex A). A packet pays the time that it takes at the rate. It conforms if the
 * bucket is then full again within the time that the burst takes at the rate. So
 *
 *   - a bucket whose time has passed is full, however long ago that was: nothing is multiplied by
 *     the time since then, which could overflow;
 *   - no remainder is lost between two packets, as the time of each is computed on its own;
 *   - a CPU whose clock is behind sees a bucket that is a little emptier, never a fuller one.
 *
 * Time is in ticks, so that the time of a packet of 64 bytes at 100 Gbit/s is still right to 1%.
 * 2^63 ticks are 9 years: so long after boot, a bucket that was never used looks empty.
 *
 * The key is hashed, with a seed that the sender of a packet does not know, to a set of 8 buckets.
 * A full bucket is as good as none. So a key that has none takes over the bucket of the set that is
 * full, and nobody loses anything. If all 8 are in use, the key shares one, which its hash tells: it
 * may get less than its rate, but not more, as it would if each of its packets could pay from another.
 *
 * A bucket that owes more than packets can at its rate is from before the rate was changed, and bucket_correct() forgives
 * the rest. Where keys have different rates (plan.h), what a key with a low rate owes looks the same to one with a high
 * rate. So there the keys that share a bucket pay from `second` instead, which is never corrected, and the key that has
 * the bucket loses nothing by them.
 *
 * Two CPUs may use a bucket at the same time. A CPU that found it full sets its time, and what other CPUs have
 * added in between is lost: one packet of two, or more if a CPU (or under PREEMPT_RT, a thread) is stopped just there. In
 * all other cases nothing is. That needs no atomic operation newer than Linux 5.10.
 *
 * It also compiles as ordinary C: tests/unit/buckets does that.
 */
#pragma once

#include <stdbool.h>
#include <tcact/layout.h>

#ifndef __always_inline
#define __always_inline inline __attribute__((always_inline))
#endif

#define BUCKET_COST_MAX (1U << 24)	/* bytes: a packet that had to pay so much is above any rate */
#define BUCKET_SEGMENTS_MAX (1U << 16)	/* packets that one packet pays, at most */
#define BUCKET_WAYS 8
_Static_assert(BUCKET_WAYS == 8, "a power of 2, as an index is masked; and LENGTH() of the actions says 8");

typedef __u8 rate_param_bytes[sizeof(struct rate_param)] __attribute__((aligned(8)));

static __always_inline const volatile struct rate_param *rate_param(const volatile rate_param_bytes *bytes)
{
	return (const volatile void *)bytes;
}

/* The ticks that @n bytes, or packets, take at @rate. */
static __always_inline __u64 rate_ticks(const volatile struct rate_param *rate, __u64 n)
{
	return n * rate->mult >> rate->shift;
}

static __always_inline __u64 burst_ticks(const volatile struct rate_param *rate, __u64 size)
{
	__u64 least;

	if (size)
		return rate_ticks(rate, size & ~SIZE_PACKETS);
	least = rate_ticks(rate, rate->packets ? BURST_PACKETS : BURST_BYTES);
	return least > BURST_TICKS ? least : BURST_TICKS;
}

/* How many ticks the packets before this one still take: 0 if the bucket is full. */
static __always_inline __u64 bucket_wait(const __u64 *bucket, __u64 now)
{
	__u64 ahead = *(const volatile __u64 *)bucket - now;

	return (__s64)ahead > 0 ? ahead : 0;
}

/*
 * A full bucket takes any packet, also one that is longer than the burst: else none of its kind would
 * ever pass. So this can be asked before one knows the burst.
 */
static __always_inline bool bucket_pay_full(__u64 *bucket, __u64 now, __u64 ticks)
{
	if (bucket_wait(bucket, now))
		return false;
	*(volatile __u64 *)bucket = now + ticks;
	return true;
}

/* Does a packet that takes @ticks conform? If so, it pays. */
static __always_inline bool bucket_pay(__u64 *bucket, __u64 now, __u64 ticks, __u64 burst)
{
	if (bucket_pay_full(bucket, now, ticks))
		return true;
	if (bucket_wait(bucket, now) + ticks > burst)
		return false;
	__sync_fetch_and_add(bucket, ticks);
	return true;
}

/* A bucket that lacks more than the burst and @most, which packets could take, is from before the rate was changed. */
static __always_inline void bucket_correct(__u64 *bucket, __u64 now, __u64 burst, __u64 most)
{
	if ((__s64)(*(volatile __u64 *)bucket - now) > (__s64)(burst + most))
		*(volatile __u64 *)bucket = now + burst;
}

/* @mixed: keys of different rates pay from it, so it may lack what one with a lower rate owes. */
static __always_inline bool bucket_take(__u64 *bucket, __u64 now, __u64 ticks,
					const volatile struct rate_param *rate, __u64 burst, bool mixed)
{
	if (bucket_pay(bucket, now, ticks, burst))
		return true;
	if (!mixed)
		bucket_correct(bucket, now, burst,
			       rate_ticks(rate, rate->packets ? BUCKET_SEGMENTS_MAX : BUCKET_COST_MAX));
	return false;
}

/* Invertible, so that keys of 64 bits are never confused. */
static __always_inline __u64 bucket_hash(__u64 seed, __u64 key)
{
	key = (key ^ seed) * 0x9e3779b97f4a7c15;
	key ^= key >> 32;
	key *= seed | 1;
	key ^= key >> 32;
	return key * 0xd6e8feb86659fd93;
}

/* Which of @sets belongs to @hash: by the upper bits, as every bit of a key changes those. */
static __always_inline __u32 bucket_set_of(__u64 hash, __u32 sets)
{
	return (hash >> 32) * sets >> 32;
}

/* The first @length bits of 64. */
static __always_inline __u64 bits64(__u64 bits, __u8 length)
{
	return length ? bits >> (64 - length) << (64 - length) : 0;
}

/*
 * `tcact table dump` and `tcact top` show each array of a set as a column: the first one is the key; a
 * bucket_time as the time until then, a bucket_counter also as a rate, other numbers as they are.
 */
typedef __u64 bucket_time;	/* in ticks since boot */
typedef __u64 bucket_counter;	/* it only grows, while the bucket has the same key */
typedef __u32 bucket_counter32;	/* the same, and begins again after 2^32 */

struct bucket_set {
	__u64 hash[BUCKET_WAYS];	/* of the key */
	bucket_time full[BUCKET_WAYS];	/* when it will be full again */
	bucket_time second[BUCKET_WAYS];	/* the same for a second rate, or for keys of other rates that share it */
};

/* What the key pays from. @mixed: it shares it, and rates differ. */
static __always_inline __u64 *bucket_of(struct bucket_set *set, __u32 way, bool mixed)
{
	return mixed ? &set->second[way] : &set->full[way];
}

/* Which bucket a key shares if all of its set are in use: always the same one. */
static __always_inline __u32 bucket_shared(__u64 hash)
{
	return hash & (BUCKET_WAYS - 1);
}

/*
 * The bucket of the key with @hash: its index. *@shared: it is also that of another key, and always the same one; or
 * with @displaces, the one that will be full first. @counters: two arrays, which begin at 0 with each key; or NULL.
 */
static __always_inline __u32 bucket_search(struct bucket_set *set, __u64 hash, __u64 now, bool two, bool displaces,
					   bool *shared, bucket_counter32 *counters)
{
	__u64 first = 0;
	__u32 way = 0;

	*shared = false;
#pragma clang loop unroll(full)
	for (int i = 0; i < BUCKET_WAYS; i++)
		if (set->hash[i] == hash)
			return i;
#pragma clang loop unroll(full)
	for (int i = 0; i < BUCKET_WAYS; i++) {
		__u64 full = set->full[i];

		if (two && set->second[i] > full)
			full = set->second[i];
		if (!i || full < first) {
			first = full;
			way = i;
			/* else clang would compare twice, once for each of them */
			asm volatile("" : "+r"(way));
		}
	}
	/* else clang would make a copy of what follows for each way */
	asm volatile("" : "+r"(way));
	way &= BUCKET_WAYS - 1;
	if ((__s64)(first - now) > 0) {
		*shared = true;
		return displaces ? way : bucket_shared(hash);
	}
	set->full[way] = 0;
	/* not what keys that share it owe */
	if (two || displaces)
		set->second[way] = 0;
	set->hash[way] = hash;
	if (counters)
		counters[way] = counters[BUCKET_WAYS + way] = 0;
	return way;
}

/* The bucket that the key pays from. */
static __always_inline __u32 bucket_find(struct bucket_set *set, __u64 hash, __u64 now, bool two, bool *shared,
					 bucket_counter32 *counters)
{
	return bucket_search(set, hash, now, two, /*displaces*/ false, shared, counters);
}

/* The place of what is remembered. *@lost: that of another key, which will be forgotten first. */
static __always_inline __u32 bucket_place(struct bucket_set *set, __u64 hash, __u64 now, bool *lost)
{
	return bucket_search(set, hash, now, /*two*/ false, /*displaces*/ true, lost, /*counters*/ NULL);
}
