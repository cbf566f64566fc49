// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/param.h>
#include <sys/stat.h>
#include <unistd.h>

#include "table.h"

#define LINE_SIZE_MAX 65536
#define FILE_SIZE_MAX (512LL << 20)
#define WORDS_MAX 32
#define READ_TIMEOUT 60	/* for a pipe in which nothing comes */

static const struct table_kind *const kinds[] = { &table_prefix, &table_plan, &table_vid };

int fault_set(struct fault *fault, const char *kind, const char *why, ...)
{
	va_list args;

	fault->kind = kind;
	va_start(args, why);
	vsnprintf(fault->why, sizeof(fault->why), why, args);
	va_end(args);
	return -1;
}

int table_begin(struct table *table, const struct action *action, struct error *e)
{
	memset(table, 0, sizeof(*table));
	if (!action->map)
		return error(e, USAGE, "see: tcact info", "%s has no table", action->name);
	table->planned = !strcmp(action->value_kind, "plan");
	table->bursts = parameter_named(action, "burst");
	for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++)
		if (!strcmp(kinds[i]->name, table->planned ? "plan" : action->key))
			table->kind = kinds[i];
	if (!table->kind)
		return error(e, USAGE, "reinstall tcact", "this tcact does not know tables of %s", Q(action->key));
	table->value = action->value;
	table->handle = !strcmp(action->value_kind, "handle");
	return 0;
}

void table_free(struct table *table)
{
	free(table->entry);
	plans_free(&table->plans);
	memset(table, 0, sizeof(*table));
}

void *table_add(struct table *table)
{
	size_t size = table->kind->entry_size;
	void *entry;

	if (table->n == table->kind->entries_max)
		return NULL;
	if (table->n == table->room) {
		size_t room = table->room + table->room / 2 + 64;
		void *more = realloc(table->entry, room * size);

		if (!more)
			return NULL;
		table->entry = more;
		table->room = room;
	}
	entry = (char *)table->entry + table->n++ * size;
	return memset(entry, 0, size);
}

int table_full(const struct table *table, struct fault *fault)
{
	if (table->n < table->kind->entries_max)
		return -1;	/* no memory */
	fault->full = true;
	return fault_set(fault, "too many", "a table has at most %zu entries", table->kind->entries_max);
}

static void *entry_at(const struct table *table, size_t i)
{
	return (char *)table->entry + i * table->kind->entry_size;
}

/* ---- what is published ----------------------------------------------------------------------- */

/*
 * A list in another form is one whose lines become ours. nft: what `nft list set` prints, where
 * entries stand between braces, separated by commas, over several lines.
 */
struct form {
	bool nft, elements;
};

static bool begins(const char *line, const char *with)
{
	return !strncmp(line, with, strlen(with));
}

/* ipset save: "add NAME ENTRY [timeout N] ..."; "create" and "COMMIT" say nothing of entries. */
static char *from_ipset(char *line)
{
	if (begins(line, "create ") || !strcmp(line, "COMMIT"))
		return "";
	line += strcspn(line, " \t");
	line += strspn(line, " \t");
	line += strcspn(line, " \t");
	return line;
}

/*
 * Extended delegated statistics of a regional registry: registry|cc|type|start|value|date|status. IPv4
 * has a number of addresses, IPv6 a length. Only what is in use.
 */
static char *from_registry(char *line, char *out, size_t size)
{
	char *field[8] = { line };
	int n = 1;

	for (char *c = line; *c && n < 8; c++) {
		if (*c == '|') {
			*c = '\0';
			field[n++] = c + 1;
		}
	}
	if (n < 7 || (strcmp(field[6], "allocated") && strcmp(field[6], "assigned")))
		return "";
	if (!strcmp(field[2], "ipv4"))
		snprintf(out, size, "%s+%s", field[3], field[4]);
	else if (!strcmp(field[2], "ipv6"))
		snprintf(out, size, "%s/%s", field[3], field[4]);
	else
		return "";
	return out;
}

/* Words of other programs' lists that say nothing which a table keeps. */
static int drop_other_words(char **words, int n)
{
	int kept = 0;

	for (int i = 0; i < n; i++) {
		if (!strcmp(words[i], "comment"))
			break;
		if (!strcmp(words[i], "counter"))
			continue;
		if (i && (!strcmp(words[i], "packets") || !strcmp(words[i], "bytes"))) {
			i++;
			continue;
		}
		/* ipset's 0 is for ever; of nft's two, the second is what is left */
		if (i + 1 < n && !strcmp(words[i], "timeout") &&
		    (!strcmp(words[i + 1], "0") || (i + 2 < n && !strcmp(words[i + 2], "expires")))) {
			i++;
			continue;
		}
		if (!strcmp(words[i], "expires"))
			words[i] = "timeout";
		words[kept++] = words[i];
	}
	return kept;
}

