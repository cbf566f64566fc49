# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# Finding the headers on all kinds of devices. Each packet must come out as Scapy has computed it (DSCP 46,
# TTL 33, MSS 1200 by one `edit`), or unchanged and counted by each of the three parts.

bake edit edit dscp.value ef ttl.set 33 mss.max 1200
bake edit-ether edit dscp.value ef ttl.set 33 mss.max 1200 link ether
bake dscp-ether dscp value ef link ether
bake mac-ether mac dst 02:00:00:00:00:02 link ether
bake vlan-ether vlan push 5 link ether
bake edit-none edit dscp.value ef ttl.set 33 mss.max 1200 link none
bake dscp-ef dscp value ef
bake mss-1200 mss max 1200

# each FROM TO [OPTION]... -- NAME...: sends these frames, which must come out as in .$variant (default: edit)
each() {
	local args=() in=() out=() got=() name i=0
	while [[ $1 != -- ]]; do
		args+=("$1")
		shift
	done
	shift
	for name; do
		in+=("${frame[$name.in]}")
		out+=("${frame[$name.$variant]}")
	done
	come_out got "${args[@]}" "${in[@]}"
	same "frames" "${#got[@]}" $#
	for name; do
		same "$name as .$variant" "${got[i]}" "${out[i]}"
		i=$((i + 1))
	done
	variant=edit
}
variant=edit

# ---- Ethernet -------------------------------------------------------------------------------

ethernet_frames=(v4 v6 v4-options v6-extensions syn4 syn6 syn-low ack vlan vlan6 qinq qinq6 qinq-q
	pppoe4 pppoe6 pppoe-vlan)

# on_ether OBJECT: all kinds of frames through egress of a veth, with the tags in the frame
on_ether() {
	wire a b
	clsact a
	frames
	variant=in
	each a b -- "${ethernet_frames[@]}"
	tc filter add dev a egress pref 7 matchall "@$1"
	each a b -- "${ethernet_frames[@]}"
	set -- "${ethernet_frames[@]}"
	same count "$(stats a egress 7)" "$# 0"
	same reasons "$(reasons a egress 7)" ''
}
t link_ether_auto 'veth egress, link auto: plain, VLAN, QinQ, PPPoE, options, extension headers'
link_ether_auto() { on_ether edit; }
t link_ether_baked 'veth egress, link ether baked: the same'
link_ether_baked() { on_ether edit-ether; }

t link_ether_ingress 'veth ingress: the same frames; the outermost tag is in metadata there'
link_ether_ingress() {
	wire a b
	clsact b
	frames
	behind b a2 b2
	variant=in
	each a b2 -- "${ethernet_frames[@]}"
	tc filter add dev b ingress pref 7 matchall @edit continue
	each a b2 -- "${ethernet_frames[@]}"
	set -- "${ethernet_frames[@]}"
	same count "$(stats b ingress 7)" "$# 0"
	same reasons "$(reasons b ingress 7)" ''
}

t link_ether_none 'link none baked on Ethernet (a mistake): left alone'
link_ether_none() {
	wire a b
	clsact a
	frames
	tc filter add dev a egress pref 7 matchall @edit-none
	variant=in
	each a b -- v4 v6 vlan
	same reasons "$(reasons a egress 7)" not-ip=9
}

# What the sender of a multicast packet gets of it begins with the IP header, on Ethernet too
t link_ether_loopback 'copies of multicast for the own host on veth ingress, link ether baked'
link_ether_loopback() {
	local action
	wire a b
	ip addr add 10.1.0.1/24 dev a
	ip route add 224.0.0.0/4 dev a
	clsact a
	multicast() { "$work/packet" udp 224.0.0.1 9 10; }
	# counts IPv4 with DSCP EF, and as it was sent
	tc filter add dev a ingress pref 8 protocol ip u32 match u32 0x45b80000 0xffff0000 at 0 action gact continue
	tc filter add dev a ingress pref 9 protocol ip u32 match u32 0x45000000 0xffff0000 at 0 action gact continue
	multicast
	same "control: neither" "$(stats a ingress 8), $(stats a ingress 9)" "0 0, 1 0"
	tc filter add dev a ingress pref 7 protocol ip matchall @dscp-ether continue
	multicast
	same "dscp" "$(stats a ingress 8), $(stats a ingress 9)" "1 0, 1 0"
	for action in mac vlan; do
		tc filter del dev a ingress pref 7
		tc filter add dev a ingress pref 7 protocol ip matchall "@$action-ether" continue
		multicast
		same "$action: reasons" "$(reasons a ingress 7)" link-unknown=1
	done
	same "mac and vlan" "$(stats a ingress 8), $(stats a ingress 9)" "1 0, 3 0"
}

