// SPDX-License-Identifier: GPL-2.0-only
/*
 * slim FILE: takes the source text out of the BTF of an object.
 *
 * The kernel keeps a copy of an object's BTF, and of the line information of the program, for each
 * attachment. Most of that is text of the source, which only the verifier's log shows. What is left are
 * the types of the maps and parameters, and the names of the functions. The relocations of these
 * sections go too: no loader reads them.
 */
#include <bpf/btf.h>
#include <byteswap.h>
#include <err.h>
#include <fcntl.h>
#include <gelf.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* .BTF.ext, as Documentation/bpf/btf.rst of Linux describes it, section 4.2; offsets are from the header's end */
struct ext_header {
	uint16_t magic;
	uint8_t version, flags;
	uint32_t size, functions_at, functions_size, lines_at, lines_size;
};
struct ext_section {
	uint32_t name, n;
	uint32_t records[];
};
#define MAGIC 0xeb9f
#define RECORD_AT 0	/* a record begins with the offset of an instruction, in words as all here */
#define LINE_FILE 1
#define LINE_TEXT 2

static bool foreign;	/* the object is of the other byte order */
static const struct btf *from;
static struct btf *to;

static uint32_t number(uint32_t n)
{
	return foreign ? bswap_32(n) : n;
}

/* Copies the types; their strings with them, but no other. */
static void copy_types(void)
{
	for (uint32_t id = 1; id < btf__type_cnt(from); id++)
		if (btf__add_type(to, from, btf__type_by_id(from, id)) != (int)id)
			errx(1, "cannot copy type %u", id);
}

/* The string at offset @old in @from, copied to @to */
static uint32_t copy_string(uint32_t old)
{
	int offset = btf__add_str(to, btf__str_by_offset(from, number(old)) ?: "");

	if (offset < 0)
		errx(1, "cannot copy a string");
	return number((uint32_t)offset);
}

/* What a section has after @at: a part of @size bytes, which begins with the words of a record. */
struct part {
	const uint32_t *at, *end;
	uint32_t record;
};

static struct part part_of(const Elf_Data *data, uint32_t at, uint32_t size)
{
	const struct ext_header *header = data->d_buf;
	struct part part = {};

	if (at % 4 || size % 4 || size < 4 || (uint64_t)at + size > data->d_size - number(header->size))
		errx(1, "a part of .BTF.ext lies outside it");
	part.at = (const void *)((const char *)header + number(header->size) + at);
	part.end = part.at + size / 4;
	part.record = number(*part.at++) / 4;
	if (part.record < 2 || part.record > 16)
		errx(1, "records of this size are not known");
	return part;
}

/* The next section of @part, NULL at its end. */
static const struct ext_section *section_next(struct part *part)
{
	const struct ext_section *section = (const void *)part->at;
	uint64_t words = part->end - part->at;

	if (!words)
		return NULL;
	if (words < 2 || (uint64_t)number(section->n) * part->record > words - 2)
		errx(1, "a section of .BTF.ext is cut off");
	part->at += 2 + number(section->n) * part->record;
	return section;
}

/* Does a function begin at instruction @at (as in the file) of the section called @name? */
static bool is_function(struct part functions, uint32_t name, uint32_t at)
{
	const struct ext_section *section;

	while ((section = section_next(&functions)))
		for (uint32_t i = 0; section->name == name && i < number(section->n); i++)
			if (section->records[i * functions.record + RECORD_AT] == at)
				return true;
	return false;
}

/*
 * The functions of @data, and of the lines those where a function begins: libbpf warns if a program has none,
 * and the kernel asks for one at the beginning of each function. They keep their file and number. @size is the
 * result's in bytes.
 */
