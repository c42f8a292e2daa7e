/* SPDX-License-Identifier: Apache-2.0 */

#include <config.h>
#include "switchsim/device.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "openvswitch/dynamic-string.h"
#include "switchcfg/model-switch.h"
#include "switchcfg/profile.h"
#include "switchcfg/snmprec.h"
#include "tests/unit/switch-check.h"
#include "tests/unit/tap.h"
#include "util.h"

static int save_error;
static char *written;

static int
save(void *aux OVS_UNUSED, const char *text)
{
    free(written);
    written = xstrdup(text);
    return save_error;
}

static struct sim_device *
make_device(const struct mib_varbinds *recording, const char *saved,
            bool bridged)
{
    struct sim_device *d;
    char *error = sim_device_create(&(struct sim_device_config) {
        .recording = recording,
        .n_ports = 8,
        .name = "sw",
        .bridged = bridged,
        .save = save,
    }, saved, 1000, &d);

    ovs_assert(!error);
    return d;
}

static int
set_number(struct sim_device *d, const struct mib_oid *oid,
           enum mib_type type, uint64_t number, bool undo)
{
    struct mib_varbinds vbs = { .n = 0 };
    size_t error_index;
    char *why;
    int error;

    mib_varbinds_add_number(&vbs, oid, type, number);
    error = sim_device_set(d, vbs.v, vbs.n, 2000, &error_index, &why);
    if (!error && undo) {
        sim_device_undo(d);
    } else if (!error) {
        sim_device_commit(d);
    }
    mib_varbinds_destroy(&vbs);
    free(why);
    return error;
}

static int
set_frames(struct sim_device *d, uint32_t port, uint64_t number, bool undo)
{
    struct mib_oid oid = mib_oid_child(&mib_acceptable_frames, port);

    return set_number(d, &oid, MIB_INTEGER, number, undo);
}

static uint64_t
get(struct sim_device *d, const struct mib_oid *column, uint32_t index)
{
    struct mib_oid oid = mib_oid_child(column, index);
    const struct mib_value *v = sim_device_get(d, &oid, 3000);

    return v ? v->number : UINT64_MAX;
}

static void
test_set(void)
{
    struct sim_device *d = make_device(NULL, NULL, true);
    char *before = sim_device_config_to_string(d), *after;
    struct mib_oid pvid = mib_oid_child(&mib_pvid, 2);
    struct mib_oid status = mib_oid_child(&mib_vlan_static_row_status, 5);

    ok(!set_frames(d, 1, 2, true), "a SET that is undone");
    after = sim_device_config_to_string(d);
    ok(!strcmp(before, after), "leaves nothing");
    free(after);
    ok(!set_frames(d, 1, 2, false) && get(d, &mib_acceptable_frames, 1) == 2,
       "a SET that is committed stays");
    ok(!set_number(d, &status, MIB_INTEGER, MIB_ROW_CREATE_AND_GO, false),
       "a VLAN");
    ok(set_number(d, &pvid, MIB_UNSIGNED32, 5, false)
       == MIB_ERROR_INCONSISTENT_VALUE
       && get(d, &mib_pvid, 2) == 1, "refused: what a bridge cannot do");
    d->refuse_write = true;
    ok(set_frames(d, 1, 1, false) == 6, "refused: everything");
    free(before);
    sim_device_destroy(d);
}

static void
test_current(void)
{
    struct sim_device *d = make_device(NULL, NULL, false);
    struct mib_oid status = mib_oid_child(&mib_vlan_static_row_status, 5);
    struct mib_oid mark = mib_oid_child(&mib_vlan_current_egress, 100);
    struct mib_oid begin = mib_oid_child(&mib_vlan_current_egress, 0);

    mib_oid_append(&mark, 5);
    mib_oid_append(&begin, 1);
    set_number(d, &status, MIB_INTEGER, MIB_ROW_CREATE_AND_GO, false);
    ok(sim_device_get(d, &mark, 3000) != NULL, "marked with when it came");
    ok(sim_device_get(d, &begin, 3000) != NULL, "the others with theirs");
    set_number(d, &status, MIB_INTEGER, MIB_ROW_DESTROY, false);
    ok(!sim_device_get(d, &mark, 3000), "gone");
    ok(sim_device_get(d, &mib_sys_up_time, 3000)->number == 200, "sysUpTime");
    sim_device_destroy(d);
}

