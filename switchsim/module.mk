# SPDX-License-Identifier: Apache-2.0
#
# switchsim: tvd-switchsim, a switch for labs and tests.  What it does is in
# the core, which is pure; the rest speaks SNMP and to Open vSwitch.

SWITCHSIM_CORE := \
	switchsim/cisco.c \
	switchsim/device.c \
	switchsim/follow.c \
	switchsim/forwarding.c
SWITCHSIM_SOURCES := \
	switchsim/agent.c \
	switchsim/bridge.c \
	switchsim/bridge-flows.c \
	switchsim/switchsim.c
$(eval $(call library,switchsim/switchsim-core,$(SWITCHSIM_CORE)))
$(eval $(call program,switchsim/tvd-switchsim,$(SWITCHSIM_SOURCES),\
	switchsim/libswitchsim-core.a switchcfg/libswitchcfg-fake.a \
	switchcfg/libswitchcfg.a switchcfg/libswitchcfg-core.a ovs-tvd/libovs-tvd.a \
	ovs-tvd/libovs-tvd-core.a flowpolicy/libflowpolicy.a flowpolicy/libflowpolicy-core.a lib/libtvd.a,\
	-lnetsnmpmibs -lnetsnmpagent $(switchcfg_libs) $(flowpolicy_libs)))
