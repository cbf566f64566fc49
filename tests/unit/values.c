// SPDX-License-Identifier: GPL-2.0-only
/*
 * values OBJECTS: checks that the text which tcact shows for a value gives the same bytes when a user types it.
 * Tries, for each parameter of each action, all words, all values of one byte, and the limits and random values
 * of larger ones. The seed is fixed. Where there is no memory for a text, none is given, and no wrong
 * one. Where no file can be opened, what is said next is not to check its name. A table that changes while it is read
 * is not taken.
 */
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "../../tc-scripts/data/period.h"
#include "../../tc-scripts/data/settings.h"
#include "../../tc-scripts/data/table.h"
#include "../../tc-scripts/data/value.h"

enum { RANDOM = 100 };

static const struct action *action;
static const struct parameter *p;
static unsigned int tried, wrong;

static enum { ENOUGH, NONE, TOO_LITTLE } memory;

/* In the place of libc's. */
FILE *open_memstream(char **text, size_t *size)
{
	FILE *(*real)(char **, size_t *) = (FILE *(*)(char **, size_t *))dlsym(RTLD_NEXT, "open_memstream");

	if (memory == ENOUGH)
		return real(text, size);
	*text = memory == TOO_LITTLE ? strdup("cut") : NULL;
	return *text ? fopen("/dev/full", "w") : NULL;
}

/* This file is emptied when something is read. */
static const char *changing;

ssize_t read(int file, void *to, size_t size)
{
	ssize_t (*real)(int, void *, size_t) = (ssize_t (*)(int, void *, size_t))dlsym(RTLD_NEXT, "read");
	ssize_t n = real(file, to, size);

	return changing && truncate(changing, 0) ? -1 : n;
}

/* What the first parameter has, and what it must be. */
static void without_memory(void)
{
	struct error e = {};
	unsigned char bytes[PARAMETER_SIZE_MAX];
	char *text = value_text(p, p->initial), *syntax = value_syntax(p, true);

	value_read(action, p, "x y", bytes, &e);
	printf("%s - %s %s with %s memory: %s\n", text || syntax || strcmp(e.why, "no memory") ? "not ok" : "ok", action->name,
	       p->name, memory == NONE ? "no" : "little", e.why);
	free(text);
	free(syntax);
}

static void without_files(void)
{
	const struct table_rules rules = {};
	struct settings settings = {};
	struct table table = {};
	struct error read = {}, bake = {};
	struct rlimit files;

	if (settings_begin(&settings, action, &bake) || getrlimit(RLIMIT_NOFILE, &files) ||
	    setrlimit(RLIMIT_NOFILE, &(struct rlimit){ 0, files.rlim_max }))
		perror("values");
	table_read(&table, "/dev/null", &rules, &read);
	settings_bake(&settings, NULL, "/tmp/values", &bake);
	setrlimit(RLIMIT_NOFILE, &files);
	printf("%s - without files: %s; %s, %s; %s\n", strcmp(read.next, "see: ulimit -n") || strcmp(bake.next, read.next)
	       ? "not ok" : "ok", read.why, read.next, bake.why, bake.next);
	settings_free(&settings);
}

/* Prints @bytes, reads the text again, and compares. */
static void same(const unsigned char *bytes)
{
	unsigned char again[PARAMETER_SIZE_MAX];
	struct error e = {};
	char *text = value_text(p, bytes);

	if (!text || value_read(action, p, text, again, &e) || memcmp(bytes, again, p->size))
		if (!wrong++)
			printf("not ok - %s %s: shown as %s, which is %s\n", action->name, p->name, text ?: "nothing",
			       *e.why ? e.why : "another value");
	free(text);
	tried++;
}

static void same_text(const char *text)
{
	unsigned char bytes[PARAMETER_SIZE_MAX];
	struct error e = {};

	if (!value_read(action, p, text, bytes, &e))
		same(bytes);
	else if (!wrong++)
		printf("not ok - %s %s %s: %s\n", action->name, p->name, text, e.why);
}

static void same_number(int128 number)
{
	unsigned char bytes[PARAMETER_SIZE_MAX];

	for (size_t i = 0; i < p->size; i++)
		bytes[p->big_endian ? p->size - 1 - i : i] = (unsigned char)(number >> 8 * i);
	same(bytes);
}

static int128 any(int128 low, int128 high)
{
	/* without a division of 128 bits, as tcact-data */
	uint64_t bits = 0, most = (uint64_t)(high - low);

	for (int i = 0; i < 5; i++)
		bits = bits << 15 ^ (random() & 0x7fff);
	return low + (most == UINT64_MAX ? bits : bits % (most + 1));
}

