/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The fields of __sk_buff (include/uapi/linux/bpf.h) that a program may write. */
#pragma once

#include <linux/bpf.h>

enum field {
	TO_NONE, TO_MARK, TO_PRIORITY, TO_QUEUE_MAPPING, TO_TC_INDEX, TO_TC_CLASSID, TO_TSTAMP,
	TO_CB0, TO_CB1, TO_CB2, TO_CB3, TO_CB4,
};

/*
 * Volatile, so that each access stays as it is written. Otherwise clang joins stores to
 * neighbouring fields of the context into one of 8 bytes, or computes one address for two
 * branches. The verifier refuses both ("invalid bpf_context access", "dereference of
 * modified ctx ptr").
 */
#define FIELD(type, name) (*(const volatile type *)&skb->name)

#define FIELD_WRITE(type, name)                                                \
	(*(volatile type *)&skb->name = kept ? (FIELD(type, name) & kept) | value : value)

/* Writes @value, in host byte order, and keeps the bits @kept of the field. */
static __always_inline void field_write(struct __sk_buff *skb, enum field field, __u64 value, __u64 kept)
{
	switch (field) {
	case TO_NONE: break;
	case TO_MARK: FIELD_WRITE(__u32, mark); break;
	case TO_PRIORITY: FIELD_WRITE(__u32, priority); break;
	case TO_QUEUE_MAPPING: FIELD_WRITE(__u32, queue_mapping); break;
	case TO_TC_INDEX: FIELD_WRITE(__u32, tc_index); break;
	case TO_TC_CLASSID: FIELD_WRITE(__u32, tc_classid); break;
	case TO_TSTAMP: FIELD_WRITE(__u64, tstamp); break;
	case TO_CB0: FIELD_WRITE(__u32, cb[0]); break;
	case TO_CB1: FIELD_WRITE(__u32, cb[1]); break;
	case TO_CB2: FIELD_WRITE(__u32, cb[2]); break;
	case TO_CB3: FIELD_WRITE(__u32, cb[3]); break;
	case TO_CB4: FIELD_WRITE(__u32, cb[4]); break;
	}
}
