# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# Every source that meta can read, with a real value. meta copies it to the mark, and the kernel's own ematch
# must then find the number that the test has chosen. Without meta it must not.

# row SOURCE WHAT FUNCTION [ARG]...: a test of SOURCE; FUNCTION finds the name in $source
row() {
	bake "from-$1" meta set mark from "$1"
	t "source_$1" "$1: $2"
	eval "source_$1() { source=$1; ${*:3}; }"
}

# copied NUMBER COMMAND...: COMMAND sends a packet through $hook of $dev, and its $source must be NUMBER
dev=a hook=egress protocol=ip
copied() {
	local number=$1 n
	shift
	tc filter add dev $dev $hook pref 6 protocol "$protocol" matchall action skbedit mark 0xdead continue
	judged "$number"
	"$@"
	same "control: mark $number without meta" "$(stats $dev $hook 8)" "0 0"
	copy
	"$@"
	read -r n _ < <(stats $dev $hook 8)
	((n > 0)) || fail "$source is not $number: $(stats $dev $hook 7), $(reasons $dev $hook 7)"
	tc filter del dev $dev $hook
}

# judged NUMBER: adds a filter at pref 8 that counts packets with this mark, or those that $judge matches
judge=()
judged() {
	local filter=("${judge[@]}")
	((${#filter[@]})) || filter=(basic match "meta(fwmark eq $1)")
	tc filter add dev $dev $hook pref 8 protocol "$protocol" "${filter[@]}" action gact pass 2>/dev/null ||
		skip "this kernel has no filter ${filter[*]}"
}

copy() {
	tc filter add dev $dev $hook pref 7 protocol "$protocol" matchall "@from-$source" continue \
		2>/run/refused && return
	case $source in
	mtu) skip "this kernel has no bpf_check_mtu (5.12)" ;;
	tstamp_type) skip "this kernel has no tstamp_type (5.18)" ;;
	netns_cookie) skip "this kernel has no bpf_get_netns_cookie for actions (6.13)" ;;
	*) fail "$source: $(tail -n 3 /run/refused)" ;;
	esac
}

index() { cat "/sys/class/net/$1/ifindex"; }

# ---- packets of a local socket --------------------------------------------------------------

# sockets: sets up device a, through which datagrams to 10.1.0.2 leave
sockets() {
	wire a b
	ip addr add 10.1.0.1/24 dev a
	ip neigh add 10.1.0.2 lladdr 02:00:00:00:00:02 dev a nud permanent
	clsact a
}

# sent NUMBER [BYTES [OPTION N]...]: the source of a datagram must be NUMBER
sent() {
	sockets
	copied "$(($1))" packet udp 10.1.0.2 9 "${2-10}" "${@:3}"
}

row len 'of a datagram' sent 52
row protocol 'of a datagram' sent 0x0800
row priority 'SO_PRIORITY of the socket' sent 5 10 priority 5
row tstamp 'SO_TXTIME of the socket' sent 0x34567890 10 txtime 0x1234567890
row gso_size 'of a UDP GSO packet' sent 1000 5000 segment 1000
row gso_segs 'of a UDP GSO packet' sent 5 5000 segment 1000
row wire_len 'of a UDP GSO packet: five headers' sent '5000+5*42' 5000 segment 1000
row sk_family 'AF_INET' sent 2
row sk_type 'SOCK_DGRAM' sent 2
row sk_protocol 'IPPROTO_UDP' sent 17
row sk_mark 'SO_MARK, when the packet has another mark' sent 0x1234 10 mark 0x1234
row sk_priority 'SO_PRIORITY of the socket' sent 6 10 priority 6
row sk_local_port 'bound' sent 5555 10 port 5555
row sk_remote_port 'connected' sent 9
row sk_state 'connected' sent 1

row sk_ifindex 'bound to the device' bound
bound() {
	sockets
	copied "$(index a)" packet udp 10.1.0.2 9 10 device "$(index a)"
}

row mtu 'of the device' with_mtu
with_mtu() {
	sockets
	ip link set dev a mtu 1400
	copied 1400 packet udp 10.1.0.2 9 10
}

row uid 'of the user whose socket it is' by_user
by_user() {
	sockets
	cp "$work/packet" /run/packet	# where that user can execute it
	chmod 755 /run /run/packet
	copied 1234 setpriv --reuid 1234 --clear-groups /run/packet udp 10.1.0.2 9 10
}

