/* SPDX-License-Identifier: Apache-2.0
 *
 * docs/PIPELINE.md against the code: every table with its number and name,
 * every priority that a flow of that table may have, every register, and
 * every reason for a drop with its meaning; and nothing more. */

#include <config.h>

#include "ovs-tvd/pipeline.h"

#include <stdlib.h>
#include "flow.h"
#include "flowpolicy/alloc.h"
#include "flowpolicy/policy.h"
#include "lib/model.h"
#include "openvswitch/dynamic-string.h"
#include "ovs-tvd/flow-maker.h"
#include "ovs-tvd/flowtab.h"
#include "sset.h"
#include "tests/unit/tap.h"
#include "util.h"

/* A policy that makes use of everything. */
static const char policy[] =
    "version: 1\n"
    "labels: {l: [l]}\n"
    "tvds:\n"
    "  a:\n"
    "    label: l\n"
    "    channel: vlan\n"
    "    subnets: [10.10.0.0/24, 'fd00:10::/64']\n"
    "    roles: [gateway, desk, mute, {server: {provides:\n"
    "            [dhcp-server, router-advertisement]}}]\n"
    "  b: {label: l, channel: vlan, subnets: [10.20.0.0/24],\n"
    "      roles: [gateway, desk]}\n"
    "  c: {label: l, channel: vlan, subnets: [10.30.0.0/24]}\n"
    "flows:\n"
    "  a:\n"
    "    desk: {a: {rule: G}, b: {rule: P, peers: [b1, b/desk],\n"
    "           services: [icmp, tcp/8000-8010, udp]}}\n"
    "    mute: {a: none, b: unrestricted}\n"
    "  b: {desk: {a: {rule: G, services: [udp/53]}}}\n"
    "hosts: {h: {label: l}, h2: {label: l}}\n"
    "ees:\n"
    "  ga: {label: l, kind: namespace, nics: [{tvd: a, role: gateway}]}\n"
    "  a1: {label: l, kind: namespace, nics: [{tvd: a, role: desk}]}\n"
    "  gb: {label: l, kind: namespace, nics: [{tvd: b, role: gateway}]}\n"
    "  b1: {label: l, kind: namespace, nics: [{tvd: b, role: desk}]}\n"
    "  b2: {label: l, kind: namespace, nics: [{tvd: b, role: desk}]}\n";

static struct model *
make_model(void)
{
    struct alloc_state state = ALLOC_STATE_INITIALIZER;
    struct policy_errors errors;
    struct model *model;
    char *error;

    policy_errors_init(&errors, "policy");
    model = policy_parse(policy, sizeof policy - 1, &errors);
    if (!model) {
        ovs_fatal(0, "%s", policy_errors_format(&errors));
    }
    policy_errors_destroy(&errors);
    error = alloc_fill(model, NULL, &state, NULL);
    if (error) {
        ovs_fatal(0, "%s", error);
    }
    return model;
}

static void
note_flow(uint8_t table, uint16_t priority, uint64_t cookie,
          const struct minimatch *match OVS_UNUSED,
          const struct ofpact *ofpacts OVS_UNUSED,
          size_t ofpacts_len OVS_UNUSED, void *flows_)
{
    enum pipeline_cookie_kind kind;
    struct sset *flows = flows_;
    uint64_t id;

    sset_add_and_free(flows, xasprintf("table %d, priority %d", table,
                                       priority));
    if (!pipeline_cookie_parse(cookie, &kind, &id)
        || !pipeline_table_to_string(table)
        || (kind == PIPELINE_COOKIE_DROP && !pipeline_drop_to_string(id))) {
        sset_add_and_free(flows, xasprintf("unknown cookie %#"PRIx64,
                                           cookie));
    }
}

static void
flows_of_code(struct sset *flows)
{
    struct model *model = make_model();
    struct flowtab *ft = flowtab_create();
    struct pipeline *pipeline = pipeline_create(ft);
    struct model_nic *nic;

    pipeline_set_fabric(pipeline, "h", u16_to_ofp(60000));
    HMAP_FOR_EACH (nic, id_node, &model->nics_by_id) {
        pipeline_set_port(pipeline, nic->id, u16_to_ofp(nic->id));
    }
    nic = model_nic_find_full_name(model, "b2/eth0");
    nic->host = xstrdup("h2");
    pipeline_watch_arrival(pipeline, nic->id, u16_to_ofp(999));
    pipeline_run(pipeline, model, 0);
    pipeline_touch_all(pipeline);
    pipeline_run(pipeline, model, 0);   /* What holds after a change only. */
    flowtab_for_each_wanted(ft, note_flow, flows);
    pipeline_destroy(pipeline);
    flowtab_destroy(ft);
    model_destroy(model);
}

/* What the page says, in the words of what the code says. */
struct page {
    struct sset tables, flows, registers, drops;
};

