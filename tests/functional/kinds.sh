# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# For each kind of device: where the IP header is in the packets that a program sees, and which `link` tcact
# add chooses.

bake kinds-auto match field dscp op eq value 46

# egress, ingress, ifb: the offset of the IP header in bytes, at these hooks; ifb: at egress of an ifb to
# which ingress is redirected. behind: more than 14. -: no packet comes there. A|B: kernel 5.10 has A, newer
# ones B, or the other way round. link: the value that tcact add bakes.
kinds_table='
kind		link	egress	ingress			ifb
lo		ether	14	14			14
veth		ether	14	14			14
dummy		ether	14	-			-
vlan		ether	14	14			14
macvlan		ether	14	14			14
macvtap		ether	14	14			14
ipvlan-l2	ether	14	14			14
ipvlan-l3	ether	14	14			14
ipvlan-l3s	ether	14	-			-
bridge		ether	14	14			14
bond		auto	14	14			14
team		auto	14	-			-
vrf		ether	14	14			14
macsec		ether	14	14			14
hsr		ether	14	14			14
netkit-l2	ether	14	14			14
netkit-l3	ether	14	14			14
vxlan		ether	14	14			14
geneve		ether	14	14			14
gretap		ether	14	14			14
ip6gretap	ether	14	14			14
erspan		ether	14	14			14
l2tp		ether	14	14			14
tap		ether	14	14			14
tun		none	0	0			0
ppp		none	0	0			0
wireguard	none	0	0			0
geneve-ip	auto	0	0			0
gre		auto	0	0|behind		0|behind
gre-any		auto	behind	behind			behind
ip6gre		auto	0	0|behind		0|behind
ipip		auto	0	0|behind		0|behind
sit		auto	0	0|behind		0|behind
ip6tnl		auto	0	0|behind		0|behind
xfrm		auto	0	14			14
vti		auto	0	14			14
vti6		auto	0	14			14
'
# make[KIND]: commands for ip that create a device of this name at both ends. # is the number of the kind,
# @ the number of this end, % that of the other end. A line that begins with - is for one end only. The
# devices use the cable u, whose ends have addresses for each kind, or a cable c# of their own.
recipes() {
	local mac=46:00:00:00:#:0@ n=$'\n'		# the MAC may begin an IP header
	local new="link add name KIND address $mac type" on='link add link c# name KIND' neighbour cable port pair
	local ends='local 10.9.#.@ remote 10.9.#.%' ends6='local fd09::#:@ remote fd09::#:%'
	cable="-link add c# address 46:00:00:01:#:01 type veth peer name c# address 46:00:00:01:#:02 netns far${n}link set c# up"
	port="$cable${n}link set c# down${n}link set c# master KIND${n}link set c# up"
	pair='-link add name KIND address 46:00:00:00:#:01 type TYPE peer name KIND address 46:00:00:00:#:02 netns far'
	neighbour="link set dev KIND up${n}neigh add 10.8.#.% dev KIND lladdr"
	make=(
		[veth]=${pair/TYPE/veth}
		[dummy]="$new dummy$n$neighbour 46:00:00:00:00:01"
		[vlan]="$cable$n$on type vlan id 5"
		[macvlan]="$cable$n$on address $mac type macvlan$n$neighbour 46:00:00:00:#:0%"	# no broadcast: the kernel delivers those later
		[macvtap]="$cable$n$on address $mac type macvtap$n$neighbour 46:00:00:00:#:0%"
		[ipvlan-l2]="$cable$n$on type ipvlan mode l2$n$neighbour 46:00:00:01:#:0%"
		[ipvlan-l3]="$cable$n$on type ipvlan mode l3${n}neigh add 10.8.#.% dev c# lladdr 46:00:00:01:#:0%"
		[ipvlan-l3s]="$cable$n$on type ipvlan mode l3s${n}neigh add 10.8.#.% dev c# lladdr 46:00:00:01:#:0%"
		[bridge]="$new bridge$n$port"
		[bond]="$new bond mode active-backup$n$port"
		[team]="$new team$n$port$n$neighbour 46:00:00:00:#:0%"
		[vrf]="link add name KIND type vrf table 7$n$port${n}addr add 10.8.#.@/24 dev c#"
		[macsec]="$cable$n$on type macsec port 1 encrypt off
			macsec add KIND tx sa 0 pn 1 on key 0@ 0000000000000000000000000000000@
			macsec add KIND rx port 1 address 46:00:00:01:#:0%
			macsec add KIND rx port 1 address 46:00:00:01:#:0% sa 0 pn 1 on key 0% 0000000000000000000000000000000%"
		[hsr]="$cable$n${cable//c#/d#}${n}link add name KIND type hsr slave1 c# slave2 d#"
		[netkit-l2]=${pair/TYPE/netkit mode l2}
		[netkit-l3]="-link add name KIND type netkit peer name KIND netns far"
		[vxlan]="$new vxlan id # $ends dstport 4789"
		[geneve]="$new geneve id # remote 10.9.0.%"
		[gretap]="$new gretap $ends"
		[ip6gretap]="$new ip6gretap $ends6"
		[erspan]="$new erspan key # seq erspan_ver 1 erspan # $ends"
		[l2tp]="l2tp add tunnel tunnel_id # peer_tunnel_id # encap ip $ends
			l2tp add session name KIND tunnel_id # session_id # peer_session_id #
			link set dev KIND address $mac"
		[tap]="-tuntap add KIND mode tap
			-link set dev KIND address $mac
			$neighbour 46:00:00:00:#:0%"
		[tun]='-tuntap add KIND mode tun'
		[ppp]='link set ppp0 name KIND'
		[wireguard]='link add name KIND type wireguard'
		[geneve-ip]='link add name KIND type geneve id # remote 10.9.0.% innerprotoinherit'
		[gre]="link add name KIND type gre $ends"
		[gre-any]="link add name KIND type gre local 10.9.#.@$n$neighbour 10.9.#.%"
		[ip6gre]="link add name KIND type ip6gre $ends6"
		[ipip]="link add name KIND type ipip $ends"
		[sit]="link add name KIND type sit mode any $ends"
		[ip6tnl]="link add name KIND type ip6tnl mode any $ends6"
		[xfrm]="link add name KIND type xfrm dev u if_id #$(esp 10.9.#. 'if_id #')"
		[vti]="link add name KIND type vti key # $ends$(esp 10.9.#. 'mark #')"
		[vti6]="link add name KIND type vti6 key # $ends6$(esp fd09::#: 'mark #')"
	)
}
esp() { # ADDRESS SELECTOR
	local state='proto esp mode tunnel reqid # flag af-unspec auth digest_null "" enc cipher_null ""'
	local to="src $1@ dst $1%" from="src $1% dst $1@" all='src 0.0.0.0/0 dst 0.0.0.0/0'
	printf '\n%s' "xfrm state add $to spi 0x#0@ $state ${2/mark*/}" "xfrm state add $from spi 0x#0% $state ${2/mark*/}" \
		"xfrm policy add $all dir out $2 tmpl $to proto esp mode tunnel reqid #" \
		"xfrm policy add $all dir in $2 tmpl $from proto esp mode tunnel reqid #"
}

