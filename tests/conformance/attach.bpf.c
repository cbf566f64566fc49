// SPDX-License-Identifier: GPL-2.0-only
/* The program.o of the page's example: its functions drop a packet that has the mark. */
#include "program.h"
#include "codes.h"

SEC("my_func") int in_my_func(struct __sk_buff *skb)
{
	return skb->mark == ATTACHED ? TC_ACT_SHOT : TC_ACT_OK;
}

SEC("action/my_act") int in_my_act(struct __sk_buff *skb)
{
	return skb->mark == ATTACHED ? TC_ACT_SHOT : TC_ACT_OK;
}
