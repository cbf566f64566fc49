# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# All sections attached by tc alone, and what tc does with the values that the actions return.

# ---- tc and the object, without tcact -------------------------------------------------------

bake mtu mss mtu 1240

# new_ids BEFORE: prints programs and maps that are not in BEFORE, an earlier output of `packet ids`
new_ids() {
	local id
	for id in $(packet ids); do [[ " $1" == *" $id "* ]] || echo -n "$id "; done
}
nothing_new() { [[ ! $(new_ids "$1") ]]; }

# by_hand NAME HOOK VARIANT FRAME: attaches the section of tcact.o as built, checks what it does to a frame,
# removes it, and checks that nothing is left. dscp gets a mark from skbedit.
by_hand() {
	local name=$1 hook=$2 want=${frame[$4.$3]} input=${frame[$4.in]} before dev=a mark=()
	local got
	[[ $hook == egress ]] || dev=b
	[[ $name != dscp ]] || mark=(action skbedit mark 46 pipe)

	got=$(pass a b2 "$input")
	same 'nothing attached' "$got" "$input"
	before=$(packet ids)

	tc filter add dev $dev "$hook" pref 7 matchall "${mark[@]}" action bpf object-file \
		"$objects/tcact.o" sec "action/$name" continue
	got=$(pass a b2 "$input")
	same "$hook of $name" "$got" "$want"
	same "count of $name" "$(stats $dev "$hook" 7 $((${#mark[@]} ? 2 : 1)))" "1 0"
	[[ $(new_ids "$before") =~ p[0-9] ]] || fail "no new program"

	tc filter del dev $dev "$hook" pref 7
	same 'filters left' "$(tc filter show dev $dev "$hook" pref 7)" ''
	eventually nothing_new "$before"
	got=$(pass a b2 "$input")
	same 'removed' "$got" "$input"
}

hand() {
	wire a b
	clsact a b
	frames
	behind b a2 b2
	by_hand "$1" "$2" "$3" "$4"
}

# What each does as built: verdict, meta, edit, match and prefixes change nothing (what the matchers do is tested
# below), dscp uses the mark, ttl subtracts 1, mss uses the MTU, here 1240.
for h in egress ingress; do
	for n in verdict meta edit match prefixes; do
		t "hand_${n}_$h" "sec action/$n of tcact.o, $h, by hand: attached, neutral, removed, nothing left"
		eval "hand_${n}_$h() { hand $n $h in v4; }"
	done
	t "hand_dscp_$h" "sec action/dscp of tcact.o, $h, by hand: skbedit mark 46, DSCP 46, nothing left"
	eval "hand_dscp_$h() { hand dscp $h dscp v4; }"
	t "hand_ttl_$h" "sec action/ttl of tcact.o, $h, by hand: TTL one less, nothing left"
	eval "hand_ttl_$h() { hand ttl $h ttl v6; }"
	t "hand_mss_$h" "sec action/mss of tcact.o, $h, by hand: MSS by the device's MTU, nothing left"
	eval "hand_mss_$h() { hand_mss $h; }"
done

hand_mss() {
	wire a b
	clsact a b
	frames
	behind b a2 b2
	# the small MTU is no problem here: a SYN is short
	ip link set dev a mtu 1240
	ip link set dev b mtu 1240
	# bpf_check_mtu needs Linux 5.12; on older kernels, plain tc needs an object with a baked limit
	if ! tc filter add dev a egress pref 9 matchall @mss 2>/dev/null; then
		skip "this kernel has no bpf_check_mtu"
	fi
	tc filter del dev a egress pref 9
	by_hand mss "$1" mss syn4
}

t hand_mss_small 'build/mss.o with a baked MTU has the same result as with the MTU of the device'
hand_mss_small() {
	wire a b
	clsact a
	frames
	same control "$(pass a b "${frame[syn6.in]}")" "${frame[syn6.in]}"
	tc filter add dev a egress pref 7 matchall @mtu
	same syn4 "$(pass a b "${frame[syn4.in]}")" "${frame[syn4.mss]}"
	differ syn6 "$(pass a b "${frame[syn6.in]}")" "${frame[syn6.in]}"
	same count "$(stats a egress 7)" "2 0"
}

t hand_small 'each small object build/NAME.o attaches by its section, alone'
hand_small() {
	local o n
	wire a b
	clsact a
	for o in "$root"/action/*.c; do
		o=${o##*/} n=${o%.c}
		[[ $n != mss ]] || continue	# hand_mss_small
		tc filter add dev a egress pref 7 matchall "@$n.o"
		program a egress 7 >/dev/null
		tc filter del dev a egress pref 7
	done
	refused tc filter add dev a egress pref 7 matchall action bpf object-file "$objects/ttl.o" \
		sec action/dscp
}