static void *slim_ext(const Elf_Data *data, size_t *size)
{
	const struct ext_header *header = data->d_buf;
	const struct ext_section *section;
	struct part functions, lines, left;
	struct ext_header *new;
	uint32_t *end, *begin;

	if (data->d_size < sizeof(*header) || (foreign ? bswap_16(header->magic) : header->magic) != MAGIC ||
	    number(header->size) > data->d_size || number(header->size) % 4)
		errx(1, "this .BTF.ext is not known");
	functions = part_of(data, number(header->functions_at), number(header->functions_size));
	lines = part_of(data, number(header->lines_at), number(header->lines_size));
	if (lines.record <= LINE_TEXT)
		errx(1, "lines of this size are not known");
	new = calloc(1, data->d_size + sizeof(*new));
	if (!new)
		err(1, "memory");
	*new = *header;
	new->size = number(sizeof(*new));

	begin = end = (uint32_t *)(new + 1);
	*end++ = number(functions.record * 4);
	for (left = functions; (section = section_next(&left));) {
		uint32_t words = 2 + number(section->n) * functions.record;

		memcpy(end, section, words * 4);
		*end = copy_string(section->name);
		end += words;
	}
	new->functions_at = number(0);
	new->functions_size = number((end - begin) * 4);

	new->lines_at = new->functions_size;
	begin = end;
	*end++ = number(lines.record * 4);
	for (left = lines; (section = section_next(&left));) {
		struct ext_section *kept = (void *)end;
		uint32_t n = 0;

		for (uint32_t i = 0; i < number(section->n); i++) {
			const uint32_t *record = section->records + i * lines.record;

			if (!is_function(functions, section->name, record[RECORD_AT]))
				continue;
			memcpy(kept->records + n * lines.record, record, lines.record * 4);
			kept->records[n * lines.record + LINE_FILE] = copy_string(record[LINE_FILE]);
			kept->records[n++ * lines.record + LINE_TEXT] = number(0);
		}
		if (!n)
			continue;
		kept->name = copy_string(section->name);
		kept->n = number(n);
		end += 2 + n * lines.record;
	}
	new->lines_size = number((end - begin) * 4);
	*size = (char *)end - (char *)new;
	return new;
}

static Elf_Scn *find(Elf *elf, const char *name)
{
	Elf_Scn *section = NULL;
	GElf_Shdr header;
	size_t names;

	if (elf_getshdrstrndx(elf, &names))
		return NULL;
	while ((section = elf_nextscn(elf, section)))
		if (gelf_getshdr(section, &header) && !strcmp(elf_strptr(elf, names, header.sh_name), name))
			return section;
	return NULL;
}

static void replace(Elf_Data *data, const void *bytes, size_t size)
{
	data->d_buf = (void *)bytes;
	data->d_size = size;
	elf_flagdata(data, ELF_C_SET, ELF_F_DIRTY);
}

int main(int argc, char **argv)
{
	Elf_Data *types, *ext;
	const void *bytes;
	uint32_t size;
	size_t ext_size;
	void *slim;
	Elf *elf;
	int fd;

	if (argc != 2)
		errx(1, "usage: slim FILE");
	elf_version(EV_CURRENT);
	fd = open(argv[1], O_RDWR);
	elf = fd < 0 ? NULL : elf_begin(fd, ELF_C_RDWR, NULL);
	if (!elf)
		err(1, "%s", argv[1]);
	types = elf_getdata(find(elf, ".BTF"), NULL);
	ext = elf_getdata(find(elf, ".BTF.ext"), NULL);
	if (!types || !ext)
		errx(1, "%s: has no BTF", argv[1]);
	from = btf__new(types->d_buf, types->d_size);
	to = btf__new_empty();
	if (!from || !to)
		err(1, "%s: .BTF", argv[1]);
	foreign = elf_getident(elf, NULL)[EI_DATA] !=
		  (__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__ ? ELFDATA2LSB : ELFDATA2MSB);
	copy_types();
	slim = slim_ext(ext, &ext_size);
	if (btf__set_endianness(to, btf__endianness(from)) || !(bytes = btf__raw_data(to, &size)))
		err(1, "%s", argv[1]);
	replace(types, bytes, size);
	replace(ext, slim, ext_size);
	if (elf_update(elf, ELF_C_WRITE) < 0)
		errx(1, "%s: %s", argv[1], elf_errmsg(-1));
	elf_end(elf);
	return close(fd) ? 1 : 0;
}
