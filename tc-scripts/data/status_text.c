// SPDX-License-Identifier: GPL-2.0-only
/* What is attached, for people: in 80 columns. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "status.h"

#define COLUMNS 80

/* ---- words on lines -------------------------------------------------------------------------- */

enum colour { PLAIN, DEVICE, ACTION, WARNING };

struct paper {
	const char *const *colours;	/* the codes of each, or NULL */
	enum colour colour;	/* of the words that come now */
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
static void word(struct paper *paper, const char *text, size_t length)
{
	if (!paper->empty && paper->column + 1 + (int)length > COLUMNS)
		paper->column = printf("\n%*s", paper->indent, "") - 1;
	else if (!paper->empty)
		paper->column += printf(" ");
	paper->empty = false;
	if (paper->colours && paper->colour)
		printf("\033[%sm%.*s\033[0m", paper->colours[paper->colour], (int)length, text);
	else
		printf("%.*s", (int)length, text);
	paper->column += (int)length;
}

/* Prints the words of @text. */
static void words(struct paper *paper, const char *text)
{
	while (*text) {
		size_t n = strcspn(text, " ");

		if (n)
			word(paper, text, n);
		text += n;
		text += strspn(text, " ");
	}
}

static void coloured(struct paper *paper, enum colour colour, const char *text)
{
	paper->colour = colour;
	words(paper, text);
	paper->colour = PLAIN;
}

void wrapped_print(const char *begin, const char *text, int indent)
{
	struct paper paper = { .column = printf("%s", begin), .indent = indent, .empty = true };

	words(&paper, text);
	putchar('\n');
}

void safe_print(const char *text)
{
	for (size_t n; *text; text += n ?: 1) {
		n = safe_length(text);
		if (n)
			fwrite(text, 1, n, stdout);
		else
			putchar('?');
	}
}

/* Prints @text as a shell takes it; what a terminal may obey, as bash takes it. */
static void shell(struct paper *paper, const char *text)
{
	bool plain = *text && !text[strspn(text, PLAIN_CHARACTERS)], unsafe = false;
	char *line = NULL;
	size_t size, n;
	FILE *out;

	if (plain) {
		words(paper, text);
		return;
	}
	out = open_memstream(&line, &size);
	if (!out)
		return;
	for (const char *c = text; *c; c += n ?: 1) {
		n = safe_length(c);
		unsafe |= !n;
	}
	fputs(unsafe ? "$'" : "'", out);
	for (const char *c = text; *c; c += n ?: 1) {
		n = safe_length(c);
		if (!n)
			fprintf(out, "\\x%02x", (unsigned char)*c);
		else if (unsafe && (*c == '\'' || *c == '\\'))
			fprintf(out, "\\%c", *c);
		else if (*c == '\'')
			fputs("'\\''", out);
		else
			fwrite(c, 1, n, out);
	}
	fputc('\'', out);
	if (!fclose(out))
		words(paper, line);
	free(line);
}

/* ---- an attachment --------------------------------------------------------------------------- */

/* Prints the place of an attachment with this first action, but not the end of the line. */
static void place(struct paper *paper, const struct step *step)
{
	begin(paper, 0, 8);
	words(paper, "dev");
	paper->colour = DEVICE;
	shell(paper, step->field[DEV]);
	paper->colour = PLAIN;
	words(paper, step->field[DIRECTION]);
	words(paper, "pref");
	words(paper, step->field[PREF]);
	if (strcmp(step->field[CHAIN], "0")) {
		words(paper, "chain");
		words(paper, step->field[CHAIN]);
	}
	if (strcmp(step->field[PROTOCOL], "all")) {
		words(paper, "protocol");
		shell(paper, step->field[PROTOCOL]);
	}
	if (*text_of(step, MATCH)) {
		words(paper, "match");
		shell(paper, step->field[MATCH] + (*step->field[MATCH] == '?'));
	}
	if (*text_of(step, OWN_NAME)) {
		words(paper, "as");
		shell(paper, step->field[OWN_NAME]);
	}
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
		{ "none", "keeps all packets", "keep all packets" },
		{ "some", "keeps what it matches", "keep what they match" },
		{ "asks", "has a program, which may keep packets", "have programs, which may keep packets" },
	};

	for (size_t w = 0; w < sizeof(ways) / sizeof(*ways); w++) {
		struct before one, first = {};
		unsigned int count = 0;
		char text[128];

		for (const char *at = a->before; before_next(&at, &one); )
			if (!strcmp(one.way, ways[w].word) && !count++)
				first = one;
		if (!count)
			continue;
		begin(paper, 4, 8);
		words(paper, "before it:");
		snprintf(text, sizeof(text), "pref %u (%s)", first.pref, first.kind);
		coloured(paper, WARNING, text);
		if (count > 1) {
			snprintf(text, sizeof(text), "and %u more", count - 1);
			coloured(paper, WARNING, text);
		}
		coloured(paper, WARNING, count > 1 ? ways[w].more : ways[w].one);
		putchar('\n');
		if (!w)
			return;		/* it sees nothing of the others */
	}
	if (a->tcx) {
		begin(paper, 4, 8);
		words(paper, "before it:");
		coloured(paper, WARNING, "a tcx program, which may keep packets");
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
		words(paper, "then");
	coloured(paper, ACTION, step->field[NAME]);
	for (size_t i = 0; i < step->params; i++) {
		words(paper, step->param[i].name);
		words(paper, step->param[i].value);
	}
	if (!step->readable)
		words(paper, "?");
	if (last)
		words(paper, step->field[CONTROL]);
	putchar('\n');
	begin(paper, 8, 8);
	words(paper, step->field[PACKETS]);
	words(paper, step->matcher ? "looked up," : "packets,");
	words(paper, step->field[BYTES]);
	words(paper, step->matcher || !step->dropped.known ? "bytes" : "bytes,");
	if (!step->matcher && step->dropped.known) {
		coloured(paper, step->dropped.n ? WARNING : PLAIN, figure(n, &step->dropped));
		words(paper, "dropped");
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

/*
 * The colours of `ip -c`: of the name of a device, of a MAC address, of the state DOWN. COLORFGBG ends with the
 * colour of the background; 7 and 9 to 15 are light. Bold colours are read on a dark one, and where it is not known.
 */
static const char *const *palette(void)
{
	static const char *const dark[] = { [DEVICE] = "1;36", [ACTION] = "1;33", [WARNING] = "1;31" },
				 *const light[] = { [DEVICE] = "36", [ACTION] = "33", [WARNING] = "31" };
	const char *background = getenv("COLORFGBG");

	background = background ? strrchr(background, ';') : NULL;
	if (!background || (strspn(background + 1, "01234568") == 1 && !background[2]))
		return dark;
	return light;
}

void status_text(const struct status *status, bool reasons, bool colours)
{
	struct paper paper = { .colours = colours ? palette() : NULL };

	for (size_t i = 0; i < status->attachments; i++) {
		const struct attachment *a = &status->attachment[i];

		place(&paper, a->step);
		putchar('\n');
		since(a->step);
		before(&paper, a);
		for (size_t k = 0; k < a->steps; k++) {
			/* The last program has the control, though a gact may follow it. */
			bool last = k + 1 == a->steps || !a->step[k + 1].program;

			show_step(&paper, &a->step[k], !k, last, reasons);
		}
	}
}

void step_print(const struct attachment *a, const struct step *step)
{
	struct paper paper = {};

	place(&paper, a->step);
	words(&paper, step->field[NAME]);
	putchar('\n');
}
