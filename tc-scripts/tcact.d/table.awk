# SPDX-License-Identifier: GPL-2.0-only
# Tables: their text, and the bytes of their maps (include/tcact/table.h). Plain POSIX awk: no
# bit operations, no intervals.
#   mode=read    text -> FAMILY ADDRESS BITS TAG, ADDRESS in 32 hex digits, or VID VID; or, on
#                stderr, what is wrong, with exit status 1: also that there is no entry at all.
#                verb=update: of one entry, not a range; verb=delete: of what finds it
#   mode=encode  those lines -> commands for `bpftool batch`, which update or, where
#                verb=delete, delete them in map
#   mode=spell   FAMILY ADDRESS BITS -> text
#   mode=dump    `bpftool -j map dump`, cut into lines at {, -> sort key<tab>text
# key: prefix or vid. order: le or be, the machine's. value: what the number of an entry is
# called, if it has one.

BEGIN {
	digits = "0123456789abcdef"
	for (i = 0; i < 256; i++) {
		byte[i] = sprintf("%02x", i)
		decimal[byte[i]] = i
	}
	zeros = "00000000000000000000000000000000"
}

function wrong(why) {
	print "line " NR ": " why >"/dev/stderr"
	failed = 1
	exit 1
}

function shown(word) {
	gsub(/[^!-~]/, "?", word)
	return "'" (length(word) > 50 ? substr(word, 1, 47) "..." : word) "'"
}

function number(word, i, n) {
	if (word ~ /^(0|[1-9][0-9]*)$/ && length(word) <= 10) n = word + 0
	else if (tolower(word) ~ /^0x[0-9a-f]+$/ && length(word) <= 10)
		for (i = 3; i <= length(word); i++)
			n = n * 16 + index(digits, substr(tolower(word), i, 1)) - 1
	else return -1
	return n <= 4294967295 ? n : -1
}

# 32 hex digits, of which an IPv4 address is the first 8; "" where word is no address
function address(word, half, n, m, v4, head, tail) {
	if (word !~ /:/) {
		v4 = ipv4(word)
		return v4 == "" ? "" : v4 substr(zeros, 1, 24)
	}
	word = tolower(word)
	if (match(word, /:[0-9]+\.[0-9.]+$/)) {
		v4 = ipv4(substr(word, RSTART + 1))
		if (v4 == "") return ""
		word = substr(word, 1, RSTART) substr(v4, 1, 4) ":" substr(v4, 5, 4)
	}
	n = split(word, half, "::")
	if (n > 2) return ""
	head = groups(half[1])
	if (n == 1) return length(head) == 32 ? head : ""
	tail = groups(half[2])
	if (head == "-" || tail == "-") return ""
	m = 32 - length(head) - length(tail)
	return m < 4 ? "" : head substr(zeros, 1, m) tail
}

function groups(word, part, n, i, out) {
	n = split(word, part, ":")
	for (i = 1; i <= n; i++) {
		if (part[i] !~ /^[0-9a-f]+$/ || length(part[i]) > 4) return "-"
		out = out substr(zeros, 1, 4 - length(part[i])) part[i]
	}
	return out
}

function ipv4(word, part, i, out) {
	if (split(word, part, ".") != 4) return ""
	for (i = 1; i <= 4; i++) {
		if (part[i] !~ /^(0|[1-9][0-9]?[0-9]?)$/ || part[i] > 255) return ""
		out = out byte[part[i] + 0]
	}
	return out
}

function masked(hex, bits, whole, rest, nibble) {
	whole = int(bits / 4)
	rest = bits % 4
	if (!rest) return substr(hex, 1, whole) substr(zeros, 1, 32 - whole)
	nibble = index(digits, substr(hex, whole + 1, 1)) - 1
	nibble -= nibble % (rest == 1 ? 8 : rest == 2 ? 4 : 2)
	return substr(hex, 1, whole) substr(digits, nibble + 1, 1) substr(zeros, 1, 31 - whole)
}

# RFC 5952: the longest run of at least two zero groups, the first of equals, is ::
function spelled(family, hex, bits, i, run, best, at, out) {
	if (family == 4) {
		return decimal[substr(hex, 1, 2)] "." decimal[substr(hex, 3, 2)] "." \
			decimal[substr(hex, 5, 2)] "." decimal[substr(hex, 7, 2)] "/" bits
	}
	best = 1
	for (i = 1; i < 33; i += 4) {
		run = substr(hex, i, 4) == "0000" ? run + 1 : 0
		if (run > best) { best = run; at = i - 4 * (run - 1) }
	}
	for (i = 1; i < 33; i += 4) {
		if (i == at) { out = out (i == 1 ? "::" : ":"); i += 4 * (best - 1); continue }
		group = substr(hex, i, 4)
		sub(/^0+/, "", group)
		out = out (group == "" ? "0" : group) (i < 29 ? ":" : "")
	}
	return out "/" bits
}

