# SPDX-License-Identifier: Apache-2.0
#
# controller: the engine, and tvd-controller itself.  The core is pure.

controller_core := \
	controller/needs.c \
	controller/needs-want.c \
	controller/holder-plan.c \
	controller/intent.c \
	controller/request.c \
	controller/switch-show.c
$(eval $(call library,controller/controller-core,$(controller_core)))

controller_sources := \
	controller/access.c \
	controller/api-server.c \
	controller/claims.c \
	controller/controller.c \
	controller/dbserver.c \
	controller/engine.c \
	controller/enrol-server.c \
	controller/enrolment.c \
	controller/events.c \
	controller/holders.c \
	controller/hosts.c \
	controller/member.c \
	controller/move.c \
	controller/show.c \
	controller/status.c \
	controller/switch-entry.c \
	controller/switch-open.c \
	controller/switches.c \
	controller/whereabouts.c \
	controller/writer.c
$(eval $(call program,controller/tvd-controller,$(controller_sources),\
	controller/libcontroller-core.a switchcfg/libswitchcfg-snmp.a \
	switchcfg/libswitchcfg.a switchcfg/libswitchcfg-core.a \
	flowpolicy/libflowpolicy.a \
	flowpolicy/libflowpolicy-core.a gateway/libgateway-core.a \
	lib/libtvd-db.a lib/libtvd-ca.a lib/libtvd.a,$(flowpolicy_libs) $(switchcfg_libs)))
