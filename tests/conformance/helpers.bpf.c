// SPDX-License-Identifier: GPL-2.0-only
/*
 * The helpers of the program-type page, in its order. Each is called by a program that checks the effect.
 * `conform` runs the programs on the known packet.
 */
#include "program.h"

#define BPF_MAP_TYPE_CGRP_STORAGE 32	/* Linux 6.2 */
/* int: before Linux 6.4 the map helpers leave the upper half of the register undefined */
#define FAILED(err, number) ((int)(err) == -(number))
#define ENOENT 2
#define EACCES 13
#define EINVAL 22
#define EOPNOTSUPP 95
#define ENOTSUPP 524
#define AF_INET 2
#define TCP_LISTEN 10

extern int LINUX_KERNEL_VERSION __kconfig;

struct timed { struct bpf_timer timer; };
struct locked { struct bpf_spin_lock lock; __u32 value; };
struct pointing { struct cgroup __kptr *pointer; };
/* Before Linux 6.4 a referenced pointer has another tag, and few types have one that releases them. */
struct prog_test_ref_kfunc { int any; };
struct referring { struct prog_test_ref_kfunc __attribute__((btf_type_tag("kptr_ref"))) *pointer; };
struct prog_test_ref_kfunc whole_referenced;
struct cgroup whole_cgroup;	/* or BTF would only have a forward declaration */

MAP(hash, HASH, 4, __u32, __u64);
MAP(cells, ARRAY, 4, __u32, __u32);
MAP(percpu, PERCPU_ARRAY, 1, __u32, __u64);
MAP(fired, ARRAY, 1, __u32, __u64);
MAP(timers, ARRAY, 4, __u32, struct timed);
MAP(locks, ARRAY, 1, __u32, struct locked);
MAP(pointers, ARRAY, 1, __u32, struct pointing);
MAP(references, ARRAY, 1, __u32, struct referring);
MAP(cgroups, CGROUP_ARRAY, 1, __u32, __u32);
MAP(jumps, PROG_ARRAY, 2, __u32, __u32);
MAP(perf, PERF_EVENT_ARRAY, 64, __u32, __u32);

struct {
	__uint(type, BPF_MAP_TYPE_QUEUE);
	__uint(max_entries, 4);
	__type(value, __u64);
} queue SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 4096);
} ring SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_USER_RINGBUF);
	__uint(max_entries, 4096);
} user_ring SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_SK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, __u64);
} sk_storage SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_CGRP_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, __u64);
} cgrp_storage SEC(".maps");

/*
 * Some kernels have no BTF (Debian's 6.1 for s390x). libbpf then refuses an object that needs it. For
 * these kernels this file is compiled with WITHOUT_BTF, and members of kernel structures are not checked.
 */
#ifndef WITHOUT_BTF
#define LOOK_AT_KERNEL
#define TGID bpf_core_field_offset(struct task_struct, tgid)
#define COMM bpf_core_field_offset(struct task_struct, comm)
#define TASK bpf_core_type_id_kernel(struct task_struct)
#define PER_CPU_KNOWN &bpf_prog_active
/* per-CPU in every kernel with BPF tracing */
extern const int bpf_prog_active WEAK;
#else
#define LOOK_AT_KERNEL return CALLED
#define TGID 0
#define COMM 0
#define TASK 0
#define PER_CPU_KNOWN 0
static const int bpf_prog_active;
#endif

static const struct bpf_sock_tuple listener = {
	.ipv4 = { .saddr = bpf_htonl(INADDR_LOOPBACK), .sport = bpf_htons(KNOWN_PORT + 1),
		  .daddr = bpf_htonl(INADDR_LOOPBACK), .dport = bpf_htons(KNOWN_PORT) }
};
#define TUPLE ((struct bpf_sock_tuple *)&listener), sizeof(listener.ipv4)
#define FIND(kind) bpf_##kind(skb, TUPLE, BPF_F_CURRENT_NETNS, 0)

HELPER(bpf_cgrp_storage_delete, "a value stored for the task's cgroup is gone")
{
	struct cgroup *cgroup = bpf_get_current_task_btf()->cgroups->dfl_cgrp;
	__u64 *value = bpf_cgrp_storage_get(&cgrp_storage, cgroup, 0, BPF_LOCAL_STORAGE_GET_F_CREATE);

	CHECK(value);
	CHECK(!bpf_cgrp_storage_delete(&cgrp_storage, cgroup));
	CHECK(!bpf_cgrp_storage_get(&cgrp_storage, cgroup, 0, 0));
	return 0;
}

HELPER(bpf_cgrp_storage_get, "a value stored for the task's cgroup is found again")
{
	struct cgroup *cgroup = bpf_get_current_task_btf()->cgroups->dfl_cgrp;
	__u64 *value;

	CHECK(!bpf_cgrp_storage_get(&cgrp_storage, cgroup, 0, 0));
	value = bpf_cgrp_storage_get(&cgrp_storage, cgroup, 0, BPF_LOCAL_STORAGE_GET_F_CREATE);
	CHECK(value);
	*value = 42;
	value = bpf_cgrp_storage_get(&cgrp_storage, cgroup, 0, 0);
	CHECK(value && *value == 42);
	return 0;
}

HELPER(bpf_check_mtu, "the packet fits lo; with 66000 bytes more it does not; the MTU is told")
{
	__u32 mtu = 0;

	CHECK(bpf_check_mtu(skb, 0, &mtu, 0, 0) == BPF_MTU_CHK_RET_SUCCESS);
	CHECK(mtu == 65536);
	mtu = 0;
	CHECK(bpf_check_mtu(skb, 0, &mtu, 66000, 0) == BPF_MTU_CHK_RET_FRAG_NEEDED);
	return 0;
}

HELPER(bpf_clone_redirect, "a copy is received on lo, byte for byte")
{
	return bpf_clone_redirect(skb, 1, 0) ? __LINE__ : 0;
}

HELPER(bpf_csum_diff, "the sum of 01 02 03 04 is 04 06; replacing it by 02 02 03 04 adds 01 00")
{
	__u8 one[] = { 1, 2, 3, 4 }, two[] = { 2, 2, 3, 4 };

	CHECK(fold(bpf_csum_diff(0, 0, (void *)one, 4, 0)) == bpf_htons(0x0406));
	CHECK(fold(bpf_csum_diff((void *)one, 4, (void *)two, 4, 0)) == bpf_htons(0x0100));
	return 0;
}

#define LEVEL(what) bpf_csum_level(skb, BPF_CSUM_LEVEL_##what)

