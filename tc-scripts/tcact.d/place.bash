# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# Attachments: where they are, and finding them. One is a filter of tcact's own: a match and one or more actions, each
# of which carries a cookie of 12 or 16 bytes, by which it is found again:
#   74636163  "tcac"
#   1F        layout 1; F is the sum of 1 where tcact made the clsact qdisc of the device, 2 where apply added it
#   PP NN 00  this is action PP of NN; PP = NN is the `goto chain` that ends them
#   CCCCCCCC  cksum of the object as it was built: from which tcact it came
#   LLLLLLLL  label: of the name, the protocol and the match as they were given, where there are any

# is_first COOKIE: its action is the first one of its attachment
is_first() { [[ ${1:10:2} == 00 ]]; }

# by_apply COOKIE: apply added the attachment
by_apply() { [[ ${1:9:1} == [23] ]]; }

# The fields of an action, as find_own says them: "DEV DIR" and a line of filters.awk. In status.h they have the same names.
DEV=0 DIRECTION=1 CHAIN=2 PREF=3 PROTOCOL=4 KIND=5 COOKIE=7 ACTION_KIND=8 NAME=9 PROGRAM=10 CONTROL=11 INDEX=12 TEXT=16

# what is needed to look at devices, beyond tc: PROGRAM=PACKAGE; check has a line for each that is not there
tools=(ip=iproute2 awk=gawk timeout=coreutils)

