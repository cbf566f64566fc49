# SPDX-License-Identifier: GPL-2.0-only
# `make help` lists the targets.
VERSION := $(shell cat VERSION)

PREFIX  ?= /usr/local
BINDIR  ?= $(PREFIX)/sbin
LIBDIR  ?= $(PREFIX)/lib
BPFDIR  ?= $(LIBDIR)/tcact
SCRIPTDIR  ?= $(PREFIX)/share/tcact
INCLUDEDIR ?= $(PREFIX)/include
MANDIR  ?= $(PREFIX)/share/man
PKGCONFIGDIR  ?= $(LIBDIR)/pkgconfig
COMPLETIONDIR ?= $(PREFIX)/share/bash-completion/completions
ZSHDIR  ?= $(PREFIX)/share/zsh/site-functions
FISHDIR ?= $(PREFIX)/share/fish/vendor_completions.d
UNITDIR ?= $(PREFIX)/lib/systemd/system
UDEVDIR ?= $(PREFIX)/lib/udev
DESTDIR ?=

# as one word for the shell, whatever is in it
quoted = '$(subst ','\'',$(1))'

CLANG      ?= clang
LLVM_LINK  ?= llvm-link
LLC        ?= llc
LLVM_STRIP ?= llvm-strip
PKG_CONFIG ?= pkg-config

# The project's own flags, as the hardening flags of distributions do not work with
# -target bpf. v3 is the newest instruction set that kernel 5.10 supports.
# $(STRICT): for machines whose kernel may refuse unaligned reads (include/tcact/headers.h), all but those that define one
# of these.
UNALIGNED := __x86_64__ __i386__ __aarch64__ __ARM_FEATURE_UNALIGNED __s390x__ __powerpc__ __loongarch__
STRICT := $(if $(filter 1,$(shell echo $(UNALIGNED) | $(CC) -E -P -x c - 2>/dev/null)),,-DSTRICT_ALIGNMENT)
BPF_CFLAGS := -mcpu=v3 -O2 -g -Wall -Wextra -Werror -Iinclude -Iinclude/tcact/uapi \
	-DTCACT_VERSION=$(VERSION) $(STRICT) -ffile-prefix-map=$(call quoted,$(CURDIR))=.

