# SPDX-License-Identifier: Apache-2.0
#
# Tests of the policy parser, which need libyaml.

flowpolicy_parse_libs := flowpolicy/libflowpolicy.a \
	flowpolicy/libflowpolicy-core.a lib/libtvd.a

$(eval $(call program,tests/policy-check,tests/policy/policy-check.c,$(flowpolicy_parse_libs),$(flowpolicy_libs)))
$(eval $(call unit_test,test-policy,tests/unit/test-policy.c tests/unit/policy-print.c,$(flowpolicy_parse_libs),$(flowpolicy_libs)))
$(eval $(call unit_test,test-policy-ee,tests/unit/test-policy-ee.c,$(flowpolicy_parse_libs),$(flowpolicy_libs)))
