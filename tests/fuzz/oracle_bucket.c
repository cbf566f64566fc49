// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a packet pays, and from which bucket: tcact-police(8), WHAT A PACKET PAYS; tcact-account(8), WHAT IS COUNTED. Half
 * of the objects are judged so (o->empty). They have one set of buckets, which is emptied before each packet, and a
 * rate so low that the time in the bucket tells what was paid. Of the hash in it the oracle knows only that two packets
 * have the same one exactly if the key that the manual page describes is the same.
 */
#include <time.h>
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include "fuzz.h"

#define TICKS 32ULL		/* include/tcact/layout.h: in a ns */
#define WORDS 32		/* of a set, at most */
#define CPUS 1024
#define SLOTS (1 << 14)

/* of the object that is tried */
static struct {
	int map, flows, cpus;	/* cpus: 0 if the buckets are not those of a CPU each */
	uint64_t unit;		/* ticks of a byte, packet or connection; 0: the bucket counts them */
	uint64_t second;	/* the same for ce-rate */
	uint64_t overhead, mpu, prefix4, prefix6;
	bool packets;
} bucket;

struct paid paid;

/* ---- the packets of the object so far -------------------------------------------------------- */

struct packet_of { uint8_t in[FRAME_MAX + ROOM]; uint32_t length; struct __sk_buff ctx; struct metadata more; };

/* Each @from has one @to: of a key its hash, and of a hash its key. */
static struct { struct key from, to; uint32_t packet; } known[SLOTS];
static uint32_t n_known;
static struct packet_of packets[SLOTS / 2];
/* where two packets are at fault, the first one */
static struct run before;

static bool know(const struct run *r, const struct key *from, const struct key *to)
{
	uint64_t sum = 14695981039346656037u;
	uint32_t slot;

	for (uint32_t i = 0; i < from->n; i++)
		sum = (sum ^ from->byte[i]) * 1099511628211u;
	for (slot = sum >> 32; known[slot %= SLOTS].from.n; slot++) {
		if (memcmp(&known[slot].from, from, sizeof(*from)))
			continue;
		if (!memcmp(&known[slot].to, to, sizeof(*to)))
			return true;
		struct packet_of *p = &packets[known[slot].packet];

		memcpy(before.in, p->in, p->length);
		before.length = p->length;
		before.ctx = p->ctx;
		before.more = p->more;
		before.object = r->object;
		return false;
	}
	if (n_known == SLOTS / 2)
		return true;
	struct packet_of *p = &packets[n_known];

	memcpy(p->in, r->in, r->length);
	p->length = r->length;
	p->ctx = r->ctx;
	p->more = r->more;
	known[slot].from = *from;
	known[slot].to = *to;
	known[slot].packet = n_known++;
	return true;
}

/* ---- parameters ------------------------------------------------------------------------------ */

void bucket_choose(struct object *o, struct rng *rng)
{
	struct param *flows = param_named(o->action, "flows");

	before.object = NULL;
	o->empty = chance(rng, 50);
	if (!o->empty)
		return;
	/* account has a set more */
	set_number(param_named(o->action, "buckets"), o->action->oracle == &account_oracle ? 16 : 8);
	if (flows)
		set_number(flows, 8);
}

static int map_of(struct object *o, const char *name) { return bpf_object__find_map_fd_by_name(o->bpf, name); }

void bucket_prepare(struct object *o, uint64_t unit, bool packets)
{
	struct action *a = o->action;
	bool account = a->oracle == &account_oracle, pays = param_named(a, "overhead");
	struct param *ce_rate = param_named(a, "ce-rate");

	if (!o->empty)
		return;
	bucket.map = map_of(o, account ? "account_sets" : a->oracle == &quota_oracle ? "quota_sets" :
			    a->oracle == &police_oracle ? "police_sets" : "bucket_sets");
	bucket.flows = map_of(o, "newconn_flows");
	bucket.cpus = account ? libbpf_num_possible_cpus() : 0;
	if (bucket.cpus > CPUS)
		die("more than %d CPUs", CPUS);
	bucket.unit = unit;
	bucket.second = ce_rate && ce_rate->value ? 256 * 1000000000ULL / ce_rate->value : 0;
	bucket.overhead = pays ? value_of(a, "", "overhead") : 0;
	bucket.mpu = pays ? value_of(a, "", "mpu") : 0;
	bucket.prefix4 = value_of(a, "", "prefix4");
	bucket.prefix6 = value_of(a, "", "prefix6");
	bucket.packets = packets;
	memset(known, 0, sizeof(known));
	n_known = 0;
	/* a fault of two packets is made simpler */
	if (before.object)
		judge(&before);
}

const struct run *bucket_packet_before(void) { return before.object ? &before : NULL; }

/* ---- what a packet pays ---------------------------------------------------------------------- */

