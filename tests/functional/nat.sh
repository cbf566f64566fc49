# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# nat and npt on real connections, in both directions, with checksums made by the device or by the sender,
# and with ICMP errors. The receiver compares every byte.

# This host and its LAN have 10.2.0.0/24 and fd02::/48, which are translated at `a` to 10.9.0.0/24 and
# 2001:db8:1::/48.
for v in '4 10.2.0.0/24 10.9.0.0/24' '6 fd02::/48 2001:db8:1::/48'; do
	read -r family inside outside <<<"$v"
	bake "nat-out$family" nat side src from "$inside" to "$outside"
	bake "nat-in$family" nat side dst from "$outside" to "$inside"
done
bake npt-out npt dir out from fd02::/48 to 2001:db8:1::/48
bake npt-in npt dir in from 2001:db8:1::/48 to fd02::/48
bake port-in nat side dst from 10.9.0.0/24 to 10.2.0.0/24 port 79 port-to 9
bake port-out nat side src from 10.2.0.0/24 to 10.9.0.0/24 port 9 port-to 79
unset v family inside outside

# site: near (10.2.0.2, fd02::2) -- c, this router, a -- far (10.1.0.2, fd01::2). far has no route to the
# addresses of near, only to the translated ones.
site() {
	ipv6
	peer near c d 10.2.0.1/24,fd02::1/64 10.2.0.2/24,fd02::2/64
	peer far a b 10.1.0.1/24,fd01::1/64 10.1.0.2/24,fd01::2/64
	echo 1 >/proc/sys/net/ipv4/ip_forward
	echo 1 >/proc/sys/net/ipv6/conf/all/forwarding
	ip -n near route add default via 10.2.0.1
	ip -n near -6 route add default via fd02::1
	ip -n far route add 10.9.0.0/24 via 10.1.0.1
	ip -n far -6 route add 2001:db8:1::/48 via fd01::1
	clsact a
}

# translate OUT4 IN4 OUT6 IN6: attaches these actions to `a`, in both directions
translate() {
	tc filter add dev a egress pref 7 protocol ip matchall "@$1"
	tc filter add dev a ingress pref 7 protocol ip matchall "@$2"
	tc filter add dev a egress pref 8 protocol ipv6 matchall "@$3"
	tc filter add dev a ingress pref 8 protocol ipv6 matchall "@$4"
}

# transfer FROM NETNS ADDRESS BYTES [AT]: sends BYTES over TCP from one namespace to another
transfer() {
	same "transfer to $3" "$(in_netns "$1" "$work/packet" transfer tcp "$2" "$3" "$4" ${5:+"$5"})" "$4 0x00"
}

# both_ways OUTSIDE6: connections from near and to near, whose translated IPv6 address is OUTSIDE6
both_ways() {
	transfer near far 10.1.0.2 1000000
	transfer near far fd01::2 1000000
	transfer far near 10.9.0.2 1000000 10.2.0.2
	transfer far near "$1" 1000000 fd02::2
	same 'checksum errors' "$(bad_sums far) $(bad_sums near)" '0 0'
	for hook in egress ingress; do
		for pref in 7 8; do
			ran a $hook $pref
			same "reasons at $hook $pref" "$(reasons a $hook $pref)" ''
		done
	done
}

# subnet: the address that npt gives fd02::2: fd02 + 0 = 2001 + db8 + 1 + subnet
subnet() {
	printf '2001:db8:1:%x::2' $(((0xfd02 - 0x2001 - 0xdb8 - 1) & 0xffff))
}

t nat_tcp 'nat: TCP v4 and v6 through a router, both ways, all offloads on'
nat_tcp() {
	site
	# control: without the translation far has no route to near
	if in_netns far "$work/packet" transfer tcp near 10.9.0.2 10 10.2.0.2 2>/dev/null; then
		fail 'control: a connection without nat'
	fi
	translate nat-out4 nat-in4 nat-out6 nat-in6
	both_ways 2001:db8:1::2
}

t nat_tcp_software 'nat: the same with checksums that the senders compute (NONE), verified on arrival'
nat_tcp_software() {
	site
	in_netns near "$work/packet" offload d tx-checksum-ip-generic off
	in_netns far "$work/packet" offload b tx-checksum-ip-generic off
	translate nat-out4 nat-in4 nat-out6 nat-in6
	both_ways 2001:db8:1::2
}

t npt_tcp 'npt: TCP v6 through a router, both ways, all offloads on'
npt_tcp() {
	site
	translate nat-out4 nat-in4 npt-out npt-in
	both_ways "$(subnet)"
}

t npt_tcp_software 'npt: the same with checksums that the senders compute'
npt_tcp_software() {
	site
	in_netns near "$work/packet" offload d tx-checksum-ip-generic off
	in_netns far "$work/packet" offload b tx-checksum-ip-generic off
	translate nat-out4 nat-in4 npt-out npt-in
	both_ways "$(subnet)"
}

t nat_udp 'nat: fragmented UDP datagrams arrive whole, v4 and v6'
nat_udp() {
	site
	translate nat-out4 nat-in4 nat-out6 nat-in6
	same v4 "$(in_netns near "$work/packet" transfer udp far 10.1.0.2 9000)" '9000 0x00'
	same v6 "$(in_netns near "$work/packet" transfer udp far fd01::2 9000)" '9000 0x00'
	same 'back, v4' "$(in_netns far "$work/packet" transfer udp near 10.9.0.2 9000 10.2.0.2)" '9000 0x00'
	same 'checksum errors' "$(bad_sums far) $(bad_sums near)" '0 0'
}