# the other sources are copied to the mark, so the mark itself is copied to the priority
bake mark-to-priority meta set priority from mark
t source_mark 'mark: SO_MARK of the socket'
source_mark() {
	sockets
	bpf["from-mark"]=${bpf[mark-to-priority]}
	tc filter add dev a egress pref 8 protocol ip basic match 'meta(priority eq 77)' action gact pass 2>/dev/null ||
		skip "this kernel has no basic filter with meta matches"
	packet udp 10.1.0.2 9 10 mark 77
	same control "$(stats a egress 8)" "0 0"
	tc filter add dev a egress pref 7 protocol ip matchall @mark-to-priority continue
	packet udp 10.1.0.2 9 10 mark 77
	same 'priority from mark' "$(stats a egress 8)" "1 0"
}

row realm 'of the route' by_realm
by_realm() {
	sockets
	ip route add 10.3.0.0/24 via 10.1.0.2 realm 9 2>/dev/null || skip "this kernel has no realms"
	copied 9 packet udp 10.3.0.3 9 10
}

# asked N: the source must be the Nth of the cookies that the socket reports
asked() {
	local cookie pid
	sockets
	coproc socket { packet udp 10.1.0.2 9 10 ask 1; }
	pid=$!
	read -r -u "${socket[0]}" -a cookie
	[[ ${cookie[$1]} != - ]] || skip "this kernel's sockets do not tell their $source"
	judged "${cookie[$1]}"
	packet udp 10.1.0.2 9 10
	same control "$(stats a egress 8)" "0 0"
	copy
	if [[ $source == socket_cookie ]]; then
		packet udp 10.1.0.2 9 10
		same 'another socket' "$(stats a egress 8)" "0 0"
	fi
	echo >&"${socket[1]}"
	wait "$pid"
	same "$source" "$(stats a egress 8)" "1 0"
}
row socket_cookie 'SO_COOKIE of the socket, not of another' asked 0
row netns_cookie 'SO_NETNS_COOKIE of the socket' asked 1

# in_cgroup DIRECTORY: sends a datagram from a process in this cgroup
in_cgroup() {
	bash -c 'echo $$ >"$1/cgroup.procs"; exec "${@:2}"' - "$1" "$work/packet" udp 10.1.0.2 9 10
}

row cgroup 'v2 cgroup of the process whose socket it is' by_cgroup
by_cgroup() {
	local cgroup=/sys/fs/cgroup/tcact-test-$$
	sockets
	[[ -e /sys/fs/cgroup/cgroup.procs ]] || skip "no cgroup v2"
	mkdir -p $cgroup/below
	trap 'rmdir '"$cgroup/below $cgroup" EXIT
	copied "$(stat -c %i $cgroup/below)" in_cgroup $cgroup/below
}

for n in 0 1 2; do
	bake "ancestor-$n" meta set mark from ancestor_cgroup level $n
	t source_ancestor_cgroup_$n "ancestor_cgroup: of the process whose socket it is, level $n"
	eval "source_ancestor_cgroup_$n() { source=ancestor_cgroup; by_ancestor $n; }"
done
by_ancestor() {
	local of=(/sys/fs/cgroup /sys/fs/cgroup/tcact-test-$$ /sys/fs/cgroup/tcact-test-$$/below)
	sockets
	[[ -e /sys/fs/cgroup/cgroup.procs ]] || skip "no cgroup v2"
	mkdir -p "${of[2]}"
	trap 'rmdir '"${of[2]} ${of[1]}" EXIT
	bpf["from-ancestor_cgroup"]=${bpf[ancestor-$1]}
	copied "$(stat -c %i "${of[$1]}")" in_cgroup "${of[2]}"
}

# These tests come after those of v2 cgroups: before 5.15 a socket has a v2 cgroup or a class id, and the first
# class id in use decides this for all sockets.
by_classid() {
	sockets
	mkdir /run/net_cls
	mount -t cgroup -o net_cls none /run/net_cls 2>/dev/null || skip "this kernel has no net_cls cgroup (v1)"
	mkdir -p /run/net_cls/tcact
	trap 'rmdir /run/net_cls/tcact' EXIT
	echo $((0x10005)) >/run/net_cls/tcact/net_cls.classid
	copied $((0x10005)) in_cgroup /run/net_cls/tcact
}
row classid 'v1 net_cls class id of the sending process' by_classid
row socket_classid 'v1 net_cls class id of the socket' by_classid

