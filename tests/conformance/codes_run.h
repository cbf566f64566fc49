// SPDX-License-Identifier: GPL-2.0-only
/*
 * Sends a packet for each case and prints the result, a row for each value, hook and place:
 * `code/-1/egress/last`. DETAIL is the result for each control word, or one result if all are the
 * same. A result has, in this order: how often the program ran, if not once; the programs that the
 * packet reached after that; and the end: it passes (htb: in which class), is redirected, or is dropped.
 */
static const int codes[] = CODES;
static const char *const hook_names[] = { "egress", "ingress", "ingress-qdisc", "htb" };
static const char *const senders[] = { "a0", "a0", "b0", "c0", "eth1" };
enum { PAGE = 4 };	/* the page's device */
static const char *const controls[] = {
	"pass", "drop", "reclassify", "pipe", "continue", "trap", "goto", "jump" };
static struct seen seen[CASES];

static void send_packet(int hook, unsigned int mark, __be16 tag, int port)
{
	struct { __be16 tpid, tci; } vlan = { htons(ETHERTYPE_VLAN), tag };
	struct { struct iphdr ip; __be16 udp[4]; __u32 mark; } content = {
		.ip = { .version = 4, .ihl = 5, .ttl = 64, .protocol = IPPROTO_UDP,
			.tot_len = htons(sizeof(content)),
			.saddr = htonl(0x0a020001 | (senders[hook][0] - 'a') << 8),
			.daddr = htonl(0x0a020002 | (senders[hook][0] - 'a') << 8) },
		.udp = { htons(1000), htons(port), htons(12), 0 }, .mark = mark };
	unsigned char frame[64] = { 2, 0, 0, 0, 2, 2, 2, 0, 0, 0, 2, 1 }, *end = frame + 12;
	__be16 type = htons(ETHERTYPE_IP);
	struct sockaddr_ll to = { .sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_IP),
				  .sll_ifindex = if_nametoindex(senders[hook]), .sll_halen = 6 };
	int priority = tag ? 5 : 0;
	static int fd = -1;

	content.ip.check = htons(~sum(&content.ip, sizeof(content.ip), 0));
	if (tag)
		end = mempcpy(end, &vlan, sizeof(vlan));
	end = mempcpy(end, &type, sizeof(type));
	end = mempcpy(end, &content, sizeof(content));
	if (fd < 0)
		fd = socket(AF_PACKET, SOCK_RAW, 0);
	if (setsockopt(fd, SOL_SOCKET, SO_MARK, &mark, sizeof(mark)) ||
	    setsockopt(fd, SOL_SOCKET, SO_PRIORITY, &priority, sizeof(priority)))
		die("SO_MARK, SO_PRIORITY");
	/* what htb drops is told to the sender */
	if (sendto(fd, frame, end - frame, 0, (void *)&to, sizeof(to)) < 0 && errno != ENOBUFS)
		die("sendto");
}

/*
 * Receives until the last packet, which no filter touches, has arrived: then all have. Returns how many
 * arrived with @mark.
 */
static int receive(int fd, int hook, unsigned int mark)
{
	struct pollfd wait = { fd, POLLIN, 0 };
	unsigned int got = 0, last = hook + 1;
	int count = 0;

	send_packet(hook, last, 0, KNOWN_PORT);
	while (got != last) {
		if (poll(&wait, 1, 10000) != 1)
			die("the packet that nothing touches did not arrive");
		if (recv(fd, &got, sizeof(got), 0) != sizeof(got))
			continue;
		count += got == mark;
		if (got & OURS)
			seen[CASE(got)].received++;
	}
	return count;
}

static int receiver(void)
{
	struct sockaddr_in any = { .sin_family = AF_INET, .sin_port = htons(KNOWN_PORT) };
	int fd = socket(AF_INET, SOCK_DGRAM, 0), size = 1 << 22;

	if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size)) ||
	    bind(fd, (void *)&any, sizeof(any)))
		die("a UDP socket");
	return fd;
}

static int pinned(const char *pins, const char *map)
{
	char path[128];
	int fd;

	snprintf(path, sizeof(path), "%s/%s", pins, map);
	fd = bpf_obj_get(path);
	if (fd < 0)
		die(path);
	return fd;
}

/*
 * bpf_redirect() under a classful qdisc crashes some kernels, since Linux 6.11 until the fix of 2026
 * ("TC_ACT_REDIRECT from qdisc filter chains is not supported").
 */
