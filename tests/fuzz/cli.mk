# SPDX-License-Identifier: Apache-2.0

$(eval $(call fuzz_target,output,tests/fuzz/fuzz-output.c,lib/libtvd.a))
$(eval $(call fuzz_target,cli-options,tests/fuzz/fuzz-cli-options.c,$(cli_archives),$(flowpolicy_libs)))
