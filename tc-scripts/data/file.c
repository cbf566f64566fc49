// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "file.h"

unsigned char *file_content(int file, size_t largest, size_t *size)
{
	unsigned char *content;
	struct stat stat;
	ssize_t n = -1;

	*size = 0;
	if (fstat(file, &stat) || !S_ISREG(stat.st_mode) || stat.st_size <= 0 ||
	    (unsigned long long)stat.st_size > largest) {
		errno = EINVAL;
		return NULL;
	}
	content = malloc(stat.st_size);
	while (content && *size < (size_t)stat.st_size &&
	       (n = read(file, content + *size, stat.st_size - *size)) > 0)
		*size += n;
	if (*size < (size_t)stat.st_size) {
		if (!n)
			errno = EINVAL;		/* it ends before its size */
		free(content);
		content = NULL;
	}
	return content;
}

int write_all(int file, const void *bytes, size_t size)
{
	const unsigned char *at = bytes;
	ssize_t n;

	for (; size; at += n, size -= n) {
		n = write(file, at, size);
		if (n <= 0)
			return -1;
	}
	return 0;
}
