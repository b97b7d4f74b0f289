/* SPDX-License-Identifier: MIT */
#include "show/summary.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/base.h"
#include "base/text.h"
#include "show/beside.h"
#include "show/marks.h"
#include "show/notes.h"
#include "show/row_json.h"
#include "show/table.h"

/* How long the process is known to have run, ns; 0: not known. */
static uint64_t duration(const struct stacks *stacks)
{
    const struct log *log = &stacks->log;
    uint64_t known = log->header.end_time;
    if (!known && log->sample_count)
        known = log->samples[log->sample_count - 1].time;
    return known > log_peak_time(log) ? known : log_peak_time(log);
}

/* ---- text ---- */

/* The command with its arguments; on a terminal one line of it. */
static void print_command(const struct log *log, FILE *out)
{
    struct log_text command = log->argv.bytes ? log->argv : log->exe;
    char *text = base_copy(command.text ? command.text : "", command.bytes), pid[32] = "";
    size_t bytes = command.bytes, cut = terminal_cut();
    while (bytes && !text[bytes - 1])
        bytes--;
    for (size_t i = 0; i < bytes; i++)
        if (!text[i])
            text[i] = ' '; /* between arguments */
    int room = log->header.origin == LOG_OF_PROCESS || log->header.pid
                   ? snprintf(pid, sizeof pid, "   (pid %" PRId32 ")", log->header.pid)
                   : 0;
    fputs(terminal_on(STYLE_TITLE), out);
    if (bytes)
        text_put(out, text, bytes, cut == SIZE_MAX ? cut : cut - (size_t)room);
    else
        fputs("(unknown program)", out);
    fprintf(out, "%s%s\n", terminal_off(STYLE_TITLE), pid);
    free(text);
}

static void print_end(const struct stacks *stacks, FILE *out)
{
    const struct log_header *h = &stacks->log.header;
    char started[64] = "", events[TEXT_COUNT_BYTES];
    time_t seconds = (time_t)(log_began(&stacks->log) / 1000000000u);
    struct tm when;
    if (seconds && localtime_r(&seconds, &when))
        strftime(started, sizeof started, "%Y-%m-%d %H:%M:%S", &when);
    fprintf(out, "  started    %s\n", *started ? started : "at an unknown time");
    double ran = (double)duration(stacks) / 1e9;
    if (h->origin == LOG_MERGED) {
        fprintf(out, "  ended      the last of them %.3f s after that\n", ran);
        return;
    }
    if (h->origin == LOG_IMPORTED) {
        if (ran > 0)
            fprintf(out, "  ended      after %.3f s\n", ran);
        return;
    }
    if (stacks->running)
        fprintf(out, "  running    for at least %.3f s; read at event %s\n", ran,
                text_count(events, stacks->model.events));
    else if (h->end == LOG_END_EXIT && h->exit_status == LOG_NO_STATUS)
        fprintf(out, "  ended      by exit, with a status that libc does not tell, after %.3f s\n",
                ran);
    else if (h->end == LOG_END_EXIT)
        fprintf(out, "  ended      with exit status %" PRId32 " after %.3f s\n",
                h->exit_status & 0xff, ran);
    else if (h->end == LOG_END_EXEC)
        fprintf(out, "  ended      by exec of another program after %.3f s\n", ran);
    else
        fprintf(out, "  ended      killed, or ended by _exit; last seen after %.3f s\n", ran);
}

const char *summary_left(const struct stacks *stacks)
{
    const struct log_header *h = &stacks->log.header;
    if (stacks->running)
        return "live now";
    if (h->origin == LOG_IMPORTED)
        return "live at the end";
    if (h->end == LOG_END_EXIT)
        return "left after all destructors";
    if (h->end == LOG_END_EXEC)
        return "live at its exec of another program";
    if (stacks->processes || h->origin == LOG_MERGED)
        return "left after all destructors, or live when one was killed, or ended by _exit or exec";
    return "live when it was killed, or ended by _exit";
}

