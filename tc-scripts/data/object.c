// SPDX-License-Identifier: GPL-2.0-only
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <gelf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>

#include <bpf/btf.h>

#include "file.h"
#include "more.h"
#include "object.h"
#include "value.h"

#define OBJECT_SIZE_MAX (16 << 20)	/* bytes; no object as built is nearly as large */

const struct parameter *parameter_named(const struct action *action, const char *name)
{
	for (size_t i = 0; i < action->parameters; i++)
		if (!strcmp(action->parameter[i].name, name))
			return &action->parameter[i];
	return NULL;
}

/* ---- .modinfo: "TAG=KEY:VALUE" --------------------------------------------------------------- */

struct tag {
	char *tag, *key, *value;	/* value: "" if there is no colon */
};

struct modinfo {
	struct tag *tag;
	size_t tags;
};

/* Splits @text, which ends with a NUL, into tags. It is printed, and the shell reads it line by line. */
static int tags_read(struct modinfo *info, char *text, size_t size)
{
	for (size_t i = 0; i < size; i++)
		if (text[i] && iscntrl((unsigned char)text[i]))
			return -1;
	for (char *at = text, *next; at < text + size; at = next) {
		char *key = strchr(at, '='), *value;
		struct tag *tag;

		next = at + strlen(at) + 1;
		if (!key || !(tag = one_more(info->tag, info->tags)))
			return -1;
		*key++ = '\0';
		value = strchr(key, ':');
		if (value)
			*value++ = '\0';
		*tag = (struct tag){ at, key, value ?: key + strlen(key) };
	}
	return 0;
}

/* The first such tag; with key @key, unless that is NULL. */
static const struct tag *tag_find(const struct modinfo *info, const char *tag, const char *key)
{
	for (size_t i = 0; i < info->tags; i++)
		if (!strcmp(info->tag[i].tag, tag) && (!key || !strcmp(info->tag[i].key, key)))
			return &info->tag[i];
	return NULL;
}

/* Adds "NAME=NUMBER"; modifies @pair. */
static int word_add(struct words *words, char *pair)
{
	char *number = strrchr(pair, '='), *end;
	struct word *word = number ? one_more(words->word, words->n) : NULL;

	if (!word)
		return -1;
	*number++ = '\0';
	word->name = pair;
	word->number = strtoll(number, &end, 0);
	return *number && !*end ? 0 : -1;
}

/* Sets what each of @words, which belong to @of, needs: NEEDS(OF, "WORD=NEED ...") */
static int needs_read(struct words *words, const struct modinfo *info, const char *of)
{
	for (size_t i = 0; i < info->tags; i++) {
		const char *at = info->tag[i].value;

		if (strcmp(info->tag[i].tag, "needs") || strcmp(info->tag[i].key, of))
			continue;
		for (; *at; at += strcspn(at, " "), at += strspn(at, " ")) {
			size_t n = strcspn(at, "= "), w = 0;

			while (w < words->n && (strncmp(words->word[w].name, at, n) || words->word[w].name[n]))
				w++;
			if (w == words->n || at[n] != '=')
				return -1;
			words->word[w].need = at + n + 1;
		}
	}
	return 0;
}

/* ---- types ----------------------------------------------------------------------------------- */

#define TYPES_MAX 256

const char *type_name(const struct btf *btf, uint32_t offset)
{
	/* libbpf before 1.3 takes a file that has no such string */
	return btf__name_by_offset(btf, offset) ?: "";
}

/*
 * Lists the numbers in type @id at @offset. @depth limits the recursion, as a type may contain itself, and @left how
 * many types there can be, as a few that contain each other several times can stand for billions of numbers.
 */
static int members_of(const struct btf *btf, int id, size_t offset, const char *name, int depth, int *left,
		      struct member **members, size_t *n)
{
	const struct btf_type *type = btf__type_by_id(btf, id);
	const struct btf_member *m;
	struct member *member;
	__s64 size;

