# SPDX-License-Identifier: GPL-2.0-only
"""df: the flag of IPv4 cleared and set, on whole packets and fragments; IPv6 passes."""
from common import *

DF = 2                          # of Scapy's IP.flags


def set_df(ip, on):
    """None for a fragment, on which it is not set."""
    if family(ip) == 6:
        return ip
    flags = int(ip.flags)
    if on and (flags & 1 or ip.frag):
        return None
    return change(ip, lambda new: setattr(new, "flags", flags | DF if on else flags & ~DF))


def vectors(suite):
    for p in corpus():
        for word in ("clear", "set"):
            suite.bake("flag", word, *(("link", p.link) if p.link != "auto" else ()))
            new = None if p.why else set_df(p.ip, word == "set")
            why = p.why or (None if new is not None else "fragment")
            suite.packet(p, new, f"{p.name}-{word}", ctx={"mark": 5, "priority": 7, "cb2": 9},
                         count={why: 1} if why else None)
    suite.bake()
    for flags in range(8):
        for frag in (0, 1, 0x1fff):
            ip = v4(Raw(PAYLOAD), proto=253, flags=flags, frag=frag)
            suite.packet(Packet(f"v4-untouched-{flags}-{frag}", front_of(ip), ip), set_df(ip, False))
    for word, old, new in (("clear", 0x4000, 0), ("set", 0, 0x4000)):
        suite.bake("flag", word)
        for target in critical(old, new):
            ip = summing_to(v4(UDP(), flags="DF" if old else ""), target)
            suite.packet(Packet(f"v4-{word}-sum-{target:04x}", front_of(ip), ip), set_df(ip, word == "set"))
