# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# save DIR writes DIR/commands, a `tcact add` line for each attachment, and beside it the tables,
# named by action and digest: so one that did not change is not written anew, and until the new
# commands take the place of the old these stay whole. restore reads the lines, not a shell.

# read_line ARRAY LINE: sets ARRAY to its words; fails where shell cannot have written it
read_line() {
	local -n line_=$1
	local left=$2 word
	line_=()
	while [[ $left ]]; do
		word=''
		while [[ $left && $left != ' '* ]]; do
			if [[ $left =~ ^\'([^\']*)\' || $left =~ ^([A-Za-z0-9_@%+=:,./-]+) ]]; then
				word+=${BASH_REMATCH[1]}
				left=${left:${#BASH_REMATCH[0]}}
			elif [[ $left == "\\'"* ]]; then
				word+="'" left=${left:2}
			else
				return 1
			fi
		done
		line_+=("$word")
		left=${left# }
	done
}

# present ARRAY [DIR]: sets ARRAY to the commands that make what there is at the place, which is not always known
# but for save has to be; the tables go to DIR
present() {
	local -n lines_=$1
	local line own field text where out=() p now file
	lines_=()
	find_own own ''
	read_live "${own[@]}"
	for line in "${own[@]}"; do
		IFS=$'\t' read -ra field <<<"$line"
		if [[ ${field[7]:10:2} == 00 ]]; then
			device text "${field[0]}"
			match_of text "${field[5]}" "${field[16]/#-/}" || [[ $subcommand != save ]] ||
				fail 2 "$subcommand" \
					"cannot express the match $(q "$text") of $(q "${field[0]}") pref ${field[3]}" \
					"only matchall, flower and u32 by keys can be saved"
			where_of where "${field[@]}"
			out=(tcact add "${where[@]}")
		elif [[ ${field[8]} == bpf ]]; then
			out+=('then')
		fi
		if [[ ${field[8]} == bpf ]]; then
			live text "${field[@]:9:2}" ||
				fail 2 "$subcommand" "cannot read the parameters of ${field[9]}" "run as root, or see: tcact show"
			read -ra now <<<"$text"
			out+=("${field[9]}")
			for ((p = 0; p < ${#now[@]}; p += 2)); do
				# Of several, each says its link, as those that do not may become one edit.
				[[ ${now[p]} == link && ${now[p + 1]} == "${dev_link[${field[0]}]}" &&
					${field[7]:12:2} == 01 ]] ||
					out+=("${now[@]:p:2}")
			done
			[[ ! ${table_key[${field[9]}]-} ]] || {
				save_table file "${2-}" "${field[@]:9:2}"
				out+=(${file:+table "$file"})
			}
		fi
		# The last one says what the control of all is.
		if [[ $((16#${field[7]:10:2} + 1)) == $((16#${field[7]:12:2})) ]] ||
			[[ ${field[8]} != bpf ]]; then
			# The pipe before goto chain is not what add was given.
			[[ ${field[8]} == bpf ]] || unset 'out[-1]'
			# shellcheck disable=SC2206 # words without wildcards
			out+=(${field[11]})
		fi
		text=$(shell "${out[@]}")
		[[ ${field[7]:10:2} == 00 ]] || unset 'lines_[-1]'
		lines_+=("$text")
	done
}

# save_table VAR DIR NAME PROGRAM: sets VAR to the name of its file, or to nothing
save_table() {
	local new=$2/.tcact sum name
	printf -v "$1" '%s' -
	[[ $2 ]] || return 0
	write_new "$2" data dump "${@:3}" || ended $?
	# A list without entries is refused, so an empty table is saved as none.
	[[ -s $new ]] || { printf -v "$1" '%s' ''; return 0; }
	sum=$(sha256sum <"$new")
	name=$3-${sum%% *}.table
	[[ -e $2/$name ]] || saved+=("$2/$name")
	mv -T -- "$new" "$2/$name"
	printf -v "$1" '%s' "$name"
}

# write_new DIR COMMAND...: its output becomes the file DIR/.tcact, which is new: where others may write to DIR,
# theirs could lead elsewhere. The name is always the same, so that none stays for good where a call was killed.
write_new() {
	local new=$1/.tcact fd status=0
	set -C
	{ rm -f -- "$new" && exec {fd}>"$new"; } 2>/dev/null || cannot_save "$1"
	set +C
	"${@:2}" >&"$fd" || status=$?
	exec {fd}>&-
	return "$status"
}

commands() { # LINE...
	echo "# tcact $version: every attachment. tcact restore DIR, or in this directory: sh commands" &&
		{ (($# == 0)) || printf '%s\n' "$@"; }
} 2>/dev/null

cannot_save() { fail 2 save "cannot write to $(q "$1")" "make room there, or choose another DIR"; }

# abandon: take away what a save that failed has written
saved=()
abandon() {
	local status=$?
	rm -f -- "${saved[@]}" 2>/dev/null || true
	[[ ! ${made[directory]-} ]] || rmdir -- "${made[directory]}" 2>/dev/null || true
	finish "$status"
}

command_save() {
	local to=${1-} lines file old status=0
	(($# <= 1)) || bad "$(q "$2") is one word too many" "write save DIR"
	(($# == 0)) || [[ $to && $to != -* ]] || bad "DIR $(q "$to"): must not be empty or begin with -"
	catalogue
	if [[ ! $to ]]; then
		present lines
		[[ "${lines[*]} " != *' table - '* ]] || bad "there are tables" "name a DIR for them"
		((${#lines[@]} == 0)) || printf '%s\n' "${lines[@]}"
		return
	fi
	[[ ! -e $to || -d $to ]] || bad "$(q "$to") is not a directory" "choose another DIR"
	[[ ! -e $to || -w $to ]] || bad "cannot write to $(q "$to")" "choose another DIR"
	if [[ $dry ]]; then
		run "save to $(q "$to")" mkdir -p -- "$to"
		return
	fi
	begin
	trap abandon EXIT
	if [[ ! -e $to ]]; then
		run "save to $(q "$to")" mkdir -p -- "$to"
		made[directory]=$to
	fi
	saved=("$to/.tcact")
	present lines "$to"
	write_new "$to" commands "${lines[@]}" || cannot_save "$to"
	# the tables of the commands before
	old=$(grep -soE ' table [a-z-]+-[0-9a-f]+\.table' "$to/commands") || true
	no_signals
	attempt mv -T -- "$to/.tcact" "$to/commands" || status=$?
	# where it was killed after it had done it
	[[ ! -e $to/.tcact ]] || refused "save to $(q "$to")" mv "$status"
	saved=() made=()
	for file in ${old// table /}; do
		[[ "${lines[*]} " == *" table $file "* ]] || rm -f -- "$to/$file"
	done
	commit
}

# check_line N WORD...: what the Nth line of a file would add is right
check_line() {
	local subcommand="restore: line $1" rest
	place rest "${@:2}"
	[[ ${#devs[@]} == 1 && ${place[dir]} && ${place[pref]} ]] || bad "dev, direction or pref is missing"
	parse_steps "${rest[@]}"
	check_tables
}

command_restore() {
	local from only='' line words rest lines n=0 have i todo=()
	catalogue
	if [[ ${1-} == dev ]]; then
		(($# > 1)) || bad "dev: its value is missing"
		device only "$2"
		shift 2
	fi
	(($# == 1)) || bad "write restore [dev D] DIR"
	from=$1
	[[ $from && $from != -* ]] || bad "DIR $(q "$from"): must not be empty or begin with -"
	[[ -f $from/commands && -r $from/commands ]] ||
		bad "cannot read $(q "$from/commands")" "see: tcact save"
	CDPATH='' cd -- "$from" || exit 1
	# First all is read, so that a bad line is found before anything is touched.
	while IFS= read -r line || [[ $line ]]; do
		n=$((n + 1))
		[[ $line && $line != '#'* ]] || continue
		{ read_line words "$line" && [[ ${words[0]} == tcact && ${words[1]-} == add ]]; } ||
			bad "$(q "$from/commands") line $n is not a line of tcact save"
		[[ ! $only || " ${words[*]:2:2} " == " dev $only " ]] ||
			same_device "${words[3]-}" "${dev_index[$only]}" || continue
		(check_line "$n" "${words[@]:2}") || exit
		todo+=("$line")
	done <commands
	begin
	anywhere
	devs=(${only:+"$only"})
	present lines
	have=$'\n'$(printf '%s\n' "${lines[@]}")$'\n'
	have=${have// table -/}
	for line in "${todo[@]}"; do
		read_line words "$line"
		place rest "${words[@]:2}"
		# a device that was saved may have this name as an altname now
		[[ ${words[2]} != dev || ${words[3]} == "${devs[0]}" ]] || {
			words[3]=${devs[0]}
			line=$(shell "${words[@]}")
		}
		[[ $have != *$'\n'"${line// table +([a-z0-9-]).table/}"$'\n'* ]] || continue
		parse_steps "${rest[@]}"
		line=${line// table +([a-z0-9-]).table/}
		[[ ${control[*]} ]] || line+=' continue'
		[[ $have != *$'\n'"$line"$'\n'* ]] || continue
		if [[ $dry ]]; then
			# whoever types it is elsewhere
			for i in "${!tables[@]}"; do
				[[ ${tables[i]} != =[!/]* ]] || tables[i]="=$PWD/${tables[i]#=}"
			done
		fi
		add
	done
	commit
}
