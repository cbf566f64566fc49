# SPDX-License-Identifier: GPL-2.0-only
"""verdict: every code, and shares of packets and of flows."""
from common import *

CODES = dict(unspec=-1, ok=0, reclassify=1, shot=2, pipe=3, redirect=7)
RUNS = 4000                     # for a share of 0.5, six standard deviations are 190


def vectors(suite):
    packets = [p for p in corpus() if p.name in ("v4-syn", "v6-chain", "arp", "v4-qinq-ether", "ihl-0")]
    ctx = {"mark": 5, "priority": 7, "cb0": 1, "cb4": 9, "tstamp": 1 << 40, "gso_segs": 2}
    numbers = {n: int(n, 0) for n in ("-2", "-1", "4", "5", "6", "8", "100", "0x7fffffff", "-2147483648")}
    for code, verdict in {**CODES, **numbers}.items():
        known = code in CODES
        for more in ((), ("chance", "1"), ("chance", "100%", "by", "flow")) if known else ((),):
            suite.bake("code", code, *more)
            for p in packets:
                suite.case("-".join((p.name, code, *more)), p.data, verdict, ctx=ctx, flags=(0, 4))
        for more in (("chance", "0"), ("chance", "0%", "by", "flow")) if known else ():
            suite.bake("code", code, *more)
            suite.case("-".join(("v4", code, *more)), packets[0].data, PIPE, ctx=ctx)
    suite.bake()
    for p in corpus():
        suite.case(p.name + "-untouched", p.data, CONTROL, ctx=ctx)

    # the offset of the source port: Ethernet, IP without options
    for p, port in ((packets[0], 34), (Packet("v6-udp", front_of(v6(UDP())), v6(UDP(), fl=0)), 54)):
        for chance, low, high in (("0.5", 1810, 2190), ("50%", 1810, 2190), ("0.1", 880 - 594, 520),
                                  ("0.001", 0, 20), ("99.9%", RUNS - 20, RUNS)):
            suite.bake("code", "shot", "chance", chance)
            suite.case(f"{p.name}-packets-{chance}", p.data, ctx=ctx, sample=(RUNS, SHOT, low, high, PIPE))
            suite.bake("code", "shot", "chance", chance, "by", "flow")
            suite.case(f"{p.name}-flows-{chance}", p.data, ctx=ctx, sample=(RUNS, SHOT, low, high, PIPE, port))
