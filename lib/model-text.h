/* SPDX-License-Identifier: Apache-2.0
 *
 * Values of the model as text, as they stand in the database and in the file
 * that an agent keeps.  What is not exactly of the form is refused: it may come
 * from something that was damaged or tampered with, and ends up in flows, names
 * of interfaces and rulesets. */

#ifndef LIB_MODEL_TEXT_H
#define LIB_MODEL_TEXT_H 1

#include <stdbool.h>
#include "lib/model.h"

/* Names of objects, and of NICs, which become names of interfaces. */
bool model_text_is_name(const char *);
bool model_text_is_nic_name(const char *);

/* Not zero, and not of a group. */
bool model_text_parse_mac(const char *, struct eth_addr *);
/* "10.1.2.3" or "fd00::1" in canonical form or not. */
bool model_text_parse_ip(const char *, struct in6_addr *);
/* "10.10.0.0/24"; the router is its first address. */
bool model_text_parse_subnet(const char *, struct model_subnet *);
/* The inverse; caller frees. */
char *model_text_format_subnet(const struct model_subnet *);
/* The canonical form that model_service_format() makes. */
bool model_text_parse_service(const char *, struct model_service *);
bool model_text_parse_action(const char *, enum model_action *);

#endif /* lib/model-text.h */
