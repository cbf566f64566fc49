/* SPDX-License-Identifier: GPL-2.0-only */
/* Programs in the kernel: those that are loaded, and loading one. */
#pragma once

#include <bpf/bpf.h>

#include "settings.h"

#define MAPS_MOST 16

struct map {
	int fd;
	struct bpf_map_info info;
};

/* A program of an action, by its id, and its maps. */
struct program {
	int fd;
	struct bpf_prog_info info;
	struct btf *btf;
	struct map map[MAPS_MOST];
	size_t maps;
};

/* program_close() closes it, also after an error. */
int program_open(struct program *program, __u32 id, struct error *error);
void program_close(struct program *program);

/* By the name that it has in C; NULL where there is none. */
const struct map *program_map(const struct program *program, const char *name);

/* The values that the program was baked with, where they differ from those as built, and link. */
int program_settings(const struct program *program, struct settings *settings, struct error *error);

/* What the program counted: a number for each of REASONS, added up over the CPUs. */
int program_reasons(const struct program *program, __u64 *count, size_t n, struct error *error);
