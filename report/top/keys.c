/* SPDX-License-Identifier: MIT */
#include <ncurses.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/base.h"
#include "base/text.h"
#include "top/state.h"

#define CONTROL(letter) ((letter)&0x1f)
#define ESCAPE          27

static size_t room_of(const struct top_state *state)
{
    struct top_look look = state_look(state);
    return picture_room(&look, state->height);
}

static void say(struct top_state *state, const char *text)
{
    snprintf(state->message, sizeof state->message, "%s", text);
}

/* ---- Moving ---- */

/* By how many rows a key moves; 0: it does not. */
static long steps_of(const struct top_state *state, int key)
{
    long page = (long)room_of(state);
    switch (key) {
    case 'j':
    case KEY_DOWN:
        return 1;
    case 'k':
    case KEY_UP:
        return -1;
    case CONTROL('d'):
        return page / 2 + 1;
    case CONTROL('u'):
        return -page / 2 - 1;
    case CONTROL('f'):
    case KEY_NPAGE:
        return page;
    case CONTROL('b'):
    case KEY_PPAGE:
        return -page;
    case 'g':
    case KEY_HOME:
        return -1000000000;
    case 'G':
    case KEY_END:
        return 1000000000;
    default:
        return 0;
    }
}

static size_t moved(size_t from, long steps, size_t count)
{
    if (steps < 0)
        return from > (size_t)-steps ? from - (size_t)-steps : 0;
    return count && from + (size_t)steps >= count ? count - 1 : from + (size_t)steps;
}

static bool move_by(struct top_state *state, int key)
{
    long steps = steps_of(state, key);
    size_t room = room_of(state);
    if (!steps)
        return false;
    if (!state->text_shown) {
        state_select(state, moved(state->selected, steps, state->list.count));
        return true;
    }
    size_t last = state->text.count > room ? state->text.count - room : 0;
    state->text_first = moved(state->text_first, steps, last + 1);
    return true;
}

/* ---- Searching and filtering ---- */

/* The next row that has what is searched for, after (or before) the selected one, round the end. */
static void search(struct top_state *state, bool back, bool here)
{
    size_t count = state->list.count;
    for (size_t i = here ? 0 : 1; i <= count && count; i++) {
        size_t row = (state->selected + (back ? count * 2 - i : i)) % count;
        if (!list_has(state->list.shown[row].name, state->search))
            continue;
        state_select(state, row);
        return;
    }
    if (*state->search)
        say(state, "no row has that");
}

static char *typed(struct top_state *state)
{
    return state->typing == TYPING_FILTER ? state->filter : state->search;
}

static void show_prompt(struct top_state *state)
{
    snprintf(state->prompt, sizeof state->prompt, "%s%s_",
             state->typing == TYPING_FILTER ? "filter: " : "search: ", typed(state));
}

static void type_begin(struct top_state *state, enum top_typing typing)
{
    state->typing = typing;
    snprintf(state->before, sizeof state->before, "%s", typed(state));
    *typed(state) = 0;
    show_prompt(state);
}

static void type_changed(struct top_state *state)
{
    if (state->typing == TYPING_FILTER)
        state_list(state);
    else
        search(state, false, true);
    *state->message = 0;
    show_prompt(state);
}

/* Backspace takes away a whole character of UTF-8. */
static void type_back(char *text)
{
    size_t length = strlen(text);
    while (length && ((unsigned char)text[length - 1] & 0xc0) == 0x80)
        length--;
    text[length ? length - 1 : 0] = 0;
}

static void type_key(struct top_state *state, int key)
{
    char *text = typed(state);
    size_t length = strlen(text);
    if (key == ESCAPE) {
        memcpy(text, state->before, sizeof state->before);
        type_changed(state);
        state->typing = TYPING_NOTHING;
    } else if (key == '\n' || key == '\r' || key == KEY_ENTER) {
        state->typing = TYPING_NOTHING;
        if (text == state->search)
            search(state, false, true);
    } else if (key == KEY_BACKSPACE || key == 127 || key == 8) {
        type_back(text);
        type_changed(state);
    } else if (key >= ' ' && key < 256 && length + 1 < TOP_TYPED) {
        text[length] = (char)key;
        text[length + 1] = 0;
        type_changed(state);
    }
}

/* ---- Details and help ---- */

static void hide_text(struct top_state *state)
{
    state->text_shown = false;
    top_text_free(&state->text);
    state->text_first = 0;
    state_select(state, state->selected);
}

static void show_detail(struct top_state *state)
{
    if (state->selected >= state->list.count)
        return;
    detail_make(&state->text, state->reading, state->list.shown[state->selected].item);
    state->text_shown = true;
}

#define KEYS_INDENT 18u /* what a key does begins in that column */

/* A line in as many as it takes, broken at blanks. */
static void add_wrapped(struct top_text *text, const char *line, size_t columns)
{
    size_t indent = line[0] == ' ' ? KEYS_INDENT : 0, used = 0;
    while (strlen(line) + used > columns && columns > indent + 12) {
        size_t end = columns - used;
        while (end > (used ? 0 : indent) && line[end] != ' ')
            end--;
        if (end <= (used ? 0 : indent))
            break; /* a word that is longer */
        top_text_add(text, "%*s%.*s", (int)used, "", (int)end, line);
        line += end + 1;
        used = indent;
    }
    top_text_add(text, "%*s%s", (int)used, "", line);
}

