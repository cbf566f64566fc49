# SPDX-License-Identifier: GPL-2.0-only
"""mss: where the option can stand, what its limit is, and options that do not parse."""
from common import *


def clamped(ip, limit, at=None):
    """A SYN's bytes with the MSS option, whose kind is at `at` in the TCP header, lowered.
    The sum is that of all bytes anew, so it matters not whether the place is odd."""
    data = bytearray(bytes(ip))
    proto, l4, _ = transport(data)
    if proto != 6 or not data[l4 + 13] & 2:
        return bytes(data)
    at = l4 + (20 if at is None else at) + 2
    old, stored = (struct.unpack_from("!H", data, x)[0] for x in (at, l4 + 16))
    if old <= limit:
        return bytes(data)
    data[l4 + 16:l4 + 18] = b"\0\0"
    goods = [sum16(bytes(data[l4:]))]
    struct.pack_into("!H", data, at, limit)
    goods.append(sum16(bytes(data[l4:])))
    struct.pack_into("!H", data, l4 + 16, adjusted(stored, *goods))
    return bytes(data)


def opt(kind, length, fill=0):
    return bytes([kind, length]) + bytes([fill]) * (length - 2)


def mss_option(value):
    return b"\x02\x04" + struct.pack("!H", value)


NOP, END, SACK_OK, WSCALE, STAMPS = b"\1", b"\0", b"\4\2", b"\3\3\7", b"\x08\x0a" + b"\0\0\0\1" * 2


def padded(options, fill=NOP):
    return options + fill * (-len(options) % 4)


def option_cases():
    """name, options, where MSS is in them or None, why they are left alone or None"""
    for name, front in (("first", b""), ("1-nop", NOP), ("2-nops", NOP * 2), ("3-nops", NOP * 3),
                        ("wscale", WSCALE), ("sack-ok", SACK_OK), ("stamps", STAMPS),
                        ("unknown", opt(253, 7, 2)), ("mptcp", opt(30, 12, 1)), ("fast-open", opt(34, 10, 2)),
                        ("all", SACK_OK + STAMPS + WSCALE), ("exp-2", opt(254, 2)), ("19-nops", NOP * 19),
                        ("looks-like-mss", opt(253, 8, 2)), ("36-bytes", opt(253, 36))):
        yield f"after-{name}", padded(front + mss_option(1460)), len(front), None
        if len(front) < 33:
            yield f"after-{name}-end", padded(front + mss_option(1460), END), len(front), None
    yield "last-of-20", padded(NOP * 16 + WSCALE + SACK_OK + opt(253, 2) + mss_option(1460)), 23, None
    yield "twice", mss_option(1460) + mss_option(1459), 0, None
    yield "none", b"", None, None
    yield "only-nops", NOP * 4, None, None
    yield "20-nops", NOP * 20, None, None
    yield "others", padded(SACK_OK + STAMPS + WSCALE), None, None
    for n in range(0, 4):
        yield f"after-end-{n}", padded(NOP * n + END + mss_option(1460)), None, None
    yield "after-end-19", padded(NOP * 19 + END + mss_option(1460)), None, None
    yield "21st", NOP * 20 + mss_option(1460), None, "options"
    yield "21-nops", padded(NOP * 21), None, "options"
    yield "36-nops", NOP * 36 + mss_option(1460), None, "options"
    yield "40-nops", NOP * 40, None, "options"
    for length in (0, 1, 2, 3, 5, 8):
        yield f"mss-length-{length}", padded(b"\2" + bytes([length]) + b"\x05\xb4" + STAMPS), None, "options"
    for length in (0, 1, 13, 40, 255):
        yield f"other-length-{length}", bytes([253, length]) + NOP * 6 + mss_option(1460), None, "options"
    yield "mss-beyond", NOP * 2 + b"\2\4", None, "options"
    yield "mss-half", NOP + b"\2\4\5", None, "options"
    yield "kind-only", NOP * 3 + b"\2", None, "options"
    yield "kind-only-other", NOP * 3 + b"\xfd", None, "options"


def short_first_fragments(suite):
    """First fragments that have less than a TCP header, or than its options."""
    for make, size in ((v4, 20), (v6, 40)):
        for cut in (8, 16, 24):
            first, _ = pieces(make(tcp(SYN)), size, cut)
            ip = v4(first, proto=6, flags="MF") if make is v4 else v6(first, IPv6ExtHdrFragment(nh=6, m=1))
            suite.packet(Packet(f"v{family(ip)}-first-fragment-of-{cut}", front_of(ip), ip), count={"truncated": 1})


