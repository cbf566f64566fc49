# SPDX-License-Identifier: GPL-2.0-only
"""Reads the output of the guest; writes docs/performance.md and its picture."""
import os
import platform
import re
import sys
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).resolve().parent
PACKETS = 48 * 64                       # send.c: of each run
MAIN = 0                                # the boot whose figures the tables show


@dataclass
class Point:
    """The figures of a case for one packet and direction, native or ours."""
    whole: float                        # instructions for a packet, from the socket to the end
    returns: float
    locked: float
    verified: int
    xlated: int
    jited: int
    wire: str                           # checksum of the frame that left the device
    cost: float = 0                     # more than for the filter without an action


class Results:
    """The figures of one boot. The key of a point: case, packet, direction, side."""
    def __init__(self, text, counts):
        self.kernel, self.attach, self.parallel, self.random, self.points = "", [], [], [], {}
        counts = iter(counts.splitlines())  # one line for each row: see count.c
        for line in text.splitlines():
            words = line.split()
            if line.startswith("# kernel"):
                self.kernel = words[2]
            elif line.startswith("# attach"):
                self.attach.append(words[2:])
            elif len(words) == 9:
                returns, locked = (int(count) / PACKETS for count in next(counts, "0 0").split())
                sizes = [int(size) if size != "-" else 0 for size in words[5:8]]
                self.points[tuple(words[:4])] = Point(float(words[4]), returns, locked, *sizes, words[8])
            else:
                print(f"bench: {self.kernel}: {line}", file=sys.stderr)
        for (name, packet, direction, _), point in self.points.items():
            base = self.points["-", packet, direction, "base"]
            if name != "-":
                point.cost = point.whole - base.whole
                point.returns -= base.returns
                point.locked -= base.locked

    def read_timed(self, text):
        for line in text.splitlines():
            _, what, *words = line.split()
            (self.parallel if what == "parallel" else self.random).append(words)

    def native(self, name, packet, direction):
        return self.points.get((name, packet, direction, "native"))

    def ours(self, name, packet, direction):
        return self.points.get((name, packet, direction, "bpf"))

    def ratio(self, *point):
        """The ratio ours / native; None if there is no native action, or if the ratio has no meaning."""
        native, ours = self.native(*point), self.ours(*point)
        return ours.cost / native.cost if native and native.cost > 0 else None

    def version(self):
        return ".".join(self.kernel.split(".")[:2])


def show(cases, results):
    """The table for the terminal."""
    print(f"{results.kernel}: instructions over the filter without an action")
    form = "{:12} {:12} {:8} {:>7} {:>7} {:>6} {:>8} {:>6} {:>6}{}"
    print(form.format("case", "packet", "hook", "native", "ours", "ratio", "verified", "xlated", "jited", ""))
    for case in cases:
        for packet, direction in case.points():
            native = results.native(case.name, packet, direction)
            ours = results.ours(case.name, packet, direction)
            if ours:
                print(form.format(case.name, packet, direction, cost(native), cost(ours),
                                  two(results.ratio(case.name, packet, direction)),
                                  ours.verified, ours.xlated, ours.jited,
                                  "" if same_bytes(native, ours) else "  NOT THE SAME BYTES"))


def same_bytes(native, ours):
    return not native or native.wire == ours.wire


def cost(point):
    return f"{point.cost:.0f}" if point else "-"


def two(number):
    return "-" if number is None else f"{number:.2f}"


def table(head, rows, figures="---:"):
    """A table in Markdown; columns of figures are aligned to the right."""
    lines = [head, ["---"] + [figures] * (len(head) - 1), *rows]
    return "\n".join("| " + " | ".join(str(cell) for cell in line) + " |" for line in lines)


def is_chain(case):
    return case.name.rpartition("-")[2].isdigit()


def kernels(results):
    """The first boot of each kernel, the oldest kernel first."""
    first = {one.version(): one for one in reversed(results)}
    return [first[version] for version in sorted(first, key=lambda text: int(text.split(".")[1]) +
                                                 100 * int(text.split(".")[0]))]


# Each function makes the part of the page that has its name.

def floor(cases, results):
    def row(what, name, side):
        return [what, *(f"{results[MAIN].points[name, 'udp4', direction, side].whole:.0f}"
                        for direction in ("egress", "ingress"))]
    return table(["the whole way of a packet", "egress", "ingress"],
                 [row("nothing attached", "-", "none"), row("`matchall` without an action", "-", "base"),
                  row("with `action gact pipe`", "empty", "native"),
                  row("with a BPF action that only returns", "empty", "bpf")])


