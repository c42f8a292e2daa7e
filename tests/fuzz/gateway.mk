# SPDX-License-Identifier: Apache-2.0

$(eval $(call fuzz_target,gateway-wire,tests/fuzz/gateway-wire.c,$(gateway_test_archives)))
$(eval $(call fuzz_target,gateway-readback,tests/fuzz/gateway-readback.c,$(gateway_test_archives)))
