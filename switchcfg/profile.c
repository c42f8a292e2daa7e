/* SPDX-License-Identifier: Apache-2.0 */

#include <config.h>
#include "switchcfg/profile.h"

#include <stdlib.h>
#include <string.h>
#include "flowpolicy/node.h"
#include "flowpolicy/parse.h"
#include "flowpolicy/policy.h"
#include "openvswitch/dynamic-string.h"
#include "util.h"

#define PROFILE_MAX_ITEMS 64    /* Of any list. */

static struct switch_profile *
profile_create(const char *name)
{
    struct switch_profile *p = xzalloc(sizeof *p);

    p->name = xstrdup(name);
    p->max_message = MIB_MAX_MESSAGE;
    p->pvid_type = MIB_UNSIGNED32;
    p->name_max = 32;           /* SnmpAdminString (SIZE (0..32)). */
    p->save_timeout_ms = 30000;
    return p;
}

void
switch_profile_destroy(struct switch_profile *p)
{
    if (p) {
        free(p->name);
        free(p->title);
        free(p->basis);
        free(p->refusal);
        free(p->object_ids);
        free(p->descr);
        free(p->save_sets);
        free(p->poll_done);
        free(p->poll_failed);
        free(p->cleanup_sets);
        free(p);
    }
}

const struct switch_profile *
switch_profile_standard(void)
{
    static char name[] = "standard", title[] = "Q-BRIDGE";
    static char basis[] = "RFC 4363";
    static const struct switch_profile standard = {
        .name = name,
        .title = title,
        .basis = basis,
        .max_message = MIB_MAX_MESSAGE,
        .pvid_type = MIB_UNSIGNED32,
        .name_max = 32,
        .save_timeout_ms = 30000,
    };

    return &standard;
}

/* --- Reading ---------------------------------------------------------------
 *
 * A function for each key; 'object' is what the map is read into. */

static void
read_text(struct parser *p, const struct node *value, const char *what,
          char **to)
{
    if (parse_string(p, value, what)) {
        free(*to);
        *to = xstrdup(value->text);
    }
}

#define READ_TEXT(KEY, MEMBER)                                          \
    static void                                                         \
    read_##MEMBER(struct parser *p, const struct node *value, void *o)  \
    {                                                                   \
        struct switch_profile *profile = o;                             \
                                                                        \
        read_text(p, value, KEY, &profile->MEMBER);                     \
    }

READ_TEXT("title", title)
READ_TEXT("basis", basis)
READ_TEXT("refusal", refusal)
READ_TEXT("descr", descr)

#define READ_UINT(KEY, MEMBER, MIN, MAX)                                \
    static void                                                         \
    read_##MEMBER(struct parser *p, const struct node *value, void *o)  \
    {                                                                   \
        struct switch_profile *profile = o;                             \
        unsigned int n;                                                 \
                                                                        \
        if (parse_uint(p, value, KEY, MIN, MAX, &n)) {                  \
            profile->MEMBER = n;                                        \
        }                                                               \
    }

READ_UINT("max-varbinds", max_varbinds, 1, 1000)
READ_UINT("max-message", max_message, 484, MIB_MAX_MESSAGE)
READ_UINT("name-max", name_max, 8, 255)
READ_UINT("settle-ms", settle_ms, 0, 60000)
READ_UINT("timeout-ms", save_timeout_ms, 100, 600000)

#define READ_BOOL(KEY, MEMBER)                                          \
    static void                                                         \
    read_##MEMBER(struct parser *p, const struct node *value, void *o)  \
    {                                                                   \
        struct switch_profile *profile = o;                             \
                                                                        \
        parse_bool(p, value, KEY, &profile->MEMBER);                    \
    }

READ_BOOL("atomic", atomic)
READ_BOOL("ordered", ordered)
READ_BOOL("single", save_single)
READ_BOOL("changes", poll_changes)

/* WORDS are the values in the order of the enum. */
#define READ_WORD(KEY, MEMBER, ...)                                     \
    static void                                                         \
    read_##MEMBER(struct parser *p, const struct node *value, void *o)  \
    {                                                                   \
        static const char *const words[] = { __VA_ARGS__ };             \
        struct switch_profile *profile = o;                             \
        size_t i;                                                       \
                                                                        \
        if (parse_word(p, value, KEY, words, ARRAY_SIZE(words), &i)) {  \
            profile->MEMBER = i;                                        \
        }                                                               \
    }

