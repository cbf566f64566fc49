/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * An action describes itself: what it is, and each parameter, in a .modinfo
 * section of "tag=value" strings as kernel modules have. tcact-data
 * (tc-scripts/data) reads these, and the types of the finished object; there is
 * no second list to keep in step.
 *
 *   action=ACTION:CLASS:what it does
 *   parm=ACTION.NAME:help
 *   parmtype=ACTION.NAME:KIND [MIN..MAX] [WORD=NUMBER]... [@SET]...
 *   names=SET:WORD=NUMBER ...
 *   needs=SET:WORD=NEED ...          words of a set that not every kernel from
 *   needs=ACTION.NAME:WORD=NEED ...  5.10 on bears with, or a parameter's own.
 *                           NEED is the version that does, or a CONFIG_NEED
 *   rules=ACTION.NAME:RULE[; RULE]...   what NAME must be, next to others
 *   part=ACTION.PART:OF ORDER [NAME=WORD]...
 *                           ACTION has the parameters of OF as PART.NAME. Parts in
 *                           a row give what the actions OF in that row give where
 *                           no ORDER is below the one before, and none has NAME WORD
 *   table=ACTION:MAP KEY VALUE [KIND]   ACTION looks up a table that users fill: the kind of
 *                           its keys, and what the number of an entry is called, a num or
 *                           of that KIND; -: it has none
 *
 * The parameters of an action are one `const volatile struct ACTION_params`
 * in .rodata, named ACTION_params; those of a part, ACTION_PART_params. A '-'
 * in a name is a '_' in C, and a '_' at the end of a member is not in the name.
 * Values are in host byte order unless their kind says otherwise; the member's
 * C type gives width and sign. `tcact bake` writes them into a copy of the
 * object, and as tc freezes .rodata, the verifier knows them and drops the
 * branches that they switch off.
 *
 * KIND, the syntax that users write:
 *   num     decimal or 0x hex within MIN..MAX, or one of the words
 *   name    a num or a word, shown as a num: what the words are for depends
 *   handle  a num, or MAJOR:MINOR in hex as tc writes class ids
 *   mac     an Ethernet address, six bytes in network order
 *   bits    NUM[,NUM]..., an array of bits, each num the index of one
 *   map     FROM=TO[,FROM=TO]..., each a num; an array, FROM the index
 *   word    one of the words, nothing else
 *   share   0..1 or 0%..100%, stored as that share of 2^32 (__u64)
 *   prefix  ADDRESS[/LENGTH], none where 0: struct prefix_param of address.h
 *   prefix6 the same of IPv6 only, LENGTH within MIN..MAX
 *
 * RULE, the last three where the parameter OTHER is one of the WORDs:
 *   family PREFIX               NAME and PREFIX, two prefixes, are given both or
 *                               not at all, and of one family
 *   length PREFIX               the same, and of one length
 *   with OTHER WORD...          NAME is given there only
 *   least LOW OTHER WORD...     NAME is not below LOW
 *   bits SOME OTHER WORD...     NAME, unless it is 0, has all the bits of SOME
 */
#pragma once

#define MODINFO_CAT_(a, b) a##b
#define MODINFO_CAT(a, b) MODINFO_CAT_(a, b)
/* nodebug: keeps the strings out of BTF, of which every attach holds a copy */
#define MODINFO(string)                                                        \
	static const char MODINFO_CAT(modinfo_, __COUNTER__)[]                 \
		__attribute__((section(".modinfo"), used, nodebug, aligned(1))) = string

/* CLASS: rewriter, matcher, redirector or verdict; see verdict.h */
#define ACTION(name, class, what) MODINFO("action=" #name ":" #class ":" what)

#define NAMES(set, words) MODINFO("names=" #set ":" words)

#define NEEDS(of, words) MODINFO("needs=" #of ":" words)

#define PARAM(action, name, syntax, help)                                      \
	MODINFO("parm=" #action "." #name ":" help);                           \
	MODINFO("parmtype=" #action "." #name ":" syntax)

#define RULES(action, name, rules) MODINFO("rules=" #action "." #name ":" rules)

/* KEY and VALUE: as above; see `tcact table` */
#define TABLE(action, map, key, value) MODINFO("table=" #action ":" #map " " #key " " #value)

/* volatile: the compiler must not use the defaults; the verifier will */
#define PARAMS(action) const volatile struct action##_params action##_params

/*
 * A part of an action: it has the parameters of the action OF, and is on while
 * the member PART of ACTION_params, a __u8, is 1: `tcact bake` writes that when
 * one of them is given. The parts work in ascending ORDER; of one ORDER are those
 * of which none sees another's work. UNLESS: "NAME=WORD ...", or nothing.
 */
#define PART(action, part, of, order, unless)                                  \
	MODINFO("part=" #action "." #part ":" #of " " #order " " unless);      \
	const volatile struct of##_params action##_##part##_params
