/* SPDX-License-Identifier: MIT */
#include "fold/joined.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/base.h"
#include "resolve/short.h"

/* ---- names ---- */

static uint32_t text_add(struct frames *to, const char *text)
{
    return text ? strings_add(&to->strings, text, strlen(text)) : 0;
}

static uint32_t module_add(struct joined *joined, const struct log *log, uint32_t id)
{
    if (!id || id >= log->module_count || !log->modules[id].path.bytes)
        return 0;
    struct log *to = &joined->stacks.log;
    struct log_text path = log->modules[id].path;
    uint32_t index = strings_add(&joined->modules, path.text, path.bytes);
    to->modules =
        base_room(to->modules, &joined->module_cap, index + (size_t)1, sizeof *to->modules);
    for (; to->module_count <= index; to->module_count++)
        to->modules[to->module_count] = (struct log_module){0};
    const char *text = strings_get(&joined->modules, index);
    to->modules[index].known = true;
    to->modules[index].path = (struct log_text){.text = text, .bytes = strlen(text)};
    return index;
}

static uint32_t function_add(struct joined *joined, const struct stacks *part,
                             const struct function *function)
{
    struct frames *to = &joined->stacks.frames;
    struct function copy = *function;
    char key[160];
    copy.name = text_add(to, frames_name(&part->frames, function));
    copy.file = text_add(to, frames_file(&part->frames, function));
    copy.module = module_add(joined, &part->log, function->module);
    uint32_t language = text_add(to, function->language); /* it may be the part's */
    copy.language = strings_get(&to->strings, language);
    int length = snprintf(
        key, sizeof key, "%" PRIu32 " %" PRIu32 " %" PRIu32 " %" PRIu32 " %" PRIu32 " %d %d",
        copy.name, copy.file, copy.module, copy.first_line, language, (int)copy.rank, copy.command);
    uint32_t index = strings_add(&joined->functions, key, (size_t)length) - 1;
    if (index == to->function_count) {
        to->functions = base_room(to->functions, &to->function_cap, to->function_count + 1,
                                  sizeof *to->functions);
        to->functions[to->function_count++] = copy;
    }
    return index;
}

static uint32_t place_add(struct joined *joined, uint32_t function, const struct place *place)
{
    struct frames *to = &joined->stacks.frames;
    char key[80];
    int length = snprintf(key, sizeof key, "%" PRIu32 " %" PRIu32 " %" PRIx64, function,
                          place->line, place->address);
    uint32_t index = strings_add(&joined->places, key, (size_t)length) - 1;
    if (index == to->place_count) {
        to->places = base_room(to->places, &to->place_cap, to->place_count + 1, sizeof *to->places);
        to->places[to->place_count] = *place;
        to->places[to->place_count++].function = function;
    } else if (to->places[index].tail != place->tail) {
        to->places[index].tail = TAIL_AT_TIMES;
    }
    return index;
}

/* ---- stacks ---- */

uint32_t *joined_names(struct joined *joined, const struct stacks *part)
{
    const struct frames *from = &part->frames;
    uint32_t *functions = base_alloc(from->function_count + 1, sizeof *functions);
    uint32_t *places = base_alloc(from->place_count + 1, sizeof *places);
    for (size_t f = 0; f < from->function_count; f++)
        functions[f] = function_add(joined, part, &from->functions[f]);
    for (size_t p = 0; p < from->place_count; p++)
        places[p] = place_add(joined, functions[from->places[p].function], &from->places[p]);
    free(functions);
    return places;
}

static void add_frames(struct joined *joined, const struct stacks *part)
{
    const struct frames *from = &part->frames;
    struct frames *to = &joined->stacks.frames;
    uint32_t *places = joined_names(joined, part);
    /* Frame 0, "not known", is there even if the log has none. */
    size_t frames = from->frame_count ? from->frame_count : 1, count = from->start[frames];
    to->start = base_room(to->start, &joined->start_cap, joined->frame_count + frames + 1,
                          sizeof *to->start);
    to->place_of = base_room(to->place_of, &joined->place_of_cap,
                             joined->place_of_count + count + 1, sizeof *to->place_of);
    for (size_t f = 0; f <= frames; f++)
        to->start[joined->frame_count + f] = (uint32_t)(joined->place_of_count + from->start[f]);
    for (size_t i = 0; i < count; i++)
        to->place_of[joined->place_of_count + i] = places[from->place_of[i]];
    joined->frame_count += frames;
    joined->place_of_count += count;
    free(places);
}

