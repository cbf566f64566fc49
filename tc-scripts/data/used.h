/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What buckets hold, in a file, for the time in which no program has them: a quota and the counters of account
 * survive a reboot. Buckets with times do not: their clock begins with the boot.
 */
#pragma once

#include "bucket.h"

/* What the file has for one action. used_free() frees it. */
struct used {
	unsigned char *file;
	const struct used_record *record;	/* NULL: nothing */
};

/*
 * Looks in the file @path for what an action with these @settings had counted as @key. If it is there, its seed
 * becomes that of @settings. A file that is not there, or not fit for use, has nothing. That the machine has no memory
 * for it is an error.
 */
int used_find(struct used *used, const char *path, const char *key, struct settings *settings, struct error *error);
/* Puts it into @map, of @entries elements. */
int used_put_back(const struct used *used, int map, __u32 entries);
void used_free(struct used *used);
