/* SPDX-License-Identifier: Apache-2.0
 *
 * tvd-switchsim: the main program.  See tvd-switchsim(8). */

#include <config.h>

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "command-line.h"
#include "daemon.h"
#include "dirs.h"
#include "fatal-signal.h"
#include "lib/daemon-main.h"
#include "openvswitch/dynamic-string.h"
#include "openvswitch/poll-loop.h"
#include "openvswitch/vlog.h"
#include "svec.h"
#include "switchcfg/credentials.h"
#include "switchcfg/model-switch.h"
#include "switchcfg/profile-files.h"
#include "switchcfg/profile.h"
#include "switchcfg/snmprec.h"
#include "switchsim/agent.h"
#include "switchsim/bridge.h"
#include "switchsim/device.h"
#include "timeval.h"
#include "unixctl.h"
#include "util.h"

VLOG_DEFINE_THIS_MODULE(switchsim);

/* How long the bridge may take to follow a SET, ms. */
#define APPLY_TIMEOUT 5000
/* How long a restart takes if nothing is said, ms. */
#define REBOOT_TIME 1000
/* Ports without a bridge, and without a recording. */
#define DEFAULT_PORTS 24
#define MAX_PORTS 4096

struct options {
    char *bridge;
    char *name;
    char *ovsdb;
    char *listen;
    char *load;
    char *profiles;             /* Folder of vendor profiles. */
    char *save;
    char *unixctl_path;
    struct svec ports;          /* Devices. */
    unsigned int n_ports;       /* Without a bridge. */
    struct svec sinks;
    struct svec misbehave;      /* As they were given. */
    struct sim_user *users;
    size_t n_users;
    bool read_only;             /* Those that follow are. */
};

struct simulator {
    const struct options *options;
    struct mib_varbinds recording;
    struct switch_profiles profiles;
    struct sim_device *device;
    struct sim_bridge *bridge;  /* NULL: none. */
    long long int boots_at;     /* Restarting until then; 0: running. */
    unsigned int reboot_in;     /* SETs until it restarts by itself; 0: does
                                 * not. */
    bool lose_soon;             /* Loses its configuration in this turn, */
    bool reboot_soon;           /* restarts. */
    bool exiting;
};

static void usage(void) OVS_NO_RETURN;

static void
usage(void)
{
    printf("%s: a switch managed by SNMP, for labs and tests\n"
           "usage: %s [OPTIONS]\n"
           "\nOptions:\n"
           "  --bridge=NAME      bridge of Open vSwitch that forwards as the "
           "tables say\n"
           "  --ports=DEV,...    its ports, from port 1\n"
           "  --no-bridge[=N]    forwards nothing; N ports (default: %d)\n"
           "  --load=FILE        begin as this recorded device (snmprec)\n"
           "  --profiles=DIR     kinds of switches, to know what that one is\n"
           "                     (default: %s)\n"
           "  --save-file=FILE   where what is saved stays over a restart\n"
           "  --name=NAME        sysName, and engine id (default: the "
           "bridge's)\n"
           "  --listen=ADDRESS   where to listen (default: udp:161)\n"
           "  --credentials=FILE a user of SNMPv3; may be repeated\n"
           "  --community-file=FILE  a community of SNMPv2c; likewise\n"
           "  --read-only        whoever is named after this may not write\n"
           "  --trap=ADDRESS     where to send traps; may be repeated\n"
           "  --misbehave=HOW    see tvd-switchsim(8); may be repeated\n"
           "  --ovsdb=DATABASE   Open_vSwitch database (default: "
           "unix:%s/db.sock)\n"
           "  --unixctl=SOCKET   control socket\n"
           "  -h, --help         display this help message\n"
           "  -V, --version      display version information\n",
           program_name, program_name, DEFAULT_PORTS, SWITCH_PROFILES_DIR,
           ovs_rundir());
    daemon_usage();
    vlog_usage();
    exit(EXIT_SUCCESS);
}

