// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include <bpf/libbpf.h>

#include "command.h"
#include "file.h"
#include "used.h"
#include "value.h"

/*
 * The file: this, then records, each of a multiple of 8 bytes. All numbers are in the byte order of the machine, so a
 * file of the other byte order has another magic number.
 */
struct used_file {
	__u64 magic;
	__u64 size;		/* of the whole file */
	__u64 checksum;		/* of the records: zlib's CRC-32 */
};
#define USED_MAGIC 0x7463616374000001ULL	/* "tcact", and the version of this form */
#define USED_VERSION_BITS 24
#define USED_MAX (1ULL << 30)			/* bytes of a file */

/*
 * Of one action: this, its text, and of each element of its map that has something its number and its bytes, of all
 * CPUs. The text is its key, a tab, and all that must be the same for the bytes to mean the same.
 */
struct used_record {
	__u64 size;		/* of all of it */
	__u64 seed;
	__u64 text_size;	/* with the 0 at its end, and those up to a multiple of 8 */
	__u64 elements;
	char text[];
};

#define TEXT_MAX 4096
#define UP8(n) (((n) + 7) / 8 * 8)

/* The bytes of an element, of all CPUs; 0 if that cannot be known. */
static size_t element_size(const struct buckets *b)
{
	int cpus = b->per_cpu ? libbpf_num_possible_cpus() : 1;

	return cpus > 0 ? UP8(b->value_size) * cpus : 0;
}

/* What a record of these buckets begins with; -1 if it would be too long, or there is no memory, which is an error. */
static int text_of(const struct buckets *b, const struct settings *settings, const char *key, char text[TEXT_MAX],
		   struct error *e)
{
	static const char *const same[] = { "per", "prefix4", "prefix6", "buckets" };
	int n = snprintf(text, TEXT_MAX, "%s\t%s of %zu bytes, %zu ways, key %zu+%zu", key, settings->action->name,
			 element_size(b), b->ways, b->key_offset, b->key_words);

	for (size_t i = 0; i < b->columns && n < TEXT_MAX; i++)
		n += snprintf(text + n, TEXT_MAX - n, ", %s %zu+%zu", b->column[i].name, b->column[i].offset,
			      b->column[i].size);
	for (size_t i = 0; i < sizeof(same) / sizeof(*same) && n < TEXT_MAX; i++) {
		const struct parameter *p = parameter_named(settings->action, same[i]);
		char *value = p ? value_text(p, settings_bytes(settings, p)) : NULL;

		if (p && !value)
			return error_memory(e);
		if (p)
			n += snprintf(text + n, TEXT_MAX - n, ", %s %s", p->name, value);
		free(value);
	}
	return n < TEXT_MAX ? 0 : -1;
}

/* Does what they hold mean the same after a reboot? Times do not, and cgroups have other numbers then. */
static bool lasting(const struct buckets *b, const struct settings *settings)
{
	const struct parameter *per = parameter_named(settings->action, "per");
	const char *word = per ? value_word(per, value_number(per, settings_bytes(settings, per))) : NULL;

	return !buckets_have(b, COLUMN_TIME) && !(word && !strcmp(word, "cgroup"));
}

/* ---- reading --------------------------------------------------------------------------------- */

/* The record at @at of a file that ends at @end; NULL if it is none. */
static const struct used_record *record_at(const unsigned char *at, const unsigned char *end)
{
	const struct used_record *r = (const void *)at;
	size_t left = end - at;

	if (left < sizeof(*r) || r->size > left || r->size % 8 || r->size < sizeof(*r) ||
	    r->text_size > r->size - sizeof(*r) || r->text_size % 8 || !r->text_size || r->text[r->text_size - 1])
		return NULL;
	return r;
}

/* Says why the file at @path is not used, if it is there. */
static unsigned char *unfit(const char *path, bool tell, const char *why)
{
	if (tell)
		fprintf(stderr, "tcact: warning: %s: %s; what it counted begins at 0\n", Q(path), why);
	return NULL;
}

