# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# prefixes and its table: load it, attach it by tc, replace it.

# table NAME PARAMS [PREFIX=TAG]...: loads prefixes with these parameters and entries, as stage does
table() {
	local name=$1 params entry list=''
	read -ra params <<<"$2"
	shift 2
	for entry; do list+="${entry%=*} tag ${entry#*=}"$'\n'; done
	stage "$name" "${list%$'\n'}" prefixes "${params[@]}"
}
unstage() { rm -r "/sys/fs/bpf/$1"; }

ready() {
	wire a b
	clsact a
	frames
	# v4: 10.1.0.1 > 10.2.0.2, v6: fd01::1 > fd02::2; the addresses of other4 and other6 are in no table
	other4=${frame[v4.in]/0a010001/0b010001}
	other6=${frame[v6.in]/fd01/fd09}
}

# gone FRAME...: each is dropped. stays FRAME...: each comes out unchanged.
gone() { local f; for f; do same gone "$(pass a b "$f")" -; done; }
stays() { local f; for f; do same stays "$(pass a b "$f")" "$f"; done; }

t match_empty 'matcher with an empty table: nothing matches'
match_empty() {
	ready
	tc filter add dev a egress pref 7 matchall @prefixes drop
	stays "${frame[v4.in]}" "${frame[v6.in]}"
	same count "$(stats a egress 7)" "2 0"
}

t match_drop 'matcher with drop: v4 and v6 hits are dropped, misses go to the next filter'
match_drop() {
	ready
	stays "${frame[v4.in]}" "${frame[v6.in]}"
	table s '' 10.1.0.0/16=0 fd01::/32=0
	stays "${frame[v4.in]}"			# loaded, but not attached
	tc filter add dev a egress pref 7 matchall @s/prefixes drop cookie c0de
	unstage s
	tc filter add dev a egress pref 8 matchall action gact pass
	gone "${frame[v4.in]}" "${frame[v6.in]}"
	stays "$other4" "$other6"
	same 'next filter' "$(stats a egress 8)" "2 0"
	same runs "$(stats a egress 7)" "4 0"
	same reasons "$(reasons a egress 7)" ''
}

t match_longest 'the longest prefix decides; 0.0.0.0/0 contains no IPv6 address, ::/0 no IPv4 address'
match_longest() {
	local got
	ready
	table s 'tag mark' 0.0.0.0/0=1 10.0.0.0/8=2 10.1.0.0/24=3 10.1.0.2/32=4 fd00::/8=5 fd01::1/128=6
	tc filter add dev a egress pref 7 matchall @s/prefixes continue
	unstage s
	tagged() { # FRAME TAG: it passes, and its mark is TAG
		tc filter add dev a egress pref 8 protocol all handle "$2" fw action gact drop
		gone "$1"
		tc filter del dev a egress pref 8
		tc filter add dev a egress pref 8 protocol all handle 99 fw action gact drop
		stays "$1"
		tc filter del dev a egress pref 8
	}
	tagged "${frame[v4.in]}" 3
	tagged "${frame[v4.in]/0a010001/0a010002}" 4
	tagged "${frame[v4.in]/0a010001/0a010101}" 2
	tagged "$other4" 1
	tagged "${frame[v6.in]}" 6
	tagged "$other6" 5
}

t match_of 'of dst, of either: which address is looked up'
match_of() {
	ready
	table s 'of dst' 10.2.0.2/32=0 fd02::2/128=0
	tc filter add dev a egress pref 7 matchall @s/prefixes drop
	gone "${frame[v4.in]}" "${frame[v6.in]}"
	stays "${frame[v4.in]/0a020002/0a010001}"
	tc filter del dev a egress pref 7
	unstage s
	table s 'of either' 10.2.0.0/16=0 11.0.0.0/8=0 fd01::/16=0
	tc filter add dev a egress pref 7 matchall @s/prefixes drop
	gone "${frame[v4.in]}" "$other4" "${frame[v6.in]}"
	stays "${frame[v4.in]/0a020002/0a030002}" "$other6"
}