	while (type && (btf_is_mod(type) || btf_is_typedef(type)) && depth++ < 16)
		type = btf__type_by_id(btf, id = type->type);
	if (!type || depth > 16 || !(*left)--)
		return -1;
	if (btf_is_int(type) || btf_is_array(type)) {
		size = btf__resolve_size(btf, id);
		member = size > 0 ? one_more(*members, *n) : NULL;
		if (!member)
			return -1;
		*member = (struct member){ name, offset, size, btf_is_int(type) &&
					   btf_int_encoding(type) & BTF_INT_SIGNED };
		return 0;
	}
	if (!btf_is_composite(type))
		return -1;
	m = btf_members(type);
	for (int i = 0; i < btf_vlen(type); i++, m++) {
		const char *own = type_name(btf, m->name_off);

		if (members_of(btf, m->type, offset + m->offset / 8, *own ? own : name,
			       depth + 1, left, members, n))
			return -1;
	}
	return 0;
}

int variable_members(const struct btf *btf, const char *variable, struct member **members, size_t *n)
{
	int id = btf__find_by_name_kind(btf, variable, BTF_KIND_VAR), left = TYPES_MAX;

	*members = NULL;
	*n = 0;
	if (id >= 0 && !members_of(btf, btf__type_by_id(btf, id)->type, 0, "", 0, &left, members, n))
		return 0;
	free(*members);
	*members = NULL;
	*n = 0;
	return -1;
}

/*
 * The macros of libbpf make a map a variable: of a struct with pointers, one to a value, others to arrays whose lengths
 * are numbers, such as the type of the map.
 */
uint32_t map_member(const struct btf *btf, const char *map, const char *member)
{
	int id = btf__find_by_name_kind(btf, map, BTF_KIND_VAR);
	const struct btf_type *type = id < 0 ? NULL : btf__type_by_id(btf, btf__type_by_id(btf, id)->type);

	for (int i = 0; type && btf_is_struct(type) && i < btf_vlen(type); i++) {
		const struct btf_member *m = &btf_members(type)[i];
		const struct btf_type *pointer = btf__type_by_id(btf, m->type);

		if (!strcmp(type_name(btf, m->name_off), member) && pointer && btf_is_ptr(pointer))
			return pointer->type;
	}
	return 0;
}

/* ---- the ELF file ---------------------------------------------------------------------------- */

struct elf {
	Elf *elf;
	Elf_Data *symbols, *modinfo, *btf;
	size_t btf_offset;		/* of .BTF in the file */
	size_t symbol_names;		/* the index of the section of symbol names */
	GElf_Shdr rodata;
	size_t rodata_index;
};

/*
 * Reads the file. Its only program section must be action/@program, and its licence GPL: the kernel
 * refuses some helpers to programs with another licence.
 */
static int elf_read(struct action *action, struct elf *elf, const char *program)
{
	Elf_Scn *section = NULL;
	GElf_Ehdr header;
	size_t strings;

	elf_version(EV_CURRENT);
	elf->elf = elf_memory((char *)action->image, action->size);
	if (!elf->elf || !gelf_getehdr(elf->elf, &header) || header.e_machine != EM_BPF ||
	    elf_getshdrstrndx(elf->elf, &strings))
		return -1;
	action->big_endian = header.e_ident[EI_DATA] == ELFDATA2MSB;
	while ((section = elf_nextscn(elf->elf, section))) {
		GElf_Shdr shdr;
		const char *name = gelf_getshdr(section, &shdr)
					   ? elf_strptr(elf->elf, strings, shdr.sh_name) : NULL;

		if (!name)
			return -1;
		if (shdr.sh_type == SHT_NOBITS)		/* the file has no bytes of it, whatever its size */
			continue;
		if (!strncmp(name, "action/", strlen("action/")) && strcmp(name + strlen("action/"), program))
			return -1;
		if (!strcmp(name, "license")) {
			const Elf_Data *license = elf_rawdata(section, NULL);

			if (!license || license->d_size != sizeof("GPL") || memcmp(license->d_buf, "GPL", sizeof("GPL")))
				return -1;
		}
		if (shdr.sh_type == SHT_SYMTAB) {
			elf->symbols = elf_getdata(section, NULL);
			elf->symbol_names = shdr.sh_link;
		} else if (!strcmp(name, ".modinfo")) {
			elf->modinfo = elf_rawdata(section, NULL);
		} else if (!strcmp(name, ".BTF")) {
			elf->btf = elf_rawdata(section, NULL);
			elf->btf_offset = shdr.sh_offset;
		} else if (!strcmp(name, ".rodata") && shdr.sh_type == SHT_PROGBITS) {
			elf->rodata = shdr;
			elf->rodata_index = elf_ndxscn(section);
		}
	}
	return elf->symbols && elf->modinfo && elf->modinfo->d_size && elf->btf &&
	       elf->rodata.sh_offset <= action->size &&
	       elf->rodata.sh_size <= action->size - elf->rodata.sh_offset ? 0 : -1;
}

