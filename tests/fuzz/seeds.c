// SPDX-License-Identifier: GPL-2.0-only
/* The packets that are mutated: those of the vectors, and those of captures. */
#include <dirent.h>
#include <errno.h>
#include "fuzz.h"

struct seed *seeds;
uint8_t *seed_bytes;
uint32_t n_seeds;
static size_t used, room, room_seeds;
static uint64_t *known;			/* hashes of the seeds so far, open addressing */
static uint32_t known_size = 1 << 18;

static void add(const uint8_t *data, uint32_t length)
{
	uint64_t hash = 14695981039346656037u;
	uint32_t slot;

	if (length > FRAME_MAX)
		length = FRAME_MAX;
	if (length < 14 || n_seeds > known_size / 2)
		return;
	for (uint32_t i = 0; i < length; i++)
		hash = (hash ^ data[i]) * 1099511628211u;
	hash |= 1;
	if (!known)
		known = calloc(known_size, sizeof(*known));
	for (slot = hash % known_size; known[slot]; slot = (slot + 1) % known_size)
		if (known[slot] == hash)
			return;
	known[slot] = hash;
	if (used + length > room)
		seed_bytes = realloc(seed_bytes, room = 2 * room + length + (1 << 20));
	if (n_seeds == room_seeds)
		seeds = realloc(seeds, (room_seeds = 2 * room_seeds + 4096) * sizeof(*seeds));
	if (!seed_bytes || !seeds)
		die("no memory for packets");
	memcpy(seed_bytes + used, data, length);
	seeds[n_seeds++] = (struct seed){ used, length };
	used += length;
}

static void each_file(const char *directory, const char *end, void (*read)(FILE *))
{
	struct dirent **entry;
	int n = scandir(directory, &entry, NULL, alphasort);
	char path[4096];

	if (n < 0)
		die("%s: %s", directory, strerror(errno));
	for (int i = 0; i < n; i++) {
		const char *found = strstr(entry[i]->d_name, end);
		FILE *file;

		snprintf(path, sizeof(path), "%s/%s", directory, entry[i]->d_name);
		if (found && (file = fopen(path, "r"))) {
			read(file);
			fclose(file);
		}
		free(entry[i]);
	}
	free(entry);
}

static int digit(char c)
{
	return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Lines "in HEX" of tests/unit/vector.h. */
static void vectors(FILE *file)
{
	static uint8_t data[1 << 17];
	char *line = NULL;
	size_t size = 0;

	while (getline(&line, &size, file) > 0) {
		uint32_t n = 0;

		if (strncmp(line, "in ", 3))
			continue;
		for (char *at = line + 3; n < sizeof(data) && digit(at[0]) >= 0 && digit(at[1]) >= 0; at += 2)
			data[n++] = digit(at[0]) << 4 | digit(at[1]);
		add(data, n);
	}
	free(line);
}

void read_vectors(const char *directory) { each_file(directory, ".vectors", vectors); }

/* pcap files of Ethernet or raw IP, of either byte order. */
static void capture(FILE *file)
{
	static uint8_t data[1 << 17];
	uint32_t header[6], record[4];
	bool swap, raw;

	if (fread(header, sizeof(header), 1, file) != 1)
		return;
	swap = header[0] == 0xd4c3b2a1 || header[0] == 0x4d3cb2a1;
	if (!swap && header[0] != 0xa1b2c3d4 && header[0] != 0xa1b23c4d)
		return;
	header[5] = (swap ? __builtin_bswap32(header[5]) : header[5]) & 0xffff;
	raw = header[5] == 101 || header[5] == 12 || header[5] == 228 || header[5] == 229;
	if (!raw && header[5] != 1)
		return;
	while (fread(record, sizeof(record), 1, file) == 1) {
		uint32_t length = swap ? __builtin_bswap32(record[2]) : record[2], front = raw ? 14 : 0;

		if (length > sizeof(data) - 14 || fread(data + front, 1, length, file) != length)
			return;
		memcpy(data, "\2\0\0\0\0\1\2\0\0\0\0\2", raw ? 12 : 0);
		if (raw)
			put16(data + 12, data[14] >> 4 == 6 ? 0x86dd : 0x0800);
		add(data, length + front);
	}
}

void read_captures(const char *directory) { each_file(directory, "", capture); }
