# SPDX-License-Identifier: GPL-2.0-only
"""ttl: TTL and hop limit, each way to change them, and what expires."""
from common import *


def new_ttl(ttl, set=0, dec=0, min=0, max=0):
    """None where it expires."""
    if not (set or dec or min or max):
        dec = 1
    if set:
        return set
    if ttl <= dec:
        return None
    ttl -= dec
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

    ways = [{}] + [{name: n} for name in ("set", "dec", "min", "max") for n in (1, 64, 255)]
    ways += [{"dec": 2}, {"dec": 1, "min": 32}, {"dec": 5, "max": 100}, {"min": 10, "max": 20},
             {"dec": 3, "min": 10, "max": 20}, {"set": 7, "dec": 3}]
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

    # TTLs down and up, with sums that are wrong, or critical
    for ttl in range(2, 256, 23):
        for settings, new in (((), ttl - 1), (("set", 128), 128)):
            suite.bake(*settings)
            packets = {"right": with_ttl(v4, ttl), "v6": with_ttl(v6, ttl), "wrong": with_ttl(v4, ttl, chksum=0x100)}
            for target in critical(ttl << 8, new << 8):
                packets[f"sum-{target:04x}"] = summing_to(with_ttl(v4, ttl), target)
            for label, ip in packets.items():
                suite.packet(Packet(f"v{family(ip)}-from-{ttl}-to-{new}-{label}", front_of(ip), ip), set_ttl(ip, new))

    # what no router forwards stays as it is: neighbour discovery, and multicast of the link
    # where it would expire
    def odd(name, ip, new, expired):
        p = Packet(f"v{family(ip)}-{name}", front_of(ip), ip)
        if expired:
            suite.packet(p, verdict=SHOT, count={"expired": 1})
        else:
            suite.packet(p, ip if new is None else set_ttl(ip, new))

    for settings, after in (((), lambda x: x - 1), (("set", 64), lambda x: 64), (("dec", 2), lambda x: x - 2),
                            (("max", 64), lambda x: min(x, 64))):
        suite.bake(*settings)
        label = "-".join(map(str, settings))
        dec = {"": 1, "dec": 2}.get(label.split("-")[0], 0)
        for ttl in (1, 2, 3, 254, 255):
            odd(f"icmp6-{ttl}-{label}", v6(ICMPv6EchoRequest(data=PAYLOAD), hlim=ttl),
                None if ttl == 255 else after(ttl), ttl <= dec)
            odd(f"icmp-{ttl}-{label}", v4(ICMP() / Raw(PAYLOAD), ttl=ttl), after(ttl), ttl <= dec)
            for name, make, address, near in (
                    ("224.0.0.1", v4, "224.0.0.1", True), ("224.0.0.255", v4, "224.0.0.255", True),
                    ("224.0.1.0", v4, "224.0.1.0", False), ("225.0.0.1", v4, "225.0.0.1", False),
                    ("ff02::16", v6, "ff02::16", True), ("ff05::2", v6, "ff05::2", False),
                    ("ff12::2", v6, "ff12::2", False)):
                odd(f"{name}-{ttl}-{label}", with_ttl(make, ttl, dst=address),
                    None if near and ttl <= dec else after(ttl), ttl <= dec and not near)

    for word, verdict in dict(unspec=-1, ok=0, reclassify=1, shot=2, pipe=3, redirect=7).items():
        suite.bake("expired", word)
        for p in corpus():
            if p.link == "auto" and p.name[3:] in ("syn", "qinq", "pppoe", "frag-last", "options-40", "chain"):
                ip = set_ttl(p.ip, 1)
                suite.packet(Packet(f"{p.name}-expired-{word}", p.front, ip, p.rest), verdict=verdict,
                             count={"expired": 1})
                suite.packet(p, set_ttl(p.ip, 60), f"{p.name}-not-expired-{word}")
