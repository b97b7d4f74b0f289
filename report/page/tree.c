/* SPDX-License-Identifier: MIT */
#include "page/tree.h"

static const char *const titles[PAGE_FIGURES] = {
    "tree.peak",        "tree.live",     "tree.leaked",    "tree.allocated",
    "tree.allocations", "tree.released", "tree.temporary", "tree.slack"};

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
    for (unsigned f = 0; f < PAGE_FIGURES; f++) {
        columns_begin(columns, titles[f]);
        for (uint32_t i = 1; i < pruned->count; i++)
            columns_signed(columns, pruned->own[f][i]);
    }
}

void time_columns(const struct log *log, struct columns *columns)
{
    uint64_t before = 0;
    columns_begin(columns, "time.at");
    for (size_t i = 0; i < log->sample_count; i++) {
        columns_signed(columns, (int64_t)(log->samples[i].time / 1000u - before));
        before = log->samples[i].time / 1000u;
    }
    columns_begin(columns, "time.level");
    for (size_t i = 0; i < log->sample_count; i++)
        columns_number(columns, log->samples[i].level);
    columns_begin(columns, "time.high");
    for (size_t i = 0; i < log->sample_count; i++)
        columns_number(columns, log->samples[i].level_max);
    columns_begin(columns, "time.resident");
    for (size_t i = 0; i < log->sample_count; i++)
        columns_number(columns, log->samples[i].resident);
}
