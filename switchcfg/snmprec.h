/* SPDX-License-Identifier: Apache-2.0
 *
 * Recorded devices: text with a varbind a line, as snmpsim writes it.
 *
 *     1.3.6.1.2.1.1.1.0|4|Some switch
 *     1.3.6.1.2.1.17.7.1.4.3.1.2.1|4x|ffff0000
 *
 * OID, type (number of enum mib_type; "x" after it: the value is in hex, "e":
 * it has escapes as Python's strings), value.  Empty lines and lines that begin
 * with "#" are skipped, and so are objects whose value is not recorded but made
 * by a module of the simulator (TYPE:MODULE).
 *
 * Pure, and safe with any input. */

#ifndef SWITCHCFG_SNMPREC_H
#define SWITCHCFG_SNMPREC_H 1

#include "switchcfg/mib.h"

/* Appends to 'vbs' what 'text' holds, in its order.  Returns NULL, or what is
 * wrong with the first bad line, "line 3: ...", with 'vbs' as it was; caller
 * frees. */
char *snmprec_parse(const char *text, size_t len, struct mib_varbinds *vbs)
    OVS_WARN_UNUSED_RESULT;
/* The line for a varbind, with its newline; octets in hex if anything in them
 * is not printable ASCII. */
void snmprec_format(const struct mib_varbind *, struct ds *);

#endif /* switchcfg/snmprec.h */
