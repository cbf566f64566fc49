// SPDX-License-Identifier: GPL-2.0-only
/*
 * npt - IPv6-to-IPv6 network prefix translation: RFC 6296.
 *
 * If the source (`dir out`) or destination (`dir in`) of an IPv6 packet is in `from`,
 * it gets the prefix `to`. In an ICMPv6 error, so does the opposite end of the packet
 * inside. A 16-bit word outside both prefixes is adjusted to make up for the
 * difference, so that no checksum of any protocol changes. Returns CONTROL, or
 * `unmapped` if an address has no translation.
 *
 *   tcact add dev eth1 egress npt dir out from fd01:203:405::/48 to 2001:db8:1::/48
 */
#include <tcact/address.h>
#include <tcact/icmp.h>

enum { DIR_OUT = SOURCE, DIR_IN = DESTINATION };	/* the end to translate */

struct npt_params {
	prefix_param_bytes from, to;
	__s32 unmapped;		/* TC_ACT_* */
	__u8 dir;
};

ACTION(npt, rewriter, "Translate IPv6 prefixes, checksum neutral: RFC 6296");
PARAM(npt, dir, "word out=0 in=1", "out: translate the source; in: the destination");
PARAM(npt, from, "prefix6 1..64", "prefix to replace");
PARAM(npt, to, "prefix6 1..64", "new prefix");
PARAM(npt, unmapped, "word @verdict", "verdict on a packet whose address has no translation");
RULES(npt, to, "family from");
PARAMS(npt) = { .unmapped = TC_ACT_SHOT };

#define FROM prefix_param(&npt_params.from)
#define TO prefix_param(&npt_params.to)

/* The shorter prefix is extended with zeros to the length of the other: 3.1 */
static __always_inline bool longer_than_48(void)
{
	return FROM->length > 48 || TO->length > 48;
}

/*
 * Must @a be translated? Returns 1, 0, or -UNMAPPED.
 *
 * With prefixes up to /48, the word that is adjusted must not be 0xffff. In ones'
 * complement 0xffff equals 0, and the result is written as 0, so that the translation
 * back would give another address (3.4). With longer prefixes, a word of the interface
 * identifier is adjusted. An identifier of zeros must then be dropped (3.7), and so must
 * one of ones (reported erratum 8757).
 */
static __always_inline int npt_check_address(const union address *a)
{
	if (!FROM->family || (a->v6[0] ^ FROM->address.v6[0]) & (FROM->mask.v6[0] | TO->mask.v6[0]))
		return 0;
	if (longer_than_48())
		return a->v6[1] && ~a->v6[1] ? 1 : -UNMAPPED;
	return ((__u16 *)a)[3] != 0xffff ? 1 : -UNMAPPED;
}

static __always_inline void npt_adjust_word(__u16 *word, __u16 more)
{
	__u16 sum = csum16_add(*word, more);

	*word = sum == 0xffff ? 0 : sum;	/* 3.2 */
}

/*
 * The word that is adjusted is the subnet if no prefix is longer than /48 (3.4), else the
 * first word of the interface identifier that is not 0xffff (3.5).
 */
static __always_inline void npt_translate_address(union address *a)
{
	__u16 more = prefix_csum_diff(TO, FROM), *words = (__u16 *)a;

	a->v6[0] ^= FROM->address.v6[0] ^ TO->address.v6[0];
	if (!longer_than_48())
		npt_adjust_word(&words[3], more);
	else if (words[4] != 0xffff)
		npt_adjust_word(&words[4], more);
	else if (words[5] != 0xffff)
		npt_adjust_word(&words[5], more);
	else if (words[6] != 0xffff)
		npt_adjust_word(&words[6], more);
	else
		npt_adjust_word(&words[7], more);
}

static __always_inline int npt_verdict(enum reason why)
{
	count_unless_done(why);
	return why == UNMAPPED ? npt_params.unmapped : CONTROL;
}

/*
 * Translates any IPv6 packet whose header is at @offset. Everything is checked before
 * anything is written.
 */
OUT_OF_LINE int npt_ipv6(struct __sk_buff *skb, __u32 offset)
{
	struct network out = { .offset = offset, .proto = bpf_htons(ETH_P_IPV6) }, in = out;
	int found, inner = 0;
	struct transport icmp;
	enum reason why;

	if (!network_reload(skb, &out))
		return rewriter_return(TRUNCATED);
	found = npt_check_address(network_address(&out, npt_params.dir));
	if (found < 0)
		return npt_verdict(-found);
	if (icmp_is_error(skb, &out, &icmp)) {
		why = icmp_inner(skb, &icmp, &in);
		if (why != DONE)
			return npt_verdict(why);
		if (!network_reload(skb, &in))
			return rewriter_return(TRUNCATED);
		inner = npt_check_address(network_address(&in, !npt_params.dir));
		if (inner < 0)
			return npt_verdict(-inner);
		if (inner)
			npt_translate_address(network_address(&in, !npt_params.dir));
	}
	if (found && network_reload(skb, &out))
		npt_translate_address(network_address(&out, npt_params.dir));
	return CONTROL;
}

OUT_OF_LINE int npt_any(struct __sk_buff *skb)
{
	struct network net;
	enum reason why = network_parse(skb, &net);

	if (why != DONE)
		return rewriter_return(why);
	return network_is_ipv4(&net) ? CONTROL : npt_ipv6(skb, verifier_forget(skb, net.offset));
}

SEC("action/npt") int npt(struct __sk_buff *skb)
{
	struct network net;

	if (network_common_ipv6(skb, &net, /*payload*/ 0)) {
		const struct ipv6hdr *ip = net.header;
		union address *a = network_address(&net, npt_params.dir);
		int found;

		/* not an ICMPv6 error, nor an extension header before one */
		if (ip->nexthdr == IPPROTO_TCP || ip->nexthdr == IPPROTO_UDP) {
			found = npt_check_address(a);
			if (found > 0)
				npt_translate_address(a);
			return found < 0 ? npt_verdict(-found) : CONTROL;
		}
	} else if (network_common_ipv4(skb, &net, /*payload*/ 0)) {
		return CONTROL;
	}
	return npt_any(skb);
}
