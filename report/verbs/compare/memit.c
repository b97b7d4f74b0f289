/* SPDX-License-Identifier: MIT
 *
 * memtrace memit: run a program several times, each in a fresh process, and say what it takes at its peak and which line
 * holds it.
 */
#include <inttypes.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "base/base.h"
#include "base/text.h"
#include "verbs/compare/fresh.h"
#include "fold/fold.h"
#include "read/reader.h"
#include "resolve/source_log.h"
#include "resolve/source_of.h"
#include "show/json.h"
#include "show/name.h"
#include "show/notes.h"
#include "show/table.h"
#include "verbs/verbs.h"
#include "show/view.h"

const struct verb_about verb_memit_about = {
    .name = "memit",
    .of = OF_MEMIT,
    .program = true,
    .takes = "[--] PROGRAM [ARG...]",
    .intro = "Run a program N times, each in a fresh process, and say what it takes at its peak "
             "and which line holds it.\n",
    .end = "Exit status: the program's, of the first run that failed; 128 and the signal's number "
           "when it was killed.\n",
    .example = "memtrace memit -r 3 -- python3 -c 'bytearray(10000000)'",
};

#define HELD_LINES 3u
#define HELD_LEAST 20u /* a further line is shown if it holds a 20th of the peak */

/* One run. */
struct memit_run {
    struct fresh fresh;
    bool seen; /* there is a log */
    uint64_t peak, children;
    char *held[HELD_LINES]; /* texts: the lines that held most at the peak */
    uint64_t held_bytes[HELD_LINES];
    char *last;   /* text: the line of the last event */
    char **notes; /* note_count texts: what the figures lack */
    size_t note_count;
    char *note_text; /* the same as lines of the terminal's width */
};

/* ---- what a log tells ---- */

/* A finished run's log. */
struct finished {
    struct stacks stacks;
    struct sources sources;
    enum rank rank; /* whose code is shown */
};

static char *place_with_source(struct finished *finished, uint32_t place)
{
    const struct frames *frames = &finished->stacks.frames;
    const struct place *p = &frames->places[place];
    char *where = name_of_place(frames, place), *both = NULL;
    char *text =
        source_of_line(&finished->sources, frames, &frames->functions[p->function], p->line);
    if (text && asprintf(&both, "%s: %s", where, text + strspn(text, " ")) < 0)
        both = NULL;
    free(text);
    if (!both)
        return where;
    free(where);
    return both;
}

static void find_held(struct finished *finished, struct memit_run *run)
{
    struct query query = {
        .by = BY_LINE, .metrics = 1u << METRIC_PEAK, .own = true, .rank = finished->rank};
    struct rows rows;
    size_t count;
    fold(&finished->stacks, &query, &rows);
    uint32_t *list = rows_by(&rows, METRIC_PEAK, NULL, &count);
    for (size_t i = 0; i < HELD_LINES && i < count; i++) {
        uint64_t held = (uint64_t)row_metric(&rows.list[list[i]], METRIC_PEAK);
        if (!held || (i && held < run->peak / HELD_LEAST))
            break;
        run->held[i] = place_with_source(finished, list[i]);
        run->held_bytes[i] = held;
    }
    free(list);
    rows_free(&rows);
}

static void run_clear(struct memit_run *run)
{
    for (unsigned i = 0; i < HELD_LINES; i++)
        free(run->held[i]);
    for (size_t i = 0; i < run->note_count; i++)
        free(run->notes[i]);
    free(run->notes);
    run->notes = NULL;
    free(run->note_text);
    run->note_text = NULL;
    run->note_count = 0;
    free(run->last);
    memset(run->held, 0, sizeof run->held);
    run->last = NULL;
}

/* Where the program's first thread was at its last event. */
static void find_last(struct finished *finished, struct memit_run *run)
{
    const struct model *model = &finished->stacks.model;
    uint32_t leaf = model->thread_count > 1 ? model->threads[1].leaf : 0;
    uint32_t place = stack_innermost(&finished->stacks, leaf, finished->rank, NULL);
    if (place != UINT32_MAX)
        run->last = place_with_source(finished, place);
}

static void read_stacks(const char *path, struct memit_run *run)
{
    struct finished finished = {0};
    if (stacks_open(&finished.stacks, path, ALL_PERIODS)) {
        struct query query = {.by = BY_FUNCTION, .metrics = RANK_METRICS};
        struct rows functions;
        fold(&finished.stacks, &query, &functions);
        finished.rank = rank_shown(&finished.stacks, &functions, false);
        rows_free(&functions);
        sources_of_log(&finished.sources, &finished.stacks.log);
        find_held(&finished, run);
        find_last(&finished, run);
        run->notes = notes_list(&finished.stacks, NULL, &run->note_count);
        size_t bytes;
        FILE *text = open_memstream(&run->note_text, &bytes);
        if (text) {
            notes_print(&finished.stacks, NULL, "", text);
            fclose(text);
        }
    }
    sources_free(&finished.sources);
    stacks_close(&finished.stacks);
}

/* One log of the run: of the program, or of a child. */
static void read_log(const char *path, pid_t pid, void *context)
{
    struct memit_run *run = context;
    struct log log;
    bool ours = false, higher = false;
    if (log_read(&log, path)) {
        uint64_t peak = log_peak(&log);
        ours = log.header.pid == pid;
        higher = ours && (!run->seen ||
                          peak > run->peak); /* of several programs, one after the other by exec */
        if (higher)
            run->peak = peak;
        if (!ours)
            run->children += peak;
        run->seen = run->seen || ours;
    }
    log_close(&log);
    if (!higher)
        return;
    run_clear(run);
    read_stacks(path, run);
}