def actions(cases, results):
    rows = []
    for case in cases:
        for direction in case.directions if not is_chain(case) else ():
            point = case.name, case.packets[0], direction
            ratios = [one.ratio(*point) for one in kernels(results)]
            rows.append([case.name, direction, cost(results[MAIN].native(*point)),
                         cost(results[MAIN].ours(*point)), *map(two, ratios),
                         two(max((ratio for ratio in ratios if ratio is not None), default=None))])
    return table(["case", "hook", "native", "ours", *(one.version() for one in kernels(results)), "worst"],
                 rows)


def chains(cases, results):
    rows = []
    for n in range(1, 9):
        row, edit = ((f"{name}-{n}", "ect4", "egress") for name in ("row", "edit"))
        native, fused = results[MAIN].native(*row), results[MAIN].ours(*edit)
        rows.append([n, cost(native), cost(results[MAIN].ours(*row)), cost(fused),
                     two(fused.cost / native.cost if native else None)])
    return table(["rewrites", "native", "in a row", "`edit`", "`edit` / native"], rows)


def packets(cases, results):
    rows = []
    for case in cases:
        for point in case.points() if len(case.packets) > 1 else ():
            rows.append([case.name, *point, cost(results[MAIN].native(case.name, *point)),
                         cost(results[MAIN].ours(case.name, *point)),
                         two(results[MAIN].ratio(case.name, *point))])
    return table(["case", "packet", "hook", "native", "ours", "ratio"], rows)


def prefixes(cases, results):
    rows, names = {}, ("prefixes", "u32", "flower")
    for (name, packet, _, _), point in results[MAIN].points.items():
        if name in names:
            rows.setdefault(int(packet.split("+")[1]), {})[name] = point
    return table(["N", "`prefixes`", "N u32 filters", "N flower filters"],
                 [[f"{n:,}", *(cost(row.get(name)) for name in names)] for n, row in sorted(rows.items())])


def filters(cases, results):
    none = results[MAIN].points["-", "udp4", "egress", "none"].whole
    return table(["filters", "`gact`", "`verdict`"],
                 [[n, *(f"{results[MAIN].points[f'filters-{n}', 'udp4', 'egress', side].whole - none:.0f}"
                        for side in ("native", "bpf"))] for n in (1, 10, 100)])


def attach(cases, results):
    return table(["actions in the object", *(one.version() for one in kernels(results))],
                 [[rows[0][0], *(f"{float(row[1]):.1f} M, {float(row[2]):.0f} KiB" for row in rows)]
                  for rows in zip(*(sorted(one.attach, key=lambda row: int(row[0])) for one in kernels(results)))])


def parallel(cases, results):
    rows = {}
    for *name, cpus, nanoseconds in results[MAIN].parallel:
        rows.setdefault(" ".join(name), {})[int(cpus)] = nanoseconds
    if not rows:
        return "Not measured here: it needs root."
    columns = sorted(next(iter(rows.values())))
    return table(["ns a run", *(f"{n} CPU{'s' if n > 1 else ''}" for n in columns)],
                 [[name, *row.values()] for name, row in rows.items()])


LOOKED_UP = {"table": "table of `prefixes`", "tag": "and the tag of the prefix", "hits": "and hits counted",
             "trie": "LPM trie"}


def random_rows(results):
    """Where addresses are looked up, nanoseconds more than without, KiB."""
    without = sum(int(row[1]) for row in results.random if row[0] == "none")
    return [[LOOKED_UP[name], int(nanoseconds) - without, f"{int(kib):,}"]
            for name, nanoseconds, kib in results.random if name != "none"]


def random(cases, results):
    if not results[MAIN].random:
        return "Not measured here: it needs root."
    return table(["looked up in", "ns", "KiB"], random_rows(results[MAIN]))


def machine():
    models = re.findall("^model name\\s*: (.*)", Path("/proc/cpuinfo").read_text(), re.M)
    return f"{os.cpu_count()} CPUs, {models[0] if models else platform.machine()}, Linux {platform.release()}"


def sizes(cases, results):
    rows = []
    for case in cases:
        if not is_chain(case):
            point = case.name, case.packets[0], case.directions[0]
            native, ours = results[MAIN].native(*point), results[MAIN].ours(*point)
            rows.append([case.name, ours.verified, ours.xlated, ours.jited,
                         *(f"{round(getattr(native, what)) if native else '-'} / {round(getattr(ours, what))}"
                           for what in ("returns", "locked"))])
    return table(["case", "verified", "translated", "JITed bytes", "returns", "locked"], rows)


def compared(cases, results):
    def code(text):
        return "-" if text == "-" else f"`{text}`"
    return table(["case", "native", "ours"], [[case.name, code(case.native), code(case.ours)] for case in cases],
                 figures="---")


def spreads(results):
    """
    How far the boots of one kernel are apart, for each point, as a share of its cost.
    Without those of natives that hang on a random number: gact's, the seed of flower's hash.
    """
    boots = [one for one in results if one.kernel == results[MAIN].kernel]
    for key in boots[0].points:
        if key[0] in ("share", "flower") and key[3] == "native":
            continue
        costs = [boot.points[key].cost or boot.points[key].whole for boot in boots]
        yield (max(costs) - min(costs)) / abs(costs[0]), " ".join(key)


