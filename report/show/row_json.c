/* SPDX-License-Identifier: MIT */
#include "show/row_json.h"

#include <string.h>

#include "show/name.h"

void json_function(const struct frames *frames, struct json *json, uint32_t function)
{
    const struct function *f = &frames->functions[function];
    struct log_text module = frames_module(frames, f);
    json_cstring(json, "function", frames_name(frames, f));
    json_cstring(json, "language", f->language);
    json_text(json, "module", module.bytes ? module.text : NULL, module.bytes);
}

void json_place(const struct frames *frames, struct json *json, uint32_t place)
{
    const struct place *p = &frames->places[place];
    const char *file = frames_file(frames, &frames->functions[p->function]);
    json_cstring(json, "file", file);
    if (file && p->line && p->line != PLACE_RETURNS)
        json_unsigned(json, "line", p->line);
    else
        json_none(json, "line");
    if (p->line == PLACE_RETURNS)
        json_bool(json, "on_return", true);
    json_function(frames, json, p->function);
    if (tail_word(p))
        json_cstring(json, "tail_call", tail_word(p));
    if (p->address)
        json_unsigned(json, "address", p->address);
}

void json_rise(struct json *json, const struct row *row)
{
    if (row->riseless) {
        json_none(json, "rise_bytes");
        json_bool(json, "rise_at_least", false);
        json_none(json, "rise_most_bytes");
        return;
    }
    json_unsigned(json, "rise_bytes", row->rise);
    json_bool(json, "rise_at_least", row->rise_most != 0);
    json_unsigned(json, "rise_most_bytes", row->rise_most ? row->rise_most : row->rise);
}

void json_temporary(struct json *json, const struct sums *sums)
{
    json_unsigned(json, "temporary", sums->temporary);
    json_unsigned(json, "temporary_bytes", sums->temporary_bytes);
    json_unsigned(json, "slack_bytes", sums->slack);
}

void json_row(struct json *json, const struct row *row)
{
    const struct sums *sums = &row->sums;
    if (sums->happened)
        json_unsigned(json, "mem_usage_bytes", sums->level);
    else
        json_none(json, "mem_usage_bytes");
    if (row->releaseless)
        json_none(json, "increment_bytes");
    else
        json_signed(json, "increment_bytes", sums_increment(sums));
    json_rise(json, row);
    json_unsigned(json, "allocated_bytes", sums->allocated);
    if (row->releaseless)
        json_none(json, "released_bytes");
    else
        json_unsigned(json, "released_bytes", sums->released);
    json_signed(json, "live_bytes", sums_live(sums));
    json_signed(json, "leaked_bytes", sums_leaked(sums));
    json_signed(json, "at_peak_bytes", sums->at_peak);
    json_unsigned(json, "at_peak_blocks", sums->blocks_at_peak);
    json_unsigned(json, "discarded_bytes", sums->discarded);
    json_signed(json, "resident_bytes", sums->resident);
    json_unsigned(json, "allocations", sums->allocations);
    if (row->releaseless)
        json_none(json, "releases");
    else
        json_unsigned(json, "releases", sums->releases);
    json_temporary(json, sums);
}

void json_executions(struct json *json, const char *member, const struct row *row)
{
    if (row->exact)
        json_unsigned(json, member, row->executions);
    else
        json_none(json, member);
}

void json_process(const struct log *log, struct json *json)
{
    json_bool(json, "slack_known", log->header.slack);
    json_bool(json, "at_peak_blocks_known", log->header.held);
    json_text(json, "program", log->exe.bytes ? log->exe.text : NULL, log->exe.bytes);
    json_open(json, "argv", '[');
    for (size_t i = 0; i < log->argv.bytes;) {
        const char *text = log->argv.text + i;
        size_t length = strnlen(text, log->argv.bytes - i);
        json_text(json, NULL, text, length);
        i += length + 1;
    }
    json_close(json, ']');
    json_signed(json, "pid", log->header.pid);
    json_signed(json, "parent_pid", log->header.parent_pid);
}
