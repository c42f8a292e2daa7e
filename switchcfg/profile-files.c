/* SPDX-License-Identifier: Apache-2.0 */

#include <config.h>
#include "switchcfg/profile-files.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "flowpolicy/node.h"
#include "flowpolicy/policy.h"
#include "flowpolicy/yaml.h"
#include "openvswitch/dynamic-string.h"
#include "svec.h"
#include "switchcfg/profile.h"
#include "util.h"

#define MAX_SIZE (64 * 1024)    /* Of a file, in bytes. */
#define SUFFIX ".yaml"

/* Reads a file.  NULL, with an error added, if that does not work. */
static char *
read_file(const char *path, size_t *len, struct policy_errors *errors)
{
    FILE *stream = fopen(path, "r");
    char *text;

    if (!stream) {
        policy_errors_add(errors, 0, 0, "cannot be read (%s)",
                          ovs_strerror(errno));
        return NULL;
    }
    text = xmalloc(MAX_SIZE + 1);
    *len = fread(text, 1, MAX_SIZE + 1, stream);
    if (ferror(stream) || *len > MAX_SIZE) {
        policy_errors_add(errors, 0, 0, "%s", *len > MAX_SIZE
                          ? "larger than a profile can be (64 KiB)"
                          : "cannot be read");
        free(text);
        text = NULL;
    }
    fclose(stream);
    return text;
}

/* Adds the profile of one file, or what is wrong with it to 'wrong'. */
static void
load_file(struct switch_profiles *profiles, const char *dir, const char *file,
          struct ds *wrong)
{
    char *path = xasprintf("%s/%s", dir, file);
    char *name = xmemdup0(file, strlen(file) - strlen(SUFFIX));
    struct policy_errors errors;
    struct node_arena arena;
    char *text, *formatted;
    size_t len;

    policy_errors_init(&errors, path);
    node_arena_init(&arena);
    text = read_file(path, &len, &errors);
    if (text) {
        struct node *root = yaml_parse(text, len, &arena, &errors);
        struct switch_profile *p
            = root && !errors.n ? switch_profile_parse(name, root, &errors)
              : NULL;

        if (p) {
            switch_profiles_add(profiles, p);
        }
    }
    formatted = policy_errors_format(&errors);
    ds_put_cstr(wrong, formatted);
    free(formatted);
    free(text);
    node_arena_destroy(&arena);
    policy_errors_destroy(&errors);
    free(name);
    free(path);
}

char *
switch_profiles_load(struct switch_profiles *profiles, const char *dir)
{
    struct svec files = SVEC_EMPTY_INITIALIZER;
    struct ds wrong = DS_EMPTY_INITIALIZER;
    DIR *stream = opendir(dir);
    const struct dirent *entry;
    const char *file;
    size_t i;

    if (!stream) {
        return xasprintf("%s: cannot be read (%s)", dir, ovs_strerror(errno));
    }
    while ((entry = readdir(stream))) {
        size_t len = strlen(entry->d_name);

        if (entry->d_name[0] != '.' && len > strlen(SUFFIX)
            && !strcmp(entry->d_name + len - strlen(SUFFIX), SUFFIX)) {
            svec_add(&files, entry->d_name);
        }
    }
    closedir(stream);
    svec_sort(&files);
    SVEC_FOR_EACH (i, file, &files) {
        load_file(profiles, dir, file, &wrong);
    }
    svec_destroy(&files);
    if (!wrong.length) {
        ds_destroy(&wrong);
        return NULL;
    }
    ds_chomp(&wrong, '\n');
    return ds_steal_cstr(&wrong);
}
