# SPDX-License-Identifier: GPL-2.0-only
"""ecn: each codepoint onto each, and which packets are meant."""
from common import *

ECN = {"not-ect": 0, "ect1": 1, "ect0": 2, "ce": 3}       # RFC 3168, 5


def ecn_of(ip):
    return (ip.tos if family(ip) == 4 else ip.tc) & 3


def set_ecn(ip, word="ce", only="ect"):
    old = ecn_of(ip)
    meant = {"ect": old in (1, 2), "any": True}.get(only, ECN.get(only) == old)
    if not meant or word == "ce" and old == 0:
        return ip
    return change(ip, lambda new: setattr(new, "tos" if family(ip) == 4 else "tc",
                                          (ip.tos if family(ip) == 4 else ip.tc) & 0xfc | ECN[word]))


def vectors(suite):
    for p in corpus():
        suite.bake("set", "ect0", "only", "any", *(("link", p.link) if p.link != "auto" else ()))
        if p.why:
            suite.packet(p, count={p.why: 1})
        else:
            suite.packet(p, set_ecn(p.ip, "ect0", "any"), ctx={"mark": 5, "priority": 7, "cb2": 9})
    for settings in ((), *((("set", s), ("only", o)) for s in (None, *ECN) for o in (None, *ECN, "ect", "any"))):
        given = {k: v for k, v in settings if v}
        suite.bake(*(x for pair in given.items() for x in pair))
        label = "-".join(x for pair in given.items() for x in pair) or "untouched"
        for tos in (0, 1, 2, 3, 0xb8, 0xfd, 0xfe, 0xff):
            for make in (v4, v6):
                ip = make(UDP(sport=9) / Raw(PAYLOAD), **{"tos" if make is v4 else "tc": tos})
                suite.packet(Packet(f"v{family(ip)}-{label}-on-{tos:02x}", front_of(ip), ip),
                             set_ecn(ip, given.get("set", "ce"), given.get("only", "ect")))
