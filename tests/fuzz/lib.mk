# SPDX-License-Identifier: Apache-2.0

$(eval $(call fuzz_target,model-file,tests/fuzz/model-file.c,lib/libtvd.a))
