# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash disable=SC2086,SC2154,SC2317 # bpf[NAME] is words; variables are lib.sh's
# The same packets through tc's own actions and through ours, and what comes out compared byte
# by byte. Where they differ, the kind of packet is listed here with the reason, and has to differ.

bake as-dsfield dscp value ef
bake as-ttl ttl set 64
bake as-nat-out nat side src from 10.1.0.0/24 to 172.16.200.0/24
bake as-nat-in nat side dst from 10.2.0.0/16 to 192.168.0.0/16
bake as-edit edit meta.set mark meta.value 7 ttl.set 64 dscp.value ef
bake as-map dscp-map default af11
bake as-df df flag set
bake as-clear df
bake as-label flowlabel value 0x54321
bake as-ecn ecn
bake as-mac mac dst 02:00:00:00:00:99

# Kinds of packets (frames.py, corpus) on which tc's actions do something else
#   badsum    csum makes a header sum anew, so that a damaged header passes; ours stays damaged
#   ihl       pedit writes into a header whose IHL is below 5; ours leaves it alone
#   long      pedit writes into a packet that is shorter than it says; ours leaves it alone
#   cut       pedit writes into a header that is cut off, if what it writes is there
#   vlan      protocol ip does not see what is behind a tag in the frame; ours does
#   qinq      as vlan
#   pppoe     nothing in tc looks behind a PPPoE header; ours does
#   sum       skbmod ecn writes a header sum of 0xffff where RFC 1624 says 0
#   fragment  pedit sets DF on a fragment too, which may have to be fragmented again

# and those on which act_nat does
#   error     act_nat leaves the sums inside an ICMP error as they were (RFC 5508, 4.2); ours are right
#   udplite   act_nat does not know UDP-Lite (RFC 3828), whose sum covers the addresses; ours does
#   dccp      as udplite (RFC 4340, 9.1)
#   ihl       act_nat writes into a header whose IHL is below 5; ours leaves it alone
#   long      act_nat writes into a packet that is shorter than it says; ours leaves it alone
#   cut       act_nat drops a packet whose header is cut off; ours leaves it alone
#   vlan      protocol ip does not see what is behind a tag in the frame; ours does
#   qinq      as vlan
#   pppoe     nothing in tc looks behind a PPPoE header; ours does

# ethernet; l3 HOOK CORPUS: where the packets go through; of these those that are IP right behind an
# Ethernet header, without it, in /tmp/l3
ethernet() {
	from=a to=b dev=a hook=egress
	wire a b
	clsact a
}
l3() {
	from=t0 to=tun:t0 dev=t0 hook=$1
	tun t0
	clsact t0
	if [[ $hook == ingress ]]; then
		tun t1
		from=tun:t0 to=tun:t1
		tc filter add dev t0 ingress pref 65001 matchall action mirred egress redirect dev t1
	fi
	awk 'substr($2, 25, 4) ~ /^(0800|86dd)$/ { print $1, substr($2, 29) }' "$2" >/tmp/l3
}

# compare OBJECT KINDS NATIVE [NATIVE-V6 [CORPUS]]: through both, on Ethernet unless told otherwise;
# KINDS are those of the list that differ here, KIND? those that do so on some kernels
compare() {
	local corpus=${5-$work/corpus}
	[[ ${from-} ]] || ethernet
	# The kernel sums a header of IHL 0 to 4 without end on s390x (ip_fast_csum).
	if [[ $HOSTTYPE == s390x ]]; then
		grep -v '^ihl' "$corpus" >/tmp/corpus
		set -- "$1" "${2/ihl /}" "${@:3}"
		corpus=/tmp/corpus
	fi
	tc filter add dev $dev $hook pref 7 ${4:+protocol ip} matchall $3 continue ||
		skip "this tc or kernel has no $3"
	[[ ! ${4-} ]] || tc filter add dev $dev $hook pref 8 protocol ipv6 matchall $4 continue
	cut -d ' ' -f 2 "$corpus" | packet pass $from $to >/tmp/theirs
	tc filter del dev $dev $hook pref 7
	[[ ! ${4-} ]] || tc filter del dev $dev $hook pref 8
	tc filter add dev $dev $hook pref 7 matchall ${bpf[$1]} continue
	cut -d ' ' -f 2 "$corpus" | packet pass $from $to >/tmp/ours
	same count "$(stats $dev $hook 7)" "$(wc -l <"$corpus") 0"
	differences "$corpus" "$2" 2000
}

