# SPDX-License-Identifier: GPL-2.0-only
"""class: the value of the longest match in each field, the default, hit counters; the tables and
addresses are those of prefixes."""
from common import *
from prefixes import TABLES, Ranges, look, pairs, timeouts_of

CTX = {"mark": 0x55, "priority": 0x10001, "cb0": 1, "cb1": 2, "cb2": 3, "cb3": 4, "cb4": 5}
UNSEEN = ("queue_mapping", "tc_index", "tc_classid")    # TEST_RUN does not return these fields


def vectors(suite):
    ranges = {}

    def packet(p, table, label, **settings):
        settings = {name.rstrip("_"): value for name, value in settings.items()}
        if p.link != "auto":
            settings["link"] = p.link
        if table not in ranges:
            ranges[table] = Ranges(TABLES[table], timeouts_of(table))
        if suite.bake(*(x for pair in settings.items() for x in pair), table=table):
            ranges[table].fill(suite)
        field, hits = settings.get("set", "priority"), settings.get("hits") == "on"
        found = None if p.why else look(table, settings.get("of", "src"), p.ip)
        value = TABLES[table][found] if found else None
        if not found and not p.why and settings.get("default", "keep") != "keep":
            major, _, minor = str(settings["default"]).rpartition(":")
            value = int(major, 16) << 16 | int(minor, 16) if major else int(minor, 0)
        suite.packet(p, p.ip if not p.why else None, f"{p.name}-{label}", ctx=CTX,
                     ctxout={field: value} if value is not None and field not in UNSEEN else None,
                     count={p.why: 1} if p.why else None, mapout=ranges[table].after(found if hits else None, packets_of({**CTX, **p.ctx})))

    for p in corpus():          # default: the field is kept; packets without an address are not changed
        packet(p, "corpus", "corpus")
        packet(p, "empty", "empty", default="1:fffe")
        if "gso_size" in p.ctx and p.link == "auto":
            packet(p, "corpus", "gso", hits="on")
    for p in pairs():
        for table in TABLES:
            for of in ("src", "dst", "either"):
                packet(p, table, f"{table}-{of}", of=of)
        for field in ("mark", "priority", "cb0", "cb1", "cb2", "cb3", "cb4", *UNSEEN):
            packet(p, "nested", f"set-{field}", set=field, default=7)
        for default in ("keep", 0, 1, "1:fffe", 0xffffffff):
            packet(p, "nested", f"default-{default}", default=default)
        packet(p, "nested", "hits", hits="on", of="either", default="1:2")
