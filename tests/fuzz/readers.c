// SPDX-License-Identifier: GPL-2.0-only
/*
 * libFuzzer's target for what tcact-data reads of others: with ASan and UBSan, and oracles of its own.
 * READER says what the input is:
 *
 *   table    The first byte chooses the action: a digit, or a letter for a lenient table. Then a table
 *            file, up to a line of "%". Each line after that is an entry to add, or to remove if it
 *            begins with "-". A table that is printed and read again is the same, and so is what is read
 *            back from its maps. A change in place gives the same as a new table.
 *   object   An object file, of the action that it says. If it is accepted, its values can be read, checked and printed,
 *            and what its buckets are.
 *   value    "ACTION PARAM VALUE...". A value that is printed and read again is the same bytes.
 *   kept     The file of "tcact keep" for an action that the second byte chooses. Bits of the first byte say
 *            what is made right: 1 its magic number and checksum, 2 its size; of the first record 4 the text,
 *            8 the size, 16 the seed, 32 how many elements it has.
 *            What is found lies in the file. If all of it is right, it is found.
 *   control  Text; an "x" at its start is read beyond its end, which the sanitizer must find.
 *
 * OBJECTS is the directory of the objects as built. tests/fuzz/readers runs it.
 */
#include <ctype.h>
#include <sanitizer/asan_interface.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../../tc-scripts/data/settings.h"
#include "../../tc-scripts/data/table.h"
#include "../../tc-scripts/data/used.c"
#include "../../tc-scripts/data/value.h"

#define must(condition) do { if (!(condition)) fail(#condition, __LINE__); } while (0)

static const struct action **actions;
static size_t actions_n;
static int (*reader)(const uint8_t *data, size_t size);

static void fail(const char *what, int line)
{
	fprintf(stderr, "readers.c:%d: not so: %s\n", line, what);
	abort();
}

/* ---- tables ---------------------------------------------------------------------------------- */

static char *printed(const struct table *table)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	must(out);
	table_print(table, /*json*/ false, out);
	must(!fclose(out));
	return text;
}

/* What a file with this content gives. */
static int read_text(struct table *table, const void *text, size_t size, bool lenient, struct error *e)
{
	const struct table_rules rules = { .lenient = lenient, .empty = "" };
	int file = memfd_create("table", MFD_CLOEXEC), result;
	char path[64];

	must(file >= 0 && write(file, text, size) == (ssize_t)size);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", file);
	result = table_read(table, path, &rules, e);
	close(file);
	return result;
}

/* A timeout goes on, and what is over is gone: such tables are not compared. */
static void same(const struct table *one, const struct table *other)
{
	char *a = printed(one), *b = printed(other);

	if (!strstr(a, " timeout ") && strcmp(a, b)) {
		fprintf(stderr, "---- one\n%s---- other\n%s", a, b);
		fail("two tables are the same", __LINE__);
	}
	free(a);
	free(b);
}

static void check_text(const struct table *table, const struct action *action)
{
	char *text = printed(table);
	struct table again = {};
	struct error e = {};

	must(!table_begin(&again, action, &e) && !read_text(&again, text, strlen(text), false, &e));
	same(table, &again);
	table_free(&again);
	free(text);
}

/* The arrays with the room that the maps would have. */
static void build(const struct table *table, struct content content[TABLE_MAPS])
{
	memset(content, 0, TABLE_MAPS * sizeof(*content));
	must(!table->kind->build(table, content));
	for (int i = 0; table->kind->maps[i]; i++) {
		size_t room = content[i].room > content[i].n ? content[i].room : content[i].n;

		content[i].values = realloc(content[i].values, room * content[i].size);
		must(content[i].values);
		memset((char *)content[i].values + content[i].n * content[i].size, 0,
		       (room - content[i].n) * content[i].size);
		content[i].n = room;
	}
}

static void check_maps(const struct table *table, const struct content *content, const struct action *action)
{
	struct table there = {};
	struct error e = {};

	must(!table_begin(&there, action, &e) && !table->kind->entries(&there, content));
	same(table, &there);
	table_free(&there);
}

/* Adds or removes the entries of @line, in place and in the table. */
static void change(struct table *table, struct content *content, const struct action *action, char *line)
{
	bool bare = *line == '-';
	struct table more = {};
	struct error e = {};
	enum outcome outcome;
	size_t absent = 0;
	int merged;

	if (table_begin(&more, action, &e) || table_line(&more, line + bare, bare, &e) || table_sort(&more, NULL, &e))
		goto out;
	if (!table->kind->change)
		goto out;
	outcome = table->kind->change(&more, bare, content, &absent);
	if (outcome == CHANGE_NO_ROOM)
		goto out;
	must(outcome == CHANGED || (bare && absent < more.n));
	/* what is over by now is in the table, but is absent in the maps */
	merged = table_merge(table, &more, bare, &e);
	must((outcome == CHANGED) == !merged);
out:
	table_free(&more);
}

