/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * TEST_RUN accepts only some fields of a packet's metadata. A program that runs before the action sets
 * others, which received packets have: a VLAN tag in the metadata, queue_mapping and tc_index. It then
 * tail-calls the action, so the result is that of the action.
 */
#pragma once

#include <stdint.h>
#include <sys/mman.h>
#include <bpf/bpf.h>
#include <linux/bpf.h>

/* vlan_proto: a TPID in network byte order; 0: no tag */
struct metadata { uint32_t vlan_proto, vlan_tci, queue_mapping, tc_index; };

struct enter {
	int prog, calls;		/* the program to run; the map with the action */
	struct metadata *metadata;	/* what it sets */
};

/* Returns 0, or -1 with the errno of the kernel. */
static inline int enter_load(struct enter *e)
{
	LIBBPF_OPTS(bpf_map_create_opts, opts, .map_flags = BPF_F_MMAPABLE);
	int values = bpf_map_create(BPF_MAP_TYPE_ARRAY, "metadata", 4, sizeof(*e->metadata), 1, &opts);
	int calls = bpf_map_create(BPF_MAP_TYPE_PROG_ARRAY, "action", 4, 4, 1, NULL);
	enum { R0, R1, R2, R3, R6 = 6, R7, R10 = 10 };
#define ENTER_LOAD(to, member) { .code = BPF_LDX | BPF_MEM | BPF_W, .dst_reg = to, .src_reg = R7, \
				 .off = offsetof(struct metadata, member) }
#define ENTER_CTX(member) { .code = BPF_STX | BPF_MEM | BPF_W, .dst_reg = R6, .src_reg = R1, \
			    .off = offsetof(struct __sk_buff, member) }
#define ENTER_MOVE(to, from) { .code = BPF_ALU64 | BPF_MOV | BPF_X, .dst_reg = to, .src_reg = from }
#define ENTER_MAP(to, kind, fd) { .code = BPF_LD | BPF_DW | BPF_IMM, .dst_reg = to, .src_reg = kind, .imm = fd }, {}
	struct bpf_insn code[] = {
		/* the interpreter of Linux 7.2 runs the action on the stack of this program */
		{ .code = BPF_ST | BPF_MEM | BPF_DW, .dst_reg = R10, .off = -512 },
		ENTER_MOVE(R6, R1),
		ENTER_MAP(R7, BPF_PSEUDO_MAP_VALUE, values),
		ENTER_LOAD(R2, vlan_proto),
		{ .code = BPF_JMP | BPF_JEQ | BPF_K, .dst_reg = R2, .off = 2 },
		ENTER_LOAD(R3, vlan_tci),
		{ .code = BPF_JMP | BPF_CALL, .imm = BPF_FUNC_skb_vlan_push },
		ENTER_LOAD(R1, queue_mapping),
		ENTER_CTX(queue_mapping),
		ENTER_LOAD(R1, tc_index),
		ENTER_CTX(tc_index),
		ENTER_MOVE(R1, R6),
		ENTER_MAP(R2, BPF_PSEUDO_MAP_FD, calls),
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = R3 },
		{ .code = BPF_JMP | BPF_CALL, .imm = BPF_FUNC_tail_call },
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = R0, .imm = -99 },
		{ .code = BPF_JMP | BPF_EXIT },
	};

	if (values < 0 || calls < 0)
		return -1;
	e->calls = calls;
	e->metadata = mmap(NULL, sizeof(*e->metadata), PROT_READ | PROT_WRITE, MAP_SHARED, values, 0);
	if (e->metadata == MAP_FAILED)
		return -1;
	e->prog = bpf_prog_load(BPF_PROG_TYPE_SCHED_ACT, NULL, "GPL", code, sizeof(code) / sizeof(*code), NULL);
	return e->prog < 0 ? -1 : 0;
}

/* Makes @prog the action. Returns 0 or -1. */
static inline int enter_action(const struct enter *e, int prog)
{
	return bpf_map_update_elem(e->calls, &(uint32_t){ 0 }, &prog, BPF_ANY);
}
