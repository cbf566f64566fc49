# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# learn and restore: the field of one direction on the other, for real sessions and packet by packet.

# pair NAME [PARAM VALUE]...: pins learn and restore as @NAME/learn and @NAME/restore, with one table, and with these
# values as far as each of them has them
pair() {
	local action pin=/sys/fs/bpf/$1 args=() share=() i
	mkdir -p "$pin"
	for action in learn restore; do
		args=()
		for ((i = 2; i < $#; i += 2)); do
			[[ $action == learn && ${!i} == mask || $action == restore && ${!i} == timeout ]] || args+=("${@:i:2}")
		done
		"$data" "$objects" load "${share[@]}" -o "$pin/$action" "$action" "${args[@]}" 2>/run/load || fail "$(</run/load)"
		share=(-s "$pin/learn")
	done
}

# ---- packet by packet ----------------------------------------------------------------------------

# datagram FROM TO PORT PORT TOS: a frame from 10.9.0.FROM to 10.9.0.TO
datagram() {
	printf '020000000b01020000000a01080045%s001c0000400040110000%08x%08x%04x%04x00080000\n' "$5" \
		$((0x0a090000 + $1)) $((0x0a090000 + $2)) "$3" "$4"
}
# tos: of frames, one a line
tos() { cut -c 31-32 | tr '\n' ' '; }

t flow_table 'eight flows have a place, the ninth is not learned: its replies are as they were, and nothing else changes'
flow_table() {
	local n out
	wire a b
	clsact a b
	pair few flows 16
	tc filter add dev a egress pref 7 matchall @few/learn continue
	tc filter add dev b egress pref 7 matchall @few/restore continue
	out=$(for n in {1..9} {1..9}; do datagram 1 2 "$n" 53 b8; done | packet pass a b | tos)
	same 'what is learned does not change' "$out" "$(printf 'b8 %.0s' {1..18})"
	same reasons "$(reasons a egress 7)" 'full=2'
	# ECN is kept
	out=$(for n in {1..9}; do datagram 2 1 53 "$n" 03; done | packet pass b a | tos)
	same replies "$out" "$(printf 'bb %.0s' {1..8})03 "
	same reasons "$(reasons b egress 7)" 'no-flow=1'
	# neither the direction of learn nor another port
	out=$({ datagram 1 2 1 53 00; datagram 2 1 54 1 00; } | packet pass b a | tos)
	same others "$out" '00 00 '
	same counts "$(stats a egress 7) $(stats b egress 7)" '18 0 11 0'
}

t flow_timeout 'a flow is forgotten after its timeout, and its place is free; the table of another pair knows nothing'
flow_timeout() {
	local out n
	wire a b
	clsact a b
	pair short flows 16 timeout 2s
	pair other flows 16
	tc filter add dev a egress pref 7 matchall @short/learn continue
	tc filter add dev b egress pref 6 matchall @other/restore continue
	tc filter add dev b egress pref 7 matchall @short/restore continue
	out=$(for n in {1..8}; do datagram 1 2 "$n" 53 28; done | packet pass a b | tos)
	same reply "$(datagram 2 1 53 1 00 | packet pass b a | tos)" '28 '
	sleep 2.4
	same 'late reply' "$(datagram 2 1 53 1 00 | packet pass b a | tos)" '00 '
	same reasons "$(reasons b egress 6), $(reasons b egress 7)" 'no-flow=2, no-flow=1'
	datagram 1 2 9 53 48 | packet pass a b >/dev/null
	same 'its place' "$(datagram 2 1 53 9 00 | packet pass b a | tos)" '48 '
	same reasons "$(reasons a egress 7)" ''
}

t flow_gso 'a GSO packet of four segments is one for the counters of restore'
flow_gso() {
	wire a b
	clsact a
	pair gso
	tc filter add dev a egress pref 7 matchall @gso/restore continue
	packet gso a 4040 2
	# for tc it is four; or none, before Linux 6.19
	[[ $(stats a egress 7) == [80]' 0' ]] || fail "$(stats a egress 7)"
	same reasons "$(reasons a egress 7)" 'no-flow=2'
}

bake flow-34 match field mark value 0x34
t flow_mark 'eight bits of the mark of what goes out are on the replies when they come in'
flow_mark() {
	two
	type ping >/dev/null 2>&1 || skip "there is no ping"
	pair mark field mark mask 0xff
	tc filter add dev a egress pref 7 matchall @mark/learn continue
	tc filter add dev a ingress pref 7 matchall @mark/restore continue
	tc filter add dev a ingress pref 8 protocol ip matchall @flow-34 pipe action gact pass
	ping -qc2 -i0.2 -m $((0x1234)) 10.1.0.2 >/dev/null
	same replies "$(stats a ingress 8), $(stats a ingress 8 2)" '2 0, 2 0'
}

# ---- sessions ------------------------------------------------------------------------------------

# router: here, between the clients behind l, whose device is c, and the servers behind w
router() {
	ipv6
	peer clients l c 10.1.0.1/24,fd01::1/64 10.1.0.2/24,fd01::2/64
	peer servers w s 10.2.0.1/24,fd02::1/64 10.2.0.2/24,fd02::2/64
	for route in 'clients 10.1.0.1 fd01::1' 'servers 10.2.0.1 fd02::1'; do
		read -ra route <<<"$route"
		ip -n "${route[0]}" route add default via "${route[1]}"
		ip -n "${route[0]}" -6 route add default via "${route[2]}"
	done
	echo 1 >/proc/sys/net/ipv4/ip_forward
	echo 1 >/proc/sys/net/ipv6/conf/all/forwarding
	clsact w
	# what arrives at the clients, but for neighbour discovery
	tc_netns=clients tc qdisc add dev c clsact
	tc_netns=clients tc filter add dev c ingress pref 1 protocol ipv6 flower ip_proto icmpv6 action gact pass
	tc_netns=clients tc filter add dev c ingress pref 2 protocol ip flower ip_tos 0x88/0xfc action gact pass
	tc_netns=clients tc filter add dev c ingress pref 3 protocol ipv6 flower ip_tos 0x88/0xfc action gact pass
	tc_netns=clients tc filter add dev c ingress pref 4 matchall action gact pass
}

# sessions: TCP and UDP, over IPv4 and IPv6, with AF41
sessions() { in_netns clients "$work/packet" echo servers 10.2.0.2,fd02::2 40 0x88 || fail 'a session failed'; }

# replies: how many came with AF41, by IPv4 and IPv6, and how many without
replies() {
	local pref counted packets=()
	for pref in 2 3 4; do
		counted=$(tc_netns=clients stats c ingress "$pref")
		packets+=("${counted% *}")
	done
	echo "${packets[*]}"
}

# marked: all replies of both families are
marked() {
	local got
	got=$(replies)
	echo "# replies with AF41: IPv4 ${got% * *}, $got without"
	[[ $got =~ ^[0-9]{2,}\ [0-9]{2,}\ 0$ ]] || fail "not all replies: $got"
}

flowtable() {
	type -P nft >/dev/null || skip 'no nft'
	nft -f - <<-'EOT' 2>/run/refused || skip "no flowtable here: $(</run/refused)"
		table inet t {
			flowtable ft { hook ingress priority 0; devices = { l, w }; }
			counter slow { }
			chain c { type filter hook forward priority 0; counter name slow; meta l4proto { tcp, udp } flow add @ft; }
		}
	EOT
}

t flow_sessions 'TCP and UDP sessions through a router, IPv4 and IPv6: all replies have the DSCP of the requests'
flow_sessions() {
	local before
	router
	sessions
	differ replies "$(replies)" '0 0 0'
	[[ $(replies) == '0 0 '* ]] || fail "control: $(replies)"
	pair both
	tc filter add dev w egress pref 7 matchall @both/learn continue
	tc filter add dev w ingress pref 7 matchall @both/restore continue
	tc_netns=clients tc filter del dev c ingress pref 4
	tc_netns=clients tc filter add dev c ingress pref 4 matchall action gact pass
	sessions
	marked
	# an ICMP error of a flow: nobody listens at port 9
	before=$(replies | cut -d ' ' -f 1)
	in_netns clients "$work/packet" udp 10.2.0.2 9 20 tos 0x88
	eventually errors
	# on a busy machine, neighbour discovery asks again
	[[ $(reasons w egress 7) =~ ^(no-flow=[1-4])?$ ]] || fail "reasons: $(reasons w egress 7)"
}
errors() { (($(replies | cut -d ' ' -f 1) > before)); }

t flow_offload 'the same under a flowtable of nftables, where conntrack and netfilter see only the first packets'
flow_offload() {
	local slow
	router
	flowtable
	pair both
	tc filter add dev w egress pref 7 matchall @both/learn continue
	tc filter add dev w ingress pref 7 matchall @both/restore continue
	sessions
	marked
	slow=$(nft list counter inet t slow | sed -n 's/.*packets \([0-9]*\).*/\1/p')
	echo "# $slow packets met the forward chain"
	((slow < 60)) || fail "the flowtable is not used: $slow packets met the forward chain"
}

t flow_ctinfo 'act_ctinfo, which takes the DSCP from conntrack, does the same to the same sessions'
flow_ctinfo() {
	router
	type -P nft >/dev/null || skip 'no nft'
	nft -f - <<<'table inet t { chain c { type filter hook forward priority 0; ct mark set 0x01000022; }; }' 2>/run/refused ||
		skip "no conntrack here: $(</run/refused)"
	tc filter add dev w ingress pref 7 matchall action ctinfo dscp 0x3f 0x01000000 continue 2>/run/refused ||
		skip "no act_ctinfo here: $(</run/refused)"
	sessions
	marked
}
