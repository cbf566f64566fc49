// SPDX-License-Identifier: GPL-2.0-only
/*
 * mac - set or exchange the Ethernet addresses of a packet.
 *
 * Of every packet, IP or not, on a device that has Ethernet headers; on others
 * it is left alone and counted (link-unknown). skb->pkt_type is not touched: at
 * ingress, a packet for somebody else's address stays one. Returns CONTROL.
 * Untouched, it changes nothing:
 *
 *   tcact add dev eth1 egress mac dst 52:54:00:12:34:56
 */
#include <tcact/part/mac.h>

ACTION(mac, rewriter, "Set or swap the Ethernet addresses");
PARAMS(mac) = {};

SEC("action/mac") int mac(struct __sk_buff *skb)
{
	return rewritten(mac_set(skb, &mac_params));
}
