/* SPDX-License-Identifier: Apache-2.0
 *
 * What a session is made of, without a device: credentials, files of engines
 * and memories, walks. */

#include <config.h>
#include "tests/unit/tap.h"

#include <stdlib.h>
#include "switchcfg/credentials.h"
#include "switchcfg/engine.h"
#include "switchcfg/memory.h"
#include "switchcfg/walk.h"
#include "util.h"

static void
test_credentials(void)
{
#define V3 "user: red\nauth-password: 12345678\npriv-password: abcdefgh\n"
    static const struct {
        const char *text, *error;
    } tests[] = {
        { V3, NULL },
        { "# x\n---\n" V3 "auth: sha512\npriv: aes256\nversion: 3\n", NULL },
        { "user : 'red' \r\nauth-password: \"1234 : 78\"\r\n"
          "priv-password:abcdefgh", NULL },
        { "community: x\n", NULL },
        { "version: 2c\ncommunity: x\n", NULL },
        { "", "user is missing" },
        { "user: red\nauth-password: 12345678\n",
          "priv-password is missing: what is SET on a switch is always "
          "encrypted" },
        { "version: 2c\n", "community is missing" },
        { V3 "community: x\n", "a community is of version 2c" },
        { "version: 2c\ncommunity: x\nuser: y\n",
          "user and passwords are of version 3" },
        { "version: 1\n", "line 1: version is 3 or 2c" },
        { "user: a\nuser: b\n", "line 2: the key stands there twice" },
        { "secret\n", "line 1: is not \"key: value\"" },
        { "auth: md5\n", "line 1: auth is sha, sha256 or sha512" },
        { "auth-password: short\n",
          "line 1: the value has less than 8 characters" },
        { "user: 'x\n", "line 1: the quote does not end" },
        { "user:\n", "line 1: there is no value" },
        { "\npasswd: x\n", "line 2: is none of version, user, auth, "
          "auth-password, priv, priv-password, community" },
    };

    for (size_t i = 0; i < ARRAY_SIZE(tests); i++) {
        struct switch_credentials *c;
        char *error = switch_credentials_parse(tests[i].text,
                                               strlen(tests[i].text), &c);

        is_str(error, tests[i].error, "credentials %"PRIuSIZE, i);
        ok(!c == (error != NULL), "either credentials or an error");
        free(error);
        switch_credentials_destroy(c);
    }
}

static void
test_engines(void)
{
    static const struct {
        const char *text;
        bool good;
    } tests[] = {
        { "engine 80001f8804 boots 1 time 2147483647\n", true },
        { "engine 80001f880 boots 1 time 1\n", false },
        { "engine 80001f88 boots 1 time 1\n", false },
        { "engine 80001f880x boots 1 time 1\n", false },
        { "engine 80001f8804 boots -1 time 1\n", false },
        { "engine 80001f8804 boots 1 time 2147483648\n", false },
        { "engine 80001f8804 boots 1 time 1 more\n", false },
        { "engine 80001f8804 boots 1\n", false },
        { "", false },
    };

    for (size_t i = 0; i < ARRAY_SIZE(tests); i++) {
        struct switch_engine e;
        char *error = switch_engine_parse(tests[i].text,
                                          strlen(tests[i].text), &e);
        char *again = switch_engine_format(&e);

        ok(!error == tests[i].good, "engine %"PRIuSIZE, i);
        ok(error ? !e.n_id && !e.boots : !strcmp(again, tests[i].text),
           "and the same again, or nothing");
        free(again);
        free(error);
    }
}

/* An answer of the objects in 'text', such as "1.3.1.1 1.3.1.2". */
static void
make_answer(const char *text, struct mib_varbinds *vbs)
{
    char *copy = xstrdup(text), *save = NULL;

    for (char *w = strtok_r(copy, " ", &save); w;
         w = strtok_r(NULL, " ", &save)) {
        struct mib_oid oid;
        bool end = *w == '!';

        ovs_assert(mib_oid_parse(w + end, strlen(w + end), &oid));
        mib_varbinds_add_null(vbs, &oid)->value.type
            = end ? MIB_END_OF_VIEW : MIB_INTEGER;
    }
    free(copy);
}

