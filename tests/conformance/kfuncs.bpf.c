// SPDX-License-Identifier: GPL-2.0-only
/*
 * The kfuncs of the program-type page, in its order. All are weak, so that one
 * object serves every kernel: a program returns ABSENT where its kfunc is not in
 * the kernel's BTF. Types that only the kernel knows are structures with one
 * member: a mere declaration would not match them.
 */
#include "program.h"

struct kmem_cache { char *name; } __attribute__((preserve_access_index));
struct bpf_map { int any; };
struct bpf_crypto_ctx { int any; };
struct bpf_crypto_ctx whole_crypto_ctx;	/* or BTF would only have a forward declaration */
struct bpf_wq { __u64 opaque[2]; } __attribute__((aligned(8)));
struct bpf_res_spin_lock { __u32 value; };
struct sk_buff { unsigned int len; } __attribute__((preserve_access_index));
struct bpf_iter_num { __u64 opaque[1]; };
struct bpf_iter_bits { __u64 opaque[2]; };
struct bpf_iter_css { __u64 opaque[3]; };
struct mem_cgroup { struct cgroup_subsys_state css; } __attribute__((preserve_access_index));
struct bpf_iter_task { __u64 opaque[3]; };
struct bpf_iter_task_vma { __u64 opaque[1]; };
struct vm_area_struct { unsigned long vm_start; } __attribute__((preserve_access_index));
struct bpf_crypto_params {
	char type[14];
	__u8 reserved[2];
	char algo[128];
	__u8 key[256];
	__u32 key_len, authsize;
};

#define DYN const struct bpf_dynptr *
extern void __bpf_trap(void) WEAK;
extern void *bpf_cast_to_kern_ctx(void *) WEAK;
extern struct bpf_crypto_ctx *bpf_crypto_ctx_create(const struct bpf_crypto_params *, __u32, int *) WEAK;
extern void bpf_crypto_ctx_release(struct bpf_crypto_ctx *) WEAK;
extern int bpf_crypto_decrypt(struct bpf_crypto_ctx *, DYN, DYN, DYN) WEAK;
extern int bpf_crypto_encrypt(struct bpf_crypto_ctx *, DYN, DYN, DYN) WEAK;
extern int bpf_dynptr_adjust(DYN, __u64, __u64) WEAK;
extern int bpf_dynptr_clone(DYN, struct bpf_dynptr *) WEAK;
extern int bpf_dynptr_copy(struct bpf_dynptr *, __u64, struct bpf_dynptr *, __u64, __u64) WEAK;
extern int bpf_dynptr_from_skb(struct __sk_buff *, __u64, struct bpf_dynptr *) WEAK;
extern bool bpf_dynptr_is_null(DYN) WEAK;
extern bool bpf_dynptr_is_rdonly(DYN) WEAK;
extern int bpf_dynptr_memset(struct bpf_dynptr *, __u64, __u64, __u8) WEAK;
extern __u64 bpf_dynptr_size(DYN) WEAK;
extern void *bpf_dynptr_slice(DYN, __u64, void *, __u64) WEAK;
extern void *bpf_dynptr_slice_rdwr(DYN, __u64, void *, __u64) WEAK;
extern struct kmem_cache *bpf_get_kmem_cache(__u64) WEAK;
extern int bpf_iter_bits_new(struct bpf_iter_bits *, const __u64 *, __u32) WEAK;
extern int *bpf_iter_bits_next(struct bpf_iter_bits *) WEAK;
extern void bpf_iter_bits_destroy(struct bpf_iter_bits *) WEAK;
extern int bpf_iter_css_new(struct bpf_iter_css *, struct cgroup_subsys_state *, unsigned int) WEAK;
extern struct cgroup_subsys_state *bpf_iter_css_next(struct bpf_iter_css *) WEAK;
extern void bpf_iter_css_destroy(struct bpf_iter_css *) WEAK;
extern struct mem_cgroup *bpf_get_root_mem_cgroup(void) WEAK;
extern void bpf_put_mem_cgroup(struct mem_cgroup *) WEAK;
extern int bpf_iter_num_new(struct bpf_iter_num *, int, int) WEAK;
extern int *bpf_iter_num_next(struct bpf_iter_num *) WEAK;
extern void bpf_iter_num_destroy(struct bpf_iter_num *) WEAK;
extern int bpf_iter_task_new(struct bpf_iter_task *, struct task_struct *, unsigned int) WEAK;
extern struct task_struct *bpf_iter_task_next(struct bpf_iter_task *) WEAK;
extern void bpf_iter_task_destroy(struct bpf_iter_task *) WEAK;
extern int bpf_iter_task_vma_new(struct bpf_iter_task_vma *, struct task_struct *, __u64) WEAK;
extern struct vm_area_struct *bpf_iter_task_vma_next(struct bpf_iter_task_vma *) WEAK;
extern void bpf_iter_task_vma_destroy(struct bpf_iter_task_vma *) WEAK;
extern void bpf_local_irq_save(unsigned long *) WEAK;
extern void bpf_local_irq_restore(unsigned long *) WEAK;
extern __s64 bpf_map_sum_elem_count(const struct bpf_map *) WEAK;
extern void bpf_preempt_disable(void) WEAK;
extern void bpf_preempt_enable(void) WEAK;
extern int bpf_probe_read_kernel_dynptr(DYN, __u64, __u64, const void *) WEAK;
extern int bpf_probe_read_kernel_str_dynptr(DYN, __u64, __u64, const void *) WEAK;
extern int bpf_probe_read_user_dynptr(DYN, __u64, __u64, const void *) WEAK;
extern int bpf_probe_read_user_str_dynptr(DYN, __u64, __u64, const void *) WEAK;
extern void bpf_rcu_read_lock(void) WEAK;
extern void bpf_rcu_read_unlock(void) WEAK;
extern void *bpf_rdonly_cast(const void *, __u32) WEAK;
extern int bpf_res_spin_lock(struct bpf_res_spin_lock *) WEAK;
extern void bpf_res_spin_unlock(struct bpf_res_spin_lock *) WEAK;
extern int bpf_res_spin_lock_irqsave(struct bpf_res_spin_lock *, unsigned long *) WEAK;
extern void bpf_res_spin_unlock_irqrestore(struct bpf_res_spin_lock *, unsigned long *) WEAK;
extern int bpf_wq_init(struct bpf_wq *, void *, unsigned int) WEAK;

