// SPDX-License-Identifier: GPL-2.0-only
/*
 * send - what a packet costs, in guest instructions, under qemu -icount.
 *
 *   send [-c TAP] [-s LIST] PACKET DEV
 *                      send PACKET (a virtio_net_hdr and a frame) from DEV. -c: a
 *                      socket at TAP keeps a clone of it. -s: from the first
 *                      addresses of prefixes in LIST, one a line
 *   send -1 PACKET DEV send one, print what left DEV, in hex
 *   send -L COUNT      print so many IPv4 prefixes
 *   send -p            of the newest program: verified instructions, translated
 *                      instructions, JITed bytes
 *   send -e            declare the random pool ready
 *
 * With -icount shift=0 the TSC counts instructions. It is read before and after
 * sendmmsg() of BATCH packets, which run through tc to their end within it. The
 * least of BATCHES is printed: the timer tick hits one in ten. The two markers
 * are instructions that do nothing; the plugin in count.c looks for them.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <err.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <linux/random.h>
#include <net/if.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <x86intrin.h>

enum { BATCH = 64, BATCHES = 48, VNET_HDR = 10, IPV4_SOURCE = VNET_HDR + 14 + 12, IPV6_SOURCE = VNET_HDR + 14 + 8 };

#define MARKER(n) asm volatile("nopl 0x7463ac0" #n "(%%rax)" ::: "memory")

static unsigned char packet[BATCH][70000];
static size_t length;

static int open_socket(const char *dev, int protocol)
{
	struct sockaddr_ll to = { .sll_family = AF_PACKET, .sll_protocol = htons(protocol) };
	int fd = socket(AF_PACKET, SOCK_RAW, 0), on = 1, memory = 64 << 20;

	to.sll_ifindex = if_nametoindex(dev);
	if (fd < 0 || !to.sll_ifindex || bind(fd, (void *)&to, sizeof(to)))
		err(1, "%s", dev);
	if (setsockopt(fd, SOL_PACKET, PACKET_VNET_HDR, &on, sizeof(on)) ||
	    setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &memory, sizeof(memory)) ||
	    setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &memory, sizeof(memory)))
		err(1, "setsockopt");
	return fd;
}

static void read_packet(const char *path)
{
	int fd = open(path, O_RDONLY);
	ssize_t n = fd < 0 ? -1 : read(fd, packet[0], sizeof(packet[0]));

	if (n <= VNET_HDR)
		err(1, "%s", path);
	length = n;
}

/* IPv4 prefixes with the lengths that the Internet's have: most /24, then /20 to /23. */
static uint32_t prefix(uint32_t i, int *bits)
{
	uint32_t hash = (i + 1) * 2654435761u;	/* Knuth: distinct i, distinct hash */

	*bits = hash % 10 < 6 ? 24 : 20 + hash % 4;
	return (hash ^ hash >> 15) & (~0u << (32 - *bits));
}

/* Gives the packets sources from @list: lines that are as far from each other as possible. */
static void spread_sources(const char *list)
{
	unsigned lines = 0, i = 0;
	char line[256];
	FILE *file = fopen(list, "r");

	if (!file)
		err(1, "%s", list);
	while (fgets(line, sizeof(line), file))
		lines++;
	rewind(file);
	for (unsigned n = 0; i < BATCH && fgets(line, sizeof(line), file); n++) {
		bool ipv6 = strchr(line, ':');

		line[strcspn(line, "/ \n")] = 0;
		for (; i < BATCH && (uint64_t)i * lines / BATCH == n; i++)
			if (inet_pton(ipv6 ? AF_INET6 : AF_INET, line, packet[i] + (ipv6 ? IPV6_SOURCE : IPV4_SOURCE)) != 1)
				errx(1, "%s: %s", list, line);
	}
	fclose(file);
	if (i < BATCH)
		errx(1, "%s: no prefixes", list);
}

