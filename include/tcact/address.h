/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Address prefixes: whether a prefix contains an address, and how an address and the
 * sum of its words change when one prefix is replaced by another. Addresses and masks
 * are in network byte order.
 */
#pragma once

#include <tcact/checksum.h>
#include <tcact/ip.h>

/*
 * A parameter of kind `prefix`. An action declares it as an array of bytes
 * (prefix_param_bytes), and prefix_param() gives access to its members. All members
 * are 0 if the parameter is not given.
 */
struct prefix_param {
	union address address;	/* the bits after the prefix are 0 */
	union address mask;
	__u8 family;		/* 4 or 6 */
	__u8 length;		/* in bits */
	__u16 sum;		/* ones' complement sum of the 16-bit words of address */
	__u8 zero[4];
};

_Static_assert(sizeof(union address) == 16 && offsetof(struct prefix_param, mask) == 16 &&
	       offsetof(struct prefix_param, family) == 32 &&
	       offsetof(struct prefix_param, length) == 33 &&
	       offsetof(struct prefix_param, sum) == 34 && sizeof(struct prefix_param) == 40,
	       "tcact bakes it: struct prefix_bytes in tc-scripts/data/value.h");

typedef __u8 prefix_param_bytes[sizeof(struct prefix_param)] __attribute__((aligned(8)));

static __always_inline const volatile struct prefix_param *
prefix_param(const volatile prefix_param_bytes *bytes)
{
	return (const volatile void *)bytes;
}

/* Is @a, an IPv4 address if @v4 and else an IPv6 address, in @prefix? Always, if none is given. */
static __always_inline bool prefix_contains(const volatile struct prefix_param *prefix,
				       const union address *a, bool v4)
{
	if (v4)
		return !((a->v4 ^ prefix->address.v4) & prefix->mask.v4);
	return !((a->v6[0] ^ prefix->address.v6[0]) & prefix->mask.v6[0]) &&
	       (prefix->length <= 64 || !((a->v6[1] ^ prefix->address.v6[1]) & prefix->mask.v6[1]));
}

/* How the ones' complement sum of an address's words changes when @to replaces @from. */
static __always_inline __u16 prefix_csum_diff(const volatile struct prefix_param *from,
					      const volatile struct prefix_param *to)
{
	return csum16_add(~from->sum, to->sum);
}

/* Replaces the prefix @from of @a by @to, which has the same length. The other bits stay. */
static __always_inline void prefix_replace(const volatile struct prefix_param *from,
					   const volatile struct prefix_param *to,
					   union address *a, bool v4)
{
	if (v4) {
		a->v4 ^= from->address.v4 ^ to->address.v4;
		return;
	}
	a->v6[0] ^= from->address.v6[0] ^ to->address.v6[0];
	if (from->length > 64)
		a->v6[1] ^= from->address.v6[1] ^ to->address.v6[1];
}
