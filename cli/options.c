/* SPDX-License-Identifier: Apache-2.0
 *
 * From argv to a verb, its arguments and its options, by the table of verbs.
 *
 * getopt_long() is not used because it takes abbreviations (so that a new
 * option could change what a script means), and because its messages do not
 * say which verb an option belongs to. */

#include <config.h>
#include "cli/cli.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "lib/suggest.h"
#include "util.h"

const struct cli_option cli_global_options[] = {
    { .name = "controller", .arg = "TARGET",
      .help = "API of the controller, unix:PATH or ssl:HOST:PORT; of a list "
              "with commas, the active one" },
    { .name = "private-key", .arg = "FILE",
      .help = "for ssl:, by default ~/.config/tvd/key.pem" },
    { .name = "certificate", .arg = "FILE",
      .help = "for ssl:, by default ~/.config/tvd/cert.pem" },
    { .name = "ca-cert", .arg = "FILE",
      .help = "for ssl:, by default ~/.config/tvd/ca.pem" },
    { .name = "format", .letter = 'f', .arg = "FORMAT",
      .help = "table, json or csv" },
    { .name = "timeout", .letter = 't', .arg = "SECONDS",
      .help = "longest wait for the controller's answer, 60 s by default" },
    { .name = "color", .arg = "WHEN",
      .help = "auto (on a terminal, unless NO_COLOR is set), always, never" },
    { .name = "verbose", .letter = 'v',
      .help = "say what is being waited for, also without a terminal" },
    { .name = "help", .letter = 'h', .help = "help, also for a verb" },
    { .name = "version", .letter = 'V', .help = "the version" },
    { .name = NULL },
};

/* Options. */

static const struct cli_option *
find_in(const struct cli_option *options, const char *name, size_t n,
        char letter)
{
    for (; options && options->name; options++) {
        if (letter ? options->letter == letter
            : strlen(options->name) == n && !memcmp(options->name, name, n)) {
            return options;
        }
    }
    return NULL;
}

static const struct cli_option *
find_option(const struct cli_verb *verb, const char *name, size_t n,
            char letter)
{
    const struct cli_option *o = verb ? find_in(verb->options, name, n, letter)
                                      : NULL;

    return o ? o : find_in(cli_global_options, name, n, letter);
}

char *
cli_suggestion(const char *word, const char *const *words, size_t n)
{
    const char *nearest = suggest_nearest(word, words, n);

    return nearest ? xasprintf("; did you mean '%s'?", nearest)
                   : xstrdup("");
}

static char *
unknown_option(const struct cli_verb *verb, const char *given)
{
    size_t length = strcspn(given, "=");
    char *word = xmemdup0(given, length);
    struct svec names = SVEC_EMPTY_INITIALIZER;
    char *suggestion, *message;

    for (const struct cli_option *o = verb ? verb->options : NULL;
         o && o->name; o++) {
        svec_add_nocopy(&names, xasprintf("--%s", o->name));
    }
    for (const struct cli_option *o = cli_global_options; o->name; o++) {
        svec_add_nocopy(&names, xasprintf("--%s", o->name));
    }
    suggestion = cli_suggestion(word, (const char *const *) names.names,
                                names.n);
    message = xasprintf("unknown option '%s'%s%s%s%s ('tvdctl help%s%s' "
                        "lists them)", word, verb ? " of '" : "",
                        verb ? verb->name : "", verb ? "'" : "", suggestion,
                        verb ? " " : "", verb ? verb->name : "");
    svec_destroy(&names);
    free(suggestion);
    free(word);
    return message;
}

static void
give(struct cli *cli, const struct cli_option *option, const char *value)
{
    if (cli->n_given >= cli->allocated_given) {
        cli->given = x2nrealloc(cli->given, &cli->allocated_given,
                                sizeof *cli->given);
    }
    cli->given[cli->n_given++] = (struct cli_given) { option, value };
}

/* Takes 'option', shown as 'shown'.  'attached' is what followed "=" or the
 * letter; '*next' the next word of the command line, which is set to NULL if
 * it is the argument. */
