/* SPDX-License-Identifier: Apache-2.0 */

#include <config.h>
#include "lib/output.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include "openvswitch/dynamic-string.h"
#include "openvswitch/json.h"
#include "openvswitch/shash.h"
#include "sset.h"
#include "util.h"

#define MAX_DEPTH 16

/* A value, ready to be laid out. */
struct cell {
    char *label;                /* Of a field; NULL in a table. */
    char *text;
    enum output_style style;
    bool number;
};

struct output {
    FILE *stream;
    enum output_format format;
    bool color;
    bool endless;               /* Rows are written one at a time. */
    int error;                  /* First failure to write. */

    /* Objects that are open, outermost first. */
    bool empty[MAX_DEPTH];      /* Nothing in it yet. */
    int depth;

    /* Text: fields that wait until the width of their labels is known, or
     * rows that wait until the width of the columns is. */
    struct cell *cells;
    size_t n_cells, allocated_cells;
    bool written;               /* Something stands above. */

    /* The table that is open, if 'columns' is nonnull. */
    const struct output_column *columns;
    size_t n_columns;
    size_t next;                /* Column of the next cell. */
    size_t n_rows;              /* JSON, CSV and streams: rows begun. */
    char *title;
};

bool
output_format_from_string(const char *name, enum output_format *format)
{
    static const char *const names[] = {
        [OUTPUT_TABLE] = "table",
        [OUTPUT_JSON] = "json",
        [OUTPUT_CSV] = "csv",
    };

    for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
        if (!strcmp(name, names[i])) {
            *format = i;
            return true;
        }
    }
    return false;
}

int
output_error(const struct output *o)
{
    return o->error;
}

enum output_format
output_get_format(const struct output *o)
{
    return o->format;
}

/* Characters. */

/* Decodes the UTF-8 character at 's' (RFC 3629, section 4) into '*c'; returns
 * its length, 0 if it is malformed. */
static size_t
utf8_decode(const unsigned char *s, uint32_t *c)
{
    size_t n = s[0] < 0x80 ? 1
               : s[0] >= 0xc2 && s[0] < 0xe0 ? 2
               : s[0] >= 0xe0 && s[0] < 0xf0 ? 3
               : s[0] >= 0xf0 && s[0] < 0xf5 ? 4 : 0;

    *c = n > 1 ? s[0] & (0xff >> (n + 1)) : s[0];
    for (size_t i = 1; i < n; i++) {
        if ((s[i] & 0xc0) != 0x80) {
            return 0;
        }
        *c = *c << 6 | (s[i] & 0x3f);
    }
    if ((n == 3 && *c < 0x800) || (n == 4 && *c < 0x10000)
        || *c > 0x10ffff || (*c >= 0xd800 && *c < 0xe000)) {
        return 0;
    }
    return n;
}

/* Control characters could drive a terminal; marks that reorder text could
 * make one name look like another. */
static bool
is_displayable(uint32_t c)
{
    return c >= 0x20 && !(c >= 0x7f && c < 0xa0)
           && !(c >= 0x202a && c <= 0x202e) && !(c >= 0x2066 && c <= 0x2069);
}

char *
output_printable(const char *text, bool newlines)
{
    struct ds ds = DS_EMPTY_INITIALIZER;

    for (const unsigned char *s = (const unsigned char *) text; *s; ) {
        uint32_t c;
        size_t n = utf8_decode(s, &c);

        if (n && (is_displayable(c) || (c == '\n' && newlines))) {
            ds_put_buffer(&ds, (const char *) s, n);
            s += n;
        } else {
            ds_put_format(&ds, "\\x%02x", *s++);
        }
    }
    return ds_steal_cstr(&ds);
}

/* Columns that 'text', which is printable, takes. */
static size_t
text_width(const char *text)
{
    size_t width = 0;

    for (; *text; text++) {
        width += (*text & 0xc0) != 0x80;
    }
    return width;
}

/* Writing. */

