# SPDX-License-Identifier: Apache-2.0
#
# switchcfg: physical switches over SNMP.  The core is pure; what reads files
# is in libswitchcfg.a, to be linked in front of it.

switchcfg_core := \
	switchcfg/adopt.c \
	switchcfg/check-device.c \
	switchcfg/find-port.c \
	switchcfg/goal.c \
	switchcfg/goal-differences.c \
	switchcfg/goal-strangers.c \
	switchcfg/mib.c \
	switchcfg/notification.c \
	switchcfg/plan.c \
	switchcfg/plan-cisco.c \
	switchcfg/plan-join-first.c \
	switchcfg/plan-pack.c \
	switchcfg/portlist.c \
	switchcfg/profile.c \
	switchcfg/reconcile.c \
	switchcfg/reconcile-beat.c \
	switchcfg/reconcile-lock.c \
	switchcfg/reconcile-read.c \
	switchcfg/reconcile-save.c \
	switchcfg/session.c \
	switchcfg/snmprec.c \
	switchcfg/tables.c \
	switchcfg/walk.c \
	switchcfg/wanted.c

$(eval $(call library,switchcfg/switchcfg-core,$(switchcfg_core)))

switchcfg_adapters := \
	switchcfg/credentials.c \
	switchcfg/engine.c \
	switchcfg/memory.c \
	switchcfg/profile-files.c \
	switchcfg/state-file.c

$(eval $(call library,switchcfg/switchcfg,$(switchcfg_adapters)))
# libsnmp is apart, so that what does not talk to devices is not linked to it.
switchcfg_libs := -lnetsnmp
$(eval $(call library,switchcfg/switchcfg-snmp,\
	switchcfg/snmp.c switchcfg/snmp-value.c))
$(eval $(call library,switchcfg/switchcfg-fake,switchcfg/model-switch.c))

.PHONY: install-profiles
install-profiles:
	install -d $(DESTDIR)$(datadir)/profiles
	install -m 644 switchcfg/profiles/*.yaml $(DESTDIR)$(datadir)/profiles
install: install-profiles