/* Node, thread 0 is none in each: it is the same for all. */
static void add_nodes(struct joined *joined, const struct model *from, uint32_t frames)
{
    struct model *to = &joined->stacks.model;
    uint32_t nodes = to->node_count - 1, threads = to->thread_count - 1;
    to->nodes = base_room(to->nodes, &joined->node_cap, nodes + (size_t)from->node_count,
                          sizeof *to->nodes);
    to->threads = base_room(to->threads, &joined->thread_cap, threads + (size_t)from->thread_count,
                            sizeof *to->threads);
    for (uint32_t t = 1; t < from->thread_count; t++)
        to->threads[to->thread_count++] = from->threads[t];
    for (uint32_t i = 1; i < from->node_count; i++) {
        struct node node = from->nodes[i];
        node.parent += node.parent ? nodes : 0;
        node.frame += frames;
        node.thread += node.thread ? threads : 0;
        to->nodes[to->node_count++] = node;
    }
    for (size_t e = 0; e < from->entries.count; e++) {
        const struct entry *entry = &from->entries.list[e];
        struct sums sums = entry_sums(&from->entries, entry);
        if (!entry->node) {
            sums_add(&joined->lost[entry->class], &sums);
            sums_add(&joined->parts[joined->part_count - 1].lost[entry->class], &sums);
            continue;
        }
        sums.happened = false; /* levels of several processes are not of one */
        entries_add(&to->entries, entry->node + nodes, entry->class, &sums);
    }
}

static void begin(struct joined *joined)
{
    struct model *model = &joined->stacks.model;
    model->nodes = base_room(NULL, &joined->node_cap, 1, sizeof *model->nodes);
    model->threads = base_room(NULL, &joined->thread_cap, 1, sizeof *model->threads);
    model->nodes[0] = (struct node){0};
    model->threads[0] = (struct thread){0};
    model->node_count = model->thread_count = 1;
    model->logged = UINT32_MAX;
    /* What no node is known of stands first, as in each process. */
    for (uint32_t c = 0; c < CLASSES; c++)
        entries_add(&model->entries, 0, c, &(struct sums){0});
    joined->stacks.frames.start =
        base_room(NULL, &joined->start_cap, 1, sizeof *joined->stacks.frames.start);
    joined->stacks.frames.start[0] = 0;
}

static void add_part(struct joined *joined, const struct stacks *part)
{
    const struct log_header *header = &part->log.header;
    joined->parts =
        base_room(joined->parts, &joined->part_cap, joined->part_count + 1, sizeof *joined->parts);
    joined->parts[joined->part_count++] =
        (struct joined_part){.log = part->log.name,
                             .node = joined->stacks.model.node_count,
                             .thread = joined->stacks.model.thread_count,
                             .logged = joined->stacks.model.node_count + part->model.logged - 1,
                             .entry = joined->stacks.model.entries.count,
                             .pid = header->pid,
                             .python = header->python,
                             .finished = header->finished,
                             .running = part->running,
                             .periods = header->period != 0};
    struct log_header *all = &joined->stacks.log.header;
    if (joined->part_count == 1) {
        all->end = header->end;
        all->finished = header->finished;
    }
    all->end = header->end == all->end ? all->end : LOG_END_UNKNOWN;
    all->finished &= header->finished;
    joined->stacks.log.header.held =
        header->held && (joined->part_count == 1 || joined->stacks.log.header.held);
    joined->stacks.running |= part->running;
    joined->stacks.log.header.slack |= header->slack;
}

void joined_add(struct joined *joined, const struct stacks *part)
{
    if (!joined->stacks.model.nodes)
        begin(joined);
    add_part(joined, part);
    uint32_t frames = (uint32_t)joined->frame_count;
    add_frames(joined, part);
    add_nodes(joined, &part->model, frames);
}

void joined_end(struct joined *joined)
{
    struct stacks *stacks = &joined->stacks;
    if (!stacks->model.nodes)
        begin(joined);
    struct model *model = &stacks->model;
    for (unsigned c = 0; c < CLASSES; c++) {
        entries_set(&model->entries, c, &joined->lost[c]);
        sums_add(&model->lost, &joined->lost[c]);
    }
    for (size_t e = 0; e < model->entries.count; e++) {
        const struct entry *entry = &model->entries.list[e];
        struct sums sums = entry_sums(&model->entries, entry);
        model_count(model, entry->class, &sums);
    }
    stacks->processes = joined->part_count;
    stacks->model.periods = ALL_PERIODS;
    stacks->model.log = &stacks->log;
    stacks->frames.log = &stacks->log;
    short_make(&stacks->frames);
}

void joined_free(struct joined *joined)
{
    stacks_close(&joined->stacks);
    free(joined->parts);
    strings_free(&joined->functions);
    strings_free(&joined->places);
    strings_free(&joined->modules);
    *joined = (struct joined){0};
}
