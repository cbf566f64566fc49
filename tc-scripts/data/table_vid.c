// SPDX-License-Identifier: GPL-2.0-only
/* Tables of VLAN identifiers: VID=VID, or FIRST-LAST=FIRST-LAST, in an array; include/tcact/table.h. */
#include <stdlib.h>
#include <string.h>

#include "table.h"

#define VIDS 4096
#define VID_LAST 4094
#define VID_ENTRY 0x1000	/* as there */

struct vid {
	uint16_t from, to;
	uint32_t line;		/* of the file that it came from */
};

static bool vid_read(const char *text, size_t length, int *vid)
{
	char copy[8], *end;
	bool hex;

	if (!length || length >= sizeof(copy))
		return false;
	memcpy(copy, text, length);
	copy[length] = '\0';
	hex = !strncmp(copy, "0x", 2);
	if (strspn(copy + 2 * hex, hex ? "0123456789abcdefABCDEF" : "0123456789") != length - 2 * hex ||
	    length == 2 * hex || (!hex && *copy == '0' && copy[1]))
		return false;
	*vid = (int)strtol(copy, &end, hex ? 16 : 10);
	return *vid <= VID_LAST;
}

/* VID or FIRST-LAST */
static bool vids_read(const char *text, size_t length, int *first, int *last)
{
	const char *dash = memchr(text, '-', length);

	if (!dash)
		return vid_read(text, length, first) && vid_read(text, length, last);
	return vid_read(text, dash - text, first) && vid_read(dash + 1, text + length - dash - 1, last);
}

static int vid_parse(struct table *table, char **words, int n, bool key_only, struct fault *fault)
{
	const char *equals = strchr(words[0], '='), *to = equals ? equals + 1 : words[0];
	size_t length = equals ? (size_t)(equals - words[0]) : strlen(words[0]);
	int first[2], last[2];

	if (n > 1)
		return fault_set(fault, "unknown word", "%s is one word too many", Q(words[1]));
	if (!equals != key_only)
		return fault_set(fault, "no entry", "%s: an entry is %s", Q(words[0]), key_only ? "VID" : "VID=VID");
	if (!vids_read(words[0], length, &first[0], &last[0]) || !vids_read(to, strlen(to), &first[1], &last[1]))
		return fault_set(fault, "not an identifier", "%s: a VLAN identifier must be 0..%d", Q(words[0]),
				 VID_LAST);
	if (last[0] < first[0] || last[1] < first[1])
		return fault_set(fault, "not a range", "%s: a range ends before it begins", Q(words[0]));
	if (last[0] - first[0] != last[1] - first[1])
		return fault_set(fault, "not a range", "%s: the ranges are not of the same length", Q(words[0]));
	for (int i = 0; i <= last[0] - first[0]; i++) {
		struct vid *vid = table_add(table);

		if (!vid)
			return table_full(table, fault);
		*vid = (struct vid){ (uint16_t)(first[0] + i), (uint16_t)(first[1] + i), table->line };
	}
	return 0;
}

static int vid_compare(const void *a, const void *b)
{
	return ((const struct vid *)a)->from - ((const struct vid *)b)->from;
}

static bool vid_same(const void *a, const void *b)
{
	return ((const struct vid *)a)->to == ((const struct vid *)b)->to;
}

static uint32_t vid_line(const void *entry)
{
	return ((const struct vid *)entry)->line;
}

static size_t vid_identity(const struct table *table, const void *entry, unsigned char bytes[IDENTITY_MAX])
{
	const struct vid *vid = entry;

	(void)table;
	memcpy(bytes, &vid->from, sizeof(vid->from));
	memcpy(bytes + sizeof(vid->from), &vid->to, sizeof(vid->to));
	return sizeof(vid->from) + sizeof(vid->to);
}

static const char *vid_key(const void *entry, char text[KEY_SIZE])
{
	snprintf(text, KEY_SIZE, "%u", ((const struct vid *)entry)->from);
	return text;
}

static void vid_print(const struct table *table, const void *entry, FILE *out)
{
	const struct vid *vid = entry;

	(void)table;
	fprintf(out, "%u=%u", vid->from, vid->to);
}

static void vid_json(const struct table *table, const void *entry, FILE *out)
{
	const struct vid *vid = entry;

	(void)table;
	fprintf(out, "{\"vid\":%u,\"to\":%u}", vid->from, vid->to);
}

static int vid_build(const struct table *table, struct content *content)
{
	const struct vid *vid = table->entry;
	uint16_t *values = calloc(VIDS, sizeof(*values));

	if (!values)
		return -1;
	for (size_t i = 0; i < table->n; i++)
		values[vid[i].from] = VID_ENTRY | vid[i].to;
	content[0] = (struct content){ .values = values, .n = VIDS, .size = sizeof(*values) };
	return 0;
}

static int vid_entries(struct table *table, const struct content *content)
{
	const uint16_t *values = content[0].values;

	for (size_t i = 0; i < content[0].n && i < VIDS; i++) {
		struct vid *vid;

		if (!(values[i] & VID_ENTRY))
			continue;
		vid = table_add(table);
		if (!vid)
			return -1;
		*vid = (struct vid){ (uint16_t)i, values[i] & ~VID_ENTRY, 0 };
	}
	return 0;
}

const struct table_kind table_vid = {
	.name = "vid",
	.syntax = "VID=VID",
	.entry_size = sizeof(struct vid),
	.entries_max = 1 << 20,	/* lines with the same identifiers, before they are sorted */
	.parse = vid_parse,
	.compare = vid_compare,
	.key = vid_key,
	.print = vid_print,
	.json = vid_json,
	.same = vid_same,
	.line = vid_line,
	.identity = vid_identity,
	.maps = { "vid_table" },
	.sizes = { sizeof(uint16_t) },
	.build = vid_build,
	.entries = vid_entries,
};
