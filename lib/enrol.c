/* SPDX-License-Identifier: Apache-2.0 */

#include <config.h>
#include "lib/enrol.h"

#include <stdlib.h>
#include <string.h>
#include "lib/ca.h"
#include "lib/identity.h"
#include "openvswitch/json.h"
#include "openvswitch/shash.h"
#include "util.h"

#define GREETING "tvd-enrol 1 "
#define DIGITS "0123456789abcdef"
#define N_DIGITS (2 * IDENTITY_SECRET_SIZE)

/* --- Writing --------------------------------------------------------------*/

char *
enrol_greeting(void)
{
    unsigned char nonce[IDENTITY_SECRET_SIZE];
    char *digits, *line;

    identity_random(nonce, sizeof nonce);
    digits = identity_to_hex(nonce, sizeof nonce);
    line = xasprintf(GREETING "%s", digits);
    free(digits);
    return line;
}

bool
enrol_greeting_is_good(const char *line)
{
    size_t n = strlen(GREETING);

    return (!strncmp(line, GREETING, n) && strlen(line) == n + N_DIGITS
            && strspn(line + n, DIGITS) == N_DIGITS);
}

static char *
to_text(struct json *json)
{
    char *text = json_to_string(json, JSSF_SORT);

    json_destroy(json);
    return text;
}

char *
enrol_request_body(enum enrol_method method, const char *name,
                   const char *csr, const char *certificate)
{
    struct json *json = json_object_create();

    json_object_put_string(json, "method", method == ENROL_TOKEN ? "enrol"
                           : "renew");
    json_object_put_string(json, "name", name);
    json_object_put_string(json, "csr", csr);
    if (certificate) {
        json_object_put_string(json, "certificate", certificate);
    }
    return to_text(json);
}

char *
enrol_answer_body(const char *certificate, const char *ca, const char *server)
{
    struct json *json = json_object_create();

    json_object_put_string(json, "certificate", certificate);
    json_object_put_string(json, "ca", ca);
    if (server) {
        json_object_put_string(json, "server", server);
    }
    return to_text(json);
}

char *
enrol_refusal_body(const char *reason)
{
    struct json *json = json_object_create();

    json_object_put_string(json, "refused", reason);
    return to_text(json);
}

char *
enrol_line(const char *body, const char *proof)
{
    return to_text(json_array_create_2(json_string_create(body),
                                       json_string_create(proof)));
}

/* --- Parsing --------------------------------------------------------------*/

/* Where a member goes to. */
struct member {
    const char *name;
    char **value;
};

/* Each member must be known, a string, and at most once there (which the JSON
 * parser sees to). */
static char *
take_members(const struct json *json, const struct member *members, size_t n)
{
    const struct shash_node *node;

    if (json->type != JSON_OBJECT) {
        return xstrdup("bad message: its body is not an object");
    }
    SHASH_FOR_EACH (node, json_object(json)) {
        const struct json *value = node->data;
        size_t i = 0;

        while (i < n && strcmp(node->name, members[i].name)) {
            i++;
        }
        if (i == n || value->type != JSON_STRING) {
            return xasprintf("bad message: member \"%.32s\" is not known or "
                             "not a string", node->name);
        }
        *members[i].value = xstrdup(json_string(value));
    }
    return NULL;
}

static char *
split_line(const char *line, char **body, char **proof)
{
    struct json *json;
    char *error = NULL;

    if (strlen(line) > ENROL_MAX_LINE) {
        return xasprintf("bad message: more than %d bytes", ENROL_MAX_LINE);
    }
    json = json_from_string(line);
    if (json->type != JSON_ARRAY || json->array.n != 2
        || json->array.elems[0]->type != JSON_STRING
        || json->array.elems[1]->type != JSON_STRING) {
        error = xstrdup("bad message: not an array of two strings");
    } else if (strlen(json_string(json->array.elems[1]))
               > IDENTITY_MAX_PROOF) {
        error = xstrdup("bad message: its proof is too long");
    } else {
        *body = xstrdup(json_string(json->array.elems[0]));
        *proof = xstrdup(json_string(json->array.elems[1]));
    }
    json_destroy(json);
    return error;
}

static char *
parse_line(const char *line, char **body, char **proof,
           const struct member *members, size_t n)
{
    char *error = split_line(line, body, proof);

    if (!error) {
        struct json *json = json_from_string(*body);

        error = take_members(json, members, n);
        json_destroy(json);
    }
    return error;
}

static char *
check_request(struct enrol_request *r, const char *method)
{
    if (!method || !r->name || !r->csr) {
        return xstrdup("bad request: it must have method, name and csr");
    }
    if (!strcmp(method, "enrol") && !r->certificate) {
        r->method = ENROL_TOKEN;
    } else if (!strcmp(method, "renew") && r->certificate) {
        r->method = ENROL_RENEW;
    } else {
        return xstrdup("bad request: its method must be enrol, or renew with "
                       "a certificate");
    }
    return (ca_host_name_is_good(r->name) ? NULL
            : xstrdup("bad request: no host can have that name"));
}

char *
enrol_request_parse(const char *line, struct enrol_request *r)
{
    char *method = NULL;
    const struct member members[] = {
        { "method", &method },
        { "name", &r->name },
        { "csr", &r->csr },
        { "certificate", &r->certificate },
    };
    char *error;

    memset(r, 0, sizeof *r);
    error = parse_line(line, &r->body, &r->proof, members,
                       ARRAY_SIZE(members));
    if (!error) {
        error = check_request(r, method);
    }
    if (error) {
        enrol_request_destroy(r);
    }
    free(method);
    return error;
}

char *
enrol_answer_parse(const char *line, struct enrol_answer *a)
{
    const struct member members[] = {
        { "refused", &a->refused },
        { "certificate", &a->certificate },
        { "ca", &a->ca },
        { "server", &a->server },
    };
    char *error;

    memset(a, 0, sizeof *a);
    error = parse_line(line, &a->body, &a->proof, members,
                       ARRAY_SIZE(members));
    if (!error && !a->refused == (!a->certificate || !a->ca)) {
        error = xstrdup("bad answer: it must have certificate and ca, or "
                        "refused");
    }
    if (error) {
        enrol_answer_destroy(a);
    }
    return error;
}

void
enrol_request_destroy(struct enrol_request *r)
{
    free(r->name);
    free(r->csr);
    free(r->certificate);
    free(r->body);
    free(r->proof);
    memset(r, 0, sizeof *r);
}

void
enrol_answer_destroy(struct enrol_answer *a)
{
    free(a->refused);
    free(a->certificate);
    free(a->ca);
    free(a->server);
    free(a->body);
    free(a->proof);
    memset(a, 0, sizeof *a);
}

/* --- Proofs and tokens ----------------------------------------------------*/

size_t
enrol_request_parts(const char *greeting, const char *body,
                    const char *parts[ENROL_N_PARTS])
{
    parts[0] = "tvd enrol request";
    parts[1] = greeting;
    parts[2] = body;
    return 3;
}

size_t
enrol_answer_parts(const char *greeting, const char *request_body,
                   const char *body, const char *parts[ENROL_N_PARTS])
{
    parts[0] = "tvd enrol answer";
    parts[1] = greeting;
    parts[2] = request_body;
    parts[3] = body;
    return 4;
}

/* The digits of 'token'; NULL if it has not the form of one. */
static const char *
token_digits(const char *token)
{
    const char *colon = strrchr(token, ':');

    return (!strncmp(token, CA_TOKEN_PREFIX, strlen(CA_TOKEN_PREFIX))
            && colon - token >= strlen(CA_TOKEN_PREFIX)
            && strlen(colon + 1) == N_DIGITS
            && strspn(colon + 1, DIGITS) == N_DIGITS
            ? colon + 1 : NULL);
}

char *
enrol_token_name(const char *token)
{
    const char *digits = token_digits(token);
    const char *start = token + strlen(CA_TOKEN_PREFIX);
    char *name = digits ? xmemdup0(start, digits - 1 - start) : NULL;

    if (name && !ca_host_name_is_good(name)) {
        free(name);
        name = NULL;
    }
    return name;
}

void
enrol_token_secret(const char *token, unsigned char *secret)
{
    const char *part = "tvd token";
    const char *digits = token_digits(token);
    unsigned char raw[IDENTITY_SECRET_SIZE];
    char *derived;

    ovs_assert(digits && identity_from_hex(digits, raw, sizeof raw));
    derived = identity_mac(raw, &part, 1);
    ovs_assert(identity_from_hex(derived, secret, IDENTITY_SECRET_SIZE)
               == IDENTITY_SECRET_SIZE);
    identity_wipe(derived);
    explicit_bzero(raw, sizeof raw);
}
