# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash disable=SC2016,SC2086,SC2154,SC2317 # bpf[NAME] is words; variables are lib.sh's
# Metadata: what meta writes is what the kernel's own filters, actions and qdiscs then read; and
# the sources that only a real data path has.

bake class-10 meta set priority value 1:10
bake mark-7 meta set mark value 7
bake mark-bits meta set mark value 0x50 mask 0xf0
bake index-5 meta set tc_index value 5
bake queue-3 meta set queue_mapping value 3
bake cb-9 meta set cb2 value 9
bake classid-9 meta set tc_classid value 9
bake tstamp-5 meta set tstamp value 5
for s in queue_mapping cb2 tc_classid tstamp dscp ttl ecn flow_label len protocol vlan_tci vlan_proto \
	vlan_present ifindex ingress_ifindex uid cgroup realm cpu pkt_type priority; do
	bake "mark-from-$s" meta set mark from "$s"
done
bake mark-from-root meta set mark from ancestor_cgroup level 0
bake mark-from-level1 meta set mark from ancestor_cgroup level 1
bake mark-dscp-left meta set mark from dscp mask 0x38 shift 5

meta_ready() {
	wire a b
	clsact a
	frames
	# a following filter of the kernel's own; it drops, so that a match can be seen
	watch() {
		tc filter add dev ${2-a} ${3-egress} pref 8 protocol all basic match "$1" action gact drop 2>/dev/null ||
			skip "this kernel has no basic filter with meta matches"
	}
}

# sets ACTIONS MATCH [FRAME]: after the actions the kernel's own filter matches, without them not
sets() {
	local in=${3-${frame[v4.in]}}
	watch "$2"
	same "control: $2" "$(pass a b "$in")" "$in"
	tc filter add dev a egress pref 7 matchall $1 continue
	same "$2" "$(pass a b "$in")" -
	same count "$(stats a egress 7)" "1 0"
	tc filter del dev a egress
}

t meta_write 'meta writes mark, priority, tc_index: the kernel'"'"'s own filters read them'
meta_write() {
	meta_ready
	sets "${bpf[mark-7]}" 'meta(fwmark eq 7)'
	sets "${bpf[class-10]}" "meta(priority eq $((0x10010)))"
	sets "${bpf[index-5]}" 'meta(tc_index eq 5)'
	# the bits outside of the mask are kept
	sets "action skbedit mark 0x1234 pipe ${bpf[mark-bits]}" "meta(fwmark eq $((0x1254)))"
}

t meta_chain 'meta writes queue_mapping, cb, tc_classid, tstamp: a following meta reads them'
meta_chain() {
	meta_ready
	sets "${bpf[queue-3]} pipe ${bpf[mark-from-queue_mapping]}" 'meta(fwmark eq 3)'
	sets "${bpf[cb-9]} pipe ${bpf[mark-from-cb2]}" 'meta(fwmark eq 9)'
	sets "${bpf[classid-9]} pipe ${bpf[mark-from-tc_classid]}" 'meta(fwmark eq 9)'
	sets "${bpf[tstamp-5]} pipe ${bpf[mark-from-tstamp]}" 'meta(fwmark eq 5)'
}

t meta_read 'meta reads dscp, ecn, ttl, flow label, len, protocol, priority, ifindex'
meta_read() {
	local v4 v6
	meta_ready
	v4=${frame[v4.in]} v6=${frame[v6.in]}
	sets "${bpf[mark-from-dscp]}" 'meta(fwmark eq 8)'
	sets "${bpf[mark-from-dscp]}" 'meta(fwmark eq 8)' "$v6"
	sets "${bpf[mark-from-ecn]}" 'meta(fwmark eq 2)'
	sets "${bpf[mark-from-ttl]}" 'meta(fwmark eq 17)' "$v6"
	sets "${bpf[mark-from-flow_label]}" "meta(fwmark eq $((0x12345)))" "$v6"
	sets "${bpf[mark-from-len]}" "meta(fwmark eq $((${#v4} / 2)))"
	sets "${bpf[mark-from-protocol]}" "meta(fwmark eq $((0x86dd)))" "$v6"
	sets "action skbedit priority 1:2 pipe ${bpf[mark-from-priority]}" "meta(fwmark eq $((0x10002)))"
	sets "${bpf[mark-from-ifindex]}" "meta(fwmark eq $(ip -o link show a | cut -d: -f1))"
	sets "${bpf[mark-dscp-left]}" 'meta(fwmark eq 256)'	# 8 & 0x38 << 5
}

