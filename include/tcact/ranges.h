/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Longest-prefix match on addresses of both families, at one price from ten entries to a
 * million: a range trie for each family, in one array of cells of 64 bits. The entries
 * themselves are records in a second array.
 *
 * All prefixes of a family together cut the addresses into ranges, of which each belongs to
 * the longest prefix that covers it, or to none. Cell 0 is the first step of IPv4, cell 1 that
 * of IPv6. A step is one of
 *
 *   a table   STEP_TABLE, bits, base: the next step is one of 2^bits, from cell `base` on,
 *             chosen by the next bits of the address
 *   a run     STEP_RUN, count, base: `count` ranges, sorted, from cell `base` on; the one that
 *             starts last before the address is searched for
 *   a leaf    neither: its low 32 bits say to which entry the range belongs, 0: to none
 *
 * A range of IPv4 is a cell. IPv6 is searched by the upper 64 bits of its addresses: a range is
 * two cells, and where prefixes longer than 64 bits cut one /64, its range leads to a run of
 * its own, by the lower 64 bits.
 *
 * tcact builds all this (tc-scripts/data/ranges.c) and makes the arrays as long as it must be
 * before it loads the program: as built, they hold an empty table.
 *
 * Single entries change while packets are looked up (tc-scripts/data/ranges_live.c): what is new is
 * written where nothing leads to, and then a step is replaced by one store of 8 bytes. So a step is
 * read once, as a whole; runs and records that a step leads to never change, but for hits and
 * record_timeout.covering.
 */
#pragma once

#include <tcact/ip.h>

#define STEP_TABLE (1ULL << 63)
#define STEP_RUN (1ULL << 62)
#define STEP_TABLES 4		/* one behind the other, at most */
#define RUN_LONGEST (1 << 22)	/* ranges */
#define PREFIXES_NESTED 129	/* of lengths 0 to 128 */

/* The number of a record, in a leaf. */
#define LEAF_TIMED (1U << 31)	/* it has a timeout, which is in the record before it */

struct range_ipv4 {		/* a cell */
	__u32 start;		/* an address in host byte order */
	__u32 leaf;
};

struct range_ipv6 {		/* the second of two cells; the first is its start, in host byte order */
	__u32 leaf;		/* or, where count is not 0, the first cell of a run by the lower half */
	__u32 count;
};

/*
 * Records 0 and 1 are tcact's. A leaf of 0 stands also for an entry that is an exception, unless it
 * has a timeout.
 */
struct record {
	__u32 tag;		/* the user's */
	__be32 ipv4;		/* the address; of IPv6 it is in the next record */
	__u64 hits;		/* where counting is on; above that what tcact keeps, and RECORD_EXCEPTION */
};
#define RECORD_EXCEPTION (1ULL << 55)

struct record_timeout {
	__u64 until;		/* CLOCK_BOOTTIME, ns */
	__u32 covering;		/* the leaf of the prefix that counts from then on */
	__u32 zero;
};

_Static_assert(sizeof(struct range_ipv4) == sizeof(__u64) && sizeof(struct range_ipv6) == sizeof(__u64),
	       "they are cells");
_Static_assert(sizeof(struct record_timeout) == sizeof(struct record), "they are in one array");

/* Two lengths, or clang gives both maps one type of array, and tcact could not tell them apart. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 2);
	__type(key, __u32);
	__type(value, __u64);
} prefix_cells __attribute__((weak)) SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct record);
} prefix_records __attribute__((weak)) SEC(".maps");

static __always_inline void *range_cell(__u32 index)
{
	return bpf_map_lookup_elem(&prefix_cells, &index);
}

static __always_inline struct record *record_numbered(__u32 number)
{
	return bpf_map_lookup_elem(&prefix_records, &number);
}

/* A step, read once: the next moment it may be another. */
static __always_inline __u64 step_read(__u32 cell)
{
	const volatile __u64 *step = range_cell(cell);

	return step ? *step : 0;
}

/* The last step for the address whose first bits are @bits: a run or a leaf. */
static __always_inline __u64 range_step(__u32 first, __u64 bits)
{
	__u64 step = step_read(first);

#pragma unroll
	for (int tables = 0; tables < STEP_TABLES; tables++) {
		__u32 n = step >> 32 & 31;

		if (!(step & STEP_TABLE))
			break;
		step = step_read((__u32)step + (bits >> (64 - n & 63)));
		bits <<= n;
	}
	return step;
}

enum run { RUN_IPV4, RUN_UPPER, RUN_LOWER };

