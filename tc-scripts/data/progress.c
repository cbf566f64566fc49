// SPDX-License-Identifier: GPL-2.0-only
#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

#include "clock.h"
#include "progress.h"

#define SECOND 1000000000

void progress_begin(struct progress *progress)
{
	progress->next = isatty(STDERR_FILENO) ? clock_ns(CLOCK_MONOTONIC) + SECOND : 0;
}

void progress_tell(struct progress *progress, const char *format, ...)
{
	va_list args;

	if (!progress || !progress->next || clock_ns(CLOCK_MONOTONIC) < progress->next)
		return;
	progress->next = clock_ns(CLOCK_MONOTONIC) + SECOND;
	fputs("tcact: ", stderr);
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fputc('\n', stderr);
}
