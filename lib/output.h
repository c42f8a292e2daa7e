/* SPDX-License-Identifier: Apache-2.0
 *
 * What a program prints: one writer, so that text, JSON and CSV agree.
 *
 * A caller describes its answer once, as fields, nested objects and tables;
 * the writer renders it in the format that the user asked for:
 *
 *   OUTPUT_TABLE  for people: aligned "name: value" lines and tables with
 *                 headings; colour if the creator says that a terminal reads.
 *   OUTPUT_JSON   one object, the fields as members and each table as an
 *                 array of objects, a row a line.
 *   OUTPUT_CSV    the tables alone (RFC 4180), with a heading row.
 *
 * The same calls give the same bytes: order is the order of the calls, and
 * nothing depends on the locale, the time or the width of a terminal.  Text
 * never holds control characters, whatever the values hold; they are shown as
 * \xNN.  The writer does not decide what is printed, does not translate and
 * does not read options.
 *
 * Misuse (closing what is not open, a cell that is not the next column's) is
 * a bug of the caller and ends the program by an assertion. */

#ifndef LIB_OUTPUT_H
#define LIB_OUTPUT_H 1

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include "compiler.h"

struct json;
struct output;

enum output_format {
    OUTPUT_TABLE,
    OUTPUT_JSON,
    OUTPUT_CSV,
};

/* Parses "table", "json" or "csv"; false if 'name' is none of them. */
bool output_format_from_string(const char *name, enum output_format *);

/* How a value feels; colours in a table, nothing anywhere else. */
enum output_style {
    OUTPUT_PLAIN,
    OUTPUT_GOOD,                /* Allowed, enforced, added: green. */
    OUTPUT_BAD,                 /* Denied, error, removed: red. */
    OUTPUT_NOTABLE,             /* Changed, behind: yellow. */
    OUTPUT_HEADING,             /* Bold. */
};

/* A column of a table. */
struct output_column {
    const char *key;            /* Of the member in JSON. */
    const char *heading;        /* In text; NULL: the key, in capitals. */
    size_t width;               /* Least width in a stream; else unused. */
};

/* Writes to 'stream', which stays the caller's.  The answer as a whole is an
 * object, open from the start. */
struct output *output_create(FILE *stream, enum output_format, bool color);

/* As output_create(), for rows that appear one at a time without an end: each
 * row is written and flushed at once, in JSON as an object in a line of its
 * own.  Only output_open_table() with that table's rows may follow. */
struct output *output_create_stream(FILE *stream, enum output_format,
                                    bool color);

/* Closes the answer, writes what is pending and frees the writer.  Returns 0,
 * or the errno of the first write that failed.  NULL is fine. */
int output_destroy(struct output *);

/* Writes what is pending, before something that takes long.  Fields that
 * follow are aligned anew. */
void output_flush(struct output *);

/* The errno of the first write that failed so far; 0: none. */
int output_error(const struct output *);

enum output_format output_get_format(const struct output *);

/* Fields of the object, or cells of the table, that is open.  'key' is the
 * member's name, and in text the label ("_" becomes a space); cells come in
 * the order of the columns.  A null 'value' is null in JSON, "-" in text. */
void output_string(struct output *, const char *key, const char *value);
void output_styled(struct output *, const char *key, const char *value,
                   enum output_style);
void output_integer(struct output *, const char *key, long long int value);
void output_boolean(struct output *, const char *key, bool value);
void output_strings(struct output *, const char *key,
                    const char *const *values, size_t n);

/* Any JSON value, which stays the caller's.  Outside of a table an object
 * becomes a nested object and an array of objects a table whose columns are
 * all members, sorted; in a cell they are shown as compact JSON. */
void output_json(struct output *, const char *key, const struct json *value);

/* A nested object.  In text its fields stand indented below 'key'. */
void output_open_object(struct output *, const char *key);
void output_close_object(struct output *);

/* A table.  'columns' must stay until the table is closed.  In text, 'title'
 * stands above it unless NULL. */
void output_open_table(struct output *, const char *key, const char *title,
                       const struct output_column *columns, size_t n);
void output_close_table(struct output *);

/* Text for people: a line in OUTPUT_TABLE, nothing in the other formats.  It
 * may hold newlines; other control characters are escaped. */
void output_text(struct output *, enum output_style, const char *format, ...)
    OVS_PRINTF_FORMAT(3, 4);

/* 'text' with control characters, and bytes that are not UTF-8, shown as
 * \xNN; newlines too unless 'newlines'.  Caller frees. */
char *output_printable(const char *text, bool newlines);

#endif /* lib/output.h */