static uint64_t on_the_wire(uint64_t length)
{
	length += bucket.overhead;
	return length < bucket.mpu ? bucket.mpu : length;
}

/* Is skb->protocol, which TEST_RUN takes from where an Ethernet header has it, that of the packet? */
bool protocol_is_true(const struct run *r)
{
	uint16_t protocol = get16(r->in + 12);

	if (r->object->link != LINK_NONE)
		return true;
	return protocol == 0x0800 || protocol == 0x86dd ? r->in[0] >> 4 == (protocol == 0x0800 ? 4 : 6)
							: !is_vlan_tpid(protocol);
}

/* The length of the headers of each segment, up to that of the transport; 0: the manual page does not say. */
static uint32_t headers_of(struct run *r)
{
	struct packet *p = &r->p;
	uint32_t offset;

	if (p->why || (!r->ctx.gso_segs && !protocol_is_true(r)))
		return 0;
	find_transport(p);
	/* Linux segments a fragment of IPv4, too (inet_gso_segment()), but not one of IPv6 */
	if (p->version == 6 ? p->why4 || p->fragmented : p->why4 && p->why4 != FRAGMENT)
		return 0;
	switch (p->protocol) {
	case 6:			/* RFC 9293 */
		offset = p->l4 + 20 > r->length ? 0 : (r->in[p->l4 + 12] >> 4) * 4;
		return offset < 20 ? 0 : p->l4 + offset;
	case 17:		/* RFC 768 */
		return p->l4 + 8;
	case 132:		/* RFC 9260 */
		return p->l4 + 12;
	}
	return 0;
}

/* false: the manual page does not say */
bool bucket_cost(struct run *r)
{
	uint32_t size = r->ctx.gso_size, headers, left, segments = 1, told = r->ctx.gso_segs;
	uint64_t tunnel;

	paid.pays = true;
	paid.cost = bucket.packets ? 1 : on_the_wire(r->length);
	if (!size)
		return true;
	headers = headers_of(r);
	if (!headers || headers > r->length)
		return false;
	if (size == 0xffff) {		/* GSO_BY_FRAGS of Linux */
		if (r->p.protocol != 132)
			return false;
		segments = told ? told : 1;
		paid.cost = bucket.packets ? segments
			  : segments * on_the_wire((r->length + (segments - 1) * (uint64_t)headers) / segments);
		return true;
	}
	paid.cost = 0;
	for (left = r->length - headers; left > size; left -= size, segments++)
		paid.cost += on_the_wire(headers + size);
	paid.cost += on_the_wire(headers + left);
	/* in a tunnel, the kernel knows that there are less */
	if (bucket.packets)
		paid.cost = told && told < segments ? told : segments;
	if (bucket.packets || !told || told >= segments)
		return true;
	/* each is as long as what the others leave of the packet */
	tunnel = told * (uint64_t)on_the_wire(r->length - (told - 1) * size);
	if (tunnel > paid.cost)
		paid.cost = tunnel;
	return true;
}

/* ---- the key --------------------------------------------------------------------------------- */

void key_add(struct key *key, const void *bytes, uint32_t n)
{
	if (key->n + n > sizeof(key->byte))
		die("a key is longer than %zu", sizeof(key->byte));
	memcpy(key->byte + key->n, bytes, n);
	key->n += n;
}

/* The first bits of an address, as many as share a bucket, but of IPv6 at most @most. Returns where they are in the key. */
uint8_t *key_address(struct key *key, const struct packet *p, bool dst, uint32_t most)
{
	uint32_t size = p->version == 4 ? 4 : 16, bits = p->version == 4 ? bucket.prefix4 : bucket.prefix6;
	const uint8_t *from = p->data + p->l3 + (p->version == 4 ? 12 : 8) + dst * size;
	uint8_t *to = key->byte + key->n + 1;

	if (p->version == 6 && bits > most)
		bits = most;
	key_add(key, &p->version, 1);
	key_add(key, from, size);
	for (uint32_t bit = bits; bit < 8 * size; bit++)
		to[bit / 8] &= ~(0x80 >> bit % 8);
	return to;
}

/* @fragments: a first fragment has ports. Those that are not the first have no protocol either. */
void key_flow(struct key *key, struct packet *p, bool fragments)
{
	uint32_t size = p->version == 4 ? 4 : 16;

	key_add(key, &p->version, 1);
	key_add(key, p->data + p->l3 + (p->version == 4 ? 12 : 8), 2 * size);
	find_transport(p);
	if (p->why4)
		return;
	key_add(key, &p->protocol, 1);
	if (has_ports(p->protocol) && (fragments || !p->fragmented) && p->l4 + 4 <= p->end)
		key_add(key, p->data + p->l4, 4);
}