# on_cpu NUMBER: sends a datagram from the last CPU
on_cpu() {
	sockets
	copied "$1" taskset -c $(($(nproc) - 1)) "$work/packet" udp 10.1.0.2 9 10
}
# shellcheck disable=SC2016 # row evaluates it when the test runs
row cpu 'the one on which the packet is sent; run -c 2: not the first' 'on_cpu $(($(nproc) - 1))'
row numa_node 'of that CPU; run -c 2: not the first' by_node
by_node() {
	local node=(/sys/devices/system/cpu/cpu$(($(nproc) - 1))/node*)
	[[ -e ${node[0]} ]] || node=(node0)	# without CONFIG_NUMA there is one node
	on_cpu "${node[0]##*node}"
}

row random 'about half of the packets have bit 0, and bit 31' random
random() {
	local bit n
	sockets
	for bit in 1 $((1 << 31)); do
		judge=(basic match "meta(fwmark mask $bit eq $bit)")
		judged
		packet udp 10.1.0.2 9 10
		same control "$(stats a egress 8)" "0 0"
		copy
		for ((n = 0; n < 60; n++)); do packet udp 10.1.0.2 9 10; done
		read -r n _ < <(stats a egress 8)
		# 6 standard deviations
		((n > 6 && n < 54)) || fail "$n of 60"
		tc filter del dev a egress
	done
}

# ---- TCP connections, and packets of another host -------------------------------------------

# network: a namespace h, connected to device a
network() {
	ipv6
	peer h a b 10.1.0.1/24,fd01::1/64 10.1.0.2/24,fd01::2/64
	clsact a
}

# flow NUMBER: the source of packets of a TCP connection must be NUMBER
flow() {
	network
	copied "$1" transfer
}
transfer() { packet transfer tcp h 10.1.0.2 100000 >/dev/null; }
row tcp_mss 'of a connection on Ethernet, with timestamps' flow 1448
row tcp_cwnd 'the initial window' flow 10
row tstamp_type 'monotonic: what TCP gives its packets' flow 1
row linear_len 'the headers of a segment' flow 66

bake rtt-known match field tcp_rtt op in value 1 to 30000000
t source_tcp_rtt 'tcp_rtt: known when the connection is established'
source_tcp_rtt() {
	local n
	network
	tc filter add dev a egress pref 7 protocol ip matchall @rtt-known pass
	tc filter add dev a egress pref 8 protocol ip flower ip_proto tcp tcp_flags 0x02/0x12 action gact pass ||
		skip "this kernel has no flower"
	transfer
	same 'the SYN has none' "$(stats a egress 8)" "1 0"
	read -r n _ < <(stats a egress 7)
	((n > 1)) || fail "$n packets with a round trip time"
}

# Classic BPF, which is part of the kernel, compares the hash with the mark: they must be equal, and not 0. Its
# ancillary data (linux/filter.h) starts at -0x1000: MARK is 20, RXHASH 32.
hashed() {
	network
	judge=(bpf bytecode '7,32 0 0 4294963232,21 4 0 0,7 0 0 0,32 0 0 4294963220,29 0 1 0,6 0 0 4294967295,6 0 0 0')
	copied 'the hash' transfer
}
row hash 'what classic BPF reads' hashed
row stored_hash 'what classic BPF reads' hashed

# from_h: sends a datagram from h and waits until it has arrived; NAPI may take a little longer
from_h() {
	local before
	read -r before _ < <(stats $dev $hook 6)
	in_netns h "$work/packet" udp 10.1.0.1 9 10 "$@"
	eventually more_than "$before"
}
more_than() {
	local n
	read -r n _ < <(stats $dev $hook 6)
	((n > $1))
}

with_xdp() {
	network
	hook=ingress
	ip link set dev a xdp object "$work/bpf.o" section xdp 2>/run/refused ||
		skip "veth takes no XDP program: $(tail -n 1 /run/refused)"
}
row xdp_meta 'what XDP left in front of the packet' by_xdp
by_xdp() {
	with_xdp
	copied $((0xd0d0cafe)) from_h
}

row napi_id 'SO_INCOMING_NAPI_ID of the receiver, on veth with XDP' by_napi
by_napi() {
	local id said
	with_xdp
	coproc receiver { packet napi 9; }
	exec {said}<&"${receiver[0]}"
	read -r -u $said id
	in_netns h "$work/packet" udp 10.1.0.1 9 10
	read -r -u $said id
	((id > 0)) || skip "this kernel's veth has no NAPI id"
	copied "$id" from_h
}

