# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash disable=SC2015,SC2034,SC2154 # as in tcact, which sources this
# The catalogue, tcact.params (tc-scripts/params says what is in it): what actions there are,
# how the values of their parameters are written, and the copy of an object that holds them.

# ---- what there is --------------------------------------------------------------------------

rows=() version='' order=''

catalogue() {
	local file=$objects/tcact.params next='reinstall tcact'
	[[ $bpfdir != */../build ]] || next='run make'
	[[ ! ${TCACT_DIR-} ]] || next='see TCACT_DIR in the environment'
	[[ -f $file && -r $file ]] ||
		fail 1 "$subcommand" "cannot read $(q "$file")" "$next"
	mapfile -t rows <"$file"
	version=${rows[0]#version$'\t'} order=${rows[1]#order$'\t'}
	[[ $order == [lb]e ]] || fail 1 "$subcommand" "$(q "$file") is not a table of parameters" "$next"
}

# fit_machine: fails where the objects are not for this machine and this tcact; sets unfit and next
unfit='' next=''
fit_machine() {
	local elf='' machine=le place=$objects
	# this shell's EI_DATA
	{ IFS= read -rN 6 elf <"/proc/$$/exe"; } 2>/dev/null || true
	[[ ${elf:5} != $'\2' ]] || machine=be
	unfit=''
	if [[ $version != "$own_version" ]]; then
		unfit="the objects in $(q "$place") are of version $(q "$version"), this is tcact $own_version"
	elif [[ $order != "$machine" ]]; then
		unfit="the objects in $(q "$place") have the byte order $order, this machine has $machine"
	fi
	next='reinstall tcact'
	[[ ! ${TCACT_DIR-} ]] || next='see TCACT_DIR in the environment'
	[[ ! $unfit ]]
}

# choose NAME: make it the current action, known by these variables
action='' class='' sum='' size='' what=''
table_map='' table_key='' table_value='' params=() rules=()
declare -gA kind offset bytes sign low high words default switch help needs
choose() {
	local row field
	action='' table_map='' params=() rules=()
	for row in "${rows[@]}"; do
		if [[ $row != [anprt]*$'\t'"$1"$'\t'* ]]; then
			[[ ! $action ]] || break	# its rows stand together
			continue
		fi
		IFS=$'\t' read -ra field <<<"$row"
		[[ ${field[1]} == "$1" ]] || continue
		case ${field[0]} in
		action) action=$1 class=${field[2]} sum=${field[3]} size=${field[4]} what=${field[5]} ;;
		table) table_map=${field[2]} table_key=${field[3]} table_value=${field[4]/#-/} ;;
		rule) rules+=("${row#rule*$'\t'*$'\t'}") ;;
		param) choose_param "${field[@]:2}" ;;
		needs) needs[${field[2]}]=${field[3]} ;;
		esac
	done
	[[ $action ]] || bad "there is no action $(q "$1")" "see: tcact list"
}

choose_param() {
	params+=("$1")
	kind[$1]=$2 offset[$1]=$3 bytes[$1]=$4 sign[$1]=$5 low[$1]=$6 high[$1]=$7
	words[$1]=$8 default[$1]=$9 switch[$1]=${10} help[$1]=${11-} needs[$1]=''
	[[ ${words[$1]} != - ]] || words[$1]=''
	if [[ ${low[$1]} == - ]]; then
		case $4$5 in
		1u) low[$1]=0 high[$1]=255 ;;
		2u) low[$1]=0 high[$1]=65535 ;;
		4u) low[$1]=0 high[$1]=4294967295 ;;
		8u) low[$1]=0 high[$1]=18446744073709551615 ;;
		1s) low[$1]=-128 high[$1]=127 ;;
		2s) low[$1]=-32768 high[$1]=32767 ;;
		4s) low[$1]=-2147483648 high[$1]=2147483647 ;;
		8s) low[$1]=-9223372036854775808 high[$1]=9223372036854775807 ;;
		esac
	fi
	[[ ${low[$1]} != 0x* ]] || printf -v "low[$1]" %u "${low[$1]}"
	[[ ${high[$1]} != 0x* ]] || printf -v "high[$1]" %u "${high[$1]}"
}

is_param() { [[ " ${params[*]} " == *" $1 "* && $1 != *' '* ]]; }

