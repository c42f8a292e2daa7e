/* SPDX-License-Identifier: Apache-2.0
 *
 * Requests of the API (docs/ARCHITECTURE.md, "API"), decoded and checked.
 *
 * Pure: bytes have become JSON before, and are acted upon after.  What has
 * been decoded has the types, ranges and sizes that are stated here; whether
 * a name exists is not looked at. */

#ifndef CONTROLLER_REQUEST_H
#define CONTROLLER_REQUEST_H 1

#include <stdbool.h>
#include <stdint.h>
#include "compiler.h"

struct json;

enum request_method {
    REQUEST_PLAN,
    REQUEST_APPLY,
    REQUEST_WAIT,
    REQUEST_EE_ADD,
    REQUEST_EE_REMOVE,
    REQUEST_EE_MOVE,
    REQUEST_SHOW,
    REQUEST_CAN,
    REQUEST_STATUS,
    REQUEST_EVENTS,
    REQUEST_HOST_CERTIFY,
    REQUEST_ADMIN_CERTIFY,
    REQUEST_HOST_ENROL,
    REQUEST_HOST_REVOKE,
    REQUEST_SWITCH_SHOW,
    REQUEST_SWITCH_PLAN,
    REQUEST_SWITCH_VERIFY,
    REQUEST_SWITCH_ADOPT,
    REQUEST_SWITCH_SAVE,
    REQUEST_SWITCH_RETRY,
    REQUEST_SWITCH_PROBE,
};
#define REQUEST_N_METHODS (REQUEST_SWITCH_PROBE + 1)
const char *request_method_to_string(enum request_method);

/* What "show" shows. */
enum request_show {
    SHOW_TVDS,
    SHOW_ROLES,
    SHOW_MATRIX,
    SHOW_HOSTS,
    SHOW_EES,
    SHOW_FLOWS,
    SHOW_LABELS,
    SHOW_SWITCHES,
};

/* Bounds; a value outside is refused. */
#define REQUEST_MAX_WAIT_MS (24 * 60 * 60 * 1000)
#define REQUEST_MAX_VALIDITY (30 * 24 * 60 * 60)
#define REQUEST_DEFAULT_VALIDITY (60 * 60)
#define REQUEST_MAX_EVENTS 100000
#define REQUEST_DEFAULT_EVENTS 100

/* The members that do not belong to the method are as after request_init():
 * NULL, 0 or false. */
struct request {
    enum request_method method;
    char *file;                 /* plan, apply: for messages only. */
    char *text;                 /* plan, apply: the policy. */
    bool dry_run;               /* apply, ee_add, ee_remove, ee_move. */
    int64_t seq;                /* wait; -1: the newest. */
    int64_t timeout_ms;         /* wait: 0..REQUEST_MAX_WAIT_MS. */
    char *ee;                   /* ee_add: the EE as JSON text. */
    char *name;                 /* ee_remove, ee_move, ..._certify, host_...,
                                 * switch_...; show: NULL: all. */
    char *host;                 /* ee_move: NULL with 'cancel'. */
    bool live, force, cancel;   /* ee_move. */
    char *csr;                  /* ..._certify: a request as PEM. */
    char *address;              /* switch_probe: IP address, */
    char *credentials;          /* name of a file, */
    char *profile;              /* NULL: recognised, */
    bool insecure;              /* SNMP version 2c. */
    int64_t validity;           /* host_enrol: s, 1..REQUEST_MAX_VALIDITY. */
    enum request_show show;     /* show. */
    char *src, *dst;            /* can: "EE" or "EE/NIC". */
    char *service;              /* can: NULL for all. */
    int64_t since;              /* events: an id, >= 0. */
    int64_t limit;              /* events: 1..REQUEST_MAX_EVENTS. */
    int64_t wait_ms;            /* events: 0..REQUEST_MAX_WAIT_MS. */
};

/* Decodes a request for 'method' with parameters 'params': an array of one
 * object, or an empty array.  Returns NULL and fills in '*request', which
 * the caller gives to request_destroy(); or returns an error message, which
 * the caller frees, and leaves nothing to destroy. */
char *request_decode(const char *method, const struct json *params,
                     struct request *request)
    OVS_WARN_UNUSED_RESULT;
void request_destroy(struct request *);

#endif /* controller/request.h */
