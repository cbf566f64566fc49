# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# The same packets go through tc's own actions and through ours, and the results are compared byte by byte.
# Kinds of packets for which they differ are listed here with the reason. A kind that is listed must differ.

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

# Kinds of packets (frames.py, corpus) for which tc's actions give another result:
#   badsum    csum computes the header checksum anew, which hides a damaged header; ours updates it, so it stays wrong
#   ihl       pedit changes a packet whose IHL is below 5; ours does not
#   long      pedit changes a packet that is shorter than its header says; ours does not
#   cut       pedit changes a header that is cut off, if the changed byte is there; ours does not
#   vlan      protocol ip does not match if a tag is in the frame; ours finds the header after the tag
#   qinq      as vlan
#   pppoe     no action of tc finds the header after a PPPoE header; ours does
#   sum       skbmod ecn writes a header checksum of 0xffff where RFC 1624 says 0
#   fragment  pedit sets DF on a fragment too, although it may have to be fragmented again

# For act_nat, vlan, qinq and pppoe as above, and:
#   error     act_nat does not update the checksums inside an ICMP error (RFC 5508, 4.2); ours does
#   udplite   act_nat does not support UDP-Lite (RFC 3828), whose checksum covers the addresses; ours does
#   dccp      as udplite (RFC 4340, 9.1)
#   ihl       act_nat changes a packet whose IHL is below 5; ours does not
#   long      act_nat changes a packet that is shorter than its header says; ours does not
#   cut       act_nat drops a packet whose header is cut off; ours does not change it

# ethernet; l3 HOOK CORPUS: sets up the path of the packets. l3 also writes to /tmp/l3 the packets of CORPUS
# that have IP directly after the Ethernet header, without that header.
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

# compare OBJECT KINDS NATIVE [NATIVE-V6 [CORPUS]]: sends the packets through both, on Ethernet unless l3 was
# called. KINDS are those of the list that differ here; KIND? differs on some kernels only.
compare() {
	local corpus=${5-$work/corpus} native native_v6 protocol=all
	# words over several lines; it fails at their end
	read -rd '' -a native <<<"$3" || true
	read -rd '' -a native_v6 <<<"${4-}" || true
	[[ ! ${4-} ]] || protocol=ip
	[[ ${from-} ]] || ethernet
	# On s390x, the kernel's checksum of a header with IHL 0 to 4 never ends (ip_fast_csum).
	if [[ $HOSTTYPE == s390x ]]; then
		grep -v '^ihl' "$corpus" >/tmp/corpus
		set -- "$1" "${2/ihl /}" "${@:3}"
		corpus=/tmp/corpus
	fi
	tc filter add dev "$dev" "$hook" pref 7 protocol "$protocol" matchall "${native[@]}" continue ||
		skip "this tc or kernel has no $3"
	[[ ! ${4-} ]] || tc filter add dev "$dev" "$hook" pref 8 protocol ipv6 matchall "${native_v6[@]}" continue
	cut -d ' ' -f 2 "$corpus" | packet pass "$from" "$to" >/tmp/theirs
	tc filter del dev "$dev" "$hook" pref 7
	[[ ! ${4-} ]] || tc filter del dev "$dev" "$hook" pref 8
	tc filter add dev "$dev" "$hook" pref 7 matchall "@$1" continue
	cut -d ' ' -f 2 "$corpus" | packet pass "$from" "$to" >/tmp/ours
	same count "$(stats "$dev" "$hook" 7)" "$(wc -l <"$corpus") 0"
	differences "$corpus" "$2" 2000
}

# The kinds that differ where pedit and csum are used together.
header='badsum ihl long cut vlan qinq pppoe'
ip4h='action csum ip4h'

t native_dscp 'dscp and pedit + csum: the same result for a corpus of packets, except for the listed kinds'
native_dscp() {
	compare as-dsfield "$header" "action pedit ex munge ip dsfield set 0xb8 retain 0xfc pipe $ip4h" \
		'action pedit ex munge ip6 traffic_class set 0xb8 retain 0xfc'
}

