// SPDX-License-Identifier: GPL-2.0-only
/*
 * The kfuncs of the page that start a work queue, and those that may sleep. An action may
 * not sleep, but the callback of its work queue may, and of its task work, which the
 * kernel runs as the process, before that goes on in user space.
 *
 * bpf_wq_set_callback_impl has another type from Linux 7.0 on, and task work another name;
 * libbpf refuses an object whose declaration does not match, weak or not. So this file
 * is compiled twice, the second time with NEW, and the one that fits is run.
 */
#include "program.h"

#define BPF_MAP_TYPE_ARENA 33		/* Linux 6.9 */
#define BPF_F_MMAPABLE (1U << 10)

struct bpf_wq { __u64 opaque[2]; } __attribute__((aligned(8)));
struct bpf_task_work { __u64 opaque; } __attribute__((aligned(8)));
struct bpf_prog_aux { int any; };
struct bpf_map { int any; };
struct kmem_cache { char *name; } __attribute__((preserve_access_index));
struct mem_cgroup { struct cgroup_subsys_state css; } __attribute__((preserve_access_index));
struct bpf_iter_css_task { __u64 opaque[1]; };
struct bpf_iter_kmem_cache { __u64 opaque[1]; };
#ifdef NEW
#define AUX struct bpf_prog_aux
#else
#define AUX void
#endif
#define DYN const struct bpf_dynptr *
typedef int callback(void *, int *, void *);
typedef int task_callback(struct bpf_map *, void *, void *);
extern int bpf_wq_start(struct bpf_wq *, unsigned int) WEAK;
extern int bpf_wq_init(struct bpf_wq *, void *, unsigned int) WEAK;
extern int bpf_wq_set_callback_impl(struct bpf_wq *, callback *, unsigned int, AUX *) WEAK;
extern int bpf_wq_set_callback(struct bpf_wq *, callback *, unsigned int) WEAK;
extern int bpf_task_work_schedule_resume_impl(struct task_struct *, struct bpf_task_work *, void *, task_callback *,
					      void *) WEAK;
extern int bpf_task_work_schedule_resume(struct task_struct *, struct bpf_task_work *, void *, task_callback *) WEAK;
extern void *bpf_arena_alloc_pages(void *, void *, __u32, int, __u64) WEAK;
extern void bpf_arena_free_pages(void *, void *, __u32) WEAK;
extern int bpf_copy_from_user_dynptr(DYN, __u64, __u64, const void *) WEAK;
extern int bpf_copy_from_user_str(void *, __u32, const void *, __u64) WEAK;
extern int bpf_copy_from_user_str_dynptr(DYN, __u64, __u64, const void *) WEAK;
extern int bpf_copy_from_user_task_dynptr(DYN, __u64, __u64, const void *, struct task_struct *) WEAK;
extern int bpf_copy_from_user_task_str(void *, __u32, const void *, struct task_struct *, __u64) WEAK;
extern int bpf_copy_from_user_task_str_dynptr(DYN, __u64, __u64, const void *, struct task_struct *) WEAK;
extern int bpf_iter_css_task_new(struct bpf_iter_css_task *, struct cgroup_subsys_state *, unsigned int) WEAK;
extern struct task_struct *bpf_iter_css_task_next(struct bpf_iter_css_task *) WEAK;
extern void bpf_iter_css_task_destroy(struct bpf_iter_css_task *) WEAK;
extern struct mem_cgroup *bpf_get_root_mem_cgroup(void) WEAK;
extern void bpf_put_mem_cgroup(struct mem_cgroup *) WEAK;
extern int bpf_iter_kmem_cache_new(struct bpf_iter_kmem_cache *) WEAK;
extern struct kmem_cache *bpf_iter_kmem_cache_next(struct bpf_iter_kmem_cache *) WEAK;
extern void bpf_iter_kmem_cache_destroy(struct bpf_iter_kmem_cache *) WEAK;

struct work { struct bpf_wq wq; };
struct task_work { struct bpf_task_work work; };
MAP(works, ARRAY, 32, __u32, struct work);
MAP(task_works, ARRAY, 32, __u32, struct task_work);
MAP(fired, ARRAY, 1, __u32, __u64);
MAP(told, ARRAY, 1, __u32, __u64);

struct {
	__uint(type, BPF_MAP_TYPE_ARENA);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 2);
} arena SEC(".maps");

#ifdef NEW
#define SET_CALLBACK(at, function) bpf_wq_set_callback(&(at)->wq, function, 0)
#define TASK_WORK bpf_task_work_schedule_resume
#define SCHEDULE(at, function) TASK_WORK(bpf_get_current_task_btf(), &(at)->work, &task_works, function)
#else
#define SET_CALLBACK(at, function) bpf_wq_set_callback_impl(&(at)->wq, function, 0, NULL)
#define TASK_WORK bpf_task_work_schedule_resume_impl
#define SCHEDULE(at, function) TASK_WORK(bpf_get_current_task_btf(), &(at)->work, &task_works, function, NULL)
#endif

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
	CHECK(!SET_CALLBACK(work, on_work) && !bpf_wq_start(&work->wq, 0));
	return 0;
}

