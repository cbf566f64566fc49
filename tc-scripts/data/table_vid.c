// SPDX-License-Identifier: GPL-2.0-only
/* Tables of VLAN identifiers: VID=VID, or FIRST-LAST=FIRST-LAST, in an array; include/tcact/table.h. */
#include <stdlib.h>
#include <string.h>

#include "table.h"
#include "value.h"

#define VIDS 4096
#define VID_LAST 4094
#define VID_ENTRY 0x1000	/* as there */

struct vid {
	uint16_t from, to;
	uint32_t line;		/* of the file that it came from */
};

struct vids {
	uint32_t first, last;
};

/* VID or FIRST-LAST; modifies @text. */
static bool vids_read(char *text, struct vids *vids)
{
	char *dash = strchr(text, '-');

	if (dash)
		*dash = '\0';
	return tag_read(text, /*handle*/ false, &vids->first) &&
	       tag_read(dash ? dash + 1 : text, /*handle*/ false, &vids->last) &&
	       vids->first <= VID_LAST && vids->last <= VID_LAST;
}

static int vid_parse(struct table *table, char **words, int n, bool key_only, struct fault *fault)
{
	char *equals = strchr(words[0], '='), shown[QUOTED];
	struct vids from, to;

	quoted(shown, words[0]);
	if (n > 1)
		return fault_set(fault, "unknown word", "%s is one word too many", Q(words[1]));
	if (!equals != key_only)
		return fault_set(fault, "no entry", "%s: an entry is %s", shown, key_only ? "VID" : "VID=VID");
	if (equals)
		*equals = '\0';
	if (!vids_read(words[0], &from) || (equals && !vids_read(equals + 1, &to)))
		return fault_set(fault, "not an identifier", "%s: a VLAN identifier must be 0..%d", shown, VID_LAST);
	if (!equals)
		to = from;
	if (from.last < from.first || to.last < to.first)
		return fault_set(fault, "not a range", "%s: a range ends before it begins", shown);
	if (from.last - from.first != to.last - to.first)
		return fault_set(fault, "not a range", "%s: the ranges are not of the same length", shown);
	for (uint32_t i = 0; i <= from.last - from.first; i++) {
		struct vid *vid = table_add(table);

		if (!vid)
			return table_full(table, fault);
		*vid = (struct vid){ (uint16_t)(from.first + i), (uint16_t)(to.first + i), table->line };
	}
	return 0;
}

static int vid_compare(const void *a, const void *b)
{
	return ((const struct vid *)a)->from - ((const struct vid *)b)->from;
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
	.line = vid_line,
	.identity = vid_identity,
	.maps = { "vid_table" },
	.sizes = { sizeof(uint16_t) },
	.build = vid_build,
	.entries = vid_entries,
};
