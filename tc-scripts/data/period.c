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
	if (local.tm_hour * 60 + local.tm_min < begins) {
		/* The day before: its noon, as a day may have 23 or 25 hours. */
		local.tm_mday--;
		local.tm_hour = 12;
		local.tm_isdst = -1;
		mktime(&local);
	}
	*number = (uint32_t)((local.tm_year + 1900) * 1000 + local.tm_yday + 1);
	return true;
}
