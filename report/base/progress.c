/* SPDX-License-Identifier: MIT */
#include "base/progress.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/base.h"
#include "base/text.h"

#define BAR_CELLS 30u

/* One that can erase a line. */
static bool can_show(void)
{
    const char *term = getenv("TERM");
    return isatty(2) == 1 && (!term || strcmp(term, "dumb") != 0);
}

void progress_start(struct progress *progress, const char *what, size_t total)
{
    *progress = (struct progress){.what = what, .total = total, .terminal = can_show()};
    if (progress->terminal)
        progress->start = base_now();
}

void progress_of(struct progress *progress, const char *path)
{
    const char *slash = strrchr(path, '/');
    snprintf(progress->of, sizeof progress->of, "%s", slash ? slash + 1 : path);
}

void progress_at(struct progress *progress, size_t done)
{
    progress->done = done;
    if (!progress->terminal || !progress->total)
        return;
    uint64_t now = base_now();
    uint64_t since = progress->shown ? progress->shown + 100000000u : progress->start + 1000000000u;
    if (now < since)
        return;
    progress->shown = now;
    size_t cells = (size_t)((double)done / (double)progress->total * BAR_CELLS);
    fprintf(stderr, "\r\033[K%s", progress->what);
    if (*progress->of) { /* cut: the line must not be longer than the terminal */
        fputs(" of ", stderr);
        text_put(stderr, progress->of, strlen(progress->of), 16);
    }
    fputs(" [", stderr);
    for (size_t i = 0; i < BAR_CELLS; i++)
        fputc(i < cells ? '#' : ' ', stderr);
    fprintf(stderr, "] %zu of %zu", done, progress->total);
    fflush(stderr);
}

void progress_end(struct progress *progress)
{
    if (progress->shown)
        fputs("\r\033[K", stderr);
}
