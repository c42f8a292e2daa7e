/* SPDX-License-Identifier: Apache-2.0
 *
 * Small files in which something is remembered between two runs of the
 * program.  No secrets. */

#ifndef SWITCHCFG_STATE_FILE_H
#define SWITCHCFG_STATE_FILE_H 1

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/* Reads file 'path', of at most 'size' octets, into 'text'.  Returns their
 * number, or a negative errno value; -EFBIG: it is larger. */
ssize_t switch_state_read(const char *path, char *text, size_t size);
/* Replaces file 'path' as a whole; if 'durable', it stays so even if the
 * machine stops right after that.  Returns 0 or a positive errno value. */
int switch_state_write(const char *path, const char *text, bool durable);

#endif /* switchcfg/state-file.h */
