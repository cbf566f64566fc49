/* SPDX-License-Identifier: GPL-2.0-only */
/* The values that an action gets: in a copy of its object, which then is what tc loads. */
#pragma once

#include "object.h"

struct settings {
	const struct action *action;
	unsigned char *image;	/* the object with the values */
	bool *given;		/* by the index of the parameter */
};

/* The values as built. settings_free() frees them, also after an error. */
int settings_begin(struct settings *settings, const struct action *action, struct error *error);
void settings_free(struct settings *settings);

/* PARAM VALUE..., each at most once. */
int settings_read(struct settings *settings, char **words, int n, struct error *error);
/* One value, as bytes. */
void settings_put(struct settings *settings, const struct parameter *p, const unsigned char *bytes);

/* As built again. */
void settings_drop(struct settings *settings, const struct parameter *p);

/* Does it hold? */
bool rule_holds(const struct settings *settings, const struct rule *rule);
/* Do they go together, as RULES() say? */
int settings_check(const struct settings *settings, struct error *error);

/* The bytes of @p. */
static inline const unsigned char *settings_bytes(const struct settings *settings,
						  const struct parameter *p)
{
	return settings->image + p->offset;
}

static inline bool settings_given(const struct settings *settings, const struct parameter *p)
{
	return settings->given[p - settings->action->parameter];
}

/* Writes the copy to @path: nobody sees it unfinished, and what was there stays until then. */
int settings_bake(const struct settings *settings, const char *path, struct error *error);
