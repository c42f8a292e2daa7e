/* SPDX-License-Identifier: Apache-2.0 */

#include <config.h>
#include "tests/unit/switch-check.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include "openvswitch/dynamic-string.h"
#include "switchcfg/snmprec.h"
#include "util.h"

char *
switch_check_execute(struct model_switch *ms, const struct switch_plan *plan)
{
    for (size_t i = 0; i < plan->n; i++) {
        struct mib_varbinds vbs = { .n = 0 };
        size_t index;
        int error;

        switch_pdu_varbinds(&plan->pdus[i], &vbs);
        error = model_switch_set(ms, vbs.v, vbs.n, &index);
        mib_varbinds_destroy(&vbs);
        if (error) {
            return xasprintf("PDU %"PRIuSIZE": %s: %s", i + 1,
                             index ? plan->pdus[i].sets[index - 1].text : "?",
                             mib_error_to_string(error));
        }
    }
    return NULL;
}

const char *
switch_check_walks(void)
{
    static const char *const folders[] = {
        "../shared/data/walks",
        "../../shared/data/walks",
    };
    const char *given = getenv("TVD_WALKS");
    struct stat s;

    if (given) {
        return given;
    }
    for (size_t i = 0; i < ARRAY_SIZE(folders); i++) {
        if (!stat(folders[i], &s) && S_ISDIR(s.st_mode)) {
            return folders[i];
        }
    }
    return NULL;
}

void
switch_check_load(const char *path, struct mib_varbinds *vbs)
{
    struct ds text = DS_EMPTY_INITIALIZER;
    FILE *stream = fopen(path, "r");
    char buffer[65536], *error;
    size_t n;

    if (!stream) {
        ovs_fatal(errno, "%s", path);
    }
    while ((n = fread(buffer, 1, sizeof buffer, stream)) > 0) {
        ds_put_buffer(&text, buffer, n);
    }
    fclose(stream);
    error = snmprec_parse(ds_cstr(&text), text.length, vbs);
    if (error) {
        ovs_fatal(0, "%s: %s", path, error);
    }
    ds_destroy(&text);
}
