# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash disable=SC2015,SC2034,SC2154 # as in tcact, which sources this
# What is attached: its parameters, read from the program's frozen constants; show and change.

# read_live NAME ID...: for each program that can be read, live_params[ID] is what it was baked with, "NAME VALUE ..."; a
# line a word; live_reasons[ID] what it counted, "NAME N" a line; live_entries[ID] how many entries its table has
declare -gA live_params live_reasons live_entries
read_live() {
	local what name value id=''
	(($#)) || return 0
	while IFS=$'\t' read -r what name value; do
		case $what in
		program) id=$name live_params[$id]='' live_reasons[$id]='' ;;
		param) live_params[$id]+="$name $value " ;;
		reason) live_reasons[$id]+="$name $value"$'\n' ;;
		entries) live_entries[$id]=$name ;;
		esac
	done < <(data live "$@" 2>/dev/null)
}

# read_all: of own[]
read_all() {
	local line field all=()
	for line in "${own[@]}"; do
		IFS=$'\t' read -ra field <<<"$line"
		[[ ${field[8]} != bpf ]] || all+=("${field[9]}" "${field[10]}")
	done
	read_live "${all[@]}"
}

# outcome ARRAY NEXT: after live, what became of the packets of the action in field, of which NEXT
# reached the one behind it, if there is one: dropped, of a matcher hits and misses, of a table its
# entries, "?" where it is not known, and the reasons. What CONTROL does, tc does not count.
outcome() {
	local -n into=$1
	local next=$2 name n missed=0 passed=0 seen=${field[13]} drops='' known=1 said_now=" ${now[*]} "
	into=([dropped]=${field[15]} [reasons]='')
	[[ $next || ${field[11]} != drop ]] || drops=1
	[[ $said_now != ' ? ' ]] || known=''
	if [[ $known && ($stats || $drops || $class == matcher) ]]; then
		while read -r name n; do
			case $name in
			'') ;;
			hit) into[hits]=$n ;;
			miss) missed=$((missed + n)) ;;
			*)
				missed=$((missed + n))
				into[reasons]+="$name $n"$'\n'
				[[ $name != @(expired|unmapped) || ! $said_now =~ [\ .]$name\ (ok|reclassify|pipe|redirect)\  ]] ||
					passed=$n ;;
			esac
		done <<<"${live_reasons[${field[10]}]%$'\n'}"
	fi
	case $class in
	matcher)
		if [[ $next ]]; then
			into[hits]=$next
		elif [[ $said_now == *' count misses '* ]]; then
			into[hits]=$((seen - missed))
		elif [[ $said_now == *' count hits '* ]]; then
			into[hits]=${into[hits]-0}
		else
			into[hits]='?' into[misses]='?'
		fi
		if [[ ${into[hits]} != '?' ]]; then
			# The counters were read one after the other.
			((into[hits] <= seen)) || into[hits]=$seen
			((into[hits] >= 0)) || into[hits]=0
			into[misses]=$((seen - into[hits]))
		fi
		[[ ! $drops ]] || into[dropped]=${into[hits]} ;;
	rewriter)
		[[ ! $drops || ! $known ]] || into[dropped]=$((seen - passed))
		[[ ! $drops || $known ]] || into[dropped]='?' ;;
	verdict)
		# its own code, but for unspec, and pipe for the share that does not get it
		if [[ $drops && $said_now != *' code '* ]]; then
			into[dropped]=$seen
			[[ $known && $said_now != *' chance '* ]] || into[dropped]='?'
		fi ;;
	esac
	[[ ! $known || ! ${live_entries[${field[10]}]-} ]] || into[entries]=${live_entries[${field[10]}]}
}

# behind INDEX: sets found to the packets that reached the action behind own[INDEX] in its filter
behind() {
	local after
	found=''
	IFS=$'\t' read -ra after <<<"${own[$1 + 1]-}"
	[[ ${after[7]-} == '' || ${after[7]:10:2} == 00 ]] || found=${after[13]}
}

# ---- show -----------------------------------------------------------------------------------

