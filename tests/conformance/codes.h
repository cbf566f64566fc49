/* SPDX-License-Identifier: GPL-2.0-only */
/* The mark of a packet encodes its case: hook, place, control word, returned value. */
#pragma once

#define OURS 0x8000
#define CASES 0x800
#define CASE(mark) ((mark) & 0x7ff)
#define MARK(hook, middle, control, value) \
	(OURS | (hook) << 8 | (middle) << 7 | (control) << 4 | (value))
#define VALUE(mark) ((mark) & 0xf)
#define ATTACHED 0x77	/* for attach.bpf.c */
#define DIRECT (OURS | 0x400)	/* of a case whose filter is reached without goto chain */
#define WRITTEN (OURS | 0x420)	/* of packets of which tc_index and tc_classid are written */
#define WIRE (OURS | 0x410)	/* of packets for wire.bpf.c; the last digit says for what */
enum { SNAPSHOT = 1, NEIGH, PEER, ASSIGN, SENDER };

enum { HOOKS = 4, CONTROLS = 8, VALUES = 16 };
enum { REDIRECT_7 = 13, REDIRECT_0, STALE_7 };

/*
 * 0x10000001 is how the kernel writes jump 1, 0x20000063 goto chain 99. REDIRECT_7 and
 * REDIRECT_0 call bpf_redirect() first; STALE_7 does not, but the packet before it did.
 */
#define CODES { -1, 0, 1, 2, 3, 4, 5, 6, 7, 8, 100, 0x10000001, 0x20000063, 7, 0, 7 }

struct seen {
	unsigned int runs, action, filter, chain, flow, other, redirected, received, index;
};
