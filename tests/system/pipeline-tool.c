/* SPDX-License-Identifier: Apache-2.0
 *
 * pipeline-tool [--print] POLICY... [VCONN] [NIC=PORT]...
 *
 * For the pipeline's system test: compiles the last POLICY (the others lend
 * it their ids, in turn) for a host on which each NIC ("EE/NIC") is admitted
 * at OpenFlow port PORT, makes the flows of the switch at VCONN those, and
 * prints what it did as one JSON object: "flows", "changes" (the plan's
 * length), "again" (the length of a second plan after reading all back; 0 if
 * the switch says what we said), and "nics".
 *
 * With --print it prints the flows instead, and needs no switch. */

#include <config.h>

#include <errno.h>
#include <stdlib.h>
#include "flowpolicy/alloc.h"
#include "flowpolicy/policy.h"
#include "flow.h"
#include "lib/model.h"
#include "openvswitch/dynamic-string.h"
#include "openvswitch/json.h"
#include "openvswitch/ofp-bundle.h"
#include "openvswitch/ofp-flow.h"
#include "openvswitch/ofp-port.h"
#include "openvswitch/ofp-print.h"
#include "openvswitch/ofpbuf.h"
#include "openvswitch/vconn.h"
#include "openvswitch/vlog.h"
#include "ovs-tvd/flowtab.h"
#include "ovs-tvd/pipeline.h"
#include "packets.h"
#include "socket-util.h"
#include "svec.h"
#include "util.h"

/* Reads 'file'; ids are kept from 'old' (may be NULL), which is destroyed. */
static struct model *
load(const char *file, struct model *old, struct alloc_state *state)
{
    struct policy_errors errors;
    struct model *model;
    char *error;

    policy_errors_init(&errors, file);
    model = policy_parse_file(&errors, NULL, NULL);
    if (!model) {
        ovs_fatal(0, "%s", policy_errors_format(&errors));
    }
    policy_errors_destroy(&errors);
    error = alloc_fill(model, old, state, NULL);
    if (error) {
        ovs_fatal(0, "%s: %s", file, error);
    }
    model_destroy(old);
    return model;
}

static void
read_back(struct flowtab *ft, struct vconn *vconn,
          enum ofputil_protocol protocol)
{
    struct ofputil_flow_stats_request request = {
        .out_port = OFPP_ANY, .out_group = OFPG_ANY,
        .table_id = OFPTT_ALL,
    };
    struct ofputil_flow_stats *fses;
    size_t n;
    int error;

    match_init_catchall(&request.match);
    error = vconn_dump_flows(vconn, &request, protocol, &fses, &n);
    if (error) {
        ovs_fatal(error, "dumping flows");
    }
    flowtab_dump_begin(ft);
    for (size_t i = 0; i < n; i++) {
        flowtab_dump_add(ft, &fses[i]);
        free(CONST_CAST(struct ofpact *, fses[i].ofpacts));
    }
    flowtab_dump_end(ft);
    free(fses);
}

static void
install(struct flowtab *ft, struct vconn *vconn,
        enum ofputil_protocol protocol, struct ovs_list *changes)
{
    struct ovs_list requests = OVS_LIST_INITIALIZER(&requests);
    struct ovs_list errors = OVS_LIST_INITIALIZER(&errors);
    struct flow_change *change;
    struct ofpbuf *e;
    int error;

    LIST_FOR_EACH (change, list_node, changes) {
        struct ofputil_flow_mod fm;
        struct ofpbuf *msg;

        flow_change_to_flow_mod(change, &fm);
        msg = ofputil_encode_flow_mod(&fm, protocol);
        minimatch_destroy(&fm.match);
        ovs_list_push_back(&requests, &msg->list_node);
    }
    error = vconn_bundle_transact(vconn, &requests,
                                  OFPBF_ORDERED | OFPBF_ATOMIC, &errors);
    LIST_FOR_EACH_POP (e, list_node, &errors) {
        char *text = ofp_to_string(e->data, e->size, NULL, NULL, 2);

        ovs_error(0, "refused: %s", text);
        free(text);
        ofpbuf_delete(e);
    }
    ofpbuf_list_delete(&requests);
    if (error) {
        ovs_fatal(error, "installing flows");
    }
    flowtab_commit(ft, changes);
}

