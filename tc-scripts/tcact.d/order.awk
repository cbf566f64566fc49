# SPDX-License-Identifier: GPL-2.0-only
# From `tc -s filter show`: which filters hide packets from one another. The new filter is at
# PREF of CHAIN, for PROTOCOL unless the list has it already. Of tcact's own actions REWRITERS
# always obey their control. One line each, "PREF KIND" after the word:
#   none   it runs before the new filter, which then sees no packet
#   some   it runs before the new filter, which does not see the packets that it matches
#   asks   it runs before the new filter, and its program decides which packets the new one sees
#   after  it runs after the new filter, which sees first all packets that it could see
# If it is not certain, there is no line, so every line is true.
#
# Without PREF: the same of each filter of tcact's own in the list, for which a line "hook DEV DIRECTION" begins the
# filters of each hook. One line, its fields separated by tabs:
#   before DEV DIRECTION CHAIN PREF [none|some|asks PREF KIND]...
# At most 16 of each word. Lines "written DEV DIRECTION CHAIN/PREF" may come before: these are listed only after none.

function done() {
	if (!is_filter || pref != "" && in_chain != chain) return
	is_filter = 0
	if (at == pref) { protocol = of; return }
	n++
	kinds[n] = kind
	prefs[n] = at
	chains[n] = in_chain
	tcacts[n] = ours
	protocols[n] = of
	every[n] = every_packet && !keys && kind != "bpf"
	# An action decides, and so does a filter without one; "continue" is printed wherever it is meant.
	ends[n] = !skipped && !goes_on && !program && (actions || kind ~ /^(matchall|flower)$/)
	hardware[n] = skipped
	quiet[n] = last ~ /(^| )(drop|shot)( |$)/
	asks[n] = !skipped && (direct || program && !goes_on)
}

function action_done() {
	if (!actions) return
	if (action == "bpf") {
		if (!ours || name == "verdict") program = 1
		else if (index(rewriters, " " name " ") == 0) every_packet = 0
	} else if (action !~ /^(gact|mirred|skbedit|pedit|csum|vlan|police|nat|skbmod|tunnel_key|connmark|ct|ctinfo|mpls|sample)$/)
		goes_on = 1
}

/^written / && !hook {
	written[$2 "\t" $3 "\t" $4]
	next
}

/^hook / {
	hook_done()
	hook = $2 "\t" $3
	next
}

/^filter / {
	action_done()
	done()
	in_chain = actions = keys = goes_on = program = direct = ours = skipped = 0
	every_packet = 0
	last = ""
	# the head, as in filters.awk
	of = $3
	at = $5
	kind = $6
	if ($7 == "chain") in_chain = $8
	is_filter = $9 ~ /^(handle|fh)$/ && $12 != "divisor"
	for (i = 11; i <= NF; i++) {
		if ($i == "direct-action") direct = 1
		else if ($i == "skip_sw") skipped = 1
	}
	if (kind ~ /^(matchall|flower)$/ || kind == "u32" && / key ht 800 /) every_packet = 1
	next
}
/^\taction order [0-9]+: / {
	action_done()
	actions++
	action = $4
	ours = 0
	last = $0
	name = $5
	sub(/:.*/, "", name)
	sub(/\.o$/, "", name)
}
/^\tcookie 746361631/ { ours = 1 }
actions {
	if (/[ \/]continue([ \/]|$)/) goes_on = 1
	next
}
/^ *skip_sw/ { skipped = 1 }
!/^ *(skip_hw|skip_sw|in_hw|not_in_hw|eth_type|$)/ && !/^  match 00000000\/00000000 at 0( |$)/ { keys = 1 }

# hides K: what the filter K does to one behind it that is for PROTOCOL
function hides(k, of) {
	if (protocols[k] != of && protocols[k] != "all" && of != "all") return ""
	if (asks[k]) return "asks"
	if (ends[k] && every[k] && (protocols[k] == "all" || protocols[k] == of)) return "none"
	return ends[k] && !quiet[k] ? "some" : ""
}

# hook_done: what is before each of tcact's own filters. Those of a chain are in the order of pref: what is before the
# last one for the same protocol is before this one too.
function hook_done(  i, k, how, what, key) {
	action_done()
	done()
	for (i = 1; i <= n; i++) {
		if (!tcacts[i]) continue
		key = chains[i] " " protocols[i]
		for (k = upto[key] + 1; k < i && (chains[k] != chains[i] || prefs[k] + 0 < prefs[i] + 0); k++) {
			if (chains[k] != chains[i]) continue
			how = hides(k, protocols[i])
			if (how == "" || how != "none" && (hook "\t" chains[k] "/" prefs[k]) in written) continue
			what = how " " prefs[k] " " kinds[k]
			# one with several handles is one
			if (what == last_of[key] || count[key, how]++ >= 16) continue
			last_of[key] = what
			line[key] = line[key] (line[key] == "" ? "" : " ") what
		}
		upto[key] = k - 1
		if (line[key] != "")
			print "before\t" hook "\t" chains[i] "\t" prefs[i] "\t" line[key]
	}
	n = actions = is_filter = 0
	split("", upto)
	split("", last_of)
	split("", count)
	split("", line)
}

END {
	if (pref == "") {
		hook_done()
		exit
	}
	action_done()
	done()
	for (i = 1; i <= n; i++) {
		what = prefs[i] " " kinds[i]
		how = hides(i, protocol)
		if (prefs[i] + 0 <= pref + 0) {
			if (how != "") print how " " what
		} else if (!hardware[i] && (protocol == "all" || protocols[i] == protocol)) print "after " what
	}
}
