/* SPDX-License-Identifier: MIT */
#include "show/mprun.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "show/table.h"

static void mprun_cell(char *out, size_t bytes, int64_t value, int precision)
{
    char number[TABLE_MIB_BYTES];
    table_mib(number, value, precision);
    snprintf(out, bytes, "%*s", precision + 8, number);
}

static void mprun_row(FILE *out, const char *line, const char *usage, const char *increment,
                      const char *count, const char *text)
{
    fprintf(out, "%6s %12s %12s  %10s   ", line, usage, increment, count);
    text_put(out, text ? text : "", text ? strlen(text) : 0, SIZE_MAX);
    fputc('\n', out);
}

static const char *file_of(const struct view *view, const struct listing *listing)
{
    const struct frames *frames = &view->stacks.frames;
    return listing->last ? frames_file(frames, &frames->functions[listing->function]) : NULL;
}

void listings_say_mprun(const struct view *view, const struct listing *listings, size_t count,
                        FILE *out)
{
    char number[TEXT_COUNT_BYTES];
    size_t shown = 0, other = 0;
    for (size_t i = 0; i < count; i++) {
        bool shows = file_of(view, &listings[i]) != NULL;
        shown += shows;
        other += shows && !listings[i].exact;
    }
    if (!other)
        return;
    fputs("Occurrences", out);
    if (other < shown)
        fprintf(out, " of %s function%s", text_count(number, other), text_s(other));
    fputs(" are allocations here, not executions: memtrace run --lines NAME counts those of Python "
          "functions.\n",
          out);
}

void listing_print_mprun(const struct view *view, const struct listing *listing, int precision,
                         FILE *out)
{
    const char *file = file_of(view, listing);
    if (!file)
        return;
    fputs("Filename: ", out);
    text_put(out, file, strlen(file), SIZE_MAX);
    fputs("\n\n", out);
    mprun_row(out, "Line #", "Mem usage", "Increment", "Occurrences", "Line Contents");
    for (int i = 0; i < 61; i++)
        fputc('=', out);
    fputc('\n', out);
    size_t next = 0;
    for (uint32_t line = listing->first; line && line <= listing->last; line++) {
        char number[16], usage[64] = "", increment[64] = "", count[24] = "";
        const struct place *places = view->stacks.frames.places;
        while (next < listing->count && places[listing->places[next]].line < line)
            next++;
        if (!listing->whole && next == listing->count)
            break;
        if (!listing->whole)
            line = places[listing->places[next]].line;
        if (next < listing->count && places[listing->places[next]].line == line) {
            const struct row *key = &view->lines.list[listing->places[next]];
            mprun_cell(usage, sizeof usage, (int64_t)key->sums.level, precision);
            mprun_cell(increment, sizeof increment, sums_increment(&key->sums), precision);
            uint64_t times = listing->exact ? key->executions : key->sums.allocations;
            if (times || listing->exact)
                snprintf(count, sizeof count, "%" PRIu64, times);
        }
        snprintf(number, sizeof number, "%" PRIu32, line);
        char *text =
            listing->source && listing->source->text ? source_line(listing->source, line) : NULL;
        mprun_row(out, number, usage, increment, count, text);
        free(text);
    }
    fputs("\n\n", out);
}
