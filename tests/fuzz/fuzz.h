/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Shared by the files of the fuzzer. fuzz.c says what it does and how to use it.
 *
 * Nothing here or in the oracles comes from include/tcact or action/: the formats of packets and the
 * expected results are written down a second time, from the RFCs and docs/man. The exception is
 * how values and tables are stored in an object: there, object.c does the same as tcact.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <bpf/libbpf.h>
#include <linux/bpf.h>
#include "../unit/enter.h"

#define die(form, ...) (fprintf(stderr, "fuzz: " form "\n", ##__VA_ARGS__), exit(2))

#define FRAME_MAX 2048		/* bytes of an input packet */
#define ROOM 512		/* bytes that mutations may add */
#define MTU 1420		/* of lo, through which all packets go */
#define COMPLETE 4		/* BPF_F_TEST_SKB_CHECKSUM_COMPLETE */

enum { CONTROL = -1, MISS = -2, PIPE = 3 };	/* verdicts: tcact-actions(7) */

/* ---- random numbers: xoroshiro128+, started anew for each execution ------------------------ */

struct rng { uint64_t a, b; };

void rng_seed(struct rng *rng, uint64_t seed, uint64_t more);

static inline uint64_t rng_next(struct rng *rng)
{
	uint64_t a = rng->a, b = rng->b, sum = a + b;

	b ^= a;
	rng->a = (a << 24 | a >> 40) ^ b ^ b << 16;
	rng->b = b << 37 | b >> 27;
	return sum;
}

static inline uint32_t below(struct rng *rng, uint32_t n)
{
	return (rng_next(rng) >> 32) * n >> 32;
}

static inline bool chance(struct rng *rng, uint32_t percent) { return below(rng, 100) < percent; }

/* ---- bytes ---------------------------------------------------------------------------------- */

static inline uint16_t get16(const uint8_t *at) { return at[0] << 8 | at[1]; }

static inline void put16(uint8_t *at, uint16_t value)
{
	at[0] = value >> 8;
	at[1] = value;
}

/* ---- packet.c: where the headers are ------------------------------------------------------ */

enum link { LINK_AUTO, LINK_ETHER, LINK_NONE };

/* Why a packet is not changed. */
enum why { FINE, NOT_IP, LINK_UNKNOWN, TRUNCATED, MALFORMED, FRAGMENT, EXTENSIONS, OPTIONS };

struct packet {
	const uint8_t *data;
	uint32_t length;
	enum why why;			/* the reason if there is no IP header */
	bool pppoe, tagged;
	uint8_t version;
	uint32_t l3, l4;		/* where the headers begin */
	uint32_t end;			/* of the IP packet in the frame */
	/* set by find_transport() */
	bool looked;
	enum why why4;
	uint8_t protocol;
	bool fragmented;		/* it is one of several fragments */
	bool routed;			/* the destination is not the final one: RFC 8200, 4.4 */
};

/* Parses the IP header at p->l3, of the version that the ethertype said. @gso: its length says nothing. */
bool is_vlan_tpid(uint16_t type);
void find_ip(struct packet *p, bool gso);
void find_network(struct packet *p, const uint8_t *data, uint32_t length, enum link link, bool gso);
void find_transport(struct packet *p);
/* The offset of the checksum in the transport header; 0: none that covers the addresses. */
uint32_t checksum_offset(uint8_t protocol, uint8_t version);
bool is_icmp_error(const struct packet *p);
/* Protocols whose header begins with the source and destination port; also SCTP: RFC 9260 */
bool has_ports(uint8_t protocol);
/* Parses the packet inside an ICMP error, which may be cut off; false: even its IP header is. */
bool find_inner(struct packet *in, const struct packet *p);
/* One's complement sum of 16 bit words, not inverted; the first byte at an @odd place. */
uint64_t sum16(const uint8_t *data, uint32_t length);
/* Corrects every checksum of the packet, including those inside ICMP errors. */
void fix_checksums(uint8_t *data, const struct packet *p);

/* ---- object.c: an action with parameters --------------------------------------------------- */

/* from MAC on, a value is bytes, not a number */
enum kind { NUM, NAME, WORD, HANDLE, SHARE, SIZE, TIME, SEED, MAC, BITS, MAP, PREFIX, PREFIX6, RATE };

struct word { char name[24]; uint64_t number; };