# ---- the control word of a rewriter ---------------------------------------------------------

bake ef dscp value ef
bake cs1 dscp value cs1

# control CONTROL NEXT-ACTION NEXT-FILTER: checks how often the next action and the next filter run
control() {
	wire a b
	clsact a
	frames
	tc filter add dev a egress pref 7 matchall @ef ${1:+"$1"} action gact pipe
	tc filter add dev a egress pref 8 matchall action gact pass
	got=$(pass a b "${frame[v4.in]}")
	same "following action" "$(stats a egress 7 2)" "$2 0"
	same "following filter" "$(stats a egress 8)" "$3 0"
	same "ran" "$(stats a egress 7 1)" "1 0"
}

t control_default 'rewriter without a control word: pipe'
control_default() { control '' 1 0; same out "$got" "${frame[v4.dscp]}"; }
t control_pipe 'rewriter with pipe: the next action runs'
control_pipe() { control pipe 1 0; same out "$got" "${frame[v4.dscp]}"; }
t control_pass 'rewriter with pass: nothing after it runs'
control_pass() { control pass 0 0; same out "$got" "${frame[v4.dscp]}"; }
t control_continue 'rewriter with continue: the next filter runs, the next action does not'
control_continue() { control continue 0 1; same out "$got" "${frame[v4.dscp]}"; }
t control_drop 'rewriter with drop: dropped'
control_drop() { control drop 0 0; same out "$got" -; }
t control_goto 'rewriter with goto chain: the chain runs'
control_goto() {
	wire a b
	clsact a
	frames
	tc filter add dev a egress pref 1 chain 5 matchall action gact drop
	same control "$(pass a b "${frame[v4.in]}")" "${frame[v4.in]}"
	tc filter add dev a egress pref 7 matchall @ef goto chain 5
	same out "$(pass a b "${frame[v4.in]}")" -
	same count "$(stats a egress 7)" "1 0"
}

t control_skipped 'the control word also decides about a packet that the rewriter does not change'
control_skipped() {
	wire a b
	clsact a
	frames
	same control "$(pass a b "${frame[arp.in]}")" -	# `packet` ignores ARP
	same control "$(pass a b "${frame[other.in]}")" "${frame[other.in]}"
	tc filter add dev a egress pref 7 matchall @ef drop
	same dropped "$(pass a b "${frame[other.in]}")" -
	same reasons "$(reasons a egress 7)" not-ip=1
}

# ---- verdict and ttl: the codes they return -------------------------------------------------

for c in unspec ok reclassify shot pipe 8; do bake "code-$c" verdict code "$c"; done
bake never verdict code shot chance 0
bake half verdict code shot chance 0.5
bake half-flow verdict code shot chance 50% by flow
bake quarter-ok ttl dec 20 expired ok
bake quarter-pipe ttl dec 20 expired pipe
bake quarter-shot ttl dec 20

# code NAME OUT NEXT-ACTION NEXT-FILTER: attaches NAME with continue; checks whether the packet comes OUT, and how
# often the next action and the next filter run
code() {
	wire a b
	clsact a
	frames
	same control "$(pass a b "${frame[v4.in]}")" "${frame[v4.in]}"
	tc filter add dev a egress pref 7 matchall "@$1" continue action gact pipe
	tc filter add dev a egress pref 8 matchall action gact pass
	got=$(pass a b "${frame[v4.in]}")
	[[ $2 == passes ]] || same out "$got" -
	[[ $2 != passes ]] || same out "$got" "${frame[v4.in]}"
	same 'following action' "$(stats a egress 7 2)" "$3 0"
	same 'following filter' "$(stats a egress 8)" "$4 0"
}

t code_unspec 'verdict unspec: the control word decides'
code_unspec() { code code-unspec passes 0 1; }
t code_ok 'verdict ok: passes, nothing more runs'
code_ok() { code code-ok passes 0 0; }
t code_shot 'verdict shot: dropped, and counted as dropped by the action'
code_shot() { code code-shot drops 0 0; same drops "$(stats a egress 7)" "1 1"; }
t code_pipe 'verdict pipe: the next action runs'
code_pipe() { code code-pipe passes 1 0; }
t code_unknown 'verdict 8, which act_bpf does not know: this filter did not match'
code_unknown() { code code-8 passes 0 1; }
t code_reclassify 'verdict reclassify: 17 rounds, then dropped'
code_reclassify() { code code-reclassify drops 0 0; same runs "$(stats a egress 7)" "17 0"; }

