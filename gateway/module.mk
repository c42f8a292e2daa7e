# SPDX-License-Identifier: Apache-2.0
#
# gateway: namespaces, routes and nftables of gateway EEs.  The core is pure;
# what touches the system is in libgateway.a, to be linked in front of it.

gateway_core := \
	gateway/place.c \
	gateway/plan.c \
	gateway/readback.c \
	gateway/reconcile.c \
	gateway/ruleset-format.c \
	gateway/ruleset.c \
	gateway/union.c \
	gateway/wanted.c \
	gateway/wire.c

$(eval $(call library,gateway/gateway-core,$(gateway_core)))

gateway_adapters := \
	gateway/conntrack.c \
	gateway/frame.c \
	gateway/gateway.c \
	gateway/netns.c \
	gateway/nft.c \
	gateway/system.c \
	gateway/worker.c

# Programs that link this need $(gateway_libs).  libnftables uses libjansson,
# which has functions of the same names as libopenvswitch (json_array() and
# others); hidden, those do not get in its way.
gateway_libs := -Wl,--exclude-libs,libopenvswitch.a -lnftables -lnl-route-3 -lnl-3 -lcap-ng
$(eval $(call library,gateway/gateway,$(gateway_adapters)))
$(eval $(call library,gateway/gateway-fake,gateway/fake.c))