static void print_amount(FILE *out, const char *word, int64_t bytes, const char *rest)
{
    char size[TEXT_SIZE_BYTES];
    fprintf(out, "  %-10s %12s%s\n", word, text_total(size, bytes), rest);
}

static void print_totals(const struct stacks *stacks, FILE *out)
{
    const struct log_header *h = &stacks->log.header;
    const struct sums *total = &stacks->model.total;
    char count[TEXT_COUNT_BYTES], rest[96] = "";
    uint64_t peak_time = log_peak_time(&stacks->log);
    if (peak_time)
        snprintf(rest, sizeof rest, "  after %.3f s", (double)peak_time / 1e9);
    print_amount(out, "peak", (int64_t)log_peak(&stacks->log), rest);
    print_amount(out, "live", (int64_t)h->live,
                 h->finished       ? "  when the program finished"
                 : stacks->running ? "  now"
                                   : "  at the end");
    if (h->finished && h->live != h->level)
        print_amount(out, "leaked", (int64_t)h->level,
                     h->end == LOG_END_EXIT ? "  after all destructors"
                     : stacks->running      ? "  now"
                     : h->origin == LOG_MERGED
                         ? "  after all destructors, or at an end that was not by exit"
                         : "  at the end, which was not by exit");
    snprintf(rest, sizeof rest, "  in %s allocation%s", text_count(count, total->allocations),
             text_s(total->allocations));
    print_amount(out, "allocated", (int64_t)total->allocated, rest);
    snprintf(rest, sizeof rest, "  in %s release%s", text_count(count, total->releases),
             text_s(total->releases));
    print_amount(out, "released", (int64_t)total->released, rest);
    snprintf(rest, sizeof rest, "  in %s call%s, still mapped", text_count(count, total->discards),
             text_s(total->discards));
    if (total->discards)
        print_amount(out, "discarded", (int64_t)total->discarded, rest);
    if (!h->inherited)
        return;
    print_amount(out, "inherited", (int64_t)h->inherited, "  live in its parent at the fork");
    if (!h->inherited_releases && h->unknown_releases) {
        fprintf(out, "  given back    not known  of that: its parent had several threads\n");
        return;
    }
    snprintf(rest, sizeof rest, "  of that, in %s release%s",
             text_count(count, h->inherited_releases), text_s(h->inherited_releases));
    print_amount(out, "given back", (int64_t)h->inherited_released, rest);
}

static void cell_total(struct table *table, uint64_t bytes)
{
    char size[TEXT_SIZE_BYTES];
    table_cell(table, text_total(size, (int64_t)bytes));
}

static void print_classes(const struct stacks *stacks, FILE *out)
{
    static const struct table_column columns[] = {
        {"  class", 11},    {"peak", 11},    {"live", 11}, {"allocated", 11},
        {"allocations", 0}, {"releases", 0}, {"", 0}}; /* the last column is not aligned */
    bool more = false;
    for (unsigned c = CLASS_ANON; c < CLASSES; c++)
        more = more || stacks->model.classes[c].allocations || stacks->model.classes[c].releases;
    if (!more)
        return;
    struct table table;
    fputc('\n', out);
    table_start(&table, columns, sizeof columns / sizeof columns[0]);
    for (unsigned c = 0; c < CLASSES; c++) {
        const struct sums *sums = &stacks->model.classes[c];
        if (!sums->allocations && !sums->releases)
            continue;
        table_row(&table, STYLE_NONE);
        table_cell(&table, class_name(c));
        cell_total(&table, stacks->log.header.class_level[c].peak);
        cell_total(&table, stacks->log.header.class_level[c].live);
        cell_total(&table, sums->allocated);
        table_cell_count(&table, sums->allocations);
        table_cell_count(&table, sums->releases);
    }
    table_finish(&table, out, terminal_cut());
}

void summary_print(const struct stacks *stacks, const struct rows *lines, FILE *out)
{
    print_command(&stacks->log, out);
    print_end(stacks, out);
    beside_print(&stacks->log, out);
    print_totals(stacks, out);
    notes_print(stacks, lines, "  ", out);
    print_classes(stacks, out);
    marks_print(&stacks->log, out);
    fputc('\n', out);
}

