// SPDX-License-Identifier: GPL-2.0-only
/*
 * The context fields. For each field and width, a program made here of single instructions tries to read
 * and to write. Then the value of the known packet is read, and a written value is read back.
 */
#define STORED 0x5a	/* fits every width */

#define INSN(op, dst, src, o, i) \
	((struct bpf_insn){ .code = (op), .dst_reg = (dst), .src_reg = (src), .off = (o), .imm = (i) })
#define MOV(dst, src) INSN(BPF_ALU64 | BPF_MOV | BPF_X, dst, src, 0, 0)
#define SET(dst, imm) INSN(BPF_ALU64 | BPF_MOV | BPF_K, dst, 0, 0, imm)
#define SUB(dst, src) INSN(BPF_ALU64 | BPF_SUB | BPF_X, dst, src, 0, 0)
#define LOAD(width, dst, src, off) INSN(BPF_LDX | BPF_MEM | (width), dst, src, off, 0)
#define STORE(width, dst, src, off) INSN(BPF_STX | BPF_MEM | (width), dst, src, off, 0)
#define CALL(helper) INSN(BPF_JMP | BPF_CALL, 0, 0, 0, helper)
#define IF_ZERO(dst, skip) INSN(BPF_JMP | BPF_JEQ | BPF_K, dst, 0, skip, 0)
#define EXIT INSN(BPF_JMP | BPF_EXIT, 0, 0, 0, 0)

/* what is done to the packet before the value is read */
enum before { NOTHING, VLAN, TYPE, HASH, SOCK, LINEAR, META };

struct field {
	const char *name;
	int offset, size, count;
	enum before before;
};
#define MEMBER(f) ((struct __sk_buff *)0)->f
#define FIELD(f, ...) { #f, offsetof(struct __sk_buff, f), sizeof(MEMBER(f)), 1, __VA_ARGS__ }
#define ARRAY(f) { #f, offsetof(struct __sk_buff, f), sizeof(MEMBER(f)[0]), \
		   sizeof(MEMBER(f)) / sizeof(MEMBER(f)[0]), NOTHING }

static const struct field fields[] = {
	FIELD(len, NOTHING), FIELD(pkt_type, TYPE), FIELD(mark, NOTHING),
	FIELD(queue_mapping, NOTHING), FIELD(protocol, NOTHING), FIELD(vlan_present, VLAN),
	FIELD(vlan_tci, VLAN), FIELD(vlan_proto, VLAN), FIELD(priority, NOTHING),
	FIELD(ingress_ifindex, NOTHING), FIELD(ifindex, NOTHING), FIELD(tc_index, NOTHING),
	ARRAY(cb), FIELD(hash, HASH), FIELD(tc_classid, NOTHING), FIELD(data, LINEAR),
	FIELD(data_end, LINEAR), FIELD(napi_id, NOTHING), FIELD(family, NOTHING),
	FIELD(remote_ip4, NOTHING), FIELD(local_ip4, NOTHING), ARRAY(remote_ip6),
	ARRAY(local_ip6), FIELD(remote_port, NOTHING), FIELD(local_port, NOTHING),
	FIELD(data_meta, META), FIELD(flow_keys, NOTHING), FIELD(tstamp, NOTHING),
	FIELD(wire_len, NOTHING), FIELD(gso_segs, NOTHING), FIELD(sk, SOCK),
	FIELD(gso_size, NOTHING), FIELD(tstamp_type, NOTHING), FIELD(hwtstamp, NOTHING),
};

static const struct { int bytes, code; } widths[] = {
	{ 1, BPF_B }, { 2, BPF_H }, { 4, BPF_W }, { 8, BPF_DW },
};

/* Tries the widths at @offset; returns a set of those accepted, as bits of the sizes. */
static int field_widths(int offset, bool write, char *words)
{
	int accepted = 0;

	for (size_t i = 0; i < ARRAY_SIZE(widths); i++) {
		struct bpf_insn read[] = { LOAD(widths[i].code, 0, 1, offset), SET(0, 0), EXIT };
		struct bpf_insn store[] = {
			SET(2, STORED), STORE(widths[i].code, 1, 2, offset), SET(0, 0), EXIT };
		int fd = write ? load(store, ARRAY_SIZE(store), NULL)
			       : load(read, ARRAY_SIZE(read), NULL);

		if (fd >= 0) {
			accepted |= widths[i].bytes;
			close(fd);
		} else if (widths[i].bytes == 4 && !write) {
			reason(words);
		}
	}
	return accepted;
}

