# SPDX-License-Identifier: Apache-2.0
#
# One Makefile for the whole tree.  Each folder adds a fragment, module.mk,
# that says with the macros below what it builds; nothing recurses, so that
# "make -j" sees every dependency.  Run "make help" for the targets.

SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := all
.DELETE_ON_ERROR:
MAKEFLAGS += --no-builtin-rules
ifeq ($(MAKELEVEL)$(filter -j%,$(MAKEFLAGS)),0)
MAKEFLAGS += -j$(shell nproc)
endif

VERSION := 0.1.0
PREFIX ?= /usr/local
DESTDIR ?=
sbindir = $(PREFIX)/sbin
mandir = $(PREFIX)/share/man
datadir = $(PREFIX)/share/tvd
completiondir = $(PREFIX)/share/bash-completion/completions

# Everything generated goes below $(B).  The sanitizer build is the same build
# in another folder.
B ?= build
TVD_CACHE ?= $(if $(filter 0,$(shell id -u)),/var/cache/tvd,$(HOME)/.cache/tvd)
PYTHON3 ?= /usr/bin/python3

V ?= 0
Q := $(if $(filter 0,$(V)),@,)
say = $(if $(filter 0,$(V)),@printf '  %-7s %s\n' '$(1)' '$(2)';)

# --- targets that must work on a machine with nothing installed -------------
BARE := help deps clean distclean
ifeq ($(filter-out $(BARE),$(or $(MAKECMDGOALS),all)),)
NEED_OVS :=
else
NEED_OVS := yes
-include $(B)/ovs.mk
endif

# $(B)/ovs.mk says where the built libopenvswitch is; making it installs what
# is missing and builds the library once.
$(B)/ovs.mk: build-aux/deps build-aux/packages build-aux/ovs-build
	@mkdir -p $(@D)
	@build-aux/deps --if-missing
	@dir=$$(build-aux/ovs-build $(TVD_CACHE)) && echo "OVSDIR := $$dir" > $@

ifeq ($(origin CC),default)
CC := $(if $(shell command -v ccache),ccache )gcc
endif
CFLAGS ?= -O2 -g
WARN := -Wall -Wextra -Werror -Wno-unused-parameter -Wno-sign-compare \
	-Wmissing-prototypes -Wstrict-prototypes -Wpointer-arith -Wvla \
	-Wwrite-strings -Wshadow -Wundef -Wformat=2 -Wno-format-nonliteral \
	-Wno-missing-field-initializers
ifdef SANITIZE
# Instrumented code hides from gcc what bounds a value.
WARN += -Wno-format-truncation -Wno-maybe-uninitialized
endif
ifneq ($(findstring clang,$(CC)),)
WARN += -Wno-unused-function -Wno-unknown-warning-option -Wno-address-of-packed-member
endif
HARDEN := -fstack-protector-strong -fPIE -fcf-protection \
	$(if $(findstring -O0,$(CFLAGS)),,-D_FORTIFY_SOURCE=2)
SANITIZE ?=
CPPFLAGS += -D_GNU_SOURCE -DTVD_VERSION='"$(VERSION)"' \
	-DTVD_DATADIR='"$(datadir)"' -I. -I$(B) \
	-isystem $(OVSDIR) -isystem $(OVSDIR)/include -isystem $(OVSDIR)/lib \
	-I/usr/include/libnl3
ALL_CFLAGS = -std=gnu11 $(WARN) $(if $(SANITIZE),,$(HARDEN)) $(SANITIZE) $(CFLAGS)
ALL_LDFLAGS = -pie -Wl,-z,relro,-z,now $(SANITIZE) $(LDFLAGS)
OVSLIBS = $(OVSDIR)/lib/.libs/libopenvswitch.a \
	$(OVSDIR)/lib/.libs/libopenvswitchavx512.a \
	-lssl -lcrypto -lcap-ng -lm -lpthread -latomic -lrt

# --- macros for the fragments -----------------------------------------------
objs = $(patsubst %.c,$(B)/%.o,$(patsubst $(B)/%,%,$(1)))

# $(eval $(call library,PATH/NAME,SOURCES)): a static archive $(B)/PATH/libNAME.a
define library
$(B)/$(dir $(1))lib$(notdir $(1)).a: $(call objs,$(2))
OBJS += $(call objs,$(2))
SRCS += $(2)
endef

