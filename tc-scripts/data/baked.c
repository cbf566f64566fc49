// SPDX-License-Identifier: GPL-2.0-only
/* A table in the object itself: TABLE_BAKED of include/tcact/ranges.h. */
#include <errno.h>
#include <gelf.h>
#include <stdbool.h>
#include <string.h>

#include "baked.h"
#include "plan.h"

#define SECTION_CELLS (1U << BAKED_SHIFT)
#define PLAN_SIZE sizeof(struct plan)
#define PLANS_BAKED_MAX (SECTION_CELLS * sizeof(uint64_t) / PLAN_SIZE)	/* no section is larger than one of cells */

struct layout {
	uint32_t sections;
	uint32_t last_cells;	/* in the last one; the others are full */
};

static uint32_t section_cells(const struct layout *layout, uint32_t n)
{
	return n + 1 == layout->sections ? layout->last_cells : SECTION_CELLS;
}

static bool set_data(Elf_Scn *section, void *bytes, size_t size)
{
	Elf_Data *data = elf_getdata(section, NULL);

	if (!data)
		return false;
	data->d_buf = bytes;
	data->d_size = size;
	elf_flagdata(data, ELF_C_SET, ELF_F_DIRTY);
	return true;
}

/* Writes the value of a variable. */
static bool set_variable(Elf *elf, const GElf_Sym *symbol, uint32_t value)
{
	Elf_Data *data = elf_getdata(elf_getscn(elf, symbol->st_shndx), NULL);

	if (!data || symbol->st_value + sizeof(value) > data->d_size)
		return false;
	memcpy((char *)data->d_buf + symbol->st_value, &value, sizeof(value));
	elf_flagdata(data, ELF_C_SET, ELF_F_DIRTY);
	return true;
}

/* The variables of include/tcact/ranges.h and plan.h get their values, baked_N and baked_plan their sizes. */
static bool set_symbols(Elf *elf, Elf_Scn *symbols, const struct layout *layout, const struct baked *baked)
{
	Elf_Data *data = elf_getdata(symbols, NULL);
	GElf_Shdr header;
	GElf_Sym symbol;
	int found = 0;

	if (!data || !gelf_getshdr(symbols, &header))
		return false;
	for (int i = 0; gelf_getsym(data, i, &symbol); i++) {
		const char *name = elf_strptr(elf, header.sh_link, symbol.st_name);

		if (!name)
			continue;
		if (!strcmp(name, "baked_last")) {
			found += set_variable(elf, &symbol, layout->sections - 1);
		} else if (!strcmp(name, "baked_cells")) {
			found += set_variable(elf, &symbol, layout->last_cells);
		} else if (!strcmp(name, "baked_plans")) {
			found += set_variable(elf, &symbol, (uint32_t)baked->plans);
		} else if (!strcmp(name, "baked_plan")) {
			symbol.st_size = baked->plans * PLAN_SIZE;
			gelf_update_sym(data, i, &symbol);
		} else if (!strncmp(name, "baked_", 6) && name[6] >= '0' && name[6] < '0' + (int)layout->sections && !name[7]) {
			symbol.st_size = sizeof(uint64_t) * section_cells(layout, (uint32_t)(name[6] - '0'));
			gelf_update_sym(data, i, &symbol);
		}
	}
	return found == 2 + (baked->plans != 0);
}

int baked_write(int file, struct baked *baked, struct error *e)
{
	const uint32_t sections = (uint32_t)((baked->cells - 1) / SECTION_CELLS) + 1;
	const struct layout layout = { sections, (uint32_t)baked->cells - (sections - 1) * SECTION_CELLS };
	uint32_t missing = sections + (baked->plans != 0) + 1;	/* the parts that are not in it yet, with the symbols */
	size_t names;
	Elf_Scn *section = NULL;
	GElf_Shdr header;
	const char *name;
	bool good = false;
	Elf *elf;

	if (sections > BAKED_SECTIONS)
		return error(e, USAGE, "use tcact add, or fewer prefixes",
			     "the table needs %zu cells, and an object has room for %zu", baked->cells,
			     (size_t)BAKED_SECTIONS * SECTION_CELLS);
	if (baked->plans > PLANS_BAKED_MAX)
		return error(e, USAGE, "use tcact add, or fewer plans", "the table has %zu plans, and an object has room for %zu",
			     baked->plans - 1, PLANS_BAKED_MAX - 1);
	errno = 0;
	elf_version(EV_CURRENT);
	elf = elf_begin(file, ELF_C_RDWR, NULL);
	if (!elf || elf_getshdrstrndx(elf, &names))
		goto out;
	while ((section = elf_nextscn(elf, section))) {
		if (!gelf_getshdr(section, &header) || !(name = elf_strptr(elf, names, header.sh_name)))
			goto out;
		if (header.sh_type == SHT_SYMTAB)
			missing -= set_symbols(elf, section, &layout, baked);
		if (baked->plans && !strcmp(name, ".rodata.plans"))
			missing -= set_data(section, baked->plan, baked->plans * PLAN_SIZE);
		if (!strncmp(name, ".rodata.t", 9) && name[9] >= '0' && name[9] < '0' + (int)layout.sections && !name[10])
			missing -= set_data(section, baked->cell + (size_t)(name[9] - '0') * SECTION_CELLS,
					    sizeof(uint64_t) * section_cells(&layout, (uint32_t)(name[9] - '0')));
	}
	good = !missing && elf_update(elf, ELF_C_WRITE) > 0;
out:
	elf_end(elf);
	if (good)
		return 0;
	return missing && errno != ENOMEM
		? error(e, USAGE, "reinstall tcact", "the object for a table is not one of this tcact")
		: error(e, REFUSED, "make room there", "cannot write the table into the object: %s", elf_errmsg(-1));
}
