/* SPDX-License-Identifier: MIT */
#include "show/curve.h"

#include <stdlib.h>

#include "base/base.h"
#include "base/glyph.h"

#define EIGHTHS 8u

size_t curve_column(const struct curve *curve, uint64_t time, uint64_t end)
{
    if (time >= end) /* of a damaged log it may be any */
        return curve->width - 1;
    size_t column = (size_t)((double)time / (double)end * (double)curve->width);
    return column < curve->width ? column : curve->width - 1;
}

static void reach(struct curve *curve, size_t column, uint64_t value)
{
    if (value > curve->value[column])
        curve->value[column] = value;
    if (value > curve->most)
        curve->most = value;
}

/* Between two samples the level was the first one's, and somewhere as high as level_max: nobody knows where, so that is drawn at the
 * second one. */
struct curve curve_make(const struct log *log, size_t width, enum curve_of what)
{
    bool resident = what == CURVE_RESIDENT;
    struct curve curve = {.value = base_alloc(width, sizeof(uint64_t)), .width = width};
    uint64_t end = log_ends(log), before = 0;
    size_t from = 0;
    for (size_t i = 0; i < log->sample_count; i++) {
        const struct log_sample *sample = &log->samples[i];
        size_t column = curve_column(&curve, sample->time, end);
        for (; from < column; from++)
            reach(&curve, from, before);
        reach(&curve, column, before);
        before = resident ? sample->resident : sample->level;
        reach(&curve, column, before);
        if (!resident)
            reach(&curve, column, sample->level_max);
    }
    if (!resident) {
        const struct log_header *h = &log->header;
        size_t last = width - 1;
        for (; from < last; from++)
            reach(&curve, from, before);
        reach(&curve, last, h->level);
        if (log_peak_time(log) || !log->sample_count)
            reach(&curve, curve_column(&curve, log_peak_time(log), end), log_peak(log));
    }
    return curve;
}

const char *curve_cell(const struct curve *curve, size_t column, unsigned row, unsigned rows)
{
    static const char *const parts[] = {" ", "▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};
    if (!curve->most)
        return " ";
    bool blocks = glyph_knows("▁") && glyph_knows("█");
    double height = (double)curve->value[column] / (double)curve->most * rows * EIGHTHS;
    uint64_t eighths = (uint64_t)(height + 0.5);
    uint64_t below = (uint64_t)row * EIGHTHS;
    if (curve->value[column] && !eighths)
        eighths = 1; /* what is there is seen */
    unsigned part = eighths <= below             ? 0
                    : eighths >= below + EIGHTHS ? EIGHTHS
                                                 : (unsigned)(eighths - below);
    return blocks ? parts[part] : part > EIGHTHS / 2 ? "#" : part ? "." : " ";
}

void curve_free(struct curve *curve)
{
    free(curve->value);
    *curve = (struct curve){0};
}
