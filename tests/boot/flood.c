// SPDX-License-Identifier: GPL-2.0-only
/*
 * flood DEV RATE: sends RATE packets a second through DEV, UDP from 20.0.0.1 to the broadcast address of Ethernet, until
 * SIGTERM; then it prints how many, and the milliseconds. One of them has 60 bytes.
 */
#include <arpa/inet.h>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

#define BURST 50

static volatile sig_atomic_t ended;

static void end(int signal)
{
	(void)signal;
	ended = 1;
}

static long now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

int main(int argc, char **argv)
{
	unsigned char packet[60] = {
		255, 255, 255, 255, 255, 255, 2, 0, 0, 0, 0, 2, 8, 0,
		0x45, 0, 0, 46, 0, 0, 0, 0, 64, 17, 0x5c, 0xbc, 20, 0, 0, 1, 10, 1, 0, 2,
		3, 232, 3, 232, 0, 26,
	};
	struct iovec part = { packet, sizeof(packet) };
	struct mmsghdr burst[BURST] = {};
	struct sockaddr_ll to = { .sll_family = AF_PACKET };
	int s = socket(AF_PACKET, SOCK_RAW, 0), one = 1;
	long sent = 0, begin, rate;

	if (argc != 3 || s < 0)
		return 1;
	rate = atol(argv[2]);
	to.sll_ifindex = (int)if_nametoindex(argv[1]);
	if (bind(s, (struct sockaddr *)&to, sizeof(to)) || setsockopt(s, SOL_PACKET, PACKET_QDISC_BYPASS, &one, sizeof(one)))
		return 1;
	for (int i = 0; i < BURST; i++)
		burst[i].msg_hdr = (struct msghdr){ .msg_iov = &part, .msg_iovlen = 1 };
	signal(SIGTERM, end);
	begin = now();
	while (!ended) {
		int n;

		if (sent >= (now() - begin) * rate / 1000000) {
			nanosleep(&(struct timespec){ .tv_nsec = 1000000 }, NULL);
			continue;
		}
		n = sendmmsg(s, burst, BURST, 0);
		if (n < 0)
			return 1;
		sent += n;
	}
	printf("%ld %ld\n", sent, (now() - begin) / 1000);
	return 0;
}
