/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What a program can read about a packet, each under one number: the readable fields of
 * __sk_buff (include/uapi/linux/bpf.h), what helpers look up, and the fields of the IP
 * header that are used for classification. All values are in host byte order.
 *
 * The number is a constant of the loaded program, so the verifier removes the other
 * branches. A source that needs a newer kernel than 5.10 is refused only if it is used.
 */
#pragma once

#include <tcact/dsfield.h>
#include <tcact/field.h>
#include <tcact/l4.h>

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
	/* more fields and helpers */
	FROM_STORED_HASH, FROM_LINEAR_LEN, FROM_XDP_META, FROM_CSUM_LEVEL, FROM_MTU,
	FROM_NETNS_COOKIE, FROM_SOCKET_CLASSID, FROM_TUNNEL_ID, FROM_TUNNEL_OPT,
	/* the full socket */
	FROM_SK_FAMILY, FROM_SK_TYPE, FROM_SK_PROTOCOL, FROM_SK_MARK, FROM_SK_PRIORITY,
	FROM_SK_IFINDEX, FROM_SK_STATE, FROM_SK_LOCAL_PORT, FROM_SK_REMOTE_PORT,
	FROM_TCP_RTT, FROM_TCP_CWND, FROM_TCP_MSS,
	/* the routing table */
	FROM_ROUTE_IFINDEX,
};

/* FROM_VALUE has no name here: each action decides whether it offers a constant. */
NAMES(source,
      "len=1 pkt_type=2 mark=3 queue_mapping=4 protocol=5 vlan_present=6 vlan_tci=7 "
      "vlan_proto=8 priority=9 ingress_ifindex=10 ifindex=11 tc_index=12 cb0=13 cb1=14 cb2=15 "
      "cb3=16 cb4=17 hash=18 tc_classid=19 napi_id=20 tstamp=21 wire_len=22 gso_segs=23 "
      "gso_size=24 tstamp_type=25 hwtstamp=26 uid=27 socket_cookie=28 cgroup=29 "
      "ancestor_cgroup=30 classid=31 realm=32 cpu=33 numa_node=34 random=35 xfrm_reqid=36 "
      "xfrm_spi=37 dscp=38 ecn=39 ttl=40 flow_label=41 stored_hash=42 linear_len=43 xdp_meta=44 "
      "csum_level=45 mtu=46 netns_cookie=47 socket_classid=48 tunnel_id=49 tunnel_opt=50 "
      "sk_family=51 sk_type=52 sk_protocol=53 sk_mark=54 sk_priority=55 sk_ifindex=56 "
      "sk_state=57 sk_local_port=58 sk_remote_port=59 tcp_rtt=60 tcp_cwnd=61 tcp_mss=62 "
      "route_ifindex=63");
NEEDS(source, "mtu=5.12 hwtstamp=5.16 tstamp_type=5.18 netns_cookie=6.13 "
      "cgroup=SOCK_CGROUP_DATA ancestor_cgroup=SOCK_CGROUP_DATA "
      "socket_classid=CGROUP_NET_CLASSID xfrm_reqid=XFRM xfrm_spi=XFRM");

/* Names for values of pkt_type and protocol; the latter as tc has them. */
NAMES(pkt_type, "host=0 broadcast=1 multicast=2 otherhost=3 outgoing=4");
NAMES(ethertype, "ip=2048 arp=2054 802.1q=33024 ipv6=34525 ppp_ses=34916 802.1ad=34984");

/*
 * The index of the device to which a router would forward the packet, according to the
 * routing table. The lookup starts from ingress_ifindex, or from ifindex if that is 0.
 * ABSENT: the packet would not be forwarded.
 */
