/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The packet inside an ICMP error: RFC 792, RFC 4443. It went in the opposite direction.
 * So the destination of the packet inside is translated as the source of the error is,
 * and the source of the packet inside as the destination of the error.
 */
#pragma once

#include <tcact/l4.h>

#define ICMP_SIZE 8	/* bytes of an error's header; the packet inside follows */
#define ICMP_CHECK 2	/* offset of the checksum, in bytes */

/*
 * Is @net an ICMP error that contains a packet? Sets @icmp. Redirects are left out, as
 * routers do not forward them.
 */
static __always_inline bool icmp_is_error(struct __sk_buff *skb, const struct network *net,
					  struct transport *icmp)
{
	bool v4 = network_is_ipv4(net);
	__u8 type;

	if (transport_parse(skb, net, icmp) != DONE ||
	    icmp->proto != (v4 ? IPPROTO_ICMP : IPPROTO_ICMPV6) || icmp->offset == icmp->end ||
	    bpf_skb_load_bytes(skb, icmp->offset, &type, sizeof(type)))
		return false;
	return v4 ? type == 3 || type == 4 || type == 11 || type == 12 : type < 128;
}

/*
 * Where the packet inside the ICMP error @icmp ends: before the extensions, where there are some (RFC 4884). Of ICMPv6,
 * types 1 and 3 can have them (4.4 and 4.5): the length then counts words of 8 bytes, and is 128 bytes at least. In IPv4,
 * all headers of the packet inside are within its first 128 bytes, so that it makes no difference.
 */
static __always_inline __u32 icmp_inner_end(struct __sk_buff *skb, const struct transport *icmp, bool v4)
{
	__u8 header[5];		/* type, code, checksum, length */
	__u32 length;

	if (v4 || bpf_skb_load_bytes(skb, icmp->offset, header, sizeof(header)) || (header[0] != 1 && header[0] != 3))
		return icmp->end;
	length = header[4] * 8;
	return length >= 128 && icmp->offset + ICMP_SIZE + length < icmp->end ? icmp->offset + ICMP_SIZE + length
									       : icmp->end;
}

/*
 * Sets @inner->offset to the IP header inside the ICMP error @icmp, and @icmp->end to the end of the packet inside.
 * @inner->proto says which version it must have. The packet inside may be cut off after this header.
 */
static __always_inline enum reason icmp_inner(struct __sk_buff *skb, struct transport *icmp, struct network *inner)
{
	bool v4 = network_is_ipv4(inner);
	__u8 first;

	inner->offset = icmp->offset + ICMP_SIZE;
	if (inner->offset + (v4 ? sizeof(struct iphdr) : sizeof(struct ipv6hdr)) > icmp->end ||
	    bpf_skb_load_bytes(skb, inner->offset, &first, sizeof(first)))
		return TRUNCATED;
	icmp->end = icmp_inner_end(skb, icmp, v4);
	if (v4)
		return first >= 0x45 && first <= 0x4f ? DONE : MALFORMED;
	return first >> 4 == 6 ? DONE : MALFORMED;
}
