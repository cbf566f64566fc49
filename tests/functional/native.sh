# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash disable=SC2086,SC2154,SC2317 # bpf[NAME] is words; variables are lib.sh's
# The same packets through tc's own actions and through ours, and what comes out compared byte
# by byte. Where they differ, the kind of packet is listed here with the reason, and has to differ.

bake as-dsfield dscp value ef
bake as-ttl ttl set 64

# Kinds of packets (frames.py, corpus) on which tc's actions do something else
declare -A differs=(
	[badsum]='csum makes a header sum anew, so that a damaged header passes; ours stays damaged'
	[ihl]='pedit writes into a header whose IHL is below 5; ours leaves it alone'
	[long]='pedit writes into a packet that is shorter than it says; ours leaves it alone'
	[cut]='pedit writes into a header that is cut off, if what it writes is there'
	[vlan]='protocol ip does not see what is behind a tag in the frame; ours does'
	[qinq]='as vlan'
	[pppoe]='nothing in tc looks behind a PPPoE header; ours does'
)

# compare OBJECT NATIVE-V4 NATIVE-V6 KINDS: KINDS are those of the list that differ here
compare() {
	local names=() frames=() ours=() theirs=() n kind seen='' same=0 changed=0
	wire a b
	clsact a
	while read -r name hex; do
		names+=("$name")
		frames+=("$hex")
	done <"$work/corpus"
	((${#names[@]} >= 200)) || fail "a corpus of ${#names[@]} packets"

	tc filter add dev a egress pref 7 protocol ip matchall $2 || skip "this tc or kernel has no pedit or csum"
	tc filter add dev a egress pref 8 protocol ipv6 matchall $3
	mapfile -t theirs < <(pass a b "${frames[@]}")
	tc filter del dev a egress pref 7
	tc filter del dev a egress pref 8
	tc filter add dev a egress pref 7 matchall ${bpf[$1]}
	mapfile -t ours < <(pass a b "${frames[@]}")
	same count "$(stats a egress 7)" "${#names[@]} 0"
	for n in "${!names[@]}"; do
		kind=${names[n]%%.*}
		[[ ${ours[n]} == "${frames[n]}" ]] || changed=$((changed + 1))
		if [[ ${ours[n]} == "${theirs[n]}" ]]; then
			same=$((same + 1))
		elif [[ " $4 " == *" $kind "* ]]; then
			seen+=" $kind"
		else
			fail "${names[n]} (${frames[n]}): ours ${ours[n]}, theirs ${theirs[n]}"
		fi
	done
	for kind in $4; do
		[[ "$seen " == *" $kind "* ]] || fail "$kind does not differ: strike it (${differs[$kind]})"
	done
	((changed > 200)) || fail "control: only $changed packets were changed at all"
	echo "# $same of ${#names[@]} the same"
}

t native_dscp 'dscp and pedit + csum: a corpus of packets comes out the same, but for those listed'
native_dscp() {
	compare as-dsfield \
		'action pedit ex munge ip dsfield set 0xb8 retain 0xfc pipe action csum ip4h' \
		'action pedit ex munge ip6 traffic_class set 0xb8 retain 0xfc' \
		"${!differs[*]}"
}

t native_ttl 'ttl and pedit + csum: a corpus of packets comes out the same, but for those listed'
native_ttl() {
	compare as-ttl \
		'action pedit ex munge ip ttl set 64 pipe action csum ip4h' \
		'action pedit ex munge ip6 hoplimit set 64' \
		"${!differs[*]}"
}
