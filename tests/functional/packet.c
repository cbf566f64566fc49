// SPDX-License-Identifier: GPL-2.0-only
/*
 * packet - sends packets into one end of a data path, receives them at the other end,
 * and prints them and whether they are right. It is one static program, because a larger
 * one would start slowly in a guest.
 *
 *   packet alone COMMAND...         runs it in network, mount and PID namespaces of its own,
 *                                   with /run, /sys and /sys/fs/bpf of its own
 *   packet netns NAME COMMAND...    runs it in that network namespace; not ip netns exec, which
 *                                   hides /sys/fs/bpf
 *   packet pass FROM TO [-p PROTO] [-m DEV]  frames on stdin, [MARK PRIORITY] HEX, one a line:
 *                                   sends each and prints a line with the frames that came out:
 *                                   HEX [HEX]..., or "-" if none. MARK and PRIORITY are set on the
 *                                   socket, and stay set
 *   packet flow FROM TO STOP N [HEX pass|drop]...   sends these frames in turn, each with a number as
 *                                   its last 4 bytes, until the file STOP exists and N were sent. Each must
 *                                   come out once and in order, or not at all. Prints a dot for each batch
 *                                   of 64, and at the end how many were sent, passed, and judged wrongly
 *   packet flood DEV MS HEX         sends this frame for so long, from each CPU at the same time; prints how many each sent
 *   packet gso DEV LENGTH N [TYPE]  sends N TCP packets of four segments each from 10.1.0.1, as a virtual machine can
 *                                   (PACKET_VNET_HDR): with this total length in the IP header, and with another
 *                                   ethertype, but which the kernel is told to be IP
 *   packet catch TO COUNT CMD...    runs CMD, prints COUNT frames that come out: HEX SUM
 *   packet sum TYPE HEX             SUM of one frame: TYPE ether or none
 *   packet syn ADDRESS[,...] PORT   begins a TCP connection to each, does not wait for it
 *   packet udp ADDRESS PORT BYTES [OPTION N]...   sends a datagram; OPTION: mark, priority,
 *                                   port (its own), device (index), segment (bytes, UDP GSO),
 *                                   tos, txtime (ns); ask 1: it first prints SOCKET-COOKIE
 *                                   NETNS-COOKIE (- where the kernel tells none), reads a line
 *   packet ppp DEV SESSION MAC      a PPPoE session over DEV to MAC, without negotiation; prints the
 *                                   name of its device, which stays until this process ends
 *   packet wireguard DEV PRIVATE PUBLIC ADDRESS   DEV gets this key and a peer, both use port 51820
 *   packet napi PORT                prints "ready", receives a datagram, prints its NAPI id
 *   packet queue DEV N HEX          a frame comes in by the Nth queue (from 0) of a multi-queue
 *                                   tap device
 *   packet transfer tcp|udp NETNS ADDRESS[,...] BYTES [AT [SEGMENT]]   to a receiver in NETNS,
 *                                   at each ADDRESS or AT, which checks every byte; prints BYTES
 *                                   and the TOS it saw. SEGMENT: bytes of a datagram, cut by UDP GSO
 *   packet echo NETNS ADDRESS[,...] N TOS   by UDP and TCP, N messages of 1,000 bytes with this TOS to each ADDRESS, in
 *                                   NETNS, where each is sent back
 *   packet offload DEV FEATURE on|off...   by the names that ethtool -k -n does not shorten
 *   packet ids                      all programs and maps of the kernel, as pID and mID
 *   packet reasons PROG...          a line for each: KEY=COUNT of what is not 0 in its map `reasons`
 *
 * FROM, TO: a device, or tun:DEV or tap:DEV, the user's side of a persistent one.
 * SUM: ok, bad-ip, bad-l4; partial (the device is to complete it), none (no sum to
 * check). -p: the protocol that the sender claims; otherwise what the frame says.
 *
 * It never waits for a packet that does not come. After each frame it sends a marker,
 * which bypasses the sender's tc (PACKET_QDISC_BYPASS), on DEV with -m. veth keeps the
 * order. A tun device delivers a packet in the system call that sends it.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>		/* before linux/ headers, which then leave out the same definitions */
#include <linux/bpf.h>
#include <linux/ethtool.h>
#include <linux/genetlink.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <linux/if_pppox.h>
#include <linux/if_tun.h>
#include <linux/net_tstamp.h>
#include <linux/ppp-ioctl.h>
#include <linux/sockios.h>
#include <linux/virtio_net.h>
#include <linux/wireguard.h>
#include <net/if_arp.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#ifndef SOL_UDP
#define SOL_UDP 17
#endif
#ifndef UDP_SEGMENT
#define UDP_SEGMENT 103
#endif
#ifndef SO_NETNS_COOKIE		/* 5.14 */
#define SO_NETNS_COOKIE 71
#endif

#define FRAME_MAX (70 * 1024)
#define LIMIT_MS 30000		/* how long to wait for a packet that must come */
#define ABSENT_MS 100		/* tun only: how long to wait for one that may not come */
#define MARKER 0x88b5		/* IEEE 802, local experimental ethertype 1 */

struct end {
	int fd;
	int ifindex;
	bool tun;		/* fd is the user's side of a tun or tap device */
	bool ether;		/* frames begin with an Ethernet header */
};

static uint8_t frame[FRAME_MAX + 8];

static unsigned get16(const uint8_t *p) { return p[0] << 8 | p[1]; }

/* Without printf(), which took a quarter of the time of the tests in a guest. */
static void print_hex(const uint8_t *p, size_t n)
{
	for (; n--; p++) {
		putchar_unlocked("0123456789abcdef"[*p >> 4]);
		putchar_unlocked("0123456789abcdef"[*p & 15]);
	}
}

