# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash disable=SC2016,SC2086,SC2154,SC2317 # bpf[NAME] is words; variables are lib.sh's
# Checksums in every state that a real data path produces: verified in full by a reader that is
# not the kernel, or by a receiver that has to verify them itself.

bake sum-edit edit dscp.value ef ttl.set 33 mss.max 1200
bake sum-dscp dscp value ef
bake sum-ttl ttl set 33
bake sum-mss mss max 1200
bake segments meta set mark from gso_segs

# ---- CHECKSUM_PARTIAL: a local sender, seen by the reader of a tun device -------------------

on_tun_local() {
	ipv6
	tun t0 10.1.0.1/24
	ip addr add fd01::1/64 dev t0
	clsact t0
	catch() { packet catch tun:t0 1 "$work/packet" "$@"; }
}

# mss_of PACKET: the MSS option of a SYN, which Linux puts first
mss_of() {
	local at=$((2 * 40))
	[[ $1 == 4* ]] || at=$((2 * 60))
	[[ ${1:at:4} == 0204 ]] || fail "no MSS option in $1"
	echo $((16#${1:at+4:4}))
}
# tos_of PACKET, ttl_of PACKET
tos_of() { [[ $1 == 4* ]] && echo "${1:2:2}" || echo "${1:1:2}"; }
ttl_of() { [[ $1 == 4* ]] && echo $((16#${1:16:2})) || echo $((16#${1:14:2})); }

# partial ADDRESS OBJECT MSS TOS TTL: what a local SYN looks like
partial() {
	local got
	tc filter add dev t0 egress pref 7 matchall ${bpf[$2]}
	got=$(catch syn "$1" 80)
	same "mss of $2" "$(mss_of "$got")" "$3"
	same "tos of $2" "$(tos_of "$got")" "$4"
	same "ttl of $2" "$(ttl_of "$got")" "$5"
	same "sums of $2" "${got#* }" ok
	ran t0 egress 7
	tc filter del dev t0 egress pref 7
}

t sum_partial_syn 'local TCP SYN (CHECKSUM_PARTIAL) through mss, dscp, ttl, edit: reader verifies'
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

t sum_partial_control 'control: an action that sums the segment itself breaks a local SYN, and it shows'
sum_partial_control() {
	local got
	on_tun_local
	# window scale option: any byte of the TCP header; csum tcp does it right, pedit alone not
	tc filter add dev t0 egress pref 7 protocol ip matchall action pedit munge offset 32 u16 set 0x1234
	got=$(catch syn 10.1.0.2 80)
	same 'pedit alone, under PARTIAL' "${got#* }" ok	# the sum is yet to be made
	tc filter del dev t0 egress pref 7
	tc filter add dev t0 egress pref 7 protocol ip matchall action pedit munge offset 36 u16 set 0x1234
	got=$(catch syn 10.1.0.2 80)
	same 'a wrong start' "${got#* }" bad-l4
}

t sum_partial_udp 'local UDP with CHECKSUM_PARTIAL, v4 and v6, redirected to a reader'
sum_partial_udp() {
	local to got object
	ipv6
	# a veth has checksum offload, so that the sum is PARTIAL; tun has none, so that it is made
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
			tc filter add dev a egress pref 7 matchall ${bpf[$object]} continue
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

two() {
	ipv6
	peer far a b 10.1.0.1/24,fd01::1/64 10.1.0.2/24,fd01::2/64
	clsact a
}

# send BYTES: over TCP, both families; the receiver compares every byte
send() {
	local to
	for to in 10.1.0.2 fd01::2; do
		same "transfer to $to" "$(packet transfer tcp far $to "$1")" "$1 0x00"
	done
}

t sum_gso 'TCP v4 and v6 with GSO and all offloads on: every byte arrives, no checksum error'
sum_gso() {
	local packets p json bytes=2000000
	two
	tc filter add dev a egress pref 7 matchall ${bpf[sum-edit]} pipe ${bpf[segments]} continue
	tc filter add dev a egress pref 8 protocol all u32 match mark 0 0xfffffffe action gact pass
	tc filter add dev a egress pref 9 matchall action gact pass
	# seen behind the change: by the receiver's own tc
	in_netns far tc qdisc add dev b clsact
	in_netns far tc filter add dev b ingress pref 1 protocol ip flower ip_tos 0xb8/0xfc ip_ttl 33 action gact pass
	in_netns far tc filter add dev b ingress pref 2 protocol ipv6 flower ip_tos 0xb8/0xfc ip_ttl 33 action gact pass
	send $bytes
	same 'checksum errors' "$(bad_sums far)" 0
	same reasons "$(reasons a egress 7)" ''
	# tc counts a super-packet as its segments; ours tell it by gso_segs
	read -r packets _ < <(stats a egress 9)
	((packets > bytes / 1448)) || fail "only $packets segments in super-packets"
	for p in 1 2; do
		json=$(in_netns far tc -j -s filter show dev b ingress pref $p)
		[[ $json =~ \"packets\":([0-9]+) ]]
		((BASH_REMATCH[1] > 10)) || fail "only ${BASH_REMATCH[1]} packets changed at pref $p"
	done
}

t sum_gso_software 'the same with offloads off: segmented and summed in software, verified on arrival'
sum_gso_software() {
	two
	packet offload a tx-tcp-segmentation off
	packet offload a tx-tcp6-segmentation off
	packet offload a tx-checksum-ip-generic off
	tc filter add dev a egress pref 7 matchall ${bpf[sum-edit]}
	send 1000000
	same 'checksum errors' "$(bad_sums far)" 0
	same reasons "$(reasons a egress 7)" ''
}

t sum_receiver_control 'control: that receiver does count a broken checksum'
sum_receiver_control() {
	two
	packet offload a tx-checksum-ip-generic off
	same before "$(bad_sums far)" 0
	tc filter add dev a egress pref 7 protocol ip matchall action pedit munge ip ttl set 33
	packet udp 10.1.0.2 9 100
	counted() { [[ $(bad_sums far) == "$1" ]]; }
	eventually counted 1
	tc filter del dev a egress pref 7
	tc filter add dev a egress pref 7 matchall ${bpf[sum-ttl]}
	packet udp 10.1.0.2 9 100
	ran a egress 7
	refusals() { in_netns far awk '$1 == "Udp:" && $2 ~ /[0-9]/ { exit $3 < 1 }' /proc/net/snmp; }
	eventually refusals	# NoPorts: it came so far
	counted 1 || fail 'ours broke a checksum'
}

t sum_forward 'forwarded: sums verified by nobody before (NONE) and by the receiver after; v4, v6'
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
	tc filter add dev a egress pref 7 matchall ${bpf[sum-edit]}
	tc filter add dev c ingress pref 7 matchall ${bpf[sum-dscp]} continue
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

# ---- CHECKSUM_COMPLETE: a GRE device that verified the GRE checksum hands it on -------------

complete() {
	ipv6
	peer far a b 10.1.0.1/24 10.1.0.2/24
	packet offload a tx-checksum-ip-generic off
	ip link add name g0 type gre local 10.1.0.1 remote 10.1.0.2 csum dev a 2>/dev/null ||
		skip "this kernel has no gre"
	ip -n far link add name g0 type gre local 10.1.0.2 remote 10.1.0.1 csum dev b
	ip addr add fd09::1/64 dev g0
	ip -n far addr add fd09::2/64 dev g0
	ip link set dev g0 up
	ip -n far link set dev g0 up
	in_netns far tc qdisc add dev g0 clsact
	faults() { dmesg | grep -c 'hw csum failure' || true; }
}

t sum_complete 'CHECKSUM_COMPLETE (a gre device with csum): IPv6 through dscp and ttl, no csum failure'
sum_complete() {
	local before got json
	complete
	before=$(faults)
	same control "$(packet transfer udp far fd09::2 1000)" '1000 0x00'
	in_netns far tc filter add dev g0 ingress pref 7 matchall ${bpf[sum-edit]}
	got=$(packet transfer udp far fd09::2 1000)
	json=$(in_netns far tc -j filter show dev g0 ingress pref 7)
	[[ $json =~ \"prog\":\{\"id\":([0-9]+) ]]
	[[ $(packet reasons "${BASH_REMATCH[1]}") != 2=* ]] ||	# link-unknown
		skip "this kernel shows ingress of a tunnel the outer header"
	same datagram "$got" '1000 0xb8'
	same faults "$(faults)" "$before"
	same 'checksum errors' "$(bad_sums far)" 0
	# control: pedit does not tell the sum, and the kernel finds out. Last: it says so once only.
	in_netns far tc filter del dev g0 ingress pref 7
	in_netns far tc filter add dev g0 ingress pref 7 protocol ipv6 matchall \
		action pedit ex munge ip6 hoplimit set 33
	packet udp fd09::2 9 1000
	noticed() { [[ $(faults) != "$before" || $(bad_sums far) != 0 ]]; }
	eventually noticed
}

# ---- fragments ------------------------------------------------------------------------------

t fragments 'a large UDP datagram: every fragment gets its DSCP, v4 and v6, and it is reassembled'
fragments() {
	local got to
	two
	in_netns far tc qdisc add dev b clsact
	# what arrives without it is lost
	in_netns far tc filter add dev b ingress pref 1 protocol ip u32 match ip dsfield 0xb8 0xfc action gact pass
	in_netns far tc filter add dev b ingress pref 2 protocol ipv6 u32 match ip6 priority 0xb8 0xfc action gact pass
	in_netns far tc filter add dev b ingress pref 3 protocol ip matchall action gact drop
	for to in 10.1.0.2 fd01::2; do
		tc filter add dev a egress pref 7 matchall ${bpf[sum-dscp]}
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
