#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""frames.py DIRECTORY: writes DIRECTORY/frames, lines of "frame[NAME.VARIANT]=HEX" for bash.

NAME.in goes in; NAME.dscp, .ttl, .mss and .edit are what must come out of the
actions of the tests, as Scapy writes it: DSCP 46, TTL one less, MSS 1200 at
most, and DSCP 46 with TTL 33 and MSS 1200. Also writes DIRECTORY/corpus, syns and flows, for
the comparison with tc's own actions and with netfilter.
"""
import random
import sys

from scapy.layers.inet import ICMP, IP, TCP, UDP, IPOption_Router_Alert, IPOption_NOP
from scapy.layers.inet6 import (IPv6, IPv6ExtHdrFragment, IPv6ExtHdrHopByHop, IPv6ExtHdrDestOpt,
                                ICMPv6EchoReply, ICMPv6EchoRequest, ICMPv6PacketTooBig)
from scapy.layers.l2 import ARP, GRE, Dot1AD, Dot1Q, Ether
from scapy.layers.ppp import PPP, PPPoE
from scapy.layers.sctp import SCTP, SCTPChunkData
from scapy.fields import ShortField, XShortField
from scapy.packet import Packet, Raw, bind_layers, split_layers

PAYLOAD = bytes(range(0x30, 0x60))
ETHER = dict(src="02:00:00:00:0a:01", dst="02:00:00:00:0b:01")
SYN = [("MSS", 1460), ("SAckOK", b""), ("Timestamp", (1, 0)), ("NOP", None), ("WScale", 7)]


class PPPoEProtocol(Packet):
    """Scapy's PPP compresses the protocol to one byte, which RFC 2516 (7) forbids."""
    fields_desc = [ShortField("proto", 0)]


split_layers(PPPoE, PPP, code=0)
bind_layers(PPPoE, PPPoEProtocol, code=0)
bind_layers(PPPoEProtocol, IP, proto=0x21)
bind_layers(PPPoEProtocol, IPv6, proto=0x57)


def ip4(**more):
    return IP(**{**dict(src="10.1.0.1", dst="10.2.0.2", tos=0x22, ttl=17, id=7), **more})


def ip6(**more):
    return IPv6(**{**dict(src="fd01::1", dst="fd02::2", tc=0x22, hlim=17, fl=0x12345), **more})


def udp():
    return UDP(sport=1234, dport=4321) / Raw(PAYLOAD)


def syn(options=None, **more):
    return TCP(**{**dict(sport=1234, dport=80, seq=9, flags="S", options=SYN if options is None
                         else options), **more})


def eth(*layers):
    packet = Ether(**ETHER)
    for layer in layers:
        packet = packet / layer
    return packet


def tag(vid, proto=Dot1Q):
    return proto(vlan=vid, prio=3)


def fix(raw, at, data):
    """raw with data at offset at."""
    return raw[:at] + data + raw[at + len(data):]


# ---- what the actions must make of a packet ---------------------------------

def first_ip(packet):
    while not isinstance(packet, (IP, IPv6)):
        packet = packet.payload
        if not packet:
            return None
    return packet


def set_dscp(ip, value):
    if isinstance(ip, IP):
        ip.tos = value << 2 | ip.tos & 3
        del ip.chksum
    else:
        ip.tc = value << 2 | ip.tc & 3


def set_ttl(ip, change):
    if isinstance(ip, IP):
        ip.ttl = change(ip.ttl)
        del ip.chksum
    else:
        ip.hlim = change(ip.hlim)


def set_mss(ip, limit):
    tcp = ip.payload
    while tcp and not isinstance(tcp, TCP):
        if isinstance(tcp, (IP, IPv6)):
            return
        tcp = tcp.payload
    if not tcp or "S" not in tcp.flags:
        return
    tcp.options = [("MSS", min(limit, v)) if k == "MSS" else (k, v) for k, v in tcp.options]
    del tcp.chksum


def edit(ip):
    set_dscp(ip, 46)
    set_ttl(ip, lambda ttl: 33)
    set_mss(ip, 1200)


VARIANTS = {
    "dscp": lambda ip: set_dscp(ip, 46),
    "ttl": lambda ip: set_ttl(ip, lambda ttl: ttl - 1),
    "mss": lambda ip: set_mss(ip, 1200),
    "edit": edit,
}