# match_of KIND TEXT: sets text to the match as add takes it; fails where it cannot tell
match_of() {
	local n
	text=''
	case $1 in
	matchall) text=${2:+matchall $2} ;;
	flower) text=flower${2:+ $2} ;;
	u32)
		text=u32
		read -ra n <<<"$2"
		while [[ ${n[0]-} == match && ${n[1]-} == */* && ${n[2]-} == at ]]; do
			text+=" match u32 0x${n[1]%/*} 0x${n[1]#*/} at ${n[3]}"
			n=("${n[@]:4}")
		done
		((${#n[@]} == 0)) || { text="u32 $2"; return 1; } ;;
	*) text="$1 $2"; return 1 ;;
	esac
}

# describe LINE...: the actions of one attachment; sets said_match, said_place
where=()
where_of() { # FIELD...
	local words
	match_of "$6" "${17/#-/}" || true
	words=$text
	where=(dev "$1" "$2" pref "$4")
	[[ $3 == 0 ]] || where+=(chain "$3")
	[[ $5 == all ]] || where+=(protocol "$5")
	[[ ! $words ]] || where+=(match "$words")
}

command_show() {
	local stats='' field i
	catalogue
	while [[ ${1-} == -* ]]; do
		case $1 in
		-s) stats=1 ;;
		-j) json=1 ;;
		*) misplaced $# "$1" ;;
		esac
		shift
	done
	place "$@"
	[[ ${rest[1]-} != -* ]] || misplaced $((${#rest[@]} - 1)) "${rest[1]}"
	((${#rest[@]} <= 1)) || bad "$(q "${rest[1]}") is one word too many"
	find_own "${rest[0]-}"
	read_all
	((${#own[@]})) || [[ ! ${rest[0]-} ]] || choose "${rest[0]}"
	if [[ $json ]]; then
		show_json
		return
	fi
	for i in "${!own[@]}"; do
		IFS=$'\t' read -ra field <<<"${own[i]}"
		if [[ ${field[7]:10:2} == 00 ]]; then
			where_of "${field[@]}"
			wrap 8 '' "$(shell "${where[@]}")"
		fi
		behind "$i"
		show_action "$found"
	done
}

# show_action NEXT: field, of one action; NEXT as outcome takes it
show_action() {
	local then='' control='' next=$1
	local -A result
	[[ ${field[7]:10:2} == 00 ]] || then='then '
	if [[ ${field[8]} != bpf ]]; then
		echo "    ${field[11]}"
		return
	fi
	live "${field[9]}" "${field[10]}" || now=('?')
	((16#${field[7]:10:2} + 1 != 16#${field[7]:12:2})) || control=${field[11]}
	wrap 8 "    " "$then${field[9]} ${now[*]} $control"
	outcome result "$next"
	if [[ $class == matcher ]]; then
		printf '        %s looked up, %s bytes\n' "${field[@]:13:2}"
		printf '        %s hits: %s, %s misses: next filter\n' "${result[hits]}" \
			"${control:-next action}" "${result[misses]}"
	else
		printf '        %s packets, %s bytes, %s dropped\n' "${field[@]:13:2}" "${result[dropped]}"
	fi
	[[ ! ${result[entries]-} ]] || printf '        table: %s entries\n' "${result[entries]}"
	[[ ! $stats ]] || printf '%s' "${result[reasons]}" | sed 's/^/        /'
}

# live NAME PROGRAM: sets now to its parameters; fails where they cannot be known, which takes an action of this
# catalogue, and the right to read it
now=()
live() {
	now=() class=''
	[[ $'\n'$(printf '%s\n' "${rows[@]}") == *$'\naction\t'"$1"$'\t'* ]] || return
	choose "$1"
	[[ ${live_params[$2]+set} ]] || return
	read -ra now <<<"${live_params[$2]}"
}

show_json() {
	local field first=1 n i comma name count
	local -A result
	printf '['
	for n in "${!own[@]}"; do
		IFS=$'\t' read -ra field <<<"${own[n]}"
		if [[ ${field[7]:10:2} == 00 ]]; then
			((first)) || printf ']},'
			first=0
			match_of "${field[5]}" "${field[16]/#-/}" || true
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
			if live "${field[9]}" "${field[10]}"; then
				printf '{'
				for ((i = 0; i < ${#now[@]}; i += 2)); do
					((i == 0)) || printf ,
					printf '"%s":"%s"' "${now[@]:i:2}"
				done
				printf '}'
			else
				printf null
				now=('?')
			fi
			behind "$n"
			outcome result "$found"
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
	local line field name given=() fits=() partial=1
	catalogue
	place "$@"
	((${#devs[@]})) || bad "dev is missing"
	name=${rest[0]-}
	parse_steps "${rest[@]}"
	((${#steps[@]} == 1)) || bad "then: change one action at a time"
	[[ ${tables[0]} != =* ]] || bad "table: use tcact table load"
	read -ra given <<<"${settings[0]}"
	((${#given[@]} || ${#control[@]})) || bad "there is nothing to change"
	[[ ${control[0]-} != goto ]] || bad "goto chain cannot be set in place" "del and add it"
	begin
	find_own "$name"
	for line in "${own[@]}"; do
		IFS=$'\t' read -ra field <<<"$line"
		[[ ${field[9]} != "$name" ]] || fits+=("$line")
		[[ ${field[8]} == bpf || ${#control[@]} == 0 ]] ||
			bad "its control is ${field[11]}, which the kernel does not replace in place" "del and add it"
	done
	one_of "${fits[@]}"
	[[ ! ${control[*]} || $((16#${entry[7]:10:2} + 1)) == $((16#${entry[7]:12:2})) ]] ||
		bad "$name is not the last action, which has the control" "name that one"
	[[ ${entry[11]} != goto* ]] ||
		bad "its control is ${entry[11]}, which the kernel does not replace in place" "del and add it"
	stage -l "${entry[10]}" "$action" "${given[@]}"
	replace "$found" "${control[*]:-${entry[11]}}"
	commit
}