static void
test_save(void)
{
    struct sim_device *d = make_device(NULL, NULL, true);
    char *saved;

    set_frames(d, 3, 2, false);
    save_error = EIO;
    set_number(d, &sim_save, MIB_INTEGER, 1, false);
    ok(sim_device_get(d, &sim_save_status, 3000)->number == SIM_SAVE_FAILED,
       "saving that fails is told");
    save_error = 0;
    set_number(d, &sim_save, MIB_INTEGER, 1, false);
    ok(sim_device_get(d, &sim_save_status, 3000)->number == SIM_SAVE_DONE,
       "saved");
    saved = sim_device_config_to_string(d);
    ok(!strcmp(saved, written), "what was written is what is configured");
    set_frames(d, 4, 2, false);
    sim_device_reboot(d, 5000);
    ok(get(d, &mib_acceptable_frames, 3) == 2
       && get(d, &mib_acceptable_frames, 4) == 1,
       "after a restart: what was saved");
    d->forget = true;
    sim_device_reboot(d, 5000);
    ok(get(d, &mib_acceptable_frames, 3) == 1, "forgotten");
    sim_device_destroy(d);
    d = make_device(NULL, saved, true);
    ok(get(d, &mib_acceptable_frames, 3) == 2, "another program begins so");
    sim_device_lose_config(d, 6000);
    sim_device_reboot(d, 7000);
    ok(get(d, &mib_acceptable_frames, 3) == 1, "lost");
    sim_device_destroy(d);
    free(saved);
}

/* Devices of vendors are told to save by other objects. */
static void
test_vendor_save(void)
{
    static struct switch_save_set sets[] = {
        { .oid = MIB_OID(1, 3, 6, 1, 4, 1, 99, 1), .in_row = true,
          .type = MIB_INTEGER, .value = 4 },
    };
    static int64_t done[] = { 3 };
    struct switch_profile profile = {
        .save = SWITCH_SAVE_SET, .save_sets = sets, .n_save_sets = 1,
        .poll = MIB_OID(1, 3, 6, 1, 4, 1, 99, 2), .poll_in_row = true,
        .poll_done = done, .n_poll_done = 1,
    };
    struct sim_device *d = make_device(NULL, NULL, false);
    struct mib_oid row = mib_oid_child(&sets[0].oid, 7);

    d->config.profile = &profile;
    free(written);
    written = NULL;
    set_number(d, &row, MIB_INTEGER, 5, false);
    ok(!written, "another value does not save");
    d->ms->options.accept_not_apply = true;
    set_number(d, &row, MIB_INTEGER, 4, false);
    ok(!written, "nor does what is accepted and not done");
    d->ms->options.accept_not_apply = false;
    set_number(d, &row, MIB_INTEGER, 4, true);
    ok(!written, "nor what is undone");
    set_number(d, &row, MIB_INTEGER, 4, false);
    ok(written && get(d, &profile.poll, 7) == 3, "saved, and says so");
    sim_device_destroy(d);
}

static int
set_text(struct sim_device *d, const char *text, long long int now)
{
    struct mib_varbinds vbs = { .n = 0 };
    char *error = snmprec_parse(text, strlen(text), &vbs), *why;
    size_t error_index;
    int status;

    ovs_assert(!error);
    status = sim_device_set(d, vbs.v, vbs.n, now, &error_index, &why);
    if (!status) {
        sim_device_commit(d);
    }
    mib_varbinds_destroy(&vbs);
    free(why);
    return status;
}

/* The buffer in which a Cisco's VLANs are edited, and its ports. */
static void
test_cisco(void)
{
#define VTP "1.3.6.1.4.1.9.9.46.1."
#define EDIT VTP "4.1.1.1.1|2|"
#define ROW VTP "4.2.1.11.1.30|2|"
#define VM_VLAN "1.3.6.1.4.1.9.9.68.1.2.2.1.2."
    static const char recorded[]
        = VTP "3.1.1.2.1.1|2|1\n" VTP "3.1.1.4.1.1|4|default\n"
          VTP "6.1.1.3.7|2|5\n" VTP "6.1.1.4.7|4x|40\n"
          VTP "6.1.1.5.7|2|1\n" VTP "6.1.1.13.7|2|4\n"
          VTP "6.1.1.14.7|2|1\n" VM_VLAN "7|2|1\n" VM_VLAN "8|2|1\n";
    struct switch_profile profile = *switch_profile_standard();
    struct mib_varbinds vbs = { .n = 0 };
    const struct forwarding_port *port;
    struct sim_device *d;
    char *error = snmprec_parse(recorded, strlen(recorded), &vbs);

    ovs_assert(!error);
    profile.model = SWITCH_CISCO;
    error = sim_device_create(&(struct sim_device_config) {
        .recording = &vbs, .profile = &profile, .bridged = true,
    }, NULL, 1000, &d);
    is_str(error, NULL, "a Cisco");
    ok(set_text(d, ROW "4\n", 2000), "nothing is edited before the copy");
    ok(!set_text(d, EDIT "2\n", 2000) && set_text(d, EDIT "2\n", 2000),
       "one copy at a time");
    ok(!set_text(d, ROW "4\n" VTP "4.2.1.4.1.30|4|red\n", 2000),
       "a VLAN in it");
    ok(set_text(d, VM_VLAN "8|2|30\n", 2000),
       "which is no VLAN for ports before it is applied");
    ok(set_text(d, VTP "4.2.1.11.1.1|2|6\n", 2000), "VLAN 1 stays");
    ok(!set_text(d, EDIT "3\n" EDIT "4\n", 2000)
       && !set_text(d, VM_VLAN "8|2|30\n", 2000), "then it is");
    port = forwarding_find(&d->forwarding, 8);
    ok(port->native == 30 && !port->drop_untagged, "where its frames go");
    port = forwarding_find(&d->forwarding, 7);
    ok(port->native == 1, "a port that was found to be a trunk is one");
    ok(set_text(d, VTP "6.1.1.13.7|2|1\n", 2000),
       "none can be told to be that would negotiate its tags");
    ok(!set_text(d, VTP "6.1.1.3.7|2|4\n" VTP "6.1.1.13.7|2|1\n"
                 VTP "6.1.1.5.7|2|9\n", 2000), "with 802.1Q it can");
    port = forwarding_find(&d->forwarding, 7);
    ok(!port->native && port->drop_untagged,
       "a native VLAN that it does not carry takes nothing");
    ok(!set_text(d, EDIT "2\n", 3000) && set_text(d, EDIT "2\n", 4000)
       && !set_text(d, EDIT "2\n", 304000),
       "a copy that nobody goes on with is given up");
    ok(set_text(d, "1.3.6.1.4.1.9.9.999.1|2|1\n", 5000),
       "other objects of the vendor are refused");
    sim_device_destroy(d);
    profile.refusal = CONST_CAST(char *, "by hand only");
    error = sim_device_create(&(struct sim_device_config) {
        .recording = &vbs, .profile = &profile,
    }, NULL, 1000, &d);
    ok(!error && set_text(d, VTP "6.1.1.5.7|2|9\n", 2000)
       && !set_text(d, VTP "6.1.1.5.7|2|1\n", 2000),
       "what cannot be configured takes only what is there");
    sim_device_destroy(d);
    mib_varbinds_destroy(&vbs);
#undef VTP
#undef EDIT
#undef ROW
#undef VM_VLAN
}

