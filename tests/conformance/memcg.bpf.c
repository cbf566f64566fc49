// SPDX-License-Identifier: GPL-2.0-only
/* A row of rows/again.tsv, in a file of its own: libbpf drops the BTF of an object with such a map. */
#include "program.h"

struct mem_cgroup { int any; };
struct mem_cgroup whole_mem_cgroup;	/* or BTF would only have a forward declaration */
extern void bpf_put_mem_cgroup(struct mem_cgroup *) WEAK;
struct pointing { struct mem_cgroup __kptr *pointer; };
MAP(pointers, ARRAY, 1, __u32, struct pointing);

SEC("again/kptr-memcg") int kptr_memcg(struct __sk_buff *skb)
{
	struct pointing *value = bpf_map_lookup_elem(&pointers, &(__u32){ 0 });
	struct mem_cgroup *old;

	NEED(bpf_put_mem_cgroup);
	CHECK(value);
	old = bpf_kptr_xchg(&value->pointer, NULL);
	if (old)
		bpf_put_mem_cgroup(old);
	return 0;
}