static void numbers(int128 low, int128 high)
{
	if (high - low < 256) {
		for (int128 n = low; n <= high; n++)
			same_number(n);
		return;
	}
	same_number(low);
	same_number(high);
	/* of each length */
	for (int shift = 1; shift < 64; shift++) {
		int128 end = ((int128)1 << shift) - 1, number[] = { end, end + 1, any(0, end), any(0, end), -end };

		for (size_t i = 0; i < sizeof(number) / sizeof(*number); i++)
			if (low <= number[i] && number[i] <= high)
				same_number(number[i]);
	}
	for (int i = 0; i < RANDOM; i++)
		same_number(any(low, high));
}

static void prefixes(bool ipv6_alone)
{
	char text[64];

	for (int i = 0; i < RANDOM; i++) {
		int length = (int)any(p->low, ipv6_alone || p->high < 128 ? p->high : 128);
		unsigned long long high = (unsigned long long)random() << 42 ^ (unsigned long long)random() << 21 ^
			(unsigned long long)random();

		if (length > 64)
			length = 64;
		high &= length ? ~0ull << (64 - length) : 0;
		snprintf(text, sizeof(text), "%llx:%llx:%llx:%llx::/%d", high >> 48, high >> 32 & 0xffff,
			 high >> 16 & 0xffff, high & 0xffff, length);
		same_text(text);
		if (ipv6_alone)
			continue;
		length = (int)any(0, 32);
		high = length ? (unsigned int)random() << 1 & ~0u << (32 - length) : 0;
		snprintf(text, sizeof(text), "%llu.%llu.%llu.%llu/%d", high >> 24 & 255, high >> 16 & 255,
			 high >> 8 & 255, high & 255, length);
		same_text(text);
	}
	same_text("none");
}

static void rates(void)
{
	static const char *const units[] = { "", "bit", "kbit", "mbit", "gbit", "kibit", "mibit", "gibit", "bps", "kbps",
					     "mbps", "kibps", "mibps", "pps", "kpps", "mpps" };
	char text[64];

	for (int i = 0; i < RANDOM; i++) {
		snprintf(text, sizeof(text), "%d%s%s", (int)any(8, 120), i % 3 ? "" : ".5", units[i % 16]);
		same_text(text);
	}
	same_text("8bit");
	same_text("1tbit");
	same_text("1pps");
	same_text("999999999999bit");
}

/* Sizes with a unit, beside the same ones in bytes. */
static void sizes(void)
{
	static const char *const same_size[][2] = { { "3k", "3072" }, { "1.5mb", "1572864" }, { "50g", "53687091200" },
						    { "2t", "2199023255552" }, { "8mbit", "1048576" } };

	for (size_t i = 0; i < sizeof(same_size) / sizeof(*same_size); i++) {
		unsigned char unit[PARAMETER_SIZE_MAX], bytes[PARAMETER_SIZE_MAX];
		struct error e = {};
		bool takes = !value_read(action, p, same_size[i][1], bytes, &e);

		if (takes != !value_read(action, p, same_size[i][0], unit, &e) ||
		    (takes && memcmp(unit, bytes, p->size)))
			if (!wrong++)
				printf("not ok - %s %s: %s is not %s\n", action->name, p->name, same_size[i][0],
				       same_size[i][1]);
		tried++;
	}
}