struct cipher { struct bpf_crypto_ctx __kptr *ctx; };
struct work { struct bpf_wq wq; };
struct locked { struct bpf_res_spin_lock lock; __u32 value; };

MAP(ciphers, ARRAY, 1, __u32, struct cipher);
MAP(works, ARRAY, 1, __u32, struct work);
MAP(locks, ARRAY, 1, __u32, struct locked);
MAP(hash, HASH, 4, __u32, __u64);

const volatile int rodata = 1;	/* Linux 5.10 wants a name in this section */
static char memory[32] __attribute__((aligned(8)));

/* No program is to find what another wrote. */
static __always_inline void clear(void *at, unsigned int size)
{
	for (unsigned int i = 0; i < size / 8; i++)
		((volatile __u64 *)at)[i] = 0;
}

/* A dynptr of `memory`, under the name p. */
#define MEMORY                          \
	struct bpf_dynptr p;            \
	clear(memory, sizeof(memory));  \
	bpf_dynptr_from_mem(memory, sizeof(memory), 0, &p)

/* A dynptr of the packet, under the name p. */
#define PACKET               \
	struct bpf_dynptr p; \
	if (bpf_dynptr_from_skb(skb, 0, &p)) \
		return __LINE__

#define TEXT_AT (ETH_HLEN + sizeof(struct iphdr) + sizeof(struct tcphdr))
#define IS_TEXT(bytes) ((bytes)[0] == KNOWN_TEXT[0] && (bytes)[7] == KNOWN_TEXT[7])

/* A context for a cipher can be made by a program of type SYSCALL only. Not a row. */
SEC("setup/crypto") int make_cipher(void *unused)
{
	struct bpf_crypto_params params = { .type = "skcipher", .algo = "ecb(aes)", .key_len = 16 };
	struct cipher *cipher = bpf_map_lookup_elem(&ciphers, &(__u32){ 0 });
	struct bpf_crypto_ctx *ctx;
	int err = 0;

	NEED(bpf_crypto_ctx_create);
	NEED(bpf_crypto_ctx_release);
	CHECK(cipher);
	ctx = bpf_crypto_ctx_create(&params, sizeof(params), &err);
	if (!ctx)
		return -err;
	ctx = bpf_kptr_xchg(&cipher->ctx, ctx);
	if (ctx)
		bpf_crypto_ctx_release(ctx);
	return 0;
}