t meta_notip 'meta leaves the field of a packet without the source alone, and counts it'
meta_notip() {
	meta_ready
	tc filter add dev a egress pref 7 matchall action skbedit mark 6 pipe ${bpf[mark-from-dscp]} continue
	watch 'meta(fwmark eq 6)'
	same other "$(pass a b "${frame[other.in]}")" -
	same reasons "$(reasons a egress 7)" not-ip=1
	same control "$(pass a b "${frame[v4.in]}")" "${frame[v4.in]}"
}

t meta_vlan 'meta reads the tag in metadata'
meta_vlan() {
	local s
	meta_ready
	ip link add link a name a.5 type vlan id 5 2>/dev/null || skip "this kernel has no VLAN devices"
	ip link set dev a.5 up
	eventually is_up a.5
	for s in vlan_tci:5 vlan_proto:$((0x8100)) vlan_present:1; do
		watch "meta(fwmark eq ${s#*:})"
		differ $s "$(pass a.5 b -m a "${frame[v4.in]}")" -
		tc filter add dev a egress pref 7 matchall ${bpf[mark-from-${s%:*}]} continue
		same $s "$(pass a.5 b -m a "${frame[v4.in]}")" -
		tc filter del dev a egress
	done
}

t meta_ingress 'meta on ingress: ingress_ifindex and pkt_type as the kernel says'
meta_ingress() {
	local s
	wire a b
	clsact b
	frames
	behind b a2 b2
	# 02:..:0b:01 is not b's address: PACKET_OTHERHOST, 3
	for s in "ingress_ifindex:$(ip -o link show b | cut -d: -f1)" pkt_type:3; do
		tc filter add dev b ingress pref 8 protocol all handle "${s#*:}" fw action gact drop
		same control "$(pass a b2 "${frame[v4.in]}")" "${frame[v4.in]}"
		tc filter add dev b ingress pref 7 matchall ${bpf[mark-from-${s%:*}]} continue
		same "$s" "$(pass a b2 "${frame[v4.in]}")" -
		tc filter del dev b ingress pref 7
		tc filter del dev b ingress pref 8
	done
}

t meta_htb 'priority 1:10 set by meta selects class 1:10 of htb'
meta_htb() {
	meta_ready
	tc qdisc add dev a root handle 1: htb default 20 2>/dev/null || skip "this kernel has no htb"
	tc class add dev a parent 1: classid 1:10 htb rate 1gbit quantum 2000
	tc class add dev a parent 1: classid 1:20 htb rate 1gbit quantum 2000
	in_class() { tc -s -j class show dev a | jq -r ".[] | select(.handle == \"$1\") | .stats.packets"; }
	[[ $(in_class 1:10) ]] || # before iproute2 6.x -j says nothing of classes
		in_class() { tc -s class show dev a | awk -v c="$1" '/^class/ { on = $3 == c } on && /Sent/ { print $4 }'; }
	pass a b "${frame[v4.in]}" >/dev/null
	same 'control: 1:10, 1:20' "$(in_class 1:10) $(in_class 1:20)" '0 1'
	tc filter add dev a egress pref 7 matchall ${bpf[class-10]}
	same frame "$(pass a b "${frame[v4.in]}")" "${frame[v4.in]}"
	same '1:10, 1:20' "$(in_class 1:10) $(in_class 1:20)" '1 1'
}