# One process runs all commands of one program, because a process takes long to start in a guest.

each() { # FUNCTION: FUNCTION KIND NUMBER
	local i
	for i in "${!kinds[@]}"; do "$1" "${kinds[i]}" $((i + 10)); done
}
made() { # KIND NUMBER
	local lines=${make[$1]-}
	lines=${lines//KIND/$1}
	printf '%s\n' "addr add 10.9.$2.@/16 dev u" "addr add fd09::$2:@/64 dev u" "${lines//#/$2}" \
		"link set dev $1 up" "addr add 10.8.$2.@/24 dev $1" "link add i$2 type ifb" "link set i$2 up"
}
looks() { # DEV HOOK PREF
	local index
	for index in 1 2 3 4; do
		echo "filter add dev $1 $2 pref $(($3 + index)) matchall action bpf index $index action gact continue"
	done
}
# Filters at the hooks where packets of a KIND come in (pref NUMBER20 and NUMBER30), and go out (NUMBER10).
comes_in() {
	printf 'qdisc add dev %s clsact\n' "$1" "i$2"
	looks "$1" ingress "${2}20"
	echo "filter add dev $1 ingress pref ${2}29 matchall action mirred egress redirect dev i$2"
	looks "i$2" egress "${2}30"
}
goes_out() {
	echo "qdisc add dev $1 clsact"
	looks "$1" egress "${2}10"
}
one_end() { [[ $1 == @(lo|tun|tap|vrf) ]]; }
filters_here() { goes_out "$@"; ! one_end "$1" || comes_in "$@"; }
filters_far() { one_end "$1" || comes_in "$@"; }
shown() { printf 'filter show dev %s\n' "$1 egress" "$1 ingress" "i$2 egress"; }

sent() { # KIND NUMBER
	local frame to=10.8.$2.2
	[[ -d /sys/class/net/$1 ]] || return 0
	case $1 in
	lo) packet udp 127.0.0.1 9 40 tos 184 ;;
	vrf)
		for to in "$to" "${to%2}1"; do	# the address of the other end, and its own
			packet udp "$to" 9 40 tos 184 device "$(</sys/class/net/vrf/ifindex)"
		done ;;
	tun | tap)
		# which has ended then: a device has one user
		frame=$(packet catch "$1:$1" 1 "$work/packet" udp "$to" 9 40 tos 184)
		packet pass "$1:$1" tun:out <<<"${frame%% *}" >/dev/null ;;
	*) packet udp "$to" 9 40 tos 184 ;;
	esac
}

# WireGuard sends in the background, so this must be waited for.
wireguard_came() {
	local i
	for i in "${!kinds[@]}"; do [[ ${kinds[i]} != wireguard ]] || break; done
	in_netns far grep -q "^ *i$((i + 10)): *[1-9]" /proc/net/dev
}

