/* SPDX-License-Identifier: Apache-2.0 */

#include <config.h>
#include "ovs-tvd/hostguard.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <net/if.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>
#include "lib/report.h"
#include "netlink-socket.h"
#include "netlink.h"
#include "openvswitch/ofpbuf.h"
#include "openvswitch/poll-loop.h"
#include "openvswitch/shash.h"
#include "openvswitch/vlog.h"
#include "simap.h"
#include "sset.h"
#include "util.h"

VLOG_DEFINE_THIS_MODULE(hostguard);

/* Of our chains; before anything else on that hook. */
#define PRIORITY (-500)

/* How often the chains are read back without a reason, in ms. */
#define INTERVAL 5000
/* How soon again after a failure. */
#define RETRY 1000

struct hostguard {
    bool drop;
    const struct report_sink *sink;
    struct simap wanted;        /* Interface index by name. */
    struct sset quiet;          /* Devices whose IPv6 has been switched off. */
    struct sset present;        /* Devices with a chain, as last known. */
    struct nl_sock *sock;       /* For batches. */
    struct nl_sock *events;     /* For notifications. */
    bool changed;               /* 'wanted' is new. */
    bool check;                 /* 'present' may be wrong. */
    bool begun;                 /* Compared once: from then on it is drift. */
    long long int next_check;
    long long int retry_at;     /* After a failure. */
    char *error;
};

struct hostguard *
hostguard_create(bool drop, const struct report_sink *sink)
{
    struct hostguard *hg = xzalloc(sizeof *hg);

    hg->drop = drop;
    hg->sink = sink;
    simap_init(&hg->wanted);
    sset_init(&hg->quiet);
    sset_init(&hg->present);
    hg->check = true;
    return hg;
}

void
hostguard_destroy(struct hostguard *hg)
{
    if (hg) {
        nl_sock_destroy(hg->sock);
        nl_sock_destroy(hg->events);
        simap_destroy(&hg->wanted);
        sset_destroy(&hg->quiet);
        sset_destroy(&hg->present);
        free(hg->error);
        free(hg);
    }
}

void
hostguard_set(struct hostguard *hg, const struct simap *devices)
{
    const struct simap_node *node;

    if (simap_equal(&hg->wanted, devices)) {
        return;
    }
    SIMAP_FOR_EACH (node, devices) {
        unsigned int old = simap_get(&hg->wanted, node->name);

        /* A new device of the same name: the chain went with the old one. */
        hg->check |= old && old != node->data;
    }
    simap_clear(&hg->wanted);
    SIMAP_FOR_EACH (node, devices) {
        simap_put(&hg->wanted, node->name, node->data);
    }
    hg->changed = true;
    poll_immediate_wake();
}

const char *
hostguard_error(const struct hostguard *hg)
{
    return hg->error;
}

/* --- messages --- */

static void
put_header(struct ofpbuf *msg, uint16_t type, uint16_t flags, uint8_t family,
           uint16_t resource)
{
    struct nfgenmsg *nfgen;

    nl_msg_put_nlmsghdr(msg, sizeof *nfgen, type, NLM_F_REQUEST | flags);
    nfgen = nl_msg_put_uninit(msg, sizeof *nfgen);
    nfgen->nfgen_family = family;
    nfgen->version = NFNETLINK_V0;
    nfgen->res_id = htons(resource);
}

static void
put_nft(struct ofpbuf *msg, uint8_t type, uint16_t flags)
{
    put_header(msg, (NFNL_SUBSYS_NFTABLES << 8) | type, flags, NFPROTO_NETDEV,
               0);
}

/* Ends 'msg' and moves it to the end of 'batch'. */
static void
append(struct ofpbuf *batch, struct ofpbuf *msg)
{
    nl_msg_nlmsghdr(msg)->nlmsg_len = msg->size;
    ofpbuf_put(batch, msg->data, msg->size);
    ofpbuf_clear(msg);
}

static void
append_marker(struct ofpbuf *batch, uint16_t type)
{
    struct ofpbuf msg;

    ofpbuf_init(&msg, 64);
    put_header(&msg, type, 0, AF_UNSPEC, NFNL_SUBSYS_NFTABLES);
    append(batch, &msg);
    ofpbuf_uninit(&msg);
}

static void
append_table(struct ofpbuf *batch, uint8_t type, uint16_t flags)
{
    struct ofpbuf msg;

    ofpbuf_init(&msg, 64);
    put_nft(&msg, type, flags);
    nl_msg_put_string(&msg, NFTA_TABLE_NAME, HOSTGUARD_TABLE);
    append(batch, &msg);
    ofpbuf_uninit(&msg);
}

