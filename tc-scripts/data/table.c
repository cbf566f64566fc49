// SPDX-License-Identifier: GPL-2.0-only
#include <ctype.h>
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
 * What `nft list set` prints: entries stand between braces, separated by commas, over several lines. Other lines have
 * as many braces open.
 */
struct nft {
	int braces;
	bool elements;
};

static bool begins(const char *line, const char *with)
{
	return !strncmp(line, with, strlen(with));
}

/* Of nft; with -a, "# handle N" may follow. */
static bool begins_block(const char *line, const char *with)
{
	size_t n = strcspn(line, "#");

	while (n && line[n - 1] == ' ')
		n--;
	return begins(line, with) && n && line[n - 1] == '{';
}

/* A line of `ipset save`. "create" and "COMMIT" have no entries. */
static bool of_ipset(const char *line)
{
	return begins(line, "create ") || begins(line, "add ") || !strcmp(line, "COMMIT");
}

/* Blanks what is between quotes: a comment, which can have any other character. False: a quote is open. */
static bool blank_quoted(char *line)
{
	bool in = false;

	for (; *line; line++) {
		in ^= *line == '"';
		if (in || *line == '"')
			*line = ' ';
	}
	return !in;
}

/* "add NAME ENTRY [timeout N] ..."; NULL: something is wrong. */
static char *from_ipset(char *line, struct fault *fault)
{
	char *words = line;

	if (!begins(line, "add "))
		return "";
	for (int i = 0; i < 2; i++) {
		words += strcspn(words, " \t");
		words += strspn(words, " \t");
	}
	if (!*words)
		fault_set(fault, "no entry", "has the name of a set, but no entry");
	return *words ? words : NULL;
}

/*
 * Delegated statistics of a regional registry: registry|cc|type|start|value|date|status. IPv4 has a number of addresses,
 * IPv6 a length. Only what is in use. NULL: it is no such line.
 */
