# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# What is attached: show and prometheus. The parameters, and what becomes of packets, tcact-data knows.

# status_input VAR ARRAY [LISTS]: sets VAR to what `tcact-data status` reads of these attachments: see status.h; with
# LISTS also to what is before them
status_input() {
	local -n of_=$2
	local line field text name all_=()
	if [[ ${3-} ]]; then
		text=$(exec awk -v "rewriters=$rewriters" -f "$lib/order.awk" <<<"$3")
		all_=("$text")
	fi
	for line in "${of_[@]}"; do
		split field "$line" $'\t'
		match_told text "${field[@]}" || text="?$text"
		name_of name "${field[COOKIE]}"
		printf -v line 'action\t%s\t%s\t%s' "$line" "${text:--}" "${name:--}"
		all_+=("$line")
	done
	local IFS=$'\n'
	printf -v "$1" '%s' "${all_[*]}"
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
	ends "${rest[@]:1}"
	find_own own "${rest[0]-}" lists
	((${#own[@]})) || [[ ! ${place[as]} ]] || none "${rest[0]-}"
	((${#own[@]})) || [[ ! ${rest[0]-} ]] || known "${rest[0]}"
	[[ ! $json ]] || format=json
	status_input input own "$lists"
	ask status ${stats:+-s} ${colour:+-c} "$format" <<<"$input"
}

# All attachments: a collector that leaves some out would have gaps.
command_prometheus() {
	local own input
	no_options "$@"
	(($# == 0)) || bad "prometheus takes no arguments"
	catalogue
	anywhere
	find_own own ''
	status_input input own
	ask status prometheus "$version" <<<"$input"
}
