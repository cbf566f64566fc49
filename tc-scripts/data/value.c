// SPDX-License-Identifier: GPL-2.0-only
#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "period.h"
#include "prefix.h"
#include "value.h"

/* ---- numbers --------------------------------------------------------------------------------- */

void value_store(const struct parameter *p, int128 number, unsigned char *bytes)
{
	for (size_t i = 0; i < p->size; i++, number >>= 8)
		bytes[p->big_endian ? p->size - 1 - i : i] = (unsigned char)number;
}

int128 value_number(const struct parameter *p, const unsigned char *bytes)
{
	uint128 number = 0;

	for (size_t i = 0; i < p->size; i++)
		number = number << 8 | bytes[p->big_endian ? i : p->size - 1 - i];
	if (p->is_signed && number >> (8 * p->size - 1))
		number -= (uint128)1 << 8 * p->size;
	return number;
}

static void number_print(int128 number, FILE *out)
{
	if (number < 0)
		fprintf(out, "%lld", (long long)number);
	else
		fprintf(out, "%llu", (unsigned long long)number);
}

/* Reads a decimal number, or a hexadecimal one after 0x, of at most 64 bits. */
static int number_read(const char *text, int128 *number)
{
	bool negative = *text == '-', hex = !strncasecmp(text, "0x", 2);
	const char *digits = text + negative + 2 * hex, *valid = hex ? "0123456789abcdefABCDEF" : "0123456789";
	unsigned long long magnitude;

	if (!*digits || strspn(digits, valid) != strlen(digits) || (!hex && *digits == '0' && text[1]))
		return -1;
	errno = 0;
	magnitude = strtoull(digits, NULL, hex ? 16 : 10);
	if (errno)
		return -1;
	*number = negative ? -(int128)magnitude : (int128)magnitude;
	return 0;
}

bool decimal_read(const char *text, uint64_t least, uint64_t most, uint64_t *number)
{
	*number = strtoull(text, NULL, 10);
	return *text && strspn(text, "0123456789") == strlen(text) && *number >= least && *number <= most;
}

/* The word of @p that @text is, or NULL. Upper and lower case are the same, as RFCs use both. */
static const struct word *word_written(const struct parameter *p, const char *text)
{
	for (size_t i = 0; i < p->words.n; i++)
		if (!strcasecmp(text, p->words.word[i].name))
			return &p->words.word[i];
	return NULL;
}

/* Reads a number in the range, or a word. */
static int element_read(const struct parameter *p, const char *text, int128 *number)
{
	const struct word *word = word_written(p, text);

	if (word) {
		*number = word->number;
		return 0;
	}
	return number_read(text, number) || *number < p->low || *number > p->high ? -1 : 0;
}

const char *value_word(const struct parameter *p, int128 number)
{
	for (size_t i = 0; i < p->words.n; i++)
		if (p->words.word[i].number == number)
			return p->words.word[i].name;
	return NULL;
}

static void element_print(const struct parameter *p, int128 number, FILE *out)
{
	const char *word = value_word(p, number);

	if (word)
		fputs(word, out);
	else
		number_print(number, out);
}

static void words_print(const struct parameter *p, const char *separator, FILE *out)
{
	for (size_t i = 0; i < p->words.n; i++)
		fprintf(out, "%s%s", i ? separator : "", p->words.word[i].name);
}

static void range_print(const struct parameter *p, FILE *out)
{
	number_print(p->low, out);
	fputs("..", out);
	number_print(p->high, out);
}

/* ---- num, name, word, handle ----------------------------------------------------------------- */

static int num_read(const struct parameter *p, const char *text, unsigned char *bytes, char *why)
{
	int128 number;

	(void)why;
	if (element_read(p, text, &number))
		return -1;
	value_store(p, number, bytes);
	return 0;
}

static void num_print(const struct parameter *p, const unsigned char *bytes, FILE *out)
{
	element_print(p, value_number(p, bytes), out);
}

static void name_print(const struct parameter *p, const unsigned char *bytes, FILE *out)
{
	number_print(value_number(p, bytes), out);
}

static int word_read(const struct parameter *p, const char *text, unsigned char *bytes, char *why)
{
	struct parameter words_only = *p;

	words_only.low = 1;
	words_only.high = 0;
	return num_read(&words_only, text, bytes, why);
}