/* ---- output ---- */

static void say_failure(const char *program, const struct memit_run *run)
{
    if (run->fresh.timed_out)
        base_say("%s: timed out", program);
    else if (WIFSIGNALED(run->fresh.status))
        base_say("%s: killed by signal %d (%s)%s%s", program, WTERMSIG(run->fresh.status),
                 strsignal(WTERMSIG(run->fresh.status)),
                 run->last ? ", its last event was at " : "", run->last ? run->last : "");
    else if (WEXITSTATUS(run->fresh.status))
        base_say("%s: exit status %d", program, WEXITSTATUS(run->fresh.status));
    else if (!run->seen)
        base_say("%s: no log was made", program);
}

static void print_runs(const struct memit_run *runs, size_t count, const struct memit_run *best)
{
    char total[TEXT_SIZE_BYTES], held[TEXT_SIZE_BYTES], low[TEXT_SIZE_BYTES];
    char number[TEXT_COUNT_BYTES];
    uint64_t least = UINT64_MAX;
    size_t seen = 0;
    for (size_t i = 0; i < count; i++) {
        if (!runs[i].seen)
            continue;
        seen++;
        if (runs[i].peak + runs[i].children < least)
            least = runs[i].peak + runs[i].children;
    }
    printf("peak memory: %s", text_size(total, (int64_t)(best->peak + best->children)));
    if (best->children)
        printf(", %s of it in children", text_size(held, (int64_t)best->children));
    if (least != best->peak + best->children)
        printf(" (the lowest: %s)", text_size(low, (int64_t)least));
    text_count(number, seen);
    printf("\nmaximum of %s: ", number);
    if (!best->held[0])
        puts("nothing was allocated");
    int indent = snprintf(NULL, 0, "maximum of %s: ", number);
    for (unsigned i = 0; i < HELD_LINES && best->held[i]; i++) {
        printf("%*s%s held at ", i ? indent : 0, "", text_size(held, (int64_t)best->held_bytes[i]));
        text_put(stdout, best->held[i], strlen(best->held[i]), SIZE_MAX);
        putchar('\n');
    }
    if (best->note_text)
        fputs(best->note_text, stdout);
}

static void print_json(const struct memit_run *runs, size_t count, const struct memit_run *best)
{
    struct json json = {.out = stdout};
    json_open(&json, NULL, '{');
    json_cstring(&json, "schema", "memtrace-memit/1");
    json_open(&json, "runs", '[');
    for (size_t i = 0; i < count; i++) {
        json_open(&json, NULL, '{');
        if (runs[i].seen)
            json_unsigned(&json, "peak_bytes", runs[i].peak);
        else
            json_none(&json, "peak_bytes");
        json_unsigned(&json, "children_peak_bytes", runs[i].children);
        json_signed(&json, "exit_status", fresh_status(&runs[i].fresh));
        json_bool(&json, "timed_out", runs[i].fresh.timed_out);
        json_cstring(&json, "last_line", runs[i].last);
        json_close(&json, '}');
    }
    json_close(&json, ']');
    if (best)
        json_unsigned(&json, "peak_bytes", best->peak + best->children);
    else
        json_none(&json, "peak_bytes");
    json_open(&json, "held", '[');
    for (unsigned i = 0; best && i < HELD_LINES && best->held[i]; i++) {
        json_open(&json, NULL, '{');
        json_cstring(&json, "line", best->held[i]);
        json_unsigned(&json, "bytes", best->held_bytes[i]);
        json_close(&json, '}');
    }
    json_close(&json, ']');
    json_open(&json, "notes", '[');
    for (size_t i = 0; best && i < best->note_count; i++)
        json_cstring(&json, NULL, best->notes[i]);
    json_close(&json, ']');
    json_close(&json, '}');
}

static int memit(char **argv, const struct options *options)
{
    size_t wanted = options->repeat ? (size_t)options->repeat : 1;
    struct memit_run *runs = base_alloc(wanted, sizeof *runs), *best = NULL;
    int status = STATUS_DONE;
    size_t count = 0;
    while (count < wanted) {
        struct memit_run *run = &runs[count];
        struct fresh_how how = {.timeout = options->timeout, .traced = true};
        if (!fresh_run(&run->fresh, argv, &how, read_log, run)) {
            status = STATUS_BAD;
            break;
        }
        count++;
        if (!options->children)
            run->children = 0;
        if (run->fresh.timed_out || fresh_status(&run->fresh) || !run->seen)
            say_failure(argv[0], run);
        if (!status)
            status = fresh_status(&run->fresh);
        if (run->seen && (!best || run->peak + run->children > best->peak + best->children))
            best = run;
        if (!run->seen || (WIFSIGNALED(run->fresh.status) && WTERMSIG(run->fresh.status) == SIGINT))
            break; /* there is no point in trying again */
    }
    if (!status && !best)
        status = STATUS_BAD;
    if (options->json)
        print_json(runs, count, best);
    else if (best)
        print_runs(runs, count, best);
    for (size_t i = 0; i < count; i++)
        run_clear(&runs[i]);
    free(runs);
    return status;
}

int verb_memit(int argc, char **argv)
{
    struct options options;
    int status = options_read(&options, &verb_memit_about, argc, argv);
    if (status == STATUS_DONE)
        status = memit(options.logs, &options);
    options_free(&options);
    return status;
}
