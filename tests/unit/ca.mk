# SPDX-License-Identifier: Apache-2.0

$(eval $(call unit_test,test-ca,tests/unit/test-ca.c,lib/libtvd-ca.a))
$(eval $(call unit_test,test-ca-hosts,tests/unit/test-ca-hosts.c,\
	lib/libtvd-ca.a))
$(eval $(call unit_test,test-enrol,tests/unit/test-enrol.c,lib/libtvd-ca.a))
$(eval $(call unit_test,test-duration,tests/unit/test-duration.c,lib/libtvd.a))