/* A chain that drops all that comes in at 'device', or its removal. */
static void
append_chain(struct ofpbuf *batch, const char *device, bool add)
{
    char *name = xasprintf("port-%s", device);
    struct ofpbuf msg;

    ofpbuf_init(&msg, 128);
    put_nft(&msg, add ? NFT_MSG_NEWCHAIN : NFT_MSG_DELCHAIN,
            add ? NLM_F_CREATE | NLM_F_ACK : NLM_F_ACK);
    nl_msg_put_string(&msg, NFTA_CHAIN_TABLE, HOSTGUARD_TABLE);
    nl_msg_put_string(&msg, NFTA_CHAIN_NAME, name);
    if (add) {
        size_t hook = nl_msg_start_nested(&msg, NFTA_CHAIN_HOOK | NLA_F_NESTED);

        nl_msg_put_be32(&msg, NFTA_HOOK_HOOKNUM, htonl(NF_NETDEV_INGRESS));
        nl_msg_put_be32(&msg, NFTA_HOOK_PRIORITY, htonl(PRIORITY));
        nl_msg_put_string(&msg, NFTA_HOOK_DEV, device);
        nl_msg_end_nested(&msg, hook);
        nl_msg_put_be32(&msg, NFTA_CHAIN_POLICY, htonl(NF_DROP));
        nl_msg_put_string(&msg, NFTA_CHAIN_TYPE, "filter");
    }
    append(batch, &msg);
    ofpbuf_uninit(&msg);
    free(name);
}

/* Reads the acknowledgements of a batch, which the kernel has sent before
 * send() returned.  Returns 0, or the first error. */
static int
read_acks(int fd)
{
    union {
        struct nlmsghdr header;
        char bytes[8192];
    } buffer;
    int error = 0;

    for (;;) {
        ssize_t n = recv(fd, &buffer, sizeof buffer, MSG_DONTWAIT);
        struct nlmsghdr *h = &buffer.header;

        if (n <= 0) {
            return error ? error : n < 0 && errno != EAGAIN ? errno : 0;
        }
        for (; NLMSG_OK(h, n); h = NLMSG_NEXT(h, n)) {
            if (h->nlmsg_type == NLMSG_ERROR
                && h->nlmsg_len >= NLMSG_LENGTH(sizeof(struct nlmsgerr))) {
                const struct nlmsgerr *e = NLMSG_DATA(h);

                error = error ? error : -e->error;
            }
        }
    }
}

/* Sends 'batch', begun by begin_batch().  Either all of it is done or nothing.
 * Returns 0 or a positive errno. */
static int
commit(struct hostguard *hg, struct ofpbuf *batch)
{
    int fd = nl_sock_fd(hg->sock);
    int error;

    append_marker(batch, NFNL_MSG_BATCH_END);
    error = send(fd, batch->data, batch->size, 0) < 0 ? errno : read_acks(fd);
    ofpbuf_uninit(batch);
    return error;
}

static void
begin_batch(struct ofpbuf *batch)
{
    ofpbuf_init(batch, 1024);
    append_marker(batch, NFNL_MSG_BATCH_BEGIN);
    append_table(batch, NFT_MSG_NEWTABLE, NLM_F_CREATE);
}

/* --- reading back --- */

static bool
attr_equals(const struct ofpbuf *msg, uint16_t type, const char *value)
{
    const struct nlattr *a = nl_attr_find(
        msg, NLMSG_HDRLEN + sizeof(struct nfgenmsg), type);
    size_t len = a ? nl_attr_get_size(a) : 0;

    return len && strnlen(nl_attr_get(a), len) < len
           && !strcmp(nl_attr_get(a), value);
}

