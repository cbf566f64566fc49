/* SPDX-License-Identifier: GPL-2.0-only */
/* What tables of prefixes and tables of plans have in common. */
#pragma once

#include "ranges.h"
#include "table.h"

int prefix_parse(struct table *table, char **words, int n, bool key_only, struct fault *fault);
const char *prefix_key(const void *entry, char text[KEY_SIZE]);
void prefix_print(const struct table *table, const void *entry, FILE *out);
void prefix_json(const struct table *table, const void *entry, FILE *out);
uint32_t prefix_line(const void *entry);
long prefix_count(const struct content *content);