ACTIONS := $(sort $(patsubst action/%.c,%,$(wildcard action/*.c)))
# those that can be baked with a table
BAKED := class pace police prefixes

# CC may compile for another machine; then CC_FOR_BUILD compiles for this one, which reads the objects.
DESCRIBE := build/$(if $(CC_FOR_BUILD),native/)tcact-data

ifeq ($(V),)
Q := @
say = @printf '  %-6s %s\n' $(1) $(2)
endif

all: build/tcact.o build/bpfeb/tcact.o build/tcact build/tcact-data build/tcact.pc

# One set of rules for each byte order. build/ itself is bpfel.
# clang makes bitcode, and llc makes objects from it. So the linked object contains exactly
# what the small ones contain, for either byte order on any machine (bpftool gen object
# links only objects of its own machine's byte order).
define order # 1: directory, 2: llvm target, 3: further flags
$(1)/%.bc: action/%.c VERSION | $(1) build/tools
	$$(call say,CLANG,$$@)
	$$(Q)$(CLANG) -target $(2) $(BPF_CFLAGS) $(3) -MMD -MP -emit-llvm -c $$< -o $$@

# With the table in the object: see TABLE_BAKED of ranges.h.
$(1)/baked/%.bc: action/%.c VERSION | $(1)/baked build/tools
	$$(call say,CLANG,$$@)
	$$(Q)$(CLANG) -target $(2) $(BPF_CFLAGS) $(3) -DTABLE_BAKED -MMD -MP -emit-llvm -c $$< -o $$@

$(1)/tcact.bc: $(ACTIONS:%=$(1)/%.bc)
	$$(call say,LINK,$$@)
	$$(Q)$(LLVM_LINK) $$^ -o $$@

$(1)/%.o: $(1)/%.bc
	$$(call say,LLC,$$@)
	$$(Q)$(LLC) -march=$(2) -mcpu=v3 -filetype=obj $$< -o $$@
	$$(Q)$(LLVM_STRIP) -g -w --strip-symbol='LBB*' $$@

# The descriptions in the objects; the build fails if one is missing.
$(1)/tests/actions: $(ACTIONS:%=$(1)/%.o) $(DESCRIBE)
	$$(Q)mkdir -p $$(@D)
	$$(Q)$(DESCRIBE) $(1) describe >$$@

$(1)/tcact.o: $(1)/tests/actions $(BAKED:%=$(1)/baked/%.o)
$(1) $(1)/baked:
	$$(Q)mkdir -p $$@

# An action outside the tree, built with the headers as they are installed
$(1)/tests/ack.o: docs/examples/ack/ack.c docs/examples/ack/Makefile build/headers
	$$(Q)rm -rf $$(@D)/ack && mkdir -p $$(@D)/ack
	$$(Q)cp docs/examples/ack/ack.c docs/examples/ack/Makefile $$(@D)/ack
	$$(Q)PKG_CONFIG_SYSROOT_DIR=$$(call quoted,$$(CURDIR)/build/headers) \
		PKG_CONFIG_PATH=$$(call quoted,$$(CURDIR)/build/headers/pkgconfig) \
		$$(MAKE) -s -C $$(@D)/ack TARGET=$(2)
	$$(Q)mv $$(@D)/ack/ack.o $$@

# As installed: without the source text, which the verifier's log shows. Tests have it.
$(1)/installed/%.o: $(1)/%.o build/slim
	$$(Q)mkdir -p $$(@D)
	$$(Q)$(LLVM_STRIP) -g --remove-section=.rel.BTF --remove-section=.rel.BTF.ext $$< -o $$@
	$$(Q)build/slim $$@

-include $(ACTIONS:%=$(1)/%.d) $(BAKED:%=$(1)/baked/%.d)
endef
$(eval $(call order,build,bpfel))
$(eval $(call order,build/bpfeb,bpfeb))
# for the tests; for such a machine they are in build/
$(eval $(call order,build/strict,bpfel,-DSTRICT_ALIGNMENT))

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
	[ -n "$$lacking" ] || printf '%s\n' '#include <bpf/libbpf.h>' '#if LIBBPF_MAJOR_VERSION < 1' '#error' '#endif' | \
		$(CC) $(CPPFLAGS) -fsyntax-only -x c - 2>/dev/null || lacking=' libbpf 1.0 or newer'; \
	[ -z "$$lacking" ] || { echo "make: there is no$$lacking; install clang llvm gcc libbpf-dev libelf-dev" \
		'zlib1g-dev libjson-c-dev (Debian) or clang llvm gcc libbpf-devel elfutils-libelf-devel' \
		'zlib-devel json-c-devel glibc-devel (Fedora)' >&2; exit 1; }
	$(Q)touch $@

# The part of the command that handles objects, values, maps and tables.
# On a machine of 32 bits, 64 are for sizes, inodes and times too.
DATA_CFLAGS := -std=gnu11 -D_GNU_SOURCE -D_FILE_OFFSET_BITS=64 -D_TIME_BITS=64 -O2 -Wall -Wextra -Werror -Iinclude
DATA := $(wildcard tc-scripts/data/*.c)
DATA_HEADERS := $(wildcard tc-scripts/data/*.h) include/tcact/layout.h
# It counts with 128 bits. If $(CC) has none, as GCC for machines of 32 bits, clang compiles it for the same machine.
DATA_CC = $(if $(filter 16,$(shell echo __SIZEOF_INT128__ | $(CC) -E -P -x c - 2>/dev/null)),$(CC), \
	$(CLANG) --target=$(shell $(CC) -dumpmachine))

# For the tests: whatever a sanitizer finds ends it with a failure.
build/tests/tcact-data-sanitized: DATA_CFLAGS += -g -fsanitize=address,undefined -fno-sanitize-recover=all

build/tcact-data build/tests/tcact-data-sanitized: $(DATA) $(DATA_HEADERS) | build build/tools
	$(Q)mkdir -p $(@D)
	$(call say,CC,$@)
	$(Q)$(DATA_CC) $(CPPFLAGS) $(DATA_CFLAGS) $(CFLAGS) $(LDFLAGS) $(DATA) -o $@ -lbpf -lelf -lz -ljson-c -lm

build/native/tcact-data: $(DATA) $(DATA_HEADERS) | build build/tools
	$(call say,CC,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC_FOR_BUILD) $(DATA_CFLAGS) $(DATA) -o $@ -lbpf -lelf -lz -ljson-c -lm

build/slim: tc-scripts/slim.c | build build/tools
	$(call say,CC,$@)
	$(Q)$(or $(CC_FOR_BUILD),$(CC)) $(DATA_CFLAGS) $< -o $@ -lbpf -lelf -lz

# What is installed says the paths that were configured. It is made again when one of them has changed.
SUBSTITUTE = sed -e 's|@BPFDIR@|$(BPFDIR)|g; s|@SCRIPTDIR@|$(SCRIPTDIR)|g; s|@BINDIR@|$(BINDIR)|g' \
	-e 's|@PREFIX@|$(PREFIX)|g; s|@INCLUDEDIR@|$(INCLUDEDIR)|g; s|@VERSION@|$(VERSION)|g'
build/paths: FORCE | build
	$(Q)echo "$(SUBSTITUTE)" | cmp -s - $@ || echo "$(SUBSTITUTE)" >$@

build/tcact: tc-scripts/tcact build/paths
	$(Q)$(SUBSTITUTE) $< >$@
	$(Q)chmod 755 $@

build/tcact.pc: tc-scripts/tcact.pc build/paths
	$(Q)$(SUBSTITUTE) $< >$@

build/installed/%: tc-scripts/% build/paths
	$(Q)mkdir -p $(@D)
	$(Q)$(SUBSTITUTE) $< >$@

# The pages in the tree have the default paths, as `man -l` shows them too.
build/installed/%: docs/man/% build/paths
	$(Q)mkdir -p $(@D)
	$(Q)sed -e 's|/usr/local/lib/tcact|$(subst -,\\-,$(BPFDIR))|g' -e 's|/usr/local/share/tcact|$(subst -,\\-,$(SCRIPTDIR))|g' \
		-e 's|/usr/local/include|$(subst -,\\-,$(INCLUDEDIR))|g' $< >$@

RUNNER_CFLAGS := -std=gnu11 -O2 -Wall -Wextra -Werror

# Static, for guests that have another libbpf. What libelf then needs depends on its version.
build/tests/runner: tests/unit/runner.c tests/unit/vector.h tests/unit/enter.h | build
	$(Q)mkdir -p $(@D)
	$(call say,CC,$@)
	$(Q)$(CC) $(CPPFLAGS) $(CFLAGS) $(RUNNER_CFLAGS) -static $< -o $@ $$($(PKG_CONFIG) --static --libs libbpf)

build/strict/tests/runner: build/tests/runner
	$(Q)mkdir -p $(@D)
	$(Q)cp $< $@

# For guests of other architectures, with the guest's libraries.
build/bpfeb/%: GUEST := s390x
build/arm64/%: GUEST := arm64
build/armhf/%: GUEST := armhf
build/riscv64/%: GUEST := riscv64
build/bpfeb/%: TRIPLET := s390x-linux-gnu
build/arm64/%: TRIPLET := aarch64-linux-gnu
build/armhf/%: TRIPLET := arm-linux-gnueabihf
build/riscv64/%: TRIPLET := riscv64-linux-gnu
GUEST_COMPILER = $(TRIPLET)-gcc
build/armhf/tcact-data: GUEST_COMPILER = $(CLANG) --target=$(TRIPLET)
GUEST_CC = libraries=$$(tests/vm/vm -R -a $(GUEST))/usr/lib/$(TRIPLET) && \
	$(GUEST_COMPILER) -idirafter /usr/include -L"$$libraries" -Wl,-rpath-link,"$$libraries",--allow-shlib-undefined

$(patsubst %,build/%/tests/runner,bpfeb arm64 armhf riscv64): tests/unit/runner.c tests/unit/vector.h tests/unit/enter.h | build
	$(Q)mkdir -p $(@D)
	$(call say,CC,$@)
	$(Q)$(GUEST_CC) $(RUNNER_CFLAGS) $< -o $@ -l:libbpf.so.1

FUZZ := build/tests/fuzz$(if $(FUZZ_SANITIZE),-sanitized)
build/tests/fuzz-sanitized: FUZZ_CFLAGS := -g -fsanitize=address,undefined

build/tests/fuzz build/tests/fuzz-sanitized: $(filter-out %/readers.c,$(wildcard tests/fuzz/*.[ch])) tests/unit/enter.h \
		$(DATA_HEADERS) tc-scripts/data/ranges.c tc-scripts/data/prefix.c | build
	$(Q)mkdir -p $(@D)
	$(call say,CC,$@)
	$(Q)$(CC) $(CPPFLAGS) $(CFLAGS) $(RUNNER_CFLAGS) -Iinclude $(FUZZ_CFLAGS) $(filter %.c,$^) -o $@ -lbpf -lelf -lz

# libFuzzer is clang's; used.c is in readers.c
build/tests/readers: tests/fuzz/readers.c $(DATA) $(DATA_HEADERS) | build
	$(Q)mkdir -p $(@D)
	$(call say,CC,$@)
	$(Q)$(CLANG) $(CPPFLAGS) $(DATA_CFLAGS) -g -fsanitize=fuzzer,address,undefined -fno-sanitize-recover=undefined \
		$< $(filter-out tc-scripts/data/main.c tc-scripts/data/used.c,$(DATA)) -o $@ -lbpf -lelf -lz -ljson-c -lm

build/bpfeb/tcact-data build/armhf/tcact-data: $(DATA) $(DATA_HEADERS)
	$(Q)mkdir -p $(@D)
	$(call say,CC,$@)
	$(Q)$(GUEST_CC) $(DATA_CFLAGS) $(DATA) -o $@ -l:libbpf.so.1 -l:libelf.so.1 -l:libz.so.1 -l:libjson-c.so.5 -lm

# Objects for the byte order of the machine that $(CC) compiles for, unless BYTEORDER says le or be.
ifndef BYTEORDER
BYTEORDER := $(if $(filter 4321,$(shell echo __BYTE_ORDER__ | $(CC) -E -P -x c - 2>/dev/null)),be,le)
endif
$(if $(filter le be,$(BYTEORDER)),,$(error BYTEORDER must be le or be))
OBJDIR := $(if $(filter be,$(BYTEORDER)),build/bpfeb,build)

# What is installed: MODE:FILE:PATH. Nothing else says it: packaging/ takes it from here.
MANIFEST ?= $(BPFDIR)/manifest
headers = $(patsubst include/%,%,$(wildcard $(addprefix include/tcact/,*.h part/*.h uapi/asm/*.h)))
pages = $(notdir $(wildcard docs/man/*.[1-9]))
INSTALLED = 755:build/tcact:$(BINDIR)/tcact \
	755:build/tcact-data:$(BPFDIR)/tcact-data \
	$(foreach o,tcact $(ACTIONS) $(BAKED:%=baked/%),644:$(OBJDIR)/installed/$o.o:$(BPFDIR)/$o.o) \
	$(foreach f,$(notdir $(wildcard tc-scripts/tcact.d/*)),644:tc-scripts/tcact.d/$f:$(SCRIPTDIR)/$f) \
	644:build/tcact.pc:$(PKGCONFIGDIR)/tcact.pc \
	$(foreach h,$(headers),644:include/$h:$(INCLUDEDIR)/$h) \
	644:build/installed/tcact.bash-completion:$(COMPLETIONDIR)/tcact \
	644:build/installed/tcact.zsh-completion:$(ZSHDIR)/_tcact \
	644:build/installed/tcact.fish-completion:$(FISHDIR)/tcact.fish \
	$(foreach u,tcact tcact@ tcact-keep,644:build/installed/boot/$u.service:$(UNITDIR)/$u.service \
		644:tc-scripts/boot/sandbox.conf:$(UNITDIR)/$u.service.d/sandbox.conf) \
	644:tc-scripts/boot/tcact-keep.timer:$(UNITDIR)/tcact-keep.timer \
	644:build/installed/boot/90-tcact.rules:$(UDEVDIR)/rules.d/90-tcact.rules \
	755:build/installed/boot/hook:$(SCRIPTDIR)/hook \
	$(foreach p,$(pages),644:build/installed/$p:$(MANDIR)/man$(patsubst .%,%,$(suffix $p))/$p)

# of tcact-dev, elsewhere
build/headers: build/tcact.pc $(headers:%=include/%)
	$(Q)rm -rf $@
	$(Q)printf '%s\n' $(filter %.h,$(INSTALLED)) 644:build/tcact.pc:/pkgconfig/tcact.pc | \
		DESTDIR=$(call quoted,$(CURDIR)/$@) packaging/install /manifest

# so that install, as root, makes nothing in the tree
all: $(filter build/installed/% $(OBJDIR)/installed/%,$(subst :, ,$(INSTALLED)))

install: all
	$(Q)printf '%s\n' $(INSTALLED) | DESTDIR=$(call quoted,$(DESTDIR)) packaging/install $(MANIFEST)

uninstall:
	$(Q)DESTDIR=$(call quoted,$(DESTDIR)) packaging/install -u $(MANIFEST)
	$(if $(filter /usr /usr/local,$(PREFIX)),$(Q)for other in /usr /usr/local; do \
		[ ! -e $(call quoted,$(DESTDIR))$$other/sbin/tcact ] || exit 0; \
	done; rm -rf $(call quoted,$(DESTDIR))/var/lib/tcact)

# check-all: also what check leaves out on the other kernels
check check-all:
	tests/setup
	$(MAKE) all build/tests/runner build/tests/fuzz build/tests/readers build/tests/ack.o build/bpfeb/tests/ack.o \
		build/tests/tcact-data-sanitized build/strict/tcact.o build/strict/tests/runner
	tests/run $(if $(filter check-all,$@),--all)

# what a packager's build root can run: no root, no network, no package that the build does not need
test: all build/tests/tcact-data-sanitized
	tests/run --alone

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

# The Debian packages, from a clean root
deb:
	packaging/deb build/deb

# RPM packages, by rpmbuild
rpm:
	packaging/rpm/build build/rpm

clean:
	rm -rf build

help:
	@echo 'make            build the objects, for both byte orders, and the command'
	@echo 'make test       the tests that need neither root nor network; installs nothing'
	@echo 'make check      all tests; installs what they need (root)'
	@echo 'make check-all  the same, with every test on every kernel (hours)'
	@echo 'make fuzz       random packets and parameters (root); FUZZ_SECONDS FUZZ_SEED FUZZ_CORPUS=DIR'
	@echo 'make bench      what each action costs; writes docs/performance.md (root)'
	@echo 'make demo       real packets through the actions, before and after (root)'
	@echo 'make install    DESTDIR PREFIX BINDIR LIBDIR BPFDIR MANDIR ... BYTEORDER=le|be'
	@echo 'make uninstall  takes away what make install with the same variables installed, and what tcact keep wrote'
	@echo 'make deb        Debian packages, in build/deb, from a clean root; names what it needs (root)'
	@echo 'make rpm        RPM packages, in build/rpm; names what it needs'
	@echo 'make clean      V=1 prints each command'

FORCE:
.PHONY: all install uninstall test check check-all fuzz bench demo deb rpm clean help FORCE
.DELETE_ON_ERROR:
.SECONDARY:
