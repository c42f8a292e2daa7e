/* SPDX-License-Identifier: Apache-2.0
 *
 * The libyaml adapter: text to a tree of nodes (flowpolicy/node.h).
 *
 * It knows YAML and nothing of the policy language.  Its source is yaml.c,
 * the only file that includes libyaml's header.
 *
 * Of YAML it takes one document with maps, lists and scalars, block or flow,
 * anchors and aliases.  It refuses what has no use in a policy file or would
 * let a small file become a huge tree: tags, keys that are no scalars or occur
 * twice, nesting deeper than YAML_MAX_DEPTH, aliases to what contains them
 * and more than YAML_MAX_ALIASED nodes by aliases. */

#ifndef FLOWPOLICY_YAML_H
#define FLOWPOLICY_YAML_H 1

#include <stddef.h>
#include "flowpolicy/node.h"

struct policy_errors;

#define YAML_MAX_DEPTH 16
#define YAML_MAX_ALIASED 200000

/* Returns the root of the document in 'text', or NULL with at least one error
 * added to 'errors' if nothing can be made of it.  Also adds errors for keys
 * that occur twice; the tree then has the first of them only.  'arena' owns
 * the nodes. */
struct node *yaml_parse(const char *text, size_t len,
                        struct node_arena *arena,
                        struct policy_errors *errors);

#endif /* flowpolicy/yaml.h */
