# SPDX-License-Identifier: GPL-2.0-only
"""nat: every packet is built twice, with the addresses and ports before and after; all
checksums are computed anew. So a pair of sides is an inverse pair: what one vector makes
of a packet, the next makes undone.
"""
import ipaddress
from common import *

TCP_, UDP_, ICMP_, DCCP_, GRE_, ESP_, ICMP6_, SCTP_, LITE_ = 6, 17, 1, 33, 47, 50, 58, 132, 136
OSPF_, PIM_, MOBILITY_, HIP_ = 89, 103, 135, 139
FIELD = {TCP_: 16, UDP_: 6, LITE_: 6, DCCP_: 6, ICMP_: 2, ICMP6_: 2, OSPF_: 12, PIM_: 2, MOBILITY_: 4, HIP_: 4}
NO_PSEUDO4 = {ICMP_, OSPF_, PIM_, MOBILITY_}     # of IPv4
PORTS = {TCP_, UDP_, LITE_, DCCP_, SCTP_}
NAMES = {TCP_: "tcp", UDP_: "udp", ICMP_: "icmp", DCCP_: "dccp", GRE_: "gre", ESP_: "esp",
         ICMP6_: "icmp6", SCTP_: "sctp", LITE_: "udplite", OSPF_: "ospf", PIM_: "pim", MOBILITY_: "mobility",
         HIP_: "hip"}


def address(text):
    return ipaddress.ip_address(text).packed


def segment(proto, src, dst, sport=40000, dport=443, data=PAYLOAD, length=None):
    """A transport header, its checksum right, and data. `length`: what UDP says."""
    ports = struct.pack("!HH", sport, dport)
    head = {TCP_: ports + struct.pack("!IIBBHHH", 1, 2, 0x50, 0x10, 1000, 0, 0),
            UDP_: ports + struct.pack("!HH", 8 + len(data) if length is None else length, 0),
            LITE_: ports + struct.pack("!HH", 0, 0),
            DCCP_: ports + struct.pack("!BBHII", 4, 0, 0, 0x01000000, 1),
            SCTP_: ports + struct.pack("!II", 0x1234, 0x5a5a5a5a),
            ICMP_: struct.pack("!BBHHH", 8, 0, 0, 7, 1), ICMP6_: struct.pack("!BBHHH", 128, 0, 0, 7, 1),
            OSPF_: struct.pack("!BBHIIHBB", 3, 1, 30, 1, 0, 0, 0, 0), PIM_: b"\x20\0\0\0",
            MOBILITY_: b"\x3b\1\1\0\0\0\0\0", HIP_: b"\x3b\4\1\x21\0\0\0\0",
            GRE_: b"\0\0\x08\0", ESP_: struct.pack("!II", 5, 1)}.get(proto, b"")
    return summed(proto, src, dst, head + data)


def summed(proto, src, dst, l4):
    """The same with its checksum set; a computed 0 of UDP is 0xffff."""
    if proto not in FIELD:
        return l4
    at = FIELD[proto]
    l4 = l4[:at] + b"\0\0" + l4[at + 2:]
    pseudo = b"" if proto in NO_PSEUDO4 and len(src) == 4 else src + dst + struct.pack("!II", len(l4), proto)
    check = sum16(pseudo + l4) % 0xffff
    if not check and proto in (UDP_, LITE_):
        check = 0xffff
    return l4[:at] + struct.pack("!H", check) + l4[at + 2:]


def packet(src, dst, proto, payload, options=b"", extensions=(), frag=0, length=None, ttl=61):
    """An IP packet. `extensions`: (type, bytes behind the next header field)."""
    if len(src) == 4:
        head = struct.pack("!BBHHHBBH", 0x45 + len(options) // 4, 0xb9,
                           20 + len(options) + len(payload) if length is None else length,
                           0x1234, frag, ttl, proto, 0) + src + dst + options
        return head[:10] + struct.pack("!H", sum16(head) % 0xffff) + head[12:] + payload
    chain = b""
    types = [t for t, _ in extensions] + [proto]
    for following, (_, body) in zip(types[1:], extensions):
        chain += bytes([following]) + body
    return (struct.pack("!IHBB", 0x6b912345, len(chain + payload) if length is None else length, types[0], ttl) +
            src + dst + chain + payload)


def whole(src, dst, proto, **more):
    """A packet with its transport."""
    layer = {k: more.pop(k) for k in ("sport", "dport", "data", "length") if k in more}
    return packet(src, dst, proto, segment(proto, src, dst, **layer), **more)


def error(src, dst, inner, kind=None, code=0, rest=b"\0\0\0\0"):
    """An ICMP error about `inner`."""
    v4 = len(src) == 4
    proto = ICMP_ if v4 else ICMP6_
    body = bytes([kind if kind is not None else 3 if v4 else 1, code, 0, 0]) + rest + inner
    return packet(src, dst, proto, summed(proto, src, dst, body))