/* The offset in the file of @variable, which has @size bytes; 0 if it is not in .rodata. */
static size_t variable_offset(const struct elf *elf, const char *variable, size_t size)
{
	GElf_Sym symbol;

	for (int i = 0; gelf_getsym(elf->symbols, i, &symbol); i++) {
		const char *name;

		/* first, as asking for the names of all takes most of the time */
		if (!elf->rodata_index || symbol.st_shndx != elf->rodata_index)
			continue;
		name = elf_strptr(elf->elf, elf->symbol_names, symbol.st_name);
		if (name && !strcmp(name, variable) && size <= elf->rodata.sh_size &&
		    symbol.st_value <= elf->rodata.sh_size - size)
			return elf->rodata.sh_offset + symbol.st_value;
	}
	return 0;
}

/* ---- parameters ------------------------------------------------------------------------------ */

/* A copy of @syntax, to be split, with the words of each set (NAMES()) before its "@SET"; NULL if there is no memory. */
static char *syntax_copy(const struct modinfo *info, const char *syntax)
{
	char *text = NULL, name[NAME_SIZE];
	const struct tag *set;
	size_t size, n;
	FILE *out = open_memstream(&text, &size);

	if (!out)
		return NULL;
	for (; *syntax; syntax += n, syntax += strspn(syntax, " ")) {
		n = strcspn(syntax, " ");
		snprintf(name, sizeof(name), "%.*s", (int)n, syntax);
		set = *name == '@' ? tag_find(info, "names", name + 1) : NULL;
		fprintf(out, "%s %.*s ", set ? set->value : "", (int)n, syntax);
	}
	if (!(ferror(out) | fclose(out)))
		return text;
	free(text);
	return NULL;
}

/* "KIND [MIN..MAX] [WORD=NUMBER]... [@SET]...", of PARAM(@key) */
static int syntax_read(struct parameter *p, const struct modinfo *info, const char *syntax,
		       const char *key)
{
	char *save, *item, *end;

	p->syntax = syntax_copy(info, syntax);
	item = p->syntax ? strtok_r(p->syntax, " ", &save) : NULL;
	p->kind = item ? kind_named(item) : NULL;
	if (!p->kind)
		return -1;
	p->low = p->is_signed ? -((int128)1 << (8 * p->size - 1)) : 0;
	p->high = ((int128)1 << (8 * (p->size < 8 ? p->size : 8) - p->is_signed)) - 1;
	while ((item = strtok_r(NULL, " ", &save))) {
		if (*item == '@') {
			if (!tag_find(info, "names", item + 1) || needs_read(&p->words, info, item + 1))
				return -1;
		} else if (strchr(item, '=')) {
			if (word_add(&p->words, item))
				return -1;
		} else {
			p->low = strtoll(item, &end, 0);
			if (strncmp(end, "..", 2))
				return -1;
			p->high = strtoull(end + 2, &end, 0);
			p->bounded = true;
			if (*end)
				return -1;
		}
	}
	return needs_read(&p->words, info, key);
}

/*
 * Reads the parameters in @variable, which PARAM() describes under the action @of. Users write @part
 * before their names. @on is the offset of the switch of @part.
 */