static int digit(char c)
{
	return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static size_t read_hex(const char *hex, uint8_t *to, size_t max)
{
	size_t n = 0;

	for (; n < max && digit(hex[0]) >= 0 && digit(hex[1]) >= 0; hex += 2)
		to[n++] = digit(hex[0]) << 4 | digit(hex[1]);
	return n;
}

/* ---- checksums, in full -------------------------------------------------- */

static uint32_t add(uint32_t sum, const uint8_t *p, size_t n)
{
	for (; n > 1; p += 2, n -= 2)
		sum += get16(p);
	if (n)
		sum += *p << 8;
	return sum;
}

static bool good(uint32_t sum)
{
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return sum == 0xffff;
}

static const char *sum_ip(const uint8_t *p, size_t n);

static const char *sum_l4(int proto, uint32_t pseudo, const uint8_t *p, size_t n)
{
	size_t at = 4;

	switch (proto) {
	case IPPROTO_IPIP:
	case IPPROTO_IPV6:
		return sum_ip(p, n);
	case IPPROTO_GRE:
		at += p[0] & 0x80 ? 4 : 0;
		at += p[0] & 0x20 ? 4 : 0;
		at += p[0] & 0x10 ? 4 : 0;
		if (p[0] & 0x80 && !good(add(0, p, n)))
			return "bad-l4";
		return at < n ? sum_ip(p + at, n - at) : "none";
	case IPPROTO_UDP:
		if (n >= 8 && !get16(p + 6))
			return "none";
		break;
	case IPPROTO_ICMP:
		pseudo = 0;
		break;
	case IPPROTO_TCP:
	case IPPROTO_ICMPV6:
		break;
	default:
		return "none";
	}
	return good(add(pseudo + proto * !!pseudo, p, n) + (pseudo ? n : 0)) ? "ok" : "bad-l4";
}

static const char *sum_ip(const uint8_t *p, size_t n)
{
	size_t head, len;
	int proto;

	if (n >= 20 && p[0] >> 4 == 4) {
		head = (p[0] & 15) * 4;
		len = get16(p + 2);
		if (head < 20 || len < head || len > n)
			return "none";
		if (!good(add(0, p, head)))
			return "bad-ip";
		if (get16(p + 6) & 0x3fff)
			return "ok";	/* the transport checksum covers all fragments */
		return sum_l4(p[9], add(0, p + 12, 8), p + head, len - head);
	}
	if (n < 40 || p[0] >> 4 != 6)
		return "none";
	len = get16(p + 4) + 40;
	proto = p[6];
	for (head = 40; len <= n && head + 8 <= len; head += (p[head + 1] + 1) * 8) {
		if (proto == IPPROTO_FRAGMENT)
			return "ok";
		if (proto != IPPROTO_HOPOPTS && proto != IPPROTO_ROUTING && proto != IPPROTO_DSTOPTS)
			return sum_l4(proto, add(0, p + 8, 32), p + head, len - head);
		proto = p[head];
	}
	return "none";
}

static const char *sum_of(bool ether, const uint8_t *p, size_t n)
{
	size_t at = 12;

	if (!ether)
		return sum_ip(p, n);
	while (at + 4 < n && (get16(p + at) == ETH_P_8021Q || get16(p + at) == ETH_P_8021AD))
		at += 4;
	at += at + 2 < n && get16(p + at) == ETH_P_PPP_SES ? 10 : 2;
	return at < n ? sum_ip(p + at, n - at) : "none";
}

/* ---- ends of the path ---------------------------------------------------- */

static int packet_socket(int ifindex, int proto)
{
	struct sockaddr_ll to = { .sll_family = AF_PACKET, .sll_ifindex = ifindex,
				  .sll_protocol = htons(proto) };
	int fd = socket(AF_PACKET, SOCK_RAW, 0);

	if (fd < 0 || (proto && bind(fd, (void *)&to, sizeof(to))))
		err(2, "AF_PACKET");
	return fd;
}

/* What kernels send by themselves: ARP, neighbour discovery, MLD. */
static bool noise(bool ether, const uint8_t *p, size_t n)
{
	if (ether && n > 14 && get16(p + 12) == ETH_P_ARP)
		return true;
	if (ether && n > 14 && get16(p + 12) == ETH_P_IPV6)
		p += 14, n -= 14;
	else if (ether)
		return false;
	if (n < 41 || p[0] >> 4 != 6)
		return false;
	return (p[6] == IPPROTO_ICMPV6 && p[40] >= 130 && p[40] <= 136) ||
	       (p[6] == IPPROTO_HOPOPTS && p[40] == IPPROTO_ICMPV6);
}

/*
 * Opening a tun device raises its carrier, and the kernel gives the device its
 * queue some time later; until then it drops what is sent. The device is "up" after
 * that, and "unknown", which counts as IFF_RUNNING, before the first time.
 */
static void wait_running(const char *dev)
{
	int fd = socket(AF_INET, SOCK_DGRAM, 0);
	struct ifreq ifr = {};
	time_t limit = time(NULL) + LIMIT_MS / 1000;
	char path[64], state[16] = "";

	snprintf(ifr.ifr_name, IFNAMSIZ, "%s", dev);
	snprintf(path, sizeof(path), "/sys/class/net/%s/operstate", dev);
	do {
		FILE *file = fopen(path, "r");

		if (!file || !fgets(state, sizeof(state), file) || ioctl(fd, SIOCGIFFLAGS, &ifr) ||
		    time(NULL) > limit)
			errx(2, "%s does not come up", dev);
		fclose(file);
	} while ((ifr.ifr_flags & IFF_UP) && strcmp(state, "up\n"));
	/* takes the lock under which the queue is made, so this returns after it */
	ioctl(fd, SIOCSIFFLAGS, &ifr);
	close(fd);
}

static struct end open_end(const char *name)
{
	struct end e = { .tun = strchr(name, ':'), .ether = true };
	struct ifreq ifr = {};

	if (e.tun) {
		e.ether = !strncmp(name, "tap:", 4);
		snprintf(ifr.ifr_name, IFNAMSIZ, "%s", name + 4);
		ifr.ifr_flags = (e.ether ? IFF_TAP : IFF_TUN) | IFF_NO_PI;
		e.fd = open("/dev/net/tun", O_RDWR | O_NONBLOCK);
		if (e.fd < 0 || ioctl(e.fd, TUNSETIFF, &ifr))
			err(2, "%s", name);
		wait_running(name + 4);
		return e;
	}
	snprintf(ifr.ifr_name, IFNAMSIZ, "%s", name);
	e.ifindex = if_nametoindex(name);
	if (!e.ifindex)
		err(2, "%s", name);
	e.fd = packet_socket(e.ifindex, ETH_P_ALL);
	if (ioctl(e.fd, SIOCGIFHWADDR, &ifr))
		err(2, "%s", name);
	e.ether = ifr.ifr_hwaddr.sa_family == ARPHRD_ETHER;
	setsockopt(e.fd, SOL_PACKET, PACKET_AUXDATA, &(int){ 1 }, sizeof(int));
	setsockopt(e.fd, SOL_SOCKET, SO_RCVBUFFORCE, &(int){ 8 << 20 }, sizeof(int));
	return e;
}

/* Reads the next frame, and puts its tag back into it. Returns its length, or -1 if there is none in time. */
static ssize_t take(struct end *e, const char **sum)
{
	char control[CMSG_SPACE(sizeof(struct tpacket_auxdata))];
	struct sockaddr_ll from;
	struct iovec iov = { frame, FRAME_MAX };
	struct msghdr msg = { .msg_name = &from, .msg_namelen = sizeof(from), .msg_iov = &iov,
			      .msg_iovlen = 1, .msg_control = control };
	struct tpacket_auxdata *aux;
	ssize_t n;

	do {
		if (e->tun) {
			n = read(e->fd, frame, FRAME_MAX);
			if (n < 0)
				return -1;
			*sum = sum_of(e->ether, frame, n);
			continue;
		}
		msg.msg_controllen = sizeof(control);
		n = recvmsg(e->fd, &msg, MSG_DONTWAIT);
		if (n < 0)
			return -1;
		aux = (void *)CMSG_DATA(CMSG_FIRSTHDR(&msg));
		if (aux->tp_status & TP_STATUS_VLAN_VALID) {
			memmove(frame + 16, frame + 12, n - 12);
			frame[12] = aux->tp_vlan_tpid >> 8;
			frame[13] = aux->tp_vlan_tpid;
			frame[14] = aux->tp_vlan_tci >> 8;
			frame[15] = aux->tp_vlan_tci;
			n += 4;
		}
		*sum = aux->tp_status & TP_STATUS_CSUMNOTREADY ? "partial"
							       : sum_of(e->ether, frame, n);
	} while (noise(e->ether, frame, n) || (!e->tun && from.sll_pkttype == PACKET_OUTGOING));
	return n;
}

static bool wait_for(struct end *e, int ms)
{
	return poll(&(struct pollfd){ e->fd, POLLIN, 0 }, 1, ms) == 1;
}

static void print_another(ssize_t n, bool *any)
{
	if (*any)
		putchar(' ');
	*any = true;
	print_hex(frame, n);
}

/* Sets MARK and PRIORITY of a line on the sender's socket, if it has them. Returns where the frame begins. */
static char *from_socket(char *line, int fd)
{
	char *rest;
	unsigned int mark = strtoul(line, &rest, 0), priority;

	if (*rest != ' ')
		return line;
	priority = strtoul(rest, &rest, 0);
	if (setsockopt(fd, SOL_SOCKET, SO_MARK, &mark, sizeof(mark)) ||
	    setsockopt(fd, SOL_SOCKET, SO_PRIORITY, &priority, sizeof(priority)))
		err(2, "SO_MARK, SO_PRIORITY");
	return rest + 1;
}

/* On one CPU there is one backlog, so the order is kept. */
static void on_one_cpu(void)
{
	cpu_set_t cpu;

	CPU_ZERO(&cpu);
	CPU_SET(sched_getcpu(), &cpu);
	sched_setaffinity(0, sizeof(cpu), &cpu);
}

static void send_frame(int fd, int ifindex, int proto, const uint8_t *bytes, size_t len)
{
	struct sockaddr_ll to = { .sll_family = AF_PACKET, .sll_ifindex = ifindex, .sll_protocol = htons(proto) };

	/* ENOBUFS: tc dropped it. Then no packet arrives, which the caller checks. */
	if (sendto(fd, bytes, len, 0, (void *)&to, sizeof(to)) != (ssize_t)len && errno != ENOBUFS)
		err(2, "a frame of %zu bytes", len);
}

static int marker_socket(void)
{
	int fd = packet_socket(0, 0);

	if (setsockopt(fd, SOL_PACKET, PACKET_QDISC_BYPASS, &(int){ 1 }, sizeof(int)))
		err(2, "PACKET_QDISC_BYPASS");
	return fd;
}

static void send_marker(int fd, int ifindex, uint32_t number)
{
	uint8_t marker[60] = "\2\0\0\0\0\2\2\0\0\0\0\1\x88\xb5";

	memcpy(marker + 14, &number, 4);
	send_frame(fd, ifindex, MARKER, marker, sizeof(marker));
}

/* Reads the next frame. Returns its length, or 0 if it is the marker with this number. */
static ssize_t take_until_marker(struct end *e, uint32_t number)
{
	const char *sum;
	ssize_t n;

	while ((n = take(e, &sum)) < 0)
		if (!wait_for(e, LIMIT_MS))
			errx(2, "the marker behind frame %u did not arrive", number);
	return n >= 18 && get16(frame + 12) == MARKER && !memcmp(frame + 14, &number, 4) ? 0 : n;
}

static int pass(char **args)
{
	struct end from = open_end(args[0]), to = open_end(args[1]);
	int claim = 0, marker_dev = from.ifindex, bypass = -1;
	static char line[2 * FRAME_MAX + 2];
	uint32_t number = 0;

	for (args += 2; args[0]; args += 2) {
		if (!strcmp(args[0], "-p"))
			claim = strtol(args[1], NULL, 0);
		else if (!strcmp(args[0], "-m"))
			marker_dev = if_nametoindex(args[1]);
	}
	on_one_cpu();
	if (!to.tun)
		bypass = marker_socket();
	for (; fgets(line, sizeof(line), stdin); number++) {
		static uint8_t out[FRAME_MAX];
		size_t len = read_hex(from_socket(line, from.fd), out, sizeof(out));
		bool any = false;
		const char *sum;
		ssize_t n, sent;

		if (from.tun) {
			sent = write(from.fd, out, len);
		} else {
			int proto = claim ? claim : from.ether ? (int)get16(out + 12)
				    : out[0] >> 4 == 6 ? ETH_P_IPV6 : ETH_P_IP;

			send_frame(from.fd, from.ifindex, proto, out, len);
			sent = len;
		}
		if (sent != (ssize_t)len)
			err(2, "frame %u, %zu bytes", number, len);
		if (to.tun) {
			if (wait_for(&to, ABSENT_MS))
				while ((n = take(&to, &sum)) >= 0)
					print_another(n, &any);
		} else {
			send_marker(bypass, marker_dev, number);
			while ((n = take_until_marker(&to, number)))
				print_another(n, &any);
		}
		puts(any ? "" : "-");
	}
	return fflush(stdout) ? 2 : 0;
}

static int flow(char **args)
{
	enum { KINDS = 8, BATCH = 64 };
	struct {
		uint8_t bytes[256];
		size_t len;
		bool passes;
	} kind[KINDS], *k;
	struct end from = open_end(args[0]), to = open_end(args[1]);
	uint32_t least = strtoul(args[3], NULL, 0), kinds = 0, sent = 0, next, number, passed = 0, wrong = 0;
	int markers = marker_socket();
	ssize_t n;

	for (char **f = args + 4; f[0] && f[1] && kinds < KINDS; f += 2, kinds++) {
		kind[kinds].len = read_hex(f[0], kind[kinds].bytes, sizeof(kind->bytes));
		kind[kinds].passes = !strcmp(f[1], "pass");
	}
	on_one_cpu();
	while (sent < least || access(args[2], F_OK)) {
		next = sent;
		for (int i = 0; i < BATCH; i++, sent++) {
			k = &kind[sent % kinds];
			memcpy(k->bytes + k->len - 4, &sent, 4);
			send_frame(from.fd, from.ifindex, get16(k->bytes + 12), k->bytes, k->len);
		}
		send_marker(markers, from.ifindex, sent);
		while ((n = take_until_marker(&to, sent))) {
			memcpy(&number, frame + n - 4, 4);
			k = &kind[number % kinds];
			memcpy(k->bytes + k->len - 4, &number, 4);
			if (number < next || number >= sent || !k->passes || n != (ssize_t)k->len ||
			    memcmp(frame, k->bytes, n)) {
				wrong++;
				continue;
			}
			for (; next < number; next++)
				wrong += kind[next % kinds].passes;
			next++;
			passed++;
		}
		for (; next < sent; next++)
			wrong += kind[next % kinds].passes;
		putchar('.');
		fflush(stdout);
	}
	printf("\n%u %u %u\n", sent, passed, wrong);
	return 0;
}

/* One CPU's part of flood: prints what it sent. */
static void flood_from(int cpu, int ifindex, const uint8_t *bytes, size_t len, int64_t until)
{
	int fd = packet_socket(0, 0);
	unsigned long sent = 0;
	struct timespec now;
	cpu_set_t only;

	CPU_ZERO(&only);
	CPU_SET(cpu, &only);
	if (sched_setaffinity(0, sizeof(only), &only))
		err(2, "CPU %d", cpu);
	do {
		for (int i = 0; i < 16; i++, sent++)
			send_frame(fd, ifindex, get16(bytes + 12), bytes, len);
		clock_gettime(CLOCK_MONOTONIC, &now);
	} while (now.tv_sec * 1000LL + now.tv_nsec / 1000000 < until);
	printf("%lu\n", sent);
	exit(0);
}

static int flood(char **args)
{
	long cpus = sysconf(_SC_NPROCESSORS_ONLN);
	struct timespec now;
	int failed = 0, status;
	size_t len = read_hex(args[2], frame, FRAME_MAX);
	int ifindex = if_nametoindex(args[0]);

	if (!ifindex)
		err(2, "%s", args[0]);
	clock_gettime(CLOCK_MONOTONIC, &now);
	for (int cpu = 0; cpu < cpus; cpu++)
		if (!fork())
			flood_from(cpu, ifindex, frame, len, now.tv_sec * 1000LL + now.tv_nsec / 1000000 + atoi(args[1]));
	while (wait(&status) > 0)
		failed |= status;
	return failed ? 2 : 0;
}

static int catch(char **args)
{
	struct end to = open_end(args[0]);
	int count = atoi(args[1]), status;
	pid_t pid = fork();
	const char *sum;
	ssize_t n;

	if (!pid) {
		dup2(2, 1);
		execvp(args[2], args + 2);
		err(127, "%s", args[2]);
	}
	while (count) {
		n = take(&to, &sum);
		if (n < 0 && !wait_for(&to, LIMIT_MS))
			errx(2, "%d frames did not arrive", count);
		if (n < 0)
			continue;
		print_hex(frame, n);
		printf(" %s\n", sum);
		count--;
	}
	fflush(stdout);
	return waitpid(pid, &status, 0) < 0 ? 2 : WEXITSTATUS(status);
}

/* ---- sockets ------------------------------------------------------------- */

union address {
	struct sockaddr any;
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;
};

static union address address(const char *text, int port, socklen_t *len)
{
	union address a = {};

	if (inet_pton(AF_INET, text, &a.v4.sin_addr) == 1) {
		a.v4.sin_family = AF_INET;
		a.v4.sin_port = htons(port);
		*len = sizeof(a.v4);
	} else if (inet_pton(AF_INET6, text, &a.v6.sin6_addr) == 1) {
		a.v6.sin6_family = AF_INET6;
		a.v6.sin6_port = htons(port);
		*len = sizeof(a.v6);
	} else {
		errx(2, "%s: not an address", text);
	}
	return a;
}

/* Bytes that show whether a segment was lost, moved or changed. */
static void fill(uint8_t *p, size_t n, uint32_t *state)
{
	while (n--) {
		*state = *state * 1664525 + 1013904223;
		*p++ = *state >> 24;
	}
}

static int syn(char **args)
{
	for (char *to = strtok(args[0], ","); to; to = strtok(NULL, ",")) {
		socklen_t len;
		union address a = address(to, atoi(args[1]), &len);
		int fd = socket(a.any.sa_family, SOCK_STREAM | SOCK_NONBLOCK, 0);

		if (connect(fd, &a.any, len) && errno != EINPROGRESS)
			err(2, "connect");
	}
	return 0;
}

static void option(int fd, int level, int name, uint32_t value)
{
	if (setsockopt(fd, level, name, &value, sizeof(value)))
		err(2, "socket option %d", name);
}

static void print_cookies(int fd)
{
	uint64_t socket, netns;
	socklen_t len = sizeof(socket), netns_len = sizeof(netns);

	if (getsockopt(fd, SOL_SOCKET, SO_COOKIE, &socket, &len))
		err(2, "SO_COOKIE");
	if (getsockopt(fd, SOL_SOCKET, SO_NETNS_COOKIE, &netns, &netns_len))
		printf("%llu -\n", (unsigned long long)socket);
	else
		printf("%llu %llu\n", (unsigned long long)socket, (unsigned long long)netns);
	fflush(stdout);
	getchar();
}

static int udp(char **args)
{
	socklen_t len;
	union address to = address(args[0], atoi(args[1]), &len), from = {};
	int fd = socket(to.any.sa_family, SOCK_DGRAM, 0);
	size_t n = atoi(args[2]);
	uint32_t state = 1;
	char control[CMSG_SPACE(sizeof(uint64_t))] = {};
	struct msghdr msg = { .msg_name = &to, .msg_namelen = len, .msg_iovlen = 1,
			      .msg_iov = &(struct iovec){ frame, n } };

	for (args += 3; args[0] && args[1]; args += 2) {
		uint64_t value = strtoull(args[1], NULL, 0);

		if (!strcmp(args[0], "mark")) {
			option(fd, SOL_SOCKET, SO_MARK, value);
		} else if (!strcmp(args[0], "priority")) {
			option(fd, SOL_SOCKET, SO_PRIORITY, value);
		} else if (!strcmp(args[0], "device")) {
			option(fd, SOL_SOCKET, SO_BINDTOIFINDEX, value);
		} else if (!strcmp(args[0], "segment")) {
			option(fd, SOL_UDP, UDP_SEGMENT, value);
		} else if (!strcmp(args[0], "tos")) {
			option(fd, IPPROTO_IP, IP_TOS, value);
		} else if (!strcmp(args[0], "port")) {
			from.any.sa_family = to.any.sa_family;
			from.v4.sin_port = htons(value);	/* where IPv6 has it, too */
			if (bind(fd, &from.any, len))
				err(2, "port %s", args[1]);
		} else if (!strcmp(args[0], "txtime")) {
			struct sock_txtime how = { .clockid = CLOCK_MONOTONIC };
			struct cmsghdr *c;

			if (setsockopt(fd, SOL_SOCKET, SO_TXTIME, &how, sizeof(how)))
				err(2, "SO_TXTIME");
			msg.msg_control = control;
			msg.msg_controllen = sizeof(control);
			c = CMSG_FIRSTHDR(&msg);
			*c = (struct cmsghdr){ .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_TXTIME,
					       .cmsg_len = CMSG_LEN(sizeof(value)) };
			memcpy(CMSG_DATA(c), &value, sizeof(value));
		} else if (!strcmp(args[0], "ask")) {
			print_cookies(fd);
		} else {
			errx(2, "udp: %s", args[0]);
		}
	}
	fill(frame, n, &state);
	/* from a connected socket, so that a program can read the peer */
	if (connect(fd, &to.any, len) || (sendmsg(fd, &msg, 0) != (ssize_t)n && errno != ENOBUFS))
		err(2, "sendmsg");
	return 0;
}

static int napi(char **args)
{
	struct sockaddr_in at = { .sin_family = AF_INET, .sin_port = htons(atoi(args[0])) };
	int fd = socket(AF_INET, SOCK_DGRAM, 0);
	unsigned id = 0;
	socklen_t len = sizeof(id);

	if (bind(fd, (void *)&at, sizeof(at)))
		err(2, "port %s", args[0]);
	puts("ready");
	fflush(stdout);
	if (recv(fd, frame, FRAME_MAX, 0) < 0 ||
	    getsockopt(fd, SOL_SOCKET, SO_INCOMING_NAPI_ID, &id, &len))
		err(2, "SO_INCOMING_NAPI_ID");
	printf("%u\n", id);
	return 0;
}

static int ppp(char **args)
{
	struct sockaddr_pppox to = { .sa_family = AF_PPPOX, .sa_protocol = PX_PROTO_OE,
				     .sa_addr.pppoe.sid = htons(atoi(args[1])) };
	int session = socket(AF_PPPOX, SOCK_STREAM, PX_PROTO_OE), channel, device, number;
	struct npioctl pass = { .protocol = PPP_IP, .mode = NPMODE_PASS };

	snprintf(to.sa_addr.pppoe.dev, IFNAMSIZ, "%s", args[0]);
	read_hex(args[2], to.sa_addr.pppoe.remote, ETH_ALEN);
	if (session < 0 || connect(session, (void *)&to, sizeof(to)) ||
	    ioctl(session, PPPIOCGCHAN, &number))
		err(2, "PPPoE");
	channel = open("/dev/ppp", O_RDWR);
	device = open("/dev/ppp", O_RDWR);
	if (ioctl(channel, PPPIOCATTCHAN, &number))
		err(2, "PPP channel");
	number = -1;
	if (ioctl(device, PPPIOCNEWUNIT, &number) || ioctl(channel, PPPIOCCONNECT, &number) ||
	    ioctl(device, PPPIOCSNPMODE, &pass))
		err(2, "PPP device");
	printf("ppp%d\n", number);
	fclose(stdout);
	return pause();
}

/* Nested attributes, as they grow in `frame`. */
static struct nlattr *attribute(size_t *at, int type, const void *value, size_t size)
{
	struct nlattr *a = (void *)(frame + *at);

	*a = (struct nlattr){ .nla_len = NLA_HDRLEN + size, .nla_type = type };
	if (value)
		memcpy(a + 1, value, size);
	*at += NLA_ALIGN(a->nla_len);
	return a;
}

static void end_of(struct nlattr *nest, size_t at)
{
	nest->nla_len = (char *)(frame + at) - (char *)nest;
	nest->nla_type |= NLA_F_NESTED;
}

static void generic_netlink(int fd, int family, int command, int version, size_t size)
{
	struct nlmsghdr *h = (void *)frame;
	struct nlmsgerr *answer = NLMSG_DATA(h);

	*h = (struct nlmsghdr){ .nlmsg_len = size, .nlmsg_type = family,
				.nlmsg_flags = NLM_F_REQUEST | (command == CTRL_CMD_GETFAMILY ? 0 : NLM_F_ACK) };
	*(struct genlmsghdr *)NLMSG_DATA(h) = (struct genlmsghdr){ .cmd = command, .version = version };
	if (send(fd, frame, size, 0) < 0 || recv(fd, frame, FRAME_MAX, 0) < 0 ||
	    (h->nlmsg_type == NLMSG_ERROR && answer->error))
		errx(2, "netlink");
}

static int wireguard(char **args)
{
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons(51820) };
	int fd = socket(AF_NETLINK, SOCK_RAW, NETLINK_GENERIC), family;
	const size_t start = NLMSG_HDRLEN + GENL_HDRLEN;
	struct nlattr *peers, *peer, *ips, *ip;
	size_t at = start;
	uint8_t key[32];

	attribute(&at, CTRL_ATTR_FAMILY_NAME, WG_GENL_NAME, sizeof(WG_GENL_NAME));
	generic_netlink(fd, GENL_ID_CTRL, CTRL_CMD_GETFAMILY, 1, at);
	for (ip = (void *)(frame + start); ip->nla_type != CTRL_ATTR_FAMILY_ID;)
		ip = (void *)((char *)ip + NLA_ALIGN(ip->nla_len));
	family = *(uint16_t *)(ip + 1);

	at = start;
	attribute(&at, WGDEVICE_A_IFNAME, args[0], strlen(args[0]) + 1);
	read_hex(args[1], key, sizeof(key));
	attribute(&at, WGDEVICE_A_PRIVATE_KEY, key, sizeof(key));
	attribute(&at, WGDEVICE_A_LISTEN_PORT, &(uint16_t){ 51820 }, sizeof(uint16_t));
	peers = attribute(&at, WGDEVICE_A_PEERS, NULL, 0);
	peer = attribute(&at, 0, NULL, 0);
	read_hex(args[2], key, sizeof(key));
	attribute(&at, WGPEER_A_PUBLIC_KEY, key, sizeof(key));
	inet_pton(AF_INET, args[3], &to.sin_addr);
	attribute(&at, WGPEER_A_ENDPOINT, &to, sizeof(to));
	ips = attribute(&at, WGPEER_A_ALLOWEDIPS, NULL, 0);
	ip = attribute(&at, 0, NULL, 0);
	attribute(&at, WGALLOWEDIP_A_FAMILY, &(uint16_t){ AF_INET }, sizeof(uint16_t));
	attribute(&at, WGALLOWEDIP_A_IPADDR, &(uint32_t){ 0 }, sizeof(uint32_t));
	attribute(&at, WGALLOWEDIP_A_CIDR_MASK, &(uint8_t){ 0 }, sizeof(uint8_t));
	end_of(ip, at);
	end_of(ips, at);
	end_of(peer, at);
	end_of(peers, at);
	generic_netlink(fd, family, WG_CMD_SET_DEVICE, WG_GENL_VERSION, at);
	return 0;
}

