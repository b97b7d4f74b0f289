/* SPDX-License-Identifier: MIT */
#include "show/relatives.h"

#include <string.h>

#include "base/text.h"

#define NAMED 8u /* logs that the command names */

void relatives_print(const struct relatives *relatives, const struct log *log, FILE *out)
{
    if (!relatives->count)
        return;
    size_t earlier = 0, children = 0;
    for (size_t i = 0; i < relatives->count; i++)
        ++*(relatives->list[i].earlier ? &earlier : &children);
    char size[TEXT_SIZE_BYTES], count[TEXT_COUNT_BYTES];
    fputs("Other logs of this run: ", out);
    if (children)
        fprintf(out, "%s of child processes", text_count(count, children));
    if (earlier)
        fprintf(out, "%s%s of programs that this process was before", children ? ", " : "",
                text_count(count, earlier));
    fprintf(out, ".\nThe highest peak of them is %s, in ",
            text_size(size, (int64_t)relatives->list[0].peak));
    text_put(out, relatives->list[0].log, strlen(relatives->list[0].log), SIZE_MAX);
    fputs(". To see them together:\n  memtrace report ", out);
    text_put(out, log->name, strlen(log->name), SIZE_MAX);
    for (size_t i = 0; i < relatives->count && i < NAMED; i++) {
        fputc(' ', out);
        text_put(out, relatives->list[i].log, strlen(relatives->list[i].log), SIZE_MAX);
    }
    fputs(relatives->count > NAMED ? " ...\n\n" : "\n\n", out);
}

void relatives_json(const struct relatives *relatives, struct json *json)
{
    json_open(json, "other_logs", '[');
    for (size_t i = 0; i < relatives->count; i++) {
        json_open(json, NULL, '{');
        json_string(json, "log", relatives->list[i].log);
        json_signed(json, "pid", relatives->list[i].pid);
        json_unsigned(json, "peak_bytes", relatives->list[i].peak);
        json_bool(json, "before_exec", relatives->list[i].earlier);
        json_close(json, '}');
    }
    json_close(json, ']');
}