/*
 * All of the file, which its owner alone can have written; NULL if there is none, or it is not whole. @tell: and says so.
 * It is an error if the machine has no more of what it takes to read it.
 */
static unsigned char *used_read(const char *path, bool tell, struct error *e)
{
	int fd = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	const struct used_file *head;
	unsigned char *bytes;
	struct stat st;
	size_t n;

	if (fd < 0 && is_scarcity(errno)) {
		error_scarcity(e, "read", Q(path));
		return NULL;
	}
	if (fd < 0)
		return unfit(path, tell && errno != ENOENT, errno == ELOOP ? "it is a symbolic link; name the file itself"
									   : strerror(errno));
	if (fstat(fd, &st) || st.st_uid != geteuid() || st.st_mode & 022) {
		close(fd);
		return unfit(path, tell, "it must be yours, and writable by you alone (chmod 600)");
	}
	bytes = file_content(fd, USED_MAX, &n);
	close(fd);
	if (!bytes && is_scarcity(errno)) {
		error_scarcity(e, "read", Q(path));
		return NULL;
	}
	head = (const void *)bytes;
	if (!bytes || n < sizeof(*head) || head->magic != USED_MAGIC || head->size != n ||
	    head->checksum != crc32(0, bytes + sizeof(*head), n - sizeof(*head))) {
		free(bytes);
		return unfit(path, tell, "it is no file of this machine's tcact keep");
	}
	return bytes;
}

/* The first record, or that behind @r; NULL if there is no other. */
static const struct used_record *record_next(const unsigned char *file, const struct used_record *r)
{
	const struct used_file *head = (const void *)file;

	return record_at(r ? (const unsigned char *)r + r->size : file + sizeof(*head), file + head->size);
}

int used_find(struct used *used, const char *path, const char *key, struct settings *settings, struct error *e)
{
	const struct parameter *seed = parameter_named(settings->action, "seed");
	const struct used_record *r = NULL;
	struct buckets b = {};
	char text[TEXT_MAX];
	size_t step;

	memset(used, 0, sizeof(*used));
	if (!seed || buckets_of(&b, settings->action) || !lasting(&b, settings) || !element_size(&b) ||
	    text_of(&b, settings, key, text, e))
		return e->status ? -1 : 0;
	used->file = used_read(path, false, e);
	while (used->file && (r = record_next(used->file, r)))
		if (!strcmp(r->text, text))
			break;
	step = 8 + element_size(&b);
	if (!r || (r->size - sizeof(*r) - r->text_size) % step ||
	    r->elements != (r->size - sizeof(*r) - r->text_size) / step || !r->seed ||
	    (settings_given(settings, seed) && memcmp(settings_bytes(settings, seed), &r->seed, sizeof(r->seed))))
		return e->status ? -1 : 0;
	settings_put(settings, seed, (const unsigned char *)&r->seed);
	used->record = r;
	return 0;
}

int used_put_back(const struct used *used, int map, __u32 entries)
{
	const struct used_record *r = used->record;
	const unsigned char *at;
	size_t step;

	if (!r || !r->elements)
		return 0;
	at = (const unsigned char *)r->text + r->text_size;
	step = (r->size - sizeof(*r) - r->text_size) / r->elements;
	for (__u64 i = 0; i < r->elements; i++, at += step) {
		__u64 index = *(const __u64 *)at;
		__u32 element = (__u32)index;

		if (index < entries && bpf_map_update_elem(map, &element, at + 8, BPF_ANY))
			return -1;
	}
	return 0;
}

void used_free(struct used *used)
{
	free(used->file);
	memset(used, 0, sizeof(*used));
}

/* ---- writing --------------------------------------------------------------------------------- */

