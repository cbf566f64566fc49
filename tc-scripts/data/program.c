// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <bpf/btf.h>
#include <bpf/libbpf.h>

#include "program.h"

int program_cannot(struct error *e, const char *what)
{
	if (is_scarcity(errno))
		return error_scarcity(e, "read", what);
	return error(e, UNREADABLE, "try again", "cannot read %s: %s", what, strerror(errno));
}

int program_other(struct error *e)
{
	return error(e, UNREADABLE, "del and add it", "it was attached by another version of tcact");
}

static int read_error(struct error *e, __u32 id)
{
	char what[32];

	if (errno == EPERM)
		return error(e, UNREADABLE, "run as root with CAP_SYS_ADMIN", "cannot read program %u: not permitted", id);
	if (errno == ENOENT)
		return error(e, UNREADABLE, "see: tcact show", "the attachment is gone");
	snprintf(what, sizeof(what), "program %u", id);
	return program_cannot(e, what);
}

int program_open(struct program *program, __u32 id, struct error *e)
{
	__u32 ids[MAPS_MAX] = {}, size = sizeof(program->info);

	memset(program, 0, sizeof(*program));
	program->info.map_ids = (__u64)(unsigned long)ids;
	program->info.nr_map_ids = MAPS_MAX;
	program->fd = bpf_prog_get_fd_by_id(id);
	if (program->fd < 0 || bpf_obj_get_info_by_fd(program->fd, &program->info, &size))
		return read_error(e, id);
	if (program->info.nr_map_ids > MAPS_MAX)
		return error(e, UNREADABLE, "see: bpftool prog", "program %u has %u maps, which no action has", id,
					program->info.nr_map_ids);
	while (program->maps < program->info.nr_map_ids) {
		struct map *map = &program->map[program->maps];

		size = sizeof(map->info);
		map->fd = bpf_map_get_fd_by_id(ids[program->maps]);
		if (map->fd < 0)
			return read_error(e, id);
		program->maps++;
		if (bpf_obj_get_info_by_fd(map->fd, &map->info, &size))
			return read_error(e, id);
	}
	return types_open(&program->btf, program->info.btf_id, e);
}

int types_open(struct btf **btf, __u32 id, struct error *e)
{
	*btf = id ? btf__load_from_kernel_by_id(id) : NULL;
	return id && !*btf && is_scarcity(errno) ? program_cannot(e, "its types") : 0;
}

void program_close(struct program *program)
{
	for (size_t i = 0; i < program->maps; i++)
		close(program->map[i].fd);
	if (program->fd > 0)
		close(program->fd);
	btf__free(program->btf);
	memset(program, 0, sizeof(*program));
}

const struct map *program_map(const struct program *program, const char *name)
{
	for (size_t i = 0; i < program->maps; i++)
		/* the kernel keeps only 15 characters of a name */
		if (!strncmp(program->map[i].info.name, name, BPF_OBJ_NAME_LEN - 1))
			return &program->map[i];
	return NULL;
}

bool map_is(const struct map *map, __u32 type, size_t value_size)
{
	return map->info.type == type && map->info.key_size == sizeof(__u32) && map->info.value_size == value_size;
}

/* libbpf names this map OBJECT.rodata, and shortens OBJECT only. */
static const struct map *rodata_map(const struct program *program)
{
	static const char rodata[] = ".rodata";

	for (size_t i = 0; i < program->maps; i++) {
		const char *name = program->map[i].info.name;
		size_t length = strnlen(name, BPF_OBJ_NAME_LEN);

		if (length >= strlen(rodata) && !strcmp(name + length - strlen(rodata), rodata))
			return &program->map[i];
	}
	return NULL;
}

/* The offset of @variable in .rodata; -1 if it is not there. */
static long rodata_offset(const struct btf *btf, const char *variable)
{
	int id = btf__find_by_name_kind(btf, ".rodata", BTF_KIND_DATASEC);
	const struct btf_type *section = id < 0 ? NULL : btf__type_by_id(btf, id);
	const struct btf_var_secinfo *var = section ? btf_var_secinfos(section) : NULL;

	for (int i = 0; var && i < btf_vlen(section); i++, var++) {
		const struct btf_type *type = btf__type_by_id(btf, var->type);

		if (type && !strcmp(type_name(btf, type->name_off), variable))
			return var->offset;
	}
	return -1;
}

