// SPDX-License-Identifier: GPL-2.0-only
/* buckets and top: what the buckets of an action hold, and how fast their counters grow. */
#include <json-c/json.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "bucket.h"
#include "clock.h"
#include "command.h"
#include "status.h"
#include "value.h"

#define FIRST 20		/* lines of top, if standard output is no terminal */

struct wanted {
	const char *sort;	/* a column, or "key"; NULL: the first counter, or column */
	uint64_t first;		/* rows; 0: all */
	uint64_t interval;	/* seconds */
};

/* A row: a bucket, its key as text, and how much its counters grew in a second. */
struct row {
	struct bucket now;
	struct key_text key;
	double rate[BUCKET_COLUMNS_MAX];
};

struct view {
	const struct buckets *buckets;
	struct row *row;
	size_t n;
	size_t by;		/* the column that it is sorted by; buckets->columns: the key */
	bool rates;
};

/* ---- what the user wants --------------------------------------------------------------------- */

static int number_read(const char *what, const char *text, unsigned int most, uint64_t *n, struct error *e)
{
	if (decimal_read(text, 1, most, n))
		return 0;
	return error(e, USAGE, "see: tcact help", "%s %s: must be 1..%u", what, Q(text), most);
}

static int wanted_read(struct wanted *wanted, bool top, char **words, int n, struct error *e)
{
	for (int i = 0; i < n; i += 2) {
		const char *value = i + 1 < n ? words[i + 1] : NULL;

		if (strcmp(words[i], "sort") && strcmp(words[i], "first") && (!top || strcmp(words[i], "interval")))
			return error(e, USAGE, "see: tcact help", "%s is one word too many", Q(words[i]));
		if (!value)
			return error(e, USAGE, "see: tcact help", "%s: its value is missing", words[i]);
		if (!strcmp(words[i], "sort"))
			wanted->sort = value;
		else if (!strcmp(words[i], "first") ? number_read("first", value, 4194304, &wanted->first, e)
						     : number_read("interval", value, 86400, &wanted->interval, e))
			return -1;
	}
	return 0;
}

/* The index of the column to sort by. */
static int column_wanted(const struct buckets *b, const char *name, size_t *by, struct error *e)
{
	char all[BUCKET_COLUMNS_MAX * (NAME_SIZE + 1)] = "";

	*by = 0;
	if (!name) {
		while (*by < b->columns && b->column[*by].kind != COLUMN_COUNTER)
			++*by;
		*by %= b->columns;
		return 0;
	}
	while (*by < b->columns && strcmp(b->column[*by].name, name))
		++*by;
	if (*by < b->columns || !strcmp(name, "key"))
		return 0;
	for (size_t i = 0; i < b->columns; i++) {
		strcat(all, " ");
		strcat(all, b->column[i].name);
	}
	return error(e, USAGE, "write one of them", "sort %s: must be one of key%s", Q(name), all);
}

/* ---- sorted ---------------------------------------------------------------------------------- */

static int compare_rows(const void *a, const void *b, void *context)
{
	const struct view *view = context;
	const struct row *x = a, *y = b;
	size_t by = view->by;

	if (by < view->buckets->columns) {
		if (view->rates && x->rate[by] != y->rate[by])
			return x->rate[by] < y->rate[by] ? 1 : -1;
		if (x->now.value[by] != y->now.value[by])
			return x->now.value[by] < y->now.value[by] ? 1 : -1;
	}
	for (int i = 0; i < 2; i++)
		if (x->now.key[i] != y->now.key[i])
			return x->now.key[i] < y->now.key[i] ? -1 : 1;
	return 0;
}

/* As text, the keys are in the order of their addresses only where they are no hashes; so the text decides. */
static int compare_keys(const void *a, const void *b)
{
	const struct key_text *x = &((const struct row *)a)->key, *y = &((const struct row *)b)->key;
	int order = 0;

	for (size_t i = 0; i < x->parts && i < y->parts && !order; i++)
		order = strverscmp(x->part[i].text, y->part[i].text);
	return order;
}

/* Of the first @rows, where it is not there yet: there may be a million, of which a few are shown. */
static void write_keys(struct view *view, size_t rows)
{
	for (size_t i = 0; i < rows; i++)
		if (!view->row[i].key.parts)
			bucket_key_text(view->buckets, &view->row[i].now, &view->row[i].key);
}

/* By how much the counter grew; one that is smaller than before began again. */
static __u64 growth(__u64 before, __u64 now)
{
	return now >= before ? now - before : now;
}

static bool moves(const struct buckets *b, const struct row *row)
{
	for (size_t c = 0; c < b->columns; c++)
		if (b->column[c].kind == COLUMN_COUNTER ? row->rate[c] > 0 : row->now.value[c])
			return true;
	return false;
}