static void
test_walks(void)
{
    static const struct mib_oid roots[] = {
        MIB_OID(1, 3, 1), MIB_OID(1, 3, 2), MIB_OID(1, 3, 5),
    };
    static const struct {
        const char *answers[3];
        size_t n_found;
        const char *cursor;     /* NULL: done. */
        bool bad;
    } tests[] = {
        { { "1.3.1.1 1.3.1.2 1.3.2.7 1.3.5.1 1.3.6" }, 4, NULL, false },
        { { "1.3.1.1 1.3.1.2" }, 2, "1.3.1.2", false },
        { { "1.3.1.1 1.3.3.1 1.3.5.1" }, 1, "1.3.5", false },
        { { "1.3.1.1 1.3.3.1", "1.3.5.1 1.3.7" }, 2, NULL, false },
        { { "1.3.1.1 !1.3.1.1" }, 1, NULL, false },
        { { "1.4" }, 0, NULL, false },
        { { "1.3.1.1 1.3.1.1" }, 1, NULL, true },
        { { "1.3.1.2 1.3.1.1" }, 1, NULL, true },
        { { "1.3.1.2", "1.3.1.2" }, 1, NULL, true },
        { { "1.2" }, 0, NULL, true },
        { { "" }, 0, NULL, true },
    };

    for (size_t i = 0; i < ARRAY_SIZE(tests); i++) {
        struct switch_walk w;
        char *error = NULL, *cursor;

        switch_walk_init(&w, roots, ARRAY_SIZE(roots));
        for (size_t j = 0; j < 3 && tests[i].answers[j] && !error; j++) {
            struct mib_varbinds answer = { .n = 0 };

            make_answer(tests[i].answers[j], &answer);
            error = switch_walk_take(&w, &answer);
            ok(!answer.n, "the answer is taken over");
        }
        ok((error != NULL) == tests[i].bad, "walk %"PRIuSIZE": %s", i,
           error ? error : "right");
        ok(w.found.n == tests[i].n_found, "walk %"PRIuSIZE": objects", i);
        cursor = switch_walk_is_done(&w) ? NULL
                 : mib_oid_to_string(&w.cursor);
        if (!error) {
            is_str(cursor, tests[i].cursor, "walk %"PRIuSIZE": goes on", i);
        }
        free(cursor);
        free(error);
        switch_walk_destroy(&w);
    }
}

static void
test_memories(void)
{
    static const struct {
        const char *text;
        bool good;
    } tests[] = {
        { "switch ::1 created - save no saved no lock no\n", true },
        { "switch ::1 created 1,110-112,4094 save yes saved no lock yes\n",
          true },
        { "switch ::1 created 7,8 save no saved yes lock no\n", true },
        { "", false },
        { "switch ::1 created - save no saved no lock no", false },
        { "switch ::2 created - save no saved no lock no\n", false },
        { "switch ::1 created 0 save no saved no lock no\n", false },
        { "switch ::1 created 4095 save no saved no lock no\n", false },
        { "switch ::1 created 9-7 save no saved no lock no\n", false },
        { "switch ::1 created 1, save no saved no lock no\n", false },
        { "switch ::1 created 1-2-3 save no saved no lock no\n", false },
        { "switch ::1 created 12345 save no saved no lock no\n", false },
        { "switch ::1 created - save 1 saved no lock no\n", false },
        { "switch ::1 created - save no saved no lock no more\n", false },
    };

    for (size_t i = 0; i < ARRAY_SIZE(tests); i++) {
        static const struct switch_memory none;
        struct switch_memory m;
        char *error = switch_memory_parse(tests[i].text,
                                          strlen(tests[i].text), "::1", &m);
        char *text = switch_memory_format(&m, "::1");

        ok(!error == tests[i].good, "memory %"PRIuSIZE": %s", i,
           error ? error : "right");
        if (tests[i].good) {
            is_str(text, tests[i].text, "memory %"PRIuSIZE": again", i);
        } else {
            ok(switch_memory_equal(&m, &none), "memory %"PRIuSIZE": none", i);
        }
        free(text);
        free(error);
    }
}

int
main(void)
{
    test_credentials();
    test_engines();
    test_memories();
    test_walks();
    return tap_done();
}
