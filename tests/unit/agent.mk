# SPDX-License-Identifier: Apache-2.0

$(eval $(call unit_test,test-bindings,tests/unit/test-bindings.c,agent/libagent-core.a flowpolicy/libflowpolicy-core.a lib/libtvd.a))
$(eval $(call unit_test,test-events,tests/unit/test-events.c,agent/libagent-core.a lib/libtvd.a))
$(eval $(call unit_test,test-fabric,tests/unit/test-fabric.c,agent/libagent-core.a lib/libtvd.a))
$(eval $(call unit_test,test-keep,tests/unit/test-keep.c,agent/libagent-keep.a agent/libagent-core.a flowpolicy/libflowpolicy-core.a lib/libtvd.a))
