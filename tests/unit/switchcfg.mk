# SPDX-License-Identifier: Apache-2.0
#
# Tests of the pure part of switchcfg; the switch in memory stands for devices.

switchcfg_test_archives := switchcfg/libswitchcfg-fake.a \
	switchcfg/libswitchcfg.a switchcfg/libswitchcfg-core.a \
	flowpolicy/libflowpolicy.a flowpolicy/libflowpolicy-core.a lib/libtvd.a

$(eval $(call unit_test,test-switch-recorded,tests/unit/test-switch-recorded.c \
	tests/unit/switch-check.c,$(switchcfg_test_archives),$(flowpolicy_libs)))
$(eval $(call unit_test,test-switch-exhaustive,tests/unit/test-switch-exhaustive.c \
	tests/unit/switch-bits.c tests/unit/switch-check.c, \
	$(switchcfg_test_archives),$(flowpolicy_libs)))
$(eval $(call unit_test,test-switch-codec,tests/unit/test-switch-codec.c, \
	switchcfg/libswitchcfg-core.a flowpolicy/libflowpolicy-core.a lib/libtvd.a))
$(eval $(call unit_test,test-switch-tables,tests/unit/test-switch-tables.c, \
	$(switchcfg_test_archives),$(flowpolicy_libs)))
$(eval $(call unit_test,test-switch-plan,tests/unit/test-switch-plan.c \
	tests/unit/switch-check.c,$(switchcfg_test_archives),$(flowpolicy_libs)))
$(eval $(call unit_test,test-switch-reconcile,tests/unit/test-switch-reconcile.c \
	tests/unit/switch-trial.c,$(switchcfg_test_archives),$(flowpolicy_libs)))
$(eval $(call unit_test,test-switch-beat,tests/unit/test-switch-beat.c \
	tests/unit/switch-trial.c,$(switchcfg_test_archives),$(flowpolicy_libs)))
$(eval $(call unit_test,test-switch-save,tests/unit/test-switch-save.c \
	tests/unit/switch-trial.c,$(switchcfg_test_archives),$(flowpolicy_libs)))
$(eval $(call unit_test,test-switch-cisco,tests/unit/test-switch-cisco.c \
	tests/unit/switch-check.c,$(switchcfg_test_archives),$(flowpolicy_libs)))

# Not a test by itself: tests/system/test-snmp drives it.
$(eval $(call program,tests/switch-tool,tests/system/switch-tool.c, \
	switchcfg/libswitchcfg-snmp.a $(switchcfg_test_archives), \
	$(switchcfg_libs) $(flowpolicy_libs)))
$(eval $(call unit_test,test-switch-session,tests/unit/test-switch-session.c, \
	$(switchcfg_test_archives),$(flowpolicy_libs)))
$(eval $(call unit_test,test-switch-random,tests/unit/test-switch-random.c \
	tests/unit/switch-bits.c tests/unit/switch-check.c, \
	$(switchcfg_test_archives),$(flowpolicy_libs)))
$(eval $(call unit_test,test-switch-restore,tests/unit/test-switch-restore.c \
	tests/unit/switch-bits.c tests/unit/switch-check.c, \
	$(switchcfg_test_archives),$(flowpolicy_libs)))
$(eval $(call unit_test,test-switch-others,tests/unit/test-switch-others.c \
	tests/unit/switch-bits.c tests/unit/switch-check.c, \
	$(switchcfg_test_archives),$(flowpolicy_libs)))
$(eval $(call unit_test,test-switch-check-device,tests/unit/test-switch-check-device.c \
	tests/unit/switch-bits.c,$(switchcfg_test_archives),$(flowpolicy_libs)))
