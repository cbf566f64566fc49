# SPDX-License-Identifier: GPL-2.0-only
"""ttl: TTL and hop limit, each way to change them, and what expires."""
from common import *


def new_ttl(ttl, set=0, dec=0, min=0, max=0, inc=0):
    """None where it expires."""
    if not (set or dec or min or max or inc):
        dec = 1
    if set:
        return set
    if ttl <= dec:
        return None
    ttl = ttl - dec + inc
    if ttl > 255:
        ttl = 255
    if min and ttl < min:
        ttl = min
    if max and ttl > max:
        ttl = max
    return ttl


def set_ttl(ip, ttl):
    return change(ip, lambda new: setattr(new, "ttl" if family(ip) == 4 else "hlim", ttl))


def with_ttl(make, ttl, **fields):
    return make(UDP(sport=9) / Raw(PAYLOAD), **{"ttl" if make is v4 else "hlim": ttl}, **fields)


def vectors(suite):
    for p in corpus():
        suite.bake(*(("link", p.link) if p.link != "auto" else ()))
        if p.why:
            suite.packet(p, count={p.why: 1})
        else:
            suite.packet(p, set_ttl(p.ip, 60), ctx={"mark": 5, "priority": 7, "cb2": 9})

    ways = [{}] + [{name: n} for name in ("set", "dec", "min", "max", "inc") for n in (1, 64, 255)]
    ways += [{"dec": 2}, {"dec": 1, "min": 32}, {"dec": 5, "max": 100}, {"min": 10, "max": 20},
             {"dec": 3, "min": 10, "max": 20}, {"set": 7, "dec": 3},
             {"set": 7, "inc": 3}, {"dec": 1, "inc": 1}, {"dec": 2, "inc": 1}, {"inc": 5, "max": 100},
             {"inc": 1, "min": 32}, {"dec": 255, "inc": 255}]
    for way in ways:
        suite.bake(*(x for pair in way.items() for x in pair))
        label = "-".join(f"{k}-{v}" for k, v in way.items()) or "untouched"
        for make in (v4, v6):
            for ttl in (0, 1, 2, 3, 9, 10, 11, 31, 32, 63, 64, 65, 128, 254, 255):
                ip = with_ttl(make, ttl)
                p = Packet(f"v{family(ip)}-{label}-on-{ttl}", front_of(ip), ip)
                new = new_ttl(ttl, **way)
                if new is None:
                    suite.packet(p, verdict=SHOT, count={"expired": 1})
                else:
                    suite.packet(p, set_ttl(ip, new))

    # lower and higher TTLs, with checksums that are wrong or have critical carries
    for ttl in range(2, 256, 23):
        for settings, new in (((), ttl - 1), (("set", 128), 128)):
            suite.bake(*settings)
            packets = {"right": with_ttl(v4, ttl), "v6": with_ttl(v6, ttl), "wrong": with_ttl(v4, ttl, chksum=0x100)}
            for target in critical(ttl << 8, new << 8):
                packets[f"sum-{target:04x}"] = summing_to(with_ttl(v4, ttl), target)
            for label, ip in packets.items():
                suite.packet(Packet(f"v{family(ip)}-from-{ttl}-to-{new}-{label}", front_of(ip), ip), set_ttl(ip, new))

    # a packet that no router forwards is not changed, whatever the parameters are, and not counted
    def stays(name, ip):
        suite.packet(Packet(f"v{family(ip)}-{name}", front_of(ip), ip), ip)

    def changes(name, ip, way):
        p = Packet(f"v{family(ip)}-{name}", front_of(ip), ip)
        ttl = new_ttl(ip.ttl if family(ip) == 4 else ip.hlim, **way)
        if ttl is None:
            suite.packet(p, verdict=SHOT, count={"expired": 1})
        else:
            suite.packet(p, set_ttl(ip, ttl))

    for way in ({}, {"set": 64}, {"set": 255}, {"dec": 2}, {"max": 64}, {"min": 255}, {"inc": 200}):
        suite.bake(*(x for pair in way.items() for x in pair))
        label = "-".join(f"{k}-{v}" for k, v in way.items()) or "untouched"
        for ttl in (0, 1, 2, 254, 255):
            def icmp6(kind, *extensions, **fields):
                return v6(Raw(bytes([kind]) + bytes(23)), *extensions, hlim=ttl, **{"nh": 58, **fields})
            for kind in (0, 1, 128, 129, 138, 142, 144, 255):
                changes(f"icmp6-{kind}-{ttl}-{label}", icmp6(kind), way)
            for kind in (*range(130, 138), 143):
                stays(f"icmp6-{kind}-{ttl}-{label}", icmp6(kind))
                changes(f"icmp6-{kind}-udp-{ttl}-{label}", v6(Raw(bytes([kind]) + bytes(23)), nh=17, hlim=ttl), way)
            changes(f"icmp6-none-{ttl}-{label}", v6(None, nh=58, hlim=ttl), way)
            # after extension headers too, or a sender could hide it
            for name, chain in (("hbh", [hbh()]), ("dst", [dst(36)]), ("routing", [routing()]), ("eight", [dst()] * 8),
                                ("atomic", [IPv6ExtHdrFragment()])):
                for kind in (128, 131, 135, 143):
                    ip = v6(Raw(bytes([kind]) + bytes(23)), *chain, hlim=ttl)
                    ip.lastlayer().underlayer.nh = 58
                    if kind != 128:
                        stays(f"icmp6-{kind}-{name}-{ttl}-{label}", ip)
                    else:
                        changes(f"icmp6-{kind}-{name}-{ttl}-{label}", ip, way)
            # headers that cannot be read, and a packet without a length, which Linux takes to its end
            for kind in (128, 135):
                for name, chain, length in (("nine", [dst()] * 9, None), ("no-length", [hbh()], 0)):
                    ip = v6(Raw(bytes([kind]) + bytes(23)), *chain, hlim=ttl, plen=length)
                    ip.lastlayer().underlayer.nh = 58
                    new = ttl if name == "no-length" and kind == 135 else new_ttl(ttl, **way)
                    p = Packet(f"v6-icmp6-{kind}-{name}-{ttl}-{label}", front_of(ip), ip)
                    # what is cut off of it is not known to be missing
                    flags = {"flags": (4,)} if length == 0 else {}
                    if new is None:
                        suite.packet(p, verdict=SHOT, count={"expired": 1}, **flags)
                    else:
                        suite.packet(p, set_ttl(ip, ttl if name == "nine" and new == 255 else new), **flags)
            for name, make, address in (
                    ("224.0.0.0", v4, True), ("224.0.0.1", v4, True), ("224.0.0.255", v4, True), ("224.0.1.0", v4, False),
                    ("224.1.0.0", v4, False), ("225.0.0.1", v4, False), ("239.255.255.255", v4, False),
                    ("255.255.255.255", v4, True), ("255.255.255.254", v4, False), ("169.254.0.1", v4, False),
                    ("ff02::16", v6, True), ("ff02:1::1", v6, True), ("ff01::1", v6, True), ("ff00::1", v6, True),
                    ("ff03::1", v6, False), ("ff05::2", v6, False), ("ff12::8384", v6, True), ("fff2::1", v6, True),
                    ("ff2e::2", v6, False), ("fe02::2", v6, False), ("fe80::1", v6, True), ("febf::1", v6, True), ("fec0::1", v6, False),
                    ("fe00::1", v6, False), ("fe40::1", v6, False)):
                ip = with_ttl(make, ttl, dst=name)
                if address:
                    stays(f"to-{name}-{ttl}-{label}", ip)
                else:
                    changes(f"to-{name}-{ttl}-{label}", ip, way)
            for name, group in (("223.255.255.255", False), ("224.0.1.0", True), ("239.1.2.3", True), ("240.0.0.1", False)):
                ip = v4(Raw(bytes(8)), proto=2, dst=name, ttl=ttl, options=router_alert4())
                if group:
                    stays(f"igmp-to-{name}-{ttl}-{label}", ip)
                else:
                    changes(f"igmp-to-{name}-{ttl}-{label}", ip, way)
                changes(f"pim-to-{name}-{ttl}-{label}", v4(Raw(bytes(8)), proto=103, dst=name, ttl=ttl), way)
    # protocols that depend on this: VRRP and mDNS with TTL 255, OSPF, IGMP and MLD with 1. A host reports some groups to
    # the address of the group: RFC 2236, 9; RFC 2710, 3.
    mld = v6(Raw(b"\x83" + bytes(23)), hbh(), dst="ff05::1:3", hlim=1)
    mld.lastlayer().underlayer.nh = 58
    suite.bake()
    for name, ip in (("vrrp", v4(Raw(bytes(20)), proto=112, dst="224.0.0.18", ttl=255)),
                     ("ospf", v4(Raw(bytes(44)), proto=89, dst="224.0.0.5", ttl=1)),
                     ("igmp", v4(Raw(bytes(8)), proto=2, dst="224.0.0.22", ttl=1, options=router_alert4())),
                     ("igmp-2", v4(Raw(bytes(8)), proto=2, dst="239.1.2.3", ttl=1, options=router_alert4())),
                     ("mdns", v4(UDP(sport=5353, dport=5353) / Raw(PAYLOAD), dst="224.0.0.251", ttl=255)),
                     ("vrrp", v6(Raw(bytes(40)), nh=112, dst="ff02::12", hlim=255)),
                     ("ospf", v6(Raw(bytes(36)), nh=89, dst="ff02::5", hlim=1)),
                     ("mld", mld),
                     ("ospf-unicast", v6(Raw(bytes(36)), nh=89, dst="fe80::2", hlim=1)),
                     ("mdns", v6(UDP(sport=5353, dport=5353) / Raw(PAYLOAD), dst="ff02::fb", hlim=255))):
        stays(name, ip)
        for link in ("8021q", "qinq", "pppoe"):
            front = dict((n, f) for n, _, f in links())[link]
            suite.packet(Packet(f"v{family(ip)}-{name}-{link}", front(family(ip), len(ip)), ip), ip)

    for word, verdict in dict(unspec=-1, ok=0, reclassify=1, shot=2, pipe=3, redirect=7).items():
        suite.bake("expired", word)
        for p in corpus():
            if p.link == "auto" and p.name[3:] in ("syn", "qinq", "pppoe", "frag-last", "options-40", "chain"):
                ip = set_ttl(p.ip, 1)
                suite.packet(Packet(f"{p.name}-expired-{word}", p.front, ip, p.rest), verdict=verdict,
                             count={"expired": 1})
                suite.packet(p, set_ttl(p.ip, 60), f"{p.name}-not-expired-{word}")
