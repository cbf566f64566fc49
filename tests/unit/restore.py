# SPDX-License-Identifier: GPL-2.0-only
"""restore: what a packet gets that belongs to a flow of the other direction. See learn.py."""
from common import *
from learn import (AHEAD, LONG, MARK, PRIORITY, SETS, TICKS, TIMEOUT, UPTIME, WAYS, after, begin, buckets, hashed,
                   icmp_packets, known, needed, place, short_packets, table)


def set_dscp(ip, value):
    def edit(new):
        if family(ip) == 4:
            new.tos = value << 2 | new.tos & 3
        else:
            new.tc = value << 2 | new.tc & 3
    return change(ip, edit)


def back4(*rest, **fields):
    """A packet to the host from which v4() comes."""
    return v4(*rest, **fields, src=v4(UDP()).dst, dst=v4(UDP()).src)


def back6(*rest, **fields):
    return v6(*rest, **fields, src=v6(UDP()).dst, dst=v6(UDP()).src)


def errors():
    """name, ICMP error, the packet inside it as learn saw it, in a list if it is of another host, or the reason"""
    for make, wrap in ((v4, lambda inside, kind=3: back4(ICMP(type=kind) / Raw(inside))),
                       (v6, lambda inside, kind=3: back6(Raw(bytes([kind, 0, 0, 0, 0, 0, 4, 0]) + inside), nh=58))):
        six = make is v6
        udp, syn = make(UDP(sport=4000, dport=53) / Raw(PAYLOAD)), make(tcp(SYN))
        # not to who sent the packet inside, but to a host that differs in the last bit, or the first one
        for name, to in (("last", {v4: "192.0.2.0", v6: "2001:db8::"}), ("first", {v4: "64.0.2.1", v6: "a001:db8::1"}),
                         ("upper", {v4: "192.1.2.1", v6: "2001:db8:0:1::1"})):
            error = wrap(bytes(udp))
            assert to[make] != error.dst
            yield f"other-host-{name}", change(error, lambda new, to=to[make]: setattr(new, "dst", to)), [bytes(udp)]
        echo = make(ICMP(id=0x4321) / Raw(PAYLOAD)) if not six else make(ICMPv6EchoRequest(id=0x4321, data=PAYLOAD))
        size = 40 if six else 20
        for name, inner in (("udp", udp), ("tcp", syn), ("echo", echo), ("other", make(Raw(PAYLOAD), **{"nh" if six else "proto": 253}))):
            inside = bytes(inner)
            for n in (len(inside), size + 8):
                yield f"{name}-{n}", wrap(inside[:n]), inside
            if name != "other":
                yield f"{name}-no-ports", wrap(inside[:size + (7 if name == "echo" else 3)]), "truncated"
        yield "header-cut", wrap(bytes(syn)[:size - 1]), "truncated"
        yield "nothing", wrap(b""), "truncated"
        yield "version", wrap(b"\x75" + bytes(syn)[1:]), "malformed"
        yield "in-error", wrap(bytes(wrap(bytes(syn)))), "no-flow"
        for kind in ((4, 11, 12) if not six else (0, 1, 2, 4, 127)):
            yield f"kind-{kind}", wrap(bytes(udp), kind), bytes(udp)
        for kind in ((5, 9, 13) if not six else (130, 133, 137, 255)):
            yield f"kind-{kind}", wrap(bytes(udp), kind), "no-flow"
    inside = bytes(v4(tcp(SYN), options=router_alert4(12)))
    yield "options", back4(ICMP(type=3) / Raw(inside)), inside
    yield "ihl-4", back4(ICMP(type=3) / Raw(b"\x44" + bytes(v4(tcp(SYN)))[1:])), "malformed"
    yield "later", back4(ICMP(type=11, code=1) / Raw(bytes(v4(Raw(PAYLOAD), proto=17, frag=100)))), "fragment"
    inside = bytes(v6(tcp(SYN), hbh(), dst()))
    yield "extensions", back6(Raw(b"\1" + bytes(7) + inside), nh=58), inside
    yield "extensions-cut", back6(Raw(b"\1" + bytes(7) + inside[:50]), nh=58), "truncated"
    yield "later", back6(Raw(b"\3\1" + bytes(6) + bytes(v6(Raw(PAYLOAD), IPv6ExtHdrFragment(nh=17, offset=9)))), nh=58), "fragment"


