/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Addresses: is one in a prefix, and what it becomes in another.
 *
 * A prefix is a parameter, so the verifier knows it: of the code below only
 * the words that the prefix reaches into are left, and no mask where it ends
 * at one.
 */
#pragma once

#include <tcact/checksum.h>
#include <tcact/ip.h>

/* Kind `prefix` of parameter.h. The bits behind @length are 0. */
struct prefix_param {
	__u8 family;		/* 4 or 6; 0: not given */
	__u8 length;
	__u8 zero[2];
	__be32 address[4];	/* an IPv4 address is the first */
};

/*
 * The parameters by a pointer that stays in a register: one instruction for each
 * that is read, where each by its name costs two.
 */
#define PARAMS_OF(action)                                                      \
({                                                                             \
	const volatile struct action##_params *params_ = &action##_params;    \
	asm("" : "+r"(params_));                                              \
	params_;                                                               \
})

/* How many words an address of this family has. */
#define WORDS(v4) ((v4) ? 1 : 4)

/* Family and length as one number. */
static __always_inline __u32 prefix_kind(const volatile struct prefix_param *prefix)
{
	return *(const volatile __u32 *)prefix;
}

/* The bits of word @i of an address that are in a prefix of @length. */
static __always_inline __be32 prefix_mask(__u32 length, int i)
{
	int bits = length - 32 * i;

	return bits <= 0 ? 0 : bits >= 32 ? ~0U : bpf_htonl(~0U << (32 - bits));
}

/* @length is that of the prefix, or more: zeros follow. */
static __always_inline bool prefix_has(const volatile struct prefix_param *prefix, __u32 length,
				       const __be32 *address, int words)
{
#pragma clang loop unroll(full)
	for (int i = 0; i < words; i++) {
		__be32 mask = prefix_mask(length, i);

		if (mask && (address[i] ^ prefix->address[i]) & mask)
			return false;
	}
	return true;
}

/*
 * What was @address in @from is now in @to. Returns by how much the sum of its
 * 16-bit words has changed.
 */
static __always_inline __u16 prefix_replace(const volatile struct prefix_param *from,
					    const volatile struct prefix_param *to, __u32 length,
					    __be32 *address, int words)
{
	__u64 sum = 0;

#pragma clang loop unroll(full)
	for (int i = 0; i < words; i++) {
		__be32 old, new;

		if (i && length <= 32U * i)
			break;
		old = from->address[i];
		new = to->address[i];
		address[i] ^= old ^ new;
		sum += (__u64)~old + new;
	}
	return checksum_fold(sum);
}
