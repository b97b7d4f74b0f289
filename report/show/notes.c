/* SPDX-License-Identifier: MIT */
#include "show/notes.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/base.h"
#include "base/text.h"
#include "fold/runtimes.h"
#include "fold/unsure.h"
#include "show/table.h"

typedef void note_taker(void *context, const char *text, size_t bytes);

__attribute__((format(printf, 3, 4))) static void note(note_taker *take, void *context,
                                                       const char *format, ...)
{
    char text[512];
    va_list args;
    va_start(args, format);
    int length = vsnprintf(text, sizeof text, format, args);
    va_end(args);
    if (length > 0)
        take(context, text, (size_t)length < sizeof text ? (size_t)length : sizeof text - 1);
}

#define NOTES_COUNT_BYTES (TEXT_COUNT_BYTES + 1)
static const char *signed_count(char out[NOTES_COUNT_BYTES], int64_t value)
{
    out[0] = '-';
    text_count(out + 1, value < 0 ? -(uint64_t)value : (uint64_t)value);
    return value < 0 ? out : out + 1;
}

static double per_cent(uint64_t part, uint64_t whole)
{
    return whole ? 100.0 * (double)part / (double)whole : 0.0;
}

/* Events that the log has counts of only. */
static void notes_counted(const struct stacks *stacks, note_taker *take, void *context)
{
    const struct log_header *h = &stacks->log.header;
    const struct sums *lost = &stacks->model.lost;
    uint64_t allocated = stacks->model.total.allocated;
    char size[TEXT_SIZE_BYTES], count[TEXT_COUNT_BYTES], other[TEXT_COUNT_BYTES];
    if (h->dropped_events)
        note(take, context,
             "events that were dropped: %s (%s of allocations, %.1f %% of all); the figures lack "
             "them",
             text_count(count, h->dropped_events), text_size(size, (int64_t)h->dropped_bytes),
             per_cent(h->dropped_bytes, allocated + h->dropped_bytes));
    if (lost->allocations || (lost->releases && h->origin != LOG_IMPORTED))
        note(
            take, context,
            "of %s allocation%s (%s, %.1f %% of all) and %s release%s the call site is not known%s",
            text_count(count, lost->allocations), text_s(lost->allocations),
            text_size(size, (int64_t)lost->allocated), per_cent(lost->allocated, allocated),
            text_count(other, lost->releases), text_s(lost->releases),
            h->origin == LOG_OF_PROCESS ? ": the disk or a limit was full" : "");
    else if (h->full)
        note(take, context, "at some time the log could not grow: the disk or a limit was full");
    if (h->unknown_releases)
        note(take, context, "%s release%s of %s whose allocation was not seen",
             text_count(count, h->unknown_releases), text_s(h->unknown_releases),
             h->unknown_releases == 1 ? "a block" : "blocks");
    if (h->python_missed)
        note(take, context, "stacks that lack their Python frames: %s",
             text_count(count, h->python_missed));
    if (h->python_arenas_peak)
        note(take, context,
             "Python's objects are counted one by one; the arenas that hold them are not counted, "
             "and took at most %s",
             text_size(size, (int64_t)h->python_arenas_peak));
}

static void notes_untraced(const struct stacks *stacks, note_taker *take, void *context)
{
    const struct log_header *h = &stacks->log.header;
    char count[TEXT_COUNT_BYTES];
    if (h->untraced)
        note(take, context,
             "%s program%s that it started %s not traced, being of another libc or machine, "
             "without this library in the environment, or under a seccomp filter that would end "
             "them for a call of this library's: %.*s%s",
             text_count(count, h->untraced), text_s(h->untraced), h->untraced == 1 ? "was" : "were",
             (int)h->untraced_first.bytes, h->untraced_first.text, h->untraced == 1 ? "" : ", ...");
}

/* Other languages' heaps. `nameless`: bytes that code without a name allocated. */
static void notes_runtimes(const struct stacks *stacks, uint64_t nameless, note_taker *take,
                           void *context)
{
    uint64_t mapped = stacks->log.header.class_level[CLASS_ANON].peak;
    const struct runtime *runtime;
    char size[TEXT_SIZE_BYTES];
    unsigned at = 0;
    while ((runtime = runtimes_next(stacks, &at)))
        note(take, context,
             "%s own heap is mapped, not taken from malloc: what is in it is not seen object by "
             "object, but as anonymous mappings (%s at most)%s%s",
             runtime->whose, text_size(size, (int64_t)mapped),
             nameless && runtime->names ? "; its compiled code has names with " : "",
             nameless && runtime->names ? runtime->names : "");
}