def expected(raw, cls, change):
    packet = cls(raw)
    if bytes(packet) != raw:
        raise AssertionError("Scapy does not reproduce " + packet.summary())
    change(first_ip(packet))
    return bytes(packet)


# ---- frames by name ---------------------------------------------------------

def frames():
    """name, bytes, the Scapy class that dissects them, or None if nothing may change"""
    good = {
        "v4": eth(ip4(), udp()),
        "v6": eth(ip6(), udp()),
        "v4-options": eth(ip4(options=[IPOption_NOP()] * 3 + [IPOption_Router_Alert()]), udp()),
        "v6-extensions": eth(ip6(), IPv6ExtHdrHopByHop(), IPv6ExtHdrDestOpt(), udp()),
        "v4-later": eth(ip4(frag=10, flags="MF", proto=6), Raw(bytes(syn()) + PAYLOAD)),
        "v6-later": eth(ip6(), IPv6ExtHdrFragment(nh=6, offset=10, m=1), Raw(bytes(syn()))),
        "syn4": eth(ip4(), syn()),
        "syn6": eth(ip6(), syn()),
        "syn-low": eth(ip4(), syn([("MSS", 536)])),
        "ack": eth(ip4(), syn([("NOP", None), ("NOP", None), ("Timestamp", (5, 6))], flags="A")),
        "vlan": eth(tag(5), ip4(), syn()),
        "vlan6": eth(tag(5), ip6(), syn()),
        "qinq": eth(tag(7, Dot1AD), tag(5), ip4(), syn()),
        "qinq6": eth(tag(7, Dot1AD), tag(5), ip6(), syn()),
        "qinq-q": eth(tag(7), tag(5), ip4(), syn()),
        "pppoe4": eth(PPPoE(sessionid=3), PPPoEProtocol(proto=0x0021), ip4(), syn()),
        "pppoe6": eth(PPPoE(sessionid=3), PPPoEProtocol(proto=0x0057), ip6(), syn()),
        "pppoe-vlan": eth(tag(5), PPPoE(sessionid=3), PPPoEProtocol(proto=0x0021), ip4(), syn()),
    }
    for name, packet in good.items():
        yield name, bytes(packet), Ether
    for name, packet, cls in (("raw4", ip4() / syn(), IP), ("raw6", ip6() / syn(), IPv6),
                              ("raw-8.0.69.1", ip4(src="8.0.69.1") / syn(), IP)):
        yield name, bytes(packet), cls

    v4, syn4 = bytes(good["v4"]), bytes(good["syn4"])
    left = {
        "arp": bytes(eth(ARP(psrc="10.1.0.1", pdst="10.2.0.2", hwsrc=ETHER["src"]))),
        "other": bytes(eth(Raw(PAYLOAD)))[:12] + b"\x88\xb6" + PAYLOAD,
        "v4-cut": v4[:14 + 12],
        "v6-cut": bytes(good["v6"])[:14 + 39],
        "v4-long": fix(v4, 16, b"\x7f\xff"),
        "v4-ihl": fix(v4, 14, b"\x44"),
        "v4-version": fix(v4, 14, b"\x65"),
        "tags3": bytes(eth(tag(7), tag(6), tag(5), ip4(), syn())),
        "pppoe-short": bytes(eth(PPPoE(sessionid=3), Raw(b"\x21"), ip4(), syn())),
        "pppoe-lcp": bytes(eth(PPPoE(sessionid=3), PPPoEProtocol(proto=0xc021), Raw(PAYLOAD))),
    }
    for name, raw in left.items():
        yield name, raw, None
    # for mss only: IP is valid, but TCP is not, so mss must not change the packet
    options = {
        "options-length": b"\x01\x03\x00\x02",		# a length of 0
        "options-beyond": b"\x01\x01\x03\x09",		# ends behind the header
        "options-mss": b"\x02\x03\x05\x01",		# MSS, not 4 bytes long
    }
    for name, data in options.items():
        raw = bytes(eth(ip4(), syn([("MSS", 1460)])))
        yield name, fix(raw, 14 + 20 + 20, data), None
    many = bytes(eth(ip4(), syn([("NOP", None)] * 24 + [("MSS", 1460)])))
    yield "options-many", many, None
    yield "tcp-cut", fix(syn4[:14 + 20 + 12], 16, (32).to_bytes(2, "big")), None
    yield "tcp-doff", fix(syn4, 14 + 20 + 12, b"\x40"), None


