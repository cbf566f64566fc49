# SPDX-License-Identifier: GPL-2.0-only
"""newconn: which packets begin a connection, what that costs, and which UDP flows are known. As in police.py, buckets
are AHEAD, whatever the time of the test is. What is exact at the edge of the burst: tests/functional/newconn.sh.
"""
from common import *
from police import AHEAD, SECOND, SEED, SETS, WAYS, address, buckets, flow, mixed, others, place

LONG = ("rate", 1, "every", "3600s", "burst", 32767)    # the bucket takes what is AHEAD
OVER = ("rate", 1, "every", "3600s", "burst", 1800)       # and here it is too much, but not so much that it is corrected
COST = 3600 * SECOND


def begins(p):
    """False: no connection; True: by TCP; else the hash of the UDP flow."""
    data = bytes(p.ip)
    if family(p.ip) == 4 and "gso_size" not in p.ctx:
        data = data[:int.from_bytes(data[2:4], "big")]
    proto, at, _ = transport(data)
    if proto == 6:
        return len(data) < at + 14 or data[at + 13] & 0x12 == 0x02
    return proto == 17 and flow(p)


def replaces_flags(p):
    """RFC 1858, 4: a fragment of TCP over IPv4 that begins at byte 8."""
    return family(p.ip) == 4 and p.ip.proto == 6 and p.ip.frag == 1