struct param {
	char name[32];
	enum kind kind;
	uint32_t offset, size, on;	/* on: the offset of the switch of its part */
	bool is_signed, given;
	int64_t low, high;
	struct word *words;
	int n_words;
	uint64_t standard, value;	/* the default; the value */
	uint8_t bytes[64];		/* if the value is not a number */
	char text[512];
};

struct action {
	char name[16];
	uint8_t *image;
	size_t size;
	struct param param[64];
	int n;
	const struct oracle *oracle;
};

struct net { uint8_t version, bits, address[16]; uint32_t tag; };
/* Does the prefix contain the address? */
bool prefix_contains(const uint8_t *address, const struct net *p);

#define TABLE 40
enum { PLAN_RATE = 1, PLAN_TAGGED, PLAN_NO_LIMIT, PLANS };	/* 0 is none */

/* A loaded object; its parameters are in the action. */
struct object {
	struct action *action;
	enum link link;
	struct bpf_object *bpf;
	int prog, reasons;
	struct net table[TABLE];	/* of prefixes; addresses that matter to the action */
	int n_table;		/* where these are plans, a tag is the number of one */
	bool plan_low;		/* the rate of its plans: 8bit, else 1tbit */
	bool empty;		/* its buckets are before each packet: oracle_bucket.c */
	uint16_t vid[4096];		/* of vlan-map; 0x1000: there is an entry */
	uint16_t from[TABLE];
	int n_vid;
	struct net near[4];		/* addresses that packets get often */
	int n_near;
	uint16_t port;			/* likewise */
	struct object *inverse;		/* or NULL */
};

void read_params(const char *directory);
extern struct action actions[];
extern int n_actions;
struct param *param_named(struct action *a, const char *name);
uint64_t value_of(const struct action *a, const char *part, const char *name);
void choose_params(struct object *o, struct rng *rng);
void set_number(struct param *p, uint64_t value);
void set_prefix(struct param *p, const struct net *prefix);
void param_unset(struct param *p);
void set_rate(struct param *p, uint64_t bits);
void set_packet_rate(struct param *p);	/* 1pps */
struct ranges;
struct plan;
struct run;
void build_table(const struct object *o, struct ranges *ranges);
void build_plans(const struct object *o, struct plan *plan);
/* Of the actions with tables of prefixes. @dst: the destination, else the source. */
void prefixes_choose(struct object *o, struct rng *rng);
const struct net *longest_match(const struct run *r, bool dst);
/* false: the kernel refused it; the log says why */
bool object_load(struct object *o);
/* Makes it the object that runs and is judged. */
void object_use(struct object *o);
void object_unload(struct object *o);
/* The sum of its counters, over all reasons. */
uint64_t object_counted(const struct object *o);
extern char load_log[];

/* ---- one execution -------------------------------------------------------------------------- */

/* A checksum that changes. The sum of it and of what it covers must stay the same. */
struct sum {
	uint32_t at, from, to, pseudo, pseudo_length;
	bool udp;			/* a value of 0 means that there is no checksum */
	bool partial;			/* it is to be completed: the sum of the pseudo-header, not inverted */
};

struct run {
	struct object *object;
	struct packet p;
	uint8_t in[FRAME_MAX + ROOM], want[FRAME_MAX + ROOM], out[FRAME_MAX + ROOM];
	uint32_t length, want_length, out_length;
	struct __sk_buff ctx, want_ctx, out_ctx;
	struct metadata more;		/* set by the program before the action; the result cannot be read */
	int flags, verdict, want_verdict, other_verdict;
	int error;
	uint64_t any_mark, any_priority, any_tstamp, any_cb[5];	/* bits that cannot be predicted */
	bool any_label;			/* a flow label that is not 0 */
	struct sum sums[4];
	int n_sums;
	const char *rule;		/* the rule of the oracle that decided */
	bool again;			/* a second run must give the same verdict */
	bool invertible;		/* the inverse action must restore the input */
	uint32_t counted;		/* in the map reasons */
	bool look_at_counters, uncountable;
	bool skip;			/* the result depends on something that cannot be predicted */
	const char *what;		/* what is wrong: verdict, bytes, ... */
	char detail[256];
};

/* The IPv4 header's checksum changes, if it is IPv4. */
void sum_header(struct run *r, uint32_t l3);
void sum_add(struct run *r, struct sum sum);

struct oracle {
	const char *name;
	void (*choose)(struct object *o, struct rng *rng);	/* parameters that depend on others */
	void (*prepare)(struct object *o);			/* what expect needs from them */
	void (*expect)(struct run *r);
	/* sets up the inverse, which restores the input from the output; false: there is none */
	bool (*inverse)(struct object *o);
	/* swaps what must be swapped for that in @data, which has the layout of r->in */
	void (*mirror)(const struct run *r, uint8_t *data);
};

