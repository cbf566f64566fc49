# SPDX-License-Identifier: GPL-2.0-only
# From lines "hook DEV DIR KIND", and then what `tc -s -batch` says to "qdisc show dev DEV" and "filter show dev DEV DIR"
# of each: the filters, those of each hook behind a line "hook DEV DIR". KIND is the qdisc that has the hooks: its line
# is the last one before the filters. HEAD is what tc prints before each filter. Exit status 1: a hook is missing, or
# what a filter consists of.

BEGIN { bare = "^" head "$" }

# Before the filters of a pref is a head without one. Where the kernel left them out, it is alone.
function not_alone() {
	if (alone) lost = 1
	alone = 0
}

NR == n + 1 && /^hook / {
	hook[++n] = $2 " " $3
	kind[n] = $4
	next
}

/^qdisc / {
	not_alone()
	named = inside = 0
	if ($3 == "ffff:" && at < n && $2 == kind[at + 1]) {
		at++
		inside = 1
	}
	next
}

inside && /^filter / {
	if (!named) print "hook " hook[at]
	named = 1
	is_bare = $0 ~ bare
	if (is_bare) not_alone()
	alone = is_bare
	print
	next
}

named {
	alone = 0
	print
}

END {
	not_alone()
	exit lost || at != n
}
