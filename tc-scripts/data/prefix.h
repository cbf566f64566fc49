/* SPDX-License-Identifier: GPL-2.0-only */
/* IPv4 and IPv6 prefixes: RFC 4632, RFC 4291. */
#pragma once

#include <stdint.h>

#include "wide.h"

/* The first bit is the highest, also of IPv4. Aligned as what stands beside it: there are millions. */
typedef uint128 address_t __attribute__((aligned(8)));

struct prefix {
	address_t address;
	uint8_t family;			/* 4 or 6 */
	uint8_t length;
};

enum prefix_fault {
	PREFIX_GOOD,
	PREFIX_NONE,			/* no address, or no number after the / */
	PREFIX_TOO_LONG,
	PREFIX_HOST_BITS,		/* bits after the prefix were set; in @prefix they are 0 */
};

/* Reads ADDRESS[/LENGTH]. */
enum prefix_fault prefix_read(const char *text, struct prefix *prefix);
/* Writes ADDRESS/LENGTH, as RFC 5952 asks for. */
#define PREFIX_SIZE 64
const char *prefix_text(char text[PREFIX_SIZE], const struct prefix *prefix);

static inline int prefix_longest(int family)
{
	return family == 6 ? 128 : 32;
}

static inline address_t prefix_mask(int length)
{
	return length ? ~(address_t)0 << (128 - length) : 0;
}

/* Writes the bytes of an address in network byte order; an IPv4 address is the first four. */
void address_bytes(address_t address, unsigned char bytes[16]);
address_t address_of(const unsigned char bytes[16]);
