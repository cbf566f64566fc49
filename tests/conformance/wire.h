/* SPDX-License-Identifier: GPL-2.0-only */
/* What a program of wire.bpf.c saw of a packet. */
#pragma once

#define WIRE_FIELDS(X)                                                              \
	X(len) X(pkt_type) X(mark) X(queue_mapping) X(protocol) X(vlan_present)     \
	X(vlan_tci) X(vlan_proto) X(priority) X(ingress_ifindex) X(ifindex)         \
	X(tc_index) X(hash) X(tc_classid) X(napi_id) X(tstamp) X(wire_len)          \
	X(gso_segs) X(gso_size)

struct wire {
#define MEMBER_OF(field) unsigned long long field;
	WIRE_FIELDS(MEMBER_OF)
	unsigned long long cb, data, data_meta, sk;
	unsigned long long neigh, peer;	/* packets that were redirected and arrived */
	unsigned long long uid, cookie, realm;	/* of a packet that a socket sent */
	unsigned long long spi, reqid;	/* of a packet that was decrypted */
};