static void
put(struct output *o, const char *text)
{
    if (fputs(text, o->stream) < 0 && !o->error) {
        o->error = errno ? errno : EIO;
    }
}

static void
put_spaces(struct output *o, size_t n)
{
    while (n--) {
        put(o, " ");
    }
}

static void
put_styled(struct output *o, const char *text, enum output_style style)
{
    static const char *const codes[] = {
        [OUTPUT_GOOD] = "\033[32m",
        [OUTPUT_BAD] = "\033[31m",
        [OUTPUT_NOTABLE] = "\033[33m",
        [OUTPUT_HEADING] = "\033[1m",
    };

    if (o->color && style != OUTPUT_PLAIN) {
        put(o, codes[style]);
        put(o, text);
        put(o, "\033[0m");
    } else {
        put(o, text);
    }
}

static void
put_csv(struct output *o, const char *value)
{
    /* A leading =, +, - or @ would be run as a formula by a spreadsheet, but
     * quoting does not help against that, and changing values would make CSV
     * disagree with JSON; so only RFC 4180 is followed. */
    char *text = output_printable(value, true);

    if (!text[strcspn(text, "\",\n")]) {
        put(o, text);
    } else {
        put(o, "\"");
        for (const char *p = text; *p; p++) {
            char c[3] = { *p, *p == '"' ? '"' : '\0', '\0' };

            put(o, c);
        }
        put(o, "\"");
    }
    free(text);
}

/* Appends 'json', valid JSON, with what must not reach a terminal escaped. */
static void
put_displayable(const char *json, struct ds *ds)
{
    for (const unsigned char *s = (const unsigned char *) json; *s; ) {
        uint32_t c;
        size_t n = utf8_decode(s, &c);

        if (!n) {
            ds_put_cstr(ds, "\\ufffd");
        } else if (is_displayable(c)) {
            ds_put_buffer(ds, (const char *) s, n);
        } else {
            ds_put_format(ds, "\\u%04"PRIx32, c);
        }
        s += MAX(n, 1);
    }
}

/* Appends 'text' as a JSON string: well-formed whatever it holds. */
static void
json_quote(const char *text, struct ds *ds)
{
    struct ds quoted = DS_EMPTY_INITIALIZER;

    json_string_escape(text, &quoted);
    put_displayable(ds_cstr(&quoted), ds);
    ds_destroy(&quoted);
}

static void
put_json_string(struct output *o, const char *text)
{
    struct ds ds = DS_EMPTY_INITIALIZER;

    json_quote(text, &ds);
    put(o, ds_cstr(&ds));
    ds_destroy(&ds);
}

/* JSON: a comma where one is needed, a new line, indentation, the key. */
static void
put_json_key(struct output *o, const char *key)
{
    put(o, o->empty[o->depth - 1] ? "\n" : ",\n");
    o->empty[o->depth - 1] = false;
    put_spaces(o, 2 * o->depth);
    put_json_string(o, key);
    put(o, ": ");
}

/* Life. */

struct output *
output_create(FILE *stream, enum output_format format, bool color)
{
    struct output *o = xzalloc(sizeof *o);

    o->stream = stream;
    o->format = format;
    o->color = color && format == OUTPUT_TABLE;
    o->depth = 1;
    o->empty[0] = true;
    if (format == OUTPUT_JSON) {
        put(o, "{");
    }
    return o;
}

struct output *
output_create_stream(FILE *stream, enum output_format format, bool color)
{
    struct output *o = xzalloc(sizeof *o);

    o->stream = stream;
    o->format = format;
    o->color = color && format == OUTPUT_TABLE;
    o->depth = 1;
    o->empty[0] = true;
    o->endless = true;
    return o;
}

static void
clear_cells(struct output *o)
{
    for (size_t i = 0; i < o->n_cells; i++) {
        free(o->cells[i].label);
        free(o->cells[i].text);
    }
    o->n_cells = 0;
}