# What pedit and csum, used together, do to headers.
header='badsum ihl long cut vlan qinq pppoe'
ip4h='action csum ip4h'

t native_dscp 'dscp and pedit + csum: a corpus of packets comes out the same, but for those listed'
native_dscp() {
	compare as-dsfield "$header" "action pedit ex munge ip dsfield set 0xb8 retain 0xfc pipe $ip4h" \
		'action pedit ex munge ip6 traffic_class set 0xb8 retain 0xfc'
}

t native_ttl 'ttl and pedit + csum: the same of them'
native_ttl() {
	compare as-ttl "$header" "action pedit ex munge ip ttl set 64 pipe $ip4h" \
		'action pedit ex munge ip6 hoplimit set 64'
}

t native_edit 'edit and skbedit + pedit + csum: the same of three fields in one pass'
native_edit() {
	compare as-edit "$header" \
		"action skbedit mark 7 pipe action pedit ex munge ip ttl set 64
			munge ip dsfield set 0xb8 retain 0xfc pipe $ip4h" \
		'action skbedit mark 7 pipe action pedit ex munge ip6 hoplimit set 64
			munge ip6 traffic_class set 0xb8 retain 0xfc'
}

t native_dscp_map 'dscp-map and pedit + csum: the same of them, every codepoint to one'
native_dscp_map() {
	compare as-map "$header" "action pedit ex munge ip dsfield set 0x28 retain 0xfc pipe $ip4h" \
		'action pedit ex munge ip6 traffic_class set 0x28 retain 0xfc'
}

t native_df 'df and pedit + csum: the same of them'
native_df() {
	compare as-df "$header fragment" "action pedit munge offset 6 u8 set 0x40 retain 0x40 pipe $ip4h" \
		'action gact'
}

t native_df_clear 'df clear and pedit + csum: the same of them'
native_df_clear() {
	compare as-clear "$header" "action pedit munge offset 6 u8 set 0 retain 0x40 pipe $ip4h" 'action gact'
}

t native_flowlabel 'flowlabel and pedit: the same of them'
native_flowlabel() { # munge ip6 flow_lbl leaves the upper bit
	compare as-label 'long cut vlan pppoe' 'action gact' \
		'action pedit munge offset 0 u32 set 0x00054321 retain 0x000fffff'
}

t native_ecn 'ecn and skbmod: the same of them'
native_ecn() { # older skbmod does not look behind a tag
	compare as-ecn 'sum ihl long cut vlan? qinq? pppoe' 'action skbmod ecn'
}

t native_mac 'mac and skbmod: the same of them'
native_mac() { compare as-mac '' 'action skbmod set dmac 02:00:00:00:00:99'; }

# UDP-Lite and DCCP are in many kinds; for act_nat, which does not know them, they are their own.
known() {
	awk '$1 ~ /^(udplite|dccp)/ || substr($2, 25, 4) != "0800" || substr($2, 47, 2) !~ /^(88|21)$/' \
		"$work/corpus" >/tmp/known
}

t native_nat 'nat and act_nat: the same of sources, but for those listed'
native_nat() {
	known
	compare as-nat-out 'error udplite dccp ihl long cut vlan qinq pppoe' 'action nat egress 10.1.0.0/24 172.16.200.0' 'action gact' /tmp/known
}

t native_nat_in 'nat and act_nat: the same of destinations'
native_nat_in() {
	known
	compare as-nat-in 'error udplite dccp ihl long cut vlan qinq pppoe' 'action nat ingress 10.2.0.0/16 192.168.0.0' 'action gact' /tmp/known
}

t native_l3_edit 'edit on egress of a tun device and the same of tc: the IP packets of the corpus'
native_l3_edit() {
	l3 egress "$work/corpus"
	compare as-edit 'badsum ihl long cut' \
		"action skbedit mark 7 pipe action pedit ex munge ip ttl set 64
			munge ip dsfield set 0xb8 retain 0xfc pipe $ip4h" \
		'action skbedit mark 7 pipe action pedit ex munge ip6 hoplimit set 64
			munge ip6 traffic_class set 0xb8 retain 0xfc' /tmp/l3
}

t native_l3_nat 'nat on ingress of a tun device and act_nat: the same of sources'
native_l3_nat() {
	known
	l3 ingress /tmp/known
	compare as-nat-out 'error udplite dccp ihl long cut' 'action nat egress 10.1.0.0/24 172.16.200.0' \
		'action gact' /tmp/l3
}