# ---- the corpus of the comparison -------------------------------------------

class UDPLite(Packet):
    """RFC 3828; the checksum is not computed"""
    fields_desc = [ShortField("sport", 0), ShortField("dport", 0), ShortField("coverage", 0),
                   XShortField("chksum", 0)]


bind_layers(IP, UDPLite, proto=136)
bind_layers(IPv6, UDPLite, nh=136)


def with_sum(packet, check, change):
    """the packet with the id for which its header checksum, after the change, is `check`"""
    changed = packet.copy()
    changed[IP].id = 0
    change(changed[IP])
    packet[IP].id = changed[IP].id = (int.from_bytes(bytes(changed)[24:26], "big") - check) % 65535
    del changed[IP].chksum
    assert bytes(changed)[24:26] == check.to_bytes(2, "big")
    return packet


def corpus():
    """name, bytes; the part of the name before a '.' is its kind"""
    rnd = random.Random(20)

    def payload():
        return Raw(rnd.randbytes(rnd.randrange(0, 200)))

    def l4():
        return rnd.choice([
            lambda: UDP(sport=rnd.randrange(1, 65536), dport=53) / payload(),
            lambda: UDP(sport=9, dport=53, chksum=0) / payload(),
            lambda: UDP(sport=9, dport=53, chksum=rnd.randrange(1, 65536)) / payload(),
            lambda: UDPLite(sport=9, dport=53, chksum=rnd.randrange(1, 65536)) / payload(),
            lambda: SCTP(sport=9, dport=rnd.randrange(1, 65536)) / SCTPChunkData(data=PAYLOAD),
            lambda: TCP(sport=rnd.randrange(1, 65536), dport=80, flags=rnd.choice(["S", "SA", "A"]),
                        options=SYN) / payload(),
            lambda: TCP(sport=rnd.randrange(1, 65536), dport=80, chksum=rnd.randrange(65536)) / payload(),
        ])()

    for tos in range(256):
        for n in range(2):
            yield f"v4.tos{tos}-{n}", eth(ip4(tos=tos, ttl=rnd.randrange(2, 256),
                                              flags=rnd.choice(["", "DF"]), id=rnd.randrange(65536)), l4())
            yield f"v6.tos{tos}-{n}", eth(ip6(tc=tos, hlim=rnd.randrange(2, 256),
                                              fl=rnd.randrange(1 << 20)), l4())
    for n in range(1, 101):
        yield f"v4.options{n}", eth(ip4(flags="DF", options=[IPOption_NOP()] * (4 * (n % 10 + 1))), l4())
        yield f"fragment.v4-{n}", eth(ip4(frag=n * 8 if n > 1 else 0, flags="MF"), Raw(PAYLOAD))
        yield f"v4.error{n}", eth(ip4(), ICMP(type=3, code=n % 16), ip4(src="10.9.0.1"), l4())
        yield f"v6.error{n}", eth(ip6(), ICMPv6PacketTooBig(mtu=1280 + n), ip6(), l4())
        yield f"v6.fragment{n}", eth(ip6(), IPv6ExtHdrFragment(nh=17, offset=n * 8, m=n & 1),
                                     Raw(PAYLOAD))
        yield f"v6.extensions{n}", eth(ip6(), IPv6ExtHdrHopByHop(), IPv6ExtHdrDestOpt(), l4())
        yield f"v4.random{n}", eth(ip4(src=f"{rnd.randrange(1, 224)}.{n}.0.1", proto=144 + n),
                                   payload())
        yield f"v4.icmp{n}", eth(ip4(), ICMP(), payload())
        yield f"v6.icmp{n}", eth(ip6(), ICMPv6EchoRequest(data=rnd.randbytes(n)))
        yield f"v4.ipip{n}", eth(ip4(), ip4(src="10.9.0.1"), l4())
        yield f"v4.gre{n}", eth(ip4(), GRE(), ip4(), l4())
        yield f"v6.sixin6-{n}", eth(ip6(), ip6(), l4())
    # RFC 1624's corner cases: header sums of 0 (-0, as 0xffff can not be), and next to it,
    # before and after the change
    for check in (0x0000, 0x0001, 0xfffe):
        for tos in (0, 0xb8, 0xfe):
            for when, change in (("before", lambda ip: None),
                                 ("after", lambda ip: set_dscp(ip, 46)),
                                 ("after-ttl", lambda ip: set_ttl(ip, lambda ttl: 64))):
                yield (f"sum.v4-{when}-{check:04x}-{tos:02x}",
                       with_sum(eth(ip4(tos=tos), udp()), check, change))
    # for nat: each length, TCP and UDP, addresses inside the prefixes and next to them, and packets of the
    # opposite direction inside an ICMP error
    for n in range(48):
        host = dict(src=f"10.{rnd.choice((1, 1, 3))}.0.{n}", dst=f"10.{rnd.choice((2, 2, 4))}.{n}.9")
        back = dict(src=host["dst"], dst=host["src"])
        yield f"v4.udp{n}", eth(ip4(**host), UDP(sport=n + 1, dport=53) / Raw(rnd.randbytes(n)))
        yield f"v4.tcp{n}", eth(ip4(**host), TCP(sport=n + 1, dport=80, flags="A") / Raw(rnd.randbytes(n)))
        yield (f"error.v4-{n}", eth(ip4(**{**host, "src": "10.1.0.9", "dst": "10.2.0.9"}),
                                    ICMP(type=(3, 11, 12, 4)[n % 4], code=0),
                                    ip4(**{**back, "src": "10.2.0.9", "dst": "10.1.0.9"}), l4()))
        yield f"v4.echo{n}", eth(ip4(**host), ICMP(type=n % 2 * 8, id=n), Raw(rnd.randbytes(n)))
    for n in range(4):
        yield f"udplite.v4-{n}", eth(ip4(proto=136), Raw(b"\0\1\0\2\0\0\x12\x34" + rnd.randbytes(n)))
        yield f"dccp.v4-{n}", eth(ip4(proto=33), Raw(b"\0\1\0\2\4\0\x12\x34" + rnd.randbytes(12)))
    v4, v6 = bytes(eth(ip4(), udp())), bytes(eth(ip6(), udp()))
    yield "padded.v4", v4 + bytes(10)
    yield "padded.v6", v6 + bytes(10)
    for n in range(16):
        yield f"notip.arp{n}", eth(ARP(psrc="10.1.0.1", pdst=f"10.2.0.{n}", op=n % 2 + 1))
        yield f"notip.other{n}", v4[:12] + b"\x88\xb6" + rnd.randbytes(60)
        yield f"badsum.v4-{n}", fix(v4, 24, rnd.randbytes(2))
        yield f"ihl.v4-{n}", fix(v4, 14, bytes([0x41 + n % 4]))
        yield f"cut.v4-{n}", v4[:14 + 16 + n % 4]
        yield f"cut.v6-{n}", v6[:14 + 36 + n % 4]
        yield f"long.v4-{n}", fix(v4, 16, bytes([0x7f, n]))
        yield f"long.v6-{n}", fix(v6, 18, bytes([0x7f, n]))
        yield f"vlan.v4-{n}", eth(tag(5 + n), ip4(flags="DF" * (n & 1)), l4())
        yield f"vlan.v6-{n}", eth(tag(5 + n), ip6(), l4())
        yield f"qinq.v4-{n}", eth(tag(7 + n, Dot1AD), tag(5), ip4(flags="DF" * (n & 1)), l4())
        yield f"pppoe.v6-{n}", eth(PPPoE(sessionid=n), PPPoEProtocol(proto=0x0057), ip6(), l4())
        yield f"pppoe.v4-{n}", eth(PPPoE(sessionid=n), PPPoEProtocol(proto=0x0021), ip4(flags="DF" * (n & 1)), l4())


