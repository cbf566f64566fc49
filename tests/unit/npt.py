# SPDX-License-Identifier: GPL-2.0-only
"""npt: RFC 6296. Only addresses change; every checksum in the packet is verified anew
against the new ones, so that a vector proves that the translation is neutral.
"""
import ipaddress
from common import *
from nat import (address, destination, error, errors, fragment_header, hop_by_hop, packet, routing_header,
                 segment, whole, TCP_, UDP_, DCCP_, GRE_, ESP_, ICMP6_, SCTP_, LITE_, NAMES)

FAR = address("2a00:1:2:3::99")
RFC = ("fd01:203:405::/48", "2001:db8:1::/48")
PAIRS = [RFC, ("fd00::/8", "fc00::/8"), ("fd01:203::/32", "2001:db8::/32"), ("fd01:203:404::/47", "2001:db8:2::/47"),
         ("fd01:203:404::/46", "2001:db8:4::/46"), ("fd01:203:405::/56", "2001:db8:1:ab00::/56"),
         ("fd01:203:405:1::/64", "2001:db8:1:2::/64"), ("fd01:203:405:8000::/49", "2001:db8:1::/49"),
         ("fd01:203:405:1230::/60", "2001:db8:1:ab50::/60"), ("fd01:203:405::/48", "2001:db8::/32"),
         ("fd01::/16", "2001:db8:1::/48"), ("fd01:203:405::/48", "2001:db8:1:5600::/56"),
         ("fd01:203:405:1::/64", "2001:db8::/33"), ("ffff:ffff::/32", "::/32"), ("::/48", "ffff:ffff:ffff::/48"),
         ("fd01:203:405::/48", "fd01:203:405::/48"), ("fd00:1::/48", "fd00:0:1::/48")]
UNMAPPED = "unmapped"


def words(data):
    return [int.from_bytes(data[i:i + 2], "big") for i in range(0, 16, 2)]


def mapped(addr, old, new):
    """What the RFC makes of an address: unchanged, another, or UNMAPPED."""
    old, new = ipaddress.ip_network(old), ipaddress.ip_network(new)
    length = max(old.prefixlen, new.prefixlen)
    mask = (1 << 128) - (1 << 128 - length)
    number = int.from_bytes(addr, "big")
    if number & mask != int(old.network_address):
        return addr
    iid = number & 0xffffffffffffffff
    at = 3
    if length > 48:
        free = [i for i in range(4, 8) if words(addr)[i] != 0xffff]
        if not free or not iid:
            return UNMAPPED
        at = free[0]
    elif words(addr)[3] == 0xffff:
        return UNMAPPED
    result = words((number & ~mask | int(new.network_address)).to_bytes(16, "big"))
    adjustment = sum(words(old.network_address.packed)) - sum(words(new.network_address.packed))
    result[at] = (words(addr)[at] + adjustment) % 0xffff
    result = b"".join(w.to_bytes(2, "big") for w in result)
    assert (sum(words(addr)) - sum(words(result))) % 0xffff == 0
    assert mapped_back(result, number, new, old, length)
    return result


def mapped_back(result, number, old, new, length):
    """The way back is the same, unless what came out is an identifier of zeros."""
    if not int.from_bytes(result[8:], "big") and length > 48:
        return True
    free = 3 if length <= 48 else next(i for i in range(4, 8) if words(result)[i] != 0xffff)
    back = words(number.to_bytes(16, "big"))
    here = words(result)
    shift = sum(words(old.network_address.packed)) - sum(words(new.network_address.packed))
    return (here[free] + shift - back[free]) % 0xffff == 0


class Npt:
    def __init__(self, suite, old, new, way, *more):
        self.suite, self.old, self.new, self.way = suite, old, new, way
        self.settings = ["dir", way, "from", old, "to", new, *more]
        suite.bake(*self.settings)

    def end(self, near, far):
        return (near, far) if self.way == "out" else (far, near)

    def case(self, name, before, after=None, why=None, rest=b"", verdict=CONTROL, neutral=True):
        label = "-".join([name, *map(str, self.settings)]).replace("/", "_")
        after = before if after is None else after
        if neutral:
            assert errors(before) == errors(after), (label, errors(before), errors(after))
        front = ether(0x0800 if before[0] >> 4 == 4 else 0x86dd)
        self.suite.case(label, front + before + rest, verdict, front + after + rest,
                        flags=(0, 4) if before != after else (0,), need=14 + len(before),
                        count={why: 1} if why else None, ctx={"mark": 5, "priority": 7})

    def both(self, name, make, near, far=FAR, verdict=SHOT, **more):
        new = mapped(near, self.old, self.new)
        if new == UNMAPPED:
            self.case(name, make(*self.end(near, far)), why=UNMAPPED, verdict=verdict, **more)
            return
        before, after = make(*self.end(near, far)), bytearray(make(*self.end(near, far)))
        at = 8 if self.way == "out" else 24
        after[at:at + 16] = new
        self.case(name, before, bytes(after), **more)