/* Reads MAJOR:MINOR in hexadecimal, as tc writes class ids. */
static int handle_read(const struct parameter *p, const char *text, unsigned char *bytes, char *why)
{
	const char *colon = strchr(text, ':'), *hex = "0123456789abcdefABCDEF";
	size_t major = colon ? (size_t)(colon - text) : 0, minor = colon ? strlen(colon + 1) : 0;

	if (!colon)
		return num_read(p, text, bytes, why);
	if (!major || major > 4 || strspn(text, hex) != major || minor > 4 || strspn(colon + 1, hex) != minor)
		return -1;
	value_store(p, strtoul(text, NULL, 16) << 16 | strtoul(colon + 1, NULL, 16), bytes);
	return 0;
}

static void handle_print(const struct parameter *p, const unsigned char *bytes, FILE *out)
{
	int128 number = value_number(p, bytes);

	if (number > 0xffff && number <= 0xffffffff && !value_word(p, number))
		fprintf(out, "%x:%x", (unsigned)(number >> 16), (unsigned)(number & 0xffff));
	else
		element_print(p, number, out);
}

/* ---- share: of 2^32 -------------------------------------------------------------------------- */

#define WHOLE 4294967296.0L

static int share_read(const struct parameter *p, const char *text, unsigned char *bytes, char *why)
{
	size_t length = strlen(text), percent = length && text[length - 1] == '%', digits = 0, points = 0;
	long double share;

	(void)why;
	for (size_t i = 0; i < length - percent; i++) {
		if (isdigit((unsigned char)text[i]))
			digits++;
		else if (text[i] == '.')
			points++;
		else
			return -1;
	}
	if (!digits || digits > 20 || points > 1)
		return -1;
	share = strtold(text, NULL) / (percent ? 100 : 1);
	if (share > 1)
		return -1;
	value_store(p, (unsigned long long)roundl(share * WHOLE), bytes);
	return 0;
}

/* Prints the shortest text that gives the same number again. */
static void share_print(const struct parameter *p, const unsigned char *bytes, FILE *out)
{
	long double share = (unsigned long long)value_number(p, bytes);
	char text[64];

	for (int digits = 0; digits <= 20; digits++) {
		snprintf(text, sizeof(text), "%.*Lf", digits, share * 100 / WHOLE);
		if (roundl(strtold(text, NULL) / 100 * WHOLE) == share)
			break;
	}
	fprintf(out, "%s%%", text);
}

/* ---- mac: an Ethernet address ---------------------------------------------------------------- */

bool all_zero(const unsigned char *bytes, size_t n)
{
	return !n || (!*bytes && !memcmp(bytes, bytes + 1, n - 1));
}

/* "none" stands for bytes of 0. */
static bool is_none(const struct parameter *p, const char *text, unsigned char *bytes)
{
	if (strcmp(text, "none"))
		return false;
	memset(bytes, 0, p->size);
	return true;
}

static int mac_read(const struct parameter *p, const char *text, unsigned char *bytes, char *why)
{
	int end = 0;

	(void)why;
	if (is_none(p, text, bytes))
		return 0;
	if (p->size != 6 || strlen(text) != 17 || strspn(text, "0123456789abcdefABCDEF:") != 17 ||
	    sscanf(text, "%2hhx:%2hhx:%2hhx:%2hhx:%2hhx:%2hhx%n", &bytes[0], &bytes[1], &bytes[2],
		   &bytes[3], &bytes[4], &bytes[5], &end) != 6 || end != 17)
		return -1;
	return all_zero(bytes, 6) ? -1 : 0;
}

static void mac_print(const struct parameter *p, const unsigned char *bytes, FILE *out)
{
	if (all_zero(bytes, p->size))
		fputs("none", out);
	else
		for (size_t i = 0; i < p->size; i++)
			fprintf(out, "%s%02x", i ? ":" : "", bytes[i]);
}

/* ---- prefix, prefix6: struct prefix_param of include/tcact/address.h ---------------------------- */

