# SPDX-License-Identifier: GPL-2.0-only
"""Shared by the vectors of all actions: the corpus of packets, the output that
runner.c reads, and checksums. Scapy builds the expected packets. Then plain Python,
independent of Scapy, verifies every checksum in them.
"""
import functools
import logging
import struct

logging.getLogger("scapy").setLevel(logging.ERROR)
from scapy.layers.inet import IP, TCP, UDP, ICMP            # noqa: E402
from scapy.layers.inet6 import (                            # noqa: E402
    IPv6, ICMPv6EchoRequest, IPv6ExtHdrDestOpt, IPv6ExtHdrFragment, IPv6ExtHdrHopByHop,
    IPv6ExtHdrRouting, PadN)
from scapy.packet import Raw                                # noqa: E402

from baked import file_name, needs                          # noqa: E402,F401

CONTROL, MISS = -1, -2          # include/tcact/verdict.h
OK, RECLASSIFY, SHOT, PIPE, REDIRECT = 0, 1, 2, 3, 7
EXTENSIONS = {0, 43, 44, 60}    # RFC 8200, 4: hop-by-hop, routing, fragment, destination

# ---- checksums ----------------------------------------------------------------


def sum16(data):
    """RFC 1071: the checksum of data whose checksum field is 0."""
    data += b"\0" * (len(data) % 2)
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    return 0xffff - (total - 1) % 0xffff - 1 if total else 0xffff


def adjusted(stored, good_before, good_after):
    """The checksum after an incremental update: as wrong as it was before."""
    return (stored + good_after - good_before) % 0xffff


def transport(data):
    """(protocol, offset, whether it is whole) of the payload of an IP packet."""
    if data[0] >> 4 == 4:
        fragment = struct.unpack_from("!H", data, 6)[0] & 0x3fff
        return data[9], (data[0] & 15) * 4, not fragment
    proto, at, whole = data[6], 40, True
    while proto in EXTENSIONS and at + 8 <= len(data):
        if proto == 44:
            whole = whole and not struct.unpack_from("!H", data, at + 2)[0] & 0xfff9
            proto, at = data[at], at + 8
        else:
            proto, at = data[at], at + 8 + data[at + 1] * 8
    return proto, at, whole


def checksum_errors(data):
    """The checksums that an IP packet has, and by how much each is wrong."""
    errors = {}
    if data[0] >> 4 == 4:
        header = data[:(data[0] & 15) * 4]
        stored = struct.unpack_from("!H", data, 10)[0]
        errors["ip"] = (stored - sum16(header[:10] + b"\0\0" + header[12:])) % 0xffff
        data = data[:struct.unpack_from("!H", data, 2)[0] or None]
        pseudo = data[12:20] + bytes([0, data[9]])
    else:
        data = data[:40 + struct.unpack_from("!H", data, 4)[0] or None]
        pseudo = data[8:40]
    proto, at, whole = transport(data)
    field = {6: 16, 17: 6, 1: 2, 58: 2}.get(proto)
    if not whole or field is None or len(data) < at + field + 2:
        return errors
    stored = struct.unpack_from("!H", data, at + field)[0]
    if proto == 17 and not stored:
        errors["udp off"] = 0
        return errors
    l4 = data[at:at + field] + b"\0\0" + data[at + field + 2:]
    if proto == 1:
        pseudo = b""
    elif len(pseudo) == 10:
        pseudo += struct.pack("!H", len(l4))
    else:
        pseudo += struct.pack("!II", len(l4), proto)
    errors[proto] = (stored - sum16(pseudo + l4)) % 0xffff
    return errors


def change(ip, edit):
    """A copy of a Scapy packet, changed by `edit`. Scapy computes the IPv4 header checksum
    anew, but a checksum that is given explicitly stays wrong by as much."""
    new = ip.copy()
    edit(new)
    if isinstance(ip, IP) and ip.fields.get("chksum") is not None:
        goods = []
        for packet in (ip, new):
            data = bytes(packet)
            header = data[:(data[0] & 15) * 4]
            goods.append(sum16(header[:10] + b"\0\0" + header[12:]))
        new.chksum = adjusted(ip.chksum, *goods)
    return new


def summing_to(ip, target):
    """The IPv4 packet with the ID for which its header checksum is `target`."""
    data = bytes(change(ip, lambda new: setattr(new, "id", 0)))
    return change(ip, lambda new: setattr(new, "id", (struct.unpack_from("!H", data, 10)[0] - target) % 0xffff))