t match_mark 'tag mark: the tag of the prefix becomes the mark; a miss does not change the mark'
match_mark() {
	ready
	table s 'tag mark' 10.1.0.0/16=258 fd01::/16=5
	tc filter add dev a egress pref 6 matchall action skbedit mark 9 continue
	tc filter add dev a egress pref 7 matchall @s/prefixes continue
	unstage s
	tc filter add dev a egress pref 8 protocol all handle 0x102 fw action gact pass
	tc filter add dev a egress pref 9 protocol all handle 5 fw action gact pass
	tc filter add dev a egress pref 10 protocol all handle 9 fw action gact pass
	stays "${frame[v4.in]}" "${frame[v6.in]}" "$other4" "$other6"
	counts=$(for p in 8 9 10; do stats a egress $p; done)
	same 'tag 258, tag 5, unchanged' "$counts" $'1 0\n1 0\n2 0'
}

t match_chain 'matcher with goto chain: the chain runs after hits, not after misses'
match_chain() {
	ready
	tc filter add dev a egress pref 1 chain 5 matchall action gact drop
	stays "${frame[v4.in]}"
	table s '' 10.1.0.0/16=0
	tc filter add dev a egress pref 7 matchall @s/prefixes goto chain 5
	unstage s
	gone "${frame[v4.in]}"
	stays "$other4" "${frame[v6.in]}"
}

t match_pipe 'matcher with pipe: after a hit the next action runs; after a miss the next filter'
match_pipe() {
	ready
	table s '' 10.1.0.0/16=0
	tc filter add dev a egress pref 7 matchall @s/prefixes pipe action gact drop
	unstage s
	tc filter add dev a egress pref 8 matchall action gact pass
	gone "${frame[v4.in]}"
	stays "$other4" "${frame[v6.in]}"
	same 'next action' "$(stats a egress 7 2)" "1 1"
	same 'next filter' "$(stats a egress 8)" "2 0"
}

t match_notip 'matcher: a packet that is not IP, or cut off, is a miss and is counted'
match_notip() {
	ready
	table s '' 0.0.0.0/0=0 ::/0=0
	tc filter add dev a egress pref 7 matchall @s/prefixes drop
	unstage s
	stays "${frame[other.in]}" "${frame[v4-cut.in]}" "${frame[v4-ihl.in]}"
	same reasons "$(reasons a egress 7)" 'not-ip=1 truncated=1 malformed=1'
	gone "${frame[v4.in]}" "${frame[vlan.in]}" "${frame[qinq6.in]}" "${frame[pppoe6.in]}"
}

t match_ingress 'on ingress, and on a tun device'
match_ingress() {
	ready
	clsact b
	behind b a2 b2
	table s '' 10.1.0.0/16=0
	tc filter add dev b ingress pref 7 matchall @s/prefixes drop
	same dropped "$(pass a b2 "${frame[v4.in]}" "$other4" "${frame[v6.in]}")" "-"$'\n'"$other4"$'\n'"${frame[v6.in]}"
	tun t0
	clsact t0
	tc filter add dev t0 egress pref 7 matchall @s/prefixes drop
	same tun "$(pass t0 tun:t0 "${frame[raw4.in]}" "${frame[raw6.in]}" "${frame[raw-8.0.69.1.in]}")" \
		"-"$'\n'"${frame[raw6.in]}"$'\n'"${frame[raw-8.0.69.1.in]}"
}

t match_hits 'hits on: the hits of each prefix are counted'
match_hits() {
	local got
	ready
	table s 'hits on' 10.1.0.0/16=0 fd01::/16=0 11.0.0.0/8=0
	tc filter add dev a egress pref 7 matchall @s/prefixes pipe
	stays "${frame[v4.in]}" "${frame[v4.in]}" "${frame[v6.in]}"
	got=$("$data" "$objects" dump prefixes "$(program a egress 7)")
	hits() { same "hits of $1" "$(grep "^$1 " <<<"$got")" "$1 tag 0 hits $2"; }
	hits 10.1.0.0/16 2
	hits fd01::/16 1
	hits 11.0.0.0/8 0
}