static int prefix_param_read(const struct parameter *p, const char *text, unsigned char *bytes, char *why)
{
	struct prefix_bytes *to = (void *)bytes;
	char spelled[PREFIX_SIZE];
	struct prefix prefix;
	unsigned int sum = 0;

	if (p->size != sizeof(*to))
		return -1;
	if (is_none(p, text, bytes))
		return 0;
	switch (prefix_read(text, &prefix)) {
	case PREFIX_GOOD:
		break;
	case PREFIX_HOST_BITS:
		snprintf(why, EXPLANATION, "has bits behind its length: write %s", prefix_text(spelled, &prefix));
		return -1;
	case PREFIX_TOO_LONG:
		snprintf(why, EXPLANATION, "the length must be 0..%d", prefix_longest(prefix.family));
		return -1;
	default:
		return -1;
	}
	if (p->bounded && (prefix.length < p->low || prefix.length > p->high)) {
		snprintf(why, EXPLANATION, "must be a prefix of %d to %d bits", (int)p->low, (int)p->high);
		return -1;
	}
	memset(to, 0, sizeof(*to));
	address_bytes(prefix.address, to->address);
	address_bytes(prefix_mask(prefix.length), to->mask);
	to->family = prefix.family;
	to->length = prefix.length;
	for (int i = 0; i < 16; i += 2)
		sum += to->address[i] << 8 | to->address[i + 1];
	sum = (sum & 0xffff) + (sum >> 16);
	sum += sum >> 16;
	to->sum[0] = (unsigned char)(sum >> 8);
	to->sum[1] = (unsigned char)sum;
	return 0;
}

static int prefix6_read(const struct parameter *p, const char *text, unsigned char *bytes, char *why)
{
	return strchr(text, ':') || !strcmp(text, "none") ? prefix_param_read(p, text, bytes, why) : -1;
}

static void prefix_print(const struct parameter *p, const unsigned char *bytes, FILE *out)
{
	const struct prefix_bytes *from = (const void *)bytes;
	char text[PREFIX_SIZE];

	if (p->size != sizeof(*from) || all_zero(bytes, p->size))
		fputs("none", out);
	else
		fputs(prefix_text(text, &(struct prefix){ address_of(from->address), from->family,
							  from->length }), out);
}

static void length_range(const struct parameter *p, FILE *out)
{
	fprintf(out, "%d to %d", (int)p->low, (int)p->high);
}

/* ---- rate: struct rate_param of include/tcact/layout.h ----------------------------------------- */

#define MULT_BITS 36
#define RATE_MAX 1000000000000	/* in bits, or packets, a second */
#define AMOUNT_MAX 1000000000000000000

struct unit {
	const char *name;
	unsigned long long factor;
};

/* Reads "NUMBER[UNIT]", NUMBER with decimals, of which the result keeps none. @units end with NULL. */
static int amount_read(const char *text, const struct unit *units, unsigned long long *amount)
{
	size_t digits = strspn(text, "0123456789."), points = 0;
	const char *point = strchr(text, '.');
	uint128 number;

	for (size_t i = 0; i < digits; i++)
		points += text[i] == '.';
	if (digits == points || digits > 20 || points > 1 || (point && !isdigit((unsigned char)point[1])))
		return -1;
	for (; units->name; units++) {
		if (strcasecmp(text + digits, units->name))
			continue;
		/* apart, as a long double has 53 bits on some machines of 32 bits */
		number = (uint128)strtoull(text, NULL, 10) * units->factor;
		if (point)
			number += (unsigned long long)roundl(strtold(point, NULL) * units->factor);
		if (number > AMOUNT_MAX)
			return -1;
		*amount = (unsigned long long)number;
		return 0;
	}
	return -1;
}

/* Prints the largest unit of which it is a multiple; @units from the smallest on. */
static void amount_print(unsigned long long amount, const struct unit *units, FILE *out)
{
	const struct unit *best = units;

	for (; units->name; units++)
		if (amount && !(amount % units->factor))
			best = units;
	fprintf(out, "%llu%s", amount / best->factor, best->name);
}

#define KIBI 1024ULL
#define MEBI (KIBI * KIBI)
#define GIBI (KIBI * MEBI)
#define TEBI (KIBI * GIBI)
#define DECIMAL(unit, n) \
	{ unit, n }, { "k" unit, n * 1000ULL }, { "m" unit, n * 1000000ULL }, { "g" unit, n * 1000000000ULL }, \
	{ "t" unit, n * 1000000000000ULL }
#define BINARY(unit, n) \
	{ "ki" unit, n * KIBI }, { "mi" unit, n * MEBI }, { "gi" unit, n * GIBI }, { "ti" unit, n * TEBI }

/* tc(8), PARAMETERS: a number alone is in bits, bps is bytes. */
static const struct unit rate_units[] = { { "", 1 }, DECIMAL("bit", 1), BINARY("bit", 1), DECIMAL("bps", 8),
					  BINARY("bps", 8), {} };
