# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# vlan and vlan-map on packets with up to two tags, in the metadata and in the frame: what is on the wire
# afterwards, and that tc's own vlan action has the same result.

bake push vlan push 100
bake push-ad vlan push 200 proto 802.1ad pcp 5
bake pop vlan pop yes
bake set vlan set 300
bake set-6 vlan set 300 pcp 6
bake again vlan pop yes push 7
bake pcp-dscp vlan pcp dscp
bake pcp-priority vlan pcp priority
bake push-dscp vlan push 100 pcp dscp
bake push-91 vlan push 100 proto 0x9100 pcp 5
bake push-92 vlan push 7 proto 0x9200 pcp inner dei 1

# tagged FRAME TAG...: prints FRAME with these tags before its own ones
tagged() { local IFS=''; echo "${1:0:24}${*:2}${1:24}"; }

# ---- comparison with tc's own action --------------------------------------------------------

# compare OBJECT NATIVE [KIND]: sends the packets of beside through both actions. Packets of KIND must differ;
# where it is given, a comment says why.
compare() {
	local ours=() theirs=() words n differed='' changed=0
	read -ra words <<<"$2"
	tc filter add dev "$dev" "$hook" pref 7 matchall action "${words[@]}" continue || skip "this tc or kernel has no vlan"
	come_out theirs "$from" "$to" -m "$marker" "${frames[@]}"
	tc filter del dev "$dev" "$hook" pref 7
	tc filter add dev "$dev" "$hook" pref 7 matchall "@$1" continue
	come_out ours "$from" "$to" -m "$marker" "${frames[@]}"
	same "count of $1" "$(stats "$dev" "$hook" 7)" "${#names[@]} 0"
	same "reasons of $1" "$(reasons "$dev" "$hook" 7)" ''
	tc filter del dev "$dev" "$hook" pref 7
	for n in "${!names[@]}"; do
		[[ ${ours[n]} == "${plain[n]}" ]] || changed=$((changed + 1))
		[[ ${ours[n]} != "${theirs[n]}" ]] || continue
		[[ ${3-} && ${plain[n]:24:4} == "$3" ]] ||
			fail "$1, ${names[n]} (${frames[n]}): ours ${ours[n]}, theirs ${theirs[n]}"
		differed=1
	done
	[[ ! ${3-} || $differed ]] || fail "$1: $3 does not differ: strike it"
	((changed > 20)) || fail "control: $1 changed only $changed packets"
}

