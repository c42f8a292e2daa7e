/* SPDX-License-Identifier: Apache-2.0
 *
 * What the agent and its gateway worker say to each other, as JSON.
 *
 * Pure.  The readers take nothing on trust: they return NULL for whatever the
 * writers do not make, and what they do return names no file or device that is
 * not ours. */

#ifndef GATEWAY_WIRE_H
#define GATEWAY_WIRE_H 1

#include "gateway/gateway.h"
#include "sset.h"

struct json;

struct gateway_request {
    uint64_t id;
    enum gateway_mode mode;
    struct shash wanted;        /* "struct gateway_wanted *" by EE. */
    struct sset keep;           /* EEs whose gateways stay as they were. */
};
/* 'wanted' and 'keep' are read, not taken. */
struct json *gateway_request_to_json(uint64_t id, enum gateway_mode,
                                     const struct shash *wanted,
                                     const struct sset *keep);
/* Caller owns; NULL if malformed. */
struct gateway_request *gateway_request_from_json(const struct json *);
void gateway_request_destroy(struct gateway_request *);

struct json *gateway_status_to_json(const struct gateway_status *);
struct gateway_status *gateway_status_from_json(const struct json *);
/* A copy that says how the gateway is, but not what was done or counted. */
struct gateway_status *gateway_status_clone_state(
    const struct gateway_status *);
void gateway_status_destroy(struct gateway_status *);

struct json *gateway_report_to_json(const struct gateway_report *);
struct gateway_report *gateway_report_from_json(const struct json *);

#endif /* gateway/wire.h */
