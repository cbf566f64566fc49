# SPDX-License-Identifier: GPL-2.0-only
"""tcpopt: every kind in every place, what does not parse, windows, and sums."""
from common import *
from mss import (END, NOP, SACK_OK, STAMPS, WSCALE, mss_option, opt, option_cases, padded,
                 short_first_fragments)

NUMBERS = {"mss": 2, "wscale": 3, "sack-permitted": 4, "sack": 5, "timestamps": 8, "md5": 19, "mptcp": 30,
           "fast-open": 34}
MOST = 20               # options that are read


def blanked(ip, kinds, every=False, window=None):
    """(the packet as it must become, why its options were not all looked at). The sum
    is that of all bytes anew, so it matters not whether the place is odd."""
    data = bytearray(bytes(ip))
    proto, l4, _ = transport(data)
    if proto != 6:
        return bytes(data), None
    size = struct.unpack_from("!H", data, 4 if family(ip) == 6 else 2)[0]
    if size in GSO_LENGTHS[family(ip)]:
        size = len(data)
    elif family(ip) == 6:
        size += 40
    end, at, why = l4 + (data[l4 + 12] >> 4) * 4, l4 + 20, None
    new = bytearray(data)
    if window and struct.unpack_from("!H", data, l4 + 14)[0] > window:
        struct.pack_into("!H", new, l4 + 14, window)
    if every or data[l4 + 13] & 2:
        for _ in range(MOST):
            if at >= end or data[at] == 0:
                break
            if data[at] == 1:
                at += 1
                continue
            if at + 2 > end or data[at + 1] < 2 or at + data[at + 1] > end:
                why = "options"
                break
            if data[at] in kinds:
                new[at:at + data[at + 1]] = NOP * data[at + 1]
            at += data[at + 1]
        else:
            why = "options" if at < end else None
    goods = [sum16(bytes(x[l4:l4 + 16]) + b"\0\0" + bytes(x[l4 + 18:size])) for x in (data, new)]
    stored = struct.unpack_from("!H", data, l4 + 16)[0]
    if new != data:
        struct.pack_into("!H", new, l4 + 16, adjusted(stored, *goods))
    return bytes(new), why


def kinds_of(settings):
    given = dict(zip(settings[::2], settings[1::2]))
    words = given.get("strip", "").split(",") if "strip" in given else []
    return ({NUMBERS.get(w) or int(w) for w in words}, given.get("segments") == "all",
            None if given.get("window", "off") == "off" else int(given["window"]))


