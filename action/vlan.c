// SPDX-License-Identifier: GPL-2.0-only
/*
 * vlan - push, pop or change the outermost VLAN tag.
 *
 * Of every packet, IP or not, on a device that has Ethernet headers; on others
 * it is left alone and counted (link-unknown). A tag is taken as it comes, in
 * the metadata or in the frame; pop and set pass packets without one as they
 * are. Returns CONTROL. Untouched, it changes nothing:
 *
 *   tcact add dev eth1 egress vlan op push id 100 pcp dscp
 */
#include <tcact/class.h>
#include <tcact/vlan.h>

enum { OP_NONE, OP_PUSH, OP_POP, OP_SET };
enum { PCP_KEEP = 8, PCP_DSCP, PCP_PRIORITY };
#define ID_KEEP 4096

struct vlan_params {
	__u16 id;
	__u16 proto;		/* an ethertype, host byte order */
	__u8 op;
	__u8 pcp;
};

ACTION(vlan, rewriter, "Push, pop or change the outermost VLAN tag");
PARAM(vlan, op, "word none=0 push=1 pop=2 set=3", "what to do");
PARAM(vlan, id, "num 0..4094 keep=4096", "VLAN identifier to push or set; push takes keep as 0");
PARAM(vlan, pcp, "num 0..7 keep=8 dscp=9 priority=10",
      "priority to push or set; dscp: its upper 3 bits; priority: the low 3 bits of skb->priority; "
      "push takes keep as 0");
PARAM(vlan, proto, "word 802.1q=33024 802.1ad=34984", "TPID to push");
PARAMS(vlan) = { .id = ID_KEEP, .pcp = PCP_KEEP, .proto = ETH_P_8021Q };

/* @tci with the id and the priority that the parameters ask for; DEI is kept. */
static __always_inline __u16 tci_new(struct __sk_buff *skb, __u16 tci)
{
	__u16 id = vlan_params.id;
	__u8 pcp = vlan_params.pcp;
	struct network net;

	if (id != ID_KEEP)
		tci = (tci & ~VLAN_VID) | id;
	if (pcp == PCP_KEEP)
		return tci;
	if (pcp == PCP_PRIORITY)
		pcp = skb->priority & 7;
	else if (pcp == PCP_DSCP)
		pcp = network_find(skb, &net) == DONE ? class_read(&net) >> 5 : 0;
	return (tci & ~(7 << VLAN_PCP_SHIFT)) | pcp << VLAN_PCP_SHIFT;
}

SEC("action/vlan") int vlan(struct __sk_buff *skb)
{
	__u8 op = vlan_params.op;
	int tci = 0;

	if (op == OP_NONE)
		return CONTROL;
	if (op == OP_PUSH) {
		if (link_layer(skb) != LINK_ETHER)
			return rewritten(LINK_UNKNOWN);
		return rewritten(bpf_skb_vlan_push(skb, bpf_htons(vlan_params.proto),
						   tci_new(skb, 0)) ? HELPER_FAILED : DONE);
	}
	tci = vlan_tci(skb);
	if (tci == VLAN_NONE)
		return CONTROL;
	if (op == OP_POP)
		return rewritten(bpf_skb_vlan_pop(skb) ? HELPER_FAILED : DONE);
	return rewritten(vlan_tci_write(skb, tci, tci_new(skb, tci)));
}
