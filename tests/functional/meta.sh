# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# meta: the kernel's own filters, actions and qdiscs read what meta writes. What meta reads is tested in
# source.sh.

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
	# a later filter of the kernel; it drops, so that a match can be seen
	watch() {
		tc filter add dev a egress pref 8 protocol all basic match "$1" action gact drop 2>/dev/null ||
			skip "this kernel has no basic filter with meta matches"
	}
}

# sets MATCH ACTION...: the kernel's own filter matches after the actions, and does not without them
sets() {
	local input=${frame[v4.in]}
	watch "$1"
	same "control: $1" "$(pass a b "$input")" "$input"
	tc filter add dev a egress pref 7 matchall "${@:2}" continue
	same "$1" "$(pass a b "$input")" -
	same count "$(stats a egress 7)" "1 0"
	tc filter del dev a egress
}

t meta_write 'meta writes mark, priority, tc_index: the kernel'"'"'s own filters read them'
meta_write() {
	meta_ready
	sets 'meta(fwmark eq 7)' @mark-7
	sets "meta(priority eq $((0x10010)))" @class-10
	sets 'meta(tc_index eq 5)' @index-5
	sets 'meta(fwmark eq 256)' @mark-dscp-left	# 8 & 0x38 << 5
	# the bits outside the mask are kept
	sets "meta(fwmark eq $((0x1254)))" action skbedit mark 0x1234 pipe @mark-bits
}

t meta_chain 'meta writes queue_mapping, cb, tc_classid, tstamp: the next meta reads them'
meta_chain() {
	local n
	meta_ready
	sets 'meta(fwmark eq 3)' @queue-3 pipe @mark-from-queue_mapping
	for n in 0 1 2 3 4; do
		sets "meta(fwmark eq 9$n)" "@cb-$n" pipe "@mark-from-cb$n"
	done
	sets 'meta(fwmark eq 9)' @classid-9 pipe @mark-from-tc_classid
	sets 'meta(fwmark eq 5)' @tstamp-5 pipe @mark-from-tstamp
}

t meta_notip 'meta does not change the field if the packet does not have the source, and counts it'
meta_notip() {
	meta_ready
	tc filter add dev a egress pref 7 matchall action skbedit mark 6 pipe @mark-from-dscp continue
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
	[[ $(in_class 1:10) ]] || # before iproute2 6.x, -j prints no classes
		in_class() { tc -s class show dev a | awk -v c="$1" '/^class/ { on = $3 == c } on && /Sent/ { print $4 }'; }
	pass a b "${frame[v4.in]}" >/dev/null
	same 'control: 1:10, 1:20' "$(in_class 1:10) $(in_class 1:20)" '0 1'
	tc filter add dev a egress pref 7 matchall @class-10
	same frame "$(pass a b "${frame[v4.in]}")" "${frame[v4.in]}"
	same '1:10, 1:20' "$(in_class 1:10) $(in_class 1:20)" '1 1'
}

t meta_mark_root 'filters of a root qdisc see the tc_index and mark that are set on clsact egress'
meta_mark_root() {
	meta_ready
	tc qdisc add dev a root handle 1: prio 2>/dev/null || skip "this kernel has no prio"
	tc filter add dev a parent 1: protocol all prio 1 basic match 'meta(fwmark eq 7) and meta(tc_index eq 5)' \
		action gact drop || skip "this kernel has no basic filter with meta matches"
	same control "$(pass a b "${frame[v4.in]}")" "${frame[v4.in]}"
	tc filter add dev a egress pref 7 matchall @mark-7 pipe @index-5
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
		tc filter add dev a egress pref 7 matchall "@queue-$n"
		pass a b "${frame[v4.in]}" >/dev/null
		tc filter del dev a egress pref 7
	done
	# All frames are the same, so only the written value decides. It is 1 more than the number of the queue; 0: none.
	same 'queues' "$(in_queue 1) $(in_queue 2) $(in_queue 3) $(in_queue 4)" '0 1 1 0'
}

t meta_fq 'fq uses the tstamp set on clsact egress as the departure time'
meta_fq() {
	meta_ready
	tc qdisc add dev a root fq horizon 2s horizon_drop 2>/dev/null || skip "this tc or kernel has no fq with a horizon"
	tc filter add dev a egress pref 7 matchall @tstamp-5
	same 'control: long ago' "$(pass a b "${frame[v4.in]}")" "${frame[v4.in]}"
	tc filter del dev a egress pref 7
	tc filter add dev a egress pref 7 matchall @tstamp-far
	same 'beyond the horizon' "$(pass a b "${frame[v4.in]}")" -
}
