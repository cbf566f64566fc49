// SPDX-License-Identifier: GPL-2.0-only
/*
 * tcpopt - overwrite TCP options with NOPs, and limit the window.
 *
 * In TCP segments with SYN set, or in all, over IPv4 and IPv6, each byte of an option
 * whose kind is in `strip` becomes NOP, so that no length changes. In all segments, a
 * window field above `window` is lowered to it. From an option that does not parse,
 * or the 21st option, the rest is not changed, and the segment is counted. Returns
 * CONTROL. By default it changes nothing:
 *
 *   tcact add dev eth1 egress tcpopt strip mptcp,fast-open
 */
#include <tcact/checksum.h>
#include <tcact/tcp.h>

#define OPTIONS_SIZE 40		/* bytes, at most: doff 15 is 60, and the header takes 20 */

enum { SEGMENTS_SYN, SEGMENTS_ALL };

struct tcpopt_params {
	__u8 strip[32];		/* a bit for each kind */
	__u16 window;		/* 0: no limit */
	__u8 segments;
};

ACTION(tcpopt, rewriter, "Overwrite TCP options with NOPs, limit the window");
PARAM(tcpopt, strip,
      "bits 2..254 mss=2 wscale=3 sack-permitted=4 sack=5 timestamps=8 md5=19 mptcp=30 fast-open=34",
      "kinds of options to overwrite (IANA, TCP Option Kind Numbers)");
PARAM(tcpopt, segments, "word syn=0 all=1", "segments in which to overwrite them; syn: those with SYN set");
PARAM(tcpopt, window, "num 1..65535 off=0", "largest window field allowed in any segment, unscaled");
PARAMS(tcpopt) = {};

static __always_inline bool is_stripped(__u8 kind)
{
	return tcpopt_params.strip[kind >> 3] & 1 << (kind & 7);
}

/*
 * Overwrites @length bytes at @at with NOPs. @odd: their offset in the TCP header is odd.
 * @check is the offset of the TCP checksum. @at and @check are in bytes from data.
 */
static __always_inline enum reason overwrite_option(struct __sk_buff *skb, __u32 at, __u32 length,
						    bool odd, __u32 check)
{
	__u8 old[OPTIONS_SIZE], nops[OPTIONS_SIZE];
	__s64 diff;

	/* Both arrays have NOPs after the option, so the rest adds nothing to the difference. */
	__builtin_memset(old, TCPOPT_NOP, sizeof(old));
	__builtin_memset(nops, TCPOPT_NOP, sizeof(nops));
	if (length < 2)
		return OPTIONS;
	/*
	 * Keeps the two checks of length apart: clang would join them into one check of a
	 * copy, from which the verifier learns nothing about length.
	 */
	asm volatile("" : "+r"(length));
	if (length > sizeof(old) || bpf_skb_load_bytes(skb, at, old, length))
		return OPTIONS;
	diff = bpf_csum_diff((__be32 *)old, sizeof(old), (__be32 *)nops, sizeof(nops), /*seed*/ 0);
	if (diff < 0)
		return HELPER_FAILED;
	/* At an odd offset, the bytes of each 16-bit word are swapped: RFC 1071, 2 (B). */
	if (odd)
		diff = (diff & 0xff00ff00) >> 8 | (diff & 0x00ff00ff) << 8;
	if (bpf_skb_store_bytes(skb, at, nops, length, /*flags*/ 0) ||
	    bpf_l4_csum_replace(skb, check, 0, diff, /*size of from: none, to is a difference*/ 0))
		return HELPER_FAILED;
	return DONE;
}

/* Overwrites the options in `strip`; the TCP header is at @tcp, and its options end at @end. */
OUT_OF_LINE int tcpopt_strip(struct __sk_buff *skb, __u32 tcp, __u32 end)
{
	__u32 at = tcp + sizeof(struct tcphdr);

	for (int i = 0; i < TCP_OPTIONS_MAX && at < end; i++) {
		int option = tcp_option_read(skb, at, end);
		enum reason why;

		if (option < 0)
			return -option;
		if (option >> TCPOPT_KIND_SHIFT == TCPOPT_END)
			return DONE;
		if (is_stripped(option >> TCPOPT_KIND_SHIFT)) {
			why = overwrite_option(skb, at, option & TCPOPT_LENGTH, (at - tcp) & 1,
					       tcp + offsetof(struct tcphdr, check));
			if (why != DONE)
				return why;
		}
		at = verifier_forget(skb, at + (option & TCPOPT_LENGTH));
	}
	return at < end ? OPTIONS : DONE;
}

static __always_inline enum reason window_limit(struct __sk_buff *skb, struct tcphdr *tcp,
						__u32 offset)
{
	__be16 old = tcp->window, new = bpf_htons(tcpopt_params.window);

	if (!new || bpf_ntohs(old) <= bpf_ntohs(new))
		return DONE;
	tcp->window = new;
	if (bpf_l4_csum_replace(skb, offset + offsetof(struct tcphdr, check), old, new,
				sizeof(new)))
		return HELPER_FAILED;
	return DONE;
}

static __always_inline int work(struct __sk_buff *skb, struct network *net)
{
	struct transport l4;
	struct tcphdr *tcp;
	enum reason why = transport_parse(skb, net, &l4);
	__u32 end;
	bool strip;

	if (why != DONE || l4.proto != IPPROTO_TCP)
		return rewriter_return(why);
	tcp = tcp_header(skb, &l4);
	if (!tcp)
		return rewriter_return(TRUNCATED);
	why = tcp_validate(&l4, tcp);
	if (why != DONE)
		return rewriter_return(why);
	end = l4.offset + tcp->doff * 4;
	strip = tcp->syn || tcpopt_params.segments == SEGMENTS_ALL;
	why = window_limit(skb, tcp, l4.offset);
	if (why == DONE && strip)
		why = tcpopt_strip(skb, l4.offset, end);
	return rewriter_return(why);
}

DEFINE_ON_IP(tcpopt_on_ip, tcpopt_any, work, rewriter_return(why))

SEC("action/tcpopt") int tcpopt(struct __sk_buff *skb)
{
	return tcpopt_on_ip(skb);
}
