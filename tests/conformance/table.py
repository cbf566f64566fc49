# SPDX-License-Identifier: GPL-2.0-only
"""The statements (rows/*.tsv), what a kernel showed, and whether they agree."""
import os
import re

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
RESULTS = os.path.join(HERE, "results")


def lines_of(path):
    with open(path, encoding="utf-8") as file:
        return file.read().splitlines()


def rows(name):
    path = os.path.join(HERE, "rows", name + ".tsv")
    return [line.split("\t") for line in lines_of(path) if not line.startswith("#")]


FIELDS, HELPERS, UNLISTED, KFUNCS, CODES, WIRE, ATTACH, SELF, AGAIN = map(
    rows, "fields helpers unlisted kfuncs codes wire attach self again".split())
CODE_HOOKS = ("egress", "ingress", "ingress-qdisc", "htb")
# What is said of a row that works in a callback only.
IN_CALLBACK = {"callback": "in a callback", "called": "called in a callback, not looked at"}
NO_CALLBACKS = "callbacks are not allowed in non-JITed programs"


def version(text):
    """6.1.0-56-amd64 as (6, 1)"""
    return tuple(map(int, re.match(r"(\d+)\.(\d+)", text).groups()))


class Kernel:
    """What `guest` printed under a kernel; results/ has the same lines.

    rows is {row: (status, detail)}.
    """

    def __init__(self, lines):
        head = [line.split() for line in lines if line.startswith("# Linux ")]
        if not head:
            raise ValueError("no results")
        _, _, self.release, self.machine, _, *self.lacks = head[0]
        self.version = version(self.release)
        cells = [line.split("\t") for line in lines]
        self.rows = {row[0]: (row[1], row[2]) for row in cells if len(row) == 3 and "/" in row[0]}

    def __str__(self):
        """6.1, or 6.1 s390x"""
        return ".".join(map(str, self.version)) + (f" {self.machine}" if self.machine != "x86_64" else "")

    def status(self, row):
        return self.rows.get(row, ("-", ""))[0]

    def detail(self, row):
        return self.rows.get(row, ("-", ""))[1]

    def record(self, name):
        os.makedirs(RESULTS, exist_ok=True)
        with open(os.path.join(RESULTS, name + ".tsv"), "w", encoding="utf-8") as file:
            print("# Linux", self.release, self.machine, "without", *self.lacks, file=file)
            for row, (status, detail) in self.rows.items():
                print(row, status, detail, sep="\t", file=file)


def recorded():
    """{name: Kernel} of results/, the oldest kernel first"""
    kernels = {name.removesuffix(".tsv"): Kernel(lines_of(os.path.join(RESULTS, name)))
               for name in os.listdir(RESULTS)}
    return dict(sorted(kernels.items(), key=lambda item: (item[1].version, str(item[1]))))


def at(value, kernel):
    """A cell may change with a version: OLD <VERSION NEW."""
    old, found, new = value.partition(" <")
    if not found:
        return value
    since, new = new.split(" ", 1)
    return old if kernel.version < version(since) else new


def judged(cell):
    """The status and the words of a row, from a cell of rows/: refused, if that does not say otherwise"""
    if cell in IN_CALLBACK:
        return "proven", IN_CALLBACK[cell]
    return ("proven", "") if cell in ("-", "proven") else ("refused", cell)


