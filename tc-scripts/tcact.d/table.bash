# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash disable=SC2015,SC2034,SC2154 # as in tcact, which sources this
# Tables, and staging: a program is loaded and its table filled before any packet meets it.

table_awk() { # MODE [VARIABLE=VALUE]...
	local set=() v
	for v in "mode=$1" "order=$order" "key=$table_key" "${@:2}"; do set+=(-v "$v"); done
	awk "${set[@]}" -f "$lib/table.awk"
}

# read_table FILE CANONICAL: check all of FILE ('-': what take_stdin took) for the current
# action, into the form that is quick to encode
stdin=''
take_stdin() {
	[[ ${1-} != - || $dry ]] || { stdin=$(cat 2>/dev/null) || true; } 2>/dev/null
}

read_table() {
	local error next status=0
	[[ $table_key == @(prefix|vid) ]] ||
		bad "this tcact does not know tables of $(q "$table_key")" "reinstall tcact"
	[[ $1 != - || ! $dry ]] || return 0
	if [[ $1 != - ]]; then
		[[ -e $1 ]] || bad "there is no file $(q "$1")" "check its name"
		[[ ! -d $1 ]] || bad "$(q "$1") is a directory" "name a file"
		[[ -r $1 ]] || bad "cannot read $(q "$1")" "check its permissions"
	fi
	error=$({ if [[ $1 == - ]]; then printf '%s\n' "$stdin"; else cat -- "$1"; fi |
		table_awk read "value=$table_value" >"$2"; } 2>&1) || status=$?
	((status == 0)) && [[ ! $error ]] && return
	[[ $error != "line "* ]] || bad "table $(q "$1") ${error%%$'\n'*}" "nothing was changed"
	if [[ $error == "has no entries" ]]; then
		next="leave table FILE out, to begin with an empty one"
		[[ $subcommand != table* ]] || next="nothing was changed; to empty the table: tcact table flush"
		bad "table $(q "$1") $error" "$next"
	fi
	said=$error
	refused "read table $(q "$1")" awk 1
}

