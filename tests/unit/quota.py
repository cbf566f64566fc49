# SPDX-License-Identifier: GPL-2.0-only
"""quota: who pays how much, what is exact at the edge of the limit, and what another period changes."""
from common import *
from police import SEED, SETS, WAYS, address, flow, mixed, others, place

PERIOD = 202612


def uses(hashes, used, periods):
    return ",".join(f"u64:{n}" for n in (*hashes, *used, *periods))


def vectors(suite):
    common = ("seed", SEED, "buckets", SETS * WAYS, "period", PERIOD)

    def bake(p, *settings):
        suite.bake(*settings, *common, *(("link", p.link) if p.link != "auto" else ()))

    def tried(p, hashed, cost, label, before=1000, period=PERIOD, way=3, passes=True, counted=None, ctx=None, **more):
        """The bucket of this key has used `before` in that period; does the packet pay?"""
        hashes, used, periods = others(hashed) if hashed else [0] * WAYS, [7] * WAYS, [PERIOD] * WAYS
        hashes[way], used[way], periods[way] = hashed, before, period
        suite.map("quota_sets", place(hashed), uses(hashes, used, periods))
        if passes:
            used[way] = (before if period == PERIOD else 0) + cost
            periods[way] = PERIOD
        suite.packet(p, p.ip, f"{p.name}-{label}", ctx={"mark": 0x55, "priority": 7, **(ctx or {})},
                     mapout=[("quota_sets", place(hashed), uses(hashes, used, periods))], count=counted, **more)

    for p in corpus():
        bake(p, "limit", "100g")
        if p.why:
            suite.packet(p, name=f"{p.name}-alone", ctx={"mark": 5}, count={p.why: 1})
        elif p.ctx.get("gso_segs") is None:
            tried(p, address(p.ip, 0), len(p.data), "src")
    packets = [p for p in corpus() if not p.why and p.link == "auto" and not p.ctx and len(p.data) < 400]
    for p in packets[::3]:
        bake(p, "limit", "100g", "per", "dst", "prefix4", 20, "prefix6", 32)
        tried(p, address(p.ip, 1, 20, 32), len(p.data), "dst", way=0)
        bake(p, "limit", "100g", "per", "flow")
        tried(p, flow(p), len(p.data), "flow", before=1 << 30)
        bake(p, "limit", "100g", "per", "mark", "overhead", 24, "mpu", 600)
        tried(p, mixed(0x55), max(len(p.data) + 24, 600), "mark", need=14)
        bake(p, "limit", "100g", "per", "none")
        tried(p, 0, len(p.data), "none", way=0, need=14)
        bake(p)
        suite.packet(p, p.ip, f"{p.name}-no-limit", need=14)

    # the edge of the limit, in bytes and in packets
    for over in ("drop", "hit"):
        miss = {"verdict": MISS, "cut": MISS} if over == "hit" else {}
        shot = {"cut": MISS if over == "hit" else CONTROL, "verdict": CONTROL if over == "hit" else SHOT,
                "counted": {"over": 1}, "passes": False}
        for p in packets[::7]:
            size, key = len(p.data), address(p.ip, 0)
            for limit, cost in ((5000, size), ("10p", 1), (1 << 59, size)):
                most = 10 if limit == "10p" else limit
                bake(p, "limit", limit, "over", over, "per", "src")
                tried(p, key, cost, f"{over}-{limit}-fits", before=most - cost, **miss)
                tried(p, key, cost, f"{over}-{limit}-one-more", before=most - cost + 1, **shot)
                tried(p, key, cost, f"{over}-{limit}-used-up", before=most, **shot)
                tried(p, key, cost, f"{over}-{limit}-lowered", before=most + 5000, **shot)
                for other in (PERIOD - 1, PERIOD + 1, 0):
                    tried(p, key, cost, f"{over}-{limit}-period-{other}", before=most, period=other, **miss)
            # who is refused does not get what another key has used in a period that may come back
            bake(p, "limit", 1, "over", over, "per", "src")
            hashes, used, periods = others(key), [7] * WAYS, [PERIOD] * WAYS
            periods[5] = PERIOD - 1
            suite.map("quota_sets", place(key), uses(hashes, used, periods))
            hashes[5], used[5] = key, 0
            suite.packet(p, p.ip, f"{p.name}-{over}-new", cut=shot["cut"], verdict=shot["verdict"], count={"over": 1},
                         mapout=[("quota_sets", place(key), uses(hashes, used, periods))])
            # longer than the limit: never, also in a new period
            bake(p, "limit", size - 1, "over", over, "per", "src", "mpu", 0)
            tried(p, key, size, f"{over}-long", before=0, **shot)
            tried(p, key, size, f"{over}-long-new", before=5, period=PERIOD - 1, **shot)

    # each segment of a GSO packet has the headers
    ip = v4(tcp(SYN, "A", data=PAYLOAD * 200))
    p = Packet("gso", front_of(ip), ip)
    headers = 34 + 20 + len(SYN)
    rest = len(p.data) - headers
    bake(p, "limit", "100g")
    tried(p, address(ip, 0), len(p.data) + headers * (-(-rest // 1400) - 1), "1400", ctx={"gso_size": 1400})
    # what would pay 16 MiB is above any limit
    overhead = ((1 << 24) - len(PAYLOAD) * 200) // 400 - headers
    bake(p, "limit", "100g", "overhead", overhead)
    tried(p, address(ip, 0), 400 * (headers + overhead) + rest, "most", ctx={"gso_size": 7})
    bake(p, "limit", "100g", "overhead", overhead + 1)
    suite.case("gso-16m-over", p.data, SHOT, ctx={"gso_size": 7}, need=len(p.data) - 6, cut_count=0, count={"over": 1})
    bake(p, "limit", "100p")
    tried(p, address(ip, 0), -(-rest // 1400), "1400-packets", before=5, ctx={"gso_size": 1400})

    # who gets which bucket
    ip = v4(UDP(sport=9) / Raw(PAYLOAD))
    p = Packet("v4-ways", front_of(ip), ip)
    hashed, size = address(ip, 0), len(p.data)
    key = place(hashed)
    bake(p, "limit", "100g", "mpu", 1)
    for least in range(WAYS):       # all have used something: it pays from the same one, whichever has used least
        used, periods = [500 + abs(n - least) for n in range(WAYS)], [PERIOD] * WAYS
        suite.map("quota_sets", key, uses(others(hashed), used, periods))
        used[hashed % WAYS] += size
        suite.case(f"shared-{least}", p.data, need=p.need, count={"shared": 1},
                   mapout=[("quota_sets", key, uses(others(hashed), used, periods))])
    for way in range(WAYS):         # one has used nothing in this period: it takes that one over
        for before, period in ((0, PERIOD), (1 << 50, PERIOD - 1), (9, PERIOD + 1)):
            hashes, used, periods = others(hashed), [1 + n for n in range(WAYS)], [PERIOD] * WAYS
            used[way], periods[way] = before, period
            suite.map("quota_sets", key, uses(hashes, used, periods))
            hashes[way], used[way], periods[way] = hashed, size, PERIOD
            suite.case(f"taken-{way}-{period}-{before}", p.data, need=p.need,
                       mapout=[("quota_sets", key, uses(hashes, used, periods))])
    bake(p, "limit", 600)           # and what it shares is used up
    suite.map("quota_sets", key, uses(others(hashed), [600] * WAYS, [PERIOD] * WAYS))
    suite.case("shared-over", p.data, verdict=SHOT, need=p.need, count={"shared": 1, "over": 1},
               mapout=[("quota_sets", key, uses(others(hashed), [600] * WAYS, [PERIOD] * WAYS))])