def critical(old, new):
    """Checksums for which an update from `old` to `new` has critical carries."""
    return sorted({(x + y) % 0xffff for x in (0, new - old, old - new) for y in (-2, -1, 0, 1, 2)})


# ---- link layers ----------------------------------------------------------------

MACS = bytes.fromhex("020000000001020000000002")


def ether(proto, macs=MACS):
    return macs + struct.pack("!H", proto)


def tag(proto, vid=100):
    return struct.pack("!HH", 0x6000 | vid, proto)


def pppoe(proto, length):
    return struct.pack("!BBHHH", 0x11, 0, 0x1234, length + 2, proto)


def links():
    """name, the parameter link, the bytes before an IP packet"""
    def plain(macs=MACS, *tpids, ppp=False):
        def build(version, length):
            protos = list(tpids) + [0x8864 if ppp else {4: 0x0800, 6: 0x86dd}[version]]
            front = ether(protos[0], macs) + b"".join(tag(p, 100 + i) for i, p in enumerate(protos[1:]))
            return front + (pppoe({4: 0x21, 6: 0x57}[version], length) if ppp else b"")
        return build
    mac4 = bytes.fromhex("450000540001") + MACS[6:]
    mac4f = bytes.fromhex("4fffffffffff") + MACS[6:]
    mac6 = bytes.fromhex("600000000014") + MACS[6:]
    mac6f = bytes.fromhex("6fffffffffff") + MACS[6:]
    for name, link in (("", "auto"), ("-ether", "ether")):
        yield "ether" + name, link, plain()
        yield "mac4" + name, link, plain(mac4)
        yield "mac6" + name, link, plain(mac6)
        yield "8021q" + name, link, plain(MACS, 0x8100)
        yield "qinq" + name, link, plain(MACS, 0x88a8, 0x8100)
        yield "pppoe" + name, link, plain(MACS, ppp=True)
    yield "mac4f", "auto", plain(mac4f)
    yield "mac6f", "auto", plain(mac6f)
    yield "8021ad", "auto", plain(MACS, 0x88a8)
    yield "9100", "auto", plain(MACS, 0x9100)
    yield "9200-8021q", "auto", plain(MACS, 0x9200, 0x8100)
    yield "8021ad-9100", "ether", plain(MACS, 0x88a8, 0x9100)
    yield "8021q-8021q", "auto", plain(MACS, 0x8100, 0x8100)
    yield "8021q-8021ad", "auto", plain(MACS, 0x8100, 0x88a8)
    yield "mac4-8021q", "auto", plain(mac4, 0x8100)
    yield "mac6-qinq", "auto", plain(mac6, 0x88a8, 0x8100)
    yield "8021q-pppoe", "auto", plain(MACS, 0x8100, ppp=True)
    yield "qinq-pppoe", "auto", plain(MACS, 0x88a8, 0x8100, ppp=True)
    yield "mac4-qinq-pppoe", "auto", plain(mac4, 0x88a8, 0x8100, ppp=True)
    yield "none", "none", lambda version, length: b""


# ---- the corpus ------------------------------------------------------------------


class Packet:
    """One packet and what is known about it.

    ip      the Scapy packet behind the link layer, or None where there is no IP
    why     the reason for which every action leaves it alone, or None
    why_l4  the same for actions that need the transport header
    need    how long it must be for that to be known; need_l4, with the transport header
    ctx     metadata that it has
    """

    def __init__(self, name, front, ip, rest=b"", link="auto", why=None, why_l4=None, need=None,
                 need_l4=0, ctx=None):
        self.ctx = ctx or {}
        self.name, self.front, self.ip, self.rest, self.link = name, front, ip, rest, link
        self.why, self.why_l4 = why, why or why_l4
        self.wire = b"" if ip is None else bytes(ip)
        self.data = front + self.wire + rest
        self.need = len(self.data) - len(rest) if need is None else need
        self.need_l4 = max(self.need, need_l4)

    def frame(self, ip):
        return self.front + (self.wire if ip is self.ip else bytes(ip)) + self.rest


