// SPDX-License-Identifier: GPL-2.0-only
/*
 * Runs one packet through one object and compares all that comes out with what the oracle
 * says: verdict, length, every byte, every field of the metadata. The expected value of a checksum
 * is not computed. Instead, the checksum and the bytes that it covers must have the same ones'
 * complement sum as before: a right checksum stays right, and a wrong one wrong by as much (RFC 1624).
 */
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <unistd.h>
#include <sys/syscall.h>
#include "fuzz.h"
#include "../../tc-scripts/data/plan.h"
#include "../../tc-scripts/data/ranges.h"

struct enter enter;
bool can_complete, can_ingress, can_hwtstamp;

static bool kernel_accepts(struct __sk_buff ctx, int flags)
{
	static uint8_t in[100], out[100];
	LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = in, .data_size_in = sizeof(in), .data_out = out,
		    .data_size_out = sizeof(out), .ctx_in = &ctx, .ctx_size_in = sizeof(ctx), .flags = flags,
		    .repeat = 1);

	return !bpf_prog_test_run_opts(enter.prog, &opts);
}

void probe(void)
{
	if (enter_load(&enter) || !kernel_accepts((struct __sk_buff){ .ifindex = 1 }, 0))
		die("BPF_PROG_TEST_RUN: %s", strerror(errno));
	can_complete = kernel_accepts((struct __sk_buff){ .ifindex = 1 }, COMPLETE);
	can_ingress = kernel_accepts((struct __sk_buff){ .ifindex = 1, .ingress_ifindex = 1 }, 0);
	can_hwtstamp = kernel_accepts((struct __sk_buff){ .ifindex = 1, .hwtstamp = 1 }, 0);
}

void execute(struct run *r)
{
	bool more = r->more.vlan_proto || r->more.queue_mapping || r->more.tc_index;
	union bpf_attr attr;

	if (more)
		*enter.metadata = r->more;
	memset(&attr, 0, sizeof(attr.test));
	attr.test.prog_fd = more ? enter.prog : r->object->prog;
	attr.test.data_in = (uintptr_t)r->in;
	attr.test.data_size_in = r->length;
	attr.test.data_out = (uintptr_t)r->out;
	attr.test.data_size_out = sizeof(r->out);
	attr.test.ctx_in = (uintptr_t)&r->ctx;
	attr.test.ctx_size_in = sizeof(r->ctx);
	attr.test.ctx_out = (uintptr_t)&r->out_ctx;
	attr.test.ctx_size_out = sizeof(r->out_ctx);
	attr.test.flags = r->flags;
	attr.test.repeat = 1;
	r->error = syscall(__NR_bpf, BPF_PROG_TEST_RUN, &attr, sizeof(attr.test)) ? errno : 0;
	r->out_length = attr.test.data_size_out;
	r->verdict = attr.test.retval;
}

void sum_add(struct run *r, struct sum sum)
{
	for (int i = 0; i < r->n_sums; i++)
		if (r->sums[i].at == sum.at)
			return;
	r->sums[r->n_sums++] = sum;
}

void sum_header(struct run *r, uint32_t l3)
{
	uint32_t to = l3 + (r->want[l3] & 15) * 4;

	/* its options may be cut off inside an ICMP error */
	if (r->want[l3] >> 4 == 4)
		sum_add(r, (struct sum){ .at = l3 + 10, .from = l3, .to = to < r->length ? to : r->length });
}

bool wrong(struct run *r, const char *what, const char *form, ...)
{
	va_list args;

	va_start(args, form);
	r->what = what;
	vsnprintf(r->detail, sizeof(r->detail), form, args);
	va_end(args);
	return false;
}

static uint32_t sum_of(const uint8_t *data, const struct sum *s)
{
	return (sum16(data + s->from, s->to - s->from) + sum16(data + s->pseudo, s->pseudo_length)) % 0xffff;
}

