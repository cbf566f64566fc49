/* SPDX-License-Identifier: GPL-2.0-only */
/* Periods of the calendar, as numbers: the next one has a greater number. */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <time.h>

/*
 * The number of the period in which @now is:
 *   hour              hours since 1970-01-01 00:00 UTC
 *   day, day@HH:MM    YYYYDDD, as date +%Y%j prints it; the day begins at this local time
 *   month             YYYYMM, as date +%Y%m
 * false if @text is none of them.
 */
bool period_number(const char *text, time_t now, uint32_t *number);
