/* SPDX-License-Identifier: GPL-2.0-only */
/* The values of parameters: as users write them, and as bytes in the object. */
#pragma once

#include <stdio.h>
#include <string.h>

#include <tcact/layout.h>

#include "object.h"

#define EXPLANATION 200		/* bytes: what is wrong with a value, if it is more than its syntax */

/* The bytes of some kinds. Of prefix, and prefix6: struct prefix_param of include/tcact/address.h */
struct prefix_bytes {
	unsigned char address[16], mask[16];
	unsigned char family, length;
	unsigned char sum[2];	/* ones' complement sum of the address's 16-bit words, network byte order */
	unsigned char zero[4];
};

/* Of rate: struct rate_param, in the byte order of the object */
struct rate_bytes {
	unsigned char rate[8], mult[8];
	unsigned char shift, packets;
	unsigned char zero[6];
};
_Static_assert(sizeof(struct rate_bytes) == sizeof(struct rate_param) &&
	       offsetof(struct rate_bytes, mult) == offsetof(struct rate_param, mult) &&
	       offsetof(struct rate_bytes, shift) == offsetof(struct rate_param, shift) &&
	       offsetof(struct rate_bytes, packets) == offsetof(struct rate_param, packets), "they are the same");

struct kind {
	const char *name;
	bool number;		/* it is a number from low to high */
	int (*read)(const struct parameter *p, const char *text, unsigned char *bytes, char *why);
	/* Prints the shortest text that gives the same bytes; a word if there is one. */
	void (*print)(const struct parameter *p, const unsigned char *bytes, FILE *out);
	/* What users may write: a text, the range, or NULL, and a text behind it. */
	const char *before;
	void (*range)(const struct parameter *p, FILE *out);
	const char *after;
};

const struct kind *kind_named(const char *name);
/* For what is written as a value of this kind, but belongs to no action: @size bytes in the order of this machine. */
struct parameter parameter_like(const char *kind, size_t size, int128 low, int128 high);

/* It is no value that users write, but says whether there is a table. */
static inline bool parameter_is_table(const struct parameter *p)
{
	return !strcmp(p->kind->name, "table");
}

/* Converts @text to the p->size bytes at @bytes. @action is for the error message. */
int value_read(const struct action *action, const struct parameter *p, const char *text,
	       unsigned char *bytes, struct error *error);
/* The word of @p for this number, or NULL. */
const char *value_word(const struct parameter *p, int128 number);
/* What p->kind prints, as a string, which the caller frees; NULL if there is no memory. */
char *value_text(const struct parameter *p, const unsigned char *bytes);
/* Reads a number of 32 bits, decimal or 0x hex; or (@handle) MAJOR:MINOR in hex. */
bool tag_read(const char *text, bool handle, uint32_t *tag);
/* Reads a decimal number from @least to @most. */
bool decimal_read(const char *text, uint64_t least, uint64_t most, uint64_t *number);
bool all_zero(const unsigned char *bytes, size_t n);
/* Writes a number as the p->size bytes at @bytes. */
void value_store(const struct parameter *p, int128 number, unsigned char *bytes);
/* The value as a number; only for kinds that are numbers. */
int128 value_number(const struct parameter *p, const unsigned char *bytes);
/* What a value must be, as such a string: "0..63 or one of mark, cs0, ...", or the short form "0..63 mark cs0 ...". */
char *value_syntax(const struct parameter *p, bool sentence);
