/* SPDX-License-Identifier: MIT */
#include "top/screen.h"

#include <errno.h>
#include <langinfo.h>
#include <locale.h>
#include <ncurses.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/base.h"
#include "top/state.h"

/* ---- Standard error while the screen stands ---- */

/* Messages would spoil the screen: they go to memory, and those of the last reading are printed when the screen is gone. */
struct messages {
    int real, memory;
};

static void messages_hold(struct messages *messages)
{
    messages->memory = memfd_create("messages", MFD_CLOEXEC);
    messages->real = messages->memory >= 0 ? dup(2) : -1;
    if (messages->real >= 0)
        dup2(messages->memory, 2);
}

static void messages_forget(const struct messages *messages)
{
    if (messages->real >= 0 && !ftruncate(messages->memory, 0))
        lseek(messages->memory, 0, SEEK_SET);
}

static void messages_print(struct messages *messages)
{
    char text[4096];
    ssize_t bytes;
    if (messages->real < 0)
        return;
    dup2(messages->real, 2);
    close(messages->real);
    lseek(messages->memory, 0, SEEK_SET);
    while ((bytes = read(messages->memory, text, sizeof text)) > 0)
        if (write(2, text, (size_t)bytes) != bytes)
            break;
    close(messages->memory);
}

/* ---- The terminal ---- */

static bool colours;

static void screen_start(void)
{
    /* ncurses counts columns by the locale; C means UTF-8 here, as elsewhere (base/glyph.h). */
    const char *chosen = setlocale(LC_CTYPE, "");
    if (!chosen || !strcmp(chosen, "C") || !strcmp(chosen, "POSIX"))
        setlocale(LC_CTYPE, "C.UTF-8");
    const char *no = getenv("NO_COLOR");
    initscr();
    cbreak();
    noecho();
    nonl();
    keypad(stdscr, TRUE);
    set_escdelay(50);
    curs_set(0);
    mousemask(BUTTON1_PRESSED | BUTTON1_CLICKED | BUTTON4_PRESSED | BUTTON5_PRESSED, NULL);
    mouseinterval(0);
    colours = has_colors() && !(no && *no);
    if (colours) {
        start_color();
        use_default_colors();
        init_pair(1, COLOR_CYAN, -1);
        init_pair(2, COLOR_YELLOW, -1);
    }
}

static attr_t attributes_of(enum top_style style)
{
    switch (style) {
    case TOP_TITLE:
        return A_BOLD;
    case TOP_HEAD:
    case TOP_SELECTED:
        return A_REVERSE;
    case TOP_FAINT:
        return A_DIM;
    case TOP_CURVE:
        return colours ? (attr_t)COLOR_PAIR(1) : A_NORMAL;
    case TOP_MATCH:
        return colours ? (attr_t)(COLOR_PAIR(2) | A_BOLD) : A_BOLD;
    default:
        return A_NORMAL;
    }
}

static void draw(struct top_state *state)
{
    struct top_picture picture;
    struct top_look look = state_look(state);
    int height = getmaxy(stdscr), width = getmaxx(stdscr);
    state->height = (size_t)height;
    state->width = (size_t)width;
    state_select(state, state->selected);
    look = state_look(state);
    picture_make(&picture, &look, state->width, state->height);
    erase();
    for (size_t i = 0; i < picture.count && i < state->height; i++) {
        int line = i + 1 == picture.count ? height - 1 : (int)i;
        attrset(attributes_of(picture.styles[i]));
        mvaddstr(line, 0, picture.lines[i]);
    }
    attrset(A_NORMAL);
    refresh();
    picture_free(&picture);
}

/* ---- Keys that need the terminal ---- */

static void mouse(struct top_state *state)
{
    MEVENT event;
    if (getmouse(&event) != OK)
        return;
    struct top_look look = state_look(state);
    size_t row = event.y >= 0 ? picture_row(&look, state->height, (size_t)event.y) : SIZE_MAX;
    if (event.bstate & BUTTON4_PRESSED)
        state_key(state, KEY_UP);
    else if (event.bstate & BUTTON5_PRESSED)
        state_key(state, KEY_DOWN);
    else if (row != SIZE_MAX && row == state->selected)
        state_key(state, KEY_ENTER);
    else if (row != SIZE_MAX)
        state_select(state, row);
}

/* The row's source in the user's editor; `$EDITOR` may have arguments of its own. */
static void edit(struct top_state *state)
{
    struct top_text detail = {0};
    if (state->selected >= state->list.count)
        return;
    detail_make(&detail, state->reading, state->list.shown[state->selected].item);
    char line[32];
    snprintf(line, sizeof line, "+%u", detail.line);
    if (!detail.file) {
        snprintf(state->message, sizeof state->message, "no source file of this row is here");
    } else {
        def_prog_mode();
        endwin();
        pid_t child = fork();
        if (!child) {
            execlp("sh", "sh", "-c", "exec ${EDITOR:-vi} \"$1\" \"$2\"", "sh", line, detail.file,
                   (char *)NULL);
            _exit(127);
        }
        while (child > 0 && waitpid(child, NULL, 0) < 0 && errno == EINTR)
            ;
        reset_prog_mode();
        clearok(stdscr, TRUE);
    }
    top_text_free(&detail);
}

static void key(struct top_state *state, int pressed)
{
    if (pressed == KEY_MOUSE)
        mouse(state);
    else if (pressed == 'L' - '@')
        clearok(stdscr, TRUE);
    else if (pressed == 'e' && !state->typing)
        edit(state);
    else if (pressed != KEY_RESIZE)
        state_key(state, pressed);
}

/* ---- All ---- */

/* A terminal that can't be waited for is gone: without an end to it this would spin. */
#define LOST_AFTER 50u

static void run(struct top_state *state, const struct messages *messages)
{
    unsigned lost = 0;
    while (!state->quit && lost < LOST_AFTER) {
        draw(state);
        uint64_t due = state_due(state);
        timeout(due == UINT64_MAX ? -1 : (int)(due / 1000000u + 1));
        int pressed = getch();
        if (pressed != ERR) {
            lost = 0;
            key(state, pressed);
        } else if (due == UINT64_MAX) {
            lost++;
        }
        if (!state_due(state) && !state->typing) {
            messages_forget(messages);
            state_read(state);
        }
    }
}

int top_screen(const char *file, const struct top_options *options)
{
    struct top_state state;
    struct messages messages;
    if (!state_begin(&state, file, options)) {
        int status = stacks_status(&state.reading->stacks);
        state_end(&state);
        return status;
    }
    messages_hold(&messages);
    screen_start();
    run(&state, &messages);
    endwin();
    messages_print(&messages);
    state_end(&state);
    return STATUS_DONE;
}