READ_WORD("model", model, "q-bridge", "cisco")
READ_WORD("bit-order", order, "msb-first", "lsb-first")
READ_WORD("row-index", row_index, "vid", "if-index")
READ_WORD("current-index", current_reversed, "time-mark-vid", "vid-time-mark")
READ_WORD("create", create, "whole", "then-fill", "wait")
READ_WORD("leave", leave_last, "first", "last")
READ_WORD("join", join, "egress-first", "untagged-first")
READ_WORD("ingress-filtering", ingress_filtering, "present", "implicit",
          "unused")
READ_WORD("acceptable-frames", acceptable_frames, "present", "implicit",
          "unused")
READ_WORD("gvrp", gvrp, "present", "implicit", "unused")

static void
read_how(struct parser *p, const struct node *value, void *o)
{
    static const char *const words[] = { "unknown", "implicit", "set" };
    struct switch_profile *profile = o;
    size_t i;

    if (parse_word(p, value, "how", words, ARRAY_SIZE(words), &i)) {
        profile->save = i;
    }
}

static void
read_pvid_type(struct parser *p, const struct node *value, void *o)
{
    static const char *const words[] = { "unsigned32", "integer" };
    struct switch_profile *profile = o;
    size_t i;

    if (parse_word(p, value, "pvid-type", words, ARRAY_SIZE(words), &i)) {
        profile->pvid_type = i ? MIB_INTEGER : MIB_UNSIGNED32;
    }
}

/* An OID; with 'in_row' nonnull, ".ROW" at its end is allowed. */
static bool
read_oid(struct parser *p, const struct node *value, const char *what,
         struct mib_oid *oid, bool *in_row)
{
    size_t len = value->kind == NODE_SCALAR ? strlen(value->text) : 0;

    if (in_row) {
        *in_row = len > 4 && !strcmp(value->text + len - 4, ".ROW");
        len -= *in_row ? 4 : 0;
    }
    /* Room is left for an index. */
    if (len && mib_oid_parse(value->text, len, oid) && oid->n >= 2
        && oid->n < MIB_OID_MAX) {
        return true;
    }
    oid->n = 0;
    parse_error(p, value, "%s must be an object identifier, such as 1.3.6.1%s",
                what, in_row ? ", with .ROW at its end for that of a row" : "");
    return false;
}

static void
read_object_ids(struct parser *p, const struct node *value, void *o)
{
    struct switch_profile *profile = o;

    if (!parse_is_list(p, value, "object-ids", "a list")
        || !parse_max_items(p, value, "object-ids", PROFILE_MAX_ITEMS)) {
        return;
    }
    for (const struct node *item = value->first; item; item = item->next) {
        struct mib_oid oid;

        if (read_oid(p, item, "object-ids", &oid, NULL)) {
            profile->object_ids = xrealloc(
                profile->object_ids,
                (profile->n_object_ids + 1) * sizeof oid);
            profile->object_ids[profile->n_object_ids++] = oid;
        }
    }
}

static void
read_match(struct parser *p, const struct node *value, void *profile)
{
    static const struct parse_field fields[] = {
        { "object-ids", read_object_ids, true },
        { "descr", read_descr, false },
    };

    parse_map(p, value, value, "match", fields, ARRAY_SIZE(fields), profile);
}

static bool
read_integer(struct parser *p, const struct node *value, const char *what,
             int64_t *to)
{
    if (value->kind != NODE_SCALAR || node_type(value) != NODE_INT
        || node_int(value) < INT32_MIN || node_int(value) > INT32_MAX) {
        parse_error(p, value, "%s must be a number of 32 bits", what);
        return false;
    }
    *to = node_int(value);
    return true;
}

static void
read_set_oid(struct parser *p, const struct node *value, void *set_)
{
    struct switch_save_set *set = set_;

    read_oid(p, value, "oid", &set->oid, &set->in_row);
}

static void
read_set_value(struct parser *p, const struct node *value, void *set_)
{
    struct switch_save_set *set = set_;

    read_integer(p, value, "value", &set->value);
}

static void
read_set_type(struct parser *p, const struct node *value, void *set_)
{
    static const char *const words[] = { "integer", "unsigned32" };
    struct switch_save_set *set = set_;
    size_t i;

    if (parse_word(p, value, "type", words, ARRAY_SIZE(words), &i)) {
        set->type = i ? MIB_UNSIGNED32 : MIB_INTEGER;
    }
}

