/* SPDX-License-Identifier: Apache-2.0
 *
 * How a module below the programs says that something happened which an
 * administrator should know: it calls report(), the program decides where it
 * goes (log, row in the Event table, standard error).
 *
 * A module holds a borrowed "const struct report_sink *", which must outlive
 * it; NULL drops the reports. */

#ifndef LIB_REPORT_H
#define LIB_REPORT_H 1

#include "openvswitch/compiler.h"

enum report_severity {
    REPORT_INFO,                /* Worth knowing. */
    REPORT_WARNING,             /* Wrong, and dealt with. */
    REPORT_ERROR,               /* Wrong, and somebody has to do something. */
};
const char *report_severity_to_string(enum report_severity);

struct report_sink {
    /* 'kind' is a short constant such as "drift"; 'message' is borrowed. */
    void (*cb)(void *aux, enum report_severity, const char *kind,
               const char *message);
    void *aux;
};

void report(const struct report_sink *, enum report_severity,
            const char *kind, const char *format, ...)
    OVS_PRINTF_FORMAT(4, 5);

#endif /* lib/report.h */
