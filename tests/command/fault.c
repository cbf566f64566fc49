// SPDX-License-Identifier: GPL-2.0-only
/*
 * fault LOG FAULT COMMAND...: runs COMMAND, and writes to LOG a line for each system call by which it, or what it
 * starts, changes something: its number, a tab, its kind, a tab, and what it changes. FAULT is "-", or "N:ERROR": call
 * number N is not made, it fails with ERROR; "N:ERROR+": all later ones of its kind fail too. A kernel that this stops
 * and asks (seccomp) sees all processes in one order, so that one number names one call.
 *
 * Called as tc: what it is asked is such a call too, of the kind tc. Then it becomes $SIMULATED_TC, whose calls are
 * the kernel's own work and do not count. ERROR hang: it never ends, late: it ends only in its work, refused: it says
 * what tc says where the kernel refuses; second: of a batch, the kernel refuses the second command.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/audit.h>
#include <linux/bpf.h>
#include <linux/filter.h>
#include <linux/netlink.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

/* What the tc of this program says to the supervisor: mkdirat(ASK_TC, words, 0), which means nothing to a kernel. */
#define ASK_TC -7777

enum subject { PATH, OPEN, FD, BPF, NETLINK };

static const struct call {
	int nr;
	enum subject subject;
	int arg;	/* which argument it is */
	const char *kind;
} calls[] = {
#ifdef SYS_open
	{ SYS_mkdir, PATH, 0, "mkdir" }, { SYS_rmdir, PATH, 0, "rmdir" }, { SYS_unlink, PATH, 0, "unlink" },
	{ SYS_rename, PATH, 1, "rename" }, { SYS_link, PATH, 1, "link" }, { SYS_symlink, PATH, 1, "symlink" },
	{ SYS_chmod, PATH, 0, "chmod" }, { SYS_chown, PATH, 0, "chown" }, { SYS_mknod, PATH, 0, "mknod" },
	{ SYS_open, OPEN, 0, "openat" }, { SYS_creat, PATH, 0, "openat" },
#endif
	{ SYS_openat, OPEN, 1, "openat" }, { SYS_mkdirat, PATH, 1, "mkdir" }, { SYS_unlinkat, PATH, 1, "unlink" },
	{ SYS_renameat2, PATH, 3, "rename" }, { SYS_linkat, PATH, 3, "link" }, { SYS_symlinkat, PATH, 2, "symlink" },
	{ SYS_fchmodat, PATH, 1, "chmod" }, { SYS_fchownat, PATH, 1, "chown" }, { SYS_mknodat, PATH, 1, "mknod" },
	{ SYS_truncate, PATH, 0, "truncate" }, { SYS_mount, PATH, 1, "mount" }, { SYS_umount2, PATH, 0, "umount" },
	{ SYS_write, FD, 0, "write" }, { SYS_writev, FD, 0, "write" }, { SYS_pwrite64, FD, 0, "write" },
	{ SYS_sendfile, FD, 0, "write" }, { SYS_copy_file_range, FD, 2, "write" }, { SYS_fchmod, FD, 0, "chmod" },
	{ SYS_fchown, FD, 0, "chown" }, { SYS_ftruncate, FD, 0, "truncate" }, { SYS_fallocate, FD, 0, "truncate" },
	{ SYS_fsync, FD, 0, "fsync" }, { SYS_bpf, BPF, 0, "bpf" }, { SYS_sendmsg, NETLINK, 1, "sendmsg" },
};
#define CALLS (sizeof(calls) / sizeof(calls[0]))

/* of bpf(), those that change something */
static const char *const bpf_changes[] = {
	[BPF_MAP_CREATE] = "MAP_CREATE", [BPF_MAP_UPDATE_ELEM] = "MAP_UPDATE", [BPF_MAP_DELETE_ELEM] = "MAP_DELETE",
	[BPF_PROG_LOAD] = "PROG_LOAD", [BPF_OBJ_PIN] = "OBJ_PIN", [BPF_PROG_ATTACH] = "PROG_ATTACH",
	[BPF_PROG_DETACH] = "PROG_DETACH", [BPF_BTF_LOAD] = "BTF_LOAD", [BPF_MAP_FREEZE] = "MAP_FREEZE",
	[BPF_MAP_UPDATE_BATCH] = "MAP_UPDATE_BATCH", [BPF_MAP_DELETE_BATCH] = "MAP_DELETE_BATCH",
	[BPF_LINK_CREATE] = "LINK_CREATE", [BPF_LINK_UPDATE] = "LINK_UPDATE", [BPF_PROG_BIND_MAP] = "PROG_BIND_MAP",
};

