/* SPDX-License-Identifier: MIT */
#include "progress.h"

#include <stdio.h>
#include <time.h>
#include <unistd.h>

#define BAR_CELLS 40u

static uint64_t progress_now(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

void progress_start(struct progress *progress, const char *what, size_t total)
{
    *progress = (struct progress){.what = what, .total = total, .terminal = isatty(2) == 1};
    if (progress->terminal)
        progress->start = progress_now();
}

void progress_at(struct progress *progress, size_t done)
{
    if (!progress->terminal || !progress->total)
        return;
    uint64_t now = progress_now();
    uint64_t since = progress->shown ? progress->shown + 100000000u : progress->start + 1000000000u;
    if (now < since)
        return;
    progress->shown = now;
    size_t cells = (size_t)((double)done / (double)progress->total * BAR_CELLS);
    fprintf(stderr, "\r%s [", progress->what);
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