/* --- Misbehaviour ----------------------------------------------------------*/

enum fault_id {
    FIRST_VARBIND_ONLY, FAIL_NTH_SET, LATE, ACCEPT_BUT_IGNORE, LOSE_CONFIG,
    FORGET_SAVED, RATE_LIMIT, REBOOT, REBOOT_NTH_SET, REFUSE_WRITE, NO_FAULT,
};
static const struct fault {
    const char *name;
    enum fault_id id;
    const char *unit;           /* Of its number, or NULL: it has none. */
} faults[] = {
    { "first-varbind-only", FIRST_VARBIND_ONLY, NULL },
    { "fail-nth-set", FAIL_NTH_SET, "N" },
    { "late", LATE, "MS" },
    { "accept-but-ignore", ACCEPT_BUT_IGNORE, NULL },
    { "lose-config", LOSE_CONFIG, NULL },
    { "forget-saved", FORGET_SAVED, NULL },
    { "rate-limit", RATE_LIMIT, "N" },
    { "reboot", REBOOT, NULL },
    { "reboot-nth-set", REBOOT_NTH_SET, "N" },
    { "refuse-write", REFUSE_WRITE, NULL },
    { "none", NO_FAULT, NULL },
};

static void
behave(struct simulator *s)
{
    struct model_switch_options *o = &s->device->ms->options;

    o->first_only = o->fail_nth = 0;
    o->accept_not_apply = false;
    s->device->forget = s->device->refuse_write = false;
    sim_agent.late = sim_agent.rate = s->reboot_in = 0;
}

static void
switch_on(struct simulator *s, enum fault_id id, unsigned int n)
{
    struct model_switch_options *o = &s->device->ms->options;

    switch (id) {
    case FIRST_VARBIND_ONLY:
        o->first_only = 1;
        break;
    case FAIL_NTH_SET:
        o->fail_nth = n;
        break;
    case LATE:
        sim_agent.late = n;
        break;
    case ACCEPT_BUT_IGNORE:
        o->accept_not_apply = true;
        break;
    case LOSE_CONFIG:
        s->lose_soon = true;
        break;
    case FORGET_SAVED:
        s->device->forget = true;
        break;
    case RATE_LIMIT:
        sim_agent.rate = n;
        break;
    case REBOOT:
        s->reboot_soon = true;
        break;
    case REBOOT_NTH_SET:
        s->reboot_in = n;
        break;
    case REFUSE_WRITE:
        s->device->refuse_write = true;
        break;
    case NO_FAULT:
        behave(s);
        break;
    }
}

/* Switches on what 'text' says, "NAME" or "NAME=N".  Returns NULL, or what is
 * wrong with it; caller frees. */
static char *
misbehave(struct simulator *s, const char *text)
{
    size_t len = strcspn(text, "=");
    struct ds ds = DS_EMPTY_INITIALIZER;
    int n = 0;

    for (size_t i = 0; i < ARRAY_SIZE(faults); i++) {
        const struct fault *f = &faults[i];

        if (strlen(f->name) != len || strncmp(f->name, text, len)) {
            continue;
        } else if (f->unit && !(text[len] && str_to_int(text + len + 1, 10, &n)
                                && n > 0)) {
            return xasprintf("%s needs a number of 1 or more: %s=%s",
                             f->name, f->name, f->unit);
        } else if (!f->unit && text[len]) {
            return xasprintf("%s takes no number", f->name);
        }
        switch_on(s, f->id, n);
        return NULL;
    }
    ds_put_format(&ds, "no misbehaviour \"%s\"; there are", text);
    for (size_t i = 0; i < ARRAY_SIZE(faults); i++) {
        ds_put_format(&ds, " %s%s%s", faults[i].name,
                      faults[i].unit ? "=" : "",
                      faults[i].unit ? faults[i].unit : "");
    }
    return ds_steal_cstr(&ds);
}