def vectors(suite):
    value = 0x21

    def restored(p, h, label="", settings=(), what=None, new=None, way=3, **more):
        begin(suite, p, *settings)
        entry = table(suite, h, way, known(value) if what is None else what)
        suite.packet(p, new or set_dscp(p.ip, value), f"{p.name}{label}", need=needed(p), mapout=after(h, entry),
                     **{"ctx": {"mark": MARK, "priority": PRIORITY}, **more})

    def alone(p, why, label="-alone", **more):
        begin(suite, p)
        suite.packet(p, None if p.why_l4 else p.ip, f"{p.name}{label}", ctx={"mark": 5}, count={why: 1}, need=needed(p)
                     if not p.why_l4 else p.need, **more)

    packets = []
    for p in corpus():
        if p.why_l4:
            alone(p, p.why_l4)
        elif "icmp-error" not in p.name:
            restored(p, hashed(p.wire, back=True))
            if p.link == "auto" and not p.ctx and len(p.data) < 400:
                packets.append(p)
    for p, echo in icmp_packets():
        if echo:
            restored(p, hashed(p.wire, back=True))
    for p, whole in short_packets():
        if whole:
            restored(p, hashed(p.wire, back=True))
        else:
            alone(p, "truncated")
    for name, ip, inside in errors():
        p = Packet(f"v{family(ip)}-error-{name}", front_of(ip), ip)
        if isinstance(inside, str):
            alone(p, inside)
            # what follows is padding
            alone(Packet(p.name, front_of(ip), ip, b"\0" * 20), inside, "-padded")
        elif isinstance(inside, list):      # the flow is known, but it is not that of this host
            h = hashed(*inside)
            begin(suite, p)
            entry = table(suite, h, 3, known(value))
            suite.packet(p, p.ip, p.name, mapout=after(h, entry), count={"no-flow": 1})
        else:
            h = hashed(inside)
            restored(p, h)
            begin(suite, p)
            entry = table(suite, h, None, None)
            suite.packet(p, p.ip, f"{p.name}-unknown", mapout=after(h, entry), count={"no-flow": 1})

    for p in packets[::3]:
        h = hashed(p.wire, back=True)
        for way in (0, 7):
            restored(p, h, f"-way-{way}", way=way)
        zoned = hashed(p.wire, back=True, zone=0x1234)
        restored(p, zoned, "-zone", ("zone", 0x1234))
        for field, was in (("mark", MARK), ("priority", PRIORITY)):
            h = hashed(p.wire, back=True, field=field)
            for mask in (0xffffffff, 0xff00, 0x80000001, 0):
                settings = ("field", field, *(("mask", mask) if mask != 0xffffffff else ()))
                restored(p, h, f"-{field}-{mask:x}", settings, known(0xcafe1234), p.ip,
                         ctxout={field: was & ~mask | 0xcafe1234 & mask})

    # two CPUs have learned a flow at the same time: both learn and restore use the first place
    for p in packets[::9]:
        for first, second in ((0, 7), (2, 3), (6, 7)):
            begin(suite, p)
            h = hashed(p.wire, back=True)
            hashes, fulls, whats = table(suite, h, first, known(value))
            hashes[second], whats[second] = h, known(0x11)
            suite.map("bucket_sets", place(h), buckets(hashes, fulls, whats))
            suite.packet(p, set_dscp(p.ip, value), f"{p.name}-twice-{first}-{second}", mapout=after(h, (hashes, fulls, whats)))
    for p in packets[::9]:
        # a flow of the same direction, of another zone or field, one that is forgotten, and none
        for name, h, full in (("same-way", hashed(p.wire), AHEAD), ("zone", hashed(p.wire, back=True, zone=1), AHEAD),
                              ("field", hashed(p.wire, back=True, field="mark"), AHEAD),
                              ("forgotten", hashed(p.wire, back=True), 1)):
            if name == "same-way" and h == hashed(p.wire, back=True):
                continue
            begin(suite, p)
            own = hashed(p.wire, back=True)
            table(suite, own, None, None)
            entry = table(suite, h, 2, known(value), full)
            suite.packet(p, p.ip, f"{p.name}-not-{name}", count={"no-flow": 1}, mapout=after(h, entry))
        # what is forgotten soon is seen again
        for way in range(WAYS):
            begin(suite, p)
            h = hashed(p.wire, back=True)
            entry = table(suite, h, way, known(value, LONG), full=LONG * (TICKS << 20) - 1)
            late = 9 * LONG * (TICKS << 20) // 8
            entry[1][way] = f"{late}..{late + UPTIME}"
            suite.packet(p, set_dscp(p.ip, value), f"{p.name}-soon-{way}", mapout=after(h, entry))
    # nothing was ever learned: no seed
    for p in packets[::9]:
        suite.bake("flows", SETS * WAYS, "zone", 5)
        suite.map("bucket_sets", "u32:0", buckets([0] * WAYS, [0] * WAYS))
        suite.packet(p, p.ip, f"{p.name}-nothing", count={"no-flow": 1})