/* The device of a chain that is as we make it, or NULL.  Caller frees. */
static char *
chain_device(const struct ofpbuf *msg)
{
    const size_t header = NLMSG_HDRLEN + sizeof(struct nfgenmsg);
    const struct nlattr *hook = nl_attr_find(msg, header, NFTA_CHAIN_HOOK);
    const struct nlattr *policy = nl_attr_find(msg, header,
                                               NFTA_CHAIN_POLICY);
    const struct nlattr *dev, *num, *priority;
    char *device, *name;

    if (!hook || !policy || nl_attr_get_size(policy) != 4
        || nl_attr_get_be32(policy) != htonl(NF_DROP)) {
        return NULL;
    }
    num = nl_attr_find_nested(hook, NFTA_HOOK_HOOKNUM);
    priority = nl_attr_find_nested(hook, NFTA_HOOK_PRIORITY);
    dev = nl_attr_find_nested(hook, NFTA_HOOK_DEV);
    if (!num || nl_attr_get_size(num) != 4
        || nl_attr_get_be32(num) != htonl(NF_NETDEV_INGRESS)
        || !priority || nl_attr_get_size(priority) != 4
        || nl_attr_get_be32(priority) != htonl(PRIORITY) || !dev) {
        return NULL;
    }
    device = xmemdup0(nl_attr_get(dev), nl_attr_get_size(dev));
    name = xasprintf("port-%s", device);
    if (!attr_equals(msg, NFTA_CHAIN_NAME, name)) {
        free(device);
        device = NULL;
    }
    free(name);
    return device;
}

/* Calls 'cb' for each object of our table.  'type' is NFT_MSG_GETCHAIN or
 * NFT_MSG_GETRULE.  Returns 0 or a positive errno. */
static int
dump(uint8_t type, uint16_t table_attr,
     void (*cb)(const struct ofpbuf *, void *aux), void *aux)
{
    struct ofpbuf request, reply, buf;
    struct nl_dump d;
    int error;

    ofpbuf_init(&request, 64);
    put_nft(&request, type, 0);
    nl_dump_start(&d, NETLINK_NETFILTER, &request);
    ofpbuf_uninit(&request);
    ofpbuf_init(&buf, 16384);
    while (nl_dump_next(&d, &reply, &buf)) {
        if (attr_equals(&reply, table_attr, HOSTGUARD_TABLE)) {
            cb(&reply, aux);
        }
    }
    error = nl_dump_done(&d);
    ofpbuf_uninit(&buf);
    return error;
}

/* What is in the table. */
struct observed {
    struct sset devices;        /* Guarded as they must be. */
    bool foreign;               /* Something that is not ours. */
};

static void
observe_chain(const struct ofpbuf *msg, void *o_)
{
    struct observed *o = o_;
    char *device = chain_device(msg);

    if (device) {
        sset_add_and_free(&o->devices, device);
    } else {
        o->foreign = true;
    }
}

static void
observe_rule(const struct ofpbuf *msg OVS_UNUSED, void *o_)
{
    struct observed *o = o_;

    o->foreign = true;          /* Our chains have a policy, and no rule. */
}

/* --- acting --- */

static int
open_sockets(struct hostguard *hg)
{
    int error = 0;

    if (!hg->sock) {
        error = nl_sock_create(NETLINK_NETFILTER, &hg->sock);
    }
    if (!error && !hg->events) {
        error = nl_sock_create(NETLINK_NETFILTER, &hg->events);
        if (!error) {
            error = nl_sock_join_mcgroup(hg->events, NFNLGRP_NFTABLES);
        }
    }
    return error;
}

static int
change(struct hostguard *hg, const char *device, bool add)
{
    struct ofpbuf batch;
    int error;

    begin_batch(&batch);
    append_chain(&batch, device, add);
    error = commit(hg, &batch);
    if (!error && add) {
        sset_add(&hg->present, device);
    } else if (!add && (!error || error == ENOENT)) {
        sset_find_and_delete(&hg->present, device);
        error = 0;              /* It may have gone with its device. */
    }
    return error;
}

/* Makes the table anew with nothing but our chains, in one transaction, so
 * that the ports stay guarded. */
static int
clean(struct hostguard *hg)
{
    struct ofpbuf batch;
    const char *device;

    begin_batch(&batch);
    append_table(&batch, NFT_MSG_DELTABLE, 0);
    append_table(&batch, NFT_MSG_NEWTABLE, NLM_F_CREATE);
    SSET_FOR_EACH (device, &hg->present) {
        append_chain(&batch, device, true);
    }
    return commit(hg, &batch);
}

/* Adds and removes what differs.  Goes on after an error, and returns the
 * first; '*n' is the number of changes. */
static int
apply(struct hostguard *hg, size_t *n)
{
    const struct simap_node *node;
    const char *device;
    int first = 0;

    SIMAP_FOR_EACH (node, &hg->wanted) {
        if (!sset_contains(&hg->present, node->name)
            && if_nametoindex(node->name)) {
            int error = change(hg, node->name, true);

            first = first ? first : error;
            ++*n;
        }
    }
    SSET_FOR_EACH_SAFE (device, &hg->present) {
        if (!simap_contains(&hg->wanted, device)) {
            int error = change(hg, device, false);

            first = first ? first : error;
            ++*n;
        }
    }
    return first;
}