/* Writes the record of these buckets to a stream whose memory is at *@bytes. */
static int record_write(const struct buckets *b, const char *key, FILE *to, char **bytes, struct error *e)
{
	const struct parameter *seed = parameter_named(b->action, "seed");
	size_t size = element_size(b), begin = ftell(to);
	unsigned char *element = size ? malloc(size) : NULL;
	char text[TEXT_MAX] = "";
	struct used_record r = {};

	if (!element)
		return error_memory(e);
	if (text_of(b, &b->settings, key, text, e)) {
		free(element);
		return error(e, REFUSED, "shorten its match", "the description of an attachment is too long");
	}
	memcpy(&r.seed, settings_bytes(&b->settings, seed), sizeof(r.seed));
	r.text_size = UP8(strlen(text) + 1);
	fwrite(&r, sizeof(r), 1, to);
	fwrite(text, r.text_size, 1, to);
	for (__u32 i = 0; i < b->map->info.max_entries; i++) {
		const __u64 index = i;

		if (bpf_map_lookup_elem(b->map->fd, &i, element)) {
			program_cannot(e, "its buckets");
			break;
		}
		if (all_zero(element, size))
			continue;
		fwrite(&index, sizeof(index), 1, to);
		fwrite(element, size, 1, to);
		r.elements++;
	}
	free(element);
	r.size = ftell(to) - begin;
	if (!e->status && fflush(to))
		error_memory(e);
	if (!e->status)
		memcpy(*bytes + begin, &r, sizeof(r));
	return e->status ? -1 : 0;
}

/* Does this text begin with @word, up to one of @ends? */
static bool begins_with(const char *text, const char *ends, const char *word)
{
	size_t length = strcspn(text, ends);

	return strlen(word) == length && !strncmp(word, text, length);
}

/* Has what these words say the place of the record with this text? Not if it could not be read: then it has no NAME. */
static bool is_replaced(const char *text, char **devices, int n_devices, char **words, int n)
{
	for (int i = 0; i < n; i += 3)
		if (begins_with(text, "\t", words[i]))
			return words[i + 1];
	for (int i = 0; i < n_devices; i++)
		if (begins_with(text, " ", devices[i]))
			return true;
	return false;
}

/*
 * What the file had for other devices, and other keys than those of @words, stays: they may come, and so may what is to
 * be attached to them.
 */
static void keep_others(const char *path, char **devices, int n_devices, char **words, int n, FILE *to, struct error *e)
{
	unsigned char *file = used_read(path, true, e);
	const struct used_record *r = NULL;

	while (file && (r = record_next(file, r)))
		if (!is_replaced(r->text, devices, n_devices, words, n))
			fwrite(r, r->size, 1, to);
	free(file);
}

/*
 * Is what is at @path a regular file that begins as that of keep does, of any version and byte order? A killed call may
 * have left less than that.
 */
static bool begins_as_kept(const char *path, const struct stat *st)
{
	const __u64 magic = USED_MAGIC;
	__u64 begin = 0;
	ssize_t n = -1;
	int fd = S_ISREG(st->st_mode) ? open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC) : -1;

	if (fd >= 0) {
		n = read(fd, &begin, sizeof(begin));
		close(fd);
	}
	if (n == sizeof(begin))
		return begin >> USED_VERSION_BITS == magic >> USED_VERSION_BITS ||
		       __builtin_bswap64(begin) >> USED_VERSION_BITS == magic >> USED_VERSION_BITS;
	return n >= 0 && !memcmp(&begin, &magic, n);
}

/* What is at @path, if anything, may be replaced: no file of somebody else's is lost. */
static int replaceable(const char *path, const char *next, struct error *e)
{
	struct stat st;

	/* where it cannot be looked at, it cannot be written either */
	if (lstat(path, &st) || begins_as_kept(path, &st))
		return 0;
	if (S_ISDIR(st.st_mode))
		return error(e, USAGE, "name a file", "%s is a directory", Q(path));
	return error(e, USAGE, next, "%s is not a file of tcact keep", Q(path));
}

/*
 * Puts these bytes in the place of the file, by way of the file @temporary beside it, so that at any time either the old
 * or the new one is whole on the disk. Both are replaceable().
 */