static void
test_links(void)
{
    static const struct mib_oid oper
        = MIB_OID(1, 3, 6, 1, 2, 1, 2, 2, 1, 8);
    struct sim_device *d = make_device(NULL, NULL, true);

    ok(sim_device_set_link(d, 2, false, 2000)
       && !sim_device_set_link(d, 2, false, 2000), "news once");
    ok(get(d, &oper, 102) == 2, "ifOperStatus is down");
    ok(forwarding_find(&d->forwarding, 2)->drop_untagged, "nothing passes");
    sim_device_reboot(d, 4000);
    ok(get(d, &oper, 102) == 2, "a restart brings no cable");
    sim_device_set_link(d, 2, true, 5000);
    ok(!forwarding_find(&d->forwarding, 2)->drop_untagged, "up");
    sim_device_destroy(d);
}

/* A recorded device that is played shows what was recorded, and writing back
 * what can be written changes nothing. */
static void
test_recording(const char *name, const char *text)
{
    struct mib_varbinds vbs = { .n = 0 };
    char *error = snmprec_parse(text, strlen(text), &vbs);
    struct sim_device *d;
    size_t n_bad = 0;
    char *before, *after;

    if (error) {
        ok(false, "%s: %s", name, error);
        free(error);
        return;
    }
    d = make_device(&vbs, NULL, false);
    for (size_t i = 0; i < vbs.n; i++) {
        const struct mib_value *v = sim_device_get(d, &vbs.v[i].oid, 1000);

        /* Time goes by; LLDP and the like are not played. */
        n_bad += v && !mib_value_equal(v, &vbs.v[i].value)
                 && mib_oid_compare(&vbs.v[i].oid, &mib_sys_up_time);
    }
    ok(!n_bad, "%s: all objects as recorded", name);
    before = sim_device_config_to_string(d);
    sim_device_reboot(d, 2000);
    after = sim_device_config_to_string(d);
    ok(!strcmp(before, after), "%s: and after a restart", name);
    free(before);
    free(after);
    sim_device_destroy(d);
    mib_varbinds_destroy(&vbs);
}

static void
test_recordings(void)
{
    const char *folder = switch_check_walks();
    DIR *dir = folder ? opendir(folder) : NULL;
    struct dirent *entry;

    if (!dir) {
        skip("recorded devices", "there are none here");
        return;
    }
    while ((entry = readdir(dir))) {
        char *path = xasprintf("%s/%s", folder, entry->d_name);
        FILE *stream = strstr(path, ".snmprec") ? fopen(path, "r") : NULL;
        struct ds ds = DS_EMPTY_INITIALIZER;
        int c;

        while (stream && (c = getc(stream)) != EOF) {
            ds_put_char(&ds, c);
        }
        if (stream) {
            fclose(stream);
            test_recording(entry->d_name, ds_cstr(&ds));
        }
        ds_destroy(&ds);
        free(path);
    }
    closedir(dir);
}

int
main(void)
{
    test_set();
    test_current();
    test_save();
    test_vendor_save();
    test_cisco();
    test_links();
    test_recordings();
    free(written);
    return tap_done();
}