static void show_keys(struct top_state *state)
{
    static const char *const lines[] = {
        "Keys",
        "",
        "  1 to 6          by line, function, call site, thread, module; the tree of calls",
        "  t               the tree, and back",
        "  m               next figure: live, peak, allocated, allocations, temporary, rise",
        "  o               own figures, which add up; or with all that a row calls",
        "  a               libraries' rows, too",
        "  j k arrows g G  move; PgUp PgDn, Ctrl-U Ctrl-D by the page",
        "  Enter           a row's figures, source and stacks; Esc goes back",
        "  + - *           the tree: open, close, open all below; also right and left",
        "  /  n  N         search in the names; next, previous",
        "  &  \\            only rows with this in the name; empty: all",
        "  <  >  r         sort by another column; the other way round",
        "  b               show changes since now; else since about 10 seconds ago",
        "  F               keep the selected row in view, wherever it goes",
        "  Space           freeze, and go on",
        "  e               the row's source in $EDITOR",
        "  Ctrl-L          draw anew",
        "  q  F10          quit",
        "",
        ("Own figures count each byte for the innermost line of your own code. The mouse selects, "
         "too.")};
    state->text = (struct top_text){.marked = SIZE_MAX};
    for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++)
        add_wrapped(&state->text, lines[i], state->width);
    state->text_shown = true;
}

/* ---- What is shown ---- */

static void next_metric(struct top_state *state)
{
    static const enum metric order[] = {METRIC_LIVE,        METRIC_PEAK,      METRIC_ALLOCATED,
                                        METRIC_ALLOCATIONS, METRIC_TEMPORARY, METRIC_RISE};
    size_t count = sizeof order / sizeof order[0], i = 0;
    while (i < count && order[i] != state->ask.metric)
        i++;
    state->ask.metric = order[(i + 1) % count];
    state_fold(state);
}

static void choose_view(struct top_state *state, enum top_view view)
{
    state->ask.view = view;
    state->selected = state->first = 0;
    state_fold(state);
}

static void next_column(struct top_state *state, bool back)
{
    static const enum top_column order[] = {COLUMN_FIGURE, COLUMN_CHANGE, COLUMN_RATE, COLUMN_NAME};
    size_t count = sizeof order / sizeof order[0], i = 0;
    while (i < count && order[i] != state->order.column)
        i++;
    state->order.column = order[(i + (back ? count - 1 : 1)) % count];
    state_list(state);
}

/* Open or close the selected node; `all`: and what is below it. */
static void open_node(struct top_state *state, int open, bool all)
{
    if (state->ask.view != TOP_TREE || state->selected >= state->list.count)
        return;
    const struct top_shown *shown = &state->list.shown[state->selected];
    unsigned depth = shown->depth;
    for (size_t at = state->selected; at < state->list.count; at++) {
        shown = &state->list.shown[at];
        if (at > state->selected && (!all || shown->depth <= depth))
            break;
        if (shown->parent && (open < 0 || shown->open != (open > 0))) {
            uint32_t *chosen = map_at(&state->open, shown->item->id);
            *chosen = !*chosen;
            uint64_t id = state->selected_id;
            state->follows = true;
            state_list(state);
            state->follows = false;
            at = list_find(&state->list, state->list.shown[at].item->id, at);
            state->selected_id = id;
        }
    }
}

static bool show_key(struct top_state *state, int key)
{
    if (key >= '1' && key < '1' + TOP_VIEWS) {
        choose_view(state, (enum top_view)(key - '1'));
        return true;
    }
    switch (key) {
    case 't':
        choose_view(state, state->ask.view == TOP_TREE ? TOP_LINES : TOP_TREE);
        return true;
    case 'm':
        next_metric(state);
        return true;
    case 'o':
        state->ask.inclusive = !state->ask.inclusive;
        state_fold(state);
        return true;
    case 'a':
        state->ask.all = !state->ask.all;
        state_fold(state);
        return true;
    case '<':
    case '>':
        next_column(state, key == '<');
        return true;
    case 'r':
        state->order.reverse = !state->order.reverse;
        state_list(state);
        return true;
    default:
        return false;
    }
}

/* ---- Keys ---- */

static bool node_key(struct top_state *state, int key)
{
    if (state->ask.view != TOP_TREE || state->text_shown)
        return false;
    if (key == '+' || key == KEY_RIGHT)
        open_node(state, 1, false);
    else if (key == '-' || key == KEY_LEFT)
        open_node(state, 0, false);
    else if (key == '*')
        open_node(state, 1, true);
    else
        return false;
    return true;
}

static void other_key(struct top_state *state, int key)
{
    switch (key) {
    case '\n':
    case '\r':
    case KEY_ENTER:
        show_detail(state);
        break;
    case '/':
        type_begin(state, TYPING_SEARCH);
        break;
    case '&':
    case '\\':
        type_begin(state, TYPING_FILTER);
        break;
    case 'n':
    case 'N':
        search(state, key == 'N', false);
        break;
    case 'b':
        history_fix(&state->history);
        state_list(state);
        say(state, "changes are those since now");
        break;
    case 'F':
        state->follows = !state->follows;
        say(state, state->follows ? "the selected row is followed" : "the first rows stay in view");
        break;
    case ' ':
        state->frozen = !state->frozen;
        break;
    default:
        break;
    }
}

void state_key(struct top_state *state, int key)
{
    *state->message = 0;
    if (state->typing) {
        type_key(state, key);
        return;
    }
    if (key == 'q' || key == KEY_F(10)) {
        state->quit = true;
    } else if (key == '?' || key == KEY_F(1)) {
        if (state->text_shown)
            hide_text(state);
        show_keys(state);
    } else if (move_by(state, key) || node_key(state, key)) {
        return;
    } else if (state->text_shown) {
        if (key == ESCAPE || key == KEY_LEFT || key == '\n' || key == KEY_BACKSPACE)
            hide_text(state);
    } else if (!show_key(state, key)) {
        other_key(state, key);
    }
}