def moved(addr, old, new):
    """An address of the prefix `old` in `new`."""
    old, new = ipaddress.ip_network(old), ipaddress.ip_network(new)
    number = int.from_bytes(addr, "big")
    if len(addr) * 8 != old.max_prefixlen or number & int(old.netmask) != int(old.network_address):
        return addr
    return (number ^ int(old.network_address) ^ int(new.network_address)).to_bytes(len(addr), "big")


class Nat:
    """Vectors for one prefix pair, one side at a time."""

    def __init__(self, suite, old, new, side, **ports):
        self.suite, self.old, self.new, self.side, self.ports = suite, old, new, side, ports
        self.settings = ["side", side] + (["from", old, "to", new] if old else [])
        for name, value in ports.items():
            self.settings += [name.replace("_", "-"), value]
        suite.bake(*self.settings)

    def case(self, name, before, after=None, why=None, rest=b"", flags=(0, 4), **more):
        front = ether(0x0800 if before[0] >> 4 == 4 else 0x86dd)
        label = "-".join(str(s) for s in [name, *self.settings]).replace("/", "_")
        changed = after is not None and after != before
        assert not changed or errors(before) == errors(after), label
        self.suite.case(label, front + before + rest, out=front + after + rest if changed else None,
                        flags=flags if not why else (0,), need=14 + len(before),
                        count={why: 1} if why else None, **more)

    def end(self, near, far):
        """Source and destination of a packet whose translated end is `near`."""
        return (near, far) if self.side == "src" else (far, near)

    def ports_of(self, near, far):
        """Source and destination port, as whole() takes them, of a packet whose translated end has `near`."""
        return dict(zip(("sport", "dport"), self.end(near, far)))

    def both(self, name, make, near, far, **more):
        """`make` of (source, destination), before and after."""
        self.case(name, make(*self.end(near, far)), make(*self.end(moved(near, self.old, self.new), far)), **more)


def errors(data):
    """checksum_errors, and those of a packet inside."""
    found = checksum_errors(data)
    proto, at, _ = transport(data)
    found.pop("udp off", None)
    if proto in (ICMP_, ICMP6_) and len(data) >= at + 28 and (data[at] in (3, 4, 11, 12) if proto == ICMP_ else data[at] < 128):
        inner = data[at + 8:]
        if inner[0] >> 4 == 4 and inner[0] & 15 >= 5 and len(inner) >= (inner[0] & 15) * 4:
            found["inner"] = checksum_errors(inner).get("ip")
    return found


def hop_by_hop(n=0):
    return 0, bytes([n]) + b"\1" + bytes([n * 8 + 4]) + b"\0" * (n * 8 + 4)


def destination(n=0):
    return 60, bytes([n]) + b"\1" + bytes([n * 8 + 4]) + b"\0" * (n * 8 + 4)


def routing_header(left, address):
    return 43, bytes([2, 0, left]) + b"\0" * 4 + address


def fragment_header(offset, more, ident=7):
    return 44, b"\0" + struct.pack("!HI", offset << 3 | more, ident)


PAIRS4 = [("192.0.2.1/32", "10.9.9.9/32"), ("192.0.2.0/24", "10.1.2.0/24"), ("192.0.0.0/9", "10.128.0.0/9"),
          ("192.0.2.0/31", "0.0.0.0/31"), ("128.0.0.0/1", "0.0.0.0/1"), ("192.0.0.0/16", "255.255.0.0/16"),
          ("192.0.0.0/8", "63.0.0.0/8"), ("0.0.0.0/0", "0.0.0.0/0"), ("192.0.0.0/17", "172.16.128.0/17")]
PAIRS6 = [("2001:db8::1/128", "fd00::9/128"), ("2001:db8::/48", "fd00:1:2::/48"), ("2001:db8::/32", "fd00:1::/32"),
          ("2001:db8::/64", "2001:db8:0:1::/64"), ("2001:db8::/33", "fd00:0:8000::/33"), ("2000::/3", "4000::/3"),
          ("2001:db8::/65", "fd00::8000:0:0:0/65"), ("2001:db8::/96", "64:ff9b::/96"), ("::/0", "::/0"),
          ("2001:db8::/127", "ffff:ffff::/127"), ("2001:db8::/31", "3:4::/31")]
NEAR = {4: address("192.0.2.1"), 6: address("2001:db8::1")}
FAR = {4: address("198.51.100.2"), 6: address("2001:db8:ff::2")}
OTHER = {4: address("203.0.113.77"), 6: address("2a00:1::77")}


def family_of(prefix):
    return ipaddress.ip_network(prefix).version


def both_ways(suite, old, new, **ports):
    """There and back: four vectors for each packet."""
    for a, b in ((old, new), (new, old)):
        for side in ("src", "dst"):
            near = NEAR[family_of(old)]
            yield Nat(suite, a, b, side, **ports), near if a == old else moved(near, old, new), FAR[family_of(old)]