void key_limit(struct run *r, int per)
{
	const struct packet *p = &r->p;
	uint8_t *address;

	if (per == 2) {
		key_flow(&paid.key, &r->p, false);
	} else if (per == 3) {
		key_add(&paid.key, &r->ctx.mark, 4);
	} else if (per < 2) {
		address = key_address(&paid.key, p, per, 128);
		/* These hashes are of other keys. Such an address is multicast, with flags and a scope that do not exist. */
		if (p->version == 6 && !memcmp(address, "\xff\xff\xff", 3) && address[3] >= 0xfe)
			address[3] &= ~2;
	}
}

/* ---- before and after a packet --------------------------------------------------------------- */

static uint64_t ticks(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return TICKS * (now.tv_sec * 1000000000ULL + now.tv_nsec);
}

static void empty(int map, uint32_t set)
{
	static const uint64_t zero[WORDS * CPUS];

	if (bpf_map_update_elem(map, &set, zero, BPF_EXIST))
		die("no set %u", set);
}

void bucket_before(void)
{
	if (bucket.cpus)
		empty(bucket.map, 1);
	empty(bucket.map, 0);
	if (bucket.flows >= 0)
		empty(bucket.flows, 0);
	paid.began = ticks();
}

static bool same_bucket(struct run *r, const char *what, const struct key *key, const void *hash, uint32_t size)
{
	struct key full = { 0 }, id = { 0 };

	key_add(&full, what, 1);
	key_add(&full, key->byte, key->n);
	key_add(&id, what, 1);
	key_add(&id, hash, size);
	if (!know(r, &full, &id)) {
		r->want_verdict = r->want_verdict == MISS ? CONTROL : 2;	/* if that was not emptied */
		return wrong(r, what, "another %s than a packet before, of the same key", what);
	}
	return know(r, &id, &full) || wrong(r, what, "the same %s as a packet before, of another key", what);
}

/* How many of a set are in use; *way: the last one. */
static int count_used(const uint64_t *used, int *way)
{
	int n = 0;

	for (int i = 0; i < 8; i++)
		if (used[i])
			n++, *way = i;
	return n;
}

static bool in_ticks(uint64_t unit, uint64_t full, uint64_t now)
{
	return full - paid.cost * unit >= paid.began && full - paid.cost * unit <= now;
}

/* account: what one of the CPUs has in the set of the keys, or in that of all others */
static bool counted_right(struct run *r)
{
	static uint64_t set[WORDS * CPUS];
	uint64_t *mine = set, id[2];
	int way, n;

	bpf_map_lookup_elem(bucket.map, &(uint32_t){ paid.key.n != 0 }, set);
	while (!(n = count_used(mine + 16, &way)) && mine < set + WORDS * (bucket.cpus - 1))
		mine += WORDS;
	if (n != 1)
		return wrong(r, "cost", "counted in %d buckets", n);
	if (mine[16 + way] != r->want_ctx.wire_len || mine[24 + way] != paid.cost)
		return wrong(r, "cost", "%llu bytes, %llu packets counted, expected %u, %llu", (unsigned long long)mine[16 + way],
			     (unsigned long long)mine[24 + way], r->want_ctx.wire_len, (unsigned long long)paid.cost);
	memcpy(id, mine + 2 * way, sizeof(id));
	return !paid.key.n || same_bucket(r, "bucket", &paid.key, id, sizeof(id));
}

bool bucket_after(struct run *r)
{
	uint64_t set[WORDS], now = ticks();
	int way = 0, n;

	if (bucket.cpus)
		return counted_right(r);
	bpf_map_lookup_elem(bucket.map, &(uint32_t){ 0 }, set);
	n = count_used(set + 8, &way);
	if (n != paid.pays)
		return wrong(r, "cost", "paid from %d buckets, expected %d", n, paid.pays);
	if (!n)
		return true;
	if (bucket.unit ? !in_ticks(bucket.unit, set[8 + way], now) : set[8 + way] != paid.cost)
		return wrong(r, "cost", "%.2f paid, expected %llu", bucket.unit ? (double)(int64_t)(set[8 + way] - now) / bucket.unit :
			     (double)set[8 + way], (unsigned long long)paid.cost);
	if (bucket.second && !in_ticks(bucket.second, set[16 + way], now))
		return wrong(r, "cost", "paid at ce-rate something else than %llu", (unsigned long long)paid.cost);
	if (!same_bucket(r, "bucket", &paid.key, &set[way], 8))
		return false;
	if (bucket.flows < 0 || !paid.flow.n)
		return true;
	bpf_map_lookup_elem(bucket.flows, &(uint32_t){ 0 }, set);
	n = count_used(set + 8, &way);
	return n != 1 ? wrong(r, "flow", "remembered as %d flows", n) : same_bucket(r, "flow", &paid.flow, &set[way], 8);
}
