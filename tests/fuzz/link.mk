# SPDX-License-Identifier: Apache-2.0

$(eval $(call fuzz_target,link-frame,tests/fuzz/link-frame.c,\
	link/liblink-core.a))