/* --- What the agent calls --------------------------------------------------*/

static int
apply(void *s_)
{
    struct simulator *s = s_;
    int error = s->bridge ? sim_bridge_apply(s->bridge, &s->device->forwarding,
                                             APPLY_TIMEOUT) : 0;

    if (error) {
        VLOG_WARN("bridge %s does not follow the tables: %s",
                  s->options->bridge, ovs_strerror(error));
    }
    return error;
}

static void
set_done(void *s_)
{
    struct simulator *s = s_;

    if (s->reboot_in && --s->reboot_in == 0) {
        s->reboot_soon = true;
        /* Its answer does not get out any more. */
        sim_agent.deaf = true;
    }
}

/* Writes what is saved, whole or not at all. */
static int
write_saved(void *s_, const char *text)
{
    const struct simulator *s = s_;
    char *temporary;
    size_t len = strlen(text);
    int fd, error = 0;

    if (!s->options->save) {
        return 0;
    }
    temporary = xasprintf("%s.tmp", s->options->save);
    fd = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    if (fd < 0 || write(fd, text, len) != len || fsync(fd)) {
        error = errno ? errno : EIO;
    }
    if (fd >= 0) {
        close(fd);
    }
    if (!error && rename(temporary, s->options->save)) {
        error = errno;
    }
    if (error) {
        VLOG_WARN("%s: cannot save: %s", s->options->save,
                  ovs_strerror(error));
        unlink(temporary);
    }
    free(temporary);
    return error;
}

/* --- Links, restarts -------------------------------------------------------*/

static void
set_link(struct simulator *s, unsigned int port, bool up)
{
    if (sim_device_set_link(s->device, port, up, time_msec())) {
        sim_agent_send_link_trap(port, up);
    }
}

static void
run_links(struct simulator *s)
{
    for (size_t i = 0; s->bridge && i < s->bridge->n_ports; i++) {
        set_link(s, s->bridge->ports[i].number, s->bridge->ports[i].up);
    }
}

static void
begin_reboot(struct simulator *s, long long int ms)
{
    struct forwarding off;

    sim_agent.deaf = true;
    if (s->bridge) {
        forwarding_clone(&off, &s->device->forwarding);
        for (size_t i = 0; i < off.n; i++) {
            forwarding_mute(&off, off.ports[i].number);
        }
        sim_bridge_apply(s->bridge, &off, APPLY_TIMEOUT);
        forwarding_destroy(&off);
    }
    s->boots_at = time_msec() + ms;
    VLOG_INFO("restarting");
}

static void
end_reboot(struct simulator *s)
{
    s->boots_at = 0;
    sim_device_reboot(s->device, time_msec());
    apply(s);
    sim_agent.deaf = false;
    sim_agent_restarted();
}

static void
run_faults(struct simulator *s)
{
    if (s->lose_soon) {
        s->lose_soon = false;
        if (s->options->save && unlink(s->options->save) && errno != ENOENT) {
            VLOG_WARN("%s: %s", s->options->save, ovs_strerror(errno));
        }
        sim_device_lose_config(s->device, time_msec());
        apply(s);
    }
    if (s->reboot_soon) {
        s->reboot_soon = false;
        begin_reboot(s, REBOOT_TIME);
    }
    if (s->boots_at && time_msec() >= s->boots_at) {
        end_reboot(s);
    }
}

/* --- Commands --------------------------------------------------------------*/

static void
handle_misbehave(struct unixctl_conn *conn, int argc, const char *argv[],
                 void *s)
{
    for (int i = 1; i < argc; i++) {
        char *error = misbehave(s, argv[i]);

        if (error) {
            unixctl_command_reply_error(conn, error);
            free(error);
            return;
        }
    }
    unixctl_command_reply(conn, NULL);
}