def vectors(suite):
    for p in corpus():
        for limit in (1000, 1460):
            suite.bake("max", limit, *(("link", p.link) if p.link != "auto" else ()))
            name = f"{p.name}-{limit}"
            if p.why_l4:
                suite.packet(p, name=name, count={p.why_l4: 1}, ctx={"mark": 1})
            else:
                suite.packet(p, clamped(p.ip, limit), name, need=p.need_l4,
                             ctx={"mark": 5, "priority": 7, "cb2": 9})

    suite.bake("max", 1000)
    for name, options, at, why in option_cases():
        for make in (v4, v6):
            for data in (b"", PAYLOAD + b"\4\4\4"):
                ip = make(tcp(options, data=data))
                p = Packet(f"v{family(ip)}-{name}{'-data' if data else ''}", front_of(ip), ip)
                if why:
                    suite.packet(p, count={why: 1})
                else:
                    suite.packet(p, clamped(ip, 1000, 20 + at) if at is not None else None)
    # odd and even places, with sums that are wrong, or pass by 0
    for front in (b"", NOP, NOP * 2, NOP * 3):
        for value in (1001, 1256, 0x0400, 0xffff, 0x03e8, 0x03e7, 1, 0):
            for chksum in (None, 0, 1, 0xfffe, 0x0300, 0x5555):
                for make in (v4, v6):
                    ip = make(tcp(padded(front + mss_option(value)), chksum=chksum))
                    suite.packet(Packet(f"v{family(ip)}-{value}-at-{len(front)}-sum-{chksum}", front_of(ip), ip),
                                 clamped(ip, 1000, 20 + len(front)))
    for flags in ("S", "SA", "SEC", "SAE", "SF", "SR", "SP", "SU", "A", "", "F", "R", "FA", "EC"):
        for make in (v4, v6):
            ip = make(tcp(SYN, flags))
            suite.packet(Packet(f"v{family(ip)}-flags-{flags or 'none'}", front_of(ip), ip), clamped(ip, 1000))
    for doff in range(5):
        for make in (v4, v6):
            ip = make(tcp(SYN, doff=doff))
            suite.packet(Packet(f"v{family(ip)}-doff-{doff}", front_of(ip), ip), count={"malformed": 1})
            ip = make(tcp(SYN, "A", doff=doff))
            suite.packet(Packet(f"v{family(ip)}-doff-{doff}-ack", front_of(ip), ip))

    short_first_fragments(suite)

    # headers that end behind the IP packet: its length says so, whatever follows in the frame
    for rest in (b"", b"\1" * 60):
        for make in (v4, v6):
            size = {v4: "len", v6: "plen"}[make]
            base = 20 if make is v4 else 0
            label = f"v{4 if make is v4 else 6}{'-padded' if rest else ''}"
            for doff, options in ((15, SYN), (11, SYN), (7, MSS)):
                ip = make(tcp(options, doff=doff))
                suite.packet(Packet(f"{label}-doff-{doff}-beyond", front_of(ip), ip, rest), count={"truncated": 1})
            for length in (0, 1, 13, 14, 19, 20, 23, 39):
                if not rest:
                    continue
                ip = make(tcp(SYN), **{size: base + length})
                data = bytes(ip)
                p = Packet(f"{label}-length-{length}", front_of(ip), ip, rest)
                p.need = len(data) - 40 + length + 14
                suite.packet(p, count={"truncated": 1})
    for name, extension in (("hbh", hbh), ("dstopts", lambda: dst(36)), ("routing", routing),
                            ("fragment", IPv6ExtHdrFragment)):
        for length in (0, 1, 7):
            ip = v6(tcp(SYN), extension(), plen=length)
            p = Packet(f"v6-{name}-beyond-{length}", front_of(ip), ip)
            p.need = 54 + length
            suite.packet(p, count={"truncated": 1})

    for limit in (1, 536, 0x100, 0xff00, 65534, 65535):
        suite.bake("max", limit)
        for value in {0, 1, 2, 535, 536, 537, 65534, 65535, limit - 1, limit, min(limit + 1, 65535)}:
            for make in (v4, v6):
                ip = make(tcp(mss_option(value) + STAMPS + NOP * 2))
                suite.packet(Packet(f"v{family(ip)}-{value}-max-{limit}", front_of(ip), ip), clamped(ip, limit))

    # MTU: 40 less for IPv4, 60 for IPv6; of lo where none is given
    packets = [p for p in corpus() if p.name[3:] in ("syn", "ack", "udp", "qinq", "pppoe", "hbh", "options-40",
                                                    "synack", "frag-first", "frag-last")]
    for mtu in (68, 576, 1280, 1499, 1500, 1501, 9000, 65535):
        suite.bake("mtu", mtu)
        for p in packets:
            new = None if p.why_l4 else clamped(p.ip, mtu - (40 if p.name[1] == "4" else 60))
            suite.packet(p, new, f"{p.name}-mtu-{mtu}", count={p.why_l4: 1} if p.why_l4 else None, mtu=1400)
    for settings in ((), ("max", "mtu"), ("mtu", "device"), ("max", "mtu", "mtu", "device")):
        suite.bake(*settings)
        for mtu in (41, 61, 80, 100, 1280, 1500, 65536, 65535) if not settings else (1492,):
            for p in packets:
                limit = mtu - (40 if p.name[1] == "4" else 60)
                label = "-".join((p.name, *settings, "lo", str(mtu)))
                if p.why_l4:
                    suite.packet(p, name=label, count={p.why_l4: 1}, mtu=mtu)
                elif limit <= 0 and clamped(p.ip, 0) != bytes(p.ip):
                    suite.packet(p, name=label, count={"helper-failed": 1}, mtu=mtu)
                else:
                    suite.packet(p, clamped(p.ip, limit), label, mtu=mtu)
    suite.bake("max", 1400, "mtu", 576)     # max is what it says
    for p in packets:
        if not p.why_l4:
            suite.packet(p, clamped(p.ip, 1400), f"{p.name}-max-and-mtu")
