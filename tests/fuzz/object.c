// SPDX-License-Identifier: GPL-2.0-only
/*
 * Objects with random parameters. `tcact-data describe` says which values a parameter accepts and where they
 * are in the object. The object is loaded as tc loads it. A fault is printed with the arguments of
 * `tcact bake`.
 */
#include <time.h>
#include <arpa/inet.h>
#include <errno.h>
#include <inttypes.h>
#include <unistd.h>
#include <bpf/bpf.h>
#include "fuzz.h"
#include "../../tc-scripts/data/plan.h"
#include "../../tc-scripts/data/ranges.h"

#define ACTIONS 64

struct action actions[ACTIONS];
int n_actions;
char load_log[1 << 16];

static const struct oracle *const oracles[] = {
	&df_oracle, &dscp_oracle, &dscp_map_oracle, &ecn_oracle, &ttl_oracle, &flowlabel_oracle, &mac_oracle,
	&mss_oracle, &tcpopt_oracle, &nat_oracle, &npt_oracle, &vlan_oracle, &vlan_map_oracle, &meta_oracle,
	&match_oracle, &prefixes_oracle, &class_oracle, &verdict_oracle, &edit_oracle, &police_oracle, &pace_oracle,
	&newconn_oracle, &account_oracle, &learn_oracle, &restore_oracle, &quota_oracle,
};

static void read_image(struct action *a, const char *directory)
{
	char path[4096];
	FILE *file;
	long size;

	snprintf(path, sizeof(path), "%s/%s.o", directory, a->name);
	file = fopen(path, "r");
	if (!file || fseek(file, 0, SEEK_END) || (size = ftell(file)) <= 0)
		die("%s: %s", path, strerror(errno));
	rewind(file);
	a->image = malloc(size);
	a->size = size;
	if (!a->image || fread(a->image, size, 1, file) != 1)
		die("%s: cannot be read", path);
	fclose(file);
}

static void read_words(struct param *p, char *text)
{
	char *rest;

	for (char *w = strtok_r(text, " ", &rest); w && strcmp(w, "-"); w = strtok_r(NULL, " ", &rest)) {
		char *equals = strchr(w, '=');

		*equals = 0;
		p->words = realloc(p->words, (p->n_words + 1) * sizeof(*p->words));
		snprintf(p->words[p->n_words].name, sizeof(p->words->name), "%s", w);
		p->words[p->n_words++].number = strtoll(equals + 1, NULL, 0);
	}
}

void read_params(const char *directory)
{
	static const char *const kinds[] = { "num", "name", "word", "handle", "share", "size", "time", "seed",
					     "mac", "bits", "map", "prefix", "prefix6", "rate" };
	char path[4096], *line = NULL, *field[16], *at;
	size_t size = 0;
	FILE *file;

	snprintf(path, sizeof(path), "%s/tests/actions", directory);
	file = fopen(path, "r");
	if (!file)
		die("%s: %s; make", path, strerror(errno));
	while (getline(&line, &size, file) > 0) {
		struct action *a = n_actions ? &actions[n_actions - 1] : NULL;
		struct param *p;
		int n = 0;

		line[strcspn(line, "\n")] = 0;
		for (at = line; n < 16 && (field[n] = strsep(&at, "\t")); n++)
			;
		if (!strcmp(field[0], "action") && n > 1) {
			if (n_actions == ACTIONS)
				die("more than %d actions", ACTIONS);
			a = &actions[n_actions++];
			snprintf(a->name, sizeof(a->name), "%s", field[1]);
			read_image(a, directory);
			for (size_t i = 0; i < sizeof(oracles) / sizeof(*oracles); i++)
				if (!strcmp(oracles[i]->name, a->name))
					a->oracle = oracles[i];
			continue;
		}
		/* what is 1 with a table */
		if (!strcmp(field[0], "plans") && n == 6 && a) {
			p = &a->param[a->n++];
			*p = (struct param){ .name = "table", .kind = NUM, .offset = atoi(field[4]), .size = atoi(field[5]), .high = 1 };
			param_unset(p);
			continue;
		}
		if (strcmp(field[0], "param") || n < 12 || !a)
			continue;
		p = &a->param[a->n++];
		if (a->n > 64 || strcmp(field[1], a->name))
			die("%s: %s %s", path, field[1], field[2]);
		snprintf(p->name, sizeof(p->name), "%s", field[2]);
		if (!strcmp(field[3], "period"))
			strcpy(field[3], "num");
		for (p->kind = NUM; p->kind <= RATE && strcmp(kinds[p->kind], field[3]); p->kind++)
			;
		if (p->kind > RATE)
			die("%s: what is a %s?", path, field[3]);
		p->offset = atoi(field[4]);
		p->size = atoi(field[5]);
		p->is_signed = *field[6] == 's';
		p->low = strtoll(field[7], NULL, 0);
		p->high = strtoll(field[8], NULL, 0);
		if (*field[7] == '-' && !field[7][1])
			p->high = p->size >= 8 ? INT64_MAX : (1LL << (8 * p->size - p->is_signed)) - 1;
		read_words(p, field[9]);
		p->standard = p->is_signed ? (uint64_t)strtoll(field[10], NULL, 0) : strtoull(field[10], NULL, 0);
		p->on = atoi(field[11]);
		param_unset(p);
	}
	free(line);
	fclose(file);
}

