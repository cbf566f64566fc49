# SPDX-License-Identifier: GPL-2.0-only
"""flowlabel: constants, from the mark, and a hash where there is none; IPv4 passes."""
from common import *


def set_label(ip, label):
    return ip if family(ip) == 4 else change(ip, lambda new: setattr(new, "fl", label))


def vectors(suite):
    for p in corpus():
        suite.bake("value", "0x54321", *(("link", p.link) if p.link != "auto" else ()))
        if p.why:
            suite.packet(p, count={p.why: 1})
        else:
            suite.packet(p, set_label(p.ip, 0x54321), ctx={"mark": 5, "priority": 7, "cb2": 9})
        if not p.why and p.link == "auto":
            suite.bake("value", "mark")
            suite.packet(p, set_label(p.ip, 0xabcde), p.name + "-mark", ctx={"mark": 0xfffabcde})
            # all of these have a label, which no router may change (RFC 6437, 3)
            suite.bake()
            suite.packet(p, p.ip, p.name + "-untouched")
    for value in (0, 1, 0xfffff, 0x80000):
        suite.bake("value", value)
        for label in (0, 1, 0xfffff):
            for tc in (0, 0xff):
                ip = v6(UDP(sport=9) / Raw(PAYLOAD), fl=label, tc=tc)
                suite.packet(Packet(f"{value:x}-on-{label:x}-{tc:02x}", front_of(ip), ip), set_label(ip, value))
