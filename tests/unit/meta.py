# SPDX-License-Identifier: GPL-2.0-only
"""meta: every field and source that TEST_RUN shows, masks, shifts."""
from common import *

# each field that TEST_RUN accepts has a different value
CTX = {"mark": 0xa1b2c3d4, "priority": 0x11223344, "cb0": 0xc0c0c0c0, "cb1": 0xc1, "cb2": 0xc2, "cb3": 0xc3,
       "cb4": 0xc4c4c4c4, "tstamp": 0x123456789abcdef0, "wire_len": 40000, "gso_segs": 21, "gso_size": 1448}
WHOLE = {**CTX, "gso_size": 0}      # else the length in an IP header says nothing
FIELDS = {"mark": 32, "priority": 32, "tstamp": 64, "cb0": 32, "cb1": 32, "cb2": 32, "cb3": 32, "cb4": 32}
UNSEEN = ("queue_mapping", "tc_index", "tc_classid")    # TEST_RUN does not return these fields
ABSENT = ("xfrm_reqid", "xfrm_spi", "xdp_meta", "csum_level", "tunnel_id", "tunnel_opt", "tcp_rtt", "tcp_cwnd",
          "tcp_mss")                                    # a packet of TEST_RUN does not have these
ANY32, NOT_0 = (0, 0xffffffff), (1, 0xffffffff)
# A kernel of 32 bits puts its generation, which is 1 for the root, into the upper half.
CGROUP = (0, 1 << 33)


def dscp_of(ip):
    return (ip.tos if family(ip) == 4 else ip.tc) >> 2


def header(ip, source):
    """What a source in the IP header says, or None."""
    version, tos = family(ip), ip.tos if family(ip) == 4 else ip.tc
    return {"dscp": tos >> 2, "ecn": tos & 3, "ttl": ip.ttl if version == 4 else ip.hlim,
            "flow_label": None if version == 4 else ip.fl}[source]


def written(old, bits, source, mask, shift):
    """The field's new value."""
    def shifted(x):
        return x << shift if shift >= 0 else x >> -shift
    place = shifted(mask) & (1 << 64) - 1
    value = shifted(source & mask) & (1 << 64) - 1
    return (old & ~place | value) & (1 << bits) - 1