static const struct error {
	const char *name;
	int number;
} errors[] = {
	{ "ENOSPC", ENOSPC }, { "EROFS", EROFS }, { "EPERM", EPERM }, { "EACCES", EACCES }, { "ENOMEM", ENOMEM },
	{ "EIO", EIO }, { "EBUSY", EBUSY }, { "EMFILE", EMFILE }, { "ENOBUFS", ENOBUFS }, { "E2BIG", E2BIG },
	{ "EDQUOT", EDQUOT },
	/* to this program's tc */
	{ "refused", ECONNREFUSED }, { "hang", EINTR }, { "late", ETIMEDOUT }, { "second", EILSEQ },
};

static void die(const char *what)
{
	perror(what);
	exit(125);
}

/* ---- as tc ----------------------------------------------------------------------------------------------------- */

/*
 * timeout(1) does not wait for its time, it is told that this is over. It must be the parent, and must already wait: before
 * that it does not know its child, and ends without it.
 */
static void hang(void)
{
	char path[64], state = '\0';
	FILE *stat;

	snprintf(path, sizeof(path), "/proc/%d/stat", (int)getppid());
	while (state != 'S') {
		usleep(1000);
		stat = fopen(path, "re");
		if (!stat || fscanf(stat, "%*d (timeout) %c", &state) != 1)
			die("fault: the parent of tc is not timeout");
		fclose(stat);
	}
	kill(getppid(), SIGALRM);
	for (;;)
		pause();
}

static int tc(char **argv)
{
	const char *simulated = getenv("SIMULATED_TC");
	char words[4096] = "";
	int status;

	for (char **word = argv + 1; *word; word++)
		snprintf(words + strlen(words), sizeof(words) - strlen(words), " %s", *word);
	errno = 0;
	syscall(SYS_mkdirat, ASK_TC, words, 0);
	if (errno == ECONNREFUSED) {
		fputs("RTNETLINK answers: Cannot allocate memory\n", stderr);
		return 2;
	}
	if (errno == EINTR)
		hang();
	if (errno == EILSEQ)
		setenv("REFUSE_SECOND", "1", 1);
	if (errno == ETIMEDOUT) {
		if (!fork()) {
			execv(simulated, argv);
			_exit(127);
		}
		wait(&status);
		hang();
	}
	execv(simulated, argv);
	die(simulated);
	return 1;
}

/* ---- the supervisor -------------------------------------------------------------------------------------------- */

static FILE *log_file;
static int at, error, number, exempt[4096], exempts;
static bool and_later;
static const char *fault_kind;

static bool fetch(pid_t pid, __u64 from, void *to, size_t size)
{
	struct iovec local = { to, size }, remote = { (void *)(uintptr_t)from, size };

	return process_vm_readv(pid, &local, 1, &remote, 1, 0) == (ssize_t)size;
}

static void fetch_text(pid_t pid, __u64 from, char *to, size_t size)
{
	size_t rest;

	/* what it does not need may not be there: page by page */
	for (; size > 1; from += rest, to += rest, size -= rest) {
		rest = 4096 - from % 4096;
		rest = rest < size - 1 ? rest : size - 1;
		if (!fetch(pid, from, to, rest))
			break;
		if (memchr(to, '\0', rest))
			return;
	}
	*to = '\0';
}

/* It, or what started it, is a tc at work. */
static bool is_exempt(pid_t pid)
{
	char path[64], stat[512];
	int ppid;

	while (pid > 1 && pid != getpid()) {
		for (int i = 0; i < exempts; i++)
			if (exempt[i] == pid)
				return true;
		snprintf(path, sizeof(path), "/proc/%d/stat", pid);
		FILE *file = fopen(path, "r");
		if (!file)
			return false;
		if (!fgets(stat, sizeof(stat), file) || !strrchr(stat, ')') ||
		    sscanf(strrchr(stat, ')'), ") %*c %d", &ppid) != 1)
			ppid = 0;
		fclose(file);
		pid = ppid;
	}
	return false;
}

