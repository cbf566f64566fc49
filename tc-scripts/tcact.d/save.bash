# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# save: what is attached, as a file for apply.

# saved_line VAR H: sets VAR to the line of attachment H; fails where its match cannot be told
saved_line() {
	local place_ words_ dev i link
	read -ra place_ <<<"${have_hook[$2]}"
	dev=${place_[0]}
	[[ ${dev_link[$dev]-} ]] || device dev "$dev"
	line_of words_ "${have_label[$2]}" "${place_[@]}" "${have_pref[$2]}" "${have_names[$2]}" "${have_form[$2]}" \
		"${have_control[$2]}"
	# Of several, each says its link, as those that do not may become one edit.
	link=${dev_link[$dev]}
	[[ ${have_names[$2]} == *' '* ]] || for i in "${!words_[@]}"; do
		[[ ${words_[i]} != link || ${words_[i + 1]-} != "$link" ]] || { unset 'words_[i]' 'words_[i + 1]'; break; }
	done
	printf -v "$1" '%s' "$(shell "${words_[@]}")"
	[[ ! ${have_odd[$2]-} ]]
}

command_save() {
	local h text lost field
	(($# == 0)) || bad "$(q "$1") is one word too many" "write: tcact save >FILE"
	catalogue
	anywhere
	have_all
	echo "# tcact $version: what is attached. To have it again: tcact apply FILE"
	for h in "${!have_hook[@]}"; do
		lost=''
		if ! saved_line text "$h"; then
			lost="its match cannot be told"
		elif [[ ${have_form[h]} == *'?'$'\n'* || $'\n'${have_form[h]} == *$'\n'old* ]]; then
			lost="another tcact attached it"
		fi
		if [[ $lost ]]; then
			read -ra field <<<"${have_hook[h]}"
			warn "save: pref ${have_pref[h]} of $(q "${field[0]}") ${field[1]} is left out" "$lost" "write its line by hand"
			echo "# left out, as $lost: $text"
			continue
		fi
		echo "$text"
		[[ ! ${have_tables[h]} =~ (^|$'\n')[1-9] ]] || echo "# The line above begins with an empty table, and apply leaves" \
			"its entries alone. To have them in a file: tcact table dump, and table FILE in the line."
	done
}
