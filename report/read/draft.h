/* SPDX-License-Identifier: MIT
 *
 * A log that is made here, not by a traced process: of what other logs have, or of another program's file.
 *
 *     struct draft draft = {0};
 *     uint32_t module = draft_module(&draft, &about);
 *     uint32_t root = draft_node(&draft, 0, draft_frame(&draft, FRAME_THREAD, draft_thread(&draft, "main", 4), 0));
 *     uint32_t leaf = draft_node(&draft, root, draft_named(&draft, module, places, 1));
 *     draft_add(&draft, leaf, CLASS_HEAP, &sums)->...;
 *     draft_put(&draft, out);
 *     draft_free(&draft);
 *
 * Everything is kept once, so memory grows with the number of different stacks, and with that of modules, names and threads' names.
 * Units as in log.h.
 */
#ifndef READ_DRAFT_H
#define READ_DRAFT_H

#include <stdio.h>

#include "base/links.h"
#include "base/once.h"
#include "read/log.h"
#include "read/sizes.h"
#include "read/sums.h"

struct draft_module {
    uint32_t path; /* in texts */
    unsigned char build_id[64];
    uint32_t build_id_bytes;
    uint64_t size; /* of its mapped range, from the base on */
    struct log_stamp stamp;
    uint32_t places; /* frames that draft_named made */
};

/* What happened at a node in a class. */
struct draft_entry {
    uint32_t node, class, next; /* of the same node; 0: none */
    struct sums sums;
    struct sizes *sizes; /* NULL: nothing was allocated, or it is not known */
};

struct draft_node {
    uint32_t parent, frame;
    uint32_t entries; /* first of them; 0: none */
    uint64_t rise, alone;
};

/* Executions of a code's lines. */
struct draft_lines {
    uint32_t code, first_line, count;
    struct log_line *lines; /* executions alone */
};

/* Of all threads of one name. */
struct draft_thread {
    uint64_t events;
    int64_t level; /* bytes allocated less released by them */
};

struct draft_program {
    uint32_t path; /* in texts */
    uint32_t processes;
    uint64_t peak, first, last;
};

struct draft_file {
    uint32_t file; /* in texts */
    struct log_stamp stamp;
    uint32_t source; /* in texts; 0: none */
};

/* Begins zeroed. Numbers count from 1; entry 0 of arrays is not used, but for nodes: node 0 has what is of no node. */
struct draft {
    struct log_header header; /* the caller's; the levels, too */
    uint32_t exe, cwd, argv;  /* in texts */
    struct once texts, modules_known, codes, threads, frames, places, notes, stretches;
    struct draft_module *modules;
    struct draft_node *nodes;
    struct draft_entry *entries;
    struct draft_lines *lines;
    struct draft_file *files;
    struct draft_program *programs;
    struct draft_thread *thread_sums; /* by thread */
    struct log_sample *samples;       /* at most DRAFT_SAMPLES; the caller's */
    size_t sample_count;
    uint64_t *rises; /* by stretch: as many as it has, from rise_at[stretch - 1] on */
    size_t *rise_at;
    uint32_t module_count, node_count, entry_count, lines_count, file_count, program_count;
    size_t module_cap, node_cap, entry_cap, lines_cap, file_cap, program_cap, thread_cap, rise_cap,
        rise_at_cap, rise_count;
    struct links children; /* parent, frame -> node */
    struct links entry_of; /* node, class -> entry */
    struct map lines_of;   /* code -> lines */
    struct map file_of;    /* text -> file */
    struct map program_of; /* text -> program */
};
#define DRAFT_SAMPLES 512u

/* The number of a text. */
uint32_t draft_text(struct draft *draft, const char *text, size_t bytes);
/* The module with this build-id, or without one with this path; of one that is known already the rest stays as it is. */
uint32_t draft_module(struct draft *draft, const struct draft_module *module);
/* `file`, `name`: texts. */
uint32_t draft_code(struct draft *draft, uint32_t file, uint32_t name, uint32_t first_line);
uint32_t draft_thread(struct draft *draft, const char *name, size_t bytes);
/* A frame; of FRAME_NATIVE `owner` is a module, of FRAME_PYTHON a code, of FRAME_THREAD a thread. */
uint32_t draft_frame(struct draft *draft, enum log_frame_kind kind, uint32_t owner, uint64_t value);
/* A frame of native code that is known by its names, the innermost first; function and file are texts, and of each 0 if it is not
 * known. `module` 0: none. */
struct draft_place {
    uint32_t function, file, line;
};
#define DRAFT_PLACES 64u
uint32_t draft_named(struct draft *draft, uint32_t module, const struct draft_place *places,
                     uint32_t count);
/* The child of a node that has this frame, made if there is none. */
uint32_t draft_node(struct draft *draft, uint32_t parent, uint32_t frame);
/* Add figures of a node and class; node 0: of none. Levels are not kept. The entry is valid until the next one is made. */
struct draft_entry *draft_add(struct draft *draft, uint32_t node, enum log_class class,
                              const struct sums *sums);
/* Allocations by size, of an entry. */
void draft_sizes(struct draft_entry *entry, const struct sizes *sizes);
/* The highest stays. */
void draft_rise(struct draft *draft, uint32_t node, uint64_t rise, uint64_t alone);
/* A stretch (runs.h) of which all nodes are the draft's; `sites` may be NULL for other kinds than SET. For each of its rises the highest
 * stays. */
void draft_stretch(struct draft *draft, unsigned kind, uint32_t parent, uint32_t before,
                   uint32_t after, const uint32_t *sites, const uint64_t *rises, uint32_t count);
/* The executions of a code's lines, from a log. */
void draft_lines(struct draft *draft, uint32_t code, const struct log_lines *lines);
/* What a Python file was, and its source if that is in no file. */
void draft_file(struct draft *draft, uint32_t text, const struct log_stamp *stamp, uint32_t source);
/* More processes of a program. */
void draft_program(struct draft *draft, uint32_t path, uint32_t processes, uint64_t peak,
                   uint64_t first, uint64_t last);
void draft_note(struct draft *draft, const char *text, size_t bytes);
/* Writes it. False: more than a log can hold; the stream's errors are the caller's. */
bool draft_put(struct draft *draft, FILE *out);
void draft_free(struct draft *draft);

#endif
