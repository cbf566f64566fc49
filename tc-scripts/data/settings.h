/* SPDX-License-Identifier: GPL-2.0-only */
/* The values of an action's parameters, written into a copy of its object, which tc then loads. */
#pragma once

#include "baked.h"
#include "object.h"

struct settings {
	const struct action *action;
	unsigned char *image;	/* the object with the values */
	bool *given;		/* for each parameter, by its index */
};

/* Begins with the defaults. settings_free() frees them, also after an error. */
int settings_begin(struct settings *settings, const struct action *action, struct error *error);
void settings_free(struct settings *settings);

/* Reads PARAM VALUE..., each PARAM at most once. */
int settings_read(struct settings *settings, char **words, int n, struct error *error);
/* Sets one value, given as bytes. */
void settings_put(struct settings *settings, const struct parameter *p, const unsigned char *bytes);

/* Sets @p to its default again. */
void settings_drop(struct settings *settings, const struct parameter *p);

/* Do the values keep @rule? */
bool rule_holds(const struct settings *settings, const struct rule *rule);
/*
 * Is @bytes told as the value of @p? All but the default is; and that of link: which one add gives to it depends on the
 * device; and in a part that is @on that of the first parameter, which keeps the part on.
 */
bool told(const struct action *action, const struct parameter *p, const unsigned char *bytes, bool on);

/* Has the action a table, with these values? */
bool settings_table(const struct settings *settings);
/* It has one from now on. */
void settings_put_table(struct settings *settings);

/* Is it given, and neither a secret nor said elsewhere? */
bool settings_shown(const struct settings *settings, const struct parameter *p);

/*
 * What the values decide in the object, before it is loaded or written: a seed, where none is given, and
 * the lengths of maps (LENGTH()).
 */
int settings_finish(struct settings *settings, struct error *error);
/* Checks all rules of the action (RULES()). */
int settings_check(const struct settings *settings, struct error *error);
/* Checks those of them that are about its table. */
int settings_check_table(const struct settings *settings, struct error *error);
/* Checks all after settings_put_table(), if @table is not NULL. */
int settings_check_with(struct settings *settings, const char *table, struct error *error);

/* The value of @p, as bytes. */
static inline const unsigned char *settings_bytes(const struct settings *settings,
						  const struct parameter *p)
{
	return settings->image + p->offset;
}

static inline bool settings_given(const struct settings *settings, const struct parameter *p)
{
	return settings->given[p - settings->action->parameter];
}

/*
 * Writes the object to @path, with the table @baked in it, or NULL. It replaces an existing file only when
 * it is complete.
 */
int settings_bake(const struct settings *settings, struct baked *baked, const char *path, struct error *error);
