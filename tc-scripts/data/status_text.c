// SPDX-License-Identifier: GPL-2.0-only
/* What is attached, for people: in 80 columns. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "status.h"

#define COLUMNS 80

/* ---- words on lines -------------------------------------------------------------------------- */

enum colour { PLAIN, DEVICE, ACTION, BAD };	/* as those of ip: of a name, of a MAC address, of "DOWN" */

struct paper {
	bool colour, dark;
	int column;		/* those that this line has */
	int indent;		/* of the lines that it goes on with */
	bool empty;		/* it has no word yet */
};

static void begin(struct paper *paper, int indent, int next)
{
	paper->column = printf("%*s", indent, "");
	paper->indent = next;
	paper->empty = true;
}

/* Prints one word, on the next line if this one has no room for it. */
static void word(struct paper *paper, const char *text, size_t length, enum colour colour)
{
	static const int codes[] = { [DEVICE] = 36, [ACTION] = 33, [BAD] = 31 };

	if (!paper->empty && paper->column + 1 + (int)length > COLUMNS)
		paper->column = printf("\n%*s", paper->indent, "") - 1;
	else if (!paper->empty)
		paper->column += printf(" ");
	paper->empty = false;
	if (paper->colour && colour)
		printf("\e[%s%dm%.*s\e[0m", paper->dark ? "1;" : "", codes[colour], (int)length, text);
	else
		printf("%.*s", (int)length, text);
	paper->column += (int)length;
}

/* Prints the words of @text. */
static void words(struct paper *paper, const char *text, enum colour colour)
{
	while (*text) {
		size_t n = strcspn(text, " ");

		if (n)
			word(paper, text, n, colour);
		text += n;
		text += strspn(text, " ");
	}
}

void safe_print(const char *text)
{
	for (; *text; text++)
		putchar((unsigned char)*text < ' ' || *text == 0x7f ? '?' : *text);
}

