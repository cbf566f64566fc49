# SPDX-License-Identifier: GPL-2.0-only
"""prefixes: longest match on either address, tags, hit counters, and misses."""
import ipaddress

from common import *

TABLES = {
    "empty": {},
    "nested": {"10.0.0.0/8": 1, "10.1.0.0/16": 2, "10.1.2.0/24": 3, "10.1.2.3/32": 0xfffffffe, "10.1.2.2/31": 5,
               "128.0.0.0/1": 6, "2001:db8::/32": 11, "2001:db8:1::/48": 12, "2001:db8:1:2::/64": 13,
               "2001:db8:1:2::3/128": 0x80000001, "2001:db8:1:2::2/127": 15, "8000::/1": 16},
    "v4-default": {"0.0.0.0/0": 21},
    "v6-default": {"::/0": 22},
    "both-defaults": {"0.0.0.0/0": 23, "::/0": 24, "192.0.2.1/32": 25, "2001:db8::1/128": 26, "10.1.2.3/32": 0},
    # the addresses of both families begin with the same four bytes
    "other-family": {"2001:db8::/32": 31, "32.1.13.184/32": 32, "c000:201::/32": 33, "a01:203::/32": 34},
    "corpus": {"192.0.2.0/24": 41, "2001:db8::/48": 42},
    "timed": {"10.0.0.0/8": 51, "10.1.0.0/16": 52, "10.1.2.0/24": 53, "10.1.2.2/31": 54, "11.0.0.0/8": 55,
              "2001:db8::/32": 56, "2001:db8:1::/48": 57, "2001:db8:1:2::/64": 58, "2001:db8:1:2::3/128": 59},
}
# of "timed": the end of the timeout, in ns since boot, and whether the entry is an exception
PAST, FUTURE = 1, 1 << 62
TIMEOUTS = {"10.1.0.0/16": (PAST, False), "10.1.2.0/24": (PAST, True), "10.1.2.2/31": (FUTURE, True),
            "11.0.0.0/8": (PAST, False), "2001:db8:1::/48": (FUTURE, True), "2001:db8:1:2::/64": (FUTURE, False),
            "2001:db8:1:2::3/128": (PAST, False)}
LEAF_TIMED, RECORD_EXCEPTION = 1 << 31, 1 << 55
PAIRS4 = [("10.1.2.3", "192.0.2.9"), ("10.1.2.2", "10.1.2.3"), ("10.1.2.4", "10.2.0.0"), ("10.1.3.1", "11.0.0.1"),
          ("10.255.255.255", "10.1.255.255"), ("11.0.0.0", "10.0.0.0"), ("9.255.255.255", "9.0.0.1"),
          ("127.255.255.255", "128.0.0.0"), ("0.0.0.0", "255.255.255.255"), ("192.0.2.1", "32.1.13.184"),
          ("1.1.1.1", "10.1.2.3")]
PAIRS6 = [("2001:db8:1:2::3", "2001:db9::1"), ("2001:db8:1:2::2", "2001:db8:1:2::3"),
          ("2001:db8:1:2::4", "2001:db8:1:3::"), ("2001:db8:1:2:8000::", "2001:db8:2::"), ("2001:db8::1", "::"),
          ("2001:db7:ffff::", "2001:db9::"), ("::1", "ffff::1"), ("a01:203::", "c000:201::5"),
          ("::", "2001:db8:1:2::3"), ("::10.1.2.3", "::ffff:10.1.2.3")]


def timeouts_of(table):
    return TIMEOUTS if table == "timed" else {}


def edges(nets, bits):
    """(first address, the longest of the prefixes that it is in) of each range."""
    firsts = {0} | {int(n.network_address) for n in nets} | {int(n.broadcast_address) + 1 for n in nets}
    for first in sorted(firsts - {1 << bits}):
        inside = [n for n in nets if int(n.network_address) <= first <= int(n.broadcast_address)]
        yield first, max(inside, key=lambda n: n.prefixlen, default=None)


