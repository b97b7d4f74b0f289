/* SPDX-License-Identifier: MIT */
#include "advice/advice.h"

#include <stdlib.h>
#include <string.h>

#include "advice/kinds.h"
#include "advice/lines.h"
#include "base/base.h"
#include "base/text.h"
#include "show/metric.h"
#include "show/name.h"
#include "show/terminal.h"

static void (*const of_line[])(struct advices *advices, const struct stacks *stacks, uint32_t place,
                               const struct advice_line *line) = {
    advise_growth, advise_temporary, advise_realloc,
    advise_small,  advise_slack,     advise_reservation};

/* What a reader can look up: a line of the user's own code. Functions of a stripped program are nobody's to change. */
static bool has_line(const struct stacks *stacks, uint32_t place)
{
    const struct place *at = &stacks->frames.places[place];
    return at->line && stacks->frames.functions[at->function].rank == RANK_USER;
}

#define HOLDER_SHARE 0.1 /* of the peak */

static void find_holder(struct advices *advices, const struct stacks *stacks,
                        const struct advice_line *lines)
{
    for (uint32_t place = 0; place < stacks->frames.place_count; place++) {
        int64_t held = lines[place].sums.at_peak;
        if (held <= advices->peak_bytes ||
            (double)held < HOLDER_SHARE * (double)log_peak(&stacks->log))
            continue;
        advices->peak_bytes = held;
        advices->peak_place = place;
    }
}

static int64_t unknown_at_peak(const struct stacks *stacks)
{
    int64_t bytes = 0;
    struct leaf leaf;
    for (size_t at = 0; stacks_next(stacks, &at, &leaf);)
        if (!leaf.node && class_counts(leaf.class))
            bytes = (int64_t)((uint64_t)bytes + (uint64_t)leaf.sums.at_peak);
    return bytes;
}

void advices_make(struct advices *advices, const struct stacks *stacks)
{
    *advices =
        (struct advices){.peak_place = ADVICE_NO_PLACE, .unknown_bytes = unknown_at_peak(stacks)};
    struct advice_line *lines = advice_lines(stacks);
    find_holder(advices, stacks, lines);
    for (uint32_t place = 0; place < stacks->frames.place_count; place++)
        for (size_t i = 0; has_line(stacks, place) && i < sizeof of_line / sizeof of_line[0]; i++)
            of_line[i](advices, stacks, place, &lines[place]);
    free(lines);
    advise_retained(advices, stacks);
    advices_sort(advices);
}

static void put_line(const struct stacks *stacks, uint32_t place, FILE *out)
{
    char *name = name_of_place(&stacks->frames, place);
    fputs("     ", out);
    text_put(out, name, strlen(name), SIZE_MAX);
    fputc('\n', out);
    free(name);
}

static void print_peak(const struct stacks *stacks, const struct advices *advices, FILE *out)
{
    char peak[TEXT_SIZE_BYTES], held[TEXT_SIZE_BYTES], share[SHARE_BYTES];
    int64_t whole = (int64_t)log_peak(&stacks->log);
    fprintf(out, "Peak %s", text_size(peak, whole));
    if (log_peak_time(&stacks->log)) /* else it is not known: of several processes, say */
        fprintf(out, ", %.3f s after the start", (double)log_peak_time(&stacks->log) / 1e9);
    if (advices->peak_place == ADVICE_NO_PLACE) {
        fputs("; no line holds a tenth of it.\n", out);
    } else {
        fprintf(out, "; %s of it (%s) at\n", text_size(held, advices->peak_bytes),
                share_text(share, advices->peak_bytes, whole));
        put_line(stacks, advices->peak_place, out);
    }
    if (advices->unknown_bytes > 0)
        fprintf(out, "%s of it (%s) by " NAME_NOT_KNOWN ".\n",
                text_size(held, advices->unknown_bytes),
                share_text(share, advices->unknown_bytes, whole));
    fputc('\n', out);
}

void advices_print(const struct stacks *stacks, const struct advices *advices, size_t top,
                   FILE *out)
{
    char count[TEXT_COUNT_BYTES];
    print_peak(stacks, advices, out);
    if (!advices->count)
        fputs(advices->unknown_bytes > 0 ? "Nothing to advise on what is known.\n"
                                         : "Nothing to advise.\n",
              out);
    for (size_t i = 0; i < advices->count && i < top; i++) {
        const struct advice *one = &advices->list[i];
        fprintf(out, "%s%2zu. %s%s\n", terminal_on(STYLE_TITLE), i + 1, one->what,
                terminal_off(STYLE_TITLE));
        if (one->place != ADVICE_NO_PLACE)
            put_line(stacks, one->place, out);
        if (one->act)
            fprintf(out, "     %s\n", one->act);
        fputc('\n', out);
    }
    if (advices->count > top)
        fprintf(out, "%s more; -n 0 shows all.\n", text_count(count, advices->count - top));
}

static void json_place(const struct stacks *stacks, uint32_t place, struct json *json)
{
    const struct frames *frames = &stacks->frames;
    const struct place *at = &frames->places[place];
    const struct function *function = &frames->functions[at->function];
    char *name = name_of_place(frames, place);
    json_cstring(json, "file", frames_file(frames, function));
    json_unsigned(json, "line", at->line);
    json_cstring(json, "function", frames_name(frames, function));
    json_cstring(json, "at", name);
    free(name);
}

void advices_json(const struct stacks *stacks, const struct advices *advices, size_t top,
                  struct json *json)
{
    json_unsigned(json, "peak_bytes", log_peak(&stacks->log));
    json_unsigned(json, "peak_time_ns", log_peak_time(&stacks->log));
    json_signed(json, "unknown_bytes", advices->unknown_bytes);
    if (advices->peak_place == ADVICE_NO_PLACE) {
        json_none(json, "peak_held");
    } else {
        json_open(json, "peak_held", '{');
        json_signed(json, "bytes", advices->peak_bytes);
        json_place(stacks, advices->peak_place, json);
        json_close(json, '}');
    }
    json_open(json, "advice", '[');
    for (size_t i = 0; i < advices->count && i < top; i++) {
        const struct advice *one = &advices->list[i];
        json_open(json, NULL, '{');
        json_cstring(json, "kind", advice_name(one->kind));
        json_signed(json, "bytes", one->bytes);
        json_cstring(json, "what", one->what);
        json_cstring(json, "act", one->act);
        if (one->place != ADVICE_NO_PLACE)
            json_place(stacks, one->place, json);
        json_close(json, '}');
    }
    json_close(json, ']');
}
