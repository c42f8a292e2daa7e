# SPDX-License-Identifier: Apache-2.0

$(eval $(call unit_test,test-tvd-db,\
	tests/unit/test-tvd-db.c tests/unit/tvd-db-fixture.c,\
	lib/libtvd-db.a lib/libtvd.a))
$(eval $(call unit_test,test-tvd-db-spoilt,\
	tests/unit/test-tvd-db-spoilt.c tests/unit/tvd-db-fixture.c,\
	lib/libtvd-db.a lib/libtvd.a))
$(eval $(call unit_test,test-tvd-db-view,\
	tests/unit/test-tvd-db-view.c tests/unit/tvd-db-fixture.c \
	tests/unit/random-policy.c tests/unit/flow-machine.c,\
	ovs-tvd/libovs-tvd-core.a flowpolicy/libflowpolicy.a \
	flowpolicy/libflowpolicy-core.a lib/libtvd-db.a lib/libtvd.a,\
	$(flowpolicy_libs)))