HELPER(bpf_csum_level, "EACCES for a sum that nobody checked; up to level 1, down to 0, and reset")
{
	CHECK(FAILED(LEVEL(QUERY), EACCES));
	CHECK(!LEVEL(INC) && LEVEL(QUERY) == 0);
	CHECK(!LEVEL(INC) && LEVEL(QUERY) == 1);
	CHECK(!LEVEL(DEC) && LEVEL(QUERY) == 0);
	CHECK(!LEVEL(RESET) && FAILED(LEVEL(QUERY), EACCES));
	return 0;
}

HELPER(bpf_csum_update, "CHECKSUM_COMPLETE grows by 1; ENOTSUPP where a test run's packet has none")
{
	__s64 sum = bpf_csum_update(skb, 0);

	if (!known.complete)
		return FAILED(sum, ENOTSUPP) ? 0 : __LINE__;
	CHECK(sum >= 0 && bpf_csum_update(skb, 1) == sum + 1);
	/* undone again: a test run checks that skb->csum still matches the packet */
	CHECK(bpf_csum_update(skb, ~1) == sum);
	return 0;
}

static __u64 dynamic[2];

HELPER(bpf_dynptr_data, "a slice of the memory that the dynptr stands for can be written")
{
	struct bpf_dynptr pointer;
	__u64 *slice;

	CHECK(!bpf_dynptr_from_mem(dynamic, sizeof(dynamic), 0, &pointer));
	slice = bpf_dynptr_data(&pointer, 8, 8);
	CHECK(slice);
	*slice = 42;
	CHECK(*(volatile __u64 *)&dynamic[1] == 42);
	return 0;
}

HELPER(bpf_dynptr_from_mem, "a dynptr of global memory; unknown flags are refused")
{
	struct bpf_dynptr pointer, again;
	__u64 value = 0;

	CHECK(FAILED(bpf_dynptr_from_mem(dynamic, sizeof(dynamic), 1, &pointer), EINVAL));
	*(volatile __u64 *)&dynamic[0] = 41;
	CHECK(!bpf_dynptr_from_mem(dynamic, sizeof(dynamic), 0, &again));
	CHECK(!bpf_dynptr_read(&value, 8, &again, 0, 0) && value == 41);
	return 0;
}

HELPER(bpf_dynptr_read, "what is at the offset is read; beyond the end is E2BIG")
{
	struct bpf_dynptr pointer;
	__u64 value = 0;

	*(volatile __u64 *)&dynamic[1] = 43;
	CHECK(!bpf_dynptr_from_mem(dynamic, sizeof(dynamic), 0, &pointer));
	CHECK(!bpf_dynptr_read(&value, 8, &pointer, 8, 0));
	CHECK(value == 43);
	CHECK(bpf_dynptr_read(&value, 8, &pointer, 9, 0) == -7);
	return 0;
}

HELPER(bpf_dynptr_write, "what was written is there")
{
	struct bpf_dynptr pointer;
	__u64 value = 44;

	CHECK(!bpf_dynptr_from_mem(dynamic, sizeof(dynamic), 0, &pointer));
	CHECK(!bpf_dynptr_write(&pointer, 8, &value, 8, 0));
	CHECK(*(volatile __u64 *)&dynamic[1] == 44);
	return 0;
}

HELPER(bpf_fib_lookup, "a neighbour's address and device are found")
{
	struct bpf_fib_lookup fib = {
		.family = AF_INET, .ifindex = known.out, .ipv4_src = bpf_htonl(0x0a010101),
		.ipv4_dst = bpf_htonl(0x0a010102) };

	CHECK(bpf_fib_lookup(skb, &fib, sizeof(fib), 0) == BPF_FIB_LKUP_RET_SUCCESS);
	CHECK(fib.ifindex == known.out);
	CHECK(fib.dmac[0] == 2 && fib.dmac[5] == 2);
	return 0;
}

static __u64 entries, keys;

static long add(void *map, const void *key, void *value, void *unused)
{
	entries++;
	keys += *(__u32 *)key;
	return 0;
}

HELPER(bpf_for_each_map_elem, "the callback sees each of an array's four keys")
{
	CHECK(bpf_for_each_map_elem(&cells, add, NULL, 0) == 4);
	CHECK(entries == 4 && keys == 0 + 1 + 2 + 3);
	return 0;
}

HELPER(bpf_get_current_pid_tgid, "the process that runs the test")
{
	return bpf_get_current_pid_tgid() >> 32 == known.pid ? 0 : __LINE__;
}

HELPER(bpf_get_current_task, "its tgid, read from the structure, is that of the process")
{
	char *task = (void *)bpf_get_current_task();
	int tgid = 0;

	CHECK(task && !bpf_probe_read_kernel(&tgid, sizeof(tgid), task + TGID));
	LOOK_AT_KERNEL;
	CHECK(tgid == known.pid);
	return 0;
}

HELPER(bpf_get_current_task_btf, "its tgid, read directly, is that of the process")
{
	return bpf_get_current_task_btf()->tgid == known.pid ? 0 : __LINE__;
}

HELPER(bpf_get_hash_recalc, "not 0, the same again, the same in skb->hash")
{
	__u32 hash = bpf_get_hash_recalc(skb);

	CHECK(hash && bpf_get_hash_recalc(skb) == hash && skb->hash == hash);
	return 0;
}

HELPER(bpf_get_listener_sock, "of a listening socket: itself, in state LISTEN")
{
	struct bpf_sock *sk = FIND(sk_lookup_tcp), *found;

	CHECK(sk);
	found = bpf_get_listener_sock(sk);
	CHECK_RELEASE(found && found->state == TCP_LISTEN, bpf_sk_release(sk));
	bpf_sk_release(sk);
	return 0;
}

HELPER(bpf_get_netns_cookie, "that of the device's namespace, as SO_NETNS_COOKIE tells it")
{
	return bpf_get_netns_cookie(skb) == known.netns_cookie ? 0 : __LINE__;
}

HELPER(bpf_get_ns_current_pid_tgid, "the process that runs the test, in its own pid namespace")
{
	struct bpf_pidns_info info = {};

	CHECK(!bpf_get_ns_current_pid_tgid(known.pid_dev, known.pid_ino, &info, sizeof(info)));
	CHECK(info.tgid == known.pid);
	return 0;
}

HELPER(bpf_get_numa_node_id, "a node below 1024, the same again")
{
	long node = bpf_get_numa_node_id();

	CHECK(node >= 0 && node < 1024 && bpf_get_numa_node_id() == node);
	return 0;
}

