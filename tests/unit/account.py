# SPDX-License-Identifier: GPL-2.0-only
"""account: which bucket counts a packet, and how much. Each CPU has buckets of its own; before each case all CPUs
have the same, and afterwards one of them has what is expected.
"""
from common import *
from police import M, SEED, cut, mixed

WAYS, SETS = 8, 16              # the first set is for all others
IPV4 = OTHER = M
NUMBER = 1
EMPTY = [(0, 0)] * WAYS


def bits(ip, side):
    at, size = (12, 4) if family(ip) == 4 else (8, 16)
    return int.from_bytes(bytes(ip)[at + size * side:at + size * (side + 1)], "big")


def key_of(p, per, prefix4=32, prefix6=128):
    """The key of the packet, or the reason why it has none."""
    if per == "mark":
        return NUMBER, p.ctx.get("mark", 0x55)
    if per == "uid":
        return NUMBER, 0            # the socket of TEST_RUN
    if p.why:
        return p.why
    ip = p.ip
    if per in ("src", "dst"):
        address = bits(ip, per == "dst")
        if family(ip) == 4:
            return IPV4, cut(address, prefix4, 32)
        address = cut(address, prefix6, 128)
        return (address >> 64) - (address >> 64 == IPV4), address & M
    if per == "pair":
        if family(ip) == 4:
            return IPV4, cut(bits(ip, 0), prefix4, 32) << 32 | cut(bits(ip, 1), prefix4, 32)
        first, second = (cut(bits(ip, side), min(prefix6, 64), 128) >> 64 for side in (0, 1))
        return first - (first == IPV4), second
    data = bytes(ip)
    if per == "dscp":
        return NUMBER, (data[1] if family(ip) == 4 else data[0] << 4 & 0xf0 | data[1] >> 4) >> 2
    if p.why_l4:
        return p.why_l4
    proto, at, _ = transport(data)
    if per == "proto":
        return NUMBER, proto
    port = int.from_bytes(data[at + 2 * (per == "dport"):][:2], "big") if proto in (6, 17) else 0
    return NUMBER, proto << 16 | port


def place(key):
    hashed = mixed(key[1])
    if key[0] not in (IPV4, NUMBER):
        hashed = mixed(hashed ^ key[0])
    return f"u32:{1 + ((hashed >> 32) * SETS >> 32)}"


def a_set(keys, counted, packets):
    """The keys of 8 buckets, their bytes and packets."""
    return ",".join(f"u64:{n}" for n in (*(half for key in keys for half in key), *counted, *packets))


def others(key):
    """Keys that are not this one, some of them nearly."""
    return [(key[0] ^ high, key[1] ^ low) for high, low in
            ((2, 0), (0, 1), (1 << 63, 0), (0, 1 << 63), (4, 4), (0, 1 << 31), (1 << 32, 0), (0, 1 << 32))]