def hosts(old):
    """Addresses of a prefix, and just beyond."""
    net = ipaddress.ip_network(old)
    base, free = int(net.network_address), 128 - net.prefixlen
    low = (1 << free) - 1
    found = {0, 1, low, low - 1, low >> 1, 0x1234, 0xffff, 0xfffe, 0x10000, 0x00020000_00000000_1234 & low}
    for word in range(4, 8):
        for value in (0xffff, 0xfffe, 0, 1, 0x8000):
            found.add(0x1111_2222_3333_4444 & ~(0xffff << 16 * (7 - word)) | value << 16 * (7 - word))
    for ones in range(1, 5):        # the first words of the identifier are 0xffff
        found.add(0xffffffffffffffff & ~((1 << 64 - 16 * ones) - 1) | 0x5a5a5a5a5a5a5a5a & (1 << 64 - 16 * ones) - 1)
        found.add(0xffffffffffffffff & ~((1 << 64 - 16 * ones) - 1))
    for subnet in (0, 1, 0x7fff, 0xfffe, 0xffff, 0xd54f, 0x2ab0, 0xabcd):
        found.add(subnet << 64 | 0x1234)
    for n in sorted(n & low for n in found):
        yield (base | n).to_bytes(16, "big")
    yield ((base | low) + 1 & (1 << 128) - 1).to_bytes(16, "big")
    yield (base - 1 & (1 << 128) - 1).to_bytes(16, "big")
    yield (base ^ 1 << free).to_bytes(16, "big")


def addresses(suite):
    for old, new in PAIRS:
        for a, b in ((old, new), (new, old)):
            for way in ("out", "in"):
                npt = Npt(suite, a, b, way)
                seen = set()
                for host in hosts(a):
                    # and identifiers that result from the translation of others
                    back = mapped(host, b, a) if a != b else host
                    for h in (host, back):
                        if h != UNMAPPED and h not in seen:
                            seen.add(h)
                            npt.both(h.hex(), lambda s, d: whole(s, d, UDP_), h)
    # RFC 6296, 3.6 with erratum 3033
    inside, outside = address("fd01:203:405:1::1234"), address("2001:db8:1:d550::1234")
    assert mapped(inside, *RFC) == outside and mapped(outside, *RFC[::-1]) == inside
    npt = Npt(suite, *RFC, "out")
    npt.case("rfc-3.6", whole(inside, FAR, TCP_), whole(outside, FAR, TCP_))
    npt = Npt(suite, *RFC[::-1], "in")
    npt.case("rfc-3.6-back", whole(FAR, outside, TCP_), whole(FAR, inside, TCP_))
    for verdict, code in dict(unspec=-1, ok=0, shot=2, pipe=3).items():
        npt = Npt(suite, *RFC, "out", "unmapped", verdict)
        npt.both("subnet-ffff", lambda s, d: whole(s, d, TCP_), address("fd01:203:405:ffff::1"), verdict=code)
        npt.both("mapped", lambda s, d: whole(s, d, TCP_), inside)


def transports(suite):
    for old, new in (RFC, PAIRS[5], PAIRS[6]):
        for a, b in ((old, new), (new, old)):
            for way in ("out", "in"):
                npt = Npt(suite, a, b, way)
                near = (int(ipaddress.ip_network(a).network_address) | 0x1_0000_0000_0000_1234).to_bytes(16, "big") \
                    if "48" in a else (int(ipaddress.ip_network(a).network_address) | 0x1234).to_bytes(16, "big")
                for proto in (TCP_, UDP_, LITE_, DCCP_, SCTP_, GRE_, ESP_, ICMP6_, 253, 59):
                    for data in (PAYLOAD, PAYLOAD + b"x"):
                        npt.both(f"{NAMES.get(proto, proto)}-{len(data)}", lambda s, d: whole(s, d, proto, data=data), near)
                    for name, chain in (("hop", [hop_by_hop()]), ("dst", [destination(3)]),
                                        ("routed", [routing_header(0, FAR)]), ("atomic", [fragment_header(0, 0)]),
                                        ("on-the-way", [routing_header(1, FAR)]), ("nine", [destination()] * 9),
                                        ("first", [fragment_header(0, 1)]), ("later", [fragment_header(9, 0)])):
                        npt.both(f"{name}-{NAMES.get(proto, proto)}", lambda s, d: whole(s, d, proto, extensions=chain),
                                 near, neutral=name not in ("on-the-way", "nine"))
                npt.both("udp-without", lambda s, d: packet(s, d, UDP_, struct.pack("!HHHH", 1, 2, 8, 0)), near)
                npt.both("tcp-wrong", lambda s, d: packet(s, d, TCP_, segment(TCP_, s, d)[:16] + b"\x55\xaa" + PAYLOAD), near)
                npt.both("tcp-short", lambda s, d: packet(s, d, TCP_, b"\1\2\3"), near)
                npt.both("hop-beyond", lambda s, d: packet(s, d, 0, b"\x06\x40" + b"\0" * 6), near)
                npt.case("other", whole(*npt.end(FAR, near), TCP_))
                npt.case("v4", whole(address("10.0.0.1"), address("10.0.0.2"), TCP_))


