/* SPDX-License-Identifier: MIT */
#include "page/tree.h"

#define TITLES(front)                                                                              \
    front "tree.peak", front "tree.live", front "tree.leaked", front "tree.allocated",             \
        front "tree.allocations", front "tree.released", front "tree.temporary",                   \
        front "tree.slack"
static const char *const titles[FIGURES_MOST] = {TITLES(""), TITLES("old."), TITLES("margin.")};

void tree_columns(const struct pruned *pruned, const struct naming *names, struct columns *columns)
{
    columns_begin(columns, "tree.up");
    for (uint32_t i = 1; i < pruned->count; i++)
        columns_number(columns, pruned->level[i - 1] + (uint64_t)1 - pruned->level[i]);
    columns_begin(columns, "tree.frame");
    for (uint32_t i = 1; i < pruned->count; i++)
        columns_number(columns, naming_frame(names, pruned->key[i]));
    columns_begin(columns, "tree.folded");
    for (uint32_t i = 1; i < pruned->count; i++)
        if (pruned->key[i] == PRUNED_OTHERS)
            columns_number(columns, pruned->folded[i]);
    for (unsigned f = 0; f < pruned->figures; f++) {
        columns_begin(columns, titles[f]);
        for (uint32_t i = 1; i < pruned->count; i++)
            columns_signed(columns, pruned_own(pruned, f, i));
    }
}

void time_columns(const struct log *log, bool old, struct columns *columns)
{
    static const char *const names[2][4] = {
        {"time.at", "time.level", "time.high", "time.resident"},
        {"old.time.at", "old.time.level", "old.time.high", "old.time.resident"}};
    uint64_t before = 0;
    columns_begin(columns, names[old][0]);
    for (size_t i = 0; i < log->sample_count; i++) {
        columns_signed(columns, (int64_t)(log->samples[i].time / 1000u - before));
        before = log->samples[i].time / 1000u;
    }
    columns_begin(columns, names[old][1]);
    for (size_t i = 0; i < log->sample_count; i++)
        columns_number(columns, log->samples[i].level);
    columns_begin(columns, names[old][2]);
    for (size_t i = 0; i < log->sample_count; i++)
        columns_number(columns, log->samples[i].level_max);
    columns_begin(columns, names[old][3]);
    for (size_t i = 0; i < log->sample_count; i++)
        columns_number(columns, log->samples[i].resident);
}
