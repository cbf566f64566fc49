// SPDX-License-Identifier: GPL-2.0-only
/*
 * longest PIN FILE SEED COUNT: looks up COUNT addresses with the program at PIN, which is `prefixes tag mark` with
 * the table FILE. Each answer must be that of a search for each prefix length in a sorted list. Half of the
 * addresses are at the start or end of prefixes, half are random. FILE has lines "PREFIX tag N [nomatch]". Prints
 * the numbers of lookups, of hits and of wrong answers. Exit status 1 if any was wrong, or if there was no hit.
 */
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <bpf/bpf.h>

#include "lookup.h"

typedef unsigned __int128 u128;

struct known {
	u128 address;
	unsigned int tag;
	unsigned char family, length, exception;
};

static unsigned long long state;

static unsigned long long random64(void)
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return state * 0x2545f4914f6cdd1dULL;
}

static u128 mask(int length)
{
	return length ? ~(u128)0 << (128 - length) : 0;
}

static int order(const void *a, const void *b)
{
	const struct known *x = a, *y = b;

	if (x->family != y->family)
		return x->family - y->family;
	if (x->length != y->length)
		return x->length - y->length;
	return x->address < y->address ? -1 : x->address > y->address;
}

static const struct known *find(const struct known *list, size_t n, int family, u128 address)
{
	for (int length = family == 6 ? 128 : 32; length >= 0; length--) {
		struct known key = { address & mask(length), 0, (unsigned char)family, (unsigned char)length, 0 };
		const struct known *found = bsearch(&key, list, n, sizeof(key), order);

		if (found)
			return found;
	}
	return NULL;
}

static size_t read_list(const char *path, struct known **list)
{
	FILE *file = fopen(path, "r");
	char line[256], text[64], rest[64];
	size_t n = 0, room = 0;
	int length;

	*list = NULL;
	while (file && fgets(line, sizeof(line), file)) {
		struct known *one;
		unsigned char bytes[16] = { 0 };

		if (n == room)
			*list = realloc(*list, (room = room * 2 + 1024) * sizeof(**list));
		one = *list + n++;
		memset(one, 0, sizeof(*one));
		*rest = '\0';
		if (sscanf(line, "%63[^/]/%d tag %u %63s", text, &length, &one->tag, rest) < 3)
			exit(2);
		one->family = strchr(text, ':') ? 6 : 4;
		one->length = (unsigned char)length;
		one->exception = !strcmp(rest, "nomatch");
		if (inet_pton(one->family == 6 ? AF_INET6 : AF_INET, text, bytes) != 1)
			exit(2);
		for (int i = 0; i < 16; i++)
			one->address = one->address << 8 | bytes[i];
	}
	if (!n)
		exit(2);
	fclose(file);
	qsort(*list, n, sizeof(**list), order);
	return n;
}

int main(int argc, char **argv)
{
	struct known *list;
	size_t n, wrong = 0, hit = 0;
	long count;
	int program;

	if (argc != 5 || (program = bpf_obj_get(argv[1])) < 0) {
		fputs("usage: longest PIN FILE SEED COUNT\n", stderr);
		return 2;
	}
	n = read_list(argv[2], &list);
	state = strtoull(argv[3], NULL, 0) * 2 + 1;
	count = atol(argv[4]);
	for (long i = 0; i < count; i++) {
		const struct known *near = &list[random64() % n], *found;
		u128 address = near->address;
		int family = near->family, expected, verdict;
		__u32 mark = 0xdeadbeef;

		switch (random64() % 4) {
		case 0: break;
		case 1: address--; break;
		case 2: address += ~mask(near->length) + (random64() & 1 ? (u128)1 << (family == 6 ? 0 : 96) : 0); break;
		default: address ^= (((u128)random64() << 64 | random64()) >> random64() % 128); break;
		}
		if (family == 4)
			address &= mask(32);
		found = find(list, n, family, address);
		if (found && found->exception)
			found = NULL;
		expected = found ? -1 : -2;
		if (!look_up(program, family, address, &verdict, &mark)) {
			perror("longest: TEST_RUN");
			return 2;
		}
		hit += found != NULL;
		if (verdict != expected || (found && mark != found->tag) ||
		    (!found && mark != 0xdeadbeef)) {
			if (!wrong++)
				fprintf(stderr, "longest: family %d address %016llx%016llx: verdict %d mark %u, expected %d %u\n",
					family, (unsigned long long)(address >> 64), (unsigned long long)address,
					verdict, mark, expected, found ? found->tag : 0);
		}
	}
	printf("%ld looked at, %zu hit, %zu wrong\n", count, hit, wrong);
	return wrong || !hit;
}
