# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# The functions of which the tests are made. Each test is a function that `run` calls in network, mount
# and PID namespaces of its own. A command that fails, or an expectation that is not met, ends the test.
: "${root:?}" "${work:?}" "${objects:?}"	# run sets them

# t ID WHAT: the function ID is a test; WHAT says what it shows
declare -a tests=()
declare -A what=()
t() {
	tests+=("$1")
	what[$1]=$2
}

# bake NAME ACTION [PARAM VALUE]...: at the top of a test file. After that, @NAME stands for this action in
# the arguments of tc. `run` bakes all of them first, on the build machine, where that is quick.
declare -A bpf=()
bake() {
	bpf[$1]="action bpf object-file $work/$1.o sec action/$2"
	[[ ! ${baking-} ]] || echo "${*:2} -o $1.o" >>"$work/bakes"
}

# The actions as built: @NAME from the object with all of them, @NAME.o from its own object.
for a in "$root"/action/*.c; do
	a=${a##*/} a=${a%.c}
	bpf[$a]="action bpf object-file $objects/tcact.o sec action/$a"
	bpf[$a.o]="action bpf object-file $objects/$a.o sec action/$a"
done

# tcact-data for the architecture of the guest; whether it changes tables in place
data=${TCACT_DATA:-$root/build/tcact-data} in_place=1
[[ $(getconf LONG_BIT) == 64 ]] || in_place=''

# tc ARGUMENT...: the tc of iproute2, in the network namespace $tc_netns if that is set. @NAME and
# @NAME/ACTION stand for actions: see bake and stage.
tc_netns=''
tc() {
	local argument arguments=() words
	for argument; do
		case $argument in
		@*/*) arguments+=(action bpf object-pinned "/sys/fs/bpf/${argument#@}") ;;
		@*)
			[[ ${bpf[${argument#@}]-} ]] || fail "tc $*: $argument was not baked"
			read -ra words <<<"${bpf[${argument#@}]}"
			arguments+=("${words[@]}") ;;
		*) arguments+=("$argument") ;;
		esac
	done
	if [[ $tc_netns ]]; then in_netns "$tc_netns" tc "${arguments[@]}"; else command tc "${arguments[@]}"; fi
}

# ---- verdicts of tests ----------------------------------------------------------------------

fail() {
	local i=0
	while [[ ${BASH_SOURCE[i]} == "${BASH_SOURCE[0]}" ]]; do i=$((i + 1)); done
	echo "# ${BASH_SOURCE[i]##*/}:${BASH_LINENO[i - 1]}: $*"
	exit 1
}

skip() {
	echo "SKIP $*"
	exit 77
}

# since VERSION: is this kernel that one, or newer?
since() { printf '%s\n' "$1" "$(uname -r)" | sort -VC; }

user_mode() { grep -q 'User Mode Linux' /proc/cpuinfo; }
# on_time: the test measures time. User-mode Linux stands still while its one CPU has other work.
on_time() { ! user_mode || skip 'user-mode Linux keeps no exact time'; }

# same WHAT GOT EXPECTED
same() {
	[[ $2 == "$3" ]] || fail "$1: got '$2', expected '$3'"
}

# differ WHAT GOT UNEXPECTED: a negative control, which shows that `same` would fail without the action
differ() {
	[[ $2 != "$3" ]] || fail "control: $1: '$2' with and without the action"
}

# refused COMMAND...: COMMAND must fail
refused() {
	if "$@" >/dev/null 2>&1; then fail "was not refused: $*"; fi
}

# eventually COMMAND...: COMMAND must succeed within 30 seconds; it is tried without pause
eventually() {
	local end=$((SECONDS + 30))
	until "$@"; do
		((SECONDS < end)) || fail "never: $*"
	done
}

# ---- devices --------------------------------------------------------------------------------

is_up() { [[ $(<"/sys/class/net/$1/operstate") != down ]]; }

