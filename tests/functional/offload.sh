# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# Real transfers through every rewriter, in GSO packets of TCP and UDP, which are not linear and whose
# checksums are not complete (CHECKSUM_PARTIAL). near sends with all offloads on. After the action, the packets
# are segmented and their checksums are completed. Then far verifies them.
#
#   near:d --- c  redirect  a --- b:far
#
# Each rewriter has its own networks, 10.1.ROW.0/24 and fd01:0:0:ROW::/64, and sees only their packets. So one
# process each of tc and curl is enough for all rewriters: processes take long to start in a guest.

# row NAME IPV4 IPV6 [ACTION [PARAM VALUE]...]: a rewriter. IPV4 and IPV6 are matches of u32 for packets that it
# has changed, or the VLAN of such packets. -: it does not change packets of this protocol.
rows=()
declare -A id=()
declare -A seen=() near=()	# by 4.NAME and 6.NAME; near: the addresses of near, as far knows them
row() {
	rows+=("$1")
	id[$1]=${#rows[@]} seen["4.$1"]=$2 seen["6.$1"]=$3
	near["4.$1"]=10.1.${#rows[@]}.1 near["6.$1"]=fd01:0:0:${#rows[@]}::1
	(($# == 3)) || bake "offload-$1" "${@:4}"
}
source='match u16 0x0099 0xffff at -4'		# of the Ethernet header
row dscp 'match u8 0xb8 0xfc at 1' 'match u16 0x0b80 0x0fc0 at 0' dscp value ef
row dscp-map 'match u8 0x28 0xfc at 1' 'match u16 0x0280 0x0fc0 at 0' dscp-map table be=af11 default keep
row ecn 'match u8 1 3 at 1' 'match u16 0x0010 0x0030 at 0' ecn set ect1 only any
row ttl 'match u8 33 0xff at 8' 'match u8 33 0xff at 7' ttl set 33
row df 'match u16 0 0x4000 at 6' - df flag clear
row flowlabel - 'match u32 0x12345 0xfffff at 0' flowlabel value 0x12345
row mac "$source" "$source" mac src 02:00:00:00:00:99 dst 02:00:00:00:0b:01
row mark 'match mark 5 0xffffffff' 'match mark 5 0xffffffff' meta set mark value 5
row edit "match u8 0x29 0xff at 1 match u8 33 0xff at 8 $source" \
	"match u32 0x02912345 0x0fffffff at 0 match u8 33 0xff at 7 $source" \
	edit meta.set priority meta.value 5 mac.src 02:00:00:00:00:99 ttl.set 33 dscp.value af11 \
	ecn.set ect1 ecn.only any df.flag clear flowlabel.value 0x12345 mss.max 1200
row mss 'match u32 0x020404b0 0xffffffff at 40' 'match u32 0x020404b0 0xffffffff at 60' mss max 1200
# the option of timestamps, overwritten by NOPs; Linux itself puts two NOPs before it
row tcpopt 'match u32 0x04020101 0xffffffff at 44' 'match u32 0x04020101 0xffffffff at 64' \
	tcpopt strip timestamps segments all
row nat '' ''
row npt - ''
row push 100 100 vlan push 100 pcp 5
row pop '' '' vlan pop yes
row map 300 300 vlan-map
unset source

# Actions for the answers, and actions that differ between the protocols.
bake offload-back-push vlan pop yes
bake offload-back-pop vlan push 200
bake offload-back-map vlan-map
bake offload-nat4 nat side src from 10.1.0.0/16 to 10.9.0.0/16
bake offload-back-nat4 nat side dst from 10.9.0.0/16 to 10.1.0.0/16
bake offload-nat6 nat side src from fd01::/48 to 2001:db8:9::/48
bake offload-back-nat6 nat side dst from 2001:db8:9::/48 to fd01::/48
bake offload-npt6 npt dir out from fd01::/48 to 2001:db8:8::/48
bake offload-back-npt6 npt dir in from 2001:db8:8::/48 to fd01::/48
near["4.nat"]=10.9.${id[nat]}.1 near["6.nat"]=2001:db8:9:${id[nat]}::1
# fd01 + ROW = 2001 + db8 + 8 + subnet
near["6.npt"]=$(printf '2001:db8:8:%x::1' $((0xfd01 + 16#${id[npt]} - 0x2001 - 0xdb8 - 8)))

bytes=300000

# bump ROW...: creates near and far, with devices and addresses for these rewriters
bump() {
	local ends ns dev this other mac device name on
	ipv6
	ip netns attach here $$
	peer near c d '' ''
	peer far a b '' ''
	ip -n near link set dev d address 02:00:00:00:0a:01
	clsact a
	tc filter add dev a ingress pref 65001 matchall action mirred egress redirect dev c
	for ends in 'near d 1 2 0b pop.200 map.5' 'far b 2 1 0a push.100 map.300'; do
		read -r ns dev this other mac ends <<<"$ends"
		for device in $ends; do
			ip -n "$ns" link add link "$dev" name "$device" type vlan id "${device#*.}" ||
				skip 'this kernel has no VLAN devices'
			ip -n "$ns" link set dev "$device" up
		done
		for name; do
			on=$dev
			for device in $ends; do [[ $device != $name.* ]] || on=$device; done
			echo "addr add 10.1.${id[$name]}.$this/24 dev $on"
			echo "addr add fd01:0:0:${id[$name]}::$this/64 dev $on nodad"
			echo "neigh add 10.1.${id[$name]}.$other lladdr 02:00:00:00:$mac:01 dev $on nud permanent"
			echo "neigh add fd01:0:0:${id[$name]}::$other lladdr 02:00:00:00:$mac:01 dev $on nud permanent"
			[[ $ns == far && $name == n[ap]t ]] || continue
			echo "route replace ${near[4.$name]} dev $on src 10.1.${id[$name]}.2"
			echo "route add ${near[6.$name]} dev $on src fd01:0:0:${id[$name]}::2"
			echo "neigh replace ${near[4.$name]} lladdr 02:00:00:00:$mac:01 dev $on nud permanent"
			echo "neigh add ${near[6.$name]} lladdr 02:00:00:00:$mac:01 dev $on nud permanent"
		done | ip -n "$ns" -b -
	done
	segmented on
}

# segmented on|off: whether the kernel segments what leaves through a, and completes the checksums
segmented() {
	local set=on feature features=()
	[[ $1 == off ]] || set=off
	# all others need the first one
	for feature in checksum-ip-generic tcp-segmentation tcp6-segmentation tcp-ecn-segmentation \
		tcp-mangleid-segmentation; do
		features+=("tx-$feature" "$set")
	done
	packet offload a "${features[@]}"
	# veth of 5.10 lacks this one, so the sender's device segments UDP after its egress
	udp=1
	packet offload a tx-udp-segmentation $set 2>/dev/null || udp=''
}

# through NAME HOOK TAGGED END ADDRESS4 ADDRESS6: prints tc commands that attach offload-NAME to $dev, for
# packets of $row with one of these addresses as END (src or dst)
ip=([4]=ip [6]=ip6) proto=([4]=ip [6]=ipv6)
through() {
	local v object action address=([4]=$5 [6]=$6)
	for v in 4 6; do
		object=offload-$1
		[[ ! ${bpf[$object$v]-} ]] || object+=$v
		action=${bpf[$object]-}
		[[ $row != map ]] || action="action bpf object-pinned /sys/fs/bpf/$object/vlan-map"
		[[ ! $action ]] || echo "filter add dev $dev $2 pref $((10 * id[$row] + v))" \
			"protocol ${3:-${proto[v]}} u32 match ${ip[v]} $4 ${address[v]} $action continue"
	done
}

# changes ROW...: prints tc commands that attach these rewriters at $dev and $hook, and those for the answers
changes() {
	local row tagged other=egress
	[[ $hook == ingress ]] || other=ingress
	for row; do
		tagged=''
		[[ $row != @(pop|map) ]] || tagged=802.1q
		through "$row" "$hook" "$tagged" src "10.1.${id[$row]}.1" "fd01:0:0:${id[$row]}::1"
		tagged=''
		[[ $row != @(push|map) ]] || tagged=802.1q
		through "back-$row" $other "$tagged" dst "${near[4.$row]}" "${near[6.$row]}"
	done
}

# watch DEV HOOK ROW...: prints tc commands for filters that count the changed packets
watch() {
	local row v match changed
	for row in "${@:3}"; do
		for v in 4 6; do
			changed=${seen[$v.$row]} match="u32 match ${ip[v]} src ${near[$v.$row]}"
			case $changed in
			-) continue ;;
			[0-9]*) match="802.1q flower vlan_id $changed vlan_ethtype ipv$v" ;;
			*) match="${proto[v]} $match $changed" ;;
			esac
			echo "filter add dev $1 $2 pref $((1000 + 10 * id[$row] + v)) protocol $match" \
				"action gact continue"
		done
	done
}

# place NS DEV HOOK ROW...: attaches these rewriters there, and nowhere else; all counters start at 0
place() {
	local at=$1 dev=$2 hook=$3 ns device
	for ns in 'near d' 'here c' 'far b'; do
		device=${ns#* } ns=${ns% *}
		{
			[[ ! $placed ]] || echo "qdisc del dev $device clsact"
			echo "qdisc add dev $device clsact"
			case $ns in
			here)
				echo "filter add dev c ingress pref 65001 matchall action mirred egress redirect dev a" ;;
			far)
				watch b ingress "${@:4}"
				echo "filter add dev b ingress pref 2000 matchall action gact continue" ;;
			esac
			if [[ $ns == "$at" ]]; then
				changes "${@:4}"
				[[ " $* " != *' mark '* ]] || watch "$dev" "$hook" mark	# it ends with the namespace
			fi
		} >"/run/$ns"
		in_netns "$ns" tc -b "/run/$ns"
	done
	placed=1
}

# counts NS DEV HOOK: sets, for each filter, n[PREF] to the number of packets it has seen (counted as
# segments), skbs[PREF] to that of GSO packets, drops[PREF], and prog[PREF] to the id of its program
counts() {
	local line p
	n=() skbs=() drops=() prog=()
	in_netns "$1" tc -s filter show dev "$2" "$3" >/run/filters
	while read -r line; do
		if [[ $line =~ ^filter.*\ pref\ ([0-9]+) ]]; then
			p=${BASH_REMATCH[1]}
			[[ ! $line =~ success\ ([0-9]+) ]] || skbs[p]=${BASH_REMATCH[1]}
		elif [[ $line =~ ^Sent\ [0-9]+\ bytes\ ([0-9]+)\ pkt\ \(dropped\ ([0-9]+) ]]; then
			n[p]=${BASH_REMATCH[1]} drops[p]=${BASH_REMATCH[2]}
		elif [[ $line =~ ^action\ order.*\ id\ ([0-9]+) ]]; then
			prog[p]=${BASH_REMATCH[1]}
		fi
	done </run/filters
}

# listens NS PORT
listens() {
	# shellcheck disable=SC2016 # awk's
	eventually in_netns "$1" awk -v port="$(printf ':%04X$' "$2")" \
		'$2 ~ port && $4 == "0A" { found = 1 } END { exit !found }' /proc/net/tcp /proc/net/tcp6
}

# serve: starts an HTTP server on near, which offers a file
serve() {
	mkdir /run/www
	head -c $bytes /dev/urandom >/run/www/file
	in_netns near busybox httpd -f -p 8080 -h /run/www &
	listens near 8080
}

# download ROW...: far downloads a file from near by HTTP, through each rewriter, over IPv4 and IPv6
download() {
	local row urls=() files=() get=(busybox wget -q -T 60 -O -)
	for row; do
		urls+=("http://${near[4.$row]}:8080/file" "http://[${near[6.$row]}]:8080/file")
		files+=(/run/www/file /run/www/file)
	done
	! type -P curl >/dev/null || get=(curl -sSg -m 60)
	in_netns far "${get[@]}" "${urls[@]}" | cmp - <(cat "${files[@]}")
}

# datagrams ROW...: near sends a GSO packet of UDP through each rewriter, over IPv4 and IPv6
datagrams() {
	local row to=''
	for row; do to+=",10.1.${id[$row]}.2,fd01:0:0:${id[$row]}::2"; done
	same datagrams "$(in_netns near "$work/packet" transfer udp far "${to#,}" 48000 '' 1000 |
		grep -c '^48000 ')" $((2 * $#))
}

# counted NAME DEV tx|rx: sets the variable NAME to the number of packets
counted() { read -r "$1" <"/sys/class/net/$2/statistics/$3_packets"; }

# transferred NS DEV HOOK ROW...: checks that the rewriters there saw GSO packets (or segments, if segmented
# before), changed all of them, and counted nothing
transferred() {
	local row p need other limit hook errors=() counted
	counts far b ingress
	for row in "${@:4}"; do
		need=$segments
		[[ $row != @(mss|tcpopt) ]] || need=1		# only a SYN has the option
		for p in $((1000 + 10 * id[$row] + 4)) $((1000 + 10 * id[$row] + 6)); do
			[[ $row == mark || ! ${n[p]-} ]] || ((n[p] >= need)) || errors+=("$row: $p changed ${n[p]}")
		done
	done
	other=egress
	[[ $3 == ingress ]] || other=ingress
	# TCP sends 207 segments, 2 to 44 of them in one packet. UDP sends 48 in one packet, unless segmented before.
	limit=75
	[[ $udp || $2 == d ]] || limit=95
	for hook in $3 $other; do
		counts "$1" "$2" "$hook"
		mapfile -t counted < <(packet reasons "${prog[@]}")
		for p in "${!prog[@]}"; do
			row=${rows[p / 10 - 1]}
			((drops[p] == 0)) || errors+=("$row: $p dropped ${drops[p]}")
			[[ ! ${counted[0]} ]] || errors+=("$row: $p counted reasons ${counted[0]}")
			counted=("${counted[@]:1}")
			if [[ $hook == "$other" ]]; then
				((n[p] > 10)) || errors+=("$row: $p saw ${n[p]} answers")
				continue
			fi
			((n[p] >= segments)) || errors+=("$row: $p saw ${n[p]} packets")
			if [[ $2 == b && $mode == on ]]; then
				((skbs[p] == n[p])) || errors+=("$row: $p saw ${n[p]} packets in ${skbs[p]}")
			else
				((skbs[p] * 100 < n[p] * limit)) || errors+=("$row: $p saw ${n[p]} packets in ${skbs[p]}")
			fi
			[[ $row != mark ]] || ((n[p + 1000] >= segments)) || errors+=("$row: $p changed ${n[p + 1000]}")
		done
		[[ $hook == "$other" ]] && p=9 || p=31		# nat, npt (IPv6), push, pop, map; all of them
		same "filters at $2 $hook" ${#prog[@]} "$p"
	done
	((${#errors[@]} == 0)) || fail "at $2 $3: $(printf '%s; ' "${errors[@]}")"
	same "checksum errors at $2 $3" "$(bad_sums far) $(bad_sums near)" '0 0'
}

t offload_rewriters 'HTTP and UDP in GSO packets through every rewriter, at four places: content and checksums are right'
offload_rewriters() {
	local where packets before p row to='' placed='' mode ns dev hook segments=$((bytes / 1448))
	local n=() skbs=() drops=() prog=()
	bump "${rows[@]}"
	stage offload-map 5=300 vlan-map
	stage offload-back-map 300=5 vlan-map
	serve
	# control: unchanged packets are not counted as changed
	place '' '' '' "${rows[@]}"
	for row in "${rows[@]}"; do to+=",10.1.${id[$row]}.2,fd01:0:0:${id[$row]}::2"; done
	in_netns near "$work/packet" syn "${to#,}" 9
	all() { counts far b ingress; ((n[2000] >= 2 * ${#rows[@]})); }
	eventually all
	unset 'n[2000]'
	same control "$(printf '%s\n' "${n[@]}" | sort -u)" 0

	for where in on:near:d:egress on:here:c:ingress on:far:b:ingress off:far:b:ingress; do
		IFS=: read -r mode ns dev hook <<<"$where"
		segmented "$mode"
		place "$ns" "$dev" "$hook" "${rows[@]}"
		counted before a tx
		download "${rows[@]}"
		counted packets a tx
		before=$((packets - before)) p=$((2 * ${#rows[@]} * segments))
		case $mode in
		on) ((before >= p)) || fail "$p segments left in $before packets: not segmented" ;;
		off) ((before < p * 3 / 4)) || fail "$p segments left in $before packets: segmented" ;;
		esac
		counted before c rx
		datagrams "${rows[@]}"
		counted packets c rx
		[[ ! $udp ]] || ((packets - before < 2 * ${#rows[@]} + 40)) ||
			fail "UDP came in $((packets - before)) packets: no super-packets"
		transferred "$ns" "$dev" "$hook" "${rows[@]}"
	done
}

t offload_iperf3 'iperf3, TCP and UDP, IPv4 and IPv6, through every rewriter: it succeeds, no checksum error'
offload_iperf3() {
	local row to p placed='' n=() skbs=() drops=() prog=()
	type -P iperf3 >/dev/null || skip 'this guest has no iperf3'
	bump "${rows[@]}"
	stage offload-map 5=300 vlan-map
	stage offload-back-map 300=5 vlan-map
	in_netns far iperf3 -s >/dev/null &
	listens far 5201
	place near d egress "${rows[@]}"
	iperf() {
		in_netns near iperf3 -c "$to" "$@" >/run/iperf3 2>&1 || fail "$row, $to, $*: $(</run/iperf3)"
	}
	for row in "${rows[@]}"; do
		for to in 10.1.${id[$row]}.2 fd01:0:0:${id[$row]}::2; do
			iperf -n 100000
			iperf -u -l 1400 -b 0 -n 50000
		done
	done
	counts near d egress
	same filters ${#prog[@]} 31
	for p in "${!prog[@]}"; do
		# of 104; iperf3 ends before all of them have been sent
		((n[p] > 70 && drops[p] == 0)) ||
			fail "${rows[p / 10 - 1]}: $p saw ${n[p]} packets, dropped ${drops[p]}"
	done
	same 'checksum errors' "$(bad_sums far) $(bad_sums near)" '0 0'
}

t offload_control 'control: a wrong checksum in a GSO packet is counted once for each segment, a wrong byte by cmp'
offload_control() {
	local placed=''
	bump dscp
	serve
	place '' '' ''
	# the incomplete checksum of UDP, which the device completes
	tc filter add dev c ingress pref 7 protocol ip matchall \
		action pedit munge offset 26 u16 set 0x1234 continue
	in_netns near "$work/packet" udp 10.1.1.2 9 12000 segment 1000
	noticed() { (($(bad_sums far) == 12)); }
	eventually noticed
	tc filter del dev c ingress pref 7
	# a byte that the checksum does not cover yet
	tc filter add dev c ingress pref 7 protocol ip u32 match ip sport 8080 0xffff match u8 8 8 at 33 \
		action pedit munge offset 90 u8 set 0 continue
	refused download dscp
	noticed || fail 'the checksum is computed after the change, so it cannot show it'
}
