/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Longest-prefix match for IPv4 and IPv6 addresses. A lookup costs about the same with ten
 * entries and with a million. Each family has a range trie; both tries are in one array of
 * 64-bit cells. The entries themselves are records in a second array.
 *
 * The prefixes of a family divide its addresses into ranges. Each range belongs to the longest
 * prefix that covers it, or to none. A lookup follows steps, from cell 0 for IPv4 or cell 1 for
 * IPv6. A step is one of
 *
 *   a table   STEP_TABLE, shift, base: the next step is in cell base + (address >> shift), modulo
 *             2^32. The base makes up for the bits that all addresses which come here have in
 *             common. The address has 64 bits here; that of IPv4 is in the upper 32
 *   a run     STEP_RUN, jump, log, base: sorted ranges from cell `base` on. The last one that starts
 *             at or before the address is found by jumps of `jump` cells, then of 2^(log-1),
 *             2^(log-2) and so on; a jump is made if the range where it ends starts so
 *   a leaf    neither flag: the low 32 bits tell to which entry the range belongs, 0: to none
 *
 * An IPv4 range is one cell. IPv6 is searched by the upper 64 bits of the address first. Its range is
 * two cells: its start, in host byte order, and a step. That is a leaf; or, if prefixes longer than 64
 * bits divide that /64, the first step of a trie for the lower 64 bits.
 *
 * tcact builds the tries (tc-scripts/data/ranges.c), and sets the length of the arrays before
 * it loads the program. In the object as built, the table is empty.
 *
 * Single entries change while packets are looked up (tc-scripts/data/ranges_live.c). New cells
 * are written where no step leads to them yet, and then one store of 8 bytes replaces a step.
 * So a lookup reads each step once, as a whole. Runs and records that a step leads to never
 * change, except for hits and record_timeout.covering.
 */
#pragma once

#include <tcact/ip.h>
#include <tcact/layout.h>

#define PREFIXES_NESTED_MAX 129 /* prefixes that contain one address, at most: lengths 0 to 128 */

#ifndef TABLE_BAKED

/*
 * max_entries must differ: otherwise both maps share one array type in BTF, and tcact cannot
 * tell them apart.
 */
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

static __always_inline struct record *record_lookup(__u32 number)
{
	return bpf_map_lookup_elem(&prefix_records, &number);
}

#else /* TABLE_BAKED */

/*
 * The cells are in section 0 of the object; or, if they need more than 4 MiB, in the sections 0 to
 * baked_last. All are full, except the last one, which has baked_cells. `tcact bake` writes them and the
 * variables; unused sections have one cell. A leaf is 1 + the tag, and there are no records.
 */
const volatile __u32 baked_last, baked_cells;

#define BAKED(n) const volatile __u64 baked_##n[1] SEC(".rodata.t" #n)
BAKED(0);
BAKED(1);
BAKED(2);
BAKED(3);
BAKED(4);
BAKED(5);
BAKED(6);
BAKED(7);

/*
 * Hidden from the compiler, which would otherwise make a table of the addresses, and assume that each
 * section has one cell.
 */
#define BAKED_ONE(n) ({ \
	const volatile __u64 *cells_ = baked_##n; \
	asm volatile("" : "+r"(cells_)); \
	cells_; })

static __always_inline const volatile __u64 *baked_section(__u32 n)
{
	if (n < 4) {
		if (n < 2)
			return n < 1 ? BAKED_ONE(0) : BAKED_ONE(1);
		return n < 3 ? BAKED_ONE(2) : BAKED_ONE(3);
	}
	if (n < 6)
		return n < 5 ? BAKED_ONE(4) : BAKED_ONE(5);
	if (n < BAKED_SECTIONS)
		return n < 7 ? BAKED_ONE(6) : BAKED_ONE(7);
	return NULL;
}

static __always_inline void *range_cell(__u32 index)
{
	const volatile __u64 *cells;
	__u32 last = baked_last, n = index >> BAKED_SHIFT, at = index & ((1 << BAKED_SHIFT) - 1);

	/* The kernel knows the value, and removes what is not for it. */
	if (!last)
		return index < baked_cells ? (void *)&BAKED_ONE(0)[index] : NULL;
	/* hidden from clang, which would compare index in its place, of which the verifier then knows nothing */
	asm volatile("" : "+r"(n));
	if (n >= last && (n > last || at >= baked_cells))
		return NULL;
	cells = baked_section(n);
	return cells ? (void *)&cells[at] : NULL;
}

#endif

/* Reads a step once, as tcact may replace it at any moment. */
static __always_inline __u64 step_read(__u32 cell)
{
	const volatile __u64 *step = range_cell(cell);

	return step ? *step : 0;
}

/* Follows tables from @step on. @half is the upper or lower half of the address. Returns a run or a leaf. */
static __always_inline __u64 range_step(__u64 step, __u64 half)
{
#pragma unroll 4
	for (int tables = 0; tables < TRIE_TABLES_MAX; tables++) {
		if (!(step & STEP_TABLE))
			break;
		step = step_read((__u32)step + (__u32)(half >> STEP_SHIFT(step)));
	}
	return step;
}

enum run { RUN_IPV4, RUN_UPPER, RUN_LOWER };

/*
 * Adds @jump to @at if the range where it ends starts at @key or before. False if there is no such cell.
 *
 * Numbers are compared by the sign of their difference, and not by a branch, as the verifier would
 * follow both sides of it in every round. That needs the same first bit in both. IPv4 addresses have
 * 32 bits. The first step of IPv6 is a table or a leaf, so that all upper halves in a run begin with
 * the same bits. Lower halves are compared without their last bit.
 */
