/* SPDX-License-Identifier: Apache-2.0
 *
 * Between the files of switchsim/device.h: objects of the device, and those
 * that follow others by themselves (switchsim/follow.c). */

#ifndef SWITCHSIM_DEVICE_PRIVATE_H
#define SWITCHSIM_DEVICE_PRIVATE_H 1

#include "switchsim/device.h"

/* --- device.c */

/* What kind of switch it is. */
const struct switch_profile *sim_kind(const struct sim_device *);
/* 'entry'.'column'.'index' */
struct mib_oid sim_cell(const struct mib_oid *entry, uint32_t column,
                        uint32_t index);
void sim_put_number(struct sim_device *, const struct mib_oid *,
                    enum mib_type, uint64_t number);
void sim_put_cell(struct sim_device *, const struct mib_oid *entry,
                  uint32_t column, uint32_t index, enum mib_type,
                  uint64_t number);
void sim_put_text(struct sim_device *, const struct mib_oid *entry,
                  uint32_t column, uint32_t index, const char *text);
/* The objects below 'prefix', one after the other; first, 'prev' is NULL. */
const struct mib_varbind *sim_next_below(const struct sim_device *,
                                         const struct mib_oid *prefix,
                                         const struct mib_varbind *prev);

/* --- follow.c */

extern const struct mib_oid sim_if_entry, sim_if_x_entry;

/* Finds out how the tables of a recorded device are numbered. */
void sim_follow_init(struct sim_device *);
/* Makes the current table follow what the static one has become since
 * 'before'.  It has bit C of 'columns' for each column C. */
void sim_follow_current(struct sim_device *,
                        const struct mib_varbinds *before,
                        unsigned int columns, uint32_t mark);
/* Makes all follow that does, with the columns that 'factory' has.  Returns
 * NULL, or what cannot be; caller frees. */
char *sim_follow(struct sim_device *, const struct mib_varbinds *before,
                 uint32_t mark);

#endif /* switchsim/device-private.h */
