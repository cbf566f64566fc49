# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# The catalogue: what actions there are, and the copy of an object that holds the values of their
# parameters. The objects tell it, tcact-data reads them.

[[ -x $data ]] || bad "there is no $(q "$data")" "reinstall tcact"

# data WORD...: tcact-data, which prints its own errors. That a signal killed it bash would print too; a trap
# of this shell still prints where it did.
data() {
	(
		exec 3>&2 2>/dev/null
		"$data" ${json:+-j} ${verbose:+-v} -c "$subcommand" "$objects" "$@" 2>&3 3>&-
		exit
	)
}

# of_data WORD...: as data, in the place of this process
of_data() { exec "$data" ${json:+-j} ${verbose:+-v} -c "$subcommand" "$objects" "$@"; }

# ask WORD...: as data, but its failure ends tcact
ask() { data "$@" || ended $?; }

# batch WORD...: keeps what to ask of tcact-data for batches, as one process takes 10 ms. A name of a file may have what
# separates words and commands there.
batch() {
	local word IFS=$'\t'
	for word; do
		[[ $word != *[$'\t\n']* ]] || bad "$(q "$word") has a tab or a line feed" "rename it"
	done
	batches+=("$subcommand$IFS$*")
}

# tc's words: those with which a CONTROL begins, and classifiers
is_control() { [[ $1 == @(pass|ok|drop|shot|reclassify|pipe|continue|trap|goto|jump) ]]; }
is_classifier() { [[ $1 == @(matchall|flower|u32|basic|bpf|cgroup) ]]; }

# ---- what there is --------------------------------------------------------------------------

# catalogue [NAME]: sets what there is, or what that action is, from what `tcact-data names` says
catalogue() {
	local text rows row field
	text=$(of_data names "$@") || ended $?
	split rows "$text" $'\n'
	for row in "${rows[@]}"; do
		split field "$row" $'\t'
		case $row in
		version*) version=${field[1]} ;;
		order*) order=${field[1]} ;;
		netns*) own_netns=${field[1]} ;;
		action*)
			actions+=("${field[1]}")
			[[ ${field[2]} != rewriter ]] || rewriters+=" ${field[1]} "
			class["${field[1]}"]=${field[2]} sum["${field[1]}"]=${field[3]}
			default["${field[1]}"]=${field[4]} params["${field[1]}"]="${field[5]} " ;;
		shared*) set_of["${field[1]}"]=${field[2]} ;;
		table*) table_key["${field[1]}"]=${field[2]} ;;
		plans*) plans["${field[1]}"]=1 ;;
		buckets*) buckets["${field[1]}"]=${field[3]} ;;
		part?edit*) parts["${field[3]}"]+="${field[2]} ${field[*]:4}"$'\n' ;;
		needs*) needs["${field[1]} ${field[2]}"]=${field[3]} ;;
		esac
	done
}

# fit_machine WHY NEXT: fails if the objects are not for this machine and this version of tcact, and sets these
# variables to the reason and what to do
fit_machine() {
	local elf='' machine=le
	# this shell's EI_DATA
	{ IFS= read -rN 6 elf <"/proc/$$/exe"; } 2>/dev/null || true
	[[ ${elf:5} != $'\2' ]] || machine=be
	printf -v "$2" '%s' 'reinstall tcact'
	[[ ! ${TCACT_DIR-} ]] || printf -v "$2" '%s' 'see TCACT_DIR in the environment'
	if [[ $version != "$own_version" ]]; then
		printf -v "$1" '%s' "the objects in $(q "$objects") are of version $(q "$version"), this is tcact $own_version"
	elif [[ $order != "$machine" ]]; then
		printf -v "$1" '%s' "the objects in $(q "$objects") have the byte order $order, this machine has $machine"
	else
		return 0
	fi
	return 1
}

# those of this process, which has_capability reads once
capabilities=''