/* Text: writes the fields that wait, their values aligned. */
static void
flush_fields(struct output *o)
{
    size_t width = 0;

    for (size_t i = 0; i < o->n_cells; i++) {
        width = MAX(width, text_width(o->cells[i].label));
    }
    for (size_t i = 0; i < o->n_cells; i++) {
        const struct cell *c = &o->cells[i];

        put_spaces(o, 2 * (o->depth - 1));
        put(o, c->label);
        put(o, ":");
        put_spaces(o, 1 + width - text_width(c->label));
        put_styled(o, c->text, c->style);
        put(o, "\n");
        o->written = true;
    }
    clear_cells(o);
}

static void
flush_stream(struct output *o)
{
    if (fflush(o->stream) && !o->error) {
        o->error = errno;
    }
}

void
output_flush(struct output *o)
{
    ovs_assert(!o->columns);
    flush_fields(o);
    flush_stream(o);
}

int
output_destroy(struct output *o)
{
    int error;

    if (!o) {
        return 0;
    }
    ovs_assert(o->depth == 1);
    if (o->columns) {
        ovs_assert(o->endless);
        output_close_table(o);
    }
    flush_fields(o);
    if (o->format == OUTPUT_JSON && !o->endless) {
        put(o, o->empty[0] ? "}\n" : "\n}\n");
    }
    flush_stream(o);
    error = o->error;
    free(o->cells);
    free(o->title);
    free(o);
    return error;
}

/* Values. */

static struct cell *
add_cell(struct output *o)
{
    if (o->n_cells >= o->allocated_cells) {
        o->cells = x2nrealloc(o->cells, &o->allocated_cells,
                              sizeof *o->cells);
    }
    return &o->cells[o->n_cells++];
}

/* "seq_enforced" as it is read: "seq enforced". */
static char *
label_from_key(const char *key)
{
    char *label = output_printable(key, false);

    for (char *p = label; *p; p++) {
        if (*p == '_') {
            *p = ' ';
        }
    }
    return label;
}

static char *
heading_of(const struct output_column *c)
{
    char *heading;

    if (c->heading) {
        return output_printable(c->heading, false);
    }
    heading = label_from_key(c->key);
    for (char *p = heading; *p; p++) {
        *p = toupper((unsigned char) *p);
    }
    return heading;
}

/* Writes the heading row of a CSV table, or of an endless one. */
static void
put_headings(struct output *o)
{
    for (size_t i = 0; i < o->n_columns; i++) {
        char *heading = heading_of(&o->columns[i]);

        if (o->format == OUTPUT_CSV) {
            put(o, i ? "," : "");
            put_csv(o, o->columns[i].key);
        } else {
            put_styled(o, heading, OUTPUT_HEADING);
            if (i + 1 < o->n_columns) {
                size_t width = text_width(heading);

                put_spaces(o, 2 + MAX(width, o->columns[i].width) - width);
            }
        }
        free(heading);
    }
    put(o, o->format == OUTPUT_CSV ? "\r\n" : "\n");
}

/* Before the first cell of a row that is written at once. */
static void
begin_row(struct output *o)
{
    if (o->format == OUTPUT_JSON && !o->endless) {
        put(o, o->n_rows ? ",\n" : "\n");
        put_spaces(o, 2 * o->depth + 2);
    }
    if (o->format == OUTPUT_JSON) {
        put(o, "{");
    }
    o->n_rows++;
}

/* After the last one. */
static void
end_row(struct output *o)
{
    if (o->format == OUTPUT_JSON) {
        put(o, o->endless ? "}\n" : "}");
    } else {
        put(o, o->format == OUTPUT_CSV ? "\r\n" : "\n");
    }
    if (o->endless) {
        flush_stream(o);
    }
}

