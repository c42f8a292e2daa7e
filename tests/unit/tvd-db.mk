# SPDX-License-Identifier: Apache-2.0

$(eval $(call unit_test,test-tvd-db,tests/unit/test-tvd-db.c,\
	lib/libtvd-db.a lib/libtvd.a))