extern const struct oracle df_oracle, dscp_oracle, dscp_map_oracle, ecn_oracle, ttl_oracle, flowlabel_oracle,
	mac_oracle, mss_oracle, tcpopt_oracle, nat_oracle, npt_oracle, vlan_oracle, vlan_map_oracle, meta_oracle,
	match_oracle, prefixes_oracle, class_oracle, verdict_oracle, edit_oracle, police_oracle,
	pace_oracle, newconn_oracle, account_oracle, learn_oracle, restore_oracle,
	quota_oracle;

/* The parts of edit, which change r->want and r->want_ctx. */
struct df { bool set; };
struct dscp { uint8_t value; };
struct ecn { uint8_t set, only; };
struct ttl { uint8_t set, dec, inc, min, max; int expired; };
struct label { uint32_t value; };
struct mac { uint8_t src[6], dst[6]; bool swap, has_src, has_dst; };
struct mss { uint16_t max; uint32_t mtu; };
struct meta { uint8_t set, from; int shift; uint64_t value, mask; };

void df_read(struct df *, struct action *, const char *part);
void dscp_read(struct dscp *, struct action *, const char *part);
void ecn_read(struct ecn *, struct action *, const char *part);
void ttl_read(struct ttl *, struct action *, const char *part);
void label_read(struct label *, struct action *, const char *part);
void mac_read(struct mac *, struct action *, const char *part);
void mss_read(struct mss *, struct action *, const char *part);
void meta_read(struct meta *, struct action *, const char *part);
void df_part(struct run *, const struct df *);
void dscp_part(struct run *, const struct dscp *);
void ecn_part(struct run *, const struct ecn *);
bool ttl_part(struct run *, const struct ttl *);	/* false: it expired */
void label_part(struct run *, const struct label *);
void mac_part(struct run *, const struct mac *);
void mss_part(struct run *, const struct mss *);
void meta_part(struct run *, const struct meta *);
/* A field of the input packet; false: it has none. *unknown: it cannot be predicted. */
bool source_value(struct run *r, unsigned int from, uint64_t *value, bool *unknown);
/* The traffic class of r->want. */
uint8_t class_get(const struct run *r);
void dsfield_set(struct run *r, uint8_t value);

/* ---- oracle_bucket.c: what a packet pays, and from which bucket ------------------------------ */

struct key { uint32_t n; uint8_t byte[44]; };
/* What is expected of the packet. */
extern struct paid {
	bool pays;
	uint64_t cost, began;
	struct key key, flow;
} paid;

void bucket_choose(struct object *o, struct rng *rng);
/* @unit: the ticks of what costs 1; 0: the bucket counts it */
void bucket_prepare(struct object *o, uint64_t unit, bool packets);
bool protocol_is_true(const struct run *r);
/* Sets paid.cost; false: the manual page does not say what it is. */
bool bucket_cost(struct run *r);
void key_add(struct key *key, const void *bytes, uint32_t n);
uint8_t *key_address(struct key *key, const struct packet *p, bool dst, uint32_t most);
void key_flow(struct key *key, struct packet *p, bool fragments);
void key_limit(struct run *r, int per);
/* To be called around execute() if the object is `empty`. */
void bucket_before(void);
bool bucket_after(struct run *r);
/* Of a fault of two packets the first one, or NULL. */
const struct run *bucket_packet_before(void);

/* ---- seeds.c, mutate.c ---------------------------------------------------------------------- */

struct seed { uint32_t at, length; };
extern struct seed *seeds;
extern uint8_t *seed_bytes;
extern uint32_t n_seeds;
void read_vectors(const char *directory);
void read_captures(const char *directory);
void mutate(struct run *r, struct rng *rng);

/* ---- judge.c --------------------------------------------------------------------------------- */

extern struct enter enter;
/* Finds out what TEST_RUN of this kernel accepts; call once in each process. */
void probe(void);
extern bool can_complete, can_ingress, can_hwtstamp;
extern struct run inverse_run;			/* the inverse of the last one */
void execute(struct run *r);
/* Runs it; false: r->what and r->detail say what is wrong. */
bool judge(struct run *r);
bool wrong(struct run *r, const char *what, const char *form, ...) __attribute__((format(printf, 3, 4)));
void print_failure(FILE *to, struct run *r);
