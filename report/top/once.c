/* SPDX-License-Identifier: MIT */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/base.h"
#include "show/terminal.h"
#include "top/screen.h"
#include "top/state.h"

int top_once(const char *file, const struct top_options *options)
{
    struct top_state state;
    struct top_picture picture;
    const char *lines = getenv("LINES");
    long height = lines ? strtol(lines, NULL, 10) : 0;
    bool there = state_begin(&state, file, options);
    int status = stacks_status(&state.reading->stacks);
    if (there) {
        state.height = height >= 5 && height <= 10000 ? (size_t)height : 24;
        state.selected = SIZE_MAX; /* none stands out */
        struct top_look look = state_look(&state);
        look.message = "";
        look.uncut = terminal_cut() == SIZE_MAX && !getenv("COLUMNS");
        picture_make(&picture, &look, terminal_width(), state.height);
        for (size_t i = 0; i + 1 < picture.count; i++) {
            size_t bytes = strlen(picture.lines[i]);
            while (bytes && picture.lines[i][bytes - 1] == ' ')
                bytes--;
            printf("%.*s\n", (int)bytes, picture.lines[i]);
        }
        picture_free(&picture);
    }
    state_end(&state);
    return status;
}