static void
handle_reboot(struct unixctl_conn *conn, int argc, const char *argv[],
              void *s)
{
    int ms = REBOOT_TIME;

    if (argc > 1 && (!str_to_int(argv[1], 10, &ms) || ms < 0)) {
        unixctl_command_reply_error(conn, "MS is a number of 0 or more");
        return;
    }
    begin_reboot(s, ms);
    unixctl_command_reply(conn, NULL);
}

static void
handle_link(struct unixctl_conn *conn, int argc OVS_UNUSED, const char *argv[],
            void *s_)
{
    struct simulator *s = s_;
    bool up = !strcmp(argv[2], "up");
    int port;

    if (s->bridge) {
        unixctl_command_reply_error(conn, "the links are those of the "
                                    "devices; set these up or down");
    } else if (!str_to_int(argv[1], 10, &port) || port < 1
               || !sim_device_if_index(s->device, port)) {
        unixctl_command_reply_error(conn, "no such port");
    } else if (!up && strcmp(argv[2], "down")) {
        unixctl_command_reply_error(conn, "a link is \"up\" or \"down\"");
    } else {
        set_link(s, port, up);
        unixctl_command_reply(conn, NULL);
    }
}

static void
handle_show(struct unixctl_conn *conn, int argc OVS_UNUSED,
            const char *argv[] OVS_UNUSED, void *s_)
{
    const struct simulator *s = s_;
    char *text = sim_device_config_to_string(s->device);

    unixctl_command_reply(conn, text);
    free(text);
}

static void
handle_stats(struct unixctl_conn *conn, int argc OVS_UNUSED,
             const char *argv[] OVS_UNUSED, void *s OVS_UNUSED)
{
    char *text = xasprintf("requests %llu\ndropped %llu\nsets %llu\n",
                           (unsigned long long int) sim_agent.n_requests,
                           (unsigned long long int) sim_agent.n_dropped,
                           (unsigned long long int) sim_agent.n_sets);

    unixctl_command_reply(conn, text);
    free(text);
}

static void
register_commands(struct simulator *s)
{
    unixctl_command_register("switchsim/misbehave", "HOW...", 1, 16,
                             handle_misbehave, s);
    unixctl_command_register("switchsim/reboot", "[MS]", 0, 1, handle_reboot,
                             s);
    unixctl_command_register("switchsim/link", "PORT up|down", 2, 2,
                             handle_link, s);
    unixctl_command_register("switchsim/show", "", 0, 0, handle_show, s);
    unixctl_command_register("switchsim/stats", "", 0, 0, handle_stats, s);
}

/* --- Options ---------------------------------------------------------------*/

enum {
    OPT_BRIDGE = DAEMON_MAIN_OWN,
    OPT_PORTS,
    OPT_NO_BRIDGE,
    OPT_LOAD,
    OPT_PROFILES,
    OPT_SAVE_FILE,
    OPT_NAME,
    OPT_LISTEN,
    OPT_CREDENTIALS,
    OPT_COMMUNITY_FILE,
    OPT_READ_ONLY,
    OPT_TRAP,
    OPT_MISBEHAVE,
    OPT_OVSDB,
    OPT_UNIXCTL,
};

/* Adds who is in file 'path', with a community if 'version' is 2. */
static void
add_user(struct options *o, const char *path, int version)
{
    char *dir = dir_name(path), *base = base_name(path);
    struct sim_user user = { .read_only = o->read_only };
    char *error = switch_credentials_load(dir, base, version == 2,
                                          &user.credentials);

    if (!error && user.credentials->version != version) {
        error = xstrdup("a community is given with --community-file, a user "
                        "with --credentials");
    }
    if (error) {
        ovs_fatal(0, "%s: %s", path, error);
    }
    o->users = xrealloc(o->users, (o->n_users + 1) * sizeof *o->users);
    o->users[o->n_users++] = user;
    free(dir);
    free(base);
}

