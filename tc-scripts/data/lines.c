// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <linux/pkt_sched.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "command.h"

/* The kernel fills no message of a dump further than this (net/netlink/af_netlink.c: netlink_dump()). */
#define MESSAGE_MAX 32768

/* What tcact heeds at the begin of a line of tc: tcact.d/filters.awk and place.bash. */
static bool looks_like_a_line(const char *text, size_t size)
{
	static const char *const begin[] = { "filter ", "hook ", "qdisc ", "\taction order ", "\t index ", "\t random type ",
		"\tSent ", "\tcookie " };

	for (size_t i = 0; i < sizeof(begin) / sizeof(*begin); i++)
		if (size >= strlen(begin[i]) && !memcmp(text, begin[i], strlen(begin[i])))
			return true;
	return false;
}

static bool forged(const char *bytes, size_t size)
{
	const char *end = bytes + size;

	while ((bytes = memchr(bytes, '\n', end - bytes))) {
		bytes++;
		if (looks_like_a_line(bytes, end - bytes))
			return true;
	}
	return false;
}

/* Reads the answer to a dump: 1 if there is a forged line in it, 0 if there is none; -1 with errno. */
static int dump_read(int socket, char *buffer)
{
	int found = 0;

	while (true) {
		ssize_t n = recv(socket, buffer, MESSAGE_MAX, MSG_TRUNC);
		const struct nlmsghdr *m = (const void *)buffer;

		if (n < 0 && errno == EINTR)
			continue;
		if (n > MESSAGE_MAX)
			errno = EMSGSIZE;
		if (n < 0 || n > MESSAGE_MAX)
			return -1;
		for (long long left = n; NLMSG_OK(m, left); m = NLMSG_NEXT(m, left)) {
			if (m->nlmsg_type == NLMSG_ERROR) {
				errno = -((const struct nlmsgerr *)NLMSG_DATA(m))->error;
				return -1;
			}
			if (m->nlmsg_type == NLMSG_DONE)
				return found;
			if (forged(NLMSG_DATA(m), NLMSG_PAYLOAD(m, 0)))
				found = 1;
		}
	}
}

static int filters_read(int socket, char *buffer, unsigned int device, const char *dir)
{
	const struct {
		struct nlmsghdr head;
		struct tcmsg tc;
	} request = {
		.head = { .nlmsg_len = sizeof(request), .nlmsg_type = RTM_GETTFILTER,
			  .nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP },
		.tc = { .tcm_family = AF_UNSPEC, .tcm_ifindex = (int)device,
			.tcm_parent = TC_H_MAKE(TC_H_CLSACT, *dir == 'i' ? TC_H_MIN_INGRESS : TC_H_MIN_EGRESS) },
	};

	return send(socket, &request, sizeof(request), 0) < 0 ? -1 : dump_read(socket, buffer);
}

/*
 * lines DEV IFINDEX DIR...: fails if a filter there has a text, such as the name of a program, that tc would print as
 * lines of its own. tc prints names as they are, so their author could make tcact see attachments that are not there.
 * Fails also if another device has got the name: IFINDEX is what it had, or 0.
 */
int command_lines(const struct options *options, char **words, int n, struct error *e)
{
	int route = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
	char *buffer = malloc(MESSAGE_MAX);

	(void)options;
	if (route < 0 || !buffer)
		error(e, REFUSED, "try again", "cannot look at filters: %s", strerror(errno));
	for (int i = 0; i + 2 < n && !e->status; i += 3) {
		unsigned int device = if_nametoindex(words[i]), known = strtoul(words[i + 1], NULL, 10);
		/* no such device, or none with filters: tc says so */
		int found = device ? filters_read(route, buffer, device, words[i + 2]) : 0;

		if (device && known && device != known)
			error(e, REFUSED, "see: ip link", "%s: the device is gone, another has its name", Q(words[i]));

		if (found < 0 && errno != ENODEV && errno != EINVAL && errno != ENOENT && errno != EOPNOTSUPP)
			error(e, REFUSED, "try again", "cannot look at the filters of %s: %s", Q(words[i]), strerror(errno));
		if (found > 0)
			error(e, REFUSED, "delete the filter whose program has line breaks in its name",
			      "%s %s: a name looks like lines of tc", Q(words[i]), words[i + 2]);
	}
	if (route >= 0)
		close(route);
	free(buffer);
	return e->status ? -1 : 0;
}
