/* SPDX-License-Identifier: Apache-2.0 */

#include <config.h>
#include "lib/remotes.h"

#include <stdlib.h>
#include "tests/unit/tap.h"
#include "util.h"

static const struct {
    const char *text;
    const char *remotes;        /* Or how the error begins. */
    bool good;
} cases[] = {
    { "unix:/run/x.sock", "unix:/run/x.sock", true },
    { "tcp:127.0.0.1:6641", "tcp:127.0.0.1:6641", true },
    { "ssl:[::1]:6641", "ssl:[::1]:6641", true },
    { "ssl:192.0.2.1:6641,ssl:192.0.2.2:6642,unix:a",
      "ssl:192.0.2.1:6641,ssl:192.0.2.2:6642,unix:a", true },
    { "", "'' is not a connection method", false },
    { "unix:", "'unix:' is not a connection method", false },
    { "tpc:h:1", "'tpc:h:1' is not a connection method", false },
    { "ssl:192.0.2.1", "'ssl:192.0.2.1' is not ssl:HOST:PORT", false },
    { "ssl:192.0.2.1:66411", "'ssl:192.0.2.1:66411' is not ssl:", false },
    { "ssl:192.0.2.1:0", "'ssl:192.0.2.1:0' is not ssl:", false },
    { "ssl::6641", "'ssl::6641' is not ssl:", false },
    { "tcp:192.0.2.1:6641,", "'' is not a connection method", false },
    { "tcp:no such host:1", "'tcp:no such host:1': no address", false },
};

int
main(void)
{
    char *remotes, *error;

    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        error = remotes_parse(cases[i].text, &remotes);
        if (cases[i].good) {
            is_str(remotes, cases[i].remotes, "\"%s\"", cases[i].text);
        } else {
            ok(error && !remotes && !strncmp(error, cases[i].remotes,
                                             strlen(cases[i].remotes)),
               "\"%s\": %s", cases[i].text, error ? error : "no error");
        }
        free(remotes);
        free(error);
    }
    error = remotes_parse("ssl:localhost:6641", &remotes);
    ok(!error && (!strcmp(remotes, "ssl:127.0.0.1:6641")
                  || !strcmp(remotes, "ssl:[::1]:6641")),
       "a name is looked up: %s", error ? error : remotes);
    free(remotes);
    free(error);
    return tap_done();
}
