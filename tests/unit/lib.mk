# SPDX-License-Identifier: Apache-2.0

$(eval $(call unit_test,test-model,tests/unit/test-model.c,lib/libtvd.a))
$(eval $(call unit_test,test-suggest,tests/unit/test-suggest.c,lib/libtvd.a))
$(eval $(call unit_test,test-output,tests/unit/test-output.c,lib/libtvd.a))
$(eval $(call unit_test,test-api-client,tests/unit/test-api-client.c,lib/libtvd.a))
$(eval $(call unit_test,test-remotes,tests/unit/test-remotes.c,lib/libtvd.a))
