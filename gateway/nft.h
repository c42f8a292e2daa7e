/* SPDX-License-Identifier: Apache-2.0
 *
 * nftables through libnftables; the only file that includes it.  Everything
 * is done in the network namespace that the process is in.
 *
 * Functions return NULL if successful, otherwise an error message, to be freed
 * by the caller. */

#ifndef GATEWAY_NFT_H
#define GATEWAY_NFT_H 1

#include "compiler.h"

/* Runs 'commands' as one transaction: all of it or nothing. */
char *gateway_nft_run(const char *commands) OVS_WARN_UNUSED_RESULT;

/* Lists all tables as JSON into '*json', to be freed by the caller; NULL on
 * error. */
char *gateway_nft_list(char **json) OVS_WARN_UNUSED_RESULT;

#endif /* gateway/nft.h */