struct param *param_named(struct action *a, const char *name)
{
	for (struct param *p = a->param; p < a->param + a->n; p++)
		if (!strcmp(p->name, name))
			return p;
	return NULL;
}

uint64_t value_of(const struct action *a, const char *part, const char *name)
{
	char full[64];
	struct param *p;

	snprintf(full, sizeof(full), "%s%s", part, name);
	p = param_named((struct action *)a, full);
	if (!p)
		die("%s has no parameter %s: the oracle is older than it", a->name, full);
	return p->value;
}

void param_unset(struct param *p)
{
	p->given = false;
	p->value = p->standard;
	*p->text = 0;
	memset(p->bytes, p->kind == MAP ? p->standard : 0, sizeof(p->bytes));
}

void set_number(struct param *p, uint64_t value)
{
	p->given = true;
	p->value = value;
	if (p->kind == SHARE)		/* 2^-32 of it is a finite decimal */
		snprintf(p->text, sizeof(p->text), "%.32f", (double)value / 4294967296.0);
	else if (p->kind == TIME)
		snprintf(p->text, sizeof(p->text), "%" PRIu64 "ns", value);
	else if (p->is_signed)
		snprintf(p->text, sizeof(p->text), "%" PRId64, (int64_t)value);
	else
		snprintf(p->text, sizeof(p->text), "%" PRIu64, value);
	for (int i = 0; i < p->n_words; i++)
		if (p->words[i].number == value && (p->kind == WORD || (int64_t)value < p->low ||
						    (int64_t)value > p->high))
			snprintf(p->text, sizeof(p->text), "%s", p->words[i].name);
}

/* struct prefix_param of include/tcact/address.h */
void set_prefix(struct param *p, const struct net *prefix)
{
	char address[64];
	uint32_t sum = 0, total = prefix->version == 4 ? 4 : 16;

	if (p->size != 40)
		die("a prefix is no longer 40 bytes: set_prefix() is older");
	p->given = true;
	memset(p->bytes, 0, sizeof(p->bytes));
	for (uint32_t bit = 0; bit < prefix->bits; bit++) {
		p->bytes[bit / 8] |= prefix->address[bit / 8] & 0x80 >> bit % 8;
		p->bytes[16 + bit / 8] |= 0x80 >> bit % 8;
	}
	for (uint32_t i = 0; i < total; i += 2)
		sum += get16(p->bytes + i);
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	p->bytes[32] = prefix->version;
	p->bytes[33] = prefix->bits;
	put16(p->bytes + 34, sum);
	inet_ntop(prefix->version == 4 ? AF_INET : AF_INET6, p->bytes, address, sizeof(address));
	snprintf(p->text, sizeof(p->text), "%s/%d", address, prefix->bits);
}

