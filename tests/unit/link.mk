# SPDX-License-Identifier: Apache-2.0

$(eval $(call unit_test,test-frame,tests/unit/test-frame.c,\
	link/liblink-core.a))