/* ---- lines ----------------------------------------------------------------------------------- */

struct reader {
	struct table *table;
	const struct table_rules *rules;
	const char *path;
	struct form form;
	size_t line;
	struct {
		const char *kind;
		size_t n, line;
		char why[200];
	} left_out[8];
};

static int bad_line(struct reader *reader, const struct fault *fault, struct error *e)
{
	/* with a part of a list, an address that somebody meant to block would pass */
	if (fault->full)
		return error(e, USAGE, "merge its entries, or put some into a table of another attachment",
			     "table %s line %zu: %s", Q(reader->path), reader->line, fault->why);
	if (!reader->rules->lenient)
		return error(e, USAGE, reader->rules->wrong ?: "correct it", "table %s line %zu: %s", Q(reader->path),
			     reader->line, fault->why);
	for (size_t i = 0; i < sizeof(reader->left_out) / sizeof(*reader->left_out); i++) {
		if (!reader->left_out[i].n) {
			reader->left_out[i].kind = fault->kind;
			reader->left_out[i].line = reader->line;
			snprintf(reader->left_out[i].why, sizeof(reader->left_out[i].why), "%s", fault->why);
		}
		if (reader->left_out[i].kind == fault->kind) {
			reader->left_out[i].n++;
			break;
		}
	}
	return 0;
}

static int read_entry(struct reader *reader, char *text, bool foreign, struct error *e)
{
	char *words[WORDS_MAX + 1], *save, *word;
	bool keys = reader->rules->keys;
	struct fault fault = {};
	int n = 0;

	for (word = strtok_r(text, " \t", &save); word && n <= WORDS_MAX; word = strtok_r(NULL, " \t", &save))
		words[n++] = word;
	if (foreign)
		n = drop_other_words(words, n);
	if (!n)
		return 0;
	if (n > WORDS_MAX ? fault_set(&fault, "too many words", "has more than %d words", WORDS_MAX)
			   : reader->table->kind->parse(reader->table, words, keys ? 1 : n, keys, &fault))
		return fault.kind ? bad_line(reader, &fault, e) : error_memory(e);
	return 0;
}

/* The elements of a set of nft in @line. */
static int read_elements(struct reader *reader, char *line, struct error *e)
{
	char *brace = strchr(line, '}'), *save, *one;

	if (brace) {
		*brace = '\0';
		reader->form.elements = false;
	}
	for (one = strtok_r(line, ",", &save); one; one = strtok_r(NULL, ",", &save))
		if (read_entry(reader, one, true, e))
			return -1;
	return 0;
}

static int read_line(struct reader *reader, char *line, struct error *e)
{
	char made[128], *end;

	reader->table->line = (uint32_t)++reader->line;
	if (reader->line == 1 && begins(line, "\xef\xbb\xbf"))	/* a byte order mark */
		line += 3;
	if (reader->line == 1 && begins(line, "\x1f\x8b"))
		return error(e, USAGE, "write: zcat FILE | tcact ... -", "table %s is compressed by gzip",
			     Q(reader->path));
	/* comments */
	line[strcspn(line, "#;\r")] = '\0';
	end = strstr(line, "//");
	if (end)
		*end = '\0';
	line += strspn(line, " \t");
	for (end = line + strlen(line); end > line && strchr(" \t", end[-1]); )
		*--end = '\0';

	if (begins(line, "table ") || begins(line, "set ") || begins(line, "elements ="))
		reader->form.nft = true;
	if (reader->form.nft) {
		if (!reader->form.elements) {
			if (!begins(line, "elements") || !(line = strchr(line, '{')))
				return 0;
			line++;
			reader->form.elements = true;
		}
		return read_elements(reader, line, e);
	}
	if (strchr(line, '|'))
		return read_entry(reader, from_registry(line, made, sizeof(made)), false, e);
	if (begins(line, "create ") || begins(line, "add ") || !strcmp(line, "COMMIT"))
		return read_entry(reader, from_ipset(line), true, e);
	return read_entry(reader, line, false, e);
}

/* ---- files ----------------------------------------------------------------------------------- */

/* More of @file, or 0 at its end. */
static ssize_t read_more(int file, char *to, size_t size, const struct stat *stat, const char *path,
			 struct error *e)
{
	struct pollfd ready = { .fd = file, .events = POLLIN };
	ssize_t n;