/* Writes to r->want the output field if it is right, else the value that it must have. */
static bool checksum(struct run *r, const struct sum *s)
{
	uint16_t old = get16(r->in + s->at), got = get16(r->out + s->at), must;
	uint32_t before = sum_of(r->in, s), after;

	if (s->udp && !old)		/* RFC 768: there was no checksum; want has the 0 already */
		return true;
	put16(r->want + s->at, got);
	after = sum_of(r->want, s);
	if (s->partial ? (got + before) % 0xffff == (old + after) % 0xffff : before == after && (got || !s->udp))
		return true;
	must = s->partial ? (old + after + 0xffff - before) % 0xffff : (got + before + 0xffff - after) % 0xffff;
	put16(r->want + s->at, must || !s->udp ? must : 0xffff);
	return wrong(r, "checksum", "checksum at %u: %04x came in, %04x came out, expected %04x", s->at, old, got,
		     get16(r->want + s->at));
}

struct run inverse_run;

/* Runs the inverse of the action on the output; it must restore the input. */
static bool check_inverse(struct run *r)
{
	const struct oracle *oracle = r->object->action->oracle;
	struct packet p;

	inverse_run.object = r->object->inverse;
	memcpy(inverse_run.in, r->out, r->out_length);
	memcpy(inverse_run.want, r->in, r->length);
	if (oracle->mirror) {
		oracle->mirror(r, inverse_run.in);
		oracle->mirror(r, inverse_run.want);
	}
	inverse_run.length = r->out_length;
	inverse_run.ctx = r->ctx;
	inverse_run.flags = r->flags;
	/* TEST_RUN requires another length if an address takes the place of the ethertype */
	find_network(&p, inverse_run.in, inverse_run.length, LINK_ETHER, false);
	if (r->object->link == LINK_NONE && p.why == TRUNCATED)
		return true;
	execute(&inverse_run);
	if (inverse_run.error == EINVAL && r->object->link == LINK_NONE)
		return true;
	for (int i = 0; i < r->n_sums; i++) {
		uint32_t at = r->sums[i].at;

		if (get16(inverse_run.out + at) % 0xffff == get16(inverse_run.want + at) % 0xffff)
			memcpy(inverse_run.want + at, inverse_run.out + at, 2);
	}
	if (!inverse_run.error && inverse_run.verdict == CONTROL && inverse_run.out_length == r->length &&
	    !memcmp(inverse_run.out, inverse_run.want, r->length))
		return true;
	inverse_run.want_length = r->length;
	inverse_run.want_ctx = inverse_run.ctx;
	if (!inverse_run.ctx.wire_len)
		inverse_run.want_ctx.wire_len = inverse_run.length;
	inverse_run.want_verdict = CONTROL;
	return wrong(r, "inverse", "there and back is not what went in");
}

#define FIELD(f) do { \
	if (r->out_ctx.f != r->want_ctx.f) \
		return wrong(r, "metadata", #f " %#llx, expected %#llx", (unsigned long long)r->out_ctx.f, \
			     (unsigned long long)r->want_ctx.f); \
} while (0)

/*
 * In one's complement 0 and 0xffff are the same. TEST_RUN takes them for different: a sum that was updated
 * to 0xffff, of a packet that is all 0 behind its Ethernet header.
 */
static bool is_zero(const uint8_t *bytes, uint32_t n)
{
	while (n && !*bytes)
		bytes++, n--;
	return !n;
}

