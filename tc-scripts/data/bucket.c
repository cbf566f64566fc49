// SPDX-License-Identifier: GPL-2.0-only
/* Reading the buckets of an action. */
#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <tcact/layout.h>

#include "bucket.h"
#include "clock.h"
#include "more.h"
#include "value.h"

/* ---- what a bucket has ----------------------------------------------------------------------- */

/* The array @member of a set: its column, and the number of its elements; 0 if it is no array of numbers. */
static size_t column_of(const struct btf *btf, const struct btf_member *member, size_t value_size, struct column *c)
{
	const struct btf_type *type = btf__type_by_id(btf, member->type);
	const struct btf_type *of;
	const char *name;
	__s64 size;
	size_t n;

	if (!type || !btf_is_array(type))
		return 0;
	n = btf_array(type)->nelems;
	of = btf__type_by_id(btf, btf_array(type)->type);
	size = btf__resolve_size(btf, btf_array(type)->type);
	if (!of || !n || size <= 0 || size > 16 || member->offset / 8 + n * size > value_size)
		return 0;
	snprintf(c->name, sizeof(c->name), "%s", type_name(btf, member->name_off));
	name = type_name(btf, of->name_off);
	c->kind = !strcmp(name, "bucket_counter") || !strcmp(name, "bucket_counter32") ? COLUMN_COUNTER :
		  !strcmp(name, "bucket_time") ? COLUMN_TIME : COLUMN_NUMBER;
	c->offset = member->offset / 8;
	c->size = size;
	return n;
}

/* @value: the type of the values of a map of this type */
static int columns_find(struct buckets *b, const struct btf *btf, __u32 value, __u32 map_type)
{
	const struct btf_type *set = btf__type_by_id(btf, value);
	struct column c;

	if (!set || !btf_is_struct(set) || (map_type != BPF_MAP_TYPE_ARRAY && map_type != BPF_MAP_TYPE_PERCPU_ARRAY))
		return -1;
	b->value_size = set->size;
	b->per_cpu = map_type == BPF_MAP_TYPE_PERCPU_ARRAY;
	for (int i = 0; i < btf_vlen(set); i++) {
		size_t n = column_of(btf, btf_members(set) + i, b->value_size, &c);

		if (!n)
			continue;
		/* the key comes first */
		if (!b->ways) {
			b->ways = n;
			b->key_offset = c.offset;
			b->key_words = c.size / sizeof(__u64);
		} else if (n == b->ways && c.size <= sizeof(__u64) && b->columns < BUCKET_COLUMNS_MAX) {
			b->column[b->columns++] = c;
		}
	}
	return b->key_words && b->columns ? 0 : -1;
}

int buckets_open(struct buckets *b, const struct action *action, __u32 id, struct error *e)
{
	struct btf *btf = NULL;
	int result;

	memset(b, 0, sizeof(*b));
	b->action = action;
	if (!action->buckets)
		return error(e, USAGE, "see: tcact info", "%s has no buckets", action->name);
	if (settings_begin(&b->settings, action, e) || program_open(&b->program, id, e) ||
	    program_settings(&b->program, &b->settings, e))
		return -1;
	b->map = program_map(&b->program, action->buckets);
	if (b->map && types_open(&btf, b->map->info.btf_id, e))
		return -1;
	result = btf ? columns_find(b, btf, b->map->info.btf_value_type_id, b->map->info.type) : -1;
	btf__free(btf);
	return result || !map_is(b->map, b->map->info.type, b->value_size)
		? error(e, UNREADABLE, "del and add it", "program %u does not tell what its buckets are", id) : 0;
}

int buckets_of(struct buckets *b, const struct action *action)
{
	const struct btf *btf = action->btf;
	const struct btf_type *type;

	memset(b, 0, sizeof(*b));
	b->action = action;
	if (!action->buckets)
		return -1;
	type = btf__type_by_id(btf, map_member(btf, action->buckets, "type"));
	return type && btf_is_array(type)
		? columns_find(b, btf, map_member(btf, action->buckets, "value"), btf_array(type)->nelems) : -1;
}

bool buckets_have(const struct buckets *b, enum column_kind kind)
{
	for (size_t i = 0; i < b->columns; i++)
		if (b->column[i].kind == kind)
			return true;
	return false;
}

void buckets_close(struct buckets *b)
{
	program_close(&b->program);
	settings_free(&b->settings);
}

/* ---- reading --------------------------------------------------------------------------------- */

int bucket_compare(const void *a, const void *b)
{
	const struct bucket *x = a, *y = b;
	int order = memcmp(x->key, y->key, sizeof(x->key));

	return order ?: (x->place > y->place) - (x->place < y->place);
}

