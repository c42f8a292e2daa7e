/* SPDX-License-Identifier: Apache-2.0
 *
 * Ports by the names that people give them: part of switchcfg/tables.h. */

#include <config.h>
#include "switchcfg/tables.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include "lib/suggest.h"
#include "openvswitch/dynamic-string.h"
#include "sset.h"
#include "svec.h"
#include "util.h"

/* So many candidates are named in a message. */
#define MAX_NAMED 6

/* The number in "7", "#7" or "port 7"; 0 if 'name' is none of them.
 * '*only' is set for the latter two, that mean nothing else. */
static uint32_t
port_number(const char *name, bool *only)
{
    unsigned long long int number;
    const char *digits = name;

    *only = false;
    if (name[0] == '#') {
        digits = name + 1;
        *only = true;
    } else if (!strncasecmp(name, "port ", 5)) {
        digits = name + 5;
        *only = true;
    }
    if (!*digits || digits[strspn(digits, "0123456789")]
        || !str_to_ullong(digits, 10, &number)
        || number > UINT32_MAX) {
        return 0;
    }
    return number;
}

static bool
same(const char *a, const char *b, bool exactly)
{
    return a && *a && (exactly ? !strcmp(a, b) : !strcasecmp(a, b));
}

static bool
interface_is(const struct switch_interface *i, const char *name, bool exactly)
{
    return same(i->name, name, exactly) || same(i->descr, name, exactly)
           || same(i->alias, name, exactly);
}

/* The candidates for 'name' among the 'n' 'ports', into 'found'; their
 * number. */
static size_t
find_candidates(const struct switch_tables *t,
                const struct switch_port **ports, size_t n, const char *name,
                bool exactly, const struct switch_port **found)
{
    size_t n_found = 0;
    bool only;
    uint32_t number = port_number(name, &only);

    for (size_t i = 0; i < n; i++) {
        const struct switch_interface *iface
            = switch_tables_interface(t, ports[i]->if_index);

        if ((number && ports[i]->number == number)
            || (!(number && only) && iface
                && interface_is(iface, name, exactly))) {
            found[n_found++] = ports[i];
        }
    }
    return n_found;
}

char *
switch_tables_port_label(const struct switch_tables *t,
                         const struct switch_port *p)
{
    const struct switch_interface *i = switch_tables_interface(t, p->if_index);
    const char *name = !i ? NULL : i->name && *i->name ? i->name : i->descr;
    char number[16];

    snprintf(number, sizeof number, "%"PRIu32, p->number);
    return name && *name && strcmp(name, number)
           ? xasprintf("port %s (%s)", number, name)
           : xasprintf("port %s", number);
}

static char *
several(const struct switch_tables *t, const char *name,
        const struct switch_port **found, size_t n)
{
    struct ds s = DS_EMPTY_INITIALIZER;

    ds_put_format(&s, "port \"%s\": %"PRIuSIZE" ports have this name: ", name,
                  n);
    for (size_t i = 0; i < MIN(n, MAX_NAMED); i++) {
        char *label = switch_tables_port_label(t, found[i]);

        ds_put_format(&s, "%s%s", i ? ", " : "", label);
        free(label);
    }
    ds_put_format(&s, "%s; say \"#%"PRIu32"\" to mean the port by its number",
                  n > MAX_NAMED ? ", ..." : "", found[0]->number);
    return ds_steal_cstr(&s);
}

/* An interface that has the name and is no port of the bridge. */
static bool
is_other_interface(const struct switch_tables *t, const char *name)
{
    const struct switch_interface *i;

    HMAP_FOR_EACH (i, node, &t->interfaces) {
        if (interface_is(i, name, false)) {
            return true;
        }
    }
    return false;
}

static bool
any_has_interface(const struct switch_port **ports, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (ports[i]->if_index) {
            return true;
        }
    }
    return false;
}

static char *
none(const struct switch_tables *t, const char *name,
     const struct switch_port **ports, size_t n)
{
    struct svec names = SVEC_EMPTY_INITIALIZER;
    const char *nearest;
    char *error;

    if (is_other_interface(t, name) && n && !any_has_interface(ports, n)) {
        return xasprintf("port \"%s\": the device does not tell which port of "
                         "its bridge this interface is (no "
                         "dot1dBasePortTable); name the port by its number, "
                         "\"#%"PRIu32"\" or another", name,
                         ports[0]->number);
    } else if (is_other_interface(t, name)) {
        return xasprintf("port \"%s\": this interface is not a port of the "
                         "bridge (routed, or member of an aggregation?)",
                         name);
    }
    for (size_t i = 0; i < n; i++) {
        const struct switch_interface *iface
            = switch_tables_interface(t, ports[i]->if_index);

        if (iface && iface->name) {
            svec_add(&names, iface->name);
        }
        if (iface && iface->alias) {
            svec_add(&names, iface->alias);
        }
    }
    nearest = suggest_nearest(name, (const char *const *) names.names,
                              names.n);
    if (nearest) {
        error = xasprintf("port \"%s\": the device has none of this name; did "
                          "you mean \"%s\"?", name, nearest);
    } else if (!n) {
        error = xasprintf("port \"%s\": the device shows no ports", name);
    } else {
        char *first = switch_tables_port_label(t, ports[0]);
        char *last = switch_tables_port_label(t, ports[n - 1]);

        error = xasprintf("port \"%s\": the device has none of this name; it "
                          "has %s to %s", name, first, last);
        free(first);
        free(last);
    }
    svec_destroy(&names);
    return error;
}

char *
switch_tables_find_port(const struct switch_tables *t, const char *name,
                        const struct switch_port **portp)
{
    size_t n, n_found;
    const struct switch_port **ports = switch_tables_ports(t, &n);
    const struct switch_port **found = xmalloc(MAX(n, 1) * sizeof *found);
    char *error = NULL;

    n_found = find_candidates(t, ports, n, name, true, found);
    if (!n_found) {
        n_found = find_candidates(t, ports, n, name, false, found);
    }
    *portp = n_found == 1 ? found[0] : NULL;
    if (n_found > 1) {
        error = several(t, name, found, n_found);
    } else if (!n_found) {
        error = none(t, name, ports, n);
    }
    free(found);
    free(ports);
    return error;
}