static void
put_row_cell(struct output *o, const char *key, const char *json,
             const char *text, enum output_style style)
{
    size_t column = o->next;

    if (!column) {
        begin_row(o);
    }
    if (o->format == OUTPUT_JSON) {
        put(o, column ? ", " : "");
        put_json_string(o, key);
        put(o, ": ");
        put(o, json);
    } else if (o->format == OUTPUT_CSV) {
        put(o, column ? "," : "");
        put_csv(o, text);
    } else {
        char *printable = output_printable(text, false);
        size_t width = text_width(printable);

        put_styled(o, printable, style);
        if (column + 1 < o->n_columns) {
            put_spaces(o, 2 + MAX(width, o->columns[column].width) - width);
        }
        free(printable);
    }
    if (column + 1 == o->n_columns) {
        end_row(o);
    }
}

/* The one way of every value: 'json' is what it is in JSON, 'text' what a
 * person reads. */
static void
emit(struct output *o, const char *key, const char *json, const char *text,
     enum output_style style, bool number)
{
    bool at_once = o->format != OUTPUT_TABLE || o->endless;

    if (o->columns) {
        ovs_assert(!strcmp(key, o->columns[o->next].key));
        if (at_once) {
            put_row_cell(o, key, json, text, style);
        }
        o->next = (o->next + 1) % o->n_columns;
    } else {
        ovs_assert(!o->endless);
        if (o->format == OUTPUT_JSON) {
            put_json_key(o, key);
            put(o, json);
        }
    }
    if (!at_once) {
        struct cell *c = add_cell(o);

        c->label = o->columns ? NULL : label_from_key(key);
        c->text = output_printable(text, false);
        c->style = style;
        c->number = number;
    }
}

void
output_styled(struct output *o, const char *key, const char *value,
              enum output_style style)
{
    struct ds json = DS_EMPTY_INITIALIZER;

    if (value) {
        json_quote(value, &json);
    } else {
        ds_put_cstr(&json, "null");
    }
    emit(o, key, ds_cstr(&json),
         value && *value ? value : o->format == OUTPUT_CSV ? "" : "-",
         style, false);
    ds_destroy(&json);
}

void
output_string(struct output *o, const char *key, const char *value)
{
    output_styled(o, key, value, OUTPUT_PLAIN);
}

void
output_integer(struct output *o, const char *key, long long int value)
{
    char *text = xasprintf("%lld", value);

    emit(o, key, text, text, OUTPUT_PLAIN, true);
    free(text);
}

void
output_boolean(struct output *o, const char *key, bool value)
{
    emit(o, key, value ? "true" : "false", value ? "yes" : "no",
         OUTPUT_PLAIN, false);
}

void
output_strings(struct output *o, const char *key, const char *const *values,
               size_t n)
{
    struct json *array = json_array_create_empty();

    for (size_t i = 0; i < n; i++) {
        json_array_add(array, json_string_create(values[i]));
    }
    output_json(o, key, array);
    json_destroy(array);
}

/* JSON values. */

/* What a person reads for 'value'. */
static void
json_to_text(const struct json *value, struct ds *ds)
{
    switch (value->type) {
    case JSON_STRING:
        ds_put_cstr(ds, json_string(value));
        break;
    case JSON_TRUE:
    case JSON_FALSE:
        ds_put_cstr(ds, value->type == JSON_TRUE ? "yes" : "no");
        break;
    case JSON_NULL:
        break;
    case JSON_ARRAY:
        for (size_t i = 0; i < value->array.n; i++) {
            ds_put_cstr(ds, i ? ", " : "");
            json_to_text(value->array.elems[i], ds);
        }
        break;
    case JSON_INTEGER:
    case JSON_REAL:
    case JSON_OBJECT:
    case JSON_SERIALIZED_OBJECT:
    case JSON_N_TYPES:
    default:
        json_to_ds(value, JSSF_SORT, ds);
        break;
    }
}