static void
read_sets(struct parser *p, const struct node *value, const char *what,
          struct switch_save_set **sets, size_t *n)
{
    static const struct parse_field fields[] = {
        { "oid", read_set_oid, true },
        { "type", read_set_type, false },
        { "value", read_set_value, true },
    };

    if (!parse_is_list(p, value, what, "a list")
        || !parse_max_items(p, value, what, PROFILE_MAX_ITEMS)) {
        return;
    }
    for (const struct node *item = value->first; item; item = item->next) {
        *sets = xrealloc(*sets, (*n + 1) * sizeof **sets);
        (*sets)[*n] = (struct switch_save_set) { .type = MIB_INTEGER };
        parse_map(p, item, item, what, fields, ARRAY_SIZE(fields),
                  &(*sets)[(*n)++]);
    }
}

static void
read_save_sets(struct parser *p, const struct node *value, void *o)
{
    struct switch_profile *profile = o;

    read_sets(p, value, "set", &profile->save_sets, &profile->n_save_sets);
}

static void
read_cleanup_sets(struct parser *p, const struct node *value, void *o)
{
    struct switch_profile *profile = o;

    read_sets(p, value, "cleanup", &profile->cleanup_sets,
              &profile->n_cleanup_sets);
}

static void
read_integers(struct parser *p, const struct node *value, const char *what,
              int64_t **numbers, size_t *n)
{
    if (!parse_is_list(p, value, what, "a list of numbers")
        || !parse_max_items(p, value, what, PROFILE_MAX_ITEMS)) {
        return;
    }
    for (const struct node *item = value->first; item; item = item->next) {
        int64_t number;

        if (read_integer(p, item, what, &number)) {
            *numbers = xrealloc(*numbers, (*n + 1) * sizeof **numbers);
            (*numbers)[(*n)++] = number;
        }
    }
}

static void
read_poll_oid(struct parser *p, const struct node *value, void *o)
{
    struct switch_profile *profile = o;

    read_oid(p, value, "oid", &profile->poll, &profile->poll_in_row);
}

static void
read_poll_done(struct parser *p, const struct node *value, void *o)
{
    struct switch_profile *profile = o;

    read_integers(p, value, "done", &profile->poll_done,
                  &profile->n_poll_done);
}

static void
read_poll_failed(struct parser *p, const struct node *value, void *o)
{
    struct switch_profile *profile = o;

    read_integers(p, value, "failed", &profile->poll_failed,
                  &profile->n_poll_failed);
}

static void
read_poll(struct parser *p, const struct node *value, void *o)
{
    static const struct parse_field fields[] = {
        { "oid", read_poll_oid, true },
        { "changes", read_poll_changes, false },
        { "done", read_poll_done, false },
        { "failed", read_poll_failed, false },
    };
    const struct switch_profile *profile = o;

    if (parse_map(p, value, value, "poll", fields, ARRAY_SIZE(fields), o)
        && !profile->poll_changes == !profile->n_poll_done) {
        parse_error(p, value, "poll needs either 'done' or 'changes: true', "
                    "to know when it was saved");
    }
}

static void
read_save(struct parser *p, const struct node *value, void *o)
{
    static const struct parse_field fields[] = {
        { "how", read_how, true },
        { "set", read_save_sets, false },
        { "single", read_save_single, false },
        { "poll", read_poll, false },
        { "cleanup", read_cleanup_sets, false },
        { "timeout-ms", read_save_timeout_ms, false },
    };
    const struct switch_profile *profile = o;

    if (parse_map(p, value, value, "save", fields, ARRAY_SIZE(fields), o)
        && (profile->save == SWITCH_SAVE_SET) != (profile->n_save_sets > 0)) {
        parse_error(p, value, "save needs 'set' if 'how' is 'set', and only "
                    "then");
    }
}

static void
read_lock_oid(struct parser *p, const struct node *value, void *o)
{
    struct switch_profile *profile = o;

    read_oid(p, value, "oid", &profile->lock, NULL);
}

static void
read_lock_free(struct parser *p, const struct node *value, void *o)
{
    struct switch_profile *profile = o;

    read_integer(p, value, "free", &profile->lock_free);
}

static void
read_lock_held(struct parser *p, const struct node *value, void *o)
{
    struct switch_profile *profile = o;

    read_integer(p, value, "held", &profile->lock_held);
}