# A packet that came through an IPsec tunnel passes the hook again, decrypted, with its IPsec state
row xfrm_reqid 'of the IPsec state that the packet came through' 'by_ipsec 42'
row xfrm_spi 'of the IPsec state that the packet came through' "by_ipsec $((0x1234))"
by_ipsec() {
	local state=(src 10.1.0.2 dst 10.1.0.1 proto esp spi 0x1234 reqid 42 mode tunnel
		enc 'cbc(aes)' 0x000102030405060708090a0b0c0d0e0f auth 'hmac(sha256)' 0x00010203040506070809)
	local template=(tmpl src 10.1.0.2 dst 10.1.0.1 proto esp reqid 42 mode tunnel)
	local selector=(src 10.8.0.2/32 dst 10.9.0.1/32)
	network
	hook=ingress
	ip xfrm state add "${state[@]}" 2>/run/refused || skip "no IPsec: $(tail -n 1 /run/refused)"
	ip xfrm policy add dir in "${selector[@]}" "${template[@]}"
	ip addr add 10.9.0.1/32 dev lo
	ip -n h xfrm state add "${state[@]}"
	ip -n h xfrm policy add dir out "${selector[@]}" "${template[@]}"
	ip -n h addr add 10.8.0.2/32 dev lo
	ip -n h route add 10.9.0.1/32 via 10.1.0.1 src 10.8.0.2
	copied "$1" through_ipsec
}
through_ipsec() { in_netns h "$work/packet" udp 10.9.0.1 9 10; }

row tunnel_id 'VNI of the VXLAN packet, over IPv4 and IPv6' 'by_vxlan 77'
row tunnel_opt 'group policy of the VXLAN packet' "by_vxlan $((0x1234))"
by_vxlan() {
	local far near
	network
	ip link add vx type vxlan external dstport 4789 gbp 2>/run/refused || skip "no VXLAN: $(tail -n 1 /run/refused)"
	ip link set dev vx up
	clsact vx
	dev=vx hook=ingress
	for far in 10.1.0.1 fd01::1; do
		near=10.1.0.2
		[[ $far != *:* ]] || near=fd01::2
		ip -n h link add vx type vxlan id 77 local $near remote $far dstport 4789 gbp
		ip -n h link set dev vx up
		ip -n h addr add 10.7.0.2/24 dev vx
		ip -n h neigh add 10.7.0.1 lladdr 02:00:00:00:07:01 dev vx nud permanent
		copied "$1" through_vxlan
		ip -n h link del dev vx
	done
}
through_vxlan() { in_netns h "$work/packet" udp 10.7.0.1 9 10 mark $((0x1234)); }

# ---- frames ---------------------------------------------------------------------------------

# framed NUMBER FRAME: the source of FRAME on egress of a must be NUMBER
framed() {
	wire a b
	clsact a
	frames
	protocol=$([[ $2 == v6 ]] && echo ipv6 || echo ip)
	copied "$(($1))" send a b "${frame[$2.in]}"
}
send() { pass "$@" >/dev/null; }

row dscp 'IPv4 and IPv6' both 8
row ecn 'IPv4 and IPv6' both 2
row ttl 'IPv4, and the hop limit of IPv6' both 17
row flow_label 'IPv6' framed 0x12345 v6
both() {
	framed "$1" v4
	protocol=ipv6
	copied "$1" send a b "${frame[v6.in]}"
}

row vlan_tci 'the tag of a VLAN device' tagged 0xa005
row vlan_proto 'the tag of a VLAN device' tagged 0x8100
row vlan_present 'the tag of a VLAN device' tagged 1
tagged() {
	wire a b
	clsact a
	frames
	ip link add link a name a.5 type vlan id 5 egress-qos-map 0:5 2>/dev/null ||
		skip "this kernel has no VLAN devices"
	ip link set dev a.5 up
	eventually is_up a.5
	protocol=802.1q
	copied "$(($1))" send a.5 b -m a "${frame[v4.in]}"
}

row pkt_type 'host, broadcast, multicast, otherhost' to_all
to_all() {
	local mac host
	wire a b
	clsact b
	frames
	hook=ingress dev=b
	host=$(</sys/class/net/b/address)
	for mac in "0 ${host//:/}" '1 ffffffffffff' '2 01005e000001' '3 020000000b01'; do
		copied "${mac% *}" send a b "${mac#* }${frame[v4.in]:12}"
	done
}

# Packets that come in at b are forwarded to a2
row ifindex 'on egress: where it goes' 'redirected a2'
row ingress_ifindex 'on egress: where it came in' 'redirected b'
redirected() {
	wire a b
	clsact b
	frames
	behind b a2 b2
	clsact a2
	dev=a2
	copied "$(index "$1")" send a b2 "${frame[v4.in]}"
}

