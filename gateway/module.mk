# SPDX-License-Identifier: Apache-2.0
#
# gateway: namespaces, routes and nftables of gateway EEs.  The core is pure;
# what touches the system is in libgateway.a, to be linked in front of it.