HELPER(bpf_get_prandom_u32, "three in a row are not the same")
{
	__u32 first = bpf_get_prandom_u32(), second = bpf_get_prandom_u32();

	CHECK(first != second || second != bpf_get_prandom_u32());
	return 0;
}

HELPER(bpf_get_route_realm, "0 for a packet that was not routed")
{
	return bpf_get_route_realm(skb) == 0 ? 0 : __LINE__;
}

HELPER(bpf_get_smp_processor_id, "the CPU that the process is bound to")
{
	return bpf_get_smp_processor_id() == known.cpu ? 0 : __LINE__;
}

HELPER(bpf_get_socket_cookie, "not 0, the same again")
{
	__u64 cookie = bpf_get_socket_cookie(skb);

	CHECK(cookie && bpf_get_socket_cookie(skb) == cookie);
	return 0;
}

HELPER(bpf_get_socket_uid, "0, of the socket that BPF_PROG_TEST_RUN gives the packet")
{
	return bpf_get_socket_uid(skb) == 0 ? 0 : __LINE__;
}

/* jiffies begin 300 seconds before they exceed 32 bits */
static __always_inline bool ticks(__u64 jiffies, __u64 hz)
{
	return jiffies / hz + 360 - (1ULL << 32) / hz - known.monotonic / 1000000000 < 120;
}

HELPER(bpf_jiffies64, "ticks, 100, 250, 300 or 1000 a second, that pass 2^32 five minutes after the kernel began")
{
	__u64 now = bpf_jiffies64();

	CHECK(ticks(now, 100) || ticks(now, 250) || ticks(now, 300) || ticks(now, 1000));
	return 0;
}

HELPER(bpf_kptr_xchg, "a pointer in a map value is exchanged for NULL")
{
	struct referring *reference = bpf_map_lookup_elem(&references, &(__u32){ 0 });
	struct pointing *value = bpf_map_lookup_elem(&pointers, &(__u32){ 0 });
	void *old;

	CHECK(value && reference);
	if (LINUX_KERNEL_VERSION < 0x60400)
		old = bpf_kptr_xchg(&reference->pointer, NULL);
	else
		old = bpf_kptr_xchg(&value->pointer, NULL);
	return old ? __LINE__ : 0;
}

HELPER(bpf_ktime_get_boot_ns, "not before the monotonic clock")
{
	__u64 monotonic = bpf_ktime_get_ns();

	CHECK(bpf_ktime_get_boot_ns() >= monotonic);
	return 0;
}

HELPER(bpf_ktime_get_ns, "not before CLOCK_MONOTONIC was when the test began, within a minute")
{
	__u64 now = bpf_ktime_get_ns();

	CHECK(now >= known.monotonic && now - known.monotonic < 60000000000ULL);
	return 0;
}

HELPER(bpf_ktime_get_tai_ns, "not before CLOCK_TAI was when the test began, within a minute")
{
	__u64 now = bpf_ktime_get_tai_ns();

	CHECK(now >= known.tai && now - known.tai < 60000000000ULL);
	return 0;
}

#define IP_CHECK (ETH_HLEN + offsetof(struct iphdr, check))
#define TCP_CHECK (ETH_HLEN + sizeof(struct iphdr) + offsetof(struct tcphdr, check))

HELPER(bpf_l3_csum_replace, "after a change of TTL and protocol the header's sum is right again")
{
	__u16 old, new;

	CHECK((void *)TCP_AT <= END);
	old = *(__u16 *)&IP_AT->ttl;
	IP_AT->ttl--;
	new = *(__u16 *)&IP_AT->ttl;
	CHECK(!bpf_l3_csum_replace(skb, IP_CHECK, old, new, 2));
	CHECK((void *)TCP_AT <= END);
	CHECK(fold(bpf_csum_diff(0, 0, (void *)IP_AT, sizeof(struct iphdr), 0)) == 0xffff);
	return 0;
}

HELPER(bpf_l4_csum_replace, "after a change of port the sum with pseudo header is right again")
{
	struct { __be32 from, to; __be16 proto, length; } pseudo;
	__u32 tcp[(KNOWN_LENGTH - ETH_HLEN - sizeof(struct iphdr) + 3) / 4] = {};
	__be16 port = bpf_htons(7777);

	CHECK(!bpf_l4_csum_replace(skb, TCP_CHECK, bpf_htons(KNOWN_PORT), port, 2));
	CHECK(!bpf_skb_store_bytes(skb, ETH_HLEN + sizeof(struct iphdr) + 2, &port, 2, 0));
	CHECK(!bpf_skb_load_bytes(skb, ETH_HLEN + sizeof(struct iphdr), tcp,
				  KNOWN_LENGTH - ETH_HLEN - sizeof(struct iphdr)));
	pseudo.from = pseudo.to = bpf_htonl(INADDR_LOOPBACK);
	pseudo.proto = bpf_htons(IPPROTO_TCP);
	pseudo.length = bpf_htons(KNOWN_LENGTH - ETH_HLEN - sizeof(struct iphdr));
	CHECK(fold(bpf_csum_diff(0, 0, tcp, sizeof(tcp),
				 bpf_csum_diff(0, 0, (void *)&pseudo, sizeof(pseudo), 0))) == 0xffff);
	return 0;
}

static long add_index(__u32 index, __u64 *sum)
{
	*sum += index;
	return 0;
}

HELPER(bpf_loop, "the callback is called with 0 to 4")
{
	__u64 sum = 0;

	CHECK(bpf_loop(5, add_index, &sum, 0) == 5 && sum == 0 + 1 + 2 + 3 + 4);
	return 0;
}

HELPER(bpf_map_delete_elem, "the entry is gone; ENOENT the second time")
{
	__u32 key = 1;
	__u64 value = 1;

	CHECK(!bpf_map_update_elem(&hash, &key, &value, 0));
	CHECK(!bpf_map_delete_elem(&hash, &key) && !bpf_map_lookup_elem(&hash, &key));
	CHECK(FAILED(bpf_map_delete_elem(&hash, &key), ENOENT));
	return 0;
}

HELPER(bpf_map_lookup_elem, "the value that was put there; NULL for another key")
{
	__u32 key = 2, other = 99;
	__u64 value = 42, *found;

	CHECK(!bpf_map_update_elem(&hash, &key, &value, 0));
	found = bpf_map_lookup_elem(&hash, &key);
	CHECK(found && *found == 42 && !bpf_map_lookup_elem(&hash, &other));
	return 0;
}

