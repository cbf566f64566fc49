/* SPDX-License-Identifier: GPL-2.0-only */
/* The subcommands. Each gets the words that follow its name. */
#pragma once

#include "settings.h"

struct options {
	const char *objects;	/* the directory of the object files */
	bool json, verbose;
};

typedef int command(const struct options *options, char **words, int n, struct error *error);

command command_list, command_info, command_bake, command_load, command_dump, command_describe, command_names,
	command_values, command_live, command_tcx, command_change, command_tables, command_status, command_form, command_keep,
	command_complete, command_buckets, command_top, command_used, command_kept,
	command_lines, command_sharing, command_checks;