static int parameters_read(struct action *action, const struct elf *elf, const struct modinfo *info,
			   const char *variable, const char *of, const char *part, size_t on)
{
	struct member *members;
	size_t n, start, end = 0;

	if (variable_members(action->btf, variable, &members, &n))
		return -1;
	for (size_t i = 0; i < n; i++)
		if (end < members[i].offset + members[i].size)
			end = members[i].offset + members[i].size;
	start = variable_offset(elf, variable, end);
	for (size_t i = 0; i < n; i++) {
		char name[NAME_SIZE], key[2 * NAME_SIZE];
		const struct tag *help, *syntax;
		struct parameter *p;
		int length;

		/* a '_' in C is a '-' here, and a '_' at the end is dropped; see parameter.h */
		length = snprintf(name, sizeof(name), "%s", *members[i].name ? members[i].name : variable);
		if (length >= (int)sizeof(name))
			goto bad;
		if (length && name[length - 1] == '_')
			name[length - 1] = '\0';
		for (char *c = name; *c; c++)
			if (*c == '_')
				*c = '-';
		snprintf(key, sizeof(key), "%s.%s", of, name);
		if (tag_find(info, "part", key))
			continue;	/* the switch of a part */
		if (!*of)	/* link, which all actions have */
			snprintf(key, sizeof(key), "%s", name);
		help = tag_find(info, "parm", key);
		syntax = tag_find(info, "parmtype", key);
		p = help && syntax && start ? one_more(action->parameter, action->parameters) : NULL;
		if (!p || members[i].size > PARAMETER_SIZE_MAX)
			goto bad;
		if (snprintf(p->name, sizeof(p->name), "%s%s%s", part, *part ? "." : "", name) >=
			    (int)sizeof(p->name) ||
		    snprintf(p->variable, sizeof(p->variable), "%s", variable) >= (int)sizeof(p->variable))
			goto bad;
		p->member = members[i].name;
		p->help = help->value;
		p->offset = start + members[i].offset;
		p->size = members[i].size;
		p->initial = action->image + p->offset;
		p->is_signed = members[i].is_signed;
		p->big_endian = action->big_endian;
		p->on = on;
		if (syntax_read(p, info, syntax->value, key))
			goto bad;
	}
	free(members);
	return 0;
bad:
	free(members);
	return -1;
}

/* ---- the action ------------------------------------------------------------------------------ */

/* Is there such a verb, and are the parameters what it compares? */
static bool rule_fits(const struct rule *rule)
{
	static const char *const of_prefixes[] = { "family", "length", NULL }, *const of_any[] = { "without", "with", NULL };
	size_t size = rule->of->size, other = rule->other->size;

	if (is_one_of(rule->verb, of_prefixes))
		return size == sizeof(struct prefix_bytes) && other == size;
	if (!strcmp(rule->verb, "unit"))
		return size == sizeof(uint64_t) && other == sizeof(struct rate_bytes);
	if (!strcmp(rule->verb, "below"))
		return size == other && (size == sizeof(uint64_t) || size == sizeof(struct rate_bytes));
	return rule->than || is_one_of(rule->verb, of_any);
}

/* Reads "VERB OTHER [WORD]..." or "VERB THAN OTHER [WORD]..."; see parameter.h */
static int rules_read(struct action *action, const struct modinfo *info)
{
	for (size_t i = 0; i < info->tags; i++) {
		const char *of = info->tag[i].key + strlen(action->name);
		char *save, *text;

		if (strcmp(info->tag[i].tag, "rules"))
			continue;
		if (strncmp(info->tag[i].key, action->name, strlen(action->name)) || *of++ != '.')
			return -1;
		for (text = strtok_r(info->tag[i].value, ";", &save); text; text = strtok_r(NULL, ";", &save)) {
			struct rule *rule = one_more(action->rule, action->rules);
			char *words, *verb = strtok_r(text, " ", &words), *name;

			if (!rule || !verb)
				return -1;
			rule->verb = verb;
			rule->of = parameter_named(action, of);
			if (!strcmp(verb, "least") || !strcmp(verb, "bits")) {
				name = strtok_r(NULL, " ", &words);
				rule->than = name ? parameter_named(action, name) : NULL;
				if (!rule->than)
					return -1;
			}
			name = strtok_r(NULL, " ", &words);
			rule->other = name ? parameter_named(action, name) : NULL;
			rule->words = words ?: "";
			if (!rule->of || !rule->other || !rule_fits(rule))
				return -1;
		}
	}
	return 0;
}

