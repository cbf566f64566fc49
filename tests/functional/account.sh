# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# account: under real tc, its table against tc's own counters, to the byte, with GSO packets too.

# The hash of a seed of its own: with another one, 16 buckets could hold these few keys, or not.
for per in src dst pair dscp proto sport dport mark uid cgroup; do bake "account-$per" account per "$per" buckets 1024; done
bake account-few account per dport buckets 16 seed 1

# table DEV HOOK PREF [WORD]...: what its buckets hold, "KEY BYTES PACKETS" a line
table() {
	"$data" "$objects" buckets account "$(program "${@:1:3}")" "${@:4}" | awk 'NR > 1 { $1 = $1; print }'
}

# counted DEV HOOK PREF: bytes and packets that tc counted
counted() {
	local json
	json=$(tc -j -s filter show dev "$1" "$2" pref "$3")
	[[ $json =~ \"stats\":[\ ]?\{\"bytes\":([0-9]+),\"packets\":([0-9]+), ]] || fail "no stats in $json"
	echo "${BASH_REMATCH[1]} ${BASH_REMATCH[2]}"
}

# sum DEV HOOK PREF: prints what the table adds up to, and what tc counted: bytes and packets. If tc counts more in the
# meantime, once more.
sum() {
	local before='' after table
	after=$(counted "$@")
	until [[ $before == "$after" ]]; do
		before=$after
		table=$(table "$@" | awk '{ b += $(NF - 1); p += $NF } END { printf "%.0f %.0f", b, p }')
		after=$(counted "$@")
	done
	printf '%s\n' "$table" "$after"
}

# adds_up DEV HOOK PREF LEAST: both are the same, and at least so many packets
adds_up() {
	local sums
	mapfile -t sums < <(sum "${@:1:3}")
	same "$1 $2 $3: table and tc" "${sums[0]}" "${sums[1]}"
	((${sums[0]#* } >= $4)) || fail "$*: only ${sums[0]#* } packets"
}

t account_keys 'each kind of key counts these packets as it should; none is changed'
account_keys() {
	local per
	local -A pref=([src]=1 [dst]=2 [pair]=3 [dscp]=4 [proto]=5 [sport]=6 [dport]=7)
	wire a b
	clsact a
	frames
	for per in "${!pref[@]}"; do
		tc filter add dev a egress pref "${pref[$per]}" matchall "@account-$per" continue
	done
	same packets "$(pass a b "${frame[v4.in]}" "${frame[v6.in]}" "${frame[v4.in]}")" \
		"$(printf '%s\n' "${frame[v4.in]}" "${frame[v6.in]}" "${frame[v4.in]}")"
	same src "$(table a egress 1 sort key | cut -d' ' -f1,3)" $'10.1.0.1 2\nfd01::1 1'
	same dst "$(table a egress 2 sort key | cut -d' ' -f1,3)" $'10.2.0.2 2\nfd02::2 1'
	same pair "$(table a egress 3 sort key | cut -d' ' -f1,2,4)" $'10.1.0.1 10.2.0.2 2\nfd01::/64 fd02::/64 1'
	same proto "$(table a egress 5 | cut -d' ' -f1,3)" 'udp 3'
	for per in "${!pref[@]}"; do adds_up a egress "${pref[$per]}" 3; done
	echo "# $(for per in dscp sport dport; do table a egress "${pref[$per]}" | tr '\n' ';'; done)"
}

t account_gso 'TCP and UDP in GSO packets, both directions: the tables add up to the counters of tc, to the byte'
account_gso() {
	two
	in_netns far tc qdisc add dev b clsact
	tc filter add dev a egress pref 1 matchall @account-src continue
	tc filter add dev a egress pref 2 matchall @account-pair continue
	tc filter add dev a ingress pref 3 matchall @account-sport continue
	tc filter add dev a ingress pref 4 matchall @account-few continue
	send 3000000
	adds_up a egress 1 4000
	adds_up a egress 2 4000
	adds_up a ingress 3 50
	adds_up a ingress 4 50
	echo "# $(sum a egress 1 | tr '\n' ' ')"
	# GSO packets were among them: their segments are counted, not they
	table a egress 1 | awk '$1 == "10.1.0.1" { exit !($2 > 3000000 && $3 > 2000) } END { if (!NR) exit 1 }' || fail "$(table a egress 1)"
}

t account_vm 'a GSO packet of a virtual machine: as many packets as tc counts, on both hooks'
account_vm() {
	wire a b
	clsact a b
	tc filter add dev a egress pref 1 matchall @account-src continue
	tc filter add dev b ingress pref 1 matchall @account-src continue
	packet gso a 4040 2
	adds_up a egress 1 0
	adds_up b ingress 1 0
}

t account_local 'marks, users and cgroups of local senders; packets without a socket'
account_local() {
	local group
	two
	tc filter add dev a egress pref 1 matchall @account-mark continue
	tc filter add dev a egress pref 2 matchall @account-uid continue
	type ping >/dev/null 2>&1 || skip "there is no ping"
	ping -qc2 -i0.2 -m 7 10.1.0.2 >/dev/null
	same mark "$(table a egress 1 | grep '^0x7 ')" '0x7 196 2'
	same uid "$(table a egress 2 | awk '$1 == 0 { print ($2 >= 196), ($3 >= 2) }')" '1 1'
	tc filter add dev a egress pref 3 matchall @account-cgroup continue || skip "this kernel has no cgroups for sockets"
	mkdir -p /run/cgroup
	mount -t cgroup2 none /run/cgroup || skip "this kernel has no cgroup2"
	mkdir /run/cgroup/account
	group=$(stat -c %i /run/cgroup/account)
	sh -c 'echo $$ >/run/cgroup/account/cgroup.procs; exec ping -qc2 -i0.2 10.1.0.2' >/dev/null
	# a kernel of 32 bits puts the inode into the lower half
	same cgroup "$(table a egress 3 | awk -v group="$group" '$1 % 2 ^ 32 == group { print group, $2, $3 }')" "$group 196 2"
}

t account_container 'the user of a container is the number that its own user namespace has for it; a copy of its packet has no user'
account_container() {
	local container
	type unshare nsenter >/dev/null 2>&1 || skip "there is no nsenter"
	unshare -U true 2>/dev/null || skip "this kernel has no user namespaces"
	unshare -U -n sleep 60 &
	container=$!
	eventually elsewhere "$container"
	echo 0 100000 1000 | tee "/proc/$container/uid_map" >"/proc/$container/gid_map"
	ip link add c0 type veth peer name c1 address 02:00:00:00:0c:01 netns "$container"
	nsenter -n -t "$container" ip -b - <<-'EOT'
		addr add 10.1.0.2/24 dev c1
		link set dev c1 up
		neigh add 10.1.0.9 lladdr 02:00:00:00:0c:09 dev c1
	EOT
	ip link set dev c0 up
	eventually is_up c0
	wire a b
	clsact c0 a
	tc filter add dev c0 ingress pref 1 protocol ip matchall @account-uid continue
	tc filter add dev c0 ingress pref 2 protocol ip matchall action mirred egress mirror dev a
	tc filter add dev a egress pref 1 protocol ip matchall @account-uid continue
	# here, it is the user 100033
	nsenter -U -n -t "$container" -S 33 -G 33 bash -c 'echo >/dev/udp/10.1.0.9/9'
	same user "$(table c0 ingress 1 | cut -d' ' -f1,3)" '33 1'
	same copy "$(table a egress 1 | cut -d' ' -f1,3)" '65534 1'
	kill "$container"
}
# elsewhere PROCESS: is it in another user namespace?
elsewhere() { [[ $(readlink "/proc/$1/ns/user") != "$(readlink /proc/self/ns/user)" ]]; }

t account_evicted 'more keys than buckets: what they lose is with the others, and the sum is right'
account_evicted() {
	local packets=() port udp
	wire a b
	clsact a
	frames
	tc filter add dev a egress pref 1 matchall @account-few continue
	# UDP to 40 ports: the destination port of v4.in is at byte 36 of the frame
	udp=${frame[v4.in]}
	for ((port = 1; port <= 40; port++)); do
		packets+=("${udp:0:72}$(printf %04x "$port")${udp:76}")
	done
	pass a b "${packets[@]}" >/dev/null
	adds_up a egress 1 40
	[[ $(table a egress 1 | wc -l) == 9 ]] || fail "$(table a egress 1)"
	same other "$(table a egress 1 | awk '/^other/ { print $NF }')" 32
	same reasons "$(reasons a egress 1)" 'evicted=32'
}

t account_as_built 'the untouched object has one bucket: for all'
account_as_built() {
	wire a b
	clsact a
	frames
	tc filter add dev a egress pref 1 matchall @account continue
	pass a b "${frame[v4.in]}" "${frame[v6.in]}" >/dev/null
	adds_up a egress 1 2
	same table "$(table a egress 1 | cut -d' ' -f1,3)" 'other 2'
}

t account_change 'another size or kind of key begins anew; the control alone keeps the buckets'
account_change() {
	local id
	wire a b
	clsact a
	frames
	tc filter add dev a egress pref 7 matchall @account-src continue index 5
	pass a b "${frame[v4.in]}" >/dev/null
	same first "$(table a egress 7 | cut -d' ' -f1,3)" '10.1.0.1 1'
	id=$(program a egress 7)
	mkdir /sys/fs/bpf/s
	"$data" "$objects" load -l "$id" -o /sys/fs/bpf/s/account account
	tc actions replace action bpf object-pinned /sys/fs/bpf/s/account continue index 5
	differ program "$(program a egress 7)" "$id"
	same kept "$(table a egress 7 | cut -d' ' -f1,3)" '10.1.0.1 1'
	rm /sys/fs/bpf/s/account
	id=$(program a egress 7)
	"$data" "$objects" load -l "$id" -o /sys/fs/bpf/s/account account per mark
	tc actions replace action bpf object-pinned /sys/fs/bpf/s/account continue index 5
	same 'other keys' "$(table a egress 7)" ''
	rm -r /sys/fs/bpf/s
}
