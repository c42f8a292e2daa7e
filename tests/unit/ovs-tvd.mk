# SPDX-License-Identifier: Apache-2.0

$(eval $(call unit_test,test-flowtab,tests/unit/test-flowtab.c,ovs-tvd/libovs-tvd-core.a))
$(eval $(call unit_test,test-replug,tests/unit/test-replug.c,ovs-tvd/libovs-tvd-core.a))
$(eval $(call unit_test,test-uplink-plan,tests/unit/test-uplink-plan.c,ovs-tvd/libovs-tvd-core.a))
$(eval $(call unit_test,test-idset,tests/unit/test-idset.c,ovs-tvd/libovs-tvd-core.a))

$(eval $(call unit_test,test-pipeline-doc,tests/unit/test-pipeline-doc.c,ovs-tvd/libovs-tvd-core.a flowpolicy/libflowpolicy.a flowpolicy/libflowpolicy-core.a lib/libtvd.a,$(flowpolicy_libs)))
$(eval $(call unit_test,test-pipeline-carriage,tests/unit/test-pipeline-carriage.c,ovs-tvd/libovs-tvd-core.a flowpolicy/libflowpolicy.a flowpolicy/libflowpolicy-core.a lib/libtvd.a,$(flowpolicy_libs)))

# What the system test tests/system/test-pipeline installs flows with.
$(eval $(call program,tests/system/pipeline-tool,tests/system/pipeline-tool.c,ovs-tvd/libovs-tvd-core.a flowpolicy/libflowpolicy.a flowpolicy/libflowpolicy-core.a lib/libtvd.a,$(flowpolicy_libs)))