static int queue(char **args)
{
	struct ifreq ifr = { .ifr_flags = IFF_TAP | IFF_NO_PI | IFF_MULTI_QUEUE };
	size_t len = read_hex(args[2], frame, FRAME_MAX);
	int fd = -1;

	snprintf(ifr.ifr_name, IFNAMSIZ, "%s", args[0]);
	for (int n = atoi(args[1]); n >= 0; n--) {
		fd = open("/dev/net/tun", O_RDWR);
		if (fd < 0 || ioctl(fd, TUNSETIFF, &ifr))
			err(2, "%s", args[0]);
	}
	wait_running(args[0]);
	if (write(fd, frame, len) < 0)
		err(2, "write");
	return 0;
}

static void enter(const char *netns)
{
	char path[256];
	int fd;

	snprintf(path, sizeof(path), "/run/netns/%s", netns);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || setns(fd, CLONE_NEWNET))
		err(2, "%s", path);
}

static int netns(char **args)
{
	enter(args[0]);
	execvp(args[1], args + 1);
	err(127, "%s", args[1]);
}

static void receive(const char *netns, int type, union address at, socklen_t len, int ready,
		    size_t expected)
{
	char control[256], tos = 0;
	static uint8_t want[FRAME_MAX];
	int fd, listener;
	struct msghdr msg = { .msg_iov = &(struct iovec){ frame, FRAME_MAX }, .msg_iovlen = 1,
			      .msg_control = control, .msg_controllen = sizeof(control) };
	uint32_t state = 1;
	size_t got = 0;
	ssize_t n;

	enter(netns);
	listener = socket(at.any.sa_family, type, 0);
	setsockopt(listener, SOL_SOCKET, SO_RCVBUFFORCE, &(int){ 8 << 20 }, sizeof(int));
	setsockopt(listener, SOL_IP, IP_RECVTOS, &(int){ 1 }, sizeof(int));
	setsockopt(listener, SOL_IPV6, IPV6_RECVTCLASS, &(int){ 1 }, sizeof(int));
	if (bind(listener, &at.any, len) || (type == SOCK_STREAM && listen(listener, 1)) ||
	    getsockname(listener, &at.any, &len))
		err(2, "listen");
	if (write(ready, &at, sizeof(at)) != sizeof(at))
		err(2, "ready");
	fd = type == SOCK_STREAM ? accept(listener, NULL, NULL) : listener;
	while (got < expected && (n = recvmsg(fd, &msg, 0)) > 0) {
		struct cmsghdr *c = CMSG_FIRSTHDR(&msg);

		if (c) /* a byte from IPv4, an int from IPv6 */
			tos = c->cmsg_level == SOL_IP ? *CMSG_DATA(c) : *(int *)CMSG_DATA(c);
		fill(want, n, &state);
		if (memcmp(frame, want, n))
			errx(1, "wrong bytes near %zu", got);
		got += n;
		msg.msg_controllen = sizeof(control);
	}
	printf("%zu 0x%02x\n", got, (uint8_t)tos);
	fflush(stdout);
	_exit(got != expected);
}

