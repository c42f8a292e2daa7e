/* SPDX-License-Identifier: Apache-2.0 */

#include <config.h>
#include "lib/report.h"

#include <stdarg.h>
#include <stdlib.h>
#include "util.h"

const char *
report_severity_to_string(enum report_severity severity)
{
    switch (severity) {
    case REPORT_INFO:
        return "info";
    case REPORT_WARNING:
        return "warning";
    case REPORT_ERROR:
        return "error";
    }
    OVS_NOT_REACHED();
}

void
report(const struct report_sink *sink, enum report_severity severity,
       const char *kind, const char *format, ...)
{
    va_list args;
    char *message;

    if (!sink) {
        return;
    }
    va_start(args, format);
    message = xvasprintf(format, args);
    va_end(args);
    sink->cb(sink->aux, severity, kind, message);
    free(message);
}
