# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash disable=SC2015,SC2034,SC2154 # as in tcact, which sources this
# What this machine can do. Nothing is tried out: a test that loads a module changes something.

checks=()
# note NAME ok|without|unknown|no WHAT [DO]
note() { checks+=("$1"$'\t'"$2"$'\t'"$3"$'\t'"${4:--}"); }

# in_kernel act|cls|sch NAME MODULE SYMBOL: sets has to ok, no or unknown, text to how the kernel
# has it or why not, and next to what to do
in_kernel() {
	local modules=/lib/modules/$release option=CONFIG_NET_${1^^}_${2^^} ask=$1_$2 how helper=''
	option=${option/CLSACT/INGRESS} has=no next="use a kernel with $option"
	if [[ $'\n'$symbols$'\n' == *$'\n'"$4"$'\n'* || -d /sys/module/$3 ]]; then
		has=ok text='there'
		return
	elif grep -qs "/$3\.ko" "$modules/modules.builtin"; then
		has=ok text='built in'
		return
	elif [[ ! -e /proc/modules ]]; then
		text=missing
		grep -qsm1 . /proc/kallsyms || ! configured "${option#CONFIG_}" ||
			has=unknown text="cannot be told: nothing is in /proc/kallsyms" next="be root, or load $3"
		return
	elif [[ ! -d $modules ]]; then
		configured "${option#CONFIG_}" || { text=missing; return; }
		has=unknown text="cannot be told: $modules is not to be seen from here" next="load $3"
		return
	fi
	# 6.9 and newer ask for an alias: a blacklist counts for that, but not for a name.
	! grep -qsw "alias net-$1-$2" "$modules/modules.alias" || ask=net-$1-$2
	how=$(modprobe -n -v -- "$ask" 2>/dev/null) || true
	read -r helper 2>/dev/null </proc/sys/kernel/modprobe || true
	if [[ ${how##*$'\n'} != insmod\ * ]]; then
		text=missing
		if modprobe -C /dev/null -n -q -- "$3" 2>/dev/null; then
			text="a module that modprobe.d forbids" next="allow $3 there, or load it by hand"
		elif configured "${option#CONFIG_}" && [[ $config ]]; then
			text="not installed" next="install the package that has the module $3"
		fi
	elif [[ $(cat /proc/sys/kernel/modules_disabled 2>/dev/null) == 1 ]]; then
		text='a module, and no more can be loaded' next="load $3 at boot"
	elif [[ ! -x $helper ]]; then
		text='a module, and the kernel has no modprobe to load it' \
			next="load $3 by hand, or see /proc/sys/kernel/modprobe"
	else
		has=ok text='a module, loaded when needed'
	fi
}

# check_module LINE KIND NAME MODULE SYMBOL
check_module() {
	local has text next
	in_kernel "${@:2}"
	[[ $has != ok ]] || next=-
	note "$1" "$has" "$text" "$next"
}

# Without matchall, add takes what can match everything too.
check_classifier() {
	local has text next lacking todo state_of states=''
	in_kernel cls matchall cls_matchall mall_classify
	if [[ $has == ok ]]; then
		note matchall ok "$text"
		return
	fi
	lacking=$text todo=$next state_of=$has
	in_kernel cls flower cls_flower fl_classify
	[[ $has != ok ]] || { note matchall without "$lacking; flower takes its place"; return; }
	states+=$has
	in_kernel cls u32 cls_u32 u32_classify
	[[ $has != ok ]] || { note matchall without "$lacking; u32 takes its place"; return; }
	if [[ $states$has == *unknown* ]]; then
		note matchall unknown "$lacking; of flower and u32 it cannot be told" "$todo"
	elif [[ $state_of == unknown ]]; then
		note matchall unknown "$lacking; neither flower nor u32 is there" "$todo"
	else
		note matchall no "$lacking, and neither flower nor u32 is there" "$todo"
	fi
}

check_tools() {
	local loader
	if ! type -P tc >/dev/null; then
		note tc no missing "install iproute2"
	elif ! loader=$(tc -V 2>/dev/null); then
		note tc no "$(type -P tc) does not run" "install iproute2 anew"
	elif [[ $loader == *libbpf* ]]; then
		note tc ok "${loader#tc utility, }"
	else
		note tc without "${loader#tc utility, } was built without libbpf: only actions with a table" \
			"install iproute2 with libbpf"
	fi
}

has_capability() { ((0x$capabilities >> $1 & 1)); } # its number

check_rights() {
	local line capabilities=0 lockdown missing='' root=1
	while read -r line; do
		[[ $line != CapEff:* ]] || capabilities=${line#*[[:space:]]}
	done </proc/self/status
	has_capability 12 || missing=', CAP_NET_ADMIN'
	has_capability 21 || has_capability 39 || missing+=', CAP_BPF'
	# Said once: what else is missing comes with it.
	if ((EUID)) && [[ $missing ]]; then
		root=''
		note root no "you are not root" "run as root"
	fi
	if [[ $(stat -f -c %t /sys/fs/bpf 2>/dev/null) != cafe4a11 ]]; then
		if [[ ! -d /sys/fs/bpf && ! -w /sys/fs ]]; then
			note bpffs no "there is no directory /sys/fs/bpf" "mount -t sysfs sysfs /sys"
		elif has_capability 21; then
			note bpffs ok "not mounted on /sys/fs/bpf; that is done when needed"
		else
			note bpffs no "not mounted on /sys/fs/bpf" "${root:+mount -t bpf bpf /sys/fs/bpf}"
		fi
	elif [[ -w /sys/fs/bpf ]]; then
		note bpffs ok /sys/fs/bpf
	elif [[ ! -d /sys/fs/bpf/tc/globals || ! -L /sys/fs/bpf/ip || ! -L /sys/fs/bpf/xdp ]]; then
		# which tc makes before it loads anything
		note bpffs no "/sys/fs/bpf is not writable" "${root:+mount -o remount,rw /sys/fs/bpf}"
	else
		note bpffs without "/sys/fs/bpf is not writable: no tables, no change" \
			"${root:+mount -o remount,rw /sys/fs/bpf}"
	fi
	if [[ -e $state || -L $state ]]; then
		[[ -d $state && ! -L $state && -O $state && -w $state ]]
	else
		[[ -w ${state%/*} ]]
	fi && note lock ok "$state" || note lock no "cannot write to $state" "${root:+run as root, with a writable /run}"
	if [[ $missing ]]; then
		note capabilities no "without ${missing#, }" "${root:+run as root with all of them}"
	elif [[ $(readlink /proc/self/ns/user) != 'user:[4026531837]' ]]; then # PROC_USER_INIT_INO
		note capabilities no "in a user namespace, where the kernel does not allow BPF" "run outside"
	elif has_capability 21; then
		note capabilities ok "all that is needed"
	else
		note capabilities without "CAP_SYS_ADMIN is missing: no tables, no change" "add it"
		# Arithmetic on pointers is a privilege; which programs do without is up to the verifier.
		has_capability 38 ||
			note perfmon unknown "without CAP_PERFMON the verifier refuses most actions" "add it"
	fi
	# From 5.11 on the memory of BPF is not counted against this; tc raises it by itself.
	if [[ $(ulimit -l) == unlimited ]] || kernel 5.11 || has_capability 24; then
		note memlock ok "does not limit BPF here"
	else
		note memlock unknown "$(ulimit -l) KiB, and CAP_SYS_RESOURCE is missing: enough for small programs" \
			"ulimit -l unlimited"
	fi
	lockdown=$(cat /sys/kernel/security/lockdown 2>/dev/null) || true
	note lockdown ok "${lockdown:-none}"
}

check_machine() {
	local symbols has text next
	# those by which check_module and check_classifier ask
	symbols=$(grep -owsE \
		'tcf_bpf_act|clsact_init|tcf_gact_act|mall_classify|fl_classify|u32_classify' /proc/kallsyms) || true
	if kernel 5.10; then
		note kernel ok "$release"
	elif ! kernel 0.0; then
		note kernel unknown "$release: no number that tells what it can do"
	else
		note kernel no "$release" "5.10 is the oldest that can do this"
	fi
	read_config
	if [[ $config_file ]]; then
		note config ok "$config_file"
	else
		note config without "there is none to read: values that need a kernel option may be refused"
	fi
	if fit_machine; then
		note objects ok "$objects"
	else
		note objects no "$unfit" "$next"
	fi
	check_module act_bpf act bpf act_bpf tcf_bpf_act
	check_module clsact sch clsact sch_ingress clsact_init
	check_classifier
	in_kernel act gact act_gact tcf_gact_act
	case $has in
	ok) note gact ok "$text" ;;
	no) note gact without "$text: no goto chain" "$next" ;;
	unknown) note gact unknown "$text; it is for goto chain" "$next" ;;
	esac
	check_tools
	check_rights
}

# check_actions: each depends on what the lines above say; words may need another kernel
check_actions() {
	local entry name says row all=ok all_why='' table_why='' file_why='' verdict why next
	for entry in "${checks[@]}"; do
		IFS=$'\t' read -r name says _ <<<"$entry"
		if [[ $says == no || $says == unknown && $name != gact ]]; then
			[[ $all == no ]] || all=$says
			all_why+=", $name"
		elif [[ $name$says == tcwithout ]]; then
			file_why=', tc'
		elif [[ $name$says == @(bpffs|capabilities)without ]]; then
			table_why+=", $name"
		fi
	done
	for row in "${rows[@]}"; do
		[[ $row == action$'\t'* ]] || continue
		row=${row#*$'\t'}
		choose "${row%%$'\t'*}"
		verdict=$all why=$all_why next=''
		if [[ $table_key ]]; then
			why+=$table_why
		else
			why+=$file_why
		fi
		[[ $why == "$all_why" ]] || verdict=no
		why=${why:+depends on ${why#, }}
		[[ $verdict != ok ]] || for entry in "${params[@]}"; do
			lacking "$entry" || continue
			verdict=without why+="${why:+, }$entry$found"
			[[ $entry != *mtu ]] || why+=', where add takes the MTU that the device has'
		done
		note "action $action" "$verdict" "${why:-works}" "${next:--}"
	done
}

command_check() {
	local entry name says what todo separator='[' failed=0
	(($# == 0)) || bad "check takes no arguments"
	catalogue
	check_machine
	check_actions
	for entry in "${checks[@]}"; do
		IFS=$'\t' read -r name says what todo <<<"$entry"
		[[ $says != no ]] || failed=2
		if [[ $json ]]; then
			printf '%s{"name":"%s","state":"%s","what":' "$separator" "$name" "$says"
			json_string "$what"
			printf ',"do":'
			json_string "${todo/#-/}"
			printf '}'
			separator=,
		else
			[[ $todo == - ]] || what+="; $todo"
			printf -v name '%-16s %-8s ' "$name" "$says"
			wrap 26 "$name" "$what"
		fi
	done
	[[ ! $json ]] || echo ']'
	exit "$failed"
}
