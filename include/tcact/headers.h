/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The headers of a packet, as the kernel defines them, and how a program reads them.
 *
 * For CPUs that do not read unaligned words well, such as MIPS and RISC-V, the kernel is built without
 * CONFIG_HAVE_EFFICIENT_UNALIGNED_ACCESS. Its verifier then takes the packet to begin 2 bytes behind a word (NET_IP_ALIGN),
 * and refuses what may be unaligned (check_pkt_ptr_alignment() in kernel/bpf/verifier.c; BPF_F_STRICT_ALIGNMENT asks for the
 * same on any machine). Headers begin at even offsets, whatever is before them. So for such a machine the Makefile defines
 * STRICT_ALIGNMENT (define it, too, for an action of your own), and the fields of the headers are read and written in parts
 * of two bytes.
 */
#pragma once

#include <linux/bpf.h>

#ifdef STRICT_ALIGNMENT
#pragma pack(push, 2)
#define HEADER_ALIGNMENT 2
#define EVEN(reg) reg " &= -2"	/* for asm: the verifier does not know that it is even */
#else
#define HEADER_ALIGNMENT 4
#define EVEN(reg) ""
#endif

#include <linux/if_ether.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/tcp.h>
#include <linux/udp.h>

union address {			/* in network byte order */
	__be32 v4;
	__u64 v6[2];
};

#ifdef STRICT_ALIGNMENT
#pragma pack(pop)
#endif

/* any 4 bytes of a header, or what XDP has put before it */
typedef __be32 header_be32 __attribute__((aligned(HEADER_ALIGNMENT)));
typedef __u32 header_u32 __attribute__((aligned(HEADER_ALIGNMENT)));
