// SPDX-License-Identifier: GPL-2.0-only
/* The least that an action can do: what it costs is act_bpf's. */
#define SECTION(name) __attribute__((section(name), used))

SECTION("license") static const char gpl[] = "GPL";

SECTION("action/empty") int empty(void *skb)
{
	(void)skb;
	return 3;	/* TC_ACT_PIPE */
}