class Ranges:
    """A range trie as include/tcact/ranges.h describes it, of a simple form: a run for IPv4; for IPv6 a table by the
    first bit, and in the upper half of that a second one. A /64 that is cut has a run by the lower half of the address, or
    if it has more than three ranges a table of two runs."""

    def __init__(self, table, timeouts):
        nets = [ipaddress.ip_network(prefix) for prefix in table]
        self.numbers, self.leaves, self.records = {None: 0}, {None: 0}, ["u32:0,u32:0,u64:0"]
        for net, tag in sorted(zip(nets, table.values()), key=lambda x: x[0].prefixlen):
            until, exception = timeouts.get(str(net), (0, False))
            if until:
                covering = max((n for n in self.leaves if n and n.version == net.version and net.subnet_of(n)),
                               key=lambda n: n.prefixlen, default=None)
                self.records.append(f"u64:{until},u32:{self.leaves[covering]},u32:0")
            self.numbers[net] = len(self.records)
            self.leaves[net] = self.numbers[net] | (LEAF_TIMED if until else 0)
            self.records.append(f"u32:{tag},u32:0,u64:{1000 | (RECORD_EXCEPTION if exception else 0)}")
            if net.version == 6:
                self.records.append(net.network_address.packed.hex())
        self.cells = ["u64:0", "u64:0"]
        self.ipv4(list(edges([n for n in nets if n.version == 4], 32)))
        self.ipv6(list(edges([n for n in nets if n.version == 6], 128)))

    def run(self, cells, size):
        base, count = len(self.cells), len(cells) // size
        self.cells += cells
        log = max(count - 1, 1).bit_length() - 1
        return f"u64:{1 << 62 | log + size - 1 << 56 | (count - (1 << log)) * size << 32 | base}"

    def table(self, bits, *steps):
        """Of two steps, for the addresses that begin with these @bits, and then 0 or 1."""
        base = len(self.cells)
        self.cells += steps
        return f"u64:{1 << 63 | 63 - len(bits) << 32 | base - int(bits + '0', 2) & 0xffffffff}"

    def ipv4(self, ranges):
        self.cells[0] = self.run([f"u32:{first},u32:{self.leaves[net]}" for first, net in ranges], 1)

    def fill(self, suite):
        for name, values in (("prefix_cells", self.cells), ("prefix_records", self.records)):
            for number, content in enumerate(values):
                suite.map(name, f"u32:{number}", content)

    def after(self, hit, n=1):
        """The records, where the prefix `hit` has `n` hits more."""
        records = {number: self.records[number] for net, number in self.numbers.items() if net}
        if hit:
            number = self.numbers[ipaddress.ip_network(hit)]
            records[number] = records[number].replace("u64:1000", f"u64:{1000 + n}")
        return [("prefix_records", f"u32:{number}", record) for number, record in records.items()]

    def ipv6(self, ranges):
        uppers = {first >> 64 for first, _ in ranges} | {(first >> 64) + 1 for first, _ in ranges}

        def at(address):
            return next(net for first, net in reversed(ranges) if first <= address)

        def below(upper):
            cut = [(first & (1 << 64) - 1, net) for first, net in ranges if first >> 64 == upper]
            if not cut or cut[0][0]:
                cut.insert(0, (0, at(upper << 64)))
            cells = [(f"u64:{lower}", f"u64:{self.leaves[net]}") for lower, net in cut]
            if len(cut) == 1:
                return cells[0][1]
            if len(cut) <= 3:
                return self.run(sum(cells, ()), 2)
            return self.table("", self.run(sum(cells, ()), 2), cells[-1][1])

        def half(bits):
            first = int(bits, 2) << 64 - len(bits)
            inside = {upper for upper in uppers if upper >> 64 - len(bits) == int(bits, 2)}
            return self.run([cell for upper in sorted(inside | {first}) for cell in (f"u64:{upper}", below(upper))], 2)

        self.cells[1] = self.table("", half("0"), self.table("1", half("10"), half("11")))


def find(table, timeouts, address):
    address = ipaddress.ip_address(address)
    nets = [n for n in map(ipaddress.ip_network, table) if n.version == address.version and address in n and
            timeouts.get(str(n), (FUTURE, False))[0] == FUTURE]
    found = str(max(nets, key=lambda n: n.prefixlen)) if nets else None
    return None if timeouts.get(found, (0, False))[1] else found


def look(table, of, ip):
    addresses = {"src": [ip.src], "dst": [ip.dst], "either": [ip.src, ip.dst]}[of]
    hits = [find(TABLES[table], timeouts_of(table), a) for a in addresses]
    return next((h for h in hits if h), None)


def pairs():
    """A packet for each pair of addresses."""
    return [Packet(f"v4-{a}-{b}", ether(0x0800), v4(UDP(), src=a, dst=b)) for a, b in PAIRS4] + \
           [Packet(f"v6-{a}-{b}", ether(0x86dd), v6(UDP(), src=a, dst=b)) for a, b in PAIRS6]


def vectors(suite):
    ranges = {}

    def begin(table, *settings):
        if table not in ranges:
            ranges[table] = Ranges(TABLES[table], timeouts_of(table))
        if suite.bake(*settings, table=table):
            ranges[table].fill(suite)

    def packet(p, table, of, label, tag=False, hits=False, counted=None, **more):
        hit = None if p.why else look(table, of, p.ip)
        ctx = {"mark": 0x55, "priority": 7, "cb2": 9}
        suite.packet(p, p.ip if not p.why else None, f"{p.name}-{label}", CONTROL if hit else MISS, ctx=ctx,
                     ctxout={"mark": TABLES[table][hit]} if hit and tag else None,
                     count={p.why: 1} if p.why else {counted: 1} if counted == ("hit" if hit else "miss") else None,
                     mapout=ranges[table].after(hit if hits else None, packets_of(p.ctx)), **more)

    for p in corpus():
        begin("corpus", "of", "src", "tag", "mark", *(("link", p.link) if p.link != "auto" else ()))
        packet(p, "corpus", "src", "corpus", tag=True)
    for p in corpus():          # every packet is a miss
        begin("empty", *(("link", p.link) if p.link != "auto" else ()))
        packet(p, "empty", "src", "empty")

    begin("corpus", "of", "src", "hits", "on")
    for p in corpus():
        if "gso_size" in p.ctx and p.link == "auto":
            packet(p, "corpus", "src", "gso", hits=True)

    packets = pairs()
    for table in TABLES:
        for of in ("src", "dst", "either"):
            begin(table, "of", of, "tag", "mark", "hits", "on")
            for p in packets:
                packet(p, table, of, f"{table}-{of}", tag=True, hits=True)
    for count, counted in (("off", None), ("hits", "hit"), ("misses", "miss")):
        begin("corpus", "count", count)
        for p in corpus():
            if p.link == "auto":
                packet(p, "corpus", "src", f"count-{count}", counted=counted)
    for settings in ((), ("of", "src", "tag", "ignore", "hits", "off"), ("hits", "on"), ("tag", "mark"),
                     ("of", "either", "hits", "on")):
        given = dict(zip(settings[::2], settings[1::2]))
        begin("nested", *settings)
        for p in packets:
            packet(p, "nested", given.get("of", "src"), "-".join(("nested", *settings)),
                   tag=given.get("tag") == "mark", hits=given.get("hits") == "on")