static const struct unit packet_units[] = { DECIMAL("pps", 1), {} };
static const struct unit shown_units[] = { DECIMAL("bit", 1), {} };

static struct parameter eight_bytes(const struct parameter *p)
{
	struct parameter part = *p;

	part.size = 8;
	part.is_signed = false;
	return part;
}

static int rate_read(const struct parameter *p, const char *text, unsigned char *bytes, char *why)
{
	const struct parameter part = eight_bytes(p);
	struct rate_bytes *to = (void *)bytes;
	unsigned long long rate, least = 8;
	long double ticks;

	if (p->size != sizeof(*to))
		return -1;
	if (is_none(p, text, bytes))
		return 0;
	memset(to, 0, sizeof(*to));
	if (amount_read(text, rate_units, &rate)) {
		if (amount_read(text, packet_units, &rate))
			return -1;
		to->packets = 1;
		least = 1;
	}
	if (rate < least || rate > RATE_MAX) {
		snprintf(why, EXPLANATION, "must be 8bit..1tbit or 1pps..1tpps");
		return -1;
	}
	ticks = 1e9L * BUCKET_TICKS * (to->packets ? 1 : 8) / rate;
	while (to->shift < 63 && ldexpl(ticks, to->shift + 1) < ldexpl(1, MULT_BITS) - 1)
		to->shift++;
	value_store(&part, (unsigned long long)roundl(ldexpl(ticks, to->shift)), to->mult);
	value_store(&part, rate, to->rate);
	return 0;
}

static void rate_print(const struct parameter *p, const unsigned char *bytes, FILE *out)
{
	const struct parameter part = eight_bytes(p);
	const struct rate_bytes *from = (const void *)bytes;

	if (p->size != sizeof(*from) || all_zero(bytes, p->size))
		fputs("none", out);
	else
		amount_print((unsigned long long)value_number(&part, from->rate),
			     from->packets ? packet_units : shown_units, out);
}

/* ---- size: bytes, or packets: SIZE_PACKETS of include/tcact/layout.h --------------------------- */

/* tc(8), which has no t. */
static const struct unit size_units[] = { { "", 1 }, { "b", 1 }, { "k", KIBI }, { "kb", KIBI }, { "m", MEBI },
					  { "mb", MEBI }, { "g", GIBI }, { "gb", GIBI }, { "t", TEBI }, { "tb", TEBI },
					  { "kbit", KIBI / 8 }, { "mbit", MEBI / 8 }, { "gbit", GIBI / 8 }, {} };
static const struct unit count_units[] = { { "p", 1 }, {} };
static const struct unit shown_sizes[] = { { "", 1 }, { "k", KIBI }, { "m", MEBI }, { "g", GIBI }, { "t", TEBI }, {} };

static int size_read(const struct parameter *p, const char *text, unsigned char *bytes, char *why)
{
	unsigned long long size, packets = 0;

	if (word_written(p, text))
		return num_read(p, text, bytes, why);
	if (amount_read(text, size_units, &size)) {
		if (amount_read(text, count_units, &size))
			return -1;
		packets = SIZE_PACKETS;
	}
	if ((int128)size < p->low || (int128)size > p->high) {
		snprintf(why, EXPLANATION, "must be %lld..%lld bytes or packets", (long long)p->low,
			 (long long)p->high);
		return -1;
	}
	value_store(p, (int128)(size | packets), bytes);
	return 0;
}

static void size_print(const struct parameter *p, const unsigned char *bytes, FILE *out)
{
	unsigned long long size = (unsigned long long)value_number(p, bytes);

	if (value_word(p, size))
		fputs(value_word(p, size), out);
	else if (size & SIZE_PACKETS)
		amount_print(size & ~SIZE_PACKETS, count_units, out);
	else
		amount_print(size, shown_sizes, out);
}

/* ---- time: nanoseconds ------------------------------------------------------------------------ */

/* tc(8), TIMES. tc takes a number alone for microseconds; here the unit must be said. */
static const struct unit time_units[] = { { "ns", 1 }, { "nsec", 1 }, { "nsecs", 1 }, { "us", 1000 }, { "usec", 1000 },
					  { "usecs", 1000 }, { "ms", 1000000 }, { "msec", 1000000 },
					  { "msecs", 1000000 }, { "s", 1000000000 }, { "sec", 1000000000 },
					  { "secs", 1000000000 }, {} };
