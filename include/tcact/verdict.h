/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What an action returns. act_bpf (net/sched/act_bpf.c, tcf_bpf_act) knows
 * -1, 0, 1, 2, 3 and 7; any other value means "this filter did not match".
 *
 *   rewriter    always CONTROL: the control word on the tc command line
 *               decides. Where none is given, tc gives pipe, which keeps the
 *               packet from the filters that follow; tcact gives continue.
 *   matcher     CONTROL on a hit; MISS otherwise: the filter's later actions
 *               are skipped and the next filter runs
 *   redirector  what its helper returned; CONTROL where the helper failed
 *   verdict     what its entry says
 */
#pragma once

#include <linux/pkt_cls.h>
#include <tcact/parameter.h>

#define CONTROL TC_ACT_UNSPEC
#define MISS (-2)

/* Those that act_bpf knows, for parameters that choose one. */
NAMES(verdict, "unspec=-1 ok=0 reclassify=1 shot=2 pipe=3 redirect=7");