# $(eval $(call program,PATH/NAME,SOURCES,ARCHIVES,LIBS)): an executable
# $(B)/PATH/NAME.  ARCHIVES are link-order paths below $(B); libopenvswitch
# comes last and need not be named.
define program
$(B)/$(1): $(call objs,$(2)) $(addprefix $(B)/,$(3)) $(B)/ovs.mk
$(B)/$(1): LIBS := $(4)
PROGRAMS += $(B)/$(1)
OBJS += $(call objs,$(2))
SRCS += $(2)
endef

# $(eval $(call unit_test,NAME,SOURCES,ARCHIVES,LIBS)): as "program", built
# from and run as tests/unit/NAME.  A test of a pure module names only
# archives without adapters: its link line is the proof.
define unit_test
$(B)/tests/unit/$(1): $(call objs,$(2)) $(addprefix $(B)/,$(3)) $(B)/ovs.mk
$(B)/tests/unit/$(1): LIBS := $(4)
UNIT_TESTS += $(B)/tests/unit/$(1)
OBJS += $(call objs,$(2))
SRCS += $(2)
endef

# $(eval $(call fuzz_target,NAME,SOURCES,ARCHIVES,LIBS)): SOURCES define
# LLVMFuzzerTestOneInput(); the seed corpus is tests/fuzz/corpus/NAME/.  The
# target is built twice: tests/fuzz/NAME explores (make fuzz, libFuzzer) and
# tests/unit/test-fuzz-NAME replays the corpus and simple mutations (check).
define fuzz_target
$(B)/tests/fuzz/$(1): $(call objs,$(2)) $(addprefix $(B)/,$(3)) $(B)/ovs.mk
$(B)/tests/fuzz/$(1): LIBS := $(4)
$(B)/tests/unit/test-fuzz-$(1): $(call objs,$(2) tests/fuzz/replay.c) $(addprefix $(B)/,$(3)) $(B)/ovs.mk
$(B)/tests/unit/test-fuzz-$(1): LIBS := $(4)
FUZZ_TARGETS += $(B)/tests/fuzz/$(1)
UNIT_TESTS += $(B)/tests/unit/test-fuzz-$(1)
OBJS += $(call objs,$(2) tests/fuzz/replay.c)
SRCS += $(2)
endef

PROGRAMS :=
UNIT_TESTS :=
FUZZ_TARGETS :=
OBJS :=
SRCS :=
GENERATED :=
MODULES := lib flowpolicy schema ovs-tvd gateway hostlabel switchcfg switchsim \
	ipsec-overlay controller agent cli link tests man packaging
ifdef NEED_OVS
include $(wildcard $(addsuffix /module.mk,$(MODULES)))
endif

# --- building ----------------------------------------------------------------
## all         build the programs (the default)
.PHONY: all
all: $(PROGRAMS)

$(PROGRAMS) $(UNIT_TESTS):
	$(call say,LINK,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) $(ALL_LDFLAGS) -o $@ $(filter %.o,$^) $(filter %.a,$^) $(filter %.a,$^) $(LIBS) $(OVSLIBS)

$(FUZZ_TARGETS):
	$(call say,LINK,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) $(ALL_LDFLAGS) -fsanitize=fuzzer -o $@ $(filter %.o,$^) $(filter %.a,$^) $(filter %.a,$^) $(LIBS) $(OVSLIBS)

$(B)/%.a:
	$(call say,AR,$@)
	@mkdir -p $(@D)
	$(Q)rm -f $@ && ar rcs $@ $(filter %.o,$^)

$(B)/%.o: %.c $(B)/ovs.mk
	$(call say,CC,$<)
	@mkdir -p $(@D)
	$(Q)$(CC) $(CPPFLAGS) $(ALL_CFLAGS) -MMD -MP -c -o $@ $<

$(B)/%.o: $(B)/%.c $(B)/ovs.mk
	$(call say,CC,$<)
	@mkdir -p $(@D)
	$(Q)$(CC) $(CPPFLAGS) $(ALL_CFLAGS) -MMD -MP -c -o $@ $<

$(sort $(OBJS)): | $(GENERATED)
-include $(sort $(OBJS:.o=.d))

