// SPDX-License-Identifier: GPL-2.0-only
/*
 * Other ways to use what is refused, one for each row of rows/again.tsv. Programs that sleep are in
 * wq.bpf.c.
 */
#include "program.h"

SEC("again/sleepable") int sleepable(struct __sk_buff *skb)
{
	return 0;	/* conform asks that it may sleep */
}

SEC("again/addresses") int addresses(struct __sk_buff *skb)
{
	struct bpf_sock *sk = skb->sk ? bpf_sk_fullsock(skb->sk) : NULL;

	CHECK(sk && sk->family == 2 /* AF_INET */);
	/* each is only read; the socket of a test run has no addresses to compare with */
	asm volatile("" : : "r"(sk->src_ip4), "r"(sk->dst_ip4), "r"(sk->src_ip6[3]), "r"(sk->dst_ip6[3]));
	asm volatile("" : : "r"(sk->src_port), "r"(sk->dst_port));
	return 0;
}

#ifndef WITHOUT_BTF
struct sk_buff { unsigned int len; } __attribute__((preserve_access_index));
struct bpf_iter_num { __u64 opaque[1]; };
struct bpf_iter_css { __u64 opaque[3]; };
extern void *bpf_cast_to_kern_ctx(void *) WEAK;
extern struct cgroup *bpf_cgroup_from_id(__u64) WEAK;
extern void bpf_cgroup_release(struct cgroup *) WEAK;
extern int bpf_iter_num_new(struct bpf_iter_num *, int, int) WEAK;
extern int *bpf_iter_num_next(struct bpf_iter_num *) WEAK;
extern void bpf_iter_num_destroy(struct bpf_iter_num *) WEAK;
extern int bpf_iter_css_new(struct bpf_iter_css *, struct cgroup_subsys_state *, unsigned int) WEAK;
extern struct cgroup_subsys_state *bpf_iter_css_next(struct bpf_iter_css *) WEAK;
extern void bpf_iter_css_destroy(struct bpf_iter_css *) WEAK;
extern void bpf_rcu_read_lock(void) WEAK;
extern void bpf_rcu_read_unlock(void) WEAK;

struct tcact_object { __u64 any; };
struct pointing { struct cgroup __kptr *pointer; };
struct pointing_own { struct tcact_object __kptr *pointer; };
/* or BTF would only have forward declarations */
struct cgroup whole_cgroup;
struct tcact_object whole_object;

MAP(none, ARRAY, 1, __u32, struct pointing);
MAP(found, ARRAY, 1, __u32, struct pointing);
MAP(own, ARRAY, 1, __u32, struct pointing_own);
MAP(hash, HASH, 4, __u32, __u64);

/* The verifier assumes that this loop ends. It does not, so it must never be reached. */
#define ENDLESS                                        \
	for (;;) {                                     \
		struct bpf_iter_num forever;           \
						       \
		bpf_iter_num_new(&forever, 0, 2);      \
		while (bpf_iter_num_next(&forever))    \
			;                              \
		bpf_iter_num_destroy(&forever);        \
	}

/* Only a program of type SYSCALL can put a cgroup into a map. Not a row. */
SEC("setup/cgroup") int put_cgroup(void *unused)
{
	struct pointing *value = bpf_map_lookup_elem(&found, &(__u32){ 0 });
	struct cgroup *cgroup;

	NEED(bpf_cgroup_from_id);
	NEED(bpf_cgroup_release);
	CHECK(value);
	cgroup = bpf_cgroup_from_id(known.cgroup);
	CHECK(cgroup);
	cgroup = bpf_kptr_xchg(&value->pointer, cgroup);
	if (cgroup)
		bpf_cgroup_release(cgroup);
	return 0;
}

SEC("again/kptr-own") int kptr_own(struct __sk_buff *skb)
{
	struct pointing_own *value = bpf_map_lookup_elem(&own, &(__u32){ 0 });

	NEED(bpf_iter_num_new);	/* not in Linux 6.1, which has no such pointers */
	CHECK(value);
	return bpf_kptr_xchg(&value->pointer, NULL) ? __LINE__ : 0;
}

SEC("again/kptr-endless") int kptr_endless(struct __sk_buff *skb)
{
	struct pointing *value = bpf_map_lookup_elem(&none, &(__u32){ 0 });

	if (!value)
		return __LINE__;
	if (bpf_kptr_xchg(&value->pointer, NULL))
		ENDLESS;
	return 0;
}

/* Takes the cgroup out of the map, uses it, and puts it back into the empty place. */
static int count;

SEC("again/css-endless") int css_endless(struct __sk_buff *skb)
{
	struct pointing *value = bpf_map_lookup_elem(&found, &(__u32){ 0 });
	struct cgroup *cgroup;
	struct bpf_iter_css it;

	count = 0;
	if (!value)
		return __LINE__;
	cgroup = bpf_kptr_xchg(&value->pointer, NULL);
	if (!cgroup)
		return __LINE__;
	bpf_rcu_read_lock();
	bpf_iter_css_new(&it, &cgroup->self, BPF_CGROUP_ITER_ANCESTORS_UP);
	while (bpf_iter_css_next(&it))
		__sync_fetch_and_add(&count, 1);
	bpf_iter_css_destroy(&it);
	bpf_rcu_read_unlock();
	if (bpf_kptr_xchg(&value->pointer, cgroup))
		ENDLESS;
	return count == 2 ? 0 : __LINE__;
}

SEC("again/kern-write") int kern_write(struct __sk_buff *skb)
{
	struct sk_buff *kernel;

	NEED(bpf_cast_to_kern_ctx);
	kernel = bpf_cast_to_kern_ctx(skb);
	kernel->len = 1;
	return 0;
}
#endif