def transports(suite):
    for old, new in PAIRS4 + PAIRS6:
        version = family_of(old)
        for nat, near, far in both_ways(suite, old, new):
            for proto in (TCP_, UDP_, LITE_, DCCP_, SCTP_, GRE_, ESP_, ICMP_ if version == 4 else ICMP6_, 253,
                          OSPF_, PIM_, MOBILITY_, HIP_):
                for data in (PAYLOAD, PAYLOAD + b"x"):
                    name = f"v{version}-{NAMES.get(proto, proto)}-{len(data)}"
                    nat.both(name, lambda s, d: whole(s, d, proto, data=data), near, far)
            if ipaddress.ip_network(old).prefixlen > 3:
                nat.both(f"v{version}-other", lambda s, d: whole(s, d, TCP_), OTHER[version], far)
                nat.case(f"v{version}-wrong-end", whole(*nat.end(OTHER[version], near), UDP_))
            nat.both(f"v{10 - version}-tcp", lambda s, d: whole(s, d, TCP_), NEAR[10 - version], FAR[10 - version])


def addresses(suite):
    """Each length of prefix, on addresses at its ends and just beyond."""
    for bits, base, target in ((32, 0xc0a8557a, 0x0a35c1e3), (128, 0x20010db8a5a55a5a3c3cc3c3699a5577,
                                                              0xfd123456789abcdef0123456789abcde)):
        for length in range(0, bits + 1, 1 if bits == 32 else 7):
            mask = (1 << bits) - (1 << bits - length)
            old, new = (str(ipaddress.ip_network((n & mask, length))) if bits == 128 or n & mask > 0xffff
                        else f"{ipaddress.IPv4Address(n & mask)}/{length}" for n in (base, target))
            new = str(ipaddress.ip_network(((target & mask).to_bytes(bits // 8, "big"), length)))
            old = str(ipaddress.ip_network(((base & mask).to_bytes(bits // 8, "big"), length)))
            nat = Nat(suite, old, new, "src")
            last = base & mask | ~mask & (1 << bits) - 1
            tries = {base & mask, last, base}
            if length:
                tries |= {(base & mask) - 1, last + 1, base ^ 1 << bits - length}
            for n in sorted(tries):
                if 0 <= n < 1 << bits:
                    nat.both(f"address-{n:x}", lambda s, d: whole(s, d, UDP_), n.to_bytes(bits // 8, "big"),
                             FAR[4 if bits == 32 else 6])


def headers(suite):
    """Options, extension headers, fragments."""
    for nat, near, far in both_ways(suite, *PAIRS4[1]):
        for n in (4, 12, 40):
            for proto in (TCP_, UDP_, ICMP_, SCTP_):
                nat.both(f"options-{n}-{NAMES[proto]}", lambda s, d: whole(s, d, proto, options=b"\1" * n), near, far)
        for proto in (TCP_, UDP_, ICMP_, GRE_):
            def pieces4(s, d, frag, cut):
                return packet(s, d, proto, segment(proto, s, d, data=PAYLOAD * 4)[cut], frag=frag)
            nat.both(f"frag-first-{NAMES[proto]}", lambda s, d: pieces4(s, d, 0x2000, slice(0, 48)), near, far,
                     flags=(0,))
            nat.both(f"frag-middle-{NAMES[proto]}", lambda s, d: pieces4(s, d, 0x2006, slice(48, 56)), near, far)
            nat.both(f"frag-last-{NAMES[proto]}", lambda s, d: pieces4(s, d, 0x0006, slice(48, None)), near, far)
            if proto != TCP_:       # its checksum would be in this place
                nat.both(f"frag-one-unit-{NAMES[proto]}", lambda s, d: pieces4(s, d, 1, slice(8, None)), near, far)
        # a first fragment without the checksum cannot be translated
        nat.case("frag-tiny", packet(*nat.end(near, far), TCP_, segment(TCP_, near, far)[:8], frag=0x2000),
                 why="truncated")
    for nat, near, far in both_ways(suite, *PAIRS6[1]):
        for name, chain in (("hop", [hop_by_hop()]), ("dst", [destination()]), ("dst-long", [destination(5)]),
                            ("both", [hop_by_hop(), destination(1)]), ("eight", [destination()] * 8),
                            ("atomic", [fragment_header(0, 0)]), ("routed", [routing_header(0, OTHER[6])])):
            for proto in (TCP_, UDP_, ICMP6_, SCTP_, DCCP_):
                nat.both(f"{name}-{NAMES[proto]}", lambda s, d: whole(s, d, proto, extensions=chain), near, far)
        nat.case("nine", whole(*nat.end(near, far), TCP_, extensions=[destination()] * 9), why="extensions")
        # without a length, Linux takes it to its end: see transport_parse_within()
        nat.both("payload-0", lambda s, d: packet(s, d, UDP_, segment(UDP_, s, d), extensions=[hop_by_hop()], length=0),
                 near, far, flags=(4,))
        nat.case("payload-0-cut", packet(*nat.end(near, far), UDP_, b"\0\1\0", extensions=[hop_by_hop()], length=0),
                 why="truncated")
        # RFC 8200, 8.1: the pseudo-header has the final destination, which is in the routing header
        for proto in (TCP_, UDP_, ICMP6_):
            def on_the_way(s, d):
                return packet(s, d, proto, segment(proto, s, OTHER[6]), extensions=[routing_header(1, OTHER[6])])
            s, d = nat.end(near, far)
            new = moved(near, nat.old, nat.new)
            nat.suite.case(f"on-the-way-{NAMES[proto]}-{nat.side}-{nat.old}".replace("/", "_"),
                           ether(0x86dd) + on_the_way(s, d), flags=(0, 4), need=14 + len(on_the_way(s, d)),
                           out=ether(0x86dd) + on_the_way(*nat.end(new, far)))
        for proto in (TCP_, UDP_, ICMP6_, GRE_):
            def pieces6(s, d, cut, *frag):
                return packet(s, d, proto, segment(proto, s, d, data=PAYLOAD * 4)[cut],
                              extensions=[fragment_header(*frag)])
            nat.both(f"frag-first-{NAMES[proto]}", lambda s, d: pieces6(s, d, slice(0, 48), 0, 1), near, far,
                     flags=(0,))
            nat.both(f"frag-middle-{NAMES[proto]}", lambda s, d: pieces6(s, d, slice(48, 56), 6, 1), near, far)
            nat.both(f"frag-last-{NAMES[proto]}", lambda s, d: pieces6(s, d, slice(48, None), 6, 0), near, far)


def zero_sums(suite):
    """UDP without a checksum stays so; a computed 0 is sent as 0xffff, by TCP as 0."""
    for old, new in (PAIRS4[1], PAIRS6[1]):
        for nat, near, far in both_ways(suite, old, new):
            def unsummed(s, d):
                data = whole(s, d, UDP_, data=PAYLOAD)
                at = len(data) - len(PAYLOAD) - 2
                return data[:at] + b"\0\0" + data[at + 2:]
            nat.both("udp-without", unsummed, near, far)
            for proto in (UDP_, TCP_, LITE_):
                # data for which the checksum is 0 after the translation
                s, d = nat.end(moved(near, old, new) if nat.old == old else moved(near, new, old), far)
                l4 = segment(proto, s, d, data=b"\0\0")
                data = struct.pack("!H", struct.unpack_from("!H", l4, FIELD[proto])[0])
                after = whole(s, d, proto, data=data)
                at = len(after) - len(segment(proto, s, d, data=data)) + FIELD[proto]
                assert after[at:at + 2] == (b"\0\0" if proto == TCP_ else b"\xff\xff")
                nat.case(f"to-zero-{NAMES[proto]}", whole(*nat.end(near, far), proto, data=data), after)
            # a wrong checksum stays wrong by as much
            for wrong in (1, 0x7fff, 0xfffe):
                def off(s, d):
                    data = whole(s, d, TCP_)
                    at = len(data) - len(PAYLOAD) - 4
                    stored = (struct.unpack_from("!H", data, at)[0] + wrong) % 0xffff
                    return data[:at] + struct.pack("!H", stored) + data[at + 2:]
                nat.both(f"wrong-by-{wrong}", off, near, far)


def to_be_completed(suite):
    """UDP that is segmented for a device that computes no checksums: CHECKSUM_NONE, but the field has the sum of the
    pseudo-header, not inverted (udp_send_skb() since Linux 6.11). TCP is CHECKSUM_PARTIAL then."""
    def partial(s, d, **more):
        data = whole(s, d, UDP_, **more)
        length = 8 + len(PAYLOAD)
        total = 0xffff - sum16(s + d + struct.pack("!II", length, UDP_))
        at = len(data) - length + FIELD[UDP_]
        return data[:at] + struct.pack("!H", total) + data[at + 2:]
    for old, new in (PAIRS4[1], PAIRS6[1]):
        version = family_of(old)
        front = ether(0x0800 if version == 4 else 0x86dd)
        for ports in ({}, {"port_to": 80}):
            for nat, near, far in both_ways(suite, old, new, **ports):
                for name, more in (("", {}), ("-more", {"options": b"\1" * 8} if version == 4 else {"extensions": [hop_by_hop()]})):
                    before = partial(*nat.end(near, far), **nat.ports_of(8080, 4000), **more)
                    after = partial(*nat.end(moved(near, nat.old, nat.new), far),
                                    **nat.ports_of(ports.get("port_to", 8080), 4000), **more)
                    label = "-".join(str(s) for s in [f"to-complete-v{version}{name}", *nat.settings]).replace("/", "_")
                    suite.case(label, front + before, out=front + after, ctx={"gso_size": 20},
                               need=14 + len(before) - len(PAYLOAD))


def change_ports(suite):
    """ports: (settings, port before, port after or None where it is not matched)"""
    for old, new in (PAIRS4[1], PAIRS6[1], (None, None)):
        for settings, port, to in (({"port": 8080, "port_to": 80}, 8080, 80), ({"port": 8080, "port_to": 80}, 80, None),
                                   ({"port": 80, "port_to": 8080}, 80, 8080), ({"port_to": 65535}, 1, 65535),
                                   ({"port": 53}, 53, 53), ({"port": 53}, 54, None), ({"port_to": 1}, 65535, 1)):
            if not old and "port_to" not in settings:
                continue
            for side in ("src", "dst"):
                nat = Nat(suite, old, new, side, **settings)
                for version in (4, 6) if not old else (family_of(old),):
                    near, far = NEAR[version], FAR[version]
                    after = moved(near, old, new) if old and to else near

                    def ends(port, other=4000):
                        return nat.ports_of(port, other)
                    for proto in (TCP_, UDP_, LITE_, DCCP_):
                        for more in ({}, {"options": b"\1" * 8} if version == 4 else {"extensions": [hop_by_hop()]}):
                            nat.case(f"v{version}-{NAMES[proto]}-{port}{'-more' if more else ''}",
                                     whole(*nat.end(near, far), proto, **ends(port), **more),
                                     whole(*nat.end(after, far), proto, **ends(to or port), **more))
                    if to == port or not to:
                        nat.case(f"v{version}-sctp-{port}", whole(*nat.end(near, far), SCTP_, **ends(port)),
                                 whole(*nat.end(after, far), SCTP_, **ends(port)))
                    else:
                        nat.case(f"v{version}-sctp-{port}", whole(*nat.end(near, far), SCTP_, **ends(port)),
                                 why="transport")
                    for proto in (ICMP_ if version == 4 else ICMP6_, GRE_, ESP_):
                        nat.case(f"v{version}-{NAMES[proto]}-{port}", whole(*nat.end(near, far), proto))
                    if old:
                        nat.case(f"v{version}-other-{port}", whole(*nat.end(OTHER[version], far), TCP_, **ends(port)))

                    def unsummed(s, d, **ports):
                        data = whole(s, d, UDP_, **ports)
                        at = len(data) - len(PAYLOAD) - 2
                        return data[:at] + b"\0\0" + data[at + 2:]
                    nat.case(f"v{version}-udp-without-{port}", unsummed(*nat.end(near, far), **ends(port)),
                             unsummed(*nat.end(after, far), **ends(to or port)))

                    # later fragments of a datagram do not have the port
                    def first(s, d, port):
                        l4 = segment(UDP_, s, d, data=PAYLOAD * 4, **ends(port))[:48]
                        return packet(s, d, UDP_, l4, frag=0x2000) if version == 4 else \
                            packet(s, d, UDP_, l4, extensions=[fragment_header(0, 1)])

                    def last(s, d):
                        l4 = segment(UDP_, s, d, data=PAYLOAD * 4)[48:]
                        return packet(s, d, UDP_, l4, frag=6) if version == 4 else \
                            packet(s, d, UDP_, l4, extensions=[fragment_header(6, 0)])
                    label = f"v{version}-frag-first-{port}"
                    if old and to:
                        nat.case(label, first(*nat.end(near, far), port), why="fragment")
                    else:
                        nat.case(label, first(*nat.end(near, far), port), first(*nat.end(near, far), to or port),
                                 flags=(0,))
                    nat.case(f"v{version}-frag-last-{port}", last(*nat.end(near, far)), why="fragment" if old else None)


def icmp_errors(suite):
    """The packet inside has the other end translated, and all sums that are there."""
    for old, new in (PAIRS4[1], PAIRS4[0], PAIRS6[1], PAIRS6[6]):
        version = family_of(old)
        for nat, near, far in both_ways(suite, old, new):
            after = moved(near, nat.old, nat.new)
            kinds = [(3, 4), (3, 3), (4, 0), (11, 0), (12, 0)] if version == 4 else [(1, 4), (2, 0), (3, 0), (4, 0), (127, 0)]
            others = [(5, 0), (8, 0), (0, 0), (13, 0)] if version == 4 else [(128, 0), (129, 0), (133, 0), (135, 0), (255, 0)]
            size = 20 if version == 4 else 40

            def about(outer, inner, kind, code=0, cut=None, proto=UDP_, **more):
                quoted = whole(*nat.end(inner, far)[::-1], proto, **more)
                return error(*nat.end(outer, far), quoted[:cut], kind, code)
            for kind, code in kinds:
                nat.case(f"error-{kind}-{code}", about(near, near, kind, code), about(after, after, kind, code))
            for kind, code in others:
                nat.case(f"no-error-{kind}-{code}", about(near, near, kind, code), about(after, near, kind, code))
            kind = kinds[0][0]
            for proto in (TCP_, UDP_, LITE_, DCCP_, SCTP_, GRE_, ESP_, ICMP_ if version == 4 else ICMP6_, 253):
                for cut in (None, size + 8, size + 6, size + 4, size):
                    for data in (PAYLOAD, PAYLOAD + b"x"):
                        if cut and data != PAYLOAD:
                            continue
                        a, b = (about(x, x, kind, cut=cut, proto=proto, data=data) for x in (near, after))
                        nat.case(f"inner-{NAMES.get(proto, proto)}-{len(data)}-cut-{cut}", a, b)
            # the error comes from a router whose address is not translated
            nat.case("from-router", about(OTHER[version], near, kind), about(OTHER[version], after, kind))
            nat.case("about-other", about(near, OTHER[version], kind), about(after, OTHER[version], kind))
            nat.case("all-other", about(OTHER[version], OTHER[version], kind))
            s, d = nat.end(near, far)
            for cut in (0, 1, size - 1):
                nat.case(f"inner-cut-{cut}", error(s, d, whole(d, s, UDP_)[:cut], kind), why="truncated")
            inner = whole(d, s, UDP_)
            for first in (0x00, 0x35, 0x44, 0x40, 0x55, 0x75) if version == 4 else (0x00, 0x45, 0x50, 0x70):
                nat.case(f"inner-first-{first:x}", error(s, d, bytes([first]) + inner[1:], kind), why="malformed")
            # the packet inside is cut off, as in most errors
            if version == 4:
                for frag, cut in ((0x2000, slice(0, 32)), (0x2004, slice(32, 48)), (4, slice(32, None))):
                    a, b = (error(*nat.end(x, far), packet(*nat.end(x, far)[::-1], UDP_, segment(
                        UDP_, *nat.end(x, far)[::-1], data=PAYLOAD * 4)[cut], frag=frag), kind) for x in (near, after))
                    nat.case(f"inner-frag-{frag:x}", a, b)
                a, b = (error(*nat.end(x, far), whole(*nat.end(x, far)[::-1], TCP_, options=b"\1" * 12), kind)
                        for x in (near, after))
                nat.case("inner-options", a, b)
                a, b = (error(*nat.end(x, far), whole(*nat.end(x, far)[::-1], TCP_, options=b"\1" * 12)[:30], kind)
                        for x in (near, after))
                nat.case("inner-options-cut", a, b)
            else:
                for name, chain in (("hop", [hop_by_hop()]), ("first", [fragment_header(0, 1)]),
                                    ("eight", [destination()] * 8)):
                    a, b = (error(*nat.end(x, far), whole(*nat.end(x, far)[::-1], UDP_, extensions=chain), kind)
                            for x in (near, after))
                    nat.case(f"inner-{name}", a, b)
                    nat.case(f"inner-{name}-cut", error(s, d, whole(d, s, UDP_, extensions=chain)[:42], kind),
                             why="truncated")
                a, b = (error(*nat.end(x, far), packet(*nat.end(x, far)[::-1], UDP_, PAYLOAD * 2, extensions=[
                    fragment_header(5, 1)]), kind) for x in (near, after))
                nat.case("inner-later", a, b)
                # of a GSO packet (BIG TCP)
                for name, chain in ("tcp", []), ("jumbo", [(0, bytes([0, 0xc2, 4]) + struct.pack("!I", 70000))]):
                    a, b = (error(*nat.end(x, far), packet(*(e := nat.end(x, far)[::-1]), TCP_, segment(TCP_, *e),
                                                           extensions=chain, length=0), kind) for x in (near, after))
                    nat.case(f"inner-payload-0-{name}", a, b)
                nat.case("inner-nine", error(s, d, whole(d, s, UDP_, extensions=[destination()] * 9), kind),
                         why="extensions")
                # behind the packet inside, of 128 bytes or more, may be extensions: RFC 4884. A UDP header that begins
                # behind byte 120 is cut off there.
                behind = b"\x20\0\x5d\xf3\0\x08\1\1" + bytes(range(1, 25))
                for kind, length, size_of, cut, name in (
                        (1, 16, 80, 128, "within"), (1, 16, 88, 128, "cut"), (3, 16, 88, 128, "cut"), (1, 17, 96, 136, "cut"),
                        (2, 16, 88, None, "whole"), (4, 16, 88, None, "whole"), (1, 15, 88, None, "whole"),
                        (3, 0, 88, None, "whole"), (1, 255, 88, None, "whole")):
                    a, b = (error(*nat.end(x, far), whole(*nat.end(x, far)[::-1], UDP_, extensions=[
                        destination(size_of // 8 - 1)])[:cut] + (behind if cut else b""), kind,
                        rest=bytes([length, 0, 0, 0])) for x in (near, after))
                    nat.case(f"extended-{kind}-{length}-{size_of}-{name}", a, b)
            # padding is not the header of an error
            empty = packet(s, d, ICMP_ if version == 4 else ICMP6_, b"")
            nat.case("empty-padded", empty, packet(*nat.end(after, far), ICMP_, b"") if version == 4 else None,
                     rest=bytes([kind]) * 60, why="truncated" if version == 6 else None)
            # padding after the IP packet is not part of the packet inside the error
            a, b = (about(x, x, kind, cut=size + 8, proto=TCP_) for x in (near, after))
            nat.case("inner-padded", a, b, rest=b"\xff" * 20)
            long, short = (about(near, near, kind, cut=n, proto=TCP_) for n in (size + 8, size - 4))
            nat.case("inner-short-padded", short, why="truncated", rest=long[-12:] + b"\xff" * 20)
    for old, new in (PAIRS4[1], PAIRS6[1], (None, None)):
        for side in ("src", "dst"):
            nat = Nat(suite, old, new, side, port=80, port_to=8080)
            for version in (4, 6) if not old else (family_of(old),):
                near, far = NEAR[version], FAR[version]
                size = 20 if version == 4 else 40
                after = moved(near, old, new) if old else near

                def quoting(x, port, proto=UDP_, cut=None, outer=None):
                    ports = nat.ports_of(4000, port)
                    return error(*nat.end(outer or x, far), whole(*nat.end(x, far)[::-1], proto, **ports)[:cut])
                for proto in (TCP_, UDP_, LITE_, DCCP_):
                    for cut in (None, size + 8, size + 4):
                        nat.case(f"v{version}-inner-{NAMES[proto]}-{cut}", quoting(near, 80, proto, cut),
                                 quoting(after, 8080, proto, cut))
                        nat.case(f"v{version}-inner-81-{NAMES[proto]}-{cut}", quoting(near, 81, proto, cut))
                if side == "src":       # in the packet inside, the second port
                    nat.case(f"v{version}-inner-cut", quoting(near, 80, UDP_, size + 2), why="truncated")
                else:
                    nat.case(f"v{version}-inner-cut", quoting(near, 80, UDP_, size + 2),
                             quoting(after, 8080, UDP_, size + 2))
                nat.case(f"v{version}-empty-padded", packet(*nat.end(near, far), UDP_, b""), why="truncated",
                         rest=segment(UDP_, near, far, 80, 80))
                nat.case(f"v{version}-inner-cut-all", quoting(near, 80, UDP_, size), why="truncated")
                nat.case(f"v{version}-inner-sctp", quoting(near, 80, SCTP_), why="transport")
                nat.case(f"v{version}-inner-gre", quoting(near, 80, GRE_))
                nat.case(f"v{version}-inner-from-router", quoting(near, 80, outer=OTHER[version]),
                         quoting(after, 8080, outer=OTHER[version]))


def error_fragments(suite):
    """An ICMP error in fragments: each of them gets the new address, or none does."""
    for old, new in (PAIRS4[1], PAIRS6[1], (None, None)):
        for side in ("src", "dst"):
            for settings in ({}, {"port": 80}, {"port": 80, "port_to": 8080}, {"port_to": 8080}):
                if not old and "port_to" not in settings:
                    continue
                nat = Nat(suite, old, new, side, **settings)
                for version in (4, 6) if not old else (family_of(old),):
                    near, far = NEAR[version], FAR[version]
                    after = moved(near, old, new) if old else near

                    def piece(outer, inner, port, cut, *frag):
                        ports = nat.ports_of(4000, port)
                        body = error(*nat.end(outer, far), whole(*nat.end(inner, far)[::-1], UDP_, **ports))
                        body = body[20 if version == 4 else 40:]
                        if version == 4:
                            return packet(*nat.end(outer, far), ICMP_, body[cut], frag=frag[0] | frag[1] << 13)
                        return packet(*nat.end(outer, far), ICMP6_, body[cut], extensions=[fragment_header(*frag)])
                    cut = 40 if version == 4 else 56
                    first, last = (slice(0, cut), 0, 1), (slice(cut, None), cut >> 3, 0)
                    to = settings.get("port_to", 80)
                    label = f"v{version}-error-frag"
                    if old and settings:
                        nat.case(f"{label}-first", piece(near, near, 80, *first), why="fragment")
                        nat.case(f"{label}-first-81", piece(near, near, 81, *first),
                                 why=None if "port" in settings else "fragment")
                        nat.case(f"{label}-last", piece(near, near, 80, *last), why="fragment")
                    else:
                        nat.case(f"{label}-first", piece(near, near, 80, *first), piece(after, after, to, *first),
                                 flags=(0,))
                        nat.case(f"{label}-last", piece(near, near, 80, *last),
                                 packet(*nat.end(after, far), *reframed(piece(near, near, 80, *last))))
    # the fragments of an ICMP error that were once translated wrongly
    nat = Nat(suite, "10.1.0.0/16", "10.2.0.0/16", "src", port=40000)
    found = bytes.fromhex("4500003c000320004001267a0a010009c6336407030131610000000045000024000900003c114a80c6336407"
                          "0a01000500359c40001071c77061796c")
    nat.case("v4-error-frag-met", found, why="fragment")
    nat.case("v4-error-frag-met-last", packet(found[12:16], found[16:20], ICMP_, b"oad12345", frag=5), why="fragment")


def reframed(data):
    """What `packet` made of (protocol, payload, ...) behind the addresses."""
    if data[0] >> 4 == 4:
        return data[9], data[20:], b"", (), struct.unpack_from("!H", data, 6)[0]
    return data[40], data[48:], b"", [(44, data[41:48])]


def beyond(suite):
    """Extension headers are those of the IP packet: what follows it in the frame is not believed."""
    later, first = (bytes([UDP_]) + fragment_header(*f)[1] for f in ((100, 0), (0, 1)))
    for side in ("src", "dst"):
        for ports in ({}, {"port": 80}):
            nat = Nat(suite, *PAIRS6[1], side, **ports)
            s, d = nat.end(NEAR[6], FAR[6])
            udp = segment(UDP_, s, d, 80, 80)
            for name, behind in (("later", later), ("first", first + udp), ("hop", bytes([UDP_, 0, 1, 4]) + b"\0" * 4 + udp)):
                for length in (0, 1, 4, 7):
                    kind = 0 if name == "hop" else 44
                    if length or kind:
                        nat.case(f"beyond-{name}-{length}", packet(s, d, kind, behind[:length]), why="truncated",
                                 rest=behind[length:] + b"\0" * 20)
                    # the same for the packet inside an error
                    quoted = packet(d, s, kind, behind[:length], length=60)
                    nat.case(f"beyond-inner-{name}-{length}", error(s, d, quoted), why="truncated",
                             rest=behind[length:] + b"\0" * 20)
                    # a header is cut off in the middle
                    nat.case(f"beyond-cut-{name}-{length}", error(s, d, packet(d, s, 60, bytes([UDP_, 3]) + b"\0" * 6)),
                             why="truncated", rest=b"\0" * 60)
                    # a packet that ends before the error does
                    quoted = packet(d, s, kind, behind[:length]) + behind[length:]
                    if length:
                        nat.case(f"beyond-quoted-{name}-{length}", error(s, d, quoted), why="truncated")


def lengths(suite):
    """A transport header that is not in the IP packet, whatever follows in the frame."""
    for old, new in (PAIRS4[1], PAIRS6[1]):
        version = family_of(old)
        base = 20 if version == 4 else 0
        for proto, need in ((TCP_, 18), (UDP_, 8), (DCCP_, 8), (ICMP6_, 4)):
            if version == 4 and proto == ICMP6_:
                continue
            for side in ("src", "dst"):
                nat = Nat(suite, old, new, side)
                for length in range(1, need):
                    data = packet(*nat.end(NEAR[version], FAR[version]), proto, b"\1" * length)
                    nat.case(f"v{version}-{NAMES[proto]}-length-{length}", data, why="truncated", rest=b"\2" * 40)
                data = packet(*nat.end(NEAR[version], FAR[version]), proto, b"\1" * 60, length=0)
                assert base or version == 6


def vectors(suite):
    for p in corpus():
        for settings in (("from", "192.0.2.0/24", "to", "10.1.2.0/24"),
                         ("from", "198.51.100.0/24", "to", "10.1.2.0/24", "side", "dst"),
                         ("from", "2001:db8::/48", "to", "fd00:1:2::/48"),
                         ("from", "2001:db8:ff::/48", "to", "fd00:1:2::/48", "side", "dst")):
            suite.bake(*settings, *(("link", p.link) if p.link != "auto" else ()))
            name = "-".join((p.name, *settings)).replace("/", "_")
            if p.why:
                suite.packet(p, name=name, count={p.why: 1})
                continue
            if p.why_l4 == "extensions" and ":" in settings[1]:
                suite.packet(p, name=name, count={"extensions": 1})
                continue
            new = corpus_moved(bytes(p.ip), settings)
            suite.packet(p, new, name, need=p.need if new == bytes(p.ip) else min(p.need_l4, p.need + 18), ctx={"mark": 5, "priority": 7, "cb2": 9})
    suite.bake()
    for p in corpus():
        if p.link == "auto" and not p.why:
            suite.packet(p, name=f"{p.name}-untouched", need=min(p.need_l4, p.need + 18),
                         count={p.why_l4: 1} if p.why_l4 == "extensions" else None)
    # no sender computes the checksum 0xffff; an update by 0 would turn it into 0
    error = bytes(v6(Raw(b"\1\0\xff\xff" + b"\0" * 4 + bytes(v6(tcp(SYN)))), nh=58))
    suite.case("icmp6-error-sum-ffff-untouched", ether(0x86dd) + error, need=14 + len(error))
    transports(suite)
    addresses(suite)
    headers(suite)
    zero_sums(suite)
    to_be_completed(suite)
    change_ports(suite)
    icmp_errors(suite)
    error_fragments(suite)
    beyond(suite)
    lengths(suite)


def corpus_moved(data, settings):
    """A packet of the corpus, translated; sums as wrong as before."""
    at, size = {4: (12, 4), 6: (8, 16)}[data[0] >> 4]
    if "dst" in settings:
        at += size
    old = data[at:at + size]
    new = moved(old, settings[1], settings[3])
    if new == old:
        return data
    shift = sum(int.from_bytes(new[i:i + 2], "big") - int.from_bytes(old[i:i + 2], "big") for i in range(0, size, 2))
    data = bytearray(data)
    data[at:at + size] = new

    def adjust(field):
        stored = struct.unpack_from("!H", data, field)[0]
        struct.pack_into("!H", data, field, (stored - shift) % 0xffff)
    if size == 4:
        adjust(10)
    proto, l4, _ = transport(bytes(data))
    if size == 4:
        later = struct.unpack_from("!H", data, 6)[0] & 0x1fff
    else:
        later, follow, where = 0, data[6], 40
        while follow in EXTENSIONS:
            if follow == 44:
                later = later or struct.unpack_from("!H", data, where + 2)[0] & 0xfff8
            follow, where = data[where], where + (8 if follow == 44 else 8 + data[where + 1] * 8)
            if later:
                break
    if later or proto not in FIELD or proto == ICMP_:
        return bytes(data)
    stored = struct.unpack_from("!H", data, l4 + FIELD[proto])[0]
    if proto != UDP_ or stored:
        adjust(l4 + FIELD[proto])
    return bytes(data)
