/* SPDX-License-Identifier: Apache-2.0
 *
 * The messages of enrolment: what is written is read back, what is not right is
 * refused, and a proof is good for one connection and one message. */

#include <config.h>
#include "lib/enrol.h"

#include <stdlib.h>
#include <string.h>
#include "lib/identity.h"
#include "tests/unit/tap.h"
#include "util.h"

#define SIXTYFOUR \
    "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

static const struct {
    const char *what, *line, *message;
} bad_requests[] = {
    { "nothing", "", "two strings" },
    { "no JSON", "GET / HTTP/1.0", "two strings" },
    { "an object", "{}", "two strings" },
    { "one string", "[\"x\"]", "two strings" },
    { "three strings", "[\"{}\",\"\",\"\"]", "two strings" },
    { "a number", "[\"{}\",1]", "two strings" },
    { "a body that is no JSON", "[\"x\",\"\"]", "not an object" },
    { "a body that is an array", "[\"[]\",\"\"]", "not an object" },
    { "an empty body", "[\"{}\",\"\"]", "must have" },
    { "no request", "[\"{\\\"method\\\":\\\"enrol\\\",\\\"name\\\":\\\"a\\\"}\","
      "\"\"]", "must have" },
    { "another method", "[\"{\\\"method\\\":\\\"x\\\",\\\"name\\\":\\\"a\\\","
      "\\\"csr\\\":\\\"\\\"}\",\"\"]", "its method" },
    { "a renewal of nothing", "[\"{\\\"method\\\":\\\"renew\\\",\\\"name\\\":"
      "\\\"a\\\",\\\"csr\\\":\\\"\\\"}\",\"\"]", "its method" },
    { "a path", "[\"{\\\"method\\\":\\\"enrol\\\",\\\"name\\\":\\\"../a\\\","
      "\\\"csr\\\":\\\"\\\"}\",\"\"]", "no host" },
    { "a member too many", "[\"{\\\"method\\\":\\\"enrol\\\",\\\"name\\\":"
      "\\\"a\\\",\\\"csr\\\":\\\"\\\",\\\"x\\\":\\\"\\\"}\",\"\"]",
      "not known" },
    { "a name that is a number", "[\"{\\\"name\\\":1}\",\"\"]",
      "not a string" },
};

static void
test_requests(void)
{
    char *body, *line, *error;
    struct enrol_request r;

    for (size_t i = 0; i < ARRAY_SIZE(bad_requests); i++) {
        error = enrol_request_parse(bad_requests[i].line, &r);
        ok(error && strstr(error, bad_requests[i].message),
           "refused: %s (%s)", bad_requests[i].what,
           error ? error : "no error");
        free(error);
    }
    body = enrol_request_body(ENROL_RENEW, "desk1", "a\nb", "c\n");
    line = enrol_line(body, "00ff");
    ok(!strchr(line, '\n'), "a message is one line");
    error = enrol_request_parse(line, &r);
    ok(!error && r.method == ENROL_RENEW && !strcmp(r.name, "desk1")
       && !strcmp(r.csr, "a\nb") && !strcmp(r.certificate, "c\n")
       && !strcmp(r.body, body) && !strcmp(r.proof, "00ff"),
       "it is read as it was written");
    enrol_request_destroy(&r);
    free(line);
    line = xasprintf("[\"%*s\",\"\"]", ENROL_MAX_LINE, "");
    error = enrol_request_parse(line, &r);
    ok(error && strstr(error, "more than"), "refused: a long line");
    free(error);
    free(line);
    line = xasprintf("[\"{}\",\"%0*d\"]", IDENTITY_MAX_PROOF + 1, 0);
    error = enrol_request_parse(line, &r);
    ok(error && strstr(error, "too long"), "refused: a long proof");
    free(error);
    free(line);
    free(body);
}

