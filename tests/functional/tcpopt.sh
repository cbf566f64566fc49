# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# tcpopt on TCP connections of the kernel: which options the other end sees and agrees to, and that it finds no
# wrong checksum.

bake no-stamps tcpopt strip timestamps
bake no-stamps-all tcpopt strip timestamps segments all
bake no-scale tcpopt strip wscale,sack-permitted window 5000
bake small tcpopt window 5000
bake none tcpopt

# options_of PACKET [LINK]: prints the TCP options in hex; the IP header is at LINK bytes
options_of() {
	local at=$((2 * ${2:-0})) tcp
	tcp=$((at + 40))
	[[ ${1:at:1} == 4 ]] || tcp=$((at + 80))
	echo "${1:tcp + 40:8 * 16#${1:tcp + 24:1} - 40}"
}
# window_of PACKET [LINK]: prints the window field
window_of() {
	local at=$((2 * ${2:-0})) tcp
	tcp=$((at + 40))
	[[ ${1:at:1} == 4 ]] || tcp=$((at + 80))
	echo $((16#${1:tcp + 28:4}))
}

t tcpopt_partial 'a local SYN (CHECKSUM_PARTIAL) comes out with NOPs, a lower window and a right checksum'
tcpopt_partial() {
	local to got before object want
	ipv6
	tun t0 10.1.0.1/24
	ip addr add fd01::1/64 dev t0
	clsact t0
	for to in 10.1.0.2 fd01::2; do
		before=$(packet catch tun:t0 1 "$work/packet" syn $to 80)
		[[ $(options_of "$before") == 0204????0402080a????????????????010303?? ]] ||
			fail "control: $(options_of "$before")"
		(($(window_of "$before") > 5000)) || fail "control: window $(window_of "$before")"
		for object in none no-stamps no-scale; do
			tc filter add dev t0 egress pref 7 matchall "@$object"
			got=$(packet catch tun:t0 1 "$work/packet" syn $to 80)
			same "sum of $object" "${got#* }" ok
			case $object in
			none) want='0204????0402080a????????????????010303??' ;;
			no-stamps) want='0204????040201010101010101010101010303??' ;;
			no-scale) want='0204????0101080a????????????????01010101' ;;
			esac
			# shellcheck disable=SC2053
			[[ $(options_of "$got") == $want ]] || fail "$object: $(options_of "$got")"
			want=$(window_of "$before")
			[[ $object != no-scale ]] || want=5000
			same "window of $object" "$(window_of "$got")" "$want"
			ran t0 egress 7
			same "reasons of $object" "$(reasons t0 egress 7)" ''
			tc filter del dev t0 egress pref 7
		done
	done
}

# agreed TO: prints the options of the SYN-ACK with which the far end answers the SYN that it got
agreed() {
	local got
	got=$(packet catch a 1 "$work/packet" transfer tcp far "$1" 200000 2>/run/transfer)
	same "transfer to $1" "$(</run/transfer)" "200000 0x00"
	options_of "${got% *}" 14
}

t tcpopt_session 'a connection whose timestamps option is removed: the other end does not use it, every byte arrives'
tcpopt_session() {
	local to got
	two
	for to in 10.1.0.2 fd01::2; do
		got=$(agreed $to)
		[[ $got == *0402080a*0103* ]] || fail "control: $got"
		tc filter add dev a egress pref 7 matchall @no-stamps
		got=$(agreed $to)
		[[ $got != *080a* && $got == *0402* && $got == *0303* ]] || fail "no-stamps: $got"
		same reasons "$(reasons a egress 7)" ''
		tc filter del dev a egress pref 7
		tc filter add dev a egress pref 7 matchall @no-scale
		got=$(agreed $to)
		[[ $got == *080a* && $got != *0402* && $got != *0303* ]] || fail "no-scale: $got"
		same reasons "$(reasons a egress 7)" ''
		ran a egress 7
		tc filter del dev a egress pref 7
	done
	same 'checksum errors' "$(bad_sums far)" 0
}

