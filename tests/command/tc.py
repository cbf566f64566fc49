#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""tc, as far as tcact calls it, for tests without act_bpf: the qdiscs and filters are in the file STATE, the
programs are loaded, and stay pinned. The FAULT-th command that changes something fails, with ERROR; CALLS counts them. LACKS are
classifiers that the kernel has not. RENAME is a device that has another name as soon as its filters are listed."""
import ctypes
import json
import os
import sys

PINS = "/sys/fs/bpf/kept"  # of the programs that filters have


class Refused(Exception):
    pass


class Tc:
    """The qdiscs, and the filters by "DEV DIR"."""

    def __init__(self):
        self.path = os.environ["STATE"]
        self.state = {"qdiscs": [], "filters": {}, "index": 0}
        if os.path.exists(self.path):
            with open(self.path, encoding="utf8") as file:
                self.state = json.load(file)

    def close(self):
        with open(self.path, "w", encoding="utf8") as file:
            json.dump(self.state, file)

    def change(self, words):
        """The FAULT-th command that changes something fails."""
        with open(os.environ["CALLS"], "a+", encoding="utf8") as file:
            file.write(" ".join(words[:2]) + "\n")
            file.seek(0)
            if len(file.readlines()) == int(os.environ.get("FAULT", "0")):
                raise Refused(os.environ.get("ERROR", "Error: injected"))

    def keep(self, fd):
        """Pins a program; returns its id."""
        info = (ctypes.c_char * 256)()
        size = ctypes.c_uint(256)
        if fd < 0 or self.bpf.bpf_obj_get_info_by_fd(fd, info, ctypes.byref(size)):
            raise Refused("Error: no program")
        number = int.from_bytes(info[4:8], sys.byteorder)
        os.makedirs(PINS, exist_ok=True)
        self.bpf.bpf_obj_pin(fd, f"{PINS}/{number}".encode())  # it may be there
        return number

    def load(self, path, section):
        for name in ("bpf_object__open_file", "bpf_object__next_program", "bpf_program__section_name"):
            getattr(self.bpf, name).restype = ctypes.c_void_p
        self.bpf.bpf_program__section_name.restype = ctypes.c_char_p
        obj = ctypes.c_void_p(self.bpf.bpf_object__open_file(path.encode(), None))
        prog = None
        while prog := self.bpf.bpf_object__next_program(obj, ctypes.c_void_p(prog)):
            prog = ctypes.c_void_p(prog)
            if self.bpf.bpf_program__section_name(prog).decode() == section:
                break
            prog = prog.value
        self.bpf.bpf_program__set_type(prog, 4)  # BPF_PROG_TYPE_SCHED_ACT
        if self.bpf.bpf_object__load(obj):
            raise Refused("Error: load")
        return self.keep(self.bpf.bpf_program__fd(prog))

    def actions(self, words):
        """The actions that the words describe."""
        self.bpf = ctypes.CDLL("libbpf.so.1")
        made = []
        while words:
            action = dict(zip(("kind", "label", "program", "random"), (words[1], "", 0, "")))
            words = words[2:]
            if words[0] == "object-file":
                name = os.path.basename(words[1])
                action.update(label=f"{name}:[{words[3]}]", program=self.load(words[1], words[3]))
                words = words[4:]
            elif words[0] == "object-pinned":
                action.update(label=f"{os.path.basename(words[1])}:[*fsobj]",
                              program=self.keep(self.bpf.bpf_obj_get(words[1].encode())))
                words = words[2:]
            at = next((i for i, word in enumerate(words) if word in ("index", "cookie")), len(words))
            action["control"] = " ".join(words[:at])
            words = words[at:]
            while words and words[0] in ("index", "cookie"):
                action[words[0]] = words[1]
                words = words[2:]
            made.append(action)
        return made

    def filter_add(self, words):
        hook = f"{words[1]} {words[2]}"
        if words[1] not in self.state["qdiscs"]:
            raise Refused("Error: Parent Qdisc doesn't exists.")
        place, words, chain = {}, words[3:], "0"
        while words[0] in ("chain", "pref", "protocol"):
            place[words[0]] = words[1]
            words = words[2:]
        chain = place.get("chain", "0")
        at = words.index("action")
        new = {"chain": int(chain), "pref": int(place["pref"]), "protocol": place["protocol"], "kind": words[0],
               "match": " ".join(words[1:at]), "actions": self.actions(words[at:])}
        for action in new["actions"]:
            self.state["index"] += 1
            action["index"] = str(self.state["index"])
        if new["kind"] in os.environ.get("LACKS", "").split():
            raise Refused("Error: TC classifier not found.")
        there = self.state["filters"].setdefault(hook, [])
        if any((f["chain"], f["pref"]) == (new["chain"], new["pref"]) for f in there):
            raise Refused("RTNETLINK answers: File exists")
        there.append(new)
        there.sort(key=lambda f: (f["chain"], f["pref"]))

    def filter_del(self, words):
        hook, place = f"{words[1]} {words[2]}", dict(zip(words[3:-1:2], words[4::2]))
        there = self.state["filters"].get(hook, [])
        gone = [f for f in there if f["chain"] == int(place["chain"]) and f["pref"] == int(place["pref"]) and
                f["protocol"] == place["protocol"] and f["kind"] == words[-1]]
        if not gone:
            raise Refused("RTNETLINK answers: No such file or directory")
        there.remove(gone[0])

    def show(self, hook, place):
        for f in self.state["filters"].get(hook, []):
            if place not in ([], ["chain", str(f["chain"]), "pref", str(f["pref"])]):
                continue
            head = f"filter protocol {f['protocol']} pref {f['pref']} {f['kind']} chain {f['chain']} "
            print(f"{head}\n{head}handle 0x1 \n  {f['match']}\n  not_in_hw")
            for n, a in enumerate(f["actions"], 1):
                if a["kind"] == "bpf":
                    print(f"\taction order {n}: bpf {a['label']} id {a['program']} name x tag 0 jited default-action "
                          f"{a['control']} ")
                else:
                    print(f"\taction order {n}: gact action {a['control']}\n\t random type none pass val 0")
                print(f"\t index {a['index']} ref 1 bind 1 installed 5 sec used 5 sec\n\tAction statistics:\n"
                      "\tSent 0 bytes 0 pkt (dropped 0, overlimits 0 requeues 0) \n\tbacklog 0b 0p requeues 0\n"
                      f"\tcookie {a['cookie'].lower()}")

    def by_index(self, index):
        for there in self.state["filters"].values():
            for f in there:
                for action in f["actions"]:
                    if action["index"] == index:
                        return action
        raise Refused("Error: TC action with specified index not found.")

    def run(self, words):
        if words[0] == "-s":
            words = words[1:]
        verb = " ".join(words[:2])
        if verb == "qdisc show":
            for dev in self.state["qdiscs"] if len(words) == 2 else words[3:]:
                print("qdisc noqueue 0: root refcnt 2 ")
                if dev in self.state["qdiscs"]:
                    print(f"qdisc clsact ffff: {f'dev {dev} ' if len(words) == 2 else ''}parent ffff:fff1 ")
        elif verb == "filter show":
            if words[3] == os.environ.get("RENAME"):
                os.spawnlp(os.P_WAIT, "ip", "ip", "link", "set", words[3], "name", "renamed")
            self.show(" ".join(words[3:5]), words[5:])
        elif verb == "chain show":
            pass
        elif verb == "actions get":
            action = self.by_index(words[-1])
            print(f"\t index {action['index']} ref 1 bind 1\n\tcookie {action['cookie'].lower()}")
        else:
            self.change(words)
            if verb == "qdisc add":
                self.state["qdiscs"].append(words[3])
            elif verb == "qdisc del":
                self.state["qdiscs"].remove(words[3])
            elif verb == "filter add":
                self.filter_add(words[2:])
            elif verb == "filter del":
                self.filter_del(words[2:])
            elif verb == "actions replace":
                action = self.actions(words[2:])[0]
                self.by_index(action["index"]).update(action)
            else:
                raise Refused(f"Error: what is {verb}?")


def main(words):
    fake, name, n = Tc(), "-", 0
    try:
        if "-batch" in words:
            name = words[-1]
            with sys.stdin if name == "-" else open(name, encoding="utf8") as file:
                for n, line in enumerate(file, 1):
                    if len(line.split()) > 100 or set(line) & set("\\\"'#"):
                        raise Refused("Error: not a line for -batch")
                    fake.run(line.split())
            n = 0
        else:
            fake.run(words)
    except Refused as why:
        print(why, f"\nCommand failed {name}:{n}" if n else "", file=sys.stderr)
        return 2
    finally:
        fake.close()
    return 0


sys.exit(main(sys.argv[1:]))
