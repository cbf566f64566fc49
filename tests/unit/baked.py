# SPDX-License-Identifier: GPL-2.0-only
"""The name of a baked object, and what a kernel must have to load it."""
import hashlib

# What some kernels lack, depending on version or configuration: helpers, by number
# (include/uapi/linux/bpf.h), and fields of the context.
SOCKET = ("sk_family", "sk_type", "sk_protocol", "sk_mark", "sk_priority", "sk_ifindex", "sk_state",
          "sk_local_port", "sk_remote_port", "tcp_rtt", "tcp_cwnd", "tcp_mss")
SOURCES = {"uid": "helper=47", "socket_cookie": "helper=46", "cgroup": "helper=79",
           "ancestor_cgroup": "helper=83", "classid": "helper=17", "realm": "helper=24",
           "xfrm_reqid": "helper=66", "xfrm_spi": "helper=66", "numa_node": "helper=42",
           "mtu": "helper=163", "netns_cookie": "helper=122", "socket_classid": "helper=151",
           "csum_level": "helper=135", "tunnel_id": "helper=20", "tunnel_opt": "helper=29",
           "route_ifindex": "helper=69", **{name: "helper=95" for name in SOCKET},
           "tstamp_type": "field=tstamp_type", "hwtstamp": "field=hwtstamp"}


def needs(action, settings):
    """What a kernel must have to load an action with these settings."""
    given = dict(zip(settings[::2], settings[1::2]))
    if action == "edit":
        parts = {name.split(".")[0] for name in given}
        yield from (n for part in ("meta", "meta2", "mss") if part in parts
                    for n in needs(part.rstrip("2"),
                                   [x for k, v in given.items() for x in (k.removeprefix(part + "."), v)]))
    elif action == "meta" and given.get("set", "none") != "none" and given.get("from") in SOURCES:
        yield SOURCES[given["from"]]
    elif action == "match" and given.get("field") in SOURCES:
        yield SOURCES[given["field"]]
    elif action == "mss" and given.get("max", "mtu") in ("mtu", "0") and given.get("mtu", "device") in ("device", "0"):
        yield "helper=163"      # bpf_check_mtu, 5.12


def file_name(action, settings):
    """Readable, and no longer than a file's name may be."""
    name = "-".join((action, *settings)).replace("%", "pct").replace(":", "_").replace("/", "_")
    if len(name) > 120:
        name = name[:110] + "-" + hashlib.sha256(name.encode()).hexdigest()[:8]
    return name + ".o"
