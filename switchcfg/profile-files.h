/* SPDX-License-Identifier: Apache-2.0
 *
 * Reads the vendor profiles (switchcfg/profile.h) of a folder: each file
 * NAME.yaml is the profile NAME. */

#ifndef SWITCHCFG_PROFILE_FILES_H
#define SWITCHCFG_PROFILE_FILES_H 1

#include "openvswitch/compiler.h"

struct switch_profiles;

/* Where "make install" puts them. */
#define SWITCH_PROFILES_DIR TVD_DATADIR "/profiles"

/* Adds all profiles of folder 'dir' to 'profiles'.  Returns NULL, or all that
 * is wrong, "FILE:LINE:COLUMN: ..." a line each; those that are right are
 * added all the same.  Caller frees. */
char *switch_profiles_load(struct switch_profiles *profiles, const char *dir)
    OVS_WARN_UNUSED_RESULT;

#endif /* switchcfg/profile-files.h */
