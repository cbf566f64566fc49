/* SPDX-License-Identifier: GPL-2.0-only */
/* Integers of 128 bits. GCC has them only on machines of 64 bits; clang has those of C23 on all. */
#pragma once

#ifdef __SIZEOF_INT128__
typedef __int128 int128;
typedef unsigned __int128 uint128;
#elif defined(__clang__)
typedef _BitInt(128) int128;
typedef unsigned _BitInt(128) uint128;
#else
#error "this compiler has no integers of 128 bits; compile with CC=clang"
#endif
