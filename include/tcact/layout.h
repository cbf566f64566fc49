/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What the programs and tcact (tc-scripts/data) both know of the values in maps. It is plain C. All numbers are in the
 * byte order of the machine, except for __be32.
 */
#pragma once

#include <stddef.h>
#include <linux/types.h>

/* ---- rates (bucket.h) ------------------------------------------------------------------------ */

#define BUCKET_TICKS 32ULL	/* in a nanosecond */

/*
 * A parameter of kind `rate`. An action declares it as an array of bytes (rate_param_bytes), and
 * rate_param() gives access to its members. All members are 0 if there is no rate.
 */
struct rate_param {
	__u64 rate;		/* in bits, or packets, a second */
	__u64 mult;		/* of 2^shift: the ticks of a byte, or of a packet */
	__u8 shift;
	__u8 packets;		/* 1: the rate counts packets */
	__u8 zero[6];
};

/* A parameter of kind `size`: bytes, or with this bit packets. A burst is less than 2^28, and mult less than 2^36. */
#define SIZE_PACKETS (1ULL << 63)

/*
 * If a burst is not given: 20 ms at the rate, and at least one GSO packet of 64 KiB with
 * the headers of its segments.
 */
#define BURST_TICKS (20000000ULL * BUCKET_TICKS)
#define BURST_BYTES (72U << 10)
#define BURST_PACKETS 64U

/*
 * The key of an IPv4 address is the first of these and the address; that of a tag of a plan the second and the
 * tag. The key of an IPv6 prefix up to 64 bits is its first 64.
 */
#define BUCKET_IPV4 0xffffffff00000000ULL
#define BUCKET_TAG 0xfffffffe00000000ULL

/* The value of a table of plans (plan.h). The first members are those of struct rate_param. */
struct plan {
	__aligned_u64 rate;	/* read while it changes */
	__u64 mult;		/* 0: no limit */
	__u8 shift;
	__u8 packets;
	__u8 tagged;
	__u8 automatic;		/* for tcact: the burst was not given */
	__u32 tag;
	__u64 burst;		/* in ticks */
};
_Static_assert(offsetof(struct plan, mult) == offsetof(struct rate_param, mult) &&
	       offsetof(struct plan, shift) == offsetof(struct rate_param, shift) &&
	       offsetof(struct plan, packets) == offsetof(struct rate_param, packets) &&
	       sizeof(struct plan) == 32, "it begins as a rate, and has no padding");

/* ---- range tries (ranges.h) ------------------------------------------------------------------ */

#define STEP_TABLE (1ULL << 63)
#define STEP_RUN (1ULL << 62)
#define STEP_SHIFT(step) ((step) >> 32 & 63)
#define STEP_JUMP(step) ((step) >> 32 & 0xffffff)
#define STEP_LOG(step) ((step) >> 56 & 31)
#define TRIE_TABLES_MAX 8	/* tables that follow each other, at most, in each half of an address */

/* A leaf is a record's number, with this flag if the record before that one is its timeout. */
#define LEAF_TIMED (1U << 31)

struct range_ipv4 {		/* a cell */
	__u32 start;		/* an address in host byte order */
	__u32 leaf;
};

/*
 * An entry. Records 0 and 1 are for tcact's own use. A leaf of 0 also stands for an entry that
 * is an exception and has no timeout.
 */
struct record {
	__u32 tag;		/* what the user gave */
	__be32 ipv4;		/* the IPv4 address; an IPv6 address is in the next record */
	__u64 hits;		/* if counting is on; bits 53 to 63 are for tcact, RECORD_EXCEPTION among them */
};
#define RECORD_EXCEPTION (1ULL << 55)

struct record_timeout {
	__u64 until;		/* CLOCK_BOOTTIME, ns */
	__u32 covering;		/* the leaf that applies after that: the next shorter prefix */
	__u32 zero;
};

_Static_assert(sizeof(struct range_ipv4) == sizeof(__u64), "it is a cell");
_Static_assert(sizeof(struct record_timeout) == sizeof(struct record), "they are in one array");

/* In a baked object: so many sections, of 2^19 cells or 4 MiB. Linux 5.10 takes no larger map of one element. */
#define BAKED_SECTIONS 8
#define BAKED_SHIFT 19
