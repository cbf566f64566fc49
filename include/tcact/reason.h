/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Why a packet that the action is for was left alone. tc itself counts the
 * packets and bytes that an action saw; only the exceptions are counted here,
 * per CPU, off the common path. `tcact show -s` prints them by these names:
 *
 *   not-ip         neither IPv4 nor IPv6 (behind two tags and PPPoE at most)
 *   link-unknown   link.h could not tell where the network header is
 *   truncated      a header that is needed is cut off, or the packet is shorter
 *                  than its IP header says
 *   malformed      a header contradicts itself: version, IHL, data offset, a total
 *                  length below the header's; or skb->protocol contradicts the tags
 *   fragment       needs the transport header; this is not the first fragment
 *   extensions     more IPv6 extension headers than ip.h follows
 *   options        TCP options that do not parse, or more than l4.h follows
 *   expired        the TTL or hop limit would have reached 0
 *   helper-failed  the kernel refused a helper call
 *   absent         the packet has no such thing: no socket, no IPsec state ...
 *   transport      a port of a protocol whose checksum is over the whole packet
 *   unmapped       an address that has none in the other prefix
 *
 * and two that are no exceptions, of a matcher that counts one of them:
 *
 *   hit            matched
 *   miss           did not match, although there was something to compare
 */
#pragma once

#include <tcact/compiler.h>
#include <tcact/parameter.h>
#include <tcact/verdict.h>

enum reason {
	DONE,			/* nothing to count */
	NOT_IP,
	LINK_UNKNOWN,
	TRUNCATED,
	MALFORMED,
	FRAGMENT,
	EXTENSIONS,
	OPTIONS,
	EXPIRED,
	HELPER_FAILED,
	ABSENT,
	TRANSPORT,
	UNMAPPED,
	COUNTED_HIT,
	COUNTED_MISS,
	REASONS = 64		/* room to grow: the map keeps its size */
};

NAMES(reason,
      "not-ip=1 link-unknown=2 truncated=3 malformed=4 fragment=5 "
      "extensions=6 options=7 expired=8 helper-failed=9 absent=10 "
      "transport=11 unmapped=12 hit=13 miss=14");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, REASONS);
	__type(key, __u32);
	__type(value, __u64);
} reasons __attribute__((weak)) SEC(".maps");

OUT_OF_LINE int count(__u32 why)
{
	__u64 *n = bpf_map_lookup_elem(&reasons, &why);

	if (n)
		(*n)++;
	return 0;
}

static __always_inline void count_unless_done(enum reason why)
{
	if (why != DONE)
		count(why);
}

/* The end of every rewriter. */
static __always_inline int rewritten(enum reason why)
{
	count_unless_done(why);
	return CONTROL;
}

/*
 * tc counts what reaches a matcher, but not what it makes of that: -2 is no
 * verdict of its own, and what CONTROL drops is not the action's. So a matcher
 * counts either its hits or its misses, whichever are fewer; tcact chooses by
 * CONTROL. The others are what is left of tc's count.
 */
NAMES(counted, "off=0 hits=1 misses=2");
enum counted { COUNT_NONE, COUNT_HITS, COUNT_MISSES };

static __always_inline int hit(enum counted counted)
{
	if (counted == COUNT_HITS)
		count(COUNTED_HIT);
	return CONTROL;
}

static __always_inline int miss(enum counted counted)
{
	if (counted == COUNT_MISSES)
		count(COUNTED_MISS);
	return MISS;
}

/* The end of a matcher that could not look. */
static __always_inline int missed(enum reason why)
{
	count_unless_done(why);
	return MISS;
}
