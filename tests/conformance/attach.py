#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""attach.py DEVICE PIN: attach a pinned program as an action of a matchall filter at the
egress of DEVICE, as the page's tc command does, with pyroute2 alone."""
import ctypes
import os
import platform
import struct
import sys

from pyroute2 import IPRoute

BPF_OBJ_GET = 7
SYS_BPF = {"x86_64": 321, "s390x": 351, "aarch64": 280}[platform.machine()]
ETH_P_ALL = 3
EGRESS = 0xFFFFFFF3


def pinned(path):
    name = ctypes.create_string_buffer(os.fsencode(path))
    attr = ctypes.create_string_buffer(struct.pack("=QII", ctypes.addressof(name), 0, 0))
    fd = ctypes.CDLL(None, use_errno=True).syscall(SYS_BPF, BPF_OBJ_GET, attr, 16)
    if fd < 0:
        sys.exit(f"{path}: {os.strerror(ctypes.get_errno())}")
    return fd


with IPRoute() as ip:
    ip.tc("add-filter", "matchall", ip.link_lookup(ifname=sys.argv[1])[0], parent=EGRESS,
          prio=1, protocol=ETH_P_ALL,
          action=[{"kind": "bpf", "fd": pinned(sys.argv[2]), "name": "my_func", "action": "pipe"}])
