/* SPDX-License-Identifier: Apache-2.0
 *
 * The parser of the policy language: a tree of nodes in, a model out.
 *
 * Inside of flowpolicy only; others call flowpolicy/policy.h.  It knows
 * nothing of YAML's syntax.  parse.c reads the file's sections, parse-tvd.c
 * TVDs, parse-switch.c switches, parse-flows.c the matrix, parse-ee.c members;
 * parse-value.c has what they share; check.c has the checks that need the
 * whole model.
 *
 * Rules that keep one mistake from causing many messages:
 *
 *   - An object is in the model once its name has been seen, whatever is
 *     wrong with the rest of it, so that references to it hold.
 *   - Where a reference cannot be judged because what it refers to could not
 *     be read (a "broken" section or member), nothing is said.
 *   - A misspelt key is reported, then read as what was meant.
 *
 * The model is thrown away if there was any error. */

#ifndef FLOWPOLICY_PARSE_H
#define FLOWPOLICY_PARSE_H 1

#include "flowpolicy/node.h"
#include "flowpolicy/policy.h"
#include "openvswitch/hmap.h"
#include "openvswitch/shash.h"

/* Sections whose contents could not be read. */
enum parse_broken {
    BROKEN_LABELS = 1 << 0,
    BROKEN_TVDS = 1 << 1,
    BROKEN_HOSTS = 1 << 2,
    BROKEN_SWITCHES = 1 << 3,
    BROKEN_EES = 1 << 4,
};

/* What the parser knows about a TVD beside what the model has. */
struct parse_tvd {
    struct hmap_node node;      /* In 'tvds', by pointer. */
    struct model_tvd *tvd;
    bool subnets_broken;
    bool roles_broken;
    size_t n_auto;              /* NICs that need addresses from us. */
    size_t *n_declared;         /* For each subnet: addresses declared. */
};

/* The top-level keys of a file. */
struct parse_sections {
    const struct node *labels, *conflicts, *tvds, *flows, *hosts, *switches,
        *ees;
};

struct parser {
    struct model *m;
    struct policy_errors *errors;
    const char *prefix;         /* In front of messages; NULL: nothing. */
    const char *suffix;         /* Behind them; NULL: nothing. */
    unsigned int broken;        /* Bitwise OR of enum parse_broken. */
    size_t budget;              /* Comparisons left for suggestions. */
    struct parse_sections sections;
    struct hmap tvds;           /* Contains "struct parse_tvd". */
    struct hmap ips;            /* Contains "struct parse_ip", all NICs. */
    bool ips_to_learn;          /* Those that the model had at first are not
                                 * in 'ips' yet: most EEs declare none, and
                                 * need not know. */
    struct hmap broken_ees;     /* Contains "struct parse_ee_ref". */
    struct shash router_macs;   /* "struct model_tvd *" by MAC as text. */
    struct shash vlans;         /* "struct model_tvd *" by VLAN as text. */
    struct shash vnis;          /* "struct model_tvd *" by VNI as text. */
    struct shash host_addresses;    /* "struct model_host *" by address. */
    struct shash switch_ports;  /* Whose it is (char *), by "SWITCH/PORT". */
    struct shash switch_addresses;  /* "struct model_switch *". */
};

/* Makes a parser that adds to 'm'.  If 'm' is not empty, parse_ees_learn()
 * must be called next. */
void parser_init(struct parser *, struct model *m, struct policy_errors *);
void parser_destroy(struct parser *);

/* Reads a whole file into the model, which is empty, and checks it. */
void parse_policy(struct parser *, const struct node *root);

/* Reads one EE.  Its name is the text of 'name'; 'value' is the map.  Returns
 * the EE, in the model, also after errors; NULL if there is one already. */
struct model_ee *parse_ee(struct parser *, const struct node *name,
                          const struct node *value);
/* As parse_ee(), but the name is in the map, under "name". */
struct model_ee *parse_named_ee(struct parser *, const struct node *value);

/* Switches themselves; then, once there are hosts and TVDs, their links and
 * access ports. */
void parse_switches(struct parser *, const struct node *section);
void parse_switch_ports(struct parser *, const struct node *section);
/* The name of a port of a switch, which is text or a number; NULL after having
 * complained.  Caller frees. */
char *parse_switch_port(struct parser *, const struct node *);
/* Notes that 'port' of switch 'sw' is that of 'what' ("host 'a'").  False after
 * having complained that it is somebody else's. */
