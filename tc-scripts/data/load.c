// SPDX-License-Identifier: GPL-2.0-only
/* load: loads a program with its values and its table, and pins it before it sees any packet. */
#include <errno.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/param.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "command.h"
#include "program.h"
#include "table.h"
#include "used.h"
#include "value.h"

/* ---- contents of maps ------------------------------------------------------------------------ */

void content_free(struct content content[TABLE_MAPS])
{
	for (int i = 0; i < TABLE_MAPS; i++) {
		if (content[i].mapped)
			munmap(content[i].values, content[i].n * content[i].size);
		else
			free(content[i].values);
	}
	memset(content, 0, TABLE_MAPS * sizeof(*content));
}

/* Map @i of a table of this kind; NULL if the program has none that is as the kind has it. */
static const struct map *table_map(const struct table_kind *kind, const struct program *program, int i)
{
	const struct map *map = program_map(program, kind->maps[i]);

	return map && map_is(map, BPF_MAP_TYPE_ARRAY, kind->sizes[i]) && map->info.max_entries <= SIZE_MAX / kind->sizes[i]
		? map : NULL;
}

bool content_map(const struct table *table, const struct program *program, struct content *content)
{
	for (int i = 0; table->kind->maps[i]; i++) {
		const struct map *map = table_map(table->kind, program, i);
		void *values = MAP_FAILED;

		if (map && map->info.map_flags & BPF_F_MMAPABLE)
			values = mmap(NULL, (size_t)map->info.max_entries * map->info.value_size,
				      PROT_READ | PROT_WRITE, MAP_SHARED, map->fd, 0);
		if (values == MAP_FAILED) {
			content_free(content);
			return false;
		}
		content[i] = (struct content){ .values = values, .n = map->info.max_entries,
					       .size = map->info.value_size, .mapped = true };
	}
	return true;
}