static uint32_t header_number(const struct action *action, uint32_t number)
{
	return action->big_endian == MACHINE_IS_BIG_ENDIAN ? number : __builtin_bswap32(number);
}

/* How many types refer to type @id, as clang gives arrays of one length one type. */
static int length_users(const struct btf *btf, __u32 id)
{
	int n = 0;

	for (__u32 i = 1; i < btf__type_cnt(btf); i++) {
		const struct btf_type *type = btf__type_by_id(btf, i);

		n += btf_is_ptr(type) && type->type == id;
		for (int k = 0; btf_is_composite(type) && k < btf_vlen(type); k++) {
			const struct btf_type *member = btf__type_by_id(btf, btf_members(type)[k].type);

			n += member && btf_is_ptr(member) && member->type == id;
		}
	}
	return n;
}

/* Reads "MAP N" of LENGTH() */
static int lengths_read(struct action *action, const struct elf *elf, const struct modinfo *info)
{
	const struct btf_header *header = elf->btf->d_buf;
	const struct btf *btf = action->btf;

	for (size_t i = 0; i < info->tags; i++) {
		const char *name = info->tag[i].key + strlen(action->name);
		char *save, *each;
		const struct btf_type *type;
		struct length *length;
		__u32 id;

		if (strcmp(info->tag[i].tag, "length"))
			continue;
		length = one_more(action->length, action->lengths);
		if (!length || strncmp(info->tag[i].key, action->name, strlen(action->name)) || *name++ != '.')
			return -1;
		length->of = parameter_named(action, name);
		length->map = strtok_r(info->tag[i].value, " ", &save);
		each = strtok_r(NULL, " ", &save);
		length->each = each ? (uint32_t)atoi(each) : 0;
		id = length->map ? map_member(btf, length->map, "max_entries") : 0;
		type = btf__type_by_id(btf, id);
		/* the pointer to it, and max_entries of that map alone */
		if (!length->of || !length->each || !type || !btf_is_array(type) || length_users(btf, id) != 2)
			return -1;
		/* libbpf has swapped the bytes of a foreign object, so that their places are the same */
		length->offset = elf->btf_offset + header_number(action, header->hdr_len) +
				 header_number(action, header->type_off) +
				 ((const char *)&btf_array(type)->nelems -
				  (const char *)btf__type_by_id(btf, 1));
		if (length->offset + sizeof(uint32_t) > action->size)
			return -1;
	}
	return 0;
}

/* Reads the parameters of the action and of its parts, and link. */
static int all_parameters(struct action *action, const struct elf *elf, const struct modinfo *info)
{
	char *variable = action->params, prefix[NAME_SIZE];
	struct member *switches = NULL;
	size_t n = 0;
	int result = -1;

	if (strlen(action->name) >= sizeof(prefix) - strlen("_params"))
		return -1;
	snprintf(prefix, sizeof(prefix), "%s", action->name);
	for (char *c = prefix; *c; c++)
		if (*c == '-')
			*c = '_';
	snprintf(variable, sizeof(action->params), "%s_params", prefix);
	if (btf__find_by_name_kind(action->btf, variable, BTF_KIND_VAR) >= 0 &&
	    parameters_read(action, elf, info, variable, action->name, "", 0))
		return -1;
	variable_members(action->btf, variable, &switches, &n);
	for (size_t i = 0; i < info->tags; i++) {
		size_t on, s;
		char of_part[3 * NAME_SIZE], *save, *order;
		struct part *part;

		if (strcmp(info->tag[i].tag, "part"))
			continue;
		part = strchr(info->tag[i].key, '.') ? one_more(action->part, action->parts) : NULL;
		if (!part)
			goto out;
		part->name = strchr(info->tag[i].key, '.') + 1;
		part->of = strtok_r(info->tag[i].value, " ", &save);
		order = strtok_r(NULL, " ", &save);
		part->order = order ? atoi(order) : 0;
		part->unless = save ?: "";
		for (s = 0; s < n && strcmp(switches[s].name, part->name); s++)
			;
		on = s < n ? variable_offset(elf, variable, switches[s].offset + 1) : 0;
		if (!part->of || !on)
			goto out;
		snprintf(of_part, sizeof(of_part), "%s_%s_params", prefix, part->name);
		if (parameters_read(action, elf, info, of_part, part->of, part->name, on + switches[s].offset))
			goto out;
	}
	result = 0;
	if (btf__find_by_name_kind(action->btf, "link", BTF_KIND_VAR) >= 0)
		result = parameters_read(action, elf, info, "link", "", "", 0);
out:
	free(switches);
	return result;
}