HELPER(bpf_map_lookup_percpu_elem, "this CPU's value is the one that lookup_elem finds")
{
	__u32 key = 0;
	__u64 *own = bpf_map_lookup_elem(&percpu, &key), *found;

	CHECK(own);
	*own = 42;
	found = bpf_map_lookup_percpu_elem(&percpu, &key, bpf_get_smp_processor_id());
	CHECK(found && *found == 42);
	CHECK(!bpf_map_lookup_percpu_elem(&percpu, &key, 1 << 20));
	return 0;
}

HELPER(bpf_map_peek_elem, "the oldest value, which stays")
{
	__u64 value = 7, seen = 0;

	CHECK(FAILED(bpf_map_peek_elem(&queue, &seen), ENOENT));
	CHECK(!bpf_map_push_elem(&queue, &value, 0) && !bpf_map_peek_elem(&queue, &seen));
	CHECK(seen == 7 && !bpf_map_pop_elem(&queue, &seen));
	return 0;
}

HELPER(bpf_map_pop_elem, "the oldest value, which goes")
{
	__u64 value = 7, seen = 0;

	CHECK(!bpf_map_push_elem(&queue, &value, 0) && !bpf_map_pop_elem(&queue, &seen));
	CHECK(seen == 7 && FAILED(bpf_map_pop_elem(&queue, &seen), ENOENT));
	return 0;
}

HELPER(bpf_map_push_elem, "two values come out in the order in which they went in")
{
	__u64 first = 1, second = 2, seen = 0;

	CHECK(!bpf_map_push_elem(&queue, &first, 0) && !bpf_map_push_elem(&queue, &second, 0));
	CHECK(!bpf_map_pop_elem(&queue, &seen) && seen == 1);
	CHECK(!bpf_map_pop_elem(&queue, &seen) && seen == 2);
	return 0;
}

HELPER(bpf_map_update_elem, "an entry is made; EEXIST with BPF_NOEXIST the second time")
{
	__u32 key = 3;
	__u64 value = 42;

	CHECK(!bpf_map_update_elem(&hash, &key, &value, BPF_NOEXIST));
	CHECK(FAILED(bpf_map_update_elem(&hash, &key, &value, BPF_NOEXIST), 17));
	return 0;
}

HELPER(bpf_per_cpu_ptr, "a kernel variable of CPU 0; NULL for a CPU that there is not")
{
	const int *active;

	NEED(PER_CPU_KNOWN);
	active = bpf_per_cpu_ptr(&bpf_prog_active, 0);
	CHECK(active && *active >= 0);
	CHECK(!bpf_per_cpu_ptr(&bpf_prog_active, 1 << 20));
	return 0;
}

HELPER(bpf_perf_event_output, "the record is in the perf buffer")
{
	char record[] = KNOWN_TEXT;

	return bpf_perf_event_output(skb, &perf, BPF_F_CURRENT_CPU, record, sizeof(record)) ?
	       __LINE__ : 0;
}

HELPER(bpf_probe_read_kernel, "a task's tgid; an error for an address that is none")
{
	int tgid = 0;
	char *task = (void *)bpf_get_current_task();

	CHECK(bpf_probe_read_kernel(&tgid, sizeof(tgid), (void *)-8) < 0);
	CHECK(!bpf_probe_read_kernel(&tgid, sizeof(tgid), task + TGID));
	LOOK_AT_KERNEL;
	CHECK(tgid == known.pid);
	return 0;
}

HELPER(bpf_probe_read_kernel_str, "the task's name is conform, 8 bytes")
{
	char name[16] = {};
	char *task = (void *)bpf_get_current_task();

	long length = bpf_probe_read_kernel_str(name, sizeof(name), task + COMM);

	LOOK_AT_KERNEL;
	CHECK(length == 8 && name[0] == 'c' && name[6] == 'm' && !name[7]);
	return 0;
}

HELPER(bpf_probe_read_user, "a text in the memory of the process that runs the test")
{
	char seen[8] = {};

	CHECK(!bpf_probe_read_user(seen, sizeof(seen), (void *)known.word));
	CHECK(seen[0] == KNOWN_TEXT[0] && seen[7] == KNOWN_TEXT[7]);
	return 0;
}

HELPER(bpf_probe_read_user_str, "a text in that memory, with its length")
{
	char seen[32] = {};

	CHECK(bpf_probe_read_user_str(seen, sizeof(seen), (void *)known.word) == sizeof(KNOWN_TEXT));
	CHECK(seen[0] == KNOWN_TEXT[0] && seen[7] == KNOWN_TEXT[7]);
	return 0;
}

HELPER(bpf_redirect, "returns TC_ACT_REDIRECT; TC_ACT_SHOT for unknown flags")
{
	CHECK(bpf_redirect(known.out, 0) == TC_ACT_REDIRECT);
	CHECK(bpf_redirect(known.out, ~0ULL) == TC_ACT_SHOT);
	return 0;
}

HELPER(bpf_redirect_neigh, "returns TC_ACT_REDIRECT; TC_ACT_SHOT for unknown flags")
{
	CHECK(bpf_redirect_neigh(known.out, NULL, 0, 0) == TC_ACT_REDIRECT);
	CHECK(bpf_redirect_neigh(known.out, NULL, 0, 1) == TC_ACT_SHOT);
	return 0;
}

HELPER(bpf_redirect_peer, "returns TC_ACT_REDIRECT; TC_ACT_SHOT for unknown flags")
{
	CHECK(bpf_redirect_peer(known.out, 0) == TC_ACT_REDIRECT);
	CHECK(bpf_redirect_peer(known.out, 1) == TC_ACT_SHOT);
	return 0;
}

HELPER(bpf_ringbuf_discard, "a reserved record never arrives")
{
	__u64 *record = bpf_ringbuf_reserve(&ring, 8, 0);

	CHECK(record);
	*record = KNOWN_TSTAMP;
	bpf_ringbuf_discard(record, 0);
	return 0;
}

HELPER(bpf_ringbuf_discard_dynptr, "a reserved record never arrives")
{
	struct bpf_dynptr pointer;
	__u64 value = KNOWN_TSTAMP;
	int err = bpf_ringbuf_reserve_dynptr(&ring, 8, 0, &pointer);

	if (!err)
		err = bpf_dynptr_write(&pointer, 0, &value, 8, 0);
	bpf_ringbuf_discard_dynptr(&pointer, 0);
	return err ? __LINE__ : 0;
}

