/* SPDX-License-Identifier: Apache-2.0 */

#include <config.h>
#include "lib/suggest.h"

#include "tests/unit/tap.h"
#include "util.h"

static const char *const words[] = {
    "version", "labels", "conflicts", "tvds", "flows", "hosts", "switches",
    "ees", "vlan_pool", "vni_pool", "vlan", "vni", "management-console",
};

static const struct {
    const char *word;
    const char *nearest;
    const char *what;
} cases[] = {
    { "lables", "labels", "swapped neighbours" },
    { "label", "labels", "a letter left out" },
    { "tvdss", "tvds", "a letter added" },
    { "hoats", "hosts", "a letter changed" },
    { "Flows", "flows", "case" },
    { "VLAN-POOL", "vlan_pool", "case and hyphen" },
    { "vlan-pol", "vlan_pool", "hyphen and a letter left out" },
    { "mangement-consol", "management-console", "two left out" },
    { "manag", "management-console", "abbreviation" },
    { "v", NULL, "one letter is not an abbreviation" },
    { "xyz", NULL, "nothing near" },
    { "", NULL, "empty" },
    { "flows", "flows", "exact" },
    { "zlan", "vlan", "the nearest, not the first" },
};

int
main(void)
{
    char big[5000];

    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        is_str(suggest_nearest(cases[i].word, words, ARRAY_SIZE(words)),
               cases[i].nearest, "%s: %s", cases[i].what, cases[i].word);
    }
    memset(big, 'v', sizeof big);
    big[sizeof big - 1] = '\0';
    ok(!suggest_nearest(big, words, ARRAY_SIZE(words)), "very long word");
    ok(!suggest_nearest("x", NULL, 0), "no words");

    static const char *const two[] = { "alpha-one", "alpha-two" };
    ok(!suggest_nearest("alp", two, 2), "ambiguous abbreviation");
    return tap_done();
}
