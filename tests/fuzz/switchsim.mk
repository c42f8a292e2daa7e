# SPDX-License-Identifier: Apache-2.0

$(eval $(call fuzz_target,switchsim-set,tests/fuzz/switchsim-set.c,switchsim/libswitchsim-core.a $(switchcfg_test_archives),$(flowpolicy_libs)))