V4 = dict(src="192.0.2.1", dst="198.51.100.2", tos=0xb9, ttl=61, id=0x1234)
V6 = dict(src="2001:db8::1", dst="2001:db8:ff::2", tc=0xb9, hlim=61, fl=0x12345)
MSS = b"\x02\x04\x05\xb4"               # 1460; the first option
SYN = MSS + b"\x01\x03\x03\x07\x04\x02\x08\x0a\0\0\0\1\0\0\0\0"
PAYLOAD = bytes(range(0x61, 0x6f))      # of even length; odd payloads have a byte more


def tcp(options=b"", flags="S", data=b"", doff=None, **fields):
    """The options are bytes, as Scapy would change them otherwise. The checksum covers them too."""
    assert len(options) % 4 == 0
    fields = {**dict(sport=40000, dport=443, seq=1, ack=0, window=64240), **fields}
    head = TCP(flags=flags, dataofs=5 + len(options) // 4 if doff is None else doff, **fields)
    return head / Raw(options + data) if options or data else head


def v4(payload, **fields):
    packet = IP(**{**V4, **fields})
    return packet if payload is None else packet / payload


def v6(payload, *extensions, **fields):
    packet = IPv6(**{**V6, **fields})
    for e in extensions:
        packet = packet / e
    return packet / payload if payload is not None else packet


def router_alert4(length=4):
    from scapy.layers.inet import IPOption
    return [IPOption(b"\x94\x04\0\0" + b"\1" * (length - 4))]


def hbh():
    return IPv6ExtHdrHopByHop(options=[PadN(optdata=b"\0" * 4)])


def dst(length=4):
    return IPv6ExtHdrDestOpt(options=[PadN(optdata=b"\0" * length)])


def routing():
    return IPv6ExtHdrRouting(type=0, segleft=0, addresses=["2001:db8::9"])


def pieces(whole, header, cut):
    """The payload of an IP packet in two pieces, for fragments, with unchanged checksums."""
    data = bytes(whole)[header:]
    return Raw(data[:cut]), Raw(data[cut:])


def fragments():
    """name, IP packet, why no transport header"""
    whole = v4(tcp(SYN, data=PAYLOAD * 4))
    first, later = pieces(whole, 20, 48)
    yield "frag-first", v4(first, proto=6, flags="MF"), None
    yield "frag-middle", v4(later, proto=6, flags="MF", frag=6), "fragment"
    yield "frag-last", v4(later, proto=6, frag=6), "fragment"
    yield "frag-one-unit", v4(later, proto=6, frag=1), "fragment"
    yield "frag-farthest", v4(later, proto=6, frag=0x1fff), "fragment"
    yield "frag-later-like-syn", v4(tcp(SYN), frag=100), "fragment"
    yield "frag-later-udp", v4(Raw(PAYLOAD), proto=17, frag=100, flags="DF"), "fragment"
    whole = v6(tcp(SYN, data=PAYLOAD * 4))
    first, later = pieces(whole, 40, 48)
    yield "frag-first", v6(first, IPv6ExtHdrFragment(nh=6, m=1, id=7)), None
    yield "frag-reserved", v6(tcp(SYN), IPv6ExtHdrFragment(nh=6, res1=7, m=0, id=7)), None
    yield "frag-atomic", v6(tcp(SYN), IPv6ExtHdrFragment(nh=6, m=0, id=7)), None
    yield "frag-middle", v6(later, IPv6ExtHdrFragment(nh=6, m=1, offset=6, id=7)), "fragment"
    yield "frag-last", v6(later, IPv6ExtHdrFragment(nh=6, m=0, offset=6, id=7)), "fragment"
    yield "frag-one-unit", v6(later, IPv6ExtHdrFragment(nh=6, offset=1, id=7)), "fragment"
    yield "frag-later-like-syn", v6(tcp(SYN), hbh(), IPv6ExtHdrFragment(offset=100, id=7)), "fragment"


def proper():
    """name, IP packet, why no transport header: the well-formed packets"""
    for name, l4 in (("syn", tcp(SYN)), ("syn-odd", tcp(SYN, data=PAYLOAD + b"x")),
                     ("synack", tcp(SYN, flags="SA")), ("ack", tcp(b"\1\1\x08\x0a" + b"\0" * 8, "A")),
                     ("ack-mss", tcp(SYN, "A")), ("udp", UDP(sport=53, dport=4000) / Raw(PAYLOAD)),
                     ("udp-odd", UDP(sport=53, dport=4000) / Raw(PAYLOAD + b"x")),
                     ("syn-wrong-sum", tcp(SYN, chksum=0x1234)),
                     ("udp-wrong-sum", UDP(sport=53, dport=4000, chksum=0x1234) / Raw(PAYLOAD))):
        yield name, v4(l4.copy()), None
        yield name, v6(l4.copy()), None
    yield "udp-sum-0", v4(UDP(sport=53, dport=4000, chksum=0) / Raw(PAYLOAD)), None
    yield "icmp", v4(ICMP(id=1, seq=1) / Raw(PAYLOAD)), None
    yield "icmp-error", v4(ICMP(type=3, code=4, nexthopmtu=1280) / v4(tcp(SYN))), None
    yield "ipip", v4(v4(tcp(SYN))), None
    yield "proto-253", v4(Raw(PAYLOAD), proto=253), None
    yield "header-only", v4(None, proto=59), None
    yield "wrong-ip-sum", v4(tcp(SYN), chksum=0x4321), None
    yield "df", v4(tcp(SYN), flags="DF"), None
    yield "evil-bit", v4(tcp(SYN), flags="evil"), None
    for length in (4, 40):
        yield f"options-{length}", v4(tcp(SYN), options=router_alert4(length)), None
    yield "options-udp", v4(UDP() / Raw(PAYLOAD), options=router_alert4(12)), None
    yield "icmp6", v6(ICMPv6EchoRequest(data=PAYLOAD)), None
    yield "no-next", v6(None, nh=59), None
    yield "proto-253", v6(Raw(PAYLOAD), nh=253), None
    yield "6in4", v4(v6(tcp(SYN)), proto=41), None
    yield "hbh", v6(tcp(SYN), hbh()), None
    yield "hbh-udp", v6(UDP() / Raw(PAYLOAD), hbh()), None
    yield "routing", v6(tcp(SYN), routing()), None
    yield "dstopts", v6(tcp(SYN), dst()), None
    yield "dstopts-long", v6(tcp(SYN), dst(36)), None
    yield "chain", v6(tcp(SYN), hbh(), dst(12), routing(), IPv6ExtHdrFragment(id=9), dst()), None
    yield "extensions-8", v6(tcp(SYN), *[dst() for _ in range(8)]), None
    yield "extensions-9", v6(tcp(SYN), *[dst() for _ in range(9)]), "extensions"
    yield "extensions-9-later", v6(tcp(SYN), *[dst() for _ in range(8)], IPv6ExtHdrFragment(offset=3)), "extensions"
    yield "extensions-12", v6(tcp(SYN), hbh(), *[dst() for _ in range(11)]), "extensions"
    yield "esp", v6(Raw(PAYLOAD), nh=50), None
    yield from fragments()


def family(ip):
    return 4 if isinstance(ip, IP) else 6


def front_of(ip):
    return ether(0x0800 if family(ip) == 4 else 0x86dd)


def broken():
    """Packets that the rules say to leave alone, each with its reason."""
    ok4, ok6 = v4(tcp(SYN)), v6(tcp(SYN))
    for ihl in range(5):
        yield Packet(f"ihl-{ihl}", front_of(ok4), v4(tcp(SYN), ihl=ihl, chksum=1), why="malformed", need=34)
    for version in (0, 3, 5, 6, 15):
        yield Packet(f"v4-version-{version}", front_of(ok4), v4(tcp(SYN), version=version, chksum=1),
                     why="malformed", need=34)
    for version in (0, 4, 5, 7, 15):
        yield Packet(f"v6-version-{version}", front_of(ok6), v6(tcp(SYN), version=version),
                     why="malformed", need=54)
    size4, size6 = len(ok4), len(ok6) - 40
    for extra in (1, 2, 1000, 65535 - size4):
        yield Packet(f"v4-length-plus-{extra}", front_of(ok4), v4(tcp(SYN), len=size4 + extra),
                     why="truncated", need=14)
    for extra in (1, 8, 1000, 65535 - size6):
        yield Packet(f"v6-length-plus-{extra}", front_of(ok6), v6(tcp(SYN), plen=size6 + extra),
                     why="truncated", need=14)
    yield Packet("v4-length-plus-1-8021q", ether(0x8100) + tag(0x0800), v4(tcp(SYN), len=size4 + 1),
                 why="truncated", need=22)
    # the header is longer than the total length that it gives
    for length in (0, 1, 19):
        yield Packet(f"v4-length-{length}", front_of(ok4), v4(tcp(SYN), len=length), why="malformed",
                     need=34, ctx={"gso_segs": 0})
    yield Packet("v4-length-below-ihl", front_of(ok4), v4(tcp(SYN), len=43, options=router_alert4(24)),
                 why="malformed", need=34)
    # no total length that contradicts the IHL, and the packet ends within the options
    yield Packet("v4-length-0-options-cut", front_of(ok4), v4(Raw(PAYLOAD[:4]), ihl=8, len=0, proto=6, chksum=1),
                 why="truncated", need=14, ctx={"gso_segs": 2, "gso_size": 1400})
    arp = bytes.fromhex("0001080006040001" "020000000002" "c0000201" "000000000000" "c0000202")
    for name, front, need in (
            ("arp", ether(0x0806), 14), ("unknown-ethertype", ether(0x88b5), 14),
            ("llc", ether(len(arp)), 14), ("mpls", ether(0x8847), 14),
            ("arp-8021q", ether(0x8100) + tag(0x0806), 18),
            ("arp-qinq", ether(0x88a8) + tag(0x8100) + tag(0x0806), 22),
            ("pppoe-discovery", ether(0x8863), 14), ("pppoe-lcp", ether(0x8864) + pppoe(0xc021, 28), 22),
            ("pppoe-mpls", ether(0x8100) + tag(0x8864) + pppoe(0x0281, 28), 26)):
        yield Packet(name, front, None, arp, why="not-ip", need=need)
    yield Packet("arp-ether", ether(0x0806), None, arp, link="ether", why="not-ip", need=14)
    for tpids in ((0x8100, 0x8100, 0x8100), (0x88a8, 0x8100, 0x8100), (0x9100, 0x9100, 0x8100), (0x9300,)):
        front = ether(tpids[0]) + b"".join(tag(p) for p in (*tpids[1:], 0x0800))
        yield Packet("tags-" + "-".join(f"{t:x}" for t in tpids), front, ok4, why="not-ip",
                     need=min(22, len(front)) if tpids[0] != 0x9300 else 14)
    # a sender that writes an IP ethertype, but no IP header follows
    for name, front, rest in (("arp", b"", arp), ("ethernet", b"", MACS + b"\x08\x06" + arp),
                              ("0", b"", b"\0" * 40), ("5", b"", b"\x55" * 40), ("7", b"", b"\x75" * 40)):
        yield Packet("none-" + name, front, None, rest, link="none", why="not-ip", need=14)
    # TEST_RUN reads the protocol at the offset of the ethertype: MPLS
    for protocol in (0x8847, 0x8848):
        yield Packet(f"none-{protocol:x}", b"", None, bytes(v4(tcp(SYN), src=f"136.{protocol & 255}.0.1")),
                     link="none", why="not-ip", need=14)
    for name, first in (("4", 0x45), ("6", 0x60)):
        yield Packet(f"mac{name}-arp", ether(0x0806, bytes([first]) + MACS[1:]), None, arp,
                     why="not-ip", need=14)
    yield Packet("none-v4-ihl-4", b"", v4(tcp(SYN), ihl=4, chksum=1), link="none", why="malformed", need=20)


GSO_LENGTHS = {4: (0, 30, 65535), 6: (0, 10, 65535)}


@functools.cache
def corpus():
    """Built once for all actions, which change copies of these packets."""
    return tuple(packets())


def packets():
    for name, ip, why_l4 in proper():
        yield Packet(f"v{family(ip)}-{name}", front_of(ip), ip, why_l4=why_l4)
    for ip in (v4(tcp(SYN)), v6(tcp(SYN))):
        version = family(ip)
        yield Packet(f"v{version}-padded", front_of(ip), ip, b"\0" * 18)
        yield Packet(f"v{version}-padded-ff", front_of(ip), ip, b"\xff" * 7)
        # GSO: too long for the length field (BIG TCP, Linux 6.3; RFC 2675), or a virtual machine wrote anything
        for length in GSO_LENGTHS[version]:
            big = v4(tcp(SYN, chksum=0x55aa), len=length) if version == 4 else v6(tcp(SYN, chksum=0x55aa), plen=length)
            yield Packet(f"v{version}-length-{length}", front_of(big), big, need=14 + len(big) - 40, need_l4=14 + len(big),
                         ctx={"gso_segs": 2, "gso_size": 1400})
        long = (v4 if version == 4 else v6)(tcp(SYN, data=PAYLOAD * 640))
        yield Packet(f"v{version}-long", front_of(long), long)
        for link, parameter, front in links():
            if link != "ether":
                yield Packet(f"v{version}-{link}", front(version, len(ip)), ip, link=parameter)
        # a sender may choose MAC addresses that look like the IP header that follows
        yield Packet(f"v{version}-mac-as-ip", bytes(ip)[:12] + front_of(ip)[12:], ip)
    yield from broken()


# ---- the vector file --------------------------------------------------------------

LINE = []


def packets_of(ctx):
    """As many packets as tc counts for one with this context: those of a GSO packet are its segments."""
    return ctx["gso_segs"] if ctx.get("gso_size") else 1


class Suite:
    """The vectors of one action: cases in groups, each of one baked object."""

    def __init__(self, action, alone=CONTROL):
        self.action, self.alone, self.objects = action, alone, {}

    def bake(self, *settings, table=""):
        """Cases that follow are for an object with these settings: PARAM, VALUE, ...
        and, where it has a table, the one of this name. Is it a new one?"""
        settings = tuple(str(s) for s in settings)
        new = (settings, table) not in self.objects
        self.lines = self.objects.setdefault((settings, table), [])
        return new

    def map(self, name, key, value):
        self.lines.append(f"map {name} {key} {value}")

    def case(self, name, data, verdict=CONTROL, out=None, ctx=None, ctxout=None, count=None, flags=(0,),
             mtu=None, need=0, cut=None, cut_reasons=("truncated", "link-unknown"), cut_count=1,
             cutctx=None, mapout=(), sample=None):
        """`need`: how long the packet must be for the action to see it whole; a shorter one
        is left alone with the verdict `cut`, counted `cut_count` times."""
        assert " " not in name
        if self.alone == MISS:      # what a matcher counts is compared with what tc counts
            count = {why: n * packets_of(ctx or {}) for why, n in (count or {}).items()}
            cut_count *= packets_of(ctx or {})
        add = self.lines.append
        add(f"case {self.action}/{name}")
        if mtu is not None:
            add(f"mtu {mtu}")
        add(f"in {data.hex()}")
        for verb, fields in (("ctx", ctx), ("ctxout", ctxout), ("cutctx", cutctx), ("count", count)):
            if fields:
                add(verb + "".join(f" {k}={v}" for k, v in fields.items()))
        if tuple(flags) != (0,):
            add("flags " + " ".join(map(str, flags)))
        if sample:
            add("sample " + " ".join(map(str, sample)))
        else:
            add(f"verdict {verdict}")
        if out is not None and out != data:
            add(f"out {out.hex()}")
        if need > 14:
            add(f"cut {need} {self.alone if cut is None else cut} {cut_count} {','.join(cut_reasons)}")
        for entry in mapout:
            add("mapout " + " ".join(entry))

    def packet(self, p, new=None, name=None, verdict=CONTROL, **more):
        """A packet of the corpus: it becomes `new`, or is left alone for its reason."""
        more["ctx"] = {**(more.get("ctx") or {}), **p.ctx}
        # a part of a GSO packet is one, too
        if more["ctx"].get("gso_size") and not p.ctx:
            more["need"] = len(p.front) + (40 if family(p.ip) == 6 else p.wire[0] % 16 * 4)
        wire = p.wire if new is None else bytes(new)
        data, out = p.data, p.front + wire + p.rest
        if p.ip is not None and new is not None and not p.why:
            assert checksum_errors(p.wire) == checksum_errors(wire), p.name
        # the checksum of TEST_RUN begins at byte 14, which is in the middle of the IP header here
        flags = (0, 4) if new is not None and p.front else (0,)
        self.case(name or p.name, data, verdict, out, **{"need": p.need, "flags": flags, **more})

    def text(self, file_of):
        yield from (f"reason {name} {number}" for name, number in self.reasons)
        for (settings, _), lines in self.objects.items():
            lengths = {}
            for line in lines:
                if line.startswith("map "):
                    _, name, key, _ = line.split()
                    lengths[name] = max(lengths.get(name, 0), int(key.removeprefix("u32:")) + 1)
            yield " ".join(("object", file_of(settings), "action/" + self.action,
                            *(f"map={name}:{n}" for name, n in lengths.items()), *needs(self.action, settings)))
            yield from lines