/*
 * 1 where @start <= @key, else 0: without a branch, or the verifier would follow both ways of
 * each step of the search. Only addresses' lower halves may differ in the top bit: IPv4 ones
 * have 32 bits, and the first step of IPv6 is a table, if not a leaf, so that the upper halves in
 * a run begin alike.
 */
static __always_inline __u32 range_begins(enum run run, __u64 start, __u64 key)
{
	__u64 borrow;

	if (run == RUN_LOWER) {
		borrow = key - start;
		borrow = ~((~key & start) | ((~key | start) & borrow));
	} else {
		borrow = start - key - 1;
	}
	/* hidden from the compiler, which would make a branch of it */
	asm volatile("" : "+r"(borrow));
	return borrow >> 63;
}

/* The cell of the range of a run that @key is in: the last that begins before or at it. */
static __always_inline __u32 range_search(enum run run, __u64 step, __u64 key)
{
	__u32 at = step, count = step >> 32 & (RUN_LONGEST | (RUN_LONGEST - 1));
	const __u32 cells = run == RUN_IPV4 ? 1 : 2;

#pragma clang loop unroll(disable)
	for (int i = 0; i < 22; i++) {
		__u32 half = count >> 1;
		void *middle;
		__u64 start;

		if (!half)
			break;
		middle = range_cell(at + half * cells);
		if (!middle)
			break;
		start = run == RUN_IPV4 ? ((struct range_ipv4 *)middle)->start : *(__u64 *)middle;
		at += half * cells & -range_begins(run, start, key);
		count -= half;
	}
	return at;
}
_Static_assert(1 << 22 >= RUN_LONGEST, "as many halvings as the loop has");

/* The leaf of an address, 0 for none. Not inlined: they are long. */
OUT_OF_LINE __u32 prefix_leaf_ipv4(__u32 address)
{
	__u64 step = range_step(0, (__u64)address << 32);

	if (step & STEP_RUN) {
		const struct range_ipv4 *range = range_cell(range_search(RUN_IPV4, step, address));

		return range ? range->leaf : 0;
	}
	return step;
}

OUT_OF_LINE __u32 prefix_leaf_ipv6(__u64 upper, __u64 lower)
{
	__u64 step = range_step(1, upper);
	const struct range_ipv6 *range;

	if (!(step & STEP_RUN))
		return step;
	range = range_cell(range_search(RUN_UPPER, step, upper) + 1);
	if (range && range->count) {
		step = (__u64)range->count << 32 | range->leaf;
		range = range_cell(range_search(RUN_LOWER, step, lower) + 1);
	}
	return range ? range->leaf : 0;
}

/*
 * The number of what counts of @leaf now: its own entry, or, where its timeout is over, the one that
 * covers it. 0 where that is none, or an exception.
 */
OUT_OF_LINE __u32 prefix_number_now(__u32 leaf)
{
	__u64 now = bpf_ktime_get_boot_ns();

#pragma clang loop unroll(disable)
	for (int i = 0; i < PREFIXES_NESTED && leaf & LEAF_TIMED; i++) {
		__u32 number = leaf & ~LEAF_TIMED;
		const struct record_timeout *timeout = (void *)record_numbered(number - 1);
		const struct record *record;

		if (!timeout)
			return 0;
		if (timeout->until > now) {
			record = record_numbered(number);
			return record && !(record->hits & RECORD_EXCEPTION) ? number : 0;
		}
		leaf = timeout->covering;
	}
	return leaf & LEAF_TIMED ? 0 : leaf;
}

/* The number of the entry that @net's address is in, 0 for none. */
static __always_inline __u32 prefix_number(const struct network *net, enum side side)
{
	const union address *address = network_address(net, side);
	__u32 leaf = network_is_ipv4(net)
			     ? prefix_leaf_ipv4(bpf_ntohl(address->v4))
			     : prefix_leaf_ipv6(bpf_be64_to_cpu(address->v6[0]), bpf_be64_to_cpu(address->v6[1]));

	return likely(!(leaf & LEAF_TIMED)) ? leaf : prefix_number_now(leaf);
}

/* Which addresses are looked up: a parameter. */
#define PREFIXES_OF "word src=0 dst=1 either=2"
enum { OF_SOURCE, OF_DESTINATION, OF_EITHER };

static __always_inline __u32 prefix_number_of(const struct network *net, __u8 of)
{
	__u32 number = 0;

	if (of != OF_DESTINATION)
		number = prefix_number(net, SOURCE);
	if (!number && of != OF_SOURCE)
		number = prefix_number(net, DESTINATION);
	return number;
}
