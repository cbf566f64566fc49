# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# What is attached: show and change. The parameters, and what becomes of packets, tcact-data knows.

# ---- show -----------------------------------------------------------------------------------

# match_of VAR KIND TEXT: sets VAR to the match as add takes it; fails where it cannot tell
match_of() {
	local keys text_=$2${3:+ $3} status=0
	case $2 in
	matchall) [[ $3 ]] || text_='' ;;
	flower) ;;
	u32)
		text_=u32
		split keys "$3"
		while [[ ${keys[0]-} == match && ${keys[1]-} == */* && ${keys[2]-} == at ]]; do
			text_+=" match u32 0x${keys[1]%/*} 0x${keys[1]#*/} at ${keys[3]}"
			keys=("${keys[@]:4}")
		done
		((${#keys[@]} == 0)) || text_="u32 $3" status=1 ;;
	*) text_="$2 $3" status=1 ;;
	esac
	printf -v "$1" '%s' "$text_"
	return "$status"
}

# where_of ARRAY FIELD...: sets ARRAY to the words of its place
where_of() {
	local -n where_=$1
	local words
	name_of words "$9"
	where_=(dev "$2" "$3" pref "$5" ${words:+as "$words"})
	match_of words "$7" "${18/#-/}" || true
	[[ $4 == 0 ]] || where_+=(chain "$4")
	[[ $6 == all ]] || where_+=(protocol "$6")
	[[ ! $words ]] || where_+=(match "$words")
}

# status_input VAR ARRAY LISTS: sets VAR to what `tcact-data status` reads of these attachments: see status.h
status_input() {
	local -n of_=$2
	local line field text rewriters name all_
	rewriters_of_catalogue rewriters
	all_=$(exec awk -v "rewriters=$rewriters" -f "$lib/order.awk" <<<"$3")
	for line in "${of_[@]}"; do
		split field "$line" $'\t'
		match_of text "${field[5]}" "${field[16]/#-/}" || true
		name_of name "${field[7]}"
		printf -v line 'action\t%s\t%s\t%s' "$line" "${text:--}" "${name:--}"
		all_+=$'\n'$line
	done
	printf -v "$1" '%s' "$all_"
}

command_show() {
	local stats='' rest own lists='' format=text input
	catalogue
	while [[ ${1-} == -* ]]; do
		case $1 in
		-s) stats=1 ;;
		-j) json=1 ;;
		-@(c|co|col|colo|color)?(=*)) colours "$1" ;;
		*) misplaced $# "$1" ;;
		esac
		shift
	done
	place rest "$@"
	[[ ${rest[1]-} != -* ]] || misplaced $((${#rest[@]} - 1)) "${rest[1]}"
	((${#rest[@]} <= 1)) || bad "$(q "${rest[1]}") is one word too many"
	find_own own "${rest[0]-}" lists
	((${#own[@]})) || [[ ! ${rest[0]-} ]] || known "${rest[0]}"
	[[ ! $json ]] || format=json
	status_input input own "$lists"
	ask status ${stats:+-s} ${colour:+-c} "$format" <<<"$input"
}

# All attachments: a collector that leaves some out would have gaps.
command_prometheus() {
	local own lists='' input
	(($# == 0)) || bad "prometheus takes no arguments"
	[[ ! $json ]] || bad "prometheus has a format of its own" "leave -j out"
	catalogue
	anywhere
	find_own own '' lists
	status_input input own "$lists"
	ask status prometheus "$version" <<<"$input"
}

# ---- change ---------------------------------------------------------------------------------

# The same program with other constants takes its place; it keeps its maps, and so its table
# and its counters.
command_change() {
	local line rest own field entry name pin given=() fits=()
	catalogue
	place rest "$@"
	((${#devs[@]})) || bad "dev is missing"
	name=${rest[0]-}
	parse_steps "${rest[@]}"
	((${#steps[@]} == 1)) || bad "then: change one action at a time"
	[[ ${tables[0]} != =* ]] || bad "table: use tcact table load"
	read -ra given <<<"${settings[0]}"
	((${#given[@]} || ${#control[@]})) || bad "there is nothing to change"
	[[ ${control[0]-} != goto ]] || bad "goto chain cannot be set in place" "del and add it"
	begin
	find_own own "$name"
	for line in "${own[@]}"; do
		IFS=$'\t' read -ra field <<<"$line"
		[[ ${field[9]} != "$name" ]] || fits+=("$line")
		[[ ${field[8]} == bpf || ${#control[@]} == 0 ]] ||
			bad "its control is ${field[11]}, which the kernel does not replace in place" "del and add it"
	done
	one_of entry "${fits[@]}"
	[[ ! ${control[*]} || $((16#${entry[7]:10:2} + 1)) == $((16#${entry[7]:12:2})) ]] ||
		bad "$name is not the last action, which has the control" "name that one"
	[[ ${entry[11]} != goto* ]] ||
		bad "its control is ${entry[11]}, which the kernel does not replace in place" "del and add it"
	stage pin -l "${entry[10]}" "$name" "${given[@]}"
	replace "$pin" "${control[*]:-${entry[11]}}" "${entry[@]}"
	commit
}