static int read_table(const uint8_t *data, size_t size)
{
	struct content content[TABLE_MAPS];
	const struct action *action = NULL;
	const uint8_t *end;
	struct table table = {};
	struct error e = {};
	char *lines, *save, *line;
	size_t with = 0;

	if (!size)
		return -1;
	for (size_t i = 0; i < actions_n; i++)
		with += !!actions[i]->map;
	with = *data % 16 % with;
	for (size_t i = 0; !action; i++)
		if (actions[i]->map && !with--)
			action = actions[i];
	end = memmem(data, size, "\n%\n", 3);
	must(!table_begin(&table, action, &e));
	if (read_text(&table, data + 1, (end ?: data + size) - data - 1, *data & 0x40, &e) || table.n > 4096) {
		must(*e.why || table.n > 4096);
		goto out;
	}
	check_text(&table, action);
	build(&table, content);
	check_maps(&table, content, action);
	lines = end ? strndup((const char *)end + 3, data + size - end - 3) : NULL;
	/* times pass, and a table with them cannot be compared */
	if (lines && !strstr(lines, "timeout") && !memmem(data, size, "timeout", 7) && !memmem(data, size, "expires", 7)) {
		int most = 20;

		for (line = strtok_r(lines, "\n", &save); line && most--; line = strtok_r(NULL, "\n", &save)) {
			change(&table, content, action, line);
			check_maps(&table, content, action);
		}
	}
	free(lines);
	content_free(content);
out:
	table_free(&table);
	return 0;
}

/* ---- objects --------------------------------------------------------------------------------- */

static char directory[64], path[128];	/* of the one file that a reader has, which is an object or what was kept */

static void directory_begin(void)
{
	strcpy(directory, "/dev/shm/readers.XXXXXX");
	must(mkdtemp(directory));
	snprintf(path, sizeof(path), "%s/dscp.o", directory);
}

static void directory_end(void)
{
	unlink(path);
	rmdir(directory);
}

static void file_write(const void *data, size_t size)
{
	FILE *file = fopen(path, "w");

	must(file && fwrite(data, 1, size, file) == size && !fclose(file));
}

/* The action whose program the object has; dscp if none is found. */
static void program_of(const uint8_t *data, size_t size, char name[32])
{
	static const char section[] = "action/";
	const char *at = memmem(data, size, section, strlen(section));
	size_t n = 0;

	for (at = at ? at + strlen(section) : (char *)data + size; at + n < (char *)data + size && n < 31; n++) {
		if (!islower((unsigned char)at[n]) && at[n] != '-')
			break;
		name[n] = at[n];
	}
	strcpy(name + n, n ? "" : "dscp");
}

static int read_object(const uint8_t *data, size_t size)
{
	struct settings settings = {};
	struct buckets buckets;
	char name[32];
	struct action action = {};
	struct error e = {};

	program_of(data, size, name);
	snprintf(path, sizeof(path), "%s/%s.o", directory, name);
	file_write(data, size);
	if (action_open(&action, directory, name, &e)) {
		must(*e.why && e.status);
	} else {
		must(!settings_begin(&settings, &action, &e));
		for (size_t i = 0; i < action.parameters; i++) {
			const struct parameter *p = &action.parameter[i];
			char *text = value_text(p, settings_bytes(&settings, p));
			unsigned char bytes[PARAMETER_SIZE_MAX];

			must(text);
			if (!value_read(&action, p, text, bytes, &e))
				settings_put(&settings, p, bytes);
			free(text);
		}
		settings_check(&settings, &e);
		buckets_of(&buckets, &action);
	}
	settings_free(&settings);
	action_close(&action);
	unlink(path);
	return 0;
}

/* ---- values ---------------------------------------------------------------------------------- */

#define WORDS 32

static int read_value(const uint8_t *data, size_t size)
{
	char *text = strndup((const char *)data, size), *words[WORDS], *save, *word;
	const struct action *action = NULL;
	struct settings settings = {};
	struct error e = {};
	int n = 0;

	for (word = strtok_r(text, " ", &save); word && n < WORDS; word = strtok_r(NULL, " ", &save))
		words[n++] = word;
	for (size_t i = 0; n && i < actions_n; i++)
		if (!strcmp(actions[i]->name, words[0]))
			action = actions[i];
	if (action) {
		must(!settings_begin(&settings, action, &e));
		if (!settings_read(&settings, words + 1, n - 1, &e))
			settings_check(&settings, &e);
		for (size_t i = 0; i < action->parameters; i++) {
			const struct parameter *p = &action->parameter[i];
			unsigned char bytes[PARAMETER_SIZE_MAX];
			char *value = settings_given(&settings, p) ? value_text(p, settings_bytes(&settings, p)) : NULL;
			struct error again = {};

			if (!value)
				continue;
			if (value_read(action, p, value, bytes, &again) ||
			    memcmp(bytes, settings_bytes(&settings, p), p->size)) {
				fprintf(stderr, "%s %s %s: %s\n", action->name, p->name, value, again.why);
				fail("a value is the same when it is read again", __LINE__);
			}
			free(value);
		}
		settings_free(&settings);
	}
	free(text);
	return 0;
}

