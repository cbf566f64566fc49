# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash disable=SC2016,SC2086,SC2154,SC2317 # bpf[NAME] is words; variables are lib.sh's
# Real transfers through every rewriter, in super-packets of TCP and UDP (GSO): near sends with all
# offloads on, and what it sends is segmented and summed behind the action, then verified by far.
#
#   near:d --- c  redirect  a --- b:far
#
# The change is made where near sends (d), where far receives (b), or where super-packets come in (c).

# row NAME IPV4 IPV6 ACTION [PARAM VALUE]...: a rewriter, and filters that match what it changed in
# packets of both protocols; - where there is no such thing
declare -A seen4=() seen6=()
row() {
	seen4[$1]=$2 seen6[$1]=$3
	bake "offload-$1" "${@:4}"
}
row dscp 'flower ip_tos 0xb8/0xfc' 'flower ip_tos 0xb8/0xfc' dscp value ef
row dscp-map 'flower ip_tos 0x28/0xfc' 'flower ip_tos 0x28/0xfc' dscp-map table be=af11 default keep
row ecn 'flower ip_tos 1/3' 'flower ip_tos 1/3' ecn set ect1 only any
row ttl 'flower ip_ttl 33' 'flower ip_ttl 33' ttl set 33
row df 'u32 match u16 0 0x4000 at 6' - df flag clear
row flowlabel - 'u32 match u32 0x12345 0xfffff at 0' flowlabel value 0x12345
row mac 'flower src_mac 02:00:00:00:00:99' 'flower src_mac 02:00:00:00:00:99' \
	mac src 02:00:00:00:00:99 dst 02:00:00:00:0b:01
row mss 'u32 match u32 0x020404b0 0xffffffff at 40' 'u32 match u32 0x020404b0 0xffffffff at 60' mss max 1200
# what is left of timestamps: NOPs, of which the first two are an option of Linux's own
row tcpopt 'u32 match u32 0x04020101 0xffffffff at 44' 'u32 match u32 0x04020101 0xffffffff at 64' \
	tcpopt strip timestamps segments all
row mark 'u32 match mark 5 0xffffffff' 'u32 match mark 5 0xffffffff' meta set mark value 5
row edit 'flower src_mac 02:00:00:00:00:99 ip_tos 0x29 ip_ttl 33' \
	'flower src_mac 02:00:00:00:00:99 ip_tos 0x29 ip_ttl 33' \
	edit meta.set priority meta.value 5 mac.src 02:00:00:00:00:99 ttl.set 33 dscp.value af11 \
	ecn.set ect1 ecn.only any df.flag clear flowlabel.value 0x12345 mss.max 1200
row push 'vlan 100' 'vlan 100' vlan push 100 pcp 5
row pop 'u32 match u32 0 0' 'u32 match u32 0 0' vlan pop yes
row map 'vlan 100' 'vlan 100' vlan-map

declare -A left=()
bytes=1000000

# bump SENDER RECEIVER: near and far, with their addresses on these devices
bump() {
	local ends
	peer near c d '' ''
	peer far a b '' ''
	ip -n near link set dev d address 02:00:00:00:0a:01
	clsact a c
	in_netns near tc qdisc add dev d clsact
	in_netns far tc qdisc add dev b clsact
	tc filter add dev c ingress pref 65001 matchall action mirred egress redirect dev a
	tc filter add dev a ingress pref 65001 matchall action mirred egress redirect dev c
	for ends in "near d $1 1 2 0b" "far b $2 2 1 0a"; do
		read -r ns dev on this other mac <<<"$ends"
		if [[ $on == *.* ]]; then
			ip -n $ns link add link $dev name $on type vlan id ${on#*.} ||
				skip 'this kernel has no VLAN devices'
			ip -n $ns link set dev $on up
		fi
		ip -n $ns addr add 10.1.0.$this/24 dev $on
		ip -n $ns addr add fd01::$this/64 dev $on
		ip -n $ns neigh add 10.1.0.$other lladdr 02:00:00:00:$mac:01 dev $on nud permanent
		ip -n $ns neigh add fd01::$other lladdr 02:00:00:00:$mac:01 dev $on nud permanent
	done
	# in the namespace ns, if it is set
	tc() { if [[ $ns ]]; then in_netns $ns tc "$@"; else command tc "$@"; fi; }
	ns=''
	segmented on
}

# segmented on|off: what leaves a is, and is summed, by the kernel
segmented() {
	local feature set=on
	[[ $1 == off ]] || set=off
	# nothing of it is possible without the first
	for feature in tx-checksum-ip-generic tx-tcp-segmentation tx-tcp6-segmentation \
		tx-tcp-ecn-segmentation tx-tcp-mangleid-segmentation; do
		packet offload a $feature $set
	done
	# veth of 5.10 has none, so that the sender's device cuts UDP behind its egress
	udp=(super $((2 * 48000)))
	packet offload a tx-udp-segmentation $set 2>/dev/null || udp=()
}

# change ROW NS DEV HOOK
change() {
	local ns=${2#here}
	if [[ $1 == map* ]]; then
		${ns:+nsenter --net=/run/netns/$ns} "$root/tc-scripts/tcact" add dev $3 $4 pref 7 \
			vlan-map table /run/$1 continue
	else
		tc filter add dev $3 $4 pref 7 matchall ${bpf[offload-$1]} continue
	fi
}

# watch ROW: filters 8 (IPv4) and 9 (IPv6) count what is changed, and 10 all, at dev
watch() {
	local p=7 match
	for match in "${seen4[$1]}" "${seen6[$1]}"; do
		p=$((p + 1))
		case $match in
		-) continue ;;
		vlan*) match="protocol 802.1q flower vlan_id ${match#* } vlan_ethtype ipv$((p * 2 - 12))" ;;
		*) match="protocol $( ((p == 8)) && echo ip || echo ipv6) $match" ;;
		esac
		echo "filter add dev $dev $hook pref $p $match action gact continue"
	done >/run/watch
	echo "filter add dev $dev $hook pref 10 matchall action gact continue" >>/run/watch
	tc -b /run/watch
}
unwatch() { sed 's/ add / del /; s/ protocol.*\| matchall.*//' /run/watch | tc -b -; }

