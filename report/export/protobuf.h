/* SPDX-License-Identifier: MIT
 *
 * What the formats that are Protocol Buffers share.
 */
#ifndef EXPORT_PROTOBUF_H
#define EXPORT_PROTOBUF_H

#include <protobuf-c/protobuf-c.h>
#include <stdio.h>

#include "export/profile.h"

/* Write a message, with `gzip` in gzip's format. False after a message. */
bool protobuf_put(FILE *out, const ProtobufCMessage *message, bool gzip);

/* Room that is freed all at once. Zeroed. */
struct arena {
    void **blocks;
    size_t count, cap;
    char *at;
    size_t left;
};
void *arena_alloc(struct arena *arena, size_t count, size_t bytes);
void arena_free(struct arena *arena);

/* A table of texts, entry 0 of which is "". */
struct text_table {
    struct strings texts;
};
/* The place of a text, which is valid UTF-8. */
int64_t text_table_add(struct text_table *table, const char *text);
/* All of them, from the arena; their number in *count. Valid while the table is. */
char **text_table_list(const struct text_table *table, struct arena *arena, size_t *count);
void text_table_free(struct text_table *table);

#endif
