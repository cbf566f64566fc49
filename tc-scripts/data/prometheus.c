// SPDX-License-Identifier: GPL-2.0-only
/*
 * What is attached, for node_exporter's textfile collector: the text format of Prometheus. A counter there may
 * only grow, or start again at 0, so only what something counts is printed, no difference of counters. A key of account
 * that one CPU has evicted is the exception, see tcact-account(8).
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bucket.h"
#include "status.h"

static const char *escape(char c)
{
	return c == '"' ? "\\\"" : c == '\\' ? "\\\\" : c == '\n' ? "\\n" : NULL;
}

enum { M_PACKETS, M_BYTES, M_DROPPED, M_HITS, M_MISSES, M_ENTRIES, METRICS };

static const struct {
	const char *name, *help;
	bool gauge;
} metrics[METRICS] = {
	[M_PACKETS] = { "tcact_packets_total", "Packets that reached the action.", false },
	[M_BYTES] = { "tcact_bytes_total", "Bytes of these packets, as tc counts them.", false },
	[M_DROPPED] = { "tcact_dropped_total", "Packets that the program of the action dropped.", false },
	[M_HITS] = { "tcact_hits_total", "Packets that a matcher matched, where it counts them.", false },
	[M_MISSES] = { "tcact_misses_total", "Packets that a matcher did not match, where it counts them.", false },
	[M_ENTRIES] = { "tcact_table_entries", "Entries of the table of the action.", true },
};

struct sample {
	char *labels;		/* device="eth1",... */
	struct figure figure[METRICS];
	struct reason reason[REASONS_MAX];
	size_t reasons;
};

static char *labels_of(const struct step *first, const struct step *step, size_t position)
{
	const struct {
		const char *label, *value;
	} all[] = {
		{ "device", first->field[DEV] }, { "direction", first->field[DIRECTION] },
		{ "chain", first->field[CHAIN] }, { "pref", first->field[PREF] },
		{ "name", text_of(first, OWN_NAME) }, { "action", step->field[NAME] },
	};
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	if (!out)
		return NULL;
	for (size_t i = 0; i < sizeof(all) / sizeof(*all); i++) {
		fprintf(out, "%s=\"", all[i].label);
		utf8_print(all[i].value, out, escape);
		fputs("\",", out);
	}
	fprintf(out, "position=\"%zu\"", position);
	return fclose(out) ? NULL : text;
}

/* ---- samples --------------------------------------------------------------------------------- */

static void add_figure(struct figure *to, const struct figure *f, bool gauge)
{
	if (!f->known || (!f->counted && !gauge))
		return;
	to->known = true;
	to->n += f->n;
}

static void add_reason(struct sample *sample, const struct reason *reason)
{
	size_t i = 0;

	while (i < sample->reasons && strcmp(sample->reason[i].name, reason->name))
		i++;
	if (i == REASONS_MAX)
		return;
	if (i == sample->reasons)
		sample->reason[sample->reasons++] = (struct reason){ reason->name, 0 };
	sample->reason[i].n += reason->n;
}

static void add_step(struct sample *sample, const struct step *step)
{
	const struct figure all[METRICS] = {
		[M_PACKETS] = { .known = true, .counted = true, .n = number_of(step, PACKETS) },
		[M_BYTES] = { .known = true, .counted = true, .n = number_of(step, BYTES) },
		[M_DROPPED] = step->dropped,
		[M_HITS] = step->hits,
		[M_MISSES] = step->misses,
		[M_ENTRIES] = step->entries,
	};

	for (size_t i = 0; i < METRICS; i++)
		add_figure(&sample->figure[i], &all[i], metrics[i].gauge);
	for (size_t i = 0; i < step->reasons; i++)
		add_reason(sample, &step->reason[i]);
}

/*
 * Series with the same labels are an error, for which the collector would refuse all of them: they become one.
 * It takes names of devices that were not UTF-8, or a filter that another program has copied to the same pref.
 */
static int collect(struct sample *samples, size_t *n, const struct attachment *a)
{
	for (size_t k = 0; k < a->steps; k++) {
		size_t i = 0;
		char *labels;

		if (!a->step[k].program)
			continue;
		labels = labels_of(a->step, &a->step[k], k + 1);
		if (!labels)
			return -1;
		while (i < *n && strcmp(samples[i].labels, labels))
			i++;
		if (i < *n)
			free(labels);
		else
			samples[(*n)++].labels = labels;
		add_step(&samples[i], &a->step[k]);
	}
	return 0;
}

/* ---- printing -------------------------------------------------------------------------------- */

static void head(const char *name, const char *help, bool gauge)
{
	printf("# HELP %s %s\n# TYPE %s %s\n", name, help, name, gauge ? "gauge" : "counter");
}

static void print_metric(size_t metric, const struct sample *samples, size_t n)
{
	bool begun = false;

	for (size_t i = 0; i < n; i++) {
		const struct figure *f = &samples[i].figure[metric];

		if (!f->known)
			continue;
		if (!begun)
			head(metrics[metric].name, metrics[metric].help, metrics[metric].gauge);
		begun = true;
		printf("%s{%s} %llu\n", metrics[metric].name, samples[i].labels, (unsigned long long)f->n);
	}
}

