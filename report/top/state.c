/* SPDX-License-Identifier: MIT */
#include "top/state.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/base.h"

bool state_begin(struct top_state *state, const char *file, const struct top_options *options)
{
    *state = (struct top_state){
        .file = file, .options = *options, .ask = options->ask, .width = 80, .height = 24};
    state->order.filter = state->filter;
    state->order.open = &state->open;
    state->reading = base_alloc(1, sizeof *state->reading);
    if (!top_read(state->reading, file))
        return false;
    state_fold(state);
    return true;
}

void state_end(struct top_state *state)
{
    list_free(&state->list);
    history_clear(&state->history);
    top_text_free(&state->text);
    map_free(&state->open);
    top_close(state->reading);
    free(state->reading);
}

/* ---- Readings ---- */

void state_read(struct top_state *state)
{
    struct top_reading *fresh = base_alloc(1, sizeof *fresh);
    int32_t pid = state->reading->stacks.log.header.pid;
    if (!top_read(fresh, state->file) || fresh->stacks.log.header.pid != pid) {
        top_close(fresh);
        free(fresh);
        state->gone = true;
        return;
    }
    list_free(&state->list);
    top_close(state->reading);
    free(state->reading);
    state->reading = fresh;
    top_fold(state->reading, &state->ask);
    history_add(&state->history, state->reading);
    state_list(state);
}

uint64_t state_due(const struct top_state *state)
{
    if (state->gone || state->frozen || !state->reading->stacks.running)
        return UINT64_MAX;
    /* reading a large log may take a while: it gets a quarter of the time at most */
    uint64_t wait = (uint64_t)(state->options.interval * 1e9);
    if (wait < 3 * state->reading->took)
        wait = 3 * state->reading->took;
    uint64_t due = state->reading->at + state->reading->took + wait, at = base_now();
    return due > at ? due - at : 0;
}

void state_fold(struct top_state *state)
{
    list_free(&state->list);
    top_fold(state->reading, &state->ask);
    history_clear(&state->history);
    history_add(&state->history, state->reading);
    state_list(state);
}

/* ---- Rows ---- */

void state_list(struct top_state *state)
{
    size_t above = state->selected - state->first;
    list_free(&state->list);
    list_make(&state->list, state->reading, &state->history, &state->order);
    /* the row that was chosen stays chosen, and where it is on the screen; the first one stays the first one */
    size_t row = state->selected || state->follows
                     ? list_find(&state->list, state->selected_id, state->selected)
                     : 0;
    state->first = row > above ? row - above : 0;
    state_select(state, row);
}

void state_select(struct top_state *state, size_t row)
{
    struct top_look look = state_look(state);
    size_t room = picture_room(&look, state->height);
    if (row >= state->list.count)
        row = state->list.count ? state->list.count - 1 : 0;
    state->selected = row;
    state->selected_id = row < state->list.count ? state->list.shown[row].item->id : 0;
    if (state->first > row)
        state->first = row;
    else if (row >= state->first + room)
        state->first = row - room + 1;
    if (state->first + room > state->list.count)
        state->first = state->list.count > room ? state->list.count - room : 0;
}

struct top_look state_look(const struct top_state *state)
{
    return (struct top_look){.reading = state->reading,
                             .history = &state->history,
                             .list = &state->list,
                             .order = &state->order,
                             .selected = state->selected,
                             .first = state->first,
                             .search = state->search,
                             .text = state->text_shown ? &state->text : NULL,
                             .text_first = state->text_first,
                             .prompt = state->typing ? state->prompt : NULL,
                             .message = *state->message ? state->message : NULL,
                             .frozen = state->frozen,
                             .gone = state->gone};
}
