# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# What somebody meant who typed what tcact does not take: the line to type instead.

# instead LEFT SKIP WORD...: what was typed, with WORDs in the place of SKIP words, the first of the
# LEFT last ones
instead() {
	local at=$((${#typed[@]} - $1)) program=(tcact)
	if ((at < 0)); then
		printf 'see: tcact help'
		return
	fi
	[[ ! $in_file ]] || program=()
	printf 'write: '
	shell "${program[@]}" "${typed[@]:0:at}" "${@:3}" "${typed[@]:at + $2}"
}

# misplaced LEFT OPTION: an option that stands elsewhere, or is another program's
misplaced() {
	local option=$2 at=$((${#typed[@]} - $1)) word words=()
	[[ $option != @(--json|-json) ]] || option=-j
	[[ $option != -j ]] || for_json
	[[ $option != -[njvc] ]] || words=("$option")
	for word in "${typed[@]:0:at}" "${typed[@]:at + 1}"; do
		words+=("$word")
		[[ $option$word != -sshow || ${words[*]} == *-s* ]] || words+=(-s)
	done
	[[ ($option == -[njvc] || ${words[*]} == *'show -s'*) && ! $in_file ]] ||
		bad "there is no option $(q "$2")"
	bad "there is no option $(q "$2") here" "write: $(shell tcact "${words[@]}")"
}

# no_options WORD...: none of them is an option, which stands before the subcommand
no_options() {
	while (($#)); do
		[[ $1 != @(-[njvc]|--json|-json) ]] || misplaced $# "$1"
		shift
	done
}

# ends [WORD]...: there must be none
ends() {
	local first=${typed[*]:${#typed[@]} - behind:1} what=table
	(($#)) || return 0
	[[ $1 != -* ]] || misplaced $# "$1"
	early "$@"
	read_labels
	is_action "$first" || no_name "$first"
	if (($# == behind)); then
		known "$1"
		[[ $subcommand != top ]] || what=buckets
		bad "$1 has no $what"
	fi
	bad "$(q "$1") is one word too many"
}

# meant_place WORD...: what place stopped at is not an action
meant_place() {
	local left=$# skip=0 words=() match_words=() likely
	# The last word of `table` is a file or an entry.
	[[ $subcommand != table* ]] || (($# > 1)) || return 0
	case $1 in
	prio | preference | priority) bad "$1: tcact calls it pref" "$(instead "$left" 1 pref)" ;;
	proto) bad "proto: tcact calls it protocol" "$(instead "$left" 1 protocol)" ;;
	in) bad "in: the direction is ingress" "$(instead "$left" 1 ingress)" ;;
	out) bad "out: the direction is egress" "$(instead "$left" 1 egress)" ;;
	-?*) misplaced "$left" "$1" ;;
	esac
	if is_classifier "$1"; then
		words=("$1")
		shift
		skip=1
	elif ((${#match[@]} == 1)) && [[ ${match[0]} != matchall ]] &&
		{ [[ $1 != match ]] && ! is_action "$1" || [[ $1 == match ]] && ! names_action "${@:2:1}"; }; then
		# one of its words was taken for the match
		words=("${match[@]}")
		left=$((left + 2)) skip=2
	fi
	if ((${#words[@]})); then
		while (($#)) && [[ $1 != action ]] && { ! is_action "$1" ||
			{ [[ $1 == match ]] && ! names_action "${@:2:1}"; }; }; do
			words+=("$1")
			skip=$((skip + 1))
			shift
		done
		[[ ${1-} != action ]] || skip=$((skip + 1))
		[[ ${1-}${2-} != actionbpf ]] || skip=$((skip + 1))
		if [[ ${words[*]} != matchall ]]; then
			needs_protocol likely "${words[@]}" && match_words=(protocol "$likely")
			match_words+=(match "${words[*]}")
		fi
		bad "${words[0]}: the match is one word for the shell" "$(instead "$left" "$skip" "${match_words[@]}")"
	fi
	! is_action "$1" || return 0
	((${#devs[@]} == 0)) || [[ $subcommand == add && ! ${place[dir]} ]] || return 0
	if [[ $1 != */* ]] && ip link show dev "$1" >/dev/null 2>&1; then
		bad "$(q "$1") is a device" "$(instead "$left" 0 dev)"
	fi
}

# needs_protocol VAR WORD...: the match is of flower's keys that tc takes for IPv4 or IPv6 only, and no
# protocol is given; sets VAR to the likely one
needs_protocol() {
	local word
	printf -v "$1" '%s' ''
	[[ $2 == flower && ${place[protocol]:-all} == all && " $* " != *' vlan_ethtype '* ]] || return
	for word in "${@:2}"; do
		[[ $word != @(ip_proto|src_ip|dst_ip) || ${!1} ]] || printf -v "$1" ip
		[[ $word != *:*:* && $word != icmpv6 || ! ${!1} ]] || printf -v "$1" ipv6
	done
	[[ ${!1} ]]
}

# meant_protocol WORD...: of the match that place has read
meant_protocol() {
	local i likely text=" $* " before
	before=${text%% @(src|dst)_port *}
	[[ $1 != flower || $before == "$text" || "$before " == *' ip_proto '* ]] ||
		bad "match $(q "$*"): a port needs a protocol before it" "write ip_proto tcp, ip_proto udp or ip_proto sctp there"
	needs_protocol likely "$@" || return 0
	for ((i = 0; i + 1 < ${#typed[@]}; i++)); do
		[[ ${typed[i]} != match || "${typed[i + 1]}" != *ip* ]] || break
	done
	bad "match $(q "$*"): needs protocol ip or ipv6" "$(instead $((${#typed[@]} - i)) 0 protocol "$likely")"
}

# early WORD...: if these are of the place, they stand before all that is behind it
early() {
	local left=$# words=() p=$((${#typed[@]} - behind))
	while [[ ${1-} == @(dev|ingress|egress|pref|chain|as|protocol|match) ]]; do
		case $1 in
		dev) ;;
		match)
			[[ ${2-} ]] || break
			is_classifier "${2%% *}" || break ;;
		*) [[ ! ${place[${1/@(in|e)gress/dir}]} ]] || break ;;
		esac
		[[ $1 == @(in|e)gress || $# == 1 ]] || { words+=("$1"); shift; }
		words+=("$1")
		shift
	done
	((${#words[@]} == 0)) || bad "${words[0]} stands before $(q "${typed[p]}")" \
		"$(instead "$behind" $((behind - $#)) "${words[@]}" "${typed[@]:p:behind - left}")"
}

# meant_step NAME TABLE WORD...: WORD is neither a parameter of the action NAME nor a CONTROL; TABLE is
# what was given as that
meant_step() {
	local name=$1 table=$2 p best=''
	shift 2
	[[ $subcommand == bake ]] || early "$@"
	((${#control[@]} == 0)) ||
		bad "$(q "$1"): nothing stands behind the CONTROL ${control[*]}" "write ${control[*]} last"
	for p in ${params[$name]}; do
		[[ $p != link ]] || continue
		data values "$name" "$p" "$1" 2>/dev/null || continue
		# `ttl 64` sets it, `meta set mark 5` writes it
		[[ $best && ${p##*.} != @(set|value) ]] || best=$p
	done
	if [[ $subcommand == bake ]]; then
		:
	elif is_action "$1" && { [[ ! $best ]] || is_param "$1" "${2-}"; }; then
		bad "$1 is another action" "$(instead $# 0 'then')"
	elif [[ $1 == -* ]]; then
		misplaced $# "$1"
	elif takes_table "$name" && [[ ! $table && ($1 == *[./]* || -e $1) ]]; then
		bad "$(q "$1"): the name of a file comes after table" "$(instead $# 0 table)"
	fi
	# `ttl 64 set`
	! is_param "$name" "${2-}" || ! data values "$name" "$2" "$1" 2>/dev/null || data values "$name" "$2" "${3-}" 2>/dev/null ||
		bad "$(q "$1") is the value of $2" "$(instead $# 2 "$2" "$1")"
	[[ ! $best ]] || bad "$(q "$1") is the value of a parameter" "$(instead $# 0 "$best")"
}
