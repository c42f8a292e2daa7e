# SPDX-License-Identifier: Apache-2.0

$(eval $(call fuzz_target,switch-portlist,tests/fuzz/switch-portlist.c,$(switchcfg_test_archives),$(flowpolicy_libs)))
$(eval $(call fuzz_target,switch-notification,tests/fuzz/switch-notification.c,switchcfg/libswitchcfg-core.a lib/libtvd.a))
$(eval $(call fuzz_target,switch-profile,tests/fuzz/switch-profile.c,$(switchcfg_test_archives),$(flowpolicy_libs)))
$(eval $(call fuzz_target,switch-snmprec,tests/fuzz/switch-snmprec.c,$(switchcfg_test_archives),$(flowpolicy_libs)))
$(eval $(call fuzz_target,switch-tables,tests/fuzz/switch-tables.c,$(switchcfg_test_archives),$(flowpolicy_libs)))
$(eval $(call fuzz_target,switch-session,tests/fuzz/switch-session.c,$(switchcfg_test_archives),$(flowpolicy_libs)))
