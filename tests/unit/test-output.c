/* SPDX-License-Identifier: Apache-2.0
 *
 * The writer: the same calls in every format against golden files. */

#include <config.h>
#undef NDEBUG
#include "lib/output.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>
#include "openvswitch/json.h"
#include "tests/unit/golden.h"
#include "util.h"

static const char *const suffixes[] = {
    [OUTPUT_TABLE] = "txt",
    [OUTPUT_JSON] = "json",
    [OUTPUT_CSV] = "csv",
};

static const struct output_column columns[] = {
    { .key = "name" },
    { .key = "seq_enforced" },
    { .key = "state", .heading = "State now" },
    { .key = "roles" },
};

static void
put_row(struct output *o, const char *name, long long int seq,
        const char *state, enum output_style style,
        const char *const *roles, size_t n)
{
    output_string(o, "name", name);
    output_integer(o, "seq_enforced", seq);
    output_styled(o, "state", state, style);
    output_strings(o, "roles", roles, n);
}

static void
write_hosts(struct output *o)
{
    const char *const roles[] = { "gateway", "client, os" };

    output_open_table(o, "hosts", "hosts", columns, ARRAY_SIZE(columns));
    put_row(o, "mgmt1", 7, "enforced", OUTPUT_GOOD, roles, 2);
    put_row(o, "a-host-with-a-long-name", 123, "behind", OUTPUT_NOTABLE,
            roles, 1);
    put_row(o, "b\xc3\xbcro", -1, NULL, OUTPUT_BAD, NULL, 0);
    output_close_table(o);
}

static void
write_document(struct output *o)
{
    output_string(o, "controller", "unix:/run/tvd/controller.sock");
    output_integer(o, "seq", 42);
    output_boolean(o, "lock_held", true);
    output_open_object(o, "policy");
    output_string(o, "file", "a \"b\".yaml");
    output_open_object(o, "counts");
    output_integer(o, "tvds", 2);
    output_close_object(o);
    output_close_object(o);
    write_hosts(o);
    output_text(o, OUTPUT_PLAIN, "\n%d of %d hosts enforce it.", 1, 3);
}

static void
write_hostile(struct output *o)
{
    output_string(o, "escape", "\033[31mred\033[0m\nnext: line");
    output_string(o, "broken", "\xff\xfe\xc3(\xed\xa0\x80");
    output_string(o, "direction", "a\xe2\x80\xae" "b");
    output_string(o, "c1", "\xc2\x9b" "31m");
    output_string(o, "empty", "");
    output_string(o, "quotes", "\"\\/");
    output_open_table(o, "t", NULL, columns, 1);
    output_string(o, "name", "line\none,\"two\"");
    output_close_table(o);
    output_text(o, OUTPUT_BAD, "bell\a but\na new line");
}

static void
write_json(struct output *o)
{
    struct json *json = json_from_string(
        "{\"rows\":[{\"b\":1,\"a\":[1,2]},{\"a\":null,\"c\":{\"z\":1,\"y\":2}}],"
        "\"none\":[],\"up\":true,\"real\":1.5,\"list\":[\"x\",\"y\"],"
        "\"in\":{\"deep\":{\"er\":\"value\"}}}");

    output_json(o, "reply", json);
    json_destroy(json);
}

static void
write_empty(struct output *o)
{
    output_open_table(o, "hosts", NULL, columns, ARRAY_SIZE(columns));
    output_close_table(o);
}

static void
write_nothing(struct output *o)
{
}

static char *
render(void (*write)(struct output *), enum output_format format, bool color)
{
    char *text;
    size_t size;
    FILE *stream = open_memstream(&text, &size);
    struct output *o = output_create(stream, format, color);

    write(o);
    ok(!output_destroy(o), "written");
    fclose(stream);
    return text;
}

static void
test_golden(void)
{
    static const struct {
        const char *what;
        void (*write)(struct output *);
    } tests[] = {
        { "document", write_document },
        { "hostile", write_hostile },
        { "json", write_json },
        { "empty", write_empty },
        { "nothing", write_nothing },
    };

    for (size_t i = 0; i < ARRAY_SIZE(tests); i++) {
        for (size_t f = 0; f < ARRAY_SIZE(suffixes); f++) {
            char *name = xasprintf("output/%s.%s", tests[i].what, suffixes[f]);
            char *text = render(tests[i].write, f, false);
            char *again = render(tests[i].write, f, false);

            is_golden(text, name);
            is_str(again, text, "%s is the same again", name);
            if (f == OUTPUT_JSON) {
                struct json *json = json_from_string(text);

                ok(json->type == JSON_OBJECT, "%s is JSON", name);
                json_destroy(json);
            }
            free(again);
            free(text);
            free(name);
        }
    }
}

static void
test_color(void)
{
    char *text = render(write_hosts, OUTPUT_TABLE, true);
    char *json = render(write_hosts, OUTPUT_JSON, true);

    is_golden(text, "output/color.txt");
    ok(!strchr(json, '\033'), "JSON is never coloured");
    free(text);
    free(json);
}

static void
test_stream(void)
{
    for (size_t f = 0; f < ARRAY_SIZE(suffixes); f++) {
        static const struct output_column stream_columns[] = {
            { .key = "time", .width = 8 },
            { .key = "message" },
        };
        char *name = xasprintf("output/stream.%s", suffixes[f]);
        char *text;
        size_t size;
        FILE *stream = open_memstream(&text, &size);
        struct output *o = output_create_stream(stream, f, false);

        output_open_table(o, "events", NULL, stream_columns, 2);
        output_string(o, "time", "12:00");
        output_string(o, "message", "first");
        ok(size > 0 && strstr(text, "first"), "%s: written at once", name);
        output_string(o, "time", "12:00:01.123");
        output_string(o, "message", "second\nline");
        ok(!output_destroy(o), "written");
        fclose(stream);
        is_golden(text, name);
        free(text);
        free(name);
    }
}

static void
test_errors(void)
{
    FILE *full = fopen("/dev/full", "w");
    enum output_format format;
    struct output *o;

    if (full) {
        o = output_create(full, OUTPUT_TABLE, false);
        write_document(o);
        ok(output_destroy(o) == ENOSPC, "a failed write is reported");
        fclose(full);
    } else {
        skip("a failed write is reported", "no /dev/full");
    }
    ok(!output_destroy(NULL), "destroying nothing");
    ok(output_format_from_string("csv", &format) && format == OUTPUT_CSV,
       "csv is a format");
    ok(!output_format_from_string("xml", &format), "xml is not");
}

int
main(void)
{
    test_golden();
    test_color();
    test_stream();
    test_errors();
    return tap_done();
}
