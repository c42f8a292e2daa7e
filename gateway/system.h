/* SPDX-License-Identifier: Apache-2.0
 *
 * The real system behind gateway/reconcile.h: network namespaces, nftables
 * and connection tracking of this host.
 *
 * Each use of it moves the process between network namespaces: only a child
 * process that does nothing else may use it (gateway/worker.c). */

#ifndef GATEWAY_SYSTEM_H
#define GATEWAY_SYSTEM_H 1

#include "gateway/reconcile.h"

extern struct gateway_system gateway_real_system;

#endif /* gateway/system.h */