static bool may_send(int hook, int value)
{
	int major = 0, minor = 0, patch = 0;
	struct utsname name;

	if (hook != 3 || value < REDIRECT_7)
		return true;
	uname(&name);
	sscanf(name.release, "%d.%d.%d", &major, &minor, &patch);
	if (major < 6 || (major == 6 && minor < 11))
		return true;
	return (major == 6 && minor == 12 && patch >= 117) ||
	       (major == 7 && minor == 2 && patch >= 13) || major > 7 || (major == 7 && minor > 2);
}

static void outcome(char *text, int hook, const struct seen *s)
{
	*text = 0;
	if (s->runs != 1)
		text += sprintf(text, "%u runs, ", s->runs);
	if (s->action)
		text += sprintf(text, "next action, ");
	if (s->filter)
		text += sprintf(text, "next filter, ");
	if (s->chain)
		text += sprintf(text, "chain, ");
	if (s->redirected)
		sprintf(text, "redirected");
	else if (!s->received)
		sprintf(text, "dropped");
	else if (hook == 3)
		sprintf(text, "%s", s->flow ? "flowid" : s->other ? "default class" : "no class");
	else
		sprintf(text, "passes");
	if (s->received + s->redirected > 1)
		strcat(text, " twice");
}

static void code_row(int hook, int middle, int value)
{
	char row[64], texts[CONTROLS][96], detail[CONTROLS * 120] = "";
	const char *called = value == STALE_7 ? "stale+" : value >= REDIRECT_7 ? "redirect+" : "";
	bool same = true;

	snprintf(row, sizeof(row), "code/%s%d/%s/%s", called, codes[value], hook_names[hook],
		 middle ? "middle" : "last");
	if (!may_send(hook, value)) {
		result(row, "seen", "not tried: it may end this kernel");
		return;
	}
	for (int c = 0; c < CONTROLS; c++) {
		outcome(texts[c], hook, &seen[CASE(MARK(hook, middle, c, value))]);
		same &= !strcmp(texts[c], texts[0]);
	}
	for (int c = 0; c < CONTROLS; c++)
		sprintf(detail + strlen(detail), "%s%s: %s", c ? "; " : "", controls[c], texts[c]);
	result(row, "seen", "%s", same ? texts[0] : detail);
}

static void all_codes(const char *pins)
{
	int fd = receiver(), map_fd = pinned(pins, "seen"), target = pinned(pins, "target");
	unsigned int index = if_nametoindex("r0");
	char text[96];

	if (bpf_map_update_elem(target, &(__u32){ 0 }, &index, 0))
		die("target");
	for (int hook = 0; hook < HOOKS; hook++) {
		/* REDIRECT_0 and STALE_7 alternate, after all the others */
		for (int value = 0; value < REDIRECT_0; value++)
			for (int i = 0; i < 2 * CONTROLS; i++)
				if (may_send(hook, value))
					send_packet(hook, MARK(hook, i & 1, i / 2, value), 0, KNOWN_PORT);
		for (int i = 0; i < 4 * CONTROLS; i++)
			if (may_send(hook, REDIRECT_0))
				send_packet(hook, MARK(hook, i / 2 & 1, i / 4, REDIRECT_0 + (i & 1)), 0, KNOWN_PORT);
		receive(fd, hook, 0);
	}
	send_packet(0, DIRECT | 2, 0, KNOWN_PORT);
	receive(fd, 0, 0);
	send_packet(3, WRITTEN, 0, KNOWN_PORT);
	send_packet(3, WRITTEN | 1, 0, KNOWN_PORT);
	receive(fd, 3, 0);
	for (__u32 i = 0; i < CASES; i++) {
		unsigned int received = seen[i].received;

		bpf_map_lookup_elem(map_fd, &i, &seen[i]);
		seen[i].received = received;
	}
	for (int value = 0; value < VALUES; value++)
		for (int hook = 0; hook < HOOKS; hook++)
			for (int middle = 0; middle < 2; middle++)
				code_row(hook, middle, value);
	outcome(text, 0, &seen[CASE(DIRECT | 2)]);
	result("code/1/egress/direct", "seen", "%s", text);
	result("wire/tc_index-written", "seen", "%u after TC_ACT_OK, %u after TC_ACT_PIPE",
	       seen[CASE(WRITTEN)].index, seen[CASE(WRITTEN | 1)].index);
	outcome(text, 3, &seen[CASE(WRITTEN)]);
	result("wire/tc_classid-written", "seen", "%s", text);
}

