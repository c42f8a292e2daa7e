# SPDX-License-Identifier: Apache-2.0
#
# flowpolicy: policy file -> checked model -> decisions.  The core is pure;
# what needs libyaml is in libflowpolicy.a, to be linked in front of it.

flowpolicy_core := \
	flowpolicy/alloc.c \
	flowpolicy/check.c \
	flowpolicy/decide-answer.c \
	flowpolicy/decide.c \
	flowpolicy/diff.c \
	flowpolicy/errors.c \
	flowpolicy/node.c \
	flowpolicy/parse.c \
	flowpolicy/parse-ee.c \
	flowpolicy/parse-flows.c \
	flowpolicy/parse-switch.c \
	flowpolicy/parse-tvd.c \
	flowpolicy/parse-value.c \
	flowpolicy/service.c

$(eval $(call library,flowpolicy/flowpolicy-core,$(flowpolicy_core)))

# Programs that link this need $(flowpolicy_libs).
flowpolicy_libs := -lyaml
$(eval $(call library,flowpolicy/flowpolicy,flowpolicy/policy.c flowpolicy/yaml.c))
