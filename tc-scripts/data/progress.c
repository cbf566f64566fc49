// SPDX-License-Identifier: GPL-2.0-only
#include <stdarg.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "progress.h"

static uint64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000ULL + now.tv_nsec / 1000000;
}

void progress_begin(struct progress *progress)
{
	progress->next = isatty(STDERR_FILENO) ? now_ms() + 1000 : 0;
}

void progress_tell(struct progress *progress, const char *format, ...)
{
	va_list args;

	if (!progress || !progress->next || now_ms() < progress->next)
		return;
	progress->next = now_ms() + 1000;
	fputs("tcact: ", stderr);
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fputc('\n', stderr);
}