static char *
take_option(struct cli *cli, const struct cli_option *option,
            const char *shown, const char *attached, const char **next)
{
    if (!option->arg && attached) {
        return xasprintf("option '%s' takes no argument", shown);
    }
    if (option->arg && !option->arg_optional && !attached) {
        if (!*next) {
            return xasprintf("option '%s' needs an argument: %s", shown,
                             option->help);
        }
        attached = *next;
        *next = NULL;
    }
    give(cli, option, attached);
    return NULL;
}

/* Parses 'word', which begins with "--". */
static char *
parse_long(struct cli *cli, const char *word, const char **next)
{
    size_t n = strcspn(word + 2, "=");
    const struct cli_option *option = find_option(cli->verb, word + 2, n, 0);
    char *shown, *error;

    if (!option) {
        return unknown_option(cli->verb, word);
    }
    shown = xmemdup0(word, n + 2);
    error = take_option(cli, option, shown,
                        word[n + 2] ? word + n + 3 : NULL, next);
    free(shown);
    return error;
}

/* Parses 'word', "-" and letters, the last of which may have an argument. */
static char *
parse_letters(struct cli *cli, const char *word, const char **next)
{
    for (const char *p = word + 1; *p; p++) {
        char shown[3] = { '-', *p, '\0' };
        const struct cli_option *option = find_option(cli->verb, NULL, 0, *p);
        char *error;

        if (!option) {
            return unknown_option(cli->verb, shown);
        }
        if (option->arg) {
            return take_option(cli, option, shown, p[1] ? p + 1 : NULL, next);
        }
        error = take_option(cli, option, shown, NULL, next);
        if (error) {
            return error;
        }
    }
    return NULL;
}

/* Verbs. */

/* True if 'verb' is called "FIRST ..." or just "FIRST". */
static bool
begins_with(const struct cli_verb *verb, const char *first)
{
    size_t n = strlen(first);

    return !strncmp(verb->name, first, n)
           && (verb->name[n] == ' ' || !verb->name[n]);
}

/* What failure is for the verbs that begin with 'first': if 1 is an answer of
 * some of them, it must not be what a misspelt one ends with. */
static int
failure_of(const char *first)
{
    int failure = EXIT_FAILURE;

    for (size_t i = 0; i < cli_n_verbs; i++) {
        if (begins_with(cli_verbs[i], first)) {
            failure = MAX(failure, cli_verbs[i]->failure);
        }
    }
    return failure;
}

static char *
unknown_verb(const char *first, const char *second)
{
    struct svec names = SVEC_EMPTY_INITIALIZER;
    char *given = second ? xasprintf("%s %s", first, second) : xstrdup(first);
    char *suggestion, *list, *message;

    for (size_t i = 0; i < cli_n_verbs; i++) {
        if (!second || begins_with(cli_verbs[i], first)) {
            const char *name = cli_verbs[i]->name;

            /* Alone, "ee" is as near to "ee add" as one can get. */
            svec_add_nocopy(&names, second ? xstrdup(name)
                            : xmemdup0(name, strcspn(name, " ")));
        }
    }
    svec_sort_unique(&names);
    suggestion = cli_suggestion(given, (const char *const *) names.names,
                                names.n);
    list = svec_join(&names, ", ", "");
    message = xasprintf("unknown verb '%s'%s (verbs: %s)", given,
                        suggestion, list);
    svec_destroy(&names);
    free(suggestion);
    free(given);
    free(list);
    return message;
}

/* The first word is known to begin verbs of two words. */
static char *
second_word_missing(const char *first)
{
    struct svec names = SVEC_EMPTY_INITIALIZER;
    char *list, *message;

    for (size_t i = 0; i < cli_n_verbs; i++) {
        if (begins_with(cli_verbs[i], first)) {
            svec_add(&names, cli_verbs[i]->name);
        }
    }
    list = svec_join(&names, ", ", "");
    message = xasprintf("'%s' alone says too little; one of: %s", first,
                        list);
    svec_destroy(&names);
    free(list);
    return message;
}

/* Takes 'word', which is no option: a part of the verb, or an argument.
 * '*first' is the first word of a verb of two. */