static void
set_string(char **s)
{
    free(*s);
    *s = xstrdup(optarg);
}

static void
add_ports(struct options *o, const char *devices)
{
    char *copy = xstrdup(devices), *rest = copy, *device;

    while ((device = strsep(&rest, ","))) {
        if (*device) {
            svec_add(&o->ports, device);
        }
    }
    free(copy);
}

static bool
handle_option(int c, void *o_)
{
    struct options *o = o_;
    int n = DEFAULT_PORTS;

    switch (c) {
    case OPT_BRIDGE:
        set_string(&o->bridge);
        break;
    case OPT_PORTS:
        add_ports(o, optarg);
        break;
    case OPT_NO_BRIDGE:
        if (optarg && (!str_to_int(optarg, 10, &n) || n < 1
                       || n > MAX_PORTS)) {
            ovs_fatal(0, "--no-bridge: \"%s\" is not a number of 1 to %d",
                      optarg, MAX_PORTS);
        }
        o->n_ports = n;
        break;
    case OPT_LOAD:
        set_string(&o->load);
        break;
    case OPT_PROFILES:
        set_string(&o->profiles);
        break;
    case OPT_SAVE_FILE:
        set_string(&o->save);
        break;
    case OPT_NAME:
        set_string(&o->name);
        break;
    case OPT_LISTEN:
        set_string(&o->listen);
        break;
    case OPT_CREDENTIALS:
        add_user(o, optarg, 3);
        break;
    case OPT_COMMUNITY_FILE:
        add_user(o, optarg, 2);
        break;
    case OPT_READ_ONLY:
        o->read_only = true;
        break;
    case OPT_TRAP:
        svec_add(&o->sinks, optarg);
        break;
    case OPT_MISBEHAVE:
        svec_add(&o->misbehave, optarg);
        break;
    case OPT_OVSDB:
        set_string(&o->ovsdb);
        break;
    case OPT_UNIXCTL:
        set_string(&o->unixctl_path);
        break;
    default:
        return false;
    }
    return true;
}

static void
check_options(struct options *o)
{
    if (!o->bridge == !o->n_ports) {
        ovs_fatal(0, "give either --bridge with --ports, or --no-bridge");
    } else if (o->bridge && !o->ports.n) {
        ovs_fatal(0, "--bridge needs --ports");
    } else if (!o->bridge && o->ports.n) {
        ovs_fatal(0, "--ports needs --bridge");
    } else if (!o->n_users) {
        ovs_fatal(0, "nobody could manage this switch: give --credentials or "
                  "--community-file");
    }
    if (!o->ovsdb) {
        o->ovsdb = xasprintf("unix:%s/db.sock", ovs_rundir());
    }
    if (!o->listen) {
        o->listen = xstrdup("udp:161");
    }
    if (!o->name) {
        o->name = xstrdup(o->bridge ? o->bridge : program_name);
    }
}

static void
parse_options(int argc, char *argv[], struct options *o)
{
    static const struct option long_options[] = {
        { "bridge", required_argument, NULL, OPT_BRIDGE },
        { "ports", required_argument, NULL, OPT_PORTS },
        { "no-bridge", optional_argument, NULL, OPT_NO_BRIDGE },
        { "load", required_argument, NULL, OPT_LOAD },
        { "profiles", required_argument, NULL, OPT_PROFILES },
        { "save-file", required_argument, NULL, OPT_SAVE_FILE },
        { "name", required_argument, NULL, OPT_NAME },
        { "listen", required_argument, NULL, OPT_LISTEN },
        { "credentials", required_argument, NULL, OPT_CREDENTIALS },
        { "community-file", required_argument, NULL, OPT_COMMUNITY_FILE },
        { "read-only", no_argument, NULL, OPT_READ_ONLY },
        { "trap", required_argument, NULL, OPT_TRAP },
        { "misbehave", required_argument, NULL, OPT_MISBEHAVE },
        { "ovsdb", required_argument, NULL, OPT_OVSDB },
        { "unixctl", required_argument, NULL, OPT_UNIXCTL },
        DAEMON_MAIN_LONG_OPTIONS,
        { NULL, 0, NULL, 0 },
    };

    daemon_main_options(argc, argv, long_options, handle_option, o, usage);
    daemon_main_no_arguments(argc, argv);
    check_options(o);
}

