// SPDX-License-Identifier: GPL-2.0-only
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "prefix.h"

void address_bytes(address_t address, unsigned char bytes[16])
{
	for (int i = 15; i >= 0; i--, address >>= 8)
		bytes[i] = (unsigned char)address;
}

address_t address_of(const unsigned char bytes[16])
{
	address_t address = 0;

	for (int i = 0; i < 16; i++)
		address = address << 8 | bytes[i];
	return address;
}

enum prefix_fault prefix_read(const char *text, struct prefix *prefix)
{
	const char *slash = strchr(text, '/'), *digit;
	size_t size = slash ? (size_t)(slash - text) : strlen(text);
	char copy[INET6_ADDRSTRLEN];
	unsigned char bytes[16] = { 0 };
	int length;

	if (size >= sizeof(copy))
		return PREFIX_NONE;
	memcpy(copy, text, size);
	copy[size] = '\0';
	prefix->family = memchr(text, ':', size) ? 6 : 4;
	if (inet_pton(prefix->family == 6 ? AF_INET6 : AF_INET, copy, bytes) != 1)
		return PREFIX_NONE;
	length = prefix_longest(prefix->family);
	if (slash) {
		digit = slash + 1;
		/* no sign and no leading 0, which some programs read as octal */
		if (!*digit || strspn(digit, "0123456789") != strlen(digit) ||
		    (*digit == '0' && digit[1]))
			return PREFIX_NONE;
		if (strlen(digit) > 3 || atoi(digit) > length)
			return PREFIX_TOO_LONG;
		length = atoi(digit);
	}
	prefix->length = length;
	prefix->address = address_of(bytes);
	if (!(prefix->address & ~prefix_mask(length)))
		return PREFIX_GOOD;
	prefix->address &= prefix_mask(length);
	return PREFIX_HOST_BITS;
}

const char *prefix_text(char text[PREFIX_SIZE], const struct prefix *prefix)
{
	unsigned char bytes[16];

	address_bytes(prefix->address, bytes);
	inet_ntop(prefix->family == 6 ? AF_INET6 : AF_INET, bytes, text, INET6_ADDRSTRLEN);
	snprintf(text + strlen(text), 5, "/%d", prefix->length);
	return text;
}
