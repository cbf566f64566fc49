# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# class: the kernel reads the fields that it writes; priority selects a class of HTB.

# sent CLASSID: the number of packets that this class of device a has sent
sent() {
	tc -s class show dev a | awk -v c="$1" '/^class/ { on = $3 == c } on && /Sent/ { print $4 }'
}

t class_htb 'addresses select classes of HTB; the default; an address whose class changes'
class_htb() {
	local id n
	wire a b
	clsact a
	frames
	tc qdisc add dev a root handle 1: htb default 40 2>/dev/null || skip "this kernel has no htb"
	for n in 10 20 30 40; do
		tc class add dev a parent 1: classid 1:$n htb rate 1gbit quantum 2000
	done
	# v4: 10.1.0.1 > 10.2.0.2, v6: fd01::1 > fd02::2
	stage s $'10.2.0.2 value 1:10\nfd02::/64 value 1:20\n10.2.0.3 nomatch\n10.2.0.0/16 value 1:20' class of dst default 1:30
	pass a b "${frame[v4.in]}" >/dev/null
	same 'control: without it' "$(sent 1:10) $(sent 1:40)" "0 1"
	tc filter add dev a egress pref 7 matchall @s/class continue
	rm -r /sys/fs/bpf/s
	same unchanged "$(pass a b "${frame[v4.in]}" "${frame[v6.in]}" "${frame[v4.in]/0a020002/0a020003}" \
		"${frame[v4.in]/0a020002/0a030002}" "${frame[v4.in]/0a020002/0a020004}")" \
		"$(printf '%s\n' "${frame[v4.in]}" "${frame[v6.in]}" "${frame[v4.in]/0a020002/0a020003}" \
			"${frame[v4.in]/0a020002/0a030002}" "${frame[v4.in]/0a020002/0a020004}")"
	same 'one packet in each class, two in that of the default' "$(sent 1:10) $(sent 1:20) $(sent 1:30)" '1 2 2'
	id=$(program a egress 7)
	"$data" "$objects" change -a class "$id" '10.2.0.2 value 1:20'
	pass a b "${frame[v4.in]}" >/dev/null
	same 'moved in place' "$(sent 1:10) $(sent 1:20)" '1 3'
	same 'what is dumped' "$("$data" "$objects" dump class "$id")" \
		$'10.2.0.0/16 value 1:20 hits 0\n10.2.0.2/32 value 1:20 hits 0\n10.2.0.3/32 nomatch hits 0\nfd02::/64 value 1:20 hits 0'
}

t class_fields 'mark, tc_index: the kernel'"'"'s own filters read them'
class_fields() {
	wire a b
	clsact a
	frames
	fields() { # FIELD MATCH
		tc filter add dev a egress pref 8 protocol all basic match "$2" action gact drop 2>/dev/null ||
			skip "this kernel has no basic filter with meta matches"
		same "control: $2" "$(pass a b "${frame[v4.in]}")" "${frame[v4.in]}"
		stage s '10.1.0.0/16 value 7' class set "$1"
		tc filter add dev a egress pref 7 matchall @s/class continue
		rm -r /sys/fs/bpf/s
		same "$2" "$(pass a b "${frame[v4.in]}" "${frame[v6.in]}")" "-"$'\n'"${frame[v6.in]}"
		tc filter del dev a egress
	}
	fields mark 'meta(fwmark eq 7)'
	fields tc_index 'meta(tc_index eq 7)'
}
