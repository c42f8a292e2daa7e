/* SPDX-License-Identifier: Apache-2.0
 *
 * Services: the text an administrator writes ("tcp/22") to and from struct
 * model_service, and the algebra of them: which packets a service holds, and
 * what of one service a list of services covers.
 *
 * It does not decide anything about flows; see flowpolicy/decide.h.
 *
 * "icmp" means ICMP for IPv4 and for IPv6.  It is kept as protocol 1, and
 * every function here takes 1 and 58 as the same protocol. */

#ifndef FLOWPOLICY_SERVICE_H
#define FLOWPOLICY_SERVICE_H 1

#include "lib/model.h"

/* A name of /etc/services can stand for one service of each of TCP, UDP and
 * SCTP. */
#define SERVICE_PARSE_MAX 3

/* Parses 'text', one of
 *
 *     icmp tcp udp sctp gre esp   a bare protocol, all of its ports
 *     47                          the same by number, 1..255
 *     tcp/22  udp/8000-8010       a port or a range of tcp, udp or sctp,
 *                                 1..65535
 *     tcp/ssh                     a port by its name in /etc/services
 *     domain                      such a name for every protocol that has it
 *
 * into 's', the number of them (1 to SERVICE_PARSE_MAX) into '*n'.  Returns
 * NULL if successful, otherwise an error message that quotes 'text' and says
 * what is valid, to be freed by the caller; '*n' is then 0.  Takes any text,
 * of any length. */
char *service_parse(const char *text, struct model_service s[SERVICE_PARSE_MAX],
                    size_t *n)
    OVS_WARN_UNUSED_RESULT;

/* Protocol 58 as 1, any other as it is. */
uint8_t service_canonical_proto(uint8_t ip_proto);

/* True if 's' holds packets of IP protocol 'ip_proto' to 'dst_port' (host
 * byte order; ignored for protocols without ports). */
bool service_holds(const struct model_service *s, uint8_t ip_proto,
                   uint16_t dst_port);

/* True if the services 's' ('n' of them, n == 0 meaning all) together hold
 * every packet of 'asked', or every packet at all if 'asked' is NULL. */
bool service_list_covers(const struct model_service *s, size_t n,
                         const struct model_service *asked);

/* Stores into '*common' what 'a' and 'b' have in common.  Returns false, and
 * leaves '*common' as it was, if that is nothing. */
bool service_intersect(const struct model_service *a,
                       const struct model_service *b,
                       struct model_service *common);

/* A total order for sorting: protocol, then ports; a bare protocol first. */
int service_compare(const struct model_service *,
                    const struct model_service *);

/* "icmp, tcp/22", or "all" if 'n' is 0; caller frees. */
char *service_list_format(const struct model_service *s, size_t n);

#endif /* flowpolicy/service.h */
