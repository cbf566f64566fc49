# SPDX-License-Identifier: GPL-2.0-only
"""match: every operator at its boundaries, in 32 and 64 bits, on every source that TEST_RUN shows."""
from common import *
from meta import ABSENT, CTX, WHOLE, header

MAX32, MAX64 = (1 << 32) - 1, (1 << 64) - 1
EDGES = (0, 1, 2, 0x7f, 0x80, 0xff, 0x100, 0x7fffffff, 0x80000000, MAX32 - 1, MAX32)
EDGES64 = (1 << 32, (1 << 32) + 1, (1 << 63) - 1, 1 << 63, (1 << 63) + 1, MAX64 - 1, MAX64)
OPS = {"eq": lambda x, value, to: x == value,
       "ne": lambda x, value, to: x != value,
       "lt": lambda x, value, to: x < value,
       "gt": lambda x, value, to: x > value,
       "in": lambda x, value, to: value <= x <= to,
       "mask": lambda x, value, to: x & (to or value) == value}


def vectors(suite):
    def check(label, data, x, field, op="eq", value=0, to=None, ctx=CTX, **more):
        """`x`: what the packet has"""
        if to is not None:
            suite.bake("field", field, "op", op, "value", value, "to", to)
        else:
            suite.bake("field", field, "op", op, "value", value)
        number = WORDS.get(value, value)
        hit = OPS[op](x, number, WORDS.get(to, to) or 0)
        suite.case(f"{field}-{op}-{value}{'' if to is None else f'-to-{to}'}-{label}", data,
                   CONTROL if hit else MISS, ctx=ctx, **more)

    syn4, syn6 = v4(tcp(SYN)), v6(tcp(SYN))
    frames = {"v4": front_of(syn4) + bytes(syn4), "v6": front_of(syn6) + bytes(syn6),
              "arp": next(p.data for p in corpus() if p.name == "arp"), "short": ether(0x88b5) + b"\0"}
    v4_frame = frames["v4"]

    # as built: mark 0
    for name, data in frames.items():
        suite.bake()
        suite.case(f"{name}-untouched", data, CONTROL, ctx={"priority": 7})
        suite.case(f"{name}-untouched-marked", data, MISS, ctx={"mark": 0x80000000})

    # every operator at its boundaries and next to them: unsigned, with 64 bits if the source has 64
    for field, xs in (("mark", EDGES), ("tstamp", (0, 1, MAX32, *EDGES64))):
        for value in xs if field == "mark" else (0, MAX32, 1 << 32, 1 << 63, MAX64):
            for op in ("eq", "ne", "lt", "gt", "mask"):
                for x in xs:
                    check(f"{x:x}", v4_frame, x, field, op, value, ctx={field: x})
    # a value with more than 32 bits, whose lower 32 bits are equal
    for op in ("eq", "ne", "lt", "gt", "mask"):
        for x in (0, 5, MAX32):
            check(f"{x:x}", v4_frame, x, "mark", op, (1 << 32) + 5, ctx={"mark": x})
    ranges = ((0, 0), (5, 5), (5, 9), (0, MAX32), (0x7fffffff, 0x80000000), (MAX32, MAX64), (MAX32, 1 << 32),
              (1 << 63, MAX64), ((1 << 63) - 1, 1 << 63), (0, MAX64), (MAX64, MAX64))
    for low, high in ranges:
        around = {y for x in (low, high) for y in (x - 1, x, x + 1) if 0 <= y <= MAX64} | {0, MAX64}
        for x in sorted(around):
            check(f"{x:x}", v4_frame, x, "tstamp", "in", low, high, ctx={"tstamp": x})
            if x <= MAX32:
                check(f"{x:x}", v4_frame, x, "mark", "in", low, high, ctx={"mark": x})
    for value, to in ((0, 0), (0, 0xff), (1, 1), (0x12, 0xff), (0x1200, 0xff00), (5, 7), (MAX32, 0), (1 << 31, 0),
                      (1 << 31, 3 << 30), (1 << 63, 1 << 63), (1 << 32, MAX64), (0, MAX64), (0, 1 << 63)):
        for x in (0, 1, 2, 4, 5, 7, 0x12, 0x112, 0x1200, 0x1234, 1 << 31, 3 << 30, MAX32, 1 << 32, 1 << 63, MAX64):
            check(f"{x:x}", v4_frame, x, "tstamp", "mask", value, to, ctx={"tstamp": x})
            if x <= MAX32:
                check(f"{x:x}", v4_frame, x, "mark", "mask", value, to, ctx={"mark": x})

    # the sources: a hit for the right value, a miss for the values next to it
    sources = {**CTX, "queue_mapping": 0, "vlan_present": 0, "vlan_tci": 0, "vlan_proto": 0, "ifindex": 1,
               "ingress_ifindex": 0, "tc_index": 0, "tc_classid": 0, "napi_id": 0, "classid": 0, "realm": 0,
               "socket_classid": 0, "stored_hash": 0, "mtu": 65536, "sk_type": 0, "sk_protocol": 0, "sk_mark": 0,
               "sk_priority": 0, "sk_ifindex": 0, "sk_state": 7, "sk_local_port": 0, "sk_remote_port": 0}
    for field, x in sources.items():
        for name, data in frames.items():
            check(name, data, x, field, "eq", x)
            check(name, data, x, field, "eq", x + 1)
            check(name, data, x, field, "lt", x + 1)
            check(name, data, x, field, "lt", x)
    for name, data in frames.items():
        # only the full length is equal, not those of the cut packets
        for op in ("ne", "gt"):
            check(name, data, len(data), "len", op, 0xffff, ctx={})
        check(name, data, len(data), "len", "in", 14, 0xffff, ctx={})
        proto = struct.unpack_from("!H", data, 12)[0]
        check(name, data, proto, "protocol", "eq", proto)
        check(name, data, proto, "protocol", "eq", {0x0800: "ip", 0x86dd: "ipv6", 0x0806: "arp"}.get(proto, 0))
        for field in ("hash", "socket_cookie", "netns_cookie", "linear_len"):
            check(name, data, 1 << 31, field, "gt", 0)
            check(name, data, 1 << 31, field, "eq", 0)
    for level, verdict in ((0, MISS), (255, CONTROL)):
        suite.bake("field", "ancestor_cgroup", "level", level)
        suite.case(f"ancestor_cgroup-level-{level}", v4_frame, verdict, ctx=CTX)
    for mac, kind, word in (("000000000000", 0, "host"), ("01005e000001", 2, "multicast"),
                            ("020000000001", 3, "otherhost")):
        for value in (word, "outgoing"):
            check(mac, bytes.fromhex(mac) + v4_frame[6:], kind, "pkt_type", "eq", value)

    # a source that the packet does not have is a miss for every operator, and counted
    for field in ABSENT:
        for op in OPS:
            suite.bake("field", field, "op", op)
            for name, data in frames.items():
                suite.case(f"{name}-{field}-{op}-absent", data, MISS, ctx=CTX, count={"absent": 1})

    # hits, misses or neither are counted, and packets that cannot be compared
    for count, counted in (("off", None), ("hits", CONTROL), ("misses", MISS)):
        suite.bake("field", "mark", "value", 5, "count", count)
        for mark, verdict in ((5, CONTROL), (6, MISS)):
            suite.case(f"count-{count}-{mark}", v4_frame, verdict, ctx={"mark": mark},
                       count={"hit" if verdict == CONTROL else "miss": 1} if verdict == counted else None)
        suite.bake("field", "xfrm_spi", "count", count)
        suite.case(f"count-{count}-absent", v4_frame, MISS, ctx=CTX, count={"absent": 1})

    # the IP header, for the whole corpus: a hit for its value, a miss for another
    for p in corpus():
        for field in ("dscp", "ecn", "ttl", "flow_label"):
            x = None if p.why else header(p.ip, field)
            for op, value in (("eq", header(v4(None) if field != "flow_label" else v6(None), field)), ("ne", 3)):
                suite.bake("field", field, "op", op, "value", value, *(("link", p.link) if p.link != "auto" else ()))
                why = p.why or ("not-ip" if x is None else None)
                suite.packet(p, name=f"{p.name}-{field}-{op}-{value}", ctx=WHOLE,
                             verdict=CONTROL if not why and OPS[op](x, value, 0) else MISS,
                             count={why: 1} if why else None)
    for dscp in range(64):
        for make in (v4, v6):
            ip = make(UDP(), **{"tos" if make is v4 else "tc": dscp << 2 | 1})
            for op, value, to in (("eq", "ef", None), ("in", "af11", "af43"), ("mask", "cs5", "cs7")):
                check(f"v{family(ip)}-dscp-{dscp}", front_of(ip) + bytes(ip), dscp, "dscp", op, value, to,
                      need=len(bytes(ip)) + 14, ctx=WHOLE)
    for ecn in range(4):
        ip = v4(UDP(), tos=ecn)
        for value in ("not-ect", "ect0", "ect1", "ce"):
            check(f"ecn-{ecn}", front_of(ip) + bytes(ip), ecn, "ecn", "eq", value, need=len(bytes(ip)) + 14, ctx=WHOLE)


WORDS = {"ef": 46, "af11": 10, "af43": 38, "cs5": 40, "cs7": 56, "not-ect": 0, "ect1": 1, "ect0": 2, "ce": 3,
         "host": 0, "broadcast": 1, "multicast": 2, "otherhost": 3, "outgoing": 4,
         "ip": 0x0800, "ipv6": 0x86dd, "arp": 0x0806}
