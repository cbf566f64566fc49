# SPDX-License-Identifier: GPL-2.0-only
"""edit: each part alone is the action of that name; all are those actions in a row."""
from common import *
from df import set_df
from dscp import set_dscp
from ecn import set_ecn
from flowlabel import set_label
from meta import dscp_of
from mss import clamped
from ttl import new_ttl, set_ttl

CTX = {"mark": 5, "priority": 7, "cb2": 9}


def vectors(suite):
    def bake(p, *settings):
        suite.bake(*settings, *(("link", p.link) if p.link != "auto" else ()))

    for p in corpus():
        if p.need_l4 > p.need:  # cut off for some parts only: the vectors of these actions have it
            continue
        alone, l4 = p.why, p.why_l4
        suite.bake()
        suite.case(p.name + "-untouched", p.data, ctx=CTX)

        for label, settings, work in (
                ("dscp", ("dscp.value", "ef"), lambda ip: set_dscp(ip, 46)),
                ("dscp-mark", ("dscp.value", "mark"), lambda ip: set_dscp(ip, 5)),
                ("ttl", ("ttl.dec", 3), lambda ip: set_ttl(ip, 58)),
                ("ecn", ("ecn.set", "not-ect", "ecn.only", "any"), lambda ip: set_ecn(ip, "not-ect", "any")),
                ("df", ("df.flag", "clear"), lambda ip: set_df(ip, False)),
                ("flowlabel", ("flowlabel.value", 77), lambda ip: set_label(ip, 77)),
                ("ttl-dscp", ("ttl.set", 9, "dscp.value", 1), lambda ip: set_dscp(set_ttl(ip, 9), 1)),
                ("ecn-dscp", ("ecn.set", "ect0", "ecn.only", "any", "dscp.value", 1),
                 lambda ip: set_dscp(set_ecn(ip, "ect0", "any"), 1)),
                ("all-less-mss", ("ttl.dec", 1, "ecn.set", "ect0", "ecn.only", "any", "dscp.value", 9,
                                  "flowlabel.value", 5, "df.flag", "clear"),
                 lambda ip: set_df(set_label(set_dscp(set_ecn(set_ttl(ip, 60), "ect0", "any"), 9), 5), False))):
            bake(p, *settings)
            parts = len({name.partition(".")[0] for name in settings[::2]})     # each of them counts
            suite.packet(p, None if alone else work(p.ip), f"{p.name}-{label}", ctx=CTX,
                         count={alone: parts} if alone else None, cut_count=parts)
        bake(p, "mss.max", 900)
        suite.packet(p, None if l4 else clamped(p.ip, 900), f"{p.name}-mss", ctx=CTX, count={l4: 1} if l4 else None)
        suite.bake("meta.set", "mark", "meta.value", 77)
        suite.case(p.name + "-meta-value", p.data, ctx=CTX, ctxout={"mark": 77})
        bake(p, "meta.set", "priority", "meta.from", "dscp")
        suite.packet(p, p.ip, f"{p.name}-meta", ctx=CTX, ctxout=None if alone else {"priority": dscp_of(p.ip)},
                     count={alone: 1} if alone else None)

        # df and mss count their own reasons; neither stops the other
        bake(p, "df.flag", "set", "mss.max", 900)
        if alone:
            suite.packet(p, name=p.name + "-df-mss", ctx=CTX, count={alone: 2}, cut_count=2)
        else:
            marked = set_df(p.ip, True)
            new = p.ip if marked is None else marked
            counts = [why for why in ("fragment" if marked is None else None, l4) if why]
            suite.packet(p, new if l4 else clamped(new, 900), p.name + "-df-mss", ctx=CTX,
                         count={why: counts.count(why) for why in counts}, cut_count=2)
        # meta2 reads what meta wrote
        suite.bake("meta.set", "mark", "meta.from", "priority", "meta.shift", 4, "meta2.set", "cb0", "meta2.from", "mark")
        suite.case(p.name + "-meta2", p.data, ctx=CTX, ctxout={"mark": 0x75, "cb0": 0x75})

        # all parts in order: meta sees the original packet, the others see what meta wrote; mss counts
        # its own reasons, and stops no other part
        bake(p, "meta.set", "mark", "meta.from", "ttl", "dscp.value", "mark", "ttl.set", 200, "mss.max", 900)
        if alone:
            suite.packet(p, name=p.name + "-all", ctx=CTX, count={alone: 4}, cut_count=4)
        else:
            new = set_dscp(set_ttl(p.ip, 200), 61)
            suite.packet(p, new if l4 else clamped(new, 900), p.name + "-all", ctx=CTX, ctxout={"mark": 61},
                         count={l4: 1} if l4 else None, cut_count=4)
        # a constant is written to every packet
        bake(p, "meta.set", "mark", "meta.value", 46, "dscp.value", "mark", "mss.max", 1200)
        if alone:
            suite.packet(p, name=p.name + "-constant", ctx=CTX, count={alone: 2}, cut_count=2, ctxout={"mark": 46},
                         cutctx={"mark": 46})
        else:
            new = set_dscp(p.ip, 46)
            suite.packet(p, new if l4 else clamped(new, 1200), p.name + "-constant", ctx=CTX, ctxout={"mark": 46},
                         count={l4: 1} if l4 else None, cut_count=2, cutctx={"mark": 46})

    # the sum of these differences has more than one carry
    suite.bake("dscp.value", 8, "flowlabel.value", "0x1feff", "ttl.dec", 1)
    for hlim in range(2, 256):
        ip = v6(UDP(sport=9) / Raw(PAYLOAD), tc=0, fl=0, hlim=hlim)
        suite.packet(Packet(f"v6-carries-{hlim}", front_of(ip), ip), set_dscp(set_label(set_ttl(ip, hlim - 1), 0x1feff), 8),
                     cut_count=3)

    # a packet that expires gets its verdict, and no part changes its header; after unspec and pipe, the parts
    # after ttl still run, as the next actions of a chain would
    for word, verdict in {None: SHOT, "unspec": -1, "ok": 0, "reclassify": 1, "shot": 2, "pipe": 3, "redirect": 7}.items():
        expired = ("ttl.expired", word) if word else ()
        for make in (v4, v6):
            ip = make(tcp(SYN), **{"ttl" if make is v4 else "hlim": 1})
            p = Packet(f"v{family(ip)}-expired-{word}", front_of(ip), ip)
            suite.bake(*(expired or ("ttl.dec", 1)))
            suite.packet(p, ip, verdict=verdict, ctx=CTX, count={"expired": 1})
            suite.bake("ttl.dec", 1, *expired, "meta.set", "mark", "meta.value", 9, "dscp.value", "cs1", "mss.max", 700)
            on = word in ("unspec", "pipe")
            suite.packet(p, clamped(set_dscp(ip, 8), 700) if on else ip, p.name + "-all", CONTROL if on else verdict,
                         ctx=CTX, ctxout={"mark": 9}, cutctx={"mark": 9}, cut_count=3, count={"expired": 1})
            alive = set_ttl(ip, 2)
            suite.packet(Packet(p.name + "-not", p.front, alive), clamped(set_dscp(set_ttl(alive, 1), 8), 700), ctx=CTX,
                         ctxout={"mark": 9}, cutctx={"mark": 9}, cut_count=3)
    # a packet that no router forwards keeps its TTL; the other parts change it
    for settings, dscp in ((("ttl.dec", 1), None), (("ttl.set", 9), None), (("ttl.inc", 9), None),
                           (("ttl.dec", 1, "dscp.value", 8), 8), (("ttl.dec", 2, "dscp.value", 8), 8),
                           (("ttl.dec", 1, "dscp.value", 8, "ecn.set", "ce", "ecn.only", "ce"), 8)):
        suite.bake(*settings)
        label = "-".join(map(str, settings))
        for name, ip in (("ospf", v4(Raw(bytes(44)), proto=89, dst="224.0.0.5", ttl=1)),
                         ("near", v4(Raw(bytes(44)), proto=89, dst="224.0.9.5", ttl=61)),
                         ("mld", v6(Raw(b"\x8f" + bytes(27)), hbh(), nh=0, dst="ff02::16", hlim=1)),
                         ("ping", v6(ICMPv6EchoRequest(data=PAYLOAD), hlim=61)),
                         ("nd", v6(Raw(b"\x87" + bytes(23)), nh=58, hlim=255))):
            p = Packet(f"v{family(ip)}-link-{name}-{label}", front_of(ip), ip)
            new = ip if dscp is None else set_dscp(ip, dscp)
            if name in ("near", "ping"):
                new = set_ttl(new, new_ttl(61, **{settings[0][4:]: settings[1]}))
            suite.packet(p, new, cut_count=len({name.split(".")[0] for name in settings[::2]}))

    # the MTU of lo, or the given one
    for settings, mtu in ((("mss.max", "mtu"), 1300), (("mss.mtu", "1300"), 65536)):
        suite.bake(*settings, "dscp.value", 0)
        for ip in (v4(tcp(SYN)), v6(tcp(SYN))):
            suite.packet(Packet(f"v{family(ip)}-" + "-".join(settings), front_of(ip), ip),
                         clamped(set_dscp(ip, 0), 1300 - (40 if family(ip) == 4 else 60)), mtu=mtu,
                         cut_count=2)