/* struct rate_param of include/tcact/layout.h */
void set_rate(struct param *p, uint64_t bits)
{
	double ticks = 256e9 / bits;
	uint8_t shift = 0;

	if (p->size != 24)
		die("a rate is no longer 24 bytes: set_rate() is older");
	for (; ticks * 2 < (1ULL << 36) - 1; shift++)
		ticks *= 2;
	p->given = true;
	p->value = bits;
	memset(p->bytes, 0, sizeof(p->bytes));
	memcpy(p->bytes, &bits, 8);
	memcpy(p->bytes + 8, &(uint64_t){ ticks + 0.5 }, 8);
	p->bytes[16] = shift;
	snprintf(p->text, sizeof(p->text), "%" PRIu64 "bit", bits);
}

void set_packet_rate(struct param *p)
{
	set_rate(p, 8);		/* as much time for a packet as for a byte */
	p->bytes[0] = p->bytes[17] = 1;
	snprintf(p->text, sizeof(p->text), "1pps");
}

static uint64_t some_number(const struct param *p, struct rng *rng)
{
	uint64_t span = (uint64_t)p->high - p->low;

	switch (below(rng, p->n_words ? 7 : 5)) {
	case 0: return p->low;
	case 1: return p->high;
	case 2: return p->low + (span ? rng_next(rng) % (span < 300 ? span + 1 : 300) : 0);
	case 3:
	case 4: return p->low + (span + 1 ? rng_next(rng) % (span + 1) : rng_next(rng));
	}
	return p->words[below(rng, p->n_words)].number;
}

static void choose(struct param *p, struct rng *rng)
{
	char *to = p->text, *end = p->text + sizeof(p->text);
	uint64_t value;

	param_unset(p);
	p->given = true;
	switch (p->kind) {
	case NUM:
	case NAME:
	case SIZE:
	case TIME:
		set_number(p, some_number(p, rng));
		break;
	case WORD:
		set_number(p, p->words[below(rng, p->n_words)].number);
		break;
	case HANDLE:
		value = rng_next(rng);
		set_number(p, chance(rng, 30) ? value : chance(rng, 50) ? (uint32_t)value : value & 0xff);
		break;
	case SHARE:
		value = rng_next(rng) & 0xffffffff;
		set_number(p, chance(rng, 60) ? 1ULL << 32 : chance(rng, 20) ? 0 : value);
		break;
	case MAC:
		value = rng_next(rng);
		memcpy(p->bytes, &value, 6);
		p->bytes[5] |= 1;	/* not "none" */
		snprintf(to, end - to, "%02x:%02x:%02x:%02x:%02x:%02x", p->bytes[0], p->bytes[1], p->bytes[2],
			 p->bytes[3], p->bytes[4], p->bytes[5]);
		break;
	case BITS:
		for (int n = 1 + below(rng, 6); n--; ) {
			uint64_t bit = p->n_words && chance(rng, 70) ? p->words[below(rng, p->n_words)].number
				     : (uint64_t)p->low + below(rng, p->high - p->low + 1);

			p->bytes[bit / 8] |= 1 << bit % 8;
			to += snprintf(to, end - to, "%s%d", to == p->text ? "" : ",", (int)bit);
		}
		break;
	case MAP:
		for (int n = 1 + below(rng, 20); n--; ) {
			uint32_t from = below(rng, p->high + 1), value = below(rng, p->high + 2);
			char number[16];

			if (p->bytes[from] != p->standard)
				continue;	/* once only */
			if ((int64_t)value > p->high)	/* a word with a number beyond the range: keep */
				value = p->words[0].number;
			p->bytes[from] = value;
			snprintf(number, sizeof(number), "%u", value);
			to += snprintf(to, end - to, "%s%u=%s", to == p->text ? "" : ",", from,
				       (int64_t)value > p->high ? p->words[0].name : number);
		}
		break;
	case SEED:
		set_number(p, rng_next(rng) | 1);
		break;
	case PREFIX:
	case PREFIX6:
	case RATE:
		param_unset(p);		/* the oracle chooses them */
		break;
	}
}

