/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The tables: one map for each shape, the same in every action that keeps one,
 * private to each attachment. None is pinned by name. tcact fills them between
 * loading and binding.
 */
#pragma once

#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

/* The VLAN identifier that each one becomes, with VID_NAMED; 0 where it is not named. */
#define VID_NAMED 0x1000

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 4096);
	__type(key, __u32);
	__type(value, __u16);
} vid_table __attribute__((weak)) SEC(".maps");
