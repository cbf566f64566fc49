# SPDX-License-Identifier: GPL-2.0-only
"""dscp: the codepoint of each packet of the corpus, and each value."""
from common import *

NAMES = dict(cs0=0, cs1=8, cs2=16, cs3=24, cs4=32, cs5=40, cs6=48, cs7=56, df=0, be=0, le=1, af11=10,
             af12=12, af13=14, af21=18, af22=20, af23=22, af31=26, af32=28, af33=30, af41=34,
             af42=36, af43=38, ef=46, va=44, nqb=45)       # RFC 2474, 2597, 3246, 3662, 5865, 8622, 9956


def set_dscp(ip, value):
    def edit(new):
        if family(ip) == 4:
            new.tos = value << 2 | ip.tos & 3
        else:
            new.tc = value << 2 | ip.tc & 3
    return change(ip, edit)


def vectors(suite):
    for p in corpus():
        suite.bake("value", 26, *(("link", p.link) if p.link != "auto" else ()))
        if p.why:
            suite.packet(p, count={p.why: 1})
        else:
            suite.packet(p, set_dscp(p.ip, 26), ctx={"mark": 5, "priority": 7, "cb2": 9})

    suite.bake()                # as built: from the mark
    for p in (Packet("v4", front_of(v4(tcp(SYN))), v4(tcp(SYN))),
              Packet("v6", front_of(v6(tcp(SYN))), v6(tcp(SYN)))):
        for mark in (*range(64), 64, 0xffffffff, 0x80000015, 0x100):
            suite.packet(p, set_dscp(p.ip, mark & 63), f"{p.name}-mark-{mark:#x}", ctx={"mark": mark})

    for value in (*NAMES, 0, 1, 31, 63, "0x2e", "mark"):
        suite.bake("value", value)
        number = 33 if value == "mark" else NAMES.get(value, value)
        number = int(str(number), 0)
        for make in (v4, v6):
            for tos in (0, 3, 0xfc, 0xff, 0x55):
                ip = make(UDP(sport=9) / Raw(PAYLOAD), **{"tos" if make is v4 else "tc": tos})
                suite.packet(Packet(f"v{family(ip)}-value-{value}-on-{tos:02x}", front_of(ip), ip),
                             set_dscp(ip, number), ctx={"mark": 33})

    # every DSCP and ECN in; only the ECN may come out unchanged
    suite.bake("value", "ef")
    for tos in range(0, 256, 5):
        for ip in (v4(UDP(), tos=tos), v6(UDP(), tc=tos, fl=0xfffff)):
            suite.packet(Packet(f"v{family(ip)}-from-{tos:02x}", front_of(ip), ip), set_dscp(ip, 46))
        for target in critical(tos, 46 << 2 | tos & 3) if not tos % 3 else ():
            ip = summing_to(v4(UDP(), tos=tos), target)
            suite.packet(Packet(f"v4-from-{tos:02x}-sum-{target:04x}", front_of(ip), ip), set_dscp(ip, 46))
