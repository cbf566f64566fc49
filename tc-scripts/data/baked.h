/* SPDX-License-Identifier: GPL-2.0-only */
/* A table in the object itself, for tc alone. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "error.h"

struct baked {
	uint64_t *cell;
	size_t cells;
	void *plan;		/* struct plan; NULL: the table has none */
	size_t plans;
};

/* Puts the cells into the object in @file, whose action was built for that. */
int baked_write(int file, struct baked *baked, struct error *error);
