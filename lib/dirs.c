/* SPDX-License-Identifier: Apache-2.0 */

#include <config.h>
#include "lib/dirs.h"

#include <stdlib.h>
#include "util.h"

static const char *
from_env(const char *variable, const char *otherwise)
{
    const char *value = getenv(variable);

    return value && value[0] ? value : otherwise;
}

const char *
tvd_rundir(void)
{
    return from_env("TVD_RUNDIR", "/run/tvd");
}

const char *
tvd_dbdir(void)
{
    return from_env("TVD_DBDIR", "/var/lib/tvd");
}

const char *
tvd_agentdir(void)
{
    return from_env("TVD_AGENTDIR", "/var/lib/tvd-agent");
}

const char *
tvd_sysconfdir(void)
{
    return from_env("TVD_SYSCONFDIR", "/etc/tvd");
}

const char *
tvd_datadir(void)
{
    return from_env("TVD_DATADIR", TVD_DATADIR);
}

char *
tvd_run_path(const char *name)
{
    return xasprintf("%s/%s", tvd_rundir(), name);
}