	if (!S_ISREG(stat->st_mode) && poll(&ready, 1, READ_TIMEOUT * 1000) == 0)
		return error(e, USAGE, "nothing was changed", "table %s: nothing came for %d seconds", Q(path),
			     READ_TIMEOUT);
	n = read(file, to, size);
	return n < 0 ? error(e, USAGE, "check the file", "cannot read %s: %s", Q(path), strerror(errno)) : n;
}

static int read_file(struct reader *reader, int file, const struct stat *stat, struct error *e)
{
	char *buffer = malloc(LINE_SIZE_MAX + 1), *line, *end;
	size_t have = 0;
	long long total = 0;
	ssize_t n;
	int result = -1;

	if (!buffer)
		return error_memory(e);
	while ((n = read_more(file, buffer + have, LINE_SIZE_MAX - have, stat, reader->path, e)) > 0) {
		have += n;
		total += n;
		if (total > FILE_SIZE_MAX) {
			error(e, USAGE, "nothing was changed", "table %s has more than %lld MiB",
			      Q(reader->path), FILE_SIZE_MAX >> 20);
			goto out;
		}
		for (line = buffer; (end = memchr(line, '\n', buffer + have - line)); line = end + 1) {
			*end = '\0';
			if (memchr(line, '\0', end - line)) {
				error(e, USAGE, "give a text", "table %s line %zu has a byte of 0",
				      Q(reader->path), reader->line + 1);
				goto out;
			}
			if (read_line(reader, line, e))
				goto out;
		}
		have = buffer + have - line;
		memmove(buffer, line, have);
		progress_tell(reader->rules->progress, "table %s: %zu entries read", Q(reader->path), reader->table->n);
		if (have == LINE_SIZE_MAX) {
			error(e, USAGE, "give a text of lines", "table %s line %zu is longer than %d bytes",
			      Q(reader->path), reader->line + 1, LINE_SIZE_MAX);
			goto out;
		}
	}
	if (n < 0)
		goto out;
	buffer[have] = '\0';	/* a last line without its end */
	result = have ? read_line(reader, buffer, e) : 0;
out:
	free(buffer);
	return result;
}

static void report_left_out(const struct reader *reader)
{
	for (size_t i = 0; i < sizeof(reader->left_out) / sizeof(*reader->left_out); i++)
		if (reader->left_out[i].n)
			fprintf(stderr, "tcact: warning: table %s: %zu left out (%s); the first: line %zu: %s\n",
				Q(reader->path), reader->left_out[i].n, reader->left_out[i].kind,
				reader->left_out[i].line, reader->left_out[i].why);
}

int table_read(struct table *table, const char *path, const struct table_rules *rules, struct error *e)
{
	struct reader reader = { .table = table, .rules = rules, .path = path };
	int file = strcmp(path, "-") ? open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK) : dup(STDIN_FILENO);
	struct stat before, after;
	int result = -1;

	if (file < 0 || fstat(file, &before)) {
		error(e, USAGE, "check its name and permissions", "cannot read %s: %s", Q(path), strerror(errno));
		goto out;
	}
	if (S_ISDIR(before.st_mode)) {
		error(e, USAGE, "name a file", "%s is a directory", Q(path));
		goto out;
	}
	if (read_file(&reader, file, &before, e))
		goto out;
	if (S_ISREG(before.st_mode) && !fstat(file, &after) &&
	    (after.st_size != before.st_size || after.st_mtim.tv_sec != before.st_mtim.tv_sec ||
	     after.st_mtim.tv_nsec != before.st_mtim.tv_nsec)) {
		error(e, USAGE, "try again", "table %s changed while it was read", Q(path));
		goto out;
	}
	if (table_sort(table, path, e))
		goto out;
	if (rules->lenient)
		report_left_out(&reader);
	if (!table->n)
		error(e, USAGE, rules->empty,
		      "table %s has no entries", Q(path));
	else if (table->n < rules->least)
		error(e, USAGE, "nothing was changed", "table %s has %zu entries, and min is %zu", Q(path),
		      table->n, rules->least);
	else
		result = 0;
out:
	if (file >= 0)
		close(file);
	return result;
}

static int not_added(const struct fault *fault, struct error *e)
{
	return fault->kind ? error(e, USAGE, "nothing was changed", "%s", fault->why)
			   : error_memory(e);
}