# beside FROM TO DEV HOOK: compares both for a tenth of the corpus, and for packets with more tags. modify
# turns an 802.1ad tag into an 802.1Q tag by default; set keeps the TPID.
beside() {
	local from=$1 to=$2 dev=$3 hook=$4 names=() frames=() plain=() n name hex
	awk 'NR % 10 == 1' "$work/corpus" >/run/tenth
	while read -r name hex; do
		names+=("$name")
		frames+=("$hex")
	done </run/tenth
	((${#names[@]} >= 200)) || fail "a corpus of ${#names[@]} packets"
	for n in 81000005 8100f005 8100e000 81000fff 88a80007 81000001,81000002 88a8f123,8100e456 \
		88a80001,88a80002 ${deep:+"$deep"}; do
		for name in v4 v6 arp other pppoe4 v4-later v4-cut; do
			names+=("tags-$n.$name")
			frames+=("$(tagged "${frame[$name.in]}" "${n//,/}")")
		done
	done
	come_out plain "$from" "$to" -m "$marker" "${frames[@]}"
	compare push 'vlan push id 100'
	compare push-ad 'vlan push id 200 protocol 802.1ad priority 5'
	compare pop 'vlan pop'
	compare again 'vlan pop pipe action vlan push id 7'
	compare set 'vlan modify id 300' "$ad"
	compare set-6 'vlan modify id 300 priority 6' "$ad"
}

three=81000001,81000002,81000003

t vlan_native_frame 'push, pop, set and tc vlan, tags in the frame: the same result for a corpus of packets'
vlan_native_frame() {
	wire a b
	clsact a
	frames
	marker=a ad=88a8 deep=''		# packets with three tags in the frame are not changed
	beside a b a egress
}

t vlan_native_metadata 'the same with the outermost tag in the metadata (from a VLAN device), others in the frame'
vlan_native_metadata() {
	wire a b
	vlan a.5 a 5
	clsact a
	frames
	marker=a ad='' deep=$three
	beside a.5 b a egress
}

t vlan_native_ingress 'the same at ingress, where the outermost tag is always in the metadata'
vlan_native_ingress() {
	wire a b
	clsact b
	frames
	behind b a2 b2
	marker=a ad=88a8 deep=$three
	beside a b2 b ingress
}

t vlan_bridge 'ingress of a bridge port: set and vlan-map change the outermost of one to three tags'
vlan_bridge() {
	local op n in=() want=() got f
	wire a b
	wire c d
	ip link add name br0 type bridge 2>/dev/null || skip "this kernel has no bridge"
	for n in b c; do ip link set dev $n master br0; done
	ip link set dev br0 up
	clsact b
	frames
	for f in "${frame[v4.in]}" "${frame[v6.in]}" "${frame[other.in]}"; do
		for n in 8100a005 8100a005,81000005 88a8a005,81000006 88a8a005,81000006,81000007; do
			in+=("$(tagged "$f" "${n//,/}")")
		done
	done
	eventually crosses "${in[0]}"
	come_out got a d "${in[@]}"
	same control "${got[*]}" "${in[*]}"
	stage map 5=300 vlan-map
	bpf["map"]='action bpf object-pinned /sys/fs/bpf/map/vlan-map'
	for op in set set-6 map; do
		want=()
		for f in "${in[@]}"; do
			case $op in
			set | map) want+=("${f:0:28}a12c${f:32}") ;;
			set-6) want+=("${f:0:28}c12c${f:32}") ;;
			esac
		done
		tc filter add dev b ingress pref 7 matchall "@$op"
		come_out got a d "${in[@]}"
		same "$op" "${got[*]}" "${want[*]}"
		same "reasons of $op" "$(reasons b ingress 7)" ''
		tc filter del dev b ingress pref 7
	done
}
crosses() { [[ $(pass a d "$1") == "$1" ]]; }

# ---- comparison with the expected bytes -----------------------------------------------------

is_tagged() { [[ ${1:24:4} == @(8100|88a8|9100|9200) ]]; }
must_push() { tagged "$1" 81000064; }
must_pop() { if is_tagged "$1"; then echo "${1:0:24}${1:32}"; else echo "$1"; fi; }
must_set() { if is_tagged "$1"; then echo "${1:0:29}12c${1:32}"; else echo "$1"; fi; }	# keeps the PCP

# each_tag FROM [TAG]...: sends packets of all kinds, without and with tags in the frame, through each action
# on egress of a. TAGs are those that the device FROM adds.
each_tag() {
	local from=$1 op name more f in=() before=() want=() got
	shift
	for name in v4 v6 other pppoe4 pppoe6; do
		for more in '' 81006005 88a8f007,81002005; do
			f=$(tagged "${frame[$name.in]}" "${more//,/}")
			in+=("$f")
			before+=("$(tagged "$f" "$@")")
		done
	done
	come_out got "$from" b -m a "${in[@]}"
	same "control: $from" "${got[*]}" "${before[*]}"
	for op in push pop set; do
		want=()
		for f in "${before[@]}"; do want+=("$(must_$op "$f")"); done
		tc filter add dev a egress pref 7 matchall "@$op"
		come_out got "$from" b -m a "${in[@]}"
		same "$op, from $from" "${got[*]}" "${want[*]}"
		same "reasons of $op" "$(reasons a egress 7)" ''
		tc filter del dev a egress pref 7
	done
}

t vlan_places 'push, pop, set: no tag, tags in the frame, in the metadata, in both, with tag offloads on and off'
vlan_places() {
	local mode
	wire a b
	clsact a
	frames
	vlan a.5 a 5
	vlan a.7 a 7 802.1ad
	vlan a.7.5 a.7 5
	for mode in on off; do
		packet offload a tx-vlan-hw-insert $mode
		packet offload a tx-vlan-stag-hw-insert $mode
		packet offload b rx-vlan-hw-parse $mode
		packet offload b rx-vlan-stag-hw-parse $mode
		each_tag a
		each_tag a.5 81000005
		each_tag a.7 88a80007
		each_tag a.7.5 88a80007 81000005
	done
}

t vlan_device 'egress of a VLAN device: a tag that is pushed there comes after that of the device'
vlan_device() {
	local f
	wire a b
	vlan a.5 a 5
	clsact a.5
	frames
	f=${frame[v4.in]}
	tc filter add dev a.5 egress pref 7 matchall @push
	same pushed "$(pass a.5 b -m a "$f")" "$(tagged "$f" 81000005 81000064)"
	same reasons "$(reasons a.5 egress 7)" ''
	tc filter del dev a.5 egress pref 7
	same control "$(pass a.5 b -m a "$f")" "$(tagged "$f" 81000005)"
}

# comes INPUT OUTPUT: INPUT must come out as OUTPUT
comes() { same "$1" "$(pass "$from" b -m a "$1")" "$2"; }

t vlan_pcp 'pcp dscp and pcp priority, tag in the frame and in the metadata; without a DSCP the PCP is kept'
vlan_pcp() {
	local f from
	wire a b
	vlan a.5 a 5
	clsact a
	frames
	for from in a a.5; do
		tagged_by() { if [[ $from == a ]]; then tagged "$1" "$2"; else echo "$1"; fi; }
		tc filter add dev a egress pref 7 matchall @pcp-dscp
		for f in "${frame[v4.in]/4500/45b8}" "${frame[v4.in]}" "${frame[v6.in]}" "${frame[pppoe4.in]}"; do
			# 0x22, AF11 with ECN, gives 1; EF gives 5
			n=1
			case $f in
			*080045b8*) n=5 ;;
			*08004500*) n=0 ;;
			esac
			comes "$(tagged_by "$f" 81000005)" "$(tagged "$f" "8100$(printf %x $((n * 2)))005")"
		done
		same reasons "$(reasons a egress 7)" ''
		comes "$(tagged_by "${frame[arp.in]}" 81000005)" "$(tagged "${frame[arp.in]}" 81000005)"
		same reasons "$(reasons a egress 7)" not-ip=1
		tc filter del dev a egress pref 7
		tc filter add dev a egress pref 7 matchall action skbedit priority 0:d pipe @pcp-priority
		comes "$(tagged_by "${frame[arp.in]}" 81000005)" "$(tagged "${frame[arp.in]}" 8100a005)"
		tc filter del dev a egress pref 7
		tc filter add dev a egress pref 7 matchall @push-dscp
		f=${frame[v6.in]}
		comes "$f" "$(if [[ $from == a ]]; then tagged "$f" 81002064; else tagged "$f" 81002064 81000005; fi)"
		f=${frame[arp.in]}
		comes "$f" "$(if [[ $from == a ]]; then tagged "$f" 81000064; else tagged "$f" 81000064 81000005; fi)"
		same reasons "$(reasons a egress 7)" not-ip=1
		tc filter del dev a egress pref 7
	done
}

must_push-91() { tagged "$1" 9100a064; }
must_push-92() {
	local inner=0
	! is_tagged "$1" || inner=$((0x${1:28:1} & 0xe))
	tagged "$1" "9200$(printf %x $((inner | 1)))007"
}

# foreign FROM DEV HOOK TO [TAG]...: as each_tag, with TPIDs that the kernel does not know
foreign() {
	local from=$1 dev=$2 hook=$3 to=$4 op name more f in=() before=() want got
	shift 4
	for name in v4 v6 other pppoe4; do
		for more in '' 9100e005 92000005,81006006 81002005,91000006; do
			f=$(tagged "${frame[$name.in]}" "${more//,/}")
			in+=("$f")
			before+=("$(tagged "$f" "$@")")
		done
	done
	come_out got "$from" "$to" -m a "${in[@]}"
	same "control: $from" "${got[*]}" "${before[*]}"
	for op in push-91 push-92 push pop set; do
		want=()
		for f in "${before[@]}"; do want+=("$(must_$op "$f")"); done
		tc filter add dev "$dev" "$hook" pref 7 matchall "@$op" continue
		come_out got "$from" "$to" -m a "${in[@]}"
		same "$op, $hook, from $from" "${got[*]}" "${want[*]}"
		same "reasons of $op" "$(reasons "$dev" "$hook" 7)" ''
		tc filter del dev "$dev" "$hook" pref 7
	done
}

t vlan_foreign 'TPIDs 0x9100 and 0x9200, which the kernel does not know: push, pop and set on both hooks'
vlan_foreign() {
	wire a b
	vlan a.5 a 5
	clsact a
	clsact b
	frames
	foreign a a egress b
	foreign a.5 a egress b 81000005
	behind b a2 b2
	foreign a b ingress b2
	foreign a.5 b ingress b2 81000005
}

t vlan_foreign_tcp 'TCP with 0x9100 pushed on egress and popped at the far ingress: every byte arrives'
vlan_foreign_tcp() {
	two
	in_netns far tc qdisc add dev b clsact
	tc_netns=far tc filter add dev b ingress pref 7 matchall @pop
	tc filter add dev a egress pref 7 matchall @push-91
	send 1000000
	same 'checksum errors' "$(bad_sums far)" 0
	same reasons "$(reasons a egress 7)" ''
	ran a egress 7
}

t vlan_lie 'an AF_PACKET sender gives a wrong protocol: no bytes of the packet are removed, and it is counted'
vlan_lie() {
	local f in
	wire a b
	clsact a
	frames
	f=${frame[v4.in]} in=$(tagged "${frame[v4.in]}" 81000005)
	tc filter add dev a egress pref 7 matchall @pop
	same 'a tag that is not said' "$(pass a b -p 0x0800 "$in")" "$in"
	same reasons "$(reasons a egress 7)" malformed=1
	same 'said, but there is none' "$(pass a b -p 0x8100 "$f")" "$f"
	same 'nothing to pop' "$(reasons a egress 7)" malformed=1
	same control "$(pass a b "$in")" "$f"
	tc filter del dev a egress pref 7
	# a tag in the metadata, and a wrong protocol about the next one
	vlan a.5 a 5
	tc filter add dev a egress pref 7 matchall @set
	same 'metadata, and a lie' "$(pass a.5 b -m a -p 0x8100 "$f")" "$(tagged "$f" 81000005)"
	same reasons "$(reasons a egress 7)" malformed=1
	same 'metadata' "$(pass a.5 b -m a "$f")" "$(tagged "$f" 8100012c)"
	tc filter del dev a egress pref 7
	tc filter add dev a egress pref 7 matchall @set
	same 'set in the frame needs no kernel' "$(pass a b -p 0x0800 "$in")" "$(tagged "$f" 8100012c)"
	same reasons "$(reasons a egress 7)" ''
}

t vlan_tun 'a device without Ethernet headers: packets are not changed, and counted'
vlan_tun() {
	local op
	tun t0
	clsact t0
	frames
	for op in push pop set vlan-map; do
		tc filter add dev t0 egress pref 7 matchall "@$op"
		same $op "$(pass t0 tun:t0 "${frame[raw4.in]}" "${frame[raw6.in]}" "${frame[raw-8.0.69.1.in]}")" \
			"${frame[raw4.in]}"$'\n'"${frame[raw6.in]}"$'\n'"${frame[raw-8.0.69.1.in]}"
		same "reasons of $op" "$(reasons t0 egress 7)" link-unknown=3
		tc filter del dev t0 egress pref 7
	done
}

t vlan_gso 'TCP with all offloads on, tagged on egress and untagged at the far ingress: every byte arrives'
vlan_gso() {
	local mode
	two
	in_netns far tc qdisc add dev b clsact
	tc_netns=far tc filter add dev b ingress pref 7 matchall @pop
	tc filter add dev a egress pref 7 matchall @push
	for mode in on off; do
		packet offload a tx-vlan-hw-insert $mode
		send 1000000
	done
	same 'checksum errors' "$(bad_sums far)" 0
	same reasons "$(reasons a egress 7)" ''
	ran a egress 7
	# control: without the pop nothing arrives
	tagged_arrive() {
		in_netns far tc -j -s filter show dev b ingress pref 6 | grep '"packets":[1-9]' >/dev/null
	}
	in_netns far tc filter add dev b ingress pref 6 protocol 802.1q flower vlan_id 100 action gact drop
	packet udp 10.1.0.2 9 100
	eventually tagged_arrive
}

# ---- vlan-map -------------------------------------------------------------------------------

# mapped FROM=TO...: attaches vlan-map with this table to egress of a
mapped() {
	stage map "$(printf '%s\n' "$@")" vlan-map
	tc filter add dev a egress pref 7 matchall action bpf object-pinned /sys/fs/bpf/map/vlan-map
	rm -r /sys/fs/bpf/map
}

t vlan_map 'vlan-map: identifiers in the table change, others and untagged packets do not, PCP and DEI are kept'
vlan_map() {
	local from f
	wire a b
	vlan a.5 a 5
	vlan a.6 a 6
	vlan a.8 a 8 802.1ad
	clsact a
	frames
	mapped 5=4094 8=0 0=1100 4094=5
	for f in "${frame[v4.in]}" "${frame[v6.in]}" "${frame[other.in]}" "${frame[pppoe4.in]}"; do
		from=a
		comes "$(tagged "$f" 8100f005)" "$(tagged "$f" 8100fffe)"
		comes "$(tagged "$f" 88a83008)" "$(tagged "$f" 88a83000)"
		comes "$(tagged "$f" 8100e000)" "$(tagged "$f" 8100e44c)"
		comes "$(tagged "$f" 81000006)" "$(tagged "$f" 81000006)"
		comes "$(tagged "$f" 88a80005 81000005)" "$(tagged "$f" 88a80ffe 81000005)"
		comes "$f" "$f"
		from=a.5
		comes "$f" "$(tagged "$f" 81000ffe)"
		comes "$(tagged "$f" 81000008)" "$(tagged "$f" 81000ffe 81000008)"
		from=a.6
		comes "$f" "$(tagged "$f" 81000006)"
		from=a.8
		comes "$f" "$(tagged "$f" 88a80000)"
	done
	same reasons "$(reasons a egress 7)" ''
}

t vlan_map_command 'tcact: a table of ranges before the first packet; add, del, dump, load, flush'
vlan_map_command() {
	local from=a f tcact=$root/tc-scripts/tcact status=0
	wire a b
	clsact a
	frames
	f=${frame[v4.in]}
	vid() { tagged "$f" "8100$(printf %04x "$1")"; }
	printf '# to the carrier\n100-163=1100-1163\n0=0x10\n' >/run/vids
	"$tcact" add dev a egress vlan-map table /run/vids
	comes "$(vid 100)" "$(vid 1100)"
	comes "$(vid 163)" "$(vid 1163)"
	comes "$(vid 164)" "$(vid 164)"
	same dump "$("$tcact" table dump dev a egress)" \
		"0=16"$'\n'"$(seq 100 163 | awk '{ print $1 "=" $1 + 1000 }')"
	"$tcact" table add dev a egress 164=4094
	"$tcact" table del dev a egress 100
	comes "$(vid 164)" "$(vid 4094)"
	comes "$(vid 100)" "$(vid 100)"
	"$tcact" table del dev a egress 100 2>/dev/null || status=$?
	same 'what is not there' $status 3
	refused "$tcact" table add dev a egress 5-6=7-9
	comes "$(vid 5)" "$(vid 5)"
	"$tcact" table add dev a egress 5-6=7-8
	comes "$(vid 6)" "$(vid 8)"
	"$tcact" table del dev a egress 5 6
	"$tcact" table dump dev a egress >/run/dumped
	"$tcact" table flush dev a egress
	same flushed "$("$tcact" table dump dev a egress)" ''
	comes "$(vid 101)" "$(vid 101)"
	"$tcact" table load dev a egress /run/dumped
	comes "$(vid 101)" "$(vid 1101)"
	same loaded "$("$tcact" table dump dev a egress)" "$(</run/dumped)"
}
