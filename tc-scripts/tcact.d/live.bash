# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash disable=SC2015,SC2034,SC2154 # as in tcact, which sources this
# What is attached: its parameters, read from the program's frozen constants; show and change.

# maps_of PROGRAM: sets map_id by name, .rodata by its section's
declare -gA map_id
maps_of() {
	local id ids status=0
	map_id=()
	said=$(bpftool -j prog show id "$1" 2>&1) || status=$?
	((status == 0)) && [[ $said =~ \"map_ids\":\[([0-9,]*)\] ]] || refused "read program $1" bpftool "$status"
	for id in ${BASH_REMATCH[1]//,/ }; do
		said=$(bpftool -j map show id "$id" 2>&1) || status=$?
		((status == 0)) || refused "read map $id" bpftool "$status"
		[[ $said =~ \"name\":\"([^\"]*)\" ]] || continue
		ids=${BASH_REMATCH[1]}
		[[ $ids != *.rodata ]] || ids=.rodata
		map_id[$ids]=$id
	done
}

# now_settings: after maps_of, sets now to what the current action's program was baked with
now=()
now_settings() {
	local p variable member dump part='' on status=0
	now=()
	((${#params[@]})) || return 0
	dump=$(bpftool -j map dump id "${map_id[.rodata]-0}" 2>&1) || status=$?
	((status == 0)) || {
		said=$dump
		refused "read the parameters of $action" bpftool "$status"
	}
	dump=${dump#*\"formatted\":}
	for p in "${params[@]}"; do
		on=''
		variable=${action//-/_}_params member=${p//-/_}
		case $p in
		*.*)
			variable=edit_${p%.*}_params member=${member#*.}
			if live_number edit_params "${p%.*}" && ((number)) && [[ $part != "${p%.*}" ]]; then
				on=1 part=${p%.*}	# a part that is on is kept so by its first parameter
			fi ;;
		link) variable=link member='' ;;
		esac
		live_number "$variable" "$member" || live_number "$variable" "${member}_" || continue
		if [[ $on || $number != "$(default_number "$p")" ]]; then
			spell "$p" "$number"
			now+=("$p" "$text")
		fi
	done
}

# live_number VARIABLE MEMBER: from dump, as bpftool formats it by the program's own BTF:
# {"value":{".rodata":[{"link":0},{"dscp_params":{"value":64}}]}}
number=''
live_number() {
	local rest=${dump#*"{\"$1\":"} pattern
	[[ $rest != "$dump" ]] || return 1
	rest=${rest%%'},{'*}
	pattern='^(-?[0-9]+)'
	[[ ! $2 ]] || pattern="[{,]\"$2\":(-?[0-9]+|\[[0-9,]+\])"
	[[ $rest =~ $pattern ]] || return 1
	number=${BASH_REMATCH[1]//[\[\]]/}
	number=${number//,/ }
}

# default_number PARAM: as live_number would find it
default_number() {
	local i list=''
	declare -F "default_${kind[$1]}" >/dev/null || { echo "${default[$1]}"; return; }
	for ((i = 0; i < ${bytes[$1]}; i++)); do list+=" ${default[$1]}"; done
	echo "${list# }"
}

# reasons_now: "NAME N" of each that is not 0, summed over the CPUs
reasons_now() {
	[[ ${map_id[reasons]-} ]] || return 0
	bpftool -j map dump id "${map_id[reasons]}" | tr '{' '\n' | awk -v names="$(
		printf '%s\n' "${rows[@]}" | awk '$1 == "reason" { printf "%s %s ", $3, $2 }')" '
		BEGIN { n = split(names, f, " "); for (i = 1; i < n; i += 2) name[f[i]] = f[i + 1] }
		/^"key":[0-9]/ { match($0, /[0-9]+/); key = substr($0, RSTART, RLENGTH) }
		/"value":[0-9]/ { sub(/.*"value":/, ""); sum[key] += $0 }
		END { for (i = 0; i < 64; i++) if (sum[i])
			printf "%s %.0f\n", i in name ? name[i] : "reason-" i, sum[i] }'
}

# entries_now: how many the table has
entries_now() {
	if [[ $table_key == vid ]]; then	# an array has all keys
		dump_table "${map_id[$table_map]}" | wc -l
	else
		bpftool -j map dump id "${map_id[$table_map]}" | tr '{' '\n' | grep -c '^"key":\[' || true
	fi
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
			hit) into[hits]=$n ;;
			miss) missed=$((missed + n)) ;;
			*)
				missed=$((missed + n))
				into[reasons]+="$name $n"$'\n'
				[[ $name != @(expired|unmapped) || ! $said_now =~ [\ .]$name\ (ok|reclassify|pipe|redirect)\  ]] ||
					passed=$n ;;
			esac
		done < <(reasons_now)
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
	[[ ! $table_map || ! $known ]] || into[entries]=$(entries_now)
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
	[[ ! $stats ]] || need_bpftool "show -s"
	find_own "${rest[0]-}"
	((${#own[@]})) || [[ ! ${rest[0]-} ]] || choose "${rest[0]}"
	if [[ $json ]]; then
		show_json
		return
	fi
	for i in "${!own[@]}"; do
		IFS=$'\t' read -ra field <<<"${own[i]}"
		if [[ ${field[7]:10:2} == 00 ]]; then
			where_of "${field[@]}"
			shell "${where[@]}"
			echo
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

# live NAME PROGRAM: sets now and map_id; fails where they cannot be known, which takes an action of
# this catalogue, bpftool, the right to use it
live() {
	now=() map_id=() class='' table_map=''
	[[ $'\n'$(printf '%s\n' "${rows[@]}") == *$'\naction\t'"$1"$'\t'* ]] || return
	choose "$1"
	type -P bpftool >/dev/null && bpftool -j prog show id "$2" >/dev/null 2>&1 || return
	maps_of "$2"
	now_settings
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
	local line field name given=() i keep=() reuse=() fits=() partial=1
	local -A value=()
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
	need_bpftool change
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
	maps_of "${entry[10]}"
	now_settings
	for ((i = 0; i < ${#given[@]}; i += 2)); do value[${given[i]}]=${given[i + 1]}; done
	# What goes with another value than the new one only, goes.
	for line in "${rules[@]}"; do
		IFS=$'\t' read -ra field <<<"$line"
		[[ ${field[1]} != with || ! ${value[${field[3]}]-} || " ${field[4]} " == *" ${value[${field[3]}]} "* ]] ||
			value[${field[0]}]=${value[${field[0]}]-gone}
	done
	for ((i = 0; i < ${#now[@]}; i += 2)); do
		[[ ${value[${now[i]}]-} ]] || keep+=("${now[@]:i:2}")
	done
	check_rules "${keep[@]}" "${given[@]}"
	object "${keep[@]}" "${given[@]}"
	for name in reasons ${table_map:+"$table_map"}; do
		[[ ! ${map_id[$name]-} ]] || reuse+=(map name "$name" id "${map_id[$name]}")
	done
	stage "$found" "${reuse[@]}"
	replace "$found" "${control[*]:-${entry[11]}}"
	commit
}