static void print_reasons(const struct sample *samples, size_t n)
{
	bool begun = false;

	for (size_t i = 0; i < n; i++) {
		for (size_t r = 0; r < samples[i].reasons; r++) {
			if (!begun)
				head("tcact_reasons_total", "The action's own counters, see tcact-actions(7).", false);
			begun = true;
			printf("tcact_reasons_total{%s,reason=\"%s\"} %llu\n", samples[i].labels,
			       samples[i].reason[r].name, (unsigned long long)samples[i].reason[r].n);
		}
	}
}

/* ---- buckets --------------------------------------------------------------------------------- */

/* The buckets of one action; several attachments may share a map, which is then that of the first one. */
struct exported {
	char *labels;
	struct buckets buckets;		/* without their program, which is closed once they are read */
	__u32 map;			/* its id */
	struct bucket_list list;
};

static bool is_new(const struct exported *all, size_t n, const struct exported *x)
{
	for (size_t i = 0; i < n; i++)
		if (!strcmp(all[i].labels, x->labels) || all[i].map == x->map)
			return false;
	return true;
}

static void exported_free(struct exported *x)
{
	free(x->labels);
	free(x->list.bucket);
	buckets_close(&x->buckets);
	memset(x, 0, sizeof(*x));
}

/* Reads the buckets of one action, unless they have no counters or are there already: 1, 0, or -1. */
static int export_one(struct exported *x, const struct exported *all, size_t n, const struct action *action, __u32 id,
		      struct error *e)
{
	int result = 0;

	if (buckets_open(&x->buckets, action, id, e)) {
		result = -1;
	} else {
		x->map = x->buckets.map->info.id;
		if (buckets_have(&x->buckets, COLUMN_COUNTER) && is_new(all, n, x))
			result = buckets_read(&x->buckets, &x->list, e) ? -1 : 1;
		buckets_merge(&x->buckets, &x->list);
	}
	program_close(&x->buckets.program);
	return result;
}

/* Those with counters; what cannot be read is left out, as show has a ? for it. */
static int export(struct exported *all, size_t *n, const struct status *status, const char *objects, struct error *error)
{
	for (size_t i = 0; i < status->attachments; i++) {
		const struct attachment *a = &status->attachment[i];

		for (size_t k = 0; k < a->steps; k++) {
			struct exported *x = &all[*n];
			struct error e = {};
			int result;
			const struct action *action = a->step[k].program ? action_once(objects, a->step[k].field[NAME], &e) : NULL;

			if (!action || !action->buckets)
				continue;
			x->labels = labels_of(a->step, &a->step[k], k + 1);
			result = x->labels ? export_one(x, all, *n, action, (__u32)number_of(&a->step[k], PROGRAM), &e) : -1;
			if (result > 0) {
				++*n;
				continue;
			}
			exported_free(x);
			if (result < 0 && !e.unreadable) {
				*error = e;
				return error_memory(error);	/* unless it says what else */
			}
		}
	}
	return 0;
}

static void print_buckets(const struct exported *x, const char *metric, size_t column)
{
	for (size_t i = 0; i < x->list.n; i++) {
		struct key_text key;

		bucket_key_text(&x->buckets, &x->list.bucket[i], &key);
		printf("%s{%s", metric, x->labels);
		for (size_t k = 0; k < key.parts; k++)
			printf(",%s=\"%s\"", key.part[k].label, key.part[k].text);
		printf("} %llu\n", (unsigned long long)x->list.bucket[i].value[column]);
	}
}

/* tcact_account_bytes_total{...,src="192.0.2.1"} */
static void print_all_buckets(const struct exported *all, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		const struct buckets *b = &all[i].buckets;
		size_t before = 0;

		while (all[before].buckets.action != b->action)
			before++;
		for (size_t c = 0; before == i && c < b->columns; c++) {
			char metric[2 * NAME_SIZE + 32];

			if (b->column[c].kind != COLUMN_COUNTER)
				continue;
			snprintf(metric, sizeof(metric), "tcact_%s_%s_total", b->action->name, b->column[c].name);
			for (char *m = metric; *m; m++)
				if (*m == '-')
					*m = '_';
			head(metric, "What the buckets of the action counted, by their key.", false);
			for (size_t j = i; j < n; j++)
				if (all[j].buckets.action == b->action)
					print_buckets(&all[j], metric, c);
		}
	}
}

int status_prometheus(const struct status *status, const char *objects, const char *version, struct error *e)
{
	size_t n = 0, exports = 0, all = 1;
	struct exported *exported;
	struct sample *samples;
	int result = 0;

	for (size_t i = 0; i < status->attachments; i++)
		all += status->attachment[i].steps;
	samples = calloc(all, sizeof(*samples));
	exported = calloc(all, sizeof(*exported));
	if (!samples || !exported)
		result = error_memory(e);
	for (size_t i = 0; i < status->attachments && !result; i++)
		if (collect(samples, &n, &status->attachment[i]))
			result = error_memory(e);
	/* all is read before any of it is printed */
	if (!result)
		result = export(exported, &exports, status, objects, e);
	if (!result) {
		head("tcact_build_info", "The version of tcact; the value is always 1.", true);
		printf("tcact_build_info{version=\"%s\"} 1\n", version);
		for (size_t i = 0; i < METRICS; i++)
			print_metric(i, samples, n);
		print_reasons(samples, n);
		print_all_buckets(exported, exports);
	}
	for (size_t i = 0; i < exports; i++)
		exported_free(&exported[i]);
	free(exported);
	for (size_t i = 0; i < n; i++)
		free(samples[i].labels);
	free(samples);
	return result;
}
