# SPDX-License-Identifier: Apache-2.0

$(eval $(call unit_test,test-bridge-plan,tests/unit/test-bridge-plan.c,ovs-tvd/libovs-tvd-core.a))
$(eval $(call unit_test,test-ofctl,tests/unit/test-ofctl.c,ovs-tvd/libovs-tvd.a ovs-tvd/libovs-tvd-core.a flowpolicy/libflowpolicy-core.a lib/libtvd.a))
$(eval $(call unit_test,test-ctlimit,tests/unit/test-ctlimit.c,ovs-tvd/libovs-tvd.a lib/libtvd.a))
