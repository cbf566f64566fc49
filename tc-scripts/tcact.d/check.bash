# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# What this machine can do. Nothing is tried out: a test that loads a module changes something.

checks=()
# note NAME ok|without|unknown|no WHAT [DO]
note() { checks+=("$1"$'\t'"$2"$'\t'"$3"$'\t'"${4-}"); }

# in_kernel ARRAY act|cls|sch NAME MODULE SYMBOL: sets ARRAY[state] to ok, no or unknown, [what] to how the kernel
# has it or why not, and [do] to what to do
in_kernel() {
	local -n has_=$1
	local modules=/lib/modules/$release option=NET_${2^^}_${3^^} ask=$2_$3 how helper=''
	option=${option/CLSACT/INGRESS}
	has_=()
	has_+=([state]=no [do]="use a kernel with CONFIG_$option")
	if [[ $'\n'$symbols$'\n' == *$'\n'"$5"$'\n'* || -d /sys/module/$4 ]]; then
		has_+=([state]=ok [what]=there)
		return
	elif grep -qs "/$4\.ko" "$modules/modules.builtin"; then
		has_+=([state]=ok [what]='built in')
		return
	elif [[ ! -e /proc/modules ]]; then
		has_+=([what]=missing)
		grep -qsm1 . /proc/kallsyms || ! configured "$option" ||
			has_+=([state]=unknown [what]="not known: nothing is in /proc/kallsyms" [do]="be root, or load $4")
		return
	elif [[ ! -d $modules ]]; then
		configured "$option" || { has_+=([what]=missing); return; }
		has_+=([state]=unknown [what]="not known: $modules is not to be seen from here" [do]="load $4")
		return
	fi
	# 6.9 and newer ask for an alias: a blacklist counts for that, but not for a name.
	! grep -qsw "alias net-$2-$3" "$modules/modules.alias" || ask=net-$2-$3
	how=$(modprobe -n -v -- "$ask" 2>/dev/null) || true
	read -r helper 2>/dev/null </proc/sys/kernel/modprobe || true
	if [[ ${how##*$'\n'} != insmod\ * ]]; then
		has_+=([what]=missing)
		if modprobe -C /dev/null -n -q -- "$4" 2>/dev/null; then
			has_+=([what]="a module that modprobe.d forbids" [do]="allow $4 there, or load it by hand")
		elif configured "$option" && [[ $config ]]; then
			has_+=([what]="not installed" [do]="install the package that has the module $4")
		fi
	elif [[ $(cat /proc/sys/kernel/modules_disabled 2>/dev/null) == 1 ]]; then
		has_+=([what]='a module, and no more can be loaded' [do]="load $4 at boot")
	elif [[ ! -x $helper ]]; then
		has_+=([what]='a module, and the kernel has no modprobe to load it'
			[do]="load $4 by hand, or see /proc/sys/kernel/modprobe")
	else
		has_+=([state]=ok [what]='a module, loaded when needed')
	fi
}

# check_module LINE KIND NAME MODULE SYMBOL
check_module() {
	local -A has
	in_kernel has "${@:2}"
	[[ ${has[state]} != ok ]] || has[do]=''
	note "$1" "${has[state]}" "${has[what]}" "${has[do]}"
}

# Without matchall, add takes what can match everything too.
check_classifier() {
	local -A matchall flower u32
	in_kernel matchall cls matchall cls_matchall mall_classify
	if [[ ${matchall[state]} == ok ]]; then
		note matchall ok "${matchall[what]}"
		return
	fi
	in_kernel flower cls flower cls_flower fl_classify
	[[ ${flower[state]} != ok ]] || { note matchall without "${matchall[what]}; flower takes its place"; return; }
	in_kernel u32 cls u32 cls_u32 u32_classify
	[[ ${u32[state]} != ok ]] || { note matchall without "${matchall[what]}; u32 takes its place"; return; }
	if [[ ${flower[state]}${u32[state]} == *unknown* ]]; then
		note matchall unknown "${matchall[what]}; of flower and u32 it is not known" "${matchall[do]}"
	elif [[ ${matchall[state]} == unknown ]]; then
		note matchall unknown "${matchall[what]}; neither flower nor u32 is there" "${matchall[do]}"
	else
		note matchall no "${matchall[what]}, and neither flower nor u32 is there" "${matchall[do]}"
	fi
}

check_tools() {
	local loader tool
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
	for tool in "${tools[@]}" flock=util-linux; do
		type -P "${tool%=*}" >/dev/null || note "${tool%=*}" no missing "install ${tool#*=}"
	done
}

check_rights() {
	local lockdown missing='' root=1
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
	if [[ -d $state && ! -L $state && -O $state && -w $state || ! -e $state && ! -L $state && -w ${state%/*} ]]; then
		note lock ok "$state"
	else
		note lock no "cannot write to $state" "${root:+run as root, with a writable /run}"
	fi
	if [[ $missing ]]; then
		note capabilities no "without ${missing#, }" "${root:+run as root with all of them}"
	elif [[ $(readlink /proc/self/ns/user) != 'user:[4026531837]' ]]; then # PROC_USER_INIT_INO
		note capabilities no "in a user namespace, where the kernel does not allow BPF" "run outside"
	elif has_capability 21; then
		note capabilities ok "all that is needed"
	else
		note capabilities without "CAP_SYS_ADMIN is missing: no table can be read or changed, no parameter shown or changed; keep, save and apply need it too" "add it"
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
	local symbols why next
	local -A gact
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
	if fit_machine why next; then
		note objects ok "$objects"
	else
		note objects no "$why" "$next"
	fi
	check_module act_bpf act bpf act_bpf tcf_bpf_act
	check_module clsact sch clsact sch_ingress clsact_init
	check_classifier
	in_kernel gact act gact act_gact tcf_gact_act
	case ${gact[state]} in
	ok) note gact ok "${gact[what]}" ;;
	no) note gact without "${gact[what]}: no goto chain" "${gact[do]}" ;;
	unknown) note gact unknown "${gact[what]}; it is for goto chain" "${gact[do]}" ;;
	esac
	check_tools
	check_rights
}

# check_actions: each depends on what the lines above say; words may need another kernel
check_actions() {
	local line name says param lacks state_of=ok all_why='' table_why='' file_why='' verdict_of why
	for line in "${checks[@]}"; do
		IFS=$'\t' read -r name says _ <<<"$line"
		if [[ $says == no || $says == unknown && $name != gact ]]; then
			[[ $state_of == no ]] || state_of=$says
			all_why+=", $name"
		elif [[ $name$says == tcwithout ]]; then
			file_why=', tc'
		elif [[ $name$says == bpffswithout ]]; then
			table_why=', bpffs'
		fi
	done
	for name in "${actions[@]}"; do
		verdict_of=$state_of why=$all_why
		# loaded by tcact and pinned for tc, or by tc from a file
		if [[ ${table_key[$name]-}${set_of[$name]-} ]]; then
			why+=$table_why
		else
			why+=$file_why
		fi
		[[ $why == "$all_why" ]] || verdict_of=no
		why=${why:+depends on ${why#, }}
		[[ $verdict_of != ok ]] || for param in ${params[$name]}; do
			lacking lacks "$name" "$param" || continue
			verdict_of=without why+="${why:+, }$param$lacks"
			[[ $param != *mtu ]] || why+=', where add takes the MTU that the device has'
		done
		note "action $name" "$verdict_of" "${why:-works}"
	done
}

command_check() {
	local line failed=0
	no_options "$@"
	catalogue
	if (($#)); then
		read_files "$@"
		ask_batches >/dev/null
		[[ ! $json ]] || echo '[]'
		return
	fi
	check_machine
	check_actions
	for line in "${checks[@]}"; do [[ $line != *$'\t'no$'\t'* ]] || failed=2; done
	printf '%s\n' "${checks[@]}" | of_data checks || ended $?
	exit "$failed"
}
