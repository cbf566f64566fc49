/* SPDX-License-Identifier: GPL-2.0-only */
/* Programs that are loaded in the kernel. */
#pragma once

#include <stdbool.h>

#include <bpf/bpf.h>

#include "settings.h"

#define MAPS_MAX 16

struct map {
	int fd;
	struct bpf_map_info info;
};

/* A program of an action, by its id, and its maps. */
struct program {
	int fd;
	struct bpf_prog_info info;
	struct btf *btf;
	struct map map[MAPS_MAX];
	size_t maps;
};

/* program_close() closes it, also after an error. */
int program_open(struct program *program, __u32 id, struct error *error);
void program_close(struct program *program);

/* The map with this name in C; NULL if there is none. */
const struct map *program_map(const struct program *program, const char *name);

/*
 * Is it an array of this type, with values of this size? A program of another user, or of another version of tcact,
 * can have any map by that name: what is read of it must fit where it is read to.
 */
bool map_is(const struct map *map, __u32 type, size_t value_size);

/* Sets the error that @what of a program could not be read, for errno; or that it is not as this tcact has it. Return -1. */
int program_cannot(struct error *error, const char *what);
int program_other(struct error *error);

/* Reads the types with this id; NULL if it is 0, or they are not understood. */
int types_open(struct btf **btf, __u32 id, struct error *error);

/* Reads the values that the program was loaded with, if they differ from the defaults; link always. */
int program_settings(const struct program *program, struct settings *settings, struct error *error);

/* Reads the counter of each reason, the sum over all CPUs. */
int program_reasons(const struct program *program, __u64 *count, size_t n, struct error *error);

/* The number of tcx programs on a hook of a device; 0 where that cannot be known. */
unsigned int tcx_programs(unsigned int device, const char *direction);