static int transfer_to(const char *address_to, char **args)
{
	int type = strcmp(args[0], "udp") ? SOCK_STREAM : SOCK_DGRAM, ready[2], fd, status;
	size_t left = strtoul(args[3], NULL, 0);
	uint32_t state = 1;
	socklen_t len;
	union address to = address(address_to, 0, &len), at = address(args[4] && *args[4] ? args[4] : address_to, 0, &len);
	pid_t pid;

	if (pipe(ready))
		err(2, "pipe");
	pid = fork();
	alarm(LIMIT_MS / 500);
	if (!pid) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		receive(args[1], type, at, len, ready[1], left);
	}
	close(ready[1]);
	if (read(ready[0], &at, sizeof(at)) != sizeof(at))
		return 2;
	if (to.any.sa_family == AF_INET)
		to.v4.sin_port = at.v4.sin_port;
	else
		to.v6.sin6_port = at.v6.sin6_port;
	fd = socket(to.any.sa_family, type, 0);
	if (connect(fd, &to.any, len))
		err(2, "connect");
	if (args[4] && args[5])
		option(fd, SOL_UDP, UDP_SEGMENT, strtoul(args[5], NULL, 0));
	while (left) {
		size_t n = left < 65000 ? left : 65000;

		fill(frame, n, &state);
		for (size_t at = 0; at < n;) {
			ssize_t sent = send(fd, frame + at, n - at, 0);

			if (sent < 0)
				err(2, "send");
			at += sent;
		}
		left -= n;
	}
	shutdown(fd, SHUT_WR);
	return waitpid(pid, &status, 0) < 0 || !WIFEXITED(status) ? 2 : WEXITSTATUS(status);
}