static void measure(const char *dev, const char *tap, const char *list)
{
	static struct mmsghdr messages[BATCH];
	static struct iovec iov[BATCH];
	uint64_t least = UINT64_MAX;
	int out = open_socket(dev, 0), in = tap ? open_socket(tap, ETH_P_ALL) : -1;
	/* If clones pile up, the cost depends on how full the kernel's slabs happen to be. */
	int step = tap ? 1 : BATCH;
	unsigned char head[VNET_HDR];

	for (uint32_t i = 0; i < BATCH; i++) {
		if (i)
			memcpy(packet[i], packet[0], length);
		iov[i] = (struct iovec){ packet[i], length };
		messages[i].msg_hdr = (struct msghdr){ .msg_iov = &iov[i], .msg_iovlen = 1 };
	}
	if (list)
		spread_sources(list);
	for (int batch = 0; batch < BATCHES; batch++) {
		uint64_t cost = 0, start;

		for (int i = 0; i < BATCH; i += step) {
			int n;

			MARKER(1);
			start = __rdtsc();
			n = sendmmsg(out, messages + i, step, 0);
			cost += __rdtsc() - start;
			MARKER(2);
			/* it stops at a packet that an action drops on egress: ENOBUFS */
			if (n != step)
				err(1, "sent %d of %d", n, step);
			/*
			 * The first one stays. Otherwise a run could end up between two slabs
			 * of one free object each, where every packet is slow.
			 */
			if (in >= 0 && i && recv(in, head, sizeof(head), 0) < 0)
				err(1, "%s", tap);
		}
		if (cost < least)
			least = cost;
	}
	MARKER(3);
	printf("%.2f\n", (double)least / BATCH);
}

static void show_one(const char *dev)
{
	int out = open_socket(dev, 0), in = open_socket(dev, ETH_P_ALL);
	ssize_t n;

	if (send(out, packet[0], length, 0) < 0)
		err(1, "send");
	n = recv(in, packet[0], sizeof(packet[0]), MSG_DONTWAIT);
	if (n < 0)
		err(1, "recv");
	for (ssize_t i = VNET_HDR; i < n; i++)
		printf("%02x", packet[0][i]);
	putchar('\n');
}

static long bpf(int command, union bpf_attr *attr)
{
	return syscall(__NR_bpf, command, attr, sizeof(*attr));
}

static void show_prefixes(uint32_t count)
{
	char text[INET_ADDRSTRLEN];
	int bits;

	for (uint32_t i = 0; i < count; i++) {
		uint32_t address = htonl(prefix(i, &bits));

		printf("%s/%d\n", inet_ntop(AF_INET, &address, text, sizeof(text)), bits);
	}
}

static void show_program(void)
{
	struct bpf_prog_info info = {};
	static union bpf_attr id, get;

	while (!bpf(BPF_PROG_GET_NEXT_ID, &id))
		id.start_id = id.next_id;
	id.next_id = 0;
	get.info.bpf_fd = bpf(BPF_PROG_GET_FD_BY_ID, &id);
	get.info.info_len = sizeof(info);
	get.info.info = (uintptr_t)&info;
	if (bpf(BPF_OBJ_GET_INFO_BY_FD, &get))
		err(1, "no program");
	/* the kernel reports the number of verified instructions since 5.16 */
	printf("%u %u %u\n", info.verified_insns, info.xlated_prog_len / 8, info.jited_prog_len);
}

/* Before the pool is ready, each random number costs thousands of instructions. */
static void credit_entropy(void)
{
	struct { struct rand_pool_info info; uint32_t data[64]; } pool = { .info = { 2048, 256 } };
	int fd = open("/dev/random", O_WRONLY);

	if (fd < 0 || ioctl(fd, RNDADDENTROPY, &pool) || ioctl(fd, RNDRESEEDCRNG))
		err(1, "/dev/random");
}

int main(int argc, char **argv)
{
	const char *tap = NULL, *list = NULL;
	int option, one = 0;

	while ((option = getopt(argc, argv, "c:s:L:1pe")) != -1) {
		switch (option) {
		case 'c': tap = optarg; break;
		case 's': list = optarg; break;
		case 'L': show_prefixes(atoi(optarg)); return 0;
		case '1': one = 1; break;
		case 'p': show_program(); return 0;
		case 'e': credit_entropy(); return 0;
		default: return 1;
		}
	}
	if (argc - optind != 2)
		errx(1, "see the head of send.c");
	read_packet(argv[optind]);
	if (one)
		show_one(argv[optind + 1]);
	else
		measure(argv[optind + 1], tap, list);
	return 0;
}
