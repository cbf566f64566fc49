# SPDX-License-Identifier: GPL-2.0-only
# What `tcact -j show -s` prints is of the form that tcact-json(7) says: true, or what is not.
def count: type == "number" and . >= 0 and . == floor;
def maybe(f): . == null or f;
def text: type == "string";
def only($all; $some): (keys_unsorted - $all - $some | length) == 0 and ($all - keys_unsorted | length) == 0;
def before: only(["pref", "kind", "keeps"]; []) and (.pref | maybe(count)) and (.kind | text) and
	(.keeps | IN("all", "matched", "unknown")) and (.pref == null) == (.kind == "tcx");
def program: only(["name", "control", "index", "packets", "bytes", "dropped", "program", "parameters"];
		["hits", "misses", "entries", "reasons"]) and
	(.program | count) and has("hits") == has("misses") and
	(.parameters | maybe(type == "object" and all(.[]; type == "number" or (text and (test("^-?[0-9]+$") | not))))) and
	all((.hits, .misses, .entries); maybe(count)) and
	(.reasons | maybe(type == "object" and all(.[]; count)));
def action: all((.index, .packets, .bytes); count) and all((.name, .control); text) and (.dropped | maybe(count)) and
	(if has("program") then program
	 else .name == "gact" and only(["name", "control", "index", "packets", "bytes", "dropped"]; []) end);
def attachment: only(["dev", "direction", "chain", "pref", "protocol", "match", "name", "installed", "used", "before",
		"actions"]; []) and
	all((.dev, .protocol); text) and (.match | maybe(text)) and (.direction | IN("ingress", "egress")) and
	all((.chain, .pref); count) and (.name | maybe(text)) and all((.installed, .used); maybe(count)) and
	all(.before[]; before) and (.actions | length > 0) and all(.actions[]; action);
if type == "array" and all(.[]; attachment) then length > 0 else [.[] | select(attachment | not)] end