t link_vlan_metadata 'VLAN device, tag in metadata: filter on the VLAN device, and on the one below'
link_vlan_metadata() {
	local dev
	wire a b
	vlan a.5 a 5
	clsact a a.5
	frames
	tagged() { echo "${1:0:24}81000005${1:24}"; }
	same control "$(pass a.5 b -m a "${frame[syn4.in]}")" "$(tagged "${frame[syn4.in]}")"
	for dev in a.5 a; do
		tc filter add dev $dev egress pref 7 matchall @edit
		same "v4 on $dev" "$(pass a.5 b -m a "${frame[syn4.in]}")" "$(tagged "${frame[syn4.edit]}")"
		same "v6 on $dev" "$(pass a.5 b -m a "${frame[syn6.in]}")" "$(tagged "${frame[syn6.edit]}")"
		same count "$(stats $dev egress 7)" "2 0"
		same reasons "$(reasons $dev egress 7)" ''
		tc filter del dev $dev egress pref 7
	done
}

t link_vlan_frame 'VLAN device, offload off: tag in the frame when it reaches the device below'
link_vlan_frame() {
	wire a b
	packet offload a tx-vlan-hw-insert off
	vlan a.5 a 5
	clsact a a.5
	frames
	same control "$(pass a.5 b -m a "${frame[syn4.in]}")" "${frame[syn4.in]:0:24}81000005${frame[syn4.in]:24}"
	# u32 finds the tag in the frame, so it is not in the metadata
	tc filter add dev a egress pref 6 protocol all u32 match u16 0x8100 0xffff at -2 \
		action gact continue
	tc filter add dev a egress pref 7 matchall @edit
	for f in syn4 syn6; do
		same $f "$(pass a.5 b -m a "${frame[$f.in]}")" "${frame[$f.edit]:0:24}81000005${frame[$f.edit]:24}"
	done
	same count "$(stats a egress 7)" "2 0"
	same reasons "$(reasons a egress 7)" ''
}

t link_qinq_devices 'QinQ by stacked devices, outer tag in metadata or in the frame, both hooks'
link_qinq_devices() {
	local mode f want
	wire a b
	clsact a b
	frames
	behind b a2 b2
	vlan a.7 a 7 802.1ad
	vlan a.7.5 a.7 5
	for mode in on off; do
		packet offload a tx-vlan-stag-hw-insert $mode
		packet offload a tx-vlan-hw-insert $mode
		for f in syn4 syn6; do
			want=${frame[$f.in]:0:24}88a8000781000005${frame[$f.in]:24}
			same "control $mode" "$(pass a.7.5 b2 -m a "${frame[$f.in]}")" "$want"
			want=${frame[$f.edit]:0:24}88a8000781000005${frame[$f.edit]:24}
			tc filter add dev a egress pref 7 matchall @edit
			same "egress $f $mode" "$(pass a.7.5 b2 -m a "${frame[$f.in]}")" "$want"
			same reasons "$(reasons a egress 7)" ''
			tc filter del dev a egress pref 7
			tc filter add dev b ingress pref 7 matchall @edit continue
			same "ingress $f $mode" "$(pass a.7.5 b2 -m a "${frame[$f.in]}")" "$want"
			same reasons "$(reasons b ingress 7)" ''
			tc filter del dev b ingress pref 7
		done
	done
}

# ---- AF_PACKET: the sender chooses skb->protocol --------------------------------------------

t link_lie 'AF_PACKET with a wrong protocol: the frame decides, or the packet is not changed'
link_lie() {
	local claim
	wire a b
	clsact a
	frames
	tc filter add dev a egress pref 7 matchall @edit
	for claim in 0x0800 0x86dd 0x8100 0x8864 0x88b6 0x0001 0x0003; do
		each a b -p $claim -- v4 v6 syn4 syn6
	done
	for claim in 0x0800 0x86dd; do
		each a b -p $claim -- vlan vlan6 qinq qinq6 pppoe4 pppoe6
	done
	same reasons "$(reasons a egress 7)" ''
	# A packet that is not IP is not treated as IP.
	for claim in 0x0800 0x86dd; do
		each a b -p $claim -- other pppoe-lcp tags3
	done
	same reasons "$(reasons a egress 7)" not-ip=18
}

