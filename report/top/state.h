/* SPDX-License-Identifier: MIT
 *
 * What the live screen remembers between keys and readings.
 */
#ifndef TOP_STATE_H
#define TOP_STATE_H

#include "top/picture.h"

#define TOP_TYPED 120u

enum top_typing { TYPING_NOTHING, TYPING_SEARCH, TYPING_FILTER };

struct top_state {
    const char *file;
    struct top_options options;
    struct top_ask ask;
    struct top_reading
        *reading; /* never NULL; its parts point to each other, so it stays where it is */
    struct top_history history;
    struct top_list list;
    struct top_order order;
    struct map open;
    size_t selected, first;
    uint64_t selected_id;
    struct top_text text; /* a row's details, or the keys */
    bool text_shown;
    size_t text_first;
    enum top_typing typing;
    char search[TOP_TYPED], filter[TOP_TYPED], before[TOP_TYPED], prompt[TOP_TYPED + 16];
    char message[256];
    bool frozen, gone, follows, quit;
    size_t width, height;
};

/* Read the log for the first time. False, after a message: there is nothing to show. state_end in any case. */
bool state_begin(struct top_state *state, const char *file, const struct top_options *options);
void state_end(struct top_state *state);
/* Read it again, unless that can bring nothing new. */
void state_read(struct top_state *state);
/* ns from now until it should be read again; UINT64_MAX: never. */
uint64_t state_due(const struct top_state *state);
/* Other rows or figures of the same reading: after state->ask has changed. */
void state_fold(struct top_state *state);
/* Put the rows on the screen anew: after state->order or the filter has changed. */
void state_list(struct top_state *state);
/* Select a row; one that is not there: the nearest. The screen follows. */
void state_select(struct top_state *state, size_t row);
struct top_look state_look(const struct top_state *state);

/* A key, as ncurses names it. */
void state_key(struct top_state *state, int key);

#endif
