/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Hints for the compiler and the verifier. */
#pragma once

#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

#define likely(x) __builtin_expect(!!(x), 1)

/*
 * For a function that few packets need: it is not inlined, so that the common path stays
 * short. Not a global function, although the verifier checks such a function only once:
 * a kernel without its own BTF (CONFIG_DEBUG_INFO_BTF) does not recognise the context
 * argument of a global function.
 */
#define OUT_OF_LINE static __attribute__((noinline, unused))

/*
 * Returns @number, and makes the verifier forget its value and range. The verifier then
 * checks the code that follows once, not once for each value or range of @number.
 */
static __always_inline __u32 verifier_forget(const struct __sk_buff *skb, __u32 number)
{
	asm volatile("%0 += %1\n\t%0 -= %1" : "+r"(number) : "r"(skb->len));
	return number;
}