KFUNC(__bpf_trap, "where it cannot be reached, it may be called: clang puts it behind undefined behaviour")
{
	__u32 few = skb->len & 7;

	NEED(__bpf_trap);
	asm volatile("" : "+r"(few));
	if (few > 8)
		__bpf_trap();
	return 0;
}

KFUNC(bpf_cast_to_kern_ctx, "the sk_buff behind the context has the same length")
{
	struct sk_buff *kernel;

	NEED(bpf_cast_to_kern_ctx);
	kernel = bpf_cast_to_kern_ctx(skb);
	return kernel->len == skb->len ? 0 : __LINE__;
}

static __u64 plain[2] = { 1, 2 }, secret[2], again[2];
/* AES of that with a key of zeros, little endian */
static const __u64 aes[2] = { 0x85b55c5f9b8f915d, 0xb238a81765daebe4 };

static __always_inline int crypt(bool back)
{
	struct cipher *cipher = bpf_map_lookup_elem(&ciphers, &(__u32){ 0 });
	struct bpf_dynptr from, to, end;
	struct bpf_crypto_ctx *ctx;
	int line = 0;

	CHECK(cipher);
	clear(secret, sizeof(secret));
	clear(again, sizeof(again));
	bpf_rcu_read_lock();
	ctx = cipher->ctx;
	if (!ctx) {
		bpf_rcu_read_unlock();
		return __LINE__;
	}
	bpf_dynptr_from_mem(plain, sizeof(plain), 0, &from);
	bpf_dynptr_from_mem(secret, sizeof(secret), 0, &to);
	bpf_dynptr_from_mem(again, sizeof(again), 0, &end);
	if (bpf_crypto_encrypt(ctx, &from, &to, NULL))
		line = __LINE__;
	else if (back && bpf_crypto_decrypt(ctx, &to, &end, NULL))
		line = __LINE__;
	bpf_rcu_read_unlock();
	return line;
}

KFUNC(bpf_crypto_decrypt, "what was encrypted is read again")
{
	int line;

	NEED(bpf_crypto_decrypt);
	line = crypt(true);
	if (line)
		return line;
	CHECK(((volatile __u64 *)again)[0] == 1 && ((volatile __u64 *)again)[1] == 2);
	return 0;
}

KFUNC(bpf_crypto_encrypt, "AES of a known block (the context comes from a SYSCALL program)")
{
	int line;

	NEED(bpf_crypto_encrypt);
	line = crypt(false);
	if (line)
		return line;
	CHECK(((volatile __u64 *)secret)[0] == aes[0] && ((volatile __u64 *)secret)[1] == aes[1]);
	return 0;
}

KFUNC(bpf_dynptr_adjust, "the dynptr is as long as said, and begins later")
{
	char seen[8];

	NEED(bpf_dynptr_adjust);
	PACKET;
	CHECK(!bpf_dynptr_adjust(&p, TEXT_AT, TEXT_AT + 8) && bpf_dynptr_size(&p) == 8);
	CHECK(!bpf_dynptr_read(seen, sizeof(seen), &p, 0, 0) && IS_TEXT(seen));
	return 0;
}

KFUNC(bpf_dynptr_clone, "the clone has the size that the first had, which is changed after that")
{
	struct bpf_dynptr clone;

	NEED(bpf_dynptr_clone);
	PACKET;
	CHECK(!bpf_dynptr_clone(&p, &clone) && !bpf_dynptr_adjust(&p, 0, 10));
	CHECK(bpf_dynptr_size(&clone) == KNOWN_LENGTH && bpf_dynptr_size(&p) == 10);
	return 0;
}

KFUNC(bpf_dynptr_copy, "bytes of the packet are in memory")
{
	struct bpf_dynptr to;

	NEED(bpf_dynptr_copy);
	PACKET;
	clear(memory, sizeof(memory));
	bpf_dynptr_from_mem(memory, sizeof(memory), 0, &to);
	CHECK(!bpf_dynptr_copy(&to, 0, &p, TEXT_AT, 8));
	CHECK(IS_TEXT((volatile char *)memory));
	return 0;
}

KFUNC(bpf_dynptr_from_skb, "bytes written through it are in the packet")
{
	char seen[4] = {};

	NEED(bpf_dynptr_from_skb);
	PACKET;
	CHECK(!bpf_dynptr_write(&p, 80, "new", 4, 0));
	CHECK(!bpf_skb_load_bytes(skb, 80, seen, 4) && seen[0] == 'n' && seen[2] == 'w');
	return 0;
}