def vectors(suite):
    def case(p, settings, label=None, **more):
        suite.bake(*settings, *(("link", p.link) if p.link != "auto" else ()))
        name = "-".join((p.name, *(label or "-".join(settings) or "nothing").split()))
        if p.why_l4:
            suite.packet(p, name=name, count={p.why_l4: 1}, ctx={"mark": 1}, **more)
            return
        new, why = (bytes(p.ip), None) if p.ip is None else blanked(p.ip, *kinds_of(settings))
        suite.packet(p, new, name, count={why: 1} if why else None, ctx={"mark": 5, "priority": 7, "cb2": 9},
                     need=p.need_l4, **more)

    for p in corpus():
        for settings in ((), ("strip", "timestamps"), ("strip", "timestamps,wscale", "segments", "all", "window", "1000"),
                         ("window", "64240"), ("strip", "254", "segments", "all")):
            case(p, settings)

    # each kind alone and all together, at any offset, in SYNs and in other segments
    options = [(name, data) for name, data, *_ in option_cases()]
    options += [("mptcp-fast-open", padded(opt(30, 12, 1) + opt(34, 10, 2) + mss_option(1460))),
                ("mptcp-odd", padded(NOP + opt(30, 12, 0xff) + NOP * 2 + opt(34, 10, 0xab))),
                ("md5", padded(opt(19, 18, 7) + STAMPS)), ("sack", padded(opt(5, 34, 3))),
                ("odd-lengths", padded(opt(254, 3, 9) + opt(254, 5, 8) + opt(2, 7, 7) + opt(8, 3, 0xff))),
                ("36-at-1", padded(NOP + opt(254, 36, 0x5a))), ("40", opt(254, 40, 0xa5)),
                ("39-at-1", NOP + opt(254, 39, 0xff)), ("2-bytes", padded(opt(254, 2) * 3)),
                ("then-bad", STAMPS + b"\xfd\0" + NOP * 4), ("then-kind-only", padded(STAMPS + WSCALE)[:-1] + b"\x08"),
                ("then-many", STAMPS + NOP * 30), ("last-of-20", padded(NOP * 19 + STAMPS)),
                ("21st", padded(NOP * 20 + STAMPS)), ("after-end", END + padded(STAMPS, END)[:11]),
                ("twice", STAMPS + NOP * 2 + STAMPS + NOP * 2)]
    for label, data in options:
        for make in (v4, v6):
            for payload in (b"", PAYLOAD + b"\4\4\4"):
                for settings in (("strip", "mss"), ("strip", "timestamps"), ("strip", "mptcp,fast-open"),
                                 ("strip", "sack-permitted,wscale"), ("strip", "sack,md5,253,254"),
                                 ("strip", "2,3,4,5,8,19,30,34,253,254", "window", "1")):
                    ip = make(tcp(data, data=payload))
                    p = Packet(f"v{family(ip)}-{label}{'-data' if payload else ''}", front_of(ip), ip)
                    case(p, settings)
    for flags in ("S", "SA", "SEC", "SF", "SR", "SP", "A", "", "F", "R", "FA", "PA"):
        for make in (v4, v6):
            for settings in (("strip", "mss,timestamps"), ("strip", "mss,timestamps", "segments", "all"),
                             ("strip", "mss,timestamps", "segments", "syn", "window", "512"), ("window", "512")):
                ip = make(tcp(SYN, flags, data=PAYLOAD))
                p = Packet(f"v{family(ip)}-flags-{flags or 'none'}", front_of(ip), ip)
                case(p, settings)

    # checksums that are wrong or become 0, at even and odd offsets
    for front in (b"", NOP, NOP * 2, NOP * 3):
        for chksum in (None, 0, 1, 0xfffe, 0xffff, 0x0300, 0x5555):
            for make in (v4, v6):
                ip = make(tcp(padded(front + STAMPS + WSCALE), chksum=chksum))
                p = Packet(f"v{family(ip)}-at-{len(front)}-sum-{chksum}", front_of(ip), ip)
                case(p, ("strip", "timestamps"))
                case(p, ("strip", "timestamps,wscale", "window", "1000"))
    for window in (1, 255, 256, 1000, 65534, 65535):
        for value in sorted({0, 1, 255, 256, 65535, window - 1, window, min(window + 1, 65535)}):
            for make in (v4, v6):
                for chksum in (None, 0, 0xffff):
                    ip = make(tcp(b"", "A", window=value, chksum=chksum, data=PAYLOAD + b"x"))
                    p = Packet(f"v{family(ip)}-window-{value}-sum-{chksum}", front_of(ip), ip)
                    case(p, ("window", str(window)))

    # headers that contradict themselves or end after the packet
    settings = ("strip", "mss,timestamps", "segments", "all", "window", "1000")
    suite.bake(*settings)
    for doff in range(5):
        for make in (v4, v6):
            for flags in "SA":
                ip = make(tcp(SYN, flags, doff=doff))
                suite.packet(Packet(f"v{family(ip)}-doff-{doff}-{flags}", front_of(ip), ip), count={"malformed": 1})
    short_first_fragments(suite)
    for rest in (b"", b"\x08\x0a" * 30):
        for make in (v4, v6):
            size, base = {v4: ("len", 20), v6: ("plen", 0)}[make]
            label = f"v{4 if make is v4 else 6}{'-padded' if rest else ''}"
            for doff, data in ((15, SYN), (11, SYN), (7, MSS)):
                ip = make(tcp(data, doff=doff))
                suite.packet(Packet(f"{label}-doff-{doff}-beyond", front_of(ip), ip, rest), count={"truncated": 1})
            for length in (1, 13, 14, 19, 20, 23, 39):
                if rest:
                    ip = make(tcp(SYN), **{size: base + length})
                    p = Packet(f"{label}-length-{length}", front_of(ip), ip, rest)
                    p.need = len(bytes(ip)) - 40 + length + 14
                    suite.packet(p, count={"truncated": 1})