static void answer(const char *netns, int type, union address at, socklen_t len, int ready)
{
	union address from;
	int fd, listener;
	ssize_t n;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	enter(netns);
	listener = socket(at.any.sa_family, type, 0);
	if (bind(listener, &at.any, len) || (type == SOCK_STREAM && listen(listener, 1)) ||
	    getsockname(listener, &at.any, &len) || write(ready, &at, sizeof(at)) != sizeof(at))
		err(2, "listen");
	fd = type == SOCK_STREAM ? accept(listener, NULL, NULL) : listener;
	do {
		len = sizeof(from);
		n = recvfrom(fd, frame, FRAME_MAX, 0, &from.any, &len);
	} while (n > 0 && sendto(fd, frame, n, 0, type == SOCK_STREAM ? NULL : &from.any, type == SOCK_STREAM ? 0 : len) == n);
	_exit(0);
}

static void echo_to(const char *text, int type, const char *netns, int n, int tos)
{
	enum { SIZE = 1000 };
	union address at;
	socklen_t len;
	int ready[2], fd;
	pid_t pid;

	at = address(text, 0, &len);
	if (pipe(ready))
		err(2, "pipe");
	alarm(LIMIT_MS / 1000);
	pid = fork();
	if (!pid)
		answer(netns, type, at, len, ready[1]);
	if (read(ready[0], &at, sizeof(at)) != sizeof(at))
		errx(2, "no answer");
	fd = socket(at.any.sa_family, type, 0);
	if (at.any.sa_family == AF_INET)
		option(fd, SOL_IP, IP_TOS, tos);
	else
		option(fd, SOL_IPV6, IPV6_TCLASS, tos);
	if (connect(fd, &at.any, len))
		err(2, "connect");
	while (n--) {
		memset(frame, n, SIZE);
		if (send(fd, frame, SIZE, 0) != SIZE || recv(fd, frame, SIZE, MSG_WAITALL) != SIZE || frame[0] != (uint8_t)n)
			err(2, "echo");
	}
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	close(fd);
}

