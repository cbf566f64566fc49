# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# What is attached: its parameters, read from the program's frozen constants; show and change.

# read_live LINE...: for each program of these actions that can be read, programs["ID params"] is what it was
# baked with, "NAME VALUE ..."; "ID reasons" what it counted, "NAME N" a line; "ID entries" how many its table has
read_live() {
	local line field all=() what name value id=''
	for line; do
		IFS=$'\t' read -ra field <<<"$line"
		[[ ${field[8]} != bpf ]] || all+=("${field[@]:9:2}")
	done
	((${#all[@]})) || return 0
	while IFS=$'\t' read -r what name value; do
		case $what in
		program) id=$name programs["$id params"]='' programs["$id reasons"]='' ;;
		param) programs["$id params"]+="$name $value " ;;
		reason) programs["$id reasons"]+="$name $value"$'\n' ;;
		entries) programs["$id entries"]=$name ;;
		esac
	done < <(data live "${all[@]}" 2>/dev/null)
}

# outcome ARRAY PARAMS NEXT FIELD...: what became of the packets of the action with these FIELDs, of which NEXT
# reached the one behind it, if there is one: dropped, of a matcher hits and misses, of a table its
# entries, "?" where it is not known, and the reasons. What CONTROL does, tc does not count. PARAMS is from live.
outcome() {
	local -n into=$1
	local params_=" $2" next=$3 name n hits='' dropped counted='' missed=0 passed=0 drops='' known=1 kind field=("${@:4}")
	local seen=${field[13]}
	dropped=${field[15]} kind=${class[${field[9]}]-}
	[[ $next || ${field[11]} != drop ]] || drops=1
	[[ $params_ != ' ?' ]] || known=''
	if [[ $known ]]; then
		while read -r name n; do
			case $name in
			'') ;;
			hit) hits=$n ;;
			miss) missed=$((missed + n)) ;;
			*)
				missed=$((missed + n))
				counted+="$name $n"$'\n'
				[[ $name != @(expired|unmapped) || ! $params_ =~ [\ .]$name\ (ok|reclassify|pipe|redirect)\  ]] ||
					passed=$n ;;
			esac
		done <<<"${programs[${field[10]} reasons]%$'\n'}"
	fi
	into=()
	into+=([reasons]=$counted)
	case $kind in
	matcher)
		if [[ $next ]]; then
			hits=$next
		elif [[ $params_ == *' count misses '* ]]; then
			hits=$((seen - missed))
		elif [[ $params_ == *' count hits '* ]]; then
			hits=${hits:-0}
		else
			hits='?' into+=([misses]='?')
		fi
		if [[ $hits != '?' ]]; then
			# The counters were read one after the other.
			((hits <= seen)) || hits=$seen
			((hits >= 0)) || hits=0
			into+=([misses]=$((seen - hits)))
		fi
		into+=([hits]=$hits)
		[[ ! $drops ]] || dropped=$hits ;;
	rewriter)
		[[ ! $drops || ! $known ]] || dropped=$((seen - passed))
		[[ ! $drops || $known ]] || dropped='?' ;;
	verdict)
		# its own code, but for unspec, and pipe for the share that does not get it
		if [[ $drops && $params_ != *' code '* ]]; then
			dropped=$seen
			[[ $known && $params_ != *' chance '* ]] || dropped='?'
		fi ;;
	esac
	into+=([dropped]=$dropped)
	[[ ! $known || ! ${programs[${field[10]} entries]-} ]] || into+=([entries]=${programs[${field[10]} entries]})
}

# behind VAR LINE: sets VAR to the packets that reached the action of this LINE, if it is behind another one in its filter
behind() {
	local after
	printf -v "$1" '%s' ''
	IFS=$'\t' read -ra after <<<"$2"
	[[ ${after[7]-} == '' || ${after[7]:10:2} == 00 ]] || printf -v "$1" '%s' "${after[13]}"
}

# live VAR NAME PROGRAM: sets VAR to its parameters, "NAME VALUE ...", or to "?" where they cannot be known, which takes
# an action of this catalogue, and the right to read it
live() {
	printf -v "$1" '%s' '?'
	[[ ${class[$2]-} && ${programs[$3 params]+set} ]] || return
	printf -v "$1" '%s' "${programs[$3 params]}"
}

# ---- show -----------------------------------------------------------------------------------

# match_of VAR KIND TEXT: sets VAR to the match as add takes it; fails where it cannot tell
match_of() {
	local keys text_=$2${3:+ $3} status=0
	case $2 in
	matchall) [[ $3 ]] || text_='' ;;
	flower) ;;
	u32)
		text_=u32
		read -ra keys <<<"$3"
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
	match_of words "$7" "${18/#-/}" || true
	where_=(dev "$2" "$3" pref "$5")
	[[ $4 == 0 ]] || where_+=(chain "$4")
	[[ $6 == all ]] || where_+=(protocol "$6")
	[[ ! $words ]] || where_+=(match "$words")
}

