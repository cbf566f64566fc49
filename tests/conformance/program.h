/* SPDX-License-Identifier: GPL-2.0-only */
/* What the programs of helpers.bpf.c and kfuncs.bpf.c share. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/in.h>
#include <linux/ip.h>
#include <linux/pkt_cls.h>
#include <linux/tcp.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_core_read.h>
#include "known.h"

char _license[] SEC("license") = "GPL";

/* Filled in by conform before it loads the object. */
struct known known SEC(".data.known") = {};

/* A row of the page, what its program shows, and the program. */
#define HELPER(name, what) SEC("helper/" #name) int check_##name(struct __sk_buff *skb)
#define KFUNC(name, what) SEC("kfunc/" #name) int check_##name(struct __sk_buff *skb)

/* The same, where what it does is in a function that several share. */
#define KFUNC_BY(name, what, function) \
	KFUNC(name, what)              \
	{                              \
		NEED(name);            \
		return function();     \
	}

#define CHECK(condition)                 \
	do {                             \
		if (!(condition))        \
			return __LINE__; \
	} while (0)

/* A check that must release what the program holds. */
#define CHECK_RELEASE(condition, release) \
	do {                              \
		if (!(condition)) {       \
			release;          \
			return __LINE__;  \
		}                         \
	} while (0)

/* A symbol of the kernel that may be missing, and what is done then. */
#define WEAK __ksym __weak
#define NEED(kfunc)                    \
	do {                           \
		if (!(kfunc))          \
			return ABSENT; \
	} while (0)

#define MAP(name, kind, entries, key_type, value_type)    \
	struct {                                          \
		__uint(type, BPF_MAP_TYPE_##kind);        \
		__uint(max_entries, entries);             \
		__type(key, key_type);                    \
		__type(value, value_type);                \
	} name SEC(".maps")

/* What is looked at in the kernel's own structures; libbpf finds where it is. */
#ifdef WITHOUT_BTF
#define KERNEL_TYPE
#else
#define KERNEL_TYPE __attribute__((preserve_access_index))
#endif
struct kernfs_node {
	__u64 id;
} KERNEL_TYPE;

struct cgroup_subsys_state {
	struct cgroup *cgroup;
} KERNEL_TYPE;

struct cgroup {
	struct cgroup_subsys_state self;
	struct kernfs_node *kn;
} KERNEL_TYPE;

struct css_set {
	struct cgroup *dfl_cgrp;
} KERNEL_TYPE;

struct task_struct {
	int tgid;
	char comm[16];
	struct css_set *cgroups;
} KERNEL_TYPE;

#define IP_AT ((struct iphdr *)((void *)(long)skb->data + ETH_HLEN))
#define TCP_AT ((struct tcphdr *)(IP_AT + 1))
#define END ((void *)(long)skb->data_end)

static __always_inline __u16 fold(__u64 sum)
{
	sum = (sum & 0xffffffff) + (sum >> 32);
	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	return (sum & 0xffff) + (sum >> 16);
}

/* The same bytes, in an order that the compiler must keep. */
#define barrier() asm volatile("" ::: "memory")