KFUNC(bpf_dynptr_is_null, "not for the packet; yes where from_skb failed")
{
	struct bpf_dynptr none;

	NEED(bpf_dynptr_is_null);
	PACKET;
	CHECK(!bpf_dynptr_is_null(&p));
	CHECK(bpf_dynptr_from_skb(skb, /*flags=*/1, &none) && bpf_dynptr_is_null(&none));
	return 0;
}

KFUNC(bpf_dynptr_is_rdonly, "not for the packet of an action")
{
	NEED(bpf_dynptr_is_rdonly);
	PACKET;
	return bpf_dynptr_is_rdonly(&p) ? __LINE__ : 0;
}

KFUNC(bpf_dynptr_memset, "the bytes are in the packet")
{
	char seen[4] = {};

	NEED(bpf_dynptr_memset);
	PACKET;
	CHECK(!bpf_dynptr_memset(&p, 80, 3, 'x'));
	CHECK(!bpf_skb_load_bytes(skb, 80, seen, 4) && seen[0] == 'x' && seen[2] == 'x' && !seen[3]);
	return 0;
}

KFUNC(bpf_dynptr_size, "the packet's length")
{
	NEED(bpf_dynptr_size);
	PACKET;
	return bpf_dynptr_size(&p) == KNOWN_LENGTH ? 0 : __LINE__;
}

KFUNC(bpf_dynptr_slice, "the packet's bytes; NULL beyond its end")
{
	char buffer[8], *slice;

	NEED(bpf_dynptr_slice);
	PACKET;
	slice = bpf_dynptr_slice(&p, TEXT_AT, buffer, sizeof(buffer));
	CHECK(slice && IS_TEXT(slice));
	CHECK(!bpf_dynptr_slice(&p, KNOWN_LENGTH - 4, buffer, sizeof(buffer)));
	return 0;
}

KFUNC(bpf_dynptr_slice_rdwr, "bytes written to the slice are in the packet")
{
	char buffer[4], seen[4] = {}, *slice;

	NEED(bpf_dynptr_slice_rdwr);
	PACKET;
	slice = bpf_dynptr_slice_rdwr(&p, TEXT_AT, buffer, sizeof(buffer));
	CHECK(slice);
	slice[0] = 'T';
	if (slice == buffer)
		bpf_dynptr_write(&p, TEXT_AT, buffer, sizeof(buffer), 0);
	CHECK(!bpf_skb_load_bytes(skb, TEXT_AT, seen, sizeof(seen)) && seen[0] == 'T');
	return 0;
}

KFUNC(bpf_get_kmem_cache, "the cache that a task's structure is from is task_struct")
{
	struct kmem_cache *cache;
	char name[12] = {};

	NEED(bpf_get_kmem_cache);
	cache = bpf_get_kmem_cache((__u64)bpf_get_current_task());
	CHECK(cache);
	CHECK(bpf_probe_read_kernel_str(name, sizeof(name), cache->name) > 0);
	CHECK(name[0] == 't' && name[4] == '_' && name[10] == 't');
	return 0;
}

static __always_inline int bits(void)
{
	struct bpf_iter_bits it;
	__u64 word = 1 << 3 | 1 << 5;
	int *bit, sum = 0;

	bpf_iter_bits_new(&it, &word, 1);
	while ((bit = bpf_iter_bits_next(&it)))
		sum += *bit;
	bpf_iter_bits_destroy(&it);
	return sum == 3 + 5 ? 0 : __LINE__;
}

KFUNC_BY(bpf_iter_bits_destroy, "ends the iteration", bits)
KFUNC_BY(bpf_iter_bits_new, "an iteration over the bits of a word", bits)
KFUNC_BY(bpf_iter_bits_next, "bits 3 and 5, then NULL", bits)

/* In memory: of what is in registers the verifier would follow every value. */
static volatile int css_count, css_own;

