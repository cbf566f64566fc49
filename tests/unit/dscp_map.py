# SPDX-License-Identifier: GPL-2.0-only
"""dscp-map: what the table names, what it does not, and what is kept."""
from common import *
from dscp import NAMES, set_dscp


def dscp_of(ip):
    return (ip.tos if family(ip) == 4 else ip.tc) >> 2


def mapped(ip, table, default):
    new = table.get(dscp_of(ip), default)
    return ip if new == "keep" else set_dscp(ip, new)


def vectors(suite):
    for p in corpus():          # all of which are ef
        suite.bake("table", "ef=af41,0=1", *(("link", p.link) if p.link != "auto" else ()))
        if p.why:
            suite.packet(p, count={p.why: 1})
        else:
            suite.packet(p, set_dscp(p.ip, 34), ctx={"mark": 5, "priority": 7, "cb2": 9})
    every = ",".join(f"{n}={63 - n}" for n in range(64))
    words = [n for n in NAMES if n != "be"]
    for name, settings, table, default in (
            ("untouched", (), {}, 0), ("default-keep", ("default", "keep"), {}, "keep"),
            ("default-9", ("default", 9), {}, 9), ("every", ("table", every), {n: 63 - n for n in range(64)}, 0),
            ("one", ("table", "46=8", "default", "keep"), {46: 8}, "keep"),
            ("ends", ("table", "0=63,63=0,1=keep", "default", "cs1"), {0: 63, 63: 0, 1: "keep"}, 8),
            ("words", ("table", ",".join(f"{w}={words[-1 - i]}" for i, w in enumerate(words)), "default", "keep"),
             {NAMES[w]: NAMES[words[-1 - i]] for i, w in enumerate(words)}, "keep")):
        suite.bake(*settings)
        for dscp in range(64):
            for make in (v4, v6):
                ip = make(UDP(), **{"tos" if make is v4 else "tc": dscp << 2 | dscp & 3})
                suite.packet(Packet(f"v{family(ip)}-{name}-{dscp}", front_of(ip), ip), mapped(ip, table, default))
