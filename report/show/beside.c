/* SPDX-License-Identifier: MIT */
#include "show/beside.h"

#include <string.h>

#include "base/base.h"
#include "base/text.h"
#include "read/beside.h"
#include "show/terminal.h"

#define SHOWN 8u /* of the children */

static const char *const relations[BESIDE_KINDS] = {"before_exec", "after_exec", "parent", "child"};

static void print_one(const struct beside *one, const char *word, const char *what, FILE *out)
{
    char size[TEXT_SIZE_BYTES];
    fprintf(out, "  %-10s %s", word, what);
    text_put(out, one->name, strlen(one->name), SIZE_MAX);
    fprintf(out, " (peak %s)\n", text_size(size, (int64_t)one->peak));
}

static void print_children(const struct beside *list, size_t count, FILE *out)
{
    char number[TEXT_COUNT_BYTES], size[TEXT_SIZE_BYTES];
    fprintf(out, "  children   %s log%s:", text_count(number, count), text_s(count));
    for (size_t i = 0; i < count && i < SHOWN; i++) {
        fputs(i ? ", " : " ", out);
        text_put(out, list[i].name, strlen(list[i].name), SIZE_MAX);
        fprintf(out, " (peak %s)", text_size(size, (int64_t)list[i].peak));
    }
    if (count > SHOWN)
        fputs(", ...", out);
    fputc('\n', out);
}

void beside_print(const struct log *log, FILE *out)
{
    static const char *const words[] = {"before", "became", "parent"};
    static const char *const texts[] = {"its exec: ", "by its exec: ", ""};
    size_t count, at = 0;
    struct beside *list = beside_find(log, &count);
    bool became = false;
    for (; at < count && list[at].kind != BESIDE_CHILD; at++) {
        became = became || list[at].kind == BESIDE_AFTER;
        print_one(&list[at], words[list[at].kind], texts[list[at].kind], out);
    }
    if (log->header.end == LOG_END_EXEC && !became)
        fputs("  became     a program of which no log is here: it was not traced (env -i, sudo and "
              "the like "
              "take\n"
              "             LD_PRELOAD away), there was little in it, or its log is elsewhere\n",
              out);
    if (at < count)
        print_children(list + at, count - at, out);
    beside_free(list, count);
}

void beside_json(const struct log *log, struct json *json)
{
    size_t count;
    struct beside *list = beside_find(log, &count);
    json_open(json, "beside", '[');
    for (size_t i = 0; i < count; i++) {
        json_open(json, NULL, '{');
        json_cstring(json, "log", list[i].name);
        json_cstring(json, "relation", relations[list[i].kind]);
        json_unsigned(json, "peak_bytes", list[i].peak);
        json_close(json, '}');
    }
    json_close(json, ']');
    beside_free(list, count);
}