t native_ttl 'ttl and pedit + csum: the same result'
native_ttl() {
	compare as-ttl "$header" "action pedit ex munge ip ttl set 64 pipe $ip4h" \
		'action pedit ex munge ip6 hoplimit set 64'
}

t native_edit 'edit and skbedit + pedit + csum, three fields: the same result'
native_edit() {
	compare as-edit "$header" \
		"action skbedit mark 7 pipe action pedit ex munge ip ttl set 64
			munge ip dsfield set 0xb8 retain 0xfc pipe $ip4h" \
		'action skbedit mark 7 pipe action pedit ex munge ip6 hoplimit set 64
			munge ip6 traffic_class set 0xb8 retain 0xfc'
}

t native_dscp_map 'dscp-map and pedit + csum, all codepoints to one: the same result'
native_dscp_map() {
	compare as-map "$header" "action pedit ex munge ip dsfield set 0x28 retain 0xfc pipe $ip4h" \
		'action pedit ex munge ip6 traffic_class set 0x28 retain 0xfc'
}

t native_df 'df and pedit + csum: the same result'
native_df() {
	compare as-df "$header fragment" "action pedit munge offset 6 u8 set 0x40 retain 0x40 pipe $ip4h" \
		'action gact'
}

t native_df_clear 'df clear and pedit + csum: the same result'
native_df_clear() {
	compare as-clear "$header" "action pedit munge offset 6 u8 set 0 retain 0x40 pipe $ip4h" 'action gact'
}

t native_flowlabel 'flowlabel and pedit: the same result'
native_flowlabel() { # munge ip6 flow_lbl does not write the upper bits
	compare as-label 'long cut vlan pppoe' 'action gact' \
		'action pedit munge offset 0 u32 set 0x00054321 retain 0x000fffff'
}

t native_ecn 'ecn and skbmod: the same result'
native_ecn() { # older versions of skbmod do not find the header after a tag
	compare as-ecn 'sum ihl long cut vlan? qinq? pppoe' 'action skbmod ecn'
}

t native_mac 'mac and skbmod: the same result'
native_mac() { compare as-mac '' 'action skbmod set dmac 02:00:00:00:00:99'; }

# The corpus without UDP-Lite and DCCP, which act_nat does not support, except in the kinds of these names.
known() {
	awk '$1 ~ /^(udplite|dccp)/ || substr($2, 25, 4) != "0800" || substr($2, 47, 2) !~ /^(88|21)$/' \
		"$work/corpus" >/tmp/known
}

t native_nat 'nat and act_nat, source: the same result, except for the listed kinds'
native_nat() {
	known
	compare as-nat-out 'error udplite dccp ihl long cut vlan qinq pppoe' 'action nat egress 10.1.0.0/24 172.16.200.0' 'action gact' /tmp/known
}

t native_nat_in 'nat and act_nat, destination: the same result'
native_nat_in() {
	known
	compare as-nat-in 'error udplite dccp ihl long cut vlan qinq pppoe' 'action nat ingress 10.2.0.0/16 192.168.0.0' 'action gact' /tmp/known
}

t native_l3_edit 'edit and skbedit + pedit + csum on egress of a tun device: the same result'
native_l3_edit() {
	l3 egress "$work/corpus"
	compare as-edit 'badsum ihl long cut' \
		"action skbedit mark 7 pipe action pedit ex munge ip ttl set 64
			munge ip dsfield set 0xb8 retain 0xfc pipe $ip4h" \
		'action skbedit mark 7 pipe action pedit ex munge ip6 hoplimit set 64
			munge ip6 traffic_class set 0xb8 retain 0xfc' /tmp/l3
}

t native_l3_nat 'nat and act_nat on ingress of a tun device: the same result'
native_l3_nat() {
	known
	l3 ingress /tmp/known
	compare as-nat-out 'error udplite dccp ihl long cut' 'action nat egress 10.1.0.0/24 172.16.200.0' \
		'action gact' /tmp/l3
}