static __always_inline enum reason context_read_route(struct __sk_buff *skb,
						      const struct network *net, __u64 *value)
{
	struct bpf_fib_lookup fib = {};
	struct transport l4 = {};
	union { struct { __be16 sport, dport; }; __be32 both; } ports;
	long ret;

	/* for rules with ports, and for the hash of a route with several next hops */
	if (transport_parse(skb, net, &l4) == DONE && !l4.first && transport_ports(skb, &l4, &ports.both)) {
		fib.sport = ports.sport;
		fib.dport = ports.dport;
	}
	fib.ifindex = FIELD(__u32, ingress_ifindex);
	if (!fib.ifindex)
		fib.ifindex = FIELD(__u32, ifindex);
	if (network_is_ipv4(net)) {
		const struct iphdr *ip = net->header;

		fib.family = 2;		/* AF_INET, on any architecture */
		fib.tos = ip->tos;
		fib.l4_protocol = ip->protocol;
		fib.ipv4_src = ip->saddr;
		fib.ipv4_dst = ip->daddr;
	} else {
		const struct ipv6hdr *ip = net->header;

		/*
		 * network_parse() has already checked this, so clang would remove the test. The
		 * verifier of 5.10 needs it: "invalid access to packet, off=20 size=4".
		 */
		asm volatile("" : "+r"(ip));
		if ((void *)(ip + 1) > packet_end(skb))
			return TRUNCATED;
		fib.family = 10;	/* AF_INET6 */
		fib.flowinfo = *(header_be32 *)ip & bpf_htonl(0x0fffffff);
		fib.l4_protocol = l4.proto ?: ip->nexthdr;
		__builtin_memcpy(fib.ipv6_src, &ip->saddr, sizeof(fib.ipv6_src));
		__builtin_memcpy(fib.ipv6_dst, &ip->daddr, sizeof(fib.ipv6_dst));
	}
	ret = bpf_fib_lookup(skb, &fib, sizeof(fib), /*flags*/ 0);
	if (ret < 0)
		return HELPER_FAILED;
	/* FRAG_NEEDED: there is a route, but the packet is longer than the device's MTU */
	if (ret != BPF_FIB_LKUP_RET_SUCCESS && ret != BPF_FIB_LKUP_RET_NO_NEIGH &&
	    ret != BPF_FIB_LKUP_RET_FRAG_NEEDED)
		return ABSENT;
	*value = fib.ifindex;
	return DONE;
}

static __always_inline enum reason context_read_header(struct __sk_buff *skb, enum source source,
						       __u64 *value)
{
	struct network net;
	enum reason why = network_parse(skb, &net);
	bool ipv4;

	if (why != DONE)
		return why;
	ipv4 = network_is_ipv4(&net);
	switch (source) {
	case FROM_DSCP: *value = dsfield_get(&net) >> 2; break;
	case FROM_ECN: *value = dsfield_get(&net) & 3; break;
	case FROM_TTL:
		*value = ipv4 ? ((struct iphdr *)net.header)->ttl
			      : ((struct ipv6hdr *)net.header)->hop_limit;
		break;
	case FROM_FLOW_LABEL:
		if (ipv4)
			return NOT_IP;
		*value = bpf_ntohl(*(header_be32 *)net.header) & 0xfffff;
		break;
	default: /* FROM_ROUTE_IFINDEX */
		return context_read_route(skb, &net, value);
	}
	return DONE;
}