static void
free_options(struct options *o)
{
    free(o->bridge);
    free(o->name);
    free(o->ovsdb);
    free(o->listen);
    free(o->load);
    free(o->profiles);
    free(o->save);
    free(o->unixctl_path);
    svec_destroy(&o->ports);
    svec_destroy(&o->sinks);
    svec_destroy(&o->misbehave);
    for (size_t i = 0; i < o->n_users; i++) {
        switch_credentials_destroy(o->users[i].credentials);
    }
    free(o->users);
}

/* --- Beginning and end -----------------------------------------------------*/

/* What is in 'file'; NULL if there is none and 'optional'. */
static char *
read_text(const char *file, bool optional)
{
    FILE *stream = file ? fopen(file, "re") : NULL;
    struct ds ds = DS_EMPTY_INITIALIZER;
    int c;

    if (!stream) {
        if (file && (!optional || errno != ENOENT)) {
            ovs_fatal(errno, "%s", file);
        }
        return NULL;
    }
    while ((c = getc(stream)) != EOF) {
        ds_put_char(&ds, c);
    }
    if (ferror(stream)) {
        ovs_fatal(errno, "%s", file);
    }
    fclose(stream);
    return ds_steal_cstr(&ds);
}

/* What kind of switch the recorded one is; NULL if there is no profile. */
static const struct switch_profile *
find_profile(struct simulator *s)
{
    const char *dir = s->options->profiles;
    char *error = switch_profiles_load(&s->profiles,
                                       dir ? dir : SWITCH_PROFILES_DIR);
    const struct switch_profile *profile;
    const struct mib_oid *object_id = NULL;
    char *descr = NULL;

    if (error) {
        /* They were asked for by name, or are just not installed. */
        if (dir) {
            ovs_fatal(0, "--profiles: %s", error);
        }
        free(error);
    }
    for (size_t i = 0; i < s->recording.n; i++) {
        const struct mib_varbind *vb = &s->recording.v[i];

        if (!mib_oid_compare(&vb->oid, &mib_sys_object_id)) {
            object_id = vb->value.oid;
        } else if (!mib_oid_compare(&vb->oid, &mib_sys_descr)
                   && vb->value.type == MIB_OCTETS && vb->value.n_octets) {
            free(descr);
            descr = xmemdup0((const char *) vb->value.octets,
                             vb->value.n_octets);
        }
    }
    profile = switch_profiles_match(&s->profiles, object_id, descr);
    VLOG_INFO("%s: played as %s", s->options->load, profile->title);
    free(descr);
    return profile;
}

static void
make_device(struct simulator *s)
{
    const struct options *o = s->options;
    char *recording = read_text(o->load, false);
    char *saved = read_text(o->save, true);
    char *error = recording ? snmprec_parse(recording, strlen(recording),
                                            &s->recording) : NULL;

    if (error) {
        ovs_fatal(0, "%s: %s", o->load, error);
    }
    error = sim_device_create(&(struct sim_device_config) {
        .recording = recording ? &s->recording : NULL,
        .n_ports = o->bridge ? o->ports.n : o->n_ports,
        .aliases = o->bridge ? (const char *const *) o->ports.names : NULL,
        .name = o->name,
        .profile = recording ? find_profile(s) : NULL,
        .bridged = o->bridge != NULL,
        .n_links = o->ports.n,
        .save = write_saved,
        .aux = s,
    }, saved, time_msec(), &s->device);
    if (error) {
        ovs_fatal(0, "%s: %s", saved ? o->save : o->load, error);
    }
    free(recording);
    free(saved);
}

