// SPDX-License-Identifier: GPL-2.0-only
#include <ctype.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "error.h"

int error(struct error *error, int status, const char *next, const char *why, ...)
{
	va_list args;

	if (error->status)
		return -1;
	error->status = status;
	va_start(args, why);
	vsnprintf(error->why, sizeof(error->why), why, args);
	va_end(args);
	snprintf(error->next, sizeof(error->next), "%s", next);
	return -1;
}

const char *quoted(char word[QUOTED], const char *text)
{
	static const char plain[] = "_@%+=:,./-";
	const size_t longest = 76;
	size_t length = strlen(text), i, n = 0;
	bool bare = length && length <= longest;

	for (i = 0; i < length && bare; i++)
		bare = isalnum((unsigned char)text[i]) || strchr(plain, text[i]);
	if (!bare)
		word[n++] = '\'';
	for (i = 0; i < length && i < longest; i++)
		word[n++] = text[i] >= ' ' && text[i] <= '~' ? text[i] : '?';
	if (length > longest)
		n += snprintf(word + n, 4, "...");
	if (!bare)
		word[n++] = '\'';
	word[n] = '\0';
	return word;
}
