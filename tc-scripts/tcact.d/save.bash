# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash disable=SC2015,SC2034,SC2154 # as in tcact, which sources this
# save DIR writes DIR/commands, a `tcact add` line for each attachment, and beside it the tables,
# named by action and digest: so one that did not change is not written anew, and until the new
# commands take the place of the old these stay whole. restore reads the lines, not a shell.

# read_line LINE: sets line_words; fails where shell cannot have written it
line_words=()
read_line() {
	local left=$1 word
	line_words=()
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
		line_words+=("$word")
		left=${left# }
	done
}

# present [DIR]: sets lines to the commands that make what there is, which is not always known but for
# save has to be; the tables go to DIR
lines=()
present() {
	local line field out=() p now
	lines=()
	read_all
	for line in "${own[@]}"; do
		IFS=$'\t' read -ra field <<<"$line"
		if [[ ${field[7]:10:2} == 00 ]]; then
			devs=()
			place_device "${field[0]}"
			match_of "${field[5]}" "${field[16]/#-/}" || [[ $subcommand != save ]] ||
				fail 2 "$subcommand" \
					"cannot express the match $(q "$text") of $(q "${field[0]}") pref ${field[3]}" \
					"only matchall, flower and u32 by keys can be saved"
			where_of "${field[@]}"
			out=(tcact add "${where[@]}")
		elif [[ ${field[8]} == bpf ]]; then
			out+=('then')
		fi
		if [[ ${field[8]} == bpf ]]; then
			choose "${field[9]}"
			[[ ${live_params[${field[10]}]+set} ]] ||
				fail 2 "$subcommand" "cannot read the parameters of $action" "run as root, or see: tcact show"
			read -ra now <<<"${live_params[${field[10]}]}"
			out+=("$action")
			for ((p = 0; p < ${#now[@]}; p += 2)); do
				# Of several, each says its link, as those that do not may become one edit.
				[[ ${now[p]} == link && ${now[p + 1]} == "${dev_link[${field[0]}]}" &&
					${field[7]:12:2} == 01 ]] ||
					out+=("${now[@]:p:2}")
			done
			[[ ! $table_key ]] || { save_table "${1-}"; out+=(${found:+table "$found"}); }
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
		[[ ${field[7]:10:2} == 00 ]] && lines+=("$text") || lines[-1]=$text
	done
}

# save_table [DIR]: sets found to the name of its file, or to nothing
save_table() {
	local sum
	found=-
	[[ $1 ]] || return 0
	write_saving "$1" data dump "$action" "${field[10]}" || ended $?
	# A list without entries is refused, so an empty table is saved as none.
	[[ -s $saving ]] || { found=''; return 0; }
	sum=$(sha256sum <"$saving")
	found=$action-${sum%% *}.table
	[[ -e $1/$found ]] || saved+=("$1/$found")
	mv -T -- "$saving" "$1/$found"
}

# write_saving DIR COMMAND...: its output becomes the file $saving, which is new: where others may write
# to DIR, theirs could lead elsewhere
write_saving() {
	local to_saving status=0
	set -C
	rm -f -- "$saving" 2>/dev/null && { exec {to_saving}>"$saving"; } 2>/dev/null || cannot_save "$1"
	set +C
	"${@:2}" >&"$to_saving" || status=$?
	exec {to_saving}>&-
	return "$status"
}

commands() {
	echo "# tcact $version: every attachment. tcact restore DIR, or in this directory: sh commands" &&
		{ ((${#lines[@]} == 0)) || printf '%s\n' "${lines[@]}"; }
} 2>/dev/null

cannot_save() { fail 2 save "cannot write to $(q "$1")" "make room there, or choose another DIR"; }

# abandon: take away what a save that failed has written
saving='' saved=() made=''
abandon() {
	local status=$?
	rm -f -- "$saving" "${saved[@]}" 2>/dev/null || true
	[[ ! $made ]] || rmdir -- "$made" 2>/dev/null || true
	finish "$status"
}

command_save() {
	local to=${1-} file old status=0
	(($# <= 1)) || bad "$(q "$2") is one word too many" "write save DIR"
	(($# == 0)) || [[ $to && $to != -* ]] || bad "DIR $(q "$to"): must not be empty or begin with -"
	catalogue
	devs=() dir='' pref='' chain=''
	if [[ ! $to ]]; then
		find_own ''
		present
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
		made=$to
	fi
	saving=$to/.tcact	# always the same, so that none stays for good where a call was killed
	find_own ''
	present "$to"
	write_saving "$to" commands || cannot_save "$to"
	# the tables of the commands before
	old=$(grep -soE ' table [a-z-]+-[0-9a-f]+\.table' "$to/commands") || true
	no_signals
	attempt mv -T -- "$saving" "$to/commands" || status=$?
	# where it was killed after it had done it
	[[ ! -e $saving ]] || refused "save to $(q "$to")" mv "$status"
	saved=() made=''
	for file in ${old// table /}; do
		[[ "${lines[*]} " == *" table $file "* ]] || rm -f -- "$to/$file"
	done
	commit
}

command_restore() {
	local from only='' line n=0 have i todo=()
	catalogue
	if [[ ${1-} == dev ]]; then
		(($# > 1)) || bad "dev: its value is missing"
		place_device "$2"
		only=${devs[0]}
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
		read_line "$line" && [[ ${line_words[0]} == tcact && ${line_words[1]-} == add ]] ||
			bad "$(q "$from/commands") line $n is not a line of tcact save"
		[[ ! $only || " ${line_words[*]:2:2} " == " dev $only " ]] ||
			same_device "${line_words[3]-}" "${dev_index[$only]}" || continue
		(
			subcommand="restore: line $n"
			place "${line_words[@]:2}"
			((${#devs[@]} == 1)) && [[ $dir && $pref ]] || bad "dev, direction or pref is missing"
			parse_steps "${rest[@]}"
			check_tables
		) || exit
		todo+=("$line")
	done <commands
	begin
	devs=(${only:+"$only"}) dir='' pref='' chain=''
	find_own ''
	present
	have=$'\n'$(printf '%s\n' "${lines[@]}")$'\n'
	have=${have// table -/}
	for line in "${todo[@]}"; do
		read_line "$line"
		place "${line_words[@]:2}"
		# a device that was saved may have this name as an altname now
		[[ ${line_words[2]} != dev || ${line_words[3]} == "${devs[0]}" ]] || {
			line_words[3]=${devs[0]}
			line=$(shell "${line_words[@]}")
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
