/* SPDX-License-Identifier: MIT */
#include "read/sums.h"

void sums_add_figures(struct sums *sums, const struct sums *more)
{
    sums->allocated += more->allocated;
    sums->released += more->released;
    sums->gone += more->gone;
    sums->late = (int64_t)((uint64_t)sums->late + (uint64_t)more->late);
    sums->at_peak = (int64_t)((uint64_t)sums->at_peak + (uint64_t)more->at_peak);
    sums->blocks_at_peak += more->blocks_at_peak;
    sums->allocations += more->allocations;
    sums->releases += more->releases;
    sums->gone_count += more->gone_count;
    sums->live_peak += more->live_peak;
    sums->discarded += more->discarded;
    sums->discards += more->discards;
    sums->temporary += more->temporary;
    sums->temporary_bytes += more->temporary_bytes;
    sums->slack += more->slack;
    sums->resident = (int64_t)((uint64_t)sums->resident + (uint64_t)more->resident);
    sums->readings += more->readings;
}

void sums_add(struct sums *sums, const struct sums *more)
{
    sums_add_figures(sums, more);
    if (more->happened && (!sums->happened || more->last > sums->last)) {
        sums->last = more->last;
        sums->level = more->level;
        sums->happened = true;
    }
}
