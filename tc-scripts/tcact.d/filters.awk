# SPDX-License-Identifier: GPL-2.0-only
# From `tc -s filter show`: one line for each action of a filter that `tcact add` can have made, its
# fields separated by tabs, "-" where there is none:
#   chain pref protocol kind handle cookie action-kind name program control index
#   packets bytes dropped match installed used
# The last two are seconds since then.
# A line "hook DEV DIR", or begin_hook(DEV, DIR) of hooks.awk, is for what follows it: DEV and DIR come first in each line
# then.
# It reads the text, not `tc -j`: a single foreign filter whose kind tc (up to 6.x) cannot
# print as JSON (basic, fw) makes the JSON of the whole device unreadable.
# Any program can give an action a cookie. A filter is tcact's only if each of its actions has a cookie
# of tcact that fits its place, is listed in `actions`, and is in no other filter.

BEGIN {
	for (i = split(actions, list, " "); i; i--) known[list[i]]
}

function word(text) { words = words (words == "" ? "" : " ") text }

function hex(digits) {
	return 16 * (index("0123456789abcdef", substr(digits, 1, 1)) - 1) + \
		index("0123456789abcdef", substr(digits, 2, 1)) - 1
}

# ours: `tcact add` can have written the cookie of the action that was read last
function ours(  at, of) {
	# no interval expressions: mawk of Debian 12 lacks them
	if (length(cookie) != 24 && length(cookie) != 32 || cookie !~ /^746361631[0-3][0-9a-f]+$/ || substr(cookie, 15, 2) != "00")
		return 0
	at = hex(substr(cookie, 11, 2))
	of = hex(substr(cookie, 13, 2))
	if (at != count - 1 || bind != 1 || number !~ /^[0-9]+$/ || count > 1 && substr(cookie, 10, 1) != flag ||
	    count > 1 && substr(cookie, 25) != label ||
	    count > 1 && of != total || counters !~ /^[0-9]+ [0-9]+ [0-9]+$/)
		return 0
	total = of
	flag = substr(cookie, 10, 1)
	label = substr(cookie, 25)
	if (action == "bpf")
		return at < of && (name in known) && program ~ /^[0-9]+$/ &&
			control ~ /^(pass|drop|pipe|continue|reclassify|trap|goto chain [0-9]+|jump [0-9]+)$/
	return action == "gact" && at > 0 && at == of && substr(cookie, 17, 8) == "00000000" &&
		control ~ /^goto chain [0-9]+$/ && random == "none"
}

function end_action() {
	if (!in_action) return
	in_action = 0
	counters = bytes " " packets " " dropped
	if (!ours()) foreign = 1
	pending = pending hook chain "\t" pref "\t" protocol "\t" kind "\t" handle "\t" cookie "\t" action "\t" name \
		"\t" program "\t" control "\t" number "\t" packets "\t" bytes "\t" dropped \
		"\t" (words == "" ? "-" : words) "\t" installed "\t" used "\n"
}

function end_filter() {
	end_action()
	if (!foreign && (count == total || count == total + 1 && action == "gact") &&
	    kind ~ /^(matchall|flower|u32|basic|bpf|cgroup)$/ && pref ~ /^[0-9]+$/ && chain ~ /^[0-9]+$/ &&
	    handle ~ /^[0-9a-fx:]+$/ && protocol ~ /^[A-Za-z0-9_.-]+$/)
		printf "%s", pending
	pending = ""
	count = total = foreign = 0
}

function begin_hook(device, direction) {
	end_filter()
	hook = device "\t" direction "\t"
	kind = "-"	# of no filter yet
}

END { end_filter() }

/^hook / {
	begin_hook($2, $3)
	next
}

/^filter / {
	end_filter()
	words = ""
	# The head is the same for all kinds. What follows may be a name, which says what its author likes.
	protocol = $3
	# one that tc has no name for: as tc reads it
	if (protocol ~ /^\[/) protocol = sprintf("0x%04x", substr(protocol, 2))
	pref = $5
	kind = $6
	chain = $7 == "chain" ? $8 : "-"
	handle = $9 ~ /^(handle|fh)$/ ? $10 : "-"
	for (i = 11; i < NF && (kind != "bpf" || i == 11); i++)
		if ($i ~ /^\*?(flowid|classid|hw_tc)$/ && $(i + 1) ~ /^[0-9a-f:]+$/) {
			sub(/^\*/, "", $i)
			word($i " " $(i + 1))
		}
	next
}

/^\taction order [0-9]+: / {
	end_action()
	in_action = 1
	if ($3 != ++count ":") foreign = 1
	action = $4
	name = program = control = number = bind = "-"
	cookie = ""
	random = "none"
	installed = used = "-"
	packets = bytes = dropped = 0
	if (action == "bpf") {
		name = $5
		sub(/:.*/, "", name)
		sub(/\.o$/, "", name)
		# what tc calls a program from the file that add gives it, and one that is pinned
		if ($5 != name ".o:[action/" name "]" && $5 != name ":[*fsobj]") name = ""
	}
	for (i = 5; i <= NF; i++) {
		if ($i == "id") program = $(i + 1)
		if ($i == "default-action" || action == "gact" && $i == "action") {
			control = $(i + 1)
			for (i += 2; i <= NF; i++) control = control " " $i
		}
	}
	next
}

in_action && /^\t index / {
	number = $2
	for (i = 3; i < NF; i++) {
		if ($i == "bind") bind = $(i + 1)
		else if ($i == "installed" && $(i + 1) ~ /^[0-9]+$/) installed = $(i + 1)
		else if ($i == "used" && $(i + 1) ~ /^[0-9]+$/) last = $(i + 1)
		# without it, "used" is the time since it was made
		else if ($i == "firstused") used = last
	}
}
in_action && /^\t random type / { random = $3 }
in_action && /^\tSent / { bytes = $2; packets = $4; dropped = $7; sub(/,/, "", dropped) }
in_action && /^\tcookie / { cookie = $2 }

# The text between the filter and its first action contains the match, as tc accepts it, and more.
!count && NF {
	sub(/\(.*/, "")
	for (i = 1; i <= NF; i++) {
		if ($i == "eth_type") i++
		else if ($i ~ /^icmp_(type|code)$/) word(substr($i, 6))
		else if ($i != "not_in_hw" && $i != "in_hw" && $i !~ /^in_hw_count/) word($i)
	}
}
