/* SPDX-License-Identifier: Apache-2.0
 *
 * Answers hosts that ask for certificates.
 *
 * It checks what a request proves and that the policy has the host; what is
 * signed, and what a token is good for, is decided by lib/ca.h.  It opens no
 * connection. */

#ifndef CONTROLLER_ENROLMENT_H
#define CONTROLLER_ENROLMENT_H 1

struct ca;
struct model;
struct report_sink;

struct enrolment {
    struct ca *ca;
    const struct model *model;  /* NULL: not known yet. */
    const struct report_sink *sink;
    long long int lifetime;     /* Of a certificate, in seconds. */
    long long int grace;        /* In which one that ran out can be renewed. */
};

/* The line that answers 'line' after 'greeting' at 'wall' (seconds since 1970);
 * both have no new-line.  Caller frees. */
char *enrolment_answer(const struct enrolment *, const char *greeting,
                       const char *line, long long int wall);

#endif /* controller/enrolment.h */
