# SPDX-License-Identifier: GPL-2.0-only
"""mss: where the option can stand, what its limit is, and options that do not parse."""
from common import *


def clamped(ip, limit, *places):
    """A SYN's bytes with the MSS options, whose kinds are at these places in the TCP header, or
    the one right behind it, lowered. The sum is that of all bytes anew, so it matters not
    whether a place is odd."""
    data = bytearray(bytes(ip))
    proto, l4, _ = transport(data)
    if proto != 6 or not data[l4 + 13] & 2:
        return bytes(data)
    places = [at for at in (l4 + place + 2 for place in places or (20,))
              if struct.unpack_from("!H", data, at)[0] > limit]
    if not places:
        return bytes(data)
    stored = struct.unpack_from("!H", data, l4 + 16)[0]
    data[l4 + 16:l4 + 18] = b"\0\0"
    goods = [sum16(bytes(data[l4:]))]
    for at in places:
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
    """name, options, where MSS options are in them, why the rest is left alone or None"""
    for name, front in (("first", b""), ("1-nop", NOP), ("2-nops", NOP * 2), ("3-nops", NOP * 3),
                        ("wscale", WSCALE), ("sack-ok", SACK_OK), ("stamps", STAMPS),
                        ("unknown", opt(253, 7, 2)), ("mptcp", opt(30, 12, 1)), ("fast-open", opt(34, 10, 2)),
                        ("all", SACK_OK + STAMPS + WSCALE), ("exp-2", opt(254, 2)), ("16-nops", NOP * 16),
                        ("looks-like-mss", opt(253, 8, 2)), ("36-bytes", opt(253, 36))):
        yield f"after-{name}", padded(front + mss_option(1460)), [len(front)], None
        if len(front) < 33:
            yield f"after-{name}-end", padded(front + mss_option(1460), END), [len(front)], None
    yield "last-of-20", NOP * 17 + WSCALE + opt(253, 4) + mss_option(1460), [24], None
    yield "last-of-20-and-more", NOP * 16 + WSCALE + SACK_OK + opt(253, 3) + mss_option(1460), [24], None
    yield "20th", padded(NOP * 19 + mss_option(1460)), [19], "options"
    # several MSS options: receivers differ in the one they use
    yield "twice", mss_option(1460) + mss_option(1459), [0, 4], None
    yield "twice-first-low", mss_option(900) + mss_option(1459), [4], None
    yield "twice-last-low", mss_option(1459) + mss_option(900), [0], None
    yield "twice-odd", padded(NOP + mss_option(1460) + NOP * 2 + mss_option(9000)), [1, 7], None
    yield "ten-times", mss_option(1460) * 10, list(range(0, 40, 4)), None
    yield "none", b"", [], None
    yield "only-nops", NOP * 4, [], None
    yield "20-nops", NOP * 20, [], None
    yield "others", padded(SACK_OK + STAMPS + WSCALE), [], None
    for n in range(0, 4):
        yield f"after-end-{n}", padded(NOP * n + END + mss_option(1460)), [], None
    yield "after-end-19", padded(NOP * 19 + END + mss_option(1460)), [], None
    yield "21st", NOP * 20 + mss_option(1460), [], "options"
    yield "21-nops", padded(NOP * 21), [], "options"
    yield "36-nops", NOP * 36 + mss_option(1460), [], "options"
    yield "40-nops", NOP * 40, [], "options"
    # with another length it is no MSS option, and does not hide one
    for length in (2, 3, 5, 6, 8):
        wrong = opt(2, length, 5)
        yield f"mss-length-{length}", padded(wrong), [], None
        yield f"mss-length-{length}-and-one", padded(wrong + mss_option(1460)), [length], None
        yield f"mss-length-{length}-behind", padded(mss_option(1460) + wrong), [0], None
    yield "mss-length-3-nop", bytes.fromhex("0203050102" "0405b4"), [4], None
    for length in (0, 1):
        yield f"mss-length-{length}", bytes([2, length]) + NOP * 6 + mss_option(1460), [], "options"
    for length in (0, 1, 13, 40, 255):
        broken = bytes([253, length]) + NOP * 6
        yield f"other-length-{length}", broken + mss_option(1460), [], "options"
        yield f"other-length-{length}-behind", mss_option(1460) + broken, [0], "options"
    yield "mss-beyond", NOP * 2 + b"\2\4", [], "options"
    yield "mss-half", NOP + b"\2\4\5", [], "options"
    yield "kind-only", NOP * 3 + b"\2", [], "options"
    yield "kind-only-other", NOP * 3 + b"\xfd", [], "options"
    yield "one-and-kind-only", mss_option(1460) + NOP * 3 + b"\2", [0], "options"


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
    for name, options, places, why in option_cases():
        for make in (v4, v6):
            for data in (b"", PAYLOAD + b"\4\4\4"):
                ip = make(tcp(options, data=data))
                p = Packet(f"v{family(ip)}-{name}{'-data' if data else ''}", front_of(ip), ip)
                suite.packet(p, clamped(ip, 1000, *(20 + at for at in places)) if places else None,
                             count={why: 1} if why else None)
    # at odd and even offsets, with checksums that are wrong or become 0
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

    # headers that end after the IP packet: its length decides, whatever follows in the frame
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
                if length < 20:     # the flags are in the padding, so they are not read
                    ip = make(tcp(SYN, "A"), **{size: base + length})
                    p = Packet(f"{label}-length-{length}-ack", front_of(ip), ip, rest)
                    p.need = len(bytes(ip)) - 40 + length + 14
                    suite.packet(p, count={"truncated": 1})
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
            # without a length, Linux takes what has a hop-by-hop header to its end
            if name == "hbh" and not length:
                suite.case(p.name, p.data, out=p.front + clamped(ip, 1000), flags=(4,))
            else:
                suite.packet(p, count={"truncated": 1})

    # an extension header in the padding is not followed
    for length in (0, 4, 7):
        for name, behind in (("later", bytes(IPv6ExtHdrFragment(nh=6, offset=100))), ("hbh", bytes(hbh()))):
            ip = v6(Raw(behind[:length]) if length else None, nh=44 if name == "later" else 0)
            p = Packet(f"v6-{name}-in-padding-{length}", front_of(ip), ip, behind[length:] + b"\0" * 20)
            if name == "later" or length:
                suite.packet(p, count={"truncated": 1})

    for limit in (1, 536, 0x100, 0xff00, 65534, 65535):
        suite.bake("max", limit)
        for value in {0, 1, 2, 535, 536, 537, 65534, 65535, limit - 1, limit, min(limit + 1, 65535)}:
            for make in (v4, v6):
                ip = make(tcp(mss_option(value) + STAMPS + NOP * 2))
                suite.packet(Packet(f"v{family(ip)}-{value}-max-{limit}", front_of(ip), ip), clamped(ip, limit))

    # MTU - 40 for IPv4, - 60 for IPv6, and - 8 with PPPoE; the MTU of lo if none is given
    def headers(p):
        return (40 if p.name[1] == "4" else 60) + (8 if "pppoe" in p.name else 0)

    def by_mtu(p, label, mtu, device):
        limit = mtu - headers(p)
        if p.why_l4:
            suite.packet(p, name=label, count={p.why_l4: 1}, mtu=device)
        elif limit <= 0 and clamped(p.ip, 0) != bytes(p.ip):
            suite.packet(p, name=label, count={"helper-failed": 1}, mtu=device)
        else:
            suite.packet(p, clamped(p.ip, limit), label, mtu=device)

    packets = [p for p in corpus() if p.link == "auto" and p.name[3:] in (
        "syn", "synack", "ack", "udp", "hbh", "options-40", "frag-first", "frag-last", "8021q", "8021q-8021q", "qinq",
        "pppoe", "8021q-pppoe", "qinq-pppoe")]
    for mtu in (68, 576, 1280, 1499, 1500, 1501, 1507, 1508, 9000, 65535, 65536, 4294967295):
        suite.bake("mtu", mtu)
        for p in packets:
            by_mtu(p, f"{p.name}-mtu-{mtu}", mtu, 1400)
    for settings in ((), ("max", "mtu"), ("mtu", "device"), ("max", "mtu", "mtu", "device")):
        suite.bake(*settings)
        for mtu in (41, 61, 80, 100, 1280, 1500, 65536, 65535) if not settings else (1492,):
            for p in packets:
                by_mtu(p, "-".join((p.name, *settings, "lo", str(mtu))), mtu, mtu)
    suite.bake("max", 1400, "mtu", 576)     # max wins
    for p in packets:
        if not p.why_l4:
            suite.packet(p, clamped(p.ip, 1400), f"{p.name}-max-and-mtu")
