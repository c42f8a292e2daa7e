# SPDX-License-Identifier: Apache-2.0

$(eval $(call fuzz_target,policy,tests/fuzz/policy.c tests/unit/policy-print.c,$(flowpolicy_parse_libs),$(flowpolicy_libs)))
$(eval $(call fuzz_target,policy-ee,tests/fuzz/policy-ee.c,$(flowpolicy_parse_libs),$(flowpolicy_libs)))
