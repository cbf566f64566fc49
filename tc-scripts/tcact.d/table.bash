# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash disable=SC2015,SC2034,SC2154 # as in tcact, which sources this
# Tables, and staging: a program is loaded and its table filled before any packet meets it.

declare subcommand dry verbose work pins self objects action table_key found
declare -a steps settings tables rest own rows

# take_stdin FILE: reads standard input where FILE is -
stdin=''
take_stdin() {
	[[ ${1-} != - || $dry ]] || { stdin=$(cat 2>/dev/null) || true; } 2>/dev/null
}

# check_tables: those of the steps can be read, and are right
check_tables() {
	local i
	for ((i = 0; i < ${#steps[@]}; i++)); do
		[[ ${tables[i]} != =* || ${tables[i]} == =- ]] || ask load -n -t "${tables[i]#=}" "${steps[i]}"
	done
}

bpffs=/sys/fs/bpf

# stage OPTION... NAME [PARAM VALUE]...: load the action NAME, with the options of tcact-data's load;
# sets found to its pin
staged=0
stage() {
	local pin name=${*: -1} i
	for ((i = 1; i <= $#; i++)); do
		# behind the options
		[[ ${!i} == -* ]] || { name=${!i}; break; }
		[[ ${!i} == -[eL] ]] || i=$((i + 1))
	done
	pin=$pins/$staged/$name
	staged=$((staged + 1))
	[[ $(stat -f -c %t "$bpffs" 2>/dev/null) == cafe4a11 ]] ||
		run "mount $bpffs" mount -t bpf -o mode=700 bpf "$bpffs"
	# Others may be able to write to bpffs. After clean, what is there is not tcact's.
	if ((staged > 1)); then
		:
	elif [[ $dry ]]; then
		printf '%s || exit\n' "$(shell mkdir -m 700 "$pins")"
	else
		run "load $name" mkdir -m 700 "$pins"
	fi
	run "load $name" mkdir "${pin%/*}"
	if [[ $dry ]]; then
		[[ " $* " == *' -t - '* ]] || ask load -n "$@"
		[[ ! ${TCACT_DIR-} ]] || printf 'TCACT_DIR=%s ' "$(shell "$objects")"
		shell "$self" load -o "$pin" "$@"
		echo
	else
		[[ ! $verbose ]] || { printf '+ '; shell tcact load -o "$pin" "$@"; echo; } >&2
		ask load -o "$pin" "$@" <<<"$stdin"
	fi
	found=$pin
}

# load -o PIN ...: what the lines that -n prints need; see tcact-data
command_load() { ask load "$@"; }

# ---- tcact table ----------------------------------------------------------------------------

# the_table NAME: sets entry to the one action with a table at the place, and chooses it. One table of
# several attachments is one: entries[] are all that have it.
entry=() entries=()
the_table() {
	local line field fits=()
	find_own "$1"
	for line in "${own[@]}"; do
		IFS=$'\t' read -ra field <<<"$line"
		[[ ! $1 || $1 == "${field[9]}" ]] && [[ ${field[8]} == bpf ]] || continue
		choose "${field[9]}"
		[[ ! $table_key ]] || fits+=("$line")
	done
	entries=("${fits[@]}")
	for line in "${fits[@]:1}"; do
		IFS=$'\t' read -ra field <<<"$line"
		[[ ${fits[0]} == *$'\t'"${field[9]}"$'\t'"${field[10]}"$'\t'* ]] || { one_of "${fits[@]}"; return; }
	done
	one_of "${fits[@]:0:1}"
}

# one_of LINE...: there must be one; sets entry to its fields and chooses its action
one_of() {
	local line field list=''
	(($#)) || none
	if (($# > 1)); then
		for line; do
			IFS=$'\t' read -ra field <<<"$line"
			list+=", $(q "${field[0]}") ${field[1]} pref ${field[3]}"
		done
		bad "$# attachments fit:${list#,}" "say which, or make one anew"
	fi
	IFS=$'\t' read -ra entry <<<"$1"
	choose "${entry[9]}"
}

command_table() {
	local verb=${1-} name=''
	[[ $verb == @(add|del|load|dump|flush) ]] || bad "table: write add, del, load, dump or flush"
	subcommand+=" $verb"
	catalogue
	place "${@:2}"
	if [[ ${rest[0]-} && $'\n'$(printf '%s\n' "${rows[@]}") == *$'\ntable\t'"${rest[0]}"$'\t'* ]]; then
		name=${rest[0]}
		rest=("${rest[@]:1}")
	fi
	"table_$verb" "$name" "${rest[@]}"
}

table_dump() { # NAME
	(($# == 1)) || bad "$(q "$2") is one word too many"
	the_table "$1"
	ask dump "$action" "${entry[10]}"
}

table_flush() { # NAME
	(($# == 1)) || bad "$(q "$2") is one word too many"
	begin
	the_table "$1"
	swap_table -e
}

table_load() { # NAME FILE [min N] [lenient]
	local name=$1 file=${2-} options=()
	(($# >= 2)) || bad "its FILE is missing" "give one, or - for stdin"
	[[ $file ]] || bad "the name of its FILE is empty" "give one, or - for stdin; to empty it: table flush"
	shift 2
	while (($#)); do
		case $1 in
		min)
			(($# > 1)) || bad "min: its number is missing" "write min N"
			options+=(-m "$2")
			shift ;;
		lenient) options+=(-L) ;;
		*) bad "$(q "$1") is one word too many" ;;
		esac
		shift
	done
	take_stdin "$file"
	begin
	the_table "$name"
	swap_table "${options[@]}" -t "$file"
}

# swap_table OPTION...: a second program with the same parameters and another table takes the place of that of
# the_table between two packets. Whatever goes wrong before leaves the first as it is.
swap_table() {
	local line pin
	stage -l "${entry[10]}" "$@" "$action"
	pin=$found
	for line in "${entries[@]}"; do
		IFS=$'\t' read -ra entry <<<"$line"
		replace "$pin" "${entry[11]}"
	done
	commit
}

# replace PIN CONTROL: in place, with the same index, counters and cookie. Where the device has
# gone in the meantime, tc makes a new action with this index, which nothing would ever remove.
replace() {
	local control
	read -ra control <<<"$2"
	no_signals
	undo_later unbound "${entry[12]}" "${entry[7]}"
	doubt
	run "replace $action on $(q "${entry[0]}")" tc actions replace action bpf object-pinned "$1" \
		"${control[@]}" index "${entry[12]}" cookie "${entry[7]}"
	[[ $dry ]] || ! unbound "${entry[12]}" "${entry[7]}" ||
		fail 2 "replace $action on $(q "${entry[0]}")" "the attachment is gone" "see: tcact show"
}

unbound() { # INDEX COOKIE
	[[ $(tc actions get action bpf index "$1" 2>/dev/null) == *" bind 0"*"cookie $2"* ]]
}

undo_unbound() { ! unbound "$@" || tc actions del action bpf index "$1"; }

table_add() { change_entries -a "$@"; }
table_del() { change_entries -d "$@"; }

# change_entries OPTION NAME WORD...: an entry begins with a word that has a dot, a colon or an equals sign, unless it
# is a value, and where there is one word for each, with each. In place, or where there is no room for that, and with -n, by a
# whole new table.
change_entries() {
	local option=$1 name=$2 word lines=() options=() line=''
	shift 2
	(($#)) || bad "the entry is missing" "write a PREFIX [tag N], or VID=VID"
	for word; do
		[[ $word != *[[:cntrl:]#]* ]] || bad "$(q "$word") is not an entry of a table"
		if [[ ! $line ]]; then
			line=$word
		elif [[ $option == -d || ($word == *[.:=]* && $line != *\ value) ]]; then
			lines+=("$line")
			line=$word
		else
			line+=" $word"
		fi
	done
	lines+=("$line")
	begin
	the_table "$name"
	[[ $dry ]] || ! change_in_place "$option" "${lines[@]}" || return 0
	for line in "${lines[@]}"; do options+=("$option" "$line"); done
	swap_table "${options[@]}"
}

# change_in_place OPTION LINE...: fails where there is no room
change_in_place() {
	local command=(change "$1" "$action" "${entry[10]}" "${@:2}") status=0
	[[ ! $verbose ]] || { printf '+ '; shell "$data" "$objects" "${command[@]}"; echo; } >&2
	doubt
	data "${command[@]}" || status=$?
	((status == 0 || status == 4)) || ended "$status"
	in_doubt=''
	return "$status"
}
