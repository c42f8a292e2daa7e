/* SPDX-License-Identifier: Apache-2.0
 *
 * Reads back what nft says is loaded, and brings it into a normal form in
 * which two rulesets can be compared by meaning.
 *
 * Pure: JSON text in, data out.
 *
 * Normal form of table "inet tvd": its objects as JSON, sorted, without what
 * differs between equal rulesets: handles, counter values, and the elements of
 * address sets, which are compared on their own.  The wanted ruleset gets its
 * normal form in the same way, by being loaded into an empty namespace: so
 * both went through the same nft and the same kernel, and whatever these
 * rewrite, they rewrite in both. */

#ifndef GATEWAY_READBACK_H
#define GATEWAY_READBACK_H 1

#include "gateway/plan.h"

/* Fills 'table', 'skeleton', 'sets', 'counters' and 'foreign_tables' of 'o',
 * which are empty, from the output of "nft --json list ruleset".  Returns NULL
 * if successful, otherwise an error message, to be freed by the caller. */
char *gateway_readback(const char *json, struct gateway_observed *o)
    OVS_WARN_UNUSED_RESULT;

#endif /* gateway/readback.h */
