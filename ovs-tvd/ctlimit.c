/* SPDX-License-Identifier: Apache-2.0 */

#include <config.h>
#include "ovs-tvd/ctlimit.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include "bitmap.h"
#include "lib/report.h"
#include "openvswitch/dynamic-string.h"
#include "openvswitch/poll-loop.h"
#include "ovs-tvd/appctl.h"
#include "util.h"

#define INTERVAL 1000           /* Between checks, in ms. */
#define N_ZONES 65536
/* If nobody says how many connections there may be. */
#define FALLBACK_MAX 65536

struct ctlimit {
    struct appctl *appctl;
    char *datapath;             /* "netdev@ovs-netdev" */
    const struct report_sink *sink;
    uint16_t *zones;
    size_t n;
    uint32_t limit;             /* Of each zone. */
    bool settled;               /* All had it when last asked: from then on a
                                 * difference is drift. */
    bool failed;                /* And reported. */
    long long int next_check;
};

struct ctlimit *
ctlimit_create(const char *rundir, const char *datapath_type,
               const struct report_sink *sink)
{
    struct ctlimit *cl = xzalloc(sizeof *cl);

    cl->appctl = appctl_create(rundir);
    cl->datapath = xasprintf("%s@ovs-%s", datapath_type, datapath_type);
    cl->sink = sink;
    return cl;
}

void
ctlimit_destroy(struct ctlimit *cl)
{
    if (cl) {
        appctl_destroy(cl->appctl);
        free(cl->datapath);
        free(cl->zones);
        free(cl);
    }
}

void
ctlimit_set(struct ctlimit *cl, const uint16_t *zones, size_t n)
{
    if (n == cl->n && (!n || !memcmp(zones, cl->zones, n * sizeof *zones))) {
        return;
    }
    free(cl->zones);
    cl->zones = n ? xmemdup(zones, n * sizeof *zones) : NULL;
    cl->n = n;
    cl->settled = false;
    cl->next_check = 0;
}

size_t
ctlimit_missing(const char *printed, const uint16_t *zones, size_t n,
                uint32_t limit, uint16_t *missing)
{
    unsigned long *good = bitmap_allocate(N_ZONES);
    size_t n_missing = 0;

    for (const char *p = printed; p; p = strchr(p, '\n')) {
        unsigned int zone;
        uint32_t has;

        p += *p == '\n';
        if (ovs_scan(p, "zone=%u,limit=%"SCNu32, &zone, &has)
            && zone < N_ZONES && has == limit) {
            bitmap_set1(good, zone);
        }
    }
    for (size_t i = 0; i < n; i++) {
        if (!bitmap_is_set(good, zones[i])) {
            missing[n_missing++] = zones[i];
        }
    }
    bitmap_free(good);
    return n_missing;
}

/* ovs-vswitchd does not run now and then; that is not worth a report. */
static void
set_done(void *cl_, const char *result OVS_UNUSED, const char *error)
{
    struct ctlimit *cl = cl_;

    if (error && !cl->failed) {
        report(cl->sink, REPORT_WARNING, "conntrack",
               "connection tracking zones cannot be limited: %s", error);
    }
    cl->failed = error != NULL;
}

static void
set_limits(struct ctlimit *cl, const uint16_t *zones, size_t n)
{
    const char **args = xmalloc((n + 1) * sizeof *args);

    args[0] = cl->datapath;
    for (size_t i = 0; i < n; i++) {
        args[i + 1] = xasprintf("zone=%"PRIu16",limit=%"PRIu32, zones[i],
                                cl->limit);
    }
    appctl_submit(cl->appctl, "dpctl/ct-set-limits", args, n + 1, set_done,
                  cl);
    for (size_t i = 0; i < n; i++) {
        free(CONST_CAST(char *, args[i + 1]));
    }
    free(args);
}

static void
limits_read(void *cl_, const char *result, const char *error)
{
    struct ctlimit *cl = cl_;
    uint16_t *missing;
    size_t n;

    if (error) {
        cl->settled = false;    /* It may have been restarted. */
        return;
    }
    missing = xmalloc((cl->n + 1) * sizeof *missing);
    n = ctlimit_missing(result, cl->zones, cl->n, cl->limit, missing);
    if (n) {
        if (cl->settled) {
            report(cl->sink, REPORT_WARNING, "drift",
                   "limits of %"PRIuSIZE" connection tracking zones changed "
                   "by somebody else, repaired", n);
        }
        set_limits(cl, missing, n);
    }
    cl->settled = !n;
    free(missing);
}

/* How many connections the kernel's connection tracking can hold. */
static unsigned int
kernel_max(void)
{
    FILE *file = fopen("/proc/sys/net/netfilter/nf_conntrack_max", "r");
    unsigned int max = 0;

    if (file) {
        if (fscanf(file, "%u", &max) != 1) {
            max = 0;
        }
        fclose(file);
    }
    return max;
}

static void
max_read(void *cl_, const char *result, const char *error OVS_UNUSED)
{
    struct ctlimit *cl = cl_;
    struct ds zones = DS_EMPTY_INITIALIZER;
    unsigned int max = 0;

    if (!cl->n) {
        return;
    }
    if (!result || !ovs_scan(result, "%u", &max) || !max) {
        max = kernel_max();
    }
    cl->limit = MAX(1, (max ? max : FALLBACK_MAX) / CTLIMIT_SHARE);
    for (size_t i = 0; i < cl->n; i++) {
        ds_put_format(&zones, "%s%"PRIu16, i ? "," : "zone=", cl->zones[i]);
    }
    const char *args[] = { cl->datapath, ds_cstr(&zones) };
    appctl_submit(cl->appctl, "dpctl/ct-get-limits", args, ARRAY_SIZE(args),
                  limits_read, cl);
    ds_destroy(&zones);
}

void
ctlimit_run(struct ctlimit *cl, long long int now)
{
    if (cl->n && now >= cl->next_check && appctl_is_idle(cl->appctl)) {
        const char *args[] = { cl->datapath };

        appctl_submit(cl->appctl, "dpctl/ct-get-maxconns", args, 1, max_read,
                      cl);
        cl->next_check = now + INTERVAL;
    }
    appctl_run(cl->appctl, now);
}

void
ctlimit_wait(const struct ctlimit *cl)
{
    appctl_wait(cl->appctl);
    if (cl->n && appctl_is_idle(cl->appctl)) {
        poll_timer_wait_until(cl->next_check);
    }
}
