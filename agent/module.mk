# SPDX-License-Identifier: Apache-2.0
#
# agent: tvd-agent, which enforces the policy on a host.  What decides without
# touching anything is in the core.

AGENT_CORE := \
	agent/bindings.c \
	agent/events.c \
	agent/fabric.c
AGENT_SOURCES := \
	agent/agent.c \
	agent/engine.c \
	agent/engine-fabric.c \
	agent/enroller.c \
	agent/gateways.c \
	agent/show.c \
	agent/status.c
$(eval $(call library,agent/agent-core,$(AGENT_CORE)))
# Apart because it needs files.
$(eval $(call library,agent/agent-keep,agent/keep.c))
$(eval $(call program,agent/tvd-agent,$(AGENT_SOURCES),\
	agent/libagent-keep.a agent/libagent-core.a ovs-tvd/libovs-tvd.a ovs-tvd/libovs-tvd-core.a \
	gateway/libgateway.a gateway/libgateway-core.a \
	flowpolicy/libflowpolicy-core.a lib/libtvd-db.a lib/libtvd-ca.a lib/libtvd.a,\
	$(gateway_libs)))