t tcpopt_gso 'GSO packets, offloads on and off: the options are removed from each segment, no checksum error'
tcpopt_gso() {
	local mode p json
	two
	in_netns far tc qdisc add dev b clsact
	# count segments at the far end whose only options were timestamps: overwritten, and not
	in_netns far tc filter add dev b ingress pref 1 protocol ip u32 match ip protocol 6 0xff \
		match u32 0x01010101 0xffffffff at 40 match u32 0x01010101 0xffffffff at 44 action gact pass
	in_netns far tc filter add dev b ingress pref 2 protocol ip u32 match ip protocol 6 0xff \
		match u32 0x0101080a 0xffffffff at 40 action gact pass
	# not from SYNs: both ends agree on timestamps, which are then removed
	tc filter add dev a egress pref 7 protocol ip flower ip_proto tcp tcp_flags 0/2 @no-stamps-all
	tc filter add dev a egress pref 8 protocol ipv6 flower ip_proto tcp tcp_flags 0/2 @no-stamps-all
	for mode in on off; do
		packet offload a tx-tcp-segmentation $mode
		packet offload a tx-tcp6-segmentation $mode
		packet offload a tx-checksum-ip-generic $mode
		send 1000000
	done
	same 'checksum errors' "$(bad_sums far)" 0
	for p in 7 8; do
		ran a egress $p
		same reasons "$(reasons a egress $p)" ''
	done
	seen() {
		json=$(in_netns far tc -j -s filter show dev b ingress pref "$1")
		[[ $json =~ \"packets\":([0-9]+) ]]
		echo "${BASH_REMATCH[1]}"
	}
	(($(seen 1) > 20)) || fail "only $(seen 1) segments without timestamps"
	same 'segments with timestamps' "$(seen 2)" 0
	# control: without the action there are timestamps
	tc filter del dev a egress pref 7
	same control "$(packet transfer tcp far 10.1.0.2 10000)" '10000 0x00'
	(($(seen 2) > 0)) || fail 'control: no timestamps without the action either'
}

t tcpopt_window 'window: no segment that arrives has a larger window'
tcpopt_window() {
	local json
	two
	in_netns far tc qdisc add dev b clsact
	# window fields above the limit; Linux begins with more than 60000
	in_netns far tc filter add dev b ingress pref 1 protocol ip u32 match ip protocol 6 0xff \
		match u16 0x8000 0x8000 at 34 action gact pass
	in_netns far tc filter add dev b ingress pref 2 protocol ip u32 match ip protocol 6 0xff \
		match u16 0x1388 0xffff at 34 action gact pass
	count() {
		json=$(in_netns far tc -j -s filter show dev b ingress pref "$1")
		[[ $json =~ \"packets\":([0-9]+) ]]
		echo "${BASH_REMATCH[1]}"
	}
	tc filter add dev a egress pref 7 matchall @small
	send 100000
	same 'large windows' "$(count 1)" 0
	(($(count 2) > 0)) || fail 'none of 5000'
	same 'checksum errors' "$(bad_sums far)" 0
	tc filter del dev a egress pref 7
	send 100000
	(($(count 1) > 0)) || fail 'control: no large window without the action either'
}

t tcpopt_left 'options that do not parse, later fragments, cut off, doff 4: unchanged and counted'
tcpopt_left() {
	local name in=()
	wire a b
	clsact a
	frames
	tc filter add dev a egress pref 7 matchall @no-stamps
	for name in v4-later v6-later tcp-cut tcp-doff options-length options-beyond options-many pppoe-lcp other v4; do
		in+=("${frame[$name.in]}")
	done
	same untouched "$(pass a b "${in[@]}")" "$(printf '%s\n' "${in[@]}")"
	same reasons "$(reasons a egress 7)" 'not-ip=2 truncated=1 malformed=1 fragment=2 options=3'
	differ no-stamps "$(pass a b "${frame[syn4.in]}")" "${frame[syn4.in]}"
}
