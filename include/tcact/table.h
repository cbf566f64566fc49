/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The tables: one map for each shape, the same in every action that keeps one,
 * private to each attachment. None is pinned by name. tcact fills them between
 * loading and binding.
 */
#pragma once

#include <tcact/ip.h>

/* Longest-prefix match on addresses of both families. */
struct prefix_key {
	__u32 length;		/* in bits, of what follows; host byte order */
	__u8 zero[7];		/* 24 bytes: the trie keeps the value right behind, aligned */
	__u8 family;		/* 4 or 6 */
	__u8 address[16];	/* an IPv4 address is the first four */
};
#define FAMILY_BITS 64		/* what is in front of the address */

struct prefix {
	__u32 tag;		/* the user's */
	__u32 zero;
	__u64 hits;		/* where counting is on */
};

struct {
	__uint(type, BPF_MAP_TYPE_LPM_TRIE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, 4 << 20);	/* costs nothing until used */
	__type(key, struct prefix_key);
	__type(value, struct prefix);
} prefix_table __attribute__((weak)) SEC(".maps");

static __always_inline struct prefix *prefix_of(const struct network *net, enum side side)
{
	const union address *address = network_address(net, side);
	struct prefix_key key = {};

	if (network_is_ipv4(net)) {
		key.length = FAMILY_BITS + 32;
		key.family = 4;
		__builtin_memcpy(key.address, address, sizeof(address->v4));
	} else {
		key.length = FAMILY_BITS + 128;
		key.family = 6;
		__builtin_memcpy(key.address, address, sizeof(address->v6));
	}
	return bpf_map_lookup_elem(&prefix_table, &key);
}

/* The VLAN identifier that each one becomes, with VID_NAMED; 0 where it is not named. */
#define VID_NAMED 0x1000

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 4096);
	__type(key, __u32);
	__type(value, __u16);
} vid_table __attribute__((weak)) SEC(".maps");
