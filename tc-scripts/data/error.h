/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Errors are values. A function that can fail takes a struct error, writes there what is wrong
 * and what to do next, and returns -1 as error() does. main() prints the error on one line.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

enum {				/* exit status; tcact(8) */
	USAGE = 1,		/* the input is wrong; nothing was changed */
	REFUSED = 2,		/* the system refused */
	ABSENT = 3,		/* there is no such thing */
	NO_ROOM = 4,		/* only from tcact-data change to tcact, without a message */
	UNREADABLE,		/* for error(): REFUSED, for a program that is unreadable */
};

struct error {
	int status;		/* 0: no error */
	bool unreadable;	/* a program is gone, or not one of this version of tcact: others may be read */
	const char *where;	/* what begins the message instead of the subcommand, or NULL */
	char why[1024], next[256];
};

/* Sets @error, unless an error was set before: the first one counts. Returns -1. */
int error(struct error *error, int status, const char *next, const char *why, ...)
	__attribute__((format(printf, 4, 5)));
/* Sets the error that there is no memory. Returns -1. */
int error_memory(struct error *error);
/* Is this errno no fault of what was to be opened or read, but of a machine that has no more of something? */
bool is_scarcity(int number);
/* Sets the error that one cannot ("read") @what for such an errno. Returns -1. */
int error_scarcity(struct error *error, const char *cannot, const char *what);

/* What a shell takes as it is. */
#define PLAIN_CHARACTERS "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_@%+=:,./-"

/* Writes the text to @word as one word on one line, whatever it contains. Returns @word. */
#define QUOTED 100
const char *quoted(char word[QUOTED], const char *text);
/* The same, for the arguments of error(). */
#define Q(text) quoted((char[QUOTED]){ 0 }, text)
