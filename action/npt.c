// SPDX-License-Identifier: GPL-2.0-only
/*
 * npt - IPv6-to-IPv6 network prefix translation: RFC 6296.
 *
 * The source (`dir out`) or destination (`dir in`) of IPv6 packets that is in
 * `from` gets the prefix `to`, and the other end of the packet inside an ICMPv6
 * error. A 16-bit word that is in neither prefix makes up for the difference,
 * so no checksum of any protocol changes. Returns CONTROL, or `unmapped`.
 *
 *   tcact add dev eth1 egress npt dir out from fd01:203:405::/48 to 2001:db8:1::/48
 */
#include <tcact/address.h>
#include <tcact/icmp.h>

enum { DIR_OUT = SOURCE, DIR_IN = DESTINATION };	/* the end to translate */

struct npt_params {
	struct prefix_param from, to;
	__s32 unmapped;		/* TC_ACT_* */
	__u8 dir;
};

ACTION(npt, rewriter, "Translate IPv6 prefixes, checksum neutral: RFC 6296");
PARAM(npt, dir, "word out=0 in=1", "out: translate the source; in: the destination");
PARAM(npt, from, "prefix", "the prefix that packets have, of 1 to 64 bits");
PARAM(npt, to, "prefix", "the prefix that they get");
PARAM(npt, unmapped, "word @verdict", "verdict on a packet whose address has no translation");
PARAMS(npt) = { .unmapped = TC_ACT_SHOT };

/* 3.1: the shorter prefix is taken for one as long as the other, zeros behind it. */
static __always_inline __u32 npt_length(const volatile struct npt_params *p)
{
	__u32 from = p->from.length, to = p->to.length;

	return from > to ? from : to;
}

static __always_inline bool npt_matches(const volatile struct npt_params *p, __u32 length,
					const __be32 *address)
{
	return prefix_has(&p->from, length, address, WORDS(false));
}

/*
 * Is there a word to make up for the prefixes, which must not be 0xffff? That
 * is 0 in one's complement, and 0 what comes out for it, so the way back would
 * be another (3.4). An identifier of zeros is to be dropped where one of its
 * words would change (3.7; reported erratum 8757: of ones, the other case here).
 */
static __always_inline bool npt_maps(__u32 length, const __be32 *address)
{
	if (length <= 48)
		return ((__u16 *)address)[3] != 0xffff;
	return (address[2] || address[3]) && !(address[2] == ~0U && address[3] == ~0U);
}

static __always_inline void npt_adjust(__u16 *word, __u16 less)
{
	__u32 sum = *word + (__u16)~less;

	sum = (__u16)(sum + (sum >> 16));
	*word = sum == 0xffff ? 0 : sum;	/* 3.2 */
}

/*
 * The word is the subnet if the prefixes are no longer than /48 (3.4), else the
 * first of the interface identifier that is not 0xffff (3.5).
 */
static __always_inline void npt_map(const volatile struct npt_params *p, __u32 length,
				    __be32 *address)
{
	__u16 less = prefix_replace(&p->from, &p->to, length, address, WORDS(false));
	__u16 *words = (__u16 *)address;

	if (length <= 48)
		npt_adjust(&words[3], less);
	else if (words[4] != 0xffff)
		npt_adjust(&words[4], less);
	else if (words[5] != 0xffff)
		npt_adjust(&words[5], less);
	else if (words[6] != 0xffff)
		npt_adjust(&words[6], less);
	else
		npt_adjust(&words[7], less);
}

/* The verdict on a packet for which @why was found. */
static __always_inline int npt_verdict(const volatile struct npt_params *p, enum reason why)
{
	if (why != UNMAPPED)
		return rewritten(why);
	count(UNMAPPED);
	return p->unmapped;
}

/* The other end of the packet inside, where @net is an ICMPv6 error. */
static __always_inline enum reason npt_inner(struct __sk_buff *skb,
					     const volatile struct npt_params *p,
					     const struct network *net)
{
	struct network in = { .proto = bpf_htons(ETH_P_IPV6) };
	__u32 length = npt_length(p);
	struct transport l4;
	__be32 *address;
	enum reason why;

	/* where no transport header is found, there is no error that could be one */
	if (transport_find(skb, net, &l4) != DONE || !icmp_error(skb, net, &l4))
		return DONE;
	why = icmp_inner(skb, l4.offset, network_end(skb, net), &in);
	if (why != DONE)
		return why;
	address = network_address(&in, p->dir == DIR_OUT ? DESTINATION : SOURCE);
	if (!npt_matches(p, length, address))
		return DONE;
	if (!npt_maps(length, address))
		return UNMAPPED;
	npt_map(p, length, address);
	return DONE;
}

/* Any packet. */
FUNCTION int npt_other(struct __sk_buff *skb)
{
	const volatile struct npt_params *p = PARAMS_OF(npt);
	__u32 length = npt_length(p);
	struct network net;
	enum reason why;
	bool matches;

	if (p->from.family != 6 || p->to.family != 6 || length > 64)
		return p->from.family || p->to.family ? rewritten(MISFIT) : CONTROL;
	why = network_find(skb, &net);
	if (why != DONE)
		return rewritten(why);
	if (net.proto != bpf_htons(ETH_P_IPV6))
		return CONTROL;
	net.proto = bpf_htons(ETH_P_IPV6);	/* known from here on */
	matches = npt_matches(p, length, network_address(&net, p->dir));
	if (matches && !npt_maps(length, network_address(&net, p->dir)))
		return npt_verdict(p, UNMAPPED);
	why = npt_inner(skb, p, &net);
	if (why != DONE)
		return npt_verdict(p, why);
	if (matches) {
		if (!network_again(skb, &net, sizeof(struct ipv6hdr)))
			return rewritten(TRUNCATED);
		npt_map(p, length, network_address(&net, p->dir));
	}
	return CONTROL;
}

SEC("action/npt") int npt(struct __sk_buff *skb)
{
	const volatile struct npt_params *p = PARAMS_OF(npt);
	struct network net = { .proto = bpf_htons(ETH_P_IPV6) };
	__u32 length = npt_length(p);
	struct ipv6hdr *ip;
	__be32 *address;

	if (p->from.family != 6 || p->to.family != 6 || length > 64)
		return npt_other(skb);
	ip = transport_common_ipv6(skb);
	if (!ip || (ip->nexthdr != IPPROTO_TCP && ip->nexthdr != IPPROTO_UDP))
		return npt_other(skb);
	net.header = ip;
	address = network_address(&net, p->dir);
	if (!npt_matches(p, length, address))
		return CONTROL;
	if (!npt_maps(length, address))
		return npt_verdict(p, UNMAPPED);
	npt_map(p, length, address);
	return CONTROL;
}
