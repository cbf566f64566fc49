/* SPDX-License-Identifier: GPL-2.0-only */
/* One lookup by `prefixes tag mark`: runs a packet from an address by BPF_PROG_TEST_RUN. */
#pragma once

#include <stdbool.h>
#include <bpf/bpf.h>
#include <linux/bpf.h>

/*
 * The packet has the mark *@mark. Sets @verdict and @mark. The first bit of @address is the highest, also of
 * IPv4. False if the kernel refuses.
 */
static bool look_up(int program, int family, unsigned __int128 address, int *verdict, __u32 *mark)
{
	unsigned char packet[14 + 40 + 8] = { 0 };
	struct __sk_buff context = { .mark = *mark };
	LIBBPF_OPTS(bpf_test_run_opts, run, .data_in = packet, .data_size_in = sizeof(packet), .ctx_in = &context,
		    .ctx_size_in = sizeof(context), .ctx_out = &context, .ctx_size_out = sizeof(context));

	packet[12] = family == 6 ? 0x86 : 0x08;
	packet[13] = family == 6 ? 0xdd : 0;
	packet[14] = family == 6 ? 0x60 : 0x45;
	packet[family == 6 ? 14 + 5 : 14 + 3] = family == 6 ? 8 : 48;
	packet[family == 6 ? 14 + 6 : 14 + 9] = 17;
	for (int byte = 0; byte < (family == 6 ? 16 : 4); byte++)
		packet[(family == 6 ? 14 + 8 : 14 + 12) + byte] = (unsigned char)(address >> (120 - 8 * byte));
	if (bpf_prog_test_run_opts(program, &run))
		return false;
	*verdict = (int)run.retval;
	*mark = context.mark;
	return true;
}
