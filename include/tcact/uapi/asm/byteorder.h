/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The headers of Linux include <asm/...>, which has those of the build machine: its byte order in the
 * bit fields of <linux/ip.h>, its types, its instructions. The headers here are in their place, and are
 * the target's. So every machine builds the same object, wherever its distribution puts <asm/...>.
 */
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
#include <linux/byteorder/big_endian.h>
#else
#include <linux/byteorder/little_endian.h>
#endif