/* Prints @text as a shell takes it; what a terminal may obey, as bash takes it. */
static void shell(struct paper *paper, const char *text, enum colour colour)
{
	bool plain = *text && !text[strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_@%+=:,./-")];
	bool control = false;
	char *line = NULL;
	size_t size;
	FILE *out;

	if (plain) {
		words(paper, text, colour);
		return;
	}
	out = open_memstream(&line, &size);
	if (!out)
		return;
	for (const char *c = text; *c; c++)
		control |= (unsigned char)*c < ' ' || *c == 0x7f;
	fputs(control ? "$'" : "'", out);
	for (const char *c = text; *c; c++) {
		if ((unsigned char)*c < ' ' || *c == 0x7f)
			fprintf(out, "\\x%02x", *c);
		else if (control && (*c == '\'' || *c == '\\'))
			fprintf(out, "\\%c", *c);
		else if (*c == '\'')
			fputs("'\\''", out);
		else
			fputc(*c, out);
	}
	fputc('\'', out);
	if (!fclose(out))
		words(paper, line, colour);
	free(line);
}

/* ---- an attachment --------------------------------------------------------------------------- */

static void place(struct paper *paper, const struct step *step)
{
	begin(paper, 0, 8);
	words(paper, "dev", PLAIN);
	shell(paper, step->field[DEV], DEVICE);
	words(paper, step->field[DIRECTION], PLAIN);
	words(paper, "pref", PLAIN);
	words(paper, step->field[PREF], PLAIN);
	if (strcmp(step->field[CHAIN], "0")) {
		words(paper, "chain", PLAIN);
		words(paper, step->field[CHAIN], PLAIN);
	}
	if (strcmp(step->field[PROTOCOL], "all")) {
		words(paper, "protocol", PLAIN);
		shell(paper, step->field[PROTOCOL], PLAIN);
	}
	if (*text_of(step, MATCH)) {
		words(paper, "match", PLAIN);
		shell(paper, step->field[MATCH], PLAIN);
	}
	if (*text_of(step, OWN_NAME)) {
		words(paper, "as", PLAIN);
		shell(paper, step->field[OWN_NAME], PLAIN);
	}
	putchar('\n');
}

/* Seconds as "45s", "3m20s", "2h05m" or "4d07h". */
static const char *age(char text[32], const char *seconds)
{
	unsigned long long n = strtoull(seconds, NULL, 10);

	if (n < 60)
		snprintf(text, 32, "%llus", n);
	else if (n < 3600)
		snprintf(text, 32, "%llum%02llus", n / 60, n % 60);
	else if (n < 86400)
		snprintf(text, 32, "%lluh%02llum", n / 3600, n / 60 % 60);
	else
		snprintf(text, 32, "%llud%02lluh", n / 86400, n / 3600 % 24);
	return text;
}

static void since(const struct step *step)
{
	char text[32];

	if (!*text_of(step, INSTALLED))
		return;
	printf("    attached %s ago; packets: ", age(text, step->field[INSTALLED]));
	if (*text_of(step, USED))
		printf("last %s ago\n", age(text, step->field[USED]));
	else
		puts("none yet");
}

/* Says which filters keep packets from it, one line for each way in which they do. */
static void before(struct paper *paper, const struct attachment *a)
{
	static const struct {
		const char *word, *one, *more;
	} ways[] = {
		{ "none", "hands on no packet", "hand on no packet" },
		{ "some", "keeps what it matches", "keep what they match" },
		{ "asks", "has a program, which may keep packets", "have programs, which may keep packets" },
	};

	for (size_t w = 0; w < sizeof(ways) / sizeof(*ways); w++) {
		char way[8], kind[32], first_kind[32] = "", text[128];
		unsigned int pref, first = 0, count = 0;
		int used;

		for (const char *at = a->before; at && sscanf(at, "%7s %u %31s%n", way, &pref, kind, &used) == 3; at += used) {
			if (strcmp(way, ways[w].word))
				continue;
			if (!count++) {
				first = pref;
				memcpy(first_kind, kind, sizeof(kind));
			}
		}
		if (!count)
			continue;
		begin(paper, 4, 8);
		words(paper, "before it:", PLAIN);
		snprintf(text, sizeof(text), "pref %u (%s)", first, first_kind);
		words(paper, text, BAD);
		if (count > 1) {
			snprintf(text, sizeof(text), "and %u more", count - 1);
			words(paper, text, BAD);
		}
		words(paper, count > 1 ? ways[w].more : ways[w].one, BAD);
		putchar('\n');
		if (!w)
			return;		/* it sees nothing of the others */
	}
	if (a->tcx) {
		begin(paper, 4, 8);
		words(paper, "before it:", PLAIN);
		words(paper, "a tcx program, which may keep packets", BAD);
		putchar('\n');
	}
}

static const char *figure(char text[24], const struct figure *f)
{
	if (f->known)
		snprintf(text, 24, "%llu", (unsigned long long)f->n);
	else
		strcpy(text, "?");
	return text;
}

static void show_step(struct paper *paper, const struct step *step, bool first, bool last, bool reasons)
{
	char n[24], m[24];

	if (!step->program) {
		printf("    %s\n", step->field[CONTROL]);
		return;
	}
	begin(paper, 4, 8);
	if (!first)
		words(paper, "then", PLAIN);
	words(paper, step->field[NAME], ACTION);
	for (size_t i = 0; i < step->params; i++) {
		words(paper, step->param[i].name, PLAIN);
		words(paper, step->param[i].value, PLAIN);
	}
	if (!step->readable)
		words(paper, "?", PLAIN);
	if (last)
		words(paper, step->field[CONTROL], PLAIN);
	putchar('\n');
	begin(paper, 8, 8);
	words(paper, step->field[PACKETS], PLAIN);
	words(paper, step->matcher ? "looked up," : "packets,", PLAIN);
	words(paper, step->field[BYTES], PLAIN);
	words(paper, step->matcher ? "bytes" : "bytes,", PLAIN);
	if (!step->matcher) {
		words(paper, figure(n, &step->dropped), step->dropped.n ? BAD : PLAIN);
		words(paper, "dropped", PLAIN);
	}
	putchar('\n');
	if (step->matcher)
		printf("        %s hits: %s, %s misses: next filter\n", figure(n, &step->hits),
		       last ? step->field[CONTROL] : "next action", figure(m, &step->misses));
	if (step->entries.known)
		printf("        table: %llu entries\n", (unsigned long long)step->entries.n);
	for (size_t i = 0; reasons && i < step->reasons; i++)
		printf("        %s %llu\n", step->reason[i].name, (unsigned long long)step->reason[i].n);
}

void status_text(const struct status *status, bool reasons, bool colour, bool dark)
{
	struct paper paper = { .colour = colour, .dark = dark };

	for (size_t i = 0; i < status->attachments; i++) {
		const struct attachment *a = &status->attachment[i];

		place(&paper, a->step);
		since(a->step);
		before(&paper, a);
		for (size_t k = 0; k < a->steps; k++) {
			/* The last program has the control, though a gact may follow it. */
			bool last = k + 1 == a->steps || !a->step[k + 1].program;

			show_step(&paper, &a->step[k], !k, last, reasons);
		}
	}
}