static __always_inline bool range_jump(enum run run, __u64 *at, __u64 jump, __u64 key)
{
	const __u32 last_bits = run == RUN_LOWER ? 1 : 0;
	const void *there = range_cell(*at + jump);
	__u64 start, jumps;

	if (!there)
		return false;
	start = run == RUN_IPV4 ? ((struct range_ipv4 *)there)->start : *(__u64 *)there;
	jumps = (__s64)((start >> last_bits) - (key >> last_bits) - 1) >> 63;
	/* hidden from clang, which would turn this into a branch */
	asm volatile("" : "+r"(jumps));
	*at += jump & jumps;
	return true;
}

/* The cell of the range of the run @step that contains @key. */
static __always_inline __u32 range_search(enum run run, __u64 step, __u64 key)
{
	const __u32 cells = run == RUN_IPV4 ? 1 : 2;
	__u64 at = (__u32)step, jump = 1ULL << STEP_LOG(step) >> 1;

	if (range_jump(run, &at, STEP_JUMP(step), key)) {
#pragma clang loop unroll(disable)
		while (jump >= cells && range_jump(run, &at, jump, key)) {
			jump >>= 1;
			/* or clang keeps both the old and the new value */
			asm volatile("" : "+r"(jump));
		}
	}
	/* the range after the right one: they differ in the last bit only */
	if (run == RUN_LOWER && step_read(at) > key)
		at -= cells;
	return at;
}

static __always_inline __u32 range_leaf_ipv4(__u64 step, __u32 address)
{
	const struct range_ipv4 *range = range_cell(range_search(RUN_IPV4, step, address));

	return range ? range->leaf : 0;
}

static __always_inline __u32 range_leaf_ipv6(__u64 step, __u64 upper, __u64 lower)
{
	step = step_read(range_search(RUN_UPPER, step, upper) + 1);
	if (step & (STEP_TABLE | STEP_RUN))
		step = range_step(step, lower);
	if (step & STEP_RUN)
		step = step_read(range_search(RUN_LOWER, step, lower) + 1);
	return step;
}

#ifndef TABLE_BAKED

/*
 * The number of the entry that applies now for @leaf, which has a timeout: the leaf's own, or
 * after its timeout the one that covers it. 0 if there is none, or it is an exception.
 */
static __always_inline __u32 range_leaf_timed(__u32 leaf)
{
	__u64 now = bpf_ktime_get_boot_ns();

#pragma clang loop unroll(disable)
	for (int i = 0; i < PREFIXES_NESTED_MAX && leaf & LEAF_TIMED; i++) {
		__u32 number = leaf & ~LEAF_TIMED;
		const struct record_timeout *timeout = (void *)record_lookup(number - 1);
		const struct record *record;

		if (!timeout)
			return 0;
		if (timeout->until > now) {
			record = record_lookup(number);
			return record && !(record->hits & RECORD_EXCEPTION) ? number : 0;
		}
		leaf = timeout->covering;
	}
	return leaf & LEAF_TIMED ? 0 : leaf;
}

/* Sets @tag to that of the entry with this number, and counts @hits. False if there is no such entry. */
static __always_inline bool prefix_tag(__u32 number, __u32 hits, __u32 *tag)
{
	struct record *record = record_lookup(number);

	if (!record)
		return false;
	if (hits)
		__sync_fetch_and_add(&record->hits, hits);
	*tag = record->tag;
	return true;
}

#else

static __always_inline __u32 range_leaf_timed(__u32 leaf)
{
	return leaf;
}

static __always_inline bool prefix_tag(__u32 number, __u32 hits, __u32 *tag)
{
	(void)hits;
	*tag = number - 1;
	return true;
}

#endif

/*
 * The number of the entry of the longest prefix that contains an address, in host byte order; 0 for none. @upper has an
 * IPv4 address in its upper half. Not inlined, as the code is long; and all in one, as the kernel needs about 8 KiB for
 * each function of each attachment.
 */
OUT_OF_LINE __u32 prefix_number(__u32 is_ipv4, __u64 upper, __u64 lower)
{
	__u64 step = range_step(step_read(is_ipv4 ? 0 : 1), upper);
	__u32 leaf = step;

	if (step & STEP_RUN)
		leaf = is_ipv4 ? range_leaf_ipv4(step, upper >> 32) : range_leaf_ipv6(step, upper, lower);
	return likely(!(leaf & LEAF_TIMED)) ? leaf : range_leaf_timed(leaf);
}

/* The same for an address of @net. */
static __always_inline __u32 prefix_lookup(const struct network *net, enum side side)
{
	const union address *address = network_address(net, side);

	if (network_is_ipv4(net))
		return prefix_number(true, (__u64)bpf_ntohl(address->v4) << 32, 0);
	return prefix_number(false, bpf_be64_to_cpu(address->v6[0]), bpf_be64_to_cpu(address->v6[1]));
}

/* Which addresses are looked up: a parameter. */
#define PREFIXES_OF "word src=0 dst=1 either=2"
enum { OF_SOURCE, OF_DESTINATION, OF_EITHER };

static __always_inline __u32 prefix_lookup_of(const struct network *net, __u8 of)
{
	__u32 number = 0;

	if (of != OF_DESTINATION)
		number = prefix_lookup(net, SOURCE);
	if (!number && of != OF_SOURCE)
		number = prefix_lookup(net, DESTINATION);
	return number;
}
