// SPDX-License-Identifier: GPL-2.0-only
/*
 * vlan-map - translate the VLAN identifier of the outermost tag by a table.
 *
 * A rewriter that returns CONTROL always. A tag whose identifier the table does
 * not name, and a packet without a tag, pass as they are; priority and drop
 * eligibility are kept. Untouched, the table is empty; tcact fills it:
 *
 *   tcact add dev eth1 ingress vlan-map table vids.txt
 */
#include <tcact/table.h>
#include <tcact/vlan.h>

ACTION(vlan-map, rewriter, "Translate the VLAN identifier of the outermost tag by a table");
TABLE(vlan-map, vid_table, vid, vid);

SEC("action/vlan-map") int vlan_map(struct __sk_buff *skb)
{
	int tci = vlan_tci(skb);
	__u32 key;
	__u16 *vid;

	if (tci == VLAN_NONE)
		return CONTROL;
	key = tci & VLAN_VID;
	vid = bpf_map_lookup_elem(&vid_table, &key);
	/* 0 is no VLAN (a priority tag): an entry that nobody wrote */
	if (!vid || !*vid)
		return CONTROL;
	return rewritten(vlan_tci_write(skb, tci, (tci & ~VLAN_VID) | (*vid & VLAN_VID)));
}
