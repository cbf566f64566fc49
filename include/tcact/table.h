/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The tables that users fill, one map for each kind of table. All actions with that kind
 * of table declare the same map, but each attachment has its own copy. None is pinned by
 * name. tcact fills a table after the program is loaded and before it is attached.
 */
#pragma once

#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

/*
 * The index is a VLAN identifier, the value (host byte order) is the identifier that
 * replaces it, plus VID_ENTRY; 0 if the table has no entry for it.
 */
#define VID_ENTRY 0x1000

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 4096);
	__type(key, __u32);
	__type(value, __u16);
} vid_table __attribute__((weak)) SEC(".maps");
