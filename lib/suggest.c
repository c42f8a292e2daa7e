/* SPDX-License-Identifier: Apache-2.0 */

#include <config.h>
#include "lib/suggest.h"

#include <ctype.h>
#include <limits.h>
#include <stdbool.h>
#include <string.h>
#include <strings.h>
#include "util.h"

/* Words longer than this are not compared: nobody would recognise the
 * suggestion, and the work grows with the square. */
#define MAX_WORD 64

/* Costs of an edit.  A whole letter is worth several changes of case. */
#define COST_EDIT 4
#define COST_CASE 1

static int
cost_replace(char a, char b)
{
    if (a == b) {
        return 0;
    }
    return (tolower((unsigned char) a) == tolower((unsigned char) b)
            || ((a == '-' || a == '_') && (b == '-' || b == '_'))
            ? COST_CASE : COST_EDIT);
}

/* Three rows of the usual table suffice: the current one, the one above, and
 * the one above that for swapped neighbours. */
static int
distance(const char *a, size_t na, const char *b, size_t nb)
{
    int rows[3][MAX_WORD + 1];
    int *above2 = rows[0], *above = rows[1], *row = rows[2];

    for (size_t j = 0; j <= nb; j++) {
        above[j] = j * COST_EDIT;
    }
    for (size_t i = 1; i <= na; i++) {
        row[0] = i * COST_EDIT;
        for (size_t j = 1; j <= nb; j++) {
            int best = above[j - 1] + cost_replace(a[i - 1], b[j - 1]);

            best = MIN(best, above[j] + COST_EDIT);
            best = MIN(best, row[j - 1] + COST_EDIT);
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2]
                && a[i - 2] == b[j - 1]) {
                best = MIN(best, above2[j - 2] + COST_EDIT);
            }
            row[j] = best;
        }

        int *spare = above2;
        above2 = above;
        above = row;
        row = spare;
    }
    return above[nb];
}

/* The only one of 'words' that begins with 'word', or NULL. */
static const char *
unambiguous(const char *word, const char *const *words, size_t n)
{
    size_t len = strlen(word);
    const char *found = NULL;

    for (size_t i = 0; len > 1 && i < n; i++) {
        if (!strncasecmp(words[i], word, len)) {
            if (found && strcmp(found, words[i])) {
                return NULL;
            }
            found = words[i];
        }
    }
    return found;
}

const char *
suggest_nearest(const char *word, const char *const *words, size_t n)
{
    size_t len = strlen(word);
    const char *best = NULL;
    int best_distance = INT_MAX;

    if (!len || len > MAX_WORD) {
        return NULL;
    }
    for (size_t i = 0; i < n; i++) {
        size_t candidate_len = strlen(words[i]);
        size_t longer = MAX(len, candidate_len);
        /* One edit in a word of up to five letters, then one more for every
         * three; but never so many that nothing of the word is left. */
        int limit = COST_EDIT * (longer < 3 ? 0 : MIN(3, (longer + 1) / 3));

        if (!candidate_len || candidate_len > MAX_WORD
            || longer - MIN(len, candidate_len) > 3) {
            continue;
        }
        if (longer < 3) {
            limit = COST_CASE * longer;
        }

        int d = distance(word, len, words[i], candidate_len);
        if (d <= limit && d < best_distance) {
            best = words[i];
            best_distance = d;
        }
    }
    return best ? best : unambiguous(word, words, n);
}
