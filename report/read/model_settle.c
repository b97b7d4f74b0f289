/* SPDX-License-Identifier: MIT
 *
 * What the records leave open, and the levels tell, is node 0's.
 */
#include "read/model.h"

/* Node 0's entry of a class gives or takes so that as much is gone as is released. */
static void settle_class(struct model *model, uint32_t class)
{
    struct sums *all = &model->classes[class];
    int64_t bytes = (int64_t)(all->gone - all->released);
    int64_t count = (int64_t)(all->gone_count - all->releases);
    struct sums more = {0};
    if (bytes >= 0)
        more.released = (uint64_t)bytes;
    else
        more.gone = (uint64_t)0 - (uint64_t)bytes;
    if (count >= 0)
        more.releases = (uint64_t)count;
    else
        more.gone_count = (uint64_t)0 - (uint64_t)count;
    entries_more(&model->entries, class, &more);
    sums_add(all, &more);
    model->under_way = (int64_t)((uint64_t)model->under_way + (uint64_t)count);
    model->under_way_bytes = (int64_t)((uint64_t)model->under_way_bytes + (uint64_t)bytes);
}

/* A log that was read, or left, in the middle of events: what was allocated is live or released all
 * the same, and the levels are those of what was read. */
static void settle_events(struct model *model)
{
    struct log_header *header = &model->log->header;
    bool ended = header->end != LOG_END_UNKNOWN && !header->threads;
    if (ended)
        return;
    model->total = (struct sums){0};
    header->level = 0;
    for (uint32_t class = 0; class < CLASSES; class ++) {
        struct log_level *level = &header->class_level[class];
        struct sums *all = &model->classes[class];
        settle_class(model, class);
        level->level = all->allocated - all->gone;
        if (!header->finished)
            level->live = level->level;
        if (level->peak < level->level)
            level->peak = level->level;
        if (class_counts(class)) {
            sums_add(&model->total, all);
            header->level += level->level;
        }
    }
    if (!header->finished)
        header->live = header->level;
    if (header->peak < header->level)
        header->peak = header->level;
}

/* A log that is full may have no room for what its records had live when the program finished. The level then is known: what is missing
 * of it is node 0's. */
static void settle_finish(struct model *model)
{
    const struct log_header *header = &model->log->header;
    if (!header->finished || !header->full)
        return;
    for (uint32_t class = 0; class < CLASSES; class ++) {
        struct sums *all = &model->classes[class];
        struct sums more = {.late = (int64_t)header->class_level[class].live - sums_live(all)};
        if (more.late <= 0)
            continue;
        entries_more(&model->entries, class, &more);
        model_count(model, class, &more);
        sums_add(&model->lost, &more);
    }
}

void model_settle(struct model *model)
{
    if (model->log->truncated || model->entries.count < CLASSES || model->entries.list[0].node)
        return;
    settle_events(model);
    settle_finish(model);
}