def vectors(suite):
    first = "u32:0"

    def bake(p, *settings):
        if suite.bake(*settings, "seed", SEED, "buckets", (SETS + 1) * WAYS, *(("link", p.link) if p.link != "auto" else ())):
            suite.map("account_sets", f"u32:{SETS}", a_set(EMPTY, [0] * WAYS, [0] * WAYS))
            suite.map("account_sets", first, a_set([(OTHER, OTHER)] + EMPTY[1:], [1 << 40] + [0] * 7, [1 << 33] + [0] * 7))

    def other(more, packets):
        return ("account_sets", first,
                a_set([(OTHER, OTHER)] + EMPTY[1:], [(1 << 40) + more] + [0] * 7, [(1 << 33) + packets] + [0] * 7))

    def counted(p, key, label, way=3, ctx=None, **more):
        """The packet is counted for this key, or with those that have none."""
        ctx = {"mark": 0x55, "priority": 7, "cb2": 9, **p.ctx, **(ctx or {})}
        length = ctx.get("wire_len", len(p.data))
        packets = ctx.get("gso_segs", 0) if ctx.get("gso_size") else 1
        if isinstance(key, str):
            suite.packet(p, name=f"{p.name}-{label}", ctx=ctx, count={key: 1}, mapout=[other(length, packets)], **more)
            return
        keys, had, times = others(key), [5 + n for n in range(WAYS)], [3 + n for n in range(WAYS)]
        keys[way] = key
        suite.map("account_sets", place(key), a_set(keys, had, times))
        had[way] += length
        times[way] += packets
        suite.packet(p, None if p.why else p.ip, f"{p.name}-{label}", ctx=ctx,
                     mapout=[("account_sets", place(key), a_set(keys, had, times))], **more)

    for p in corpus():
        bake(p)
        counted(p, key_of(p, "src"), "src")
    packets = [p for p in corpus() if p.link == "auto" and not p.ctx and len(p.data) < 400 and not (p.why and p.need < 20)]
    for p in packets:
        for per in ("dst", "pair", "dscp"):
            bake(p, "per", per)
            counted(p, key_of(p, per), per, way=0)
        for per in ("proto", "sport", "dport"):
            bake(p, "per", per)
            need = p.need
            if per != "proto" and not p.why_l4 and transport(bytes(p.ip))[0] in (6, 17):
                need = max(need, len(p.front) + transport(bytes(p.ip))[1] + 4)
            counted(p, key_of(p, per), per, way=7, need=max(need, p.need_l4))
    for p in packets[::7]:
        for prefix4, prefix6 in ((0, 0), (1, 1), (31, 63), (20, 64), (32, 65), (31, 127)):
            for per in ("src", "dst", "pair"):
                bake(p, "per", per, "prefix4", prefix4, "prefix6", prefix6)
                counted(p, key_of(p, per, prefix4, prefix6), f"{per}-{prefix4}-{prefix6}")
        for per in ("mark", "uid"):
            bake(p, "per", per)
            counted(p, key_of(p, per), per, need=14)
    # from broadcast to broadcast: nearly the key of all others
    ip = v4(UDP(), src="255.255.255.255", dst="255.255.255.255")
    p = Packet("v4-broadcast", front_of(ip), ip)
    bake(p, "per", "pair")
    counted(p, (IPV4, OTHER - 1), "pair")
    # padding is no port
    for ip in (v4(Raw(b""), proto=6), v4(Raw(b"\0\7\0"), proto=17), v6(Raw(b"\0\7\0"), nh=17)):
        p = Packet(f"v{family(ip)}-padding-{len(ip)}", front_of(ip), ip, b"\0\x16" * 13)
        for per in ("sport", "dport"):
            bake(p, "per", per)
            counted(p, "truncated", per)
    # IPv6 addresses that are, or begin, as the keys of IPv4 and of all others are
    for number, (src, to) in enumerate((("ffff:ffff:ffff:ffff::c000:201", "ffff:ffff:ffff:ffff::1"), ("::", "ff02::1"),
                                        ("ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"),
                                        ("::ffff:192.0.2.1", "::1"))):
        ip = v6(UDP(), src=src, dst=to)
        p = Packet(f"v6-special-{number}", front_of(ip), ip)
        for per in ("src", "dst", "pair"):
            bake(p, *(("per", per) if per != "src" else ()))
            counted(p, key_of(p, per), per)

    # as tc counts it: the length that the qdisc has, and the segments of a GSO packet
    for ip in (v4(tcp(SYN, "A", data=PAYLOAD * 200)), v6(UDP() / Raw(PAYLOAD * 200))):
        p = Packet(f"v{family(ip)}-gso", front_of(ip), ip)
        bake(p)
        for size, segments, length in ((1400, 2, len(p.data) + 54), (536, 6, len(p.data) + 270), (1, 65535, 65535),
                                       (1400, 0, len(p.data)), (0, 3, len(p.data)), (0, 0, 5000)):
            counted(p, key_of(p, "src"), f"{size}-{segments}-{length}", ctx={"gso_size": size, "gso_segs": segments,
                                                                             "wire_len": length})

    # who gets which bucket
    ip = v4(UDP(sport=9) / Raw(PAYLOAD))
    p = Packet("v4-ways", front_of(ip), ip)
    key, length = key_of(p, "src"), len(p.data)
    bake(p)
    for way in range(WAYS):
        # free ones, and one that has fewest packets
        for label, had, times in (("free", [0 if n >= way else 9 for n in range(WAYS)], [0 if n >= way else 9 for n in range(WAYS)]),
                                  ("evicted", [100 - n for n in range(WAYS)], [9 if n != way else 4 for n in range(WAYS)]),
                                  # of a virtual machine: GSO packets, which count as none; only their bytes tell
                                  ("gso-is-kept", [4 * 2048 + 1 if n != way else 4 * 2048 for n in range(WAYS)], [0] * WAYS),
                                  ("gso-is-evicted", [2048] * WAYS, [2 if n != way else 0 for n in range(WAYS)])):
            keys, free = [EMPTY[0] if not n else k for k, n in zip(others(key), had)], not had[way]
            suite.map("account_sets", place(key), a_set(keys, had, times))
            lost = (had[way], times[way])
            keys[way], had[way], times[way] = key, length, 1
            suite.case(f"{label}-{way}", p.data, need=p.need, count=None if free else {"evicted": 1},
                       mapout=[("account_sets", place(key), a_set(keys, had, times)), *([] if free else [other(*lost)])])
    # of several with as few, not the same one for all keys
    displaced = set()
    for n in range(16):
        ip = v4(UDP(), src=f"10.0.0.{n}")
        p = Packet(f"v4-displaces-{n}", front_of(ip), ip)
        key, keys, had, times = key_of(p, "src"), others(key_of(p, "src")), [100] * WAYS, [9] * WAYS
        bake(p)
        suite.map("account_sets", place(key), a_set(keys, had, times))
        way = mixed(key[1]) & 7
        displaced.add(way)
        keys[way], had[way], times[way] = key, len(p.data), 1
        suite.case(p.name, p.data, need=p.need, count={"evicted": 1},
                   mapout=[("account_sets", place(key), a_set(keys, had, times)), other(100, 9)])
    assert len(displaced) > 4