# read_tables: those of the steps; with -n they are only checked
read_tables() {
	local i
	for ((i = 0; i < ${#steps[@]}; i++)); do
		[[ ${tables[i]} == =* ]] || continue
		choose "${steps[i]}"
		if [[ $dry ]]; then
			read_table "${tables[i]#=}" /dev/null
		else
			read_table "${tables[i]#=}" "$work/table.$i"
		fi
	done
}

bpffs=/sys/fs/bpf
need_bpftool() {
	[[ $dry ]] || type -P bpftool >/dev/null ||
		fail 2 "$subcommand" "$1 needs bpftool" "install it (package bpftool or linux-tools)"
}

# stage OBJECT [map name NAME id ID]...: load the current action; sets found to its pin, and
# leaves its maps pinned in the directory maps beside it
staged=0
stage() {
	local object=$1 pin=$pins/$staged/$action
	need_bpftool "an action with a table"
	staged=$((staged + 1))
	[[ $(stat -f -c %t "$bpffs" 2>/dev/null) == cafe4a11 ]] ||
		run "mount $bpffs" mount -t bpf bpf "$bpffs"
	run "load $action" mkdir -p "${pin%/*}/maps"
	run "load $action" bpftool prog load "$object" "$pin" type action "${@:2}" pinmaps "${pin%/*}/maps"
	found=$pin
}

# fill PIN FILE [CANONICAL]: put the entries of FILE into the table of the staged program
fill() {
	local map=${1%/*}/maps/$table_map status=0
	if [[ $dry ]]; then
		shell "$self" table encode "$action" "$2" "$map"
		echo ' | bpftool batch file -'
		return
	fi
	[[ ! $verbose ]] || echo "+ fill $map from $(q "$2")" >&2
	[[ ! -t 2 ]] || (($(wc -l <"$3") < 50000)) || say "filling a table with $(wc -l <"$3") entries"
	# By id: bpftool would look the path up once for each entry.
	[[ $(bpftool -j map show pinned "$map") =~ \"id\":([0-9]+) ]] && map="id ${BASH_REMATCH[1]}" ||
		map="pinned $map"
	said=$(table_awk encode "map=$map" <"$3" | bpftool batch file - 2>&1) || status=$?
	((status == 0)) || refused "fill the table of $action" bpftool "$status"
}

# ---- tcact table ----------------------------------------------------------------------------

# the_table NAME: sets entry to the one action with a table at the place, and chooses it
entry=()
the_table() {
	local line field fits=()
	find_own "$1"
	for line in "${own[@]}"; do
		IFS=$'\t' read -ra field <<<"$line"
		[[ ! $1 || $1 == "${field[9]}" ]] && [[ ${field[8]} == bpf ]] || continue
		choose "${field[9]}"
		[[ ! $table_map ]] || fits+=("$line")
	done
	one_of "${fits[@]}"
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
	[[ $verb == @(add|del|load|dump|flush|encode) ]] ||
		bad "table: write add, del, load, dump or flush"
	subcommand+=" $verb"
	catalogue
	if [[ $verb == encode ]]; then
		table_encode "${@:2}"
		return
	fi
	need_bpftool "table $verb"
	place "${@:2}"
	if [[ ${rest[0]-} && $'\n'$(printf '%s\n' "${rows[@]}") == *$'\ntable\t'"${rest[0]}"$'\t'* ]]; then
		name=${rest[0]}
		rest=("${rest[@]:1}")
	fi
	"table_$verb" "$name" "${rest[@]}"
}

# table encode NAME FILE MAP: what `bpftool batch` needs to fill a map; -n prints such lines
table_encode() {
	local lines
	(($# == 3)) || bad "write table encode NAME FILE MAP"
	choose "$1"
	[[ $table_map ]] || bad "$action has no table"
	[[ $3 != *[[:space:][:cntrl:]]* ]] || bad "MAP $(q "$3"): has white space"
	take_stdin "$2"
	# Nothing is printed of a file that is wrong further down.
	lines=$(read_table "$2" /dev/fd/3 3>&1) || exit
	table_awk encode "map=pinned $3" <<<"$lines" 2>/dev/null || cannot_print
}

table_dump() { # NAME
	(($# == 1)) || bad "$(q "$2") is one word too many"
	the_table "$1"
	maps_of "${entry[10]}"
	dump_table "${map_id[$table_map]}"
}

# dump_table ID: sorted, in the form in which it can be loaded
dump_table() {
	bpftool -j map dump id "$1" | tr '{' '\n' | table_awk dump "value=$table_value" | sort | cut -f2
}

table_flush() { # NAME
	(($# == 1)) || bad "$(q "$2") is one word too many"
	begin
	swap_table "$1" ''
}

table_load() { # NAME FILE
	(($# >= 2)) || bad "its FILE is missing" "give one, or - for stdin"
	(($# == 2)) || bad "$(q "$3") is one word too many"
	[[ $2 ]] || bad "the name of its FILE is empty" "give one, or - for stdin; to empty it: table flush"
	take_stdin "$2"
	begin
	swap_table "$@"
}

# swap_table NAME FILE: a second program with the same parameters and the new table takes the
# place of the first between two packets. Whatever goes wrong before leaves the first as it is.
swap_table() {
	local canonical=$work/table
	the_table "$1"
	[[ ! $dry ]] || canonical=/dev/null
	[[ ! $2 ]] || read_table "$2" "$canonical"
	maps_of "${entry[10]}"
	now_settings
	object "${now[@]}"
	stage "$found" map name reasons id "${map_id[reasons]}"
	[[ ! $2 ]] || fill "$found" "$2" "$canonical"
	replace "$found" "${entry[11]}"
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

table_add() { one_entry update "$@"; }
table_del() { one_entry delete "$@"; }

one_entry() { # VERB NAME ENTRY...
	local verb=$1 name=$2 given=("${@:3}") command error status=0 there
	((${#given[@]})) || bad "the entry is missing" "write a PREFIX [tag N], or VID=VID"
	[[ $verb == update ]] || ((${#given[@]} == 1)) || bad "$(q "${given[1]}") is one word too many"
	[[ "${given[*]}" != *[[:cntrl:]#]* ]] || bad "$(q "${given[*]}") is not an entry of a table"
	begin
	the_table "$name"
	error=$(table_awk read "value=$table_value" "verb=$verb" <<<"${given[*]}" 2>&1) ||
		bad "${error#line 1: }" "nothing was changed"
	[[ $error ]] || bad "$(q "${given[*]}") is not an entry of a table"
	maps_of "${entry[10]}"
	if [[ $verb == delete && $table_key == vid && ! $dry ]]; then	# an array has all keys
		there=$'\n'$(dump_table "${map_id[$table_map]}")
		[[ $there == *$'\n'"${error% *}="* ]] || not_there "${given[0]}"
	fi
	read -ra command < <(table_awk encode "verb=$verb" "map=id ${map_id[$table_map]}" <<<"$error")
	no_signals
	doubt
	attempt bpftool "${command[@]}" || status=$?
	[[ $verb != delete || $said != *'No such'* ]] || not_there "${given[0]}"
	((status == 0)) || refused "$subcommand" bpftool "$status"
	commit
}

not_there() { fail 3 "$subcommand" "there is no $(q "$1") in the table" "see: tcact table dump"; }
