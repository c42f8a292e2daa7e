/* SPDX-License-Identifier: Apache-2.0 */

#include <config.h>
#include "controller/member.h"

#include <stdlib.h>
#include <string.h>
#include "lib/ca.h"
#include "openvswitch/dynamic-string.h"
#include "util.h"

/* The name becomes one of files. */
static char *
check_name(const char *name)
{
    static const char valid[] = "abcdefghijklmnopqrstuvwxyz0123456789-";

    if (!name[0] || name[0] == '-' || strlen(name) > 32
        || name[strspn(name, valid)]) {
        return xasprintf("bad name '%.64s' of a member: it must have 1 to 32 "
                         "letters a to z, digits and '-'", name);
    }
    return NULL;
}

static char *
put_certificate(struct ca *ca, enum ca_kind kind, const char *title,
                const char *name, const char *csr, long long int now,
                struct ds *bundle)
{
    long long int expires;
    char *certificate;
    char *error = ca_sign(ca, kind, name, csr, now, MEMBER_LIFETIME,
                          &certificate, &expires);

    if (!error) {
        ds_put_format(bundle, "# %s\n%s", title, certificate);
    }
    free(certificate);
    return error;
}

static void
put_authority(struct ca *ca, enum ca_kind kind, const char *title,
              struct ds *bundle)
{
    char *certificate = ca_certificate(ca, kind);

    ds_put_format(bundle, "# %s\n%s", title, certificate);
    free(certificate);
}

char *
member_certify(struct ca *ca, const char *name, const char *csr,
               long long int now, struct ds *bundle)
{
    char *error = check_name(name);

    if (!error) {
        error = put_certificate(ca, CA_CLUSTER, "member", name, csr, now,
                                bundle);
    }
    if (!error) {
        error = put_certificate(ca, CA_SERVERS, "server", name, csr, now,
                                bundle);
    }
    if (!error) {
        put_authority(ca, CA_CLUSTER, "cluster-ca", bundle);
        put_authority(ca, CA_HOSTS, "hosts-ca", bundle);
    }
    return error;
}