t code_chance 'verdict chance: never at 0, about half at 0.5, whole flows with by flow'
code_chance() {
	local n out flows=() dropped=0 f p
	wire a b
	clsact a
	frames
	tc filter add dev a egress pref 7 matchall @never
	same never "$(pass a b "${frame[v4.in]}")" "${frame[v4.in]}"
	tc filter del dev a egress pref 7
	tc filter add dev a egress pref 7 matchall @half
	for ((n = 0; n < 400; n++)); do flows+=("${frame[v4.in]}"); done
	read -r n dropped < <(pass a b "${flows[@]}" >/dev/null; stats a egress 7)
	same packets "$n" 400
	# 6 standard deviations of 10: fails by chance once in 500 million runs
	((dropped > 140 && dropped < 260)) || fail "$dropped of 400 dropped"
	tc filter del dev a egress pref 7
	tc filter add dev a egress pref 7 matchall @half-flow
	flows=()
	for ((f = 0; f < 64; f++)); do
		printf -v p %04x $((1024 + f * 257))
		flows+=("${frame[v4.in]/04d210e1/${p}10e1}" "${frame[v4.in]/04d210e1/${p}10e1}")
	done
	dropped=0
	come_out out a b "${flows[@]}"
	for ((f = 0; f < 128; f += 2)); do
		same "flow $f" "${out[f]}" "${out[f + 1]}"
		[[ ${out[f]} != - ]] || dropped=$((dropped + 1))
	done
	((dropped > 8 && dropped < 56)) || fail "$dropped of 64 flows dropped"
}

# expired NAME OUT NEXT-ACTION: packets with TTL 17 through NAME
expired() {
	wire a b
	clsact a
	frames
	same control "$(pass a b "${frame[v4.in]}" "${frame[v6.in]}")" "${frame[v4.in]}"$'\n'"${frame[v6.in]}"
	tc filter add dev a egress pref 7 matchall "@$1" continue action gact pipe
	tc filter add dev a egress pref 8 matchall action gact drop
	got=$(pass a b "${frame[v4.in]}" "${frame[v6.in]}")
	[[ $2 != drops ]] || same out "$got" $'-\n-'
	[[ $2 != passes ]] || same 'out, and unchanged' "$got" "${frame[v4.in]}"$'\n'"${frame[v6.in]}"
	same 'following action' "$(stats a egress 7 2)" "$3 0"
	same 'following filter' "$(stats a egress 8)" "0 0"
	same reasons "$(reasons a egress 7)" expired=2
}
t expired_shot 'ttl: a packet that would expire is counted and dropped'
expired_shot() { expired quarter-shot drops 0; same drops "$(stats a egress 7)" "2 2"; }
t expired_ok 'ttl expired ok: a packet that would expire is counted and passes unchanged'
expired_ok() { expired quarter-ok passes 0; }
t expired_pipe 'ttl expired pipe: a packet that would expire is counted, and the next action runs'
expired_pipe() { expired quarter-pipe passes 2; }

t own_action 'docs/examples/ack, built outside the tree with the installed headers: by tc, and by tcact'
own_action() {
	local ack tcact=$root/tc-scripts/tcact
	wire a b
	clsact a
	frames
	ack=${frame[ack.in]}
	tc filter add dev a egress pref 7 matchall action bpf object-file "$objects/tests/ack.o" sec action/ack drop
	same 'an ACK, a SYN, UDP' "$(pass a b "$ack" "${frame[syn4.in]}" "${frame[v4.in]}")" \
		$'-\n'"${frame[syn4.in]}"$'\n'"${frame[v4.in]}"
	# the options are data where the data offset is 5
	same 'an ACK with data' "$(pass a b "${ack:0:92}50${ack:94}")" "${ack:0:92}50${ack:94}"
	tc filter del dev a egress
	export TCACT_DIR=$objects/tests
	"$tcact" add dev a egress ack most 51 drop
	same 'one that is longer' "$(pass a b "$ack")" "$ack"
	"$tcact" change dev a egress ack most 52
	same 'and one that is not' "$(pass a b "$ack")" -
	same 'as tcact shows it' "$("$tcact" show | sed -n 's/^ *ack/ack/p')" 'ack most 52 count hits link ether drop'
}
