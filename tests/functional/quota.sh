# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# quota: the last packet that fits, beside quota of nft; and what change keeps.

bake q3 quota limit 3p seed 1 period 1
bake q3-hit quota limit 3p over hit
# two packets of 90 bytes fit
bake q-bytes quota limit 180 per none

t quota_each 'each source has its packets, and exactly those; change keeps what is used, another period does not'
quota_each() {
	local v4 v6 other id
	wire a b
	clsact a
	frames
	v4=${frame[v4.in]} v6=${frame[v6.in]} other=${frame[v4.in]/0a010001/0a010003}
	tc filter add dev a egress pref 7 matchall @q3 continue index 5
	same 'three sources' "$(plus_minus "$v4" "$v4" "$other" "$v4" "$v4" "$v6" "$v4" "$other" "$other" "$other" "$v6")" '++++-+-++-+'
	same count "$(stats a egress 7)" '11 3'
	same reasons "$(reasons a egress 7)" 'over=3'
	id=$(program a egress 7)
	mkdir /sys/fs/bpf/s
	"$data" "$objects" load -l "$id" -o /sys/fs/bpf/s/quota quota limit 5p
	tc actions replace action bpf object-pinned /sys/fs/bpf/s/quota continue index 5
	same 'a higher limit' "$(plus_minus "$v4" "$v4" "$v4")" ++-
	rm /sys/fs/bpf/s/quota
	id=$(program a egress 7)
	"$data" "$objects" load -l "$id" -o /sys/fs/bpf/s/quota quota period 2
	tc actions replace action bpf object-pinned /sys/fs/bpf/s/quota continue index 5
	same 'another period' "$(plus_minus "$v4" "$v4" "$v4" "$v4" "$v4" "$v4" "$v6")" '+++++-+'
	rm -r /sys/fs/bpf/s
	tc filter del dev a egress pref 7
	tc filter add dev a egress pref 7 matchall @q3-hit drop
	same hit "$(plus_minus "$v4" "$v4" "$v4" "$v4" "$v6")" '+++-+'
}

t quota_bytes 'bytes, to the last one, beside quota of nft'
quota_bytes() {
	local ours theirs v4
	wire a b
	clsact a
	frames
	v4=${frame[v4.in]}
	same 'the length of a packet' "$((${#v4} / 2))" 90
	tc filter add dev a egress pref 7 matchall @q-bytes continue
	ours=$(plus_minus "$v4" "$v4" "$v4")
	same ours "$ours" ++-
	tc filter del dev a egress pref 7
	nft -f - <<-'EOT' 2>/dev/null || skip "no nft, or no egress hook in this kernel"
	table netdev t {
		chain c {
			type filter hook egress device a priority 0;
			ip ttl 17 quota over 180 bytes drop
		}
	}
	EOT
	theirs=$(plus_minus "$v4" "$v4" "$v4")
	echo "# passed: ours $ours, nft $theirs"
	same theirs "$theirs" "$ours"
}