HELPER(bpf_ringbuf_output, "the record arrives")
{
	__u64 value = KNOWN_TSTAMP;

	return bpf_ringbuf_output(&ring, &value, 8, 0) ? __LINE__ : 0;
}

HELPER(bpf_ringbuf_query, "its size; a record is 16 bytes of available data")
{
	__u64 value = KNOWN_TSTAMP;

	CHECK(bpf_ringbuf_query(&ring, BPF_RB_RING_SIZE) == 4096);
	CHECK(bpf_ringbuf_query(&ring, BPF_RB_AVAIL_DATA) == 0);
	CHECK(!bpf_ringbuf_output(&ring, &value, 8, BPF_RB_NO_WAKEUP));
	CHECK(bpf_ringbuf_query(&ring, BPF_RB_AVAIL_DATA) == 16);
	return 0;
}

HELPER(bpf_ringbuf_reserve, "what was written to the record arrives; NULL for more than there is")
{
	__u64 *record = bpf_ringbuf_reserve(&ring, 8192, 0);

	CHECK_RELEASE(!record, bpf_ringbuf_discard(record, 0));
	record = bpf_ringbuf_reserve(&ring, 8, 0);
	CHECK(record);
	*record = KNOWN_TSTAMP;
	bpf_ringbuf_submit(record, 0);
	return 0;
}

HELPER(bpf_ringbuf_reserve_dynptr, "what was written to the record arrives")
{
	struct bpf_dynptr pointer;
	__u64 value = KNOWN_TSTAMP;
	int err = bpf_ringbuf_reserve_dynptr(&ring, 8, 0, &pointer);

	if (!err)
		err = bpf_dynptr_write(&pointer, 0, &value, 8, 0);
	bpf_ringbuf_submit_dynptr(&pointer, 0);
	return err ? __LINE__ : 0;
}

HELPER(bpf_ringbuf_submit, "a reserved record arrives")
{
	__u64 *record = bpf_ringbuf_reserve(&ring, 8, 0);

	CHECK(record);
	*record = KNOWN_TSTAMP;
	bpf_ringbuf_submit(record, BPF_RB_FORCE_WAKEUP);
	return 0;
}

HELPER(bpf_ringbuf_submit_dynptr, "a record filled through a slice of the dynptr arrives")
{
	struct bpf_dynptr pointer;
	int err = bpf_ringbuf_reserve_dynptr(&ring, 8, 0, &pointer);
	__u64 *record = bpf_dynptr_data(&pointer, 0, 8);

	if (record)
		*record = KNOWN_TSTAMP;
	bpf_ringbuf_submit_dynptr(&pointer, 0);
	return err || !record ? __LINE__ : 0;
}

HELPER(bpf_set_hash, "skb->hash is what was set")
{
	CHECK(!bpf_set_hash(skb, 0x1234) && skb->hash == 0x1234);
	return 0;
}

HELPER(bpf_set_hash_invalid, "skb->hash is 0, and calculated anew when asked for")
{
	__u32 hash = bpf_get_hash_recalc(skb);

	CHECK(hash);
	bpf_set_hash_invalid(skb);
	CHECK(skb->hash == 0);
	CHECK(bpf_get_hash_recalc(skb) == hash);
	return 0;
}

HELPER(bpf_sk_assign, "EOPNOTSUPP, as BPF_PROG_TEST_RUN's packet is not at ingress")
{
	struct bpf_sock *sk = FIND(sk_lookup_tcp);
	long err;

	CHECK(sk);
	err = bpf_sk_assign(skb, sk, 0);
	bpf_sk_release(sk);
	CHECK(FAILED(err, EOPNOTSUPP));
	return 0;
}

HELPER(bpf_sk_fullsock, "of skb->sk: a socket with all its fields")
{
	struct bpf_sock *sk = skb->sk;

	CHECK(sk);
	sk = bpf_sk_fullsock(sk);
	CHECK(sk && sk->family == AF_INET && sk->mark == 0);
	return 0;
}

HELPER(bpf_sk_lookup_tcp, "the listener is found; nothing on another port")
{
	struct bpf_sock_tuple other = listener;
	struct bpf_sock *sk = FIND(sk_lookup_tcp);

	CHECK(sk);
	CHECK_RELEASE(sk->src_port == KNOWN_PORT && sk->state == TCP_LISTEN, bpf_sk_release(sk));
	bpf_sk_release(sk);
	other.ipv4.dport = bpf_htons(KNOWN_PORT + 2);
	sk = bpf_sk_lookup_tcp(skb, &other, sizeof(other.ipv4), BPF_F_CURRENT_NETNS, 0);
	CHECK_RELEASE(!sk, bpf_sk_release(sk));
	return 0;
}

HELPER(bpf_sk_lookup_udp, "the UDP socket is found")
{
	struct bpf_sock *sk = FIND(sk_lookup_udp);

	CHECK(sk);
	CHECK_RELEASE(sk->src_port == KNOWN_PORT && sk->protocol == IPPROTO_UDP, bpf_sk_release(sk));
	bpf_sk_release(sk);
	return 0;
}

HELPER(bpf_sk_release, "0; without it the verifier refuses the program (self/unreleased)")
{
	struct bpf_sock *sk = FIND(sk_lookup_tcp);

	CHECK(sk);
	return bpf_sk_release(sk) ? __LINE__ : 0;
}

HELPER(bpf_sk_storage_delete, "a value stored for a socket is gone")
{
	struct bpf_sock *sk = FIND(sk_lookup_tcp);
	__u64 *value;
	long err;

	CHECK(sk);
	value = bpf_sk_storage_get(&sk_storage, sk, 0, BPF_SK_STORAGE_GET_F_CREATE);
	err = bpf_sk_storage_delete(&sk_storage, sk);
	CHECK_RELEASE(value && !err && !bpf_sk_storage_get(&sk_storage, sk, 0, 0),
		      bpf_sk_release(sk));
	bpf_sk_release(sk);
	return 0;
}

HELPER(bpf_sk_storage_get, "a value stored for a socket is found again")
{
	struct bpf_sock *sk = FIND(sk_lookup_tcp);
	__u64 *value;

	CHECK(sk);
	value = bpf_sk_storage_get(&sk_storage, sk, 0, BPF_SK_STORAGE_GET_F_CREATE);
	if (value)
		*value = 42;
	value = bpf_sk_storage_get(&sk_storage, sk, 0, 0);
	CHECK_RELEASE(value && *value == 42, bpf_sk_release(sk));
	bpf_sk_release(sk);
	return 0;
}

