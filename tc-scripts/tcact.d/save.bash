# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# save: what is attached, as a file for apply.

# saved_line ARRAY H: sets ARRAY to the words of the line of attachment H; fails where its match is not known
saved_line() {
	local -n saved_=$1
	local dev=${have_hook[$2]%% *} i link lacks
	[[ ${dev_link[$dev]-} ]] || device dev "$dev"
	have_line "$1" "$2"
	# Of several, each says its link, as those that do not may become one edit.
	link=${dev_link[$dev]}
	[[ ${have_names[$2]} == *' '* ]] || for i in "${!saved_[@]}"; do
		[[ ${saved_[i]} != link || ${saved_[i + 1]-} != "$link" ]] || { unset 'saved_[i]' 'saved_[i + 1]'; break; }
	done
	# The device may have another MTU, or the machine another kernel, when the file is used.
	! lacking lacks mss mtu device || for i in "${!saved_[@]}"; do
		[[ ${saved_[i]-} != @(mss.|)mtu || ${saved_[i + 1]-} != "${dev_mtu[$dev]}" ]] || unset 'saved_[i]' 'saved_[i + 1]'
	done
	[[ ! ${have_odd[$2]-} ]]
}

# keep_absent DIRECTORY WORD...: adds to kept the line of a file that read_file has read, and the comments before it, if
# one of its devices is not there
keep_absent() {
	local dev line=() there=''
	take_line "$@"
	for dev in "${devs[@]}"; do
		if [[ ${absent[$dev]-} ]]; then line+=(dev "$dev"); else there=1; fi
	done
	((${#line[@]})) || return 0
	if [[ ! $there ]]; then
		# the heading as it is, once
		[[ ${#heading[@]} == 0 || $kept_heading == "$heading_at" ]] || kept+=$heading_text
		kept_heading=$heading_at kept+=$raw
		return
	fi
	shift
	while (($# > behind)); do
		case $1 in
		dev) shift 2 ;;
		ingress | egress) line+=("$1"); shift ;;
		*) line+=("${@:1:2}"); shift 2 ;;
		esac
	done
	kept_heading='' kept+=$comments$(shell "${line[@]}" "$@")$'\n'
}

command_save() {
	local h words lost dev dir in_file='' kept='' kept_heading=''
	no_options "$@"
	(($# < 2)) || bad "$(q "$2") is one word too many" "write: tcact save OLD >NEW"
	catalogue
	if (($#)); then
		[[ $1 && $1 != -* ]] || bad "FILE $(q "$1"): must not be empty or begin with -" "choose another name"
		# A shell has emptied it by now.
		[[ ! $1 -ef /proc/$$/fd/1 ]] || bad "$(q "$1") is where the output goes" "write: tcact save OLD >NEW"
		[[ -e $1 ]] || bad "there is no file $(q "$1"), whose lines for absent devices would follow" "write: tcact save >$(shell "$1")"
		in_file=save
		read_file "$1" keep_absent
		batches=()
	fi
	in_file=''
	anywhere
	have_all
	few_links
	echo "# tcact $version: what is attached. To have it again: tcact apply FILE"
	for h in "${!have_hook[@]}"; do
		lost=''
		if ! saved_line words "$h"; then
			lost="its match is not known"
		elif [[ ${have_form[h]} == *'?'$'\n'* || $'\n'${have_form[h]} == *$'\n'old* ]]; then
			lost="another tcact attached it"
		fi
		if [[ $lost ]]; then
			read -r dev dir _ <<<"${have_hook[h]}"
			warn "save: pref ${have_pref[h]} of $(q "$dev") $dir is left out" "$lost" "write its line by hand"
			printf '# tcact: left out, as %s: ' "$lost"
		fi
		shell "${words[@]}"
		[[ $lost || ! ${have_tables[h]} =~ (^|$'\n')[1-9] ]] || echo "# tcact: the line above begins without the table that is there, which apply" \
			"leaves alone. To have it in a file: tcact table dump (of police and pace: with plans), and table FILE in the line."
	done
	[[ ! $kept ]] || printf '\n# tcact: for devices that are not there:\n%s' "${kept##*($'\n')}"
}