# ---- values: value_KIND PARAM TEXT sets hex, the bytes to store; spell_KIND PARAM NUMBER ----
# ---- sets text, its reverse ----------------------------------------------------------------

hex='' text=''

# convert PARAM TEXT: what any value goes through first
convert() {
	local pair
	if declare -F "default_${kind[$1]}" >/dev/null; then	# an array: words are inside
		"value_${kind[$1]}" "$1" "$2"
		return
	fi
	for pair in ${words[$1]}; do
		[[ ${2,,} != "${pair%=*}" ]] || { store "$1" "${pair#*=}"; return; }
	done
	declare -F "value_${kind[$1]}" >/dev/null ||
		bad "this tcact does not know parameters of kind $(q "${kind[$1]}")" "reinstall tcact"
	"value_${kind[$1]}" "$1" "$2"
}

# wrong PARAM TEXT RULE
wrong() {
	local list=${words[$1]//=+(-|[0-9])/}
	list=${list// /, }
	bad "$action $1 $(q "$2"): must be ${3:+$3${list:+ or one of }}$list" "see: tcact info $action"
}

# spell PARAM NUMBER: a word for it where there is one
spell() {
	local pair
	if [[ ${kind[$1]} != name ]] && ! declare -F "default_${kind[$1]}" >/dev/null; then
		for pair in ${words[$1]}; do
			[[ $2 != "${pair#*=}" ]] || { text=${pair%=*}; return; }
		done
	fi
	text=$2
	! declare -F "spell_${kind[$1]}" >/dev/null || "spell_${kind[$1]}" "$1" "$2"
}

# at_most A B: decimal numbers of up to 64 bits, which bash cannot compare where unsigned
at_most() {
	case $1,$2 in
	-*,-*) at_most "${2#-}" "${1#-}" ;;
	-*) ;;
	*,-*) return 1 ;;
	*) ((${#1} < ${#2})) || { ((${#1} == ${#2})) && [[ ! $1 > $2 ]]; } ;;
	esac
}

# store PARAM NUMBER: sets hex in the byte order of the objects
store() {
	local i digits=$((2 * ${bytes[$1]})) big
	printf -v big %016x "$2"
	big=${big: -digits} hex=$big
	[[ $order == le ]] || return 0
	hex=''
	for ((i = digits - 2; i >= 0; i -= 2)); do hex+=${big:i:2}; done
}

value_word() { wrong "$1" "$2" ''; }

value_num() {
	local number=$2 rule="${low[$1]}..${high[$1]}"
	[[ $number =~ ^(0|-?[1-9][0-9]{0,19}|0x[0-9a-fA-F]{1,16})$ ]] || wrong "$1" "$2" "$rule"
	[[ $number != 0x* ]] || printf -v number %u "$number"
	at_most "${low[$1]}" "$number" && at_most "$number" "${high[$1]}" || wrong "$1" "$2" "$rule"
	store "$1" "$number"
}

value_name() { value_num "$@"; }

value_share() {
	local number=$2
	[[ $number =~ ^([0-9]{1,9}(\.[0-9]{0,12})?|\.[0-9]{1,12})%?$ ]] ||
		wrong "$1" "$2" '0..1 or 0%..100%'
	number=$(awk -v v="${number%\%}" -v percent="${number//[!%]/}" 'BEGIN {
		share = v / (percent ? 100 : 1); printf "%.0f", (share > 1 ? -1 : share * 4294967296) }')
	((number >= 0)) || wrong "$1" "$2" '0..1 or 0%..100%'
	store "$1" "$number"
}
# The shortest that gives the same number again
spell_share() {
	text=$(awk -v v="$2" 'BEGIN {
		do s = sprintf("%." p++ "f", v / 42949672.96); while (sprintf("%.0f", s * 42949672.96) != v)
		print s "%" }')
}

value_handle() {
	if [[ $2 =~ ^([0-9a-fA-F]{1,4}):([0-9a-fA-F]{0,4})$ ]]; then
		store "$1" $((16#${BASH_REMATCH[1]} << 16 | 16#0${BASH_REMATCH[2]}))
	else
		[[ $2 != *:* ]] || wrong "$1" "$2" "${low[$1]}..${high[$1]}, MAJOR:MINOR in hex"
		value_num "$1" "$2"
	fi
}
spell_handle() {
	((${#2} > 10 || $2 < 65536)) || printf -v text '%x:%x' $(($2 >> 16)) $(($2 & 65535))
}

# Arrays: value_KIND sets hex from text, default_KIND from the default, spell_KIND is given
# the bytes as decimal numbers, "0 0 0".

# element PARAM TEXT: sets number to what one element of an array is, a number or a word
element() {
	local order=be
	element_of "$1"
	convert "in $1" "$2"
	number=$((16#$hex))
}
element_of() {
	kind[in $1]=num bytes[in $1]=8
	low[in $1]=${low[$1]} high[in $1]=${high[$1]} words[in $1]=${words[$1]}
}

default_mac() { hex=000000000000; }
value_mac() {
	[[ $2 != none ]] || { default_mac; return; }
	[[ $2 =~ ^([0-9a-fA-F]{2}:){5}[0-9a-fA-F]{2}$ && $2 != 00:00:00:00:00:00 ]] ||
		wrong "$1" "$2" 'an Ethernet address like 52:54:00:12:34:56, or none'
	hex=${2//:/}
	hex=${hex,,}
}
spell_mac() {
	[[ $2 == *[1-9]* ]] || { text=none; return; }
	# shellcheck disable=SC2086 # one word a byte
	printf -v text '%02x:%02x:%02x:%02x:%02x:%02x' $2
}

# The bytes are struct prefix_param of address.h: address, mask, family, length, sum. What an address
# is, and how it is spelled, is said in table.awk.
default_prefix() { printf -v hex '%0*d' $((2 * ${bytes[$1]})) 0; }
value_prefix() {
	local line family address length i bits mask='' sum=0
	[[ $2 != none ]] || { default_prefix "$1"; return; }
	[[ $2 =~ ^[0-9a-fA-F:.]+(/[0-9]+)?$ ]] || wrong "$1" "$2" 'a prefix like 192.0.2.0/24 or 2001:db8::/48, or none'
	line=$(awk -v mode=read -v key=prefix -f "$lib/table.awk" <<<"$2" 2>&1) ||
		bad "$action $1${line#line 1:}" "see: tcact info $action"
	read -r family address length _ <<<"$line"
	[[ ${low[$1]} == - ]] || ((length >= ${low[$1]} && length <= ${high[$1]})) ||
		wrong "$1" "$2" "of ${low[$1]} to ${high[$1]} bits"
	for ((i = 0; i < 16; i++)); do
		bits=$((length - 8 * i))
		printf -v mask '%s%02x' "$mask" $((0xff00 >> (bits < 0 ? 0 : bits > 8 ? 8 : bits) & 0xff))
		sum=$((sum + (16#${address:2 * i:2} << (i % 2 ? 0 : 8))))
	done
	sum=$(((sum & 0xffff) + (sum >> 16)))
	printf -v hex '%s%s%02x%02x%04x%08x' "$address" "$mask" "$family" "$length" \
		$(((sum & 0xffff) + (sum >> 16))) 0
}
spell_prefix() {
	local byte number
	[[ $2 == *[1-9]* ]] || { text=none; return; }
	read -ra byte <<<"$2"
	printf -v number '%02x' "${byte[@]:0:16}"
	text=$(awk -v mode=spell -f "$lib/table.awk" <<<"${byte[32]} $number ${byte[33]}")
}

default_prefix6() { default_prefix "$1"; }
value_prefix6() {
	[[ $2 == *:* || $2 == none ]] || wrong "$1" "$2" 'an IPv6 prefix like 2001:db8::/48, or none'
	value_prefix "$1" "$2"
}
spell_prefix6() { spell_prefix "$1" "$2"; }

default_bits() { printf -v hex '%0*d' $((2 * ${bytes[$1]})) 0; }
value_bits() {
	local one number array=() i given
	[[ $2 && $2 != *,, && $2 != ,* && $2 != *, ]] || wrong "$1" "$2" "${low[$1]}..${high[$1]}[,...]"
	IFS=, read -ra given <<<"$2"
	for one in "${given[@]}"; do
		element "$1" "$one"
		array[number / 8]=$((${array[number / 8]-0} | 1 << number % 8))
	done
	hex=''
	for ((i = 0; i < ${bytes[$1]}; i++)); do printf -v hex '%s%02x' "$hex" "${array[i]-0}"; done
}
spell_bits() {
	local bit numbers all=''
	element_of "$1"
	read -ra numbers <<<"$2"
	for ((bit = 0; bit < 8 * ${#numbers[@]}; bit++)); do
		((numbers[bit / 8] >> bit % 8 & 1)) || continue
		spell "in $1" "$bit"
		all+=,$text
	done
	text=${all#,}
	text=${text:-none}
}

default_map() {
	local i
	hex=''
	for ((i = 0; i < ${bytes[$1]}; i++)); do printf -v hex '%s%02x' "$hex" "${default[$1]}"; done
}
value_map() {
	local pair from number given
	default_map "$1"
	local map=$hex
	[[ $2 && $2 != *, && $2 != ,* ]] || wrong "$1" "$2" 'FROM=TO[,FROM=TO]...'
	IFS=, read -ra given <<<"$2"
	for pair in "${given[@]}"; do
		[[ $pair == *?=?* ]] || wrong "$1" "$2" 'FROM=TO[,FROM=TO]...'
		element "$1" "${pair%%=*}"
		from=$number
		((from < ${bytes[$1]})) || wrong "$1" "${pair%%=*}" "${low[$1]}..${high[$1]}"
		element "$1" "${pair#*=}"
		printf -v map '%s%02x%s' "${map:0:from * 2}" "$number" "${map:from * 2 + 2}"
	done
	hex=$map
}
spell_map() {
	local from numbers all='' pair
	element_of "$1"
	read -ra numbers <<<"$2"
	for ((from = 0; from < ${#numbers[@]}; from++)); do
		[[ ${numbers[from]} != "${default[$1]}" ]] || continue
		spell "in $1" "$from"
		pair=$text
		spell "in $1" "${numbers[from]}"
		all+=,$pair=$text
	done
	text=${all#,}
	text=${text:-none}
}

# check_settings [PARAM VALUE]...: the values are right, and each is given once; no more.
# Afterwards values are known to be free of white space.
check_settings() {
	local seen=' ' given=("$@")
	while (($#)); do
		is_param "$1" || bad "$action has no parameter $(q "$1")" "see: tcact info $action"
		(($# > 1)) || bad "$action $1: its value is missing" "see: tcact info $action"
		[[ $seen != *" $1 "* ]] || bad "$action $1 is given twice" "give it once"
		convert "$1" "$2"
		[[ $2 != *[[:space:]]* ]] || wrong "$1" "$2" "without white space"
		seen+="$1 "
		shift 2
	done
	# change: what stays counts too
	[[ ${partial-} ]] || check_rules "${given[@]}"
}

# check_rules [PARAM VALUE]...: what is right one by one goes together, as parameter.h says
check_rules() {
	local p verb than other list rule applies one two order=be said=" $* "
	declare -A said_of=() hex_of=()
	((${#rules[@]})) || return 0
	for p in "${params[@]}"; do
		if declare -F "default_${kind[$p]}" >/dev/null; then
			"default_${kind[$p]}" "$p"
		else
			store "$p" "${default[$p]}"
		fi
		spell "$p" "${default[$p]}"
		said_of[$p]=$text hex_of[$p]=$hex
	done
	while (($#)); do
		convert "$1" "$2"
		said_of[$1]=${2,,} hex_of[$1]=$hex
		shift 2
	done
	for rule in "${rules[@]}"; do
		IFS=$'\t' read -r p verb than other list <<<"$rule"
		applies=''
		[[ " $list " != *" ${said_of[$other]} "* ]] || applies=1
		case $verb in
		family | length)
			one=${hex_of[$other]:64:4} two=${hex_of[$p]:64:4}	# both, a byte each; 0: none
			[[ $one == "$two" || ($one != 0000 && $two != 0000) ]] ||
				bad "$action: only one of $other and $p is given" "give both"
			[[ ${one::2} == "${two::2}" ]] ||
				bad "$action: $other and $p are an IPv4 and an IPv6 prefix" "give two of one kind"
			[[ $verb == family || $one == "$two" ]] ||
				bad "$action: $other is a prefix of $((16#${one:2})) bits, $p of $((16#${two:2}))" \
					"give two of one length" ;;
		with)
			[[ $applies || $said != *" $p "* ]] ||
				bad "$action $p: $other ${said_of[$other]} takes none" "use it with $other ${list// / or }" ;;
		least)
			# hexadecimal of one length compares as text
			[[ ! $applies || ! ${hex_of[$p]} < ${hex_of[$than]} ]] ||
				bad "$action $p $(q "${said_of[$p]}"): must be at least $than, ${said_of[$than]}" \
					"give $than and $p with $other ${said_of[$other]}" ;;
		bits)
			((! applies || 0x${hex_of[$p]} == 0 || (0x${hex_of[$than]} & ~0x${hex_of[$p]}) == 0)) ||
				bad "$action $p $(q "${said_of[$p]}"): must have all bits of $than, ${said_of[$than]}" \
					"otherwise nothing would match" ;;
		esac
	done
}

# ---- bake -----------------------------------------------------------------------------------

baking=''

# directory_of FILE: sets dir
directory_of() {
	dir=./
	[[ $1 != */* ]] || dir=${1%/*}/
}

# peek FILE OFFSET BYTES: sets found to them, in hex
peek() {
	found=$(od -An -v -tx1 -j "$2" -N "$3" -- "$1")
	found=${found//[[:space:]]/}
}

# poke FILE OFFSET HEX
poke() {
	local i octal='' byte
	for ((i = 0; i < ${#3}; i += 2)); do
		printf -v byte '\\%03o' "$((16#${3:i:2}))"
		octal+=$byte
	done
	if [[ $dry ]]; then
		printf "printf '%s' | " "$octal"
		shell dd "of=$1" bs=1 "seek=$2" conv=notrunc status=none
		echo
		return
	fi
	# shellcheck disable=SC2059 # these are the bytes
	said=$({ printf "$octal" | dd of="$1" bs=1 seek="$2" conv=notrunc status=none; } 2>&1) ||
		refused "bake $action" dd 1
}

# untouched FILE: it is the object that the table describes
untouched() {
	local found
	[[ -f $1 && -r $1 ]] || fail 1 "$subcommand" "cannot read $(q "$1")" "reinstall tcact"
	found=$(cksum <"$1")
	[[ $found == "$sum $size" ]] ||
		fail 1 "$subcommand" "$(q "$1") is not the object that tcact.params describes" \
			"reinstall tcact"
}

# bake FILE [PARAM VALUE]...: FILE becomes a copy of the current action's object with these
# values. Nobody sees it unfinished, and what was there before stays until then.
bake() {
	local file=$1 source=$objects/$action.o dir found must from=0 end=0 at
	local -a old=() new=()	# bytes in hex, by their offset
	shift
	untouched "$source"
	while (($#)); do
		convert "$1" "$2"
		new[${offset[$1]}]=$hex
		if declare -F "default_${kind[$1]}" >/dev/null; then
			"default_${kind[$1]}" "$1"
		else
			store "$1" "${default[$1]}"
		fi
		old[${offset[$1]}]=$hex
		((! ${switch[$1]})) || old[${switch[$1]}]=00 new[${switch[$1]}]=01
		shift 2
	done
	if [[ $dry ]]; then
		baking=$file
	else
		directory_of "$file"
		baking=$(mktemp -- "$dir.tcact.XXXXXX" 2>/dev/null) ||
			fail 2 "bake $action" "cannot write to the directory of $(q "$file")" \
				"choose another one"
	fi
	run "bake $action" cp -- "$source" "$baking"
	for at in "${!old[@]}"; do
		((end)) || from=$at
		end=$((at + ${#old[at]} / 2))
	done
	peek "$source" "$from" $((end - from))
	must=$found
	for at in "${!old[@]}"; do
		[[ ${found:2 * (at - from):${#old[at]}} == "${old[at]}" ]] ||
			fail 1 "bake $action" "a parameter is not where it should be" "reinstall tcact"
		must=${must:0:2 * (at - from)}${new[at]}${must:2 * (at - from) + ${#new[at]}}
		poke "$baking" "$at" "${new[at]}"
	done
	if [[ ! $dry ]]; then
		peek "$baking" "$from" $((end - from))
		[[ $found == "$must" ]] || refused "bake $action" dd 1
		run "bake $action" chmod 644 "$baking"
		run "bake $action" mv -T -- "$baking" "$file"
	fi
	baking=''
}

command_bake() {
	local file='' args=() dir
	while (($#)); do
		case $1 in
		-o)
			(($# > 1)) || bad "-o: its FILE is missing"
			[[ ! $file ]] || bad "-o is given twice"
			file=$2
			shift ;;
		-o*) bad "there is no option $(q "$1")" "write -o FILE" ;;
		*) args+=("$1") ;;
		esac
		shift
	done
	((${#args[@]})) || bad "the NAME of an action is missing" "see: tcact list"
	[[ $file ]] || bad "-o FILE is missing" "say where the copy goes"
	[[ ! -e $file || -f $file ]] || bad "$(q "$file") is not a regular file" "choose another FILE"
	[[ ! -e $file || ! $file -ef $objects/${args[0]}.o ]] ||
		bad "$(q "$file") is the object itself" "choose another FILE"
	directory_of "$file"
	[[ -d $dir ]] || bad "there is no directory $(q "$dir")" "create it"
	catalogue
	choose "${args[0]}"
	((${#args[@]} == 1)) || is_param "${args[1]}" || {
		typed=(bake -o "$file" "${args[@]}")
		meant_step '' "${args[@]:1}"
	}
	check_settings "${args[@]:1}"
	trap '[[ ! $baking || $dry ]] || rm -f -- "$baking"' EXIT
	trap 'interrupted INT 130' INT
	trap 'interrupted TERM 143' TERM
	trap 'interrupted HUP 129' HUP
	bake "$file" "${args[@]:1}"
}

# ---- list, info -----------------------------------------------------------------------------

command_list() {
	local row field separator='['
	(($# == 0)) || bad "list takes no arguments"
	catalogue
	for row in "${rows[@]}"; do
		[[ $row == action$'\t'* ]] || continue
		IFS=$'\t' read -ra field <<<"$row"
		if [[ $json ]]; then
			printf '%s{"name":"%s","class":"%s","what":%s}' "$separator" "${field[1]}" \
				"${field[2]}" "$(json_string "${field[5]}")"
			separator=,
		else
			printf '%-12s %s\n' "${field[1]}" "${field[5]}"
		fi
	done
	[[ ! $json ]] || echo ']'
}

command_info() {
	local p
	(($# == 1)) || bad "info takes the NAME of one action" "see: tcact list"
	catalogue
	choose "$1"
	if [[ $json ]]; then
		info_json
		return
	fi
	printf '%s - %s\n%s' "$action" "$what" "$class"
	case ${table_map:+$table_key} in
	'') ;;
	vid) printf '; with a table: VID=VID' ;;
	*) printf '; with a table: %s%s' "${table_key^^}" "${table_value:+ [$table_value N]}" ;;
	esac
	echo
	for p in "${params[@]}"; do
		spell "$p" "${default[$p]}"
		echo
		wrap 6 "  " "$p ($text) ${help[$p]}"
		wrap 4 "    " "$(syntax "$p")"
	done
}

# syntax PARAM: how its values are written
syntax() {
	local list=${words[$1]//=+(-|[0-9])/}
	case ${kind[$1]} in
	word) printf '%s' "$list" ;;
	num | name) printf '%s' "${low[$1]}..${high[$1]}${list:+ $list}" ;;
	share) printf '%s' "0..1 0%..100%${list:+ $list}" ;;
	handle) printf '%s' "${low[$1]}..${high[$1]} MAJOR:MINOR${list:+ $list}" ;;
	prefix6) printf %s "PREFIX/${low[$1]}..${high[$1]}" ;;
	*) printf '%s' "${kind[$1]^^}${list:+ $list}" ;;
	esac
}

info_json() {
	local p pair separator='' comma
	printf '{"name":"%s","class":"%s","what":%s,"params":[' "$action" "$class" "$(json_string "$what")"
	for p in "${params[@]}"; do
		spell "$p" "${default[$p]}"
		printf '%s{"name":"%s","kind":"%s","default":%s,"help":%s' "$separator" "$p" "${kind[$p]}" \
			"$(json_string "$text")" "$(json_string "${help[$p]}")"
		case ${kind[$p]} in num | name | handle) printf ',"min":%s,"max":%s' "${low[$p]}" "${high[$p]}" ;; esac
		comma=''
		printf ',"words":{'
		for pair in ${words[$p]}; do
			printf '%s"%s":%s' "$comma" "${pair%=*}" "${pair#*=}"
			comma=,
		done
		printf '}}'
		separator=,
	done
	printf '],"table":%s}\n' "$([[ $table_map ]] && echo true || echo false)"
}
