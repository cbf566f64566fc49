// SPDX-License-Identifier: GPL-2.0-only
/*
 * vlan - push, pop or change the outermost VLAN tag.
 *
 * It acts on all packets, IP or not, on a device that has Ethernet headers. On other
 * devices a packet is not changed but counted (link-unknown). The tag may be in the
 * metadata or in the frame. On a packet without a tag, pop and set do nothing.
 * Returns CONTROL. By default it changes nothing:
 *
 *   tcact add dev eth1 egress vlan push 100 pcp dscp
 */
#include <tcact/dsfield.h>
#include <tcact/vlan.h>

#define VID_OFF 4096
enum { PCP_KEEP = 8, PCP_DSCP, PCP_PRIORITY, PCP_INNER };
#define DEI_KEEP 2

struct vlan_params {
	__u16 push, set;	/* VID_OFF: not given */
	__u16 proto;		/* an ethertype, host byte order */
	__u8 pop;
	__u8 pcp;
	__u8 dei;
};

ACTION(vlan, rewriter, "Push, pop or change the outermost VLAN tag");
PARAM(vlan, pop, "word no=0 yes=1", "remove the outermost tag, before anything else");
PARAM(vlan, set, "num 0..4094 off=4096", "new VLAN identifier of the outermost tag, before a push");
PARAM(vlan, push, "num 0..4094 off=4096", "VLAN identifier of a tag to add; 0: a tag that has only a priority");
PARAM(vlan, pcp, "num 0..7 keep=8 dscp=9 priority=10 inner=11",
      "priority of the pushed tag, or of the outermost one; dscp: its upper 3 bits; "
      "priority: low 3 bits of skb->priority; inner: that of the next tag; keep: 0 for a pushed tag");
PARAM(vlan, dei, "num 0..1 keep=2", "drop eligible indicator of the same tag; keep: 0 for a pushed tag");
PARAM(vlan, proto, "word 802.1q=33024 802.1ad=34984 0x9100=37120 0x9200=37376", "TPID of the tag to push");
PARAMS(vlan) = { .push = VID_OFF, .set = VID_OFF, .proto = ETH_P_8021Q, .pcp = PCP_KEEP,
		 .dei = DEI_KEEP };

/*
 * @tci with the PCP and DEI that the parameters ask for. @inner is the TCI of the next
 * tag. If the packet has no DSCP, or no next tag, the PCP is not changed.
 */
static __always_inline __u16 with_priority(struct __sk_buff *skb, __u16 tci, int inner)
{
	__u8 pcp = vlan_params.pcp;
	struct network net;
	enum reason why;

	if (vlan_params.dei != DEI_KEEP)
		tci = (tci & ~VLAN_DEI) | (vlan_params.dei ? VLAN_DEI : 0);
	if (pcp == PCP_KEEP)
		return tci;
	if (pcp == PCP_INNER) {
		if (inner == VLAN_NONE)
			return tci;
		pcp = (__u16)inner >> VLAN_PCP_SHIFT;
	} else if (pcp == PCP_PRIORITY) {
		pcp = skb->priority & 7;
	} else if (pcp == PCP_DSCP) {
		why = network_parse(skb, &net);
		if (why != DONE) {
			count(why);
			return tci;
		}
		pcp = dsfield_get(&net) >> 5;
	}
	return (tci & ~VLAN_PCP) | pcp << VLAN_PCP_SHIFT;
}

static __always_inline enum reason set(struct __sk_buff *skb, int tci, bool priority)
{
	int inner = VLAN_NONE;
	__u16 new = tci;

	if (vlan_params.set != VID_OFF)
		new = (tci & ~VLAN_VID) | vlan_params.set;
	if (priority) {
		if (vlan_params.pcp == PCP_INNER)
			inner = vlan_get_inner_tci(skb);
		if (inner < 0)
			return -inner;
		new = with_priority(skb, new, inner);
	}
	return vlan_set_tci(skb, tci, new);
}

/* Pushes a tag before the one with the TCI @inner, or VLAN_NONE. */
static __always_inline enum reason push(struct __sk_buff *skb, int inner)
{
	__u16 tci = with_priority(skb, vlan_params.push, inner);
	__be16 proto = bpf_htons(vlan_params.proto);

	if (!eth_type_vlan(proto))
		return vlan_push_other_tpid(skb, proto, tci);
	return bpf_skb_vlan_push(skb, proto, tci) ? HELPER_FAILED : DONE;
}

SEC("action/vlan") int vlan(struct __sk_buff *skb)
{
	bool pops = vlan_params.pop == 1, pushes = vlan_params.push != VID_OFF;
	bool priority = !pushes && (vlan_params.pcp != PCP_KEEP || vlan_params.dei != DEI_KEEP);
	bool sets = vlan_params.set != VID_OFF || priority;
	enum reason why = DONE;
	int tci;

	if (!pops && !sets && !pushes)
		return CONTROL;
	tci = vlan_get_tci(skb);
	if (tci < 0)
		return rewriter_return(-tci);
	if (pops && tci != VLAN_NONE) {
		why = vlan_pop(skb);
		if (why == DONE && (sets || pushes)) {
			tci = vlan_get_tci_ethernet(skb);
			if (tci < 0)
				why = -tci;
		}
	}
	if (why == DONE && sets && tci != VLAN_NONE)
		why = set(skb, tci, priority);
	if (why == DONE && pushes)
		why = push(skb, tci);
	return rewriter_return(why);
}
