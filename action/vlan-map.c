// SPDX-License-Identifier: GPL-2.0-only
/*
 * vlan-map - translate the VLAN identifier of the outermost tag by a table.
 *
 * It acts on packets that have a tag, in the metadata or in the frame, and keeps the
 * tag's PCP and DEI. If the identifier is not in the table, or the packet has no tag,
 * nothing is changed. Returns CONTROL. By default the table is empty. tcact fills it:
 *
 *   tcact add dev eth1 ingress vlan-map table vids.txt
 */
#include <tcact/table.h>
#include <tcact/vlan.h>

ACTION(vlan-map, rewriter, "Translate the VLAN identifier of the outermost tag by a table");
TABLE(vlan-map, vid_table, vid, -);

SEC("action/vlan-map") int vlan_map(struct __sk_buff *skb)
{
	int tci = vlan_get_tci(skb);
	__u32 key = tci & VLAN_VID;
	__u16 *entry;

	if (tci < 0)
		return rewriter_return(-tci);
	if (tci == VLAN_NONE)
		return CONTROL;
	entry = bpf_map_lookup_elem(&vid_table, &key);
	if (!entry || !(*entry & VID_ENTRY))
		return CONTROL;
	return rewriter_return(vlan_set_tci(skb, tci, (tci & ~VLAN_VID) | (*entry & VLAN_VID)));
}
