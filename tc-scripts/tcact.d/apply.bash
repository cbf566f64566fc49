# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# apply: makes what is attached what the files say. First all is read and compared; only then it is changed: what
# is new comes in front of what goes, and what stays is not touched.

# Of each attachment that is there: the first of its lines in own, "DEV DIR CHAIN", pref, and as want_* of file.bash
# have_odd: its match is not known; have_lost: its label is that of a line, but what that says is written down no more
# made_at: the devices where one of them says that tcact made the clsact qdisc
own=() have_first=() have_hook=() have_pref=() have_label=() have_names=() have_control=() have_form=() have_tables=()
have_odd=() have_lost=()
# the lists of all filters at its place, and what they take: see are_taken
lists=''
# named["want|have DEV DIR NAME"]: a line, or an attachment, has this name
declare -gA taken_at=() prefs_at=() made_at=() named=()
# The plan. Of each attachment of the files: the one that is there and becomes it, its pref, and how it comes to be:
#   same     it is there
#   change   what is there is changed in place
#   new      it is added
#   swap     another one is there at this pref, which cannot become it
# gone: the attachments that are there and no longer wanted
# from: of what is added, the one of these that was it until now
pair=() at=() how=() gone=() from=()

# The file with what buckets held when nobody had them, and of it the key of each "W I", the attachment and its action
kept_file=''
declare -gA kept_key=()

# ---- what is there ----------------------------------------------------------------------------