bool judge(struct run *r)
{
	const struct oracle *oracle = r->object->action->oracle;
	bool fine = true;
	uint64_t counted = 0;

	memcpy(r->want, r->in, r->length);
	r->want_length = r->length;
	r->want_ctx = r->ctx;
	if (!r->ctx.wire_len)
		r->want_ctx.wire_len = r->length;
	r->want_verdict = r->other_verdict = CONTROL;
	r->n_sums = 0;
	r->any_mark = r->any_priority = r->any_tstamp = 0;
	memset(r->any_cb, 0, sizeof(r->any_cb));
	r->any_label = r->skip = false;
	r->rule = "";
	find_network(&r->p, r->in, r->length, r->object->link, r->ctx.gso_size);
	if (r->object->link == LINK_AUTO && (r->in[0] >> 4 == 6 || (r->in[0] >= 0x45 && r->in[0] <= 0x4f)))
		r->rule = "MAC address like an IP header";
	r->invertible = r->again = false;
	r->counted = 0;
	r->uncountable = false;
	oracle->expect(r);
	if (r->skip) {
		r->counted = 0;
		return true;
	}
	if (r->look_at_counters)
		counted = object_counted(r->object);
	if (is_zero(r->want + 14, r->want_length - 14))
		r->flags &= ~COMPLETE;
	if (r->object->empty)
		bucket_before();
	execute(r);
	if (r->error == EBADMSG)
		return wrong(r, "complete", "the sum of the whole packet (CHECKSUM_COMPLETE) is wrong afterwards");
	if (r->error)
		return wrong(r, "error", "TEST_RUN: %s", strerror(r->error));
	if (r->again) {
		int first = r->verdict;

		execute(r);
		if (r->verdict != first)
			return wrong(r, "verdict", "verdict %d, then %d of the same flow", first, r->verdict);
	}
	if (r->verdict != r->want_verdict && r->verdict != r->other_verdict)
		return wrong(r, "verdict", "verdict %d, expected %d", r->verdict, r->want_verdict);
	if (r->out_length != r->want_length)
		return wrong(r, "length", "%u bytes, expected %u", r->out_length, r->want_length);
	for (int i = 0; i < r->n_sums; i++)
		fine = checksum(r, &r->sums[i]) && fine;
	if (r->any_label && (get16(r->out + r->p.l3 + 2) || r->out[r->p.l3 + 1] & 15)) {
		r->want[r->p.l3 + 1] = (r->want[r->p.l3 + 1] & 0xf0) | (r->out[r->p.l3 + 1] & 15);
		memcpy(r->want + r->p.l3 + 2, r->out + r->p.l3 + 2, 2);
	}
	if (memcmp(r->out, r->want, r->want_length)) {
		uint32_t i = 0;

		while (r->out[i] == r->want[i])
			i++;
		if (fine)
			return wrong(r, "bytes", "byte %u is %02x, expected %02x", i, r->out[i], r->want[i]);
	}
	if (!fine)
		return false;
	/* what cannot be predicted is taken from the output */
	r->want_ctx.mark = (r->want_ctx.mark & ~r->any_mark) | (r->out_ctx.mark & r->any_mark);
	r->want_ctx.priority = (r->want_ctx.priority & ~r->any_priority) | (r->out_ctx.priority & r->any_priority);
	r->want_ctx.tstamp = (r->want_ctx.tstamp & ~r->any_tstamp) | (r->out_ctx.tstamp & r->any_tstamp);
	for (int i = 0; i < 5; i++)
		r->want_ctx.cb[i] = (r->want_ctx.cb[i] & ~r->any_cb[i]) | (r->out_ctx.cb[i] & r->any_cb[i]);
	if (!memcmp(&r->out_ctx, &r->want_ctx, sizeof(r->want_ctx))) {
		counted += r->counted;
		if (r->look_at_counters && object_counted(r->object) != counted)
			return wrong(r, "counter", "%d counted, expected %u",
				     (int)(object_counted(r->object) - counted + r->counted), r->counted);
		if (r->object->empty && !bucket_after(r))
			return false;
		return !r->invertible || !r->object->inverse || check_inverse(r);
	}
	FIELD(mark);
	FIELD(priority);
	FIELD(tstamp);
	FIELD(cb[0]);
	FIELD(cb[1]);
	FIELD(cb[2]);
	FIELD(cb[3]);
	FIELD(cb[4]);
	FIELD(wire_len);
	FIELD(ifindex);
	FIELD(ingress_ifindex);
	FIELD(hwtstamp);
	FIELD(gso_segs);
	FIELD(gso_size);
	return wrong(r, "metadata", "a field of the context that has no name here");
}

