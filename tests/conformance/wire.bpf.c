// SPDX-License-Identifier: GPL-2.0-only
/*
 * What BPF_PROG_TEST_RUN cannot show: the context of a real packet on both hooks, and
 * helpers that send packets or give them a socket.
 */
#include "program.h"
#include "codes.h"
#include "wire.h"

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 2);
	__type(key, __u32);
	__type(value, struct wire);
} wire SEC(".maps");	/* 0: what was seen at egress, 1: at ingress */

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 2);
	__type(key, __u32);
	__type(value, __u32);
} devices SEC(".maps");	/* to redirect to: a neighbour's, a peer's */

static __always_inline void snapshot(struct __sk_buff *skb, struct wire *seen)
{
#define STORE(field) seen->field = skb->field; barrier();
	WIRE_FIELDS(STORE)
	seen->cb = skb->cb[0];
	seen->data = (long)skb->data_end - (long)skb->data;
	seen->data_meta = (long)skb->data - (long)skb->data_meta;
	seen->sk = skb->sk ? 1 : 0;
}

static __always_inline int assign(struct __sk_buff *skb)
{
	struct bpf_sock_tuple tuple = { .ipv4 = { .daddr = bpf_htonl(0x0a020002),
						  .dport = bpf_htons(KNOWN_PORT) } };
	struct bpf_sock *sk = bpf_sk_lookup_udp(skb, &tuple, sizeof(tuple.ipv4), BPF_F_CURRENT_NETNS, 0);
	long err = -1;

	if (sk) {
		err = bpf_sk_assign(skb, sk, 0);
		bpf_sk_release(sk);
	}
	return err ? TC_ACT_SHOT : TC_ACT_OK;
}

static __always_inline void sender(struct __sk_buff *skb, struct wire *seen)
{
	seen->uid = bpf_get_socket_uid(skb);
	seen->cookie = bpf_get_socket_cookie(skb);
	seen->realm = bpf_get_route_realm(skb);
}

static __always_inline int at(struct __sk_buff *skb, __u32 hook)
{
	struct bpf_redir_neigh neighbour = { .nh_family = 2, .ipv4_nh = bpf_htonl(0x0a021102) };
	__u32 job = skb->mark & 0xf, key = job == PEER;
	struct wire *seen = bpf_map_lookup_elem(&wire, &hook);
	__u32 *device = bpf_map_lookup_elem(&devices, &key);

	if (!seen || !device)
		return TC_ACT_SHOT;
	if (job == SNAPSHOT)
		snapshot(skb, seen);
	else if (hook == 0 && job == SENDER)
		sender(skb, seen);
	else if (hook == 1 && job == NEIGH)
		return bpf_redirect_neigh(*device, &neighbour, sizeof(neighbour), 0);
	else if (hook == 1 && job == PEER)
		return bpf_redirect_peer(*device, 0);
	else if (hook == 1 && job == ASSIGN)
		return assign(skb);
	return TC_ACT_OK;
}

SEC("action/wire_egress") int wire_egress(struct __sk_buff *skb)
{
	return at(skb, 0);
}

SEC("action/wire_ingress") int wire_ingress(struct __sk_buff *skb)
{
	return at(skb, 1);
}

/* On the devices that packets are sent to. The neighbour's address ends in 2. */
SEC("action/arrived") int arrived(struct __sk_buff *skb)
{
	__u32 key = 1, job = skb->mark & 0xf;
	struct wire *seen = bpf_map_lookup_elem(&wire, &key);
	__u8 last = 0;

	if (!seen || (skb->mark & 0xfff0) != WIRE)
		return TC_ACT_OK;
	bpf_skb_load_bytes(skb, 5, &last, 1);
	if (job == NEIGH)
		seen->neigh = last == 0x17 ? 1 : 2;
	else
		seen->peer = 1;
	return TC_ACT_SHOT;
}

/* Where packets come in a tunnel of IPsec: first encrypted, then decrypted. */
SEC("action/decrypted") int decrypted(struct __sk_buff *skb)
{
	struct wire *seen = bpf_map_lookup_elem(&wire, &(__u32){ 1 });
	struct bpf_xfrm_state state = {};

	if (seen && !bpf_skb_get_xfrm_state(skb, 0, &state, sizeof(state), 0)) {
		seen->spi = bpf_ntohl(state.spi);
		seen->reqid = state.reqid;
	}
	return TC_ACT_OK;
}
