/* SPDX-License-Identifier: GPL-2.0-only */
/* The result of a change of a table that programs use. */
#pragma once

enum outcome {
	CHANGED,
	CHANGE_ABSENT,		/* an entry to remove does not exist; nothing was changed */
	CHANGE_NO_ROOM,		/* only a new table can hold the entries; nothing was changed */
};
