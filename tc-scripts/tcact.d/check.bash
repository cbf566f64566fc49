# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash disable=SC2015,SC2034,SC2154 # as in tcact, which sources this
# What this machine can do. Nothing is tried out: a test that loads a module changes something.

checks=()
# note NAME ok|no|without STATE [DO]
note() { checks+=("$1"$'\t'"$2"$'\t'"$3"$'\t'"${4--}"); }

# in_kernel MODULE SYMBOL: sets text to how the kernel has it
in_kernel() {
	local release builtin
	release=$(uname -r) builtin=/lib/modules/$release/modules.builtin
	if [[ -d /sys/module/$1 ]] || grep -qsw "$2" /proc/kallsyms; then
		text='there'
	elif grep -qs "/$1\.ko" "$builtin"; then
		text='built in'
	elif modprobe -n -q -- "$1" 2>/dev/null; then
		text='a module, loaded when needed'
	else
		text=missing
		return 1
	fi
}

need_module() { # NAME MODULE SYMBOL CONFIG
	if in_kernel "$2" "$3"; then
		note "$1" ok "$text"
	else
		note "$1" no missing "use a kernel with CONFIG_$4"
	fi
}

has_capability() { ((16#$(awk '/^CapEff:/ { print $2 }' /proc/self/status) >> $1 & 1)); }

check_machine() {
	local loader
	if kernel 5.10; then
		note kernel ok "$release"
	else
		note kernel no "$release" "5.10 is the oldest that can do this"
	fi
	need_module act_bpf act_bpf tcf_bpf_act NET_ACT_BPF
	need_module clsact sch_ingress clsact_init NET_SCH_INGRESS
	if in_kernel cls_matchall mall_classify; then
		note matchall ok "$text"
	elif in_kernel cls_flower fl_classify; then
		note matchall without "missing; flower takes its place"
	elif in_kernel cls_u32 u32_classify; then
		note matchall without "missing; u32 takes its place"
	else
		note matchall no "missing, and flower, and u32" "use a kernel with CONFIG_NET_CLS_MATCHALL"
	fi
	in_kernel act_gact tcf_gact_act && note gact ok "$text" ||
		note gact without "missing: no goto chain"
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
	elif [[ $(awk '{ print $3 }' /proc/self/uid_map) != 4294967295 ]]; then
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
