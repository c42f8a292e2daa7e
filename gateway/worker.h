/* SPDX-License-Identifier: Apache-2.0
 *
 * The gateway worker's own side; see gateway/gateway.h. */

#ifndef GATEWAY_WORKER_H
#define GATEWAY_WORKER_H 1

#include <sys/types.h>
#include "compiler.h"

/* Serves requests from 'fd', a stream socket, until it is closed or process
 * 'agent', the parent, is gone. */
OVS_NO_RETURN void gateway_worker_main(int fd, pid_t agent);

#endif /* gateway/worker.h */
