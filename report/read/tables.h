/* SPDX-License-Identifier: MIT
 *
 * The tables of a log as they stand in the file, and the problems found in them. For read/ alone.
 */
#ifndef READ_TABLES_H
#define READ_TABLES_H

#include <string.h>

#include "../interpose/format.h"
#include "read/log.h"

/* The part of a region that is there and in use, put together from its extents. */
struct region {
    const unsigned char *data; /* into the file's bytes, a mapping of the file, or `owned` */
    unsigned char *owned;
    size_t mapped; /* bytes of the mapping; 0: it is none */
    uint64_t bytes;
};

/* Indices inside the entries are NOT checked yet: model.c does. Counts include entry 0. */
struct tables {
    struct mt_header header;
    struct region regions[MT_REGION_COUNT];
    const unsigned char *nodes; /* see tables_node */
    uint32_t node_count, node_bytes;
    const unsigned char *units; /* see counters.h */
    uint32_t unit_count, unit_bytes;
    const struct mt_frame_entry *frames;
    uint32_t frame_count;
    const struct mt_thread_entry *threads;
    uint32_t thread_count;
    const struct mt_run *runs;
    uint32_t run_count;
    const struct mt_stretch *stretches; /* units; an entry is followed by its rises and sites */
    uint32_t stretch_units;
    const struct mt_finish *finishes;
    uint32_t finish_count;
    const uint32_t *held; /* of version 2: by unit / 2 */
    uint32_t held_count;
};

/* Whether this memtrace reads logs of this version. */
static inline bool tables_version_known(uint32_t version)
{
    return version == MT_VERSION || version == MT_VERSION_2;
}

/* An entry of NODE, of either version. */
struct tables_node {
    uint32_t parent, frame, counters;
    bool high;            /* the rise stands in a record of STRETCH */
    uint64_t rise, alone; /* 0: in such a record */
};

static inline struct tables_node tables_node(const struct tables *tables, uint32_t index)
{
    const unsigned char *at = tables->nodes + (uint64_t)index * tables->node_bytes;
    if (tables->header.version == MT_VERSION_2) {
        struct mt_node_2 old;
        memcpy(&old, at, sizeof old);
        __asm__ volatile("" : "+m"(old)); /* as below */
        return (struct tables_node){old.parent, old.frame, old.counters,
                                    false,      old.rise,  old.alone};
    }
    struct mt_node node;
    memcpy(&node, at, sizeof node);
    __asm__ volatile("" : "+m"(node)); /* the file may change: what is checked is this copy */
    bool high = node.rise == MT_RISE_HIGH;
    return (struct tables_node){.parent = node.parent,
                                .frame = MT_NODE_FRAME(node.frame),
                                .counters = node.counters,
                                .high = high,
                                .rise = high ? 0 : node.rise,
                                .alone = node.alone == MT_RISE_HIGH ? 0 : node.alone};
}

/* The number in mt_alloc.allocs: 31 bits, but in logs of versions without sizes. */
static inline uint32_t tables_allocs(const struct tables *tables, uint32_t allocs)
{
    return tables->header.flags & MT_FLAG_SIZES ? MT_ALLOCS(allocs) : allocs;
}

/* For now nobody reads what is mapped of the file: it takes no memory until somebody does. */
void tables_rest(struct log *log);
/* Frees what the model is made of: nodes, counters, runs, stretches, finishes, held. */
void tables_give_back(struct log *log);
/* Add a problem at byte `offset` of the file. Always false. */
bool log_problem(struct log *log, uint64_t offset, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* Add a problem at byte `at` of a region. */
void log_problem_in(struct log *log, enum mt_region region, uint64_t at, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

#endif
