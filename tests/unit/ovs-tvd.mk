# SPDX-License-Identifier: Apache-2.0

$(eval $(call unit_test,test-flowtab,tests/unit/test-flowtab.c,ovs-tvd/libovs-tvd-core.a))