row route_ifindex 'where the routing table sends IPv4 and IPv6' routed
routed() {
	router
	dev=b hook=ingress
	copied "$(index a2)" send a b "${frame[v4.in]}"
	protocol=ipv6
	copied "$(index a2)" send a b "${frame[v6.in]}"
	# longer than the MTU: the kernel compares this only if it has a neighbour entry
	protocol=ip
	ip neigh add 10.2.0.2 lladdr 02:00:00:00:00:02 dev a2 nud permanent
	ip link set dev a2 mtu 68
	copied "$(index a2)" send a b "${frame[v4.in]}"
	# by a rule with ports
	wire a3 b3
	ip rule add ipproto udp dport 4321 lookup 77
	ip -6 rule add ipproto udp dport 4321 lookup 77
	ip route add 10.2.0.0/16 dev a3 table 77
	ip route add fd02::/64 dev a3 table 77
	copied "$(index a3)" send a b "${frame[v4.in]}"
	protocol=ipv6
	copied "$(index a3)" send a b "${frame[v6.in]}"
}

# router: forwards from b to a2
router() {
	ipv6
	wire a b
	wire a2 b2
	clsact b
	frames
	ip addr add 10.1.0.254/16 dev b
	ip addr add fd01::ff/64 dev b
	ip route add 10.2.0.0/16 dev a2
	ip route add fd02::/64 dev a2
	echo 1 | tee /proc/sys/net/ipv4/conf/{all,b}/forwarding /proc/sys/net/ipv6/conf/{all,b}/forwarding >/dev/null
}

row queue_mapping 'one more than the receive queue of a multi-queue device' queued
queued() {
	frames
	[[ -c /dev/net/tun ]] || modprobe tun 2>/dev/null || true
	ip tuntap add q mode tap multi_queue 2>/dev/null || skip "this kernel has no tap"
	ip link set dev q up
	clsact q
	dev=q hook=ingress
	copied 3 packet queue q 2 "${frame[v4.in]}"
}

# The kernel sets CHECKSUM_UNNECESSARY on its own multicast packets that are looped back
row csum_level '0 where one checksum is verified' looped
looped() {
	sockets
	hook=ingress
	packet offload a tx-checksum-ip-generic off
	ip route add 224.0.0.0/4 dev a
	copied 0 packet udp 224.0.0.1 9 10
}

# The kernel itself writes tc_index if the verdict is ok: the minor number of the class that a filter chose
row tc_index 'minor of the class id that a filter of the hook chose' by_class
by_class() {
	sockets
	tc filter add dev a egress pref 1 protocol ip matchall classid 1:5 action gact pass
	tc qdisc add dev a root handle 1: prio 2>/dev/null || skip "this kernel has no prio"
	tc filter add dev a parent 1: pref 8 protocol ip basic match 'meta(fwmark eq 5)' action gact drop 2>/dev/null ||
		skip "this kernel has no basic filter with meta matches"
	packet udp 10.1.0.2 9 10
	same control "$(dropped)" 0
	tc filter add dev a parent 1: pref 7 protocol ip matchall @from-tc_index continue
	packet udp 10.1.0.2 9 10
	same 'tc_index 5' "$(dropped)" 1
}
dropped() {
	local json
	json=$(tc -j -s filter show dev a parent 1: pref 8)
	[[ $json =~ \"packets\":([0-9]+) ]] || fail "no count in $json"
	echo "${BASH_REMATCH[1]}"
}

t source_hwtstamp 'hwtstamp: the time stamp of the device'
source_hwtstamp() { skip "no device here stamps packets in hardware (the vectors of meta show it)"; }

# ---- packets without the source -------------------------------------------------------------

t source_absent 'a packet without the source is counted as absent, and its field is not changed'
source_absent() {
	local s in out
	router
	in=${frame[v4.in]} in=$(tr -d : </sys/class/net/b/address)${in:12}
	ip neigh add 10.2.0.2 lladdr 02:00:00:00:0c:01 dev a2 nud permanent
	clsact a2
	# the marker that ends the frames is not IP
	tc filter add dev b ingress pref 1 protocol 0x88b5 matchall action mirred egress redirect dev a2
	dev=a2 hook=egress
	for s in xfrm_reqid xfrm_spi xdp_meta csum_level tunnel_id tunnel_opt sk_mark tcp_cwnd; do
		tc filter add dev a2 egress pref 6 protocol ip matchall action skbedit mark 66 continue
		source=$s copy
		judged 66
		out=$(pass a b2 "$in")
		differ 'forwarded' "$out" -
		same "$s" "$(reasons a2 egress 7)" absent=1
		same "$s: mark kept" "$(stats a2 egress 8)" "1 0"
		tc filter del dev a2 egress
	done
}