def syns():
    """name, bytes: SYNs with the options of a TCP header in any order, each at any offset; the kinds are those of corpus"""
    rnd = random.Random(21)
    good = [b"\1", b"\2\4\5\xb4", b"\2\4\4\0", b"\3\3\7", b"\4\2", b"\x08\x0a" + bytes(8), b"\x1e\4\0\1",
            b"\x22\6abcd", b"\xfd\5\1\2\3"]

    for n in range(480):
        kind = "syn"
        options, mss = b"", False
        for option in rnd.sample(good * 2, rnd.randrange(1, 9)):
            if len(options + option) <= 28 and not (mss and option[0] == 2):
                if option[0] == 2:
                    mss, kind = True, "odd" if len(options) % 2 else kind
                options += option
        if n >= 400 and kind == "syn":
            kind = ("wrong", "end")[n % 2]
        if kind == "wrong":
            at = rnd.randrange(1, len(good))
            options = good[at][:1] + bytes([rnd.choice([0, 1, 41])]) + good[at][2:] + options
        elif kind == "end":
            options += b"\0\2\4\5\xb4"
        elif not mss:
            kind = "without"
        if n % 8 == 7 and kind == "syn":
            kind, options = "twice", b"\2\4\5\xb4\1\1" + options
        options = options[:40] + bytes(-len(options[:40]) % 4)
        tcp = TCP(sport=1234, dport=80, flags=("S", "SA")[n % 2], dataofs=5 + len(options) // 4)
        head = eth((ip4, ip6)[n // 2 % 2](), tcp / Raw(options + bytes(n % 3)))
        yield f"{kind}.{n}", head


def flows():
    """name, bytes: first packets of connections, as conntrack knows them; of kinds stray and wrongsum, what belongs to none"""
    rnd = random.Random(22)
    for n in range(160):
        # sources and destinations inside the prefixes of the tests and next to them
        v4, v6 = ((dict(src=f"10.{rnd.choice((1, 1, 3))}.0.{n + 1}", dst=f"10.{rnd.choice((2, 2, 4))}.{n % 8}.9"), ip4),
                  (dict(src=f"fd0{rnd.choice((1, 1, 3))}::{n + 1:x}", dst=f"fd0{rnd.choice((2, 2, 4))}::{n % 8}"), ip6))
        for address, ip in v4, v6:
            payload = Raw(rnd.randbytes(rnd.randrange(0, 100)))
            ports = dict(sport=n + 1, dport=53)
            kind, upper = (
                ("udp", UDP(**ports) / payload), ("udp", UDP(**ports, chksum=0 if ip is ip4 else None) / payload),
                ("wrongsum", UDP(**ports, chksum=rnd.randrange(1, 65536)) / payload),
                ("tcp", TCP(**ports, flags="S", options=SYN)), ("tcp", TCP(**ports, flags="A") / payload),
                ("wrongsum", TCP(**ports, flags="S", chksum=rnd.randrange(65536))),
                ("echo", ICMP(id=n) / payload if ip is ip4 else ICMPv6EchoRequest(id=n, data=payload.load)),
                ("other", payload))[n % 8]
            if kind == "other":
                address["proto" if ip is ip4 else "nh"] = 150 + n % 8
            yield f"{kind}.{n}-{ip.__name__}", eth(ip(**address), upper)
    for n in range(4):
        yield f"fragment.v4-{n}", eth(ip4(dst="10.2.0.9", frag=n * 8, flags="MF"), Raw(PAYLOAD))
        yield f"fragment.v6-{n}", eth(ip6(), IPv6ExtHdrFragment(nh=17, offset=n * 8, m=1), Raw(PAYLOAD))
        for ip, error, echo in ((ip4, ICMP(type=3, code=1), ICMP(type=0, id=n)),
                                (ip6, ICMPv6PacketTooBig(mtu=1280), ICMPv6EchoReply(id=n))):
            name = f"{n}-{ip.__name__}"
            inner = ip(src="10.2.0.2", dst="10.1.0.1") if ip is ip4 else ip(src="fd02::2", dst="fd01::1")
            yield f"stray.error{name}", eth(ip(), error, inner, UDP(sport=900 + n, dport=901) / Raw(PAYLOAD))
            yield f"stray.reply{name}", eth(ip(), echo)
            yield f"stray.synack{name}", eth(ip(), syn(flags="SA", sport=900 + n))
            yield f"stray.sctp{name}", eth(ip(), SCTP(sport=900 + n, dport=9) / SCTPChunkData(data=PAYLOAD))


def main(directory):
    with open(directory + "/frames", "w") as out:
        for name, raw, cls in frames():
            print(f"frame[{name}.in]={raw.hex()}", file=out)
            for variant, change in VARIANTS.items():
                after = expected(raw, cls, change) if cls else raw
                print(f"frame[{name}.{variant}]={after.hex()}", file=out)
    for packets in corpus, syns, flows:
        with open(f"{directory}/{packets.__name__}", "w") as out:
            for name, packet in packets():
                print(name, bytes(packet).hex(), file=out)


if __name__ == "__main__":
    main(sys.argv[1])
