# SPDX-License-Identifier: GPL-2.0-only
"""The statements (rows/*.tsv), what they say of a kernel, and results that were recorded."""
import os
import re

HERE = os.path.dirname(os.path.abspath(__file__))
RESULTS = os.path.join(HERE, "results")


def tsv(path):
    with open(path, encoding="utf-8") as file:
        return [line.rstrip("\n").split("\t") for line in file if not line.startswith("#")]


def rows(name):
    return tsv(os.path.join(HERE, "rows", name + ".tsv"))


FIELDS, HELPERS, UNLISTED, KFUNCS, CODES, WIRE, ATTACH, SELF = map(
    rows, "fields helpers unlisted kfuncs codes wire attach self".split())
CODE_HOOKS = ("egress", "ingress", "ingress-qdisc", "htb")
AREAS = ("return codes", "context fields", "helpers", "kfuncs", "attachment")


def version(text):
    """6.1.0-56-amd64 as (6, 1)"""
    return tuple(map(int, re.match(r"(\d+)\.(\d+)", text).groups()))


def at(value, kernel):
    """A cell may change with a version: OLD <VERSION NEW."""
    old, found, new = value.partition(" <")
    if not found:
        return value
    since, new = new.split(" ", 1)
    return old if kernel < version(since) else new


class Expected:
    """What must come out for a row: a status, and a regular expression for the detail."""

    def __init__(self, status, detail=".*", optional=False):
        self.status, self.detail, self.optional = status, detail, optional

    def fits(self, result):
        return result and result[0] == self.status and re.fullmatch(self.detail, result[1])

    def __str__(self):
        return f"{self.status} {self.detail}"


def absent():
    return Expected("absent", "(?!$).*")


NO_BTF = "libbpf: failed to find valid kernel BTF"


def expected(kernel, native, btf=True):
    """{row: [Expected]}, any of which will do, for a kernel (MAJOR, MINOR); btf: has it BTF?"""
    want = {}
    for name, _, _, read, write, since, value, written in FIELDS:
        detail = f"r={read} w={write} value={at(value, kernel)}"
        if write != "-":
            detail += f" written={written}"
        if read == "-":
            one = Expected("refused", "invalid bpf_context access off=[0-9]+ size=4")
        else:
            one = Expected("proven", re.escape(detail))
        want["field/" + name] = [absent() if kernel < version(since) else one]
    for name, _, since, refused, config in HELPERS:
        one = Expected("proven", "") if refused == "-" else Expected("refused", refused)
        want["helper/" + name] = [absent() if kernel < version(since) else one]
        if config != "-":
            want["helper/" + name].append(Expected("absent", config))
    for name, _, absent_in, offered_in in UNLISTED:
        want["unlisted/" + name] = [Expected("seen", "offered")] * (kernel > version(absent_in)) + \
            [absent()] * (kernel < version(offered_in))
    for name, since, until, refused in KFUNCS:
        refused = at(refused, kernel)
        gone = kernel < version(since) or until != "-" and kernel >= version(until)
        one = Expected("proven", "") if refused == "-" else Expected("refused", refused)
        want["kfunc/" + name] = [absent() if gone else one]
    if not btf:
        # Types of the kernel that a program names are then unknown.
        for name in ("get_current_task_btf", "task_pt_regs"):
            want["helper/bpf_" + name] = [Expected("refused")]
        want["helper/bpf_snprintf_btf"] = [absent()]
        want.update({"kfunc/" + row[0]: [Expected("absent", NO_BTF)] for row in KFUNCS})
    for name, status, detail in SELF:
        want["self/" + name] = [Expected(status, detail, optional=not btf)]
    if native:
        return want
    for value, _, _, _, *cells in CODES:
        for hook in CODE_HOOKS:
            for place, cell in zip(("last", "middle"), cells[2:] if hook == "htb" else cells[:2]):
                want[f"code/{value}/{hook}/{place}"] = [
                    Expected("seen", re.escape(choice),
                             optional=hook == "htb" and value.startswith(("redirect", "stale")))
                    for choice in at(cell, kernel).split(" or ")]
    want["code/1/egress/direct"] = [Expected("seen", "17 runs, dropped")]
    for name, detail in WIRE:
        want["wire/" + name] = [Expected("seen", re.escape(detail))]
    for name, _, status, detail in ATTACH:
        want["attach/" + name] = [Expected(status, detail, optional=name == "pyroute2")]
    return want


def parse(lines):
    """Result lines as {row: (status, detail)}; other lines are left out."""
    found = {}
    for line in lines:
        cells = line.rstrip("\n").split("\t")
        if len(cells) == 3 and "/" in cells[0]:
            found[cells[0]] = (cells[1], cells[2])
    return found


def compare(want, found):
    """[(row, outcome, text)] in the order of the table; outcome: ok, not ok or skip."""
    verdicts = []
    for row, choices in want.items():
        if row in found and any(choice.fits(found[row]) for choice in choices):
            verdicts.append((row, "ok", " ".join(found[row]).strip()))
        elif row not in found and choices[0].optional:
            verdicts.append((row, "skip", "not tried on this kernel"))
        else:
            got = " ".join(found[row]) if row in found else "no result"
            verdicts.append((row, "not ok", f"{got}; expected: {' or '.join(map(str, choices))}"))
    verdicts += [(row, "not ok", "a result that no row of the table asks for")
                 for row in found if row not in want]
    return verdicts


def area_rows(area):
    """The statements of the page in an area: [(name, rows of the page, [rows of ours])]"""
    if area == "return codes":
        return [(name, 1, [f"code/{value}/{hook}/{place}" for hook in CODE_HOOKS
                           for place in ("last", "middle")])
                for value, name, page, *_ in CODES if page == "page"]
    if area == "context fields":
        return [(row[0], int(row[1]), ["field/" + row[0]]) for row in FIELDS]
    if area == "helpers":
        return [(row[0], 1, ["helper/" + row[0]]) for row in HELPERS]
    if area == "kfuncs":
        return [(row[0], 1, ["kfunc/" + row[0]]) for row in KFUNCS]
    return [(row[0], 1, ["attach/" + row[0]]) for row in ATTACH[:1] + ATTACH[3:5]]


def coverage(area, verdicts, found):
    """How many of the page's rows are proven, absent, refused, without a result or failing."""
    good = {row for row, outcome, _ in verdicts if outcome == "ok"}
    count = dict.fromkeys(("rows", "proven", "absent", "refused", "untried", "failed"), 0)
    for _, weight, ours in area_rows(area):
        count["rows"] += weight
        statuses = {found[row][0] for row in ours if row in found}
        if not statuses:
            kind = "untried"
        elif not all(row in good for row in ours):
            kind = "failed"
        else:
            kind = next((status for status in ("absent", "refused") if status in statuses), "proven")
        count[kind] += weight
    return count


def recorded():
    """{kernel: (release, machine, {row: (status, detail)})} of results/, oldest release first"""
    kernels = {}
    for name in os.listdir(RESULTS):
        with open(os.path.join(RESULTS, name), encoding="utf-8") as file:
            lines = file.readlines()
        release, machine = lines[0].split()[2:4]
        kernels[name.removesuffix(".tsv")] = (release, machine, parse(lines))
    return dict(sorted(kernels.items(), key=lambda item: (version(item[1][0]), item[1][1] != "x86_64")))