HELPER(bpf_skb_adjust_room, "20 bytes more behind the Ethernet header")
{
	__u8 first;

	CHECK(!bpf_skb_adjust_room(skb, 20, BPF_ADJ_ROOM_MAC, 0));
	CHECK(skb->len == KNOWN_LENGTH + 20);
	CHECK(!bpf_skb_load_bytes(skb, ETH_HLEN + 20, &first, 1) && first == 0x45);
	return 0;
}

HELPER(bpf_skb_ancestor_cgroup_id, "of the sender's cgroup, level 0 is the root, level 1 it itself")
{
	CHECK(bpf_skb_ancestor_cgroup_id(skb, 0) == known.parent_cgroup);
	CHECK(bpf_skb_ancestor_cgroup_id(skb, 1) == known.cgroup);
	return 0;
}

HELPER(bpf_skb_cgroup_id, "the inode of the sender's cgroup directory")
{
	return bpf_skb_cgroup_id(skb) == known.cgroup ? 0 : __LINE__;
}

HELPER(bpf_skb_change_head, "14 bytes of zeros in front")
{
	__u32 head[3];
	__u8 first;

	CHECK(!bpf_skb_change_head(skb, 14, 0));
	CHECK(skb->len == KNOWN_LENGTH + 14);
	CHECK(!bpf_skb_load_bytes(skb, 0, head, sizeof(head)) && !(head[0] | head[1] | head[2]));
	CHECK(!bpf_skb_load_bytes(skb, 2 * ETH_HLEN, &first, 1) && first == 0x45);
	return 0;
}

HELPER(bpf_skb_change_proto, "IPv4 to IPv6: 20 bytes more, and another skb->protocol")
{
	CHECK(!bpf_skb_change_proto(skb, bpf_htons(ETH_P_IPV6), 0));
	CHECK(skb->len == KNOWN_LENGTH + 20 && skb->protocol == bpf_htons(ETH_P_IPV6));
	return 0;
}

HELPER(bpf_skb_change_tail, "shorter, and longer with zeros")
{
	__u8 last = 1;

	CHECK(!bpf_skb_change_tail(skb, KNOWN_LENGTH - 10, 0) && skb->len == KNOWN_LENGTH - 10);
	CHECK(!bpf_skb_change_tail(skb, KNOWN_LENGTH + 10, 0) && skb->len == KNOWN_LENGTH + 10);
	CHECK(!bpf_skb_load_bytes(skb, KNOWN_LENGTH + 9, &last, 1) && !last);
	return 0;
}

HELPER(bpf_skb_change_type, "skb->pkt_type is what was set")
{
	CHECK(!bpf_skb_change_type(skb, 3) && skb->pkt_type == 3);
	return 0;
}

HELPER(bpf_skb_ecn_set_ce, "1; both ECN bits are set and the header's sum is right")
{
	CHECK(bpf_skb_ecn_set_ce(skb) == 1);
	CHECK((void *)TCP_AT <= END);
	CHECK((IP_AT->tos & 3) == 3);
	CHECK(fold(bpf_csum_diff(0, 0, (void *)IP_AT, sizeof(struct iphdr), 0)) == 0xffff);
	return 0;
}

/* the members that Linux 5.10 has; later ones follow */
#define KEY_SIZE offsetof(struct bpf_tunnel_key, local_ipv4)

static __always_inline long set_key(struct __sk_buff *skb)
{
	struct bpf_tunnel_key key = { .tunnel_id = 42, .remote_ipv4 = 0x0a010102, .tunnel_ttl = 9 };

	return bpf_skb_set_tunnel_key(skb, &key, KEY_SIZE, 0);
}

HELPER(bpf_skb_get_tunnel_key, "EINVAL without one; else the id and TTL that were set")
{
	struct bpf_tunnel_key key = {};

	CHECK(FAILED(bpf_skb_get_tunnel_key(skb, &key, KEY_SIZE, 0), EINVAL));
	CHECK(!set_key(skb) && !bpf_skb_get_tunnel_key(skb, &key, KEY_SIZE, 0));
	CHECK(key.tunnel_id == 42 && key.tunnel_ttl == 9);
	return 0;
}

HELPER(bpf_skb_get_tunnel_opt, "ENOENT without one; else what was set, with its size")
{
	__u8 option[] = { 1, 2, 3, 4, 5, 6, 7, 8 }, seen[8] = {};

	CHECK(!set_key(skb));
	CHECK(FAILED(bpf_skb_get_tunnel_opt(skb, seen, sizeof(seen)), ENOENT));
	CHECK(!bpf_skb_set_tunnel_opt(skb, option, sizeof(option)));
	CHECK(bpf_skb_get_tunnel_opt(skb, seen, sizeof(seen)) == sizeof(seen) && seen[7] == 8);
	return 0;
}

HELPER(bpf_skb_get_xfrm_state, "EINVAL for a packet that IPsec has not seen")
{
	struct bpf_xfrm_state state = {};

	CHECK(FAILED(bpf_skb_get_xfrm_state(skb, 0, &state, sizeof(state), 0), EINVAL));
	return 0;
}

HELPER(bpf_skb_load_bytes, "the packet's bytes; EFAULT beyond its end")
{
	char seen[sizeof(KNOWN_TEXT)] = {};
	int offset = ETH_HLEN + sizeof(struct iphdr) + sizeof(struct tcphdr);

	CHECK(!bpf_skb_load_bytes(skb, offset, seen, sizeof(seen)));
	CHECK(seen[0] == KNOWN_TEXT[0] && seen[16] == KNOWN_TEXT[16]);
	CHECK(FAILED(bpf_skb_load_bytes(skb, KNOWN_LENGTH - 4, seen, 5), 14));
	return 0;
}

HELPER(bpf_skb_load_bytes_relative, "offset 0 of the network header is the IP header")
{
	/* no bit fields: their order is that of the machine that compiles */
	struct iphdr ip = {};
	__u8 *first = (__u8 *)&ip;

	CHECK(!bpf_skb_load_bytes_relative(skb, 0, &ip, sizeof(ip), BPF_HDR_START_NET));
	CHECK(*first == 0x45 && ip.ttl == 64 && ip.daddr == bpf_htonl(INADDR_LOOPBACK));
	CHECK(!bpf_skb_load_bytes_relative(skb, ETH_HLEN, &ip, sizeof(ip), BPF_HDR_START_MAC));
	CHECK(*first == 0x45);
	return 0;
}

