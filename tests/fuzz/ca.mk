# SPDX-License-Identifier: Apache-2.0

$(eval $(call fuzz_target,ca-request,tests/fuzz/ca-request.c,lib/libtvd-ca.a))
$(eval $(call fuzz_target,enrol-message,tests/fuzz/enrol-message.c,\
	lib/libtvd-ca.a))
