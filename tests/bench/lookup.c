// SPDX-License-Identifier: GPL-2.0-only
/*
 * lookup PROGRAM LIST FRAME [lpm] - how long the pinned program of trie.c takes for an address.
 *
 * Fills its map of addresses: each in a prefix of LIST, "IPV4/LENGTH" a line, at random. lpm: fills the kernel's
 * trie with the prefixes too. Runs it, and prints the nanoseconds, and the KiB that its tables hold.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <err.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <bpf/bpf.h>

enum { ADDRESSES = 1 << 20, ROUNDS = 7 };

static struct prefix { uint32_t length, address; } *prefix;	/* as the key of the kernel's trie */
static uint32_t prefixes;

static void read_list(const char *path)
{
	FILE *file = fopen(path, "r");
	char line[64], *slash;

	prefix = calloc(ADDRESSES, sizeof(*prefix));
	if (!file || !prefix)
		err(1, "%s", path);
	while (prefixes < ADDRESSES && fgets(line, sizeof(line), file)) {
		slash = strchr(line, '/');
		if (!slash)
			errx(1, "%s: %s", path, line);
		*slash = 0;
		prefix[prefixes].length = atoi(slash + 1);
		if (inet_pton(AF_INET, line, &prefix[prefixes++].address) != 1)
			errx(1, "%s: %s", path, line);
	}
	fclose(file);
}

/* The map of the program with this name; -1 if it has none. */
static int open_map(int program, const char *name)
{
	uint32_t ids[64], n = 64;
	struct bpf_prog_info of = { .nr_map_ids = n, .map_ids = (uintptr_t)ids };
	uint32_t length = sizeof(of);

	if (bpf_obj_get_info_by_fd(program, &of, &length))
		err(1, "no program");
	for (uint32_t i = 0; i < of.nr_map_ids && i < n; i++) {
		struct bpf_map_info info = {};
		int map = bpf_map_get_fd_by_id(ids[i]);

		length = sizeof(info);
		if (map >= 0 && !bpf_obj_get_info_by_fd(map, &info, &length) && !strcmp(info.name, name))
			return map;
		close(map);
	}
	return -1;
}

static void fill(int map, const void *keys, const void *values, uint32_t n)
{
	if (map < 0 || bpf_map_update_batch(map, keys, values, &n, NULL))
		err(1, "cannot fill a map");
}

static void fill_addresses(int map)
{
	uint32_t *index = calloc(ADDRESSES, sizeof(*index)), *address = calloc(ADDRESSES, sizeof(*address));

	if (!index || !address)
		err(1, "addresses");
	srandom(1);
	for (uint32_t i = 0; i < ADDRESSES; i++) {
		struct prefix *in = &prefix[random() % prefixes];

		index[i] = i;
		address[i] = ntohl(in->address) | (in->length < 32 ? random() & ~0u >> in->length : 0);
	}
	fill(map, index, address, ADDRESSES);
	free(index);
	free(address);
}

static void fill_trie(int map)
{
	uint64_t *value = calloc(prefixes, sizeof(*value));

	if (!value)
		err(1, "trie");
	for (uint32_t i = 0; i < prefixes; i++)
		value[i] = i + 1;
	fill(map, prefix, value, prefixes);
	free(value);
}

static uint64_t kib(int map)
{
	unsigned long long bytes = 0;
	char path[64], line[128];
	FILE *file;

	if (map < 0)
		return 0;
	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", map);
	file = fopen(path, "r");
	while (file && fgets(line, sizeof(line), file) && sscanf(line, "memlock: %llu", &bytes) != 1)
		;
	if (file)
		fclose(file);
	return bytes / 1024;
}

int main(int argc, char **argv)
{
	bool lpm = argc == 5 && !strcmp(argv[4], "lpm");
	char frame[2048];
	int program, in, least = 0;
	ssize_t n;

	if (argc < 4)
		errx(1, "see the head of lookup.c");
	program = bpf_obj_get(argv[1]);
	in = open(argv[3], O_RDONLY);
	n = in < 0 ? -1 : read(in, frame, sizeof(frame));
	if (program < 0 || n <= 0)
		err(1, "%s, %s", argv[1], argv[3]);
	read_list(argv[2]);
	fill_addresses(open_map(program, "addresses"));
	if (lpm)
		fill_trie(open_map(program, "lpm"));
	for (int round = 0; round < ROUNDS; round++) {
		LIBBPF_OPTS(bpf_test_run_opts, run, .data_in = frame, .data_size_in = n, .repeat = ADDRESSES);

		if (bpf_prog_test_run_opts(program, &run) || run.retval)
			err(1, "cannot run the program");
		if (!round || (int)run.duration < least)
			least = run.duration;	/* of one, as the kernel gives it */
	}
	printf("%d %llu\n", least, (unsigned long long)(lpm ? kib(open_map(program, "lpm"))
				   : kib(open_map(program, "prefix_cells")) + kib(open_map(program, "prefix_records"))));
	return 0;
}
