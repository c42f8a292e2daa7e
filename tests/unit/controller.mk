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
$(eval $(call unit_test,test-controller-switches,\
	tests/unit/test-controller-switches.c tests/unit/tvd-db-fixture.c \
	tests/unit/switch-device.c controller/switches.c controller/switch-entry.c \
	controller/whereabouts.c controller/claims.c,\
	controller/libcontroller-core.a switchcfg/libswitchcfg-fake.a \
	switchcfg/libswitchcfg.a switchcfg/libswitchcfg-core.a \
	flowpolicy/libflowpolicy.a flowpolicy/libflowpolicy-core.a \
	lib/libtvd-db.a lib/libtvd.a,$(flowpolicy_libs)))
