/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Each action describes itself and its parameters in a .modinfo section, which holds
 * "tag=value" strings as in kernel modules. tcact-data (tc-scripts/data) reads these
 * strings and the types (BTF) of the object. There is no second list to keep in step.
 *
 *   action=ACTION:CLASS:what it does
 *   parm=ACTION.NAME:help
 *   parmtype=ACTION.NAME:KIND [MIN..MAX] [WORD=NUMBER]... [@SET]...
 *   names=SET:WORD=NUMBER ...
 *   needs=SET:WORD=NEED ...          words of a set, or of one parameter, that some
 *   needs=ACTION.NAME:WORD=NEED ...  kernels since 5.10 do not support. NEED is the
 *                           first kernel version that does, or the X of CONFIG_X
 *   rules=ACTION.NAME:RULE[; RULE]...   what NAME must be, depending on others
 *   part=ACTION.PART:OF ORDER [NAME=WORD]...
 *                           ACTION contains the action OF; its parameters are
 *                           PART.NAME. A chain of such actions OF may be replaced by
 *                           ACTION if ORDER never decreases along the chain, and no
 *                           parameter NAME has the value WORD
 *   table=ACTION:MAP KEY VALUE [KIND]   ACTION looks up a table that users fill. KEY is the
 *                           kind of its keys; VALUE is what the number of an entry is
 *                           called (-: entries have none), a num unless KIND is given. KIND plan: the number
 *                           of a plan (plan.h), which begins with a VALUE
 *   buckets=ACTION:MAP      ACTION has a bucket for each key, in the array MAP of sets of them. The
 *                           BTF of MAP says what they hold, see bucket.h
 *   anew=ACTION:MAP         MAP is empty again when a changed program takes the place of one; other maps stay
 *   length=ACTION.NAME:MAP N  the array MAP has an element for each N of NAME, rounded up
 *   shared=ACTION:SET MAP   attachments of the actions of SET in one network namespace share MAP, if it has
 *                           the same length
 *
 * The parameters of an action are one `const volatile struct ACTION_params` in .rodata,
 * named ACTION_params; those of a part are ACTION_PART_params. A '-' in a name is a '_'
 * in C. A '_' at the end of a member (default_) is not part of the name. Values are in
 * host byte order unless their kind says otherwise; the C type of the member gives width
 * and sign. `tcact bake` writes the values into a copy of the object. tc freezes .rodata,
 * so the verifier treats the values as constants and removes the branches that they
 * switch off.
 *
 * KIND, the syntax that users write:
 *   num     decimal or 0x hex within MIN..MAX, or one of the words
 *   name    a num or a word; shown as a num, as another parameter says which words fit
 *   handle  a num, or MAJOR:MINOR in hex as tc writes class ids
 *   mac     an Ethernet address, six bytes in network order
 *   bits    NUM[,NUM]..., stored as an array of bits; each num is the index of one
 *   map     FROM=TO[,FROM=TO]..., each a num; stored as an array with FROM as index
 *   word    one of the words, nothing else
 *   share   0..1 or 0%..100%, stored as that share of 2^32 (__u64)
 *   prefix  ADDRESS[/LENGTH], stored as struct prefix_param of address.h; all bytes 0
 *           if it is not given
 *   prefix6 the same for IPv6 only, LENGTH within MIN..MAX
 *   rate    bits, bytes or packets a second as tc writes them, stored as struct rate_param of
 *           layout.h; all bytes 0 if it is not given
 *   size    bytes as tc writes them, or Np: packets, stored with SIZE_PACKETS of layout.h
 *   time    NUMBER and s, ms, us or ns, within MIN..MAX nanoseconds, stored as nanoseconds
 *   period  a num, or hour, day, day@HH:MM or month: the number of the one in which it is written
 *   seed    a num; if it is 0, a random one is baked instead. It is not shown
 *   table   1 if the action has a table, else 0. Without such a parameter, an action with TABLE() always has one.
 *           Users do not write it: `table FILE` sets it
 *
 * RULE; the last three apply if the parameter OTHER is one of the WORDs:
 *   family PREFIX               the prefixes NAME and PREFIX are both given or both
 *                               not given, and are of one address family
 *   length PREFIX               the same, and they have the same length
 *   unit RATE                   NAME is 0, or counts what RATE counts: bytes or packets
 *   below OTHER                 NAME is 0, or both are rates that count the same, or times, and NAME is less
 *   without OTHER               NAME and OTHER are not both given
 *   with OTHER WORD...          NAME may be given only then
 *   least LOW OTHER WORD...     NAME must not be below the parameter LOW
 *   bits SOME OTHER WORD...     NAME is 0, or has all the bits of the parameter SOME
 *
 * These names mean the same in every action, and tcact-data knows them: `link`, which `tcact add` decides by the
 * device; `seed`, `per`, `prefix4` and `prefix6`, which decide what the keys of buckets are, and `buckets`, how many.
 */
#pragma once

#define MODINFO_CAT_(a, b) a##b
#define MODINFO_CAT(a, b) MODINFO_CAT_(a, b)
/* nodebug keeps the strings out of BTF: the kernel keeps a copy of the BTF per attachment. */
#define MODINFO(string)                                                        \
	static const char MODINFO_CAT(modinfo_, __COUNTER__)[]                 \
		__attribute__((section(".modinfo"), used, nodebug, aligned(1))) = string

/* CLASS: rewriter, matcher, redirector, policer or verdict; see verdict.h */
#define ACTION(name, class, what) MODINFO("action=" #name ":" #class ":" what)

#define NAMES(set, words) MODINFO("names=" #set ":" words)

#define NEEDS(of, words) MODINFO("needs=" #of ":" words)

#define PARAM(action, name, syntax, help)                                      \
	MODINFO("parm=" #action "." #name ":" help);                           \
	MODINFO("parmtype=" #action "." #name ":" syntax)

#define RULES(action, name, rules) MODINFO("rules=" #action "." #name ":" rules)

/* KEY and VALUE: as above; see `tcact table` */
#define TABLE(action, map, key, value) MODINFO("table=" #action ":" #map " " #key " " #value)

#define BUCKETS(action, map) MODINFO("buckets=" #action ":" #map)

#define ANEW(action, map) MODINFO("anew=" #action ":" #map)

#define SHARED(action, set, map) MODINFO("shared=" #action ":" #set " " #map)

#define LENGTH(action, name, map, of) MODINFO("length=" #action "." #name ":" #map " " #of)

/* volatile: the compiler must not use the defaults, as tcact replaces them later */
#define PARAMS(action) const volatile struct action##_params action##_params

/*
 * A part of an action, with the parameters of the action OF. It is on if the member PART
 * of ACTION_params, a __u8, is 1; `tcact bake` writes 1 if a parameter of the part is
 * given. The parts run in ascending ORDER. Parts may have the same ORDER if none of them
 * sees what the others write. UNLESS is "NAME=WORD ..." as above, or empty.
 */
#define PART(action, part, of, order, unless)                                  \
	MODINFO("part=" #action "." #part ":" #of " " #order " " unless);      \
	const volatile struct of##_params action##_##part##_params