def icmp_errors(suite):
    for old, new in (RFC, PAIRS[5], PAIRS[6], PAIRS[9]):
        for a, b in ((old, new), (new, old)):
            for way in ("out", "in"):
                npt = Npt(suite, a, b, way)
                base = int(ipaddress.ip_network(a).network_address)
                near, near2, other = ((base | n).to_bytes(16, "big") for n in (0x1234, 0x5678, 0x77))
                other = address("2a00::77")
                if "32" in (a + b)[-2:] or "32" in a[-2:]:
                    near, near2 = ((base | n << 64 | 9).to_bytes(16, "big") for n in (1, 2))

                def made(outer, inner, kind, cut=None, **more):
                    return error(*npt.end(outer, FAR), whole(*npt.end(inner, FAR)[::-1], **more)[:cut], kind)

                def translated(outer, inner, kind, cut=None, **more):
                    data = bytearray(made(outer, inner, kind, cut, **more))
                    x, y = (mapped(h, a, b) for h in (outer, inner))
                    at = 8 if way == "out" else 24
                    data[at:at + 16] = x
                    if kind < 128:
                        at = 40 + 8 + (24 if way == "out" else 8)
                        data[at:at + 16] = y
                    return bytes(data)
                for kind in (1, 2, 3, 4, 127, 128, 129, 135, 255):
                    npt.case(f"type-{kind}", made(near, near, kind, proto=UDP_), translated(near, near, kind, proto=UDP_))
                for proto in (TCP_, UDP_, SCTP_, ICMP6_, ESP_):
                    for cut in (None, 48, 44, 40):
                        for outer, inner in ((near, near2), (other, near), (near, other), (other, other)):
                            name = f"inner-{NAMES[proto]}-{cut}-{outer[0]:x}-{inner[0]:x}"
                            npt.case(name, made(outer, inner, 2, cut, proto=proto),
                                     translated(outer, inner, 2, cut, proto=proto))
                for cut in (0, 1, 39):
                    npt.case(f"inner-cut-{cut}", made(near, near, 2, cut, proto=UDP_), why="truncated", rest=b"\x60" * 40)
                quoted = whole(*npt.end(near, FAR)[::-1], UDP_)
                # padding is not an ICMP error, whatever it looks like
                npt.both("empty-padded", lambda s, d: packet(s, d, ICMP6_, b""), near,
                         rest=made(near, near, 1, proto=UDP_)[40:])
                for first in (0x00, 0x45, 0x50, 0x70):
                    npt.case(f"inner-first-{first:x}", error(*npt.end(near, FAR), bytes([first]) + quoted[1:], 1),
                             why="malformed")
                # an address that npt cannot have produced: neither end is changed
                unmapped = next((h for h in hosts(a) if mapped(h, a, b) == UNMAPPED), None)
                if unmapped:
                    npt.case("inner-unmapped", made(near, unmapped, 2, proto=UDP_), why=UNMAPPED, verdict=SHOT)
                    npt.case("outer-unmapped", made(unmapped, near, 2, proto=UDP_), why=UNMAPPED, verdict=SHOT)
                # an error after extension headers, and one that is a fragment
                body = made(near, near2, 2, proto=TCP_)[40:]
                for name, chain in (("hop", [hop_by_hop()]), ("first", [fragment_header(0, 1)])):
                    before = packet(*npt.end(near, FAR), ICMP6_, body, extensions=[chain[0]])
                    after = bytearray(before)
                    for at, host in ((8 if way == "out" else 24, near), (40 + 8 + 8 + (24 if way == "out" else 8), near2)):
                        after[at:at + 16] = mapped(host, a, b)
                    npt.case(f"behind-{name}", before, bytes(after))


def vectors(suite):
    for p in corpus():
        for settings in (("from", "2001:db8::/48", "to", "fd00:1:2::/48"),
                         ("dir", "in", "from", "2001:db8:ff::/48", "to", "fd00:1:2::/48"),
                         ("from", "2001:db8::/64", "to", "fd00:1:2:3::/64")):
            suite.bake(*settings, *(("link", p.link) if p.link != "auto" else ()))
            name = "-".join((p.name, *settings)).replace("/", "_")
            if p.why:
                suite.packet(p, name=name, count={p.why: 1})
                continue
            new = bytearray(bytes(p.ip))
            if new[0] >> 4 == 6:
                at = 24 if "dir" in settings else 8
                new[at:at + 16] = mapped(bytes(new[at:at + 16]), settings[-3], settings[-1])
            suite.packet(p, bytes(new), name, ctx={"mark": 5, "priority": 7, "cb2": 9})
    suite.bake()
    for p in corpus():
        if p.link == "auto" and not p.why:
            suite.packet(p, name=f"{p.name}-untouched")
    addresses(suite)
    transports(suite)
    icmp_errors(suite)
