# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash disable=SC2034,SC2154 # sourced by run and by the tests; variables are shared
# What the tests are written in. Each test is a function that `run` calls in network, mount and
# PID namespaces of its own; a command that fails, and an expectation that does not hold, ends it.

# t ID WHAT: the function ID is a test; WHAT it shows
declare -a tests=()
declare -A what=()
t() {
	tests+=("$1")
	what[$1]=$2
}

# bake NAME ACTION [PARAM VALUE]...: at the top of a test file. ${bpf[NAME]} is then what to
# give to tc. `run` bakes on the build machine, where it is quick, before anything else.
declare -A bpf=()
bake() {
	bpf[$1]="action bpf object-file $work/$1.o sec action/$2"
	[[ ! ${baking-} ]] || echo "${*:2} -o $1.o" >>"$work/bakes"
}

# An action as built: all in one object, and alone in its own.
for a in "$root"/action/*.c; do
	a=${a##*/} a=${a%.c}
	bpf[$a]="action bpf object-file $objects/tcact.o sec action/$a"
	bpf[$a.o]="action bpf object-file $objects/$a.o sec action/$a"
done

# of the guest's architecture
data=$root/build/tcact-data
[[ $objects != */bpfeb ]] || data=$objects/tcact-data

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

# same WHAT GOT EXPECTED
same() {
	[[ $2 == "$3" ]] || fail "$1: got '$2', expected '$3'"
}

# differ WHAT GOT UNEXPECTED: the negative control, so that `same` is known to be able to fail
differ() {
	[[ $2 != "$3" ]] || fail "control: $1: '$2' with and without the action"
}

# refused COMMAND...: it must fail
refused() {
	if "$@" >/dev/null 2>&1; then fail "was not refused: $*"; fi
}

# eventually COMMAND...: it becomes true within 30 seconds, looked at without pause
eventually() {
	local end=$((SECONDS + 30))
	until "$@"; do
		((SECONDS < end)) || fail "never: $*"
	done
}

# ---- devices --------------------------------------------------------------------------------

is_up() { [[ $(<"/sys/class/net/$1/operstate") != down ]]; }

# wire A B: a cable, its ends A and B
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

# tun NAME [ADDRESS]: a device without a link layer, whose user is `packet`
tun() {
	# no udev in a guest: nothing loads the module when the device is opened
	[[ -c /dev/net/tun ]] || modprobe tun 2>/dev/null || true
	ip tuntap add "$1" mode tun 2>/dev/null || skip "this kernel has no tun"
	[[ ! ${2-} ]] || ip addr add "$2" dev "$1"
	ip link set dev "$1" up
}

# peer NAME A B ADDRESSES-A ADDRESSES-B: a network namespace NAME behind a cable. The neighbours
# know each other, so that no ARP is counted. Two ends with one index, each in a namespace of its
# own, would be up only after a second: linkwatch_urgent_event() takes B for no virtual device.
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

# stage NAME LIST ACTION [PARAM VALUE]...: the action with the table LIST, a line an entry, is loaded and
# pinned as /sys/fs/bpf/NAME/ACTION, and nothing sees it yet
stage() {
	local pin=/sys/fs/bpf/$1
	mkdir -p "$pin"
	echo "$2" >/run/list
	"$data" "$objects" load ${2:+-t /run/list} -o "$pin/$3" "${@:3}" 2>/run/load || fail "$(</run/load)"
}
staged() { echo "action bpf object-pinned /sys/fs/bpf/$1/$2"; }

# ---- transfers ------------------------------------------------------------------------------

# bad_sums NETNS: checksum errors that the receiver has counted, of all protocols
bad_sums() {
	in_netns "$1" cat /proc/net/snmp /proc/net/snmp6 | awk '
		$1 in column { n += $column[$1]; delete column[$1]; next }
		/:/ { for (i = 2; i <= NF; i++) if ($i == ($1 == "Ip:" ? "InHdrErrors" : "InCsumErrors")) column[$1] = i }
		/^[A-Z][a-z]+6InCsumErrors/ { n += $2 }
		END { print n + 0 }'
}

# two: a and, in the namespace far, b; clsact on a
two() {
	ipv6
	peer far a b 10.1.0.1/24,fd01::1/64 10.1.0.2/24,fd01::2/64
	clsact a
}

# send BYTES: over TCP, both families; the receiver compares every byte
send() {
	local to
	for to in 10.1.0.2 fd01::2; do
		same "transfer to $to" "$(packet transfer tcp far $to "$1")" "$1 0x00"
	done
}

# ---- packets --------------------------------------------------------------------------------

# frames: reads what frames.py wrote: ${frame[NAME.in]}, and ${frame[NAME.VARIANT]}, what
# Scapy says it must become
declare -A frame=()
# shellcheck source=/dev/null
frames() { . "$work/frames"; }

packet() { "$work/packet" "$@"; }

# pass FROM TO [OPTION]... FRAME...: prints, for each, what came out
pass() {
	local args=()
	while [[ ! $1 =~ ^[0-9a-f]{8,}$ ]]; do
		args+=("$1")
		shift
	done
	printf '%s\n' "$@" | "$work/packet" pass "${args[@]}"
}

# come_out ARRAY FROM TO [OPTION]... FRAME...: what pass prints, a line an element. By a file, as bash
# reads a pipe byte by byte.
come_out() {
	pass "${@:2}" >/run/came-out
	mapfile -t "$1" </run/came-out
}

# behind B A2 B2: what comes in at B goes out to A2, and so to B2, where it can be seen after
# the ingress actions of B. They get a pref from 2 to 65000, and end in pipe or continue.
behind() {
	wire "$2" "$3"
	tc filter add dev "$1" ingress pref 1 protocol 0x88b5 matchall \
		action mirred egress redirect dev "$2"
	tc filter add dev "$1" ingress pref 65001 matchall action mirred egress redirect dev "$2"
}

# differences CORPUS KINDS LEAST: what came of the packets of CORPUS, in /tmp/ours and in /tmp/theirs, is the same but for
# KINDS, which have to differ; KIND? may. At least LEAST packets, of which a tenth are changed
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

# stats DEV HOOK PREF [N]: packets and drops of the Nth action of a filter, the first by default
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

# ran DEV HOOK PREF: the action saw packets, and dropped none; where retransmissions and what IPv6
# says on its own accord are counted too
ran() {
	local packets drops
	read -r packets drops < <(stats "$@")
	((packets > 0 && drops == 0)) || fail "$*: $packets packets, $drops dropped"
}

# program DEV HOOK PREF [N]: the id of the Nth program of a filter
program() {
	local json n
	json=$(tc -j filter show dev "$1" "$2" pref "$3")
	for ((n = ${4:-1}; n > 0; n--)); do
		[[ $json =~ \"prog\":\{\"id\":([0-9]+)(.*) ]] || fail "program of $*: none in $json"
		json=${BASH_REMATCH[2]}
	done
	echo "${BASH_REMATCH[1]}"
}

# reasons DEV HOOK PREF [N]: what the program counted, as NAME=COUNT...
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
