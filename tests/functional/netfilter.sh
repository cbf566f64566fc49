# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# The same packets go through netfilter and through our actions, and the results are compared byte by byte. The
# packets cross a bridge, where iptables sees them (br_netfilter), because no router changes them there. Kinds of
# packets for which the results differ are listed here with the reason. A kind that is listed must differ.
#
# br_netfilter drops the kinds badsum, ihl, long and cut, so these give the same result.
#   vlan      iptables finds no header after a tag, nft only after a tag in the metadata; ours does
#   qinq      as vlan
#   pppoe     neither finds the header after a PPPoE header; ours does
#   odd       an MSS at an odd offset: both update the checksum as for an even offset, which is wrong (RFC 1071, 2)
#   sum       nft writes a header checksum of 0xffff where RFC 1624 says 0
#   error     nft does not translate the packet inside an ICMP error (RFC 5508, 4.2)
#   dccp      nft does not support DCCP (RFC 4340, 9.1), whose checksum covers the addresses
#   twice     both lower only the first MSS; ours lowers all, because receivers differ in the one that they use
#   without   xt_TCPMSS adds an option to a SYN without one; ours never makes a packet longer
#   wrong     both continue inside an option with a wrong length (RFC 9293, 3.2); ours does not change such a header
#   end       both change bytes after the end of the option list (RFC 9293, 3.2); ours does not
# xt_NETMAP belongs to NAT, which keeps state: conntrack has an entry for each connection, with the addresses and ports
# of both directions, and only the first packet of a connection meets the rule. ours keeps none, as Basic NAT needs none
# (RFC 3022, 2.1). So these differ:
#   fragment  conntrack keeps fragments until it has all of them; ours, which reads no ports, translates each
#   stray     what belongs to no connection that conntrack has seen is not translated, and leaves with its inside
#             address: an ICMP error, an echo reply, a SYN ACK, the middle of an SCTP association. ours translates it
#   wrongsum  as stray; ours translates it, and the sum stays as wrong as it was (RFC 3022, 4.2)

bake nf-dscp dscp value ef
bake nf-ttl ttl set 64
bake nf-dec ttl
bake nf-inc ttl inc 3
bake nf-mss mss max 1300
bake nf-strip tcpopt strip sack-permitted,timestamps
bake nf-clamp mss mtu 1400
bake nf-npt npt from fd01::/48 to 2001:db8:77::/48
bake nf-npt-in npt dir in from fd02::/48 to 2001:db8:77::/48
bake nf-netmap nat side src from 10.1.0.0/24 to 172.16.200.0/24
bake nf-netmap6 nat side src from fd01::/64 to 2001:db8:77:5::/64
bake nf-netmap-in nat side dst from 10.2.0.0/16 to 172.31.0.0/16
bake nf-netmap6-in nat side dst from fd02::/64 to 2001:db8:77:5::/64
bake nf-nat nat side src from 10.1.0.0/24 to 172.16.200.0/24
bake nf-ecn ecn
bake nf-df df
bake nf-label flowlabel value 0x54321

# bridge: packets sent by a come in at b, cross the bridge, and leave through c to d
bridge() {
	modprobe br_netfilter 2>/dev/null || skip "this kernel has no br_netfilter"
	wire a b
	wire c d
	printf '%s\n' "link add name br0 type bridge forward_delay 0 mcast_snooping 0" "link set dev b master br0" \
		"link set dev c master br0" "link set dev br0 up" | ip -b -
	eventually is_up br0
	clsact a
}

# rule FAMILY WORD...: adds a rule. FAMILY 4 or 6: WORDs are the arguments of iptables -t mangle -A, or -t nat -A if
# the first one is nat; nft: a rule for a bridge
rule() {
	local family=$1 table=mangle
	shift
	[[ $1 != nat ]] || { table=nat; shift; }
	case $family in
	4) iptables-legacy -w -t "$table" -A "$@" ;;
	6) ip6tables-legacy -w -t "$table" -A "$@" ;;
	nft) # after br_netfilter, whose priority is 0
		nft -f - <<<"table bridge t { chain c { type filter hook forward priority 10; $*; }; }" ;;
	esac
}

narrow() { ip link set dev br0 mtu 1400; }

