// SPDX-License-Identifier: GPL-2.0-only
/*
 * verdict - return a chosen code, for all packets or a share of them.
 *
 * It changes nothing. It returns `code` for the share `chance` of the packets, or of
 * the flows (by skb hash), and TC_ACT_PIPE for the others. A code that act_bpf does
 * not know means "this filter did not match"; see verdict.h. By default it returns
 * CONTROL, so that the control word decides:
 *
 *   tc filter add dev eth1 egress matchall action bpf object-file tcact.o sec action/verdict drop
 */
#include <tcact/action.h>

#define ALWAYS (1ULL << 32)

enum { BY_PACKET, BY_FLOW };

struct verdict_params {
	__u64 chance;		/* of 2^32 */
	__s32 code;
	__u8 by;
};

ACTION(verdict, verdict, "Return a chosen verdict, for a share of packets or of flows");
PARAM(verdict, code, "num @verdict", "what to return");
PARAM(verdict, chance, "share", "share of packets or flows that get code; the others get pipe");
PARAM(verdict, by, "word packet=0 flow=1", "decide for each packet, or for each flow");
PARAMS(verdict) = { .chance = ALWAYS, .code = CONTROL };

SEC("action/verdict") int verdict(struct __sk_buff *skb)
{
	__u64 chance = verdict_params.chance;

	if (chance != ALWAYS) {
		__u32 lot = verdict_params.by == BY_FLOW ? bpf_get_hash_recalc(skb)
							 : bpf_get_prandom_u32();

		if (lot >= chance)
			return TC_ACT_PIPE;
	}
	return verdict_params.code;
}