def expected(kernel):
    """{row: [(status, regular expression for the detail)]}: any of them will do."""
    def since(first, *otherwise):
        return [("absent", ".+")] if first != "-" and kernel.version < version(first) else list(otherwise)

    want = {}
    for name, _, _, read, write, first, value, written in FIELDS:
        detail = f"r={read} w={write} value={at(value, kernel)}" + (f" written={written}" if write != "-" else "")
        right = ("refused", "invalid bpf_context access off=[0-9]+ size=4") if read == "-" else \
            ("proven", re.escape(detail))
        want["field/" + name] = since(first, right)
    for name, _, first, refused, lacking in HELPERS:
        right = [("proven", "") if refused == "-" else ("refused", refused)]
        if lacking != "-":
            right.append(("absent", lacking))
        want["helper/" + name] = since(first, *right)
    for name, _, absent_in, offered_in, *what in UNLISTED:
        want["unlisted/" + name] = [("seen", (what or ["offered"])[0])] * (kernel.version > version(absent_in)) + \
            [("absent", ".+")] * (kernel.version < version(offered_in))
    for name, first, until, callback in KFUNCS:
        refused = at(callback, kernel)
        right = since(first, judged(refused))
        gone = until != "-" and kernel.version >= version(until)
        want["kfunc/" + name] = [("absent", ".+")] if gone else right
        if "callback" in callback and refused != "-":     # by the program itself, which may not sleep
            want["direct/" + name] = since(first, ("refused", ".*sleepable.*"))
    for name, _, _, first, cell in AGAIN:
        want["again/" + name] = since(first, judged(at(cell, kernel)))
    for name, status, detail in SELF:
        want.setdefault("self/" + name, []).append((status, detail))
    if "btf" in kernel.lacks:
        # Types of the kernel that a program names are then unknown, and so is every kfunc.
        for name in ("get_current_task_btf", "task_pt_regs", "kptr_xchg"):
            want["helper/bpf_" + name] = [("refused", ".+")]
        for name in ("get_current_task", "probe_read_kernel", "probe_read_kernel_str", "snprintf_btf"):
            want["helper/bpf_" + name] = [("proven", "called, not looked at")]
        want.update({"kfunc/" + row[0]: [("absent", "libbpf: failed to find valid kernel BTF")] for row in KFUNCS})
        with_btf = [row for row in want if row.startswith(("direct/", "again/"))]
        for row in ["self/no-such-kfunc", "self/reached-trap", *with_btf]:
            if row not in ("again/addresses", "again/sleepable"):
                del want[row]
    if "jit" in kernel.lacks:
        for name in ("for_each_map_elem", "loop", "timer_cancel", "timer_set_callback", "timer_start",
                     "user_ringbuf_drain"):
            want["helper/bpf_" + name] = [("refused", NO_CALLBACKS)]
    if "act_bpf" in kernel.lacks:
        return want
    for value, _, _, _, *cells in CODES:
        for hook in CODE_HOOKS:
            for place, cell in zip(("last", "middle"), cells[2:] if hook == "htb" else cells[:2]):
                want[f"code/{value}/{hook}/{place}"] = [
                    ("seen", re.escape(choice)) for choice in at(cell, kernel).split(" or ")]
    want["code/1/egress/direct"] = [("seen", "17 runs, dropped")]
    want.update({"wire/" + name: [("seen", re.escape(detail))] for name, detail in WIRE})
    want.update({"attach/" + name: since(first, (status, detail)) for name, _, first, status, detail in ATTACH})
    if "pyroute2" in kernel.lacks:
        del want["attach/pyroute2"]
    return want


def compare(kernel, before=None):
    """[(row, outcome, text)] in the order of the table; outcome: ok, not ok or skip.

    before: the same kernel as recorded. The words of a refusal may change, nothing else.
    """
    verdicts, want = [], expected(kernel)
    for row, choices in want.items():
        status, detail = kernel.rows.get(row, ("no result", ""))
        text = f"{status} {detail}".strip()
        if not any(status == one and re.fullmatch(words, detail) for one, words in choices):
            wanted = " or ".join(f"{one} {words}".strip() for one, words in choices)
            verdicts.append((row, "not ok", f"{text}; expected: {wanted}"))
        elif before and (status != before.status(row) or
                         status in ("proven", "seen") and detail != before.detail(row)):
            verdicts.append((row, "not ok", f"{text}; recorded on {before.release}: "
                             f"{before.status(row)} {before.detail(row)}".strip()))
        else:
            verdicts.append((row, "skip" if detail.startswith("not tried") else "ok", text))
    return verdicts + [(row, "not ok", "a result that no row of the table asks for")
                       for row in kernel.rows if row not in want]


def area_rows():
    """The statements of the page: {area: [(how many rows of the page, [rows of ours])]}"""
    places = [f"{hook}/{place}" for hook in CODE_HOOKS for place in ("last", "middle")]
    return {
        "return codes": [(1, [f"code/{value}/{place}" for place in places])
                         for value, _, page, *_ in CODES if page == "page"],
        "context fields": [(int(row[2]), ["field/" + row[0]]) for row in FIELDS],
        "helpers": [(1, ["helper/" + row[0]]) for row in HELPERS],
        "kfuncs": [(1, ["kfunc/" + row[0]]) for row in KFUNCS],
        "attachment": [(1, ["attach/" + name]) for name in ("page", "pyroute2", "tcx-egress")],
    }


def coverage(kernel):
    """{area: {proven, absent, refused, untried, failed: how many rows of the page}}"""
    good = {row for row, outcome, _ in compare(kernel) if outcome == "ok"}
    table = {}
    for area, statements in area_rows().items():
        table[area] = dict.fromkeys(("proven", "absent", "refused", "untried", "failed"), 0)
        for weight, ours in statements:
            statuses = {kernel.status(row) for row in ours}
            if statuses == {"-"}:
                kind = "untried"
            elif not good.issuperset(ours):
                kind = "failed"
            else:
                kind = next((status for status in ("absent", "refused") if status in statuses), "proven")
            table[area][kind] += weight
    return table