HELPER(bpf_skb_pull_data, "the whole packet can be read directly; ENOMEM for more than there is")
{
	CHECK(!bpf_skb_pull_data(skb, 0) && !bpf_skb_pull_data(skb, KNOWN_LENGTH));
	CHECK((long)skb->data_end - (long)skb->data == KNOWN_LENGTH);
	CHECK(bpf_skb_pull_data(skb, KNOWN_LENGTH + 1) == -12);
	return 0;
}

HELPER(bpf_skb_set_tstamp, "tstamp is what was set, tstamp_type is 1 (monotonic delivery time)")
{
	CHECK(!bpf_skb_set_tstamp(skb, 12345, BPF_SKB_TSTAMP_DELIVERY_MONO));
	CHECK(skb->tstamp_type == BPF_SKB_TSTAMP_DELIVERY_MONO && skb->tstamp == 12345);
	return 0;
}

HELPER(bpf_skb_set_tunnel_key, "the packet has it; EINVAL for unknown flags")
{
	struct bpf_tunnel_key key = {};

	CHECK(FAILED(bpf_skb_set_tunnel_key(skb, &key, KEY_SIZE, 1 << 30), EINVAL));
	CHECK(!set_key(skb) && !bpf_skb_get_tunnel_key(skb, &key, KEY_SIZE, 0));
	CHECK(key.tunnel_id == 42);
	return 0;
}

HELPER(bpf_skb_set_tunnel_opt, "the packet has it; EINVAL without a tunnel key")
{
	__u8 option[] = { 8, 7, 6, 5, 4, 3, 2, 1 }, seen[8] = {};

	CHECK(FAILED(bpf_skb_set_tunnel_opt(skb, option, sizeof(option)), EINVAL));
	CHECK(!set_key(skb) && !bpf_skb_set_tunnel_opt(skb, option, sizeof(option)));
	CHECK(bpf_skb_get_tunnel_opt(skb, seen, sizeof(seen)) == sizeof(seen) && seen[0] == 8);
	return 0;
}

HELPER(bpf_skb_store_bytes, "the bytes are in the packet")
{
	char new[] = "new", seen[4] = {};

	CHECK(!bpf_skb_store_bytes(skb, 80, new, sizeof(new), 0));
	CHECK(!bpf_skb_load_bytes(skb, 80, seen, sizeof(seen)) && seen[0] == 'n' && seen[2] == 'w');
	return 0;
}

HELPER(bpf_skb_under_cgroup, "1 for the sender's cgroup; an error for an empty slot")
{
	CHECK(bpf_skb_under_cgroup(skb, &cgroups, 0) == 1);
	CHECK(bpf_skb_under_cgroup(skb, &cgroups, 1) < 0);
	return 0;
}

HELPER(bpf_skb_vlan_pop, "the tag that was pushed is gone")
{
	CHECK(!bpf_skb_vlan_push(skb, bpf_htons(ETH_P_8021Q), 5) && skb->vlan_present);
	CHECK(!bpf_skb_vlan_pop(skb) && !skb->vlan_present);
	return 0;
}

HELPER(bpf_skb_vlan_push, "the context has the tag; a second one goes into the packet")
{
	__be16 type = 0;

	CHECK(!bpf_skb_vlan_push(skb, bpf_htons(ETH_P_8021Q), 5));
	CHECK(skb->vlan_present && skb->vlan_tci == 5 && skb->vlan_proto == bpf_htons(ETH_P_8021Q));
	CHECK(!bpf_skb_vlan_push(skb, bpf_htons(ETH_P_8021AD), 6) && skb->vlan_tci == 6);
	CHECK(!bpf_skb_load_bytes(skb, 12, &type, 2) && type == bpf_htons(ETH_P_8021Q));
	return 0;
}

HELPER(bpf_skc_lookup_tcp, "the listener is found")
{
	struct bpf_sock *sk = FIND(skc_lookup_tcp);

	CHECK(sk);
	CHECK_RELEASE(sk->state == TCP_LISTEN, bpf_sk_release(sk));
	bpf_sk_release(sk);
	return 0;
}

HELPER(bpf_snprintf, "the text, and its length")
{
	static const char form[] = "port %d";
	__u64 port = KNOWN_PORT;
	char text[16] = {};

	CHECK(bpf_snprintf(text, sizeof(text), form, &port, sizeof(port)) == 10);
	CHECK(text[0] == 'p' && text[5] == '7' && text[8] == '0' && !text[9]);
	return 0;
}

HELPER(bpf_snprintf_btf, "a structure of the kernel as text")
{
	struct btf_ptr pointer = { .ptr = (void *)bpf_get_current_task(), .type_id = TASK };
	char text[32] = {};

	long length = bpf_snprintf_btf(text, sizeof(text), &pointer, sizeof(pointer), 0);

	LOOK_AT_KERNEL;
	CHECK(length > 32 && text[0] == '(' && text[1] == 's' && text[8] == 't');
	return 0;
}

HELPER(bpf_spin_lock, "a value changed under the lock")
{
	struct locked *value = bpf_map_lookup_elem(&locks, &(__u32){ 0 });
	__u32 after;

	CHECK(value);
	bpf_spin_lock(&value->lock);
	value->value = 1;
	after = value->value;
	bpf_spin_unlock(&value->lock);
	CHECK(after == 1);
	return 0;
}

HELPER(bpf_spin_unlock, "the lock can be taken a second time")
{
	struct locked *value = bpf_map_lookup_elem(&locks, &(__u32){ 0 });

	CHECK(value);
	bpf_spin_lock(&value->lock);
	value->value++;
	bpf_spin_unlock(&value->lock);
	bpf_spin_lock(&value->lock);
	value->value++;
	bpf_spin_unlock(&value->lock);
	return 0;
}

HELPER(bpf_strncmp, "0 for the same text, and the order of others")
{
	char text[4] = "abc";

	CHECK(!bpf_strncmp(text, sizeof(text), "abc"));
	CHECK(bpf_strncmp(text, sizeof(text), "abd") < 0);
	CHECK(bpf_strncmp(text, sizeof(text), "abb") > 0);
	return 0;
}

HELPER(bpf_tail_call, "the other program runs and returns; not for an empty slot")
{
	volatile __u32 here = __LINE__;

	bpf_tail_call(skb, &jumps, 0);
	bpf_tail_call(skb, &jumps, 1);
	return here;
}

HELPER(bpf_task_pt_regs, "not NULL for the process that runs the test")
{
	return bpf_task_pt_regs(bpf_get_current_task_btf()) ? 0 : __LINE__;
}

