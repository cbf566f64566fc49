# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# pace: departure times that fq keeps.

bake still pace rate 8bit horizon 1ms seed 1
bake still-hit pace rate 8bit horizon 1ms over hit
bake pace-400 pace rate 400kbit horizon 1s
bake pace-8m pace rate 8mbit per dst
bake pace-late pace rate 16kbit horizon 3s per none

fq() {
	tc qdisc add dev "$1" root fq || skip "this tc or kernel has no fq"
}

t pace_each 'each source has its own times: the second packet of each is beyond the horizon, dropped and counted'
pace_each() {
	local other
	wire a b
	clsact a
	frames
	other=${frame[v4.in]/0a010001/0a010003}
	tc filter add dev a egress pref 7 matchall @still continue
	same 'three sources' "$(pass a b "${frame[v4.in]}" "${frame[v4.in]}" "$other" "$other" "${frame[v6.in]}" "${frame[v6.in]}")" \
		"$(printf '%s\n' "${frame[v4.in]}" - "$other" - "${frame[v6.in]}" -)"
	same count "$(stats a egress 7)" '6 3'
	same reasons "$(reasons a egress 7)" 'over=3'
	tc filter del dev a egress pref 7
	tc filter add dev a egress pref 7 matchall @still-hit drop
	same hit "$(pass a b "${frame[v4.in]}" "${frame[v4.in]}" "$other")" "$(printf '%s\n' "${frame[v4.in]}" - "$other")"
}

# sent_since N: how many IPv4 packets came from a after the first N; it sends others at any time, which pace does not see
sent_since() {
	local field
	read -ra field < <(ip netns exec far grep '^Ip: [0-9]' /proc/net/snmp)
	echo $((field[3] - $1))	# InReceives
}
all_sent() { (($(sent_since "$1") == 4)); }

t pace_fq 'fq holds packets until they may leave: at 16 kbit/s, the last of four of 1,442 bytes after 2.16 s'
pace_fq() {
	local before begin took
	on_time
	two
	type ping >/dev/null 2>&1 || skip "there is no ping"
	fq a
	tc filter add dev a egress pref 7 protocol ip matchall @pace-late continue
	# the neighbour is known
	ping -q -c 1 -s 1 10.1.0.2 >/dev/null
	before=$(sent_since 0)
	begin=${EPOCHREALTIME/./}
	ping -q -c 4 -i 0.002 -s 1400 10.1.0.2 >/dev/null || true
	eventually all_sent "$before"
	took=$(((${EPOCHREALTIME/./} - begin) / 1000))
	echo "# the last left after $took ms"
	((took >= 2100)) || fail "the last left after $took ms"
	same reasons "$(reasons a egress 7)" ''
}

t pace_rate 'a flood of pings leaves at the rate: 400 kbit/s are 34.7 of 1,442 bytes in a second'
pace_rate() {
	local before begin n expected
	on_time
	two
	type ping >/dev/null 2>&1 || skip "there is no ping"
	fq a
	tc filter add dev a egress pref 7 protocol ip matchall @pace-400 continue
	before=$(sent_since 0)
	begin=${EPOCHREALTIME/./}
	ping -q -i 0.003 -s 1400 -w 5 10.1.0.2 >/dev/null || true
	n=$(sent_since "$before")
	expected=$(((${EPOCHREALTIME/./} - begin) * 50000 / 1442 / 1000000 + 1))
	echo "# $n packets left, expected $expected"
	((n >= expected * 9 / 10 && n <= expected * 103 / 100)) || fail "$n packets left, expected $expected"
}

t pace_tcp 'TCP at 8 Mbit/s, with nothing lost: 1,000,000 bytes take 1.05 s; super-packets pay for each segment'
pace_tcp() {
	local begin took
	on_time
	two
	fq a
	tc filter add dev a egress pref 7 matchall @pace-8m continue
	begin=${EPOCHREALTIME/./}
	same transfer "$(packet transfer tcp far 10.1.0.2 1000000)" '1000000 0x00'
	took=$(((${EPOCHREALTIME/./} - begin) / 1000))
	echo "# $took ms"
	((took >= 1020)) || fail "faster than the rate: $took ms"
	((took <= 2500)) || fail "slower than half the rate: $took ms"
	same reasons "$(reasons a egress 7)" ''
}

t pace_plans 'two customers, each at his rate at the same time, one of them with an address of each family; a swap keeps the times'
pace_plans() {
	local try first all second both n over
	on_time
	begin_customers
	fq a
	mkdir -p "$work/pings"
	# A guest that is stopped for a while answers less, but never more.
	for try in 1 2 3; do
		"$data" "$objects" load -o /sys/fs/bpf/s/pace -t <(customers) pace horizon 200ms
		tc filter add dev a egress pref 7 matchall @s/pace continue index 5
		all_ping "$work/pings" 1 >"$work/pings/all" &
		# with new buckets it would be 200 ms more for each
		for n in 1 2 3; do
			sleep 0.8
			rm /sys/fs/bpf/s/pace
			"$data" "$objects" load -l "$(program a egress 7)" -o /sys/fs/bpf/s/pace -t <(customers) pace
			tc actions replace action bpf object-pinned /sys/fs/bpf/s/pace continue index 5
		done
		wait
		read -r first all second both _ <"$work/pings/all"
		over=$(reasons a egress 7)
		echo "# $n swaps; answered: $first of $all, $second of $both; $over"
		! below '400 kbit/s' "$first" "$all" || ! below '200 kbit/s, both families' "$second" "$both" || break
		((try < 3)) || {
			[[ $over =~ ^over=[0-9]{2,} ]] && fail "too few were answered"
			skip "the guest is too busy: only ${over:-none} beyond the horizon"
		}
		tc filter del dev a egress pref 7
		rm /sys/fs/bpf/s/pace
	done
	rm -r "$work/pings" /sys/fs/bpf/s
}