static int echo(char **args)
{
	for (char *to = strtok(args[1], ","); to; to = strtok(NULL, ",")) {
		echo_to(to, SOCK_DGRAM, args[0], atoi(args[2]), strtoul(args[3], NULL, 0));
		echo_to(to, SOCK_STREAM, args[0], atoi(args[2]), strtoul(args[3], NULL, 0));
	}
	return 0;
}

static int transfer(char **args)
{
	int status = 0;

	for (char *to = strtok(args[2], ","); to && !status; to = strtok(NULL, ","))
		status = transfer_to(to, args);
	return status;
}

/* ---- device features, as ethtool -K -------------------------------------- */

static void ethtool(int fd, const char *dev, void *command)
{
	struct ifreq ifr = { .ifr_data = command };

	snprintf(ifr.ifr_name, IFNAMSIZ, "%s", dev);
	if (ioctl(fd, SIOCETHTOOL, &ifr))
		err(2, "%s: ethtool", dev);
}

static int offload(char **args)
{
	struct {
		struct ethtool_sset_info head;
		uint32_t count;
	} info = { { ETHTOOL_GSSET_INFO, 0, 1 << ETH_SS_FEATURES }, 0 };
	struct ethtool_gstrings *names;
	struct ethtool_sfeatures *set;
	int fd = socket(AF_INET, SOCK_DGRAM, 0);
	unsigned blocks;

	ethtool(fd, args[0], &info);
	blocks = (info.count + 31) / 32;
	names = calloc(1, sizeof(*names) + info.count * ETH_GSTRING_LEN);
	names->cmd = ETHTOOL_GSTRINGS;
	names->string_set = ETH_SS_FEATURES;
	names->len = info.count;
	ethtool(fd, args[0], names);
	set = calloc(1, sizeof(*set) + blocks * sizeof(set->features[0]));
	set->cmd = ETHTOOL_SFEATURES;
	set->size = blocks;
	for (char **f = args + 1; f[0] && f[1]; f += 2) {
		unsigned i = 0;

		while (i < info.count && strcmp((char *)names->data + i * ETH_GSTRING_LEN, f[0]))
			i++;
		if (i == info.count)
			errx(2, "%s: no feature %s", args[0], f[0]);
		set->features[i / 32].valid |= 1U << i % 32;
		if (!strcmp(f[1], "on"))
			set->features[i / 32].requested |= 1U << i % 32;
	}
	ethtool(fd, args[0], set);
	return 0;
}

