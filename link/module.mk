# SPDX-License-Identifier: Apache-2.0
#
# link: tvd-link, which carries local connections between the machines of a
# cluster over TLS.  The core is pure.

$(eval $(call library,link/link-core,link/frame.c))
$(eval $(call program,link/tvd-link,link/link.c link/main.c,\
	link/liblink-core.a lib/libtvd.a))
