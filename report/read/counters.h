/* SPDX-License-Identifier: MIT
 *
 * The counter records of a log, of either version, as those of the present one are in full. For read/ alone.
 */
#ifndef READ_COUNTERS_H
#define READ_COUNTERS_H

#include "read/tables.h"

/* A record. What was small is given as the large one of its kind. */
struct counter {
    uint32_t kind;  /* enum mt_kind, or COUNTER_TEMPORARY; 0: not filled in yet */
    uint32_t units; /* that it takes */
    uint32_t next;  /* unit of the next one in the chain, 0: none */
    bool moved;     /* an mt_small that has no figures any more: the next one has them */
    union {
        struct mt_alloc alloc; /* MT_KIND_ALLOC + class */
        struct mt_release release;
        struct mt_discard discard;
        struct mt_resident resident;
        struct mt_temporary_2 temporary;
    };
};
#define COUNTER_TEMPORARY 16u /* version 2's */

/* The record at this unit, which must be one of the region's. False: it reaches beyond the region's end. */
bool counter_read(const struct tables *tables, uint32_t unit, struct counter *counter);

/* The numbers of an mt_sizes at `unit`, with those of its mt_large. */
void counter_sizes(const struct tables *tables, uint32_t unit,
                   uint32_t counts[MT_SIZES_SMALL + MT_SIZES_LARGE]);

static inline bool counter_is_release(uint32_t kind)
{
    return kind >= MT_KIND_RELEASE && kind < MT_KIND_RELEASE + MT_CLASSES;
}

/* Units that a record of this kind takes in this version. */
uint32_t counter_units(uint32_t version, uint32_t kind);

#endif
