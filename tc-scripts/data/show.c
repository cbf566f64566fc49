// SPDX-License-Identifier: GPL-2.0-only
/* status: what is attached, as tcact found it; see status.h. */
#include <poll.h>
#include <stdlib.h>
#include <string.h>

#include "command.h"
#include "status.h"

/* ---- monitor --------------------------------------------------------------------------------- */

/* Waits for input; false once nobody reads the output any more. */
static bool wait_for_input(void)
{
	struct pollfd both[] = { { .fd = 0, .events = POLLIN }, { .fd = 1 } };

	return poll(both, 2, -1) > 0 && !both[1].revents;
}

static int monitor(const struct options *options, struct error *e)
{
	struct status before = {}, now = {}, last;
	double at = 0, then = 0;
	char *tick = NULL;

	if (!options->json)
		puts("    time  packets/s   hits/s dropped/s  attachment");
	while (!fflush(stdout) && wait_for_input()) {
		if (status_read(&now, options->objects, stdin, false, &tick, e) || !tick) {
			free(tick);
			break;
		}
		at = strtod(tick + strcspn(tick, " "), NULL) / 100;
		free(tick);
		if (then && at > then)
			status_rates(&before, &now, at - then, options->json);
		then = at;
		last = before;
		before = now;
		now = last;
		status_clear(&now);
	}
	status_clear(&before);
	status_clear(&now);
	return e->status ? -1 : 0;
}

/* ---- the command ----------------------------------------------------------------------------- */

/*
 * status [-s] [-c] text|json: what is attached; -s: with the actions' own counters, -c: text in colours
 * status prometheus VERSION: counters for node_exporter
 * status monitor: the rates between one list and the next, each of which ends with a line "tick TIME",
 * when it was begun, in hundredths of a second
 */
int command_status(const struct options *options, char **words, int n, struct error *e)
{
	struct status status = {};
	bool reasons = false, colours = false;
	char *tick = NULL;
	int result;

	for (; n && *words[0] == '-'; words++, n--) {
		reasons |= !strcmp(words[0], "-s");
		colours |= !strcmp(words[0], "-c");
	}
	if (!n)
		return error(e, USAGE, "see: tcact help", "status: write text, json, prometheus or monitor");
	if (!strcmp(words[0], "monitor"))
		return monitor(options, e);
	result = status_read(&status, options->objects, stdin, true, &tick, e);
	free(tick);
	if (result)
		;
	else if (!strcmp(words[0], "json"))
		status_json(&status, reasons);
	else if (!strcmp(words[0], "prometheus"))
		result = status_prometheus(&status, options->objects, n > 1 ? words[1] : "", e);
	else
		status_text(&status, reasons, colours);
	status_clear(&status);
	return result;
}
