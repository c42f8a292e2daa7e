/* SPDX-License-Identifier: Apache-2.0
 *
 * tvdctl: the table of verbs, and what every verb may use.
 *
 * A verb is an entry of cli_verbs[] and a file of its own.  Its entry says all
 * that is to be known from outside: arguments, options, exit statuses.  Help,
 * parsing, completion and the tests of the manual page go by that table.
 *
 * A verb writes its answer to cli_output(), failures with cli_fail() and its
 * kin, and returns the exit status.  With --format=json standard output
 * always holds one JSON object, also when the verb fails ({"error": ...});
 * standard error always speaks to people. */

#ifndef CLI_CLI_H
#define CLI_CLI_H 1

#include <stdbool.h>
#include <stddef.h>
#include "compiler.h"
#include "lib/output.h"
#include "svec.h"

struct api_client;
struct cli;
struct json;
struct policy_errors;

struct cli_option {
    const char *name;           /* "wait" for --wait; NULL ends a list. */
    char letter;                /* 'h' for -h; 0: none. */
    const char *arg;            /* What its argument is called; NULL: none. */
    bool arg_optional;          /* --wait as well as --wait=SECONDS. */
    bool repeated;              /* May be given more than once. */
    const char *help;
};

struct cli_verb {
    const char *name;           /* "check", "ee add". */
    const char *args;           /* "FILE", "" for none. */
    size_t min_args, max_args;
    const char *summary;        /* One line, lower case. */
    const char *description;    /* More lines, or NULL. */
    const struct cli_option *options;
    const char *const *exits;   /* "0  allowed", ...; NULL at the end. */
    int failure;                /* Exit status of a failure. */
    int (*run)(struct cli *);
};

extern const struct cli_verb *const cli_verbs[];
extern const size_t cli_n_verbs;

/* Options that each verb takes. */
extern const struct cli_option cli_global_options[];

extern const struct cli_verb cli_verb_check;
extern const struct cli_verb cli_verb_plan;
extern const struct cli_verb cli_verb_apply;
extern const struct cli_verb cli_verb_show;
extern const struct cli_verb cli_verb_can;
extern const struct cli_verb cli_verb_ee_add;
extern const struct cli_verb cli_verb_ee_remove;
extern const struct cli_verb cli_verb_ee_move;
extern const struct cli_verb cli_verb_ee_list;
extern const struct cli_verb cli_verb_host_enrol;
extern const struct cli_verb cli_verb_host_revoke;
extern const struct cli_verb cli_verb_host_list;
extern const struct cli_verb cli_verb_host_certify;
extern const struct cli_verb cli_verb_admin_certify;
extern const struct cli_verb cli_verb_switch_show;
extern const struct cli_verb cli_verb_switch_plan;
extern const struct cli_verb cli_verb_switch_verify;
extern const struct cli_verb cli_verb_switch_adopt;
extern const struct cli_verb cli_verb_switch_save;
extern const struct cli_verb cli_verb_switch_retry;
extern const struct cli_verb cli_verb_switch_probe;
extern const struct cli_verb cli_verb_status;
extern const struct cli_verb cli_verb_events;
extern const struct cli_verb cli_verb_help;

/* An option that was given. */
struct cli_given {
    const struct cli_option *option;
    const char *value;          /* NULL: without an argument. */
};

/* One run of the program. */
struct cli {
    const struct cli_verb *verb;    /* NULL until it is known. */
    int failure;                    /* Its exit status, see cli_failure(). */
    struct svec args;               /* Its arguments. */
    struct cli_given *given;        /* Options, in order. */
    size_t n_given, allocated_given;

    enum output_format format;
    bool color;                 /* Of standard output. */
    bool verbose;
    int timeout_ms;             /* For an answer of the controller. */
    char *target;               /* Of the controller. */

    struct output *out;         /* Made by cli_output(). */
    struct api_client *client;  /* Opened by cli_call(). */
    bool progress_shown;        /* A line of progress is on the terminal. */
    bool failure_answered;      /* No failure can be added to the answer. */
    long long int wait_s;       /* --wait, -1 if not given. */
};

/* --- cli/options.c --------------------------------------------------------*/

/* Parses the command line into 'cli', which is zeroed.  Returns NULL, or an
 * error message that the caller frees. */
char *cli_parse(struct cli *, int argc, char *argv[])
    OVS_WARN_UNUSED_RESULT;

/* True if option 'name' was given. */
bool cli_has(const struct cli *, const char *name);
/* The argument of option 'name', the last if there are several; NULL if it
 * was not given or has none. */
const char *cli_value(const struct cli *, const char *name);
/* The argument of option 'name' as a number from 'min' to 'max', 'otherwise'
 * if it has none.  Returns false after having reported a bad one. */
bool cli_number(struct cli *, const char *name, long long int min,
                long long int max, long long int otherwise,
                long long int *value);

/* "; did you mean 'X'?" if 'word' is like one of the 'n' 'words', else "".
 * Caller frees. */
char *cli_suggestion(const char *word, const char *const *words, size_t n);

