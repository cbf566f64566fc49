/* SPDX-License-Identifier: GPL-2.0-only */
/* What takes longer than a second tells how far it is, on standard error, if that is a terminal. */
#pragma once

#include <stdint.h>

struct progress {
	uint64_t next;		/* when to tell it, CLOCK_MONOTONIC in ns; 0: never */
};

void progress_begin(struct progress *progress);
/* Prints a line, unless less than a second has passed since the beginning or the last line. */
void progress_tell(struct progress *progress, const char *format, ...) __attribute__((format(printf, 2, 3)));
