# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# Files that say what is to be attached; tcact.conf(5) describes them.

# What read_files has read. Of each line: where it is, its CONTROL, and the number of its steps, which are those from
# line_first on in file_*
line_at=() line_control=() line_steps=() line_first=() file_steps=() file_settings=() file_tables=()
# Of each attachment that they ask for, on a device that is there: its line, device, "DEV DIR CHAIN", pref if one is
# given, the number and the text of its label, the names of its actions, its control, and of its actions what
# tcact-data says to form: parameters and tables
want_line=() want_dev=() want_hook=() want_pref=() want_number=() want_label=() want_names=() want_control=()
want_form=() want_tables=()
# the attachments to which the answers to batches belong
forms=()
# the device that apply dev is for
only=''
# by name: what the kernel calls a device; those that are not there, with their number of lines; where a pref of
# "DEV DIR CHAIN PREF" and a name are given
declare -gA device_of=() absent=() pref_at=() name_at=()

# read_words ARRAY TEXT: sets ARRAY to the words of TEXT, as a shell reads them, but nothing is expanded. It fails
# with 1 where a quote is open, with 2 where TEXT goes on in the next line, and with 3 where it would but for blanks.
read_words() {
	local -n read_=$1
	local left=$2 word part plain_
	read_=()
	while :; do
		# the words before the first one that needs care
		part=${left%%[\'\"\\#]*}
		[[ $part == "$left" ]] || part=${part%"${part##* }"}
		split plain_ "$part" ' '
		read_+=("${plain_[@]}") left=${left:${#part}}
		[[ $left && $left != '#'* ]] || break
		word=''
		while [[ $left && $left != ' '* ]]; do
			case $left in
			\'*)
				left=${left:1}
				[[ $left == *\'* ]] || return 1
				word+=${left%%\'*} left=${left#*\'} ;;
			\"*)
				left=${left:1}
				until [[ $left == \"* ]]; do
					case $left in
					'') return 1 ;;
					\\[\"\\\$\`]*) word+=${left:1:1} left=${left:2} ;;
					\\*) word+=\\ left=${left:1} ;;
					*) part=${left%%[\"\\]*} word+=$part left=${left:${#part}} ;;
					esac
				done
				left=${left:1} ;;
			\\) return 2 ;;
			\\+(' ')) return 3 ;;
			\\*) word+=${left:1:1} left=${left:2} ;;
			*) part=${left%%[ \'\"\\]*} word+=$part left=${left:${#part}} ;;
			esac
		done
		read_+=("$word")
	done
}

# file_device VAR NAME: as device, for a line of a file: the device need not be there
file_device() {
	local found
	[[ $2 && $2 != *[[:space:]/]* && ${#2} -le 127 ]] || bad "dev $(q "$2"): cannot be the name of a device" "see: ip link"
	if [[ ! ${device_of[$2]-} ]]; then
		# not as a name for printf -v, which would expand what is in it
		if [[ $in_file != check ]] && find_device found "$2"; then
			device_of["$2"]=$found
		else
			device_of["$2"]=$2
			[[ $in_file == check ]] || absent["$2"]=0
			dev_index["$2"]="none $2" dev_mtu["$2"]=65535 dev_link["$2"]=auto
		fi
	fi
	printf -v "$1" '%s' "${device_of[$2]}"
}

# take_line DIRECTORY WORD...: what place and parse_steps make of a line
take_line() {
	local rest i
	place rest "${@:2}"
	needs_place "${rest[@]}"
	parse_steps "${rest[@]}"
	for i in "${!tables[@]}"; do
		[[ ${tables[i]} != =@(-|/dev/stdin) ]] || bad "table ${tables[i]#=}: a file cannot say what is in standard input" "name a FILE"
		[[ ${tables[i]} != =[!/]* ]] || tables[i]="=$1/${tables[i]#=}"
	done
}

# read_file FILE TAKE: for each line with an action, calls TAKE DIRECTORY WORD..., in which $subcommand is FILE:LINE, and
# $raw what is there, with the lines before it that are empty or $comments; so is $heading_text, at line $heading_at
read_file() {
	local file=$1 n=0 text lines line at fd status words heading=() typed=() directory shown
	local raw='' comments='' heading_text='' heading_at=''
	[[ $file == /* ]] || file=$PWD/$file
	directory=${file%/*}
	quote shown "$1"
	{ [[ ! -d $file ]] && exec {fd}<"$file"; } 2>/dev/null || bad "cannot read $shown" "check its name and permissions"
	# It ends at a byte of 0, or at the end. Where it cannot be read to there, text stays unset.
	! IFS= read -r -d '' text <&"$fd" 2>/dev/null || bad "$shown has a byte of 0" "give a text"
	[[ -v text ]] || bad "cannot read $shown" "check the file"
	exec {fd}<&-
	mapfile -t lines <<<"${text%$'\n'}"
	local subcommand
	while ((n < ${#lines[@]})); do
		line=${lines[n]} n=$((n + 1)) at=$n comments=$raw
		[[ $line == '# tcact'[\ :]* ]] || raw+=$line$'\n'	# what save itself has written
		while :; do
			((n > 1)) || line=${line#$'\xef\xbb\xbf'}
			line=${line//$'\t'/ } line=${line%$'\r'} status=0
			subcommand=$shown:$at
			read_words words "$line" || status=$?
			((status == 2)) || break
			((n < ${#lines[@]})) || break
			line=${line%\\}${lines[n]} raw+=${lines[n]}$'\n' n=$((n + 1))
		done
		((status != 2)) || bad "behind the backslash at the end of the line there is no other line" "remove it"
		((status != 3)) || bad "behind the backslash at the end of the line there is a blank" "remove it"
		((status != 1)) || bad "a quote is open at the end of the line" "close it, or write \\' for an apostrophe"
		((${#words[@]})) || continue
		typed=("${words[@]}")
		if [[ ${words[0]} == @(add|tcact) ]]; then
			while [[ ${words[0]-} == @(add|tcact|-*) ]]; do words=("${words[@]:1}"); done
			((${#words[@]})) || words=(dev DEV ingress NAME)
			bad "a line begins with dev, and not with a command" "write: $(shell "${words[@]}")"
		fi
		if is_heading "${words[@]}"; then
			heading=("${words[@]}") heading_text=$raw heading_at=$at raw=''
			! ours "${words[@]}" || place words "${words[@]}"
			continue
		fi
		# Where one gives its own device, it is not clear what those behind it belong to.
		[[ ${words[0]} != dev ]] || heading=()
		"$2" "$directory" "${heading[@]}" "${words[@]}"
		raw=''
	done
}

# is_heading WORD...: they give a device or a direction, and no action
is_heading() {
	while (($#)); do
		case $1 in
		dev) shift $(($# > 1 ? 2 : 1)) ;;
		ingress | egress) shift ;;
		*) return 1 ;;
		esac
	done
}

# read_files FILE|DIR...: all of them, or those of /etc/tcact; what a DIR has is its *.conf, sorted
read_files() {
	local arg file files=() in_file=$subcommand list
	(($#)) || set -- /etc/tcact
	for arg; do
		[[ $arg && $arg != -* ]] || bad "FILE $(q "$arg"): must not be empty or begin with -" "choose another name"
		[[ $arg != @(kept|dev) || -e $arg || $in_file == check ]] || bad "$arg: kept KEPT and dev DEV come first, once, in this order" \
			"see: tcact help apply"
		if [[ -d $arg || $arg == /etc/tcact ]]; then
			list=("${arg%/}"/*.conf)
			((${#list[@]})) || bad "there is no file *.conf in $(q "$arg")" "write one, see tcact.conf(5)"
			for file in "${list[@]}"; do [[ ! -p $file ]] || bad "$(q "$file") is a pipe" "remove or rename it"; done
			files+=("${list[@]}")
		else
			files+=("$arg")
		fi
	done
	[[ $in_file == check || $only ]] || few_links
	given_once "${files[@]}"
	for file in "${files[@]}"; do read_file "$file" keep_line; done
}

# given_once FILE...: none of them is another one, by whatever name
given_once() {
	local list places i all=("$@")
	local -A file_at=()
	# that one is not there read_file says
	(($# > 1)) && list=$(exec stat -L -c %d:%i -- "$@" 2>/dev/null) || return 0
	split places "$list"
	for i in "${!all[@]}"; do
		[[ ! ${file_at[${places[i]}]-} ]] || bad "FILE $(q "${file_at[${places[i]}]}") is given twice" "name it once"
		file_at["${places[i]}"]=${all[i]}
	done
}

# ours WORD...: apply is for all devices, or $only is among those of a line; or may be, as ip says of it what looks like
# an altname of the line
ours() {
	[[ $only ]] || return 0
	while (($#)); do
		[[ $1 != dev || ! ${2-} ]] || [[ $2 != "$only" && ${links[$only]-} != *" altname $2"* ]] || return 0
		shift
	done
	return 1
}

# keep_line DIRECTORY WORD...: of apply dev only those of this device
keep_line() {
	local dev key i w n args number text there='' line=${#line_at[@]}
	ours "$@" || return 0
	take_line "$@"
	[[ ${control[*]} != ok ]] || control=(pass)
	[[ ${control[*]} != shot ]] || control=(drop)
	line_at+=("$subcommand") line_control+=("${control[*]}") line_steps+=(${#steps[@]}) line_first+=(${#file_steps[@]})
	file_steps+=("${steps[@]}") file_settings+=("${settings[@]}") file_tables+=("${tables[@]}")
	label number text
	for dev in "${devs[@]}"; do
		key="$dev ${place[dir]} ${place[chain]:-0} ${place[pref]}"
		[[ ! ${place[pref]} || ! ${pref_at[$key]-} ]] ||
			bad "pref ${place[pref]} of $(q "$dev") ${place[dir]} is taken by ${pref_at[$key]}" "choose another pref"
		pref_at[$key]=$subcommand
		key="$dev ${place[as]}"
		[[ ! ${place[as]} || ! ${name_at[$key]-} ]] ||
			bad "as ${place[as]}: that is the name of ${name_at[$key]}" "choose another one"
		name_at[$key]=$subcommand
		[[ ! ${absent[$dev]-} ]] || { n=${absent[$dev]}; absent["$dev"]=$((n + 1)); continue; }
		there=1 w=${#want_line[@]}
		want_line+=("$line") want_dev+=("$dev") want_hook+=("$dev ${place[dir]} ${place[chain]:-0}")
		want_pref+=("${place[pref]}") want_number+=("$number") want_label+=("$text") want_names+=("${steps[*]}")
		want_control+=("${control[*]:-continue}") want_form+=('') want_tables+=('')
		for i in "${!steps[@]}"; do
			step_args args "$i" "$dev"
			form "$w" "${tables[i]}" "${steps[i]}" "${args[@]}"
		done
	done
	[[ ! $there ]] || return 0
	for i in "${!steps[@]}"; do
		[[ ${tables[i]} != =* ]] || form '' "${tables[i]}" "${steps[i]}"
	done
}

# form W TABLE NAME [PARAM VALUE]...: asks tcact-data for it; W is the attachment, if it is there
form() {
	local given=()
	[[ $2 != =* ]] || given=(-t "${2#=}")
	batch form "${given[@]}" "${@:3}"
	forms+=("$1")
}

# ask_batches: what tcact-data says to batches goes to the attachments
ask_batches() {
	local text lines i w
	((${#batches[@]})) || return 0
	text=$(IFS=$'\n' && of_data batch <<<"${batches[*]}") || ended $?
	split lines "$text" $'\n'
	for i in "${!lines[@]}"; do
		w=${forms[i]-}
		[[ ! $w ]] || want_form[w]+=${lines[i]#*$'\t'}$'\n' want_tables[w]+=${lines[i]%%$'\t'*}$'\n'
	done
	batches=() forms=()
}
