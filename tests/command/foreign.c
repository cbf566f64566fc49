// SPDX-License-Identifier: GPL-2.0-only
/*
 * foreign OBJECT PIN [MAP TYPE KEY VALUE ENTRIES FLAGS FILE]...: loads a program with the name, the types and the maps of
 * the action OBJECT, but other instructions, and pins it at PIN. Each map whose name contains MAP is one of this type
 * instead, with keys and values of so many bytes. Its elements from 0 on are the content of FILE; all CPUs have that of
 * element 0.
 *
 * foreign types PIN: one of the action dscp whose parameters are a union of 12 unions of 12 unions, and so on.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>

enum { MAP_WORDS = 7, MAPS_MAX = 16, CPUS_MAX = 1024 };

static void die(const char *what)
{
	perror(what);
	exit(1);
}

/* Loads and pins a program that uses these maps and returns -1. */
static void load(const char *name, const int *map, int n, int btf, __u32 function, const char *pin)
{
	struct bpf_insn code[2 * MAPS_MAX + 2] = {};
	struct bpf_func_info info = { .type_id = function };
	LIBBPF_OPTS(bpf_prog_load_opts, options, .prog_btf_fd = btf, .func_info = &info, .func_info_cnt = 1,
		    .func_info_rec_size = sizeof(info));
	int at = 0, fd;

	for (int i = 0; i < n; i++, at += 2)
		code[at] = (struct bpf_insn){ .code = BPF_LD | BPF_DW | BPF_IMM, .dst_reg = BPF_REG_1,
					      .src_reg = BPF_PSEUDO_MAP_FD, .imm = map[i] };
	code[at++] = (struct bpf_insn){ .code = BPF_ALU64 | BPF_MOV | BPF_K, .imm = -1 };
	code[at++] = (struct bpf_insn){ .code = BPF_JMP | BPF_EXIT };
	fd = bpf_prog_load(BPF_PROG_TYPE_SCHED_ACT, name, "GPL", code, at, &options);
	if (fd < 0 || bpf_obj_pin(fd, pin))
		die(pin);
}

static int map_create(const char *name, char **word)
{
	LIBBPF_OPTS(bpf_map_create_opts, options, .map_flags = atoi(word[5]));
	__u32 size = atoi(word[3]), entries = atoi(word[4]);
	int fd = bpf_map_create(atoi(word[1]), name, atoi(word[2]), size, entries, &options);
	unsigned char *value = calloc(CPUS_MAX, (size + 7) / 8 * 8);
	FILE *file = fopen(word[6], "r");

	if (fd < 0 || !value || !file)
		die(name);
	for (__u32 key[16] = {}; *key < entries && fread(value, 1, size, file) == size; ++*key)
		if (bpf_map_update_elem(fd, key, value, BPF_ANY))
			die(name);
	fclose(file);
	free(value);
	return fd;
}

static void of_object(const char *path, const char *pin, char **words, int n)
{
	struct bpf_object *object = bpf_object__open_file(path, NULL);
	struct bpf_program *program = object ? bpf_object__next_program(object, NULL) : NULL;
	struct bpf_func_info function[32] = {};
	struct bpf_prog_info of_program = { .nr_func_info = 32, .func_info = (unsigned long)function,
					    .func_info_rec_size = sizeof(*function) };
	__u32 size = sizeof(of_program);
	int map[MAPS_MAX], maps = 0;
	struct bpf_map *own;

	if (!program)
		die(path);
	bpf_program__set_type(program, BPF_PROG_TYPE_SCHED_ACT);
	if (bpf_object__load(object) || bpf_obj_get_info_by_fd(bpf_program__fd(program), &of_program, &size))
		die(path);
	bpf_object__for_each_map(own, object) {
		struct bpf_map_info info = {};

		size = sizeof(info);
		map[maps] = bpf_map__fd(own);
		if (bpf_obj_get_info_by_fd(map[maps], &info, &size))
			die(path);
		for (int i = 0; i + MAP_WORDS <= n; i += MAP_WORDS)
			if (strstr(info.name, words[i]))
				map[maps] = map_create(info.name, words + i);
		maps++;
	}
	load(bpf_program__name(program), map, maps, bpf_object__btf_fd(object), function[0].type_id, pin);
}

static void of_types(const char *pin)
{
	struct btf *btf = btf__new_empty();
	int byte = btf__add_int(btf, "unsigned char", 1, 0), type = byte, number, function, fd, map;
	const void *bytes;
	__u32 size;

	for (int depth = 0; depth < 12; depth++) {
		int of = type;

		type = btf__add_union(btf, "u", 1);
		for (int i = 0; i < 12; i++) {
			char name[8];

			snprintf(name, sizeof(name), "m%d", i);
			btf__add_field(btf, name, of, 0, 0);
		}
	}
	type = btf__add_var(btf, "dscp_params", BTF_VAR_GLOBAL_ALLOCATED, type);
	btf__add_datasec(btf, ".rodata", 1);
	btf__add_datasec_var_info(btf, type, 0, 1);
	number = btf__add_int(btf, "int", 4, BTF_INT_SIGNED);
	function = btf__add_func(btf, "dscp", BTF_FUNC_STATIC, btf__add_func_proto(btf, number));
	bytes = btf__raw_data(btf, &size);
	fd = bpf_btf_load(bytes, size, NULL);
	map = bpf_map_create(BPF_MAP_TYPE_ARRAY, "x.rodata", 4, 64, 1, NULL);
	if (fd < 0 || map < 0)
		die("types");
	load("dscp", &map, 1, fd, function, pin);
}

int main(int n, char **words)
{
	libbpf_set_print(NULL);
	if (n == 3 && !strcmp(words[1], "types"))
		of_types(words[2]);
	else if (n >= 3 && (n - 3) % MAP_WORDS == 0)
		of_object(words[1], words[2], words + 3, n - 3);
	else
		return 2;
	return 0;
}