/* --- cli/report.c ---------------------------------------------------------*/

/* The exit status of a failure: that of the verb, or of those that begin like
 * what was given. */
int cli_failure(const struct cli *);
/* The writer for the answer, in the format that was asked for. */
struct output *cli_output(struct cli *);

/* Reports a failure: "tvdctl: message".  Returns the exit status for it. */
int cli_fail(struct cli *, const char *format, ...) OVS_PRINTF_FORMAT(2, 3);

/* Reports what is wrong with a policy, each as file:line:column: message. */
int cli_fail_policy(struct cli *, const struct policy_errors *);
/* The same for errors as the API gives them, an array of objects. */
int cli_fail_api_policy(struct cli *, const char *file, const char *message,
                        const struct json *errors);

/* Says on standard error what is being waited for: in place if that is a
 * terminal, a line each time the text changes if --verbose, else not. */
void cli_progress(struct cli *, const char *format, ...)
    OVS_PRINTF_FORMAT(2, 3);
/* Takes the line of progress off the terminal. */
void cli_progress_end(struct cli *);

/* --- cli/help.c -----------------------------------------------------------*/

/* Prints help about 'verb', about all of them if NULL. */
int cli_print_help(struct cli *, const struct cli_verb *verb);

/* --- cli/choose.c ---------------------------------------------------------*/

/* Sets 'cli->client' to a connection to the controller at 'cli->target', or
 * of a list with commas to the active one, for which it waits a few seconds;
 * "status" makes do with any that answers.  Returns NULL, or an error message
 * that the caller frees. */
char *cli_connect(struct cli *, int timeout_ms)
    OVS_WARN_UNUSED_RESULT;

/* --- cli/remote.c ---------------------------------------------------------*/

/* Calls 'method' of the controller with 'params', which is taken over.
 * Returns its answer, an object; NULL after having reported a failure, errors
 * of a policy as in 'file' (may be NULL). */
struct json *cli_call(struct cli *, const char *method, struct json *params,
                      const char *file);
/* The same, giving the controller 'extra_ms' more to answer.  'who' is what
 * progress says is waited for, "controller"; NULL: it is no progress that is
 * waited for, and nothing is said. */
struct json *cli_call_long(struct cli *, const char *method,
                           struct json *params, const char *file,
                           int extra_ms, const char *who);

/* The same once, without a word: returns the answer within 'timeout_ms', or
 * NULL with the reason in '*message', which the caller frees.  May be called
 * again, when it connects anew. */
struct json *cli_try(struct cli *, const char *method, struct json *params,
                     int timeout_ms, char **message);

/* Members of what the controller answered; whatever is missing or has another
 * type is NULL, 0 or false. */
const struct json *cli_member(const struct json *object, const char *name);
const char *cli_member_string(const struct json *object, const char *name);
long long int cli_member_integer(const struct json *object, const char *name);
bool cli_member_true(const struct json *object, const char *name);
const struct json *cli_member_array(const struct json *object,
                                    const char *name);

/* Reads FILE ("-" is standard input) whole into '*text'; caller frees.  False
 * after having reported a failure. */
bool cli_read_file(struct cli *, const char *file, char **text);

/* Sends the policy in FILE, the first argument, to 'method', with --dry-run if
 * that was given.  Returns the answer, to be destroyed by the caller; NULL
 * after having reported a failure. */
struct json *cli_send_policy(struct cli *, const char *method);

/* --- cli/tls.c ------------------------------------------------------------*/

/* Prepares for a controller at "ssl:": its options name the files of the
 * administrator.  False after having reported a failure. */
bool cli_use_tls(struct cli *);

/* --- cli/changes.c --------------------------------------------------------*/

/* Prints "changes" of an answer, grouped by kind; returns their number. */
size_t cli_print_changes(struct cli *, const struct json *answer,
                         bool planned);

/* All that follows once the controller has changed something, or would have
 * with --dry-run: prints the changes, waits if --wait was given.  Returns the
 * exit status. */
int cli_finish_change(struct cli *, const struct json *answer);

/* --- cli/wait.c -----------------------------------------------------------*/

/* If --wait was given: waits until all hosts enforce "seq" of 'answer', and
 * prints who does not.  Goes on if the controller is restarted meanwhile.
 * Returns the exit status. */
int cli_wait_enforced(struct cli *, const struct json *answer);
/* Prints a table of 'hosts', an array of {name, state, seq, reason}; if
 * 'missing_only' without those that are where they should be. */
void cli_print_hosts(struct cli *, const struct json *hosts,
                     const char *title, bool missing_only);
/* The option for it, and the exit statuses of verbs that have it. */
#define CLI_OPTION_WAIT                                                 \
    { .name = "wait", .arg = "SECONDS", .arg_optional = true,           \
      .help = "wait until every host enforces it, 60 s if no time is "  \
              "given" }
#define CLI_EXIT_NOT_ENFORCED \
    "3  done, but after --wait not known to be enforced by every host"
#define CLI_NOT_ENFORCED 3

#endif /* cli/cli.h */
