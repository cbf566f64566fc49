// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "file.h"
#include "settings.h"
#include "value.h"

int settings_begin(struct settings *settings, const struct action *action, struct error *e)
{
	settings->action = action;
	settings->image = malloc(action->size);
	settings->given = calloc(action->parameters + 1, sizeof(*settings->given));
	if (!settings->image || !settings->given)
		return error_memory(e);
	memcpy(settings->image, action->image, action->size);
	return 0;
}

void settings_free(struct settings *settings)
{
	free(settings->image);
	free(settings->given);
	memset(settings, 0, sizeof(*settings));
}

void settings_put(struct settings *settings, const struct parameter *p, const unsigned char *bytes)
{
	memcpy(settings->image + p->offset, bytes, p->size);
	if (p->on)
		settings->image[p->on] = 1;
	settings->given[p - settings->action->parameter] = true;
}

void settings_drop(struct settings *settings, const struct parameter *p)
{
	memcpy(settings->image + p->offset, p->initial, p->size);
	settings->given[p - settings->action->parameter] = false;
}

int settings_read(struct settings *settings, char **words, int n, struct error *e)
{
	const struct action *action = settings->action;
	char next[64];

	snprintf(next, sizeof(next), "see: tcact info %s", action->name);
	for (int i = 0; i < n; i += 2) {
		const struct parameter *p = parameter_named(action, words[i]);
		unsigned char bytes[PARAMETER_SIZE_MAX];

		if (!p || parameter_is_table(p))
			return error(e, USAGE, next, "%s has no parameter %s", action->name, Q(words[i]));
		if (i + 1 == n)
			return error(e, USAGE, next, "%s %s: its value is missing", action->name, p->name);
		for (int earlier = 0; earlier < i; earlier += 2)
			if (!strcmp(words[earlier], words[i]))
				return error(e, USAGE, "give it once", "%s %s is given twice",
					     action->name, p->name);
		if (value_read(action, p, words[i + 1], bytes, e))
			return -1;
		settings_put(settings, p, bytes);
	}
	return 0;
}

/* ---- rules ----------------------------------------------------------------------------------- */

static int check_prefixes(const struct settings *settings, const struct rule *rule, struct error *e)
{
	const char *action = settings->action->name;
	const struct parameter *one = rule->other, *two = rule->of;
	const struct prefix_bytes *a = (const void *)settings_bytes(settings, one);
	const struct prefix_bytes *b = (const void *)settings_bytes(settings, two);

	if (!a->family != !b->family)
		return error(e, USAGE, "give both", "%s: only one of %s and %s is given", action, one->name,
			     two->name);
	if (a->family != b->family)
		return error(e, USAGE, "give two of one kind", "%s: %s and %s are an IPv4 and an IPv6 prefix",
			     action, one->name, two->name);
	if (!strcmp(rule->verb, "length") && a->length != b->length)
		return error(e, USAGE, "give two of one length", "%s: %s is a prefix of %d bits, %s of %d",
			     action, one->name, a->length, two->name, b->length);
	return 0;
}

/* That of a rate, size or time, which begin with a number of 8 bytes. */
static int128 first_number(const struct settings *settings, const struct parameter *p)
{
	struct parameter number = *p;

	number.size = 8;
	return value_number(&number, settings_bytes(settings, p));
}

/* A rate, and a rate or a size. */
static int check_unit(const struct settings *settings, const struct rule *rule, struct error *e)
{
	const struct parameter *of = rule->of, *to = rule->other;
	bool rates = of->size == to->size, packets, other;
	const struct rate_bytes *rate = (const void *)settings_bytes(settings, to);
	const struct rate_bytes *value = (const void *)settings_bytes(settings, of);

	packets = rate->packets;
	other = rates ? value->packets : !!(first_number(settings, of) & SIZE_PACKETS);
	if (packets == other)
		return 0;
	return error(e, USAGE, packets ? rates ? "give both in packets, like 1kpps and 900pps"
					       : "give both in packets, like 1kpps and 100p"
				       : rates ? "give both in bits or bytes, like 10mbit and 9mbit"
					       : "give both in bits or bytes, like 10mbit and 64k",
		     "%s %s: it is in %s, and %s in %s", settings->action->name, of->name,
		     other ? "packets" : "bytes", to->name, packets ? "packets" : "bytes");
}

