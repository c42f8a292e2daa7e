/* SPDX-License-Identifier: Apache-2.0
 *
 * Talking SNMP to one switch: the interface, of which there are two
 * implementations, libsnmp (switchcfg/snmp.h) and a switch in memory for tests
 * (switchcfg/model-switch.h).
 *
 * A session has one request at a time.  Nothing blocks: a request is started,
 * session_run() is called whenever the poll loop wakes up, and the reply is
 * fetched when it is there.  Each request that was started gets exactly one
 * reply, at the latest after the session's timeout. */

#ifndef SWITCHCFG_SESSION_H
#define SWITCHCFG_SESSION_H 1

#include "openvswitch/compiler.h"
#include "switchcfg/mib.h"

enum switch_reply_status {
    SWITCH_REPLY_OK,
    SWITCH_REPLY_REFUSED,       /* The device answered with an error-status. */
    SWITCH_REPLY_TIMEOUT,       /* No answer: a SET may be done or not. */
    SWITCH_REPLY_BROKEN,        /* An answer that is none: wrong varbinds,
                                 * not decodable.  Likewise. */
    SWITCH_REPLY_NOT_SENT,      /* Not even sent: no route, wrong credentials,
                                 * unknown engine.  Nothing changed. */
};
const char *switch_reply_status_to_string(enum switch_reply_status);

struct switch_reply {
    enum switch_reply_status status;
    int error_status;           /* RFC 3416; SWITCH_REPLY_REFUSED. */
    size_t error_index;         /* 1-based varbind, or 0. */
    char *error;                /* For people; NULL if OK.  No secrets. */
    struct mib_varbinds varbinds; /* OK: the answer. */
    unsigned int n_pdus;        /* Requests that it took on the wire. */
};
void switch_reply_destroy(struct switch_reply *);       /* Accepts NULL. */

struct switch_session;
struct switch_session_class {
    /* Start a request; the session must be idle.  OIDs and varbinds are
     * copied.
     *
     * 'get': the reply has a varbind for each OID, in their order, possibly an
     * exception.
     * 'walk': all that is below the 'n' subtrees, in their order; ends at
     * answers that do not ascend.
     * 'set': one SET request, never sent twice. */
    void (*get)(struct switch_session *, const struct mib_oid *, size_t n);
    void (*walk)(struct switch_session *, const struct mib_oid *, size_t n);
    void (*set)(struct switch_session *, const struct mib_varbind *,
                size_t n);

    /* Does what can be done without waiting.  'now' in ms, monotonic. */
    void (*run)(struct switch_session *, long long int now);
    /* Makes poll_block() wake up when run() has something to do. */
    void (*wait)(struct switch_session *);
    /* The reply to the request, owned by the caller, after which the session
     * is idle; NULL as long as it has not come. */
    struct switch_reply *(*reply)(struct switch_session *);
    /* Forgets the request; a late answer to it is dropped. */
    void (*cancel)(struct switch_session *);
    void (*destroy)(struct switch_session *);
    /* Which other device it may be mistaken for, for people; NULL: none.
     * Caller frees.  May be NULL itself. */
    char *(*twin)(const struct switch_session *);
};

/* Implementations embed this as their first member. */
struct switch_session {
    const struct switch_session_class *class;
    bool busy;                  /* A request is out, its reply not fetched. */
    unsigned int n_restarts;    /* Grows when what answers turns out to have
                                 * been started anew, or to be another one;
                                 * not all of them tell. */
    size_t overhead;            /* Octets that a message has around its
                                 * varbinds, at most; 0: not known. */
};

#endif /* switchcfg/session.h */
