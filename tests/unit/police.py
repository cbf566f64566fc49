# SPDX-License-Identifier: GPL-2.0-only
"""police: whose bucket pays how much, and what becomes of packets above the rate. Time cannot be moved in
TEST_RUN, so buckets are set so far ahead that the minutes of a test make no difference: 10^7 s after boot.
What happens at the edge of the burst is in buckets.c.
"""
from common import *
from ecn import set_ecn
from prefixes import FUTURE, PAST, Ranges, find, pairs

TICKS = 32                                  # a nanosecond: include/tcact/bucket.h
SECOND = TICKS * 10 ** 9
AHEAD = 10 ** 7 * SECOND
SEED = 0x123456789abcdef1
WAYS, SETS = 8, 16
M = (1 << 64) - 1
SLOW = ("rate", "8bit", "burst", "200m")    # a byte a second; the bucket of 200 MiB takes what is AHEAD
OVER = ("rate", "8bit", "burst", "64k")     # and here it is too much


def mixed(key, seed=SEED):
    key = (key ^ seed) * 0x9e3779b97f4a7c15 & M
    key ^= key >> 32
    key = key * (seed | 1) & M
    key ^= key >> 32
    return key * 0xd6e8feb86659fd93 & M


def cut(bits, length, of):
    return bits >> of - length << of - length


def address(ip, side, prefix4=32, prefix6=64):
    packed = int.from_bytes(bytes(ip)[12 + 4 * side:16 + 4 * side], "big") if family(ip) == 4 else \
        int.from_bytes(bytes(ip)[8 + 16 * side:24 + 16 * side], "big")
    if family(ip) == 4:
        return mixed(0xffffffff << 32 | cut(packed, prefix4, 32))
    packed = cut(packed, prefix6, 128)
    upper = packed >> 64
    if upper >> 33 == 0x7fffffff:
        upper ^= 2 << 32
    return mixed(upper) if prefix6 <= 64 else mixed(mixed(upper) ^ packed & M)


def flow(p):
    data = bytes(p.ip)
    at, size, n = (12, 8, 1) if family(p.ip) == 4 else (8, 8, 4)
    hashed = 0
    for i in range(n):
        hashed = mixed(hashed ^ int.from_bytes(data[at + size * i:at + size * (i + 1)], "big"))
    proto, at, _ = transport(data)
    if p.why_l4:
        return mixed(hashed ^ 1 << 62)
    if proto in (6, 17) and not p.name.endswith("frag-first"):
        return mixed(hashed ^ (proto << 32 | int.from_bytes(data[at:at + 4], "big")))
    return mixed(hashed ^ (1 << 63 | proto))


def buckets(hashes, full, second=None):
    """A set: the hashes of 8 keys, and when each bucket will be full."""
    return ",".join(f"u64:{n}" for n in (*hashes, *full, *(second or [0] * WAYS)))


def counted(hashes, full, second=None, over=None, marked=None):
    """One of police, with its counters."""
    return ",".join([buckets(hashes, full, second), *(f"u32:{n}" for n in (*(over or [0] * WAYS), *(marked or [0] * WAYS)))])


def one(way):
    return [int(n == way) for n in range(WAYS)]


def place(hashed):
    return f"u32:{(hashed >> 32) * SETS >> 32}"


def others(hashed):
    """Keys that are not this one."""
    return [hashed ^ n for n in range(1, WAYS + 1)]


def paying(suite, hashed, cost, way, sets="bucket_sets", made=buckets, **more):
    """The bucket of this key is AHEAD, and pays `cost` seconds more; returns what it is afterwards."""
    hashes, full = others(hashed), [AHEAD + n for n in range(WAYS)]
    hashes[way] = hashed
    suite.map(sets, place(hashed), made(hashes, full))
    full[way] += cost * SECOND
    return [(sets, place(hashed), made(hashes, full, **more))]


