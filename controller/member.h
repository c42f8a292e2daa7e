/* SPDX-License-Identifier: Apache-2.0
 *
 * Certificates for the machines of a database cluster: its members and those
 * on which controllers are clients of it.  Unlike hosts and administrators
 * they need them before there is a database that a controller could serve. */

#ifndef CONTROLLER_MEMBER_H
#define CONTROLLER_MEMBER_H 1

#include "compiler.h"

struct ca;
struct ds;

/* Time for which they are valid, in seconds. */
#define MEMBER_LIFETIME (400LL * 24 * 60 * 60)

/* Signs the certificate request 'csr' at 'now' (seconds since 1970) for the
 * machine called 'name'.  Returns NULL and appends to 'bundle' what
 * "tvd-db-cluster certify" takes: parts that each begin with a line "# KIND"
 * and are PEM.
 *
 *     member      certificate for the other machines (CA_CLUSTER)
 *     server      for agents (CA_SERVERS); of the same key
 *     cluster-ca  whom to accept from other machines
 *     hosts-ca    whom to accept as an agent, until the database says it
 *
 * Or returns an error message that the caller frees. */
char *member_certify(struct ca *, const char *name, const char *csr,
                     long long int now, struct ds *bundle)
    OVS_WARN_UNUSED_RESULT;

#endif /* controller/member.h */
