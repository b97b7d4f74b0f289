/* SPDX-License-Identifier: MIT */
#include "show/json.h"

#include <inttypes.h>
#include <string.h>

#include "base/base.h"
#include "base/text.h"

static void json_value(struct json *json, const char *key)
{
    if (json->member_before)
        fputc(',', json->out);
    if (json->depth)
        fprintf(json->out, "\n%*s", (int)json->depth, "");
    if (key)
        fprintf(json->out, "\"%s\": ", key);
    json->member_before = true;
}

void json_open(struct json *json, const char *key, char bracket)
{
    json_value(json, key);
    fputc(bracket, json->out);
    json->depth++;
    json->member_before = false;
}

void json_close(struct json *json, char bracket)
{
    json->depth--;
    if (json->member_before)
        fprintf(json->out, "\n%*s", (int)json->depth, "");
    fputc(bracket, json->out);
    json->member_before = true;
    if (!json->depth)
        fputc('\n', json->out);
}

static void json_character(FILE *out, uint32_t code, const char *text, size_t length)
{
    if (code == '"' || code == '\\')
        fprintf(out, "\\%c", (int)code);
    else if (code == '\n')
        fputs("\\n", out);
    else if (code == '\t')
        fputs("\\t", out);
    else if (text_harmful(code))
        fprintf(out, "\\u%04" PRIx32, code);
    else
        fwrite(text, 1, length, out);
}

void json_text(struct json *json, const char *key, const char *text, size_t bytes)
{
    if (!text) {
        json_none(json, key);
        return;
    }
    json_value(json, key);
    fputc('"', json->out);
    for (size_t i = 0; i < bytes;) {
        uint32_t code = 0;
        size_t length = text_decode(text + i, bytes - i, &code);
        if (length)
            json_character(json->out, code, text + i, length);
        else
            fputs("\\ufffd", json->out);
        i += length ? length : 1;
    }
    fputc('"', json->out);
}

void json_cstring(struct json *json, const char *key, const char *text)
{
    json_text(json, key, text, text ? strlen(text) : 0);
}

void json_unsigned(struct json *json, const char *key, uint64_t value)
{
    json_value(json, key);
    fprintf(json->out, "%" PRIu64, value);
}

void json_signed(struct json *json, const char *key, int64_t value)
{
    json_value(json, key);
    fprintf(json->out, "%" PRId64, value);
}

void json_bool(struct json *json, const char *key, bool value)
{
    json_value(json, key);
    fputs(value ? "true" : "false", json->out);
}

void json_none(struct json *json, const char *key)
{
    json_value(json, key);
    fputs("null", json->out);
}

void json_link(struct json *json, int64_t parent, uint64_t value)
{
    json_value(json, NULL);
    if (parent < 0)
        fprintf(json->out, "[null, %" PRIu64 "]", value);
    else
        fprintf(json->out, "[%" PRId64 ", %" PRIu64 "]", parent, value);
}
