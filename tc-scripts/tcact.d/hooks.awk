# SPDX-License-Identifier: GPL-2.0-only
# From lines "hook DEV DIR KIND", and then what `tc -s -batch` says to "qdisc show dev DEV" and "filter show dev DEV DIR"
# of each: only the filters go on to the rules behind these, of lists.awk or filters.awk. Before those of each hook their
# begin_hook(DEV, DIR) is called, and at last their end_filter(). KIND is the qdisc that has the hooks: its line is the last
# one before the filters. HEAD is what tc prints before each filter. Exit status 1: a hook is missing, or what a filter
# consists of. So of
#   hook eth1 ingress clsact
#   qdisc noqueue 0: root ...
#   qdisc clsact ffff: parent ffff:fff1
#   filter protocol all pref 10 matchall chain 0                    the head of pref 10, bare
#   filter protocol all pref 10 matchall chain 0 handle 0x1         a filter there
#   ...
# the last three lines go on. If a bare head comes next, or the end, the kernel left the filter out: see filters() of
# place.bash.

BEGIN { bare = "^" head "$" }

# A bare head must not be the last line before this.
function not_alone() {
	if (alone) lost = 1
	alone = 0
}

NR == hooks + 1 && /^hook / {
	dev[++hooks] = $2
	dir[hooks] = $3
	kind_of[hooks] = $4
	next
}

/^qdisc / {
	not_alone()
	named = inside = 0
	if ($3 == "ffff:" && at < hooks && $2 == kind_of[at + 1]) {
		at++
		inside = 1
	}
	next
}

inside && /^filter / {
	if (!named) begin_hook(dev[at], dir[at])
	named = 1
	is_bare = $0 ~ bare
	if (is_bare) not_alone()
	alone = is_bare
}

!named { next }
!/^filter / { alone = 0 }

END {
	not_alone()
	end_filter()
	exit lost || at != hooks
}
