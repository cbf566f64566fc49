/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What is said to the compiler and to the verifier, not about packets. */
#pragma once

#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

#define likely(x) __builtin_expect(!!(x), 1)

/*
 * A part of the work that few packets need, kept out of the common path. Not
 * a global function, although the verifier would check that only once: without
 * BTF of its own (CONFIG_DEBUG_INFO_BTF) a kernel does not know the context in it.
 */
#define OUT_OF_LINE static __attribute__((noinline, unused))

/*
 * The verifier forgets what it knew of @number, and so follows what comes after
 * once, not once for each value or range that led there.
 */
static __always_inline __u32 forget(const struct __sk_buff *skb, __u32 number)
{
	asm volatile("%0 += %1\n\t%0 -= %1" : "+r"(number) : "r"(skb->len));
	return number;
}
