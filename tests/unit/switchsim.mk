# SPDX-License-Identifier: Apache-2.0

switchsim_test_archives := switchsim/libswitchsim-core.a \
	$(switchcfg_test_archives)

$(eval $(call unit_test,test-switchsim-forwarding,tests/unit/test-switchsim-forwarding.c,$(switchsim_test_archives),$(flowpolicy_libs)))
$(eval $(call unit_test,test-switchsim-device,tests/unit/test-switchsim-device.c \
	tests/unit/switch-check.c,$(switchsim_test_archives),$(flowpolicy_libs)))
$(eval $(call unit_test,test-switchsim-recorded,tests/unit/test-switchsim-recorded.c \
	tests/unit/switch-check.c,$(switchsim_test_archives),$(flowpolicy_libs)))