/*
 * What @now has, and how it differs from @before, @seconds ago; without @before, all of it. The buckets of each CPU are
 * compared on their own: a key that one of them has evicted is smaller, but did not begin again on the others.
 */
static int view_make(struct view *view, const struct bucket_list *before, const struct bucket_list *now, double seconds,
		     struct error *e)
{
	const struct buckets *b = view->buckets;
	size_t was = 0;

	view->rates = before;
	view->n = 0;
	view->row = calloc(now->n + 1, sizeof(*view->row));
	if (!view->row)
		return error_memory(e);
	for (size_t i = 0; i < now->n; i++) {
		const struct bucket *is = &now->bucket[i], *earlier = NULL;
		struct row *row = &view->row[view->n];

		if (!i || !bucket_same_key(is - 1, is))
			*row = (struct row){ .now = *is };
		else
			bucket_add(b, &row->now, is);
		while (before && was < before->n && bucket_compare(&before->bucket[was], is) < 0)
			was++;
		if (before && was < before->n && !bucket_compare(&before->bucket[was], is))
			earlier = &before->bucket[was];
		for (size_t c = 0; c < b->columns; c++)
			if (b->column[c].kind == COLUMN_COUNTER && before)
				row->rate[c] += growth(earlier ? earlier->value[c] : 0, is->value[c]) / seconds;
		if (i + 1 == now->n || !bucket_same_key(is, is + 1))
			view->n += !before || moves(b, row);
	}
	if (view->by < b->columns) {
		qsort_r(view->row, view->n, sizeof(*view->row), compare_rows, view);
	} else {
		write_keys(view, view->n);
		qsort(view->row, view->n, sizeof(*view->row), compare_keys);
	}
	return 0;
}

/* ---- printing -------------------------------------------------------------------------------- */

static void time_text(char text[32], __u64 ns)
{
	if (ns >= 1000000000)
		snprintf(text, 32, "%.1fs", ns / 1e9);
	else if (ns >= 1000000)
		snprintf(text, 32, "%.1fms", ns / 1e6);
	else
		snprintf(text, 32, "%.0fus", ns / 1e3);
}

static void cell(const struct view *view, const struct row *row, size_t column, bool rate, char text[32])
{
	if (rate)
		snprintf(text, 32, "%.*f", row->rate[column] > 0 && row->rate[column] < 10 ? 1 : 0, row->rate[column]);
	else if (view->buckets->column[column].kind == COLUMN_TIME)
		time_text(text, row->now.value[column]);
	else
		snprintf(text, 32, "%llu", (unsigned long long)row->now.value[column]);
}

static void key_line(const struct key_text *key, bool labels, char line[160])
{
	*line = '\0';
	for (size_t i = 0; i < key->parts; i++) {
		if (i)
			strcat(line, " ");
		strcat(line, labels ? key->part[i].label : key->part[i].text);
	}
}

/* The width of the first @rows keys and of what is above them, which goes to @line: all keys have the same labels. */
static int key_width(const struct view *view, size_t rows, char line[160])
{
	struct key_text key;
	int width = 0;

	for (size_t i = 0; i < rows; i++) {
		key_line(&view->row[i].key, false, line);
		if ((int)strlen(line) > width)
			width = strlen(line);
	}
	bucket_key_text(view->buckets, rows ? &view->row[0].now : &(struct bucket){}, &key);
	key_line(&key, true, line);
	return (int)strlen(line) > width ? (int)strlen(line) : width;
}

#define VALUE_WIDTH 14
#define RATE_WIDTH 12

static void view_text(const struct view *view, size_t rows)
{
	const struct buckets *b = view->buckets;
	char line[160], text[32];
	int width = key_width(view, rows, line);

	printf("%-*s", width, line);
	for (size_t c = 0; c < b->columns; c++) {
		if (view->rates && b->column[c].kind == COLUMN_COUNTER)
			printf(" %*s/s", RATE_WIDTH - 2, b->column[c].name);
		printf(" %*s", VALUE_WIDTH, b->column[c].name);
	}
	putchar('\n');
	for (size_t i = 0; i < rows; i++) {
		key_line(&view->row[i].key, false, line);
		printf("%-*s", width, line);
		for (size_t c = 0; c < b->columns; c++) {
			if (view->rates && b->column[c].kind == COLUMN_COUNTER) {
				cell(view, &view->row[i], c, true, text);
				printf(" %*s", RATE_WIDTH, text);
			}
			cell(view, &view->row[i], c, false, text);
			printf(" %*s", VALUE_WIDTH, text);
		}
		putchar('\n');
	}
}

