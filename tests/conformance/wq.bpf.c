// SPDX-License-Identifier: GPL-2.0-only
/*
 * The kfuncs of the page that start a work queue. bpf_wq_set_callback_impl has another
 * type from Linux 7.0 on, and libbpf refuses an object whose declaration does not
 * match, weak or not. So this file is compiled twice, the second time with NEW, and
 * the one that fits is run.
 */
#include "program.h"

struct bpf_wq { __u64 opaque[2]; } __attribute__((aligned(8)));
struct bpf_prog_aux { int any; };
#ifdef NEW
#define AUX struct bpf_prog_aux
#else
#define AUX void
#endif
typedef int callback(void *, int *, void *);
extern int bpf_wq_start(struct bpf_wq *, unsigned int) WEAK;
extern int bpf_wq_init(struct bpf_wq *, void *, unsigned int) WEAK;
extern int bpf_wq_set_callback_impl(struct bpf_wq *, callback *, unsigned int, AUX *) WEAK;
extern int bpf_wq_set_callback(struct bpf_wq *, callback *, unsigned int) WEAK;

struct work { struct bpf_wq wq; };
MAP(works, ARRAY, 2, __u32, struct work);
MAP(fired, ARRAY, 1, __u32, __u64);

static int on_work(void *map, int *key, void *value)
{
	__u64 *count = bpf_map_lookup_elem(&fired, &(__u32){ 0 });

	if (count)
		__sync_fetch_and_add(count, 1);
	return 0;
}

KFUNC(bpf_wq_set_callback_impl, "the callback is called")
{
	struct work *work = bpf_map_lookup_elem(&works, &(__u32){ 0 });

	NEED(bpf_wq_set_callback_impl);
	CHECK(work && !bpf_wq_init(&work->wq, &works, 0));
	CHECK(!bpf_wq_set_callback_impl(&work->wq, on_work, 0, NULL) && !bpf_wq_start(&work->wq, 0));
	return 0;
}

KFUNC(bpf_wq_start, "the callback is called")
{
	struct work *work = bpf_map_lookup_elem(&works, &(__u32){ 1 });

	NEED(bpf_wq_start);
	CHECK(work && !bpf_wq_init(&work->wq, &works, 0));
#ifdef NEW
	CHECK(!bpf_wq_set_callback(&work->wq, on_work, 0));
#else
	CHECK(!bpf_wq_set_callback_impl(&work->wq, on_work, 0, NULL));
#endif
	CHECK(!bpf_wq_start(&work->wq, 0));
	return 0;
}
