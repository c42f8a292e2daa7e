/* SPDX-License-Identifier: Apache-2.0
 *
 * Which interface on this host is which NIC, and whether it is admitted.
 *
 * Pure: interfaces and a model go in; bindings, each with a port or a reason,
 * come out.  It programs nothing and keeps no pointer into the model.
 *
 * An interface belongs to a NIC if its iface-id is "EE/NIC", or, for a
 * libvirt domain (whose iface-id means nothing to us), if its attached-mac is
 * the NIC's MAC.  It is admitted if every decision of flowpolicy/decide.h
 * says so: the host is in the policy, the EE may run on it, beside what runs
 * there already, and the NIC may join its TVD.  An EE runs here if one of its
 * interfaces has been admitted.
 *
 * Who was admitted before stays admitted as long as the policy allows: of two
 * interfaces that claim one NIC, or two EEs that exclude each other, the one
 * that came first keeps its place.
 *
 * No NIC is admitted on two hosts at a time.  The controller says in the model
 * which host holds it; only if none does, and no other host may, this one may
 * begin on its own.  Otherwise the interface waits.  And this host says that
 * it has let go of a NIC only when its flows are out of the data path: until
 * then the NIC is "leaving".  Once it has left, another host may be given it at
 * any moment: that this one still reads in the model that it holds it counts
 * for nothing until the controller has given it anew. */

#ifndef AGENT_BINDINGS_H
#define AGENT_BINDINGS_H 1

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "openvswitch/shash.h"
#include "openvswitch/types.h"
#include "sset.h"

struct model;
struct report_sink;
struct smap;

struct binding {
    char *iface;                /* Name of the interface. */
    char *nic;                  /* "EE/NIC". */
    uint32_t nic_id;
    ofp_port_t ofport;          /* OFPP_NONE: none yet. */
    bool admitted;
    char *reason;               /* Why it is not admitted; else NULL. */
    bool holds;                 /* Admitted, or would be but for a port
                                 * number: while ovs-vswitchd restarts the NIC
                                 * is not let go of. */
    uint64_t since;             /* Orders bindings by when the policy let them
                                 * in; 0 if it does not. */
    uint64_t goal;              /* For the caller: 0 in a binding that is new
                                 * or changed, kept in one that is not. */
    bool waits;                 /* Not admitted, but would be if the other
                                 * host let go. */
    bool moves_here;            /* That is announced: it may arrive. */
    bool arrived;               /* It waits, and has sent something. */
    bool remembered;            /* From before this process began. */
};

/* A NIC whose flows may still be there. */
struct leaving {
    char *nic;                  /* "EE/NIC". */
    uint64_t goal;              /* For the caller: 0 in a new one. */
};

struct bindings {
    struct shash by_iface;      /* "struct binding *" by interface name. */
    struct sset foreign;        /* Interfaces that are no NIC's. */
    struct shash leaving;       /* "struct leaving *" by interface name. */
    struct sset let_go;         /* Full names of NICs that have left, and
                                 * that this host still seems to hold. */
    bool closed;                /* Only NICs of 'known' are admitted. */
    struct sset known;          /* Full names. */
    bool began;                 /* There was an update. */
    uint64_t clock;             /* Highest 'since' given out. */
    uint64_t generation;        /* Grows when anything here has changed. */
};

void bindings_init(struct bindings *);
void bindings_destroy(struct bindings *);

/* Says what 'iface' was before this process began: 'nic', admitted if 'reason'
 * is NULL, which gives it its place before newcomers, else refused for that
 * reason, which is then not reported again.  If 'installed', its flows may be
 * there; if 'arrived', it need not arrive again.  Only before the first
 * update. */
void bindings_remember(struct bindings *, const char *iface, const char *nic,
                       const char *reason, bool installed, bool arrived);

/* Until bindings_open(), admits only NICs that have been remembered as admitted:
 * without the controller nobody may begin.  Only before the first update. */
void bindings_close(struct bindings *);
void bindings_open(struct bindings *);

/* Decides anew for all of 'ifaces' ("struct vswitch_iface *").  'gateways'
 * (iface-id by port name) are the ports of managed gateways: no other port
 * may claim a managed EE's NIC.  What is newly refused, or newly nobody's, is
 * reported to 'sink'.  Cost: proportional to the number of interfaces. */
void bindings_update(struct bindings *, const struct model *,
                     const char *host, const struct shash *ifaces,
                     const struct smap *gateways, const struct report_sink *);

/* The flows of all that left with a goal of at most 'goal' are gone.  Returns
 * true if that is news. */
bool bindings_have_left(struct bindings *, uint64_t goal);

/* The NIC with this id, for which an interface waits, has sent something
 * there. */
void bindings_arrived(struct bindings *, uint32_t nic_id);

/* The binding of the NIC called 'nic' that is admitted, or NULL.  O(n). */
const struct binding *bindings_find_nic(const struct bindings *,
                                        const char *nic);

#endif /* agent/bindings.h */
