// SPDX-License-Identifier: GPL-2.0-only
/*
 * trie - look up the next of many addresses, in the table of prefixes or in the kernel's own trie,
 * BPF_MAP_TYPE_LPM_TRIE. lookup.c fills the maps, runs it, and tells how long it takes.
 */
#include <tcact/action.h>
#include <tcact/ranges.h>

enum { IN_NONE, IN_TABLE, IN_TABLE_TAG, IN_TABLE_HITS, IN_TRIE };

struct trie_params {
	__u8 in;
};

ACTION(trie, matcher, "Look up the next of many addresses");
PARAM(trie, in, "word none=0 table=1 tag=2 hits=3 trie=4", "where; tag, hits: the table, and this too");
TABLE(trie, prefix_cells, prefix, tag num);
PARAMS(trie) = {};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1 << 20);
	__type(key, __u32);
	__type(value, __u32);	/* an address, in host byte order */
} addresses SEC(".maps");

struct trie_key {
	__u32 length;
	__be32 address;
};

struct {
	__uint(type, BPF_MAP_TYPE_LPM_TRIE);
	__uint(max_entries, 1 << 20);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, struct trie_key);
	__type(value, __u64);
} lpm SEC(".maps");

static __u32 next, found;

SEC("action/trie") int trie(struct __sk_buff *skb)
{
	__u32 index = next++ & ((1 << 20) - 1), *address = bpf_map_lookup_elem(&addresses, &index), number = 0, tag;
	struct trie_key key = { .length = 32 };
	__u64 *value;

	(void)skb;
	if (!address)
		return TC_ACT_SHOT;
	if (trie_params.in == IN_TRIE) {
		key.address = bpf_htonl(*address);
		value = bpf_map_lookup_elem(&lpm, &key);
		number = value ? *value : 0;
	} else if (trie_params.in != IN_NONE) {
		number = prefix_number(/*is_ipv4*/ true, (__u64)*address << 32, 0);
		if (number && trie_params.in != IN_TABLE && prefix_tag(number, trie_params.in == IN_TABLE_HITS, &tag))
			number = tag;
	}
	found += number != 0;
	return TC_ACT_OK;
}