def untouched(suite, hashed, sets="bucket_sets", made=buckets):
    """The set of this key is unused before each run, and afterwards."""
    nothing = (sets, place(hashed), made([0] * WAYS, [0] * WAYS))
    suite.map(*nothing)
    return [nothing]


# ---- tables of plans: include/tcact/plan.h

LONG = 10 ** 9 * SECOND                     # more than what is AHEAD
#       seconds for a byte or packet, packets, burst, tag
PLANS = [None, (1, 0, LONG, None), (2, 0, LONG, None), (1, 1, LONG, None), (1, 0, 65536 * SECOND, None),
         (1, 0, LONG, 7), (3, 0, LONG, 0xffffffff), (0, 0, 0, None), (1, 0, 65536 * SECOND, 9)]
TABLES = {
    "plans": {"10.0.0.0/8": 1, "10.1.0.0/16": 2, "10.1.2.0/24": 3, "10.1.2.3/32": 5, "10.1.2.2/31": 6, "128.0.0.0/1": 4,
              "1.1.1.0/24": 7, "9.0.0.0/8": 8, "2001:db8::/32": 2, "2001:db8:1::/48": 3, "2001:db8:1:2::/64": 5,
              "2001:db8:1:2::3/128": 6, "8000::/1": 8},
    "timed": {"10.0.0.0/8": 1, "10.1.0.0/16": 2, "10.1.2.0/24": 5, "10.1.2.3/32": 6, "2001:db8::/32": 5},
    "corpus": {"192.0.2.0/24": 5, "2001:db8::/48": 5, "0.0.0.0/0": 2, "::/0": 2},
    "empty": {},
}
TIMEOUTS = {"timed": {"10.1.0.0/16": (FUTURE, False), "10.1.2.0/24": (FUTURE, True), "10.1.2.3/32": (PAST, False),
                      "2001:db8::/32": (FUTURE, False)}}


def plan_bytes(seconds, packets, burst, tag):
    mult, shift = seconds * SECOND, 0
    return f"u64:0,u64:{mult},{bytes([shift, packets, tag is not None, 0]).hex()},u32:{tag or 0},u64:{burst}"


def fill_plans(suite, table):
    Ranges(TABLES[table], TIMEOUTS.get(table, {})).fill(suite)
    for number, plan in enumerate(PLANS):
        suite.map("prefix_plans", f"u32:{number}", plan_bytes(*plan) if plan else "00" * 32)


def plan_of(table, ip, side):
    """The plan of a packet, None if it has none."""
    found = find(TABLES[table], TIMEOUTS.get(table, {}), (ip.src, ip.dst)[side])
    return PLANS[TABLES[table][found]] if found else None


def plan_key(plan, ip, side, *lengths):
    return mixed(0xfffffffe << 32 | plan[3]) if plan and plan[3] is not None else address(ip, side, *lengths)


