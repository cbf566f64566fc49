# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash disable=SC2015,SC2034,SC2154 # as in tcact, which sources this
# The catalogue: what actions there are, and the copy of an object that holds the values of their
# parameters. The objects tell it, tcact-data reads them.

declare data objects subcommand json dry own_version self

# data WORD...: tcact-data, which prints its own errors. That a signal killed it bash would print too; a trap
# of this shell still prints where it did.
data() {
	(
		exec 3>&2 2>/dev/null
		"$data" ${json:+-j} ${verbose:+-v} -c "$subcommand" "$objects" "$@" 2>&3 3>&-
		exit
	)
}

# ask WORD...: as data, but its failure ends tcact
ask() { data "$@" || ended $?; }

# ---- what there is --------------------------------------------------------------------------

rows=() version='' order=''

# catalogue: sets rows to what `tcact-data describe` says, a line each
catalogue() {
	local text
	text=$(ask describe) || exit
	mapfile -t rows <<<"$text"
	version=${rows[0]#version$'\t'} order=${rows[1]#order$'\t'}
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
action='' class='' sum='' table_key='' params=()
declare -gA needs default
choose() {
	local row field
	action='' table_key='' params=()
	for row in "${rows[@]}"; do
		if [[ $row != [anpt]*$'\t'"$1"$'\t'* ]]; then
			[[ ! $action ]] || break	# its rows stand together
			continue
		fi
		IFS=$'\t' read -ra field <<<"$row"
		[[ ${field[1]} == "$1" ]] || continue
		case ${field[0]} in
		action) action=$1 class=${field[2]} sum=${field[3]} ;;
		table) table_key=${field[2]} ;;
		param) params+=("${field[2]}") default[${field[2]}]=${field[12]} needs[${field[2]}]='' ;;
		needs) needs[${field[2]}]=${field[3]} ;;
		esac
	done
	[[ $action ]] || bad "there is no action $(q "$1")" "see: tcact list"
}

is_param() { [[ " ${params[*]} " == *" $1 "* && $1 != *' '* ]]; }

# check_settings [PARAM VALUE]...: the values are right, each is given once, and they go together.
# Afterwards they are known to be free of white space.
check_settings() {
	local word
	# change: what stays counts too
	[[ ${partial-} ]] || ask values "$action" "$@"
	for word; do
		[[ $word != *[[:space:]]* ]] || bad "$action: $(q "$word") has white space" "see: tcact info $action"
	done
}

# ---- list, info, bake -----------------------------------------------------------------------

command_list() { ask list "$@"; }

command_info() { ask info "$@"; }

# bake FILE [PARAM VALUE]...: FILE becomes a copy of the current action's object with these values
bake() {
	local file=$1
	shift
	if [[ $dry ]]; then
		ask values "$action" "$@"
		[[ ! ${TCACT_DIR-} ]] || printf 'TCACT_DIR=%s ' "$(shell "$objects")"
		shell "$self" bake "$action" "$@" -o "$file"
		echo
		return
	fi
	ask bake "$action" "$@" -o "$file"
}

# ended STATUS: tcact-data has said why, if that is one of its own
ended() {
	said=''
	(($1 <= 3)) || refused "$subcommand" tcact-data "$1"
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
	catalogue
	choose "${args[0]}"
	((${#args[@]} == 1)) || is_param "${args[1]}" || {
		typed=(bake -o "$file" "${args[@]}")
		meant_step '' "${args[@]:1}"
	}
	bake "$file" "${args[@]:1}"
}