/* Does a packet with the mark of attach.bpf.c arrive from the page's device? */
static void arrives(void)
{
	int fd = receiver();

	send_packet(PAGE, ATTACHED, 0, KNOWN_PORT);
	puts(receive(fd, PAGE, ATTACHED) ? "yes" : "no");
}

static void wire_row(const char *field, __u64 egress, __u64 ingress)
{
	static const char *const vary[] = { "hash", "napi_id", "tstamp" };
	char row[64];

	snprintf(row, sizeof(row), "wire/%s", field);
	for (size_t i = 0; i < ARRAY_SIZE(vary); i++)
		if (!strcmp(field, vary[i])) {
			result(row, "seen", "egress %s, ingress %s", egress ? "set" : "0", ingress ? "set" : "0");
			return;
		}
	if (strstr(field, "ifindex")) {
		unsigned int a0 = if_nametoindex("a0"), a1 = if_nametoindex("a1");

		result(row, "seen", "egress %s, ingress %s", egress == a0 ? "this device" : egress ? "other" : "0",
		       ingress == a1 ? "this device" : ingress ? "other" : "0");
		return;
	}
	if (!strcmp(field, "protocol") || !strcmp(field, "vlan_proto")) {
		egress = ntohs(egress);
		ingress = ntohs(ingress);
	}
	result(row, "seen", "egress %#llx, ingress %#llx", egress, ingress);
}

/* An ordinary socket of another user sends by a route that has a realm; returns its cookie. */
static __u64 send_as_user(void)
{
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons(KNOWN_PORT),
				  .sin_addr.s_addr = htonl(0x0a090001) };
	unsigned int mark = WIRE | SENDER;
	socklen_t length = sizeof(__u64);
	__u64 cookie = 0;
	int fd;

	setfsuid(KNOWN_UID);
	fd = socket(AF_INET, SOCK_DGRAM, 0);
	setfsuid(0);
	if (setsockopt(fd, SOL_SOCKET, SO_MARK, &mark, sizeof(mark)) ||
	    getsockopt(fd, SOL_SOCKET, SO_COOKIE, &cookie, &length) ||
	    sendto(fd, "", 1, 0, (void *)&to, sizeof(to)) != 1)
		die("10.9.0.1");
	return cookie;
}

static void all_wire(const char *pins)
{
	int fd = receiver(), map_fd = pinned(pins, "wire"), devices = pinned(pins, "devices"), assigned;
	unsigned int neigh = if_nametoindex("n0"), peer = if_nametoindex("p0");
	struct wire at[2];
	__u64 cookie;

	if (bpf_map_update_elem(devices, &(__u32){ 0 }, &neigh, 0) ||
	    bpf_map_update_elem(devices, &(__u32){ 1 }, &peer, 0))
		die("devices");
	send_packet(0, WIRE | SNAPSHOT, htons(0x6123), KNOWN_PORT);
	send_packet(0, WIRE | NEIGH, 0, KNOWN_PORT);
	send_packet(0, WIRE | PEER, 0, KNOWN_PORT);
	send_packet(0, WIRE | ASSIGN, 0, KNOWN_PORT + 1);
	cookie = send_as_user();
	assigned = receive(fd, 0, WIRE | ASSIGN);
	for (__u32 i = 0; i < 2; i++)
		bpf_map_lookup_elem(map_fd, &i, &at[i]);
#define ROW(field) wire_row(#field, at[0].field, at[1].field);
	WIRE_FIELDS(ROW)
	ROW(cb) ROW(data) ROW(data_meta) ROW(sk)
	result("wire/bpf_redirect_neigh", "seen", "%s", at[1].neigh == 1 ? "the neighbour's address" :
	       at[1].neigh ? "another address" : "nothing arrived");
	result("wire/bpf_redirect_peer", "seen", "%s", at[1].peer ? "arrived" : "nothing arrived");
	result("wire/bpf_get_socket_uid", "seen", "%lld", at[0].uid);
	result("wire/bpf_get_socket_cookie", "seen", "%s SO_COOKIE", at[0].cookie == cookie ? "as" : "not");
	result("wire/bpf_get_route_realm", "seen", "%lld", at[0].realm);
	result("wire/bpf_skb_get_xfrm_state", "seen", "SPI %#llx, reqid %lld", at[1].spi, at[1].reqid);
	result("wire/bpf_sk_assign", "seen", "%s", assigned ? "the socket received it" : "nothing arrived");
}