static __always_inline enum reason context_read_socket(struct __sk_buff *skb, enum source source,
						       __u64 *value)
{
	struct bpf_sock *sk = skb->sk;
	struct bpf_tcp_sock *tcp;

	if (sk)
		sk = bpf_sk_fullsock(sk);
	if (!sk)
		return ABSENT;
	switch (source) {
	case FROM_SK_FAMILY: *value = sk->family; return DONE;
	case FROM_SK_TYPE: *value = sk->type; return DONE;
	case FROM_SK_PROTOCOL: *value = sk->protocol; return DONE;
	case FROM_SK_MARK: *value = sk->mark; return DONE;
	case FROM_SK_PRIORITY: *value = sk->priority; return DONE;
	case FROM_SK_IFINDEX: *value = sk->bound_dev_if; return DONE;
	case FROM_SK_STATE: *value = sk->state; return DONE;
	case FROM_SK_LOCAL_PORT: *value = sk->src_port; return DONE;
	case FROM_SK_REMOTE_PORT:
		/* The field has 32 bits before 5.18; later kernels still accept a 32-bit read. */
		*value = bpf_ntohs(*(volatile __u32 *)&sk->dst_port);
		return DONE;
	default:
		break;
	}

	tcp = bpf_tcp_sock(sk);
	if (!tcp)
		return ABSENT;
	switch (source) {
	case FROM_TCP_RTT: *value = tcp->srtt_us >> 3; break;
	case FROM_TCP_CWND: *value = tcp->snd_cwnd; break;
	default: /* FROM_TCP_MSS */
		*value = tcp->mss_cache;
	}
	return DONE;
}

/*
 * Reads @source into @value. @constant is the value of FROM_VALUE. @level is the depth of
 * the ancestor that FROM_ANCESTOR_CGROUP reads (0: the root). ABSENT: the packet has no
 * such thing, for example no socket.
 */
static __always_inline enum reason
context_read(struct __sk_buff *skb, enum source source, __u64 constant, __u8 level, __u64 *value)
{
	/* the size that all kernels since 5.10 accept */
	const __u32 tunnel_size = offsetof(struct bpf_tunnel_key, tunnel_label);
	struct bpf_tunnel_key tunnel;
	struct bpf_xfrm_state xfrm;
	__u32 number = 0;
	long ret;

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
	case FROM_TSTAMP_TYPE: *value = FIELD(__u8, tstamp_type); break;
	case FROM_HWTSTAMP: *value = FIELD(__u64, hwtstamp); break;
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
			return ABSENT;
		*value = source == FROM_XFRM_REQID ? xfrm.reqid : bpf_ntohl(xfrm.spi);
		break;
	case FROM_STORED_HASH: *value = FIELD(__u32, hash); break;
	case FROM_LINEAR_LEN:
		*value = (void *)(long)FIELD(__u32, data_end) - (void *)(long)FIELD(__u32, data);
		break;
	case FROM_XDP_META: {
		header_u32 *meta = (void *)(long)FIELD(__u32, data_meta);

		if ((void *)(meta + 1) > (void *)(long)FIELD(__u32, data))
			return ABSENT;
		*value = *meta;
		break;
	}
	case FROM_CSUM_LEVEL:
		ret = bpf_csum_level(skb, BPF_CSUM_LEVEL_QUERY);
		if (ret < 0)
			return ABSENT;
		*value = ret;
		break;
	case FROM_MTU:
		if (bpf_check_mtu(skb, /*ifindex: its own*/ 0, &number, /*len_diff*/ 0,
				  /*flags*/ 0) < 0)
			return HELPER_FAILED;
		*value = number;
		break;
	case FROM_NETNS_COOKIE: *value = bpf_get_netns_cookie(skb); break;
	case FROM_SOCKET_CLASSID: *value = bpf_skb_cgroup_classid(skb); break;
	case FROM_TUNNEL_ID:
		if (bpf_skb_get_tunnel_key(skb, &tunnel, tunnel_size, /*flags: IPv4*/ 0) &&
		    bpf_skb_get_tunnel_key(skb, &tunnel, tunnel_size, BPF_F_TUNINFO_IPV6))
			return ABSENT;
		*value = tunnel.tunnel_id;
		break;
	case FROM_TUNNEL_OPT:
		if (bpf_skb_get_tunnel_opt(skb, &number, sizeof(number)) != sizeof(number))
			return ABSENT;
		*value = number;
		break;
	case FROM_DSCP:
	case FROM_ECN:
	case FROM_TTL:
	case FROM_FLOW_LABEL:
	case FROM_ROUTE_IFINDEX:
		return context_read_header(skb, source, value);
	default:
		return context_read_socket(skb, source, value);
	}
	return DONE;
}
