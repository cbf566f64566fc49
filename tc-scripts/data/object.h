/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * An action: its object file, and what that says of itself. include/tcact/parameter.h says how:
 * strings in .modinfo, the symbols, the types in .BTF.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "error.h"

struct btf;
struct kind;

struct word {
	const char *name;
	long long number;
	const char *need;	/* the version of Linux, or the CONFIG_, that it needs; or NULL */
};

struct words {
	struct word *word;
	size_t n;
};

#define PARAMETER_LARGEST 256	/* bytes of a value */
#define NAME_SIZE 64		/* of a parameter's, and of the variable's that it is in */

struct parameter {
	char name[NAME_SIZE];	/* as users write it: value, mss.max */
	char variable[NAME_SIZE];
	const char *member;	/* in C, of the variable; "" where that is a number */
	const char *help;
	const struct kind *kind;
	size_t offset, size;	/* of its bytes in the file */
	const unsigned char *initial;	/* these bytes in the object as built */
	size_t on;		/* the offset of a byte that is 1 when it is given; 0: none */
	__int128 low, high;	/* of a number, or an element */
	bool bounded;		/* they are not just what the type can hold */
	bool is_signed, big_endian;
	struct words words;
	char *syntax;		/* what the words point into */
};

struct rule {
	const struct parameter *of, *than, *other;	/* than: NULL, or what `of` is compared with */
	const char *verb;
	const char *words;	/* of @other, separated by spaces */
};

struct part {
	const char *name;	/* in front of its parameters: mss, meta2 */
	const char *of;		/* the action that it is */
	int order;
	const char *unless;	/* "NAME=WORD ..." */
};

struct action {
	const char *name, *class, *what, *version;
	const char *map, *key, *value, *value_kind;	/* of its table; NULL: it has none */
	struct parameter *parameter;
	size_t parameters;
	struct rule *rule;
	size_t rules;
	struct part *part;
	size_t parts;
	struct words reasons;	/* what the counters count */
	char *path;
	unsigned char *image;	/* the file */
	size_t size;
	uint32_t checksum;	/* of the file: zlib's CRC-32 */
	bool big_endian;

	/* what the strings above point into */
	char *modinfo;
	struct btf *btf;
};

/* The action in DIRECTORY/@name.o. action_close() frees it, also after an error. */
int action_open(struct action *action, const char *directory, const char *name, struct error *);
void action_close(struct action *action);

/* Where the numbers of a variable are that BTF describes. */
struct member {
	const char *name;	/* "" for a variable that is one number */
	size_t offset, size;	/* from the beginning of the variable */
	bool is_signed;
};
int variable_members(const struct btf *btf, const char *variable, struct member **members, size_t *n);

const struct parameter *parameter_named(const struct action *action, const char *name);
const struct word *word_named(const struct words *words, const char *name);

/* All actions in @directory, by name. actions_close() frees them, also after an error. */
int actions_open(struct action **actions, size_t *n, const char *directory, struct error *error);
void actions_close(struct action *actions, size_t n);