static void view_json(const struct view *view, size_t rows)
{
	const struct buckets *b = view->buckets;

	putchar('[');
	for (size_t i = 0; i < rows; i++) {
		const struct key_text *key = &view->row[i].key;
		struct json_object *object = json_object_new_object();
		char name[NAME_SIZE + 16];

		for (size_t k = 0; k < key->parts; k++)
			json_object_object_add(object, key->part[k].label, json_object_new_string(key->part[k].text));
		for (size_t c = 0; c < b->columns; c++) {
			json_object_object_add(object, b->column[c].name, json_object_new_uint64(view->row[i].now.value[c]));
			if (!view->rates || b->column[c].kind != COLUMN_COUNTER)
				continue;
			snprintf(name, sizeof(name), "%s_per_second", b->column[c].name);
			json_object_object_add(object, name, json_rate(view->row[i].rate[c]));
		}
		/* of top, which is one line of a stream, and of a list that can be long */
		fputs(!i ? "" : view->rates ? "," : ",\n", stdout);
		json_print(object);
	}
	puts("]");
}

static void view_print(struct view *view, uint64_t first, bool json)
{
	size_t rows = first && first < view->n ? first : view->n;

	write_keys(view, rows);
	(json ? view_json : view_text)(view, rows);
}

/* ---- the subcommands ------------------------------------------------------------------------- */

static int begin(struct buckets *b, struct view *view, struct wanted *wanted, bool top, const struct options *options,
		 char **words, int n, struct error *e)
{
	const struct action *action;

	memset(b, 0, sizeof(*b));
	action = action_once(options->objects, words[0], e);
	view->buckets = b;
	return !action || wanted_read(wanted, top, words + 2, n - 2, e) ||
	       buckets_open(b, action, (__u32)strtoul(words[1], NULL, 10), e) ||
	       column_wanted(b, wanted->sort, &view->by, e) ? -1 : 0;
}

/* buckets NAME ID [sort COLUMN] [first N]: prints those in use, sorted. */
int command_buckets(const struct options *options, char **words, int n, struct error *e)
{
	struct wanted wanted = {};
	struct bucket_list list = {};
	struct view view = {};
	struct buckets b;

	if (!begin(&b, &view, &wanted, false, options, words, n, e) && !buckets_read(&b, &list, e) &&
	    !view_make(&view, NULL, &list, 0, e))
		view_print(&view, wanted.first, options->json);
	free(view.row);
	free(list.bucket);
	buckets_close(&b);
	return e->status ? -1 : 0;
}

/* How many rows the terminal has room for. In a narrow one, each takes several of its lines. */
static size_t rows_of_terminal(struct view *view)
{
	struct winsize size;
	size_t rows, width;
	char line[160];

	if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) || !size.ws_row || !size.ws_col)
		return FIRST;
	rows = view->n < size.ws_row ? view->n : size.ws_row;
	write_keys(view, rows);
	width = key_width(view, rows, line);
	for (size_t c = 0; c < view->buckets->columns; c++)
		width += 1 + VALUE_WIDTH + (view->buckets->column[c].kind == COLUMN_COUNTER ? 1 + RATE_WIDTH : 0);
	rows = (size.ws_row - 1) / ((width + size.ws_col - 1) / size.ws_col);
	return rows > 1 ? rows - 1 : 1;
}

/*
 * top NAME ID [sort COLUMN] [first N] [interval S]: two readings, and what passed between them. In a terminal again
 * and again, until it is interrupted.
 */
int command_top(const struct options *options, char **words, int n, struct error *e)
{
	bool live = isatty(STDOUT_FILENO) && !options->json;
	struct wanted wanted = { .interval = 1 };
	struct bucket_list before = {}, now = {};
	struct view view = {};
	struct buckets b;
	uint64_t then, at;

	if (begin(&b, &view, &wanted, true, options, words, n, e) || buckets_read(&b, &before, e))
		goto out;
	/* its maps are enough, and do not keep it where it is detached */
	close(b.program.fd);
	b.program.fd = -1;
	then = clock_ns(CLOCK_MONOTONIC);
	do {
		int still;

		sleep(wanted.interval);
		if (buckets_read(&b, &now, e))
			break;
		at = clock_ns(CLOCK_MONOTONIC);
		if (view_make(&view, &before, &now, (at - then) / 1e9, e))
			break;
		if (live)
			fputs("\033[H\033[J", stdout);
		view_print(&view, wanted.first ?: live ? rows_of_terminal(&view) : FIRST, options->json);
		free(view.row);
		view.row = NULL;
		free(before.bucket);
		before = now;
		memset(&now, 0, sizeof(now));
		then = at;
		if (fflush(stdout))
			break;		/* main() says so */
		still = bpf_prog_get_fd_by_id(b.program.info.id);
		if (live && still < 0)
			error(e, ABSENT, "see: tcact show", "the attachment is gone, or was changed");
		else if (still >= 0)
			close(still);
	} while (live && !e->status);
out:
	free(view.row);
	free(before.bucket);
	free(now.bucket);
	buckets_close(&b);
	return e->status ? -1 : 0;
}
