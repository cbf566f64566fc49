# SPDX-License-Identifier: GPL-2.0-only
# `make help` lists the targets.
VERSION := $(shell cat VERSION)

PREFIX  ?= /usr/local
BINDIR  ?= $(PREFIX)/sbin
LIBDIR  ?= $(PREFIX)/lib
BPFDIR  ?= $(LIBDIR)/tcact
MANDIR  ?= $(PREFIX)/share/man
PKGCONFIGDIR  ?= $(LIBDIR)/pkgconfig
COMPLETIONDIR ?= $(PREFIX)/share/bash-completion/completions
UNITDIR ?= $(PREFIX)/lib/systemd/system
DESTDIR ?=

CLANG      ?= clang
LLVM_LINK  ?= llvm-link
LLC        ?= llc
LLVM_STRIP ?= llvm-strip

# The project's own flags, as the hardening flags of distributions do not work with
# -target bpf. v3 is the newest instruction set that kernel 5.10 supports.
BPF_CFLAGS := -mcpu=v3 -O2 -g -Wall -Wextra -Werror -Iinclude \
	-DTCACT_VERSION='"$(VERSION)"' -ffile-prefix-map=$(CURDIR)=. \
	$(patsubst %,-idirafter %,$(wildcard /usr/include/$(shell uname -m)-linux-gnu))

