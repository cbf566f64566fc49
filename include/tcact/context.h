/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Everything that a program can read about a packet, by one number: the
 * readable fields of __sk_buff (include/uapi/linux/bpf.h), the helpers that
 * look something up, and the fields of the IP header that people classify by.
 * All in host byte order. `source` is baked, so only one branch remains.
 */
#pragma once

#include <tcact/class.h>

enum source {
	FROM_VALUE, FROM_LEN, FROM_PKT_TYPE, FROM_MARK, FROM_QUEUE_MAPPING, FROM_PROTOCOL,
	FROM_VLAN_PRESENT, FROM_VLAN_TCI, FROM_VLAN_PROTO, FROM_PRIORITY, FROM_INGRESS_IFINDEX,
	FROM_IFINDEX, FROM_TC_INDEX, FROM_CB0, FROM_CB1, FROM_CB2, FROM_CB3, FROM_CB4, FROM_HASH,
	FROM_TC_CLASSID, FROM_NAPI_ID, FROM_TSTAMP, FROM_WIRE_LEN, FROM_GSO_SEGS, FROM_GSO_SIZE,
	FROM_TSTAMP_TYPE, FROM_HWTSTAMP,
	/* helpers */
	FROM_UID, FROM_SOCKET_COOKIE, FROM_CGROUP, FROM_ANCESTOR_CGROUP, FROM_CLASSID, FROM_REALM,
	FROM_CPU, FROM_NUMA_NODE, FROM_RANDOM, FROM_XFRM_REQID, FROM_XFRM_SPI,
	/* the IP header */
	FROM_DSCP, FROM_ECN, FROM_TTL, FROM_FLOW_LABEL,
};

NAMES(source,
      "value=0 len=1 pkt_type=2 mark=3 queue_mapping=4 protocol=5 vlan_present=6 vlan_tci=7 "
      "vlan_proto=8 priority=9 ingress_ifindex=10 ifindex=11 tc_index=12 cb0=13 cb1=14 cb2=15 "
      "cb3=16 cb4=17 hash=18 tc_classid=19 napi_id=20 tstamp=21 wire_len=22 gso_segs=23 "
      "gso_size=24 tstamp_type=25 hwtstamp=26 uid=27 socket_cookie=28 cgroup=29 "
      "ancestor_cgroup=30 classid=31 realm=32 cpu=33 numa_node=34 random=35 xfrm_reqid=36 "
      "xfrm_spi=37 dscp=38 ecn=39 ttl=40 flow_label=41");

/*
 * One access each: left to itself, clang joins neighbouring stores to the context
 * into one of 8 bytes, or hoists an address out of two branches; the verifier
 * refuses both ("invalid bpf_context access", "dereference of modified ctx ptr").
 */
#define FIELD(type, name) (*(const volatile type *)&skb->name)

static __always_inline enum reason context_read_header(struct __sk_buff *skb, enum source source,
						       __u64 *value)
{
	struct network net;
	enum reason why = network_find(skb, &net);
	bool ipv4;

	if (why != DONE)
		return why;
	ipv4 = net.proto == bpf_htons(ETH_P_IP);
	switch (source) {
	case FROM_DSCP: *value = class_read(&net) >> 2; break;
	case FROM_ECN: *value = class_read(&net) & 3; break;
	case FROM_TTL:
		*value = ipv4 ? ((struct iphdr *)net.header)->ttl
			      : ((struct ipv6hdr *)net.header)->hop_limit;
		break;
	default: /* FROM_FLOW_LABEL */
		if (ipv4)
			return NOT_IP;
		*value = bpf_ntohl(*(__be32 *)net.header) & 0xfffff;
	}
	return DONE;
}

/*
 * @value of @source; @constant is what FROM_VALUE gives, @level the ancestor
 * that FROM_ANCESTOR_CGROUP asks for (0: the root). HELPER_FAILED where the
 * packet has no such thing.
 */
