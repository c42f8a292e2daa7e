# SPDX-License-Identifier: Apache-2.0

$(eval $(call unit_test,test-ca,tests/unit/test-ca.c,lib/libtvd-ca.a))
