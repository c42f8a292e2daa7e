# SPDX-License-Identifier: Apache-2.0

controller_core_archives := controller/libcontroller-core.a \
	flowpolicy/libflowpolicy.a flowpolicy/libflowpolicy-core.a \
	gateway/libgateway-core.a lib/libtvd.a

$(eval $(call unit_test,test-request,tests/unit/test-request.c,\
	$(controller_core_archives),$(flowpolicy_libs)))
$(eval $(call unit_test,test-holder-plan,tests/unit/test-holder-plan.c,\
	controller/libcontroller-core.a lib/libtvd.a))
$(eval $(call unit_test,test-needs,tests/unit/test-needs.c,\
	controller/libcontroller-core.a switchcfg/libswitchcfg-core.a \
	flowpolicy/libflowpolicy.a flowpolicy/libflowpolicy-core.a \
	lib/libtvd.a,$(flowpolicy_libs)))