# have_tools: ends tcact where one is missing
have_tools() {
	local tool
	for tool in tc=iproute2 "${tools[@]}"; do
		type -P "${tool%=*}" >/dev/null || fail 2 "$subcommand" "there is no ${tool%=*}" "install it (${tool#*=})"
	done
}

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
				bad "as $(q "$2"): must be a name of at most 32 letters, digits, _, . and -, that begins with none of the last two, once"
			place[as]=$2 ;;
		protocol)
			[[ ! ${place[protocol]} && $2 =~ ^([a-zA-Z][a-zA-Z0-9_.-]*|802\.1[a-zA-Z]+|0x[0-9a-fA-F]{1,4}|[1-9][0-9]{0,4})$ &&
				($2 != +([0-9]) || $2 -le 65535) ]] ||
				bad "protocol $(q "$2"): must be a name that tc knows or a number up to 65535, once"
			place[protocol]=$2 ;;
		match) place_match "$2" ;;
		esac
		shift 2
	done
	rest_=()
	rest_+=("$@") behind=$#
	# not as if none were given; a FILE says so itself
	[[ ${1-.} || $subcommand == 'table '* ]] || bad "the NAME of an action is empty" "see: tcact list"
	(($# == 0)) || meant_place "$@"
	((${#match[@]} == 0)) || [[ ! $in_file && $subcommand != add ]] || meant_protocol "${match[@]}"
}

# names_action [WORD]: before this word, or none, match is the action of that name
names_action() {
	(($#)) || return 0
	[[ $1 == then ]] || is_control "$1" || is_param match "$1"
}

# device VAR NAME: sets the variable VAR to the name that the kernel has for the device of this name or
# altname: tc cuts a longer one to 15 characters, which may be the name of another device
device() {
	if [[ $in_file ]]; then
		file_device "$@"
	elif ! find_device "$@"; then
		bad "there is no device $(q "$2")" "see: ip link"
	fi
}

# few_links: sets links to what ip says of each device where there are few, as each ip takes its time
few_links() {
	local all=(/sys/class/net/*/ifindex) text lines line
	((${#all[@]} <= 1000)) || return 0
	text=$(exec ip -d -o link show 2>/dev/null) || return 0
	split lines "$text" $'\n'
	# or it is of another network namespace, or the alias of a device has a line feed
	((${#lines[@]} == ${#all[@]})) || return 0
	for line in "${lines[@]}"; do
		# Behind @ may be what is at the other end, or more of the name: find_device compares the index, and asks for
		# what begins with one.
		[[ ! $line =~ ^[0-9]+:\ ([^\ @][^\ ]*):\  ]] || links["${BASH_REMATCH[1]%@*}"]=$line
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
	dev_index["$name_"]=$index dev_mtu["$name_"]=$mtu links["$name_"]=$line
	link_of "$line" layer
	dev_link["$name_"]=$layer
}

# link_of LINE VARIABLE: what packets of a device begin with, of which ip -d -o says LINE. Its type is not
# enough: at ingress, xfrm and vti show the Ethernet header of the device below, kernel 5.10 the outer header
# of ipip and gre; who sends to a geneve device with innerprotoinherit chooses whether there is an Ethernet
# header; what is redirected to an ifb has the link layer of where it came from; a tun device has the type
# that its program chose; a bond or team gets that of its first port. So for kinds other than those of
# tests/functional/kinds.sh the action finds out.
link_of() {
	local after=${1#*\\    link/} kind='' word=auto
	# The kind follows; of a device without one, what it is as a port of a bridge or bond, or nothing.
	if [[ ${after%%\\*} != *' numtxqueues '* ]]; then
		kind=${after#*\\    }
		if [[ $kind == 'tun type tap '* ]]; then kind=tap; else kind=${kind%% *}; fi
	fi
	case ${after%% *}/$kind in
	loopback/ | ether/ | ether/*_slave) word=ether ;;
	ether/@(bridge|dummy|erspan|geneve|gretap|hsr|ip6gretap|ipvlan|macsec|macvlan|macvtap|netkit|tap|veth|vlan|vrf|vxlan))
		word=ether ;;
	none/@(tun|wireguard) | ppp/ppp) word=none ;;
	esac
	printf -v "$2" %s "$word"
}

# The words go to tc as they are, but for those that would end the match.
place_match() {
	local word next='' before=${#match[@]}
	[[ $1 != *[[:cntrl:]]* ]] || bad "match $(q "$1"): has control characters"
	split match "$1"
	if ! is_classifier "${match[0]-}"; then
		! data values match field "${match[0]-}" >/dev/null 2>&1 ||
			next="or write the action: match field ${match[0]} value N"
		bad "match $(q "$1"): must begin with matchall, flower, u32, basic, bpf or cgroup" "$next"
	fi
	((before == 0)) || bad "match is given twice"
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
# table is replaced. A number that nothing carries does no harm. Without that file only the names are lost, until the
# next apply.

# label VAR TEXT: sets these variables to the number of what the place says, and to what it says: "NAME PROTOCOL
# MATCH", with - for no name; to nothing where that is "- all "
label() {
	local protocol_=${place[protocol],,} said_ number_=2166136261 at_ part_ i c
	said_="${place[as]:--} ${protocol_:-all} ${match[*]}"
	printf -v "$1" '%s' ''
	printf -v "$2" '%s' "$said_"
	[[ $said_ != '- all ' ]] || return 0
	if [[ ! ${numbers[$said_]-} ]]; then
		# FNV-1a; bash takes a character from the whole text slowly
		for ((at_ = 0; at_ < ${#said_}; at_ += 100)); do
			part_=${said_:at_:100}
			for ((i = 0; i < ${#part_}; i++)); do
				printf -v c '%d' "'${part_:i:1}"
				number_=$(((number_ ^ c & 255) * 16777619 & 4294967295))
			done
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
	labels=()
	compgen -G "$state/labels.*" >/dev/null && [[ -d $state && ! -L $state && -O $state ]] || return 0
	label_file file
	[[ -f $file ]] || return 0
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
	[[ ! $work ]] || undo_later label "$1"
	{ printf '%s %s\n' "$1" "$2" >>"$file"; } 2>/dev/null || state_is_full
	labels[$1]=$2
}

undo_label() {
	read_labels
	unset 'labels[$1]'
	write_labels
}

# write_labels: the file has what labels has, and is not there for nothing
write_labels() {
	local file number
	label_file file
	if ((${#labels[@]} == 0)); then
		rm -f -- "$file"
	elif ! {
		for number in "${!labels[@]}"; do printf '%s %s\n' "$number" "${labels[$number]}"; done >"$file.new" &&
			mv -f -- "$file.new" "$file"
	}; then
		rm -f -- "$file.new"
		return 1
	fi
} 2>/dev/null

# keep_labels NUMBERS: of all that the file says, these are in use
keep_labels() {
	local number numbers_ stale=''
	local -A in_use=()
	split numbers_ "$1"
	for number in "${numbers_[@]}"; do in_use["$number"]=1; done
	for number in "${!labels[@]}"; do
		[[ ${in_use[$number]-} ]] || { unset 'labels[$number]'; stale=1; }
	done
	[[ ! $stale ]] || write_labels || true
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

# can_batch TEXT...: tc takes commands with these names from a file, where other characters have a meaning
can_batch() { [[ $* != *[!A-Za-z0-9_.:@\ -]* ]]; }

# true_lines DEV DIR...: no name in the filters there looks like lines of tc, and each device is that of when the command
# was read
true_lines() {
	local said batches=() words=()
	while (($#)); do
		words+=("$1" "${dev_index[$1]:-0}" "$2")
		shift 2
	done
	batch lines "${words[@]}"
	said=$(of_data batch <<<"${batches[*]}") || ended $?
}

# what tc prints before each filter
head='filter protocol [^ ]+ pref [0-9]+ [^ ]+ chain [0-9]+ '

# filters VAR DEV DIR: sets the variable VAR to the list of them, in which no name looks like lines of tc. The kernel
# drops a matchall filter from a list where it does not fit into the rest of a message, and leaves only the line before
# it: each of these is asked for by itself.
filters() {
	local list_ lost field what
	true_lines "${@:2}"
	quote what "$2"
	what="look at $what $3"
	look "$what" tc -s filter show dev "$2" "$3"
	list_=$said
	while [[ $list_ =~ (^|$'\n')($head)($'\n'$head($'\n'|$)|$) ]]; do
		lost=${BASH_REMATCH[2]}
		split field "$lost"
		look_at_pref "$what" "$2" "$3" "${field[7]}" "${field[4]}"
		if [[ $said == *"$lost"handle\ * ]]; then said=${said#"$lost"$'\n'}; else said=${lost% }; fi
		list_=${list_/"$lost"/"$said"}
	done
	printf -v "$1" '%s' "$list_"
}

# look_at_pref WHAT DEV DIR CHAIN PREF: sets said to the list of the filters there. Where tc is asked for one pref and
# chain, it leaves them out: they are put in, so that "filter protocol all matchall handle 0x1" is as in other lists,
# "filter protocol all pref 10 matchall chain 0 handle 0x1".
look_at_pref() {
	local lines i pattern='^filter protocol ([^ ]+) ([^ ]+) (.*)'
	look "$1" tc -s filter show dev "$2" "$3" chain "$4" pref "$5"
	split lines "$said" $'\n'
	for i in "${!lines[@]}"; do
		[[ ! ${lines[i]} =~ $pattern || ${BASH_REMATCH[2]} == pref ]] ||
			lines[i]="filter protocol ${BASH_REMATCH[1]} pref $5 ${BASH_REMATCH[2]} chain $4 ${BASH_REMATCH[3]}"
	done
	local IFS=$'\n'
	said=${lines[*]}
}

# all_filters VAR lists|filters [DEV DIR]...: sets VAR to the lists of them, each behind a line "hook DEV DIR", or to what
# filters.awk makes of that. The devices have the qdiscs of qdisc_of. One tc lists all; where that fails, filters says
# why, and gets what is missing.
all_filters() {
	local var_=$1 what_=$2 text_='' one_ at_ hooks_=("${@:3}") commands_=() kinds_=''
	shift 2
	for ((at_ = 0; at_ < ${#hooks_[@]}; at_ += 2)); do
		# That of the qdisc comes first, and separates the lists.
		commands_+=("qdisc show dev ${hooks_[at_]}" "filter show dev ${hooks_[at_]} ${hooks_[at_ + 1]}")
		kinds_+="hook ${hooks_[at_]} ${hooks_[at_ + 1]} ${qdisc_of[${hooks_[at_]}]}"$'\n'
	done
	if (($#)) && can_batch "$@" &&
		one_=$(IFS=$'\n' && exec "${limit[@]}" tc -s -batch - <<<"${commands_[*]}" 2>/dev/null) && true_lines "$@" &&
		text_=$(exec awk -v "head=$head" -v "actions=${actions[*]}" -f "$lib/hooks.awk" -f "$lib/$what_.awk" \
			<<<"$kinds_$one_"); then
		printf -v "$var_" '%s' "$text_${text_:+$'\n'}"
		return
	fi
	text_=''
	for ((at_ = 0; at_ < ${#hooks_[@]}; at_ += 2)); do
		filters one_ "${hooks_[at_]}" "${hooks_[at_ + 1]}"
		[[ ! $one_ ]] || text_+="hook ${hooks_[at_]} ${hooks_[at_ + 1]}"$'\n'$one_$'\n'
	done
	[[ $what_ == lists ]] || own_among text_ "$text_"
	printf -v "$var_" '%s' "$text_"
}

# own_among VAR LISTS: sets VAR to tcact's own actions among these, as filters.awk prints them
own_among() {
	local lists_=$2
	[[ ! $lists_ ]] || lists_=$(exec awk -v "actions=${actions[*]}" -f "$lib/filters.awk" <<<"$lists_")
	printf -v "$1" '%s' "$lists_"
}

# own_in ARRAY LISTS: the same, each a member of ARRAY
own_in() {
	local own_
	own_among own_ "$2"
	split "$1" "$own_" $'\n'
}

# hooked VAR DEV: sets VAR to the qdisc that has its hooks, clsact or ingress: a device has one at most
hooked() {
	local pattern=$'(^|\n)qdisc (clsact|ingress) ' what
	quote what "$2"
	look "look at $what" tc qdisc show dev "$2"
	printf -v "$1" '%s' ''
	[[ ! $said =~ $pattern ]] || printf -v "$1" '%s' "${BASH_REMATCH[2]}"
}

same_device() { [[ $(ip -o link show dev "$1" 2>/dev/null) == "$2: "* ]]; }

# still DEV: its name is that of the same device as when the command was read
still() {
	[[ ! $dry && ${dev_index[$1]-} ]] || return 0
	same_device "$1" "${dev_index[$1]}" || { said='Cannot find device'; return 1; }
}

# ---- finding attachments --------------------------------------------------------------------

# find_own ARRAY NAME [LISTS]: sets ARRAY to the actions of the attachments at the place, each of them with an action
# NAME where given: "DEV DIR" and a line of filters.awk; adds to the variable LISTS what tc
# said, as order.awk takes it
find_own() {
	local there
	if [[ ! $2${place[pref]}${place[chain]}${place[as]}${place[protocol]} ]]; then
		list_own "$1" "${3-}"
	else
		list_own there "${3-}"
		at_place "$1" "$2" "${there[@]}"
	fi
}

# warn_killed: what a killed call has changed, or one that could not undo it, is there until one takes the lock
warn_killed() {
	local dir
	[[ ! $lock && ! $told_killed && $own_netns ]] || return 0
	for dir in "$state/$own_netns"-*; do
		[[ -s $dir/journal && ! -e /proc/${dir##*-} ]] || continue
		told_killed=1
		warn "$subcommand" "an earlier call left changes that are not undone yet" "the next call that changes something undoes them"
		return
	done
}

# list_own ARRAY [LISTS]: as find_own, all at the devices and directions of the place
list_own() {
	local d way line lines text field places=()
	warn_killed
	qdisc_of=()
	read_labels
	((${#match[@]} == 0)) || bad "match does not tell attachments apart" "use pref and chain, see: tcact show"
	look "look at the devices" tc qdisc show
	split lines "$said" $'\n'
	for line in "${lines[@]}"; do
		[[ $line == 'qdisc '@(clsact|ingress)' '* ]] || continue
		split field "$line"
		qdisc_of["${field[4]}"]=${field[1]}
	done
	if ((${#devs[@]} == 0)); then
		devs=("${!qdisc_of[@]}")
		((${#devs[@]} < 2)) || split devs "$(IFS=$'\n' && exec sort <<<"${devs[*]}")" $'\n'
	fi
	for d in "${devs[@]}"; do
		for way in ${place[dir]:-ingress egress}; do
			# An ingress qdisc shows its filters for egress too.
			[[ ${qdisc_of[$d]-} != clsact && ${qdisc_of[$d]-} != "$way" ]] || places+=("$d" "$way")
		done
	done
	if [[ ${2-} ]]; then
		all_filters text lists "${places[@]}"
		printf -v "$2" '%s%s' "${!2}" "$text"
		own_in "$1" "$text"
	else
		all_filters text filters "${places[@]}"
		split "$1" "$text" $'\n'
	fi
}

# at_place ARRAY NAME LINE...: sets ARRAY to what find_own would find, of the LINEs from list_own
at_place() {
	local -n own_=$1
	local name=$2 line group=() field chosen='' is_ dev
	local -A among=()
	own_=()
	for dev in "${devs[@]}"; do among["$dev"]=1; done
	for line in "${@:3}"; do
		split field "$line" $'\t'
		if is_first "${field[COOKIE]}"; then
			[[ ! $chosen ]] || own_+=("${group[@]}")
			group=() chosen=''
		fi
		[[ ${#devs[@]} == 0 || ${among[${field[DEV]}]-} ]] || continue
		[[ ! ${place[dir]} || ${place[dir]} == "${field[DIRECTION]}" ]] || continue
		[[ ! ${place[pref]} || ${place[pref]} == "${field[PREF]}" ]] || continue
		[[ ! ${place[chain]} || ${place[chain]} == "${field[CHAIN]}" ]] || continue
		[[ ! ${place[as]} ]] || { name_of is_ "${field[COOKIE]}" && [[ $is_ == "${place[as]}" ]]; } || continue
		[[ ! ${place[protocol]} || ${place[protocol],,} == "${field[PROTOCOL],,}" ]] || continue
		group+=("$line")
		[[ $name && $name != "${field[NAME]}" ]] || chosen=1
	done
	[[ ! $chosen ]] || own_+=("${group[@]}")
}

# find_everywhere ARRAY: as find_own, those of all devices
find_everywhere() {
	local devs=() match=()
	local -A place=([dir]='' [pref]='' [chain]='' [as]='' [protocol]='') qdisc_of=()
	list_own "$1"
}

# match_of VAR KIND TEXT: sets VAR to the match as add takes it; fails where it cannot tell
match_of() {
	local keys text_=$2${3:+ $3} status=0
	case $2 in
	matchall) [[ $3 ]] || text_='' ;;
	flower) ;;
	u32)
		text_=u32
		split keys "$3"
		while [[ ${keys[0]-} == match && ${keys[1]-} == */* && ${keys[2]-} == at ]]; do
			text_+=" match u32 0x${keys[1]%/*} 0x${keys[1]#*/} at ${keys[3]}"
			keys=("${keys[@]:4}")
		done
		((${#keys[@]} == 0)) || text_="u32 $3" status=1 ;;
	*) text_="$2 $3" status=1 ;;
	esac
	printf -v "$1" '%s' "$text_"
	return "$status"
}

# match_told VAR FIELD...: as match_of, but as it was given where its label says that
match_told() {
	local label_=${9:24}
	[[ ! $label_ ]] || label_=${labels[$label_]-}
	if [[ $label_ ]]; then
		label_=${label_#* }
		printf -v "$1" '%s' "${label_#* }"
	else
		match_of "$1" "$7" "${18/#-/}"
	fi
}

# none [NAME]: which may be no action at all
none() {
	[[ ! ${1-} ]] || known "$1"
	[[ ! ${place[as]} || ! -e $state || -O $state ]] || fail 2 "$subcommand" "$state, which has the names, cannot be read" "run as root"
	fail 3 "$subcommand" "there is no such attachment" "see: tcact show"
}