static void
test_answers(void)
{
    char *body = enrol_answer_body("x", "y", "z");
    char *line = enrol_line(body, "");
    struct enrol_answer a;
    char *error = enrol_answer_parse(line, &a);

    ok(!error && !a.refused && !strcmp(a.certificate, "x")
       && !strcmp(a.ca, "y") && !strcmp(a.server, "z"), "an answer");
    enrol_answer_destroy(&a);
    free(line);
    free(body);
    body = enrol_refusal_body("no");
    line = enrol_line(body, "");
    error = enrol_answer_parse(line, &a);
    ok(!error && !strcmp(a.refused, "no") && !a.certificate, "a refusal");
    enrol_answer_destroy(&a);
    free(line);
    free(body);
    error = enrol_answer_parse("[\"{\\\"certificate\\\":\\\"x\\\"}\",\"\"]",
                               &a);
    ok(error && strstr(error, "bad answer"), "refused: half an answer");
    free(error);
    error = enrol_answer_parse("[\"{\\\"certificate\\\":\\\"x\\\","
                               "\\\"ca\\\":\\\"y\\\",\\\"refused\\\":"
                               "\\\"z\\\"}\",\"\"]", &a);
    ok(error && strstr(error, "bad answer"), "refused: both");
    free(error);
}

static void
test_tokens(void)
{
    static const struct {
        const char *token, *name;
    } tokens[] = {
        { "tvd1:desk1:" SIXTYFOUR, "desk1" },
        { "tvd1:a.b-c_d:" SIXTYFOUR, "a.b-c_d" },
        { "tvd1::" SIXTYFOUR, NULL },
        { "tvd1:" SIXTYFOUR, NULL },
        { "tvd2:desk1:" SIXTYFOUR, NULL },
        { "tvd1:../x:" SIXTYFOUR, NULL },
        { "tvd1:desk1:" SIXTYFOUR "0", NULL },
        { "tvd1:desk1:0123", NULL },
        { "tvd1:desk1:G" "123456789abcdef0123456789abcdef0123456789abcdef"
          "0123456789abcdef", NULL },
        { "", NULL },
    };

    for (size_t i = 0; i < ARRAY_SIZE(tokens); i++) {
        char *name = enrol_token_name(tokens[i].token);

        is_str(name, tokens[i].name, "token %.20s", tokens[i].token);
        free(name);
    }
}

static void
test_proofs(void)
{
    unsigned char secret[IDENTITY_SECRET_SIZE], other[IDENTITY_SECRET_SIZE];
    char *greeting = enrol_greeting(), *greeting2 = enrol_greeting();
    const char *parts[ENROL_N_PARTS], *parts2[ENROL_N_PARTS];
    char *proof;
    size_t n;

    enrol_token_secret("tvd1:a:" SIXTYFOUR, secret);
    enrol_token_secret("tvd1:b:" SIXTYFOUR, other);
    ok(!memcmp(secret, other, sizeof secret), "the digits are the secret");
    other[0] ^= 1;
    ok(enrol_greeting_is_good(greeting) && strcmp(greeting, greeting2)
       && !enrol_greeting_is_good("tvd-enrol 1 00")
       && !enrol_greeting_is_good("tvd-enrol 2 " SIXTYFOUR), "greetings");
    n = enrol_request_parts(greeting, "body", parts);
    proof = identity_mac(secret, parts, n);
    ok(identity_mac_is(secret, parts, n, proof)
       && !identity_mac_is(other, parts, n, proof)
       && !identity_mac_is(secret, parts, n, ""), "a proof by the secret");
    ok(!identity_mac_is(secret, parts2,
                        enrol_request_parts(greeting2, "body", parts2),
                        proof), "not for another connection");
    ok(!identity_mac_is(secret, parts2,
                        enrol_request_parts(greeting, "bodz", parts2), proof),
       "nor another message");
    ok(!identity_mac_is(secret, parts2,
                        enrol_answer_parts(greeting, "body", "", parts2),
                        proof), "nor in the other direction");
    free(proof);
    free(greeting);
    free(greeting2);
}

int
main(void)
{
    test_requests();
    test_answers();
    test_tokens();
    test_proofs();
    return tap_done();
}