def vectors(suite):
    common = ("seed", SEED, "buckets", SETS * WAYS, "flows", SETS * WAYS)

    def bake(p, *settings):
        suite.bake(*settings, *common, *(("link", p.link) if p.link != "auto" else ()))

    def known(hashed, until, way=5):
        """The flow ends then, those of others later; returns the set as an entry."""
        hashes, full = others(hashed), [AHEAD + n for n in range(WAYS)]
        hashes[way], full[way] = hashed, until
        suite.map("newconn_flows", place(hashed), buckets(hashes, full))
        return [("newconn_flows", place(hashed), buckets(hashes, full))]

    def tried(p, hashed, label, pays, way=3, ctx=None, fresh=True, **more):
        """The bucket of this key is AHEAD; does the packet pay?"""
        hashes, full = others(hashed) if hashed else [0] * WAYS, [AHEAD + n for n in range(WAYS)]
        hashes[way] = hashed
        suite.map("bucket_sets", place(hashed), buckets(hashes, full))
        if pays and begins(p) is not True and fresh:
            known(begins(p), 1)
        full[way] += COST if pays else 0
        suite.packet(p, p.ip, f"{p.name}-{label}", ctx={"mark": 0x55, "priority": 7, **(ctx or {})},
                     mapout=[("bucket_sets", place(hashed), buckets(hashes, full))], **more)

    def refused(p, label, over, mapout=(), **more):
        """The bucket has nothing left."""
        hashed = address(p.ip, 0)
        full, key = buckets([hashed] + others(hashed)[1:], [AHEAD] * WAYS), place(hashed)
        suite.map("bucket_sets", key, full)
        suite.packet(p, p.ip, f"{p.name}-{label}", cut=MISS if over == "hit" else CONTROL,
                     verdict=CONTROL if over == "hit" else SHOT, mapout=[("bucket_sets", key, full), *mapout],
                     count={"over": 1}, **more)

    # what begins a connection pays for one; nothing else does
    for p in corpus():
        bake(p, *LONG)
        if p.why:
            suite.packet(p, name=f"{p.name}-alone", ctx={"mark": 5}, count={p.why: 1})
        elif p.why_l4 == "fragment":
            tried(p, address(p.ip, 0), "alone", replaces_flags(p), fresh=False)
        elif p.why_l4:      # it may hide a SYN
            tried(p, address(p.ip, 0), "src", True, fresh=False, count={p.why_l4: 1})
        else:
            tried(p, address(p.ip, 0), "src", begins(p))

    made = []
    for name, flags in (("none", ""), ("syn-fin", "SF"), ("syn-rst", "SR"), ("syn-ece-cwr", "SEC"), ("syn-psh-urg", "SPU"),
                        ("fin", "F"), ("rst", "R"), ("rst-ack", "RA"), ("syn-fin-ack", "SFA"), ("all", "FSRPAUEC")):
        made += [(name, make(tcp(SYN, flags))) for make in (v4, v6)]
    # first fragments in which the flags may be missing
    whole4, whole6 = bytes(tcp(SYN, "A")), bytes(tcp(SYN, "SA"))
    # and what follows them
    made += [("second-udp", v4(Raw(whole4[8:]), proto=17, frag=1)), ("second-more", v4(Raw(whole4[8:]), proto=6, flags="MF", frag=1)),
             ("third", v4(Raw(whole4[8:]), proto=6, frag=2)), ("last", v4(Raw(whole4[8:]), proto=6, frag=0x1001))]
    for size in (8, 13, 14, 16, 24):
        made += [(f"first-{size}", v4(Raw(whole4[:size]), proto=6, flags="MF")),
                 (f"first-{size}", v6(Raw(whole6[:size]), IPv6ExtHdrFragment(nh=6, m=1, id=7)))]
    made += [("udp-first", v4(Raw(bytes(UDP(sport=7, dport=8) / Raw(PAYLOAD))[:16]), proto=17, flags="MF")),
             ("udp-first", v6(Raw(bytes(UDP(sport=7, dport=8) / Raw(PAYLOAD))[:16]), IPv6ExtHdrFragment(nh=17, m=1))),
             ("udp-4", v4(Raw(b"\0\7\0\x08"), proto=17)), ("udplite", v4(Raw(bytes(UDP() / Raw(PAYLOAD))), proto=136)),
             ("sctp", v4(Raw(bytes(UDP() / Raw(PAYLOAD))), proto=132))]
    for name, ip in made:
        # what follows is not of the packet, and looks like ACK
        for rest in (b"", b"\x10" * 30):
            p = Packet(f"v{family(ip)}-{name}" + ("-padded" if rest else ""), front_of(ip), ip, rest)
            bake(p, *LONG)
            later = family(ip) == 4 and ip.frag
            tried(p, address(ip, 0), "src", replaces_flags(p) if later else begins(p), fresh=not later)
    for ip in (v4(Raw(b"\0\7\0"), proto=17), v6(Raw(b""), nh=17)):
        for rest in (b"", b"\x10" * 30):
            p = Packet(f"v{family(ip)}-udp-short" + ("-padded" if rest else ""), front_of(ip), ip, rest)
            bake(p, *LONG)
            tried(p, address(ip, 0), "alone", False, count={"truncated": 1})

    packets = [p for p in corpus() if not p.why_l4 and p.link == "auto" and not p.ctx and len(p.data) < 400]
    for p in packets[::3]:
        bake(p, *LONG, "per", "dst", "prefix4", 20, "prefix6", 32)
        tried(p, address(p.ip, 1, 20, 32), "dst", begins(p), way=0)
        bake(p, *LONG, "per", "mark")
        tried(p, mixed(0x55), "mark", begins(p))
        bake(p, *LONG, "per", "none")
        tried(p, 0, "none", begins(p), way=0)
        bake(p)
        suite.packet(p, p.ip, f"{p.name}-no-rate", need=14)

    # of one port: what is for others begins nothing; what may hide a SYN pays
    for p in [p for p in corpus() if not p.why and p.link == "auto" and not p.ctx and len(p.data) < 400][::2]:
        _, at, _ = transport(bytes(p.ip)[:int.from_bytes(bytes(p.ip)[2:4], "big")] if family(p.ip) == 4 else bytes(p.ip))
        own = 7 if p.why_l4 else int.from_bytes(bytes(p.ip)[at + 2:at + 4], "big") or 7
        for port in (own, own ^ 1, int.from_bytes(bytes(p.ip)[at:at + 2], "big") ^ 0x100 or 9):
            bake(p, *LONG, "port", port)
            if p.why_l4 == "fragment":
                tried(p, address(p.ip, 0), f"port-{port}", replaces_flags(p), fresh=False)
            elif p.why_l4:
                tried(p, address(p.ip, 0), f"port-{port}", True, fresh=False, count={p.why_l4: 1})
            else:
                tried(p, address(p.ip, 0), f"port-{port}", begins(p) and (port == own or len(bytes(p.ip)) < at + 14))

    # UDP flows: what is known pays nothing, and passes also where nothing is left
    for n, p in enumerate(p for p in packets if begins(p) not in (False, True)):
        own = ("rate", 1, "every", "3600s", "burst", 32766 - n)     # an object of its own: it has few entries
        hashed, key = begins(p), address(p.ip, 0)
        for way in range(0, WAYS, 3):
            bake(p, *own)
            known(hashed, AHEAD + 9, way)
            tried(p, key, f"known-{way}", False)
            known(hashed, 1, way)
            tried(p, key, f"over-{way}", True, fresh=False)
        # a day after boot is the end of a flow that was silent since then, if the timeout was a day
        bake(p, *own, "timeout", "1ms")
        known(hashed, 86400 * SECOND)
        tried(p, key, "shorter", True, fresh=False)
        bake(p, *own)
        known(hashed ^ 1 << 20, AHEAD + 9)
        tried(p, key, "forgets", True, fresh=False, count={"forgotten": 1})
        for over in ("drop", "hit"):
            bake(p, *OVER, "over", over)
            known(hashed, AHEAD + 9)
            suite.map("bucket_sets", place(key), buckets([key] + others(key)[1:], [AHEAD] * WAYS))
            suite.packet(p, p.ip, f"{p.name}-{over}-known", **({"verdict": MISS, "cut": MISS} if over == "hit" else {}))
            # what is refused is not remembered, and takes nobody's place
            refused(p, f"{over}-forgets", over, known(hashed ^ 1 << 20, AHEAD + 9))
            ended = known(hashed, 1)
            refused(p, f"{over}-ended", over, ended)

    for p in packets[::4]:
        for over in ("drop", "hit"):
            bake(p, *OVER, "over", over)
            if begins(p):
                refused(p, over, over)
            else:
                suite.packet(p, p.ip, f"{p.name}-{over}", **({"verdict": MISS, "cut": MISS} if over == "hit" else {}))
            bake(p, *LONG, "over", over)
            tried(p, address(p.ip, 0), f"{over}-within", begins(p),
                  **({"verdict": MISS, "cut": MISS} if over == "hit" else {}))

    # what it costs, the burst that is auto, and a bucket that is shared
    ip = v4(tcp(SYN))
    p = Packet("v4-cost", front_of(ip), ip)
    hashed = address(ip, 0)
    hashes = others(hashed)
    hashes[2] = hashed
    for settings, cost in ((("rate", 3, "every", "3600s", "burst", 32767), 1200 * SECOND),
                           (("rate", 7, "every", "3600s", "burst", 32767), 3600 * SECOND // 7),
                           (("rate", 32767, "every", "3600s"), None), (("rate", 1), None)):
        bake(p, *settings)
        suite.map("bucket_sets", place(hashed), buckets(hashes, [AHEAD + n for n in range(WAYS)]))
        # without a cost: what is so far beyond the burst is from before a change, and is forgiven
        full = [AHEAD + n for n in range(WAYS)]
        full[2] = full[2] + cost if cost else f"1..{AHEAD - 1}"
        suite.packet(p, ip, "-".join(map(str, ("v4", *settings))), verdict=CONTROL if cost else SHOT,
                     count=None if cost else {"over": 1},
                     mapout=[("bucket_sets", place(hashed), buckets(hashes, full))])
    bake(p, *LONG)
    times = [AHEAD + SECOND * (1 + abs(n - hashed % WAYS - 1)) for n in range(WAYS)]
    suite.map("bucket_sets", place(hashed), buckets(others(hashed), times))
    after = [full + (COST if n == hashed % WAYS else 0) for n, full in enumerate(times)]
    suite.case("v4-shared", p.data, need=p.need, count={"shared": 1},
               mapout=[("bucket_sets", place(hashed), buckets(others(hashed), after))])