# counts: sets n[PREF] to the packets that each of these filters has seen
counts() {
	local line p
	n=()
	while read -r line; do
		if [[ $line =~ ^filter.*\ pref\ ([0-9]+) ]]; then
			p=${BASH_REMATCH[1]}
		elif [[ $line =~ ^Sent\ [0-9]+\ bytes\ ([0-9]+)\ pkt ]]; then
			n[p]=${BASH_REMATCH[1]}
		fi
	done < <(tc -s filter show dev $dev $hook)
}

packets_of() { echo "$(<"/sys/class/net/$1/statistics/$2_packets")"; }

# super ROW COMMAND...: what it sends comes out of near in super-packets, BYTES of payload in segments
# of 1448 bytes at most, and leaves a as it should
super() {
	local in out
	in=$(packets_of c rx) out=$(packets_of a tx)
	"${@:2}"
	in=$(($(packets_of c rx) - in)) out=$(($(packets_of a tx) - out))
	((in < $1 / 1448 / 2)) || fail "$1 bytes came in $in packets: no super-packets"
	case $mode in
	on) ((out >= $1 / 1448)) || fail "$1 bytes left in $out packets: not segmented" ;;
	off) ((out < $1 / 1448 / 2)) || fail "$1 bytes left in $out packets: segmented" ;;
	esac
}

