# SPDX-License-Identifier: GPL-2.0-only
"""learn: which place of the table gets what. As in police.py, times are so far AHEAD that those of a test make no
difference; where learn sets one anew, it is in a range.
"""
from common import *
from police import AHEAD, SEED, TICKS, WAYS, buckets, mixed, others

SETS = 17                                   # the first one has the seed: include/tcact/flow.h
FIELDS = {"dscp": 0, "mark": 1, "priority": 2}
TIMEOUT = 120 * 10 ** 9 >> 20               # in the units that the table has
LONG = 30 * 86400 * 10 ** 9 >> 20
MARK, PRIORITY = 0xdeadbeef, 0x12340007
UPTIME = 10 ** 15 * TICKS                   # no machine runs for longer


def addresses(data):
    return (data[12:16], data[16:20]) if data[0] >> 4 == 4 else (data[8:24], data[24:40])


def hashed(data, ports=None, back=False, field="dscp", zone=0):
    """The hash of the IP packet's flow, also if it is a reply."""
    one, two = addresses(data)[::-1 if back else 1]
    proto, at, _ = transport(data)
    if ports is None:
        ports = data[at:at + 4] if proto in (6, 17, 33, 132, 136) else \
            data[at + 4:at + 6] * 2 if proto in (1, 58) else bytes(4)
    if back:
        ports = ports[2:] + ports[:2]
    words = [one + two] if len(one) == 4 else [one[:8], one[8:], two[:8], two[8:]]
    h = 0
    for word in words:
        h = mixed(h ^ int.from_bytes(word, "big"))
    return mixed(h ^ (zone << 48 | FIELDS[field] << 40 | proto << 32 | int.from_bytes(ports, "big")))


def place(h):
    return f"u32:{1 + ((h >> 32) * (SETS - 1) >> 32)}"


def known(value, timeout=TIMEOUT):
    return timeout << 32 | value


def begin(suite, p, *settings):
    settings = (*settings, "flows", SETS * WAYS, *(("link", p.link) if p.link != "auto" else ()))
    if suite.bake(*settings):
        suite.map("bucket_sets", "u32:0", buckets([SEED] + [0] * 7, [0] * WAYS))


def table(suite, h, way, what, full=AHEAD, other=AHEAD):
    """The flow is at this place, if any; returns its set."""
    hashes, fulls, whats = others(h), [other] * WAYS, [known(n, 9) for n in range(WAYS)]
    if way is not None:
        hashes[way], fulls[way], whats[way] = h, full, what
    suite.map("bucket_sets", place(h), buckets(hashes, fulls, whats))
    return hashes, fulls, whats


def after(h, entry):
    return [("bucket_sets", place(h), buckets(*entry))]


def codepoint(ip):
    return (ip.tos if family(ip) == 4 else ip.tc) >> 2


def needed(p):
    """A part of a GSO packet is one, and is seen with its ports."""
    return 14 + (20 if family(p.ip) == 4 else 40) + 4 if "gso_size" in p.ctx else p.need


def icmp_packets():
    """name, packet, is it an echo?"""
    for name, ip in (("v4-reply", v4(ICMP(type=0, id=0x1234, seq=9) / Raw(PAYLOAD))),
                     ("v6-reply", v6(Raw(b"\x81\0\0\0\x12\x34\0\x09" + PAYLOAD), nh=58))):
        yield Packet(name, front_of(ip), ip), True
    for kind in (3, 4, 5, 9, 11, 12, 13, 14):
        ip = v4(ICMP(type=kind) / Raw(bytes(v4(tcp(SYN)))))
        yield Packet(f"v4-icmp-{kind}", front_of(ip), ip), False
    for kind in (1, 2, 3, 4, 127, 130, 133, 135, 136, 137):
        ip = v6(Raw(bytes([kind]) + bytes(7) + bytes(v6(tcp(SYN)))), nh=58)
        yield Packet(f"v6-icmp-{kind}", front_of(ip), ip), False


