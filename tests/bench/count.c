// SPDX-License-Identifier: GPL-2.0-only
/*
 * A plugin for qemu's TCG: executed returns and locked instructions between
 * the markers of send.c, which it looks for. One line "RETURNS LOCKED" for each run
 * of send, the sums over all of its packets, goes to the file OUT:
 *
 *   qemu-system-x86_64 -plugin file=count.so,out=OUT
 *
 * An XCHG with memory, which locks without a prefix, is not counted. Distributions
 * do not package qemu-plugin.h, so what is used of it (version 1) is declared here.
 */
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef uint64_t plugin_id;
struct qemu_plugin_tb;
struct qemu_plugin_insn;
enum { INLINE_ADD_U64 = 0, CB_NO_REGS = 0 };

void qemu_plugin_register_vcpu_tb_trans_cb(plugin_id, void (*)(plugin_id, struct qemu_plugin_tb *));
size_t qemu_plugin_tb_n_insns(const struct qemu_plugin_tb *);
struct qemu_plugin_insn *qemu_plugin_tb_get_insn(const struct qemu_plugin_tb *, size_t);
const void *qemu_plugin_insn_data(const struct qemu_plugin_insn *);
size_t qemu_plugin_insn_size(const struct qemu_plugin_insn *);
void qemu_plugin_register_vcpu_insn_exec_inline(struct qemu_plugin_insn *, int, void *, uint64_t);
void qemu_plugin_register_vcpu_insn_exec_cb(struct qemu_plugin_insn *,
					    void (*)(unsigned int, void *), int, void *);

#define EXPORT __attribute__((visibility("default")))
EXPORT int qemu_plugin_version = 1;

struct counts {
	uint64_t returns, locked;
};
static struct counts now, begin, sum;
static FILE *out;

static void marker(unsigned int cpu, void *number)
{
	(void)cpu;
	switch ((uintptr_t)number) {
	case 1:
		begin = now;
		break;
	case 2:
		sum.returns += now.returns - begin.returns;
		sum.locked += now.locked - begin.locked;
		break;
	case 3:
		fprintf(out, "%llu %llu\n", (unsigned long long)sum.returns,
			(unsigned long long)sum.locked);
		fflush(out);
		sum = (struct counts){};
	}
}

static bool is_return(const uint8_t *code, size_t size)
{
	if (size > 1 && (code[0] == 0xf3 || code[0] == 0xf2))
		code++;
	return code[0] == 0xc3 || code[0] == 0xc2;
}

static bool is_locked(const uint8_t *code, size_t size)
{
	/* 66: operand size, 2e and 3e: segments, either of which may come first */
	while (size > 1 && (code[0] == 0x66 || code[0] == 0x2e || code[0] == 0x3e)) {
		code++;
		size--;
	}
	return code[0] == 0xf0;
}

static void translated(plugin_id id, struct qemu_plugin_tb *tb)
{
	static const uint8_t nopl[] = { 0x0f, 0x1f, 0x80 }, displacement[] = { 0xac, 0x63, 0x74 };

	(void)id;
	for (size_t i = 0; i < qemu_plugin_tb_n_insns(tb); i++) {
		struct qemu_plugin_insn *insn = qemu_plugin_tb_get_insn(tb, i);
		const uint8_t *code = qemu_plugin_insn_data(insn);
		size_t size = qemu_plugin_insn_size(insn);

		if (is_return(code, size))
			qemu_plugin_register_vcpu_insn_exec_inline(insn, INLINE_ADD_U64, &now.returns, 1);
		else if (is_locked(code, size))
			qemu_plugin_register_vcpu_insn_exec_inline(insn, INLINE_ADD_U64, &now.locked, 1);
		else if (size == 7 && !memcmp(code, nopl, 3) && !memcmp(code + 4, displacement, 3))
			qemu_plugin_register_vcpu_insn_exec_cb(insn, marker, CB_NO_REGS,
							       (void *)(uintptr_t)(code[3] & 0xf));
	}
}

EXPORT int qemu_plugin_install(plugin_id id, const void *info, int argc, char **argv)
{
	(void)info;
	if (argc != 1 || strncmp(argv[0], "out=", 4) || !(out = fopen(argv[0] + 4, "w"))) {
		fprintf(stderr, "count: out=FILE\n");
		return -1;
	}
	qemu_plugin_register_vcpu_tb_trans_cb(id, translated);
	return 0;
}
