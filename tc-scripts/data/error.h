/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Errors are values. A function that can fail takes a struct error, says there what is wrong
 * and what to do, and returns what error() returns. main() prints it, on one line.
 */
#pragma once

#include <stddef.h>

enum {				/* exit status; tcact(8) */
	USAGE = 1,		/* the input is at fault, nothing was touched */
	REFUSED = 2,		/* the system refused */
	ABSENT = 3,		/* there is no such thing */
	NO_ROOM = 4,		/* only of tcact-data change, for tcact: it says nothing */
};

struct error {
	int status;		/* 0: none */
	char why[1024], next[256];
};

/* Sets @error unless it is set: the first reason counts. Returns -1. */
int error(struct error *error, int status, const char *next, const char *why, ...)
	__attribute__((format(printf, 4, 5)));

/* The text as one word on one line, whatever is in it, into @word, which it returns. */
#define QUOTED 100
const char *quoted(char word[QUOTED], const char *text);
/* The same, for the arguments of error(). */
#define Q(text) quoted((char[QUOTED]){ 0 }, text)
