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
	[[ $in_place ]] || return 0
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

t class_native 'the same marks as a hash table of u32 filters gives'
class_native() {
	local n sent=() native ours list=''
	wire a b
	clsact a
	frames
	for n in {1..45}; do
		printf -v 'sent[n]' '%s' "${frame[v4.in]/0a020002/0a02$(printf %02x "$n")02}"
		((n > 40)) || list+="10.2.$n.2 value $((n % 4 + 1))"$'\n'
	done
	marked() { # prints how many packets have each mark
		for n in 1 2 3 4; do tc filter add dev a egress pref 1$n protocol all handle $n fw action gact pass; done
		pass a b "${sent[@]}" >/dev/null
		for n in 1 2 3 4; do
			stats a egress 1$n
			tc filter del dev a egress pref 1$n
		done
	}
	tc filter add dev a egress pref 5 protocol ip handle 2: u32 divisor 256 2>/dev/null || skip "this kernel has no u32"
	for n in {1..40}; do
		tc filter add dev a egress pref 5 protocol ip u32 ht "2:$(printf %x "$n")" match ip dst "10.2.$n.2" \
			action skbedit mark $((n % 4 + 1)) continue
	done
	tc filter add dev a egress pref 5 protocol ip u32 ht 800:: match u32 0 0 at 0 hashkey mask 0x0000ff00 at 16 link 2:
	native=$(marked)
	same 'u32 marks' "$native" $'10 0\n10 0\n10 0\n10 0'
	tc filter del dev a egress pref 5
	same 'control: without it' "$(marked)" $'0 0\n0 0\n0 0\n0 0'
	stage s "${list%$'\n'}" class of dst set mark
	tc filter add dev a egress pref 5 matchall @s/class continue
	rm -r /sys/fs/bpf/s
	ours=$(marked)
	same 'class marks' "$ours" "$native"
}
