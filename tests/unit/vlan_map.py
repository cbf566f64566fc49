# SPDX-License-Identifier: GPL-2.0-only
"""vlan-map: identifiers in tags in the frame, by a table of a few, and an empty one."""
from common import *
from vlan import is_ether, tagged, tci, with_tci

TABLES = {"empty": {}, "there": {0: 7, 1: 4094, 100: 1100, 101: 0, 102: 102, 4094: 1, 200: 300, 300: 200},
          "back": {7: 0, 4094: 1, 1100: 100, 0: 101, 1: 4094}}


def vectors(suite):
    def begin(table, p):
        if suite.bake(*(("link", p.link) if p.link != "auto" else ()), table=table):
            for old, new in TABLES[table].items():
                suite.map("vid_table", f"u32:{old}", f"u16:{0x1000 | new}")

    def case(table, p, label=None):
        begin(table, p)
        data, ctx = p.data, {"mark": 5, "priority": 7, "cb2": 9, **p.ctx}
        label = f"{p.name}-{label or table}"
        if not is_ether(p):
            suite.case(label, data, ctx=ctx, count={"link-unknown": 1})
            return
        new = TABLES[table].get(tci(data) & 0xfff) if tagged(data) else None
        suite.case(label, data, out=data if new is None else with_tci(data, tci(data) & 0xf000 | new), ctx=ctx,
                   need=18 if tagged(data) else 14, flags=(0, 4),
                   mapout=[("vid_table", f"u32:{x}", f"u16:{0x1000 | y}") for x, y in TABLES[table].items()])

    for p in corpus():
        case("there", p)
        case("empty", p)
    for tpid in (0x8100, 0x88a8, 0x9200):
        for high in (0, 0x1000, 0x6000, 0xe000, 0xf000):
            for vid in (0, 1, 2, 7, 99, 100, 101, 102, 103, 200, 300, 1100, 2148, 4093, 4094, 4095):
                front = ether(tpid) + struct.pack("!HH", high | vid, 0x86dd)
                p = Packet(f"{tpid:x}-{high | vid:04x}", front, v6(tcp(SYN)))
                case("there", p)
                case("back", p)
                # only the outermost tag changes
                inner = ether(tpid) + struct.pack("!HHHH", high | vid, 0x8100, high | 100, 0x86dd)
                case("there", Packet(f"{tpid:x}-{high | vid:04x}-inner", inner, v6(tcp(SYN))))