/* Stacks that are not what they should be, with what was allocated there. */
static void notes_stacks(const struct stacks *stacks, note_taker *take, void *context)
{
    const struct log_header *h = &stacks->log.header;
    uint64_t allocated = stacks->model.total.allocated;
    struct unsure unsure = unsure_of(stacks);
    char size[TEXT_SIZE_BYTES], count[TEXT_COUNT_BYTES];
    if (h->cut_stacks || unsure.cut)
        note(take, context,
             "stacks that are cut: %s (%s, %.1f %% of all allocations); their outer frames are not "
             "known",
             text_count(count, h->cut_stacks), text_size(size, (int64_t)unsure.cut),
             per_cent(unsure.cut, allocated));
    if (unsure.nameless)
        note(take, context,
             "not resolved: the code that made %s of allocations (%.1f %% of all) has no name",
             text_size(size, (int64_t)unsure.nameless), per_cent(unsure.nameless, allocated));
    notes_runtimes(stacks, unsure.nameless, take, context);
}

/* Rises that are only known to be at least what is shown. */
static void notes_rises(const struct stacks *stacks, const struct rows *lines, note_taker *take,
                        void *context)
{
    uint64_t count = 0, most = 0, peak = log_peak(&stacks->log);
    for (uint32_t i = 0; i < lines->count; i++) {
        const struct row *row = &lines->list[i];
        if (!row->rise_most)
            continue;
        count++;
        if (row->rise_most - row->rise > most)
            most = row->rise_most - row->rise;
    }
    char size[TEXT_SIZE_BYTES], number[TEXT_COUNT_BYTES];
    if (count)
        note(take, context,
             "the rise of %s line%s is a lower bound (\"≥\"), too low by %s at most (%.1f %% "
             "of the peak)",
             text_count(number, count), text_s(count), text_size(size, (int64_t)most),
             per_cent(most, peak));
}

static void notes_modules(const struct stacks *stacks, note_taker *take, void *context)
{
    char count[TEXT_COUNT_BYTES];
    if (stacks->frames.module_problems)
        note(take, context, "%s module%s without symbols or lines (see standard error)",
             text_count(count, stacks->frames.module_problems),
             text_s(stacks->frames.module_problems));
    if (stacks->frames.changed_sources)
        note(take, context, "%s source file%s changed since the run began (see standard error)",
             text_count(count, stacks->frames.changed_sources),
             text_s(stacks->frames.changed_sources));
}

/* What the log does not have of other periods than the last. */
static void notes_periods(const struct stacks *stacks, note_taker *take, void *context)
{
    const struct log_header *h = &stacks->log.header;
    char size[TEXT_SIZE_BYTES];
    if (stacks_whole(stacks) && h->peak_before > h->peak)
        note(take, context,
             "a period has begun since the peak, so what was held then is not known: the figures "
             "are those of the peak since then, %s",
             text_size(size, (int64_t)h->peak));
    if (stacks->model.periods.last < h->period)
        note(
            take, context,
            "what was held at the peak is known of the last period's peak only, %s: \"at peak\" is "
            "what of that was allocated in the periods asked for",
            text_size(size, (int64_t)h->peak));
}

/* What the figures of a log are that no process wrote. */
static void notes_origin(const struct stacks *stacks, note_taker *take, void *context)
{
    const struct log *log = &stacks->log;
    char count[TEXT_COUNT_BYTES], size[TEXT_SIZE_BYTES];
    uint64_t most = 0;
    for (size_t i = 0; i < log->program_count; i++)
        most = log->programs[i].peak > most ? log->programs[i].peak : most;
    if (log->header.origin == LOG_MERGED)
        note(take, context,
             "merged out of the logs of %s process%s: figures are sums; the peak is the sum of "
             "their "
             "peaks, which need not have been at the same time (the highest of one process is %s); "
             "a rise is the highest of one process; mem usage at a line is not known",
             text_count(count, log->header.processes), log->header.processes == 1 ? "" : "es",
             text_size(size, (int64_t)most));
    else if (log->header.origin == LOG_IMPORTED)
        note(take, context,
             "imported: who released memory, rises and mem usage at a line are not known");
}