/* Two rates or times, or with `unit` a rate and a size: if the first one is given, the other is too, and counts the same. */
static int check_amounts(const struct settings *settings, const struct rule *rule, struct error *e)
{
	const struct parameter *of = rule->of, *to = rule->other;

	if (!first_number(settings, of))
		return 0;
	if (!first_number(settings, to))
		return error(e, USAGE, "give it", "%s %s: %s is not given", settings->action->name, of->name, to->name);
	return to->size == sizeof(struct rate_bytes) ? check_unit(settings, rule, e) : 0;
}

/* Is the value of rule->other one of the rule's words? */
static bool applies(const struct rule *rule, const char *other)
{
	size_t length = strlen(other);

	for (const char *at = rule->words; (at = strstr(at, other)); at += length)
		if ((at == rule->words || at[-1] == ' ') && (!at[length] || at[length] == ' '))
			return true;
	return false;
}

static int check_rule(const struct settings *settings, const struct rule *rule, struct error *e)
{
	const char *action = settings->action->name;
	char *other, *than = NULL, *of = NULL, next[256];
	int128 low, value;
	int result = 0;

	if (!strcmp(rule->verb, "family") || !strcmp(rule->verb, "length"))
		return check_prefixes(settings, rule, e);
	if (!strcmp(rule->verb, "unit"))
		return check_amounts(settings, rule, e);
	if (!strcmp(rule->verb, "below") && check_amounts(settings, rule, e))
		return -1;
	if (!strcmp(rule->verb, "without"))
		return settings_given(settings, rule->of) && settings_given(settings, rule->other)
			? error(e, USAGE, "leave one of them out", "%s: %s and %s do not go together", action,
				rule->of->name, rule->other->name)
			: 0;
	other = value_text(rule->other, settings_bytes(settings, rule->other));
	of = value_text(rule->of, settings_bytes(settings, rule->of));
	if (rule->than)
		than = value_text(rule->than, settings_bytes(settings, rule->than));
	if (!other || !of || (rule->than && !than)) {
		result = error_memory(e);
	} else if (!strcmp(rule->verb, "with")) {
		snprintf(next, sizeof(next), "use it with %s %s", rule->other->name, rule->words);
		if (settings_given(settings, rule->of) && !applies(rule, other))
			result = error(e, USAGE, next, "%s %s: %s %s takes none", action, rule->of->name,
				       rule->other->name, other);
	} else if (!strcmp(rule->verb, "below")) {
		value = first_number(settings, rule->of);
		if (value && value >= first_number(settings, rule->other))
			result = error(e, USAGE, "give a lower one", "%s %s %s: must be below %s, %s", action,
				       rule->of->name, of, rule->other->name, other);
	} else if (applies(rule, other)) {
		low = value_number(rule->than, settings_bytes(settings, rule->than));
		value = value_number(rule->of, settings_bytes(settings, rule->of));
		if (!strcmp(rule->verb, "least") && value < low) {
			snprintf(next, sizeof(next), "give %s and %s with %s %s", rule->than->name,
				 rule->of->name, rule->other->name, other);
			result = error(e, USAGE, next, "%s %s %s: must be at least %s, %s", action,
				       rule->of->name, of, rule->than->name, than);
		} else if (!strcmp(rule->verb, "bits") && value && low & ~value) {
			result = error(e, USAGE, "otherwise nothing would match",
				       "%s %s %s: must have all bits of %s, %s", action, rule->of->name, of,
				       rule->than->name, than);
		}
	}
	free(other);
	free(than);
	free(of);
	return result;
}

int settings_check(const struct settings *settings, struct error *e)
{
	for (size_t i = 0; i < settings->action->rules; i++)
		if (check_rule(settings, &settings->action->rule[i], e))
			return -1;
	return 0;
}

int settings_check_table(const struct settings *settings, struct error *e)
{
	const struct action *action = settings->action;

	for (size_t i = 0; i < action->rules; i++)
		if (action->table && (action->rule[i].of == action->table || action->rule[i].other == action->table) &&
		    check_rule(settings, &action->rule[i], e))
			return -1;
	return 0;
}

int settings_check_with(struct settings *settings, const char *table, struct error *e)
{
	if (table)
		settings_put_table(settings);
	return settings_check(settings, e);
}