static void
emit_json_value(struct output *o, const char *key, const struct json *value)
{
    struct ds raw = DS_EMPTY_INITIALIZER;
    struct ds json = DS_EMPTY_INITIALIZER;
    struct ds text = DS_EMPTY_INITIALIZER;

    json_to_ds(value, JSSF_SORT, &raw);
    put_displayable(ds_cstr(&raw), &json);
    json_to_text(value, &text);
    if (!text.length && o->format != OUTPUT_CSV) {
        ds_put_char(&text, '-');
    }
    emit(o, key, ds_cstr(&json), ds_cstr(&text), OUTPUT_PLAIN,
         value->type == JSON_INTEGER || value->type == JSON_REAL);
    ds_destroy(&raw);
    ds_destroy(&json);
    ds_destroy(&text);
}

static bool
is_array_of_objects(const struct json *value)
{
    if (value->type != JSON_ARRAY || !value->array.n) {
        return false;
    }
    for (size_t i = 0; i < value->array.n; i++) {
        if (value->array.elems[i]->type != JSON_OBJECT) {
            return false;
        }
    }
    return true;
}

static void
output_json_table(struct output *o, const char *key, const struct json *rows)
{
    struct sset keys = SSET_INITIALIZER(&keys);
    struct output_column *columns;
    const struct json *none = json_null_create();
    const char **names;
    size_t n;

    for (size_t i = 0; i < rows->array.n; i++) {
        struct shash_node *node;

        SHASH_FOR_EACH (node, json_object(rows->array.elems[i])) {
            sset_add(&keys, node->name);
        }
    }
    n = sset_count(&keys);
    names = sset_sort(&keys);
    columns = xcalloc(MAX(n, 1), sizeof *columns);
    for (size_t i = 0; i < n; i++) {
        columns[i].key = names[i];
    }
    output_open_table(o, key, key, columns, n);
    for (size_t i = 0; i < rows->array.n; i++) {
        for (size_t j = 0; j < n; j++) {
            const struct json *value
                = shash_find_data(json_object(rows->array.elems[i]),
                                  names[j]);

            emit_json_value(o, names[j], value ? value : none);
        }
    }
    output_close_table(o);
    json_destroy(CONST_CAST(struct json *, none));
    free(columns);
    free(names);
    sset_destroy(&keys);
}

void
output_json(struct output *o, const char *key, const struct json *value)
{
    if (o->columns || o->depth + 1 >= MAX_DEPTH) {
        emit_json_value(o, key, value);
    } else if (value->type == JSON_OBJECT) {
        const struct shash_node **nodes = shash_sort(json_object(value));

        output_open_object(o, key);
        for (size_t i = 0; i < shash_count(json_object(value)); i++) {
            output_json(o, nodes[i]->name, nodes[i]->data);
        }
        output_close_object(o);
        free(nodes);
    } else if (is_array_of_objects(value)) {
        output_json_table(o, key, value);
    } else {
        emit_json_value(o, key, value);
    }
}

/* Objects. */

/* Text: the line above an object or a table. */
static void
put_title(struct output *o, const char *title)
{
    char *label = label_from_key(title);

    flush_fields(o);
    if (o->written && o->depth == 1) {
        put(o, "\n");
    }
    put_spaces(o, 2 * (o->depth - 1));
    put_styled(o, label, OUTPUT_HEADING);
    put(o, ":\n");
    o->written = true;
    free(label);
}

void
output_open_object(struct output *o, const char *key)
{
    ovs_assert(!o->columns && !o->endless && o->depth < MAX_DEPTH);
    if (o->format == OUTPUT_JSON) {
        put_json_key(o, key);
        put(o, "{");
    } else if (o->format == OUTPUT_TABLE) {
        put_title(o, key);
    }
    o->empty[o->depth++] = true;
}

void
output_close_object(struct output *o)
{
    bool empty;

    ovs_assert(!o->columns && o->depth > 1);
    flush_fields(o);
    empty = o->empty[--o->depth];
    if (o->format == OUTPUT_JSON) {
        if (!empty) {
            put(o, "\n");
            put_spaces(o, 2 * o->depth);
        }
        put(o, "}");
    }
}

/* Tables. */