int table_line(struct table *table, char *line, bool key_only, struct error *e)
{
	const struct table_rules rules = { .least = 1, .wrong = "nothing was changed", .keys = key_only,
					   .empty = "nothing was changed" };
	char *words[WORDS_MAX], *save, *word;
	struct fault fault = {};
	int n = 0;

	if (!strcmp(line, "-"))
		return table_read(table, line, &rules, e);
	for (word = strtok_r(line, " ", &save); word && n < WORDS_MAX; word = strtok_r(NULL, " ", &save))
		words[n++] = word;
	if (word)
		return error(e, USAGE, "nothing was changed", "an entry has more than %d words", WORDS_MAX);
	if (!n)
		return error(e, USAGE, "see: tcact help", "the entry is missing: write %s", table->kind->syntax);
	return table->kind->parse(table, words, n, key_only, &fault) ? not_added(&fault, e) : 0;
}

/* ---- sorted ---------------------------------------------------------------------------------- */

static int twice(const struct table *table, const void *one, const void *two, const char *path, struct error *e)
{
	uint32_t a = table->kind->line(one), b = table->kind->line(two);
	char key[KEY_SIZE];

	table->kind->key(two, key);
	return path ? error(e, USAGE, "leave one of the two", "table %s line %u: %s is there already, and not the same, in line %u",
			    Q(path), MAX(a, b), key, MIN(a, b))
		    : error(e, USAGE, "leave one of the two", "%s is given twice, and not the same", key);
}

int table_sort(struct table *table, const char *path, struct error *e)
{
	const struct table_kind *kind = table->kind;
	bool sorted = true;
	size_t kept = 0;

	for (size_t i = 1; i < table->n && sorted; i++)
		sorted = kind->compare(entry_at(table, i - 1), entry_at(table, i)) < 0;
	if (sorted)
		return 0;
	qsort(table->entry, table->n, kind->entry_size, kind->compare);
	for (size_t i = 0; i < table->n; i++) {
		void *entry = entry_at(table, i);

		if (kept && !kind->compare(entry_at(table, kept - 1), entry)) {
			if (!kind->same(entry_at(table, kept - 1), entry))
				return twice(table, entry_at(table, kept - 1), entry, path, e);
			continue;
		}
		if (kept != i)
			memcpy(entry_at(table, kept), entry, kind->entry_size);
		kept++;
	}
	table->n = kept;
	return 0;
}

static void *entry_find(const struct table *table, const void *entry)
{
	return table->n ? bsearch(entry, table->entry, table->n, table->kind->entry_size, table->kind->compare)
			: NULL;
}

int table_absent(const struct table *table, size_t i, struct error *e)
{
	char key[KEY_SIZE];

	return error(e, ABSENT, "see: tcact table dump", "%s is not in the table",
		     table->kind->key(entry_at(table, i), key));
}

int table_merge(struct table *table, const struct table *more, bool removal, struct error *e)
{
	size_t size = table->kind->entry_size;
	struct fault fault = {};

	if (!removal && table->kind->adopt && !table->kind->adopt(table, more))
		return not_added(&fault, e);
	for (size_t i = 0; i < more->n; i++) {
		void *entry = entry_at(more, i), *found = entry_find(table, entry), *added;

		if (removal && !found)
			return table_absent(more, i, e);
		if (removal) {
			void *end = entry_at(table, table->n);

			memmove(found, (char *)found + size, (char *)end - ((char *)found + size));
			table->n--;
		} else if (found) {
			memcpy(found, entry, size);
		} else {
			size_t at = 0, until = table->n;

			while (at < until) {
				size_t middle = (at + until) / 2;

				if (table->kind->compare(entry_at(table, middle), entry) < 0)
					at = middle + 1;
				else
					until = middle;
			}
			added = table_add(table);
			if (!added) {
				table_full(table, &fault);
				return not_added(&fault, e);
			}
			memmove(entry_at(table, at + 1), entry_at(table, at), (table->n - 1 - at) * size);
			memcpy(entry_at(table, at), entry, size);
		}
	}
	return 0;
}

uint64_t table_digest(const struct table *table)
{
	uint64_t digest = 0xcbf29ce484222325;	/* FNV-1a */

	for (size_t i = 0; i < table->n; i++) {
		unsigned char bytes[IDENTITY_MAX];
		size_t size = table->kind->identity(table, entry_at(table, i), bytes);

		for (size_t b = 0; b < size; b++)
			digest = (digest ^ bytes[b]) * 0x100000001b3;
	}
	return digest;
}

void table_print(const struct table *table, bool json, FILE *out)
{
	if (json)
		fputc('[', out);
	for (size_t i = 0; i < table->n; i++) {
		if (json && i)
			fputs(",\n", out);
		(json ? table->kind->json : table->kind->print)(table, entry_at(table, i), out);
		if (!json)
			fputc('\n', out);
	}
	if (json)
		fputs("]\n", out);
}
