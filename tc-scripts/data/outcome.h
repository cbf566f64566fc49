/* SPDX-License-Identifier: GPL-2.0-only */
/* What became of a change of a table in place. */
#pragma once

enum outcome {
	CHANGED,
	CHANGE_ABSENT,		/* nothing was changed: an entry is not there */
	CHANGE_NO_ROOM,		/* nothing was changed */
};