/* The devices are the first ports, in the order of their numbers; what a
 * recorded device has beyond them has no link. */
static void
make_bridge(struct simulator *s)
{
    const struct options *o = s->options;
    size_t n;
    unsigned int *numbers = sim_device_ports(s->device, &n);

    if (n < o->ports.n) {
        ovs_fatal(0, "%s: a device of %"PRIuSIZE" ports; --ports has "
                  "%"PRIuSIZE, o->load, n, o->ports.n);
    }
    s->bridge = sim_bridge_create(o->ovsdb, ovs_rundir(), o->bridge,
                                  (const char *const *) o->ports.names,
                                  numbers, o->ports.n);
    free(numbers);
    if (apply(s)) {
        ovs_fatal(0, "cannot set up bridge %s by %s", o->bridge, o->ovsdb);
    }
    for (size_t i = 0; i < s->bridge->n_ports; i++) {
        sim_device_set_link(s->device, s->bridge->ports[i].number,
                            s->bridge->ports[i].up, time_msec());
    }
    if (apply(s)) {
        ovs_fatal(0, "cannot set up bridge %s by %s", o->bridge, o->ovsdb);
    }
}

static void
start_agent(struct simulator *s)
{
    const struct options *o = s->options;
    char *error = sim_agent_start(&(struct sim_agent_config) {
        .listen = o->listen,
        .name = o->name,
        .users = o->users,
        .n_users = o->n_users,
        .sinks = (const char *const *) o->sinks.names,
        .n_sinks = o->sinks.n,
        .device = s->device,
        .apply = apply,
        .done = set_done,
        .aux = s,
    });

    if (error) {
        ovs_fatal(0, "%s", error);
    }
}

static void
main_loop(struct simulator *s, struct unixctl_server *unixctl)
{
    while (!s->exiting) {
        if (s->bridge) {
            sim_bridge_run(s->bridge, time_msec());
            run_links(s);
            if (!s->boots_at) {
                apply(s);
            }
        }
        run_faults(s);
        sim_agent_run(time_msec());
        unixctl_server_run(unixctl);
        if (s->lose_soon || s->reboot_soon || s->exiting) {
            poll_immediate_wake();
        }
        if (s->boots_at) {
            poll_timer_wait_until(s->boots_at);
        }
        if (s->bridge) {
            sim_bridge_wait(s->bridge);
        }
        sim_agent_wait();
        unixctl_server_wait(unixctl);
        poll_block();
    }
}

int
main(int argc, char *argv[])
{
    struct options options = { .bridge = NULL };
    struct simulator s = { .options = &options };
    struct unixctl_server *unixctl;

    ovs_cmdl_proctitle_init(argc, argv);
    set_program_name(argv[0]);
    service_start(&argc, &argv);
    parse_options(argc, argv, &options);
    fatal_ignore_sigpipe();
    switch_profiles_init(&s.profiles);
    daemonize_start(false);
    unixctl = daemon_main_open_control(options.unixctl_path, &s.exiting);
    register_commands(&s);
    make_device(&s);
    for (size_t i = 0; i < options.misbehave.n; i++) {
        char *wrong = misbehave(&s, options.misbehave.names[i]);

        if (wrong) {
            ovs_fatal(0, "--misbehave: %s", wrong);
        }
    }
    if (options.bridge) {
        make_bridge(&s);
    }
    start_agent(&s);
    sim_agent_restarted();
    daemonize_complete();

    main_loop(&s, unixctl);
    sim_agent_stop();
    sim_bridge_destroy(s.bridge);
    sim_device_destroy(s.device);
    mib_varbinds_destroy(&s.recording);
    switch_profiles_destroy(&s.profiles);
    unixctl_server_destroy(unixctl);
    free_options(&options);
    service_stop();
    return EXIT_SUCCESS;
}
