# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash disable=SC2015,SC2034,SC2154 # as in tcact, which sources this
# What this machine can do. Nothing is tried out: a test that loads a module changes something.

checks=()
# note NAME ok|no|without STATE [DO]
note() { checks+=("$1"$'\t'"$2"$'\t'"$3"$'\t'"${4--}"); }

# in_kernel KIND NAME MODULE SYMBOL: sets text to how the kernel has it, or why not, and next to
# what to do
in_kernel() {
	local modules=/lib/modules/$release asked=$1_$2 how
	next="use a kernel with CONFIG_NET_$5"
	# 6.9 and newer ask for an alias, for which a blacklist counts.
	! grep -qsw "alias net-$1-$2" "$modules/modules.alias" || asked=net-$1-$2
	if [[ -d /sys/module/$3 ]] || grep -qsw "$4" /proc/kallsyms; then
		text='there'
	elif grep -qs "/$3\.ko" "$modules/modules.builtin"; then
		text='built in'
	elif ! modprobe -n -q -- "$3" 2>/dev/null; then
		text=missing
		return 1
	elif [[ $(cat /proc/sys/kernel/modules_disabled 2>/dev/null) == 1 ]]; then
		text='a module, and no more can be loaded' next="load $3 at boot"
		return 1
	elif how=$(modprobe -n -v -q -- "$asked" 2>/dev/null) && [[ $how == *.ko* ]]; then
		text='a module, loaded when needed'
	else
		text="a module that modprobe.d forbids" next="allow $3 there"
		return 1
	fi
}

need_module() { # LINE KIND NAME MODULE SYMBOL CONFIG
	if in_kernel "${@:2}"; then note "$1" ok "$text"; else note "$1" no "$text" "$next"; fi
}

has_capability() { ((16#$(awk '/^CapEff:/ { print $2 }' /proc/self/status) >> $1 & 1)); }

check_machine() {
	local loader next
	if kernel 5.10; then
		note kernel ok "$release"
	else
		note kernel no "$release" "5.10 is the oldest that can do this"
	fi
	need_module act_bpf act bpf act_bpf tcf_bpf_act ACT_BPF
	need_module clsact sch clsact sch_ingress clsact_init SCH_INGRESS
	if in_kernel cls matchall cls_matchall mall_classify CLS_MATCHALL; then
		note matchall ok "$text"
	else
		local lacking="$text" todo=$next
		if in_kernel cls flower cls_flower fl_classify CLS_FLOWER; then
			note matchall without "$lacking; flower takes its place"
		elif in_kernel cls u32 cls_u32 u32_classify CLS_U32; then
			note matchall without "$lacking; u32 takes its place"
		else
			note matchall no "$lacking, and neither flower nor u32 is there" "$todo"
		fi
	fi
	in_kernel act gact act_gact tcf_gact_act ACT_GACT && note gact ok "$text" ||
		note gact without "$text: no goto chain" "$next"
	if ! loader=$(tc -V 2>&1); then
		note tc no missing "install iproute2"
	elif [[ $loader == *libbpf* ]]; then
		note tc ok "${loader#tc utility, }"
	else
		note tc no "${loader#tc utility, } was built without libbpf" "install iproute2 with libbpf"
	fi
	type -P bpftool >/dev/null && note bpftool ok "$(type -P bpftool)" ||
		note bpftool without "missing: no tables, no change, no parameters in show" "install bpftool"
	if [[ $(stat -f -c %t /sys/fs/bpf 2>/dev/null) != cafe4a11 ]]; then
		note bpffs ok "not mounted on /sys/fs/bpf; tcact does that when needed"
	elif [[ -w /sys/fs/bpf ]]; then
		note bpffs ok /sys/fs/bpf
	else
		note bpffs without "/sys/fs/bpf is not writable: no tables, no change" \
			"be root, or: mount -o remount,rw /sys/fs/bpf"
	fi
	[[ $EUID == 0 && -w /run ]] && note lock ok /run/tcact ||
		note lock no "cannot write to /run" "run as root"
	if ! has_capability 12 || ! { has_capability 21 || has_capability 39; }; then
		note capabilities no "CAP_NET_ADMIN and CAP_BPF (or CAP_SYS_ADMIN) are missing" "run as root"
	elif [[ $(readlink /proc/self/ns/user) != 'user:[4026531837]' ]]; then	# PROC_USER_INIT_INO
		note capabilities no "in a user namespace, where the kernel lends out no BPF" "run outside"
	else
		has_capability 21 && note capabilities ok "all that is needed" ||
			note capabilities without "CAP_SYS_ADMIN is missing: no tables, no change" "add it"
	fi
	loader=$(cat /sys/kernel/security/lockdown 2>/dev/null) || true
	if [[ $loader == *'[confidentiality]'* ]]; then
		note lockdown without "confidentiality: helpers that read kernel memory are refused"
	else
		note lockdown ok "${loader:-none}"
	fi
	# From 5.11 on the memory of BPF is not counted against this; tc raises it by itself.
	[[ $(ulimit -l) == unlimited ]] || kernel 5.11 || has_capability 24 ||
		note memlock no "$(ulimit -l) KiB" "ulimit -l unlimited"
}

check_action() { # NAME
	local entry name state what todo verdict=ok why='' next=''
	choose "$1"
	for entry in "${checks[@]}"; do
		IFS=$'\t' read -r name state what todo <<<"$entry"
		[[ $name != 'action '* ]] || break
		[[ $state != no && ! ($table_map && $name$state == @(bpftool|bpffs|capabilities)without) ]] ||
			{ verdict=no why+="${why:+, }$name: $what" next+="${next:+, }${todo/#-/}"; }
	done
	if [[ $(untouched "$objects/$action.o" 2>&1) ]]; then
		verdict=no why="its object is not the one of tcact.params" next='reinstall tcact'
	fi
	[[ $verdict == no ]] || for entry in "${params[@]}"; do
		too_new "$entry" || continue
		# shellcheck disable=SC2086 # WORD VERSION ...
		verdict=without why+="${why:+, }$entry$(printf ' %s (%s)' ${found//=/ })"
	done
	note "action $action" "$verdict" "${why:-works}" "${next:--}"
}

command_check() {
	local entry name state what todo separator='[' failed=0 row
	(($# == 0)) || bad "check takes no arguments"
	catalogue
	check_machine
	for row in "${rows[@]}"; do
		[[ $row != action$'\t'* ]] || { row=${row#*$'\t'}; check_action "${row%%$'\t'*}"; }
	done
	for entry in "${checks[@]}"; do
		IFS=$'\t' read -r name state what todo <<<"$entry"
		[[ $state != no ]] || failed=2
		if [[ $json ]]; then
			printf '%s{"name":"%s","state":"%s","what":%s,"do":%s}' "$separator" "$name" "$state" \
				"$(json_string "$what")" "$(json_string "${todo/#-/}")"
			separator=,
		else
			[[ $todo == - ]] || what+="; $todo"
			printf '%-16s %-8s %s\n' "$name" "$state" "$what"
		fi
	done
	[[ ! $json ]] || echo ']'
	exit "$failed"
}