/* conform reads what the callback returned, plus 1. */
static __always_inline int tell(int outcome)
{
	__u64 *told_is = bpf_map_lookup_elem(&told, &(__u32){ 0 });

	if (told_is)
		*told_is = outcome + 1;
	return 0;
}

/*
 * A row whose work is done in a callback, and for a kfunc a program that does it itself. A work
 * queue, which is
 * used where there is no task work (before Linux 6.18), runs as no process in particular.
 */
#define LATER_IN(section, name, need, number)                                                       \
	static __always_inline int in_##name(bool process);                                         \
	static int on_work_##name(void *map, int *key, void *value) { return tell(in_##name(false)); } \
	static int on_task_##name(struct bpf_map *map, void *key, void *value)                      \
	{                                                                                           \
		return tell(in_##name(true));                                                       \
	}                                                                                           \
	SEC(section "/" #name) int check_##name(struct __sk_buff *skb)                              \
	{                                                                                           \
		struct task_work *task_work = bpf_map_lookup_elem(&task_works, &(__u32){ number }); \
		struct work *work = bpf_map_lookup_elem(&works, &(__u32){ number });                \
                                                                                                    \
		need;                                                                               \
		CHECK(work && task_work);                                                           \
		if (TASK_WORK) {                                                                    \
			CHECK(!SCHEDULE(task_work, on_task_##name));                                \
			return LATER;                                                               \
		}                                                                                   \
		NEED(bpf_wq_start);                                                                 \
		bpf_wq_init(&work->wq, &works, 0);	/* or it has been, when a row is run again */ \
		CHECK(!SET_CALLBACK(work, on_work_##name) && !bpf_wq_start(&work->wq, 0));          \
		return LATER;                                                                       \
	}                                                                                           \
	static __always_inline int in_##name(bool process)
#define KFUNC_LATER(name, what, number)                                                             \
	static __always_inline int in_##name(bool process);                                         \
	SEC("direct/" #name) int direct_##name(struct __sk_buff *skb)                               \
	{                                                                                           \
		NEED(name);                                                                         \
		return in_##name(true);                                                             \
	}                                                                                           \
	LATER_IN("kfunc", name, NEED(name), number)
#define HELPER_LATER(name, number) LATER_IN("again", name, , number)

static char memory[32] __attribute__((aligned(8)));

/* A dynptr of `memory`, which no other program wrote, under the name p. */
#define MEMORY                                                     \
	struct bpf_dynptr p;                                       \
	for (unsigned int i = 0; i < sizeof(memory) / 8; i++)      \
		((volatile __u64 *)memory)[i] = 0;                 \
	bpf_dynptr_from_mem(memory, sizeof(memory), 0, &p)

/* Of the memory of no process in particular it is only seen that it can be asked for. */
#define IS_TEXT(bytes) ((bytes)[0] == KNOWN_TEXT[0] && (bytes)[7] == KNOWN_TEXT[7])
#define CHECK_TEXT(done, bytes)                         \
	do {                                            \
		bool was_done = done;                   \
		if (!process)                           \
			return CALLED;                  \
		CHECK(was_done && IS_TEXT(bytes));      \
		return 0;                               \
	} while (0)

/* Since Linux 7.0 these need not sleep. */
#ifdef NEW
#define ARENA(name, what, number)                           \
	static __always_inline int in_##name(bool process); \
	KFUNC(name, what)                                   \
	{                                                   \
		NEED(name);                                 \
		return in_##name(true);                     \
	}                                                   \
	static __always_inline int in_##name(bool process)
#else
#define ARENA KFUNC_LATER
#endif
static void *page;
static bool freed;

ARENA(bpf_arena_alloc_pages, "the two pages of the arena, then none", 2)
{
	void *other;

	page = bpf_arena_alloc_pages(&arena, NULL, 1, -1, 0);
	other = bpf_arena_alloc_pages(&arena, NULL, 1, -1, 0);
	CHECK(page && other && page != other);
	return bpf_arena_alloc_pages(&arena, NULL, 1, -1, 0) ? __LINE__ : 0;
}

/* After that. The kernel may free the page later: conform runs it until one can be had. */
ARENA(bpf_arena_free_pages, "a page is given back, and can be had again where there was none", 3)
{
	bpf_arena_free_pages(&arena, NULL, 1);
	if (freed)
		return bpf_arena_alloc_pages(&arena, NULL, 1, -1, 0) ? 0 : __LINE__;
	CHECK(!bpf_arena_alloc_pages(&arena, NULL, 1, -1, 0));
	bpf_arena_free_pages(&arena, page, 1);
	freed = true;
	return 0;
}

KFUNC_LATER(bpf_copy_from_user_dynptr, "a text in the memory of the process", 4)
{
	MEMORY;
	CHECK_TEXT(!bpf_copy_from_user_dynptr(&p, 0, 8, (void *)known.word), memory);
}

KFUNC_LATER(bpf_copy_from_user_str, "a text in the memory of the process", 5)
{
	char text[32] = {};

	CHECK_TEXT(bpf_copy_from_user_str(text, sizeof(text), (void *)known.word, 0) == sizeof(KNOWN_TEXT), text);
}

KFUNC_LATER(bpf_copy_from_user_str_dynptr, "a text in the memory of the process", 6)
{
	MEMORY;
	CHECK_TEXT(bpf_copy_from_user_str_dynptr(&p, 0, sizeof(memory), (void *)known.word) == sizeof(KNOWN_TEXT), memory);
}

KFUNC_LATER(bpf_copy_from_user_task_dynptr, "a text in the memory of a task", 7)
{
	MEMORY;
	CHECK_TEXT(!bpf_copy_from_user_task_dynptr(&p, 0, 8, (void *)known.word, bpf_get_current_task_btf()), memory);
}

KFUNC_LATER(bpf_copy_from_user_task_str, "a text in the memory of a task", 8)
{
	char text[32] = {};

	CHECK_TEXT(bpf_copy_from_user_task_str(text, sizeof(text), (void *)known.word,
					       bpf_get_current_task_btf(), 0) == sizeof(KNOWN_TEXT), text);
}

KFUNC_LATER(bpf_copy_from_user_task_str_dynptr, "a text in the memory of a task", 9)
{
	MEMORY;
	CHECK_TEXT(bpf_copy_from_user_task_str_dynptr(&p, 0, sizeof(memory), (void *)known.word,
						      bpf_get_current_task_btf()) == sizeof(KNOWN_TEXT), memory);
}

HELPER_LATER(bpf_copy_from_user, 10)
{
	char text[8] = {};

	CHECK_TEXT(!bpf_copy_from_user(text, sizeof(text), (void *)known.word), text);
}

HELPER_LATER(bpf_copy_from_user_task, 11)
{
	char text[8] = {};

	CHECK_TEXT(!bpf_copy_from_user_task(text, sizeof(text), (void *)known.word,
					    bpf_get_current_task_btf(), 0), text);
}

/* In memory: of what is in registers the verifier would follow every value. */
static volatile int found;

/* Linux 7.0 has a cgroup to begin with; before, one of the process is tried. */
static __always_inline int css_task(void)
{
	struct mem_cgroup *root = NULL;
	struct bpf_iter_css_task it;
	struct task_struct *task;

	found = 0;
	if (bpf_get_root_mem_cgroup && bpf_put_mem_cgroup) {
		root = bpf_get_root_mem_cgroup();
		CHECK(root);
		bpf_iter_css_task_new(&it, &root->css, 0);
	} else {
		bpf_iter_css_task_new(&it, &bpf_get_current_task_btf()->cgroups->dfl_cgrp->self, 0);
	}
	while ((task = bpf_iter_css_task_next(&it)))
		if (task->tgid == known.pid)
			found++;
	bpf_iter_css_task_destroy(&it);
	if (bpf_get_root_mem_cgroup && bpf_put_mem_cgroup)
		bpf_put_mem_cgroup(root);
	return found == 1 ? 0 : __LINE__;
}

static __always_inline int caches(void)
{
	struct bpf_iter_kmem_cache it;
	struct kmem_cache *cache;
	bool found_it = false;
	char name[12] = {};

	bpf_iter_kmem_cache_new(&it);
	while ((cache = bpf_iter_kmem_cache_next(&it))) {
		bpf_probe_read_kernel_str(name, sizeof(name), cache->name);
		found_it |= !bpf_strncmp(name, sizeof(name), "task_struct");
	}
	bpf_iter_kmem_cache_destroy(&it);
	return found_it ? 0 : __LINE__;
}

KFUNC_LATER(bpf_iter_css_task_destroy, "ends the iteration", 12)
{
	return css_task();
}

KFUNC_LATER(bpf_iter_css_task_new, "an iteration over the tasks of a cgroup", 13)
{
	return css_task();
}

KFUNC_LATER(bpf_iter_css_task_next, "once the process, then NULL", 14)
{
	return css_task();
}

KFUNC_LATER(bpf_iter_kmem_cache_destroy, "ends the iteration", 15)
{
	return caches();
}

KFUNC_LATER(bpf_iter_kmem_cache_new, "an iteration over the slab caches", 16)
{
	return caches();
}

KFUNC_LATER(bpf_iter_kmem_cache_next, "task_struct among others, then NULL", 17)
{
	return caches();
}