bool bucket_same_key(const struct bucket *a, const struct bucket *b)
{
	return !memcmp(a->key, b->key, sizeof(a->key));
}

/* Reads a number of at most 8 bytes. */
static __u64 number_at(const unsigned char *at, size_t size)
{
	__u64 number = 0;

	memcpy((unsigned char *)&number + (MACHINE_IS_BIG_ENDIAN ? sizeof(number) - size : 0), at, size);
	return number;
}

/* Bucket @way of the set at @value; false if nobody uses it. */
static bool bucket_at(const struct buckets *b, const unsigned char *value, size_t way, __u64 now, struct bucket *bucket)
{
	bool used = false;

	memset(bucket, 0, sizeof(*bucket));
	memcpy(bucket->key, value + b->key_offset + way * b->key_words * sizeof(__u64), b->key_words * sizeof(__u64));
	for (size_t i = 0; i < b->columns; i++) {
		const struct column *c = &b->column[i];
		__u64 n = number_at(value + c->offset + way * c->size, c->size);

		if (c->kind == COLUMN_TIME)
			n = (__s64)(n - now) > 0 ? (n - now) / BUCKET_TICKS : 0;
		bucket->value[i] = n;
		used |= n != 0;
	}
	return used;
}

void bucket_add(const struct buckets *b, struct bucket *to, const struct bucket *from)
{
	for (size_t c = 0; c < b->columns; c++) {
		if (b->column[c].kind == COLUMN_COUNTER)
			to->value[c] += from->value[c];
		else if (from->value[c] > to->value[c])
			to->value[c] = from->value[c];
	}
}

void buckets_merge(const struct buckets *b, struct bucket_list *list)
{
	size_t kept = 0;

	for (size_t i = 0; i < list->n; i++) {
		if (kept && bucket_same_key(&list->bucket[kept - 1], &list->bucket[i]))
			bucket_add(b, &list->bucket[kept - 1], &list->bucket[i]);
		else
			list->bucket[kept++] = list->bucket[i];
	}
	list->n = kept;
}

int buckets_read(const struct buckets *b, struct bucket_list *list, struct error *e)
{
	int cpus = b->per_cpu ? libbpf_num_possible_cpus() : 1;
	size_t stride = (b->map->info.value_size + 7) / 8 * 8;
	unsigned char *values = cpus > 0 ? malloc(stride * cpus) : NULL;
	int result = -1;
	__u64 now;

	memset(list, 0, sizeof(*list));
	if (!values)
		return error_memory(e);
	now = clock_ns(CLOCK_MONOTONIC) * BUCKET_TICKS;
	for (__u32 key = 0; key < b->map->info.max_entries; key++) {
		if (bpf_map_lookup_elem(b->map->fd, &key, values)) {
			program_cannot(e, "its buckets");
			goto out;
		}
		for (size_t i = 0; i < cpus * b->ways; i++) {
			struct bucket bucket, *added;

			if (!bucket_at(b, values + i / b->ways * stride, i % b->ways, now, &bucket))
				continue;
			added = one_more(list->bucket, list->n);
			if (!added) {
				error_memory(e);
				goto out;
			}
			bucket.place = i;
			*added = bucket;
		}
	}
	if (list->n)
		qsort(list->bucket, list->n, sizeof(*list->bucket), bucket_compare);
	result = 0;
out:
	free(values);
	return result;
}

/* ---- keys ------------------------------------------------------------------------------------ */

/* The inverse of an odd number modulo 2^64. Each step doubles the number of right bits, of which there are 3. */
static __u64 inverse(__u64 n)
{
	__u64 inverse = n;

	for (int i = 0; i < 5; i++)
		inverse *= 2 - n * inverse;
	return inverse;
}

/* The key that bucket_hash() made @hash of. */
static __u64 unhash(__u64 seed, __u64 hash)
{
	__u64 key = hash * inverse(0xd6e8feb86659fd93);

	key ^= key >> 32;
	key *= inverse(seed | 1);
	key ^= key >> 32;
	return key * inverse(0x9e3779b97f4a7c15) ^ seed;
}

/* The value of the parameter with this name; 0 if there is none. */
static __u64 setting(const struct buckets *b, const char *name)
{
	const struct parameter *p = parameter_named(b->action, name);

	return p ? (__u64)value_number(p, settings_bytes(&b->settings, p)) : 0;
}

/* The word for that value. */
static const char *setting_word(const struct buckets *b, const char *name)
{
	const struct parameter *p = parameter_named(b->action, name);
	const char *word = p ? value_word(p, setting(b, name)) : NULL;

	return word ?: "key";
}

static char *add_part(struct key_text *text, const char *label)
{
	text->part[text->parts].label = label;
	return text->part[text->parts++].text;
}

