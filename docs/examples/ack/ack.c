// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * ack - match TCP acknowledgements without data.
 *
 * An example of an action that is not part of tcact: it needs only the headers that tcact
 * installs, see the Makefile. A shaper on a slow uplink can give such packets a class of their
 * own, or drop a share of them. A matcher: returns CONTROL for a segment with ACK and neither
 * data, SYN, FIN nor RST that has at most `most` bytes, IP header included. All else, also what
 * is not TCP, is a MISS.
 */
#include <tcact/tcp.h>
#include <tcact/action.h>

struct ack_params {
	__u16 most;
	__u8 count;
};

ACTION(ack, matcher, "Match TCP acknowledgements without data");
PARAM(ack, most, "num 40..65535", "the longest packet to match, in bytes from the IP header on");
PARAM(ack, count, "word @counted", "which of them to count for tcact show; tcact add chooses by CONTROL");
PARAMS(ack) = { .most = 120 };

SEC("action/ack") int ack(struct __sk_buff *skb)
{
	struct network net;
	struct transport l4;
	const struct tcphdr *tcp;
	enum reason why = network_parse(skb, &net);

	if (why == DONE)
		why = transport_parse(skb, &net, &l4);
	if (why != DONE)
		return not_compared(skb, why);
	if (l4.proto != IPPROTO_TCP)
		return miss(skb, ack_params.count);
	tcp = tcp_header(skb, &l4);
	if (!tcp)
		return not_compared(skb, TRUNCATED);
	if (tcp->ack && !tcp->syn && !tcp->fin && !tcp->rst &&
	    l4.offset + tcp->doff * 4 == l4.end && l4.end - net.offset <= ack_params.most)
		return hit(skb, ack_params.count);
	return miss(skb, ack_params.count);
}