static void
read_lock(struct parser *p, const struct node *value, void *o)
{
    static const struct parse_field fields[] = {
        { "oid", read_lock_oid, true },
        { "free", read_lock_free, true },
        { "held", read_lock_held, true },
    };

    parse_map(p, value, value, "lock", fields, ARRAY_SIZE(fields), o);
}

struct switch_profile *
switch_profile_parse(const char *name, const struct node *root,
                     struct policy_errors *errors)
{
    static const struct parse_field fields[] = {
        { "title", read_title, true },
        { "basis", read_basis, true },
        { "refusal", read_refusal, false },
        { "match", read_match, false },
        { "model", read_model, false },
        { "atomic", read_atomic, false },
        { "ordered", read_ordered, false },
        { "max-varbinds", read_max_varbinds, false },
        { "max-message", read_max_message, false },
        { "bit-order", read_order, false },
        { "row-index", read_row_index, false },
        { "current-index", read_current_reversed, false },
        { "pvid-type", read_pvid_type, false },
        { "create", read_create, false },
        { "join", read_join, false },
        { "leave", read_leave_last, false },
        { "ingress-filtering", read_ingress_filtering, false },
        { "acceptable-frames", read_acceptable_frames, false },
        { "gvrp", read_gvrp, false },
        { "name-max", read_name_max, false },
        { "settle-ms", read_settle_ms, false },
        { "save", read_save, false },
        { "lock", read_lock, false },
    };
    size_t n_before = errors->n + errors->n_dropped;
    struct switch_profile *profile = profile_create(name);
    struct parser p;

    parser_init(&p, NULL, errors);
    parse_map(&p, root, root, "a profile", fields, ARRAY_SIZE(fields),
              profile);
    parser_destroy(&p);
    policy_errors_sort(errors);
    if (errors->n + errors->n_dropped > n_before) {
        switch_profile_destroy(profile);
        return NULL;
    }
    return profile;
}

/* --- Many ------------------------------------------------------------------*/

void
switch_profiles_init(struct switch_profiles *ps)
{
    shash_init(&ps->by_name);
}

void
switch_profiles_destroy(struct switch_profiles *ps)
{
    struct shash_node *node;

    SHASH_FOR_EACH (node, &ps->by_name) {
        switch_profile_destroy(node->data);
    }
    shash_destroy(&ps->by_name);
}

void
switch_profiles_add(struct switch_profiles *ps, struct switch_profile *p)
{
    switch_profile_destroy(shash_replace(&ps->by_name, p->name, p));
}

const struct switch_profile *
switch_profiles_get(const struct switch_profiles *ps, const char *name)
{
    const struct switch_profile *p = shash_find_data(&ps->by_name, name);

    return !p && !strcmp(name, switch_profile_standard()->name)
           ? switch_profile_standard() : p;
}

/* How well 'p' fits: 0 not at all, more is better. */
static size_t
match(const struct switch_profile *p, const struct mib_oid *object_id,
      const char *descr)
{
    size_t best = 0;

    if (!object_id || (p->descr && !(descr && strstr(descr, p->descr)))) {
        return 0;
    }
    for (size_t i = 0; i < p->n_object_ids; i++) {
        if (mib_oid_has_prefix(object_id, &p->object_ids[i])) {
            best = MAX(best, 2 * p->object_ids[i].n + (p->descr != NULL));
        }
    }
    return best;
}

const struct switch_profile *
switch_profiles_match(const struct switch_profiles *ps,
                      const struct mib_oid *object_id, const char *descr)
{
    const struct switch_profile *best
        = switch_profiles_get(ps, switch_profile_standard()->name);
    const struct shash_node **nodes = shash_sort(&ps->by_name);
    size_t best_fit = 0;

    /* In order of names, so that equal ones give the same result always. */
    for (size_t i = 0; i < shash_count(&ps->by_name); i++) {
        size_t fit = match(nodes[i]->data, object_id, descr);

        if (fit > best_fit) {
            best_fit = fit;
            best = nodes[i]->data;
        }
    }
    free(nodes);
    return best;
}

#define MIB2 1, 3, 6, 1, 2, 1