#define SEGMENTS 4
#define SEGMENT 1000

static int gso(char **args)
{
	const struct {
		struct virtio_net_hdr gso;
		struct ethhdr ether;
		uint8_t ip[20], tcp[20], data[SEGMENTS * SEGMENT];
	} __attribute__((packed)) frame = {
		.gso = { .flags = VIRTIO_NET_HDR_F_NEEDS_CSUM, .gso_type = VIRTIO_NET_HDR_GSO_TCPV4, .hdr_len = 54,
			 .gso_size = SEGMENT, .csum_start = 34, .csum_offset = 16 },
		.ether = { .h_dest = { 2, 0, 0, 0, 0xb, 1 }, .h_source = { 2, 0, 0, 0, 0xa, 1 }, .h_proto = htons(args[3] ? strtol(args[3], NULL, 0) : ETH_P_IP) },
		.ip = { 0x45, 0, atoi(args[1]) >> 8, atoi(args[1]), 0, 7, 0, 0, 17, IPPROTO_TCP, 0, 0, 10, 1, 0, 1, 10, 2, 0, 2 },
		.tcp = { 4, 210, 0, 80, 0, 0, 0, 9, 0, 0, 0, 0, 0x50, 0x10, 250 },
	};
	int ifindex = if_nametoindex(args[0]), fd = packet_socket(ifindex, ETH_P_IP);

	if (setsockopt(fd, SOL_PACKET, PACKET_VNET_HDR, &(int){ 1 }, sizeof(int)))
		err(2, "PACKET_VNET_HDR");
	for (int n = atoi(args[2]); n > 0; n--)
		send_frame(fd, ifindex, ETH_P_IP, (const void *)&frame, sizeof(frame));
	return 0;
}

/* ---- counters ------------------------------------------------------------ */