/* What differs between two runs: numbers of processes, what mktemp(3) chooses. */
static void normalize(char *text)
{
	char *to = text, *name = strrchr(text, '/');

	name = name ? name + 1 : text;
	if (!strncmp(name, "sed", 3) || !strncmp(name, "sh-thd", 6) || !strncmp(name, ".tcact.", 7))
		strcpy(name + 3, "*");
	for (char *c = text; *c; c++) {
		size_t digits = strspn(c, "0123456789");

		if (digits >= 3) {
			*to++ = '#';
			c += digits - 1;
		} else {
			*to++ = *c == '\n' || *c == '\t' ? ' ' : *c;
		}
	}
	*to = '\0';
}

static bool same_file(const char *path, int fd)
{
	struct stat a, b;

	return !stat(path, &a) && !fstat(fd, &b) && a.st_dev == b.st_dev && a.st_ino == b.st_ino;
}

/* a file that the process has open, and not a pipe or a socket */
static bool is_file(pid_t pid, int fd, char *text, size_t size)
{
	char path[64];
	ssize_t n;

	snprintf(path, sizeof(path), "/proc/%d/fd/%d", pid, fd);
	n = readlink(path, text, size - 1);
	text[n < 0 ? 0 : n] = '\0';
	if (same_file(path, STDERR_FILENO))
		return false;
	if (same_file(path, STDOUT_FILENO))
		snprintf(text, size, "standard output");
	else if (text[0] != '/' || !strncmp(text, "/dev/", 5) || !strncmp(text, "/proc/", 6))
		return false;
	return true;
}

static bool is_bpf_change(pid_t pid, const __u64 *args, char *kind, char *text)
{
	union bpf_attr attr = {};

	if (args[0] >= sizeof(bpf_changes) / sizeof(bpf_changes[0]) || !bpf_changes[args[0]])
		return false;
	fetch(pid, args[1], &attr, args[2] < sizeof(attr) ? args[2] : sizeof(attr));
	sprintf(kind, "bpf %s", bpf_changes[args[0]]);
	switch (args[0]) {
	case BPF_MAP_CREATE:
		sprintf(text, "%.16s", attr.map_name);
		break;
	case BPF_PROG_LOAD:
		sprintf(text, "%.16s", attr.prog_name);
		/* libbpf asks by loading programs of other types what the kernel can do */
		return attr.prog_type == BPF_PROG_TYPE_SCHED_ACT;
	case BPF_BTF_LOAD:
		/* likewise by small ones */
		return attr.btf_size > 1024;
	case BPF_OBJ_PIN:
		fetch_text(pid, attr.pathname, text, PATH_MAX);
		break;
	}
	return strncmp(text, "libbpf_", 7);
}

static bool is_netlink_change(pid_t pid, __u64 from)
{
	struct msghdr message;
	struct iovec iov;
	struct nlmsghdr header;
	sa_family_t family = 0;

	return fetch(pid, from, &message, sizeof(message)) &&
	       (!message.msg_name || (fetch(pid, (uintptr_t)message.msg_name, &family, sizeof(family)) &&
				      family == AF_NETLINK)) &&
	       fetch(pid, (uintptr_t)message.msg_iov, &iov, sizeof(iov)) &&
	       fetch(pid, (uintptr_t)iov.iov_base, &header, sizeof(header)) &&
	       header.nlmsg_type >= NLMSG_MIN_TYPE && header.nlmsg_type % 4 != 2;	/* RTM_GET... */
}

