# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# Tables, and staging: a program is loaded and its table filled before any packet meets it.

# take_stdin FILE: reads standard input where FILE is that; what bash would leave out makes its line a wrong one
take_stdin() {
	[[ ${1-} != @(-|/dev/stdin) || $dry ]] || { stdin=$(tr '\0' '\1' 2>/dev/null) || true; } 2>/dev/null
}

# mount_bpffs: where there is none
mount_bpffs() {
	[[ $(stat -f -c %t "$bpffs" 2>/dev/null) == cafe4a11 ]] ||
		run "mount $bpffs" mount -t bpf -o mode=700 bpf "$bpffs"
}

# pin_place VAR NAME: sets VAR to where a program of the action NAME is pinned, in a directory of its own
pin_place() {
	local pins=$bpffs/tcact-${work##*/}
	printf -v "$1" '%s' "$pins/$staged/$2"
	if ((staged++ == 0)); then
		mount_bpffs
		# Others may be able to write to bpffs. After clean, what is there is not tcact's.
		if [[ $dry ]]; then
			printf '%s || exit\n' "$(shell mkdir -m 700 "$pins")"
		else
			run "load $2" mkdir -m 700 "$pins"
		fi
	fi
	run "load $2" mkdir "${!1%/*}"
}

# Of each set of actions that share a map: "-s ID" of each attachment, and "-s PIN" of what this call stages
declare -gA sharers=()

# read_sharers SET: sets sharers[SET], once
read_sharers() {
	local all_ line field
	[[ ! ${sharers[$1]+.} ]] || return 0
	sharers["$1"]=''
	find_everywhere all_
	for line in "${all_[@]}"; do
		split field "$line" $'\t'
		[[ ${field[ACTION_KIND]} != bpf || ${set_of[${field[NAME]}]-} != "$1" ]] || sharers["$1"]+="-s ${field[PROGRAM]} "
	done
}

# stage VAR OPTION... NAME [PARAM VALUE]...: load the action NAME, with the options of tcact-data's load;
# sets VAR to its pin
stage() {
	local var=$1 pin_ name=${*: -1} i set sharing=() words_=("${@:2}")
	shift
	for ((i = 0; i < ${#words_[@]}; i++)); do
		# behind the options
		[[ ${words_[i]} == -* ]] || { name=${words_[i]}; break; }
		[[ ${words_[i]} == -[cekLr] ]] || i=$((i + 1))
	done
	set=${set_of[$name]-}
	[[ ! $set ]] || read_sharers "$set"
	pin_place pin_ "$name"
	if [[ $set ]]; then
		split sharing "${sharers[$set]}"
		set -- "${sharing[@]}" "$@"
		sharers["$set"]+="-s $pin_ "
	fi
	if [[ $dry ]]; then
		[[ " $* " == *' -'[tad]' - '* ]] || ask load -n "$@"
		to_type load -o "$pin_" "$@"
	else
		trace tcact load -o "$pin_" "$@"
		ask load -o "$pin_" "$@" <<<"$stdin"
	fi
	printf -v "$var" '%s' "$pin_"
}

# load -o PIN ...: what the lines that -n prints need; see tcact-data
command_load() { ask load "$@"; }

# ---- tcact table ----------------------------------------------------------------------------

# the_table ENTRY FITS NAME [HAVE]...: as table_among, of what is at the place
the_table() {
	local own
	find_own own "$3"
	table_among "$1" "$2" own "${@:3}"
}

# table_among ENTRY FITS OWN NAME [HAVE]...: sets ENTRY to the fields of the one action with a table among OWN, which is
# one that the array HAVE has something for; of the first such HAVE. One table of several attachments is
# one: FITS is all of OWN that have it. Buckets are one where the program is.
table_among() {
	local -n fits_=$2 those_=$3
	local line field of='' same lacks='a table'
	fits_=()
	for of in "${@:5}"; do
		local -n have_=$of
		for line in "${those_[@]}"; do
			split field "$line" $'\t'
			[[ (! $4 || $4 == "${field[NAME]}") && ${field[ACTION_KIND]} == bpf && ${have_[${field[NAME]}]-} ]] || continue
			fits_+=("$line")
		done
		((${#fits_[@]} == 0)) || break
	done
	if ((${#fits_[@]} > 1)); then
		same_table same "$of" "${fits_[0]}" "${fits_[@]}"
		((${#same[@]} == ${#fits_[@]})) || one_of "$1" "${fits_[@]}"
	fi
	[[ $of != buckets ]] || lacks=${6:+a table or }buckets
	((${#fits_[@]} || ${#those_[@]} == 0)) || fail 3 "$subcommand" "no attachment there has $lacks" "see: tcact show"
	one_of "$1" "${fits_[@]:0:1}"
}

# same_table ARRAY HAVE LINE LINE...: sets ARRAY to those of the second and further LINEs whose table is that of the first
same_table() {
	local -n same_=$1
	local line first field ids=() word
	local -A has=()
	split first "$3" $'\t'
	same_=() has["${first[PROGRAM]}"]=1
	for line in "${@:4}"; do
		split field "$line" $'\t'
		[[ ${field[NAME]} != "${first[NAME]}" || ${has[${field[PROGRAM]}]-} ]] || ids+=("${field[PROGRAM]}")
	done
	if ((${#ids[@]})) && [[ $2 != buckets ]]; then
		word=$(data sharing "${first[@]:NAME:2}" "${ids[@]}") || ended $?
		split ids "$word"
		for word in "${ids[@]}"; do has["$word"]=1; done
	fi
	for line in "${@:4}"; do
		split field "$line" $'\t'
		[[ ${field[NAME]} != "${first[NAME]}" || ! ${has[${field[PROGRAM]}]-} ]] || same_+=("$line")
	done
}

# one_of ENTRY LINE...: there must be one; sets ENTRY to its fields
one_of() {
	local line field where last='' list='' next=''
	(($# > 1)) || none
	if (($# > 2)); then
		for line in "${@:2}"; do
			split field "$line" $'\t'
			where=(dev "${field[@]:0:2}" pref "${field[PREF]}" chain "${field[CHAIN]}" "${field[NAME]}")
			[[ ${field[CHAIN]} != 0 ]] || unset 'where[5]' 'where[6]'
			line=$(shell "${where[@]}")
			[[ $line != "$last" ]] || next="$last is there twice, so del it and add two attachments"
			last=$line list+=", $last"
		done
		bad "$(($# - 1)) attachments fit:${list#,}" "${next:-write which, such as: tcact $subcommand $last}"
	fi
	split "$1" "$2" $'\t'
}

command_table() {
	local verb=${1-} name='' rest
	[[ $verb != -?* ]] || misplaced $# "$verb"
	[[ $verb == @(add|del|load|dump|flush|show) ]] || bad "table: write add, del, load, dump, flush or show"
	subcommand+=" $verb"
	shift
	[[ ! $json ]] || for_json
	[[ $verb != @(dump|show) || ${1-} != -j ]] || { json=1; shift; }
	catalogue
	place rest "$@"
	if [[ ${rest[0]-} ]] && { takes_table "${rest[0]}" || [[ $verb == dump && ${buckets[${rest[0]}]-} ]]; }; then
		name=${rest[0]}
		rest=("${rest[@]:1}")
	fi
	"table_$verb" "$name" "${rest[@]}"
}

table_dump() { # NAME [plans | [sort COLUMN] [first N]]
	local entry fits
	if [[ ${2-} == plans ]]; then
		ends "${@:3}"
		the_table entry fits "$1" plans
		ask dump "${entry[@]:NAME:2}"
		return
	fi
	[[ ${2-} == @(sort|first) ]] || ends "${@:2}"
	the_table entry fits "$1" table_key buckets
	if [[ ${buckets[${entry[NAME]}]-} ]]; then
		ask buckets "${entry[@]:NAME:2}" "${@:2}"
	else
		[[ ! ${2-} ]] || bad "$2: ${entry[NAME]} has no buckets" "write the NAME of an action that has some"
		ask dump "${entry[@]:NAME:2}"
	fi
}

# What it prints again and again tcact-data knows.
command_top() {
	local rest name='' entry fits
	[[ ${1-} != -j ]] || { json=1; shift; }
	catalogue
	place rest "$@"
	if [[ ${rest[0]-} && ${buckets[${rest[0]}]-} ]]; then
		name=${rest[0]}
		rest=("${rest[@]:1}")
	fi
	[[ ${rest[0]-} == @(sort|first|interval) ]] || ends "${rest[@]}"
	the_table entry fits "$name" buckets
	of_data top "${entry[@]:NAME:2}" "${rest[@]}"
}

table_show() { # NAME
	local own input
	ends "${@:2}"
	find_own own "$1"
	((${#own[@]})) || [[ ! ${place[as]} ]] || none
	status_input input own
	ask tables ${1:+"$1"} <<<"$input"
}

table_flush() { # NAME
	ends "${@:2}"
	swap_at_place "$1" -e
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
		*)
			[[ $file != @(min|lenient) ]] || bad "$file stands behind the FILE" "write FILE [min N] [lenient]"
			ends "$@" ;;
		esac
		shift
	done
	take_stdin "$file"
	swap_at_place "$name" "${options[@]}" -t "$file"
}

# swap_at_place NAME OPTION...: swap_table, of the one table at the place
swap_at_place() {
	local all own entry fits
	begin
	find_everywhere all
	at_place own "$1" "${all[@]}"
	table_among entry fits own "$1" table_key plans
	swap_table "${fits[0]}" all "${@:2}"
}

# swap_table LINE ALL OPTION...: for each program of ALL attachments that have the table of LINE, a second one with the
# same parameters and another table, one for all, takes its place between two packets. Whatever goes wrong, all
# keep the first.
swap_table() {
	local -n all_=$2
	local line sharing pin entry options=("${@:3}")
	local -A pin_of=()
	same_table sharing table "$1" "${all_[@]}"
	((${#sharing[@]})) || none
	for line in "${sharing[@]}"; do
		split entry "$line" $'\t'
		# Of one program, all have one again.
		[[ ! ${pin_of[${entry[PROGRAM]}]-} ]] || continue
		stage pin -l "${entry[PROGRAM]}" "${options[@]}" "${entry[NAME]}"
		pin_of["${entry[PROGRAM]}"]=$pin options=(-T "$pin")
	done
	keep "${sharing[@]}"
	for line in "${sharing[@]}"; do
		split entry "$line" $'\t'
		undo_later replaced "${entry[INDEX]}" "${entry[COOKIE]}" "${made[keep ${entry[PROGRAM]}]}" "${entry[CONTROL]}"
		replace "${pin_of[${entry[PROGRAM]}]}" "${entry[CONTROL]}" "${entry[@]}"
	done
	commit
}

# keep LINE...: pins the programs of these actions, which filters.awk printed, for the case that they have to come
# back. made["keep PROGRAM"] is the pin.
keep() {
	local line field key pin batches=()
	for line; do
		split field "$line" $'\t'
		key="keep ${field[PROGRAM]}"
		[[ ${field[ACTION_KIND]} == bpf && ! ${made[$key]-} ]] || continue
		made["$key"]=-
		[[ ! $dry ]] || continue # it cannot fail
		pin_place pin "${field[NAME]}"
		batch keep "${field[PROGRAM]}" "$pin"
		made["$key"]=$pin
	done
	((${#batches[@]} == 0)) || ask batch < <(printf '%s\n' "${batches[@]}")
}

# replace PIN CONTROL FIELD...: in place, with the same index, counters and cookie. Where the device has
# gone in the meantime, tc makes a new action with this index, which nothing would ever remove.
replace() {
	local words entry=("${@:3}")
	split words "$2"
	no_signals
	undo_later unbound "${entry[INDEX]}" "${entry[COOKIE]}"
	[[ $subcommand != change ]] || doubt	# the others can undo it
	run "replace ${entry[NAME]} on $(q "${entry[DEV]}")" tc actions replace action bpf object-pinned "$1" \
		"${words[@]}" index "${entry[INDEX]}" cookie "${entry[COOKIE]}"
	[[ $dry ]] || ! unbound "${entry[INDEX]}" "${entry[COOKIE]}" ||
		fail 2 "replace ${entry[NAME]} on $(q "${entry[DEV]}")" "the attachment is gone" "see: tcact show"
}

# action_at INDEX: sets said to what tc says of this action, to nothing where there is none; fails where tc does
action_at() {
	local status=0
	said=$("${limit[@]}" tc actions get action bpf index "$1" 2>&1) || status=$?
	((status)) || return 0
	[[ $said == *@('not found'|'No such file')* ]] || return
	said=''
}

unbound() { action_at "$1" && [[ $said == *" bind 0"*"cookie $2"* ]]; } # INDEX COOKIE

undo_unbound() {
	action_at "$1" || return
	[[ $said != *" bind 0"*"cookie $2"* ]] || "${limit[@]}" tc actions del action bpf index "$1"
}

table_add() { change_entries -a "$@"; }
table_del() { change_entries -d "$@"; }

# change_entries OPTION NAME WORD...: an entry begins with a word that has a dot, a colon or an equals sign, unless it
# is a value, and where there is one word for each, with each; - is those of standard input. In place, or where there is
# no room for that, and with -n, by a whole new table.
change_entries() {
	local option=$1 name=$2 word all entry fits lines=() options=() line=''
	shift 2
	no_options "$@"
	(($#)) || bad "the entry is missing" "write a PREFIX [tag N], or VID=VID, or - for stdin"
	[[ $1 != - || $# == 1 ]] || bad "$(q "$2") is one word too many"
	take_stdin "$1"
	for word; do
		[[ $word != *[[:cntrl:]#]* ]] || bad "$(q "$word") is not an entry of a table"
		if [[ ! $line ]]; then
			line=$word
		elif [[ $option == -d || ($word == *[.:=]* && $line != *\ @(value|rate|burst)) ]]; then
			lines+=("$line")
			line=$word
		else
			line+=" $word"
		fi
	done
	lines+=("$line")
	[[ $dry ]] || take_lock
	the_table entry fits "$name" table_key plans
	[[ $dry ]] || ! change_in_place "$option" "${entry[@]:NAME:2}" "${lines[@]}" || return 0
	begin
	for line in "${lines[@]}"; do options+=("$option" "$line"); done
	find_everywhere all
	swap_table "${fits[0]}" all "${options[@]}"
}

# change_in_place OPTION NAME PROGRAM LINE...: fails where there is no room
change_in_place() {
	local status=0
	trace "$data" "$objects" change "$@"
	doubt
	data change "$@" <<<"$stdin" || status=$?
	((status == 0 || status == 4)) || ended "$status"
	in_doubt=''
	return "$status"
}