bool parse_occupy_port(struct parser *, const struct node *, const char *sw,
                       const char *port, const char *what);
void parse_tvds(struct parser *, const struct node *section);
void parse_flows(struct parser *, const struct node *section);
void parse_ees(struct parser *, const struct node *section);

/* The checks that need the whole model.  check_collocation() is part of
 * check_policy(); of several EEs that cannot meet, 'blame' (may be NULL) is
 * the one to complain about. */
void check_policy(struct parser *);
void check_collocation(struct parser *, const struct model_ee *blame);

/* Takes in what the model's EEs and TVDs occupy already. */
void parse_ees_learn(struct parser *);
void parse_ees_destroy(struct parser *);

/* The role 'name' of 'tvd', made if it is the default role; else NULL, and
 * complains at 'at' if it can tell that there is none. */
struct model_role *parse_role_ref(struct parser *, const struct node *at,
                                  const char *name, struct model_tvd *);

struct parse_tvd *parse_tvd_info(struct parser *, const struct model_tvd *);
void parse_ee_set_broken(struct parser *, const struct model_ee *);
bool parse_ee_is_broken(const struct parser *, const struct model_ee *);

/* --- What all of them use (parse-value.c) -------------------------------- */

/* Adds an error at 'node'. */
void parse_error(struct parser *, const struct node *, const char *format, ...)
    OVS_PRINTF_FORMAT(3, 4);
/* The same at a place in a model. */
void parse_error_loc(struct parser *, const struct model_loc *,
                     const char *format, ...)
    OVS_PRINTF_FORMAT(3, 4);

struct model_loc parse_loc(const struct node *);

/* A key of a map with what reads its value into 'object'. */
struct parse_field {
    const char *name;
    void (*parse)(struct parser *, const struct node *value, void *object);
    bool required;
};

/* Reads the map 'value' into 'object', by 'fields'.  'at' is where to complain
 * about what is missing, 'what' says what is read ("TVD 'red'").  Returns
 * false if 'value' is not a map. */
bool parse_map(struct parser *, const struct node *at,
               const struct node *value, const char *what,
               const struct parse_field *, size_t n_fields, void *object);

/* Each checks the value of a key named 'what', complains if it is not right,
 * and returns true if it is. */
bool parse_is_map(struct parser *, const struct node *, const char *what,
                  const char *of);
/* The key 'name' of 'map', or NULL. */
const struct node *parse_find_key(const struct node *map, const char *name);
bool parse_is_list(struct parser *, const struct node *, const char *what,
                   const char *of);
/* The list has at most 'max' items. */
bool parse_max_items(struct parser *, const struct node *list,
                     const char *what, size_t max);
bool parse_string(struct parser *, const struct node *, const char *what);
bool parse_uint(struct parser *, const struct node *, const char *what,
                unsigned int min, unsigned int max, unsigned int *);
bool parse_bool(struct parser *, const struct node *, const char *what,
                bool *);
bool parse_mac(struct parser *, const struct node *, const char *what,
               struct eth_addr *);
/* 'words' has 'n' elements; stores the index. */
bool parse_word(struct parser *, const struct node *, const char *what,
                const char *const *words, size_t n, size_t *index);
/* An IP address as text, IPv4 as ::ffff:a.b.c.d. */
bool parse_ip(struct parser *, const struct node *, const char *what,
              struct in6_addr *);
char *parse_format_ip(const struct in6_addr *);
/* Stores in '*address' the IP address of 'name', a 'what', in its usual form,
 * so that equal ones look equal; complains if it is in 'seen' already. */
void parse_unique_ip(struct parser *, const struct node *, const char *what,
                     struct shash *seen, const char *name, char **address);

#define PARSE_NAME_MAX 63
#define PARSE_NIC_NAME_MAX 15   /* As for any Linux interface. */
bool parse_name_is_valid(const char *name, size_t max);
/* Checks the text of 'node' as the name of a 'what'. */
bool parse_name(struct parser *, const struct node *, const char *what,
                size_t max);

/* Returns the data of the element of 'set' that 'node' names; else NULL and
 * complains, unless 'quiet'.  'what' is "label", 'plural' is "labels". */
void *parse_ref(struct parser *, const struct node *, const char *what,
                const char *plural, const struct shash *set, bool quiet);
/* The same if the name is 'name', and stands somewhere in 'node'. */
void *parse_ref_name(struct parser *, const struct node *, const char *name,
                     const char *what, const char *plural,
                     const struct shash *set, bool quiet);

#endif /* flowpolicy/parse.h */
