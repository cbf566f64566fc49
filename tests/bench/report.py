# SPDX-License-Identifier: GPL-2.0-only
"""Reads what the guest printed; writes docs/performance.md and its picture."""
import sys
from dataclasses import dataclass
from pathlib import Path


@dataclass
class Point:
    """What one case costs; @cost and the two counts are over the filter without an action."""
    cost: float
    whole: float
    returns: int
    locked: int
    verified: int
    xlated: int
    jited: int
    wire: str


class Results:
    def __init__(self, text, counts):
        self.kernel, self.attach, self.rows = "", [], {}
        counts = [tuple(map(int, line.split())) for line in counts.splitlines()]
        for line in text.splitlines():
            if line.startswith("# kernel"):
                self.kernel = line.split()[2]
            elif line.startswith("# attach"):
                self.attach.append(line.split()[2:])
            elif line.split()[3:4] not in (["none"], ["base"], ["native"], ["bpf"]) or len(line.split()) != 9:
                print(f"bench: the guest said: {line}", file=sys.stderr)
            else:
                name, packet, direction, side, *fields = line.split()
                number = len(self.rows)
                # a case is printed once, and the plugin writes one line a case
                self.rows[name, packet, direction, side, number] = fields
        self.points = {}
        for name, packet, direction, side, number in self.rows:
            cost, verified, xlated, jited, wire = self.rows[name, packet, direction, side, number]
            returns, locked = counts[number] if counts else (0, 0)
            sizes = [int(size) if size != "-" else 0 for size in (verified, xlated, jited)]
            self.points[name, packet, direction, side] = \
                Point(float(cost), float(cost), returns, locked, *sizes, wire)
        for (name, packet, direction, side), point in self.points.items():
            if name != "-":
                base = self.points["-", packet, direction, "base"]
                point.cost -= base.cost
                point.returns = round((point.returns - base.returns) / 64)
                point.locked = round((point.locked - base.locked) / 64)

    def native(self, name, packet, direction):
        return self.points.get((name, packet, direction, "native"))

    def ours(self, name, packet, direction):
        return self.points.get((name, packet, direction, "bpf"))


def show(cases, results):
    print(f"{results.kernel}: instructions over the filter without an action")
    print(f"{'case':12} {'packet':12} {'hook':8} {'native':>7} {'ours':>7} {'ratio':>6} "
          f"{'verified':>8} {'xlated':>6} {'jited':>6}")
    for case in cases:
        for packet, direction in case.points():
            native = results.native(case.name, packet, direction)
            ours = results.ours(case.name, packet, direction)
            if not ours:
                continue
            ratio = f"{ours.cost / native.cost:6.3f}" if native else "     -"
            print(f"{case.name:12} {packet:12} {direction:8} "
                  f"{native.cost if native else 0:7.1f} {ours.cost:7.1f} {ratio} "
                  f"{ours.verified:8} {ours.xlated:6} {ours.jited:6}"
                  f"{'' if not native or native.wire == ours.wire else '  NOT THE SAME BYTES'}")


def table(head, rows):
    """Markdown; columns of figures to the right."""
    lines = [head, ["---"] + ["---:"] * (len(head) - 1), *rows]
    return "\n".join("| " + " | ".join(str(cell) for cell in line) + " |" for line in lines)


def ratio(native, ours):
    return f"{ours.cost / native.cost:.2f}" if native and native.cost > 0 else "-"


def is_chain(case):
    return case.name.rpartition("-")[2].isdigit()


def actions(cases, results):
    newest, rows = results[0], []
    for case in cases:
        if is_chain(case):
            continue
        packet = case.packets[0]
        for direction in case.directions:
            native = newest.native(case.name, packet, direction)
            ours = newest.ours(case.name, packet, direction)
            every = [ratio(one.native(case.name, packet, direction),
                           one.ours(case.name, packet, direction)) for one in results]
            rows.append([case.name, direction, f"{native.cost:.0f}" if native else "-",
                         f"{ours.cost:.0f}", *every, max(every)])
    kernels = [one.kernel.split("-")[0].rpartition(".")[0] for one in results]
    return table(["case", "hook", "native", "ours", *(f"ratio {kernel}" for kernel in kernels),
                  "worst"], rows)


def chains(cases, results):
    newest, rows = results[0], []
    for n in range(1, 9):
        native = newest.native(f"row-{n}", "ect4", "egress")
        row = newest.ours(f"row-{n}", "ect4", "egress")
        edit = newest.ours(f"edit-{n}", "ect4", "egress")
        rows.append([n, f"{native.cost:.0f}" if native else "-", f"{row.cost:.0f}",
                     f"{edit.cost:.0f}", ratio(native, edit)])
    return table(["rewrites", "native", "in a row", "edit", "edit / native"], rows)


def packets(cases, results):
    newest, rows = results[0], []
    for case in cases:
        for packet, direction in case.points() if len(case.packets) > 1 else ():
            native = newest.native(case.name, packet, direction)
            ours = newest.ours(case.name, packet, direction)
            rows.append([case.name, packet, direction, f"{native.cost:.0f}" if native else "-",
                         f"{ours.cost:.0f}", ratio(native, ours)])
    return table(["case", "packet", "hook", "native", "ours", "ratio"], rows)


