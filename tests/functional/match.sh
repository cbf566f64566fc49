# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# match: what tc does after a hit and after a miss, and a comparison with tc's own filters.

bake mark-5 match value 5
bake dscp-8 match field dscp value cs1
bake dscp-range match field dscp op in value 1 to 8
bake spi match field xfrm_spi op ne value 1

compare_ready() {
	wire a b
	clsact a
	frames
	v4=${frame[v4.in]} v6=${frame[v6.in]} other=${frame[other.in]}
}

t compare_control 'match: after a hit the control word decides, after a miss the next filter runs'
compare_control() {
	compare_ready
	tc filter add dev a egress pref 7 matchall @dscp-8 drop
	tc filter add dev a egress pref 8 matchall action gact pass
	same 'hits' "$(pass a b "$v4" "$v6")" $'-\n-'
	same 'next filter' "$(stats a egress 8)" "0 0"
	same 'misses' "$(pass a b "${v4/4522004c/4524004c}" "$other")" "${v4/4522004c/4524004c}"$'\n'"$other"
	same 'next filter' "$(stats a egress 8)" "2 0"
	same reasons "$(reasons a egress 7)" not-ip=1
}

t compare_chain 'match: after a hit the next action or goto chain runs, after a miss neither'
compare_chain() {
	compare_ready
	tc filter add dev a egress pref 7 matchall @mark-5 pipe action gact goto chain 9
	tc filter add dev a egress pref 8 matchall @dscp-range goto chain 9
	tc filter add dev a egress pref 9 matchall action gact pass
	tc filter add dev a egress chain 9 pref 1 matchall action gact drop
	same 'dscp 8' "$(pass a b "$v4")" -
	same 'pref 7: the 2nd action' "$(stats a egress 7 2)" "0 0"
	same 'not IP' "$(pass a b "$other")" "$other"
	same 'pref 9' "$(stats a egress 9)" "1 0"
	tc filter add dev a egress pref 6 matchall action skbedit mark 5 continue
	same 'mark 5' "$(pass a b "$other")" -
	same 'pref 7: the 2nd action' "$(stats a egress 7 2)" "1 0"
	same 'pref 9' "$(stats a egress 9)" "1 0"
}

t compare_absent 'match: a packet without the field is a miss, even with ne, and is counted'
compare_absent() {
	compare_ready
	tc filter add dev a egress pref 7 matchall @spi drop
	same 'no IPsec' "$(pass a b "$v4")" "$v4"
	same reasons "$(reasons a egress 7)" absent=1
}

# ---- comparison with tc's own filters -------------------------------------------------------

# NAME: FIELD OP VALUE [TO] | the filter of tc that matches the same packets
declare -A alike=(
	[fw]='mark eq 5|handle 5 fw'
	[fw_mask]='mark mask 0x100 0xff00|handle 0x100/0xff00 fw'
	[u32_mark]='mark mask 5 7|u32 match mark 5 7'
	[mark]='mark eq 5|basic match meta(fwmark eq 5)'
	[mark_mask]='mark mask 4 6|basic match meta(fwmark mask 6 eq 4)'
	[mark_gt]='mark gt 5|basic match meta(fwmark gt 5)'
	[mark_lt]='mark lt 5|basic match meta(fwmark lt 5)'
	[mark_gt_high]='mark gt 0x7fffffff|basic match meta(fwmark gt 2147483647)'
	[mark_ne]='mark ne 5|basic match not meta(fwmark eq 5)'
	[mark_range]='mark in 5 256|basic match meta(fwmark gt 4) and meta(fwmark lt 257)'
	[priority]='priority eq 0x10002|basic match meta(priority eq 65538)'
	[protocol]='protocol eq ipv6|protocol ipv6 matchall'
	[len]='len gt 100|basic match meta(pkt_len gt 100)'
	[dscp]='dscp eq 8|flower ip_tos 0x20/0xfc'
	[ttl]='ttl in 10 17|flower ip_ttl 17'
)
for n in "${!alike[@]}"; do
	IFS=' |' read -r field op value to _ <<<"${alike[$n]}"
	[[ $op == in || $op == mask ]] || to=''
	bake "alike-$n" match field "$field" op "$op" value "$value" ${to:+to $to}
	t "compare_as_$n" "match ${alike[$n]%|*} and ${alike[$n]#*|}: the same packets"
	eval "compare_as_$n() { compare_alike $n; }"
done

# compare_alike NAME: compares both for marks around the boundaries, two priorities, and packets of four
# kinds: IPv4 with and without a DSCP, IPv6, and not IP
compare_alike() {
	local row=${alike[$1]#*|} filter protocol=all ours theirs
	case $row in
	basic*) filter=(basic match "${row#basic match }") ;;
	flower*) read -ra filter <<<"$row"; protocol=ip ;;
	protocol*) filter=(matchall) ;;
	*) read -ra filter <<<"$row" ;;
	esac
	compare_ready
	theirs=$(verdicts "$([[ $row == protocol* ]] && echo ipv6 || echo $protocol)" "${filter[@]}" action gact drop) ||
		skip "this kernel or tc has no filter $row"
	ours=$(verdicts $protocol matchall "@alike-$1" drop)
	same "$1" "$ours" "$theirs"
	[[ $theirs == *-* && $theirs == *+* ]] || fail "control: all verdicts are the same: $theirs"
}

# verdicts PROTOCOL FILTER...: prints for each packet + if it passes, - if it does not
verdicts() {
	local marked packet skb_priority=0x10002
	tc filter add dev a egress pref 7 protocol "$@" 2>/dev/null || return
	for marked in 0 4 5 6 7 256 0x1ff 0x7fffffff 0x80000000 0xffffffff; do
		for packet in "$v4" "$v6" "$other" "${v4/4522004c/4520004c}"; do
			echo "$marked $skb_priority $packet"
		done
		[[ $skb_priority == 0x10003 ]] && skb_priority=0x10002 || skb_priority=0x10003
	done | packet pass a b | sed 's/^[^-].*/+/' | tr -d '\n'
	tc filter del dev a egress
}