/* A cookie made for the known SYN is right in the ACK that answers it. */
static __always_inline long cookie(struct __sk_buff *skb, bool answer)
{
	struct iphdr ip;
	struct tcphdr tcp;
	struct bpf_sock *sk;
	__s64 made;
	long right = -1;

	if (bpf_skb_load_bytes(skb, ETH_HLEN, &ip, sizeof(ip)) ||
	    bpf_skb_load_bytes(skb, ETH_HLEN + sizeof(ip), &tcp, sizeof(tcp)))
		return __LINE__;
	sk = FIND(sk_lookup_tcp);
	if (!sk)
		return __LINE__;
	made = bpf_tcp_gen_syncookie(sk, &ip, sizeof(ip), &tcp, sizeof(tcp));
	if (answer && made > 0) {
		((__u8 *)&tcp)[13] = 0x10;	/* ACK */
		tcp.seq = bpf_htonl(1000 + 1);
		tcp.ack_seq = bpf_htonl((__u32)made + 1);
		right = bpf_tcp_check_syncookie(sk, &ip, sizeof(ip), &tcp, sizeof(tcp));
		tcp.ack_seq = bpf_htonl((__u32)made + 1000);
		if (!bpf_tcp_check_syncookie(sk, &ip, sizeof(ip), &tcp, sizeof(tcp)))
			right = -1;
	}
	bpf_sk_release(sk);
	if (made <= 0 || made >> 32 == 0)
		return __LINE__;
	return answer && right ? __LINE__ : 0;
}

HELPER(bpf_tcp_check_syncookie, "0 for the cookie that was made, not for another")
{
	return cookie(skb, true);
}

HELPER(bpf_tcp_gen_syncookie, "a cookie and the MSS that it stands for")
{
	return cookie(skb, false);
}

HELPER(bpf_tcp_sock, "the congestion window of a TCP socket")
{
	struct bpf_sock *sk = FIND(sk_lookup_tcp);
	struct bpf_tcp_sock *tcp;

	CHECK(sk);
	tcp = bpf_tcp_sock(sk);
	CHECK_RELEASE(tcp && tcp->snd_cwnd == 10, bpf_sk_release(sk));
	bpf_sk_release(sk);
	return 0;
}

HELPER(bpf_this_cpu_ptr, "a kernel variable of this CPU, the one per_cpu_ptr finds")
{
	const int *active;

	NEED(PER_CPU_KNOWN);
	active = bpf_this_cpu_ptr(&bpf_prog_active);
	CHECK(*active >= 0);
	CHECK(bpf_per_cpu_ptr(&bpf_prog_active, bpf_get_smp_processor_id()) == active);
	return 0;
}

static int on_timer(void *map, __u32 *key, struct timed *value)
{
	__u64 *count = bpf_map_lookup_elem(&fired, &(__u32){ 0 });

	if (count)
		__sync_fetch_and_add(count, 1);
	return 0;
}

HELPER(bpf_timer_cancel, "1 for a timer that was running, 0 after that")
{
	struct timed *value = bpf_map_lookup_elem(&timers, &(__u32){ 0 });

	CHECK(value);
	CHECK(!bpf_timer_init(&value->timer, &timers, 1 /* CLOCK_MONOTONIC */));
	CHECK(!bpf_timer_set_callback(&value->timer, on_timer));
	CHECK(!bpf_timer_start(&value->timer, 3600000000000ULL, 0));
	CHECK(bpf_timer_cancel(&value->timer) == 1);
	CHECK(bpf_timer_cancel(&value->timer) == 0);
	return 0;
}

HELPER(bpf_timer_init, "0, EBUSY the second time")
{
	struct timed *value = bpf_map_lookup_elem(&timers, &(__u32){ 1 });

	CHECK(value);
	CHECK(!bpf_timer_init(&value->timer, &timers, 1));
	CHECK(FAILED(bpf_timer_init(&value->timer, &timers, 1), 16));
	return 0;
}

HELPER(bpf_timer_set_callback, "the callback is called; EINVAL before init")
{
	struct timed *value = bpf_map_lookup_elem(&timers, &(__u32){ 2 });

	CHECK(value);
	CHECK(FAILED(bpf_timer_set_callback(&value->timer, on_timer), EINVAL));
	CHECK(!bpf_timer_init(&value->timer, &timers, 1));
	CHECK(!bpf_timer_set_callback(&value->timer, on_timer));
	CHECK(!bpf_timer_start(&value->timer, 1000, 0));
	return 0;
}

HELPER(bpf_timer_start, "the callback is called; EINVAL for a timer without one")
{
	struct timed *value = bpf_map_lookup_elem(&timers, &(__u32){ 3 });

	CHECK(value);
	CHECK(!bpf_timer_init(&value->timer, &timers, 1));
	CHECK(FAILED(bpf_timer_start(&value->timer, 1000, 0), EINVAL));
	CHECK(!bpf_timer_set_callback(&value->timer, on_timer));
	CHECK(!bpf_timer_start(&value->timer, 1000, 0));
	return 0;
}

HELPER(bpf_trace_printk, "the text is in the kernel's trace")
{
	static const char form[] = "tcact printed %u";

	return bpf_trace_printk(form, sizeof(form), known.pid) > 0 ? 0 : __LINE__;
}

HELPER(bpf_trace_vprintk, "the text is in the kernel's trace")
{
	static const char form[] = "tcact vprinted %u";
	__u64 pid = known.pid;

	return bpf_trace_vprintk(form, sizeof(form), &pid, sizeof(pid)) > 0 ? 0 : __LINE__;
}

static long drained(struct bpf_dynptr *pointer, __u64 *value)
{
	bpf_dynptr_read(value, sizeof(*value), pointer, 0, 0);
	return 0;
}

HELPER(bpf_user_ringbuf_drain, "the one record that user space put there")
{
	__u64 value = 0;

	CHECK(bpf_user_ringbuf_drain(&user_ring, drained, &value, 0) == 1);
	CHECK(value == KNOWN_TSTAMP);
	return 0;
}

/* Last, for the reason given in hooks.h. */
HELPER(bpf_get_cgroup_classid, "what net_cls says of the process")
{
	return bpf_get_cgroup_classid(skb) == KNOWN_CLASSID ? 0 : __LINE__;
}

HELPER(bpf_skb_cgroup_classid, "what net_cls says of the process that made the socket")
{
	return bpf_skb_cgroup_classid(skb) == KNOWN_CLASSID ? 0 : __LINE__;
}
