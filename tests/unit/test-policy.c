/* SPDX-License-Identifier: Apache-2.0
 *
 * The policy parser against files: tests/golden/policy/bad/NAME.yaml must give
 * exactly the messages in NAME.err; good/NAME.yaml, and every example, must
 * give the model printed in good/NAME.out, and printing and parsing again must
 * not change it. */

#include <config.h>
#include <glob.h>
#include <stdlib.h>
#include "flowpolicy/policy.h"
#include "tests/unit/golden.h"
#include "tests/unit/policy-print.h"
#include "util.h"

/* "x/y/name.yaml" -> "policy/DIR/name.SUFFIX".  Caller frees. */
static char *
golden_name(const char *path, const char *dir, const char *suffix)
{
    const char *base = strrchr(path, '/') + 1;

    return xasprintf("policy/%s/%.*s.%s", dir,
                     (int) (strlen(base) - strlen(".yaml")), base, suffix);
}

/* Only the name without folders is in the messages. */
static struct model *
parse(const char *path, struct policy_errors *errors)
{
    struct policy_errors file;
    size_t len = 0;
    char *text = NULL;

    /* Read as a file, for the text; parsed again under the short name. */
    policy_errors_init(&file, path);
    model_destroy(policy_parse_file(&file, &text, &len));
    policy_errors_destroy(&file);

    policy_errors_init(errors, strrchr(path, '/') + 1);
    struct model *m = text ? policy_parse(text, len, errors) : NULL;
    free(text);
    return m;
}

static void
test_bad(const char *path)
{
    char *name = golden_name(path, "bad", "err");
    struct policy_errors errors;
    struct model *m = parse(path, &errors);
    char *text = policy_errors_format(&errors);

    ok(!m, "%s is refused", path);
    is_golden(text, name);
    free(text);
    model_destroy(m);
    policy_errors_destroy(&errors);
    free(name);
}

static void
test_good(const char *path)
{
    char *name = golden_name(path, "good", "out");
    struct policy_errors errors;
    struct model *m = parse(path, &errors);
    char *text = policy_errors_format(&errors);

    is_str(text, "", "%s is accepted", path);
    free(text);
    policy_errors_destroy(&errors);
    if (m) {
        char *printed = policy_print(m);

        is_golden(printed, name);
        policy_errors_init(&errors, "printed");

        struct model *again = policy_parse(printed, strlen(printed), &errors);
        text = policy_errors_format(&errors);
        is_str(text, "", "%s printed is accepted", path);
        free(text);
        if (again) {
            text = policy_print(again);
            is_str(text, printed, "%s printed is the same policy", path);
            free(text);
        }
        policy_errors_destroy(&errors);
        model_destroy(again);
        free(printed);
    }
    model_destroy(m);
    free(name);
}

static void
for_each(const char *pattern, void (*test)(const char *path))
{
    glob_t found;

    if (!ok(!glob(pattern, 0, NULL, &found), "%s exists", pattern)) {
        return;
    }
    for (size_t i = 0; i < found.gl_pathc; i++) {
        test(found.gl_pathv[i]);
    }
    globfree(&found);
}

static void
test_unreadable(const char *path, const char *message)
{
    struct policy_errors errors;
    char *text = NULL;
    size_t len;

    policy_errors_init(&errors, path);
    ok(!policy_parse_file(&errors, &text, &len) && !text, "%s", path);

    char *got = policy_errors_format(&errors);
    is_str(got, message, "%s: message", path);
    free(got);
    policy_errors_destroy(&errors);
}

int
main(void)
{
    test_unreadable("/nowhere", "/nowhere: cannot read the file: No such file "
                    "or directory\n");
    test_unreadable("/", "/: cannot read the file: Is a directory\n");
    for_each("tests/golden/policy/bad/*.yaml", test_bad);
    for_each("tests/golden/policy/good/*.yaml", test_good);
    for_each("examples/*.yaml", test_good);
    return tap_done();
}
