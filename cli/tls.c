/* SPDX-License-Identifier: Apache-2.0
 *
 * The files with which tvdctl shows who it is to a controller elsewhere. */

#include <config.h>
#include "cli/cli.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>
#include "stream-ssl.h"
#include "util.h"

/* The file given with 'option', or 'name' in the user's own directory.  Caller
 * frees. */
static char *
find_file(const struct cli *cli, const char *option, const char *name)
{
    const char *given = cli_value(cli, option);
    const char *config = getenv("XDG_CONFIG_HOME");
    const char *home = getenv("HOME");

    if (given) {
        return xstrdup(given);
    } else if (config && config[0]) {
        return xasprintf("%s/tvd/%s", config, name);
    }
    return xasprintf("%s/.config/tvd/%s", home ? home : "", name);
}

/* NULL after having reported a failure. */
static char *
readable_file(struct cli *cli, const char *option, const char *name)
{
    char *path = find_file(cli, option, name);

    if (access(path, R_OK)) {
        cli_fail(cli, "cannot read '%s': %s (--%s gives another file; "
                 "'tvdctl admin certify' makes a certificate)", path,
                 ovs_strerror(errno), option);
        free(path);
        return NULL;
    }
    return path;
}

bool
cli_use_tls(struct cli *cli)
{
    char *key = readable_file(cli, "private-key", "key.pem");
    char *cert = key ? readable_file(cli, "certificate", "cert.pem") : NULL;
    char *ca = cert ? readable_file(cli, "ca-cert", "ca.pem") : NULL;

    if (ca) {
        stream_ssl_set_key_and_cert(key, cert);
        stream_ssl_set_ca_cert_file(ca, false);
    }
    free(key);
    free(cert);
    free(ca);
    return ca != NULL;
}