command_show() {
	local stats='' rest own field where next i
	catalogue
	while [[ ${1-} == -* ]]; do
		case $1 in
		-s) stats=1 ;;
		-j) json=1 ;;
		*) misplaced $# "$1" ;;
		esac
		shift
	done
	place rest "$@"
	[[ ${rest[1]-} != -* ]] || misplaced $((${#rest[@]} - 1)) "${rest[1]}"
	((${#rest[@]} <= 1)) || bad "$(q "${rest[1]}") is one word too many"
	find_own own "${rest[0]-}"
	read_live "${own[@]}"
	((${#own[@]})) || [[ ! ${rest[0]-} ]] || known "${rest[0]}"
	if [[ $json ]]; then
		show_json "$stats" "${own[@]}"
		return
	fi
	for i in "${!own[@]}"; do
		IFS=$'\t' read -ra field <<<"${own[i]}"
		if [[ ${field[7]:10:2} == 00 ]]; then
			where_of where "${field[@]}"
			wrap 8 '' "$(shell "${where[@]}")"
		fi
		behind next "${own[i + 1]-}"
		show_action "$stats" "$next" "${field[@]}"
	done
}

# show_action STATS NEXT FIELD...: NEXT as outcome takes it
show_action() {
	local then='' ends='' now field=("${@:3}")
	local -A result
	[[ ${field[7]:10:2} == 00 ]] || then='then '
	if [[ ${field[8]} != bpf ]]; then
		echo "    ${field[11]}"
		return
	fi
	live now "${field[@]:9:2}" || true
	((16#${field[7]:10:2} + 1 != 16#${field[7]:12:2})) || ends=${field[11]}
	wrap 8 "    " "$then${field[9]} $now $ends"
	outcome result "$now" "${@:2}"
	if [[ ${class[${field[9]}]-} == matcher ]]; then
		printf '        %s looked up, %s bytes\n' "${field[@]:13:2}"
		printf '        %s hits: %s, %s misses: next filter\n' "${result[hits]}" \
			"${ends:-next action}" "${result[misses]}"
	else
		printf '        %s packets, %s bytes, %s dropped\n' "${field[@]:13:2}" "${result[dropped]}"
	fi
	[[ ! ${result[entries]-} ]] || printf '        table: %s entries\n' "${result[entries]}"
	[[ ! $1 ]] || printf '%s' "${result[reasons]}" | sed 's/^/        /'
}

# show_json STATS LINE...
show_json() {
	local stats=$1 field text now words next first=1 i comma name count
	local -A result
	printf '['
	while shift && (($#)); do
		IFS=$'\t' read -ra field <<<"$1"
		if [[ ${field[7]:10:2} == 00 ]]; then
			((first)) || printf ']},'
			first=0
			match_of text "${field[5]}" "${field[16]/#-/}" || true
			printf '{"dev":%s,"direction":"%s","chain":%s,"pref":%s,"protocol":%s,"match":%s,"actions":[' \
				"$(json_string "${field[0]}")" "${field[@]:1:3}" "$(json_string "${field[4]}")" \
				"$(json_string "$text")"
			comma=''
		fi
		printf '%s{"name":"%s","control":"%s","index":%s,"packets":%s,"bytes":%s' \
			"$comma" "${field[9]/#-/${field[8]}}" "${field[@]:11:4}"
		comma=,
		if [[ ${field[8]} != bpf ]]; then
			printf ',"dropped":%s' "${field[15]}"
		else
			printf ',"program":%s,"parameters":' "${field[10]}"
			if live now "${field[@]:9:2}"; then
				printf '{'
				read -ra words <<<"$now"
				for ((i = 0; i < ${#words[@]}; i += 2)); do
					((i == 0)) || printf ,
					printf '"%s":"%s"' "${words[@]:i:2}"
				done
				printf '}'
			else
				printf null
			fi
			behind next "${2-}"
			outcome result "$now" "$next" "${field[@]}"
			for name in dropped hits misses entries; do
				[[ ! ${result[$name]+there} ]] || printf ',"%s":%s' "$name" "${result[$name]/'?'/null}"
			done
			if [[ $stats ]]; then
				printf ',"reasons":{'
				i=''
				while read -r name count; do
					[[ $name ]] || continue
					printf '%s"%s":%s' "$i" "$name" "$count"
					i=,
				done <<<"${result[reasons]%$'\n'}"
				printf '}'
			fi
		fi
		printf '}'
	done
	((first)) || printf ']}'
	echo ']'
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