/* The 'n' first cells of a row "| a | b |...", trimmed, into 'cells', which
 * point into 'line'.  False if it is no such row. */
static bool
parse_row(char *line, char **cells, size_t n)
{
    char *p = line;

    if (strncmp(p, "| ", 2)) {
        return false;
    }
    p += 2;
    for (size_t i = 0; i < n; i++) {
        char *end = strstr(p, " |");

        if (!end) {
            return false;
        }
        *end = '\0';
        cells[i] = p;
        p = end + 2 + strspn(end + 2, " ");
    }
    return true;
}

static void
parse_line(struct page *page, char *line, char **section, int *table)
{
    char *cells[2];

    if (!strncmp(line, "#", 1)) {
        char *name = strchr(line, ' ') + 1;

        free(*section);
        *section = xstrdup(name);
        *table = -1;
        if (!strncmp(line, "### ", 4)) {
            *table = strtol(name, NULL, 10);
            sset_add(&page->tables, name);
        }
    } else if (!parse_row(line, cells, 2) || !strcmp(cells[0], "---")) {
        return;
    } else if (*table >= 0) {
        if (strcmp(cells[0], "priority")) {
            sset_add_and_free(&page->flows,
                              xasprintf("table %d, priority %s", *table,
                                        cells[0]));
        }
    } else if (!strcmp(*section, "Registers") && strcmp(cells[0], "field")) {
        sset_add_and_free(&page->registers,
                          xasprintf("%s %s", cells[0], cells[1]));
    } else if (!strcmp(*section, "Reasons for drops")
               && strcmp(cells[0], "reason")) {
        sset_add_and_free(&page->drops,
                          xasprintf("%s: %s", cells[0], cells[1]));
    }
}

static bool
read_page(struct page *page, const char *file)
{
    struct ds line = DS_EMPTY_INITIALIZER;
    FILE *stream = fopen(file, "r");
    char *section = xstrdup("");
    int table = -1;

    sset_init(&page->tables);
    sset_init(&page->flows);
    sset_init(&page->registers);
    sset_init(&page->drops);
    while (stream && !ds_get_line(&line, stream)) {
        parse_line(page, ds_cstr(&line), &section, &table);
    }
    if (stream) {
        fclose(stream);
    }
    ds_destroy(&line);
    free(section);
    return stream != NULL;
}

/* Both say the same; destroys both. */
static void
compare(struct sset *code, struct sset *page, const char *what)
{
    size_t n = sset_count(code);
    const char *s;

    ok(n && sset_equals(code, page), "%"PRIuSIZE" %s", n, what);
    SSET_FOR_EACH (s, code) {
        if (!sset_contains(page, s)) {
            printf("# only in the code: %s\n", s);
        }
    }
    SSET_FOR_EACH (s, page) {
        if (!sset_contains(code, s)) {
            printf("# only in the page: %s\n", s);
        }
    }
    sset_destroy(code);
    sset_destroy(page);
}

static void
add_register(struct sset *set, const char *field, const char *mf,
             unsigned int ofs, unsigned int n_bits, const char *what)
{
    if (*what) {
        char *place = xasprintf("%s %s[%u..%u]", field, mf, ofs,
                                ofs + n_bits - 1);

        for (char *p = place + strlen(field); *p; p++) {
            *p = *p >= 'A' && *p <= 'Z' ? *p - 'A' + 'a' : *p;
        }
        sset_add_and_free(set, place);
    }
}

int
main(void)
{
    struct sset tables = SSET_INITIALIZER(&tables);
    struct sset flows = SSET_INITIALIZER(&flows);
    struct sset registers = SSET_INITIALIZER(&registers);
    struct sset drops = SSET_INITIALIZER(&drops);
    struct page page;

#define PIPELINE_TABLE(ENUM, ID, NAME, PURPOSE) \
    sset_add_and_free(&tables, xasprintf("%d. %s", ID, NAME));
    PIPELINE_TABLES
#undef PIPELINE_TABLE
#define FIELD(ENUM, MF, OFS, N_BITS, WHAT) \
    add_register(&registers, #ENUM, #MF, OFS, N_BITS, WHAT);
    MAKER_FIELDS
#undef FIELD
#define PIPELINE_DROP(ENUM, ID, NAME, MEANING) \
    sset_add_and_free(&drops, xasprintf("%s: %s", NAME, MEANING));
    PIPELINE_DROPS
#undef PIPELINE_DROP
    flows_of_code(&flows);

    ok(read_page(&page, "docs/PIPELINE.md"), "docs/PIPELINE.md is there");
    compare(&tables, &page.tables, "tables");
    compare(&flows, &page.flows, "priorities in tables");
    compare(&registers, &page.registers, "registers");
    compare(&drops, &page.drops, "reasons for drops");
    return tap_done();
}