static void
drain_events(struct hostguard *hg)
{
    uint64_t stub[4096 / 8];
    struct ofpbuf buf;
    int error;

    if (!hg->events) {
        return;
    }
    ofpbuf_use_stub(&buf, stub, sizeof stub);
    do {
        error = nl_sock_recv(hg->events, &buf, NULL, false);
        hg->check |= error != EAGAIN;   /* Also if some were lost. */
    } while (!error);
    ofpbuf_uninit(&buf);
}

static void
set_error(struct hostguard *hg, int error)
{
    char *text = error ? xasprintf("cannot keep frames of ports from the "
                                   "host's own network stack: %s",
                                   ovs_strerror(error)) : NULL;

    if (text && (!hg->error || strcmp(hg->error, text))) {
        report(hg->sink, REPORT_ERROR, "hostguard", "%s", text);
    }
    free(hg->error);
    hg->error = text;
}

/* Reads the table back.  '*foreign' says whether something is in it that is
 * not ours. */
static int
read_back(struct hostguard *hg, bool *foreign)
{
    struct observed o = { .devices = SSET_INITIALIZER(&o.devices) };
    int error = dump(NFT_MSG_GETCHAIN, NFTA_CHAIN_TABLE, observe_chain, &o);

    if (!error) {
        error = dump(NFT_MSG_GETRULE, NFTA_RULE_TABLE, observe_rule, &o);
    }
    *foreign = o.foreign;
    sset_swap(&hg->present, &o.devices);
    sset_destroy(&o.devices);
    return error;
}

static void
report_drift(const struct hostguard *hg, bool foreign)
{
    report(hg->sink, REPORT_WARNING, "drift",
           "nftables table netdev %s: %s by somebody else, repaired",
           HOSTGUARD_TABLE, foreign ? "something was added or changed"
           : "something was removed");
}

/* Makes the table as it must be; reads it back before if it may have changed
 * without our doing. */
static void
compare(struct hostguard *hg)
{
    int error = open_sockets(hg);
    bool foreign = false;
    size_t n = 0;

    if (!error && hg->check) {
        error = read_back(hg, &foreign);
        if (!error && foreign) {
            error = clean(hg);
            n++;
        }
    }
    if (!error) {
        error = apply(hg, &n);
    }
    if (n && !error && hg->begun && !hg->changed) {
        report_drift(hg, foreign);
    }
    hg->begun = true;
    hg->changed = false;
    set_error(hg, error);
    drain_events(hg);           /* What we have just done. */
    hg->check = error != 0;
}

/* Switches IPv6 off on a port's device.  A failure is no danger, the host is
 * only noisier. */
static void
make_quiet(const char *device)
{
    char *path = xasprintf("/proc/sys/net/ipv6/conf/%s/disable_ipv6", device);
    int fd = strchr(device, '/') ? -1 : open(path, O_WRONLY | O_CLOEXEC);

    if (fd >= 0) {
        if (write(fd, "1", 1) != 1) {
            VLOG_DBG("cannot write to %s (%s)", path, ovs_strerror(errno));
        }
        close(fd);
    }
    free(path);
}

static void
make_all_quiet(struct hostguard *hg)
{
    const struct simap_node *node;
    const char *device;

    SSET_FOR_EACH_SAFE (device, &hg->quiet) {
        if (!simap_contains(&hg->wanted, device)) {
            sset_find_and_delete(&hg->quiet, device);
        }
    }
    SIMAP_FOR_EACH (node, &hg->wanted) {
        if (hg->check || sset_add(&hg->quiet, node->name)) {
            make_quiet(node->name);
        }
    }
}

void
hostguard_run(struct hostguard *hg, long long int now)
{
    drain_events(hg);
    hg->check |= now >= hg->next_check;
    if ((!hg->check || now < hg->retry_at) && !hg->changed) {
        return;
    }
    make_all_quiet(hg);
    if (hg->drop) {
        compare(hg);
    } else {
        hg->check = hg->changed = false;
    }
    hg->next_check = now + INTERVAL;
    hg->retry_at = hg->error ? now + RETRY : 0;
}

void
hostguard_wait(const struct hostguard *hg)
{
    if (hg->changed) {
        poll_immediate_wake();
    } else if (hg->check) {
        poll_timer_wait_until(hg->retry_at);
    }
    if (hg->events) {
        nl_sock_wait(hg->events, POLLIN);
    }
    poll_timer_wait_until(hg->next_check);
}
