/* SPDX-License-Identifier: Apache-2.0
 *
 * The nearest match for a misspelt word: "did you mean ...?".
 *
 * Pure; it knows nothing of where the words come from. */

#ifndef LIB_SUGGEST_H
#define LIB_SUGGEST_H 1

#include <stddef.h>

/* Looks for the one of the 'n' 'words' that is most like 'word': few letters
 * changed, left out, added or two neighbours swapped (Damerau-Levenshtein
 * distance, restricted form; letters that differ in case only count little),
 * or an unambiguous abbreviation.  Returns an element of 'words', or NULL if
 * none is near enough to be meant.  Of equally near ones the first wins. */
const char *suggest_nearest(const char *word, const char *const *words,
                            size_t n);

#endif /* lib/suggest.h */