# local_tun: a device without a link layer; what local sockets send through it is read and verified by `packet`
local_tun() {
	ipv6
	tun t0 10.2.0.1/24
	ip addr add fd02::1/64 dev t0
	clsact t0
}

# partial OBJECT SOURCE COMMAND...: the packet that COMMAND sends has this source and right checksums
partial() {
	local got at
	tc filter add dev t0 egress pref 7 matchall "@$1"
	got=$(packet catch tun:t0 1 "$work/packet" "${@:3}")
	at=$((2 * (${#2} == 8 ? 12 : 8)))
	same "source of $1" "${got:at:${#2}}" "$2"
	same "sums of $1" "${got#* }" ok
	ran t0 egress 7
	tc filter del dev t0 egress pref 7
}

t nat_partial 'nat, npt: local TCP and UDP (CHECKSUM_PARTIAL) have right checksums'
nat_partial() {
	local v6=20010db8000100000000000000000001 npt
	local_tun
	npt=$(printf '20010db80001%04x0000000000000001' $(((0xfd02 - 0x2001 - 0xdb8 - 1) & 0xffff)))
	partial nat-out4 0a090001 syn 10.2.0.2 80
	partial nat-out6 $v6 syn fd02::2 80
	partial npt-out "$npt" syn fd02::2 80
	partial nat-out4 0a090001 udp 10.2.0.2 9 100
	partial nat-out6 $v6 udp fd02::2 9 100
	partial npt-out "$npt" udp fd02::2 9 100
}

# answers NETNS ADDRESS PORT [SECONDS]: prints refused if a connected UDP socket gets an ICMP error, else nothing
answers() {
	local said
	said=$(in_netns "$1" bash -c "exec 3<>/dev/udp/$2/$3; echo x >&3; read -r -t ${4-5} <&3" 2>&1) || true
	[[ $said == *refused* ]] && echo refused || echo nothing
}

t nat_icmp 'nat, npt: an ICMP error finds the socket that caused it; v4 and v6, both ways'
nat_icmp() {
	local out6 in6 host
	site
	for out6 in nat-out6 npt-out; do
		in6=${out6/out/in} host=2001:db8:1::2
		[[ $out6 == nat* ]] || host=$(subnet)
		translate nat-out4 nat-in4 $out6 "$in6"
		same 'port unreachable, v4' "$(answers near 10.1.0.2 7)" refused
		same 'port unreachable, v6' "$(answers near fd01::2 7)" refused
		same 'port unreachable, v4, inwards' "$(answers far 10.9.0.2 7)" refused
		same 'port unreachable, v6, inwards' "$(answers far "$host" 7)" refused
		same 'checksum errors' "$(bad_sums far) $(bad_sums near)" '0 0'
		tc qdisc del dev a clsact
		clsact a
	done
	# control: a translation by pedit, which does not translate the packet inside the error
	translate nat-out4 nat-in4 nat-out6 nat-in6
	tc filter del dev a ingress pref 7
	tc filter add dev a ingress pref 7 protocol ip matchall \
		action pedit ex munge ip dst set 10.2.0.2 pipe action csum ip4h and icmp
	same control "$(answers near 10.1.0.2 7 1)" nothing
}

t nat_pmtu 'nat, npt: path MTU discovery through the translation, v4 and v6'
nat_pmtu() {
	local out6
	site
	in_netns far bash -c 'echo 1 | tee /proc/sys/net/ipv4/ip_forward /proc/sys/net/ipv6/conf/all/forwarding' >/dev/null
	ip -n far link add narrow mtu 1280 type dummy
	ip -n far link set narrow up
	ip -n far route add 10.5.0.0/24 dev narrow
	ip -n far -6 route add fd05::/64 dev narrow
	ip route add 10.5.0.0/24 via 10.1.0.2
	ip -6 route add fd05::/64 via fd01::2
	learnt() { [[ $(ip -n near route get "$1") == *'mtu 1280'* ]]; }
	for out6 in nat-out6 npt-out; do
		translate nat-out4 nat-in4 $out6 ${out6/out/in}
		for to in 10.5.0.9 fd05::9; do
			! learnt $to || fail "control: $to"
			in_netns near "$work/packet" udp $to 9 1400
			eventually learnt $to
		done
		ip -n near route flush cache
		ip -n near -6 route flush cache
		tc qdisc del dev a clsact
		clsact a
	done
}

t nat_port 'nat: a server is reached at another address and port, and its answers come from there'
nat_port() {
	site
	tc filter add dev a ingress pref 7 protocol ip matchall @port-in
	tc filter add dev a egress pref 7 protocol ip matchall @port-out
	# Nobody listens there. The ICMP error must also name the port that was asked for.
	same 'port unreachable' "$(answers far 10.9.0.2 79)" refused
	same 'another port' "$(answers far 10.9.0.2 80 1)" nothing
}

t nat_hairpin 'nat: a host reaches its neighbour by the translated address of the neighbour, through one device'
nat_hairpin() {
	site
	ip -n near addr add 10.2.0.3/24 dev d
	ip neigh add 10.2.0.3 lladdr 02:00:00:00:0b:01 dev c nud permanent
	echo 0 | tee /proc/sys/net/ipv4/conf/{all,c}/{send_redirects,rp_filter} >/dev/null
	clsact c
	tc filter add dev c ingress pref 7 protocol ip flower dst_ip 10.9.0.0/24 @nat-out4 pipe @nat-in4
	transfer near near 10.9.0.3 100000 10.2.0.3
	same 'checksum errors' "$(bad_sums near)" 0
	ran c ingress 7
}