/* ---- JSON ---- */

static void json_end(const struct stacks *stacks, struct json *json)
{
    const struct log_header *h = &stacks->log.header;
    if (h->end != LOG_END_EXIT && h->end != LOG_END_EXEC) {
        json_none(json, "exit");
    } else {
        json_open(json, "exit", '{');
        if (h->end == LOG_END_EXIT && h->exit_status == LOG_NO_STATUS)
            json_none(json, "status");
        else if (h->end == LOG_END_EXIT)
            json_signed(json, "status", h->exit_status & 0xff);
        else
            json_bool(json, "exec", true);
        json_close(json, '}');
    }
    json_bool(json, "running", stacks->running);
    json_unsigned(json, "events", stacks->model.events);
    json_unsigned(json, "start_time_ns", log_began(&stacks->log));
    json_unsigned(json, "log_start_time_ns", h->start_real);
    json_unsigned(json, "duration_ns", duration(stacks));
}

static void json_classes(const struct stacks *stacks, struct json *json)
{
    json_open(json, "classes", '{');
    for (unsigned c = 0; c < CLASSES; c++) {
        const struct sums *sums = &stacks->model.classes[c];
        json_open(json, class_name(c), '{');
        json_unsigned(json, "allocated_bytes", sums->allocated);
        json_unsigned(json, "released_bytes", sums->released);
        json_unsigned(json, "live_bytes", stacks->log.header.class_level[c].live);
        json_unsigned(json, "leaked_bytes", stacks->log.header.class_level[c].level);
        json_unsigned(json, "peak_bytes", stacks->log.header.class_level[c].peak);
        json_unsigned(json, "allocations", sums->allocations);
        json_unsigned(json, "releases", sums->releases);
        json_close(json, '}');
    }
    json_close(json, '}');
}

void summary_json(const struct stacks *stacks, const struct rows *lines, struct json *json)
{
    const struct log_header *h = &stacks->log.header;
    const struct sums *total = &stacks->model.total;
    json_cstring(json, "log", stacks->log.name);
    json_process(&stacks->log, json);
    json_end(stacks, json);
    json_unsigned(json, "peak_bytes", log_peak(&stacks->log));
    json_unsigned(json, "peak_time_ns", log_peak_time(&stacks->log));
    json_unsigned(json, "live_bytes", h->live);
    json_unsigned(json, "leaked_bytes", h->level);
    json_unsigned(json, "allocated_bytes", total->allocated);
    json_unsigned(json, "released_bytes", total->released);
    json_unsigned(json, "discarded_bytes", total->discarded);
    json_unsigned(json, "allocations", total->allocations);
    json_unsigned(json, "releases", total->releases);
    json_temporary(json, total);
    json_unsigned(json, "inherited_bytes", h->inherited);
    json_unsigned(json, "inherited_released_bytes", h->inherited_released);
    json_unsigned(json, "inherited_releases", h->inherited_releases);
    json_unsigned(json, "untraced_programs", h->untraced);
    json_unsigned(json, "dropped_events", h->dropped_events);
    json_unsigned(json, "dropped_bytes", h->dropped_bytes);
    json_unsigned(json, "unattributed_allocations", stacks->model.lost.allocations);
    json_unsigned(json, "unattributed_bytes", stacks->model.lost.allocated);
    json_unsigned(json, "unattributed_releases", stacks->model.lost.releases);
    json_unsigned(json, "unknown_releases", h->unknown_releases);
    json_unsigned(json, "cut_stacks", h->cut_stacks);
    json_unsigned(json, "python_missed", h->python_missed);
    json_unsigned(json, "python_arenas_bytes", h->python_arenas);
    json_unsigned(json, "python_arenas_peak_bytes", h->python_arenas_peak);
    json_bool(json, "truncated", stacks->log.truncated);
    notes_json(stacks, lines, json);
    json_classes(stacks, json);
    marks_json(&stacks->log, json);
}