# neighbours: where netfilter has changed the destination, the bridge asks the routing table for the next hop. That is
# to be the one that the packet had.
neighbours() {
	local address
	ip link set dev br0 addrgenmode none	# it sends nothing of its own
	echo 0 >/proc/sys/net/ipv6/conf/br0/disable_ipv6
	echo 1 >/proc/sys/net/ipv4/ip_forward	# or it has no route for what comes in
	ip addr add 192.0.2.1/32 dev br0
	ip route add default dev br0
	ip -6 route add default dev br0
	# the destinations of /tmp/ours: IPv4, IPv6
	sed -nE 's/^.{24}0800.{32}(..)(..)(..)(..).*/0x\1 0x\2 0x\3 0x\4/p; s/^.{24}86dd.{48}(.{32}).*/\1/p' /tmp/ours | sort -u |
		while read -r address; do
			if [[ $address == 0x* ]]; then
				# shellcheck disable=SC2086 # words
				address=$(printf '%d.%d.%d.%d' $address)
			else
				address=$(sed 's/..../&:/g; s/:$//' <<<"$address")
			fi
			echo "neigh add $address lladdr 02:00:00:00:0b:01 dev br0"
		done | ip -b -
}

# written ip|ip6 CORPUS: does netfilter change any plain packet of the corpus? Linux 7.2 takes a rule of nft that writes
# to the fragment offset, or to the first four bytes of an IPv6 header, and lets the packet pass as it was. 6.12 writes.
written() {
	local version=v4
	since 6.13 || return 0
	[[ $1 == ip ]] || version=v6
	grep "^$version\." "$2" | cut -d ' ' -f 2 >/tmp/plain
	packet pass a d </tmp/plain >/tmp/passed
	! cmp -s /tmp/passed /tmp/plain
}

# against OBJECT KINDS CORPUS RULE...: sends the packets through both. Each RULE has the arguments of rule. ours is
# first, as conntrack, which a rule may need, then keeps what it has seen. SETUP, if there is one, is called between.
against() {
	local line words
	type -P iptables-legacy nft >/dev/null || skip "no iptables or nft"
	# all packets of the special kinds, and a tenth of the usual ones
	awk '!/^v[46]/ || NR % 10 == 0' "$work/$3" >/tmp/corpus
	bridge
	tc filter add dev a egress pref 7 matchall "@$1" continue
	cut -d ' ' -f 2 /tmp/corpus | packet pass a d >/tmp/ours
	same count "$(stats a egress 7)" "$(wc -l </tmp/corpus) 0"
	tc filter del dev a egress
	[[ ! ${SETUP-} ]] || "$SETUP"
	for line in "${@:4}"; do
		read -ra words <<<"$line"
		rule "${words[@]}" 2>/tmp/refused || skip "this kernel has no $line: $(</tmp/refused)"
		[[ $line != 'nft ip'* ]] || written "${words[1]}" "$work/$3" || skip "this kernel takes '$line', and writes nothing"
	done
	cut -d ' ' -f 2 /tmp/corpus | packet pass a d >/tmp/theirs
	differences /tmp/corpus "$2" 200
}

t netfilter_dscp 'dscp and xt_DSCP: the same result for a corpus of packets, except for the listed kinds'
netfilter_dscp() {
	against nf-dscp 'vlan qinq pppoe' corpus '4 FORWARD -j DSCP --set-dscp 46' '6 FORWARD -j DSCP --set-dscp 46'
}

t netfilter_ttl 'ttl and xt_HL: the same result'
netfilter_ttl() { against nf-ttl 'vlan qinq pppoe' corpus '4 FORWARD -j TTL --ttl-set 64' '6 FORWARD -j HL --hl-set 64'; }

t netfilter_dec 'ttl dec and xt_HL: the same result'
netfilter_dec() { against nf-dec 'vlan qinq pppoe' corpus '4 FORWARD -j TTL --ttl-dec 1' '6 FORWARD -j HL --hl-dec 1'; }

t netfilter_inc 'ttl inc and xt_HL: the same result'
netfilter_inc() { against nf-inc 'vlan qinq pppoe' corpus '4 FORWARD -j TTL --ttl-inc 3' '6 FORWARD -j HL --hl-inc 3'; }

