/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What every action includes first. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_endian.h>
#include <tcact/parameter.h>
#include <tcact/reason.h>
#include <tcact/verdict.h>

#define TEXT_(x) #x
#define TEXT(x) TEXT_(x)

/* Weak: one copy when the actions are linked; the build checks its bytes. */
char _license[] __attribute__((weak)) SEC("license") = "GPL";
MODINFO("license=GPL");
MODINFO("version=" TEXT(TCACT_VERSION));