t link_ether_4 'a MAC address that begins with 4x or 6x, or is a copy of the IP header, is not treated as an IP header'
link_ether_4() {
	local name first at
	wire a b
	clsact a
	frames
	for name in syn4 syn6 vlan qinq pppoe4; do
		for first in 45 46 60 65; do
			frame[$first$name.in]=${frame[$name.in]/#02/$first}
			frame[$first$name.edit]=${frame[$name.edit]/#02/$first}
		done
	done
	# the offset of the IP header, in hex digits
	for name in syn4:28 syn6:28 vlan:36 qinq:44 pppoe4:44; do
		at=${name#*:} name=${name%:*}
		first=${frame[$name.in]:at:24}
		frame["copy-$name.in"]=$first${frame[$name.in]:24}
		frame["copy-$name.edit"]=$first${frame[$name.edit]:24}
	done
	tc filter add dev a egress pref 7 matchall @edit
	for first in 45 46 60 65; do
		each a b -- ${first}syn4 ${first}syn6 ${first}vlan ${first}qinq ${first}pppoe4
	done
	each a b -- copy-syn4 copy-syn6 copy-vlan copy-qinq copy-pppoe4
	same reasons "$(reasons a egress 7)" ''
	variant=in
	tc filter del dev a egress pref 7
	each a b -- 45syn4 60syn6
}

# ---- devices without a link layer -----------------------------------------------------------

# on_tun OBJECT: packets that leave through a tun device, and packets that come in through one
on_tun() {
	tun t0
	tun t1
	clsact t0
	frames
	variant=in
	each t0 tun:t0 -- raw4 raw6 raw-8.0.69.1
	tc filter add dev t0 egress pref 7 matchall "@$1"
	each t0 tun:t0 -- raw4 raw6 raw-8.0.69.1
	same count "$(stats t0 egress 7)" "3 0"
	same reasons "$(reasons t0 egress 7)" ''

	tc filter add dev t0 ingress pref 65001 matchall action mirred egress redirect dev t1
	variant=in
	each tun:t0 tun:t1 -- raw4 raw6 raw-8.0.69.1
	tc filter add dev t0 ingress pref 7 matchall "@$1" continue
	each tun:t0 tun:t1 -- raw4 raw6 raw-8.0.69.1
	same count "$(stats t0 ingress 7)" "3 0"
	same reasons "$(reasons t0 ingress 7)" ''
}
t link_tun_auto 'tun, both hooks, link auto, with a packet from 8.0.69.1'
link_tun_auto() { on_tun edit; }
t link_tun_baked 'tun, both hooks, link none baked'
link_tun_baked() { on_tun edit-none; }

t link_tun_ether 'link ether baked on tun (a mistake): no packet is damaged'
link_tun_ether() {
	tun t0
	clsact t0
	frames
	tc filter add dev t0 egress pref 7 matchall @edit-ether
	variant=in
	each t0 tun:t0 -- raw4 raw6
	same reasons "$(reasons t0 egress 7)" not-ip=6
}

t link_tun_mpls 'tun, MPLS whose labels, and Ethernet frames whose MAC addresses look like an IP header: left alone'
link_tun_mpls() {
	local object
	tun t0
	clsact t0
	frames
	for object in edit edit-none; do
		tc filter add dev t0 egress pref 7 matchall "@$object"
		variant=in
		each t0 tun:t0 -p 0x8847 -- raw4 raw6
		variant=in
		each t0 tun:t0 -p 0x8848 -- raw4
		variant=in
		each t0 tun:t0 -p 0x6558 -- raw4
		same "reasons of $object" "$(reasons t0 egress 7)" not-ip=12
		# control
		each t0 tun:t0 -p 0x88b6 -- raw4 raw6
		tc filter del dev t0 egress pref 7
	done
}

# BPF helpers read at most 65535 bytes after the network header. On newer kernels less of the packet is linear,
# so the header is found.
t link_tun_long 'tun, 65550 bytes from 8.0.69.1, most of them padding: not treated as Ethernet'
link_tun_long() {
	local padding long want got
	tun t0
	tun t1
	clsact t0
	frames
	printf -v padding '%0*d' $((2 * 65550 - ${#frame[raw-8.0.69.1.in]})) 0
	long=${frame[raw-8.0.69.1.in]}$padding want=${frame[raw-8.0.69.1.edit]}$padding
	tc filter add dev t0 ingress pref 65001 matchall action mirred egress redirect dev t1
	tc filter add dev t0 ingress pref 7 matchall @edit continue
	got=$(pass tun:t0 tun:t1 "$long")
	[[ $(reasons t0 ingress 7) != link-unknown=3 ]] || want=$long
	[[ $got == "$want" ]] || fail "it is neither left alone nor right, with $(reasons t0 ingress 7)"
}

# tunnel HEADER TYPE ARGUMENTS...: a tunnel over a tun device; there, HEADER bytes of outer headers stand
# before each packet
tunnel() {
	header=$1
	tun t0 192.0.2.1/24
	shift
	ip link add name x0 type "$@" local 192.0.2.1 dev t0 2>/dev/null || skip "this kernel has no $1"
	ip link set dev x0 up
	clsact x0
	frames
	inner() {
		local got
		got=$(packet_in "$1")
		[[ $got == 45* ]] || fail "not encapsulated: $got"
		echo "${got:2 * header}"
	}
	packet_in() { pass x0 tun:t0 "$1"; }
}

# tunnel_out OBJECT NAME...
tunnel_out() {
	local name object=$1
	shift
	for name; do same "control $name" "$(inner "${frame[$name.in]}")" "${frame[$name.in]}"; done
	tc filter add dev x0 egress pref 7 matchall "@$object"
	for name; do same "$name" "$(inner "${frame[$name.in]}")" "${frame[$name.edit]}"; done
	same count "$(stats x0 egress 7)" "$# 0"
	same reasons "$(reasons x0 egress 7)" ''
}

# tunnel_in OBJECT NAME...
tunnel_in() {
	local name outer object=$1 all=() in=() out=() got
	shift
	tun t1
	tc filter add dev x0 ingress pref 65001 matchall action mirred egress redirect dev t1
	for name; do
		outer=$(packet_in "${frame[$name.in]}")
		all+=("${outer/c0000201c0000202/c0000202c0000201}")
		in+=("${frame[$name.in]}")
		out+=("${frame[$name.edit]}")
	done
	got=$(pass tun:t0 tun:t1 "${all[@]}")
	same control "$got" "$(printf '%s\n' "${in[@]}")"
	tc filter add dev x0 ingress pref 7 matchall "@$object" continue
	got=$(pass tun:t0 tun:t1 "${all[@]}")
	same count "$(stats x0 ingress 7)" "$# 0"
	if [[ $(reasons x0 ingress 7) == link-unknown=$((3 * $#)) ]]; then
		same 'left alone' "$got" "$(printf '%s\n' "${in[@]}")"
		skip "this kernel shows ingress of a tunnel the outer header: left alone, and counted"
	fi
	same out "$got" "$(printf '%s\n' "${out[@]}")"
	same reasons "$(reasons x0 ingress 7)" ''
}

t link_ipip 'ipip egress'
link_ipip() { tunnel 20 ipip remote 192.0.2.2 ttl 9; tunnel_out edit raw4 raw-8.0.69.1; }
t link_ipip_ingress 'ipip ingress'
link_ipip_ingress() { tunnel 20 ipip remote 192.0.2.2 ttl 9; tunnel_in edit raw4 raw-8.0.69.1; }
t link_gre 'gre egress with a fixed remote'
link_gre() { tunnel 24 gre remote 192.0.2.2 ttl 9; tunnel_out edit raw4 raw6 raw-8.0.69.1; }
t link_gre_ingress 'gre ingress with a fixed remote'
link_gre_ingress() { tunnel 24 gre remote 192.0.2.2 ttl 9; tunnel_in edit raw4 raw6 raw-8.0.69.1; }
t link_gre_none 'gre egress with a fixed remote and a key, link none baked'
link_gre_none() { tunnel 28 gre remote 192.0.2.2 ttl 9 key 3; tunnel_out edit-none raw4 raw6; }

t link_gre_any 'gre without a fixed remote: left alone on both hooks, counted link-unknown'
link_gre_any() {
	local got before
	tunnel 24 gre ttl 9
	ip addr add 10.8.0.1/24 dev x0
	ip neigh add 10.8.0.2 lladdr 192.0.2.2 dev x0 nud permanent
	send() { packet catch tun:t0 1 "$work/packet" udp 10.8.0.2 9 40; }
	before=$(send)
	[[ $before == 45*' ok' ]] || fail "no tunnelled datagram: $before"
	tc filter add dev x0 egress pref 7 matchall @dscp-ef
	got=$(send)
	# the TOS of the outer and of the inner header is not changed
	same 'outer tos' "${got:2:2}" "${before:2:2}"
	same 'inner tos' "${got:50:2}" 00
	same sum "${got##* }" ok
	same count "$(stats x0 egress 7)" "1 0"
	same reasons "$(reasons x0 egress 7)" link-unknown=1

	tun t1
	tc filter add dev x0 ingress pref 7 matchall @dscp-ef pipe action mirred egress redirect dev t1
	before=${before% *}
	before=${before/c0000201c0000202/c0000202c0000201}
	got=$(packet pass tun:t0 tun:t1 <<<"$before")
	same 'nothing changed' "$got" "${before:(-136)}"
	same reasons "$(reasons x0 ingress 7)" link-unknown=1
}

t link_geneve 'geneve with innerprotoinherit, ingress: an Ethernet header comes first, or none, as the sender chooses'
link_geneve() {
	local name outer
	tun t0 192.0.2.1/24
	tun t1
	ip link add name x0 type geneve id 5 remote 192.0.2.2 innerprotoinherit 2>/dev/null || true
	[[ $(ip -o link show dev x0 2>/dev/null) == *link/none* ]] || skip "this kernel has no geneve devices without Ethernet"
	ip link set dev x0 up
	clsact x0
	frames
	tc filter add dev x0 ingress pref 65001 matchall action mirred egress redirect dev t1
	tc filter add dev x0 ingress pref 7 matchall @edit continue
	# the tun device gets what is behind the Ethernet header
	comes() { # NAME IN WANT [OPTION]...
		outer=$(pass x0 tun:t0 "${@:4}" "$2")
		same "$1" "$(pass tun:t0 tun:t1 "${outer/c0000201c0000202/c0000202c0000201}")" "$3"
	}
	for name in raw4 raw6; do comes "$name" "${frame[$name.in]}" "${frame[$name.edit]}"; done
	for name in syn4 syn6; do
		comes "$name" "${frame[$name.in]}" "${frame[$name.edit]:28}" -p 0x6558
		# MAC addresses that are a copy of the IP header
		comes "copy-$name" "${frame[$name.in]:28:24}${frame[$name.in]:24}" "${frame[$name.edit]:28}" -p 0x6558
	done
	same count "$(stats x0 ingress 7)" "6 0"
	same reasons "$(reasons x0 ingress 7)" ''
}

t link_wireguard 'wireguard egress: packets that are not encrypted yet'
link_wireguard() {
	ip link add name x0 type wireguard 2>/dev/null || skip "this kernel has no wireguard"
	ip link set dev x0 up
	tun t0
	clsact x0
	frames
	tc filter add dev x0 egress pref 65001 matchall action mirred egress redirect dev t0
	variant=in
	each x0 tun:t0 -- raw4 raw6 raw-8.0.69.1
	tc filter add dev x0 egress pref 7 matchall @edit continue
	each x0 tun:t0 -- raw4 raw6 raw-8.0.69.1
	same count "$(stats x0 egress 7)" "3 0"
	same reasons "$(reasons x0 egress 7)" ''
}

# ---- packets that are not changed, and the reason that is counted ---------------------------

# left OBJECT REASON NAME...
left() {
	local object=$1 reason=$2 name
	shift 2
	tc filter add dev a egress pref 7 matchall "@$object"
	variant=in
	each a b -- "$@"
	same "count of $object" "$(stats a egress 7)" "$# 0"
	same "reasons of $object" "$(reasons a egress 7)" "$reason"
	# control: a valid packet is changed
	differ "$object" "$(pass a b "${frame[syn4.in]}")" "${frame[syn4.in]}"
	tc filter del dev a egress pref 7
}

# Three tags: no rule of link.h finds the network header.
t left_l3 'dscp, ttl, edit: cut off, IHL 4, too long, wrong version, not IP: untouched and counted'
left_l3() {
	local object n
	wire a b
	clsact a
	frames
	for object in dscp-ef:1 ttl:1 edit:3; do
		n=${object#*:}
		left ${object%:*} "not-ip=$((3 * n)) link-unknown=$n truncated=$((3 * n)) malformed=$((2 * n))" \
			other tags3 pppoe-lcp pppoe-short v4-cut v6-cut v4-long v4-ihl v4-version
	done
}

t left_mss 'mss: options that do not parse, later fragments, cut off, doff 4: untouched and counted'
left_mss() {
	wire a b
	clsact a
	frames
	left mss-1200 'truncated=1 malformed=1 fragment=2 options=3' v4-later v6-later tcp-cut tcp-doff \
		options-length options-beyond options-many
}

t left_mss_quietly 'mss: a packet that is no SYN, has a low MSS or is not TCP is unchanged and not counted'
left_mss_quietly() {
	wire a b
	clsact a
	frames
	left mss-1200 '' v4 v6 ack syn-low options-mss
}
