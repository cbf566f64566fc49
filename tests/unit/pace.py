# SPDX-License-Identifier: GPL-2.0-only
"""pace: when a packet may leave, and what becomes of those that would wait too long. As in police.py, buckets are
AHEAD; so the time of departure is known, whatever the time of the test is.
"""
from common import *
from ecn import set_ecn
from police import AHEAD, SECOND, SEED, SETS, TICKS, WAYS, address, buckets, fill_plans, flow, mixed, others, paying, \
    place, plan_key, plan_of, untouched
from prefixes import pairs

YEAR = "31536000s"
SLOW = ("rate", "8bit", "horizon", YEAR)
OVER = ("rate", "8bit", "horizon", "1s")
LEAVES = AHEAD // TICKS


def vectors(suite):
    common = ("seed", SEED, "buckets", SETS * WAYS)

    def bake(p, *settings):
        suite.bake(*settings, *common, *(("link", p.link) if p.link != "auto" else ()))

    def delayed(p, hashed, cost, label, new=None, way=3, tstamp=0, leaves=LEAVES, **more):
        """Those before it in the bucket take until AHEAD; it takes `cost` seconds more."""
        after = paying(suite, hashed, cost, way)
        ctx = {"mark": 0x55, "priority": 7, **({"tstamp": tstamp} if tstamp else {}), **more.pop("ctx", {})}
        suite.packet(p, new or p.ip, f"{p.name}-{label}", ctx=ctx, ctxout={"tstamp": leaves},
                     mapout=after, **more)

    for p in corpus():
        bake(p, *SLOW)
        if p.why:
            suite.packet(p, name=f"{p.name}-alone", ctx={"mark": 5}, count={p.why: 1})
        elif p.ctx.get("gso_segs") is None:
            delayed(p, address(p.ip, 0), len(p.data), "src")
    packets = [p for p in corpus() if not p.why and p.link == "auto" and not p.ctx and len(p.data) < 400]
    for p in packets[::5]:
        bake(p, *SLOW, "per", "dst", "prefix4", 20, "prefix6", 32)
        delayed(p, address(p.ip, 1, 20, 32), len(p.data), "dst", way=0)
        bake(p, *SLOW, "per", "flow")
        delayed(p, flow(p), len(p.data), "flow")
        bake(p, *SLOW, "per", "mark", "overhead", 24, "mpu", 600)
        delayed(p, mixed(0x55), max(len(p.data) + 24, 600), "mark", need=14)
        bake(p, "rate", "1pps", "horizon", YEAR)
        delayed(p, address(p.ip, 0), 1, "packet")
        # a sender that wants to send later may; one that wants to send earlier may not
        bake(p, *SLOW)
        for own, leaves in ((LEAVES + 1, LEAVES + 1), (LEAVES - 1, LEAVES), (1, LEAVES), ((1 << 64) - 1,) * 2):
            delayed(p, address(p.ip, 0), len(p.data), f"own-{own:x}", tstamp=own, leaves=leaves,
                    cutctx={"tstamp": own})

    # each prefix has a rate; what has none waits as without a table
    for p in pairs():
        for table, side, settings in (("plans", 0, SLOW), ("timed", 1, SLOW), ("plans", 1, SLOW[2:])):
            if suite.bake(*settings, "table", "1", "per", ("src", "dst")[side], *common, table=table):
                fill_plans(suite, table)
            plan = plan_of(table, p.ip, side) or ((1, 0, 0, None) if settings == SLOW else None)
            label = f"{table}-{side}"
            if plan and plan[0]:
                delayed(p, plan_key(plan, p.ip, side), plan[0] if plan[1] else plan[0] * len(p.data), label)
            else:
                suite.packet(p, p.ip, f"{p.name}-{label}", mapout=paying(suite, address(p.ip, side), 0, 3))

    # a GSO packet pays for each segment, with its headers
    ip = v4(tcp(SYN, "A", data=PAYLOAD * 200))
    p = Packet("gso", front_of(ip), ip)
    headers = 34 + 20 + len(SYN)
    rest = len(p.data) - headers
    bake(p, *SLOW)
    delayed(p, address(ip, 0), len(p.data) + headers * (-(-rest // 1400) - 1), "1400", ctx={"gso_size": 1400})

    overhead = ((1 << 24) - len(PAYLOAD) * 200) // 400 - headers + 1     # 16 MiB: as in police.py
    bake(p, "rate", "1tbit", "overhead", overhead)
    suite.case("gso-16m-over", p.data, SHOT, ctx={"gso_size": 7}, need=len(p.data) - 6, cut_count=0, count={"over": 1},
               mapout=untouched(suite, address(ip, 0)))

    for tos in (0, 1, 2, 3, 0xb9, 0xba):
        for make in (v4, v6):
            ip = make(UDP(sport=9) / Raw(PAYLOAD), **{"tos" if make is v4 else "tc": tos})
            p = Packet(f"v{family(ip)}-{tos:02x}", front_of(ip), ip)
            hashed = address(ip, 0)
            marked = tos & 3 in (1, 2)
            # longer than ce-above, and not
            bake(p, *SLOW, "ce-above", "1s")
            delayed(p, hashed, len(p.data), "above", set_ecn(ip) if marked else ip, count={"marked": 1} if marked else None)
            bake(p, *SLOW, "ce-above", YEAR)
            delayed(p, hashed, len(p.data), "below")
            # beyond the horizon, nothing is marked, and none pays
            full, key = buckets(others(hashed)[1:] + [hashed], [AHEAD + n for n in range(WAYS)]), place(hashed)
            for over in ("drop", "hit"):
                bake(p, *OVER, "over", over, "ce-above", "1ms")
                suite.map("bucket_sets", key, full)
                suite.packet(p, ip, f"{p.name}-{over}-beyond", cut=MISS if over == "hit" else CONTROL, ctx={"tstamp": 5},
                             ctxout={"tstamp": 5}, cutctx={"tstamp": 5}, verdict=CONTROL if over == "hit" else SHOT,
                             mapout=[("bucket_sets", key, full)], count={"over": 1})
            bake(p, *SLOW, "over", "hit")
            delayed(p, hashed, len(p.data), "within", verdict=MISS, cut=MISS)

    # a full bucket does not delay; one that is shared does
    ip = v4(UDP(sport=9) / Raw(PAYLOAD))
    p = Packet("v4", front_of(ip), ip)
    hashed = address(ip, 0)
    bake(p, "rate", "1tbit")
    suite.map("bucket_sets", place(hashed), buckets([hashed] * WAYS, [1] * WAYS))
    suite.packet(p, ip, "v4-first")
    suite.packet(p, ip, "v4-none-yet")
    for make in (v4, v6):
        full = make(UDP(sport=9) / Raw(PAYLOAD), **{"tos" if make is v4 else "tc": 2})
        ect = Packet(f"v{family(full)}-full-ect", front_of(full), full)
        bake(ect, "rate", "1tbit", "ce-above", "1us")
        for time in (0, 1):
            suite.map("bucket_sets", place(address(full, 0)), buckets([address(full, 0)] * WAYS, [time] * WAYS))
            suite.packet(ect, full, f"{ect.name}-{time}")
    bake(p, *SLOW)
    shares = hashed % WAYS
    times = [AHEAD + TICKS * (1 + abs(n - shares - 1)) for n in range(WAYS)]
    suite.map("bucket_sets", place(hashed), buckets(others(hashed), times))
    after = [full + (len(p.data) * SECOND if n == shares else 0) for n, full in enumerate(times)]
    suite.case("v4-shared", p.data, need=p.need, count={"shared": 1}, ctxout={"tstamp": LEAVES + 2},
               mapout=[("bucket_sets", place(hashed), buckets(others(hashed), after))])

    bake(p, "rate", "1gbit")        # what the other key owes is from before a change of the rate
    suite.map("bucket_sets", place(hashed), buckets(others(hashed), [AHEAD] * WAYS))
    full = [f"1..{AHEAD - 1}" if n == shares else AHEAD for n in range(WAYS)]
    suite.case("v4-shared-owes", p.data, need=p.need, verdict=SHOT, flags=(0,), count={"shared": 1, "over": 1},
               mapout=[("bucket_sets", place(hashed), buckets(others(hashed), full))])
    # with plans, those that share have another bucket together, and what one with a lower rate owes stays
    for settings in (SLOW, ("rate", "1gbit")):
        if suite.bake(*settings, "table", "1", *common, table="empty"):
            fill_plans(suite, "empty")
        full, second = [AHEAD + TICKS * (n + 9) for n in range(WAYS)], [AHEAD + TICKS * 2] * WAYS
        suite.map("bucket_sets", place(hashed), buckets(others(hashed), full, second))
        second[shares] += len(p.data) * SECOND if settings is SLOW else 0
        more = {"ctxout": {"tstamp": LEAVES + 2}, "count": {"shared": 1}} if settings is SLOW else \
            {"verdict": SHOT, "count": {"shared": 1, "over": 1}}
        suite.case(f"v4-shared-plans-{settings[1]}", p.data, need=p.need, flags=(0,), **more,
                   mapout=[("bucket_sets", place(hashed), buckets(others(hashed), full, second))])

    # one bucket for all, and no rate
    for p in packets[::9]:
        bake(p, *SLOW, "per", "none")
        suite.map("bucket_sets", "u32:0", buckets([0] * WAYS, [AHEAD] * WAYS))
        suite.packet(p, p.ip, f"{p.name}-none", ctxout={"tstamp": LEAVES}, need=14,
                     mapout=[("bucket_sets", "u32:0", buckets([0] * WAYS, [AHEAD + len(p.data) * SECOND] + [AHEAD] * 7))])
        bake(p)
        suite.packet(p, p.ip, f"{p.name}-no-rate", need=14)
