# SPDX-License-Identifier: Apache-2.0
#
# The flows of ovs-tvd against the decisions of flowpolicy.

$(eval $(call unit_test,test-pipeline-matrix,tests/unit/test-pipeline-matrix.c tests/unit/flow-machine.c,ovs-tvd/libovs-tvd-core.a flowpolicy/libflowpolicy-core.a lib/libtvd.a))