void choose_params(struct object *o, struct rng *rng)
{
	struct action *a = o->action;
	char part[32] = "";
	bool on = true;

	for (struct param *p = a->param; p < a->param + a->n; p++) {
		size_t length = strcspn(p->name, ".");

		param_unset(p);
		if (p->name[length] && (strncmp(part, p->name, length) || part[length])) {
			snprintf(part, sizeof(part), "%.*s", (int)length, p->name);
			on = chance(rng, 35);
		}
		if (!strcmp(p->name, "link")) {
			o->link = below(rng, 10) < 4 ? LINK_AUTO : chance(rng, 60) ? LINK_ETHER : LINK_NONE;
			set_number(p, o->link);
			p->given = o->link != LINK_AUTO;
		} else if (on && chance(rng, p->on ? 50 : 60)) {
			choose(p, rng);
		}
	}
	o->n_table = o->n_vid = o->n_near = o->port = 0;
	o->empty = false;
	memset(o->vid, 0, sizeof(o->vid));
	if (a->oracle->choose)
		a->oracle->choose(o, rng);
}

/* The maps of prefixes, built by tcact's own code. prefixes_expect() computes by itself what a lookup must find. */
void build_table(const struct object *o, struct ranges *ranges)
{
	struct entry entry[TABLE] = { 0 };

	for (int i = 0; i < o->n_table; i++)
		entry[i] = (struct entry){
			.prefix = { address_of(o->table[i].address), o->table[i].version, o->table[i].bits },
			.tag = o->table[i].tag,
		};
	qsort(entry, o->n_table, sizeof(*entry), entry_compare);
	if (!ranges_build(ranges, entry, o->n_table))
		die("no memory");
}

/* The plans of the table: include/tcact/plan.h. */
void build_plans(const struct object *o, struct plan *plan)
{
	memset(plan, 0, PLANS * sizeof(*plan));
	for (int i = PLAN_RATE; i < PLAN_NO_LIMIT; i++) {
		/* in 32nds of a ns, a byte takes 32e9 and 0.256 */
		plan[i] = o->plan_low ? (struct plan){ .mult = 64000000000, .shift = 1, .burst = (1ULL << 20) * 32000000000 }
				      : (struct plan){ .mult = 35184372089, .shift = 37, .burst = 640000000 };
		plan[i].tagged = i == PLAN_TAGGED;
		plan[i].tag = 7;
	}
}

static void set_length(struct bpf_object *bpf, const char *name, uint32_t n)
{
	bpf_map__set_max_entries(bpf_object__find_map_by_name(bpf, name), n);
}

static void fill_array(struct bpf_object *bpf, const char *name, const void *values, uint32_t n)
{
	uint32_t key[n];

	for (uint32_t i = 0; i < n; i++)
		key[i] = i;
	if (bpf_map_update_batch(bpf_object__find_map_fd_by_name(bpf, name), key, values, &n, NULL))
		die("%s: %s", name, strerror(errno));
}

static void fill_vids(struct object *o)
{
	int map = bpf_object__find_map_fd_by_name(o->bpf, "vid_table");

	for (int i = 0; map >= 0 && i < o->n_vid; i++)
		if (bpf_map_update_elem(map, &(uint32_t){ o->from[i] }, &o->vid[o->from[i]], BPF_ANY))
			die("vid_table: %s", strerror(errno));
}

/*
 * So far ahead, for rates of 8bit, or of one connection, that nothing more passes: for pace a day behind its horizon,
 * in 32nds of a ns.
 */
static void fill_buckets(struct object *o)
{
	int map = bpf_object__find_map_fd_by_name(o->bpf, o->action->oracle == &police_oracle ? "police_sets" : "bucket_sets");
	const struct param *horizon = param_named(o->action, "horizon");
	uint64_t set[32] = { 0 }, ahead = 1ULL << 62;
	struct timespec now;
	const struct param *marks = param_named(o->action, "ce-rate"), *every = param_named(o->action, "every");
	const struct param *table = param_named(o->action, "table");
	bool plans = table && table->value, low = param_named(o->action, "rate")->value == (every ? 1 : 8) || (plans && o->plan_low);
	/* that of ce-rate, or of the keys that share a bucket: with plans, all do */
	bool second = plans ? low : marks && marks->value == 8;

	clock_gettime(CLOCK_MONOTONIC, &now);
	if (horizon)
		ahead = 32 * ((now.tv_sec + 86400) * 1000000000ULL + horizon->value);
	if (every)	/* half of the hour that one connection takes */
		ahead = 32 * (now.tv_sec + 1800) * 1000000000ULL;
	for (int way = 0; way < 8; way++) {
		set[8 + way] = low ? ahead : 0;
		set[16 + way] = second ? ahead : 0;
	}
	for (uint32_t key = 0; low || second; key++)
		if (bpf_map_update_elem(map, &key, set, BPF_EXIST))
			break;
}

