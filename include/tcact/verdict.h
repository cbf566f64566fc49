/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What an action returns. act_bpf (net/sched/act_bpf.c, tcf_bpf_act) knows -1, 0, 1, 2, 3
 * and 7; any other value means "this filter did not match". -1 means that the control
 * word on the tc command line decides.
 *
 *   rewriter    always CONTROL, but for what the parameters `expired` of ttl and `unmapped`
 *               of npt say. Without a control word, tc uses pipe, after which no later
 *               filter sees the packet; tcact uses continue.
 *   matcher     CONTROL if the packet matches. Otherwise MISS: the later actions of the
 *               filter are skipped, and the next filter runs.
 *   redirector  what its helper returned; CONTROL if the helper failed
 *   policer     CONTROL if the packet conforms to the rate, or may wait for that, otherwise
 *               TC_ACT_SHOT; or as a matcher of those that do not
 *   verdict     what its parameters say
 */
#pragma once

#include <linux/pkt_cls.h>
#include <tcact/parameter.h>

#define CONTROL TC_ACT_UNSPEC
#define MISS (-2)

/* The values that act_bpf knows, for parameters that choose a verdict. */
NAMES(verdict, "unspec=-1 ok=0 reclassify=1 shot=2 pipe=3 redirect=7");
