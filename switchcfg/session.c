/* SPDX-License-Identifier: Apache-2.0 */

#include <config.h>
#include "switchcfg/session.h"

#include <stdlib.h>
#include "util.h"

const char *
switch_reply_status_to_string(enum switch_reply_status status)
{
    switch (status) {
    case SWITCH_REPLY_OK: return "ok";
    case SWITCH_REPLY_REFUSED: return "refused";
    case SWITCH_REPLY_TIMEOUT: return "timeout";
    case SWITCH_REPLY_BROKEN: return "broken";
    case SWITCH_REPLY_NOT_SENT: return "not sent";
    }
    OVS_NOT_REACHED();
}

void
switch_reply_destroy(struct switch_reply *reply)
{
    if (reply) {
        free(reply->error);
        mib_varbinds_destroy(&reply->varbinds);
        free(reply);
    }
}
