/* SPDX-License-Identifier: MIT
 *
 * memtrace bench: what a program takes over several fresh runs, and how far they differ.
 */
#include <math.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "base/base.h"
#include "base/text.h"
#include "read/model.h"
#include "read/reader.h"
#include "show/json.h"
#include "show/table.h"
#include "verbs/compare/fresh.h"
#include "verbs/run.h"
#include "verbs/verbs.h"

const struct verb_about verb_bench_about = {
    .name = "bench",
    .of = OF_BENCH,
    .program = true,
    .takes = "[--] PROGRAM [ARG...]",
    .intro = "Run a program N times, each in a fresh process, and say what it takes: peak, "
             "allocated bytes and allocations, each with the "
             "mean, the standard deviation, the least and the most. Beside each of these runs "
             "there is one without memtrace, which "
             "is for the time.\n",
    .end = "Exit status: the program's, of the first run that failed; 128 and the signal's number "
           "when it was killed.\n",
    .example = "memtrace bench -r 10 -- jq . big.json",
};

#define USUAL_RUNS 10

enum figure {
    FIGURE_PEAK,
    FIGURE_ALLOCATED,
    FIGURE_ALLOCATIONS,
    FIGURE_TIME,
    FIGURE_CPU,
    FIGURE_TRACED,
    FIGURES
};

static const struct {
    const char *title, *member;
} figures[FIGURES] = {[FIGURE_PEAK] = {"peak", "peak_bytes"},
                      [FIGURE_ALLOCATED] = {"allocated", "allocated_bytes"},
                      [FIGURE_ALLOCATIONS] = {"allocations", "allocations"},
                      [FIGURE_TIME] = {"time", "time_ns"},
                      [FIGURE_CPU] = {"processor time", "cpu_ns"},
                      [FIGURE_TRACED] = {"time under memtrace", "traced_time_ns"}};

struct bench_run {
    uint64_t of[FIGURES];
    bool seen;  /* there is a log */
    bool timed; /* it ran without memtrace, too */
    int status;
    bool children; /* those of its children count, too */
};

struct spread {
    double mean, deviation;
    uint64_t least, most;
    size_t runs;
};

/* ---- runs ---- */

static void read_log(const char *path, pid_t pid, void *context)
{
    struct bench_run *run = context;
    struct log log;
    if (log_read(&log, path)) {
        struct model model;
        uint64_t peak = log_peak(&log), *most = &run->of[FIGURE_PEAK];
        bool own = log.header.pid == pid;
        model_make(&model, &log, ALL_PERIODS);
        if (own && !run->children) /* of several programs, one after the other by exec */
            *most = peak > *most ? peak : *most;
        else if (run->children)
            *most += peak;
        if (own || run->children) {
            run->of[FIGURE_ALLOCATED] += model.total.allocated;
            run->of[FIGURE_ALLOCATIONS] += model.total.allocations;
        }
        run->seen |= own;
        model_free(&model);
    }
    log_close(&log);
}

static void say_failure(const char *program, const struct fresh *fresh)
{
    if (fresh->timed_out)
        base_say("%s: timed out", program);
    else if (WIFSIGNALED(fresh->status))
        base_say("%s: killed by signal %d (%s)", program, WTERMSIG(fresh->status),
                 strsignal(WTERMSIG(fresh->status)));
    else
        base_say("%s: exit status %d; --show-output shows what it says", program,
                 WEXITSTATUS(fresh->status));
}

/* One of each kind. False: there is no point in going on. */
static bool run_pair(struct bench_run *run, char **argv, const struct options *options)
{
    struct fresh traced = {0}, plain = {0};
    struct fresh_how how = {
        .timeout = options->timeout, .traced = true, .silent = !options->show_output};
    run->children = options->children;
    if (!fresh_run(&traced, argv, &how, read_log, run))
        return false;
    run->status = fresh_status(&traced);
    run->of[FIGURE_TRACED] = traced.time;
    how.traced = false;
    if (run->status)
        say_failure(argv[0], &traced);
    else if (!run->seen)
        base_say("%s: no log was made", argv[0]);
    if (!run->seen || WIFSIGNALED(traced.status))
        return run->seen && run->status != 128 + SIGINT;
    if (!fresh_run(&plain, argv, &how, NULL, NULL))
        return false;
    run->timed = true;
    run->of[FIGURE_TIME] = plain.time;
    run->of[FIGURE_CPU] = plain.cpu;
    if (fresh_status(&plain) && fresh_status(&plain) != run->status)
        say_failure(argv[0], &plain);
    if (!run->status)
        run->status = fresh_status(&plain);
    return fresh_status(&plain) != 128 + SIGINT;
}

/* Has the run this figure? */
static bool knows(const struct bench_run *run, enum figure figure)
{
    return figure == FIGURE_TIME || figure == FIGURE_CPU ? run->timed : run->seen;
}

