# SPDX-License-Identifier: Apache-2.0

$(eval $(call fuzz_target,service,tests/fuzz/fuzz-service.c,flowpolicy/libflowpolicy-core.a lib/libtvd.a))
$(eval $(call fuzz_target,policy-model,tests/fuzz/fuzz-policy-model.c,flowpolicy/libflowpolicy.a flowpolicy/libflowpolicy-core.a lib/libtvd.a,$(flowpolicy_libs)))
