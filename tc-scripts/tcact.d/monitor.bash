# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# What passes through the attachments, again and again. tcact-data computes it.

# uptime_of VAR: sets VAR to the time since boot in hundredths of a second, which nobody sets
uptime_of() {
	local up
	read -r up _ </proc/uptime
	printf -v "$1" '%d' "$((10#${up/./}))"
}

command_monitor() {
	local rest every=1 name='' own asked input reader out first second from to began now left line status
	catalogue
	while [[ ${1-} == -* ]]; do
		[[ $1 == -j ]] || misplaced $# "$1"
		json=1
		shift
	done
	[[ ${*: -1} != interval ]] || bad "interval: its value is missing" "give seconds"
	place rest "$@"
	[[ ${rest[0]-} != +([0-9]) ]] || bad "$(q "${rest[0]}") is not an action" "$(instead ${#rest[@]} 0 interval)"
	[[ ${rest[0]-interval} == interval ]] || { name=${rest[0]}; rest=("${rest[@]:1}"); }
	[[ ${rest[0]-} != interval ]] || { every=${rest[1]}; rest=("${rest[@]:2}"); }
	ends "${rest[@]}"
	[[ $every =~ ^[1-9][0-9]{0,4}$ && $every -le 86400 ]] || bad "interval $(q "$every"): must be 1..86400, in seconds"
	asked=("${devs[@]}")
	uptime_of began
	find_own own "$name"
	((${#own[@]})) || none "$name"

	exec {out}>&1
	# Its end closes what it does not write to, which ends the read below.
	coproc { exec "$data" ${json:+-j} -c monitor "$objects" status monitor 3>&1 >&"$out"; }
	reader=$COPROC_PID
	# bash takes those of a coprocess away when it ends
	first=${COPROC[0]} second=${COPROC[1]}
	exec {from}<&"$first" {to}>&"$second" {out}>&- {first}<&- {second}>&-
	trap '' PIPE
	while status_input input own && printf '%s\ntick %s\n' "$input" "$began" 2>/dev/null 1>&"$to"; do
		uptime_of now
		left=$((every * 100 - now + began)) status=0
		((left > 0)) || left=1
		printf -v left '%d.%02d' $((left / 100)) $((left % 100))
		IFS= read -rt "$left" -u "$from" line || status=$?
		((status > 128)) || break
		devs=("${asked[@]}")
		uptime_of began
		find_own own "$name"
		((${#own[@]})) || for line in "${asked[@]}"; do
			ip link show dev "$line" >/dev/null 2>&1 ||
				fail 2 monitor "$(q "$line"): the device is gone" "see: ip link"
		done
	done
	exec {to}>&-
	# that it could not write it has said; 141: nobody read any more
	wait "$reader" || (($? == 141)) || { message=said; exit 2; }
}
