#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""traffic.py PREFIX: the networks around the router of tests/boot/run, as the other end of its devices wan0 and lan0.

It sends packets to wan0, some from a listed source and some from another, from before the router boots until it is off,
and counts those that come out of lan0, for each phase that the router announces; many while it is edited. It ends at end of file of its standard
input, and prints for each phase in order: its name, its seconds, and the packets from 20.0.N.1, N = 0 to 3.
PREFIX.ports gets the UDP ports: that of wan0 here and in qemu, then those of lan0."""
import os
import select
import socket
import struct
import sys
import time

# Packets a second from the listed source, and from the other one. The router forwards the latter, which takes longer.
RATES = {"edit": (10000, 100), "edit-back": (10000, 100)}
USUAL = (100, 100)


def port():
	s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
	s.bind(("127.0.0.1", 0))
	return s, s.getsockname()[1]


def checksum(data):
	total = sum(struct.unpack(">%dH" % (len(data) // 2), data))
	total = (total & 0xffff) + (total >> 16)
	return 0xffff ^ ((total & 0xffff) + (total >> 16))


def frame(n):
	payload = b"x" * 32
	udp = struct.pack(">HHHH", 1000, 1000, 8 + len(payload), 0) + payload
	ip = struct.pack(">BBHHHBBH4s4s", 0x45, 0, 20 + len(udp), 0, 0, 64, 17, 0,
			 bytes((20, 0, n, 1)), bytes((10, 1, 0, 2)))
	ip = ip[:10] + struct.pack(">H", checksum(ip)) + ip[12:]
	return bytes.fromhex("525400000000" "020000000002" "0800") + ip + udp


wan, wan_port = port()
lan, lan_port = port()
guests = [port(), port()]
for s, _ in guests:
	s.close()
with open(sys.argv[1] + ".new", "w") as f:
	print(wan_port, guests[0][1], lan_port, guests[1][1], file=f)
os.rename(sys.argv[1] + ".new", sys.argv[1] + ".ports")

frames = [frame(0), frame(1)]
phases = [["boot", time.time(), [0, 0, 0, 0]]]
sent = 0
owed, last = [0.0, 0.0], time.time()
while True:
	ready, _, _ = select.select([sys.stdin, lan], [], [], 0.002)
	now = time.time()
	for n, rate in enumerate(RATES.get(phases[-1][0], USUAL)):
		# after a pause of this process, no burst
		owed[n] += rate * min(now - last, 0.02)
		for _ in range(int(owed[n])):
			wan.sendto(frames[n], ("127.0.0.1", guests[0][1]))
			sent += 1
		owed[n] %= 1
	last = now
	if sys.stdin in ready:
		break
	if lan not in ready:
		continue
	data = lan.recv(65536)
	if data[12:14] != b"\x08\x00":
		continue
	source, ports = data[26:30], data[36:38]
	if source == bytes((10, 1, 0, 1)) and data[23] == 17 and ports == b"\x00\x09":
		phases.append([data[42:].split(b"\n")[0].decode(), time.time(), [0, 0, 0, 0]])
	elif source[:2] == b"\x14\x00" and source[2] < 4 and source[3] == 1:
		phases[-1][2][source[2]] += 1
phases.append(["end", time.time(), None])
for (name, since, counts), (_, until, _) in zip(phases, phases[1:]):
	print(name, "%.1f" % (until - since), *counts)
print("sent", sent)
