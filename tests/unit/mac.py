# SPDX-License-Identifier: GPL-2.0-only
"""mac: addresses of every frame, IP or not; where there is no Ethernet header, none."""
from common import *

SRC, DST = "52:54:00:12:34:56", "ff:00:ff:00:ff:00"


def raw(address):
    return bytes.fromhex(address.replace(":", ""))


def vectors(suite):
    for label, settings, work in (
            ("untouched", (), lambda d, s: d + s), ("src", ("src", SRC), lambda d, s: d + raw(SRC)),
            ("dst", ("dst", DST), lambda d, s: raw(DST) + s), ("swap", ("swap", "yes"), lambda d, s: s + d),
            ("both", ("src", SRC, "dst", DST), lambda d, s: raw(DST) + raw(SRC)),
            ("swap-src", ("swap", "yes", "src", SRC), lambda d, s: s + raw(SRC)),
            ("none", ("src", "none", "dst", "none", "swap", "no"), lambda d, s: d + s)):
        for p in corpus():
            suite.bake(*settings, *(("link", p.link) if p.link != "auto" else ()))
            if p.front and p.link != "none":
                suite.case(f"{p.name}-{label}", p.data, out=work(p.data[:6], p.data[6:12]) + p.data[12:],
                           ctx={"mark": 5, "cb2": 9, **p.ctx}, need=14,
                           cut_reasons=("link-unknown",), flags=(0, 4))
            else:
                suite.case(f"{p.name}-{label}", p.data, ctx={"mark": 5, **p.ctx}, count={"link-unknown": 1})
