# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash disable=SC2086,SC2154,SC2317 # bpf[NAME] is words; variables are lib.sh's
# The rewriters of one field beside tc's own action: the same packet comes out of both.

bake as-mac mac dst 02:00:00:00:00:99
bake as-df df flag set
bake as-clear df
bake as-label flowlabel value 0x54321
bake as-map dscp-map default af11
bake as-ecn ecn

# alike OBJECT FRAME NATIVE [BEFORE]: BEFORE are actions in front of both
alike() {
	local in theirs
	wire a b
	clsact a
	frames
	in=${frame[$2.in]}
	tc filter add dev a egress pref 7 matchall ${4-} $3 || skip "this tc or kernel has no $3"
	theirs=$(pass a b "$in")
	tc filter del dev a egress pref 7
	tc filter add dev a egress pref 7 matchall ${4:-action pass}
	differ "$1" "$theirs" "$(pass a b "$in")"
	tc filter del dev a egress pref 7
	tc filter add dev a egress pref 7 matchall ${4-} ${bpf[$1]}
	same "$1" "$(pass a b "$in")" "$theirs"
}

ip4h='action csum ip4h'
df_set="action pedit munge offset 6 u8 set 0x40 retain 0x40 pipe $ip4h pipe"
df_clear="action pedit munge offset 6 u8 set 0 retain 0x40 pipe $ip4h pipe"
ect="action pedit ex munge ip dsfield set 0x02 retain 0x03 pipe $ip4h pipe"

t field_mac 'mac and skbmod: the same packet'
field_mac() { alike as-mac v4 'action skbmod set dmac 02:00:00:00:00:99'; }

t field_df 'df flag set and pedit + csum: the same packet'
field_df() { alike as-df v4 "$df_set" "$df_clear"; }

t field_df_clear 'df and pedit + csum: the same packet'
field_df_clear() { alike as-clear v4 "$df_clear" "$df_set"; }

t field_flowlabel 'flowlabel and pedit: the same packet'
field_flowlabel() { alike as-label v6 'action pedit ex munge ip6 flow_lbl set 0x54321'; }

t field_dscp_map 'dscp-map and pedit + csum: the same packet'
field_dscp_map() {
	alike as-map v4 "action pedit ex munge ip dsfield set 0x28 retain 0xfc pipe $ip4h"
}

t field_ecn 'ecn and skbmod: the same packet'
field_ecn() { alike as-ecn v4 'action skbmod ecn' "$ect"; }
