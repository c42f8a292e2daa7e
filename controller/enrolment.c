/* SPDX-License-Identifier: Apache-2.0 */

#include <config.h>
#include "controller/enrolment.h"

#include <stdlib.h>
#include <string.h>
#include "lib/ca.h"
#include "lib/enrol.h"
#include "lib/identity.h"
#include "lib/model.h"
#include "lib/report.h"
#include "openvswitch/vlog.h"
#include "util.h"

VLOG_DEFINE_THIS_MODULE(enrolment);

/* Strangers can make us log. */
static struct vlog_rate_limit rl = VLOG_RATE_LIMIT_INIT(6, 12);
/* And hosts can make us report. */
static struct vlog_rate_limit report_rl = VLOG_RATE_LIMIT_INIT(6, 12);

/* What a request has proved, for the proof of the answer. */
struct proof {
    bool good;
    bool with_token;
    unsigned char secret[IDENTITY_SECRET_SIZE];
    struct identity *server;    /* To sign with, if not 'with_token'. */
};

static const char no_token[]
    = "there is no such token, or it was replaced, withdrawn, or copied "
      "wrongly; ask for a new one (tvdctl host enrol)";
static const char no_proof[]
    = "the request is not signed with the key of its certificate";

static char *
prove(const struct proof *p, const char *greeting, const char *request_body,
      const char *body)
{
    const char *parts[ENROL_N_PARTS];
    size_t n = enrol_answer_parts(greeting, request_body, body, parts);
    char *proof = NULL;

    if (p->good) {
        proof = (p->with_token ? identity_mac(p->secret, parts, n)
                 : p->server ? identity_sign(p->server, parts, n) : NULL);
    }
    return proof ? proof : xstrdup("");
}

/* Returns NULL if the request's proof is good, else why it is not; caller
 * frees. */
static char *
check_proof(const struct enrolment *e, const char *greeting,
            const struct enrol_request *r, struct proof *p)
{
    const char *parts[ENROL_N_PARTS];
    size_t n = enrol_request_parts(greeting, r->body, parts);
    char *why;

    p->with_token = r->method == ENROL_TOKEN;
    if (p->with_token) {
        p->good = (ca_host_token_secret(e->ca, r->name, p->secret)
                   && identity_mac_is(p->secret, parts, n, r->proof));
        return p->good ? NULL : xstrdup(no_token);
    }
    /* First, so that no key is used that somebody else has made up. */
    why = ca_host_check_issuer(e->ca, r->name, r->certificate);
    if (!why) {
        p->good = identity_verify(r->certificate, parts, n, r->proof);
        why = p->good ? NULL : xstrdup(no_proof);
    }
    return why;
}

/* Signs what is asked for, or returns why not. */
static char *
grant(const struct enrolment *e, const struct enrol_request *r,
      const struct proof *p, long long int wall, char **certificate,
      bool *used)
{
    *certificate = NULL;
    *used = false;
    if (!e->model) {
        return xstrdup("the controller has not read its database yet; try "
                       "again");
    } else if (!model_host_find(e->model, r->name)) {
        return xstrdup("the policy has no such host");
    } else if (p->with_token) {
        return ca_host_enrol(e->ca, r->name, p->secret, r->csr, wall,
                             e->lifetime, certificate, used);
    }
    return ca_host_renew(e->ca, r->name, r->certificate, r->csr, wall,
                         e->grace, e->lifetime, certificate);
}

static void
report_outcome(const struct enrolment *e, const struct enrol_request *r,
               const char *refused, bool used)
{
    if (!refused && r->method == ENROL_TOKEN) {
        report(e->sink, REPORT_INFO, "certificate", "host \"%s\" has "
               "enrolled", r->name);
    } else if (!refused) {
        VLOG_INFO("renewed the certificate of host \"%s\"", r->name);
    } else if (used && !VLOG_DROP_WARN(&report_rl)) {
        report(e->sink, REPORT_WARNING, "certificate", "the token of host "
               "\"%s\" was used a second time, with another key: one of the "
               "two is not that host; revoke it and enrol it anew",
               r->name);
    } else {
        VLOG_WARN_RL(&rl, "host \"%s\" gets no certificate: %s", r->name,
                     refused);
    }
}

static char *
answer_body(const struct enrolment *e, const struct enrol_request *r,
            const struct proof *p, long long int wall)
{
    char *certificate, *ca, *server, *body;
    bool used;
    char *refused = grant(e, r, p, wall, &certificate, &used);

    report_outcome(e, r, refused, used);
    if (refused) {
        body = enrol_refusal_body(refused);
    } else {
        ca = ca_certificate(e->ca, CA_SERVERS);
        server = p->server ? identity_certificate(p->server) : NULL;
        body = enrol_answer_body(certificate, ca, server);
        free(ca);
        free(server);
    }
    free(refused);
    free(certificate);
    return body;
}

static char *
answer_request(const struct enrolment *e, const char *greeting,
               const struct enrol_request *r, long long int wall)
{
    struct proof p = { .good = false };
    char *body, *proof, *line;
    char *why = check_proof(e, greeting, r, &p);

    if (why) {
        body = enrol_refusal_body(why);
        VLOG_WARN_RL(&rl, "host \"%s\" gets no certificate: %s", r->name, why);
        free(why);
    } else {
        if (!p.with_token) {
            free(identity_load(ca_server_file(e->ca), true, &p.server));
        }
        body = answer_body(e, r, &p, wall);
    }
    proof = prove(&p, greeting, r->body, body);
    line = enrol_line(body, proof);
    identity_destroy(p.server);
    explicit_bzero(p.secret, sizeof p.secret);
    free(body);
    free(proof);
    return line;
}

char *
enrolment_answer(const struct enrolment *e, const char *greeting,
                 const char *line, long long int wall)
{
    struct enrol_request r;
    char *error = enrol_request_parse(line, &r);
    char *answer;

    if (error) {
        char *body = enrol_refusal_body(error);

        VLOG_WARN_RL(&rl, "%s", error);
        answer = enrol_line(body, "");
        free(body);
        free(error);
    } else {
        answer = answer_request(e, greeting, &r, wall);
        enrol_request_destroy(&r);
    }
    return answer;
}
