// SPDX-License-Identifier: GPL-2.0-only
/* The smallest action possible: all of its cost is that of act_bpf. */
#define SECTION(name) __attribute__((section(name), used))

SECTION("license") static const char gpl[] = "GPL";

SECTION("action/empty") int empty(void *skb)
{
	(void)skb;
	return 3;	/* TC_ACT_PIPE */
}