t kinds 'the kinds of devices: where the IP header is, and what tcact add makes of it'
kinds() {
	local -A make layer
	local kinds far lines line kind link found want_out want_in want_ifb lacking=() keys=(
		4041414141414141414141414141414141414141414141414141414141414141	# private and public key of one end: RFC 7748
		7a1a4e709bf085ac494aba0469b9b1eda0ab1f78b16aabb79ffeda90623e8522
		4042424242424242424242424242424242424242424242424242424242424242	# of the other end
		132c442be010fbd57e72603328aa76e71fccc1503aae219327d14d9c9993f472
	)
	! user_mode || skip 'user-mode Linux lacks many kinds'
	mapfile -t kinds < <(awk 'NF && !/^kind/ { print $1 }' <<<"$kinds_table")
	recipes
	modprobe -qa tun pppoe || true
	ipv6
	peer far u u 10.9.0.1/16,fd09::1/64 10.9.0.2/16,fd09::2/64
	for far in '' far; do
		${far:+in_netns far} bash -c 'echo 1 >/proc/sys/net/ipv6/conf/default/disable_ipv6'
		{
			printf "actions add action bpf object-file $work/bpf.o sec action/%s pipe index %d\n" at_0 1 at_14 2 behind 3
			echo "actions add ${bpf[kinds-auto]} pipe index 4"
		} | ${far:+in_netns far} tc -b -
	done
	# both run until this test ends
	packet ppp u 7 020000000b01 >/run/ppp1 &
	in_netns far "$work/packet" ppp u 7 020000000a01 >/run/ppp2 &
	eventually test -s /run/ppp1 -a -s /run/ppp2

	lines=$(each made | sed 's/^[[:space:]]*//')
	# Commands for which this kernel or ip lacks support fail. ip of kernel 7 accepts only one netkit in a batch.
	while read -r line; do
		# shellcheck disable=SC2086 # words
		ip $line >>/run/errors 2>&1 || true
	done < <(sed -n '/type netkit/s/^-//p' <<<"$lines")
	sed '/type netkit/d; s/^-//; y/@%/12/' <<<"$lines" | ip -force -b - >/run/errors 2>&1 || true
	sed '/^-/d; y/@%/21/' <<<"$lines" | ip -n far -force -b - >>/run/errors 2>&1 || true
	packet wireguard wireguard "${keys[0]}" "${keys[3]}" 10.9.0.2
	in_netns far "$work/packet" wireguard wireguard "${keys[2]}" "${keys[1]}" 10.9.0.1
	tun out
	each filters_here | tc -force -b - >>/run/errors 2>&1 || true
	each filters_far | in_netns far tc -force -b - >>/run/errors 2>&1 || true
	each sent
	eventually wireguard_came
	{
		each shown | tc -force -s -b - || true
		each shown | in_netns far tc -force -s -b - || true
	} 2>>/run/errors | awk -v kinds="${kinds[*]}" '
		$1 == "filter" { pref = $5; hits = 0 }
		/gact action/ { hits = 1 }
		/Sent/ && hits { n[pref] += $4; hits = 0 }
		# link auto must find a header at 0 or 14, and no other
		function where(pref, at) {
			at = n[pref + 1] ? 0 : n[pref + 2] ? 14 : n[pref + 3] ? "behind" : "-"
			return at (!n[pref + 4] == (at ~ /^[01]/) ? "(wrong with link auto)" : "")
		}
		END {
			last = split(kinds, kind, " ")
			for (i = 1; i <= last; i++)
				print kind[i], where((i + 9) * 100 + 10), where((i + 9) * 100 + 20), where((i + 9) * 100 + 30)
		}' >/run/found
	found=$'\n'$(</run/found)$'\n'

	(
		shopt -s extglob
		# shellcheck source=/dev/null
		. "$root/tc-scripts/tcact.d/place.bash"
		ip -d -o link show | while read -r line; do
			link_of "$line" link
			kind=${line#*: }
			kind=${kind%%[@:]*}
			echo "layer[$kind]=$link"
			[[ $kind != tun ]] || { link_of "${line/link\/none/link\/ether}" link && echo "layer[tun.ether]=$link"; }
		done
	) >/run/links
	# shellcheck source=/dev/null
	. /run/links
	while read -r kind link want_out want_in want_ifb; do
		[[ $kind && $kind != kind ]] || continue
		[[ ${layer[$kind]-} ]] || { lacking+=("$kind"); continue; }
		same "link of $kind" "${layer[$kind]}" "$link"
		[[ $found =~ $'\n'"$kind "($want_out)" "($want_in)" "($want_ifb)$'\n' ]] ||
			fail "$kind: expected '$want_out $want_in $want_ifb', found: $found"
	done <<<"$kinds_table"
	same 'link of ifb' "${layer[i10]}" auto
	# The program that opened a tun device can give it any type (TUNSETLINK).
	same 'link of a tun device that says ether' "${layer[tun.ether]}" auto
	# All kinds that kernel 5.10 has must be there.
	[[ "${lacking[*]}" =~ ^(hsr)?\ ?(netkit-l2 netkit-l3)?$ ]] || fail "not made: ${lacking[*]}: $(sort -u /run/errors)"
	((${#lacking[@]} == 0)) || skip "not made here: ${lacking[*]}; the others are as they should be"
}
