# SPDX-License-Identifier: Apache-2.0

$(eval $(call unit_test,test-cli,tests/unit/test-cli.c,$(cli_archives),$(flowpolicy_libs)))
