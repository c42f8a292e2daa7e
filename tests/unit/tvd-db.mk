# SPDX-License-Identifier: Apache-2.0

$(eval $(call unit_test,test-tvd-db,\
	tests/unit/test-tvd-db.c tests/unit/tvd-db-fixture.c,\
	lib/libtvd-db.a lib/libtvd.a))
$(eval $(call unit_test,test-tvd-db-spoilt,\
	tests/unit/test-tvd-db-spoilt.c tests/unit/tvd-db-fixture.c,\
	lib/libtvd-db.a lib/libtvd.a))