/* The widths of element 0; of an array also the elements where 8 bytes at once are accepted. */
static void join(char *out, const char *label, const struct field *f, bool write)
{
	char words[512];
	int accepted = field_widths(f->offset, write, words);

	out += sprintf(out, "%s=", label);
	for (size_t i = 0; i < ARRAY_SIZE(widths); i++)
		if (accepted & widths[i].bytes)
			out += sprintf(out, "%s%d", out[-1] == '=' ? "" : ",", widths[i].bytes);
	if (!accepted)
		strcpy(out, "-");
	for (int at = 0, n = 0; f->count > 1 && at < f->count * f->size; at++)
		if (field_widths(f->offset + at, write, words) & 8)
			out += at % f->size ? sprintf(out, ",byte %d", at) :
					      sprintf(out, "%s%d", n++ ? "," : "@", at / f->size);
}

/* Runs a program that reads @f, after writing it if @write; returns the value. */
static __u64 field_value(const struct field *f, int offset, int width, bool write)
{
	struct bpf_insn code[24];
	__u64 value = 0;

	for (int half = 0; half < (width == BPF_DW && f->before != SOCK ? 2 : 1); half++) {
		int n = 0, fd;
		__u32 result;

		code[n++] = MOV(6, 1);
		if (write) {
			code[n++] = SET(2, STORED);
			code[n++] = STORE(width, 1, 2, offset);
		} else if (f->before == VLAN) {
			code[n++] = SET(2, htons(0x88a8));
			code[n++] = SET(3, 0x123);
			code[n++] = CALL(BPF_FUNC_skb_vlan_push);
		} else if (f->before == TYPE) {
			code[n++] = SET(2, 3 /* PACKET_OTHERHOST */);
			code[n++] = CALL(BPF_FUNC_skb_change_type);
		} else if (f->before == HASH) {
			code[n++] = SET(2, 0x1234);
			code[n++] = CALL(BPF_FUNC_set_hash);
		}
		code[n++] = LOAD(width, 0, 6, offset);
		if (f->before == SOCK) {	/* its address family */
			code[n++] = IF_ZERO(0, 1);
			code[n++] = LOAD(BPF_W, 0, 0, offsetof(struct bpf_sock, family));
		} else if (f->before == LINEAR) {
			code[n++] = LOAD(width, 0, 6, offsetof(struct __sk_buff, data_end));
			code[n++] = LOAD(width, 1, 6, offsetof(struct __sk_buff, data));
			code[n++] = SUB(0, 1);
		} else if (f->before == META) {
			code[n++] = LOAD(width, 1, 6, offsetof(struct __sk_buff, data));
			code[n++] = SUB(1, 0);
			code[n++] = MOV(0, 1);
		} else if (half) {
			code[n++] = INSN(BPF_ALU64 | BPF_RSH | BPF_K, 0, 0, 0, 32);
		}
		code[n++] = EXIT;
		fd = load(code, n, NULL);
		if (fd < 0 || test_run(fd, true, &result))
			return ~0ULL;
		close(fd);
		value |= (__u64)result << (half * 32);
	}
	/* the same text in both byte orders */
	return !strcmp(f->name, "protocol") || !strcmp(f->name, "vlan_proto") ? ntohs(value) : value;
}

static void field(const struct btf *btf, const struct field *f)
{
	int last = f->offset + (f->count - 1) * f->size;
	char words[512] = "", reads[512], writes[512], detail[1200];
	int r = field_widths(f->offset, false, words);
	int w = field_widths(f->offset, true, words);
	int id = btf ? btf__find_by_name_kind(btf, "__sk_buff", BTF_KIND_STRUCT) : -1;
	int width = r & 8 && !(r & 4) ? BPF_DW : r & 4 ? BPF_W : BPF_B;
	const char *status = r || w ? "proven" : "refused";
	char row[64];

	snprintf(row, sizeof(row), "field/%s", f->name);
	for (int i = 1; i < f->count; i++)
		/* where 8 bytes at once are accepted, join() says */
		if ((field_widths(f->offset + i * f->size, false, words) | 8) != (r | 8) ||
		    (field_widths(f->offset + i * f->size, true, words) | 8) != (w | 8)) {
			result(row, "wrong", "element %d is not as element 0", i);
			return;
		}
	if (!r && !w && id > 0) {
		const struct btf_type *type = btf__type_by_id(btf, id);
		bool known = false;

		for (int i = 0; i < btf_vlen(type); i++) {
			const struct btf_member *m = btf_members(type) + i;
			const char *name = btf__name_by_offset(btf, m->name_off);

			known |= !strcmp(name, f->name);
			/* in a union without a name: at the same offset */
			known |= !*name && btf_member_bit_offset(type, i) == f->offset * 8u;
		}
		if (!known)
			status = "absent";
	}
	if (!r && !w) {
		result(row, status, "%s", words);
		return;
	}
	join(reads, "r", f, false);
	join(writes, "w", f, true);
	snprintf(detail, sizeof(detail), "%s %s value=%#llx", reads, writes,
		 field_value(f, last, width, false));
	if (w)
		sprintf(detail + strlen(detail), " written=%#llx",
			field_value(f, last, width, true));
	result(row, status, "%s", detail);
}