static struct spread spread_of(const struct bench_run *runs, size_t count, enum figure figure)
{
    struct spread spread = {.least = UINT64_MAX};
    double squares = 0;
    for (size_t i = 0; i < count; i++) {
        uint64_t value = runs[i].of[figure];
        if (!knows(&runs[i], figure))
            continue;
        double step = (double)value - spread.mean;
        spread.mean += step / (double)++spread.runs;
        squares += step * ((double)value - spread.mean);
        spread.least = value < spread.least ? value : spread.least;
        spread.most = value > spread.most ? value : spread.most;
    }
    spread.deviation = spread.runs > 1 ? sqrt(squares / (double)(spread.runs - 1)) : 0;
    return spread;
}

/* ---- output ---- */

static char *figure_text(char out[TEXT_SIZE_BYTES], enum figure figure, double value)
{
    char count[TEXT_COUNT_BYTES];
    if (figure <= FIGURE_ALLOCATED)
        return text_size(out, (int64_t)(value + 0.5));
    if (figure == FIGURE_ALLOCATIONS)
        snprintf(out, TEXT_SIZE_BYTES, "%s", text_count(count, (uint64_t)(value + 0.5)));
    else
        snprintf(out, TEXT_SIZE_BYTES, value < 1e9 ? "%.1f ms" : "%.3f s",
                 value / (value < 1e9 ? 1e6 : 1e9));
    return out;
}

static void print(const struct bench_run *runs, size_t count, size_t seen, const char *program)
{
    static const struct table_column columns[] = {
        {"Mean", 10}, {"Deviation", 9}, {"Least", 10}, {"Most", 10}, {"", 0}};
    struct table table;
    char text[TEXT_SIZE_BYTES], number[TEXT_COUNT_BYTES];
    printf("%s run%s of ", text_count(number, seen), text_s(seen));
    text_put(stdout, program, strlen(program), SIZE_MAX);
    printf(", and as many without memtrace\n");
    table_start(&table, columns, sizeof columns / sizeof columns[0]);
    for (unsigned f = 0; f < FIGURES; f++) {
        struct spread spread = spread_of(runs, count, (enum figure)f);
        if (!spread.runs)
            continue;
        table_row(&table, STYLE_NONE);
        table_cell(&table, figure_text(text, (enum figure)f, spread.mean));
        table_cell(&table, figure_text(text, (enum figure)f, spread.deviation));
        table_cell(&table, figure_text(text, (enum figure)f, (double)spread.least));
        table_cell(&table, figure_text(text, (enum figure)f, (double)spread.most));
        table_cell(&table, figures[f].title);
    }
    table_finish(&table, stdout, terminal_cut());
}

static void print_json(const struct bench_run *runs, size_t count)
{
    struct json json = {.out = stdout};
    json_open(&json, NULL, '{');
    json_cstring(&json, "schema", "memtrace-bench/1");
    json_open(&json, "runs", '[');
    for (size_t i = 0; i < count; i++) {
        json_open(&json, NULL, '{');
        json_signed(&json, "exit_status", runs[i].status);
        for (unsigned f = 0; f < FIGURES; f++)
            if (knows(&runs[i], (enum figure)f))
                json_unsigned(&json, figures[f].member, runs[i].of[f]);
            else
                json_none(&json, figures[f].member);
        json_close(&json, '}');
    }
    json_close(&json, ']');
    for (unsigned f = 0; f < FIGURES; f++) {
        struct spread spread = spread_of(runs, count, (enum figure)f);
        if (!spread.runs) {
            json_none(&json, figures[f].member);
            continue;
        }
        json_open(&json, figures[f].member, '{');
        json_unsigned(&json, "mean", (uint64_t)(spread.mean + 0.5));
        json_unsigned(&json, "deviation", (uint64_t)(spread.deviation + 0.5));
        json_unsigned(&json, "least", spread.least);
        json_unsigned(&json, "most", spread.most);
        json_close(&json, '}');
    }
    json_close(&json, '}');
}

static int bench(char **argv, const struct options *options)
{
    size_t wanted = options->repeat ? (size_t)options->repeat : USUAL_RUNS, count = 0, seen = 0;
    struct bench_run *runs = base_alloc(wanted, sizeof *runs);
    int status = STATUS_DONE;
    bool more = true;
    while (more && count < wanted) {
        more = run_pair(&runs[count], argv, options);
        if (!status)
            status = runs[count].status;
        seen += runs[count++].seen;
    }
    if (options->json)
        print_json(runs, count);
    else if (seen)
        print(runs, count, seen, argv[0]);
    free(runs);
    return !status && !(seen && more) ? STATUS_BAD : status;
}

int verb_bench(int argc, char **argv)
{
    struct options options;
    int status = options_read(&options, &verb_bench_about, argc, argv);
    if (status == STATUS_DONE)
        status = run_possible(options.logs);
    if (status == STATUS_DONE)
        status = bench(options.logs, &options);
    options_free(&options);
    return status;
}