static char *from_registry(char *line, char *out, size_t size, struct fault *fault)
{
	char *field[8] = { line };
	const char *type, *status;
	int n = 1;

	for (char *c = line; *c && n < 8; c++) {
		if (*c == '|') {
			*c = '\0';
			field[n++] = c + 1;
		}
	}
	type = n > 2 ? field[2] : "";
	status = n > 6 ? field[6] : "";
	/* the first line, and those that sum up */
	if ((n > 6 && isdigit((unsigned char)*line)) || (n == 6 && !strcmp(field[5], "summary")))
		return "";
	if (!strcasecmp(status, "available") || !strcasecmp(status, "reserved") || !strcmp(type, "asn"))
		return "";
	if (!strcasecmp(status, "allocated") || !strcasecmp(status, "assigned")) {
		if (!strcmp(type, "ipv4")) {
			snprintf(out, size, "%s+%s", field[3], field[4]);
			return out;
		}
		if (!strcmp(type, "ipv6")) {
			snprintf(out, size, "%s/%s", field[3], field[4]);
			return out;
		}
	}
	fault_set(fault, "no entry", "is no line of a registry's statistics");
	return NULL;
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
		if (!strcmp(words[i], "packets") || !strcmp(words[i], "bytes")) {
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
	struct nft nft;
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

/* Sets @words to those of @text. Returns their number, WORDS_MAX + 1 if there are more than WORDS_MAX. */
static int split(char *text, char *words[WORDS_MAX + 1])
{
	char *save, *word;
	int n = 0;

	for (word = strtok_r(text, " \t", &save); word && n <= WORDS_MAX; word = strtok_r(NULL, " \t", &save))
		words[n++] = word;
	return n;
}

static int read_entry(struct reader *reader, char *text, bool foreign, struct error *e)
{
	char *words[WORDS_MAX + 1];
	bool keys = reader->rules->keys;
	struct fault fault = {};
	int n = split(text, words);

	if (foreign)
		n = drop_other_words(words, n);
	if (!n)
		return 0;
	if (n > WORDS_MAX ? fault_set(&fault, "too many words", "has more than %d words", WORDS_MAX)
			   : reader->table->kind->parse(reader->table, words, keys ? 1 : n, keys, &fault))
		return fault.kind ? bad_line(reader, &fault, e) : error_memory(e);
	return 0;
}

static int braces_in(const char *line)
{
	int n = 0;

	for (; *line; line++)
		n += (*line == '{') - (*line == '}');
	return n;
}

static int read_nft(struct reader *reader, char *line, struct error *e)
{
	char *brace, *save, *one;

	if (!reader->nft.elements) {
		brace = begins(line, "elements") ? strchr(line, '{') : NULL;
		if (!brace) {
			reader->nft.braces += braces_in(line);
			return 0;
		}
		line = brace + 1;
		reader->nft.elements = true;
	}
	brace = strchr(line, '}');
	if (brace) {
		*brace = '\0';
		reader->nft.elements = false;
		reader->nft.braces += braces_in(brace + 1);
	}
	for (one = strtok_r(line, ",", &save); one; one = strtok_r(NULL, ",", &save))
		if (read_entry(reader, one, true, e))
			return -1;
	return 0;
}

static int read_line(struct reader *reader, char *line, struct error *e)
{
	struct fault fault = {};
	char made[128], *end;
	bool nft, ipset;

	reader->table->line = (uint32_t)++reader->line;
	if (reader->line == 1 && begins(line, "\xef\xbb\xbf"))	/* a byte order mark */
		line += 3;
	line += strspn(line, " \t");
	for (end = line + strlen(line); end > line && strchr(" \t\r", end[-1]); )
		*--end = '\0';
	if (strchr(line, '\r'))
		return error(e, USAGE, "end each line with a line feed", "table %s line %zu has a carriage return in it",
			     Q(reader->path), reader->line);
	nft = reader->nft.braces > 0 || reader->nft.elements || begins_block(line, "table ") ||
	      begins_block(line, "set ") || begins(line, "elements =");
	ipset = !nft && of_ipset(line);
	if ((nft || ipset) && !blank_quoted(line))
		return error(e, USAGE, "close it", "table %s line %zu: a quote is open", Q(reader->path), reader->line);
	if (ipset && (strstr(line, " netmask ") || strstr(line, " bitmask ")))
		return error(e, USAGE, "write the prefixes for which its addresses stand", "table %s line %zu: a set with a mask",
			     Q(reader->path), reader->line);
	if (nft) {
		line[strcspn(line, "#")] = '\0';
		return read_nft(reader, line, e);
	}
	/* comments */
	line[strcspn(line, "#;")] = '\0';
	end = strstr(line, "//");
	if (end)
		*end = '\0';
	if (ipset)
		line = from_ipset(line, &fault);
	else if (strchr(line, '|'))
		line = from_registry(line, made, sizeof(made), &fault);
	return line ? read_entry(reader, line, ipset, e) : bad_line(reader, &fault, e);
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

/* Reads the line from @line to @end, where its end was. */
static int read_text(struct reader *reader, char *line, char *end, struct error *e)
{
	*end = '\0';
	if (!reader->line && begins(line, "\x1f\x8b"))
		return error(e, USAGE, "write: zcat FILE | tcact ... -", "table %s is compressed by gzip", Q(reader->path));
	if (memchr(line, '\0', end - line))
		return error(e, USAGE, "give a text", "table %s line %zu has a byte of 0", Q(reader->path), reader->line + 1);
	return read_line(reader, line, e);
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
		for (line = buffer; (end = memchr(line, '\n', buffer + have - line)); line = end + 1)
			if (read_text(reader, line, end, e))
				goto out;
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
	result = have ? read_text(reader, buffer, buffer + have, e) : 0;	/* a last line without its end */
	if (!result && (reader->nft.elements || reader->nft.braces > 0))
		result = error(e, USAGE, "give all of it", "table %s ends within a set", Q(reader->path));
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
		if (is_scarcity(errno))
			error_scarcity(e, "read", Q(path));
		else
			error(e, USAGE, "check its name and permissions", "cannot read %s: %s", Q(path), strerror(errno));
		goto out;
	}
	if (S_ISDIR(before.st_mode)) {
		error(e, USAGE, "name a file", "%s is a directory", Q(path));
		goto out;
	}
	if (rules->again && !S_ISREG(before.st_mode)) {
		error(e, USAGE, "name one, as it is read more than once", "table %s is no regular file", Q(path));
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
	const struct table_rules rules = { .wrong = "nothing was changed", .keys = key_only,
					   .empty = "nothing was changed" };
	char *words[WORDS_MAX + 1];
	struct fault fault = {};
	int n;

	if (!strcmp(line, "-"))
		return table_read(table, line, &rules, e);
	n = split(line, words);
	if (n > WORDS_MAX)
		return error(e, USAGE, "nothing was changed", "an entry has more than %d words", WORDS_MAX);
	if (!n)
		return error(e, USAGE, "see: tcact help", "the entry is missing: write %s", table->kind->syntax);
	return table->kind->parse(table, words, n, key_only, &fault) ? not_added(&fault, e) : 0;
}

/* ---- sorted ---------------------------------------------------------------------------------- */

static bool same(const struct table *table, const void *one, const void *two)
{
	unsigned char a[IDENTITY_MAX], b[IDENTITY_MAX];
	size_t n = table->kind->identity(table, one, a);

	return n == table->kind->identity(table, two, b) && !memcmp(a, b, n);
}

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
			if (!same(table, entry_at(table, kept - 1), entry))
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

int table_absent(const struct table *table, size_t i, struct error *e)
{
	char key[KEY_SIZE];

	return error(e, ABSENT, "see: tcact table dump", "%s is not in the table",
		     table->kind->key(entry_at(table, i), key));
}

int table_merge(struct table *table, const struct table *more, bool removal, struct error *e)
{
	const size_t size = table->kind->entry_size, old = table->n;
	struct fault fault = {};
	size_t at = 0, kept = 0;

	if (!removal && table->kind->adopt && !table->kind->adopt(table, more))
		return not_added(&fault, e);
	for (size_t i = 0; i < more->n; i++) {
		void *entry = entry_at(more, i);
		int order = 1;

		for (; at < old && (order = table->kind->compare(entry_at(table, at), entry)) < 0; at++)
			if (removal)
				memmove(entry_at(table, kept++), entry_at(table, at), size);
		if (removal) {
			if (order)
				return table_absent(more, i, e);
			at++;
			continue;
		}
		if (order && !table_add(table)) {
			table_full(table, &fault);
			return not_added(&fault, e);
		}
		memcpy(entry_at(table, order ? table->n - 1 : at), entry, size);
	}
	if (!removal)
		return table_sort(table, NULL, e);
	memmove(entry_at(table, kept), entry_at(table, at), (old - at) * size);
	table->n = kept + old - at;
	return 0;
}

uint64_t table_digest(const struct table *table)
{
	uint64_t digest = HASH_BEGIN;

	for (size_t i = 0; i < table->n; i++) {
		unsigned char bytes[IDENTITY_MAX];
		size_t size = table->kind->identity(table, entry_at(table, i), bytes);

		digest = hash_more(digest, bytes, size);
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
