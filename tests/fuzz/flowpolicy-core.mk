# SPDX-License-Identifier: Apache-2.0

$(eval $(call fuzz_target,service,tests/fuzz/fuzz-service.c,flowpolicy/libflowpolicy-core.a lib/libtvd.a))
