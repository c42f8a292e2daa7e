# SPDX-License-Identifier: Apache-2.0
#
# ovs-tvd: one host's Open vSwitch.  The core is pure: model and ports to
# flows, wanted and installed flows to a plan, settings to repairs.  The
# adapters speak OpenFlow, OVSDB and ovs-vswitchd's control protocol.

OVS_TVD_CORE := \
	ovs-tvd/bridge-plan.c \
	ovs-tvd/counters.c \
	ovs-tvd/flow-entry.c \
	ovs-tvd/flow-maker.c \
	ovs-tvd/flowtab.c \
	ovs-tvd/idset.c \
	ovs-tvd/pipeline.c \
	ovs-tvd/pipeline-carriage.c \
	ovs-tvd/pipeline-hold.c \
	ovs-tvd/pipeline-fabric.c \
	ovs-tvd/pipeline-known.c \
	ovs-tvd/pipeline-matrix.c \
	ovs-tvd/pipeline-names.c \
	ovs-tvd/pipeline-nic.c \
	ovs-tvd/pipeline-static.c \
	ovs-tvd/pipeline-track.c \
	ovs-tvd/pipeline-tvd.c \
	ovs-tvd/replug.c \
	ovs-tvd/uplink-plan.c
OVS_TVD_ADAPTERS := \
	ovs-tvd/appctl.c \
	ovs-tvd/ctlimit.c \
	ovs-tvd/hostguard.c \
	ovs-tvd/ofctl.c \
	ovs-tvd/vswitch.c \
	ovs-tvd/vswitch-uplink.c
$(eval $(call library,ovs-tvd/ovs-tvd-core,$(OVS_TVD_CORE)))
$(eval $(call library,ovs-tvd/ovs-tvd,$(OVS_TVD_ADAPTERS)))
