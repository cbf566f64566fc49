// SPDX-License-Identifier: GPL-2.0-only
/*
 * complete [WORD]...: prints what can follow these words of a command line, for the completion of shells. One
 * word a line, then a tab and what it means. A line "/" says that the name of a file can follow, too.
 *
 * A device may be named $(reboot): the shells take each word as it is, and quote it. A word with characters that
 * a terminal may obey is left out.
 */
#include <ctype.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "command.h"
#include "more.h"
#include "status.h"
#include "value.h"

struct choice {
	const char *word, *help;
};

static const struct choice subcommands[] = {
	{ "list", "show all actions" },
	{ "info", "show an action and its parameters" },
	{ "bake", "write an object with these values" },
	{ "add", "attach one or more actions" },
	{ "change", "set parameters or the control" },
	{ "del", "remove attachments" },
	{ "show", "show attachments" },
	{ "monitor", "show how many packets pass" },
	{ "top", "show the buckets that are most in use" },
	{ "prometheus", "print the counters for node_exporter" },
	{ "table", "change or show tables" },
	{ "apply", "make what is attached what the files say" },
	{ "save", "print what is attached as such a file" },
	{ "keep", "write what quota and account have counted to a file" },
	{ "check", "show what this machine supports, or read such files" },
	{ "help", "show how to use a subcommand" },
	{}
}, options_first[] = {
	{ "-n", "print the commands, change nothing" },
	{ "-v", "show the messages of tc and libbpf" },
	{ "-j", "JSON" },
	{ "-c", "colours" },
	{ "-V", "version" },
	{ "-h", "help" },
	{}
}, options_show[] = {
	{ "-s", "with the actions' own counters" },
	{ "-j", "JSON" },
	{ "-c", "colours" },
	{}
}, periods[] = {
	{ "hour", "of UTC" },
	{ "day", "or day@HH:MM" },
	{ "month", "" },
	{}
}, verbs[] = {
	{ "add", "add entries" },
	{ "del", "remove entries" },
	{ "load", "replace all entries" },
	{ "dump", "print all entries" },
	{ "flush", "remove all entries" },
	{ "show", "show how large tables are" },
	{}
}, places[] = {
	{ "dev", "the device" },
	{ "ingress", "packets that it receives" },
	{ "egress", "packets that it sends" },
	{ "pref", "1..65535, the lowest sees packets first" },
	{ "chain", "0..268435455" },
	{ "as", "the attachment's own name" },
	{ "protocol", "of the packets" },
	{}
}, protocols[] = {
	{ "all", "" }, { "ip", "" }, { "ipv6", "" }, { "arp", "" }, { "802.1q", "" }, { "802.1ad", "" }, { "ppp_ses", "" },
	{}
}, controls[] = {
	{ "pass", "accept the packet" },
	{ "drop", "drop it" },
	{ "pipe", "go on with the next action" },
	{ "continue", "go on with the next filter" },
	{ "reclassify", "begin again with the first filter" },
	{ "trap", "to the CPU (hardware offload)" },
	{ "goto", "go on in another chain" },
	{ "jump", "go on with action N of the filter, from 0" },
	{}
};

static void offer(const char *word, const char *help)
{
	for (const char *c = word; *c; c++)
		if (iscntrl((unsigned char)*c))
			return;
	printf("%s\t", word);
	safe_print(help);
	putchar('\n');
}

static void offer_all(const struct choice *choice)
{
	for (; choice->word; choice++)
		offer(choice->word, choice->help);
}

static bool is_choice(const char *word, const struct choice *choice)
{
	while (choice->word && strcmp(choice->word, word))
		choice++;
	return choice->word;
}

static void offer_files(void)
{
	puts("/");		/* no word is that */
}

static void offer_devices(void)
{
	struct if_nameindex *all = if_nameindex();

	for (struct if_nameindex *device = all; device && device->if_name; device++)
		offer(device->if_name, "");
	if_freenameindex(all);
}

/* Those that `tcact @subcommand [@verb]` is for. */
static void offer_actions(const struct options *options, const char *subcommand, const char *verb)
{
	bool table = !strcmp(subcommand, "table"), top = !strcmp(subcommand, "top"), dump = !strcmp(verb, "dump");
	const struct action **actions;
	struct error e = {};
	size_t n;

	if (!actions_once(&actions, &n, options->objects, &e))
		for (size_t i = 0; i < n; i++)
			if ((!table && !top) || (table && actions[i]->map) || ((top || dump) && actions[i]->buckets))
				offer(actions[i]->name, actions[i]->what);
	free(actions);
}

static void offer_parameters(const struct action *action)
{
	for (size_t i = 0; i < action->parameters; i++)
		if (!parameter_is_table(&action->parameter[i]))
			offer(action->parameter[i].name, action->parameter[i].help);
}

/* What a command line has said. */
struct said {
	const struct action *action;	/* the last one that it names, or NULL */
	const struct parameter *parameter;	/* of it: its value is to follow */
	const char *keyword;		/* the same of a word that is not a parameter, or NULL */
	bool control, hit;		/* hit: `over hit` */
};

/* The file says whether it is an action; those that are not need no message. */
static void see_action(struct said *said, const char *objects, const char *word)
{
	const struct action *action;
	struct error e = {};

	action = strcmp(word, "tcact") ? action_once(objects, word, &e) : NULL;
	if (action)
		said->action = action;
}