t meta_mark_root 'tc_index and mark set on clsact egress are there in the filters of a root qdisc'
meta_mark_root() {
	meta_ready
	tc qdisc add dev a root handle 1: prio 2>/dev/null || skip "this kernel has no prio"
	tc filter add dev a parent 1: protocol all prio 1 basic match 'meta(fwmark eq 7) and meta(tc_index eq 5)' \
		action gact drop || skip "this kernel has no basic filter with meta matches"
	same control "$(pass a b "${frame[v4.in]}")" "${frame[v4.in]}"
	tc filter add dev a egress pref 7 matchall ${bpf[mark-7]} pipe ${bpf[index-5]}
	same both "$(pass a b "${frame[v4.in]}")" -
}

# ---- sources that only a socket or a route has ----------------------------------------------

# sockets: datagrams to 10.1.0.2 leave through a
sockets() {
	wire a b
	ip addr add 10.1.0.1/24 dev a
	ip neigh add 10.1.0.2 lladdr 02:00:00:00:00:02 dev a nud permanent
	clsact a
	# marked SOURCE NUMBER COMMAND...: after the action that reads SOURCE, fw matches the number
	marked() {
		local source=$1 number=$2
		shift 2
		tc filter add dev a egress pref 8 protocol ip handle "$number" fw action gact drop
		"$@"
		tc filter add dev a egress pref 7 protocol ip matchall ${bpf[mark-from-$source]} continue
		"$@"
		same "count of $source" "$(stats a egress 7)" "1 0"
		same "mark from $source is $number" "$(stats a egress 8)" "1 1"
		tc filter del dev a egress
	}
}

t meta_uid 'uid: of the user whose socket it is'
meta_uid() {
	sockets
	cp "$work/packet" /run/packet	# a place that the user can reach
	chmod 755 /run /run/packet
	marked uid 1234 setpriv --reuid 1234 --clear-groups /run/packet udp 10.1.0.2 9 10
}

t meta_cgroup 'cgroup, ancestor_cgroup: of the process whose socket it is'
meta_cgroup() {
	local in=/sys/fs/cgroup/tcact-test-$$
	sockets
	[[ -e /sys/fs/cgroup/cgroup.procs ]] || skip "no cgroup v2"
	mkdir -p $in/below
	trap 'echo $$ >/sys/fs/cgroup/cgroup.procs; rmdir '"$in/below $in" EXIT
	from() { bash -c 'echo $$ >'"$in"'/below/cgroup.procs; exec "$@"' - "$work/packet" udp 10.1.0.2 9 10; }
	marked cgroup "$(stat -c %i $in/below)" from
	marked level1 "$(stat -c %i $in)" from
	marked root "$(stat -c %i /sys/fs/cgroup)" from
}

t meta_realm 'realm: of the route'
meta_realm() {
	sockets
	ip route add 10.3.0.0/24 via 10.1.0.2 realm 9 2>/dev/null || skip "this kernel has no realms"
	marked realm 9 packet udp 10.3.0.3 9 10
}

t meta_cpu 'cpu: that on which the packet is sent'
meta_cpu() {
	local cpu
	sockets
	cpu=$(($(nproc) - 1))
	tc filter add dev a egress pref 6 protocol ip matchall action skbedit mark 77 continue
	tc filter add dev a egress pref 8 protocol ip handle 77 fw action gact drop
	taskset -c "$cpu" "$work/packet" udp 10.1.0.2 9 10
	same control "$(stats a egress 8)" "1 1"
	tc filter add dev a egress pref 7 protocol ip matchall ${bpf[mark-from-cpu]} continue
	taskset -c "$cpu" "$work/packet" udp 10.1.0.2 9 10
	same 'no longer 77' "$(stats a egress 8)" "1 1"
	((cpu == 0)) || tc filter add dev a egress pref 9 protocol ip handle "$cpu" fw action gact pass
	taskset -c "$cpu" "$work/packet" udp 10.1.0.2 9 10
	((cpu == 0)) || same "mark is $cpu" "$(stats a egress 9)" "1 0"
}
