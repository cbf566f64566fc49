/* SPDX-License-Identifier: GPL-2.0-only */
/* The values of parameters: how users write them, and the bytes that they are in the object. */
#pragma once

#include <stdio.h>

#include "object.h"

struct kind {
	const char *name;
	bool number;		/* from low to high */
	int (*read)(const struct parameter *p, const char *text, unsigned char *bytes, char *why);
	void (*print)(const struct parameter *p, const unsigned char *bytes, FILE *out);
	void (*syntax)(const struct parameter *p, FILE *out);	/* what text must be */
};

const struct kind *kind_named(const char *name);

/* @text becomes the p->size bytes at @bytes. @action is for the message. */
int value_read(const struct action *action, const struct parameter *p, const char *text,
	       unsigned char *bytes, struct error *error);
/* The reverse; the shortest text that gives the same bytes, a word where there is one. */
void value_print(const struct parameter *p, const unsigned char *bytes, FILE *out);
/* The same as a string, which the caller frees; NULL where there is no memory. */
char *value_text(const struct parameter *p, const unsigned char *bytes);
/* As a number, of a kind that is one. */
__int128 value_number(const struct parameter *p, const unsigned char *bytes);
/* What a value must be: "0..63 or one of mark, cs0, ...", or in short "0..63 mark cs0 ...". */
void value_syntax(const struct parameter *p, bool sentence, FILE *out);
