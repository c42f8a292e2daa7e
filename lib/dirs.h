/* SPDX-License-Identifier: Apache-2.0
 *
 * Where our own files are.  Each directory can be moved with an environment
 * variable, which the lab and the tests use; the strings are static and must
 * not be freed.  Open vSwitch's own directories stay with ovs_rundir(). */

#ifndef LIB_DIRS_H
#define LIB_DIRS_H 1

const char *tvd_rundir(void);     /* TVD_RUNDIR, /run/tvd: sockets, pids. */
const char *tvd_dbdir(void);      /* TVD_DBDIR, /var/lib/tvd: the database. */
/* TVD_AGENTDIR, /var/lib/tvd-agent: key and certificate of the host. */
const char *tvd_agentdir(void);
const char *tvd_sysconfdir(void); /* TVD_SYSCONFDIR, /etc/tvd. */
const char *tvd_datadir(void);    /* TVD_DATADIR, where the schema is. */

/* "<rundir>/<name>"; caller frees. */
char *tvd_run_path(const char *name);

#endif /* lib/dirs.h */