/* Linux 7.0 has a cgroup to begin with; before, one of the process is tried. */
static __always_inline int css(void)
{
	struct cgroup_subsys_state *css;
	struct mem_cgroup *root;
	struct bpf_iter_css it;

	css_count = css_own = 0;
	if (!bpf_get_root_mem_cgroup || !bpf_put_mem_cgroup) {
		bpf_rcu_read_lock();
		bpf_iter_css_new(&it, &bpf_get_current_task_btf()->cgroups->dfl_cgrp->self, BPF_CGROUP_ITER_ANCESTORS_UP);
		while (bpf_iter_css_next(&it))
			css_count++;
		bpf_iter_css_destroy(&it);
		bpf_rcu_read_unlock();
		return css_count == 2 ? 0 : __LINE__;
	}
	root = bpf_get_root_mem_cgroup();
	CHECK(root);
	bpf_rcu_read_lock();
	bpf_iter_css_new(&it, &root->css, BPF_CGROUP_ITER_DESCENDANTS_PRE);
	while ((css = bpf_iter_css_next(&it))) {
		if (css->cgroup->kn->id == known.cgroup)
			css_own++;
		css_count++;
	}
	bpf_iter_css_destroy(&it);
	bpf_rcu_read_unlock();
	bpf_put_mem_cgroup(root);
	CHECK(css_count >= 2);
	return css_own == 1 ? 0 : __LINE__;
}

KFUNC_BY(bpf_iter_css_destroy, "ends the iteration", css)
KFUNC_BY(bpf_iter_css_new, "an iteration over the root of memory cgroups and those below it", css)
KFUNC_BY(bpf_iter_css_next, "some cgroups, once that of the process, then NULL", css)

static __always_inline int numbers(void)
{
	struct bpf_iter_num it;
	int *number, sum = 0;

	bpf_iter_num_new(&it, 3, 6);
	while ((number = bpf_iter_num_next(&it)))
		sum += *number;
	bpf_iter_num_destroy(&it);
	return sum == 3 + 4 + 5 ? 0 : __LINE__;
}

KFUNC_BY(bpf_iter_num_destroy, "ends the iteration", numbers)
KFUNC_BY(bpf_iter_num_new, "an iteration from 3 to 5", numbers)
KFUNC_BY(bpf_iter_num_next, "3, 4, 5, then NULL", numbers)

static __always_inline int tasks(void)
{
	struct bpf_iter_task it;
	struct task_struct *task;
	bool found = false;

	bpf_rcu_read_lock();
	bpf_iter_task_new(&it, NULL, 0);
	while ((task = bpf_iter_task_next(&it)))
		if (task->tgid == known.pid)
			found = true;
	bpf_iter_task_destroy(&it);
	bpf_rcu_read_unlock();
	return found ? 0 : __LINE__;
}

KFUNC_BY(bpf_iter_task_destroy, "ends the iteration", tasks)
KFUNC_BY(bpf_iter_task_new, "an iteration over all processes", tasks)
KFUNC_BY(bpf_iter_task_next, "one of them is the process that runs the test", tasks)

static __always_inline int areas(void)
{
	struct bpf_iter_task_vma it;
	struct vm_area_struct *area;
	bool below = false, above = false;

	bpf_iter_task_vma_new(&it, bpf_get_current_task_btf(), 0);
	while ((area = bpf_iter_task_vma_next(&it))) {
		if (area->vm_start <= known.word)
			below = true;
		else
			above = true;
	}
	bpf_iter_task_vma_destroy(&it);
	return below && above ? 0 : __LINE__;
}

KFUNC_BY(bpf_iter_task_vma_destroy, "ends the iteration", areas)
KFUNC_BY(bpf_iter_task_vma_new, "an iteration over the memory areas of the process", areas)
KFUNC_BY(bpf_iter_task_vma_next, "areas below and above a variable of the process, then NULL", areas)

KFUNC(bpf_local_irq_restore, "after save")
{
	unsigned long flags;

	NEED(bpf_local_irq_restore);
	bpf_local_irq_save(&flags);
	bpf_local_irq_restore(&flags);
	return 0;
}

KFUNC(bpf_local_irq_save, "together with restore")
{
	unsigned long flags;

	NEED(bpf_local_irq_save);
	bpf_local_irq_save(&flags);
	bpf_local_irq_restore(&flags);
	return 0;
}

KFUNC(bpf_map_sum_elem_count, "1 for a hash with one entry")
{
	__u32 key = 1;
	__u64 value = 1;

	NEED(bpf_map_sum_elem_count);
	CHECK(!bpf_map_update_elem(&hash, &key, &value, 0));
	return bpf_map_sum_elem_count((struct bpf_map *)&hash) == 1 ? 0 : __LINE__;
}

KFUNC(bpf_preempt_disable, "together with enable")
{
	NEED(bpf_preempt_disable);
	bpf_preempt_disable();
	bpf_preempt_enable();
	return 0;
}