static __always_inline enum reason
context_read(struct __sk_buff *skb, enum source source, __u64 constant, __u8 level, __u64 *value)
{
	struct bpf_xfrm_state xfrm;

	switch (source) {
	case FROM_VALUE: *value = constant; break;
	case FROM_LEN: *value = FIELD(__u32, len); break;
	case FROM_PKT_TYPE: *value = FIELD(__u32, pkt_type); break;
	case FROM_MARK: *value = FIELD(__u32, mark); break;
	case FROM_QUEUE_MAPPING: *value = FIELD(__u32, queue_mapping); break;
	case FROM_PROTOCOL: *value = bpf_ntohs(FIELD(__u32, protocol)); break;
	case FROM_VLAN_PRESENT: *value = FIELD(__u32, vlan_present); break;
	case FROM_VLAN_TCI: *value = FIELD(__u32, vlan_tci); break;
	case FROM_VLAN_PROTO: *value = bpf_ntohs(FIELD(__u32, vlan_proto)); break;
	case FROM_PRIORITY: *value = FIELD(__u32, priority); break;
	case FROM_INGRESS_IFINDEX: *value = FIELD(__u32, ingress_ifindex); break;
	case FROM_IFINDEX: *value = FIELD(__u32, ifindex); break;
	case FROM_TC_INDEX: *value = FIELD(__u32, tc_index); break;
	case FROM_CB0: *value = FIELD(__u32, cb[0]); break;
	case FROM_CB1: *value = FIELD(__u32, cb[1]); break;
	case FROM_CB2: *value = FIELD(__u32, cb[2]); break;
	case FROM_CB3: *value = FIELD(__u32, cb[3]); break;
	case FROM_CB4: *value = FIELD(__u32, cb[4]); break;
	case FROM_HASH: *value = bpf_get_hash_recalc(skb); break;
	case FROM_TC_CLASSID: *value = FIELD(__u32, tc_classid); break;
	case FROM_NAPI_ID: *value = FIELD(__u32, napi_id); break;
	case FROM_TSTAMP: *value = FIELD(__u64, tstamp); break;
	case FROM_WIRE_LEN: *value = FIELD(__u32, wire_len); break;
	case FROM_GSO_SEGS: *value = FIELD(__u32, gso_segs); break;
	case FROM_GSO_SIZE: *value = FIELD(__u32, gso_size); break;
	case FROM_TSTAMP_TYPE: *value = FIELD(__u8, tstamp_type); break;	/* 5.18 */
	case FROM_HWTSTAMP: *value = FIELD(__u64, hwtstamp); break;		/* 5.16 */
	case FROM_UID: *value = bpf_get_socket_uid(skb); break;
	case FROM_SOCKET_COOKIE: *value = bpf_get_socket_cookie(skb); break;
	case FROM_CGROUP: *value = bpf_skb_cgroup_id(skb); break;
	case FROM_ANCESTOR_CGROUP: *value = bpf_skb_ancestor_cgroup_id(skb, level); break;
	case FROM_CLASSID: *value = bpf_get_cgroup_classid(skb); break;
	case FROM_REALM: *value = bpf_get_route_realm(skb); break;
	case FROM_CPU: *value = bpf_get_smp_processor_id(); break;
	case FROM_NUMA_NODE: *value = (__u32)bpf_get_numa_node_id(); break;
	case FROM_RANDOM: *value = bpf_get_prandom_u32(); break;
	case FROM_XFRM_REQID:
	case FROM_XFRM_SPI:
		if (bpf_skb_get_xfrm_state(skb, /*index*/ 0, &xfrm, sizeof(xfrm), /*flags*/ 0))
			return HELPER_FAILED;
		*value = source == FROM_XFRM_REQID ? xfrm.reqid : bpf_ntohl(xfrm.spi);
		break;
	default:
		return context_read_header(skb, source, value);
	}
	return DONE;
}
