/* SPDX-License-Identifier: MIT */
#include "page/columns.h"

#include <stdlib.h>
#include <string.h>

#include "base/base.h"

void columns_begin(struct columns *columns, const char *name)
{
    if (columns->count == COLUMNS_MOST)
        abort(); /* a mistake of ours, whatever the log is */
    columns->list[columns->count++] = (struct column){.name = name, .at = columns->body.count};
}

static void added(struct columns *columns)
{
    struct column *column = &columns->list[columns->count - 1];
    column->count++;
    column->bytes = columns->body.count - column->at;
}

void columns_number(struct columns *columns, uint64_t value)
{
    bytes_number(&columns->body, value);
    added(columns);
}

void columns_signed(struct columns *columns, int64_t value)
{
    bytes_signed(&columns->body, value);
    added(columns);
}

void columns_text(struct columns *columns, const char *text, size_t bytes)
{
    size_t kept = bytes;
    if (bytes > COLUMN_TEXT_MOST) {
        kept = COLUMN_TEXT_MOST - 3;
        while (kept && ((unsigned char)text[kept] & 0xc0) == 0x80)
            kept--; /* not within a character */
    }
    for (size_t i = 0; i < kept; i++)
        bytes_add(&columns->body, text[i] ? &text[i] : "\xef\xbf\xbd", text[i] ? 1 : 3);
    bytes_add(&columns->body, "...", kept < bytes ? 3 : 0);
    bytes_add(&columns->body, "", 1);
    added(columns);
}

void columns_json(const struct columns *columns, struct json *json)
{
    json_open(json, "columns", '{');
    for (unsigned i = 0; i < columns->count; i++) {
        json_open(json, columns->list[i].name, '[');
        json_unsigned(json, NULL, columns->list[i].at);
        json_unsigned(json, NULL, columns->list[i].bytes);
        json_unsigned(json, NULL, columns->list[i].count);
        json_close(json, ']');
    }
    json_close(json, '}');
}

void columns_free(struct columns *columns)
{
    bytes_free(&columns->body);
    columns->count = 0;
}
