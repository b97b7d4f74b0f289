/* SPDX-License-Identifier: MIT */
#include "page/together.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/base.h"
#include "fold/fold.h"
#include "resolve/source_log.h"
#include "show/notes.h"

/* Rises and executions are those of one process. */
#define METRICS_TOGETHER (((1u << METRICS) - 1) & ~(1u << METRIC_RISE | 1u << METRIC_EXECUTIONS))

static struct together_text copy_of(struct log_text text)
{
    return (struct together_text){base_copy(text.bytes ? text.text : "", text.bytes), text.bytes};
}

static void add_header(struct page_together *together, const struct log_header *from)
{
    struct log_header *to = &together->header;
    bool first = !together->joined.part_count;
    if (first)
        *to = (struct log_header){.pid = from->pid,
                                  .parent_pid = from->parent_pid,
                                  .start_real = from->start_real,
                                  .process_start = from->process_start,
                                  .end = from->end,
                                  .finished = true};
    if (from->start_real && from->start_real < to->start_real)
        to->start_real = from->start_real;
    if (from->process_start && from->process_start < to->process_start)
        to->process_start = from->process_start;
    to->level += from->level;
    to->live += from->live;
    to->peak += from->peak > from->peak_before ? from->peak : from->peak_before;
    for (unsigned c = 0; c < CLASSES; c++) {
        to->class_level[c].level += from->class_level[c].level;
        to->class_level[c].live += from->class_level[c].live;
        to->class_level[c].peak += from->class_level[c].peak;
    }
    to->end = from->end == to->end ? to->end : LOG_END_UNKNOWN;
    to->finished &= from->finished;
    to->python |= from->python;
    to->threads |= from->threads;
    to->dropped_events += from->dropped_events;
    to->dropped_bytes += from->dropped_bytes;
    to->unknown_releases += from->unknown_releases;
    to->cut_stacks += from->cut_stacks;
    to->python_missed += from->python_missed;
    to->untraced += from->untraced;
}

static void add_note(struct page_together *together, char *text)
{
    together->notes = base_room(together->notes, &together->note_cap, together->note_count + 1,
                                sizeof *together->notes);
    together->notes[together->note_count++] = (struct together_text){text, strlen(text)};
}

static void add_notes(struct page_together *together, const struct stacks *stacks)
{
    size_t count;
    char **notes = notes_list_of(stacks, &count);
    for (size_t i = 0; i < count; i++)
        add_note(together, notes[i]);
    free(notes);
}

void page_together_add(struct page_together *together, const struct stacks *stacks)
{
    if (!together->joined.part_count) {
        together->exe = copy_of(stacks->log.exe);
        together->argv = copy_of(stacks->log.argv);
        together->folder = copy_of(stacks->log.cwd);
    }
    add_header(together, &stacks->log.header);
    add_notes(together, stacks);
    /* Relative names start in that of the process which names them first. */
    free(together->sources.folder);
    together->sources.folder = NULL;
    sources_of_log(&together->sources, &stacks->log);
    course_add(&together->course, &stacks->log);
    joined_add(&together->joined, stacks);
}

/* The log that stands for all of them owns its lists, as log_close frees them. */
static void fill_log(struct page_together *together, const char *name, struct log *log)
{
    struct log *all = &together->course.all;
    log->name = name;
    log->header = together->header;
    log->header.end_time = all->header.end_time;
    log->exe = (struct log_text){together->exe.text, (uint32_t)together->exe.bytes};
    log->argv = (struct log_text){together->argv.text, (uint32_t)together->argv.bytes};
    log->cwd = (struct log_text){together->folder.text, (uint32_t)together->folder.bytes};
    log->samples = all->samples;
    log->sample_count = all->sample_count;
    log->marks = all->marks;
    log->mark_count = all->mark_count;
    all->samples = NULL;
    all->marks = NULL;
    log->notes = base_alloc(together->note_count + 1, sizeof *log->notes);
    log->note_count = together->note_count;
    for (size_t i = 0; i < together->note_count; i++)
        log->notes[i].text =
            (struct log_text){together->notes[i].text, (uint32_t)together->notes[i].bytes};
}

void page_threads_by_name(struct model *model)
{
    struct strings names = {0};
    uint32_t *slots = base_alloc(model->thread_count + (size_t)1, sizeof *slots);
    for (uint32_t t = 1; t < model->thread_count; t++) {
        struct thread thread = model->threads[t];
        slots[t] = strings_add(&names, thread.name, strlen(thread.name));
        thread.tid = 0;
        thread.leaf = 0;
        model->threads[slots[t]] = thread; /* at or before this one */
    }
    for (uint32_t i = 1; i < model->node_count; i++)
        model->nodes[i].thread = slots[model->nodes[i].thread];
    model->thread_count = (uint32_t)names.count + 1;
    free(slots);
    strings_free(&names);
}

bool page_together_view(struct page_together *together, const char *name,
                        const struct filter *filter, struct view *view)
{
    *view = (struct view){.filter = *filter};
    if (!together->joined.part_count)
        return false;
    course_end(&together->course);
    joined_end(&together->joined);
    page_threads_by_name(&together->joined.stacks.model);
    /* The lists of places and modules are shared with the view: what the view frees is not freed twice. */
    view->stacks = together->joined.stacks;
    together->joined.stacks = (struct stacks){0};
    fill_log(together, name, &view->stacks.log);
    view->stacks.model.log = &view->stacks.log;
    view->stacks.frames.log = &view->stacks.log;
    fold_lines(&view->stacks, METRICS_TOGETHER, filter, &view->lines, &view->functions);
    view->sources = together->sources;
    together->sources = (struct sources){0};
    return true;
}

void page_together_free(struct page_together *together)
{
    joined_free(&together->joined);
    course_free(&together->course);
    sources_free(&together->sources);
    for (size_t i = 0; i < together->note_count; i++)
        free(together->notes[i].text);
    free(together->notes);
    free(together->exe.text);
    free(together->argv.text);
    free(together->folder.text);
}