static void address_part(struct key_text *text, const char *label, int family, const void *address, unsigned int length)
{
	char *to = add_part(text, label), at[INET6_ADDRSTRLEN] = "";

	inet_ntop(family, address, at, sizeof(at));
	if (length < (family == AF_INET ? 32 : 128))
		snprintf(to, sizeof(text->part[0].text), "%s/%u", at, length);
	else
		strcpy(to, at);
}

static void number_part(struct key_text *text, const char *label, const char *format, __u64 n)
{
	snprintf(add_part(text, label), sizeof(text->part[0].text), format, (unsigned long long)n);
}

static void address_text(const struct buckets *b, const char *label, __u64 key, struct key_text *text)
{
	__be32 bits[4] = { htonl(key >> 32), htonl((__u32)key) };

	if (key >> 32 == BUCKET_IPV4 >> 32)
		address_part(text, label, AF_INET, &bits[1], setting(b, "prefix4"));
	else if (key >> 32 == BUCKET_TAG >> 32)
		number_part(text, label, "tag %llu", (__u32)key);
	else
		address_part(text, label, AF_INET6, bits, setting(b, "prefix6"));
}

/* As /etc/protocols calls them, which a small system does not have. */
static void protocol_part(struct key_text *text, __u64 number)
{
	static const struct {
		unsigned int number;
		const char *name;
	} names[] = {
		{ IPPROTO_ICMP, "icmp" }, { IPPROTO_TCP, "tcp" }, { IPPROTO_UDP, "udp" }, { IPPROTO_GRE, "gre" },
		{ IPPROTO_ESP, "esp" }, { IPPROTO_ICMPV6, "ipv6-icmp" }, { IPPROTO_SCTP, "sctp" },
	};

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		if (names[i].number == number)
			return (void)strcpy(add_part(text, "proto"), names[i].name);
	number_part(text, "proto", "%llu", number);
}

/* A key of 16 bytes: struct account_key of action/account.c. */
static void wide_key_text(const struct buckets *b, const char *per, const __u64 key[2], struct key_text *text)
{
	bool pair = !strcmp(per, "pair"), port = !strcmp(per, "sport") || !strcmp(per, "dport");
	const __be32 words[4] = { htonl(key[0] >> 32), htonl((__u32)key[0]), htonl(key[1] >> 32), htonl((__u32)key[1]) };
	const __be32 halves[2][4] = { { words[0], words[1] }, { words[2], words[3] } };
	unsigned int prefix6 = setting(b, "prefix6");

	if (key[0] == ~0ULL && key[1] == ~0ULL) {
		if (port)
			strcpy(add_part(text, "proto"), "other");
		strcpy(add_part(text, pair ? "src" : per), "other");
		if (pair)
			strcpy(add_part(text, "dst"), "other");
	} else if (port) {
		protocol_part(text, key[1] >> 16);
		number_part(text, per, "%llu", key[1] & 0xffff);
	} else if (!strcmp(per, "proto")) {
		protocol_part(text, key[1]);
	} else if (!pair && strcmp(per, "src") && strcmp(per, "dst")) {
		number_part(text, per, strcmp(per, "mark") ? "%llu" : "0x%llx", key[1]);
	} else if (key[0] == ~0ULL) {
		if (pair)
			address_part(text, "src", AF_INET, &words[2], setting(b, "prefix4"));
		address_part(text, pair ? "dst" : per, AF_INET, &words[3], setting(b, "prefix4"));
	} else if (pair) {
		address_part(text, "src", AF_INET6, halves[0], prefix6 < 64 ? prefix6 : 64);
		address_part(text, "dst", AF_INET6, halves[1], prefix6 < 64 ? prefix6 : 64);
	} else {
		address_part(text, per, AF_INET6, words, prefix6);
	}
}

void bucket_key_text(const struct buckets *b, const struct bucket *bucket, struct key_text *text)
{
	const char *per = setting_word(b, "per");
	__u64 key = unhash(setting(b, "seed"), bucket->key[0]);
	bool address = !strcmp(per, "src") || !strcmp(per, "dst");

	text->parts = 0;
	if (b->key_words == 2)
		wide_key_text(b, per, bucket->key, text);
	else if (!strcmp(per, "none"))
		strcpy(add_part(text, "key"), "all");
	else if (!strcmp(per, "mark"))
		number_part(text, per, "0x%llx", key);
	else if (address && (key >= BUCKET_TAG || setting(b, "prefix6") <= 64))
		address_text(b, per, key, text);
	else	/* more than 64 bits were hashed */
		number_part(text, per, "#%016llx", bucket->key[0]);
}
