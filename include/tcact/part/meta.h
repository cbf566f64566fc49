/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Write a field of __sk_buff, from a constant or from anything context.h reads. */
#pragma once

#include <tcact/context.h>
#include <tcact/field.h>

struct meta_params {
	__u8 set;		/* enum field */
	__u8 from;		/* enum source */
	__s8 shift;		/* > 0: left, < 0: right */
	__u8 level;
	__u64 value;
	__u64 mask;
};
_Static_assert(offsetof(struct meta_params, set) == 0 && offsetof(struct meta_params, from) == 1 &&
	       offsetof(struct meta_params, shift) == 2 && offsetof(struct meta_params, level) == 3,
	       "meta_constant() reads these four at once");
PARAM(meta, set,
      "word none=0 mark=1 priority=2 queue_mapping=3 tc_index=4 tc_classid=5 tstamp=6 cb0=7 cb1=8 "
      "cb2=9 cb3=10 cb4=11", "field to write");
PARAM(meta, from, "word value=0 @source", "what to write to it");
PARAM(meta, value, "handle", "the constant that from value writes");
PARAM(meta, mask, "num", "bits of the source to write; the field's other bits are kept");
PARAM(meta, shift, "num -63..63", "how many bits to shift to the left, or to the right if negative");
PARAM(meta, level, "num 0..255", "the ancestor for ancestor_cgroup; 0 is the root");
#define META_ALL ~0ULL
#define META_DEFAULTS { .mask = META_ALL }

static __always_inline __u64 meta_shift(__u64 bits, int shift)
{
	return shift < 0 ? bits >> -shift : bits << shift;
}

/*
 * The common case: writes a whole field from a constant. False if the parameters ask for
 * something else; then call meta_set().
 */
static __always_inline bool meta_constant(struct __sk_buff *skb,
					  const volatile struct meta_params *params)
{
	/* One load for set, from, shift and level: each load of a parameter stays in the program. */
	union { __u32 all; __u8 set; } is = { *(const volatile __u32 *)params };
	__u64 mask = params->mask, value = params->value;

	if (is.all & bpf_htonl(0x00ffffff) || mask != META_ALL)
		return false;
	field_write(skb, is.set, value, /*kept*/ 0);
	return true;
}

static __always_inline enum reason meta_set(struct __sk_buff *skb,
					    const volatile struct meta_params *params)
{
	__u64 mask = params->mask, value, kept = 0;
	int shift = params->shift;
	enum reason why;

	if (params->set == TO_NONE)
		return DONE;
	why = context_read(skb, params->from, params->value, params->level, &value);
	if (why != DONE)
		return why;
	if (mask != META_ALL || shift) {
		value = meta_shift(value & mask, shift);
		kept = ~meta_shift(mask, shift);
	}
	field_write(skb, params->set, value, kept);
	return DONE;
}