static int map_fill(const struct bpf_map *map, const struct content *content)
{
	int fd = bpf_map__fd(map);
	/* fails where its flags have no BPF_F_MMAPABLE */
	void *values = mmap(NULL, content->n * content->size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

	if (values != MAP_FAILED) {
		memcpy(values, content->values, content->n * content->size);
		munmap(values, content->n * content->size);
		return 0;
	}
	for (__u32 i = 0; i < content->n; i++)
		if (bpf_map_update_elem(fd, &i, (char *)content->values + i * content->size, BPF_ANY))
			return -1;
	return 0;
}

static int map_fetch(const struct map *map, struct content *content)
{
	content->n = map->info.max_entries;
	content->size = map->info.value_size;
	content->values = calloc(content->n, content->size);
	for (__u32 i = 0; content->values && i < content->n; i++)
		if (bpf_map_lookup_elem(map->fd, &i, (char *)content->values + i * content->size))
			return -1;
	return content->values ? 0 : -1;
}

/* The memory that the kernel says it holds for a map, in bytes. */
static uint64_t map_memory(const struct map *map)
{
	unsigned long long bytes = 0;
	char path[64], line[128];
	FILE *file;

	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", map->fd);
	file = fopen(path, "re");
	while (file && fgets(line, sizeof(line), file) && sscanf(line, "memlock: %llu", &bytes) != 1)
		;
	if (file)
		fclose(file);
	return bytes;
}

/* The contents of the maps of a table, mapped, or where they cannot be, as a copy. */
static int content_read(const struct table *table, const struct program *program, struct content *content,
			struct error *e)
{
	if (content_map(table, program, content))
		return 0;
	for (int i = 0; table->kind->maps[i]; i++) {
		const struct map *map = table_map(table->kind, program, i);

		if (!map)
			return program_other(e);
		if (map_fetch(map, &content[i]))
			return program_cannot(e, "its table");
	}
	return 0;
}

static int table_other(struct error *e)
{
	return error(e, UNREADABLE, "del and add it", "its table is not one of this tcact");
}

int table_fetch_facts(struct table *table, const struct program *program, struct fact fact[FACTS_MAX], size_t *facts,
		      struct error *e)
{
	struct content content[TABLE_MAPS] = {};
	uint64_t memory = 0;
	int result = content_read(table, program, content, e);

	errno = 0;
	if (!result && table->kind->entries(table, content))
		result = errno == ENOMEM ? program_cannot(e, "its table") : table_other(e);
	if (!result && fact) {
		for (int i = 0; table->kind->maps[i]; i++)
			memory += map_memory(program_map(program, table->kind->maps[i]));
		*facts = 0;
		fact[(*facts)++] = (struct fact){ "entries", table->n };
		if (table->kind->facts)
			*facts += table->kind->facts(table, content, fact + *facts);
		fact[(*facts)++] = (struct fact){ "bytes", memory };
	}
	content_free(content);
	return result;
}

int table_fetch(struct table *table, const struct program *program, struct error *e)
{
	return table_fetch_facts(table, program, NULL, NULL, e);
}

int table_count(const struct table *table, const struct program *program, size_t *n, struct error *e)
{
	struct content content[TABLE_MAPS] = {};
	struct table whole = *table;
	long counted = -1;
	int result;

	if (table->kind->count && content_map(table, program, content))
		counted = table->kind->count(content);
	content_free(content);
	*n = (size_t)counted;
	if (counted >= 0)
		return 0;
	result = table_fetch(&whole, program, e);
	*n = whole.n;
	table_free(&whole);
	return result;
}

/* ---- loading --------------------------------------------------------------------------------- */

/* If it is longer, the kernel says ENOSPC and not why, and before Linux 6.4 keeps its first part only. Few of these pages are used. */
#define LOG_SIZE (16 << 20)

static int print_all(enum libbpf_print_level level, const char *format, va_list args)
{
	return level == LIBBPF_DEBUG ? 0 : vfprintf(stderr, format, args);
}

/* The last line of the verifier's log that gives a reason. */
static const char *log_reason(char *log)
{
	char *reason = NULL, *save, *line;

	for (line = strtok_r(log, "\n", &save); line; line = strtok_r(NULL, "\n", &save))
		if (strncmp(line, "processed ", 10) && strncmp(line, "verification time", 17))
			reason = line;
	return reason;
}

static int load_error(const struct action *action, int why, char *log, struct error *e)
{
	const char *reason = log_reason(log);

	if (why == EPERM)
		return error(e, REFUSED, "run as root with CAP_NET_ADMIN, CAP_BPF and CAP_PERFMON "
			     "(before Linux 5.11 see also: ulimit -l), see: tcact check",
			     "load %s: not permitted", action->name);
	if (why == ENOMEM)
		return error(e, REFUSED, "free some", "load %s: no memory", action->name);
	return error(e, REFUSED, "see: tcact check", "load %s: %s%s%s", action->name, strerror(why),
		     reason ? ": " : "", reason ?: "");
}

/* What a program is loaded with, apart from its values. */
struct load {
	const struct program *like;	/* its maps are reused, except those of the table; or NULL */
	const struct table *table;	/* NULL: as in @like, or empty */
	const struct table_kind *gone;	/* the kind of the table of @like, if that is not kept; or NULL */
	const struct table_kind *shared;	/* the kind of the table, if it is that of @sharer; or NULL */
	const struct program *sharer;
	bool other_keys;		/* than the buckets of @like have */
	const struct program *previous;	/* its reasons count on, if they are kept in such a map; or NULL */
	bool recount;			/* the reasons of @like and @previous are not those of this one */
	const char **others;		/* with which its map is shared: their ids, or pins */
	size_t n_others;
	struct used used;		/* what its buckets begin with */
	struct progress *progress;
	const char *pin;
	bool verbose;
};

/* The keys of buckets are hashes, so a seed that is not given stays what it was. */
static void keep_seed(struct settings *settings, const struct settings *before)
{
	const struct parameter *seed = parameter_named(settings->action, "seed");

	if (seed && !settings_given(settings, seed))
		settings_put(settings, seed, settings_bytes(before, seed));
}

/* Are the keys of the buckets others than before? Those would be taken for what they are not. */
static bool other_keys(const struct settings *settings, const struct settings *before)
{
	static const char *const of_keys[] = { "seed", "per", "prefix4", "prefix6" };

	for (size_t i = 0; i < sizeof(of_keys) / sizeof(*of_keys); i++) {
		const struct parameter *p = parameter_named(settings->action, of_keys[i]);

		if (p && memcmp(settings_bytes(settings, p), settings_bytes(before, p), p->size))
			return true;
	}
	return false;
}

/* Does a value give this map another length than it had? */
static bool resized(const struct action *action, const struct bpf_map *map, const struct map *before)
{
	for (size_t i = 0; i < action->lengths; i++)
		if (!strcmp(action->length[i].map, bpf_map__name(map)))
			return bpf_map__max_entries(map) != before->info.max_entries;
	return false;
}

/* The program with this id, or at this pin. */
static int other_open(struct program *program, const char *other, struct error *e)
{
	struct bpf_prog_info info = {};
	__u32 size = sizeof(info);
	int fd, result;

	if (*other != '/')
		return program_open(program, (__u32)strtoul(other, NULL, 10), e);
	fd = bpf_obj_get(other);
	result = fd < 0 ? fd : bpf_obj_get_info_by_fd(fd, &info, &size);
	if (fd >= 0)
		close(fd);
	return result ? error(e, REFUSED, "try again", "cannot read %s: %s", Q(other), strerror(errno))
		      : program_open(program, info.id, e);
}

/* Makes @map the same as that of the first of the others that has one of its length. */
static int map_share(const struct load *load, const struct action *action, struct bpf_map *map, struct error *e)
{
	const char *name = bpf_map__name(map);
	bool found = false, differs = false;

	for (size_t i = 0; i < load->n_others && !found && !e->status; i++) {
		struct program program = {};
		struct error own = {};
		const struct map *theirs;

		if (other_open(&program, load->others[i], &own)) {
			if (errno != ENOENT)	/* it was deleted meanwhile */
				*e = own;
		} else if ((theirs = program_map(&program, name))) {
			found = map_is(theirs, bpf_map__type(map), bpf_map__value_size(map)) &&
				theirs->info.max_entries == bpf_map__max_entries(map);
			differs |= !found;
			if (found && bpf_map__reuse_fd(map, theirs->fd))
				error(e, REFUSED, "try again", "cannot share its map %s: %s", name, strerror(errno));
		}
		program_close(&program);
	}
	if (differs && !found && !load->like)
		fprintf(stderr, "tcact: warning: %s: it has a table of its own, as the others have another size; "
			"give all of them the same flows\n", action->name);
	return e->status ? -1 : 0;
}

/* The number of this map in a table; -1 if it is none of its maps, or @kind is NULL. */
static int map_of_table(const struct table_kind *kind, const char *name)
{
	for (int i = 0; kind && kind->maps[i]; i++)
		if (!strcmp(kind->maps[i], name))
			return i;
	return -1;
}

/*
 * The earlier map that takes the place of @map; NULL if it begins anew, as it does where a value gives it another
 * length. Not .rodata: it has the values.
 */
static const struct map *map_kept(const struct load *load, const struct action *action, const struct bpf_map *map)
{
	const char *name = bpf_map__name(map);
	const struct program *from = map_of_table(load->shared, name) >= 0 ? load->sharer : load->like;
	const struct map *before = from ? program_map(from, name) : NULL;
	bool reasons = !strcmp(name, "reasons");

	if (before && !bpf_map__is_internal(map) && !resized(action, map, before) &&
	    !(load->other_keys && !strcmp(name, action->buckets)) && !(load->recount && reasons) &&
	    !(action->anew && !strcmp(name, action->anew)) && map_of_table(load->gone, name) < 0)
		return before;
	before = load->previous && !load->recount && reasons ? program_map(load->previous, name) : NULL;
	return before && map_is(before, bpf_map__type(map), bpf_map__value_size(map)) &&
		before->info.max_entries == bpf_map__max_entries(map) ? before : NULL;
}

/* Sets the size of each map, or reuses an earlier one. */
static int maps_prepare(struct bpf_object *object, const struct action *action, const struct load *load,
			const struct content *content, struct error *e)
{
	struct bpf_map *map;

	bpf_object__for_each_map(map, object) {
		const char *name = bpf_map__name(map);
		const struct map *kept = map_kept(load, action, map);
		int n = map_of_table(load->table ? load->table->kind : NULL, name);

		if (n >= 0) {
			if (bpf_map__value_size(map) != content[n].size)
				return error(e, USAGE, "reinstall tcact", "the values of %s are not of %zu bytes", name,
					     content[n].size);
			bpf_map__set_max_entries(map, (__u32)MAX(content[n].n, content[n].room));
			if (content[n].room > content[n].n)	/* 8 KiB; so not in the object as built */
				bpf_map__set_map_flags(map, bpf_map__map_flags(map) | BPF_F_MMAPABLE);
		} else if (kept) {
			/* libbpf would take any map for this one */
			if (!map_is(kept, bpf_map__type(map), bpf_map__value_size(map)))
				return program_other(e);
			if (bpf_map__reuse_fd(map, kept->fd))
				return error(e, REFUSED, "del and add it", "cannot keep its map %s: %s", name,
					     strerror(errno));
		} else if (action->shared && !strcmp(action->shared, name) && map_share(load, action, map, e)) {
			return -1;
		}
	}
	return 0;
}

static int maps_fill(const struct bpf_object *object, const struct load *load, const struct content *content,
		     struct error *e)
{
	for (int i = 0; load->table && load->table->kind->maps[i]; i++) {
		const struct bpf_map *map = bpf_object__find_map_by_name(object, load->table->kind->maps[i]);

		if (!map || map_fill(map, &content[i]))
			return error(e, REFUSED, "free some", "cannot fill %s: %s", load->table->kind->maps[i],
				     strerror(errno));
	}
	return 0;
}

static int buckets_fill(const struct bpf_object *object, const struct load *load, const char *buckets, struct error *e)
{
	const struct bpf_map *map = load->used.record ? bpf_object__find_map_by_name(object, buckets) : NULL;

	if (map && used_put_back(&load->used, bpf_map__fd(map), bpf_map__max_entries(map)))
		return error(e, REFUSED, "free some", "cannot fill %s: %s", buckets, strerror(errno));
	return 0;
}

static int load_program(const struct settings *settings, const struct load *load, struct error *e)
{
	const struct action *action = settings->action;
	LIBBPF_OPTS(bpf_object_open_opts, options, .object_name = action->name);
	struct content content[TABLE_MAPS] = {};
	struct bpf_object *object = NULL;
	struct bpf_program *program;
	char *log = calloc(1, LOG_SIZE);
	int result = -1;

	libbpf_set_print(load->verbose ? print_all : NULL);
	if (!log || (load->table && load->table->kind->build(load->table, content))) {
		error_memory(e);
		goto out;
	}
	if (load->table)
		progress_tell(load->progress, "%zu entries built, the kernel gets them", load->table->n);
	object = bpf_object__open_mem(settings->image, action->size, &options);
	program = object ? bpf_object__next_program(object, NULL) : NULL;
	if (!program) {
		error(e, USAGE, "reinstall tcact", "%s is not an action of this tcact", Q(action->path));
		goto out;
	}
	bpf_program__set_type(program, BPF_PROG_TYPE_SCHED_ACT);
	bpf_program__set_log_buf(program, log, LOG_SIZE);
	if (maps_prepare(object, action, load, content, e))
		goto out;
	result = bpf_object__load(object);
	if (result)
		result = load_error(action, -result, log, e);
	else if (bpf_object__btf_fd(object) < 0)	/* which libbpf can do without, but show, change and table cannot */
		result = error(e, REFUSED, "see: tcact check", "the kernel did not take the types (BTF) of %s", action->name);
	else if (!(result = maps_fill(object, load, content, e)))
		result = buckets_fill(object, load, action->buckets, e);
	if (!result && bpf_program__pin(program, load->pin))
		result = error(e, REFUSED, "see: tcact check", "cannot pin %s: %s", Q(load->pin), strerror(errno));
out:
	content_free(content);
	bpf_object__close(object);
	free(log);
	return result;
}

/* ---- the command ----------------------------------------------------------------------------- */

/* Drops each value that was right only with a value that another parameter no longer has. */
static void drop_inapplicable(struct settings *settings, char **words, int n)
{
	for (size_t i = 0; i < settings->action->rules; i++) {
		const struct rule *rule = &settings->action->rule[i];
		bool said = false;

		for (int w = 0; w < n; w += 2)
			said |= !strcmp(words[w], rule->of->name);
		/* a table is not lost by the way */
		said |= parameter_is_table(rule->of);
		if (!strcmp(rule->verb, "with") && !said && settings_given(settings, rule->of) && !rule_holds(settings, rule))
			settings_drop(settings, rule->of);
	}
}

/* Adds, or (@removal) removes, the entries of these lines. */
static int change_entries(struct table *table, const struct action *action, char **line, int n, bool removal,
			  struct error *e)
{
	struct table more = {};
	int result = table_begin(&more, action, e);

	for (int i = 0; i < n && !result; i++)
		result = table_line(&more, line[i], removal, e);
	if (!result)
		result = table_sort(&more, NULL, e);
	if (!result)
		result = table_merge(table, &more, removal, e);
	table_free(&more);
	return result;
}

/* Copies to @table what is kept from the table of @like: the hits. */
static int carry_hits(struct table *table, const struct program *like, struct error *e)
{
	struct content content[TABLE_MAPS] = {};
	int result;

	if (!table->kind->carry)
		return 0;
	result = content_read(table, like, content, e);
	if (!result && !table->kind->carry(table, content))
		result = table_other(e);
	content_free(content);
	return result;
}

/*
 * The table of the earlier program goes where the values that are now given alone (@maps_only) allow none. Otherwise
 * that is an error: it is not lost by the way.
 */
static int table_keep(struct settings *settings, struct load *load, bool maps_only, struct error *e)
{
	const struct action *action = settings->action;
	struct error excluded = {};
	struct table table;

	if (!action->table || !settings_check_table(settings, &excluded))
		return 0;
	if (!maps_only)
		return error(e, USAGE, "to do without the table, del and add it", "%s", excluded.why);
	if (table_begin(&table, action, e))
		return -1;
	load->gone = table.kind;
	table_free(&table);
	settings_drop(settings, action->table);
	return 0;
}

/* What command_load() is asked for. */
struct asked {
	uint64_t id;			/* -l; 0: none */
	bool maps_only, copied, empty, removal, dry;
	const char *previous, *file, *shared, *used, *key;
	char **changes;			/* the ENTRYs */
	int n_changes;
	bool given;			/* entries of the table are said, or that it has none */
};

/* Reads the options, and sets *@words to what follows them, @n words. */
static int options_read(struct asked *asked, struct load *load, struct table_rules *rules, char ***words, int *n,
			struct error *e)
{
	uint64_t least;
	int option;

	optind = 0;
	while ((option = getopt(*n + 1, *words - 1, "+l:krp:cs:t:m:Lea:d:T:o:u:w:n")) != -1) {
		switch (option) {
		case 'l':
			if (!decimal_read(optarg, 0, UINT32_MAX, &asked->id))
				return error(e, USAGE, "see: tcact show", "-l %s: must be the id of a program", Q(optarg));
			break;
		case 'k': asked->maps_only = true; break;
		case 'r': load->recount = true; break;
		case 'p': asked->previous = optarg; break;
		case 'c': asked->copied = true; break;
		case 's': load->others[load->n_others++] = optarg; break;
		case 't': asked->file = optarg; break;
		case 'm':
			if (!decimal_read(optarg, 0, UINT32_MAX, &least))
				return error(e, USAGE, "write min N", "min %s: must be a number", Q(optarg));
			rules->least = least;
			break;
		case 'L': rules->lenient = true; break;
		case 'e': asked->empty = true; break;
		case 'a':
		case 'd':
			asked->removal = option == 'd';
			asked->changes[asked->n_changes++] = optarg;
			break;
		case 'T': asked->shared = optarg; break;
		case 'o': load->pin = optarg; break;
		case 'u': asked->used = optarg; break;
		case 'w': asked->key = optarg; break;
		case 'n': asked->dry = true; break;
		default:
			return error(e, USAGE, "see: tcact help", "load has no such option");
		}
	}
	*words += optind - 1;
	*n -= optind - 1;
	if (*n < 1 || (!load->pin && !asked->dry) || (asked->n_changes && !asked->id) ||
	    (asked->copied && !asked->previous))
		return error(e, USAGE, "see: tcact help", "load: write -o PIN, and the NAME of an action");
	asked->given = asked->file || asked->copied || asked->empty || asked->n_changes;
	rules->empty = asked->id ? "nothing was changed; to empty the table: tcact table flush" : "leave table FILE out";
	rules->wrong = asked->id && !asked->maps_only ? "correct it, or use lenient" : NULL;
	return 0;
}

/* The values: those of load->like, then @words, then what follows from both. */
static int values_read(struct settings *settings, const struct asked *asked, struct load *load, char **words, int n,
		       struct error *e)
{
	const struct action *action = settings->action;
	struct settings before = {};
	struct error unknown = {};
	bool known = false, had_table;
	int result = -1;

	if (load->like) {
		if (!asked->maps_only && program_settings(load->like, settings, e))
			goto out;
		known = (action->table || action->buckets) && !settings_begin(&before, action, &unknown) &&
			!program_settings(load->like, &before, &unknown);
	}
	if (settings_read(settings, words, n, e))
		goto out;
	had_table = known && settings_table(&before);
	if (asked->given || asked->shared || had_table)
		settings_put_table(settings);
	drop_inapplicable(settings, words, n);
	if (had_table && !asked->given && !asked->shared && table_keep(settings, load, asked->maps_only, e))
		goto out;
	if (known && action->buckets)
		keep_seed(settings, &before);
	load->other_keys = load->like && action->buckets && (!known || other_keys(settings, &before));
	/* It puts the seed of these buckets. Where there is none yet, settings_finish() chooses one. */
	if (asked->used && asked->key && used_find(&load->used, asked->used, asked->key, settings, e))
		goto out;
	result = settings_check(settings, e) || settings_finish(settings, e) ? -1 : 0;
out:
	settings_free(&before);
	return result;
}

/* The entries: from the file or from another program, with the hits that they had there, and then the changes. */
static int entries_read(struct table *table, const struct asked *asked, const struct load *load,
			const struct table_rules *rules, const struct action *action, struct error *e)
{
	const struct program *from = asked->copied ? load->previous : load->like;

	if (table_begin(table, action, e))
		return -1;
	if (asked->file) {
		if (table_read(table, asked->file, rules, e))
			return -1;
		return from ? carry_hits(table, from, e) : 0;
	}
	if ((asked->copied || asked->n_changes) && table_fetch(table, from, e))
		return -1;
	return asked->n_changes ? change_entries(table, action, asked->changes, asked->n_changes, asked->removal, e) : 0;
}

/*
 * load [-l ID [-k [-r]]] [-p ID [-c] [-r]] [-s ID|PIN]... [-t FILE [-m N] [-L]] [-e] [-a ENTRY]... | [-d ENTRY]...
 *      [-T PIN] [-u FILE -w KEY]
 *      -o PIN|-n NAME [PARAM VALUE]...
 *
 *   -l ID     like program ID: with its maps, and with its values unless others are given
 *   -k        keep the maps of ID and the seed of their keys, but not its other values; nor its table, if the given
 *             values allow none
 *   -p ID     in the place of program ID, of another version of tcact, whose maps may be others: reasons count on
 *   -c        the table is a copy of that of -p; with -t it has its hits alone
 *   -r        count reasons from 0, as tc does for a new action
 *   -s ID     share the map that the action shares with program ID, or with the one at this pin: the first whose
 *             map has the same length
 *   -t FILE   the table is read from FILE; -m N: it must have at least N entries; -L: wrong
 *             lines are left out
 *   -e        the table is empty
 *   -a, -d    the table is that of ID, with these entries, or - for those of standard input, added or removed
 *   -T PIN    the table is that of the program at this pin, which is like ID
 *   -u, -w    the buckets begin with what FILE has for KEY, see used
 *   -n        check all that can be checked, and load nothing
 */
int command_load(const struct options *options, char **words, int n, struct error *e)
{
	struct progress progress;
	struct load load = { .verbose = options->verbose, .progress = &progress };
	struct table_rules rules = { .progress = &progress };
	struct program like = {}, previous = {}, sharer = {};
	struct settings settings = {};
	const struct action *action;
	struct asked asked = {};
	struct table table = {};
	int result = -1;

	progress_begin(&progress);
	asked.changes = calloc(n + 1, sizeof(*asked.changes));
	load.others = calloc(n + 1, sizeof(*load.others));
	if (!asked.changes || !load.others) {
		error_memory(e);
		goto out;
	}
	if (options_read(&asked, &load, &rules, &words, &n, e))
		goto out;
	action = action_once(options->objects, words[0], e);
	if (!action || settings_begin(&settings, action, e) ||
	    (asked.id && program_open(&like, (__u32)asked.id, e)) ||
	    (asked.previous && other_open(&previous, asked.previous, e)))
		goto out;
	load.like = asked.id ? &like : NULL;
	load.previous = asked.previous ? &previous : NULL;
	if (values_read(&settings, &asked, &load, words + 1, n - 1, e))
		goto out;
	if (asked.given) {
		if (entries_read(&table, &asked, &load, &rules, action, e))
			goto out;
		load.table = &table;
	}
	if (asked.shared && !asked.dry) {
		if (table_begin(&table, action, e) || other_open(&sharer, asked.shared, e))
			goto out;
		load.shared = table.kind;
		load.sharer = &sharer;
	}
	result = asked.dry ? 0 : load_program(&settings, &load, e);
out:
	free(asked.changes);
	free(load.others);
	used_free(&load.used);
	table_free(&table);
	program_close(&sharer);
	program_close(&previous);
	program_close(&like);
	settings_free(&settings);
	return result;
}
