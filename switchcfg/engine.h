/* SPDX-License-Identifier: Apache-2.0
 *
 * What is remembered of a device's SNMP engine (RFC 3411, RFC 3414) between
 * two runs of the program, in a file of its own: its id, so that it need not
 * be asked for; boots and time, so that nothing older is believed.  No
 * secrets. */

#ifndef SWITCHCFG_ENGINE_H
#define SWITCHCFG_ENGINE_H 1

#include <stddef.h>
#include <stdint.h>
#include "openvswitch/compiler.h"

#define SWITCH_ENGINE_ID_MAX 32

struct switch_engine {
    uint8_t id[SWITCH_ENGINE_ID_MAX];
    size_t n_id;                /* 5..32; 0: not known. */
    uint32_t boots, time;       /* 0, 0: not known. */
};

/* "engine 80001f88... boots 3 time 700\n"; caller frees. */
char *switch_engine_format(const struct switch_engine *);
/* Returns NULL, or what is wrong, with '*engine' zeroed; caller frees. */
char *switch_engine_parse(const char *text, size_t len,
                          struct switch_engine *engine)
    OVS_WARN_UNUSED_RESULT;

/* Return 0 or a positive errno value; EPROTO: not such a file.  A file is
 * replaced as a whole. */
int switch_engine_load(const char *path, struct switch_engine *);
int switch_engine_save(const char *path, const struct switch_engine *);

#endif /* switchcfg/engine.h */