/* Does @help describe a parameter that exists? */
static bool described(const struct action *action, const char *help)
{
	for (size_t i = 0; i < action->parameters; i++)
		if (action->parameter[i].help == help)
			return true;
	return false;
}

static int describe(struct action *action, const struct elf *elf, const char *name)
{
	struct modinfo info = {};
	const struct tag *tag;
	char *save, *reason;
	int result = -1;

	action->modinfo = calloc(1, elf->modinfo->d_size + 1);
	action->btf = btf__new(elf->btf->d_buf, elf->btf->d_size);
	if (!action->modinfo || !action->btf)
		return -1;
	memcpy(action->modinfo, elf->modinfo->d_buf, elf->modinfo->d_size);
	if (tags_read(&info, action->modinfo, elf->modinfo->d_size))
		goto out;
	tag = tag_find(&info, "action", name);
	if (!tag)
		goto out;
	action->name = tag->key;
	action->class = strtok_r(tag->value, ":", &save);
	action->what = action->class ? strtok_r(NULL, "", &save) : NULL;
	tag = tag_find(&info, "version", NULL);
	action->version = tag ? tag->key : "";
	if (!action->what || all_parameters(action, elf, &info) || rules_read(action, &info) ||
	    lengths_read(action, elf, &info))
		goto out;
	for (size_t i = 0; i < info.tags; i++)
		if (!strcmp(info.tag[i].tag, "parm") && !described(action, info.tag[i].value))
			goto out;
	tag = tag_find(&info, "table", name);
	if (tag) {
		action->map = strtok_r(tag->value, " ", &save);
		action->key = strtok_r(NULL, " ", &save);
		action->value = strtok_r(NULL, " ", &save);
		action->value_kind = strtok_r(NULL, " ", &save) ?: "num";
		if (!action->map || !action->key || !action->value)
			goto out;
		for (size_t i = 0; i < action->parameters; i++)
			if (parameter_is_table(&action->parameter[i]))
				action->table = &action->parameter[i];
	}
	tag = tag_find(&info, "buckets", name);
	action->buckets = tag ? tag->value : NULL;
	tag = tag_find(&info, "anew", name);
	action->anew = tag ? tag->value : NULL;
	tag = tag_find(&info, "shared", name);
	if (tag) {
		action->set = strtok_r(tag->value, " ", &save);
		action->shared = strtok_r(NULL, " ", &save);
		if (!action->shared)
			goto out;
	}
	tag = tag_find(&info, "names", "reason");
	for (reason = tag ? strtok_r(tag->value, " ", &save) : NULL; reason; reason = strtok_r(NULL, " ", &save))
		if (word_add(&action->reasons, reason))
			goto out;
	result = 0;
out:
	free(info.tag);
	return result;
}

/* Reads @path, at most @largest bytes. */
static unsigned char *file_read(const char *path, size_t largest, size_t *size)
{
	int file = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	unsigned char *content;

	*size = 0;
	if (file < 0)
		return NULL;
	content = file_content(file, largest, size);
	close(file);
	return content;
}

