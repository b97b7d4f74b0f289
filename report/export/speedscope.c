/* SPDX-License-Identifier: MIT
 *
 * speedscope's own JSON: one profile for each figure, all with the same frames.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/base.h"
#include "export/formats.h"
#include "export/words.h"

static const struct {
    enum metric metric;
    const char *name, *unit;
} shown[] = {{METRIC_PEAK, "held at the peak", "bytes"},
             {METRIC_ALLOCATED, "allocated", "bytes"},
             {METRIC_LIVE, "live when the program finished", "bytes"},
             {METRIC_LEAKED, "live after all destructors", "bytes"},
             {METRIC_ALLOCATIONS, "allocations", "none"},
             {METRIC_RELEASED, "released", "bytes"}};
#define SHOWN (sizeof shown / sizeof shown[0])

static void put_frames(FILE *out, const struct profile *profile)
{
    for (uint32_t i = 1; i < profile->location_count; i++) {
        const struct profile_line *line = profile_line_of(profile, &profile->locations[i], 0);
        const struct profile_function *function = &profile->functions[line->function];
        fputs(i > 1 ? ",\n{\"name\":" : "\n{\"name\":", out);
        words_json(out, profile_text(profile, function->name));
        if (function->file) {
            fputs(",\"file\":", out);
            words_json(out, profile_text(profile, function->file));
        }
        if (function->file && line->line)
            fprintf(out, ",\"line\":%" PRIu32, line->line);
        fputc('}', out);
    }
}

static void put_samples(FILE *out, const struct profile *profile, enum figure figure)
{
    uint32_t *stack = NULL;
    size_t cap = 0;
    bool any = false;
    for (uint32_t node = 1; node < profile->node_count; node++) {
        if (profile->nodes[node].own[figure] <= 0)
            continue;
        size_t count = words_stack(profile, node, &stack, &cap);
        fputs(any ? ",\n" : "\n", out);
        any = true;
        for (size_t i = 0; i < count; i++)
            fprintf(out, "%c%" PRIu32, i ? ',' : '[', stack[i] - 1);
        fputc(']', out);
    }
    free(stack);
}

static void put_profile(FILE *out, const struct profile *profile, size_t which)
{
    enum figure figure = figure_of(shown[which].metric);
    int64_t sum = 0;
    for (uint32_t node = 1; node < profile->node_count; node++)
        if (profile->nodes[node].own[figure] > 0)
            sum = figure_plus(sum, profile->nodes[node].own[figure]);
    fputs("{\"type\":\"sampled\",\"name\":", out);
    words_json(out, shown[which].name);
    fprintf(out, ",\"unit\":\"%s\",\"startValue\":0,\"endValue\":%" PRId64 ",\n\"samples\":[",
            shown[which].unit, sum);
    put_samples(out, profile, figure);
    fputs("],\n\"weights\":[", out);
    bool any = false;
    for (uint32_t node = 1; node < profile->node_count; node++) {
        int64_t value = profile->nodes[node].own[figure];
        if (value > 0)
            fprintf(out, "%s%" PRId64, any ? "," : "", value);
        any |= value > 0;
    }
    fputs("]}", out);
}

bool speedscope_put(FILE *out, const struct profile *profile, const struct export_asked *asked)
{
    size_t active = 0;
    for (size_t i = 0; i < SHOWN; i++)
        if (shown[i].metric == asked->metric)
            active = i;
    fputs("{\"$schema\":\"https://www.speedscope.app/file-format-schema.json\",\"exporter\":"
          "\"memtrace@" MEMTRACE_VERSION "\",\"name\":",
          out);
    words_json(out, profile->process_count == 1
                        ? profile_text(profile, profile->processes[0].command)
                        : "several processes");
    fprintf(out, ",\"activeProfileIndex\":%zu,\n\"shared\":{\"frames\":[", active);
    put_frames(out, profile);
    fputs("]},\n\"profiles\":[", out);
    for (size_t i = 0; i < SHOWN; i++) {
        fputs(i ? ",\n" : "\n", out);
        put_profile(out, profile, i);
    }
    fputs("]}\n", out);
    return true;
}
