# SPDX-License-Identifier: Apache-2.0

gateway_test_archives := gateway/libgateway-core.a \
	flowpolicy/libflowpolicy-core.a lib/libtvd.a

$(eval $(call unit_test,test-gateway-place,tests/unit/test-gateway-place.c \
	tests/unit/gateway-model.c,$(gateway_test_archives)))
$(eval $(call unit_test,test-gateway-plan,tests/unit/test-gateway-plan.c \
	tests/unit/gateway-model.c,$(gateway_test_archives)))
$(eval $(call unit_test,test-gateway-reconcile, \
	tests/unit/test-gateway-reconcile.c tests/unit/gateway-model.c, \
	gateway/libgateway-fake.a $(gateway_test_archives)))

# Not a test by itself: tests/system/test-gateway drives it.
$(eval $(call program,tests/gateway-tool,tests/system/gateway-tool.c, \
	gateway/libgateway.a gateway/libgateway-core.a \
	flowpolicy/libflowpolicy.a flowpolicy/libflowpolicy-core.a lib/libtvd.a, \
	$(gateway_libs) $(flowpolicy_libs)))
$(eval $(call unit_test,test-gateway-union,tests/unit/test-gateway-union.c \
	tests/unit/gateway-model.c,$(gateway_test_archives)))
