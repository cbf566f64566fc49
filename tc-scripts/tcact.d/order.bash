# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# Which filters hide packets from which: the filters of a hook run in the order of pref, until one does not pass a
# packet on.

# passes_on NAME: sets the variable NAME to which of the matching packets a filter with these steps and this control
# passes on to the next filter: any (all, or it depends on the packet), none, or chosen (only those that a verdict
# with a chance chooses)
passes_on() {
	local i n=${#steps[@]} kind code chance given
	printf -v "$1" any
	for ((i = 0; i < n; i++)); do
		kind=${class[${steps[i]}]}
		# On a miss the next filter runs.
		[[ $kind == @(rewriter|verdict) ]] || return 0
		code=unspec chance=100%
		if [[ $kind == verdict ]]; then
			split given "${settings[i]}"
			while ((${#given[@]} > 1)); do
				[[ ${given[0]} != code ]] || code=${given[1]}
				[[ ${given[0]} != chance ]] || chance=${given[1]}
				given=("${given[@]:2}")
			done
		fi
		case $code in
		unspec | -1) code=control ;;
		pipe | 3) code=next ;;
		ok | reclassify | shot | redirect | [0127]) code=end ;;
		*) return 0 ;;	# what act_bpf does not know means that the filter did not match
		esac
		[[ $chance != @(100%|1) ]] || chance=''
		if ((i + 1 == n)); then
			[[ $code != control || ${control[0]-continue} != continue ]] || {
				[[ ! $chance ]] || printf -v "$1" chosen
				return 0
			}
		elif [[ $code != end || $chance ]]; then
			continue
		fi
		break
	done
	printf -v "$1" none
}

# listed NAME LINE...: sets the variable NAME to "pref N (KIND)" of the first "N KIND", and how
# many more there are
listed() {
	printf -v "$1" 'pref %s (%s)' "${2% *}" "${2#* }"
	(($# == 2)) || printf -v "$1" '%s and %d more' "${!1}" $(($# - 2))
}

# warn_tcx DEV PLACE: tcx programs (Linux 6.6) run before all filters of the hook
warn_tcx() {
	! data tcx "${dev_index[$1]}" "${place[dir]}" ||
		warn "$2 may not see all packets" "a tcx program before it decides" "see: bpftool net show dev $(q "$1")"
}

# warn_before HERE: which filters, in the arrays none, some and asks, hide packets from the one at this place
warn_before() {
	local names
	if ((${#none[@]})); then
		listed names "${none[0]}"
		warn "$1 sees no packet" "$names is before it and keeps all packets" "choose a lower pref"
		return
	fi
	if ((${#some[@]})); then
		listed names "${some[@]}"
		warn "$1 does not see all packets" "what $names before it matches does not reach it" \
			"choose a lower pref if it is to see them"
	fi
	if ((${#asks[@]})); then
		listed names "${asks[@]}"
		warn "$1 may not see all packets" "a program of $names before it decides" \
			"choose a lower pref if it is to see all"
	fi
}

# add_to none|some|asks|after 'PREF KIND': adds it to the array of this name
add_to() {
	local -n which_=$1
	which_+=("$2")
}

# warn_order DEV PREF: after the filter was made, or with -n would be: which one sees no packet, or
# not all, as far as that is certain
warn_order() {
	local at=$2 hook here line list names passed see=sees do_=does none=() some=() asks=() after=()
	hook="$(q "$1") ${place[dir]}" here="pref $at on $hook"
	[[ ! ${place[chain]/#0/} ]] || here+=" chain ${place[chain]}"
	filters list "$1" "${place[dir]}"
	[[ $said != *'Cannot find device'* ]] || refused "add to $hook" tc 1
	while read -r line; do
		add_to "${line%% *}" "${line#* }"
	done < <(awk -v "chain=${place[chain]:-0}" -v "pref=$at" -v "protocol=${place[protocol]:-all}" \
		-v "rewriters=$rewriters" -f "$lib/order.awk" <<<"$list")
	warn_before "$here"
	warn_tcx "$1" "$here"
	[[ ${after[*]} && ${match[*]} == @(|matchall) ]] || return 0
	passes_on passed
	listed names "${after[@]}"
	((${#after[@]} == 1)) || see=see do_='do'
	case $passed in
	none) warn "$names on $hook $see no packet" "pref $at comes before and keeps all packets" \
		"end that one with continue" ;;
	chosen) warn "$names on $hook $do_ not see all packets" \
		"pref $at comes before and keeps all but those that verdict chooses" "end that one with: then verdict" ;;
	esac
}

# warn_made MADE FILES: the same for the filters that were made at these places, the keys "DEV DIR CHAIN/PREF" of MADE.
# Between those of the files, the keys of FILES, it is what was written, unless one sees no packet.
warn_made() {
	local -n made_=$1 files_=$2
	local key lists written lines line field words i here none some asks places=()
	local -A hooks=()
	for key in "${!made_[@]}"; do hooks["${key% *}"]=1; done
	for key in "${!hooks[@]}"; do
		places+=("${key% *}" "${key#* }")
		local -A place=([dir]=${key#* })
		warn_tcx "${key% *}" "what was added to $(q "${key% *}") ${key#* }"
	done
	all_filters lists lists "${places[@]}"
	printf -v written 'written %s\n' "${!files_[@]}"
	lines=$(exec awk -v "rewriters=$rewriters" -f "$lib/order.awk" <<<"$written$lists")
	split lines "$lines" $'\n'
	for line in "${lines[@]}"; do
		split field "$line" $'\t'
		key="${field[1]} ${field[2]} ${field[3]}"
		[[ ${made_[$key/${field[4]}]-} ]] || continue
		split words "${field[5]}"
		none=() some=() asks=()
		for ((i = 0; i < ${#words[@]}; i += 3)); do
			add_to "${words[i]}" "${words[*]:i + 1:2}"
		done
		here="pref ${field[4]} on $(q "${field[1]}") ${field[2]}"
		[[ ${field[3]} == 0 ]] || here+=" chain ${field[3]}"
		warn_before "$here"
	done
}
