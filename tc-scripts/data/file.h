/* SPDX-License-Identifier: GPL-2.0-only */
/* Reading and writing whole files. */
#pragma once

#include <stddef.h>

/* All of an open file, if that is a regular one with at most @largest bytes, and not empty; or NULL, with errno. free() it. */
unsigned char *file_content(int file, size_t largest, size_t *size);
/* Returns 0, or -1 with errno set. */
int write_all(int file, const void *bytes, size_t size);
