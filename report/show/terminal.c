/* SPDX-License-Identifier: MIT */
#include "show/terminal.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

static bool terminal_is(void)
{
    static int known = -1;
    if (known < 0)
        known = isatty(1) == 1;
    return known;
}

size_t terminal_width(void)
{
    struct winsize size;
    if (terminal_is() && !ioctl(1, TIOCGWINSZ, &size) && size.ws_col >= 20)
        return size.ws_col;
    const char *columns = getenv("COLUMNS");
    long value = columns ? strtol(columns, NULL, 10) : 0;
    return value >= 20 && value <= 1000 ? (size_t)value : 80;
}

size_t terminal_cut(void)
{
    return terminal_is() ? terminal_width() : SIZE_MAX;
}

static bool terminal_colours(void)
{
    static int known = -1;
    if (known < 0) {
        const char *term = getenv("TERM"), *no = getenv("NO_COLOR");
        known = terminal_is() && term && strcmp(term, "dumb") != 0 && !(no && *no);
    }
    return known;
}

const char *terminal_on(enum style style)
{
    static const char *const on[] = {"",        "\033[1m",  "\033[1;31m",
                                     "\033[2m", "\033[33m", "\033[36m"};
    return terminal_colours() ? on[style] : "";
}

const char *terminal_off(enum style style)
{
    return style != STYLE_NONE && terminal_colours() ? "\033[0m" : "";
}
