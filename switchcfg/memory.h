/* SPDX-License-Identifier: Apache-2.0
 *
 * What must be known of a switch that its tables do not tell, so that a change
 * can go on where it was interrupted, whatever ended the program: in a file of
 * its own.  No secrets. */

#ifndef SWITCHCFG_MEMORY_H
#define SWITCHCFG_MEMORY_H 1

#include "openvswitch/compiler.h"
#include "switchcfg/wanted.h"

struct switch_memory {
    struct vidset created;      /* VLANs that a change may have made, and that
                                 * may not carry our mark yet. */
    bool save_due;              /* There may be something not saved. */
    bool saved;                 /* What was in sync last is saved, verified. */
    bool locked;                /* The device's lock may be held by us. */
};

bool switch_memory_equal(const struct switch_memory *,
                         const struct switch_memory *);

/* "switch 192.0.2.1 created 110,120 save yes saved no lock no\n"; caller
 * frees. */
char *switch_memory_format(const struct switch_memory *, const char *address);
/* Returns NULL, or what is wrong, with 'memory' zeroed: it is also if it is of
 * a switch at another address.  Caller frees. */
char *switch_memory_parse(const char *text, size_t len, const char *address,
                          struct switch_memory *memory)
    OVS_WARN_UNUSED_RESULT;

/* Return 0 or a positive errno value; EPROTO: not such a file, or of another
 * address.  A file is replaced as a whole. */
int switch_memory_load(const char *path, const char *address,
                       struct switch_memory *);
int switch_memory_save(const char *path, const char *address,
                       const struct switch_memory *);

#endif /* switchcfg/memory.h */