/* What period_number() makes of each text, in a place where a clock is put forward and back. */
static void periods(void)
{
	static const struct {
		const char *text;
		time_t now;
		uint32_t number;	/* 0: refused */
	} cases[] = {
		{ "hour", 1795999999, 498888 }, { "hour", 1796000400, 498889 }, { "HOUR", 3600, 1 },
		/* 2026-12-01 00:00:00 +0100, and a second before */
		{ "month", 1796079600, 202612 }, { "month", 1796079599, 202611 },
		{ "day", 1796079600, 2026335 }, { "day", 1796079599, 2026334 },
		{ "day@05:00", 1796097599, 2026334 }, { "Day@5:00", 1796097600, 2026335 },
		{ "day@23:59", 1796165939, 2026334 }, { "day@23:59", 1796165940, 2026335 },
		/* 2027-01-01 04:59:59 +0100, and a second later */
		{ "day@05:00", 1798775999, 2026365 }, { "day@05:00", 1798776000, 2027001 },
		/* 2026-10-26 04:30 +0100, after a day of 25 hours; 2026-03-30 04:30 +0200, after one of 23 */
		{ "day@05:00", 1792985400, 2026298 }, { "day@05:00", 1774837800, 2026088 },
		/* 2026-10-25 02:29:59 and 02:30 +0200, 02:00 and 02:59:59 +0100; 2026-03-29 01:59:59 +0100, then 03:00 +0200 */
		{ "day@02:30", 1792888199, 2026297 }, { "day@02:30", 1792888200, 2026298 },
		{ "day@02:30", 1792890000, 2026298 }, { "day@02:59", 1792890000, 2026298 },
		{ "day@03:00", 1792893599, 2026297 }, { "day@03:00", 1792893600, 2026298 },
		{ "day@02:30", 1774745999, 2026087 }, { "day@02:30", 1774746000, 2026088 },
		{ "day@24:00", 1, 0 }, { "day@5", 1, 0 }, { "day@", 1, 0 }, { "day@ 5:00", 1, 0 },
		{ "day@05:00x", 1, 0 }, { "days", 1, 0 }, { "week", 1, 0 }, { "", 1, 0 },
	};
	unsigned int bad = 0;

	setenv("TZ", "CET-1CEST,M3.5.0,M10.5.0/3", 1);
	tzset();
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		uint32_t number = 0;

		if (period_number(cases[i].text, cases[i].now, &number) ? number == cases[i].number : !cases[i].number)
			continue;
		bad++;
		printf("not ok - period %s at %lld: %u, and not %u\n", cases[i].text, (long long)cases[i].now, number,
		       cases[i].number);
	}
	if (!bad)
		printf("ok - periods of the calendar\n");
}

static void arrays(const char *kind)
{
	unsigned char bytes[PARAMETER_SIZE_MAX];

	for (int i = 0; i < RANDOM; i++) {
		if (!strcmp(kind, "bits"))
			memset(bytes, 0, p->size);
		else
			memcpy(bytes, p->initial, p->size);
		for (int n = i % 5; n; n--) {
			size_t at = (size_t)any(p->low, p->high);

			if (!strcmp(kind, "mac"))
				bytes[random() % 6] = (unsigned char)random();
			else if (!strcmp(kind, "bits"))
				bytes[at / 8] |= 1 << at % 8;
			else
				bytes[at] = (unsigned char)any(p->low, p->high);
		}
		same(bytes);
	}
}

static void parameter(void)
{
	const char *kind = p->kind->name;
	bool array = !strcmp(kind, "bits") || !strcmp(kind, "map");

	tried = wrong = 0;
	same(p->initial);
	for (size_t i = 0; i < p->words.n && strcmp(kind, "map"); i++)
		same_text(p->words.word[i].name);
	if (!strcmp(kind, "size"))
		sizes();
	if (!strncmp(kind, "prefix", 6))
		prefixes(kind[6] == '6');
	else if (!strcmp(kind, "rate"))
		rates();
	else if (array || !strcmp(kind, "mac"))
		arrays(kind);
	else if (!strcmp(kind, "share"))
		numbers(0, ~0u);
	else if (p->kind->number)
		numbers(p->low, p->high);
	else if (strcmp(kind, "word"))
		printf("not ok - %s %s: no values of kind %s\n", action->name, p->name, kind);
	if (!wrong)
		printf("ok - %s %s: %u values\n", action->name, p->name, tried);
}

static void changed_meanwhile(void)
{
	const struct table_rules rules = {};
	char path[] = "/tmp/values.XXXXXX";
	struct table table = {};
	struct error e = {};
	int file = mkstemp(path);

	if (file < 0 || write(file, "10.0.0.0/8\n", 11) != 11 || table_begin(&table, action, &e))
		perror("values");
	changing = path;
	printf("%s - a table that changes: %s\n", table_read(&table, path, &rules, &e) && strstr(e.why, "changed while")
	       ? "ok" : "not ok", e.why);
	changing = NULL;
	table_free(&table);
	close(file);
	unlink(path);
}

int main(int argc, char **argv)
{
	const struct action **actions = NULL;
	struct error e = {};
	size_t n = 0;

	if (argc != 2 || actions_once(&actions, &n, argv[1], &e)) {
		fprintf(stderr, "values: %s\n", argc == 2 ? e.why : "write values OBJECTS");
		return 1;
	}
	periods();
	srandom(1);
	for (size_t i = 0; i < n; i++) {
		action = actions[i];
		for (size_t k = 0; k < action->parameters; k++) {
			p = &action->parameter[k];
			if (parameter_is_table(p))
				continue;	/* users do not write it */
			parameter();
		}
	}
	action = actions[0];
	p = action->parameter;
	for (memory = NONE; memory <= TOO_LITTLE; memory++)
		without_memory();
	without_files();
	action = action_once(argv[1], "prefixes", &e);
	changed_meanwhile();
	free(actions);
	return 0;
}
