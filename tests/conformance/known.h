/* SPDX-License-Identifier: GPL-2.0-only */
/* What programs and the C side agree on: the known packet, and what is said to programs. */
#pragma once

#define KNOWN_TEXT "tcact conformance"
#define KNOWN_PORT 7000		/* a TCP listener and a UDP socket on 127.0.0.1 */
#define KNOWN_LENGTH 100	/* Ethernet, IPv4, TCP SYN from 7001 to 7000, text, zeros */
#define KNOWN_MARK 0x11
#define KNOWN_PRIORITY 0x22
#define KNOWN_TSTAMP 0x1122334455667788ULL
#define KNOWN_HWTSTAMP 0x0102030405060708ULL
#define KNOWN_WIRE 200
#define KNOWN_SEGS 3
#define KNOWN_SIZE 500
#define KNOWN_CLASSID 0x10042
#define KNOWN_UID 1234		/* of a sender's socket */

#define ABSENT 0x7000		/* what a program returns that misses a symbol */
#define LATER 0x7002		/* or whose callback will tell */
#define CALLED 0x7001		/* or that has called it, and cannot look at what came of it */

/* What the process that runs them knows, and programs find in a map of one entry. */
struct known {
	unsigned long long cgroup, parent_cgroup;	/* ids */
	unsigned long long pid_dev, pid_ino;		/* of its pid namespace */
	unsigned long long netns_cookie;
	unsigned long long tai, monotonic;		/* CLOCK_TAI, CLOCK_MONOTONIC, ns */
	unsigned long long word;			/* address of KNOWN_TEXT in its memory */
	unsigned int pid, cpu;
	unsigned int out;		/* a veth device, 10.1.1.1/24; .2 is at 02:..:02 */
	unsigned int complete;		/* a test run can have a packet with CHECKSUM_COMPLETE */
};