# wire A B: a cable (veth) with the ends A and B
wire() {
	printf '%s\n' "link add name $1 type veth peer name $2" "link set dev $1 up" "link set dev $2 up" |
		ip -b -
	eventually is_up "$1"
}

# vlan NAME PARENT VID [PROTO]
vlan() {
	ip link add link "$2" name "$1" type vlan id "$3" protocol "${4-802.1q}" ||
		skip "this kernel has no VLAN devices"
	ip link set dev "$1" up
	eventually is_up "$1"
}

# tun NAME [ADDRESS]: a device without a link layer; `packet` reads from it and writes to it
tun() {
	# a guest has no udev, so nothing else loads the module
	[[ -c /dev/net/tun ]] || modprobe tun 2>/dev/null || true
	ip tuntap add "$1" mode tun 2>/dev/null || skip "this kernel has no tun"
	[[ ! ${2-} ]] || ip addr add "$2" dev "$1"
	ip link set dev "$1" up
}

# peer NAME A B ADDRESSES-A ADDRESSES-B: a network namespace NAME, connected by a cable. Both ends have
# permanent neighbour entries, so that no ARP is counted. The index of A is one that B does not have: with
# equal indexes, linkwatch_urgent_event() does not see that B is virtual, and B is up only after a second.
peers=0
peer() {
	local address index=$((1000 + peers++))
	ip netns add "$1"
	# shellcheck disable=SC2016 # for that shell
	in_netns "$1" bash -c 'for file in /proc/sys/net/ipv6/conf/{all,default}/{accept_dad,disable_ipv6}; do
		echo 0 >"$file"; done'
	{
		echo "link add name $2 index $index address 02:00:00:00:0a:01" \
			"type veth peer name $3 address 02:00:00:00:0b:01 netns $1"
		for address in ${4//,/ }; do echo "addr add $address dev $2"; done
	} | ip -b -
	{
		for address in ${5//,/ }; do echo "addr add $address dev $3"; done
		printf '%s\n' "link set dev lo up" "link set dev $3 up"
		for address in ${4//,/ }; do
			echo "neigh add ${address%/*} lladdr 02:00:00:00:0a:01 dev $3 nud permanent"
		done
	} | ip -n "$1" -b -
	{
		echo "link set dev $2 up"
		for address in ${5//,/ }; do
			echo "neigh add ${address%/*} lladdr 02:00:00:00:0b:01 dev $2 nud permanent"
		done
	} | ip -b -
	eventually is_up "$2"
}

# in_netns NAME COMMAND...
in_netns() { "$work/packet" netns "$@"; }

ipv6() { echo 0 >/proc/sys/net/ipv6/conf/default/disable_ipv6; }

clsact() {
	local dev
	for dev; do tc qdisc add dev "$dev" clsact; done
}

# stage NAME LIST ACTION [PARAM VALUE]...: loads the action with the table LIST, one entry a line, and pins
# it as /sys/fs/bpf/NAME/ACTION. @NAME/ACTION stands for it in the arguments of tc; no packet reaches it yet.
stage() {
	local pin=/sys/fs/bpf/$1
	mkdir -p "$pin"
	echo "$2" >/run/list
	"$data" "$objects" load ${2:+-t /run/list} -o "$pin/$3" "${@:3}" 2>/run/load || fail "$(</run/load)"
}

# ---- transfers ------------------------------------------------------------------------------

# bad_sums NETNS: the number of checksum errors that this namespace has counted, of all protocols
bad_sums() {
	in_netns "$1" cat /proc/net/snmp /proc/net/snmp6 | awk '
		$1 in column { n += $column[$1]; delete column[$1]; next }
		/:/ { for (i = 2; i <= NF; i++) if ($i == ($1 == "Ip:" ? "InHdrErrors" : "InCsumErrors")) column[$1] = i }
		/^[A-Z][a-z]+6InCsumErrors/ { n += $2 }
		END { print n + 0 }'
}

# two: device a here and device b in the namespace far; clsact on a
two() {
	ipv6
	peer far a b 10.1.0.1/24,fd01::1/64 10.1.0.2/24,fd01::2/64
	clsact a
}

# send BYTES: sends BYTES over TCP, over IPv4 and IPv6; the receiver compares every byte
send() {
	local to
	for to in 10.1.0.2 fd01::2; do
		same "transfer to $to" "$(packet transfer tcp far "$to" "$1")" "$1 0x00"
	done
}

# ---- two customers --------------------------------------------------------------------------

# customers [WORDS]: a table of rates. 10.1.0.1 has 400 kbit/s; 10.1.0.3 and fd01::3 share 200 kbit/s. Each with WORDS.
customers() {
	local line
	for line in '10.1.0.1 rate 400kbit' '10.1.0.3 rate 200kbit tag 3' 'fd01::3 rate 200kbit tag 3'; do
		echo "$line${1:+ $1}"
	done
}

# begin_customers: three addresses of two customers on a, and a place for pins
begin_customers() {
	two
	type ping >/dev/null 2>&1 || skip "there is no ping"
	ip addr add 10.1.0.3/24 dev a
	ip -6 addr add fd01::3/64 dev a nodad
	mkdir /sys/fs/bpf/s
}

# pings SOURCE DESTINATION SIZE: five seconds of them; prints how many were sent, and answered, and in how many ms
pings() {
	ping -q -i 0.01 -s "$3" -w 5 -I "$1" "$2" |
		sed -n 's/^\([0-9]*\) packets transmitted, \([0-9]*\) received.*time \([0-9]*\)ms$/\1 \2 \3/p' || true
}

# all_ping DIR BURST: each address at the same time; prints how many were answered for each customer, and should have been
# with a burst of so many packets, and how many were sent over IPv4. A packet of 1,442 bytes takes 28.84 ms at 400 kbit/s.
all_ping() {
	local alone ipv4 ipv6
	pings 10.1.0.1 10.1.0.2 1400 >"$1/1" &
	pings 10.1.0.3 10.1.0.2 1400 >"$1/3" &
	pings fd01::3 fd01::2 1380 >"$1/33"
	wait
	read -ra alone <"$1/1"
	read -ra ipv4 <"$1/3"
	read -ra ipv6 <"$1/33"
	echo "${alone[1]} $(($2 + alone[2] * 100 / 2884)) $((ipv4[1] + ipv6[1])) $(($2 + ipv4[2] * 100 / 5768)) $((alone[0] + ipv4[0]))"
}

# below WHAT GOT EXPECTED: not more than 2 % above that; false if it is more than 2 % below
below() {
	(($2 * 100 <= $3 * 102)) || fail "$1: $2 packets were answered, not $3"
	(($2 * 100 >= $3 * 98))
}

# ---- packets --------------------------------------------------------------------------------

# frames: reads the file of frames.py: ${frame[NAME.in]} is a frame, and ${frame[NAME.VARIANT]} is what it
# must become, as computed by Scapy
declare -A frame=()
# shellcheck source=/dev/null
frames() { . "$work/frames"; }

packet() { "$work/packet" "$@"; }

# pass FROM TO [OPTION]... FRAME...: sends each frame and prints what came out
pass() {
	local args=()
	while [[ ! $1 =~ ^[0-9a-f]{8,}$ ]]; do
		args+=("$1")
		shift
	done
	printf '%s\n' "$@" | "$work/packet" pass "${args[@]}"
}

# plus_minus FRAME...: sends each from a to b; prints a character for each, + if it passed, - if not
plus_minus() {
	local line signs=''
	while read -r line; do
		if [[ $line == - ]]; then signs+=-; else signs+=+; fi
	done < <(pass a b "$@")
	echo "$signs"
}

# come_out ARRAY FROM TO [OPTION]... FRAME...: the same, into ARRAY, one element for each frame. It uses a
# file, because bash reads a pipe byte by byte.
come_out() {
	pass "${@:2}" >/run/came-out
	mapfile -t "$1" </run/came-out
}

# behind B A2 B2: redirects what comes in at B to A2, and so to B2. So packets can be seen after the ingress
# actions of B, which must have a pref from 2 to 65000 and end in continue.
behind() {
	wire "$2" "$3"
	tc filter add dev "$1" ingress pref 1 protocol 0x88b5 matchall \
		action mirred egress redirect dev "$2"
	tc filter add dev "$1" ingress pref 65001 matchall action mirred egress redirect dev "$2"
}

# differences CORPUS KINDS LEAST: compares /tmp/ours and /tmp/theirs, the results for the packets of CORPUS. Packets of
# KINDS must differ, those of a KIND? may, and all others must be the same. There must be at least LEAST packets, and a
# tenth of LEAST must be changed.
differences() {
	paste -d ' ' "$1" /tmp/ours /tmp/theirs | awk -v kinds="$2" -v least="$3" '
		BEGIN {
			for (n = split(kinds, word, " "); n; n--) {
				must = !sub(/\?/, "", word[n])
				listed[word[n]] = must
			}
		}
		{ kind = substr($1, 1, index($1, ".") - 1) }
		$3 != $2 { changed++ }
		$3 == $4 { same++ }
		$3 != $4 && kind in listed { seen[kind] = 1 }
		$3 != $4 && !(kind in listed) { print $1 " (" $2 "): ours " $3 ", theirs " $4; exit wrong = 1 }
		END {
			for (kind in listed) if (listed[kind] && !(kind in seen)) { print kind " does not differ: strike it"; wrong = 1 }
			if (NR < least || changed < least / 10) { print NR + 0 " packets, " changed + 0 " changed"; wrong = 1 }
			print "# " same + 0 " of " NR " the same"
			exit wrong
		}' >/tmp/differences || fail "$(cat /tmp/differences)"
}

# ---- counters -------------------------------------------------------------------------------

# stats DEV HOOK PREF [N]: prints packets and drops of the Nth action of a filter (default: the first)
stats() {
	local json n
	json=$(tc -j -s filter show dev "$1" "$2" pref "$3")
	for ((n = ${4:-1}; n > 0; n--)); do
		[[ $json =~ \"stats\":[\ ]?\{\"bytes\":[0-9]+,\"packets\":([0-9]+),\"drops\":([0-9]+)(.*) ]] ||
			fail "stats of $*: none in $json"
		json=${BASH_REMATCH[3]}
	done
	echo "${BASH_REMATCH[1]} ${BASH_REMATCH[2]}"
}

# ran DEV HOOK PREF: the action must have seen packets, and dropped none. For connections: their number of
# packets is not known, because of retransmissions and of what IPv6 sends by itself.
ran() {
	local packets drops
	read -r packets drops < <(stats "$@")
	((packets > 0 && drops == 0)) || fail "$*: $packets packets, $drops dropped"
}

# program DEV HOOK PREF [N]: prints the id of the Nth program of a filter
program() {
	local json n
	json=$(tc -j filter show dev "$1" "$2" pref "$3")
	for ((n = ${4:-1}; n > 0; n--)); do
		[[ $json =~ \"prog\":\{\"id\":([0-9]+)(.*) ]] || fail "program of $*: none in $json"
		json=${BASH_REMATCH[2]}
	done
	echo "${BASH_REMATCH[1]}"
}

# reasons DEV HOOK PREF [N]: prints the counters of the program that are not 0, as NAME=COUNT...
reasons() {
	local line='' pair
	declare -A name
	# shellcheck source=/dev/null # written by run
	. "$work/reasons"
	for pair in $(packet reasons "$(program "$@")"); do
		line+="${line:+ }${name[${pair%=*}]}=${pair#*=}"
	done
	echo "$line"
}
