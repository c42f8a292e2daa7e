# SPDX-License-Identifier: Apache-2.0

$(eval $(call fuzz_target,api-request,tests/fuzz/api-request.c,\
	controller/libcontroller-core.a flowpolicy/libflowpolicy.a \
	flowpolicy/libflowpolicy-core.a gateway/libgateway-core.a \
	lib/libtvd.a,$(flowpolicy_libs)))