static long bpf(int command, union bpf_attr *attr)
{
	return syscall(SYS_bpf, command, attr, sizeof(*attr));
}

static int bpf_fd(int command, uint32_t id)
{
	union bpf_attr attr = { .prog_id = id };
	int fd = bpf(command, &attr);

	if (fd < 0)
		err(2, "id %u", id);
	return fd;
}

static void bpf_info(int fd, void *info, uint32_t size)
{
	union bpf_attr attr = { .info = { fd, size, (uintptr_t)info } };

	if (bpf(BPF_OBJ_GET_INFO_BY_FD, &attr))
		err(2, "info");
}

static unsigned possible_cpus(void)
{
	FILE *f = fopen("/sys/devices/system/cpu/possible", "r");
	unsigned first = 0, last = 0;

	if (!f || fscanf(f, "%u-%u", &first, &last) < 1)
		errx(2, "how many CPUs are there?");
	fclose(f);
	return last + 1;
}

static void reasons_of(const char *id)
{
	uint32_t ids[64];
	struct bpf_prog_info prog = { .nr_map_ids = 64, .map_ids = (uintptr_t)ids };
	const char *separator = "";

	bpf_info(bpf_fd(BPF_PROG_GET_FD_BY_ID, atoi(id)), &prog, sizeof(prog));
	for (uint32_t i = 0; i < prog.nr_map_ids; i++) {
		int fd = bpf_fd(BPF_MAP_GET_FD_BY_ID, ids[i]);
		uint64_t values[possible_cpus()], sum;
		struct bpf_map_info map = {};

		bpf_info(fd, &map, sizeof(map));
		if (strcmp(map.name, "reasons"))
			continue;
		for (uint32_t key = 0; key < map.max_entries; key++) {
			union bpf_attr attr = { .map_fd = fd, .key = (uintptr_t)&key,
						.value = (uintptr_t)values };

			if (bpf(BPF_MAP_LOOKUP_ELEM, &attr))
				err(2, "reason %u", key);
			sum = 0;
			for (unsigned cpu = 0; cpu < possible_cpus(); cpu++)
				sum += values[cpu];
			if (sum)
				printf("%s%u=%llu", separator, key, (unsigned long long)sum), separator = " ";
		}
		puts("");
		return;
	}
	errx(2, "program %s has no map `reasons`", id);
}

static int reasons(char **args)
{
	while (*args)
		reasons_of(*args++);
	return 0;
}

/* As bpftool prog and map, which take seconds in a guest. */
static int ids(char **args)
{
	static const struct { int command; char letter; } kinds[] = {
		{ BPF_PROG_GET_NEXT_ID, 'p' }, { BPF_MAP_GET_NEXT_ID, 'm' },
	};

	(void)args;
	for (int i = 0; i < 2; i++) {
		union bpf_attr attr = {};

		for (; !bpf(kinds[i].command, &attr); attr.start_id = attr.next_id)
			printf("%c%u ", kinds[i].letter, attr.next_id);
	}
	puts("");
	return 0;
}

/* ---- a place to test in -------------------------------------------------- */

static void write_file(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY);

	if (fd >= 0 && write(fd, text, strlen(text)) < 0)
		err(2, "%s", path);
	close(fd);
}

static void up(const char *dev)
{
	struct ifreq ifr = { .ifr_flags = IFF_UP };
	int fd = socket(AF_INET, SOCK_DGRAM, 0);

	snprintf(ifr.ifr_name, IFNAMSIZ, "%s", dev);
	if (ioctl(fd, SIOCSIFFLAGS, &ifr))
		err(2, "%s", dev);
	close(fd);
}

/* Does the work of unshare, mount, sysctl and ip, which would take a second in a guest. */
static int alone(char **args)
{
	static const char *const fs[][2] = {
		{ "proc", "/proc" }, { "tmpfs", "/run" }, { "sysfs", "/sys" }, { "bpf", "/sys/fs/bpf" },
	};
	int status;
	pid_t pid;

	if (unshare(CLONE_NEWNET | CLONE_NEWNS | CLONE_NEWPID))
		err(2, "unshare");
	pid = fork();
	if (pid)
		return waitpid(pid, &status, 0) < 0 || !WIFEXITED(status) ? 2 : WEXITSTATUS(status);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL))
		err(2, "mount");
	for (size_t i = 0; i < sizeof(fs) / sizeof(*fs); i++)
		if (mount(fs[i][0], fs[i][1], fs[i][0], 0, NULL))
			err(2, "mount %s", fs[i][1]);
	mount("cgroup2", "/sys/fs/cgroup", "cgroup2", 0, NULL);
	mount("debugfs", "/sys/kernel/debug", "debugfs", 0, NULL);
	write_file("/proc/sys/net/ipv6/conf/default/disable_ipv6", "1");
	write_file("/proc/sys/net/ipv6/conf/default/accept_dad", "0");
	write_file("/proc/sys/net/ipv6/conf/all/accept_dad", "0");
	up("lo");
	execvp(args[0], args);
	err(127, "%s", args[0]);
}

static int sum(char **args)
{
	size_t n = read_hex(args[1], frame, FRAME_MAX);

	puts(sum_of(!strcmp(args[0], "ether"), frame, n));
	return 0;
}

int main(int argc, char **argv)
{
	static const struct {
		const char *name;
		int (*run)(char **args);
		int args;
	} commands[] = {
		{ "alone", alone, 1 }, { "netns", netns, 2 }, { "pass", pass, 2 }, { "catch", catch, 3 },
		{ "flow", flow, 6 }, { "flood", flood, 3 }, { "gso", gso, 3 },
		{ "sum", sum, 2 }, { "syn", syn, 2 },
		{ "udp", udp, 3 }, { "transfer", transfer, 4 }, { "echo", echo, 4 }, { "offload", offload, 3 },
		{ "ids", ids, 0 }, { "napi", napi, 1 }, { "queue", queue, 3 },
		{ "reasons", reasons, 1 }, { "ppp", ppp, 3 },
		{ "wireguard", wireguard, 4 },
	};

	for (size_t i = 0; i < sizeof(commands) / sizeof(*commands); i++)
		if (argc > 1 && !strcmp(argv[1], commands[i].name) && argc - 2 >= commands[i].args)
			return commands[i].run(argv + 2);
	fputs("usage: packet alone|netns|pass|flow|flood|gso|catch|sum|syn|udp|ppp|wireguard|napi|queue|transfer|echo|offload|ids|reasons ...\n",
	      stderr);
	return 2;
}
