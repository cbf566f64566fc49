/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * An action: its object file, and how the file describes itself: with strings in .modinfo (see
 * include/tcact/parameter.h), symbols, and types in .BTF.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "error.h"
#include "wide.h"

struct btf;
struct kind;

struct word {
	const char *name;
	long long number;
	const char *need;	/* the Linux version, or the X of CONFIG_X, that it needs, up to a blank; or NULL */
};

struct words {
	struct word *word;
	size_t n;
};

#define PARAMETER_SIZE_MAX 256	/* bytes of a value */
#define NAME_SIZE 64		/* of the name of a parameter, and of its variable, in bytes */

struct parameter {
	char name[NAME_SIZE];	/* as users write it: value, mss.max */
	char variable[NAME_SIZE];
	const char *member;	/* the C name in the variable; "" if the variable is a number */
	const char *help;
	const struct kind *kind;
	size_t offset, size;	/* of its bytes in the file */
	const unsigned char *initial;	/* these bytes in the object as built */
	size_t on;		/* the offset of a byte that is 1 if it is given; 0: there is none */
	int128 low, high;	/* the range of a number, or of each element */
	bool bounded;		/* low and high are narrower than the type */
	bool is_signed, big_endian;
	struct words words;
	char *syntax;		/* the memory of the words */
};

struct rule {
	const struct parameter *of, *than, *other;	/* than: what `of` is compared with, or NULL */
	const char *verb;
	const char *words;	/* of @other, separated by spaces */
};

/* The length of an array is the value of a parameter. */
struct length {
	const struct parameter *of;
	const char *map;
	uint32_t each;		/* the array has an element for so many of it */
	size_t offset;		/* of the length in the file: of 32 bits, in BTF */
};

struct part {
	const char *name;	/* the prefix of its parameters: mss, meta2 */
	const char *of;		/* the action that does the same */
	int order;
	const char *unless;	/* "NAME=WORD ..." */
};

#define MACHINE_IS_BIG_ENDIAN (__BYTE_ORDER__ == __ORDER_BIG_ENDIAN__)

struct action {
	const char *name, *class, *what, *version;
	char params[2 * NAME_SIZE];	/* the variable with its parameters, if it has any, and the switches of its parts */
	const char *map, *key, *value, *value_kind;	/* of its table; NULL: it has none */
	const struct parameter *table;	/* which says whether it is used; NULL: always */
	const char *buckets;	/* the map with its buckets; NULL: it has none */
	const char *anew;	/* the map that a changed program does not keep; NULL: it keeps all */
	const char *set, *shared;	/* the actions of this set share this map; NULL: none is shared */
	struct parameter *parameter;
	size_t parameters;
	struct rule *rule;
	size_t rules;
	struct part *part;
	size_t parts;
	struct length *length;
	size_t lengths;
	struct words reasons;	/* the names of the counters */
	char *path;
	unsigned char *image;	/* the file */
	size_t size;
	bool big_endian;

	/* the memory of the strings above */
	char *modinfo;
	struct btf *btf;
};

/* The action in @directory/@name.o, read once and kept until the process ends; NULL after an error. */
const struct action *action_once(const char *directory, const char *name, struct error *);

/* The same, for a file that changes. action_close() frees it, also after an error. */
int action_open(struct action *action, const char *directory, const char *name, struct error *);
void action_close(struct action *action);

/* Of the file: zlib's CRC-32. */
uint32_t action_checksum(const struct action *action);

/* A number in a variable, as BTF describes it. */
struct member {
	const char *name;	/* "" if the variable is one number */
	size_t offset, size;	/* in bytes, from the start of the variable */
	bool is_signed;
};
int variable_members(const struct btf *btf, const char *variable, struct member **members, size_t *n);

/* The id of the type that @member of the @map in an object points to; 0 if it has no such member. */
uint32_t map_member(const struct btf *btf, const char *map, const char *member);

/* The name at this @offset of the strings: "" if it has none. */
const char *type_name(const struct btf *btf, uint32_t offset);

const struct parameter *parameter_named(const struct action *action, const char *name);

/* The same for all actions in @directory, sorted by name. Sets *@actions to an array to be freed, also after an error. */
int actions_once(const struct action ***actions, size_t *n, const char *directory, struct error *error);