KFUNC(bpf_preempt_enable, "after disable")
{
	NEED(bpf_preempt_enable);
	bpf_preempt_disable();
	bpf_preempt_enable();
	return 0;
}

KFUNC(bpf_probe_read_kernel_dynptr, "a task's tgid")
{
	char *task = (void *)bpf_get_current_task();

	NEED(bpf_probe_read_kernel_dynptr);
	MEMORY;
	CHECK(!bpf_probe_read_kernel_dynptr(&p, 0, 4, task + bpf_core_field_offset(struct task_struct, tgid)));
	CHECK(*(volatile int *)memory == known.pid);
	return 0;
}

KFUNC(bpf_probe_read_kernel_str_dynptr, "a task's name, 8 bytes")
{
	char *task = (void *)bpf_get_current_task();

	NEED(bpf_probe_read_kernel_str_dynptr);
	MEMORY;
	CHECK(bpf_probe_read_kernel_str_dynptr(
		      &p, 0, 16, task + bpf_core_field_offset(struct task_struct, comm)) == 8);
	CHECK(*(volatile char *)memory == 'c');
	return 0;
}

KFUNC(bpf_probe_read_user_dynptr, "a text in the memory of the process")
{
	NEED(bpf_probe_read_user_dynptr);
	MEMORY;
	CHECK(!bpf_probe_read_user_dynptr(&p, 0, 8, (void *)known.word));
	CHECK(IS_TEXT((volatile char *)memory));
	return 0;
}

KFUNC(bpf_probe_read_user_str_dynptr, "a text in that memory, with its length")
{
	NEED(bpf_probe_read_user_str_dynptr);
	MEMORY;
	CHECK(bpf_probe_read_user_str_dynptr(&p, 0, 32, (void *)known.word) == sizeof(KNOWN_TEXT));
	CHECK(IS_TEXT((volatile char *)memory));
	return 0;
}

KFUNC(bpf_rcu_read_lock, "a section that ends with unlock")
{
	NEED(bpf_rcu_read_lock);
	bpf_rcu_read_lock();
	bpf_rcu_read_unlock();
	return 0;
}

KFUNC(bpf_rcu_read_unlock, "after lock")
{
	NEED(bpf_rcu_read_unlock);
	bpf_rcu_read_lock();
	bpf_rcu_read_unlock();
	return 0;
}

KFUNC(bpf_rdonly_cast, "an address read as what it is said to be: a task's tgid")
{
	struct task_struct *task;

	NEED(bpf_rdonly_cast);
	task = bpf_rdonly_cast((void *)bpf_get_current_task(), bpf_core_type_id_kernel(struct task_struct));
	return task->tgid == known.pid ? 0 : __LINE__;
}

static __always_inline int locked(void)
{
	struct locked *value = bpf_map_lookup_elem(&locks, &(__u32){ 0 });

	CHECK(value);
	if (bpf_res_spin_lock(&value->lock))
		return __LINE__;
	value->value++;
	bpf_res_spin_unlock(&value->lock);
	return 0;
}

static __always_inline int locked_irq(void)
{
	struct locked *value = bpf_map_lookup_elem(&locks, &(__u32){ 0 });
	unsigned long flags;

	CHECK(value);
	if (bpf_res_spin_lock_irqsave(&value->lock, &flags))
		return __LINE__;
	value->value++;
	bpf_res_spin_unlock_irqrestore(&value->lock, &flags);
	return 0;
}

KFUNC_BY(bpf_res_spin_lock, "0; the value can be changed", locked)
KFUNC_BY(bpf_res_spin_lock_irqsave, "0; the value can be changed", locked_irq)

KFUNC(bpf_res_spin_unlock, "the lock can be taken a second time")
{
	NEED(bpf_res_spin_unlock);
	return locked() ?: locked();
}

KFUNC(bpf_res_spin_unlock_irqrestore, "the lock can be taken a second time")
{
	NEED(bpf_res_spin_unlock_irqrestore);
	return locked_irq() ?: locked_irq();
}

KFUNC(bpf_wq_init, "0, EBUSY the second time")
{
	struct work *work = bpf_map_lookup_elem(&works, &(__u32){ 0 });

	NEED(bpf_wq_init);
	CHECK(work && !bpf_wq_init(&work->wq, &works, 0));
	CHECK(bpf_wq_init(&work->wq, &works, 0) == -16);
	return 0;
}
