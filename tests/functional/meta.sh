# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash disable=SC2016,SC2086,SC2154,SC2317 # bpf[NAME] is words; variables are lib.sh's
# Metadata: what meta writes is what the kernel's own filters, actions and qdiscs then read; what
# it reads is in source.sh.

bake class-10 meta set priority value 1:10
bake mark-7 meta set mark value 7
bake mark-bits meta set mark value 0x50 mask 0xf0
bake index-5 meta set tc_index value 5
bake queue-3 meta set queue_mapping value 3
bake queue-2 meta set queue_mapping value 2
bake classid-9 meta set tc_classid value 9
bake tstamp-5 meta set tstamp value 5
bake tstamp-far meta set tstamp value 0x7000000000000000
for n in 0 1 2 3 4; do bake "cb-$n" meta set "cb$n" value "9$n"; done
for s in queue_mapping tc_classid tstamp dscp cb0 cb1 cb2 cb3 cb4; do
	bake "mark-from-$s" meta set mark from "$s"
done
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
	sets "${bpf[mark-dscp-left]}" 'meta(fwmark eq 256)'	# 8 & 0x38 << 5
	# the bits outside of the mask are kept
	sets "action skbedit mark 0x1234 pipe ${bpf[mark-bits]}" "meta(fwmark eq $((0x1254)))"
}

t meta_chain 'meta writes queue_mapping, cb, tc_classid, tstamp: a following meta reads them'
meta_chain() {
	local n
	meta_ready
	sets "${bpf[queue-3]} pipe ${bpf[mark-from-queue_mapping]}" 'meta(fwmark eq 3)'
	for n in 0 1 2 3 4; do
		sets "${bpf[cb-$n]} pipe ${bpf[mark-from-cb$n]}" "meta(fwmark eq 9$n)"
	done
	sets "${bpf[classid-9]} pipe ${bpf[mark-from-tc_classid]}" 'meta(fwmark eq 9)'
	sets "${bpf[tstamp-5]} pipe ${bpf[mark-from-tstamp]}" 'meta(fwmark eq 5)'
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

t meta_mq 'queue_mapping set on clsact egress selects the transmit queue of a multi-queue device'
meta_mq() {
	local n
	ip link add name a numtxqueues 4 numrxqueues 4 type veth peer name b numtxqueues 4 numrxqueues 4
	ip link set dev a up
	ip link set dev b up
	eventually is_up a
	clsact a
	frames
	tc qdisc add dev a root handle 1: mq
	in_queue() { tc -s class show dev a | awk -v c="1:$1" '/^class/ { on = $3 == c } on && /Sent/ { print $4 }'; }
	for n in 2 3; do
		tc filter add dev a egress pref 7 matchall ${bpf[queue-$n]}
		pass a b "${frame[v4.in]}" >/dev/null
		tc filter del dev a egress pref 7
	done
	# the same frame: only what was written decides. 0 is "none", n the queue n
	same 'queues' "$(in_queue 1) $(in_queue 2) $(in_queue 3) $(in_queue 4)" '0 1 1 0'
}

t meta_fq 'tstamp set on clsact egress is the departure time that fq goes by'
meta_fq() {
	meta_ready
	tc qdisc add dev a root fq horizon 2s horizon_drop 2>/dev/null || skip "this tc or kernel has no fq with a horizon"
	tc filter add dev a egress pref 7 matchall ${bpf[tstamp-5]}
	same 'control: long ago' "$(pass a b "${frame[v4.in]}")" "${frame[v4.in]}"
	tc filter del dev a egress pref 7
	tc filter add dev a egress pref 7 matchall ${bpf[tstamp-far]}
	same 'beyond the horizon' "$(pass a b "${frame[v4.in]}")" -
}
