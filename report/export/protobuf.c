/* SPDX-License-Identifier: MIT */
#include "export/protobuf.h"

#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "base/base.h"
#include "export/formats.h"

#define ARENA_BLOCK 1000000u

const bool export_protobuf = true;

static bool put_packed(FILE *out, const void *data, size_t bytes, bool gzip)
{
    unsigned char room[65536];
    z_stream stream = {.next_in = (void *)data};
    int result = Z_OK;
    if (!gzip) {
        fwrite(data, 1, bytes, out);
        return true;
    }
    if (deflateInit2(&stream, 6, Z_DEFLATED, MAX_WBITS + 16, 8, Z_DEFAULT_STRATEGY) != Z_OK) {
        base_say("no memory for packing");
        return false;
    }
    while (result == Z_OK) {
        size_t part = bytes < (1u << 30) ? bytes : 1u << 30;
        if (!stream.avail_in) {
            stream.avail_in = (uInt)part;
            bytes -= part;
        }
        stream.next_out = room;
        stream.avail_out = sizeof room;
        result = deflate(&stream, bytes ? Z_NO_FLUSH : Z_FINISH);
        fwrite(room, 1, sizeof room - stream.avail_out, out);
    }
    deflateEnd(&stream);
    return true;
}

bool protobuf_put(FILE *out, const ProtobufCMessage *message, bool gzip)
{
    size_t bytes = protobuf_c_message_get_packed_size(message);
    uint8_t *data = base_alloc(bytes + 1, 1);
    protobuf_c_message_pack(message, data);
    bool good = put_packed(out, data, bytes, gzip);
    free(data);
    return good;
}

void *arena_alloc(struct arena *arena, size_t count, size_t bytes)
{
    size_t need = (count * bytes + 15) & ~(size_t)15;
    if (need > arena->left) {
        size_t room = need > ARENA_BLOCK ? need : ARENA_BLOCK;
        arena->blocks =
            base_room(arena->blocks, &arena->cap, arena->count + 1, sizeof *arena->blocks);
        arena->at = arena->blocks[arena->count++] = base_alloc(room, 1);
        arena->left = room;
    }
    void *found = arena->at;
    arena->at += need;
    arena->left -= need;
    return found;
}

void arena_free(struct arena *arena)
{
    for (size_t i = 0; i < arena->count; i++)
        free(arena->blocks[i]);
    free(arena->blocks);
    *arena = (struct arena){0};
}

int64_t text_table_add(struct text_table *table, const char *text)
{
    return *text ? strings_add(&table->texts, text, strlen(text)) : 0;
}

char **text_table_list(const struct text_table *table, struct arena *arena, size_t *count)
{
    static char empty[1];
    char **list = arena_alloc(arena, table->texts.count + 1, sizeof *list);
    list[0] = empty;
    for (uint32_t i = 0; i < table->texts.count; i++)
        list[i + 1] = table->texts.text[i];
    *count = table->texts.count + 1;
    return list;
}

void text_table_free(struct text_table *table)
{
    strings_free(&table->texts);
}
