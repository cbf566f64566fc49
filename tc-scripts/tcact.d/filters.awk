# SPDX-License-Identifier: GPL-2.0-only
# From `tc -s filter show`: one line for each action that carries tcact's cookie, its fields
# separated by tabs, "-" where there is none:
#   chain pref protocol kind handle cookie action-kind name program control index
#   packets bytes dropped match
# The text and not `tc -j`: one filter of somebody else's whose kind tc (up to 6.x) cannot
# print as JSON (basic, fw) makes the JSON of the whole device unreadable.

function word(text) { words = words (words == "" ? "" : " ") text }

/^filter / {
	in_action = 0
	words = ""
	handle = chain = "-"
	for (i = 2; i <= NF; i++) {
		if ($i == "protocol") {
			protocol = $++i
			# one that tc has no name for: as tc reads it
			if (protocol ~ /^\[/) protocol = sprintf("0x%04x", substr(protocol, 2))
		}
		else if ($i == "pref") { pref = $++i; kind = $++i }
		else if ($i == "chain") chain = $++i
		else if ($i == "handle" || $i == "fh") handle = $++i
		else if ($i ~ /^\*?(flowid|classid|hw_tc)$/ && $(i + 1) ~ /^[0-9a-f:]+$/) {
			sub(/^\*/, "", $i)
			word($i " " $(i + 1))
			i++
		}
	}
	next
}

/^\taction order [0-9]+: / {
	in_action = 1
	action = $4
	name = program = control = number = "-"
	packets = bytes = dropped = 0
	if (action == "bpf") {
		name = $5
		sub(/:.*/, "", name)
		sub(/\.o$/, "", name)
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

in_action && /^\t index / { number = $2 }
in_action && /^\tSent / { bytes = $2; packets = $4; dropped = $7; sub(/,/, "", dropped) }
in_action && /^\tcookie 74636163/ {
	print chain "\t" pref "\t" protocol "\t" kind "\t" handle "\t" $2 "\t" action "\t" name \
		"\t" program "\t" control "\t" number "\t" packets "\t" bytes "\t" dropped \
		"\t" (words == "" ? "-" : words)
}

# What lies between the filter and its first action is the match, as tc reads it, and more.
!in_action && NF {
	sub(/\(.*/, "")
	for (i = 1; i <= NF; i++) {
		if ($i == "eth_type") i++
		else if ($i ~ /^icmp_(type|code)$/) word(substr($i, 6))
		else if ($i != "not_in_hw" && $i != "in_hw" && $i !~ /^in_hw_count/) word($i)
	}
}