bool object_load(struct object *o)
{
	LIBBPF_OPTS(bpf_object_open_opts, opts, .relaxed_maps = true);
	struct action *a = o->action;
	struct ranges ranges = { 0 };
	uint8_t *image = malloc(a->size);
	struct bpf_program *p;
	char section[32];

	if (!image)
		die("no memory");
	memcpy(image, a->image, a->size);
	for (struct param *q = a->param; q < a->param + a->n; q++) {
		if (!q->given)
			continue;
		if (q->kind >= MAC)
			memcpy(image + q->offset, q->bytes, q->size);
		else	/* little endian, as the machines on which this runs */
			memcpy(image + q->offset, &q->value, q->size);
		if (q->on)
			image[q->on] = 1;
	}
	snprintf(section, sizeof(section), "action/%s", a->name);
	o->bpf = bpf_object__open_mem(image, a->size, &opts);
	if (!o->bpf)
		die("%s.o: %s", a->name, strerror(errno));
	free(image);
	bpf_object__for_each_program(p, o->bpf) {
		bpf_program__set_type(p, BPF_PROG_TYPE_SCHED_ACT);
		bpf_program__set_log_buf(p, load_log, sizeof(load_log));
		bpf_program__set_log_level(p, 0);
	}
	if (o->n_table) {
		build_table(o, &ranges);
		set_length(o->bpf, "prefix_cells", ranges.cells);
		set_length(o->bpf, "prefix_records", ranges.records);
		if (param_named(a, "table"))
			set_length(o->bpf, "prefix_plans", PLANS);
	}
	if (param_named(a, "buckets"))
		set_length(o->bpf, a->oracle == &account_oracle ? "account_sets" :
			   a->oracle == &quota_oracle ? "quota_sets" :
			   a->oracle == &police_oracle ? "police_sets" : "bucket_sets",
			   (value_of(a, "", "buckets") + 7) / 8);
	if (param_named(a, "flows"))
		set_length(o->bpf, param_named(a, "zone") ? "bucket_sets" : "newconn_flows", (value_of(a, "", "flows") + 7) / 8);
	*load_log = 0;
	if (bpf_object__load(o->bpf)) {
		ranges_free(&ranges);
		object_unload(o);
		return false;
	}
	o->prog = bpf_program__fd(bpf_object__next_program(o->bpf, NULL));
	o->reasons = bpf_object__find_map_fd_by_name(o->bpf, "reasons");
	if (o->n_table) {
		fill_array(o->bpf, "prefix_cells", ranges.cell, ranges.cells);
		fill_array(o->bpf, "prefix_records", ranges.record, ranges.records);
		ranges_free(&ranges);
		if (param_named(a, "table")) {
			struct plan plan[PLANS];

			build_plans(o, plan);
			fill_array(o->bpf, "prefix_plans", plan, PLANS);
		}
	}
	fill_vids(o);
	if (param_named(a, "buckets") && param_named(a, "rate") && !o->empty)
		fill_buckets(o);
	return true;
}

void object_use(struct object *o)
{
	if (enter_action(&enter, o->prog))
		die("a tail call of %s: %s", o->action->name, strerror(errno));
	if (o->action->oracle->prepare)
		o->action->oracle->prepare(o);
}

uint64_t object_counted(const struct object *o)
{
	static int cpus;
	uint64_t sum = 0;

	if (!cpus)
		cpus = libbpf_num_possible_cpus();
	if (cpus < 1)
		die("/sys/devices/system/cpu/possible: %s", strerror(-cpus));
	for (uint32_t key = 0; o->reasons >= 0; key++) {
		uint64_t value[cpus];

		if (bpf_map_lookup_elem(o->reasons, &key, value))
			break;
		for (int i = 0; i < cpus; i++)
			sum += value[i];
	}
	return sum;
}

void object_unload(struct object *o)
{
	bpf_object__close(o->bpf);
	o->bpf = NULL;
	o->prog = -1;
}
