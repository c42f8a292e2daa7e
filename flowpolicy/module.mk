# SPDX-License-Identifier: Apache-2.0
#
# flowpolicy: policy file -> checked model -> decisions.  The core is pure;
# what needs libyaml is in libflowpolicy.a, to be linked in front of it.

flowpolicy_core := \
	flowpolicy/decide-answer.c \
	flowpolicy/decide.c \
	flowpolicy/service.c

$(eval $(call library,flowpolicy/flowpolicy-core,$(flowpolicy_core)))