void
output_open_table(struct output *o, const char *key, const char *title,
                  const struct output_column *columns, size_t n)
{
    ovs_assert(!o->columns && (n || !o->endless));
    flush_fields(o);
    if (o->format == OUTPUT_JSON && !o->endless) {
        put_json_key(o, key);
        put(o, "[");
    } else if (o->format == OUTPUT_CSV && o->written) {
        put(o, "\r\n");
    } else if (o->format == OUTPUT_TABLE && title) {
        put_title(o, title);
    } else if (o->format == OUTPUT_TABLE && o->written) {
        put(o, "\n");
    }
    o->title = nullable_xstrdup(title);
    o->columns = columns;
    o->n_columns = n;
    o->next = o->n_rows = 0;
    if (o->format == OUTPUT_CSV
        || (o->format == OUTPUT_TABLE && o->endless)) {
        put_headings(o);
    }
    o->written = true;
}

/* Widths of the columns, and which of them hold numbers alone. */
static void
measure(const struct output *o, char *const *headings, size_t *widths,
        bool *numbers)
{
    for (size_t i = 0; i < o->n_columns; i++) {
        size_t n_numbers = 0, n_words = 0;

        widths[i] = text_width(headings[i]);
        for (size_t j = i; j < o->n_cells; j += o->n_columns) {
            const struct cell *c = &o->cells[j];

            widths[i] = MAX(widths[i], text_width(c->text));
            n_numbers += c->number;
            n_words += !c->number && strcmp(c->text, "-");
        }
        numbers[i] = n_numbers && !n_words;
    }
}

static void
put_padded(struct output *o, const char *text, enum output_style style,
           size_t width, bool right, bool last)
{
    size_t pad = width - text_width(text);

    put_spaces(o, right ? pad : 0);
    put_styled(o, text, style);
    put_spaces(o, last ? 0 : 2 + (right ? 0 : pad));
    put(o, last ? "\n" : "");
}

static void
put_text_table(struct output *o)
{
    size_t n = o->n_columns;
    size_t indent = o->title ? 2 * o->depth : 2 * (o->depth - 1);
    char **headings = xcalloc(n, sizeof *headings);
    size_t *widths = xcalloc(n, sizeof *widths);
    bool *numbers = xcalloc(n, sizeof *numbers);

    for (size_t i = 0; i < n; i++) {
        headings[i] = heading_of(&o->columns[i]);
    }
    measure(o, headings, widths, numbers);
    put_spaces(o, indent);
    for (size_t i = 0; i < n; i++) {
        put_padded(o, headings[i], OUTPUT_HEADING, widths[i], numbers[i],
                   i + 1 == n);
        free(headings[i]);
    }
    for (size_t i = 0; i < o->n_cells; i++) {
        const struct cell *c = &o->cells[i];
        size_t column = i % n;

        put_spaces(o, column ? 0 : indent);
        put_padded(o, c->text, c->style, widths[column], numbers[column],
                   column + 1 == n);
    }
    free(headings);
    free(widths);
    free(numbers);
}

void
output_close_table(struct output *o)
{
    ovs_assert(o->columns && !o->next);
    if (o->format == OUTPUT_JSON && !o->endless) {
        if (o->n_rows) {
            put(o, "\n");
            put_spaces(o, 2 * o->depth);
        }
        put(o, "]");
    } else if (o->format == OUTPUT_TABLE && !o->endless && o->n_columns) {
        put_text_table(o);
    }
    clear_cells(o);
    o->columns = NULL;
    free(o->title);
    o->title = NULL;
}

void
output_text(struct output *o, enum output_style style, const char *format, ...)
{
    char *text, *printable;
    va_list args;

    if (o->format != OUTPUT_TABLE) {
        return;
    }
    ovs_assert(!o->columns);
    flush_fields(o);
    va_start(args, format);
    text = xvasprintf(format, args);
    va_end(args);
    printable = output_printable(text, true);
    put_styled(o, printable, style);
    put(o, "\n");
    o->written = true;
    free(printable);
    free(text);
}
