# SPDX-License-Identifier: GPL-2.0-only
# `make help` lists the targets.
VERSION := $(shell cat VERSION)

PREFIX  ?= /usr/local
BINDIR  ?= $(PREFIX)/sbin
LIBDIR  ?= $(PREFIX)/lib
BPFDIR  ?= $(LIBDIR)/tcact
MANDIR  ?= $(PREFIX)/share/man
DESTDIR ?=

CLANG      ?= clang
LLVM_LINK  ?= llvm-link
LLC        ?= llc
LLVM_STRIP ?= llvm-strip
PYTHON     ?= /usr/bin/python3

# The project's own flags: a distribution's hardening flags do not apply to
# bpf. v3 is the newest instruction set that kernel 5.10 knows.
BPF_CFLAGS := -mcpu=v3 -O2 -g -Wall -Wextra -Werror -Iinclude \
	-DTCACT_VERSION='"$(VERSION)"' -ffile-prefix-map=$(CURDIR)=. \
	$(patsubst %,-idirafter %,$(wildcard /usr/include/$(shell uname -m)-linux-gnu))

ACTIONS := $(patsubst action/%.c,%,$(wildcard action/*.c))

ifeq ($(V),)
Q := @
say = @printf '  %-6s %s\n' $(1) $(2)
endif

all: build/tcact.o build/bpfeb/tcact.o

# One set of rules for each byte order. build/ itself is bpfel.
# clang makes bitcode, llc the object: so the linked object is made of exactly
# what the small ones are made of, in either byte order on any machine
# (bpftool gen object links only its own machine's).
define order # 1: directory, 2: llvm target
$(1)/%.bc: action/%.c VERSION | $(1)
	$$(call say,CLANG,$$@)
	$$(Q)$(CLANG) -target $(2) $(BPF_CFLAGS) -MMD -MP -emit-llvm -c $$< -o $$@

$(1)/tcact.bc: $(ACTIONS:%=$(1)/%.bc)
	$$(call say,LINK,$$@)
	$$(Q)$(LLVM_LINK) $$^ -o $$@

$(1)/%.o: $(1)/%.bc
	$$(call say,LLC,$$@)
	$$(Q)$(LLC) -march=$(2) -mcpu=v3 -filetype=obj $$< -o $$@
	$$(Q)$(LLVM_STRIP) -g $$@

$(1)/tcact.params: $(ACTIONS:%=$(1)/%.o) tc-scripts/params
	$$(call say,PARAMS,$$@)
	$$(Q)$(PYTHON) tc-scripts/params $(ACTIONS:%=$(1)/%.o) >$$@

$(1)/tcact.o: $(1)/tcact.params
$(1):
	$$(Q)mkdir -p $$@

-include $(ACTIONS:%=$(1)/%.d)
endef
$(eval $(call order,build,bpfel))
$(eval $(call order,build/bpfeb,bpfeb))

clean:
	rm -rf build

.PHONY: all clean
.DELETE_ON_ERROR:
.SECONDARY:
