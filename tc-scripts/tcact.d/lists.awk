# SPDX-License-Identifier: GPL-2.0-only
# Behind hooks.awk: the filters as they are, those of each hook behind a line "hook DEV DIR".

function begin_hook(device, direction) { print "hook " device " " direction }
function end_filter() {}
{ print }