static struct json *
describe_nics(const struct model *model, const struct pipeline *pipeline)
{
    struct json *nics = json_object_create();
    const struct model_nic *nic;

    HMAP_FOR_EACH (nic, id_node, &model->nics_by_id) {
        struct json *o = json_object_create();
        struct json *ips = json_array_create_empty();
        ofp_port_t port = pipeline_get_port(pipeline, nic->id);
        char *name = model_nic_full_name(nic);

        for (size_t i = 0; i < nic->n_ips; i++) {
            struct ds s = DS_EMPTY_INITIALIZER;

            ipv6_format_mapped(&nic->ips[i], &s);
            json_array_add(ips, json_string_create_nocopy(
                               ds_steal_cstr(&s)));
        }
        json_object_put(o, "id", json_integer_create(nic->id));
        json_object_put_string(o, "tvd", nic->tvd->name);
        json_object_put_string(o, "role", nic->role->name);
        json_object_put_format(o, "mac", ETH_ADDR_FMT,
                               ETH_ADDR_ARGS(nic->mac));
        json_object_put_format(o, "router_mac", ETH_ADDR_FMT,
                               ETH_ADDR_ARGS(nic->tvd->router_mac));
        json_object_put(o, "port", json_integer_create(ofp_to_u16(port)));
        json_object_put(o, "ips", ips);
        json_object_put(nics, name, o);
        free(name);
    }
    return nics;
}

static void
run(struct flowtab *ft, const char *target, struct json *result)
{
    enum ofputil_protocol protocol = OFPUTIL_P_OF15_OXM;
    struct ovs_list changes;
    struct vconn *vconn;
    size_t n;
    int error;

    error = vconn_open_block(target, 1u << OFP15_VERSION, DSCP_DEFAULT, -1,
                             &vconn);
    if (error) {
        ovs_fatal(error, "%s: connecting", target);
    }
    read_back(ft, vconn, protocol);
    n = flowtab_plan(ft, &changes);
    json_object_put(result, "changes", json_integer_create(n));
    if (n) {
        install(ft, vconn, protocol, &changes);
    }
    read_back(ft, vconn, protocol);
    n = flowtab_plan(ft, &changes);
    json_object_put(result, "again", json_integer_create(n));
    if (n) {
        struct flow_change *change = CONTAINER_OF(ovs_list_front(&changes),
                                                  struct flow_change,
                                                  list_node);
        struct ds s = DS_EMPTY_INITIALIZER;

        flow_change_format(change, &s);
        json_object_put_string(result, "first", ds_cstr(&s));
        ds_destroy(&s);
    }
    flow_changes_destroy(&changes);
    vconn_close(vconn);
}

int
main(int argc, char *argv[])
{
    struct alloc_state state = ALLOC_STATE_INITIALIZER;
    struct flowtab *ft = flowtab_create();
    struct pipeline *pipeline = pipeline_create(ft);
    struct json *result = json_object_create();
    const char *target = NULL;
    struct model *model = NULL;
    bool print = false;
    char *text;

    set_program_name(argv[0]);
    vlog_set_levels(NULL, VLF_ANY_DESTINATION, VLL_WARN);
    for (int i = 1; i < argc; i++) {
        char *equals = strchr(argv[i], '=');

        if (!strcmp(argv[i], "--print")) {
            print = true;
        } else if (!strncmp(argv[i], "unix:", 5)) {
            target = argv[i];
        } else if (equals && model) {
            const struct model_nic *nic;

            *equals = '\0';
            nic = model_nic_find_full_name(model, argv[i]);
            if (!nic) {
                ovs_fatal(0, "%s: no such NIC", argv[i]);
            }
            pipeline_set_port(pipeline, nic->id,
                              u16_to_ofp(strtoul(equals + 1, NULL, 10)));
        } else {
            model = load(argv[i], model, &state);
        }
    }
    if (!model) {
        ovs_fatal(0, "usage: %s [--print] POLICY... [VCONN] [NIC=PORT]...",
                  program_name);
    }
    pipeline_run(pipeline, model, 0);
    if (target) {
        run(ft, target, result);
    }
    json_object_put(result, "flows",
                    json_integer_create(flowtab_n_wanted(ft)));
    json_object_put(result, "nics", describe_nics(model, pipeline));
    if (print) {
        struct ds s = DS_EMPTY_INITIALIZER;

        flowtab_format_wanted(ft, &s);
        text = ds_steal_cstr(&s);
    } else {
        text = json_to_string(result, JSSF_SORT | JSSF_PRETTY);
    }
    puts(text);
    free(text);
    json_destroy(result);
    pipeline_destroy(pipeline);
    flowtab_destroy(ft);
    model_destroy(model);
    return 0;
}
