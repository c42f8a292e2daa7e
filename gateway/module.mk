# SPDX-License-Identifier: Apache-2.0
#
# gateway: namespaces, routes and nftables of gateway EEs.  The core is pure;
# what touches the system is in libgateway.a, to be linked in front of it.

gateway_core := \
	gateway/place.c \
	gateway/plan.c \
	gateway/ruleset-format.c \
	gateway/ruleset.c \
	gateway/wanted.c \
	gateway/wire.c

$(eval $(call library,gateway/gateway-core,$(gateway_core)))