def vectors(suite):
    def check(label, data, given, sources, ctx=CTX, needed=None, **more):
        """`sources`: what the source says, or its range"""
        suite.bake(*(x for pair in given.items() for x in pair))
        name, mask, shift = given["set"], int(str(given.get("mask", (1 << 64) - 1)), 0), int(given.get("shift", 0))
        if name in UNSEEN:
            out = {}
        elif sources == "len":
            out = {name: "len"}
        else:
            low, high = (written(ctx.get(name, 0), FIELDS[name], s, mask, shift)
                         for s in (sources if isinstance(sources, tuple) else (sources,) * 2))
            out = {name: f"{low:#x}..{high:#x}" if low != high else f"{low:#x}"}
        suite.case(label, data, ctx=ctx, ctxout=out, **more)

    syn4, syn6 = v4(tcp(SYN)), v6(tcp(SYN))
    frames = {"v4": front_of(syn4) + bytes(syn4), "v6": front_of(syn6) + bytes(syn6),
              "arp": next(p.data for p in corpus() if p.name == "arp"), "short": ether(0x88b5) + b"\0"}

    # as built, and with `from` but without `set`: nothing is written
    for p in corpus():
        suite.bake()
        suite.case(p.name + "-untouched", p.data, ctx=CTX)
    suite.bake("from", "dscp", "mask", 1)
    suite.case("arp-set-none", frames["arp"], ctx=CTX)

    # constants into every field
    for name in (*FIELDS, *UNSEEN):
        values = (1, 0x123456789abcdef)
        if name in ("mark", "tstamp", "priority"):
            values += (0, 0xffffffff, (1 << 64) - 1, "1:10", "ffff:fffe", "1:", "0x10")
        for value in values:
            major, colon, minor = str(value).partition(":")
            number = int(major, 16) << 16 | int(minor or "0", 16) if colon else int(major, 0)
            for frame, data in frames.items() if value in (1, 0x123456789abcdef) else [("v4", frames["v4"])]:
                check(f"{frame}-{name}-value-{value}", data, {"set": name, "value": value}, number)

    # sources: fields that TEST_RUN accepts, and those that it fills in
    sources = {**{k: v for k, v in CTX.items() if k not in ("hwtstamp",)}, "queue_mapping": 0, "vlan_present": 0,
               "vlan_tci": 0, "vlan_proto": 0, "ifindex": 1, "ingress_ifindex": 0, "tc_index": 0, "tc_classid": 0,
               "napi_id": 0, "tstamp_type": ANY32, "hwtstamp": 0, "uid": ANY32, "socket_cookie": (1, (1 << 64) - 1),
               "cgroup": CGROUP, "ancestor_cgroup": CGROUP, "classid": 0, "realm": 0, "cpu": (0, 4095),
               "numa_node": (0, 1023), "random": ANY32,
               "stored_hash": 0, "netns_cookie": (1, (1 << 64) - 1), "socket_classid": 0, "mtu": 65536,
               "linear_len": (14, 65535), "sk_type": 0, "sk_protocol": 0, "sk_mark": 0, "sk_priority": 0, "sk_ifindex": 0, "sk_state": 7,
               "sk_local_port": 0, "sk_remote_port": 0}
    for source, value in sources.items():
        for name in ("tstamp", "cb3"):
            if isinstance(value, tuple) and name != "tstamp":
                continue
            for frame, data in frames.items():
                check(f"{frame}-{name}-from-{source}", data, {"set": name, "from": source}, value)
    for frame, data in frames.items():
        check(f"{frame}-mark-from-hash", data, {"set": "mark", "from": "hash"}, NOT_0)
        check(f"{frame}-mark-from-len", data, {"set": "mark", "from": "len"}, "len")
        # if wire_len is not given, it is the length of the packet
        check(f"{frame}-mark-from-wire_len", data, {"set": "mark", "from": "wire_len"}, "len",
              ctx={"mark": 3, "priority": 4})
        proto = struct.unpack_from("!H", data, 12)[0]
        check(f"{frame}-mark-from-protocol", data, {"set": "mark", "from": "protocol"}, proto)
        for source in ABSENT:
            suite.bake("set", "mark", "from", source)
            suite.case(f"{frame}-mark-from-{source}", data, ctx=CTX, count={"absent": 1})
        for ctx, source, value in (({"ingress_ifindex": 1}, "ingress_ifindex", 1),
                                   ({"hwtstamp": 0x1122334455667788}, "hwtstamp", 0x1122334455667788)):
            check(f"{frame}-tstamp-from-{source}-given", data, {"set": "tstamp", "from": source}, value,
                  ctx={**CTX, **ctx})
    # the socket of TEST_RUN has the address family of the packet
    for frame, family_of in (("v4", 2), ("v6", 10)):
        check(f"{frame}-mark-from-sk_family", frames[frame], {"set": "mark", "from": "sk_family"}, family_of)
    check("mtu-1280", frames["v4"], {"set": "mark", "from": "mtu"}, 1280, mtu=1280)
    for p in corpus():                  # lo does not forward
        if p.link == "auto":
            suite.bake("set", "mark", "from", "route_ifindex")
            suite.packet(p, name=f"{p.name}-mark-from-route_ifindex", ctx=WHOLE, count={p.why or "absent": 1})
    for mac, kind in (("000000000000", 0), ("01005e000001", 2), ("020000000001", 3)):
        data = bytes.fromhex(mac) + frames["v4"][6:]
        check(f"pkt_type-{kind}", data, {"set": "mark", "from": "pkt_type"}, kind)
    check("protocol-8021q", ether(0x8100) + tag(0x0800) + bytes(syn4), {"set": "mark", "from": "protocol"}, 0x8100)
    check("ancestor-level-255", frames["v4"], {"set": "tstamp", "from": "ancestor_cgroup", "level": 255}, 0)
    check("ancestor-level-0", frames["v4"], {"set": "tstamp", "from": "ancestor_cgroup", "level": 0}, CGROUP)

    # the IP header, over the whole corpus
    for p in corpus():
        for source in ("dscp", "ecn", "ttl", "flow_label"):
            for name in ("priority",) if p.link != "auto" or source != "dscp" else ("priority", "cb1", "tstamp"):
                given = {"set": name, "from": source, **({"link": p.link} if p.link != "auto" else {})}
                label = f"{p.name}-{name}-from-{source}"
                suite.bake(*(x for pair in given.items() for x in pair))
                value = None if p.why else header(p.ip, source)
                if value is None:
                    why = p.why or "not-ip"
                    suite.packet(p, name=label, ctx=WHOLE, count={why: 1})
                else:
                    suite.packet(p, p.ip, label, ctx=WHOLE, ctxout={name: value})
    for tos in range(0, 256, 15):
        for make in (v4, v6):
            ip = make(UDP(), **{"tos" if make is v4 else "tc": tos})
            for source in ("dscp", "ecn"):
                suite.bake("set", "mark", "from", source)
                suite.packet(Packet(f"v{family(ip)}-{source}-of-{tos:02x}", front_of(ip), ip), ip, ctx=WHOLE,
                             ctxout={"mark": header(ip, source)})
    for label in (0, 1, 0x80000, 0xfffff):
        ip = v6(UDP(), fl=label)
        suite.bake("set", "cb0", "from", "flow_label")
        suite.packet(Packet(f"flow-label-{label:x}", front_of(ip), ip), ip, ctx=WHOLE, ctxout={"cb0": label})
    for ttl in (0, 1, 64, 255):
        for make in (v4, v6):
            ip = make(UDP(), **{"ttl" if make is v4 else "hlim": ttl})
            suite.bake("set", "cb0", "from", "ttl")
            suite.packet(Packet(f"v{family(ip)}-ttl-{ttl}", front_of(ip), ip), ip, ctx=WHOLE, ctxout={"cb0": ttl})

    # masks and shifts, both ways
    for name in ("mark", "tstamp"):
        for source in ("tstamp", "value"):
            value = {"tstamp": CTX["tstamp"], "value": 0xfedcba9876543210}[source]
            for mask, shift in (("0xff", 0), ("0xff", 8), ("0xff00", -8), ("0xffff0000", -16), ("0xffff", 16), (None, 4),
                                (None, -4), (None, 63), (None, -63), ("1", 63), ("0x8000000000000000", -63), ("0", 0),
                                ("0xf0f0f0f0", 2), ("0xff", 28), ("0xff00000000", -32), (None, 32), (None, -32)):
                given = {"set": name, "from": source}
                if source == "value":
                    given["value"] = value
                if mask is not None:
                    given["mask"] = mask
                if shift:
                    given["shift"] = shift
                check(f"{name}-from-{source}-mask-{mask}-shift-{shift}", frames["v4"], given, value)