# download: far gets a file of near by HTTP, over IPv4 and IPv6
download() {
	local urls=(http://10.1.0.1:8080/file 'http://[fd01::1]:8080/file')
	if type -P curl >/dev/null; then
		in_netns far curl -sSg -m 60 "${urls[@]}" | cmp - /run/twice
	else
		in_netns far busybox wget -q -T 60 -O - "${urls[@]}" | cmp - /run/twice
	fi
}

# datagrams: near sends super-packets of UDP
datagrams() {
	local to got
	for to in 10.1.0.2 fd01::2; do
		got=$(in_netns near "$work/packet" transfer udp far $to 48000 1000)
		same "datagrams to $to" "${got% *}" 48000
	done
}

# listens NS PORT
listens() {
	eventually in_netns $1 awk -v port="$(printf ':%04X$' $2)" \
		'$2 ~ port && $4 == "0A" { found = 1 } END { exit !found }' /proc/net/tcp /proc/net/tcp6
}

# serve: near's HTTP server, with a file
serve() {
	mkdir /run/www
	head -c $bytes /dev/urandom >/run/www/file
	cat /run/www/file /run/www/file >/run/twice
	in_netns near busybox httpd -f -p 8080 -h /run/www &
	listens near 8080
}

# through ROW NS DEV HOOK
through() {
	local row=$1 ns='' dev=b hook=ingress p before
	[[ $2 == here ]] || ns=$2
	if [[ $row == mark ]]; then	# it ends with the namespace
		dev=$3 hook=$4
		watch $row
		probe
	else
		ns=far
	fi
	counts
	before=("${n[8]-0}" "${n[9]-0}")
	change $row "${@:2}"
	super $((2 * bytes)) download
	"${udp[@]}" datagrams
	counts
	for p in 8 9; do
		[[ ! ${n[p]-} ]] || ((n[p] > before[p - 8])) ||
			fail "$row at $3: nothing that is changed seen by filter $p: $(</run/watch)"
	done
	[[ $row != mark ]] || unwatch
	[[ $2 == here ]] && ns='' || ns=$2
	ran $3 $4 7
	same "reasons of $row at $3" "$(reasons $3 $4 7)" "${left[$row]-}"
	tc filter del dev $3 $4 pref 7
}

# probe: what is not changed is not seen as such
probe() {
	in_netns near "$work/packet" syn 10.1.0.2 9
	in_netns near "$work/packet" syn fd01::2 9
	all() { counts; ((n[10] >= 2)); }
	eventually all
	same "control: $row" "${n[8]-0} ${n[9]-0}" '0 0'
}

# each ROW...: at every place
each() {
	local row mode=on ns dev=b hook=ingress n=()
	serve
	for row; do
		ns=far
		[[ $row == mark ]] || { watch $row; probe; }
		through $row near d egress
		through $row far b ingress
		[[ $row == mark ]] || unwatch
		same "checksum errors of $row" "$(bad_sums far) $(bad_sums near)" '0 0'
	done
	# the last once more: where super-packets come in, and where they reach the receiver's socket
	ns=far
	watch $row
	through $row here c ingress
	mode=off
	ns=''
	segmented off
	through $row far b ingress
	same "checksum errors of $row" "$(bad_sums far) $(bad_sums near)" '0 0'
}

t offload_ip 'HTTP and UDP in super-packets through dscp, dscp-map, ecn, ttl, df, flowlabel: content, sums'
offload_ip() {
	bump d b
	each dscp dscp-map ecn ttl df flowlabel
}

t offload_tcp 'the same through mss, tcpopt, and edit with nine parts'
offload_tcp() {
	bump d b
	each mss tcpopt edit
}

t offload_link 'the same through mac and meta'
offload_link() {
	bump d b
	each mark mac
}

t offload_push 'the same through vlan push, to a VLAN device; its answers through vlan pop'
offload_push() {
	bump d b.100
	in_netns near tc filter add dev d ingress pref 7 matchall ${bpf[offload-pop]}
	each push
}

t offload_pop 'the same through vlan pop, from a VLAN device; its answers through vlan push'
offload_pop() {
	bump d.100 b
	in_netns near tc filter add dev d ingress pref 7 matchall ${bpf[offload-push]}
	each pop
}

t offload_map 'the same through vlan-map, from one VLAN to another, and back'
offload_map() {
	bump d.5 b.100
	echo 5=100 >/run/map
	echo 100=5 >/run/map-back
	change map-back near d ingress
	each map
}

t offload_iperf3 'iperf3, TCP and UDP, IPv4 and IPv6, through each: it ends well, no checksum error'
offload_iperf3() {
	local row to mode=''	# it ends before all of it has been received
	type -P iperf3 >/dev/null || skip 'this guest has no iperf3'
	bump d b
	in_netns far iperf3 -s >/dev/null &
	listens far 5201
	iperf() { in_netns near iperf3 -c $to "$@" >/run/iperf3 2>&1 || fail "$row, $to, $*: $(</run/iperf3)"; }
	for row in dscp dscp-map ecn ttl df flowlabel mac mss tcpopt mark edit; do
		change $row near d egress
		for to in 10.1.0.2 fd01::2; do
			super 500000 iperf -n 500000
			iperf -u -l 1400 -b 0 -n 100000
		done
		ns=near
		ran d egress 7
		same "reasons of $row" "$(reasons d egress 7)" "${left[$row]-}"
		tc filter del dev d egress pref 7
		ns=''
	done
	same 'checksum errors' "$(bad_sums far) $(bad_sums near)" '0 0'
}

t offload_control 'control: a wrong sum in a super-packet is noticed once for each segment, a wrong byte by cmp'
offload_control() {
	local mode=on
	bump d b
	serve
	# the checksum of UDP, where the device is to add the rest
	tc filter add dev c ingress pref 7 protocol ip matchall action pedit munge offset 26 u16 set 0x1234 continue
	in_netns near "$work/packet" udp 10.1.0.2 9 12000 segment 1000
	noticed() { (($(bad_sums far) == 12)); }
	eventually noticed
	tc filter del dev c ingress pref 7
	# a byte of what is yet to be summed
	tc filter add dev c ingress pref 7 protocol ip u32 match ip sport 8080 0xffff match u8 8 8 at 33 \
		action pedit munge offset 90 u8 set 0 continue
	refused download
	noticed || fail 'the sum is made later: it cannot tell'
}
