// SPDX-License-Identifier: GPL-2.0-only
/* What passes through each attachment in a second, between two reads. */
#include <json-c/json.h>
#include <string.h>
#include <time.h>

#include "status.h"

struct totals {
	__u64 packets, bytes;
	struct figure hits;	/* packets that all matchers matched */
	struct figure dropped;
};

static struct totals totals(const struct attachment *a)
{
	struct totals t = { .packets = number_of(a->step, PACKETS), .bytes = number_of(a->step, BYTES),
			    .dropped.known = true };

	for (size_t k = 0; k < a->steps; k++) {
		if (a->step[k].matcher)
			t.hits = a->step[k].hits;
		t.dropped.known &= a->step[k].dropped.known;
		t.dropped.n += a->step[k].dropped.n;
	}
	return t;
}

/* The same attachment in @status; NULL if it is new, also if it is in the place of one that is gone. */
static const struct attachment *find(const struct status *status, const struct attachment *a)
{
	static const enum field same[] = { DEV, DIRECTION, CHAIN, PREF, PROTOCOL, KIND, HANDLE, NAME, INDEX };

	for (size_t i = 0; i < status->attachments; i++) {
		const struct attachment *other = &status->attachment[i];
		size_t f = 0;

		while (f < sizeof(same) / sizeof(*same) &&
		       !strcmp(a->step->field[same[f]], other->step->field[same[f]]))
			f++;
		if (f == sizeof(same) / sizeof(*same) && number_of(other->step, PACKETS) <= number_of(a->step, PACKETS))
			return other;
	}
	return NULL;
}

/* A figure that is a difference of counters can be a little smaller than before. */
static double rate(__u64 before, __u64 now, double seconds)
{
	return now > before ? (double)(now - before) / seconds : 0;
}

static void rates_json(const struct attachment *a, const struct totals *was, const struct totals *is, double seconds)
{
	struct json_object *line = json_object_new_object(), *actions = json_object_new_array();

	json_object_object_add(line, "time", json_object_new_int64((int64_t)time(NULL)));
	json_object_object_add(line, "seconds", json_rate(seconds));
	json_place(line, a->step);
	json_object_object_add(line, "name", json_name(a->step));
	for (size_t k = 0; k < a->steps; k++)
		if (a->step[k].program)
			json_object_array_add(actions, json_text(a->step[k].field[NAME]));
	json_object_object_add(line, "actions", actions);
	json_object_object_add(line, "packets_per_second", json_rate(rate(was->packets, is->packets, seconds)));
	json_object_object_add(line, "bytes_per_second", json_rate(rate(was->bytes, is->bytes, seconds)));
	json_object_object_add(line, "hits_per_second", is->hits.known && was->hits.known ?
			       json_rate(rate(was->hits.n, is->hits.n, seconds)) : NULL);
	json_object_object_add(line, "dropped_per_second", is->dropped.known && was->dropped.known ?
			       json_rate(rate(was->dropped.n, is->dropped.n, seconds)) : NULL);
	json_print(line);
	putchar('\n');
}

static const char *short_number(char text[16], bool known, double n)
{
	if (known)
		snprintf(text, 16, "%.*f", n > 0 && n < 10 ? 1 : 0, n);
	else
		strcpy(text, "-");
	return text;
}

static void rates_text(const struct attachment *a, const struct totals *was, const struct totals *is, double seconds)
{
	const struct step *first = a->step;
	char clock[16] = "", packets[16], hits[16], dropped[16];
	const char *separator = " ";
	time_t now = time(NULL);

	strftime(clock, sizeof(clock), "%H:%M:%S", localtime(&now));
	printf("%8s %10s %8s %9s  ", clock, short_number(packets, true, rate(was->packets, is->packets, seconds)),
	       short_number(hits, is->hits.known && was->hits.known, rate(was->hits.n, is->hits.n, seconds)),
	       short_number(dropped, is->dropped.known && was->dropped.known,
			    rate(was->dropped.n, is->dropped.n, seconds)));
	safe_print(first->field[DEV]);
	printf(" %s pref %s", first->field[DIRECTION], first->field[PREF]);
	if (strcmp(first->field[CHAIN], "0"))
		printf(" chain %s", first->field[CHAIN]);
	if (*text_of(first, OWN_NAME)) {
		putchar(' ');
		safe_print(first->field[OWN_NAME]);
	}
	for (size_t k = 0; !*text_of(first, OWN_NAME) && k < a->steps; k++, separator = "+")
		if (a->step[k].program)
			printf("%s%s", separator, a->step[k].field[NAME]);
	putchar('\n');
}

void status_rates(const struct status *before, const struct status *now, double seconds, bool json)
{
	for (size_t i = 0; i < now->attachments; i++) {
		const struct attachment *a = &now->attachment[i], *earlier = find(before, a);
		struct totals was, is;

		if (!earlier)
			continue;
		was = totals(earlier);
		is = totals(a);
		(json ? rates_json : rates_text)(a, &was, &is, seconds);
	}
}
