# SPDX-License-Identifier: Apache-2.0

$(eval $(call unit_test,test-bridge-plan,tests/unit/test-bridge-plan.c,ovs-tvd/libovs-tvd-core.a))
