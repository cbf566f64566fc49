# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# Making, changing and removing attachments; and undoing that.

# ---- undoing --------------------------------------------------------------------------------

# The call that undoes is not the one that was killed, and may be of any kind: undo loads this file.

# own_at ARRAY DEV DIR CHAIN PREF: sets ARRAY to the fields of tcact's own filter there; fails where there is none
own_at() {
	local what lines
	true_lines "$2" "$3"
	quote what "$2"
	look_at_pref "look at $what $3" "${@:2}"
	own_in lines "$said"
	split "$1" "${lines[0]-}" $'\t'
	((${#lines[@]}))
}

# removal ARRAY DEV DIR CHAIN PREF PROTOCOL KIND HANDLE: sets ARRAY to what tc has to do
removal() {
	split "$1" "filter del dev $2 $3 chain $4 pref $5 protocol $6 handle $8 $7"
}

# remove DEV DIR CHAIN PREF PROTOCOL KIND HANDLE
remove() {
	local words_
	removal words_ "$@"
	still "$1" && attempt tc "${words_[@]}"
}

undo_filter() { # DEV IFINDEX DIR CHAIN PREF
	local field
	same_device "$1" "$2" && own_at field "$1" "${@:3}" || return 0
	remove "$1" "$3" "${field[@]:0:5}"
}

undo_clsact() { # DEV IFINDEX
	! same_device "$1" "$2" || ! unused_clsact "$1" || "${limit[@]}" tc qdisc del dev "$1" clsact
}

undo_replaced() { # INDEX COOKIE PIN CONTROL
	action_at "$1" || return
	[[ $said == *"cookie "* && -e $3 ]] || return 0
	"${limit[@]}" tc actions replace action bpf object-pinned "$3" "${@:4}" index "$1" cookie "$2"
}

undo_removed() { # DEV IFINDEX DIR CHAIN PREF WORD...
	local field word
	same_device "$1" "$2" && ! own_at field "$1" "${@:3:3}" || return 0
	for word; do
		# nobody can bring back what is gone
		[[ $word != "$bpffs"/* || -e $word ]] || return 0
	done
	"${limit[@]}" tc filter add dev "$1" "${@:6}"
}

undo_qdisc() { # DEV IFINDEX
	local qdisc
	same_device "$1" "$2" || return 0
	hooked qdisc "$1"
	[[ $qdisc ]] || "${limit[@]}" tc qdisc add dev "$1" clsact
}

# taken ARRAY FILTERS: sets ARRAY to CHAIN/PREF of each, anybody's, behind "DEV DIR " of the last line "hook DEV DIR"
taken() {
	local text=''
	[[ ! $2 ]] || text=$(exec awk '/^hook / { hook = $2 " " $3 " " }
		# the head alone, as in filters.awk; bash computes with a pref, so it must be no more than a number
		/^filter protocol / && $5 ~ /^[1-9][0-9]*$/ && $5 < 65536 { print hook ($7 == "chain" ? $8 : 0) "/" $5 }' <<<"$2")
	split "$1" "$text" $'\n'
}

# unused_clsact DEV [DEV/DIR/CHAIN/PREF]...: the device has one, and no filters or chains in it; for -n,
# no filters but these
unused_clsact() {
	local way at all places_ qdisc what kind
	quote what "$1"
	hooked qdisc "$1"
	[[ $qdisc == clsact ]] || return
	if [[ $dry ]]; then
		for way in ingress egress; do
			filters all "$1" "$way"
			taken places_ "$all"
			for at in "${places_[@]}"; do
				[[ " ${*:2} " == *" $1/$way/$at "* ]] || return
			done
		done
		return
	fi
	for way in ingress egress; do
		for kind in filter chain; do
			look "look at $what" tc "$kind" show dev "$1" "$way"
			[[ ! $said ]] || return
		done
	done
}

# ---- add ------------------------------------------------------------------------------------

# made_clsact DEV LINE...: an attachment of the device, among these of find_own, says that tcact made the clsact qdisc
made_clsact() {
	local line
	for line in "${@:2}"; do
		[[ $line != "$1"$'\t'*$'\t'746361631[13]* ]] || return 0
	done
	return 1
}

# free_pref VAR DEV FILTERS: sets VAR to the pref that is asked for, or to what tc would choose: the last one
# is the first to see a packet. It is known in advance, so that it can be undone exactly.
free_pref() {
	local free=${place[pref]} key keys used=() in_order_
	taken keys "$3"
	for key in "${keys[@]}"; do
		[[ $key != "$2 ${place[dir]} ${place[chain]:-0}/"* ]] || used[${key##*/}]=1
	done
	if [[ $free ]]; then
		[[ ! ${used[free]-} ]] ||
			bad "pref $free is taken on $(q "$2") ${place[dir]}" "change or del it, or choose another pref"
	else
		in_order_=("${!used[@]}")
		free=$((${in_order_[0]-49153} - 1))
		((free > 0)) || for ((free = 49152; free > 0; free--)); do
			[[ ${used[free]-} ]] || break
		done
	fi
	printf -v "$1" '%s' "$free"
}

# parse_steps WORD...: NAME [PARAM VALUE]... [table FILE] [then NAME ...]... [CONTROL]: sets steps to the names,
# settings to "PARAM VALUE ..." of each, tables to its "=FILE", to "empty", or to nothing, control to CONTROL's words
parse_steps() {
	local n name args table give='give one'
	[[ $in_file ]] || give+=', or - for stdin'
	steps=() settings=() tables=() control=()
	(($#)) || bad "the NAME of an action is missing" "see: tcact list"
	set -- 'then' "$@"
	while [[ ${1-} == 'then' ]]; do
		(($# > 1)) || bad "then: the NAME of an action is missing" "see: tcact list"
		known "$2"
		name=$2 args=() table=''
		shift 2
		while (($#)); do
			if is_param "$name" "$1"; then
				args+=("${@:1:2}")
			elif [[ $1 == table ]]; then
				takes_table "$name" || bad "$name has no table"
				(($# > 1)) || bad "table: its FILE is missing" "$give"
				[[ ! $table ]] || bad "table is given twice"
				[[ $2 ]] || bad "table: the name of its FILE is empty" "$give"
				table=$2
			else
				break
			fi
			shift $(($# > 1 ? 2 : 1))
		done
		check_settings "$name" "${args[@]}"
		steps+=("$name") settings+=("${args[*]}") tables+=("${table:+=$table}")
		[[ ! ${table_key[$name]-} || $table ]] || tables[-1]=empty
	done
	parse_control "$@"
	merge_steps
	n=${#steps[@]}
	[[ ${control[0]-} != goto || ${class[${steps[-1]}]} == verdict ]] || n=$((n + 1))
	# The kernel takes 32, but with more than 15 some cannot list the filter, or delete it.
	((n <= 12)) || bad "$n actions are too many for one filter, which is to have 12" "continue in another chain"
}

# needs_place WORD...: a device and a direction are given; WORDs follow the place
needs_place() {
	local missing='ingress or egress'
	((${#devs[@]})) || missing=dev
	((${#devs[@]} == 0)) || [[ ! ${place[dir]} ]] || return 0
	# which knows where they stand, if there
	! is_action "${1-}" || parse_steps "$@"
	bad "$missing is missing" "write dev DEV ingress or dev DEV egress before the actions"
}

# drops_all NAME SETTINGS CONTROL: of a policer without `over hit`, CONTROL is for what it lets pass, and it drops the rest
drops_all() { [[ ${class[$1]} == policer && $3 == @(drop|shot) && " $2 " != *' over hit '* ]]; }

# parse_control WORD...: what is left
parse_control() {
	local name=${steps[-1]}
	case ${1-} in
	pass | ok | drop | shot | pipe | continue | reclassify | trap)
		control=("$1")
		[[ $subcommand == change ]] || ! drops_all "$name" "${settings[-1]}" "$1" ||
			bad "$1 would drop what $name lets pass too, so all packets" "$(instead $# 1)"
		shift ;;
	goto)
		[[ ${2-} == chain && ${3-} =~ ^(0|[1-9][0-9]{0,8})$ && $3 -le 268435455 ]] ||
			bad "goto: must be goto chain 0..268435455"
		control=(goto chain "$3")
		shift 3 ;;
	jump)
		[[ ${2-} =~ ^[1-9][0-9]{0,4}$ ]] || bad "jump: must be jump 1..99999"
		control=(jump "$2")
		shift 2 ;;
	esac
	(($#)) || return 0
	meant_step "$name" "${tables[-1]/#empty/}" "$@"
	bad "$(q "$1") is neither a parameter of $name (${params[$name]% }) nor a CONTROL" \
		"see: tcact info $name"
}

# Neighbours of which edit makes the same in one program become one edit: entering an action costs
# more than what it does.
merge_steps() {
	local i j part order used args new_steps=() new_settings=() new_tables=()
	((${#steps[@]} > 1)) || return 0
	for ((i = 0; i < ${#steps[@]}; i = j)); do
		order=0 used='' args=''
		for ((j = i; j < ${#steps[@]}; j++)); do
			next_part part order "$used" "${steps[j]}" "${settings[j]}" || break
			used+=" $part "
			edit_settings args "$part" "${steps[j]}" "${settings[j]}"
		done
		if ((j > i + 1)); then
			new_steps+=(edit) new_settings+=("${args# }") new_tables+=('')
		else
			j=$((i + 1))
			new_steps+=("${steps[i]}") new_settings+=("${settings[i]}") new_tables+=("${tables[i]}")
		fi
	done
	steps=("${new_steps[@]}") settings=("${new_settings[@]}") tables=("${new_tables[@]}")
}

# next_part PART ORDER USED NAME 'PARAM VALUE ...': sets the variable PART to a part of edit that is this
# action, none of USED, and may follow one of ORDER; that variable becomes its own. parameter.h has the rules.
next_part() {
	local -n part_=$1 order_=$2
	local row rows pair
	[[ " $5" != *' link '* ]] || return 1
	split rows "${parts[$4]-}" $'\n'
	for row in "${rows[@]}"; do
		split row "$row"
		[[ $3 != *" ${row[0]} "* && ${row[1]} -ge $order_ ]] || continue
		for pair in "${row[@]:2}"; do
			[[ " $5 " != *" ${pair/=/ } "* ]] || return 1
		done
		# shellcheck disable=SC2034 # of the caller
		part_=${row[0]} order_=${row[1]}
		return
	done
	return 1
}

# edit_settings VAR PART NAME 'PARAM VALUE ...': adds the same to the variable VAR, as parameters of the
# part; a part is on once one of them is given.
edit_settings() {
	local given first=${params[$3]%% *} p
	split given "${4:-$first ${default[$3]}}"
	for ((p = 0; p < ${#given[@]}; p += 2)); do
		printf -v "$1" '%s %s' "${!1}" "$2.${given[p]} ${given[p + 1]}"
	done
}

# for_device ARRAY NAME DEV: adds to the settings of the action what tcact knows of the device and the
# user did not say
for_device() {
	local -n args_=$1
	local p=mtu lacks mtu=${dev_mtu[$3]}
	! is_param "$2" link || [[ " ${args_[*]} " == *" link "* || ${dev_link[$3]} == auto ]] ||
		args_+=(link "${dev_link[$3]}")
	[[ " ${args_[*]} " != *' mss.'* ]] || p=mss.mtu
	[[ $2 == mss || $p == mss.mtu ]] || return 0
	# A kernel without bpf_check_mtu must be told the MTU; 68 is the least one of IPv4 (RFC 791).
	lacking lacks "$2" "$p" device || return 0
	[[ " ${args_[*]} " == *" ${p%mtu}max "[0-9]* || " ${args_[*]} " == *" $p "* ]] ||
		args_+=("$p" "$((mtu < 68 ? 68 : mtu))")
}

# kernel VERSION: this one is as new
read -r release 2>/dev/null </proc/sys/kernel/osrelease || release=$(uname -r)
kernel() {
	[[ $release =~ ^([0-9]+)\.([0-9]+) ]] &&
		((10#${BASH_REMATCH[1]} * 1000 + 10#${BASH_REMATCH[2]} >= ${1%.*} * 1000 + ${1#*.}))
}

# How the kernel was configured, and the file that says so; nothing where there is none
config='' config_file=''
read_config() {
	local file
	for file in /proc/config.gz "/boot/config-$release" "/lib/modules/$release/config"; do
		[[ ! $config && -r $file ]] || continue
		config=$(gzip -cdf "$file" 2>/dev/null | grep '^CONFIG_[A-Z0-9_]*=[ym]') || true
		[[ ! $config ]] || config_file=$file
	done
}
# configured NAME: CONFIG_NAME is not known to be off
configured() { [[ ! $config || $'\n'$config == *$'\n'"CONFIG_$1="* ]]; }

# lacking VAR NAME PARAM [WORD]: sets VAR to " WORD (WHAT IT NEEDS)" of those of its words that this kernel
# does not support
lacking() {
	local pair need list=''
	for pair in ${needs["$2 $3"]-}; do
		need=${pair#*=}
		[[ ${4-${pair%=*}} == "${pair%=*}" ]] || continue
		if [[ $need == +([0-9]).+([0-9]) ]]; then
			kernel "$need" || list+=" ${pair%=*} (Linux $need)"
		else
			[[ $config_file ]] || read_config
			configured "$need" || list+=" ${pair%=*} (CONFIG_$need)"
		fi
	done
	printf -v "$1" '%s' "$list"
	[[ $list ]]
}

# suspect_of WORDS: sets suspect to what this kernel lacks for an object that these words of tc name
suspect_of() {
	local key args p lacks
	for key in "${!made[@]}"; do
		[[ $key == 'object '* && " $1 " == *" ${made[$key]} "* ]] || continue
		split args "$key"
		for ((p = 2; p < ${#args[@]}; p += 2)); do
			! lacking lacks "${args[1]}" "${args[@]:p:2}" ||
				suspect="this kernel lacks what is needed for ${args[1]} ${args[p]}$lacks"
		done
	done
}

# new_object KEY NAME: sets made[KEY] to the file that becomes a copy of the action's object. It is named after the
# action: that is the name which tc shows. So a further one needs a directory of its own.
new_object() {
	made["$1"]=$work/$2.o
	[[ ! ${made["first $2"]-} ]] || made["$1"]=$work/${#made[@]}/$2.o
	made["first $2"]=1
}

# object VAR NAME [PARAM VALUE]...: sets VAR to a copy of the action's object with these values
object() {
	local key="object ${*:2}"
	if [[ ! ${made[$key]-} ]]; then
		new_object "$key" "$2"
		[[ ${made[$key]%/*} == "$work" ]] || run "bake $2" mkdir "${made[$key]%/*}"
		bake ask "${made[$key]}" "${@:2}"
	fi
	printf -v "$1" '%s' "${made[$key]}"
}

# own_program NAME: attachments of one add share no more than the table, as what a matcher counts tells the hits of one, and
# the buckets of a policer are those of one device
own_program() { [[ ${class[$1]} == @(matcher|policer) ]]; }

# one_table ARRAY KEY NAME PROGRAM: sets ARRAY to the options for the table of what was staged under KEY, if PROGRAM, which is
# replaced (-: none), and what that replaced had one table; else it fails
one_table() {
	local first ids
	split first "${made[$2]-}"
	((${#first[@]})) || return
	if [[ ${first[0]} != "$4" ]]; then
		# the first of them is always there
		ids=$(data sharing "$3" "${first[0]}" "$4") || ended $?
		[[ $ids == *$'\n'* ]] || return
	fi
	split "$1" "-T ${first[1]}"
}

# staged_table VAR I TABLE KEPT NAME [PARAM VALUE]...: sets VAR to the pin of step I with these values, this table,
# and what is kept for it; all devices of one add share it, or the table alone. Where that replaces tables, those do whose
# table was one.
staged_table() {
	local key="table ${made[line]-} ${*:2}" one options source=() program=-
	if [[ ! ${made[$key]-} ]] || own_program "$5"; then
		split options "$4" $'\t'
		one="one table ${made[line]-} $2 ${options[0]-}"
		[[ ${options[0]-} != -[lp] ]] || program=${options[1]}
		[[ ${options[0]-} != -p ]] || source+=(-c)
		[[ $3 != =* ]] || source+=(-t "${3#=}")
		if ((${#source[@]})) || [[ $3 && $program == - ]]; then
			one_table source "$one" "$5" "$program" || true
		fi
		stage "$1" "${options[@]}" "${source[@]}" "${@:5}"
		made["$key"]=${!1} made["$one"]="$program ${!1}"
	fi
	printf -v "$1" '%s' "${made[$key]}"
}

# step_args ARRAY I DEV: sets ARRAY to all that tcact bakes into step I on this device
step_args() {
	local -n baked_=$1
	local name_=${steps[$2]}
	split "$1" "${settings[$2]}"
	for_device "$1" "$name_" "$3"
	# What tc does not count: of an allow list the misses are few, of others the hits. What follows
	# in the filter counts the hits.
	[[ ${class[$name_]} == matcher && " ${baked_[*]} " != *' count '* && ${control[0]-} != goto ]] &&
		(($2 + 1 == ${#steps[@]})) || return 0
	[[ ${control[0]-} == @(pass|ok) ]] && baked_+=(count misses) || baked_+=(count hits)
}

# actions ARRAY DEV: sets ARRAY to tc's words for the actions of the steps, all but for their cookies' flags
actions() {
	local -n words_=$1
	local i n=${#steps[@]} name class_ verdict cookie args file mark_ text_
	words_=()
	label mark_ text_
	for ((i = 0; i < n; i++)); do
		name=${steps[i]} class_=${class[${steps[i]}]}
		step_args args "$i" "$2"
		verdict=(pipe)
		# pipe would keep packets from the filters that follow
		((i + 1 < n)) || verdict=("${control[@]:-continue}")
		# The kernel refuses to replace an action whose control is goto chain.
		[[ ${verdict[0]} != goto || $class_ == verdict ]] || verdict=(pipe)
		printf -v cookie '746361631F%02x%02x00%08x%s' "$i" "$n" "${sum[$name]}" "$mark_"
		words_+=(action bpf)
		if [[ ${tables[i]} || ${set_of[$name]-} || ${kept[i]-} ]]; then
			staged_table file "$i" "${tables[i]}" "${kept[i]-}" "$name" "${args[@]}"
			words_+=(object-pinned "$file")
		else
			# tc mounts it too, but not where a mount on /sys hides one. Its root is sticky, a directory of sysfs is not.
			[[ -k $bpffs || $dry ]] || mount_bpffs
			object file "$name" "${args[@]}"
			words_+=(object-file "$file" sec "action/$name")
		fi
		words_+=("${verdict[@]}" cookie "$cookie")
	done
	if [[ ${control[0]-} == goto && $class_ != verdict ]]; then
		printf -v cookie '746361631F%02x%02x00%08x%s' "$n" "$n" 0 "$mark_"
		words_+=(action gact "${control[@]}" cookie "$cookie")
	fi
}

# what matches all packets, where there is no match; a kernel may lack the first ones
all_matches=(matchall flower 'u32 match u32 0 0')

# filter_words BEFORE AFTER DEV PREF FLAG ACTION...: sets these arrays to tc's words before and behind the match,
# for a filter that is to be undone
filter_words() {
	local -n before_=$1 after_=$2
	local dir=${place[dir]} chain=${place[chain]} number text
	label number text
	remember "$number" "$text"
	# shellcheck disable=SC2034 # of the caller
	before_=(filter add dev "$3" "$dir" ${chain:+chain "$chain"} pref "$4" protocol "${place[protocol]:-all}")
	after_=("${@:6}")
	after_=("${after_[@]//746361631F/746361631$5}")
	undo_later filter "$3" "${dev_index[$3]}" "$dir" "${chain:-0}" "$4"
}

# attach DEV PREF FLAG ACTION...
attach() {
	local status=0 try tries=("${match[*]}") before after
	filter_words before after "$@"
	[[ ${tries[0]} ]] || tries=("${all_matches[@]}")
	for try in "${tries[@]}"; do
		status=0
		split try "$try"
		still "$1" && attempt tc "${before[@]}" "${try[@]}" "${after[@]}" || status=$?
		[[ $status != 0 && $said == *'TC classifier not found'* ]] || break
	done
	((status)) || return 0
	killed "$status" || undo_not
	suspect_of "${after[*]}"
	refused "add to $(q "$1") ${place[dir]}" tc "$status"
}

command_add() {
	local table rest
	catalogue
	place rest "$@"
	needs_place "${rest[@]}"
	parse_steps "${rest[@]}"
	for table in "${tables[@]}"; do take_stdin "${table#=}"; done
	begin
	[[ ! ${place[as]} ]] || unused_name
	add
	commit
}

# unused_name: the name that the place gives is no attachment's on these devices
unused_name() {
	local own match=()
	local -A place=([dir]='' [pref]='' [chain]='' [as]=${place[as]} [protocol]='')
	find_own own ''
	((${#own[@]} == 0)) || bad "as ${place[as]}: that name is taken" "choose another one, or del as ${place[as]}"
}

# add: make what place and parse_steps read
add() {
	local dev flag prefs=() all=() qdisc words found=() list lines i n
	for dev in "${devs[@]}"; do
		hooked qdisc "$dev"
		[[ ${place[dir]} == ingress || $qdisc != ingress ]] ||
			bad "$(q "$dev") has an ingress qdisc, which has no egress" "replace it by clsact"
		qdisc_of["$dev"]=$qdisc
		case $qdisc in
		clsact) all_filters list lists "$dev" ingress "$dev" egress ;;
		ingress) all_filters list lists "$dev" ingress ;;
		*) list='' ;;
		esac
		found+=("$list")
		free_pref "prefs[${#prefs[@]}]" "$dev" "$list"
	done
	for dev in "${devs[@]}"; do
		actions words "$dev"
		all+=("${words[@]}")
		n=${#words[@]}
	done
	for i in "${!devs[@]}"; do
		dev=${devs[i]} flag=0
		case ${qdisc_of[$dev]} in
		clsact)
			own_in lines "${found[i]}"
			! made_clsact "$dev" "${lines[@]}" || flag=1 ;;
		'')
			[[ ${made["clsact $dev"]-} ]] || add_clsact "$dev"
			flag=${made["clsact $dev"]} ;;
		esac
		attach "$dev" "${prefs[i]}" "$flag" "${all[@]:i * n:n}"
	done
	for i in "${!devs[@]}"; do warn_order "${devs[i]}" "${prefs[i]}"; done
}

# add_clsact DEV: that tcact has made it is false where somebody else was quicker
add_clsact() {
	local status=0 qdisc
	made["clsact $1"]=1
	undo_later clsact "$1" "${dev_index[$1]}"
	still "$1" && attempt tc qdisc add dev "$1" clsact || status=$?
	((status == 0)) || killed "$status" || undo_not
	if ((status)) && [[ $said == *'Exclusivity flag on'* ]]; then
		hooked qdisc "$1"
		made["clsact $1"]=0
		[[ $qdisc != clsact && (${place[dir]} != ingress || $qdisc != ingress) ]] || return 0
		said='Exclusivity flag on'
	fi
	((status == 0)) || refused "add clsact to $(q "$1")" tc "$status"
	qdisc_of["$1"]=clsact
}

# ---- change ---------------------------------------------------------------------------------

# The same program with other constants takes its place; it keeps its maps, and so its table
# and its counters.
command_change() {
	local line rest own field entry name pin ends settings_ given=() fits=()
	catalogue
	place rest "$@"
	name=${rest[0]-}
	parse_steps "${rest[@]}"
	((${#devs[@]})) || [[ ${place[as]} ]] || bad "dev is missing" "write dev DEV, or as NAME"
	((${#steps[@]} == 1)) || bad "then: change one action at a time"
	[[ ${tables[0]} != =* ]] || bad "table: use tcact table load"
	split given "${settings[0]}"
	((${#given[@]} || ${#control[@]})) || bad "there is nothing to change"
	[[ ${control[0]-} != goto ]] || bad "goto chain cannot be set in place" "del and add it"
	begin
	find_own own "$name"
	for line in "${own[@]}"; do
		split field "$line" $'\t'
		[[ ${field[NAME]} != "$name" ]] || fits+=("$line")
		[[ ${field[ACTION_KIND]} == bpf || ${#control[@]} == 0 ]] ||
			bad "its control is ${field[CONTROL]}, which the kernel does not replace in place" "del and add it"
	done
	one_of entry "${fits[@]}"
	[[ ! ${control[*]} || $((16#${entry[COOKIE]:10:2} + 1)) == $((16#${entry[COOKIE]:12:2})) ]] ||
		bad "$name is not the last action, which has the control" "name that one"
	[[ ${entry[CONTROL]} != goto* ]] ||
		bad "its control is ${entry[CONTROL]}, which the kernel does not replace in place" "del and add it"
	ends=${control[*]:-${entry[CONTROL]}} settings_=${settings[0]}
	if drops_all "$name" "$settings_" "$ends"; then
		[[ " $settings_ " == *' over '* ]] || settings_=$(data live "$name" "${entry[PROGRAM]}") || ended $?
		# that it cannot be read stage says
		[[ ! $settings_ ]] || ! drops_all "$name" "${settings_##*$'\t'}" "$ends" ||
			bad "$ends would drop what $name lets pass too, so all packets" "give another CONTROL, such as continue"
	fi
	stage pin -l "${entry[PROGRAM]}" "$name" "${given[@]}"
	replace "$pin" "$ends" "${entry[@]}"
	commit
}

# ---- del ------------------------------------------------------------------------------------

command_del() {
	local line field flags='' d rest own left all=() gone=() status=0 applied=''
	catalogue
	[[ ${1-} != applied ]] || { applied=1; shift; }
	place rest "$@"
	ends "${rest[@]:1}"
	((${#devs[@]})) || [[ ${place[as]} || $applied ]] || bad "dev is missing" "write dev DEV, or as NAME"
	begin
	find_own own "${rest[0]-}"
	((${#own[@]})) || [[ $applied && ! ${rest[0]-} ]] || none "${rest[0]-}"
	for line in "${own[@]}"; do
		split field "$line" $'\t'
		is_first "${field[COOKIE]}" || continue
		[[ ! $applied ]] || by_apply "${field[COOKIE]}" || continue
		all+=("$line")
	done
	no_signals
	doubt
	for line in "${all[@]}"; do
		split field "$line" $'\t'
		! made_clsact "${field[DEV]}" "$line" || flags+=" ${field[DEV]} "
		remove "${field[@]:0:7}" || status=$?
		# a tc that was stopped may have done its work
		((status == 0)) || ! killed "$status" || own_at left "${field[@]:0:4}" || status=0
		((status == 0)) || refused "del from $(q "${field[DEV]}") ${field[DIRECTION]}" tc "$status"
		gone+=("${field[DEV]}/${field[DIRECTION]}/${field[CHAIN]}/${field[PREF]}")
		so_far=", after ${#gone[@]} of ${#all[@]}"
	done
	for d in "${devs[@]}"; do
		[[ $flags != *" $d "* ]] || ! still "$d" || ! unused_clsact "$d" "${gone[@]}" ||
			run "del clsact from $(q "$d")" tc qdisc del dev "$d" clsact
	done
	commit
	[[ $dry ]] || forget_labels
}

# forget_labels: those that no attachment has any more
forget_labels() {
	local line field all in_use
	((${#labels[@]})) || return 0
	in_use=$(
		exec 2>/dev/null
		find_everywhere all
		for line in "${all[@]}"; do
			split field "$line" $'\t'
			printf '%s ' "${field[COOKIE]:24}"
		done
	) || return 0
	keep_labels "$in_use"
}