# ---- swap -----------------------------------------------------------------------------------

t match_swap 'a table is replaced, and changed in place, under 50,000 packets on egress and on ingress: no wrong verdict'
match_swap() {
	local index n json id sent passed wrong frames=() flow=() packets=0 beside=()
	ready
	wire c d
	clsact d
	behind d e f
	table s '' 10.1.0.0/16=0 fd01::/16=0
	# one action, in a filter on egress and in one on ingress
	tc filter add dev a egress pref 7 matchall @s/prefixes drop cookie c0de
	json=$(tc -j filter show dev a egress pref 7)
	[[ $json =~ \"index\":([0-9]+) ]]
	index=${BASH_REMATCH[1]}
	tc filter add dev d ingress pref 7 matchall @s/prefixes drop index "$index"
	unstage s
	# 10.1.0.1 and fd01::1 are in every table. 11.1.0.1 and fd09::1 are in none, but what is next to them is in some.
	for n in {2..250}; do beside+=("11.1.0.$n/32=0" "fd09:$n::/32=0" "10.1.$n.0/24=0"); done
	for n in 1 2 3 4; do table s$n '' 10.0.0.0/8=0 fd00::/14=0 fd01::/16=0 "${beside[@]:n % 2 * ${#beside[@]}}"; done
	frames=("${frame[v4.in]}" drop "$other4" pass "${frame[v6.in]}" drop "$other6" pass)
	nice "$work/packet" flow a b /run/enough 50000 "${frames[@]}" >/run/flow.egress 2>&1 &
	flow+=($!)
	nice "$work/packet" flow c f /run/enough 50000 "${frames[@]}" >/run/flow.ingress 2>&1 &
	flow+=($!)
	# after BATCHES: waits until both have sent so many more
	sent() { (($(stat -c %s /run/flow.egress) > $1 && $(stat -c %s /run/flow.ingress) > $2)); }
	after() {
		eventually sent $(($(stat -c %s /run/flow.egress) + $1)) $(($(stat -c %s /run/flow.ingress) + $1))
	}
	for n in 1 2 3 4; do
		after 2
		tc actions replace action bpf object-pinned /sys/fs/bpf/s$n/prefixes drop index "$index" cookie c0de
		unstage s$n
	done
	# the same with single entries, in place: some contain these addresses, others are next to them
	id=$(program a egress 7)
	for n in 1 2 3 4; do
		[[ $in_place ]] || break
		after 2
		"$data" "$objects" change -a prefixes "$id" 10.1.0.0/23 fd01::1/128 "11.1.1.$n/32" 11.1.0.0/32 fd09::2/127
		"$data" "$objects" change -d prefixes "$id" fd09::2/127 10.1.0.0/23 "11.1.1.$n/32" fd01::1/128 11.1.0.0/32
	done
	same 'still that program' "$(program a egress 7) $(program d ingress 7)" "$id $id"
	touch /run/enough
	for n in egress ingress; do
		wait "${flow[0]}" || fail "$n: $(tail -c 500 /run/flow.$n)"
		flow=("${flow[@]:1}")
		read -r sent passed wrong < <(tail -n 1 /run/flow.$n)
		((sent >= 50000 && passed == sent / 2 && wrong == 0)) ||
			fail "$n: $sent packets, $passed passed, $wrong wrong verdicts"
		packets=$((packets + sent))
	done
	# control and statistics belong to the action, not to the program
	same 'counts' "$(stats a egress 7)" "$packets 0"
	[[ $(tc -j filter show dev a egress pref 7) == *'"cookie":"c0de"'* ]] || fail 'the cookie is gone'
	gone "${frame[v4.in]}"
	# a change in place takes effect
	if [[ $in_place ]]; then
		"$data" "$objects" change -a prefixes "$id" 11.1.0.1/32
		gone "$other4"
		"$data" "$objects" change -d prefixes "$id" 11.1.0.1/32
		stays "$other4"
	fi
	# a table without these prefixes takes effect too
	table s '' 11.0.0.0/8=0
	tc actions replace action bpf object-pinned /sys/fs/bpf/s/prefixes drop index "$index"
	unstage s
	stays "${frame[v4.in]}"
	gone "$other4"
}

t match_memlock 'too little memory may be locked for a table, before Linux 5.11: one line, and all stays as it was'
match_memlock() {
	local said before
	[[ $(uname -r) == 5.10.* ]] || skip 'Linux 5.11 and later do not count it'
	ready
	seq 0 19999 | awk '{ printf "10.1.%d.%d\n", $1 / 256, $1 % 256 }' >/run/list
	tcact() { "$root/tc-scripts/tcact" "$@"; }
	refused() { # WHAT ARGUMENT...
		local status=0
		said=$(
			ulimit -l 64
			setpriv --bounding-set -sys_resource "$root/tc-scripts/tcact" "${@:2}" 2>&1
		) || status=$?
		[[ $status == 2 && $said == "tcact: $1: load prefixes: not permitted; "*'ulimit -l'* && $said != *$'\n'* ]] ||
			fail "exit $status: $said"
	}
	refused add add dev a egress prefixes table /run/list drop
	same 'what add leaves' "$(tc filter show dev a egress; compgen -G '/run/tcact/*' || compgen -G '/sys/fs/bpf/tcact*' || true)" ''
	echo 11.0.0.0/8 >/run/other
	tcact add dev a egress prefixes table /run/other drop
	before=$(tc filter show dev a egress)
	refused 'table load' table load dev a egress /run/list
	same 'the filter after table load' "$(tc filter show dev a egress)" "$before"
	same 'the table after table load' "$(tcact table dump dev a egress)" '11.0.0.0/8 tag 0 hits 0'
	# control: with enough it is loaded
	tcact table load dev a egress /run/list
	gone "${frame[v4.in]}"
	tcact del dev a
}

t match_baked 'a table in the object: tc alone attaches and replaces it; longest match, tag, exception'
match_baked() {
	local index json
	ready
	printf '%s tag 7\n' 10.0.0.0/8 fd01::1/128 10.1.0.1/32 >/run/list
	printf '%s nomatch\n' 10.1.0.0/16 >>/run/list
	"$data" "$objects" bake prefixes tag mark -t /run/list -o /run/baked.o
	tc filter add dev a egress pref 7 matchall action bpf object-file /run/baked.o sec action/prefixes drop
	json=$(tc -j filter show dev a egress pref 7)
	[[ $json =~ \"index\":([0-9]+) ]]
	index=${BASH_REMATCH[1]}
	gone "${frame[v4.in]}" "${frame[v6.in]}" "${frame[v4.in]/0a010001/0a020001}"
	stays "${frame[v4.in]/0a010001/0a010002}" "$other4" "$other6"
	# a table that needs more than one section of the object
	seq 0 139999 | awk '{ printf "fd01:%x:%x::/48 tag %d\n", $1 / 32768, $1 * 2 % 65536, $1 }' >/run/list
	echo 11.0.0.0/8 >>/run/list
	"$data" "$objects" bake prefixes -t /run/list -o /run/baked.o
	(($(stat -c %s /run/baked.o) > 5 << 20)) || fail 'it is too small for that'
	tc actions replace action bpf object-file /run/baked.o sec action/prefixes drop index "$index"
	stays "${frame[v4.in]}" "$other6" "${frame[v6.in]/fd0100000000/fd01000445bf}"
	gone "$other4" "${frame[v6.in]}" "${frame[v6.in]/fd0100000000/fd01000445be}"
}