t netfilter_mss 'mss and xt_TCPMSS, SYNs: the same result'
netfilter_mss() {
	local syn='FORWARD -p tcp --tcp-flags SYN,RST SYN -j TCPMSS --set-mss 1300'
	against nf-mss 'end odd twice without wrong' syns "4 $syn" "6 $syn"
}

t netfilter_clamp 'mss and xt_TCPMSS --clamp-mss-to-pmtu, SYNs: the same result'
netfilter_clamp() {
	local syn='FORWARD -p tcp --tcp-flags SYN,RST SYN -j TCPMSS --clamp-mss-to-pmtu' SETUP=narrow
	against nf-clamp 'end odd twice without wrong' syns "4 $syn" "6 $syn"
}

t netfilter_mss_nft 'mss and nft tcp option, SYNs: the same result'
netfilter_mss_nft() { against nf-mss 'end odd twice wrong' syns 'nft tcp flags syn tcp option maxseg size set 1300'; }

t netfilter_tcpopt 'tcpopt and xt_TCPOPTSTRIP, SYNs: the same result'
netfilter_tcpopt() {
	local strip='FORWARD -p tcp -j TCPOPTSTRIP --strip-options sack-permitted,timestamp'
	against nf-strip 'wrong' syns "4 $strip" "6 $strip"
}

t netfilter_npt 'npt and ip6t_SNPT: the same result'
netfilter_npt() {
	against nf-npt 'vlan pppoe' corpus '6 POSTROUTING -s fd01::/48 -j SNPT --src-pfx fd01::/48 --dst-pfx 2001:db8:77::/48'
}

t netfilter_npt_in 'npt dir in and ip6t_DNPT: the same result'
netfilter_npt_in() {
	local SETUP=neighbours
	against nf-npt-in 'vlan pppoe' corpus '6 PREROUTING -d fd02::/48 -j DNPT --src-pfx fd02::/48 --dst-pfx 2001:db8:77::/48'
}

t netfilter_netmap 'nat side src and xt_NETMAP, IPv4: the same result'
netfilter_netmap() {
	against nf-netmap 'fragment stray wrongsum' flows '4 nat POSTROUTING -s 10.1.0.0/24 -j NETMAP --to 172.16.200.0/24'
}

t netfilter_netmap6 'nat side src and xt_NETMAP, IPv6: the same result'
netfilter_netmap6() {
	against nf-netmap6 'fragment stray wrongsum' flows '6 nat POSTROUTING -s fd01::/64 -j NETMAP --to 2001:db8:77:5::/64'
}

t netfilter_netmap_in 'nat side dst and xt_NETMAP, IPv4: the same result'
netfilter_netmap_in() {
	local SETUP=neighbours
	against nf-netmap-in 'fragment stray wrongsum' flows '4 nat PREROUTING -d 10.2.0.0/16 -j NETMAP --to 172.31.0.0/16'
}

t netfilter_netmap6_in 'nat side dst and xt_NETMAP, IPv6: the same result'
netfilter_netmap6_in() {
	local SETUP=neighbours
	against nf-netmap6-in 'fragment stray wrongsum' flows '6 nat PREROUTING -d fd02::/64 -j NETMAP --to 2001:db8:77:5::/64'
}

t netfilter_nat 'nat and nft ip saddr: the same result'
netfilter_nat() {
	against nf-nat 'error dccp qinq pppoe' corpus \
		'nft ip saddr 10.1.0.0/24 ip saddr set ip saddr & 0.0.0.255 | 172.16.200.0'
}

t netfilter_ecn 'ecn and nft ip ecn: the same result'
netfilter_ecn() {
	against nf-ecn 'sum qinq pppoe' corpus 'nft ip ecn != not-ect ip ecn set ce' 'nft ip6 ecn != not-ect ip6 ecn set ce'
}

t netfilter_flowlabel 'flowlabel and nft ip6 flowlabel: the same result'
netfilter_flowlabel() { against nf-label 'pppoe' corpus 'nft ip6 flowlabel set 0x54321'; }

t netfilter_df 'df and nft ip frag-off: the same result'
netfilter_df() { against nf-df 'sum qinq pppoe' corpus 'nft ip frag-off set ip frag-off & 0xbfff'; }