def kept(cases, results):
    """The largest difference between boots of one kernel in the memory that an attachment keeps, in KiB."""
    boots = [one.attach for one in results if one.kernel == results[MAIN].kernel]
    sizes = [[float(row[2]) for row in rows] for rows in zip(*boots)]
    return f"{max(max(size) - min(size) for size in sizes):.1f}"


def repeated(cases, results):
    apart = [spread for spread, _ in spreads(results)]
    return (f"Three boots of {results[MAIN].version()}, one of them with the plugin that counts, gave the same "
            f"figure to the hundredth in {apart.count(0)} of {len(apart)} cases; the worst differed by "
            f"{100 * max(apart):.2f} %.")


STYLE = """<style>
text { font: 11px sans-serif; fill: #1f2328 }
.page { fill: #ffffff } .native { fill: #9aa5b1 } .ours { fill: #1f6f8b } .small { font-size: 9px }
@media (prefers-color-scheme: dark) {
text { fill: #e6edf3 } .page { fill: #0d1117 } .native { fill: #6e7781 } .ours { fill: #4fb3d1 }
}
</style>"""


def picture(cases, results):
    """Two bars for each case; egress if it is measured there."""
    rows = []
    for case in cases:
        point = case.name, case.packets[0], case.directions[0]
        native, ours = results[MAIN].native(*point), results[MAIN].ours(*point)
        if not is_chain(case) and not (native and native.cost <= 0):
            rows.append((case.name, native, ours, results[MAIN].ratio(*point)))
    left, top, step, width = 90, 40, 28, 760
    scale = (width - left - 120) / max(one.cost for _, *sides, _ in rows for one in sides if one)
    out = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {top + step * len(rows)}">', STYLE,
           '<rect class="page" width="100%" height="100%"/>',
           f'<text x="{left}" y="16">Instructions for one packet on egress, Linux {results[MAIN].version()}: '
           'less is better. × is ours to native.</text>',
           f'<rect class="native" x="{left}" y="23" width="10" height="9"/>'
           f'<text x="{left + 15}" y="31">native tc</text>'
           f'<rect class="ours" x="{left + 80}" y="23" width="10" height="9"/>'
           f'<text x="{left + 95}" y="31">tcact</text>']
    for number, (name, native, ours, ratio) in enumerate(rows):
        y = top + step * number
        out.append(f'<text x="{left - 6}" y="{y + 14}" text-anchor="end">{name}</text>')
        for side, point, at in ("native", native, y), ("ours", ours, y + 10):
            if point:
                label = cost(point) + (f"  ×{ratio:.2f}" if side == "ours" and ratio else "")
                out.append(f'<rect class="{side}" x="{left}" y="{at}" width="{point.cost * scale:.1f}" '
                           f'height="9"/><text class="small" x="{left + 4 + point.cost * scale:.1f}" '
                           f'y="{at + 8}">{label}</text>')
    return "\n".join([*out, "</svg>", ""])


def write(docs, cases, results):
    for one in results:
        for (name, packet, direction, side), ours in one.points.items():
            if side == "bpf" and not same_bytes(one.native(name, packet, direction), ours):
                sys.exit(f"bench: {one.kernel}: {name} {packet}: not the same bytes as native")
    for case in cases:
        if case.native != "-" and not results[MAIN].native(case.name, case.packets[0], case.directions[0]):
            sys.exit(f"bench: {results[MAIN].kernel}: {case.name}: tc does not take the native actions")
    _, *text = (HERE / "performance.md.in").read_text().splitlines(keepends=True)
    text = "<!-- Written by tests/bench/bench from tests/bench/performance.md.in: edit that. -->\n" + "".join(text)
    points = results[MAIN].points
    words = {"main": results[MAIN].kernel, "kernels": ", ".join(one.kernel for one in kernels(results)),
             "gact": cost(points["empty", "udp4", "egress", "native"])}
    words["machine"] = machine()
    for direction in "egress", "ingress":
        words[direction] = cost(points["empty", "udp4", direction, "bpf"])
    for part in (floor, actions, chains, packets, prefixes, filters, attach, parallel, random, sizes, compared,
                 kept, repeated):
        words[part.__name__] = part(cases, results)
    for word, value in words.items():
        text = text.replace(f"@{word}@", value)
    (docs / "performance.md").write_text(text)
    (docs / "performance.svg").write_text(picture(cases, results))
    apart = [f"{where} {100 * spread:.2f} %" for spread, where in spreads(results) if spread > 0.001]
    if apart:
        sys.exit(f"bench: three boots of one kernel differ by more than 0.1 %: {', '.join(apart)}")