# have_all: sets have_* to what is attached at devs, or everywhere, and lists to anybody's filters
have_all() {
	local n h=-1 field text now w number line all=() batches=()
	local -A label_of=() programs=()
	find_own own '' lists
	for w in "${!want_number[@]}"; do label_of["${want_number[w]:--}"]=${want_label[w]}; done
	for line in "${own[@]}"; do
		split field "$line" $'\t'
		[[ ${field[ACTION_KIND]} != bpf ]] || all+=("${field[@]:NAME:2}")
	done
	# of each program that can be read: its table and what it was baked with
	batch live "${all[@]}"
	text=$(of_data batch <<<"${batches[*]}") || ended $?
	split all "$text" $'\n'
	for line in "${all[@]}"; do programs["${line%%$'\t'*}"]=${line#*$'\t'}; done
	for n in "${!own[@]}"; do
		split field "${own[n]}" $'\t'
		if is_first "${field[COOKIE]}"; then
			h=$((h + 1))
			text='- all '
			number=${field[COOKIE]:24}
			[[ ! $number ]] || text=${labels[$number]-${label_of[$number]-}}
			[[ ! $number || ${labels[$number]-} || ! $text ]] || have_lost[h]=1
			[[ $text ]] || {
				match_of text "${field[KIND]}" "${field[TEXT]/#-/}" || have_odd[h]=1
				text="- ${field[PROTOCOL],,} $text"
			}
			have_first+=("$n") have_hook+=("${field[*]:0:3}") have_pref+=("${field[PREF]}") have_label+=("$text")
			have_names+=('') have_control+=('') have_form+=('') have_tables+=('')
		fi
		! made_clsact "${field[DEV]}" "${own[n]}" || made_at["${field[DEV]}"]=1
		have_control[h]=${field[CONTROL]}
		[[ ${field[ACTION_KIND]} == bpf ]] || continue
		now=${programs[${field[PROGRAM]}]-$'?\t?'}
		takes_table "${field[NAME]}" && have_tables[h]+=${now%%$'\t'*}$'\n' || have_tables[h]+=-$'\n'
		now=${now#*$'\t'}
		# Programs of another version of tcact are replaced.
		[[ $((16#${field[COOKIE]:16:8})) == "${sum[${field[NAME]}]}" ]] || now="old $now"
		have_names[h]+=${have_names[h]:+ }${field[NAME]} have_form[h]+=$now$'\n'
		# CAP_SYS_ADMIN
		[[ $now != ?('old ')'?' ]] || has_capability 21 ||
			fail 2 "$subcommand" "cannot read what is attached: not permitted" "run as root with CAP_SYS_ADMIN"
	done
}

# ---- comparing --------------------------------------------------------------------------------

# same W H: attachment H is what W asks for
same() {
	local want have i
	[[ ${want_label[$1]} == "${have_label[$2]}" && ${want_names[$1]} == "${have_names[$2]}" &&
		${want_control[$1]} == "${have_control[$2]}" && ${want_form[$1]} == "${have_form[$2]}" ]] || return
	[[ ${want_tables[$1]} != "${have_tables[$2]}" ]] || return 0
	mapfile -t want <<<"${want_tables[$1]}"
	mapfile -t have <<<"${have_tables[$2]}"
	for i in "${!want[@]}"; do
		# Without table FILE the entries are somebody else's.
		[[ ${want[i]} == '*' || ${want[i]} == "${have[i]}" ]] || return
	done
}

# alike W H: H can be changed in place to what W asks for
alike() {
	local last=${want_form[$1]%$'\n'} last_have=${have_form[$2]%$'\n'} at_=${want_hook[$1]% *}
	# What has a name that stays remains with it.
	[[ ${want_label[$1]%% *} == "${have_label[$2]%% *}" ||
		! ${named["have $at_ ${want_label[$1]%% *}"]-}${named["want $at_ ${have_label[$2]%% *}"]-} ]] || return
	[[ ${want_label[$1]#* } == "${have_label[$2]#* }" && ${want_names[$1]} == "${have_names[$2]}" ]] || return
	# The kernel does not replace an action whose control is goto chain.
	[[ ${want_control[$1]}${have_control[$2]} == *goto* ]] || return 0
	[[ ${want_control[$1]} == "${have_control[$2]}" && ${want_label[$1]} == "${have_label[$2]}" ]] || return
	[[ ${class[${want_names[$1]##* }]} != verdict || ${last##*$'\n'} == "${last_have##*$'\n'}" ]]
}

# align TEST HOW WANT HAVE: pairs as many as can be of these arrays of attachments, in their order, for which TEST
# says so; how they come to be is HOW. The rest takes a time that grows with the square: of 150 lines of which one has
# changed, 0.2 s without what begins and ends alike.
align() {
	local -n want_=$3 have_=$4
	local n=${#want_[@]} m=${#have_[@]} i j first most=()
	for ((first = 0; first < n && first < m; first++)); do
		"$1" "${want_[first]}" "${have_[first]}" || break
		pair[want_[first]]=${have_[first]} how[want_[first]]=$2
	done
	while ((n > first && m > first)) && "$1" "${want_[n - 1]}" "${have_[m - 1]}"; do
		n=$((n - 1)) m=$((m - 1))
		pair[want_[n]]=${have_[m]} how[want_[n]]=$2
	done
	# most[i * (m + 1) + j]: pairs among those from i and j on, and whether these two are one
	for ((i = n - 1; i >= first; i--)); do
		for ((j = m - 1; j >= first; j--)); do
			if "$1" "${want_[i]}" "${have_[j]}"; then
				most[i * (m + 1) + j]=$((most[(i + 1) * (m + 1) + j + 1] + 1))
			else
				most[i * (m + 1) + j]=$((most[(i + 1) * (m + 1) + j] > most[i * (m + 1) + j + 1] ?
					most[(i + 1) * (m + 1) + j] : most[i * (m + 1) + j + 1]))
			fi
		done
	done
	for ((i = j = first; i < n && j < m;)); do
		if ((most[i * (m + 1) + j] == most[(i + 1) * (m + 1) + j])); then
			i=$((i + 1))
		elif ((most[i * (m + 1) + j] == most[i * (m + 1) + j + 1])); then
			j=$((j + 1))
		else
			pair[want_[i]]=${have_[j]} how[want_[i]]=$2
			i=$((i + 1)) j=$((j + 1))
		fi
	done
}

# compare HOOK 'W...' 'H...': sets the plan for it, and for what is asked for there and what is there
compare() {
	local hook=$1 w h n=0 all_wants all_haves wants=() haves=() some_wants=() some_haves=()
	local -A there=() paired=()
	split all_wants "$2"
	split all_haves "$3"
	for h in "${all_haves[@]}"; do there[${have_pref[h]}]=$h; done
	for w in "${all_wants[@]}"; do
		how[w]=new at[w]=${want_pref[w]}
		[[ ${want_pref[w]} ]] || { wants+=("$w"); continue; }
		h=${there[${want_pref[w]}]-}
		[[ $h ]] || continue
		pair[w]=$h how[w]=swap
		! alike "$w" "$h" || how[w]=change
		! same "$w" "$h" || how[w]=same
		unset "there[${want_pref[w]}]"
	done
	for h in "${all_haves[@]}"; do
		[[ ! ${there[${have_pref[h]}]-} ]] || haves+=("$h")
	done
	align same same wants haves
	# between those that stay
	for w in "${wants[@]}" end; do
		if [[ $w != end && ${how[w]} == new ]]; then
			some_wants+=("$w")
			continue
		fi
		some_haves=()
		while ((n < ${#haves[@]})) && [[ $w == end || ${haves[n]} != "${pair[w]}" ]]; do
			some_haves+=("${haves[n]}")
			n=$((n + 1))
		done
		align alike change some_wants some_haves
		n=$((n + 1)) some_wants=()
	done
	choose_prefs "$hook" "${wants[@]}"
	for w in "${all_wants[@]}"; do paired["${pair[w]:--}"]=1; done
	for h in "${all_haves[@]}"; do
		[[ ${paired[$h]-} ]] || gone+=("$h")
	done
}

# holds NAMES: one of these actions has a table, buckets or a memory
holds() {
	local name names
	split names "$1"
	for name in "${names[@]}"; do
		[[ ! ${table_key[$name]-}${buckets[$name]-}${set_of[$name]-} ]] || return 0
	done
	return 1
}

# moved: sets from, so that a line keeps what its tables, buckets and memories hold when it cannot be changed in place:
# in another place of its hook, or chain, or with a goto chain. It is the one with the same name; else with the same
# parameters; else the first that does so with the same packets.
moved() {
	local round w h key leaving=("${gone[@]}") coming=() those
	local -A holders become=()
	for w in "${!how[@]}"; do
		[[ ${how[w]} != swap ]] || leaving+=("${pair[w]}")
		[[ ${how[w]} != @(new|swap) ]] || ! holds "${want_names[w]}" || coming+=("$w")
	done
	((${#coming[@]})) || return 0
	for round in name form place; do
		holders=()
		for h in "${leaving[@]}"; do
			key_of key "$round" "${have_hook[h]}" "${have_label[h]}" "${have_names[h]}" "${have_form[h]}"
			[[ ${become[$h]-} ]] || holders["$key"]+="$h "
		done
		for w in "${coming[@]}"; do
			key_of key "$round" "${want_hook[w]}" "${want_label[w]}" "${want_names[w]}" "${want_form[w]}"
			those=${holders[$key]-}
			[[ $those && ! ${from[w]-} && ($round != name || ${want_label[w]} != '- '*) ]] || continue
			from[w]=${those%% *} holders["$key"]=${those#* } become["${those%% *}"]=1
		done
	done
}

# key_of VAR name|form|place HOOK LABEL NAMES FORM: sets VAR to what two attachments have in common in that round of moved
key_of() {
	case $2 in
	name) printf -v "$1" '%s' "${3% *}/$5/${4%% *}" ;;
	form) printf -v "$1" '%s' "${3% *}/$5/${4#* }/$6" ;;
	place) printf -v "$1" '%s' "${3% *}/$5/${4#* }" ;;
	esac
}

# are_taken: sets taken_at["DEV DIR CHAIN/PREF"] where there is a filter, anybody's, and prefs_at["DEV DIR CHAIN"] to the
# prefs of all there
are_taken() {
	local key keys
	[[ ${#taken_at[@]} == 0 && $lists ]] || return 0
	taken keys "$lists"
	for key in "${keys[@]}"; do taken_at["$key"]=1 prefs_at["${key%/*}"]+="${key##*/} "; done
}

# The prefs that lines get where there is nothing yet: 10000, and each further one this much behind it, so that there is
# room for lines that come later. tc itself begins with 49152 and goes down.
first_pref=10000 pref_step=256 tc_pref=49152

# choose_prefs HOOK W...: for those of its all_wants without one, which are met in this order. Those that stay keep
# theirs, and what is new between two of them gets prefs between theirs. What is new before the first that stays, or behind
# the last, is put on its side of the filters of others.
choose_prefs() {
	local hook=$1 w p dev dir chain low=0 high first='' last='' some=() missing='' prefs
	local -A used=() foreign=()
	shift
	for w in "${all_wants[@]}"; do
		[[ ${how[w]} != new ]] || missing=1
	done
	for w; do
		[[ ${pair[w]-} ]] || continue
		at[w]=${have_pref[pair[w]]} last=${at[w]}
		first=${first:-$last}
	done
	[[ $missing ]] || return 0
	# used: anybody has it, or a line asks for it; foreign: a filter that is not tcact's has it
	read -r dev dir chain <<<"$hook"
	are_taken
	split prefs "${prefs_at[$hook]-}"
	for p in "${prefs[@]}"; do used[$p]=1 foreign[$p]=1; done
	for w in "${all_haves[@]}"; do unset "foreign[${have_pref[w]}]"; done
	for w in "${all_wants[@]}"; do
		[[ ${want_pref[w]} ]] || continue
		[[ ${how[w]} != new || ! ${used[${want_pref[w]}]-} ]] ||
			fail 1 "${line_at[want_line[w]]}" "pref ${want_pref[w]} is taken on $(q "$dev") $dir" "choose another pref"
		used[${want_pref[w]}]=1
	done
	for w in "$@" end; do
		if [[ $w != end && ! ${pair[w]-} ]]; then
			some+=("$w")
			continue
		fi
		[[ $w == end ]] && high=65536 || high=${at[w]}
		if ((${#some[@]})) && ! spread "$low" "$high" used foreign "${some[@]}"; then
			# There is no room: all of them come anew, between the same filters of others if these leave enough.
			for p; do pair[p]='' how[p]=new; done
			low=0 high=65536
			for p in "${!foreign[@]}"; do
				((p > ${first:-0} || p < low)) || low=$p
				((p < ${last:-65536} || p > high)) || high=$p
			done
			((low > 0 || high < 65536)) && spread "$low" "$high" used foreign "$@" ||
				spread $((first_pref - pref_step)) "$tc_pref" used foreign "$@" || bad "there is no pref left on $(q "$dev") $dir" "see: tc filter show"
			return
		fi
		some=() low=$high
	done
}

# spread LOW HIGH USED FOREIGN W...: gives them prefs between these two that are not in USED, at equal distances, or
# fails. With a LOW of 0 they come before HIGH, and none of FOREIGN is between them and HIGH; with a HIGH of 65536 they come
# behind LOW, and none of FOREIGN is between LOW and them. There they are at most pref_step apart.
spread() {
	local low=$1 high=$2 n=$(($# - 4)) i=0 w p last
	local -n used_=$3 foreign_=$4
	if ((high == 65536)); then
		((low)) || low=$((first_pref - pref_step))
		((high <= low + pref_step * (n + 1))) || high=$((low + pref_step * (n + 1)))
	elif ((low == 0 && high > pref_step * (n + 1))); then
		low=$((high - pref_step * (n + 1)))
	fi
	for p in "${!foreign_[@]}"; do
		((p > low && p < high)) || continue
		if (($1 == 0 && $2 < 65536)); then low=$p; fi
		if (($1 > 0 && $2 == 65536)); then high=$p; fi
	done
	last=$low
	for w in "${@:5}"; do
		i=$((i + 1)) p=$((low + (high - low) * i / (n + 1)))
		((p > last)) || p=$((last + 1))
		while [[ ${used_[$p]-} ]]; do p=$((p + 1)); done
		((p < high)) || return
		last=$p at[w]=$p
	done
}

# ---- showing the plan -------------------------------------------------------------------------

# line_of ARRAY LABEL HOOK PREF NAMES FORM CONTROL: sets ARRAY to the words of the attachment
line_of() {
	local -n line_=$1
	local name protocol match_ dev_ dir chain names forms_ i
	IFS=' ' read -r name protocol match_ <<<"$2"
	IFS=' ' read -r dev_ dir chain <<<"$3"
	line_=(dev "$dev_" "$dir" pref "$4")
	[[ $chain == 0 ]] || line_+=(chain "$chain")
	[[ $name == - ]] || line_+=(as "$name")
	[[ $protocol == all ]] || line_+=(protocol "$protocol")
	[[ ! $match_ ]] || line_+=(match "$match_")
	split names "$5"
	mapfile -t forms_ <<<"$6"
	for i in "${!names[@]}"; do
		((i == 0)) || line_+=('then')
		split match_ "${names[i]} ${forms_[i]#old }"
		line_+=("${match_[@]}")
	done
	split match_ "$7"
	line_+=("${match_[@]}")
}

# have_line ARRAY H: sets ARRAY to the words of what is there
have_line() {
	line_of "$1" "${have_label[$2]}" "${have_hook[$2]}" "${have_pref[$2]}" "${have_names[$2]}" "${have_form[$2]}" \
		"${have_control[$2]}"
}

# forms_of W H: sets want, have, tables_want and tables_have of the caller to those of each action
forms_of() {
	mapfile -t want <<<"${want_form[$1]}"
	mapfile -t have <<<"${have_form[$2]}"
	mapfile -t tables_want <<<"${want_tables[$1]}"
	mapfile -t tables_have <<<"${have_tables[$2]}"
}

# difference W H: how they differ, a line for each
difference() {
	local names want have tables_want tables_have i were are
	split names "${want_names[$1]}"
	forms_of "$1" "$2"
	[[ ${want_label[$1]} == "${have_label[$2]}" ]] || echo "    as ${have_label[$2]%% *} -> ${want_label[$1]%% *}"
	[[ ! ${have_lost[$2]-} ]] || echo "    its name, protocol and match are no longer in $state -> as here"
	for i in "${!names[@]}"; do
		[[ ${want[i]} == "${have[i]}" ]] || echo "    ${names[i]} ${have[i]}-> ${want[i]% }"
		were=${tables_have[i]% *} are=${tables_want[i]% *}
		[[ ${tables_want[i]} == "${tables_have[i]}" || $are == '*' ]] ||
			echo "    ${names[i]} table: ${were/#-/no} -> ${are/#-/no} entries"
	done
	[[ ${want_control[$1]} == "${have_control[$2]}" ]] || echo "    ${have_control[$2]} -> ${want_control[$1]}"
}

# show_plan: a line for each attachment that goes, comes or changes
show_plan() {
	local w h words
	for h in "${gone[@]}"; do show_have - "$h"; done
	for w in "${!how[@]}"; do
		[[ ${how[w]} != swap ]] || show_have - "${pair[w]}"
		case ${how[w]} in
		new | swap)
			line_of words "${want_label[w]}" "${want_hook[w]}" "${at[w]}" "${want_names[w]}" "${want_form[w]}" "${want_control[w]}"
			printf '+ '
			shell "${words[@]}"
			[[ ! ${from[w]-} ]] || show_kept "$w" "${from[w]}" ;;
		change)
			show_have '~' "${pair[w]}"
			difference "$w" "${pair[w]}" ;;
		esac
	done
}

# show_kept W H: of which actions of H what they hold becomes that of W, as tcact-data's load decides it
show_kept() {
	local names want have tables_want tables_have given i first=${want_line[$1]} hold=() keep=() whose='that'
	first=${line_first[first]}
	split names "${want_names[$1]}"
	forms_of "$1" "$2"
	for i in "${!names[@]}"; do
		holds "${names[i]}" || continue
		hold+=("${names[i]}")
		if copied "$i"; then keep+=("${names[i]}"); fi
		[[ ${have[i]} != @(\?|old *) ]] || continue
		given=" ${file_settings[first + i]} "
		if [[ ${tables_have[i]}/${tables_want[i]} == [0-9]*/[0-9*]* ]] ||
			# With a seed the keys may be others: it is a secret, which have_form has not.
			{ [[ ${buckets[${names[i]}]-}${set_of[${names[i]}]-} && $given != *' seed '* ]] &&
				same_keys "${want[i]}" "${have[i]}"; }; then
			keep+=("${names[i]}")
		fi
	done
	((${#keep[@]})) || return 0
	[[ ${keep[*]} == "${hold[*]}" ]] || whose="${keep[*]} of that"
	echo "    with what $whose at pref ${have_pref[$2]} holds"
}

# same_keys FORM FORM: buckets with these parameters have the same keys, and there are as many
same_keys() {
	local param
	for param in per prefix4 prefix6 buckets flows; do
		[[ $(value_in "$param" "$1") == "$(value_in "$param" "$2")" ]] || return
	done
}

# value_in PARAM 'PARAM VALUE ...'
value_in() {
	local pairs i
	split pairs "$2"
	for ((i = 0; i < ${#pairs[@]}; i += 2)); do
		[[ ${pairs[i]} != "$1" ]] || echo "${pairs[i + 1]}"
	done
}

show_have() { # SIGN H
	local words
	have_line words "$2"
	printf '%s ' "$1"
	shell "${words[@]}"
}

# ---- doing it ---------------------------------------------------------------------------------

# copied I: action I is of another version of tcact, whose maps may be others, but what its table has stays; by forms_of
copied() { [[ ${have[$1]} == 'old '* && ${tables_have[$1]}/${tables_want[$1]} == [0-9]*/[0-9*]* ]]; }

# again W: what take_line made of its line, for its device alone
again() {
	local k=${want_line[$1]} h=${from[$1]-} first i field want have tables_want tables_have
	local n=${line_steps[k]}
	first=${line_first[k]}
	steps=() settings=() tables=()
	# For a part of an array bash counts from its beginning.
	for ((i = first; i < first + n; i++)); do
		steps+=("${file_steps[i]}") settings+=("${file_settings[i]}") tables+=("${file_tables[i]}")
	done
	split control "${line_control[k]}"
	split match "${want_label[$1]}"
	devs=("${want_dev[$1]}")
	place=([dir]=${want_hook[$1]#* } [pref]=${want_pref[$1]} [chain]=${want_hook[$1]##* } [as]=${match[0]/#-/}
		[protocol]=${match[1]})
	place[dir]=${place[dir]% *} place[chain]=${place[chain]/#0/} match=("${match[@]:2}")
	kept=()
	for i in "${!steps[@]}"; do
		[[ ! ${kept_key["$1 $i"]-} ]] || kept[i]="-u"$'\t'"$kept_file"$'\t'"-w"$'\t'"${kept_key["$1 $i"]}"
	done
	[[ $h ]] || return 0
	forms_of "$1" "$h"
	for i in "${!steps[@]}"; do
		split field "${own[have_first[h] + i]}" $'\t'
		if copied "$i"; then
			kept[i]=-p$'\t'${field[PROGRAM]}$'\t'-r
		elif holds "${steps[i]}" && [[ ${have[i]} != @(\?|old *) ]]; then
			kept[i]=-l$'\t'${field[PROGRAM]}$'\t'-k$'\t'-r
			# the table stays
			[[ ${tables_want[i]} != "${tables_have[i]}" ]] || tables[i]=''
		fi
	done
}

# bake_all W...: what object would bake for them, by one process
bake_all() {
	local w i args key directories=()
	[[ ! $dry ]] || return 0
	for w; do
		again "$w"
		for i in "${!steps[@]}"; do
			[[ ! ${tables[i]}${set_of[${steps[i]}]-}${kept[i]-} ]] || continue
			step_args args "$i" "${want_dev[w]}"
			key="object ${steps[i]} ${args[*]}"
			[[ ! ${made[$key]-} ]] || continue
			new_object "$key" "${steps[i]}"
			[[ ${made[$key]%/*} == "$work" ]] || directories+=("${made[$key]%/*}")
			batch bake "${steps[i]}" "${args[@]}" -o "${made[$key]}"
		done
	done
	((${#directories[@]} == 0)) || run "bake" mkdir "${directories[@]}"
	((${#batches[@]} == 0)) || ask_batches
}

# add_one W PREF [QUEUE]: with it, what tc -batch is to do is added to this array, if -batch can take it
add_one() {
	local dev=${want_dev[$1]} words before after flag
	again "$1"
	# Tables are shared within a line only.
	made[line]=${want_line[$1]}
	actions words "$dev"
	flag=$((${flag_of[$dev]} | 2))
	if [[ ! ${3-} || $dry || $verbose || ${#words[@]} -gt 60 || ${match[*]}$dev == *[\#\'\"\\]* ]]; then
		attach "$dev" "$2" "$flag" "${words[@]}"
		return
	fi
	local -n queue_=$3
	filter_words before after "$dev" "$2" "$flag" "${words[@]}"
	queue_+=("${before[*]} ${match[*]:-@} ${after[*]}")
}

# carry_queue LINE...: filters that come, or go, by one tc, as each takes its time to begin
carry_queue() {
	local n status place_ what limit=("${limit[@]:0:4}" $(($# * limit[4]))) all=("${all_matches[@]}")
	while (($#)); do
		{ printf '%s\n' "${@/ @ action/ ${all[0]} action}" >"$work/batch"; } 2>/dev/null || state_is_full
		status=0
		attempt tc -batch "$work/batch" || status=$?
		((status)) || return 0
		n=1
		[[ ! $said =~ Command\ failed\ [^:]*:([0-9]+) ]] || n=${BASH_REMATCH[1]}
		shift $((n - 1))
		if [[ $said == *'TC classifier not found'* && $1 == *' @ action '* && ${#all[@]} != 1 ]]; then
			all=("${all[@]:1}")
			continue
		fi
		split place_ "$1"
		what="add to"
		[[ ${place_[1]} == add ]] || what="del from"
		killed "$status" || undo_not $#
		suspect_of "$1"
		refused "$what $(q "${place_[3]}") ${place_[4]}" tc "$status"
	done
}

# change_one W: each action that differs gets another program in its place, with the control and the cookie of W. The
# devices of a line share it, and so do those of own_program the table alone.
change_one() {
	local w=$1 h=${pair[$1]} i n field args options want have tables_want tables_have pin ends cookie key swap
	local source
	again "$w"
	n=${#steps[@]}
	forms_of "$w" "$h"
	remember "${want_number[w]}" "${want_label[w]}"
	for ((i = 0; i < n; i++)); do
		split field "${own[have_first[h] + i]}" $'\t'
		ends=${field[CONTROL]}
		((i + 1 < n)) || [[ ${want_control[w]} == goto* ]] || ends=${want_control[w]}
		printf -v cookie '%s%08x%s' "${field[COOKIE]:0:16}" "${sum[${steps[i]}]}" "${want_number[w]}"
		source=()
		! copied "$i" || source=(-c)
		# Without table FILE it is right as it is.
		[[ ${tables_want[i]} != '*' ]] || tables_have[i]='*'
		[[ ${want[i]} != "${have[i]}" || ${tables_want[i]} != "${tables_have[i]}" ||
			$ends != "${field[CONTROL]}" || $cookie != "${field[COOKIE]}" ]] || continue
		step_args args "$i" "${want_dev[w]}"
		# its maps stay; those of another version of tcact may be others, so what keep has written takes their place
		options=(-l "${field[PROGRAM]}" -k)
		if [[ ${have[i]} == @(\?|old *) ]]; then
			split options "${kept[i]-}" $'\t'
			options+=(-p "${field[PROGRAM]}")
		fi
		swap=''
		[[ ${tables[i]} != =* || ${tables_want[i]} == "${tables_have[i]}" && ${options[0]-} == -l ]] ||
			source+=(-t "${tables[i]#=}")
		key="change ${want_line[w]} ${options[*]} ${source[*]} ${steps[i]} ${args[*]}"
		if [[ ! ${made[$key]-} ]]; then
			if ((${#source[@]})); then
				# those of a line that share a table share the new one
				swap="one table ${want_line[w]} $i ${options[0]}"
				! one_table source "$swap" "${field[NAME]}" "${field[PROGRAM]}" || swap=''
			fi
			stage pin "${options[@]}" "${source[@]}" "${steps[i]}" "${args[@]}"
			made["$key"]=$pin
			[[ ! $swap ]] || made["$swap"]="${field[PROGRAM]} $pin"
		fi
		keep "${own[have_first[h] + i]}"
		undo_later replaced "${field[INDEX]}" "${field[COOKIE]}" "${made[keep ${field[PROGRAM]}]}" "${field[CONTROL]}"
		field[COOKIE]=$cookie
		replace "${made[$key]}" "$ends" "${field[@]}"
	done
}

# lines_of ARRAY H: sets ARRAY to the lines of own that this attachment has
lines_of() {
	local -n lines_of_=$1
	local i
	lines_of_=()
	for ((i = have_first[$2]; i < ${have_first[$2 + 1]-${#own[@]}}; i++)); do lines_of_+=("${own[i]}"); done
}

# remove_one H QUEUE: adds what tc -batch is to do to this array, if -batch can take it
remove_one() {
	local lines line field action actions_=() words protocol match_ status=0
	lines_of lines "$1"
	split field "${lines[0]}" $'\t'
	IFS=' ' read -r _ protocol match_ <<<"${have_label[$1]}"
	words=("${field[@]:1:1}" chain "${field[CHAIN]}" pref "${field[PREF]}" protocol "$protocol")
	[[ $match_ ]] || match_=${field[KIND]/#u32/u32 match u32 0 0}
	split match_ "$match_"
	for line in "${lines[@]}"; do
		split action "$line" $'\t'
		if [[ ${action[ACTION_KIND]} == bpf ]]; then
			actions_+=(action bpf object-pinned "${made[keep ${action[PROGRAM]}]}" "${action[CONTROL]}" cookie "${action[COOKIE]}")
		else
			actions_+=(action gact "${action[CONTROL]}" cookie "${action[COOKIE]}")
		fi
	done
	undo_later removed "${field[DEV]}" "${dev_index[${field[DEV]}]-}" "${field[@]:1:3}" "${words[@]}" "${match_[@]}" "${actions_[@]}"
	if [[ ! $dry && ! $verbose ]] && can_batch "${field[DEV]}"; then
		local -n goes_=$2
		removal words "${field[@]:0:7}"
		goes_+=("${words[*]}")
		return
	fi
	remove "${field[@]:0:7}" || status=$?
	((status == 0)) || refused "del from $(q "${field[DEV]}") ${field[DIRECTION]}" tc "$status"
}

# have_hooks: the devices have the hooks that the plan is for, or can get them
have_hooks() {
	local w dev
	for w in "${!how[@]}"; do
		dev=${want_dev[w]}
		[[ ${want_hook[w]} == "$dev ingress "* || ${qdisc_of[$dev]-} != ingress ]] ||
			fail 1 "${line_at[want_line[w]]}" "$(q "$dev") has an ingress qdisc, which has no egress" "replace it by clsact"
	done
}

# prepare_devices W...: sets flag_of; a device that has no clsact gets one
prepare_devices() {
	local w dev
	for w; do
		dev=${want_dev[w]}
		[[ ! ${flag_of[$dev]-} ]] || continue
		flag_of[$dev]=${made_at[$dev]-0}
		[[ ! ${qdisc_of[$dev]-} ]] || continue
		again "$w"
		add_clsact "$dev"
		flag_of[$dev]=${made["clsact $dev"]}
	done
}

# near VAR HOOK PREF: sets VAR to the free pref nearest to this one
near() {
	local i p
	for ((i = 1; i < 65536; i++)); do
		for p in $(($3 - i)) $(($3 + i)); do
			if ((p > 0 && p < 65536)) && [[ ! ${taken_at[$2/$p]-} ]]; then
				printf -v "$1" '%s' "$p"
				taken_at["$2/$p"]=1
				return
			fi
		done
	done
}

# in_order KEY1 KEY2 LINE...: the last word of each "DEV DIR CHAIN PREF N", sorted by the keys of sort for CHAIN and for
# PREF; those of a hook stay together, as bash finds a member of an array slowly that is far from the last one
in_order() {
	(($# == 2)) || printf '%s\n' "${@:3}" | sort -k "$1" -k 1,2 -k "$2" | cut -d ' ' -f 5
}

# all_still DEV...: as still, for each, which has to be
all_still() {
	local text dev
	text=$'\n'$(exec ip -o link show 2>/dev/null) || true
	for dev; do
		[[ ! $dry && ${dev_index[$dev]-} && $text != *$'\n'"${dev_index[$dev]}: $dev"[:@]* ]] || continue
		said='Cannot find device'
		refused "look at $(q "$dev")" ip 1
	done
}

# carry_out: the plan. A packet that the old and the new filters of a hook stop is stopped all the time: what is new comes in
# the order in which packets meet it, what it goes to before what goes there; then what goes is removed in the opposite
# order. What cannot be changed in place at its pref has a second filter beside it meanwhile.
carry_out() {
	local w h adds=() changes=() removes=() swaps=() key field dev queue=() lines goes=()
	local -A flag_of=() guard=() gone_places=() of_queue=()
	if [[ ${how[*]} == *swap* ]]; then
		are_taken
		for w in "${!at[@]}"; do taken_at["${want_hook[w]}/${at[w]}"]=1; done
	fi
	for w in "${!how[@]}"; do
		key="${want_hook[w]} ${at[w]} $w"
		case ${how[w]} in
		new) adds+=("$key") ;;
		swap)
			near "guard[$w]" "${want_hook[w]}" "${at[w]}"
			adds+=("$key")
			gone+=("${pair[w]}") swaps+=("$w") ;;
		change) changes+=("$w") ;;
		esac
	done
	for h in "${gone[@]}"; do removes+=("${have_hook[h]} ${have_pref[h]} $h"); done
	mapfile -t adds < <(in_order 3,3rn 4,4n "${adds[@]}")
	mapfile -t removes < <(in_order 3,3n 4,4rn "${removes[@]}")
	[[ ! $kept_file ]] || read_kept_keys
	((${#kept_key[@]} == 0)) || ask kept "$kept_file"
	bake_all "${adds[@]}"
	prepare_devices "${adds[@]}"
	all_still "${!flag_of[@]}"
	for w in "${adds[@]}"; do
		add_one "$w" "${guard[$w]-${at[w]}}" queue
		# Each of them takes four file descriptors of tc for an action.
		((${#queue[@]} < 16)) || { carry_queue "${queue[@]}"; queue=(); }
	done
	carry_queue "${queue[@]}"
	queue=()
	for w in "${changes[@]}"; do change_one "$w"; done
	for h in "${removes[@]}"; do
		lines_of lines "$h"
		goes+=("${lines[@]}")
	done
	keep "${goes[@]}"
	for h in "${removes[@]}"; do
		split field "${own[have_first[h]]}" $'\t'
		dev=${field[DEV]}
		[[ ${dev_index[$dev]-} ]] || device dev "$dev"
		remove_one "$h" queue
		gone_places[$dev]+=" $dev/${field[DIRECTION]}/${field[CHAIN]}/${field[PREF]}" of_queue[$dev]=1
		((${#queue[@]} < 16)) || { all_still "${!of_queue[@]}"; carry_queue "${queue[@]}"; queue=() of_queue=(); }
	done
	((${#queue[@]} == 0)) || all_still "${!of_queue[@]}"
	carry_queue "${queue[@]}"
	for w in "${swaps[@]}"; do
		add_one "$w" "${at[w]}"
		split field "${want_hook[w]}"
		remove_guard "${field[@]}" "${guard[$w]}"
	done
	for dev in "${!gone_places[@]}"; do
		[[ ! ${flag_of[$dev]-} && ${made_at[$dev]-} ]] || continue
		unused_clsact "$dev" "${gone_places[$dev]}" || continue
		undo_later qdisc "$dev" "${dev_index[$dev]}"
		run "del clsact from $(q "$dev")" tc qdisc del dev "$dev" clsact
	done
}

# remove_guard DEV DIR CHAIN PREF: with -n it was not made, and no more than its place is known
remove_guard() {
	local field status=0
	if own_at field "$@"; then
		remove "$1" "$2" "${field[@]:0:5}" || status=$?
	elif [[ $dry ]]; then
		attempt tc filter del dev "$1" "$2" chain "$3" pref "$4"
	fi
	((status == 0)) || refused "del from $(q "$1") $2" tc "$status"
}

# tidy_labels: the file has what is attached; when nothing can be undone any more, or that would not have its names
tidy_labels() { [[ $dry || $only ]] || keep_labels "${want_number[*]}"; }

# ---- what buckets hold, over a reboot -----------------------------------------------------------

kept_name() { # FILE
	[[ $1 && $1 != -* && $1 != *[[:cntrl:]]* ]] ||
		bad "FILE $(q "$1"): must not be empty, begin with - or have control characters" "choose another name"
}

# key_for VAR DEV DIR CHAIN LABEL I: sets VAR to what tells its action I, whatever its pref; seen counts those that are alike
key_for() {
	local key_="$2 $3 as ${5%% *} $6"
	[[ $5 != '- '* ]] || key_="$2 $3 chain $4 $6 ${5#- }"
	seen["$key_"]=$((${seen["$key_"]-0} + 1))
	printf -v "$1" '%s#%s' "$key_" "${seen["$key_"]}"
}

# read_kept_keys: sets kept_key
read_kept_keys() {
	local w i names place_ all=()
	local -A seen=()
	for w in "${!want_hook[@]}"; do all+=("${want_hook[w]} ${at[w]-0} $w"); done
	mapfile -t all < <(in_order 3,3n 4,4n "${all[@]}")
	for w in "${all[@]}"; do
		split names "${want_names[w]}"
		split place_ "${want_hook[w]}"
		for i in "${!names[@]}"; do
			[[ ${buckets[${names[i]}]-} != lasting ]] || key_for "kept_key[$w $i]" "${place_[@]}" "${want_label[w]}" "$i"
		done
	done
}

# keep FILE
command_keep() {
	local own line field key keys=() label_ of_apply=() of_add=()
	local -A seen=() of_file=()
	no_options "$@"
	[[ $# != 0 ]] || bad "its FILE is missing" "write: tcact keep FILE"
	(($# == 1)) || bad "$(q "$2") is one word too many"
	kept_name "$1"
	catalogue
	if [[ $dry ]]; then
		shell "$self" keep "$1"
		return
	fi
	take_lock
	anywhere
	find_own own ''
	for line in "${own[@]}"; do
		split field "$line" $'\t'
		if by_apply "${field[COOKIE]}"; then
			# of devices to which apply has come
			of_file["${field[DEV]}"]=1
			of_apply+=("$line")
		else
			of_add+=("$line")
		fi
	done
	# first what apply has attached: it counts its own alone
	for line in "${of_apply[@]}" "${of_add[@]}"; do
		split field "$line" $'\t'
		[[ ${buckets[${field[NAME]}]-} == lasting ]] || continue
		label_='- all '
		[[ ! ${field[COOKIE]:24} ]] || label_=${labels[${field[COOKIE]:24}]-?}
		key_for key "${field[@]:0:3}" "$label_" "$((16#${field[COOKIE]:10:2}))"
		keys+=("$key" "${field[@]:NAME:2}")
	done
	ask used "$1" "${#of_file[@]}" "${!of_file[@]}" "${keys[@]}"
}

# told TEXT: says what apply has done
told() { printf '%s\n' "$1" 2>/dev/null || fail 2 apply "cannot write its output" "all that the files say is done"; }

command_apply() {
	local w h dev hook order_of=() n=0 added=0 changed=0 words=(tcact apply)
	local -A wants_at=() haves_at=() made_now=() of_files=()
	catalogue
	if [[ ${1-} == kept ]]; then
		(($# > 1)) || bad "kept: its FILE is missing"
		kept_name "$2"
		[[ ! -e $2 ]] || kept_file=$2
		words+=(kept "$2")
		shift 2
	fi
	if [[ ${1-} == dev ]]; then
		(($# > 1)) || bad "dev: its value is missing"
		device only "$2"
		shift 2
	fi
	[[ ${1-} != -* ]] || misplaced $# "$1"
	no_options "$@"
	read_labels
	read_files "$@"
	ask_batches
	[[ $dry ]] || take_lock
	anywhere
	devs=(${only:+"$only"})
	have_all
	for w in "${!want_hook[@]}"; do
		[[ ! $only || ${want_dev[w]} == "$only" ]] || continue
		hook=${want_hook[w]}
		[[ ${wants_at[$hook]-} ]] || order_of+=("$hook")
		wants_at["$hook"]+="$w "
		[[ ${want_label[w]} == '- '* ]] || named["want ${hook% *} ${want_label[w]%% *}"]=1
	done
	for h in "${!have_hook[@]}"; do
		hook=${have_hook[h]}
		[[ ${wants_at[$hook]-}${haves_at[$hook]-} ]] || order_of+=("$hook")
		haves_at["$hook"]+="$h "
		[[ ${have_label[h]} == '- '* ]] || named["have ${hook% *} ${have_label[h]%% *}"]=1
	done
	for hook in "${order_of[@]}"; do compare "$hook" "${wants_at[$hook]-}" "${haves_at[$hook]-}"; done
	moved
	for dev in "${!absent[@]}"; do
		[[ $only ]] || warn apply "there is no device $(q "$dev") yet (lines: ${absent[$dev]})" \
			"when it is there: $(shell "${words[@]}" dev "$dev" "$@")"
	done
	for w in "${!how[@]}"; do
		[[ ${how[w]} != same || ! ${have_lost[pair[w]]-} ]] || how[w]=change
		[[ ${how[w]} != @(new|swap) ]] || added=$((added + 1))
		[[ ${how[w]} != swap ]] || n=$((n + 1))
		[[ ${how[w]} != change ]] || changed=$((changed + 1))
	done
	n=$((n + ${#gone[@]}))
	if ((added + changed + n == 0)); then
		tidy_labels
		told "apply: nothing to do"
		return
	fi
	have_hooks
	if [[ $dry && ! $verbose ]]; then
		show_plan
		return 4
	fi
	begin
	carry_out
	[[ $dry ]] || for w in "${!how[@]}"; do
		# shellcheck disable=SC2034 # warn_made reads it
		of_files["${want_hook[w]}/${at[w]}"]=1
		[[ ${how[w]} == same ]] || made_now["${want_hook[w]}/${at[w]}"]=1
	done
	((${#made_now[@]} == 0)) || warn_made made_now of_files
	commit
	tidy_labels
	[[ ! $dry ]] || return 4
	told "apply: $added added, $changed changed, $n removed"
}
