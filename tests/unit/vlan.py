# SPDX-License-Identifier: GPL-2.0-only
"""vlan: tags that are in the frame, as TEST_RUN shows them. A tag that is in the
metadata, where push puts one and pop leaves the second, is not seen here: tests
of it are in tests/functional/vlan.sh.
"""
from common import *

KERNEL = (b"\x81\x00", b"\x88\xa8")      # TPIDs that the kernel moves to the metadata
TAGS = KERNEL + (b"\x91\x00", b"\x92\x00")


def is_ether(p):
    return p.front != b"" and p.link != "none"


def tagged(data):
    return data[12:14] in TAGS


def tci(data):
    return struct.unpack_from("!H", data, 14)[0]


def with_tci(data, new):
    return data[:14] + struct.pack("!H", new) + data[16:]


def popped(data):
    """What is left in the frame: the second tag moves to the metadata, if the kernel knows it; the third stays."""
    if not tagged(data):
        return data
    data = data[:12] + data[16:]
    return data[:12] + data[16:] if data[12:14] in KERNEL else data


def behind(data):
    """The TCI of the second tag."""
    return struct.unpack_from("!H", data, 18)[0] if tagged(data) and data[16:18] in TAGS else None


def vectors(suite):
    def begin(p, *settings):
        suite.bake(*settings, *(("link", p.link) if p.link != "auto" else ()))

    def case(p, label, new, need=None, count=None, **more):
        ctx = {"mark": 5, "priority": 7, "cb2": 9, **p.ctx, **more.pop("ctx", {})}
        if not is_ether(p):
            suite.case(f"{p.name}-{label}", p.data, ctx=ctx, count={"link-unknown": 1})
        else:
            need = need or 14
            # The checksum of TEST_RUN begins after the tag's TPID, but the pop of the kernel assumes that it
            # begins before. So it is not tested for frames that become shorter.
            flags = (0, 4) if len(new) == len(p.data) else (0,)
            suite.case(f"{p.name}-{label}", p.data, out=new, ctx=ctx, count=count, need=need, flags=flags, **more)

    packets = list(corpus())
    for p in packets:
        for settings in ((), ("pop", "no", "set", "off", "push", "off", "pcp", "keep"), ("proto", "802.1ad")):
            begin(p, *settings)
            suite.case("-".join((p.name, "nothing", *settings)), p.data, ctx={"mark": 5, **p.ctx}, flags=(0, 4))
        # the tag is changed where it is; nothing else changes
        for label, settings, work in (
                ("set-200", ("set", 200), lambda t: t & 0xf000 | 200),
                ("set-0", ("set", 0), lambda t: t & 0xf000),
                ("pcp-5", ("pcp", 5), lambda t: t & 0x1fff | 5 << 13),
                ("pcp-priority", ("pcp", "priority"), lambda t: t & 0x1fff | 7 << 13),
                ("set-4094-pcp-0", ("set", 4094, "pcp", 0), lambda t: t & 0x1000 | 4094),
                ("dei-1", ("dei", 1), lambda t: t | 0x1000),
                ("dei-0-pcp-3", ("dei", 0, "pcp", 3), lambda t: t & 0xfff | 3 << 13),
                ("set-7-dei-1", ("set", 7, "dei", 1), lambda t: t & 0xe000 | 0x1007),
                ("pcp-inner", ("pcp", "inner"),
                 lambda t: t if behind(p.data) is None else t & 0x1fff | behind(p.data) & 0xe000),
                ("set-its-own", ("set", tci(p.data) & 0xfff if tagged(p.data) and tci(p.data) & 0xfff < 4095 else 1),
                 lambda t: t if t & 0xfff < 4095 else t & 0xf000 | 1)):
            begin(p, *settings)
            data = with_tci(p.data, work(tci(p.data))) if tagged(p.data) else p.data
            case(p, label, data, need=(20 if label == "pcp-inner" else 18) if tagged(p.data) else 14)
        # the priority from the DSCP; without a DSCP it is kept, and that is counted
        begin(p, "pcp", "dscp")
        data, why = p.data, None
        if tagged(p.data) and p.why:
            why = p.why
        elif tagged(p.data):
            dscp = p.ip.tos if family(p.ip) == 4 else p.ip.tc
            data = with_tci(data, tci(data) & 0x1fff | (dscp >> 5) << 13)
        need = p.need if tagged(p.data) else 14
        case(p, "pcp-dscp", data, need=need, count={why: 1} if why else None)
        # pop: a frame that ends with its tag is not changed
        for label, settings in (("pop", ("pop", "yes")), ("pop-set", ("pop", "yes", "set", 5)),
                                ("pop-pcp", ("pop", "yes", "pcp", 5))):
            if p.name.startswith("tags-") and label != "pop":
                continue        # three tags, cut off: one is popped, the next one cannot be set
            begin(p, *settings)
            data = popped(p.data)
            if tagged(p.data) and tagged(data):     # a TPID that the kernel does not know
                data = {"pop": data, "pop-set": with_tci(data, tci(data) & 0xf000 | 5),
                        "pop-pcp": with_tci(data, tci(data) & 0x1fff | 5 << 13)}[label]
            case(p, label, data, need=22 if tagged(p.data) else 14)
        # a pushed tag is in the metadata, which TEST_RUN does not return
        for label, settings in (("push", ("push", 100)), ("push-0", ("push", 0, "proto", "802.1ad", "pcp", 7))):
            begin(p, *settings)
            case(p, label, p.data, need=18 if tagged(p.data) else 14)
        # a tag whose TPID the kernel does not know goes into the frame
        for tpid in (0x9100, 0x9200):
            for label, settings, new in (
                    ("", (), 100), ("-pcp-dei", ("pcp", 5, "dei", 1), 0xb064), ("-dei-0", ("dei", 0), 100),
                    ("-inner", ("pcp", "inner"), 100 | (tci(p.data) & 0xe000 if tagged(p.data) else 0))):
                if label and tpid == 0x9200 or p.name.startswith("tags-"):
                    continue
                begin(p, "push", 100, "proto", f"{tpid:#x}", *settings)
                case(p, f"push-{tpid:x}{label}", p.data[:12] + struct.pack("!HH", tpid, new) + p.data[12:],
                     need=18 if tagged(p.data) else 14)
        # in the other order: the second tag moves back into the frame
        begin(p, "pop", "yes", "push", 7)
        case(p, "pop-push", p.data[:12] + p.data[16:] if tagged(p.data) else p.data,
             need=22 if tagged(p.data) else 14)
        begin(p, "set", 200, "push", 7, "pcp", 1)       # pcp is for the pushed tag
        case(p, "set-push", with_tci(p.data, tci(p.data) & 0xf000 | 200) if tagged(p.data) else p.data,
             need=18 if tagged(p.data) else 14)

    # every part of the TCI, both TPIDs, with checksums that become 0 (CHECKSUM_COMPLETE)
    for tpid in (0x8100, 0x88a8, 0x9100):
        for old in (0, 1, 0xfff, 0x1000, 0x1fff, 0x2000, 0x6064, 0xefff, 0xf000, 0xffff):
            front = ether(tpid) + struct.pack("!HH", old, 0x0800)
            p = Packet(f"{tpid:x}-{old:04x}", front, v4(tcp(SYN)))
            for vid in (0, 1, 100, 4094):
                begin(p, "set", vid)
                case(p, f"set-{vid}", with_tci(p.data, old & 0xf000 | vid), need=18)
            for pcp in range(8):
                begin(p, "pcp", pcp)
                case(p, f"pcp-{pcp}", with_tci(p.data, old & 0x1fff | pcp << 13), need=18)
            begin(p, "pcp", "priority")
            for priority in (0, 5, 8, 0xfffffffe):
                case(p, f"priority-{priority}", with_tci(p.data, old & 0x1fff | (priority & 7) << 13), need=18,
                     ctx={"priority": priority})
    begin(p, "pcp", "dscp")
    for dscp in range(64):
        for make, proto, field in ((v4, 0x0800, "tos"), (v6, 0x86dd, "tc")):
            ip = make(tcp(SYN), **{field: dscp << 2 | 3})
            p = Packet(f"v{family(ip)}-dscp-{dscp}", ether(0x8100) + tag(proto), ip)
            case(p, "pcp-dscp", with_tci(p.data, 100 | (dscp >> 3) << 13), need=p.need)
    # the priority of the next tag
    for inner in (0, 0x2005, 0xf005):
        front = ether(0x88a8) + struct.pack("!HHHH", 0x8064, 0x9100, inner, 0x0800)
        p = Packet(f"inner-{inner:04x}", front, v4(tcp(SYN)), link="ether")
        begin(p, "pcp", "inner")
        case(p, "set", with_tci(p.data, 0x64 | inner & 0xe000), need=20)
        begin(p, "push", 7, "pcp", "inner", "proto", "0x9100")
        case(p, "push", p.data[:12] + struct.pack("!HH", 0x9100, 0x8007) + p.data[12:], need=18)
    # pairs of inverse changes: 100 to 200 and back
    p = Packet("pair", ether(0x8100) + tag(0x0800, 100), v4(tcp(SYN)))
    q = Packet("pair-back", ether(0x8100) + tag(0x0800, 200), v4(tcp(SYN)))
    begin(p, "set", 200)
    case(p, "there", q.data, need=18)
    begin(q, "set", 100)
    case(q, "back", p.data, need=18)