/* ---- what was kept --------------------------------------------------------------------------- */

enum { RIGHT_MAGIC = 1, RIGHT_SIZE = 2, RIGHT_TEXT = 4, RIGHT_RECORD = 8, RIGHT_SEED = 16, RIGHT_ELEMENTS = 32, RIGHT_ALL = 63 };

/* Makes of @size bytes, of which the first are a header and a record, what @right says. */
static bool kept_correct(unsigned char *bytes, size_t size, int right, const struct buckets *b,
			 const struct settings *settings, const char *key)
{
	struct used_file *file = (void *)bytes;
	struct used_record *r = (void *)(file + 1);
	size_t left = size - sizeof(*file), room = left - sizeof(*r), step = 8 + element_size(b), text_size;
	bool all = right == RIGHT_ALL;
	char text[TEXT_MAX] = "";

	must(!text_of(b, settings, key, text, &(struct error){}));
	text_size = UP8(strlen(text) + 1);
	if (right & RIGHT_RECORD)
		r->size = left / 8 * 8;
	if (right & RIGHT_SEED)
		r->seed |= 1;
	if (right & RIGHT_TEXT && room >= text_size) {
		memcpy(r->text, text, text_size);
		r->text_size = text_size;
		/* the rest is as many elements as fit */
		if (right & RIGHT_RECORD)
			r->size -= (r->size - sizeof(*r) - text_size) % step;
	} else {
		all = false;
	}
	if (right & RIGHT_ELEMENTS)
		r->elements = (r->size - sizeof(*r) - r->text_size) / step;
	if (right & RIGHT_MAGIC) {
		file->magic = USED_MAGIC;
		file->checksum = crc32(0, (void *)r, left);
	}
	if (right & RIGHT_SIZE)
		file->size = size;
	return all;
}

static int read_kept(const uint8_t *data, size_t size)
{
	const struct action *action = actions[size > 1 ? data[1] % actions_n : 0];
	static char device[] = "eth0", *devices[] = { device };
	const struct used_record *r = NULL;
	struct settings settings = {};
	struct buckets b = {};
	struct error e = {};
	unsigned char *bytes;
	struct used used;
	char *others = NULL;
	size_t n = 0;
	bool right;
	FILE *to;

	if (!action->buckets || size < 2 + sizeof(struct used_file) + sizeof(struct used_record))
		return -1;
	must(!settings_begin(&settings, action, &e) && !buckets_of(&b, action));
	size -= 2;
	bytes = memcpy(malloc(size), data + 2, size);
	right = kept_correct(bytes, size, data[0], &b, &settings, "eth0 egress");
	file_write(bytes, size);
	free(bytes);

	must(!used_find(&used, path, "eth0 egress", &settings, &e));
	must(used.record || !right || !lasting(&b, &settings));
	r = used.record;
	if (r) {
		const char *values = r->text + r->text_size, *end = values + r->elements * (8 + element_size(&b));

		must(!strncmp(r->text, "eth0 egress\t", 12) && r->seed && end == (const char *)r + r->size);
		must(end == values || !__asan_region_is_poisoned((void *)values, end - values));
		must(!used_put_back(&used, /*map*/ -1, /*entries*/ 0));
	}
	used_free(&used);

	to = open_memstream(&others, &n);
	must(to);
	keep_others(path, devices, 1, NULL, 0, to, &e);
	must(!fclose(to));
	for (size_t at = 0; at < n; at += r->size) {
		r = record_at((unsigned char *)others + at, (unsigned char *)others + n);
		must(r && strncmp(r->text, "eth0 ", 5));
	}
	free(others);
	settings_free(&settings);
	return 0;
}

/* ---------------------------------------------------------------------------------------------- */

static int read_control(const uint8_t *data, size_t size)
{
	return size > 3 && *data == 'x' && data[size] == 'y' ? -1 : 0;
}

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	const char *name = getenv("READER") ?: "", *objects = getenv("OBJECTS") ?: "build";
	struct error e = {};

	(void)argc;
	(void)argv;
	reader = !strcmp(name, "table") ? read_table : !strcmp(name, "object") ? read_object
		: !strcmp(name, "value") ? read_value : !strcmp(name, "kept") ? read_kept
		: !strcmp(name, "control") ? read_control : NULL;
	if (!reader || actions_once(&actions, &actions_n, objects, &e)) {
		fprintf(stderr, "readers: READER is table, object, value, kept or control; OBJECTS: %s\n", e.why);
		exit(2);
	}
	if (reader == read_object || reader == read_kept) {
		directory_begin();
		atexit(directory_end);
	}
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	return reader(data, size);
}