static const struct unit shown_times[] = { { "ns", 1 }, { "us", 1000 }, { "ms", 1000000 }, { "s", 1000000000 }, {} };

static int time_read(const struct parameter *p, const char *text, unsigned char *bytes, char *why)
{
	unsigned long long time;

	if (word_written(p, text))
		return num_read(p, text, bytes, why);
	if (amount_read(text, time_units, &time) || (int128)time < p->low || (int128)time > p->high)
		return -1;
	value_store(p, (int128)time, bytes);
	return 0;
}

static void time_print(const struct parameter *p, const unsigned char *bytes, FILE *out)
{
	unsigned long long time = (unsigned long long)value_number(p, bytes);

	if (value_word(p, time))
		fputs(value_word(p, time), out);
	else
		amount_print(time, shown_times, out);
}

static void time_range(const struct parameter *p, FILE *out)
{
	amount_print((unsigned long long)p->low, shown_times, out);
	fputs("..", out);
	amount_print((unsigned long long)p->high, shown_times, out);
}

/* ---- period: a number, or the number of this hour, day or month --------------------------------- */

static int period_read(const struct parameter *p, const char *text, unsigned char *bytes, char *why)
{
	uint32_t number;

	if (!period_number(text, time(NULL), &number))
		return num_read(p, text, bytes, why);
	value_store(p, number, bytes);
	return 0;
}

/* ---- bits and map: lists --------------------------------------------------------------------- */

/* The next item of a list with commas; may be empty. Splits the text at *@at, and advances *@at. */
static char *item(char **at)
{
	char *this = *at, *comma = this ? strchr(this, ',') : NULL;

	if (comma)
		*comma = '\0';
	*at = comma ? comma + 1 : NULL;
	return this;
}

static int bits_read(const struct parameter *p, const char *text, unsigned char *bytes, char *why)
{
	char *copy = strdup(text), *at = copy, *one;
	int128 bit;
	int result = copy ? 0 : -1;

	(void)why;
	memset(bytes, 0, p->size);
	if (!strcmp(text, "none"))
		at = NULL;
	while ((one = item(&at)) && !result) {
		if (element_read(p, one, &bit) || bit < 0 || bit >= 8 * (int128)p->size)
			result = -1;
		else
			bytes[bit / 8] |= 1 << bit % 8;
	}
	free(copy);
	return result;
}

static void bits_print(const struct parameter *p, const unsigned char *bytes, FILE *out)
{
	const char *comma = "";

	for (size_t bit = 0; bit < 8 * p->size; bit++) {
		if (!(bytes[bit / 8] >> bit % 8 & 1))
			continue;
		fputs(comma, out);
		element_print(p, bit, out);
		comma = ",";
	}
	if (!*comma)
		fputs("none", out);
}

static int map_read(const struct parameter *p, const char *text, unsigned char *bytes, char *why)
{
	char *copy = strdup(text), *at = copy, *one, *equals;
	bool given[PARAMETER_SIZE_MAX] = {};
	int128 from, to;
	int result = copy ? 0 : -1;

	memcpy(bytes, p->initial, p->size);
	if (!strcmp(text, "none"))
		at = NULL;
	while ((one = item(&at)) && !result) {
		equals = strchr(one, '=');
		if (equals)
			*equals++ = '\0';
		if (!equals || element_read(p, one, &from) || element_read(p, equals, &to) || from < 0 ||
		    from >= (int128)p->size) {
			result = -1;
		} else if (given[from] && bytes[from] != (unsigned char)to) {
			snprintf(why, EXPLANATION, "%s is given twice, and not the same", one);
			result = -1;
		} else {
			bytes[from] = (unsigned char)to;
			given[from] = true;
		}
	}
	free(copy);
	return result;
}

static void map_print(const struct parameter *p, const unsigned char *bytes, FILE *out)
{
	const char *comma = "";

	for (size_t from = 0; from < p->size; from++) {
		if (bytes[from] == p->initial[from])
			continue;
		fputs(comma, out);
		element_print(p, from, out);
		fputc('=', out);
		element_print(p, bytes[from], out);
		comma = ",";
	}
	if (!*comma)
		fputs("none", out);
}

/* ---- table: whether there is one --------------------------------------------------------------- */