## deps        install the Debian packages needed and build libopenvswitch
.PHONY: deps clean distclean
deps:
	build-aux/deps
	build-aux/ovs-build $(TVD_CACHE) >/dev/null

## clean       remove what was built (the libopenvswitch cache stays)
clean:
	rm -rf build

## distclean   also remove the libopenvswitch cache
distclean: clean
	rm -rf $(TVD_CACHE)

# --- checking ----------------------------------------------------------------
T ?=
## check       all tests; T=PATTERN selects (as in tests/run --help)
## unit        the unit tests alone
.PHONY: check unit
check: all $(UNIT_TESTS)
	@B=$(B) OVSDIR=$(OVSDIR) tests/run $(if $(T),--match '$(T)') unit lint system

unit: all $(UNIT_TESTS)
	@B=$(B) tests/run $(if $(T),--match '$(T)') unit

## system      the system tests alone (root)
## lint        style, include direction, cppcheck, shellcheck, man pages
.PHONY: system lint
system: all $(UNIT_TESTS)
	@B=$(B) tests/run $(if $(T),--match '$(T)') system

lint:
	@B=$(B) OVSDIR=$(OVSDIR) tests/run $(if $(T),--match '$(T)') lint

# Leaks are looked for too: every program frees what it owns on orderly exit.
SAN := -fsanitize=address,undefined -fno-sanitize-recover=undefined -fno-omit-frame-pointer
## sanitize    unit and system tests under ASan and UBSan
.PHONY: sanitize
sanitize:
	@$(MAKE) check-sanitized B=build/asan SANITIZE='$(SAN)' CFLAGS='-O1 -g'

.PHONY: check-sanitized
check-sanitized: all $(UNIT_TESTS)
	@B=$(B) TVD_SANITIZED=1 tests/run $(if $(T),--match '$(T)') unit system

FUZZ_SECONDS ?= 30
## fuzz        each fuzz target for FUZZ_SECONDS (30) with libFuzzer
.PHONY: fuzz fuzz-targets
fuzz:
	@$(MAKE) fuzz-targets B=build/fuzz CC='$(if $(shell command -v ccache),ccache )clang' \
		SANITIZE='-fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=undefined' \
		CFLAGS='-O1 -g'
	@B=build/fuzz tests/fuzz/explore $(FUZZ_SECONDS) '$(T)'

fuzz-targets: $(FUZZ_TARGETS)

## bench       measure; prints ratios against a baseline of the same run
.PHONY: bench
bench: all $(UNIT_TESTS)
	@B=$(B) tests/bench/run $(T)

## demo        examples/outsourcing-3hosts.yaml on this machine, measured with real packets (root)
.PHONY: demo
demo: all
	@B=$(B) tests/mininet/demo

## soak        the long campaigns in full
.PHONY: soak
soak: all $(UNIT_TESTS)
	@B=$(B) TVD_SOAK=1 tests/run --verbose $(if $(T),--match '$(T)') system

# --- installing --------------------------------------------------------------
## install     install below DESTDIR and PREFIX (/usr/local)
.PHONY: install
install: all
	install -d $(DESTDIR)$(sbindir) $(DESTDIR)$(datadir) $(DESTDIR)$(completiondir)
	install -m 755 $(filter-out $(B)/tests/%,$(PROGRAMS)) $(DESTDIR)$(sbindir)
	install -m 644 schema/tvd.ovsschema schema/policy.schema.json $(DESTDIR)$(datadir)
	install -d $(DESTDIR)$(datadir)/examples
	install -m 644 examples/*.yaml $(DESTDIR)$(datadir)/examples
	for page in man/*.[1-8]; do \
		section=$${page##*.}; \
		install -d $(DESTDIR)$(mandir)/man$$section; \
		install -m 644 $$page $(DESTDIR)$(mandir)/man$$section; \
	done
	install -m 644 packaging/bash-completion/tvdctl $(DESTDIR)$(completiondir)/tvdctl
	install -d $(DESTDIR)$(PREFIX)/lib/systemd/system
	for unit in packaging/systemd/*.service; do \
		sed 's,@sbindir@,$(sbindir),g' $$unit \
			> $(DESTDIR)$(PREFIX)/lib/systemd/system/$${unit##*/}; \
	done

## help        this list
.PHONY: help
help:
	@sed -n 's/^## //p' $(MAKEFILE_LIST)