/* is_change: sets kind and text to what the call is, if it changes something */
static bool is_change(const struct seccomp_notif *notif, char *kind, char *text)
{
	const struct call *call = calls;
	const __u64 *args = notif->data.args;

	while (call->nr != notif->data.nr)
		call++;
	strcpy(kind, call->kind);
	text[0] = '\0';
	if (call->nr == SYS_mkdirat && (int)args[0] == ASK_TC) {
		fetch_text(notif->pid, args[1], text, PATH_MAX);
		strcpy(kind, strstr(text, " show") || strstr(text, " get ") || strstr(text, " -batch -") ? "tc-look" :
			     strstr(text, " -batch ") ? "tc-batch" : "tc");
		exempt[exempts++ % 4096] = notif->pid;
		return true;
	}
	if (is_exempt(notif->pid))
		return false;
	switch (call->subject) {
	case PATH:
		fetch_text(notif->pid, args[call->arg], text, PATH_MAX);
		return true;
	case OPEN:
		fetch_text(notif->pid, args[call->arg], text, PATH_MAX);
		return args[call->arg + 1] & (O_ACCMODE | O_CREAT | O_TRUNC) && strncmp(text, "/dev/", 5) &&
		       strncmp(text, "/proc/", 6);
	case FD:
		return is_file(notif->pid, args[call->arg], text, PATH_MAX);
	case BPF:
		return is_bpf_change(notif->pid, args, kind, text);
	case NETLINK:
		return is_netlink_change(notif->pid, args[call->arg]);
	}
	return false;
}

static int answer(const struct seccomp_notif *notif)
{
	char kind[64], text[PATH_MAX];
	bool fails;

	if (!is_change(notif, kind, text))
		return 0;
	normalize(text);
	number++;
	fails = number == at || (fault_kind && and_later && !strcmp(kind, fault_kind));
	if (number == at)
		fault_kind = strdup(kind);
	fprintf(log_file, "%d\t%s\t%s%s\n", number, kind, text, number == at ? "\tINJECTED" : "");
	return fails ? error : 0;
}

static void supervise(int listener, pid_t child, int *status)
{
	struct pollfd poll_fd = { listener, POLLIN, 0 };

	for (;;) {
		struct seccomp_notif notif = {};
		struct seccomp_notif_resp response = {};
		int result;

		if (poll(&poll_fd, 1, -1) < 0)
			die("poll");
		if (!(poll_fd.revents & POLLIN))
			break;	/* the last one has ended */
		if (ioctl(listener, SECCOMP_IOCTL_NOTIF_RECV, &notif))
			continue;	/* killed meanwhile */
		result = answer(&notif);
		response.id = notif.id;
		response.error = -result;
		response.flags = result ? 0 : SECCOMP_USER_NOTIF_FLAG_CONTINUE;
		ioctl(listener, SECCOMP_IOCTL_NOTIF_SEND, &response);
	}
	waitpid(child, status, 0);
}

/* The calls of the list ask the supervisor. */
static int listen_to_calls(void)
{
	struct sock_filter code[CALLS + 3] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
	};
	struct sock_fprog program = { CALLS + 3, code };

	for (size_t i = 0; i < CALLS; i++)
		code[i + 1] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, calls[i].nr, CALLS - i, 0);
	code[CALLS + 1] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
	code[CALLS + 2] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_USER_NOTIF);
	return syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_NEW_LISTENER, &program);
}

int main(int argc, char **argv)
{
	const char *name = strrchr(argv[0], '/');
	char error_name[32] = "";
	int *listener, status = 0;
	pid_t child;

	if (!strcmp(name ? name + 1 : argv[0], "tc"))
		return tc(argv);
	if (argc < 4 || (strcmp(argv[2], "-") && sscanf(argv[2], "%d:%31[A-Za-z0-9]", &at, error_name) != 2))
		return fputs("usage: fault LOG -|N:ERROR[+] COMMAND...\n", stderr), 125;
	and_later = argv[2][strlen(argv[2]) - 1] == '+';
	for (size_t i = 0; i < sizeof(errors) / sizeof(errors[0]); i++)
		if (!strcmp(errors[i].name, error_name))
			error = errors[i].number;
	if (at && !error)
		return fputs("fault: no such error\n", stderr), 125;
	log_file = fopen(argv[1], "we");
	listener = mmap(NULL, sizeof(*listener), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (!log_file || listener == MAP_FAILED)
		die(argv[1]);
	*listener = -1;
	/* The file descriptor that the child gets is this process's too; it goes on when the child has become COMMAND. */
	child = syscall(SYS_clone, CLONE_VFORK | CLONE_FILES | SIGCHLD, 0, 0, 0, 0);
	if (child == 0) {
		*listener = listen_to_calls();
		if (*listener >= 0)
			execvp(argv[3], argv + 3);
		_exit(126);
	}
	if (child < 0 || *listener < 0)
		die("seccomp");
	alarm(120);
	supervise(*listener, child, &status);
	fclose(log_file);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}