bool rule_holds(const struct settings *settings, const struct rule *rule)
{
	struct error e = {};

	return !check_rule(settings, rule, &e);
}

/* ---- what the values decide ------------------------------------------------------------------ */

bool told(const struct action *action, const struct parameter *p, const unsigned char *bytes, bool on)
{
	/* the parameters of a part follow each other */
	bool first = p->on && (p == action->parameter || p[-1].on != p->on);

	return (first && on) || !strcmp(p->name, "link") || memcmp(bytes, p->initial, p->size);
}

bool settings_shown(const struct settings *settings, const struct parameter *p)
{
	return settings_given(settings, p) && strcmp(p->kind->name, "seed") && !parameter_is_table(p);
}

bool settings_table(const struct settings *settings)
{
	const struct parameter *table = settings->action->table;

	return settings->action->map && (!table || value_number(table, settings_bytes(settings, table)));
}

void settings_put_table(struct settings *settings)
{
	const struct parameter *table = settings->action->table;
	unsigned char bytes[PARAMETER_SIZE_MAX];

	if (!table)
		return;
	value_store(table, 1, bytes);
	settings_put(settings, table, bytes);
}

int settings_finish(struct settings *settings, struct error *e)
{
	const struct action *action = settings->action;
	const struct parameter length_like = { .size = sizeof(uint32_t), .big_endian = action->big_endian };

	for (size_t i = 0; i < action->parameters; i++) {
		const struct parameter *p = &action->parameter[i];

		if (strcmp(p->kind->name, "seed"))
			continue;
		while (!value_number(p, settings_bytes(settings, p)))
			if (getrandom(settings->image + p->offset, p->size, 0) < 0)
				return error(e, REFUSED, "try again", "no random number: %s", strerror(errno));
	}
	for (size_t i = 0; i < action->lengths; i++) {
		const struct length *length = &action->length[i];
		uint64_t number = (uint64_t)value_number(length->of, settings_bytes(settings, length->of));

		value_store(&length_like, (number + length->each - 1) / length->each, settings->image + length->offset);
	}
	return 0;
}

/* ---- bake ------------------------------------------------------------------------------------ */

static bool has_seed(const struct action *action)
{
	for (size_t i = 0; i < action->parameters; i++)
		if (!strcmp(action->parameter[i].kind->name, "seed"))
			return true;
	return false;
}

int settings_bake(const struct settings *settings, struct baked *baked, const char *path, struct error *e)
{
	/* a seed is a secret; what a file is for, that is there already, its owner has said */
	mode_t mode = has_seed(settings->action) ? 0600 : 0644;
	const char *slash = strrchr(path, '/');
	int directory = slash ? (int)(slash - path) + 1 : 0, file;
	struct stat there, own;
	char temporary[PATH_MAX];

	if (!stat(path, &there)) {
		mode = there.st_mode & 0777;
		if (!S_ISREG(there.st_mode))
			return error(e, USAGE, "choose another FILE", "%s is not a regular file", Q(path));
		if (!stat(settings->action->path, &own) && own.st_ino == there.st_ino &&
		    own.st_dev == there.st_dev)
			return error(e, USAGE, "choose another FILE", "%s is the object itself", Q(path));
	}
	if (snprintf(temporary, sizeof(temporary), "%.*s.tcact.XXXXXX", directory, path) >=
	    (int)sizeof(temporary))
		return error(e, USAGE, "choose another FILE", "the name of FILE is too long");
	/* mkostemp() uses O_EXCL, so that it follows no symbolic link of another user */
	file = mkostemp(temporary, O_CLOEXEC);
	if (file < 0 && is_scarcity(errno))
		return error_scarcity(e, "write", Q(path));
	if (file < 0)
		return errno == ENOENT || errno == ENOTDIR
			? error(e, USAGE, "create it", "there is no directory of %s", Q(path))
			: error(e, REFUSED, errno == ENOSPC ? "make room there" : "choose another one",
				"cannot write to the directory of %s: %s", Q(path), strerror(errno));
	if (write_all(file, settings->image, settings->action->size) || (baked && baked_write(file, baked, e)) ||
	    fchmod(file, mode) || rename(temporary, path)) {
		error(e, REFUSED, "check the space and the permissions of its directory", "cannot write %s: %s", Q(path),
		      strerror(errno));
		close(file);
		unlink(temporary);
		return -1;
	}
	close(file);
	return 0;
}
