# SPDX-License-Identifier: GPL-2.0-only
"""What the shipped actions use of helpers and context fields, by their objects."""
import glob
import os
import struct

from elftools.elf.elffile import ELFFile

import table

LDX, ST, STX, ALU, JMP, JMP32, ALU64 = range(1, 8)
LD_IMM64, MOV_X, JA, CALL, EXIT = 0x18, 0xbf, 0x05, 0x85, 0x95


class Program:
    """One action: the numbers of the helpers and the names of the kfuncs that it calls, and the
    offsets of the context that it reads or writes: a register is followed while it has it."""

    def __init__(self, path):
        self.helpers, self.kfuncs, self.offsets, self.seen = set(), set(), set(), set()
        with open(path, "rb") as file:
            elf = ELFFile(file)
            symbols = elf.get_section_by_name(".symtab")
            self.code, self.calls = {}, {}
            for index, section in enumerate(elf.iter_sections()):
                if section["sh_flags"] & 4:    # SHF_EXECINSTR
                    self.code[index] = list(struct.iter_unpack("<BBhi", section.data()))
            for section in elf.iter_sections():
                if section["sh_type"] == "SHT_REL" and section["sh_info"] in self.code:
                    for entry in section.iter_relocations():
                        symbol = symbols.get_symbol(entry["r_info_sym"])
                        at = entry["r_offset"] // 8
                        if symbol["st_shndx"] in self.code:
                            imm = self.code[section["sh_info"]][at][3]
                            self.calls[section["sh_info"], at] = (
                                symbol["st_shndx"], symbol["st_value"] // 8 + imm + 1)
                        elif symbol["st_shndx"] == "SHN_UNDEF":
                            self.calls[section["sh_info"], at] = None
                            self.kfuncs.add(symbol.name)
            for index, section in enumerate(elf.iter_sections()):
                if section.name.startswith("action/"):
                    self.run(index, 0, frozenset([1]))

    def run(self, section, start, registers):
        """Follow a function in which these registers have the context; -8 is r10 - 8."""
        if (section, start, registers) in self.seen:
            return
        self.seen.add((section, start, registers))
        code, states, work = self.code[section], {}, [(start, registers)]
        while work:
            at, context = work.pop()
            if at in states and context <= states[at]:
                continue
            context = states[at] = states.get(at, frozenset()) | context
            op, regs, off, imm = code[at]
            dst, src, kind, after = regs & 15, regs >> 4, op & 7, set(context)
            following = [at + 1]
            if kind in (ALU, ALU64) or op == LD_IMM64:
                after.discard(dst)
                if op == MOV_X and src in context:
                    after.add(dst)
                following = [at + 1 + (op == LD_IMM64)]
            elif kind == LDX:
                if src in context:
                    self.offsets.add(off)
                after.discard(dst)
                if src == 10 and off in context:
                    after.add(dst)
            elif kind in (ST, STX):
                if dst in context:
                    self.offsets.add(off)
                if dst == 10:
                    after.discard(off)
                    if kind == STX and src in context:
                        after.add(off)
            elif op == CALL:
                if src == 0:
                    self.helpers.add(imm)
                elif place := self.calls.get((section, at), (section, at + 1 + imm)):
                    self.run(*place, context & {1, 2, 3, 4, 5})
                after -= {0, 1, 2, 3, 4, 5}
            elif op == EXIT:
                following = []
            elif kind in (JMP, JMP32):
                following = [at + 1 + off] if op == JA else [at + 1, at + 1 + off]
            work += [(place, frozenset(after)) for place in following]


def actions():
    """{action: names of the helpers, kfuncs and context fields that it uses}"""
    found = {}
    for path in sorted(glob.glob(os.path.join(table.ROOT, "action/*.c"))):
        name = os.path.basename(path).removesuffix(".c")
        program = Program(os.path.join(table.ROOT, "build", name + ".o"))
        found[name] = program.kfuncs | {row[0] for row in table.HELPERS if int(row[1]) in program.helpers} | {
            [row[0] for row in table.FIELDS if int(row[1]) <= offset][-1] for offset in program.offsets}
    return found