static void notes_all(const struct stacks *stacks, const struct rows *lines, note_taker *take,
                      void *context)
{
    const struct log *log = &stacks->log;
    char size[TEXT_SIZE_BYTES], count[NOTES_COUNT_BYTES], other[NOTES_COUNT_BYTES];
    notes_origin(stacks, take, context);
    for (size_t i = 0; i < log->note_count; i++)
        take(context, log->notes[i].text.text, log->notes[i].text.bytes);
    if (stacks->processes)
        return; /* those of each are all that is known */
    notes_untraced(stacks, take, context);
    notes_counted(stacks, take, context);
    notes_stacks(stacks, take, context);
    if (lines)
        notes_rises(stacks, lines, take, context);
    if (log->header.fallback)
        note(take, context,
             "the file system has no shared mappings: the tables were written when the program "
             "ended");
    if (log->header.ended)
        note(take, context,
             "a signal handler jumped out of the tracker while it wrote its tables: nothing was "
             "recorded after that");
    if (log->header.threads)
        note(take, context, "several threads: the peak may be off by events that were in progress");
    if (stacks->model.under_way || stacks->model.under_way_bytes)
        note(take, context,
             "of %s release%s (%s) the call site is not known: %s in progress when the log "
             "was %s",
             signed_count(count, stacks->model.under_way),
             text_s((uint64_t)stacks->model.under_way),
             text_size(size, stacks->model.under_way_bytes),
             stacks->model.under_way == 1 ? "it was" : "they were",
             stacks->running ? "read" : "left");
    if (log->truncated)
        note(take, context, "the log is cut short: the figures are those of what is left");
    notes_periods(stacks, take, context);
    if (!stacks_whole(stacks) || stacks->under) { /* the header has no such figures */
        notes_modules(stacks, take, context);
        return;
    }
    int64_t live = sums_leaked(&stacks->model.total), level = (int64_t)log->header.level;
    if (live != level)
        note(take, context,
             "the tables hold %s live bytes and the header %s: the log was read or left in the "
             "middle of an event, or is damaged",
             signed_count(count, live), signed_count(other, level));
    if (live == level && !(log->header.threads) &&
        stacks->model.total.at_peak != (int64_t)log->header.peak)
        note(take, context, "the tables hold %s bytes at the peak of %s",
             signed_count(count, stacks->model.total.at_peak), text_count(other, log->header.peak));
    notes_modules(stacks, take, context);
}

struct noting {
    FILE *out;
    const char *indent;
    size_t count;
};

/* How much of the text goes into a line of `room` columns: whole words, but at least one. */
static size_t note_line(const char *text, size_t bytes, size_t room)
{
    size_t fits = 0;
    for (size_t at = 0; at < bytes;) {
        const char *blank = memchr(text + at + 1, ' ', bytes - at - 1);
        at = blank ? (size_t)(blank - text) : bytes;
        if (fits && text_width(text, at) > room)
            break;
        fits = at;
    }
    return fits;
}

/* On a terminal in lines of its width, broken at blanks. */
static void print_note(void *context, const char *text, size_t bytes)
{
    struct noting *noting = context;
    size_t width = terminal_cut(), head = strlen(noting->indent) + strlen("note: ");
    fprintf(noting->out, "%snote: ", noting->indent);
    for (size_t at = 0; at < bytes;) {
        size_t line = width == SIZE_MAX
                          ? bytes - at
                          : note_line(text + at, bytes - at, width > head + 20 ? width - head : 20);
        if (at)
            fprintf(noting->out, "\n%*s", (int)head, "");
        text_put(noting->out, text + at, line, SIZE_MAX);
        at += line;
        at += at < bytes; /* the blank */
    }
    fputc('\n', noting->out);
    noting->count++;
}

size_t notes_print(const struct stacks *stacks, const struct rows *lines, const char *indent,
                   FILE *out)
{
    struct noting noting = {out, indent, 0};
    notes_all(stacks, lines, print_note, &noting);
    return noting.count;
}

struct note_list {
    char **list;
    size_t count, cap;
};

static void keep_note(void *context, const char *text, size_t bytes)
{
    struct note_list *notes = context;
    notes->list = base_room(notes->list, &notes->cap, notes->count + 1, sizeof *notes->list);
    notes->list[notes->count++] = base_copy(text, bytes);
}

char **notes_list(const struct stacks *stacks, const struct rows *lines, size_t *count)
{
    struct note_list notes = {0};
    notes_all(stacks, lines, keep_note, &notes);
    *count = notes.count;
    return notes.list;
}

char **notes_list_of(const struct stacks *stacks, size_t *count)
{
    const struct log *log = &stacks->log;
    char **notes = notes_list(stacks, NULL, count), number[32], *note;
    snprintf(number, sizeof number, "process %" PRId32, log->header.pid);
    const char *who =
        log->header.pid ? number : log->name; /* merged and imported logs may be of none */
    for (size_t i = 0; i < *count; i++)
        if (asprintf(&note, "%s: %s", who, notes[i]) >= 0) {
            free(notes[i]);
            notes[i] = note;
        }
    return notes;
}

static void json_note(void *context, const char *text, size_t bytes)
{
    json_text(context, NULL, text, bytes);
}

void notes_json(const struct stacks *stacks, const struct rows *lines, struct json *json)
{
    json_open(json, "notes", '[');
    notes_all(stacks, lines, json_note, json);
    json_close(json, ']');
}
