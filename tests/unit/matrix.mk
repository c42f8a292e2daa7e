# SPDX-License-Identifier: Apache-2.0
#
# What enforces, against the decisions of flowpolicy: the flows of ovs-tvd and
# the packet filters of gateways.

pipeline_matrix_libs := ovs-tvd/libovs-tvd-core.a \
	flowpolicy/libflowpolicy-core.a lib/libtvd.a

$(eval $(call unit_test,test-pipeline-matrix,tests/unit/test-pipeline-matrix.c tests/unit/machine-packets.c tests/unit/flow-machine.c tests/unit/random-policy.c,$(pipeline_matrix_libs)))
$(eval $(call unit_test,test-pipeline-changes,tests/unit/test-pipeline-changes.c tests/unit/random-policy.c,$(pipeline_matrix_libs)))
$(eval $(call unit_test,test-gateway-matrix,tests/unit/test-gateway-matrix.c tests/unit/random-policy.c,gateway/libgateway-core.a flowpolicy/libflowpolicy-core.a lib/libtvd.a))
$(eval $(call unit_test,test-pipeline-hold,tests/unit/test-pipeline-hold.c tests/unit/flow-machine.c,$(pipeline_matrix_libs) flowpolicy/libflowpolicy.a flowpolicy/libflowpolicy-core.a lib/libtvd.a,$(flowpolicy_libs)))
$(eval $(call unit_test,test-pipeline-lan,tests/unit/test-pipeline-lan.c tests/unit/flow-machine.c tests/unit/random-policy.c,$(pipeline_matrix_libs)))
$(eval $(call unit_test,test-model-file,\
	tests/unit/test-model-file.c tests/unit/random-policy.c \
	tests/unit/tvd-db-fixture.c,\
	ovs-tvd/libovs-tvd-core.a flowpolicy/libflowpolicy-core.a \
	lib/libtvd-db.a lib/libtvd.a))