int action_open(struct action *action, const char *directory, const char *name, struct error *e)
{
	struct elf elf = {};
	int result;

	memset(action, 0, sizeof(*action));
	if (!*name || strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789-") != strlen(name))
		return error(e, USAGE, "see: tcact list", "there is no action %s", Q(name));
	if (asprintf(&action->path, "%s/%s.o", directory, name) < 0) {
		action->path = NULL;
		return error_memory(e);
	}
	if (access(action->path, F_OK) && errno == ENOENT)
		return error(e, USAGE, "see: tcact list", "there is no action %s", Q(name));
	action->image = file_read(action->path, OBJECT_SIZE_MAX, &action->size);
	if (!action->image && is_scarcity(errno))
		return error_scarcity(e, "read", Q(action->path));
	if (!action->image)
		return error(e, USAGE, "reinstall tcact", "cannot read %s: %s", Q(action->path), strerror(errno));
	errno = 0;
	result = elf_read(action, &elf, name);
	if (!result)
		result = describe(action, &elf, name);
	elf_end(elf.elf);
	if (result && errno == ENOMEM)
		return error_memory(e);
	return result ? error(e, USAGE, "reinstall tcact", "%s is not an action of this tcact",
				Q(action->path)) : 0;
}

uint32_t action_checksum(const struct action *action)
{
	return crc32(0, action->image, action->size);
}

void action_close(struct action *action)
{
	for (size_t i = 0; i < action->parameters; i++) {
		free(action->parameter[i].words.word);
		free(action->parameter[i].syntax);
	}
	free(action->parameter);
	free(action->rule);
	free(action->part);
	free(action->length);
	free(action->reasons.word);
	free(action->path);
	free(action->image);
	free(action->modinfo);
	btf__free(action->btf);
	memset(action, 0, sizeof(*action));
}

const struct action *action_once(const char *directory, const char *name, struct error *e)
{
	static struct action **kept;
	static size_t n;
	struct action *action, **at;
	size_t length = strlen(directory);

	for (size_t i = 0; i < n; i++)
		if (!strcmp(kept[i]->name, name) && !strncmp(kept[i]->path, directory, length) &&
		    kept[i]->path[length] == '/' && !strchr(kept[i]->path + length + 1, '/'))
			return kept[i];
	action = malloc(sizeof(*action));
	if (!action) {
		error_memory(e);
		return NULL;
	}
	if (!action_open(action, directory, name, e)) {
		at = one_more(kept, n);
		if (at)
			return *at = action;
		error_memory(e);
	}
	action_close(action);
	free(action);
	return NULL;
}

static int by_name(const void *a, const void *b)
{
	const struct action *const *one = a, *const *two = b;

	return strcmp((*one)->name, (*two)->name);
}

static int is_object(const struct dirent *entry)
{
	const char *dot = strrchr(entry->d_name, '.');

	return dot && dot != entry->d_name && !strcmp(dot, ".o");
}

int actions_once(const struct action ***actions, size_t *n, const char *directory, struct error *e)
{
	struct dirent **found = NULL;
	int files;

	*actions = NULL;
	*n = 0;
	files = scandir(directory, &found, is_object, alphasort);
	if (files < 0 && is_scarcity(errno))
		return error_scarcity(e, "read", Q(directory));
	for (int i = 0; i < files; i++) {
		char *name = found[i]->d_name;

		name[strlen(name) - strlen(".o")] = '\0';
		/* tcact.o has all of them, for tc */
		if (!e->status && strcmp(name, "tcact")) {
			if (one_more(*actions, *n))
				(*actions)[*n - 1] = action_once(directory, name, e);
			else
				error_memory(e);
		}
		free(found[i]);
	}
	free(found);
	if (!e->status && !*n)
		error(e, USAGE, "reinstall tcact", "there are no actions in %s", Q(directory));
	if (!e->status)
		qsort(*actions, *n, sizeof(**actions), by_name);
	return e->status ? -1 : 0;
}