def short_packets():
    """What ends before its ports, or its identifier, by the length in the IP header."""
    for n in range(9):
        for proto in (6, 17, 33, 132, 136, 1, 58):
            for make, field in ((v4, "proto"), (v6, "nh")):
                least = 8 if proto in (1, 58) and (proto == 1) == (make is v4) else 0 if proto in (1, 58) else 4
                echo = (b"\x08" if proto == 1 else b"\x80") + bytes(7)
                ip = make(Raw(echo[:n]) if n else None, **{field: proto})
                yield Packet(f"v{family(ip)}-short-{proto}-{n}", front_of(ip), ip, b"\0" * 20), n >= least


def vectors(suite):
    def learned(p, label="", field="dscp", value=None, way=3, old=None, settings=(), zone=0, timeout=TIMEOUT):
        """A place that has something else about the flow gets this."""
        begin(suite, p, *(("field", field) if field != "dscp" else ()), *settings)
        h = hashed(p.wire, field=field, zone=zone)
        entry = table(suite, h, way, known(0x7f, 9) if old is None else old)
        entry[2][way] = known(codepoint(p.ip) if value is None else value, timeout)
        suite.packet(p, p.ip, f"{p.name}{label}", ctx={"mark": MARK, "priority": PRIORITY}, need=needed(p),
                     mapout=after(h, entry))

    for p in corpus():
        if p.why_l4 or "icmp-error" in p.name:
            begin(suite, p)
            suite.packet(p, name=f"{p.name}-alone", ctx={"mark": 5}, need=p.need_l4 if not p.why else p.need,
                         count={p.why_l4 or "no-flow": 1})
        else:
            learned(p)
    packets = [p for p in corpus() if not p.why_l4 and p.link == "auto" and not p.ctx and len(p.data) < 400
               and "icmp-error" not in p.name]
    for p in packets[::3]:
        learned(p, "-mark", "mark", MARK)
        learned(p, "-priority", "priority", PRIORITY, way=0)
        learned(p, "-zone", zone=0xffff, settings=("zone", 0xffff), way=7)
        learned(p, "-long", timeout=LONG, settings=("timeout", "2592000s"))
        learned(p, "-same", old=known(codepoint(p.ip)))
    for p, echo in icmp_packets():
        if echo:
            learned(p)
        else:
            begin(suite, p)
            suite.packet(p, p.ip, f"{p.name}-alone", count={"no-flow": 1})
    for p, whole in short_packets():
        if whole:
            learned(p)
        else:
            begin(suite, p)
            suite.packet(p, p.ip, f"{p.name}-alone", count={"truncated": 1})

    # who gets which place
    for make in (v4, v6):
        ip = make(UDP(sport=9, dport=4000) / Raw(PAYLOAD))
        p = Packet(f"v{family(ip)}", front_of(ip), ip)
        h = hashed(p.wire)
        soon = 9 * TIMEOUT * (TICKS << 20) // 8
        for way in range(WAYS):
            # an unused place, and one whose flow is forgotten
            for name, old in (("unused", 0), ("forgotten", h ^ 0x55)):
                begin(suite, p)
                entry = table(suite, h, way, known(1, 9), full=1 if old else 0)
                entry[0][way] = old
                suite.map("bucket_sets", place(h), buckets(*entry))
                entry[0][way], entry[1][way], entry[2][way] = h, f"{soon}..{soon + UPTIME}", known(codepoint(ip))
                suite.packet(p, ip, f"{p.name}-{name}-{way}", mapout=after(h, entry))
            # known, but forgotten soon
            begin(suite, p, "timeout", "2592000s")
            entry = table(suite, h, way, known(1, 9), full=LONG * (TICKS << 20) - 1)
            late = 9 * LONG * (TICKS << 20) // 8
            entry[1][way], entry[2][way] = f"{late}..{late + UPTIME}", known(codepoint(ip), LONG)
            suite.packet(p, ip, f"{p.name}-soon-{way}", mapout=after(h, entry))
        # none
        begin(suite, p)
        entry = table(suite, h, None, None)
        suite.packet(p, ip, f"{p.name}-full", mapout=after(h, entry), count={"full": 1})
        # the first packet chooses the seed
        suite.bake("flows", SETS * WAYS, "timeout", "1s")
        suite.map("bucket_sets", "u32:0", buckets([0] * WAYS, [0] * WAYS))
        suite.packet(p, ip, f"{p.name}-first",
                     mapout=[("bucket_sets", "u32:0", buckets([f"1..{(1 << 64) - 1}"] + [0] * 7, [0] * WAYS))])