def prefixes(cases, results):
    newest, rows = results[0], {}
    for name, packet, direction, side in newest.points:
        if name in ("prefixes", "u32", "flower"):
            point = newest.points[name, packet, direction, side]
            rows.setdefault(int(packet.split("+")[1]), {})[name] = f"{point.cost:.0f}"
    return table(["N", "`prefixes`", "N u32 filters", "N flower filters"],
                 [[n, *(rows[n].get(name, "-") for name in ("prefixes", "u32", "flower"))]
                  for n in sorted(rows)])


def filters(cases, results):
    newest, rows = results[0], []
    none = newest.points["-", "udp4", "egress", "none"].whole
    for n in 1, 10, 100:
        rows.append([n, *(f"{newest.points[f'filters-{n}', 'udp4', 'egress', side].whole - none:.0f}"
                          for side in ("native", "bpf"))])
    return table(["filters", "gact", "`verdict`"], rows)


def attach(cases, results):
    return table(["kernel", "object", "instructions (millions), tc's included", "KiB kept"],
                 [[one.kernel, name.replace("dscp-0.o", "dscp.o"), f"{int(time) / 1000:.0f}", memory]
                  for one in results for name, time, memory in one.attach])


def sizes(cases, results):
    newest, rows = results[0], []
    for case in cases:
        packet, direction = case.packets[0], case.directions[0]
        if is_chain(case):
            continue
        native = newest.native(case.name, packet, direction)
        ours = newest.ours(case.name, packet, direction)
        rows.append([case.name, ours.verified, ours.xlated, ours.jited,
                     f"{native.returns if native else '-'} / {ours.returns}",
                     f"{native.locked if native else '-'} / {ours.locked}"])
    return table(["case", "verified", "translated", "JITed bytes", "returns", "locked"], rows)


def picture(cases, results):
    """Two bars a case, egress where it is measured there."""
    newest, scale, left, rows = results[0], 0.55, 90, []
    for case in cases:
        direction = case.directions[0]
        native = newest.native(case.name, case.packets[0], direction)
        ours = newest.ours(case.name, case.packets[0], direction)
        if not is_chain(case) and case.name != "drop":
            rows.append((case.name, native.cost if native else 0, ours.cost))
    height = 26 * len(rows) + 40
    out = [f'<svg xmlns="http://www.w3.org/2000/svg" width="720" height="{height}" '
           'font-family="sans-serif" font-size="11">',
           '<rect width="100%" height="100%" fill="white"/>',
           '<rect x="90" y="10" width="10" height="10" fill="#9aa5b1"/><text x="105" y="19">native</text>',
           '<rect x="160" y="10" width="10" height="10" fill="#1f6f8b"/><text x="175" y="19">ours</text>',
           f'<text x="220" y="19">instructions per packet, egress, {newest.kernel}</text>']
    for number, (name, native, ours) in enumerate(rows):
        y = 32 + 26 * number
        out.append(f'<text x="{left - 6}" y="{y + 14}" text-anchor="end">{name}</text>')
        for cost, offset, colour in ((native, 0, "#9aa5b1"), (ours, 10, "#1f6f8b")):
            if cost:
                out.append(f'<rect x="{left}" y="{y + offset}" width="{cost * scale:.1f}" height="9" '
                           f'fill="{colour}"/><text x="{left + cost * scale + 4:.1f}" '
                           f'y="{y + offset + 8}" font-size="9">{cost:.0f}</text>')
    return "\n".join([*out, "</svg>", ""])


def write(docs, cases, results):
    """@results: the kernel of the main table first."""
    newest = results[0]
    for one in results:
        for (name, packet, direction, side), point in one.points.items():
            native = one.native(name, packet, direction)
            if side == "bpf" and native and native.wire != point.wire:
                sys.exit(f"bench: {one.kernel}: {name} {packet}: not the same bytes as native")
    base, none = (newest.points["-", "udp4", "egress", side].whole for side in ("base", "none"))
    text = (Path(__file__).parent / "performance.md.in").read_text()
    text = text[text.index("\n") + 1:]
    words = {"kernels": "Debian's kernels " + ", ".join(sorted(one.kernel for one in results)),
             "newest": newest.kernel, "filter": f"{base - none:.0f}",
             "floor": f"{newest.ours('verdict', 'udp4', 'egress').cost:.0f}",
             "gact": f"{newest.native('verdict', 'udp4', 'egress').cost:.0f}"}
    for part in actions, chains, packets, prefixes, filters, attach, sizes:
        words[part.__name__] = part(cases, results)
    for word, value in words.items():
        text = text.replace(f"@{word}@", value)
    (docs / "performance.md").write_text(
        "<!-- Generated by tests/bench/bench from tests/bench/performance.md.in: edit that. -->\n" + text)
    (docs / "performance.svg").write_text(picture(cases, results))