# has_capability NUMBER: this process has it
has_capability() {
	local line
	[[ $capabilities ]] || while read -r line; do
		[[ $line != CapEff:* ]] || capabilities=${line#*[[:space:]]}
	done </proc/self/status
	((0x${capabilities:-0} >> $1 & 1))
}

is_action() { [[ $1 && ${class[$1]-} ]]; }

is_param() { [[ " ${params[$1]}" == *" $2 "* && $2 != *' '* ]]; } # NAME WORD

takes_table() { [[ ${table_key[$1]-}${plans[$1]-} ]]; } # NAME

# known NAME: there is such an action
known() {
	local word what=''
	! is_action "$1" || return 0
	for word in "${actions[@]}"; do
		! is_param "$word" "$1" || what='a parameter'
	done
	[[ $1 != table ]] || what='a parameter'
	! is_control "$1" || what='a CONTROL'
	[[ ! $what ]] || bad "$(q "$1") is $what, and stands behind the NAME of an action" "write that before it, see: tcact list"
	[[ $subcommand == add ]] || no_name "$1"
	bad "there is no action $(q "$1")" "see: tcact list"
}

# no_name WORD: it is not the name of an attachment
no_name() {
	local word
	for word in "${labels[@]}"; do
		[[ $1 == - || ${word%% *} != "$1" ]] ||
			bad "$(q "$1") is no action, but the name of an attachment" "write: as $(q "$1")"
	done
}

# check_settings NAME [PARAM VALUE]...: the values are right, each is given once, and they go together.
# Afterwards they are known to be free of white space.
check_settings() {
	local word
	[[ $1 != pace || ${place[dir]} != ingress ]] || bad "pace delays only what leaves a device" "write egress"
	# change: what stays counts too
	if [[ $in_file ]]; then
		batch values "$@"
	elif [[ $subcommand != change ]]; then
		ask values "$@"
	fi
	for word in "${@:2}"; do
		[[ $word != *[[:space:]]* ]] || bad "$1: $(q "$word") has white space" "see: tcact info $1"
	done
}

# ---- list, info, bake -----------------------------------------------------------------------

command_list() {
	no_options "$@"
	ask list "$@"
}

command_info() {
	no_options "$@"
	ask info "$@"
}

# to_type WORD...: for -n, this tcact with these words, and with the same objects
to_type() {
	[[ ! ${TCACT_DIR-} ]] || printf 'TCACT_DIR=%s ' "$(shell "$objects")"
	shell "$self" "$@"
}

# bake ask|of_data FILE NAME [PARAM VALUE]...: FILE becomes a copy of the action's object with these values; `table FILE`
# among them is no parameter, but the table that goes into it
bake() {
	local way=$1 file=$2 name=$3 given=() table=()
	shift 3
	while (($#)); do
		[[ $1 != 'then' ]] || bad "then: an object is one action" "bake each by itself"
		if [[ $1 == table && $# != 1 ]] && takes_table "$name"; then
			table=(-t "$2")
		else
			given+=("${@:1:2}")
		fi
		shift $(($# > 1 ? 2 : 1))
	done
	set -- "$name" "${given[@]}"
	if [[ $dry ]]; then
		ask values "$@"
		[[ ! ${table-} ]] || ask load -n "${table[@]}" "$name"
		to_type bake "$@" ${table:+table "${table[1]}"} -o "$file"
		return
	fi
	"$way" bake "$@" -o "$file" "${table[@]}"
}

# ended STATUS: exits after tcact-data failed. It has printed an error if STATUS is one of its own; that nobody reads
# what it prints is none.
ended() {
	said=''
	# which the loader has said
	(($1 != 127)) || fail 2 "$subcommand" "tcact-data lacks a library" \
		"install libbpf (1.0 or newer), libelf, zlib and json-c, or build tcact anew"
	(($1 <= 3 || $1 == 141)) || refused "$subcommand" tcact-data "$1"
	message=said
	exit "$1"
}

command_bake() {
	local file='' args=()
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
	[[ $file != -* ]] || bad "FILE $(q "$file"): must not begin with -" "choose another name"
	catalogue "${args[0]}"
	((${#args[@]} == 1)) || is_param "${args[@]:0:2}" || { [[ ${args[1]} == table ]] && takes_table "${args[0]}"; } || {
		typed=(bake -o "$file" "${args[@]}")
		meant_step "${args[0]}" '' "${args[@]:1}"
	}
	bake of_data "$file" "${args[@]}"
}
