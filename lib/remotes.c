/* SPDX-License-Identifier: Apache-2.0 */

#include <config.h>
#include "lib/remotes.h"

#include <errno.h>
#include <netdb.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include "openvswitch/dynamic-string.h"
#include "packets.h"
#include "socket-util.h"
#include "stream.h"
#include "util.h"

/* The first address of 'host', which may be one; NULL: it has none. */
static char *
look_up(const char *host, const char **why)
{
    const struct addrinfo hints = { .ai_socktype = SOCK_STREAM };
    struct sockaddr_storage ss;
    struct ds address = DS_EMPTY_INITIALIZER;
    struct addrinfo *found;
    int error = getaddrinfo(host, NULL, &hints, &found);

    if (error) {
        *why = error == EAI_SYSTEM ? ovs_strerror(errno) : gai_strerror(error);
        return NULL;
    }
    memset(&ss, 0, sizeof ss);
    memcpy(&ss, found->ai_addr, MIN(found->ai_addrlen, sizeof ss));
    freeaddrinfo(found);
    ss_format_address(&ss, &address);       /* IPv6 in brackets. */
    return ds_steal_cstr(&address);
}

/* Appends "METHOD:ADDRESS:PORT" for 'remote', whose method is 4 characters
 * long. */
static char *
add_network(const char *remote, struct ds *remotes)
{
    char *copy = xstrdup(remote + 4);
    char *host, *port, *address = NULL, *error = NULL;
    const char *why = NULL;
    int number;

    inet_parse_host_port_tokens(copy, &host, &port);
    if (!host || !*host || !port || !str_to_int(port, 10, &number)
        || number < 1 || number > UINT16_MAX) {
        error = xasprintf("'%s' is not %.4sHOST:PORT with a port of 1 to %d",
                          remote, remote, UINT16_MAX);
    } else {
        address = look_up(host, &why);
        if (!address) {
            error = xasprintf("'%s': no address of host '%s' is known: %s",
                              remote, host, why);
        } else {
            ds_put_format(remotes, "%.4s%s:%d", remote, address, number);
        }
    }
    free(address);
    free(copy);
    return error;
}

char *
remotes_parse(const char *text, char **remotesp)
{
    struct ds remotes = DS_EMPTY_INITIALIZER;
    char *copy = xstrdup(text);
    char *rest = copy;
    char *error = NULL;
    const char *remote;

    while (!error && (remote = strsep(&rest, ","))) {
        if (remotes.length) {
            ds_put_char(&remotes, ',');
        }
        if (!strncmp(remote, "tcp:", 4) || !strncmp(remote, "ssl:", 4)) {
            error = add_network(remote, &remotes);
        } else if (!strncmp(remote, "unix:", 5) && remote[5]) {
            ds_put_cstr(&remotes, remote);
        } else {
            error = xasprintf("'%s' is not a connection method (valid: "
                              "unix:PATH, tcp:HOST:PORT, ssl:HOST:PORT, "
                              "separated by commas)", remote);
        }
    }
    free(copy);
    *remotesp = error ? NULL : ds_steal_cstr(&remotes);
    ds_destroy(&remotes);
    return error;
}