static int file_replace(const char *path, const char *temporary, const char *bytes, size_t size, struct error *e)
{
	const char *slash = strrchr(path, '/');
	char directory[PATH_MAX];
	int file, of;

	snprintf(directory, sizeof(directory), "%.*s", slash ? (int)(slash - path) + 1 : 1, slash ? path : ".");
	/* what a killed call left */
	unlink(temporary);
	file = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (file < 0)
		return error(e, REFUSED, "check its directory", "cannot write %s: %s", Q(temporary), strerror(errno));
	if (write_all(file, bytes, size) || fsync(file) || rename(temporary, path)) {
		error(e, REFUSED, "make room there", "cannot write %s: %s", Q(path), strerror(errno));
		unlink(temporary);
	}
	close(file);
	of = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (of >= 0) {
		fsync(of);
		close(of);
	}
	return e->status ? -1 : 0;
}

/* kept FILE: warns if it is not fit for use; each load that reads it is silent */
int command_kept(const struct options *options, char **words, int n, struct error *e)
{
	(void)options, (void)n;
	free(used_read(words[0], true, e));
	return e->status ? -1 : 0;
}

/*
 * used FILE N DEV... [KEY NAME ID]...: writes what the buckets of these programs hold, as far as it lasts. KEY
 * begins with the name of its device. What FILE has for devices other than these N, for other KEYs, and for programs that
 * cannot be read stays in it. If there is nothing to be written, there is no FILE afterwards. A FILE that is of something else stays as it is.
 */
int command_used(const struct options *options, char **words, int n, struct error *e)
{
	struct used_file head = { .magic = USED_MAGIC };
	int devices = atoi(words[1]);
	char *bytes = NULL, temporary[PATH_MAX];
	size_t size = 0;
	__u32 id;
	FILE *to;

	if (devices < 0 || devices > n - 2 || (n - 2 - devices) % 3)
		return error(e, USAGE, "see: tcact help", "used: write FILE, N DEV..., and KEY, NAME and ID");
	if (snprintf(temporary, sizeof(temporary), "%s.new", words[0]) >= (int)sizeof(temporary))
		return error(e, USAGE, "choose another FILE", "the name of FILE is too long");
	if (replaceable(words[0], "choose another FILE", e) ||
	    replaceable(temporary, "delete it, or choose another FILE", e))
		return -1;
	/* What FILE has of them would be lost. */
	if (n > 2 + devices && bpf_prog_get_next_id(0, &id) && errno == EPERM)
		return error(e, REFUSED, "run as root with CAP_SYS_ADMIN", "cannot read what is counted: not permitted");
	to = open_memstream(&bytes, &size);
	if (!to)
		return error_memory(e);
	fwrite(&head, sizeof(head), 1, to);
	for (int i = 2 + devices; i < n && !e->status; i += 3) {
		const struct action *action = action_once(options->objects, words[i + 1], e);
		struct buckets b = {};
		struct error own = {};

		if (!action)
			break;
		if (action->buckets && !buckets_open(&b, action, (__u32)strtoul(words[i + 2], NULL, 10), &own) &&
		    lasting(&b, &b.settings))
			record_write(&b, words[i], to, &bytes, e);
		/* of one that is gone, or of another version of tcact, what FILE has stays */
		if (own.unreadable)
			words[i + 1] = NULL;
		else if (own.status)
			*e = own;
		buckets_close(&b);
	}
	keep_others(words[0], words + 2, devices, words + 2 + devices, n - 2 - devices, to, e);
	if (ferror(to) | fclose(to))
		error_memory(e);
	head.size = size;
	if (!e->status && size == sizeof(head)) {
		if (unlink(words[0]) && errno != ENOENT)
			error(e, REFUSED, "check its directory", "cannot delete %s: %s", Q(words[0]), strerror(errno));
	} else if (!e->status) {
		head.checksum = crc32(0, (unsigned char *)bytes + sizeof(head), size - sizeof(head));
		memcpy(bytes, &head, sizeof(head));
		file_replace(words[0], temporary, bytes, size, e);
	}
	free(bytes);
	return e->status ? -1 : 0;
}