static char *
take_word(struct cli *cli, const char *word, const char **first)
{
    bool begins = false;

    if (cli->verb) {
        svec_add(&cli->args, word);
        return NULL;
    }
    for (size_t i = 0; i < cli_n_verbs; i++) {
        const struct cli_verb *verb = cli_verbs[i];

        if (*first ? begins_with(verb, *first)
                     && !strcmp(verb->name + strlen(*first) + 1, word)
            : !strcmp(verb->name, word)) {
            cli->verb = verb;
            return NULL;
        }
        begins = begins || begins_with(verb, word);
    }
    if (*first || !begins) {
        return *first ? unknown_verb(*first, word) : unknown_verb(word, NULL);
    }
    *first = word;
    cli->failure = failure_of(word);
    return NULL;
}

static char *
check_arguments(const struct cli *cli)
{
    const struct cli_verb *verb = cli->verb;

    if (cli->args.n < verb->min_args) {
        return xasprintf("'%s' needs %s", verb->name, verb->args);
    }
    if (cli->args.n > verb->max_args) {
        return xasprintf("'%s' does not expect '%s'; usage: tvdctl %s%s%s",
                         verb->name, cli->args.names[verb->max_args],
                         verb->name, *verb->args ? " " : "", verb->args);
    }
    return NULL;
}

/* --format comes first of all, so that any error is in the right format. */
static void
look_for_format(struct cli *cli, int argc, char *argv[])
{
    for (int i = 1; i < argc && strcmp(argv[i], "--"); i++) {
        const char *value = NULL;

        if (!strncmp(argv[i], "--format=", 9)) {
            value = argv[i] + 9;
        } else if (!strncmp(argv[i], "-f", 2) && argv[i][2]) {
            value = argv[i] + 2;
        } else if (!strcmp(argv[i], "--format") || !strcmp(argv[i], "-f")) {
            value = argv[i + 1];
        }
        if (value) {
            ignore(output_format_from_string(value, &cli->format));
        }
    }
}

static char *
parse_words(struct cli *cli, int argc, char *argv[])
{
    const char *first = NULL;
    bool only_words = false;

    for (int i = 1; i < argc; i++) {
        const char *next = argv[i + 1];
        bool had_next = next != NULL;
        const char *word = argv[i];
        char *error;

        if (!only_words && !strcmp(word, "--")) {
            only_words = true;
            continue;
        }
        error = only_words || word[0] != '-' || !word[1]
                ? take_word(cli, word, &first)
                : word[1] == '-' ? parse_long(cli, word, &next)
                : parse_letters(cli, word, &next);
        if (error) {
            return error;
        }
        i += had_next && !next;
    }
    return first && !cli->verb && !cli_has(cli, "help")
           ? second_word_missing(first) : NULL;
}

char *
cli_parse(struct cli *cli, int argc, char *argv[])
{
    const char *format;
    char *error;

    look_for_format(cli, argc, argv);
    error = parse_words(cli, argc, argv);
    if (error) {
        return error;
    }
    format = cli_value(cli, "format");
    if (format && !output_format_from_string(format, &cli->format)) {
        return xasprintf("bad format '%s': it must be table, json or csv",
                         format);
    }
    if (cli_has(cli, "help") || cli_has(cli, "version")) {
        return NULL;
    }
    if (!cli->verb) {
        return xstrdup("a verb is missing ('tvdctl help' lists them)");
    }
    return check_arguments(cli);
}

bool
cli_has(const struct cli *cli, const char *name)
{
    for (size_t i = 0; i < cli->n_given; i++) {
        if (!strcmp(cli->given[i].option->name, name)) {
            return true;
        }
    }
    return false;
}

const char *
cli_value(const struct cli *cli, const char *name)
{
    const char *value = NULL;

    for (size_t i = 0; i < cli->n_given; i++) {
        if (!strcmp(cli->given[i].option->name, name)) {
            value = cli->given[i].value;
        }
    }
    return value;
}

bool
cli_number(struct cli *cli, const char *name, long long int min,
           long long int max, long long int otherwise, long long int *value)
{
    const char *text = cli_value(cli, name);
    char *end;

    *value = otherwise;
    if (!text) {
        return true;
    }
    errno = 0;
    *value = strtoll(text, &end, 10);
    if (errno || end == text || *end || *value < min || *value > max) {
        cli_fail(cli, "bad value '%s' of --%s: it must be a number from "
                 "%lld to %lld", text, name, min, max);
        return false;
    }
    return true;
}