static void hex(FILE *to, const uint8_t *data, uint32_t length)
{
	while (length--)
		fprintf(to, "%02x", *data++);
}

static void fields(FILE *to, const char *verb, const struct __sk_buff *ctx, const struct __sk_buff *other)
{
#define SHOW(name, f) do { \
	if (ctx->f != other->f) \
		fprintf(to, "%s %s=%llu", verb, name, (unsigned long long)ctx->f), verb = ""; \
} while (0)
	SHOW("mark", mark);
	SHOW("priority", priority);
	SHOW("tstamp", tstamp);
	SHOW("ingress_ifindex", ingress_ifindex);
	SHOW("wire_len", wire_len);
	SHOW("gso_segs", gso_segs);
	SHOW("gso_size", gso_size);
	SHOW("hwtstamp", hwtstamp);
	SHOW("cb0", cb[0]);
	SHOW("cb1", cb[1]);
	SHOW("cb2", cb[2]);
	SHOW("cb3", cb[3]);
	SHOW("cb4", cb[4]);
}

static void print_case(FILE *to, const struct run *r)
{
	fprintf(to, "; case fuzz/%s; once; mtu %d; in ", r->object->action->name, MTU);
	hex(to, r->in, r->length);
	fields(to, "; ctx", &r->ctx, &(struct __sk_buff){ .ifindex = 1 });
	if (r->more.vlan_proto || r->more.queue_mapping || r->more.tc_index)
		fprintf(to, "; enter %#x %u %u %u", __builtin_bswap16(r->more.vlan_proto), r->more.vlan_tci,
			r->more.queue_mapping, r->more.tc_index);
	if (r->flags)
		fprintf(to, "; flags %d", r->flags);
	fprintf(to, "; verdict %d", r->want_verdict);
}

/* One line, from which tests/unit/replay makes a vector. */
void print_failure(FILE *to, struct run *r)
{
	struct object *o = r->object;
	struct __sk_buff same = r->ctx;
	const struct run *before = o->empty ? bucket_packet_before() : NULL;

	if (!same.wire_len)
		same.wire_len = r->length;
	fprintf(to, "bake %s", o->action->name);
	for (struct param *p = o->action->param; p < o->action->param + o->action->n; p++)
		if (p->given)
			fprintf(to, " %s %s", p->name, p->text);
	if (o->n_table) {
		struct ranges ranges = { 0 };

		build_table(o, &ranges);
		for (size_t i = 0; i < ranges.cells; i++)
			fprintf(to, "; map prefix_cells u32:%zu u64:%" PRIu64, i, ranges.cell[i]);
		for (size_t i = 0; i < ranges.records; i++) {
			fprintf(to, "; map prefix_records u32:%zu ", i);
			hex(to, (void *)&ranges.record[i], sizeof(*ranges.record));
		}
		ranges_free(&ranges);
		if (param_named(o->action, "table")) {
			struct plan plan[PLANS];

			build_plans(o, plan);
			for (int i = 0; i < PLANS; i++) {
				fprintf(to, "; map prefix_plans u32:%d ", i);
				hex(to, (void *)&plan[i], sizeof(plan[i]));
			}
		}
	}
	for (int i = 0; i < o->n_vid; i++)
		fprintf(to, "; map vid_table u32:%d u16:%d", o->from[i], o->vid[o->from[i]]);
	if (before)
		print_case(to, before);
	print_case(to, r);
	if (r->look_at_counters)
		fprintf(to, "; counted %u", r->counted);
	if (r->want_length != r->length || memcmp(r->want, r->in, r->length)) {
		fprintf(to, "; out ");
		hex(to, r->want, r->want_length);
	}
	fields(to, "; ctxout", &r->want_ctx, &same);
	fputc('\n', to);
}