def vectors(suite):
    common = ("seed", SEED, "buckets", SETS * WAYS)

    def bake(p, *settings):
        suite.bake(*settings, *common, *(("link", p.link) if p.link != "auto" else ()))

    def paid(p, hashed, cost, label, way=3, ctx=None, over=None, **more):
        """A byte takes a second."""
        after = paying(suite, hashed, cost, way, "police_sets", counted, over=over)
        suite.packet(p, p.ip, f"{p.name}-{label}", ctx={"mark": 0x55, "priority": 7, "cb2": 9, **(ctx or {})},
                     mapout=after, **more)

    def over_all(p, size, label, need, *settings):
        more = {"ctx": {"mark": 0x55, "gso_size": size, "gso_segs": 0}, "count": {"over": 1}, "need": need, "cut_count": 0}
        bake(p, "rate", "1tbit", "per", "mark", *settings)
        suite.case(f"{p.name}-{label}-mark", p.data, SHOT, mapout=untouched(suite, mixed(0x55), "police_sets", counted), **more)
        bake(p, "rate", "1tbit", "per", "none", *settings)
        suite.map("police_credit", "u32:0", f"u64:{1 << 60}")   # enough for all lengths
        suite.case(f"{p.name}-{label}-none", p.data, SHOT, **more)

    def owed(p, cost, label, size):
        suite.case(f"{p.name}-{label}", p.data, ctx={"mark": 0x55, "gso_size": size, "gso_segs": 0}, need=14,
                   mapout=paying(suite, mixed(0x55), cost, 3, "police_sets", counted))

    # what has an address pays its length; what has none is left alone
    for p in corpus():
        bake(p, *SLOW)
        if p.why:
            suite.packet(p, name=f"{p.name}-alone", ctx={"mark": 5}, count={p.why: 1})
        elif p.ctx.get("gso_segs") is None:
            paid(p, address(p.ip, 0), len(p.data), "src")
    packets = [p for p in corpus() if not p.why and p.link == "auto" and not p.ctx and len(p.data) < 400]
    for p in packets:
        bake(p, *SLOW, "per", "dst", "prefix4", 20, "prefix6", 32)
        paid(p, address(p.ip, 1, 20, 32), len(p.data), "dst", way=0)
        bake(p, *SLOW, "per", "flow")
        paid(p, flow(p), len(p.data), "flow")
    # padding is no port
    for ip in (v4(Raw(b""), proto=6), v4(Raw(b"\0\7\0"), proto=17), v6(Raw(b"\0\7\0"), nh=17)):
        p = Packet(f"v{family(ip)}-padding-{len(ip)}", front_of(ip), ip, b"\0\x16" * 13)
        bake(p, *SLOW, "per", "flow")
        portless = Packet(p.name + "-frag-first", front_of(ip), ip)
        paid(p, flow(portless), len(p.data), "flow")
    for p in packets[::7]:
        for prefix4, prefix6 in ((0, 0), (1, 1), (31, 65), (32, 128)):
            bake(p, *SLOW, "prefix4", prefix4, "prefix6", prefix6)
            paid(p, address(p.ip, 0, prefix4, prefix6), len(p.data), f"prefix-{prefix4}-{prefix6}", way=7)
        bake(p, *SLOW, "per", "mark")
        paid(p, mixed(0x55), len(p.data), "mark", need=14)
        for overhead, mpu in ((0, 1000), (24, 0), (24, 88), (65535, 65535)):
            bake(p, *SLOW, "overhead", overhead, "mpu", mpu)
            paid(p, address(p.ip, 0), max(len(p.data) + overhead, mpu), f"overhead-{overhead}-{mpu}")
        bake(p, "rate", "1pps", "burst", "200000000p", "overhead", 24)
        paid(p, address(p.ip, 0), 1, "packet")
    # IPv6 addresses that begin as the keys of IPv4 do
    for ip in (v6(UDP(), src="ffff:ffff:c000:201::1"), v6(UDP(), src="ffff:fffe:c000:201::1")):
        p = Packet(f"v6-{ip.src}", front_of(ip), ip)
        bake(p, *SLOW)
        paid(p, address(ip, 0), len(p.data), "multicast")
    # a key whose hash is 0, which is also that of an unused bucket
    ip = v6(UDP(), src="1234:5678:9abc:def1::1")
    assert address(ip, 0) == 0
    for p in Packet("v6-hash-0", front_of(ip), ip), Packet("v6-hash-0-tagged", ether(0x8100) + tag(0x86dd), ip):
        bake(p, *SLOW)
        paid(p, 0, len(p.data), "src")

    # each prefix has a rate; what has none pays as without a table
    def planned(p, table, side, *settings, label, default=(1, 0, LONG, None), lengths=()):
        if suite.bake(*settings, "table", "1", "per", ("src", "dst")[side], *common,
                      *(("link", p.link) if p.link != "auto" else ()), table=table):
            fill_plans(suite, table)
        if p.why:
            suite.packet(p, name=f"{p.name}-{label}", ctx={"mark": 5}, count={p.why: 1})
            return
        plan = plan_of(table, p.ip, side) or default
        hashed = plan_key(plan, p.ip, side, *lengths)
        cost = plan and (plan[0] if plan[1] else plan[0] * len(p.data))
        if not cost or plan[2] < LONG:
            paid(p, hashed, 0, label, **({"verdict": SHOT, "count": {"over": 1}, "over": one(3)} if cost else {}))
        else:
            paid(p, hashed, cost, label, way=5)

    for p in corpus():
        if p.why or p.ctx.get("gso_segs") is None:
            planned(p, "corpus", 0, label="plan")
            planned(p, "empty", 0, *SLOW, label="no-plan")
    for p in pairs():
        for side in range(2):
            planned(p, "plans", side, *SLOW, label=f"plans-{side}")
            planned(p, "timed", side, *SLOW, "prefix4", 20, "prefix6", 40, label=f"timed-{side}", lengths=(20, 40))
            planned(p, "plans", side, label=f"plans-alone-{side}", default=None)

    # each segment of a GSO packet has the headers
    long = PAYLOAD * 200
    for name, ip, headers in (("tcp", v4(tcp(SYN, "A", data=long)), 34 + 20 + len(SYN)),
                              ("udp", v4(UDP() / Raw(long)), 42), ("options", v4(UDP() / Raw(long), options=router_alert4(12)), 54),
                              ("fragment", v4(tcp(data=long), frag=100), 54), ("first", v4(tcp(data=long), flags="MF"), 54),
                              ("tcp6", v6(tcp(data=long)), 74), ("hbh6", v6(tcp(data=long), hbh()), 82)):
        p = Packet("gso-" + name, front_of(ip), ip)
        rest = len(p.data) - headers
        for size in (1, 536, 1400, 2799, 2800, 2801, 65534):
            sizes = [min(size, rest - at) for at in range(0, rest, size)]
            for overhead, mpu in ((0, 0), (20, 600)):
                bake(p, *SLOW, "overhead", overhead, "mpu", mpu)
                paid(p, address(ip, 0), sum(max(headers + n + overhead, mpu) for n in sizes), f"{size}-{overhead}",
                     ctx={"gso_size": size, "gso_segs": 1})
            # in a tunnel there can be less, and what they cannot hold are headers; 0: it is from a virtual machine
            for segments in (0, 1, len(sizes) - 1, len(sizes) + 1) if size in (536, 1400) else (0,):
                tunnel, ctx = 0 < segments < len(sizes), {"gso_size": size, "gso_segs": segments}
                bake(p, "rate", "1pps", "burst", "200000000p")
                paid(p, address(ip, 0), segments if tunnel else len(sizes), f"{size}-{segments}-packets", ctx=ctx)
                bake(p, *SLOW)
                paid(p, address(ip, 0), max(len(p.data) + headers * (len(sizes) - 1),
                                            segments * (len(p.data) - (segments - 1) * size) if tunnel else 0),
                     f"{size}-{segments}-bytes", ctx=ctx)

    # headers that are not found, but the kernel segments the packet: above any rate, and below one in packets
    beyond = (v6(tcp(data=long), *[dst() for _ in range(9)]), v4(tcp(data=long), version=5, chksum=1))
    tags = (0x8100, 0x88a8, 0x8100, 0x0800)
    tagged = Packet("gso-3-tags", ether(tags[0]) + b"".join(tag(t) for t in tags[1:]), v4(tcp(data=long)))
    for p, need in ((Packet("gso-extensions-9", front_of(beyond[0]), beyond[0]), 118),
                    (Packet("gso-version-5", front_of(beyond[1]), beyond[1]), 34), (tagged, 22)):
        for size in (1, 1400):
            over_all(p, size, str(size), need)
            bake(p, "rate", "1pps", "burst", "200000000p", "per", "mark")
            owed(p, -(-len(p.data) // size), f"{size}-packets", size)
    # skb->protocol, by which the kernel segments: here TEST_RUN takes it from where an Ethernet header has it
    for name, ip, need in (("v6-as-ip", v6(tcp(data=long), src="2001:db8:800::1"), 40),
                           ("v4-as-ipv6", v4(tcp(data=long), src="134.221.0.1"), 20),
                           ("v4-as-tag", v4(tcp(data=long), src="129.0.0.1"), 20),
                           ("version-5", v4(tcp(data=long), src="8.0.0.1", version=5, chksum=1), 14)):
        p = Packet(f"gso-{name}", b"", ip, link="none")
        over_all(p, 1400, "1400", need)
        # so many segments are from the kernel itself, which does not err
        bake(p, *SLOW, "per", "mark")
        suite.case(f"{p.name}-kernel", p.data, ctx={"mark": 0x55, "gso_size": 65000, "gso_segs": 1}, need=14,
                   mapout=paying(suite, mixed(0x55), len(p.data), 3, "police_sets", counted))
    ip = v4(tcp(data=long), src="8.0.0.1")
    p = Packet("gso-v4-as-ip", b"", ip, link="none")
    bake(p, *SLOW)
    paid(p, address(ip, 0), len(p.data) + 40 * (-(-len(long) // 1400) - 1), "1400", ctx={"gso_size": 1400, "gso_segs": 0})
    # so is what is 16 MiB long on the wire; a full bucket does not help
    p = Packet("gso-16m", front_of(beyond[1]), v4(tcp(data=long)))
    over_all(p, 7, "over", len(p.data) - 6, "overhead", ((1 << 24) - len(long)) // 400 - 54 + 1)
    bake(p, *SLOW, "per", "mark", "overhead", ((1 << 24) - len(long)) // 400 - 54)
    owed(p, 400 * (((1 << 24) - len(long)) // 400) + len(long), "pays", 7)
    # MPLS, whose headers the kernel knows
    p = Packet("gso-mpls", ether(0x8847), None, bytes(4) + bytes(v4(tcp(data=long))))
    bake(p, *SLOW, "per", "mark")
    owed(p, len(p.data), "mark", 1400)

    # headers that are said to be longer than the packet: one packet
    ip = v4(tcp(SYN, "A", data=PAYLOAD, doff=15))
    p = Packet("gso-long-header", front_of(ip), ip)
    bake(p, "rate", "1pps", "burst", "200000000p")
    paid(p, address(ip, 0), 1, "packets", ctx={"gso_size": 39})
    bake(p, *SLOW)
    paid(p, address(ip, 0), len(p.data), "bytes", ctx={"gso_size": 39})
    # SCTP: gso_size says that segments are of any size (GSO_BY_FRAGS)
    for ip, headers in ((v4(Raw(long), proto=132), 46), (v6(Raw(long), nh=132), 66)):
        p = Packet(f"v{family(ip)}-gso-sctp", front_of(ip), ip)
        for segments in (0, 1, 3, 40):
            sent = max(segments, 1)
            size = len(p.data) + (sent - 1) * headers
            ctx = {"gso_size": 0xffff, "gso_segs": segments}
            bake(p, "rate", "1pps", "burst", "200000000p")
            paid(p, address(ip, 0), sent, f"{segments}-packets", ctx=ctx)
            for overhead in (0, 24):
                bake(p, *SLOW, "overhead", overhead)
                paid(p, address(ip, 0), size // sent * sent + overhead * sent, f"{segments}-{overhead}", ctx=ctx)

    # above the rate
    for over in ("drop", "ce", "hit"):
        for tos in (0, 1, 2, 3, 0xb9, 0xba):
            for make in (v4, v6):
                ip = make(UDP(sport=9) / Raw(PAYLOAD), **{"tos" if make is v4 else "tc": tos})
                p = Packet(f"v{family(ip)}-{over}-{tos:02x}", front_of(ip), ip)
                hashed, ecn = address(ip, 0), tos & 3
                last, full, key = others(hashed)[1:] + [hashed], [AHEAD + n for n in range(WAYS)], place(hashed)
                bake(p, *OVER, "over", over)
                suite.map("police_sets", key, counted(last, full, over=[9] * WAYS, marked=[7] * WAYS))
                marked = over == "ce" and ecn in (1, 2)
                passes = over == "ce" and ecn
                after = counted(last, full, over=[9] * 7 + [9 + (not passes)], marked=[7] * 7 + [7 + bool(passes)])
                suite.packet(p, set_ecn(ip) if marked else ip, f"{p.name}-over", cut=MISS if over == "hit" else CONTROL,
                             verdict=CONTROL if passes or over == "hit" else SHOT, mapout=[("police_sets", key, after)],
                             count={"marked": 1} if marked else None if passes else {"over": 1})
                bake(p, *SLOW, "over", over)
                paid(p, hashed, len(p.data), "within", **({"verdict": MISS, "cut": MISS} if over == "hit" else {}))
                # above ce-rate, below rate
                bake(p, "rate", "16bit", "burst", "200m", "ce-rate", "8bit", "over", over)
                suite.map("police_sets", key, counted([hashed] + others(hashed)[1:], [AHEAD] * 8, [AHEAD] * 8))
                suite.packet(p, ip, f"{p.name}-below-ce", verdict=MISS if over == "hit" else CONTROL,
                             cut=MISS if over == "hit" else CONTROL,
                             mapout=[("police_sets", key, counted([hashed] + others(hashed)[1:],
                                                                  [AHEAD + len(p.data) * SECOND // 2, *[AHEAD] * 7],
                                                                  [AHEAD + len(p.data) * SECOND, *[AHEAD] * 7]))])

    # who gets which bucket
    ip = v4(UDP(sport=9) / Raw(PAYLOAD))
    p = Packet("v4-ways", front_of(ip), ip)
    hashed = address(ip, 0)
    key, cost = place(hashed), len(p.data) * SECOND
    bake(p, *SLOW)
    shares = hashed % WAYS
    for least in range(WAYS):       # all in use: it pays from the same one, whichever will be full first
        full = [AHEAD + abs(n - least) for n in range(WAYS)]
        suite.map("police_sets", key, counted(others(hashed), full))
        full[shares] += cost
        suite.case(f"shared-{least}", p.data, need=p.need, flags=(0,), count={"shared": 1},
                   mapout=[("police_sets", key, counted(others(hashed), full))])
    for way in range(WAYS):         # one is full: it takes that one over, whose time is then not known
        full, second, hashes = [AHEAD] * WAYS, [0] * WAYS, others(hashed)
        full[way], second[way] = 1, AHEAD
        suite.map("police_sets", key, counted(hashes, full, second, [5] * WAYS, [6] * WAYS))
        full[way], hashes[way] = f"1..{M}", hashed
        suite.case(f"taken-{way}", p.data, need=p.need,
                   mapout=[("police_sets", key, counted(hashes, full, second, [5 * (n != way) for n in range(WAYS)],
                                                        [6 * (n != way) for n in range(WAYS)]))])
    bake(p, *OVER)
    for way in range(WAYS):         # none for it, and that one is empty
        full = [AHEAD + 100 - 10 * (n == way) for n in range(WAYS)]
        suite.map("police_sets", key, counted(others(hashed), full))
        suite.case(f"shared-over-{way}", p.data, verdict=SHOT, need=p.need, count={"shared": 1, "over": 1},
                   mapout=[("police_sets", key, counted(others(hashed), full, over=one(shares)))])

    bake(p, "rate", "1gbit")        # what the other key owes is from before a change of the rate
    suite.map("police_sets", key, counted(others(hashed), [AHEAD] * WAYS))
    full = [f"1..{AHEAD - 1}" if n == shares else AHEAD for n in range(WAYS)]
    suite.case("shared-owes", p.data, verdict=SHOT, need=p.need, flags=(0,), count={"shared": 1, "over": 1},
               mapout=[("police_sets", key, counted(others(hashed), full, over=one(shares)))])
    # with plans, those that share have another bucket together, and what one with a lower rate owes stays
    for rate, pays in ((SLOW, cost), (("rate", "1gbit"), 0)):
        if suite.bake(*rate, "table", "1", *common, table="empty"):
            fill_plans(suite, "empty")
        full, second = [AHEAD + n for n in range(WAYS)], [AHEAD - n for n in range(WAYS)]
        suite.map("police_sets", key, counted(others(hashed), full, second))
        second[shares] += pays
        suite.case(f"shared-plans-{rate[1]}", p.data, need=p.need, verdict=CONTROL if pays else SHOT,
                   count={"shared": 1} if pays else {"shared": 1, "over": 1}, flags=(0,),
                   mapout=[("police_sets", key, counted(others(hashed), full, second, over=None if pays else one(shares)))])
        full[3] = 1                 # nor is it forgiven when the bucket is taken over
        hashes = others(hashed)
        suite.map("police_sets", key, counted(hashes, full, second))
        full[3], hashes[3] = f"1..{M}", hashed
        suite.case(f"taken-plans-{rate[1]}", p.data, need=p.need,
                   mapout=[("police_sets", key, counted(hashes, full, second))])

    bake(p, "rate", "16bit", "burst", "200m", "ce-rate", "8bit")    # both rates
    full, second = [AHEAD + n for n in range(WAYS)], [AHEAD + 20 - n for n in range(WAYS)]
    full[shares - 1] = 1            # in use all the same, by the second rate
    suite.map("police_sets", key, counted(others(hashed), full, second))
    full[shares] += cost // 2
    second[shares] += cost
    suite.case("shared-both", p.data, need=p.need, count={"shared": 1},
               mapout=[("police_sets", key, counted(others(hashed), full, second))])

    # a CPU takes a 128th of the burst, and pays from that as long as it lasts
    ip = v4(UDP(sport=9) / Raw(PAYLOAD))
    p = Packet("v4-credit", front_of(ip), ip)
    share, cost = (200 << 20) * SECOND >> 7, len(p.data) * SECOND
    bake(p, *SLOW, "per", "none")
    for before, paid_by_all, after in ((0, share, share - cost), (cost - 1, share, share - 1), (cost, 0, 0), (cost + 5, 0, 5)):
        suite.map("police_sets", "u32:0", counted([0] * WAYS, [AHEAD] * WAYS))
        suite.map("police_credit", "u32:0", f"u64:{before}")
        suite.case(f"v4-credit-{before}", p.data, need=14, flags=(0,),
                   mapout=[("police_sets", "u32:0", counted([0] * WAYS, [AHEAD + paid_by_all] + [AHEAD] * 7)),
                           ("police_credit", "u32:0", f"u64:{after}")])

    # one bucket for all, and no rate
    for settings in (("per", "none"), ("per", "none", "ce-rate", "4bit"), ()):
        for p in packets[::9]:
            if settings:
                bake(p, "rate", "8bit", "burst", "64k", *settings)
                suite.map("police_sets", "u32:0", counted([0] * WAYS, [AHEAD] * WAYS, [AHEAD] * WAYS))
                suite.packet(p, p.ip, "-".join((p.name, *settings)), verdict=SHOT, count={"over": 1}, need=14,
                             mapout=[("police_sets", "u32:0", counted([0] * WAYS, [AHEAD] * WAYS, [AHEAD] * WAYS, one(0)))])
            else:
                bake(p)
                suite.packet(p, p.ip, p.name + "-no-rate", need=14)
