/* SPDX-License-Identifier: MIT */
#include "top/curve.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/base.h"
#include "base/glyph.h"

static size_t column_of(const struct log *log, uint64_t time, size_t columns)
{
    uint64_t last = log->samples[log->sample_count - 1].time;
    if (!last || time > last)
        return columns - 1;
    size_t column = (size_t)((double)time / (double)last * (double)columns);
    return column < columns ? column : columns - 1;
}

void curve_make(struct curve *curve, const struct log *log, size_t columns)
{
    *curve = (struct curve){.level = base_alloc(columns, sizeof *curve->level), .count = columns};
    if (!log->sample_count || !columns)
        return;
    size_t next = 0; /* column that no sample has reached */
    uint64_t level = 0;
    for (size_t i = 0; i < log->sample_count; i++) {
        const struct log_sample *sample = &log->samples[i];
        size_t column = column_of(log, sample->time, columns);
        uint64_t high = sample->level_max > sample->level ? sample->level_max : sample->level;
        for (; next <= column; next++) /* a sample tells of the time since the one before */
            curve->level[next] = next < column ? level : 0;
        if (high > curve->level[column])
            curve->level[column] = high;
        level = sample->level;
    }
    for (size_t c = 0; c < columns; c++)
        if (curve->level[c] > curve->most)
            curve->most = curve->level[c];
}

void curve_free(struct curve *curve)
{
    free(curve->level);
    *curve = (struct curve){0};
}

const char *curve_cell(const struct curve *curve, size_t column, size_t row, size_t rows)
{
    static const char *const eighths[] = {" ", "▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};
    static const char *const ascii[] = {" ", "_", "_", "_", "-", "-", "=", "=", "#"};
    bool blocks = glyph_of(0x2581, "▁", 3).columns == 1;
    if (!curve->most)
        return " ";
    uint64_t steps = (uint64_t)((double)curve->level[column] / (double)curve->most * 8.0 *
                                (double)rows),
             below = 8 * row;
    uint64_t here = steps <= below ? 0 : steps - below > 8 ? 8 : steps - below;
    if (!here && !row && curve->level[column])
        here = 1;
    return blocks ? eighths[here] : ascii[here];
}