static void table_parameter_print(const struct parameter *p, const unsigned char *bytes, FILE *out)
{
	fputs(value_number(p, bytes) ? "on" : "none", out);
}

/* ---- all kinds ------------------------------------------------------------------------------- */

static const struct kind kinds[] = {
	{ "num", true, num_read, num_print, "", range_print, "" },
	{ "name", true, num_read, name_print, "", range_print, "" },
	{ "word", false, word_read, num_print, "", NULL, "" },
	{ "handle", true, handle_read, handle_print, "", range_print, ", MAJOR:MINOR in hex" },
	{ "share", false, share_read, share_print, "0..1 or 0%..100%", NULL, "" },
	{ "mac", false, mac_read, mac_print, "an Ethernet address like 52:54:00:12:34:56, or none", NULL, "" },
	{ "prefix", false, prefix_param_read, prefix_print, "a prefix like 192.0.2.0/24 or 2001:db8::/48, or none", NULL, "" },
	{ "prefix6", false, prefix6_read, prefix_print, "an IPv6 prefix of ", length_range, " bits like 2001:db8::/48, or none" },
	{ "rate", false, rate_read, rate_print, "a rate like 10mbit, 5mbps or 1kpps, or none", NULL, "" },
	{ "size", true, size_read, size_print, "a size like 64k, or packets like 100p, ", range_print, "" },
	{ "time", true, time_read, time_print, "a time like 20ms or 1.5s, ", time_range, "" },
	{ "period", true, period_read, num_print, "hour, day, day@HH:MM, month, or a number ", range_print, "" },
	{ "seed", true, num_read, num_print, "", range_print, "" },
	{ "table", false, word_read, table_parameter_print, "", NULL, "" },
	{ "bits", false, bits_read, bits_print, "", range_print, "[,...]" },
	{ "map", false, map_read, map_print, "FROM=TO[,FROM=TO]..., each ", range_print, "" },
};

const struct kind *kind_named(const char *name)
{
	for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++)
		if (!strcmp(kinds[i].name, name))
			return &kinds[i];
	return NULL;
}

struct parameter parameter_like(const char *kind, size_t size, int128 low, int128 high)
{
	return (struct parameter){ .kind = kind_named(kind), .size = size, .low = low, .high = high,
				   .big_endian = MACHINE_IS_BIG_ENDIAN };
}

bool tag_read(const char *text, bool handle, uint32_t *tag)
{
	const struct parameter p = parameter_like(handle ? "handle" : "num", sizeof(*tag), 0, UINT32_MAX);
	char why[EXPLANATION];

	return strlen(text) <= strlen("0x12345678") && !p.kind->read(&p, text, (unsigned char *)tag, why);
}

/* Ends a stream to memory, which is not whole if there was no memory. Returns @text, or then NULL. */
static char *stream_end(FILE *out, char **text)
{
	if (ferror(out) | fclose(out)) {
		free(*text);
		*text = NULL;
	}
	return *text;
}

char *value_syntax(const struct parameter *p, bool sentence)
{
	bool words = p->kind->read == word_read;
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	if (!out)
		return NULL;
	fputs(p->kind->before, out);
	if (p->kind->range)
		p->kind->range(p, out);
	fputs(p->kind->after, out);
	if (p->words.n && !words)
		fputs(!sentence ? " " : p->words.n > 1 ? " or one of " : " or ", out);
	else if (sentence && p->words.n > 1)
		fputs("one of ", out);
	words_print(p, sentence ? ", " : " ", out);
	return stream_end(out, &text);
}

char *value_text(const struct parameter *p, const unsigned char *bytes)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	if (!out)
		return NULL;
	p->kind->print(p, bytes, out);
	return stream_end(out, &text);
}

int value_read(const struct action *action, const struct parameter *p, const char *text,
	       unsigned char *bytes, struct error *e)
{
	char why[EXPLANATION] = "", next[64], *rule;

	if (!p->kind->read(p, text, bytes, why))
		return 0;
	snprintf(next, sizeof(next), "see: tcact info %s", action->name);
	if (*why)
		return error(e, USAGE, next, "%s %s %s: %s", action->name, p->name, Q(text), why);
	rule = value_syntax(p, true);
	if (!rule)
		return error_memory(e);
	error(e, USAGE, next, "%s %s %s: must be %s", action->name, p->name, Q(text), rule);
	free(rule);
	return -1;
}