static void see(struct said *said, const struct options *options, char **words, int n)
{
	static const char *const valued[] = {
		"dev", "pref", "chain", "as", "protocol", "table", "-o", "interval", "sort", "first", "goto", "jump", "kept", "min", NULL
	};

	for (int i = 0; i < n; i++) {
		const struct parameter *p = said->action ? parameter_named(said->action, words[i]) : NULL;
		bool match;

		if (p && parameter_is_table(p))
			p = NULL;
		said->hit |= p && i + 1 < n && !strcmp(words[i], "over") && !strcmp(words[i + 1], "hit");
		said->control |= is_choice(words[i], controls);
		/* that of a filter has quotes, as the shell has it: 'flower ip_proto tcp' */
		match = !strcmp(words[i], "match") && i + 1 < n && strchr("\"'", *words[i + 1]);
		if (p || match || is_one_of(words[i], valued)) {
			if (i++ + 1 < n)
				continue;
			said->parameter = p;
			said->keyword = p ? NULL : words[n - 1];
		} else {
			see_action(said, options->objects, words[i]);
		}
	}
}

static void offer_value(const struct parameter *p)
{
	if (!strcmp(p->kind->name, "period"))
		offer_all(periods);
	for (size_t i = 0; i < p->words.n; i++)
		offer(p->words.word[i].name, "");
}

/* What follows the words @said of `tcact @subcommand [@verb]`; the first of them if @first. */
static void offer_next(const struct options *options, const char *subcommand, const char *verb, const struct said *said,
		       bool first, const char *previous)
{
	bool bake = !strcmp(subcommand, "bake"), add = !strcmp(subcommand, "add"), change = !strcmp(subcommand, "change"),
	     top = !strcmp(subcommand, "top");

	if (!said->action) {
		if (!bake)
			offer_all(places);
		if (!strcmp(subcommand, "show") && first)
			offer_all(options_show);
		if (!strcmp(subcommand, "del") && first)
			offer("applied", "those of apply");
		/* one of them is match, which is also the word before the match of a filter */
		offer_actions(options, subcommand, verb);
	} else if (!strcmp(previous, "then")) {
		offer_actions(options, "", "");
	} else if (!said->control && (bake || add || change)) {
		offer_parameters(said->action);
		if (said->action->map && !change)
			offer("table", "the file of its table");
		if (add)
			offer("then", "another action");
		if (bake)
			offer("-o", "the file to write");
		/* that of a policer which is no matcher would drop all */
		for (const struct choice *c = controls; !bake && c->word; c++)
			if (change || said->hit || strcmp(c->word, "drop") || strcmp(said->action->class, "policer"))
				offer(c->word, c->help);
	}
	if (!strcmp(subcommand, "monitor") || top)
		offer("interval", "in seconds");
	if (!strcmp(verb, "dump") && (!said->action || said->action->table))
		offer("plans", "the rates by prefix of police and pace");
	if (top || (!strcmp(verb, "dump") && (!said->action || said->action->buckets))) {
		offer("sort", "by this column");
		offer("first", "so many rows");
	}
	if (!strcmp(verb, "load")) {
		offer("min", "so many entries, or it is an error");
		offer("lenient", "skip invalid lines");
		offer_files();
	}
}

int command_complete(const struct options *options, char **words, int n, struct error *e)
{
	static const char *const silent[] = { "list", "prometheus", NULL };
	const char *subcommand, *verb = "";
	struct said said = {};
	int i = 0;

	(void)e;
	while (i < n && *words[i] == '-')
		i++;
	if (i == n) {
		offer_all(subcommands);
		offer_all(options_first);
		return 0;
	}
	subcommand = words[i++];
	if (!strcmp(subcommand, "table")) {
		if (i == n) {
			offer_all(verbs);
			return 0;
		}
		verb = words[i++];
	}
	if (is_one_of(subcommand, silent) || !is_choice(subcommand, subcommands))
		return 0;
	if (!strcmp(subcommand, "help")) {
		if (i == n)
			offer_all(subcommands);
		return 0;
	}
	if (!strcmp(subcommand, "info")) {
		if (i == n)
			offer_actions(options, "", "");
		return 0;
	}
	see(&said, options, words + i, n - i);
	if (said.parameter) {
		offer_value(said.parameter);
	} else if (said.keyword) {
		if (!strcmp(said.keyword, "dev"))
			offer_devices();
		else if (!strcmp(said.keyword, "protocol"))
			offer_all(protocols);
		else if (!strcmp(said.keyword, "goto"))
			offer("chain", "0..268435455");
		else if (!strcmp(said.keyword, "table") || !strcmp(said.keyword, "-o") || !strcmp(said.keyword, "kept"))
			offer_files();
	} else if (!strcmp(subcommand, "check") || !strcmp(subcommand, "save") ||
		   !strcmp(subcommand, "keep")) {
		offer_files();
	} else if (!strcmp(subcommand, "apply")) {
		if (i == n)
			offer("kept", "what keep has written");
		if (i == n || (i + 2 == n && !strcmp(words[i], "kept")))
			offer("dev", "that device only");
		offer_files();
	} else {
		offer_next(options, subcommand, verb, &said, i == n, words[n - 1]);
	}
	return 0;
}