mode == "read" {
	sub(/\r$/, "")
	sub(/#.*/, "")
	if (!NF) next
	entries++
}

mode == "read" && key == "prefix" {
	n = split($1, half, "/")
	hex = n > 2 ? "" : address($1 == "0/0" ? "0.0.0.0" : half[1])
	if (hex == "") wrong(shown($1) " is not a prefix")
	family = $1 ~ /:/ ? 6 : 4
	widest = family == 6 ? 128 : 32
	bits = n == 2 ? half[2] : widest
	if (bits !~ /^(0|[1-9][0-9]?[0-9]?)$/ || bits > widest)
		wrong(shown($1) ": the length must be 0.." widest)
	if (masked(hex, bits) != hex)
		wrong(shown($1) " has bits behind its length; write " \
			spelled(family, masked(hex, bits), bits))
	tag = 0
	for (i = 2; i <= NF; i += 2) {
		n = number($(i + 1))
		if (value == "" || $i != value && $i != "hits")
			wrong(shown($i) ": after a prefix there can be " \
				(value == "" ? "nothing" : "only " value " N"))
		if (i == NF || n < 0 && $i == value || $(i + 1) !~ /^[0-9]/)
			wrong($i " " shown($(i + 1)) ": must be 0..4294967295")
		if ($i == value && tagged == NR) wrong(value " is given twice")
		if ($i == value) { tag = n; tagged = NR }
	}
	id = family hex bits
	if (id in line) {
		if (tags[id] != tag)
			wrong(shown($1) " has another " value " than in line " line[id])
		next
	}
	line[id] = NR
	tags[id] = tag
	printf "%d %s %d %.0f\n", family, hex, bits, tag
}

# VID=VID, or FIRST-LAST=FIRST-LAST
function vid(word, n) {
	n = number(word)
	if (n < 0 || n > 4094) wrong(shown(word) " is not a VLAN identifier, 0..4094")
	return n
}

mode == "read" && key == "vid" {
	n = split($1, half, "=")
	if (NF > 1) wrong(shown($2) " is one word too many")
	if (n != (verb == "delete" ? 1 : 2))
		wrong(shown($1) ": an entry is " (verb == "delete" ? "VID" : "VID=VID"))
	for (i = 1; i <= n; i++) {
		ends = split(half[i], bound, "-")
		if (ends > (verb ? 1 : 2)) wrong(shown(half[i]) " is not a VLAN identifier, 0..4094")
		first[i] = vid(bound[1])
		last[i] = ends == 2 ? vid(bound[2]) : first[i]
		if (last[i] < first[i]) wrong(shown(half[i]) " ends before it begins")
	}
	if (n == 2 && last[1] - first[1] != last[2] - first[2])
		wrong(shown($1) ": the ranges are not of the same length")
	for (id = first[1]; id <= last[1]; id++) {
		to = n == 2 ? first[2] + id - first[1] : 0
		if (id in line) {
			if (tags[id] != to) wrong(id " becomes another VID than in line " line[id])
			continue
		}
		line[id] = NR
		tags[id] = to
		print id, to
	}
}

mode == "spell" { print spelled($1, $2, $3) }

# More often a download that failed than a wish.
END {
	if (mode == "read" && !verb && !entries && !failed) {
		print "has no entries" >"/dev/stderr"
		exit 1
	}
}

function u32(n, a, b, c, d) {
	d = n % 256; n = int(n / 256)
	c = n % 256; n = int(n / 256)
	b = n % 256; a = int(n / 256)
	return order == "le" ? byte[d] " " byte[c] " " byte[b] " " byte[a] : \
		byte[a] " " byte[b] " " byte[c] " " byte[d]
}

function command(verb, key, value) {
	print "map " verb " " map " key hex " key (verb == "delete" ? "" : " value hex " value)
}

mode == "encode" && key == "prefix" {
	hex = ""
	for (i = 1; i < 33; i += 2) {
		if (i == 9 && $1 == 4) { hex = hex "00 00 00 00 00 00 00 00 00 00 00 00 "; break }
		hex = hex substr($2, i, 2) " "
	}
	command(verb ? verb : "update", u32($3 + 64) " 00 00 00 00 00 00 00 0" $1 " " hex, \
		u32($4) " 00 00 00 00 00 00 00 00 00 00 00 00")
}

# An array has no holes: what is not named is 0, and what is named has 0x1000 (VID_NAMED) in it.
mode == "encode" && key == "vid" {
	hex = u32(verb == "delete" ? 0 : 4096 + $2)
	command("update", u32($1), order == "le" ? substr(hex, 1, 5) : substr(hex, 7))
}

# A byte of bpftool's JSON takes seven characters: "0x10",
function at(from, i) { return substr($0, from + 7 * i, 2) }

function integer(from, i, n, j, sum) {
	for (j = 0; j < n; j++) sum = sum * 256 + decimal[at(from, i + (order == "le" ? n - 1 - j : j))]
	return sum
}

mode == "dump" && /"key":\[/ {
	from = index($0, "[") + 4
	data = from + index(substr($0, from), "[") + 3
}

mode == "dump" && /"key":\[/ && key == "vid" && integer(data, 0, 2) {
	printf "%04d\t%d=%d\n", integer(from, 0, 4), integer(from, 0, 4), integer(data, 0, 2) - 4096
}

mode == "dump" && /"key":\[/ && key == "prefix" {
	family = decimal[at(from, 11)]
	bits = integer(from, 0, 4) - 64
	hex = ""
	for (i = 12; i < (family == 4 ? 16 : 28); i++) hex = hex at(from, i)
	if (family == 4) hex = hex substr(zeros, 1, 24)
	printf "%d %s %03d\t%s %s %.0f hits %.0f\n", family, hex, bits, spelled(family, hex, bits), \
		value, integer(data, 0, 4), integer(data, 8, 8)
}