/* Sets @bytes to the @size bytes of @member of @variable in the @rodata of the program; NULL if there is none. */
static int member_bytes(const struct program *program, const unsigned char *rodata, size_t rodata_size,
			const char *variable, const char *member, size_t size, const unsigned char **bytes)
{
	long offset = rodata_offset(program->btf, variable);
	struct member *members;
	size_t n;

	*bytes = NULL;
	if (offset < 0)
		return 0;
	if (variable_members(program->btf, variable, &members, &n))
		return -1;
	for (size_t i = 0; i < n; i++)
		if (!strcmp(members[i].name, member) && members[i].size == size &&
		    offset + members[i].offset + size <= rodata_size)
			*bytes = rodata + offset + members[i].offset;
	free(members);
	return 0;
}

/* The same for the switch of the part that @p belongs to, which has the part's name. */
static int part_switch(const struct program *program, const unsigned char *rodata, size_t rodata_size,
		       const struct action *action, const struct parameter *p, const unsigned char **bytes)
{
	char part[NAME_SIZE];

	snprintf(part, sizeof(part), "%.*s", (int)strcspn(p->name, "."), p->name);
	return member_bytes(program, rodata, rodata_size, action->params, part, 1, bytes);
}

static int does_not_tell(const struct program *program, struct error *e)
{
	return error(e, UNREADABLE, "del and add it", "program %u does not tell its parameters", program->info.id);
}

/* Reads the value of @p, from the @size bytes of .rodata. */
static int setting_read(const struct program *program, struct settings *settings, const struct parameter *p,
			const unsigned char *rodata, size_t size)
{
	const unsigned char *bytes, *on = NULL;

	if (member_bytes(program, rodata, size, p->variable, p->member, p->size, &bytes) ||
	    (p->on && part_switch(program, rodata, size, settings->action, p, &on)))
		return -1;
	if (bytes && told(settings->action, p, bytes, on && *on))
		settings_put(settings, p, bytes);
	return 0;
}

int program_settings(const struct program *program, struct settings *settings, struct error *e)
{
	const struct action *action = settings->action;
	const struct map *map = rodata_map(program);
	unsigned char *rodata;
	__u32 zero = 0;
	int result = 0;

	if (!action->parameters)
		return 0;
	if (!map || !program->btf || !map_is(map, BPF_MAP_TYPE_ARRAY, map->info.value_size))
		return does_not_tell(program, e);
	rodata = malloc(map->info.value_size);
	if (!rodata || bpf_map_lookup_elem(map->fd, &zero, rodata))
		result = read_error(e, program->info.id);
	for (size_t i = 0; i < action->parameters && !result; i++) {
		errno = 0;
		if (setting_read(program, settings, &action->parameter[i], rodata, map->info.value_size))
			result = errno == ENOMEM ? read_error(e, program->info.id) : does_not_tell(program, e);
	}
	free(rodata);
	return result;
}

int program_reasons(const struct program *program, __u64 *count, size_t n, struct error *e)
{
	const struct map *map = program_map(program, "reasons");
	int cpus = libbpf_num_possible_cpus();
	__u64 *values;

	memset(count, 0, n * sizeof(*count));
	if (!map)
		return 0;
	if (!map_is(map, BPF_MAP_TYPE_PERCPU_ARRAY, sizeof(*values)))
		return program_other(e);
	values = cpus > 0 ? calloc(cpus, sizeof(*values)) : NULL;
	if (!values)
		return read_error(e, program->info.id);
	for (__u32 key = 0; key < map->info.max_entries && key < n; key++) {
		if (bpf_map_lookup_elem(map->fd, &key, values)) {
			free(values);
			return read_error(e, program->info.id);
		}
		for (int cpu = 0; cpu < cpus; cpu++)
			count[key] += values[cpu];
	}
	free(values);
	return 0;
}

unsigned int tcx_programs(unsigned int device, const char *direction)
{
	enum { TCX_INGRESS = 46, TCX_EGRESS = 47 };	/* enum bpf_attach_type of Linux 6.6 */
	__u32 flags = 0, count = 0;
	int type = strcmp(direction, "ingress") ? TCX_EGRESS : TCX_INGRESS;

	return bpf_prog_query((int)device, type, 0, &flags, NULL, &count) ? 0 : count;
}
