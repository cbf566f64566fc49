// SPDX-License-Identifier: GPL-2.0-only
/*
 * mac - set or swap the Ethernet addresses of a packet.
 *
 * It acts on all packets, IP or not, on a device that has Ethernet headers. On other
 * devices a packet is not changed but counted (link-unknown). skb->pkt_type is not
 * changed: at ingress, a packet for another host's address is still treated as such.
 * Returns CONTROL. By default it changes nothing:
 *
 *   tcact add dev eth1 egress mac dst 52:54:00:12:34:56
 */
#include <tcact/part/mac.h>

ACTION(mac, rewriter, "Set or swap the Ethernet addresses");
PARAMS(mac) = {};

SEC("action/mac") int mac(struct __sk_buff *skb)
{
	return rewriter_return(mac_set(skb, &mac_params));
}
