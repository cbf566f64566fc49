/* SPDX-License-Identifier: GPL-2.0-only */
/* Arrays: those that grow, and those of words, which end with NULL. */
#pragma once

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

/* Adds an element of zeros to an array of @n, which has room for a power of two; NULL if there is no memory. */
#define one_more(array, n) ({								\
	typeof(array) more_ = (n) & ((n) - 1) ? (array) :				\
			      realloc(array, ((n) ? 2 * (n) : 1) * sizeof(*(array)));	\
	if (more_) {									\
		array = more_;								\
		more_ = memset(&more_[(n)++], 0, sizeof(*more_));			\
	}										\
	more_; })

static inline bool is_one_of(const char *word, const char *const *words)
{
	while (*words && strcmp(*words, word))
		words++;
	return *words;
}

/* Splits @line at tabs into exactly @n fields. */
static inline bool fields_split(char *line, char **field, size_t n)
{
	for (size_t i = 0; i < n; i++)
		field[i] = strsep(&line, "\t");
	return field[n - 1] && !line;
}
