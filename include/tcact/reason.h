/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Why an action left a packet as it was. tc itself counts the packets and bytes that
 * reach an action, so only the exceptions are counted here, per CPU. `tcact show -s`
 * prints the counts under these names:
 *
 *   not-ip         neither IPv4 nor IPv6, after at most two tags and PPPoE
 *   link-unknown   link.h could not tell where the network header is
 *   truncated      a header that is needed is cut off, or the packet is shorter
 *                  than its IP header says
 *   malformed      a header contradicts itself: version, IHL, data offset, a total
 *                  length below the header's; or skb->protocol contradicts the tags
 *   fragment       cannot be done to this fragment: it is not the first one and has no
 *                  transport header, for example
 *   extensions     more IPv6 extension headers than l4.h follows
 *   options        TCP options that do not parse, or more than tcp.h follows
 *   expired        the TTL or hop limit would have reached 0
 *   helper-failed  the kernel refused a helper call
 *   absent         the packet has no such thing: no socket, no IPsec state ...
 *   transport      a port of SCTP, whose checksum covers the whole packet
 *   unmapped       the address has no translation in the other prefix
 *
 * A policer counts:
 *
 *   over           packets above the rate, unless they were marked; or beyond the horizon
 *   marked         packets on which CE was set
 *   shared         packets that share a bucket with another key, as all of the set were in use
 *   forgotten      flows that are not over, and lost their place to another one
 *
 * account counts:
 *
 *   evicted        keys that lost their bucket to another one, as all of the set were in use
 *
 * learn and restore count:
 *
 *   no-flow        the packet belongs to no flow that is, or could be, remembered
 *   full           a new flow could not be remembered, as all places of its set are in use
 *
 * Two more are no exceptions. A matcher counts one of them:
 *
 *   hit            the packet matched
 *   miss           the packet did not match, although there was something to compare
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
	OVER,
	MARKED,
	SHARED,
	FORGOTTEN,
	EVICTED,
	NO_FLOW,
	FULL,
	REASONS = 64		/* the size of the map, with room for more reasons */
};

NAMES(reason,
      "not-ip=1 link-unknown=2 truncated=3 malformed=4 fragment=5 "
      "extensions=6 options=7 expired=8 helper-failed=9 absent=10 "
      "transport=11 unmapped=12 hit=13 miss=14 "
      "over=15 marked=16 shared=17 forgotten=18 evicted=19 no-flow=20 full=21");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, REASONS);
	__type(key, __u32);
	__type(value, __u64);
} reasons __attribute__((weak)) SEC(".maps");

/*
 * Atomic, although each CPU has its own: PREEMPT_RT since Linux 6.18, without CONFIG_PREEMPT_RT_NEEDS_BH_LOCK, may stop a
 * program anywhere, and run another thread that sends on the same CPU.
 */
static __always_inline int count_packets(__u32 why, __u64 packets)
{
	__u64 *n = bpf_map_lookup_elem(&reasons, &why);

	if (n)
		__sync_fetch_and_add(n, packets);
	return 0;
}

OUT_OF_LINE int count(__u32 why)
{
	return count_packets(why, 1);
}

/* As how many packets tc counts this one: a GSO packet as its segments. */
static __always_inline __u64 packets_of(struct __sk_buff *skb)
{
	return skb->gso_size ? skb->gso_segs : 1;
}

/* Counts the packet as tc does, for what is compared with the count of tc. */
OUT_OF_LINE int count_as_tc(struct __sk_buff *skb, __u32 why)
{
	return count_packets(why, packets_of(skb));
}

static __always_inline void count_unless_done(enum reason why)
{
	if (why != DONE)
		count(why);
}

/* The last step of a rewriter: counts @why and leaves the verdict to the control word. */
static __always_inline int rewriter_return(enum reason why)
{
	count_unless_done(why);
	return CONTROL;
}

/*
 * tc counts the packets that reach a matcher, but not how many of them matched: MISS is
 * no verdict that tc counts, and a drop by CONTROL is not counted as the action's. So a
 * matcher counts either its hits or its misses. tcact chooses, by CONTROL, the one that
 * is likely to be rarer, and computes the other from the count of tc.
 */
NAMES(counted, "off=0 hits=1 misses=2");
enum counted { COUNT_NONE, COUNT_HITS, COUNT_MISSES };

static __always_inline int hit(struct __sk_buff *skb, enum counted counted)
{
	if (counted == COUNT_HITS)
		count_as_tc(skb, COUNTED_HIT);
	return CONTROL;
}

static __always_inline int miss(struct __sk_buff *skb, enum counted counted)
{
	if (counted == COUNT_MISSES)
		count_as_tc(skb, COUNTED_MISS);
	return MISS;
}

/* The last step of a matcher that could not compare. */
static __always_inline int not_compared(struct __sk_buff *skb, enum reason why)
{
	count_as_tc(skb, why);
	return MISS;
}
