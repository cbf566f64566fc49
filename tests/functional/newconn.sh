# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# newconn: which connection is one too many, what is remembered of UDP flows, and the rate beside nft's limit.

bake new3 newconn rate 3 every 3600s seed 1
bake new3-hit newconn rate 3 every 3600s over hit
bake new5 newconn rate 10 every 10s burst 5
bake new5-hit newconn rate 10 every 10s burst 5 over hit
bake new3-80 newconn rate 3 every 3600s port 80 seed 1
bake new3-22 newconn rate 3 every 3600s port 22
bake new1-udp newconn rate 1 every 3600s timeout 3s burst 2

t newconn_each 'of each source three SYNs pass, packet by packet; ACKs, fragments and known UDP flows always pass'
newconn_each() {
	local syn ack v6 udp later
	wire a b
	clsact a
	frames
	syn=${frame[syn4.in]} ack=${frame[ack.in]} v6=${frame[syn6.in]} udp=${frame[v4.in]} later=${frame[v4-later.in]}
	tc filter add dev a egress pref 7 matchall @new3 continue
	same 'SYNs of one' "$(plus_minus "$syn" "$ack" "$syn" "$later" "$syn" "$syn" "$ack" "$syn" "$later")" '+++++-+-+'
	same 'a UDP flow of it' "$(plus_minus "$udp" "$udp")" --
	same IPv6 "$(plus_minus "$v6" "$v6" "$v6" "$v6")" +++-
	# another source: its first UDP packet pays, the next ones are known
	syn=${syn/0a010001/0a010003} udp=${udp/0a010001/0a010003}
	same 'another one' "$(plus_minus "$udp" "$udp" "$syn" "$udp" "$syn" "$syn" "$udp" "$ack")" '+++++-++'
	# 1234 is 0x04d2: another flow
	same 'another flow' "$(plus_minus "${udp/04d2/04d3}" "$udp")" -+
	same count "$(stats a egress 7)" '25 7'
	same reasons "$(reasons a egress 7)" 'over=7'
	tc filter del dev a egress pref 7
	tc filter add dev a egress pref 7 matchall @new3-hit drop
	same hit "$(plus_minus "$syn" "$ack" "$syn" "$syn" "$syn" "$udp" "$ack")" '++++--+'
}

t newconn_port 'SYNs to one port, also behind a tag; all else passes'
newconn_port() {
	local syn
	wire a b
	clsact a
	frames
	syn=${frame[syn4.in]}
	tc filter add dev a egress pref 7 matchall @new3-80 continue
	same 'to port 80' "$(plus_minus "$syn" "${frame[v4.in]}" "$syn" "${frame[ack.in]}" "$syn" "$syn" "${frame[vlan.in]}")" '+++++--'
	same reasons "$(reasons a egress 7)" 'over=2'
	tc filter del dev a egress pref 7
	tc filter add dev a egress pref 7 matchall @new3-22 continue
	same 'to another port' "$(plus_minus "$syn" "$syn" "$syn" "$syn" "$syn")" '+++++'
}

t newconn_timeout 'a UDP flow that was silent for the timeout is a new one; each packet renews it'
newconn_timeout() {
	local udp i
	wire a b
	clsact a
	frames
	udp=${frame[v4.in]}
	tc filter add dev a egress pref 7 matchall @new1-udp continue
	for i in 1 2 3; do
		same "packet $i" "$(plus_minus "$udp")" +
		sleep 1.6
	done
	sleep 1.6
	# it begins for the second time; then the burst is used up
	same 'begun again' "$(plus_minus "$udp")" +
	sleep 3.2
	same 'one too many' "$(plus_minus "$udp")" -
	same reasons "$(reasons a egress 7)" 'over=1'
}

# begun: SYNs from one source for some five seconds; prints how many passed, the first of them in a row, how many may
# have passed at one a second and a burst of five
begun() {
	local every='' begin now first passed
	begin=${EPOCHREALTIME/./}
	until now=${EPOCHREALTIME/./} && ((now - begin > 5000000)); do
		every+=$(plus_minus "${frame[syn4.in]}" "${frame[syn4.in]}" "${frame[syn4.in]}" "${frame[syn4.in]}" "${frame[syn4.in]}" \
			"${frame[syn4.in]}")
	done
	first=${every%%-*} passed=${every//-/}
	echo "${#passed} ${#first} $((5 + (now - begin) / 1000000))"
}

t newconn_rate 'the rate of SYNs beside limit of nft: one a second after the burst of five'
newconn_rate() {
	local ours theirs passed first expected
	on_time
	wire a b
	clsact a
	frames
	tc filter add dev a egress pref 7 matchall @new5 continue
	ours=$(begun)
	tc filter del dev a egress pref 7
	nft -f - <<-'EOT' 2>/dev/null || skip "no nft, or no egress hook in this kernel"
	table netdev t {
		set s { type ipv4_addr; flags dynamic; size 1024; }
		chain c {
			type filter hook egress device a priority 0;
			tcp flags & (syn | ack) == syn update @s { ip saddr limit rate over 1/second burst 5 packets } drop
		}
	}
	EOT
	theirs=$(begun)
	echo "# passed, of them in a row, expected: ours $ours, nft $theirs"
	for passed in "$ours" "$theirs"; do
		read -r passed first expected <<<"$passed"
		((passed >= expected - 1 && passed <= expected + 1 && first >= 5 && first <= 6)) ||
			fail "$passed passed, $first in a row; expected $expected and 5"
	done
}

t newconn_hashlimit 'the same SYNs through newconn and through hashlimit of iptables: both find as many over the rate'
newconn_hashlimit() {
	local mac begin now syns=0 ours theirs expected
	wire a b
	clsact a
	frames
	# for b itself, or it would not reach iptables
	mac=${frame[syn4.in]:0:12}
	ip link set dev b address "${mac:0:2}:${mac:2:2}:${mac:4:2}:${mac:6:2}:${mac:8:2}:${mac:10:2}"
	iptables -t raw -A PREROUTING -i b -p tcp --syn -m hashlimit --hashlimit-name syn --hashlimit-mode srcip \
		--hashlimit-above 1/second --hashlimit-burst 5 -j DROP 2>/dev/null || skip "no iptables, or no hashlimit in this kernel"
	tc filter add dev a egress pref 7 matchall @new5-hit continue
	begin=${EPOCHREALTIME/./}
	until now=${EPOCHREALTIME/./} && ((now - begin > 5000000)); do
		plus_minus "${frame[syn4.in]}" "${frame[syn4.in]}" "${frame[syn4.in]}" "${frame[syn4.in]}" >/dev/null
		syns=$((syns + 4))
	done
	ours=$(reasons a egress 7)
	theirs=$(iptables -t raw -vnxL PREROUTING | awk '/DROP/ { print $1 }')
	ours=$((syns - ${ours#over=})) theirs=$((syns - theirs)) expected=$((5 + (now - begin) / 1000000))
	echo "# of $syns SYNs, within the rate: ours $ours, hashlimit $theirs, expected $expected"
	((ours >= expected - 1 && ours <= expected + 1)) || fail "ours: $ours of $syns"
	((theirs >= expected - 1 && theirs <= expected + 1)) || fail "hashlimit: $theirs of $syns"
}
