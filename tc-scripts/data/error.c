// SPDX-License-Identifier: GPL-2.0-only
#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "error.h"

int error(struct error *error, int status, const char *next, const char *why, ...)
{
	va_list args;

	if (error->status)
		return -1;
	error->unreadable = status == UNREADABLE;
	error->status = error->unreadable ? REFUSED : status;
	va_start(args, why);
	vsnprintf(error->why, sizeof(error->why), why, args);
	va_end(args);
	snprintf(error->next, sizeof(error->next), "%s", next);
	return -1;
}

int error_memory(struct error *e)
{
	return error(e, REFUSED, "free some", "no memory");
}

bool is_scarcity(int number)
{
	return number == EMFILE || number == ENFILE || number == ENOMEM;
}

int error_scarcity(struct error *e, const char *cannot, const char *what)
{
	return error(e, REFUSED, errno == ENOMEM ? "free some" : "see: ulimit -n", "cannot %s %s: %s", cannot, what,
		     strerror(errno));
}

const char *quoted(char word[QUOTED], const char *text)
{
	const size_t longest = 76;
	size_t length = strlen(text), n = 0;
	bool bare = length && length <= longest && strspn(text, PLAIN_CHARACTERS) == length;

	if (!bare)
		word[n++] = '\'';
	for (size_t i = 0; i < length && i < longest; i++)
		word[n++] = isprint((unsigned char)text[i]) ? text[i] : '?';
	if (length > longest)
		n += snprintf(word + n, 4, "...");
	if (!bare)
		word[n++] = '\'';
	word[n] = '\0';
	return word;
}
