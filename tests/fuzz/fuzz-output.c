/* SPDX-License-Identifier: Apache-2.0
 *
 * The writer fed with what another program sent: whatever the bytes are, JSON
 * stays JSON, and nothing that could drive a terminal comes out. */

#include <config.h>
#include "lib/output.h"

#include <stdlib.h>
#include <string.h>
#include "openvswitch/json.h"
#include "util.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
write_all(struct output *o, const char *text, const struct json *json)
{
    static const struct output_column columns[] = {
        { .key = "text" }, { .key = "json" },
    };

    output_string(o, "text", text);
    output_json(o, "json", json);
    output_open_table(o, "table", "table", columns, 2);
    output_string(o, "text", text);
    output_json(o, "json", json);
    output_close_table(o);
    output_text(o, OUTPUT_PLAIN, "%s", text);
}

/* Escape sequences begin with ESC, or with CSI as one character (C2 9B). */
static void
check_harmless(const char *text)
{
    for (const unsigned char *p = (const unsigned char *) text; *p; p++) {
        ovs_assert((*p >= 0x20 && *p != 0x7f) || *p == '\n' || *p == '\r');
        ovs_assert(p[0] != 0xc2 || p[1] >= 0xa0);
    }
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *input = xmemdup0((const char *) data, size);
    struct json *json = json_from_string(input);

    for (int format = OUTPUT_TABLE; format <= OUTPUT_CSV; format++) {
        char *text;
        size_t length;
        FILE *stream = open_memstream(&text, &length);
        struct output *o = output_create(stream, format, false);

        write_all(o, input, json);
        ovs_assert(!output_destroy(o));
        fclose(stream);
        check_harmless(text);
        if (format == OUTPUT_JSON) {
            struct json *again = json_from_string(text);

            ovs_assert(again->type == JSON_OBJECT);
            json_destroy(again);
        }
        free(text);
    }
    json_destroy(json);
    free(input);
    return 0;
}
