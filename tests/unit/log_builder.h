/* SPDX-License-Identifier: MIT
 *
 * Makes logs in memory, for tests of the reader: whole and sound ones, to be damaged afterwards.
 * Indices and ids are those of the format; 0 where it has an entry "none".
 */
#ifndef LOG_BUILDER_H
#define LOG_BUILDER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "../../interpose/format.h"

struct builder {
    struct mt_header header;
    unsigned char *region[MT_REGION_COUNT];
    size_t bytes[MT_REGION_COUNT];
    uint32_t strings, codes, modules;
    bool scatter; /* each region in two extents, their second ones in reverse order */
};

void builder_start(struct builder *b);
/* The same of a version: MT_VERSION or MT_VERSION_2. Then builder_file is the last that is done. */
void builder_start_of(struct builder *b, uint32_t version);
uint32_t builder_thread(struct builder *b, const char *name); /* its root node */
struct mt_thread_entry *builder_thread_entry(struct builder *b, uint32_t index);
uint32_t builder_frame(struct builder *b, uint32_t kind, uint32_t owner, uint64_t value);
uint32_t builder_node(struct builder *b, uint32_t parent, uint32_t frame);
struct mt_node *builder_node_at(struct builder *b, uint32_t node);
/* As the tracker puts them: in the node, or where they are too high for it in a record. */
void builder_rise(struct builder *b, uint32_t node, uint64_t rise, uint64_t alone);
/* Put a counter record (its link is filled in) on a node, before those that it has. */
void builder_counter(struct builder *b, uint32_t node, uint32_t kind, const void *record);
uint32_t builder_large(struct builder *b, const struct mt_large *record); /* its unit */
uint32_t builder_run(struct builder *b, const struct mt_run *run);        /* its index */
/* With stretch->count sites and rises. */
void builder_stretch(struct builder *b, const struct mt_stretch *stretch, const uint32_t *sites,
                     const uint64_t *rises);
uint32_t builder_string(struct builder *b, const char *text);
uint32_t builder_code(struct builder *b, const char *file, const char *name, uint32_t first_line);
uint32_t builder_module(struct builder *b, const char *path, const char *build_id,
                        size_t build_id_bytes, uint64_t base);
void builder_sample(struct builder *b, const struct mt_sample *sample);
/* The text of a file; `file` is a string. */
void builder_source(struct builder *b, uint32_t file, const char *text);
void builder_mark(struct builder *b, uint32_t period, const char *name);
/* Executions of `count` lines of a code record. */
void builder_lines(struct builder *b, uint32_t code, uint32_t first_line, uint32_t period,
                   const struct mt_line *lines, uint32_t count);
void builder_note(struct builder *b, const char *text);
void builder_process(struct builder *b, const char *exe, const char *cwd, const char *argv,
                     size_t argv_bytes);
/* The file; to be freed. The builder can be used on, until builder_end. */
/* What a file was: of a module, or of a string. */
void builder_stamp(struct builder *b, const struct mt_record_file *stamp);
unsigned char *builder_file(struct builder *b, size_t *bytes);
void builder_end(struct builder *b);

#endif
