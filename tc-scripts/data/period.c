// SPDX-License-Identifier: GPL-2.0-only
#include <ctype.h>
#include <strings.h>

#include "period.h"

/* Reads HH:MM as minutes. */
static bool time_of_day_read(const char *text, int *minutes)
{
	struct tm at = {};
	const char *end = isdigit((unsigned char)*text) ? strptime(text, "%H:%M", &at) : NULL;

	*minutes = at.tm_hour * 60 + at.tm_min;
	return end && !*end;
}

/*
 * Has this day begun at @begins, in minutes? Not only the time of day tells that: where the clock is put back, a time that
 * was there comes again.
 */
static bool has_begun(const struct tm *local, time_t now, int begins)
{
	const time_t shift = 3 * 3600;	/* more than any clock is put back */
	struct tm at;

	for (time_t t = now; t > now - shift && localtime_r(&t, &at); t -= 60)
		if (at.tm_mday == local->tm_mday && at.tm_hour * 60 + at.tm_min >= begins)
			return true;
	return false;
}

bool period_number(const char *text, time_t now, uint32_t *number)
{
	struct tm local;
	int begins = 0;

	if (!localtime_r(&now, &local))
		return false;
	if (!strcasecmp(text, "hour")) {
		*number = (uint32_t)(now / 3600);
		return true;
	}
	if (!strcasecmp(text, "month")) {
		*number = (uint32_t)((local.tm_year + 1900) * 100 + local.tm_mon + 1);
		return true;
	}
	if (strcasecmp(text, "day") && (strncasecmp(text, "day@", 4) || !time_of_day_read(text + 4, &begins)))
		return false;
	if (!has_begun(&local, now, begins)) {
		/* The day before: its noon, as a day may have 23 or 25 hours. */
		local.tm_mday--;
		local.tm_hour = 12;
		local.tm_isdst = -1;
		mktime(&local);
	}
	*number = (uint32_t)((local.tm_year + 1900) * 1000 + local.tm_yday + 1);
	return true;
}