ACTIONS := $(sort $(patsubst action/%.c,%,$(wildcard action/*.c)))
# those that can be baked with a table
BAKED := class prefixes

ifeq ($(V),)
Q := @
say = @printf '  %-6s %s\n' $(1) $(2)
endif

all: build/tcact.o build/bpfeb/tcact.o build/tcact build/tcact-data build/tcact.pc

# One set of rules for each byte order. build/ itself is bpfel.
# clang makes bitcode, and llc makes objects from it. So the linked object contains exactly
# what the small ones contain, for either byte order on any machine (bpftool gen object
# links only objects of its own machine's byte order).
define order # 1: directory, 2: llvm target
$(1)/%.bc: action/%.c VERSION | $(1) build/tools
	$$(call say,CLANG,$$@)
	$$(Q)$(CLANG) -target $(2) $(BPF_CFLAGS) -MMD -MP -emit-llvm -c $$< -o $$@

# With the table in the object: see TABLE_BAKED of ranges.h.
$(1)/baked/%.bc: action/%.c VERSION | $(1)/baked build/tools
	$$(call say,CLANG,$$@)
	$$(Q)$(CLANG) -target $(2) $(BPF_CFLAGS) -DTABLE_BAKED -MMD -MP -emit-llvm -c $$< -o $$@

$(1)/tcact.bc: $(ACTIONS:%=$(1)/%.bc)
	$$(call say,LINK,$$@)
	$$(Q)$(LLVM_LINK) $$^ -o $$@

$(1)/%.o: $(1)/%.bc
	$$(call say,LLC,$$@)
	$$(Q)$(LLC) -march=$(2) -mcpu=v3 -filetype=obj $$< -o $$@
	$$(Q)$(LLVM_STRIP) -g $$@

# The descriptions in the objects; the build fails if one is missing.
$(1)/tests/actions: $(ACTIONS:%=$(1)/%.o) build/tcact-data
	$$(Q)mkdir -p $$(@D)
	$$(Q)build/tcact-data $(1) describe >$$@

$(1)/tcact.o: $(1)/tests/actions $(BAKED:%=$(1)/baked/%.o)
$(1) $(1)/baked:
	$$(Q)mkdir -p $$@

-include $(ACTIONS:%=$(1)/%.d) $(BAKED:%=$(1)/baked/%.d)
endef
$(eval $(call order,build,bpfel))
$(eval $(call order,build/bpfeb,bpfeb))

# Checks once that everything is installed that the build needs.
build/tools: | build
	$(Q)lacking=; for tool in $(foreach t,CC CLANG LLVM_LINK LLC LLVM_STRIP,$(firstword $($(t)))); do \
		command -v "$$tool" >/dev/null || lacking="$$lacking $$tool"; \
	done; \
	[ -n "$$lacking" ] || echo '#include <bpf/bpf_helpers.h>' | $(CLANG) -target bpf $(BPF_CFLAGS) \
		-include linux/types.h -fsyntax-only -x c - 2>/dev/null || lacking=' bpf/bpf_helpers.h'; \
	for header in bpf/libbpf gelf zlib json-c/json; do \
		[ -n "$$lacking" ] || echo "#include <$$header.h>" | $(CC) $(CPPFLAGS) -fsyntax-only -x c - 2>/dev/null || \
			lacking=" $$header.h"; \
	done; \
	[ -z "$$lacking" ] || { echo "make: there is no$$lacking; install clang llvm gcc libbpf-dev libelf-dev" \
		'zlib1g-dev libjson-c-dev (Debian) or clang llvm gcc libbpf-devel elfutils-libelf-devel' \
		'zlib-devel json-c-devel glibc-devel (Fedora)' >&2; exit 1; }
	$(Q)touch $@

# The part of the command that handles objects, values, maps and tables.
DATA_CFLAGS := -std=gnu11 -D_GNU_SOURCE -O2 -Wall -Wextra -Werror
DATA := $(wildcard tc-scripts/data/*.c)

build/tcact-data: $(DATA) $(wildcard tc-scripts/data/*.h) | build build/tools
	$(call say,CC,$@)
	$(Q)$(CC) $(CPPFLAGS) $(DATA_CFLAGS) $(CFLAGS) $(LDFLAGS) $(DATA) -o $@ -lbpf -lelf -lz -ljson-c -lm

# The command as installed, which knows the directory of the objects. It is made again when
# one of the variables has changed.
build/tcact: tc-scripts/tcact FORCE | build
	$(Q)sed -e 's|@BPFDIR@|$(BPFDIR)|; s|@VERSION@|$(VERSION)|' $< >$@.new
	$(Q)chmod 755 $@.new
	$(Q)cmp -s $@.new $@ && rm $@.new || mv $@.new $@

build/tcact.pc: FORCE | build
	$(Q)printf '%s\n' 'prefix=$(PREFIX)' 'bpfdir=$(BPFDIR)' '' 'Name: tcact' \
		'Description: eBPF packet actions for tc' 'Version: $(VERSION)' >$@

RUNNER_CFLAGS := -std=gnu11 -O2 -Wall -Wextra -Werror

build/tests/runner: tests/unit/runner.c tests/unit/vector.h tests/unit/enter.h | build
	$(Q)mkdir -p $(@D)
	$(call say,CC,$@)
	$(Q)$(CC) $(CPPFLAGS) $(CFLAGS) $(RUNNER_CFLAGS) -static $< -o $@ -lbpf -lelf -lz

# For the big-endian guest, with the guest's libraries.
build/bpfeb/tests/runner: tests/unit/runner.c tests/unit/vector.h tests/unit/enter.h | build/bpfeb
	$(Q)mkdir -p $(@D)
	$(call say,CC,$@)
	$(Q)libraries=$$(tests/vm/vm -R -a s390x)/usr/lib/s390x-linux-gnu && \
		s390x-linux-gnu-gcc $(RUNNER_CFLAGS) -idirafter /usr/include $< -o $@ \
		-L"$$libraries" -Wl,-rpath-link,"$$libraries" -l:libbpf.so.1

FUZZ := build/tests/fuzz$(if $(FUZZ_SANITIZE),-sanitized)
build/tests/fuzz-sanitized: FUZZ_CFLAGS := -g -fsanitize=address,undefined

build/tests/fuzz build/tests/fuzz-sanitized: $(wildcard tests/fuzz/*.[ch] tc-scripts/data/*.h) tests/unit/enter.h \
		tc-scripts/data/ranges.c tc-scripts/data/prefix.c | build
	$(Q)mkdir -p $(@D)
	$(call say,CC,$@)
	$(Q)$(CC) $(CPPFLAGS) $(CFLAGS) $(RUNNER_CFLAGS) $(FUZZ_CFLAGS) $(filter %.c,$^) -o $@ -lbpf -lelf -lz

# libFuzzer is clang's
build/tests/readers: tests/fuzz/readers.c $(DATA) $(wildcard tc-scripts/data/*.h) | build
	$(Q)mkdir -p $(@D)
	$(call say,CC,$@)
	$(Q)$(CLANG) $(CPPFLAGS) $(DATA_CFLAGS) -g -fsanitize=fuzzer,address,undefined -fno-sanitize-recover=undefined \
		$< $(filter-out tc-scripts/data/main.c,$(DATA)) -o $@ -lbpf -lelf -lz -ljson-c -lm

build/bpfeb/tcact-data: $(DATA) $(wildcard tc-scripts/data/*.h) | build/bpfeb
	$(call say,CC,$@)
	$(Q)libraries=$$(tests/vm/vm -R -a s390x)/usr/lib/s390x-linux-gnu && \
		s390x-linux-gnu-gcc $(DATA_CFLAGS) -idirafter /usr/include $(DATA) -o $@ \
		-L"$$libraries" -Wl,-rpath-link,"$$libraries" -l:libbpf.so.1 -l:libelf.so.1 -l:libz.so.1 -l:libjson-c.so.5 -lm

# Objects for this machine's byte order unless BYTEORDER says le or be.
BYTEORDER ?= $(if $(filter 1,$(shell printf '\001\000' | od -An -tu2)),le,be)
$(if $(filter le be,$(BYTEORDER)),,$(error BYTEORDER must be le or be))
OBJDIR := $(if $(filter be,$(BYTEORDER)),build/bpfeb,build)

LIBRARY = $(OBJDIR)/tcact.o $(ACTIONS:%=$(OBJDIR)/%.o) $(wildcard tc-scripts/tcact.d/*)
PAGES = $(wildcard docs/man/*.[1-9])

install: all
	install -d $(DESTDIR)$(BINDIR) $(DESTDIR)$(BPFDIR) $(DESTDIR)$(PKGCONFIGDIR) \
		$(DESTDIR)$(COMPLETIONDIR) $(DESTDIR)$(UNITDIR) $(DESTDIR)$(MANDIR)/man7 $(DESTDIR)$(MANDIR)/man8
	install -m 755 build/tcact $(DESTDIR)$(BINDIR)/tcact
	install -m 644 $(LIBRARY) $(DESTDIR)$(BPFDIR)
	install -d $(DESTDIR)$(BPFDIR)/baked
	install -m 644 $(BAKED:%=$(OBJDIR)/baked/%.o) $(DESTDIR)$(BPFDIR)/baked
	install -m 755 build/tcact-data $(DESTDIR)$(BPFDIR)
	install -m 644 build/tcact.pc $(DESTDIR)$(PKGCONFIGDIR)/tcact.pc
	sed 's|@BPFDIR@|$(BPFDIR)|' tc-scripts/tcact.bash-completion >$(DESTDIR)$(COMPLETIONDIR)/tcact
	chmod 644 $(DESTDIR)$(COMPLETIONDIR)/tcact
	install -m 644 tc-scripts/tcact@.service $(DESTDIR)$(UNITDIR)/tcact@.service
	for page in $(PAGES); do \
		install -m 644 $$page $(DESTDIR)$(MANDIR)/man$${page##*.}/ || exit; done

uninstall:
	rm -f $(DESTDIR)$(BINDIR)/tcact $(DESTDIR)$(PKGCONFIGDIR)/tcact.pc \
		$(DESTDIR)$(COMPLETIONDIR)/tcact $(DESTDIR)$(UNITDIR)/tcact@.service
	for page in $(PAGES); do rm -f $(DESTDIR)$(MANDIR)/man$${page##*.}/$${page##*/}; done
	rm -f $(addprefix $(DESTDIR)$(BPFDIR)/,$(notdir $(LIBRARY)) tcact-data)
	rm -f $(BAKED:%=$(DESTDIR)$(BPFDIR)/baked/%.o)
	[ ! -d $(DESTDIR)$(BPFDIR)/baked ] || rmdir --ignore-fail-on-non-empty $(DESTDIR)$(BPFDIR)/baked
	[ ! -d $(DESTDIR)$(BPFDIR) ] || rmdir --ignore-fail-on-non-empty $(DESTDIR)$(BPFDIR)

# check-all: also what check leaves out on the other kernels
check check-all:
	tests/setup
	$(MAKE) all build/tests/runner build/tests/fuzz build/tests/readers
	tests/run $(if $(filter check-all,$@),--all)

bench:
	tests/setup
	$(MAKE) all
	tests/bench/bench

# FUZZ_SECONDS, FUZZ_SEED, FUZZ_CORPUS: a directory of pcap files; FUZZ_SANITIZE=1: with ASan and UBSan
fuzz:
	$(MAKE) build/tcact.o build/tests/runner $(FUZZ)
	tests/fuzz/run -p $(FUZZ) -s $(or $(FUZZ_SECONDS),60) -S $(or $(FUZZ_SEED),1) \
		$(if $(FUZZ_CORPUS),-c '$(FUZZ_CORPUS)')

demo:
	tests/setup demo
	$(MAKE) all
	tests/demo

clean:
	rm -rf build

help:
	@echo 'make            build the objects, for both byte orders, and the command'
	@echo 'make check      all tests; installs what they need (root)'
	@echo 'make check-all  the same, with every test on every kernel (hours)'
	@echo 'make fuzz       random packets and parameters (root); FUZZ_SECONDS FUZZ_SEED FUZZ_CORPUS=DIR'
	@echo 'make bench      what each action costs; writes docs/performance.md (root)'
	@echo 'make demo       real packets through the actions, before and after (root)'
	@echo 'make install    DESTDIR PREFIX BINDIR LIBDIR BPFDIR MANDIR BYTEORDER=le|be'
	@echo 'make uninstall  the same variables'
	@echo 'make clean      V=1 prints each command'

FORCE:
.PHONY: all install uninstall check check-all fuzz bench demo clean help FORCE
.DELETE_ON_ERROR:
.SECONDARY:
