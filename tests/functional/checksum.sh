# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# Checksums in every state (skb->ip_summed) that a real data path produces. A program outside the
# kernel verifies them in full, or a receiver that has to verify them itself.

bake sum-edit edit dscp.value ef ttl.set 33 mss.max 1200
bake sum-dscp dscp value ef
bake sum-ttl ttl set 33
bake sum-mss mss max 1200
bake sum-nat4 nat side dst from 10.8.0.9/32 to 10.8.0.2/32
bake sum-nat6 nat side dst from fd09::9/128 to fd09::2/128
bake sum-npt npt dir in from fd0a::/48 to fd09::/48
bake sum-mac mac src 02:00:00:00:00:99 dst 02:12:34:56:78:9a
bake sum-tpid vlan push 7 proto 0x9100
bake sum-pop vlan pop yes
bake sum-push vlan push 7
bake sum-set vlan set 7
bake segments meta set mark from gso_segs

# ---- CHECKSUM_PARTIAL: a local sender; a program reads the packets from a tun device --------

on_tun_local() {
	ipv6
	tun t0 10.1.0.1/24
	ip addr add fd01::1/64 dev t0
	clsact t0
	catch() { packet catch tun:t0 1 "$work/packet" "$@"; }
}

# mss_of PACKET: the MSS option of a SYN, which is the first option in SYNs of Linux
mss_of() {
	local at=$((2 * 40))
	[[ $1 == 4* ]] || at=$((2 * 60))
	[[ ${1:at:4} == 0204 ]] || fail "no MSS option in $1"
	echo $((16#${1:at+4:4}))
}
# tos_of PACKET, ttl_of PACKET
tos_of() { [[ $1 == 4* ]] && echo "${1:2:2}" || echo "${1:1:2}"; }
ttl_of() { [[ $1 == 4* ]] && echo $((16#${1:16:2})) || echo $((16#${1:14:2})); }

# partial ADDRESS OBJECT MSS TOS TTL: a local SYN to ADDRESS through OBJECT has these values
partial() {
	local got
	tc filter add dev t0 egress pref 7 matchall "@$2"
	got=$(catch syn "$1" 80)
	same "mss of $2" "$(mss_of "$got")" "$3"
	same "tos of $2" "$(tos_of "$got")" "$4"
	same "ttl of $2" "$(ttl_of "$got")" "$5"
	same "sums of $2" "${got#* }" ok
	ran t0 egress 7
	tc filter del dev t0 egress pref 7
}

t sum_partial_syn 'a local TCP SYN (CHECKSUM_PARTIAL) through mss, dscp, ttl, edit: the checksums are right'
sum_partial_syn() {
	local got
	on_tun_local
	got=$(catch syn 10.1.0.2 80)
	same 'control' "$(mss_of "$got") $(tos_of "$got") $(ttl_of "$got") ${got#* }" '1460 00 64 ok'
	partial 10.1.0.2 sum-mss 1200 00 64
	partial 10.1.0.2 sum-dscp 1460 b8 64
	partial 10.1.0.2 sum-ttl 1460 00 33
	partial 10.1.0.2 sum-edit 1200 b8 33
	got=$(catch syn fd01::2 80)
	same 'control' "$(mss_of "$got") $(tos_of "$got") $(ttl_of "$got") ${got#* }" '1440 00 64 ok'
	partial fd01::2 sum-mss 1200 00 64
	partial fd01::2 sum-dscp 1440 b8 64
	partial fd01::2 sum-ttl 1440 00 33
	partial fd01::2 sum-edit 1200 b8 33
}

t sum_partial_control 'control: an action that computes the checksum too early breaks a local SYN, and this test notices'
sum_partial_control() {
	local got
	on_tun_local
	# The window scale option stands for any byte of the TCP header. With csum tcp it is right, with pedit alone not.
	tc filter add dev t0 egress pref 7 protocol ip matchall action pedit munge offset 32 u16 set 0x1234
	got=$(catch syn 10.1.0.2 80)
	same 'pedit alone, under PARTIAL' "${got#* }" ok	# the checksum is computed later
	tc filter del dev t0 egress pref 7
	tc filter add dev t0 egress pref 7 protocol ip matchall action pedit munge offset 36 u16 set 0x1234
	got=$(catch syn 10.1.0.2 80)
	same 'a wrong start' "${got#* }" bad-l4
}

t sum_partial_udp 'local UDP with CHECKSUM_PARTIAL, v4 and v6, redirected to a tun device: the checksums are right'
sum_partial_udp() {
	local to got object
	ipv6
	# veth has checksum offload, so the packet is PARTIAL. tun has none, so the kernel completes the checksum.
	wire a b
	ip addr add 10.1.0.1/24 dev a
	ip addr add fd01::1/64 dev a
	ip neigh add 10.1.0.2 lladdr 02:00:00:00:00:02 dev a nud permanent
	ip neigh add fd01::2 lladdr 02:00:00:00:00:02 dev a nud permanent
	clsact a
	got=$(packet catch b 1 "$work/packet" udp 10.1.0.2 9 100)
	same 'control: it is PARTIAL' "${got#* }" partial
	tun t0
	tc filter add dev a egress pref 65001 matchall action mirred egress redirect dev t0
	for to in 10.1.0.2 fd01::2; do
		got=$(packet catch tun:t0 1 "$work/packet" udp $to 9 100)
		same "control: $to" "$(tos_of "$got") $(ttl_of "$got") ${got#* }" '00 64 ok'
		for object in sum-mss sum-edit; do
			tc filter add dev a egress pref 7 matchall "@$object" continue
			got=$(packet catch tun:t0 1 "$work/packet" udp $to 9 100)
			case $object in
			*mss) same $object "$(tos_of "$got") $(ttl_of "$got") ${got#* }" '00 64 ok' ;;
			*edit) same $object "$(tos_of "$got") $(ttl_of "$got") ${got#* }" 'b8 33 ok' ;;
			esac
			ran a egress 7
			same reasons "$(reasons a egress 7)" ''
			tc filter del dev a egress pref 7
		done
	done
}

# ---- transfers ------------------------------------------------------------------------------

t sum_gso 'TCP v4 and v6 with GSO and all offloads on: every byte arrives, no checksum error'
sum_gso() {
	local packets p json bytes=2000000
	two
	tc filter add dev a egress pref 7 matchall @sum-edit pipe @segments continue
	tc filter add dev a egress pref 8 protocol all u32 match mark 0 0xfffffffe action gact pass
	tc filter add dev a egress pref 9 matchall action gact pass
	# filters of the receiver see the packets after the change
	in_netns far tc qdisc add dev b clsact
	in_netns far tc filter add dev b ingress pref 1 protocol ip flower ip_tos 0xb8/0xfc ip_ttl 33 action gact pass
	in_netns far tc filter add dev b ingress pref 2 protocol ipv6 flower ip_tos 0xb8/0xfc ip_ttl 33 action gact pass
	send $bytes
	same 'checksum errors' "$(bad_sums far)" 0
	same reasons "$(reasons a egress 7)" ''
	# tc counts a GSO packet as gso_segs packets
	read -r packets _ < <(stats a egress 9)
	((packets > bytes / 1448)) || fail "only $packets segments in super-packets"
	for p in 1 2; do
		json=$(in_netns far tc -j -s filter show dev b ingress pref $p)
		[[ $json =~ \"packets\":([0-9]+) ]]
		((BASH_REMATCH[1] > 10)) || fail "only ${BASH_REMATCH[1]} packets changed at pref $p"
	done
}

t sum_gso_software 'the same with offloads off: segments and checksums made in software, verified on arrival'
sum_gso_software() {
	two
	packet offload a tx-tcp-segmentation off
	packet offload a tx-tcp6-segmentation off
	packet offload a tx-checksum-ip-generic off
	tc filter add dev a egress pref 7 matchall @sum-edit
	send 1000000
	same 'checksum errors' "$(bad_sums far)" 0
	same reasons "$(reasons a egress 7)" ''
}

# translated: two, and what sum-nat4 and sum-nat6 make of 10.8.0.9 and fd09::9 are addresses of far; a computes no checksums
translated() {
	local to
	two
	packet offload a tx-checksum-ip-generic off
	ip addr add 10.8.0.1/24 dev a
	ip addr add fd09::1/64 dev a
	ip -n far addr add 10.8.0.2/24 dev b
	ip -n far addr add fd09::2/64 dev b nodad
	for to in 10.8.0.9 fd09::9; do ip neigh add $to lladdr 02:00:00:00:0b:01 dev a nud permanent; done
}

t sum_udp_gso 'datagrams that the kernel segments for a device that computes no checksums, through nat, v4 and v6'
sum_udp_gso() {
	local to
	translated
	tc filter add dev a egress pref 7 protocol ip matchall @sum-nat4 pipe @segments continue
	tc filter add dev a egress pref 8 protocol ipv6 matchall @sum-nat6 pipe @segments continue
	since 6.11 || skip 'this kernel sends no such packets'
	for to in 10.8.0.9,10.8.0.2 fd09::9,fd09::2; do
		same "datagrams to $to" "$(packet transfer udp far ${to%,*} 5000 ${to#*,} 500)" '5000 0x00'
	done
	same 'checksum errors' "$(bad_sums far)" 0
}

t sum_tunnel 'a connection in VXLAN, whose outer UDP checksum is complete, through nat, v4 and v6'
sum_tunnel() {
	local to
	translated
	ip neigh add 10.8.0.2 lladdr 02:00:00:00:0b:01 dev a nud permanent
	for to in 10.8.0. fd09::; do
		ip link add x type vxlan id 5 local ${to}1 remote ${to}9 dstport 4789 nolearning udpcsum dev a 2>/dev/null ||
			skip 'this kernel has no vxlan'
		ip -n far link add x type vxlan id 5 local ${to}2 remote ${to}1 dstport 4789 udpcsum dev b
		ip addr add 10.7.0.1/24 dev x
		ip -n far addr add 10.7.0.2/24 dev x
		ip link set x up
		ip -n far link set x up
		tc filter add dev a egress pref 7 protocol ip matchall @sum-nat4 continue
		tc filter add dev a egress pref 8 protocol ipv6 matchall @sum-nat6 continue
		same "transfer to ${to}9" "$(packet transfer tcp far 10.7.0.2 300000)" '300000 0x00'
		same 'checksum errors' "$(bad_sums far)" 0
		ip link del x
		ip -n far link del x
		tc filter del dev a egress
	done
}

t sum_receiver_control 'control: this receiver counts a wrong checksum'
sum_receiver_control() {
	two
	packet offload a tx-checksum-ip-generic off
	same before "$(bad_sums far)" 0
	tc filter add dev a egress pref 7 protocol ip matchall action pedit munge ip ttl set 33
	packet udp 10.1.0.2 9 100
	counted() { [[ $(bad_sums far) == "$1" ]]; }
	eventually counted 1
	tc filter del dev a egress pref 7
	tc filter add dev a egress pref 7 matchall @sum-ttl
	packet udp 10.1.0.2 9 100
	ran a egress 7
	# shellcheck disable=SC2016 # awk's
	refusals() { in_netns far awk '$1 == "Udp:" && $2 ~ /[0-9]/ { exit $3 < 1 }' /proc/net/snmp; }
	eventually refusals	# NoPorts: the datagram arrived, but no socket has this port
	counted 1 || fail 'ours broke a checksum'
}

t sum_forward 'forwarded packets, v4 and v6: not verified before the action (NONE), verified by the receiver'
sum_forward() {
	local to got
	ipv6
	peer far a b 10.1.0.1/24,fd01::1/64 10.1.0.2/24,fd01::2/64
	peer near c d 10.2.0.1/24,fd02::1/64 10.2.0.2/24,fd02::2/64
	echo 1 >/proc/sys/net/ipv4/ip_forward
	echo 1 >/proc/sys/net/ipv6/conf/all/forwarding
	ip -n far route add default via 10.1.0.1
	ip -n far -6 route add default via fd01::1
	ip -n near route add default via 10.2.0.1
	ip -n near -6 route add default via fd02::1
	for n in near:d far:b; do
		in_netns ${n%:*} "$work/packet" offload ${n#*:} tx-checksum-ip-generic off
	done
	clsact a c
	tc filter add dev a egress pref 7 matchall @sum-edit
	tc filter add dev c ingress pref 7 matchall @sum-dscp continue
	for to in 10.1.0.2 fd01::2; do
		same "transfer to $to" "$(in_netns near "$work/packet" transfer tcp far $to 300000)" '300000 0x00'
		same "datagram to $to" "$(in_netns near "$work/packet" transfer udp far $to 1000)" '1000 0xb8'
	done
	same 'checksum errors' "$(bad_sums far) $(bad_sums near)" '0 0'
	same reasons "$(reasons a egress 7)" ''
	same reasons "$(reasons c ingress 7)" ''
	# control: without the actions the receiver sees no DSCP
	tc filter del dev a egress pref 7
	tc filter del dev c ingress pref 7
	same control "$(in_netns near "$work/packet" transfer udp far 10.1.0.2 1000)" '1000 0x00'
}

# ---- CHECKSUM_COMPLETE: a GRE device that has verified the GRE checksum passes this on ------

# complete gre|gretap: what comes out of far's g0 is CHECKSUM_COMPLETE. From then on, tc acts in far.
complete() {
	ipv6
	peer far a b 10.1.0.1/24 10.1.0.2/24
	packet offload a tx-checksum-ip-generic off
	ip link add name g0 type "$1" local 10.1.0.1 remote 10.1.0.2 csum dev a 2>/dev/null ||
		skip "this kernel has no $1"
	ip -n far link add name g0 type "$1" local 10.1.0.2 remote 10.1.0.1 csum dev b
	if [[ $1 == gretap ]]; then
		ip link set dev g0 address 02:00:00:00:0c:01
		ip -n far link set dev g0 address 02:00:00:00:0d:01
	fi
	ip link set dev g0 up
	ip -n far link set dev g0 up
	tc_netns=far
	clsact g0
	tc filter add dev g0 ingress pref 1 matchall action bpf object-file "$work/bpf.o" sec action/complete pipe \
		action gact continue
	# newer kernels log this only once, unless it is reset here
	[[ -e /sys/kernel/debug/clear_warn_once ]] || skip 'this kernel has no debugfs'
	echo 1 >/sys/kernel/debug/clear_warn_once
	before=$(faults)
}
faults() { dmesg | grep -c 'hw csum failure' || true; }

# unharmed COUNT: so many packets were COMPLETE, and the kernel has found no wrong checksum
unharmed() {
	same 'COMPLETE' "$(stats g0 ingress 1 2)" "$1 0"
	same faults "$(faults)" "$before"
	same 'checksum errors' "$(bad_sums far)" 0
}
noticed() { [[ $(faults) != "$before" || $(bad_sums far) != 0 ]]; }

t sum_complete 'CHECKSUM_COMPLETE (a gre device with csum): IPv6 through dscp and ttl, no csum failure'
sum_complete() {
	local before got
	complete gre
	ip addr add fd09::1/64 dev g0
	ip -n far addr add fd09::2/64 dev g0
	same control "$(packet transfer udp far fd09::2 1000)" '1000 0x00'
	tc filter add dev g0 ingress pref 7 matchall @sum-edit
	got=$(packet transfer udp far fd09::2 1000)
	[[ $(reasons g0 ingress 7) != link-unknown=* ]] ||
		skip "this kernel shows ingress of a tunnel the outer header"
	same datagram "$got" '1000 0xb8'
	unharmed 2
	# control: pedit does not update skb->csum, and the kernel notices
	tc filter del dev g0 ingress pref 7
	tc filter add dev g0 ingress pref 7 protocol ipv6 matchall action pedit ex munge ip6 hoplimit set 33
	packet udp fd09::2 9 1000
	eventually noticed
}

t sum_complete_nat 'the same (a gretap device) through nat, v4 and v6, and npt'
sum_complete_nat() {
	local before to at p
	complete gretap
	ip addr add 10.8.0.1/24 dev g0
	ip addr add fd09::1/64 dev g0
	ip -6 route add fd0a::/64 dev g0
	ip -n far addr add 10.8.0.2/24 dev g0
	for at in fd09::2 fd09:0:0:1::9; do ip -n far addr add $at/64 dev g0 nodad; done
	for to in 10.8.0.9 fd09::9 fd0a::9; do
		ip neigh add $to lladdr 02:00:00:00:0d:01 dev g0 nud permanent
	done
	tc filter add dev g0 ingress pref 7 protocol ip matchall @sum-nat4 continue
	tc filter add dev g0 ingress pref 8 protocol ipv6 matchall @sum-nat6 continue
	tc filter add dev g0 ingress pref 9 protocol ipv6 matchall @sum-npt continue
	for to in 10.8.0.9,10.8.0.2 fd09::9,fd09::2 fd0a::9,fd09:0:0:1::9; do
		same "datagram to $to" "$(packet transfer udp far ${to%,*} 1000 ${to#*,})" '1000 0x00'
	done
	unharmed 3
	for p in 7 8 9; do same reasons "$(reasons g0 ingress $p)" ''; done
	# control: the packet is still COMPLETE after nat
	tc filter add dev g0 ingress pref 10 protocol ipv6 matchall action pedit ex munge ip6 hoplimit set 33
	packet udp fd09::9 9 1000
	eventually noticed
}

t sum_complete_vlan 'the same through vlan: pop or set one of two tags, push a second one and pop it'
sum_complete_vlan() {
	local before dev on vid to at behind
	complete gretap
	for dev in g7:g0:7 g5:g0:5 g7.5:g7:5 g8:g0:8 g8.5:g8:5; do
		IFS=: read -r dev on vid <<<"$dev"
		vlan "$dev" "$on" "$vid"
		ip -n far link add link "$on" name "$dev" type vlan id "$vid"
		ip -n far link set dev "$dev" up
	done
	while read -r dev to at behind; do
		ip addr add "${to}1/$at" dev "$dev"
		ip neigh add "${to}2" lladdr 02:00:00:00:0d:01 dev "$dev" nud permanent
		ip -n far addr add "${to}2/$at" dev "$behind"
	done <<-'EOT'
		g7.5 10.8.0. 24 g5
		g7.5 fd08:: 64 g5
		g5 10.9.0. 24 g5
		g5 fd09:: 64 g5
		g8.5 10.10.0. 24 g7.5
		g8.5 fd0a:: 64 g7.5
	EOT
	tc filter add dev g0 ingress pref 6 protocol 802.1q flower vlan_id 8 @sum-set ok
	tc filter add dev g0 ingress pref 7 protocol 802.1q flower vlan_id 7 @sum-pop ok
	tc filter add dev g0 ingress pref 8 protocol 802.1q flower vlan_id 5 @sum-push pipe @sum-pop ok
	for to in 10.8.0.2 fd08::2 10.9.0.2 fd09::2 10.10.0.2 fd0a::2; do
		same "datagram to $to" "$(packet transfer udp far $to 1000)" '1000 0x00'
	done
	unharmed 6
	for dev in 6 7 8; do
		(($(stats g0 ingress $dev | cut -d ' ' -f 1) >= 2)) || fail "the change has not seen both datagrams"
		same reasons "$(reasons g0 ingress $dev)" ''
	done
	# control: the packet is still COMPLETE after pop, and after set
	tc filter del dev g0 ingress pref 7
	tc filter add dev g0 ingress pref 7 protocol 802.1q flower vlan_id 7 @sum-pop pipe \
		action pedit ex munge ip6 hoplimit set 33
	packet udp fd08::2 9 1000
	eventually noticed
	echo 1 >/sys/kernel/debug/clear_warn_once
	before=$(faults)
	tc filter del dev g0 ingress pref 6
	# the inner tag is at the offset where pedit expects the IP header
	tc filter add dev g0 ingress pref 6 protocol 802.1q flower vlan_id 8 @sum-set pipe \
		action pedit munge offset 8 u8 set 33
	packet udp fd0a::2 9 1000
	eventually noticed
}

t sum_complete_redirect 'the same, redirected to the egress of another device, through mac and a tag with TPID 0x9100'
sum_complete_redirect() {
	local before at change n=0
	local summed=(action bpf object-file "$work/bpf.o" sec action/summed pipe action gact drop)
	complete gretap
	ip addr add 10.8.0.1/24 dev g0
	ip neigh add 10.8.0.2 lladdr 02:00:00:00:0d:01 dev g0 nud permanent
	ip -n far link add name w type veth peer name v
	ip -n far link set dev w up
	ip -n far link set dev v up
	clsact w
	tc filter add dev g0 ingress pref 7 matchall action mirred egress redirect dev w
	while read -r at change; do
		# shellcheck disable=SC2086 # words
		tc filter add dev w egress pref 7 matchall $change "${summed[@]}"
		packet udp 10.8.0.2 9 1000
		n=$((n + 1))
		redirected() { [[ $(stats g0 ingress 1 2) == "$n 0" ]]; }
		eventually redirected
		same "the sum of what leaves: $change" "$(stats w egress 7 "$at")" '1 1'
		tc filter del dev w egress pref 7
	done <<-'EOT'
		2
		3 @sum-mac pipe
		3 @sum-tpid pipe
		4 @sum-tpid pipe @sum-pop pipe
	EOT
	# control: pedit does not update it
	tc filter add dev w egress pref 7 matchall action pedit munge offset -14 u8 set 33 pipe "${summed[@]}"
	packet udp 10.8.0.2 9 1000
	n=$((n + 1))
	eventually redirected
	same control "$(stats w egress 7 3)" '0 0'
}

# ---- fragments ------------------------------------------------------------------------------

t fragments 'a large UDP datagram, v4 and v6: every fragment gets the DSCP, and the datagram is reassembled'
fragments() {
	local got to
	two
	in_netns far tc qdisc add dev b clsact
	# a fragment that arrives without this DSCP is dropped
	in_netns far tc filter add dev b ingress pref 1 protocol ip u32 match ip dsfield 0xb8 0xfc action gact pass
	in_netns far tc filter add dev b ingress pref 2 protocol ipv6 u32 match ip6 priority 0xb8 0xfc action gact pass
	in_netns far tc filter add dev b ingress pref 3 protocol ip matchall action gact drop
	for to in 10.1.0.2 fd01::2; do
		tc filter add dev a egress pref 7 matchall @sum-dscp
		same "$to" "$(packet transfer udp far $to 9000)" '9000 0xb8'
		read -r got _ < <(stats a egress 7)
		((got >= 7)) || fail "$got fragments of 9000 bytes"
		same reasons "$(reasons a egress 7)" ''
		tc filter del dev a egress pref 7
	done
	# control
	packet catch a 0 "$work/packet" udp 10.1.0.2 9 9000
	json=$(in_netns far tc -j -s filter show dev b ingress pref 3)
	[[ $json =~ \"drops\":([0-9]+) ]]
	((BASH_REMATCH[1] >= 7)) || fail "control: ${BASH_REMATCH[1]} unmarked fragments"
}
