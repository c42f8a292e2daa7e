# SPDX-License-Identifier: Apache-2.0
#
# Tests of flowpolicy's pure parts: they link the core and nothing else.

flowpolicy_core_libs := flowpolicy/libflowpolicy-core.a lib/libtvd.a

$(eval $(call unit_test,test-service,tests/unit/test-service.c,$(flowpolicy_core_libs)))
$(eval $(call unit_test,test-decide,tests/unit/test-decide.c,$(flowpolicy_core_libs)))
$(eval $(call unit_test,test-decide-flow,tests/unit/test-decide-flow.c,$(flowpolicy_core_libs)))
$(eval $(call unit_test,test-diff,tests/unit/test-diff.c,$(flowpolicy_core_libs)))
$(eval $(call unit_test,test-alloc,tests/unit/test-alloc.c,$(flowpolicy_core_libs)))