const struct mib_oid *
switch_profile_subtrees(const struct switch_profile *p, size_t *n)
{
    static const struct mib_oid subtrees[] = {
        MIB_OID(MIB2, 1, 1),            /* sysDescr */
        MIB_OID(MIB2, 1, 2),            /* sysObjectID */
        MIB_OID(MIB2, 1, 3),            /* sysUpTime */
        MIB_OID(MIB2, 1, 5),            /* sysName */
        MIB_OID(MIB2, 2, 2, 1, 2),      /* ifDescr */
        MIB_OID(MIB2, 2, 2, 1, 3),      /* ifType */
        MIB_OID(MIB2, 17, 1, 4, 1, 2),  /* dot1dBasePortIfIndex */
        MIB_OID(MIB2, 17, 7, 1, 1, 5),  /* dot1qGvrpStatus */
        MIB_OID(MIB2, 17, 7, 1, 4, 2, 1, 4), /* dot1qVlanCurrent*Ports */
        MIB_OID(MIB2, 17, 7, 1, 4, 2, 1, 5),
        MIB_OID(MIB2, 17, 7, 1, 4, 3, 1), /* dot1qVlanStaticTable */
        MIB_OID(MIB2, 17, 7, 1, 4, 5, 1, 1), /* dot1qPortVlanTable */
        MIB_OID(MIB2, 17, 7, 1, 4, 5, 1, 2),
        MIB_OID(MIB2, 17, 7, 1, 4, 5, 1, 3),
        MIB_OID(MIB2, 17, 7, 1, 4, 5, 1, 4),
        MIB_OID(MIB2, 31, 1, 1, 1, 1),  /* ifName */
        MIB_OID(MIB2, 31, 1, 1, 1, 18), /* ifAlias */
        /* From here on Cisco alone: CISCO-VTP-MIB, vmVlan. */
        MIB_OID(1, 3, 6, 1, 4, 1, 9, 9, 46, 1, 3, 1, 1, 2),
        MIB_OID(1, 3, 6, 1, 4, 1, 9, 9, 46, 1, 3, 1, 1, 4),
        MIB_OID(1, 3, 6, 1, 4, 1, 9, 9, 46, 1, 6, 1, 1),
        MIB_OID(1, 3, 6, 1, 4, 1, 9, 9, 68, 1, 2, 2, 1, 2),
    };

    *n = ARRAY_SIZE(subtrees) - (p->model == SWITCH_CISCO ? 0 : 4);
    return subtrees;
}

/* --- Saving ----------------------------------------------------------------*/

static void
add_save_set(struct mib_varbinds *pdu, const struct switch_save_set *set,
             uint32_t row)
{
    struct mib_oid oid = set->oid;

    if (set->in_row) {
        mib_oid_append(&oid, row);
    }
    mib_varbinds_add_number(pdu, &oid, set->type, set->value);
}

void
switch_profile_save_pdus(const struct switch_profile *p, uint32_t row,
                         struct mib_varbinds **pdus, size_t *n_pdus)
{
    *n_pdus = p->save_single ? p->n_save_sets : p->n_save_sets > 0;
    *pdus = xcalloc(MAX(*n_pdus, 1), sizeof **pdus);
    for (size_t i = 0; i < p->n_save_sets; i++) {
        add_save_set(&(*pdus)[p->save_single ? i : 0], &p->save_sets[i], row);
    }
}

void
switch_profile_cleanup(const struct switch_profile *p, uint32_t row,
                       struct mib_varbinds *pdu)
{
    for (size_t i = 0; i < p->n_cleanup_sets; i++) {
        add_save_set(pdu, &p->cleanup_sets[i], row);
    }
}

bool
switch_profile_save_poll(const struct switch_profile *p, uint32_t row,
                         struct mib_oid *oid)
{
    *oid = p->poll;
    if (oid->n && p->poll_in_row) {
        mib_oid_append(oid, row);
    }
    return oid->n > 0;
}

static bool
is_one_of(const int64_t *numbers, size_t n, int64_t number)
{
    for (size_t i = 0; i < n; i++) {
        if (numbers[i] == number) {
            return true;
        }
    }
    return false;
}

enum switch_saved
switch_profile_saved(const struct switch_profile *p,
                     const struct mib_value *before,
                     const struct mib_value *now)
{
    if (!mib_type_is_number(now->type)) {
        return SWITCH_STILL_SAVING;
    } else if (p->poll_changes) {
        return before && mib_type_is_number(before->type)
               && before->number != now->number
               ? SWITCH_SAVED : SWITCH_STILL_SAVING;
    } else if (is_one_of(p->poll_done, p->n_poll_done,
                         mib_value_integer(now))) {
        return SWITCH_SAVED;
    }
    return is_one_of(p->poll_failed, p->n_poll_failed, mib_value_integer(now))
           ? SWITCH_NOT_SAVED : SWITCH_STILL_SAVING;
}
