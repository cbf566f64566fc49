# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# Attachments. One is a filter of tcact's own: a match and one or more actions, each of which
# carries a cookie of 12 or 16 bytes, by which it is found again:
#   74636163  "tcac"
#   1F        layout 1; F is the sum of 1 where tcact made the clsact qdisc of the device, 2 where apply added it
#   PP NN 00  this is action PP of NN; PP = NN is the `goto chain` that ends them
#   CCCCCCCC  cksum of the object as it was built: from which tcact it came
#   LLLLLLLL  label: of the name, the protocol and the match as they were given, where there are any

# ---- where: dev D [dev D]... ingress|egress [pref N] [chain N] [as NAME] [protocol P] [match M]

# anywhere: no device, direction, pref ... is asked for
anywhere() { devs=() match=() place=([dir]='' [pref]='' [chain]='' [as]='' [protocol]=''); }

# place REST WORD...: sets the variable REST to the words behind the place
place() {
	local -n rest_=$1
	local name d
	anywhere
	shift
	while (($#)); do
		case $1 in
		ingress | egress)
			[[ ! ${place[dir]} ]] || bad "the direction is given twice"
			place[dir]=$1
			shift
			continue ;;
		match)
			! names_action "${@:2:1}" || break
			# u32's word, of a match that is not one word for the shell
			[[ ${match[*]} != u32 || ${2-} == u32* ]] || break ;;
		dev | pref | chain | as | protocol) (($# > 1)) || bad "$1: its value is missing" ;;
		parent | root | block | handle | classid)
			bad "$(q "$1"): tcact attaches to ingress and egress of a device only" ;;
		*) break ;;
		esac
		case $1 in
		dev)
			device name "$2"
			for d in "${devs[@]}"; do
				[[ ${dev_index[$d]} != "${dev_index[$name]}" ]] || bad "dev $(q "$2") is given twice"
			done
			devs+=("$name") ;;
		pref)
			[[ ! ${place[pref]} && $2 =~ ^[1-9][0-9]{0,4}$ && $2 -le 65535 ]] ||
				bad "pref $(q "$2"): must be 1..65535, once"
			place[pref]=$2 ;;
		chain)
			[[ ! ${place[chain]} && $2 =~ ^(0|[1-9][0-9]{0,8})$ && $2 -le 268435455 ]] ||
				bad "chain $(q "$2"): must be 0..268435455, once"
			place[chain]=$2 ;;
		as)
			[[ ! ${place[as]} && $2 =~ ^[A-Za-z0-9_][A-Za-z0-9_.-]{0,31}$ ]] ||
				bad "as $(q "$2"): must be a name of at most 32 letters, digits, _, . and -, once"
			place[as]=$2 ;;
		protocol)
			[[ ! ${place[protocol]} && $2 =~ ^[a-zA-Z0-9_.-]+$ ]] ||
				bad "protocol $(q "$2"): must be a name or number that tc knows, once"
			place[protocol]=$2 ;;
		match) place_match "$2" ;;
		esac
		shift 2
	done
	rest_=()
	rest_+=("$@")
	(($# == 0)) || meant_place "$@"
	((${#match[@]} == 0)) || [[ ! $in_file && $subcommand != add ]] || meant_protocol "${match[@]}"
}

# names_action [WORD]: before this word, or none, match is the action of that name
names_action() {
	(($#)) || return 0
	[[ $1 == @(then|pass|ok|drop|shot|reclassify|pipe|continue|trap|goto|jump) ]] ||
		is_param match "$1"
}

# device VAR NAME: sets the variable VAR to the name that the kernel has for the device of this name or
# altname: tc cuts a longer one to 15 characters, which may be the name of another device
device() {
	if [[ $in_file ]]; then
		file_device "$@"
	elif ! find_device "$@"; then
		type -P ip >/dev/null || fail 2 "$subcommand" "there is no ip" "install iproute2"
		bad "there is no device $(q "$2")" "see: ip link"
	fi
}

# few_links: sets links to what ip says of each device where there are few, as each ip takes its time
few_links() {
	local all=(/sys/class/net/*/ifindex) text lines line
	((${#all[@]} <= 200)) || return 0
	text=$(exec ip -d -o link show 2>/dev/null) || return 0
	split lines "$text" $'\n'
	# or it is of another network namespace, or the alias of a device has a line feed
	((${#lines[@]} == ${#all[@]})) || return 0
	for line in "${lines[@]}"; do
		# Behind @ may be what is at the other end, or more of the name: find_device compares the index.
		[[ ! $line =~ ^[0-9]+:\ ([^\ ]+):\  ]] || links["${BASH_REMATCH[1]%@*}"]=$line
	done
}

# find_device VAR NAME: as device, but fails where there is none
find_device() {
	local line='' index='' name_ mtu layer
	if [[ $2 && $2 != */* ]]; then
		line=${links[$2]-}
		[[ ! $line ]] || read -r index 2>/dev/null <"/sys/class/net/$2/ifindex" || true
		[[ $index && $line == "$index: "* ]] || line=$(exec ip -d -o link show dev "$2" 2>/dev/null) || true
	fi
	[[ $line =~ ^([0-9]+):\ ([^\ ]+):\ \<[^\>]*\>\ mtu\ ([0-9]+)\  ]] || return
	index=${BASH_REMATCH[1]} name_=${BASH_REMATCH[2]} mtu=${BASH_REMATCH[3]}
	# Behind @ ip says what is at the other end, but a name can have one too.
	[[ $name_ == "$2" || $name_ != *@* ]] ||
		{ [[ ${name_%@*} != "$2" ]] && same_device "$name_" "$index"; } || name_=${name_%@*}
	printf -v "$1" '%s' "$name_"
	dev_index["$name_"]=$index dev_mtu["$name_"]=$mtu
	link_of "$line" layer
	dev_link["$name_"]=$layer
}

# link_of LINE VARIABLE: what packets of a device begin with, of which ip -d -o says LINE. Its type is not
# enough: at ingress, xfrm and vti show the Ethernet header of the device below, kernel 5.10 the outer header
# of ipip and gre; what is redirected to an ifb has the link layer of where it came from; a tun device has the
# type that its program chose. So for kinds other than those of tests/functional/kinds.sh the action finds out.
link_of() {
	local after=${1#*\\    link/} kind='' word=auto
	# The kind follows; of a device without one, what it is as a port of a bridge or bond, or nothing.
	if [[ ${after%%\\*} != *' numtxqueues '* ]]; then
		kind=${after#*\\    }
		if [[ $kind == 'tun type tap '* ]]; then kind=tap; else kind=${kind%% *}; fi
	fi
	case ${after%% *}/$kind in
	loopback/ | ether/ | ether/*_slave) word=ether ;;
	ether/@(bond|bridge|dummy|erspan|geneve|gretap|hsr|ip6gretap|ipvlan|macsec|macvlan|macvtap|netkit|tap|team|veth|vlan|vrf|vxlan))
		word=ether ;;
	none/@(geneve|tun|wireguard) | ppp/ppp) word=none ;;
	esac
	printf -v "$2" %s "$word"
}

# The words go to tc as they are, but for those that would end the match.
place_match() {
	local word
	((${#match[@]} == 0)) || bad "match is given twice"
	[[ $1 != *[[:cntrl:]]* ]] || bad "match $(q "$1"): has control characters"
	split match "$1"
	[[ ${match[0]-} == @(matchall|flower|u32|basic|bpf|cgroup) ]] ||
		bad "match $(q "$1"): must begin with matchall, flower, u32, basic, bpf or cgroup"
	for word in "${match[@]}"; do
		# tc takes abbreviations for them
		[[ $word != @(a|ac|act|acti|actio|action|p|po|pol|poli|polic|police) ]] ||
			bad "match $(q "$1"): cannot contain an action"
		[[ $word != divisor ]] || bad "match $(q "$1"): makes a hash table and no filter" "make it with tc"
	done
}

# ---- labels -----------------------------------------------------------------------------------

# The cookie has room for a number that stands for the name of an attachment, its protocol and its match as
# they were given; /run/tcact/labels.NETNS says what the number means. So both stay when the program or the
# table is replaced, and a number that nothing carries does no harm. Without that file only the names are lost,
# until the next apply.

# label VAR TEXT: sets these variables to the number of what the place says, and to what it says: "NAME PROTOCOL
# MATCH", with - for no name; to nothing where that is "- all "
label() {
	local protocol_=${place[protocol],,} said_ number_=2166136261 i c
	said_="${place[as]:--} ${protocol_:-all} ${match[*]}"
	printf -v "$1" '%s' ''
	printf -v "$2" '%s' "$said_"
	[[ $said_ != '- all ' ]] || return 0
	if [[ ! ${numbers[$said_]-} ]]; then
		for ((i = 0; i < ${#said_}; i++)); do	# FNV-1a
			printf -v c '%d' "'${said_:i:1}"
			number_=$(((number_ ^ c & 255) * 16777619 & 4294967295))
		done
		printf -v c '%08x' "$number_"
		numbers["$said_"]=$c
	fi
	printf -v "$1" '%s' "${numbers[$said_]}"
}

# label_file VAR: sets VAR to the name of the file
label_file() {
	netns_of "$1"
	printf -v "$1" '%s' "$state/labels.${!1}"
}

# read_labels: sets labels and numbers to what the file says, if it is of this user and in a directory of his
read_labels() {
	local file text
	compgen -G "$state/labels.*" >/dev/null && [[ -d $state && ! -L $state && -O $state ]] || return 0
	label_file file
	[[ -f $file && ! -L $file && -O $file ]] || return 0
	while IFS= read -r text; do
		[[ $text =~ ^([0-9a-f]{8})\ (.+) ]] || continue
		labels["${BASH_REMATCH[1]}"]=${BASH_REMATCH[2]} numbers["${BASH_REMATCH[2]}"]=${BASH_REMATCH[1]}
	done <"$file"
}

# remember NUMBER TEXT: writes that down, if there is a number
remember() {
	local file
	[[ $1 && ! $dry && ${labels[$1]-} != "$2" ]] || return 0
	label_file file
	{ printf '%s %s\n' "$1" "$2" >>"$file"; } 2>/dev/null || fail 2 "$subcommand" "cannot write to $state" "make room there"
	labels[$1]=$2
}

# name_of VAR COOKIE: sets VAR to the name of the attachment, or to nothing
name_of() {
	local text_=${2:24}
	[[ ! $text_ ]] || text_=${labels[$text_]-}
	text_=${text_%% *}
	printf -v "$1" '%s' "${text_#-}"
}

# ---- what there is --------------------------------------------------------------------------

# look WHAT tc WORD...: sets said to what it prints; that there is no such qdisc or device is no failure
look() {
	local what=$1 status=0
	shift
	said=$(exec "${limit[@]}" "$@" 2>&1) || status=$?
	((status)) && [[ $said != *@('Parent Qdisc'|'Cannot find device'|'No such device')* ]] || return 0
	[[ ! $verbose ]] || printf '%s\n' "$said" >&2
	refused "$what" "$1" "$status"
}

# what tc prints before each filter
head='filter protocol [^ ]+ pref [0-9]+ [^ ]+ chain [0-9]+ '

# filters VAR DEV DIR: sets the variable VAR to the list of them. The kernel drops a matchall filter from a list where it does not fit
# into the rest of a message, and leaves only the line before it: each of these is asked for by itself.
filters() {
	local list_ lost field what
	quote what "$2"
	what="look at $what $3"
	look "$what" tc -s filter show dev "$2" "$3"
	list_=$said
	while [[ $list_ =~ (^|$'\n')($head)($'\n'$head$'\n'|$) ]]; do
		lost=${BASH_REMATCH[2]}
		read -ra field <<<"$lost"
		look "$what" tc -s filter show dev "$2" "$3" chain "${field[7]}" pref "${field[4]}"
		# tc leaves out what it was asked for
		said=${said//"filter protocol ${field[2]} ${field[5]} "/"$lost"}
		if [[ $said == *"$lost"handle\ * ]]; then said=${said#"$lost"$'\n'}; else said=${lost% }; fi
		list_=${list_/"$lost"/"$said"}
	done
	printf -v "$1" '%s' "$list_"
}

# all_filters VAR [DEV DIR]...: sets VAR to the lists of them, each behind a line "hook DEV DIR". The devices have the
# qdiscs of qdisc_of. One tc lists all; where that fails, filters says why, and gets what is missing.
all_filters() {
	local var_=$1 text_='' rest_ one_ commands_='' at_
	shift
	for ((at_ = 1; at_ < $#; at_ += 2)); do
		# That of the qdisc comes first, and separates the lists.
		commands_+="qdisc show dev ${!at_}"$'\nfilter show dev '"${*:at_:2}"$'\n'
	done
	# Other characters have a meaning for -batch.
	if [[ $commands_ != *[!A-Za-z0-9_.:@\ $'\n'-]* ]] &&
		rest_=$(exec "${limit[@]}" tc -s -batch - <<<"$commands_" 2>/dev/null); then
		rest_=$'\n'$rest_
		for ((at_ = 1; at_ < $#; at_ += 2)); do
			one_=$'\nqdisc '"${qdisc_of[${!at_}]} ffff:"
			[[ $rest_ == *"$one_"* ]] || break
			rest_=${rest_#*"$one_"}
			one_=${rest_%%$'\nqdisc '*}
			rest_=${rest_:${#one_}}
			[[ $one_ != *$'\nfilter '* ]] ||
				text_+="hook ${*:at_:2}"$'\nfilter '"${one_#*$'\nfilter '}"$'\n'
		done
		if ((at_ > $#)) && [[ ! $text_ =~ (^|$'\n')$head($'\n'($head$'\n'|hook )|$) ]]; then
			printf -v "$var_" '%s' "$text_"
			return
		fi
	fi
	text_=''
	for ((at_ = 1; at_ < $#; at_ += 2)); do
		filters one_ "${@:at_:2}"
		[[ ! $one_ ]] || text_+="hook ${*:at_:2}"$'\n'$one_$'\n'
	done
	printf -v "$var_" '%s' "$text_"
}

# mine ARRAY DEV DIR: sets ARRAY to tcact's own actions there, as filters.awk prints them
mine() {
	local text
	filters text "$2" "$3"
	[[ $text ]] || { mapfile -t "$1" </dev/null; return; }
	mapfile -t "$1" < <(awk -v "actions=${actions[*]}" -f "$lib/filters.awk" <<<"$text")
}

# own_at ARRAY DEV DIR CHAIN PREF: sets ARRAY to the fields of tcact's own filter there; fails where there is none
own_at() {
	local -n at_=$1
	local lines line
	mine lines "$2" "$3"
	for line in "${lines[@]}"; do
		IFS=$'\t' read -ra at_ <<<"$line"
		[[ ${at_[0]} != "$4" || ${at_[1]} != "$5" ]] || return 0
	done
	return 1
}

# hooked VAR DEV: sets VAR to the qdisc that has its hooks, clsact or ingress: a device has one at most
hooked() {
	local pattern=$'(^|\n)qdisc (clsact|ingress) ' what
	quote what "$2"
	look "look at $what" tc qdisc show dev "$2"
	printf -v "$1" '%s' ''
	[[ ! $said =~ $pattern ]] || printf -v "$1" '%s' "${BASH_REMATCH[2]}"
}

# made_clsact DEV: an attachment says that tcact made the clsact qdisc
made_clsact() {
	local way lines
	for way in ingress egress; do
		mine lines "$1" "$way"
		[[ ${lines[*]} != *$'\t'746361631[13]* ]] || return 0
	done
	return 1
}

# taken FILTERS: CHAIN/PREF of each, anybody's, behind "DEV DIR " of the last line "hook DEV DIR"
taken() {
	awk '/^hook / { hook = $2 " " $3 " " }
		/^filter / {
			c = 0
			for (i = 2; i < NF; i++) { if ($i == "pref") p = $(i + 1); if ($i == "chain") c = $(i + 1) }
			print hook c "/" p
		}' <<<"$1"
}

# free_pref VAR DEV: sets VAR to the pref that is asked for, or to what tc would choose: the last one
# is the first to see a packet. It is known in advance, so that it can be undone exactly.
free_pref() {
	local list used free=${place[pref]}
	filters list "$2" "${place[dir]}"
	[[ $said != *'Cannot find device'* ]] || refused "add to $(q "$2") ${place[dir]}" tc 1
	used=$'\n'${list:+$(taken "$list" | sed -n "s|^${place[chain]:-0}/||p" | sort -n -u)}$'\n'
	if [[ $free ]]; then
		[[ $used != *$'\n'"$free"$'\n'* ]] ||
			bad "pref $free is taken on $(q "$2") ${place[dir]}" "change or del it, or choose another pref"
	else
		free=${used#$'\n'} free=${free%%$'\n'*}
		free=$((${free:-49153} - 1))
		((free > 0)) || for ((free = 49152; free > 0; free--)); do
			[[ $used == *$'\n'"$free"$'\n'* ]] || break
		done
	fi
	printf -v "$1" '%s' "$free"
}

# ---- undoing --------------------------------------------------------------------------------

# All of it is here, as the call that undoes is not the one that was killed, and may be of any kind.

same_device() { [[ $(ip -o link show dev "$1" 2>/dev/null) == "$2: "* ]]; }

# still DEV: its name is that of the same device as when the command was read
still() {
	[[ ! $dry && ${dev_index[$1]-} ]] || return 0
	same_device "$1" "${dev_index[$1]}" || { said='Cannot find device'; return 1; }
}

# all_still DEV...: as still, for each, which has to be
all_still() {
	local list dev
	list=$'\n'$(exec ip -o link show 2>/dev/null) || true
	for dev; do
		[[ ! $dry && ${dev_index[$dev]-} && $list != *$'\n'"${dev_index[$dev]}: $dev"[:@]* ]] || continue
		said='Cannot find device'
		refused "look at $(q "$dev")" ip 1
	done
}

# remove DEV DIR CHAIN PREF PROTOCOL KIND HANDLE
remove() {
	still "$1" && attempt tc filter del dev "$1" "$2" chain "$3" pref "$4" protocol "$5" handle "$7" "$6"
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

# unused_clsact DEV [DEV/DIR/CHAIN/PREF]...: the device has one, and no filters or chains in it; for -n,
# no filters but these
unused_clsact() {
	local way at all qdisc what
	quote what "$1"
	hooked qdisc "$1"
	[[ $qdisc == clsact ]] || return
	for way in ingress egress; do
		if [[ $dry ]]; then
			filters all "$1" "$way"
			for at in $(taken "$all"); do
				[[ " ${*:2} " == *" $1/$way/$at "* ]] || return
			done
		else
			look "look at $what $way" tc filter show dev "$1" "$way"
			all=$said
			look "look at $what $way" tc chain show dev "$1" "$way"
			[[ ! $all$said ]] || return
		fi
	done
}

# ---- add ------------------------------------------------------------------------------------

# parse_steps WORD...: NAME [PARAM VALUE]... [table FILE] [then NAME ...]... [CONTROL]: sets steps to the names,
# settings to "PARAM VALUE ..." of each, tables to its "=FILE", to "empty", or to nothing, control to CONTROL's words
parse_steps() {
	local n name args table
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
				[[ ${table_key[$name]-}${plans[$name]-} ]] || bad "$name has no table"
				(($# > 1)) || bad "table: its FILE is missing" "give one, or - for stdin"
				[[ ! $table ]] || bad "table is given twice"
				[[ $2 ]] || bad "table: the name of its FILE is empty" "give one, or - for stdin"
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

parse_control() {
	local name=${steps[-1]}
	case ${1-} in
	'') ;;
	pass | ok | drop | shot | pipe | continue | reclassify | trap)
		control=("$1")
		shift ;;
	goto)
		[[ ${2-} == chain && ${3-} =~ ^(0|[1-9][0-9]{0,8})$ ]] || bad "goto: write goto chain N"
		control=(goto chain "$3")
		shift 3 ;;
	jump)
		[[ ${2-} =~ ^[1-9][0-9]{0,4}$ ]] || bad "jump: write jump N"
		control=(jump "$2")
		shift 2 ;;
	*) meant_step "$name" "${tables[-1]/#empty/}" "$@" ;;
	esac
	(($# == 0)) ||
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
	split given "${4:-$first ${default[$3 $first]}}"
	for ((p = 0; p < ${#given[@]}; p += 2)); do
		printf -v "$1" '%s %s' "${!1}" "$2.${given[p]} ${given[p + 1]}"
	done
}

# for_device ARRAY NAME DEV: adds to the settings of the action what tcact knows of the device and the
# user did not say
for_device() {
	local -n args_=$1
	local p lacks mtu=${dev_mtu[$3]}
	! is_param "$2" link || [[ " ${args_[*]} " == *" link "* || ${dev_link[$3]} == auto ]] ||
		args_+=(link "${dev_link[$3]}")
	[[ $2 == mss || " ${args_[*]} " == *' mss.'* ]] || return 0
	for p in ${params[$2]}; do
		# A kernel without bpf_check_mtu must be told the MTU; 68 is the least one of IPv4 (RFC 791).
		[[ $p == mss.mtu && " ${args_[*]} " == *' mss.'* || $p == mtu && $2 == mss ]] || continue
		lacking lacks "$2" "$p" device || continue
		[[ " ${args_[*]} " == *" ${p%mtu}max "[0-9]* || " ${args_[*]} " == *" $p "* ]] ||
			args_+=("$p" "$((mtu < 68 ? 68 : mtu))")
	done
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
		if [[ $need == [0-9]* ]]; then
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

# object VAR NAME [PARAM VALUE]...: sets VAR to a copy of the action's object with these values. The file is
# named after the action: that is the name which tc shows.
object() {
	local key="object ${*:2}"
	if [[ ! ${made[$key]-} ]]; then
		made["$key"]=$work/${#made[@]}/$2.o
		run "bake $2" mkdir -p "${made[$key]%/*}"
		bake ask "${made[$key]}" "${@:2}"
	fi
	printf -v "$1" '%s' "${made[$key]}"
}

# staged_table VAR TABLE PROGRAM NAME [PARAM VALUE]...: sets VAR to the pin of the action with these values and this
# table, which all attachments of one add share; with PROGRAM, it has the maps of that one
staged_table() {
	local key="table ${made[line]-} ${*:2}" options=()
	if [[ ! ${made[$key]-} ]]; then
		[[ ! $3 ]] || options=(-l "$3" -k)
		[[ ! $2 || $2 == empty ]] || options+=(-t "${2#=}")
		stage "$1" "${options[@]}" "${@:4}"
		made["$key"]=${!1}
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
			staged_table file "${tables[i]}" "${kept[i]-}" "$name" "${args[@]}"
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
	((${#devs[@]})) || bad "dev is missing"
	[[ ${place[dir]} ]] || bad "ingress or egress is missing"
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
	local dev flag prefs=() all=() qdiscs=() words i=0 n
	for dev in "${devs[@]}"; do
		hooked "qdiscs[${#qdiscs[@]}]" "$dev"
		[[ ${place[dir]} == ingress || ${qdiscs[-1]} != ingress ]] ||
			bad "$(q "$dev") has an ingress qdisc, which has no egress" "replace it by clsact"
		free_pref "prefs[${#prefs[@]}]" "$dev"
	done
	for dev in "${devs[@]}"; do
		actions words "$dev"
		all+=("${words[@]}")
		n=${#words[@]}
	done
	for dev in "${devs[@]}"; do
		flag=0
		case ${qdiscs[i]} in
		clsact) ! made_clsact "$dev" || flag=1 ;;
		'')
			[[ ${made["clsact $dev"]-} ]] || add_clsact "$dev"
			flag=${made["clsact $dev"]} ;;
		esac
		attach "$dev" "${prefs[i]}" "$flag" "${all[@]:i * n:n}"
		i=$((i + 1))
	done
	i=0
	for dev in "${devs[@]}"; do
		warn_order "$dev" "${prefs[i]}"
		i=$((i + 1))
	done
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

# ---- finding attachments --------------------------------------------------------------------

# find_own ARRAY NAME [LISTS]: sets ARRAY to the actions of the attachments at the place, each of them with an action
# NAME where given: "DEV DIR" and a line of filters.awk; adds to the variable LISTS what tc
# said, as order.awk takes it
find_own() {
	local -n own_=$1
	local name=$2 d way line lines text group=() field has='' is_ places=()
	own_=() qdisc_of=()
	read_labels
	((${#match[@]} == 0)) || bad "match does not tell attachments apart" "use pref and chain, see: tcact show"
	look "look at the devices" tc qdisc show
	split lines "$said" $'\n'
	for line in "${lines[@]}"; do
		[[ $line == 'qdisc '@(clsact|ingress)' '* ]] || continue
		split field "$line"
		qdisc_of["${field[4]}"]=${field[1]}
	done
	((${#devs[@]} || ! ${#qdisc_of[@]})) || {
		text=$(IFS=$'\n' && exec sort <<<"${!qdisc_of[*]}")
		split devs "$text" $'\n'
	}
	for d in "${devs[@]}"; do
		for way in ${place[dir]:-ingress egress}; do
			# An ingress qdisc shows its filters for egress too.
			[[ ${qdisc_of[$d]-} != clsact && ${qdisc_of[$d]-} != "$way" ]] || places+=("$d" "$way")
		done
	done
	all_filters text "${places[@]}"
	[[ ! ${3-} ]] || printf -v "$3" '%s%s' "${!3}" "$text"
	[[ ! $text ]] || text=$(exec awk -v "actions=${actions[*]}" -f "$lib/filters.awk" <<<"$text")
	split lines "$text" $'\n'
	if [[ ! $name${place[pref]}${place[chain]}${place[as]}${place[protocol]} ]]; then
		own_=("${lines[@]}") lines=()
	fi
	for line in "${lines[@]}"; do
		split field "$line" $'\t'
		if [[ ${field[7]:10:2} == 00 ]]; then
			[[ ! $has ]] || own_+=("${group[@]}")
			group=() has=''
		fi
		[[ ! ${place[pref]} || ${place[pref]} == "${field[3]}" ]] || continue
		[[ ! ${place[chain]} || ${place[chain]} == "${field[2]}" ]] || continue
		[[ ! ${place[as]} ]] || { name_of is_ "${field[7]}" && [[ $is_ == "${place[as]}" ]]; } || continue
		[[ ! ${place[protocol]} || ${place[protocol],,} == "${field[4],,}" ]] || continue
		group+=("$line")
		[[ $name && $name != "${field[9]}" ]] || has=1
	done
	[[ ! $has ]] || own_+=("${group[@]}")
	all_still "${devs[@]}"
}

# none [NAME]: which may be no action at all
none() {
	[[ ! ${1-} ]] || known "$1"
	fail 3 "$subcommand" "there is no such attachment" "see: tcact show"
}

# ---- del ------------------------------------------------------------------------------------

command_del() {
	local line field flags='' d rest own all=() gone=() status=0 applied=''
	catalogue
	[[ ${1-} != applied ]] || { applied=1; shift; }
	place rest "$@"
	((${#devs[@]})) || [[ ${place[as]} || $applied ]] || bad "dev is missing"
	((${#rest[@]} <= 1)) || bad "$(q "${rest[1]}") is one word too many"
	begin
	find_own own "${rest[0]-}"
	((${#own[@]})) || [[ $applied ]] || none "${rest[0]-}"
	for line in "${own[@]}"; do
		IFS=$'\t' read -ra field <<<"$line"
		[[ ${field[7]:10:2} != 00 || $applied && ${field[7]:9:1} != [23] ]] || all+=("$line")
	done
	no_signals
	doubt
	for line in "${all[@]}"; do
		IFS=$'\t' read -ra field <<<"$line"
		[[ ${field[7]:9:1} != [13] ]] || flags+=" ${field[0]} "
		remove "${field[@]:0:7}" || status=$?
		((status == 0)) || refused "del from $(q "${field[0]}") ${field[1]}" tc "$status"
		gone+=("${field[0]}/${field[1]}/${field[2]}/${field[3]}")
		so_far=", after ${#gone[@]} of ${#all[@]}"
	done
	for d in "${devs[@]}"; do
		[[ $flags != *" $d "* ]] || ! still "$d" || ! unused_clsact "$d" "${gone[@]}" ||
			run "del clsact from $(q "$d")" tc qdisc del dev "$d" clsact
	done
	commit
}
