# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# police: buckets under real tc, what change keeps of them, and the rate beside act_police.

# what tests/unit/bake leaves out, tcact chooses at random
bake slow police rate 8bit burst 64 seed 1
bake slow-hit police rate 8bit burst 64 over hit
bake slow-none police rate 8bit burst 64 per none
bake limit police rate 400kbit burst 144200
bake limit-none police rate 400kbit burst 144200 per none

# v4.in comes from 10.1.0.1, v6.in from fd01::1
other() { echo "${frame[v4.in]/0a010001/0a010003}"; }

t police_each 'each source has a bucket: the second packet of each is dropped, and counted'
police_each() {
	wire a b
	clsact a
	frames
	same control "$(pass a b "${frame[v4.in]}" "${frame[v4.in]}")" "${frame[v4.in]}"$'\n'"${frame[v4.in]}"
	tc filter add dev a egress pref 7 matchall @slow continue
	same 'three sources' "$(pass a b "${frame[v4.in]}" "${frame[v4.in]}" "$(other)" "$(other)" "${frame[v6.in]}" "${frame[v6.in]}")" \
		"$(printf '%s\n' "${frame[v4.in]}" - "$(other)" - "${frame[v6.in]}" -)"
	same count "$(stats a egress 7)" '6 3'
	same reasons "$(reasons a egress 7)" 'over=3'
}

t police_verdicts 'over hit: above the rate CONTROL, else the next filter; per none: one bucket for all'
police_verdicts() {
	wire a b
	clsact a
	frames
	tc filter add dev a egress pref 7 matchall @slow-hit drop
	same hit "$(pass a b "${frame[v4.in]}" "${frame[v4.in]}" "$(other)")" \
		"$(printf '%s\n' "${frame[v4.in]}" - "$(other)")"
	same reasons "$(reasons a egress 7)" 'over=1'
	tc filter del dev a egress pref 7
	tc filter add dev a egress pref 7 matchall @slow-none continue
	same none "$(pass a b "${frame[v4.in]}" "$(other)" "${frame[v6.in]}")" "$(printf '%s\n' "${frame[v4.in]}" - -)"
}

t police_change 'another value keeps the buckets; another number of buckets does not'
police_change() {
	local id
	wire a b
	clsact a
	frames
	tc filter add dev a egress pref 7 matchall @slow continue index 5
	same 'the first' "$(pass a b "${frame[v4.in]}" "${frame[v4.in]}")" "${frame[v4.in]}"$'\n-'
	id=$(program a egress 7)
	mkdir /sys/fs/bpf/s
	"$data" "$objects" load -l "$id" -o /sys/fs/bpf/s/police police overhead 4
	tc actions replace action bpf object-pinned /sys/fs/bpf/s/police continue index 5
	differ program "$(program a egress 7)" "$id"
	same 'the bucket is as empty as before' "$(pass a b "${frame[v4.in]}")" -
	rm /sys/fs/bpf/s/police
	id=$(program a egress 7)
	"$data" "$objects" load -l "$id" -o /sys/fs/bpf/s/police police buckets 8
	tc actions replace action bpf object-pinned /sys/fs/bpf/s/police continue index 5
	same 'new buckets are full' "$(pass a b "${frame[v4.in]}")" "${frame[v4.in]}"
	rm -r /sys/fs/bpf/s
}

# flood WORD...: five seconds of pings of 1,442 bytes through this action; prints how many of them passed
flood() {
	local packets drops
	tc filter add dev a egress pref 7 protocol ip matchall "$@"
	ping -q -i 0.003 -s 1400 -w 5 10.1.0.2 >/dev/null || true
	read -r packets drops < <(stats a egress 7)
	tc filter del dev a egress pref 7
	((drops > packets / 3)) || fail "$*: $packets packets, only $drops above the rate"
	echo $((packets - drops))
}

t police_rate 'the rate of a flood, beside act_police: 400 kbit/s and a burst of 100 packets, 273 in 5 seconds'
police_rate() {
	local ours none theirs what n
	two
	type ping >/dev/null 2>&1 || skip "there is no ping"
	ours=$(flood @limit continue)
	none=$(flood @limit-none continue)
	theirs=$(flood action police rate 400kbit burst 144200 conform-exceed drop/continue) ||
		skip "this tc or kernel has no police"
	echo "# passed in 5 s: ours $ours, per none $none, act_police $theirs"
	for what in ours none; do
		n=${!what}
		((n >= 268 && n <= 279)) || fail "$what: $n packets passed"
	done
}
