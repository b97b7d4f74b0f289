/* SPDX-License-Identifier: MIT
 *
 * A file is the head, then what it counts: lookups by address, symbols, places of strings in the
 * text, the text.
 */
#include "symbols/cache.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/base.h"
#include "symbols/cache_file.h"

#define CACHE_MAGIC   "mtsymbol"
#define CACHE_VERSION 3u /* another one whenever symbols_find finds something else in a file */
#define CACHE_ORDER   0x01020304u
#define ID_BYTES_MAX  64u

struct cache_head {
    char magic[8];
    uint32_t version, order;
    uint64_t hash; /* of all bytes behind it */
    char tool[16]; /* which memtrace wrote it */
    uint32_t id_bytes;
    /* string, which may be SYMBOLS_NO_DEBUG; 0: the module's own file has the debug information */
    uint32_t debug_path;
    unsigned char id[ID_BYTES_MAX];
    struct symbols_file file, debug_file;
    uint32_t lookup_count, symbol_count, string_count, text_bytes;
};
struct cache_lookup {
    uint64_t address, self, callee; /* entries: struct symbol_call */
    uint32_t self_name, callee_name;
    uint32_t first, count;
};
struct cache_symbol {
    uint32_t function, file, line, first_line, last_line, language; /* texts: strings from 1 */
};

#define HASHED_FROM (offsetof(struct cache_head, hash) + sizeof(uint64_t))

/* ---- the parts of a checked file ---- */

static const struct cache_lookup *part_lookups(const struct cache_head *head)
{
    return (const void *)(head + 1);
}
static const struct cache_symbol *part_symbols(const struct cache_head *head)
{
    return (const void *)(part_lookups(head) + head->lookup_count);
}
static const uint32_t *part_starts(const struct cache_head *head)
{
    return (const void *)(part_symbols(head) + head->symbol_count);
}
static const char *part_text(const struct cache_head *head)
{
    return (const void *)(part_starts(head) + head->string_count);
}

static uint64_t size_of_parts(const struct cache_head *head)
{
    return sizeof *head + head->lookup_count * (uint64_t)sizeof(struct cache_lookup) +
           head->symbol_count * (uint64_t)sizeof(struct cache_symbol) +
           head->string_count * (uint64_t)sizeof(uint32_t) + head->text_bytes;
}

/* NULL for 0. */
static const char *string_at(const struct cache_head *head, uint32_t id)
{
    return id ? part_text(head) + part_starts(head)[id - 1] : NULL;
}

static bool parts_sound(const struct cache_head *head)
{
    const struct cache_lookup *lookups = part_lookups(head);
    const struct cache_symbol *symbols = part_symbols(head);
    uint32_t strings = head->string_count;
    if (strings && (!head->text_bytes || part_text(head)[head->text_bytes - 1]))
        return false;
    for (uint32_t i = 0; i < strings; i++)
        if (part_starts(head)[i] >= head->text_bytes)
            return false;
    for (uint32_t i = 0; i < head->symbol_count; i++)
        if (symbols[i].function > strings || symbols[i].file > strings ||
            symbols[i].language > strings || !symbols[i].language)
            return false;
    for (uint32_t i = 0; i < head->lookup_count; i++)
        if (lookups[i].count > SYMBOLS_INLINED_MAX || lookups[i].count > head->symbol_count ||
            lookups[i].first > head->symbol_count - lookups[i].count ||
            lookups[i].self_name > strings || lookups[i].callee_name > strings ||
            (i && lookups[i].address <= lookups[i - 1].address))
            return false;
    return head->debug_path <= strings;
}

/* Is it a whole file of the present kind, and sound? */
static bool data_whole(const unsigned char *data, size_t bytes)
{
    const struct cache_head *head = (const void *)data;
    return bytes >= sizeof *head && !memcmp(head->magic, CACHE_MAGIC, sizeof head->magic) &&
           head->version == CACHE_VERSION && head->order == CACHE_ORDER &&
           size_of_parts(head) == bytes &&
           head->hash == map_hash(data + HASHED_FROM, bytes - HASHED_FROM) && parts_sound(head);
}

/* Likewise, and written by this memtrace. */
static bool data_sound(const unsigned char *data, size_t bytes)
{
    char tool[sizeof(((struct cache_head *)0)->tool)] = MEMTRACE_VERSION;
    return data_whole(data, bytes) &&
           !memcmp(((const struct cache_head *)(const void *)data)->tool, tool, sizeof tool);
}

/* Is it about these files, as they are now? */
static bool head_fits(const struct cache_head *head, const struct cache *cache,
                      const struct batch *batch, struct symbols *symbols)
{
    const char *path = string_at(head, head->debug_path);
    bool none = path && !strcmp(path, SYMBOLS_NO_DEBUG);
    if (head->id_bytes != batch->wanted.build_id_bytes ||
        memcmp(head->id, batch->wanted.build_id, head->id_bytes) != 0 ||
        (cache->file.bytes && !symbols_file_same(&head->file, &cache->file)))
        return false;
    if (none) {
        const char *now = symbols_debug_path(symbols);
        return now && !strcmp(now, path);
    }
    if (!cache->file.bytes) /* gone: nothing says more than the build-id */
        return true;
    struct symbols_file debug_file;
    return !path || (symbols_file_at(path, &debug_file) &&
                     symbols_file_same(&debug_file, &head->debug_file));
}

/* ---- reading ---- */

void cache_open(struct cache *cache, const struct batch *batch, struct symbols *symbols)
{
    *cache = (struct cache){.file = symbols_file(symbols)};
    if (!batch->wanted.build_id_bytes || batch->wanted.build_id_bytes > ID_BYTES_MAX)
        return;
    for (size_t i = 0; i < batch->wanted.build_id_bytes; i++)
        sprintf(cache->name + 2 * i, "%02x", batch->wanted.build_id[i]);
    strcat(cache->name, batch->tails ? ".tails.sym" : ".sym");
    cache->folder = cache_folder();
    if (!cache->folder)
        return;
    size_t bytes;
    cache->data = cache_file_read(cache->folder, cache->name, CACHE_FILE_MAX, &bytes);
    if (!cache->data)
        return;
    cache->head = (const void *)cache->data;
    if (!data_sound(cache->data, bytes) || !head_fits(cache->head, cache, batch, symbols)) {
        free(cache->data);
        cache->data = NULL;
        cache->head = NULL;
    }
}

/* A text of the file in `strings`. `same` remembers. */
static uint32_t text_taken(const struct cache_head *head, struct strings *strings, uint32_t *same,
                           uint32_t id)
{
    const char *text = string_at(head, id);
    if (text && !same[id])
        same[id] = strings_add(strings, text, strlen(text));
    return text ? same[id] : 0;
}

static void item_take(const struct cache_head *head, const struct cache_lookup *lookup,
                      struct batch *batch, struct batch_item *item, uint32_t *same, uint32_t *names)
{
    batch->symbols = base_room(batch->symbols, &batch->symbol_cap,
                               batch->symbol_count + lookup->count + 1, sizeof *batch->symbols);
    item->known = true;
    item->first = (uint32_t)batch->symbol_count;
    item->count = lookup->count;
    item->call = (struct symbol_call){
        {lookup->self, text_taken(head, batch->names, names, lookup->self_name)},
        {lookup->callee, text_taken(head, batch->names, names, lookup->callee_name)}};
    for (uint32_t k = 0; k < lookup->count; k++) {
        const struct cache_symbol *from = &part_symbols(head)[lookup->first + k];
        uint32_t ids[3] = {from->function, from->file, from->language};
        for (int i = 0; i < 3; i++)
            ids[i] = text_taken(head, batch->strings, same, ids[i]);
        batch->symbols[batch->symbol_count++] =
            (struct symbol){.function = ids[0],
                            .file = ids[1],
                            .line = from->line,
                            .first_line = from->first_line,
                            .last_line = from->last_line,
                            .language = strings_get(batch->strings, ids[2])};
    }
}

size_t cache_take(const struct cache *cache, struct batch *batch)
{
    const struct cache_head *head = cache->head;
    if (!head)
        return 0;
    const struct cache_lookup *lookups = part_lookups(head);
    uint32_t *same = base_alloc(head->string_count + (size_t)1, sizeof *same);
    uint32_t *names = base_alloc(head->string_count + (size_t)1, sizeof *names);
    size_t taken = 0;
    uint32_t at = 0; /* both go up by address */
    for (size_t i = 0; i < batch->count; i++) {
        struct batch_item *item = &batch->items[i];
        while (at < head->lookup_count && lookups[at].address < item->address)
            at++;
        if (at == head->lookup_count || lookups[at].address != item->address)
            continue;
        item_take(head, &lookups[at], batch, item, same, names);
        taken++;
    }
    free(same);
    free(names);
    return taken;
}

void cache_close(struct cache *cache)
{
    free(cache->folder);
    free(cache->data);
    *cache = (struct cache){0};
}

/* ---- writing ---- */

struct output {
    struct strings strings;
    struct cache_lookup *lookups;
    struct cache_symbol *symbols;
    size_t lookup_count, lookup_cap, symbol_count, symbol_cap;
};

static uint32_t output_string(struct output *output, const char *text)
{
    return text ? strings_add(&output->strings, text, strlen(text)) : 0;
}

static struct cache_symbol *output_lookup(struct output *output, struct cache_lookup lookup)
{
    uint32_t count = lookup.count;
    lookup.first = (uint32_t)output->symbol_count;
    output->lookups = base_room(output->lookups, &output->lookup_cap, output->lookup_count + 1,
                                sizeof *output->lookups);
    output->symbols = base_room(output->symbols, &output->symbol_cap,
                                output->symbol_count + count + 1, sizeof *output->symbols);
    output->lookups[output->lookup_count++] = lookup;
    output->symbol_count += count;
    return output->symbols + output->symbol_count - count;
}

static void output_old(struct output *output, const struct cache_head *head,
                       const struct cache_lookup *lookup)
{
    struct cache_lookup copy = *lookup;
    copy.self_name = output_string(output, string_at(head, copy.self_name));
    copy.callee_name = output_string(output, string_at(head, copy.callee_name));
    struct cache_symbol *to = output_lookup(output, copy);
    for (uint32_t k = 0; k < lookup->count; k++) {
        to[k] = part_symbols(head)[lookup->first + k];
        to[k].function = output_string(output, string_at(head, to[k].function));
        to[k].file = output_string(output, string_at(head, to[k].file));
        to[k].language = output_string(output, string_at(head, to[k].language));
    }
}

static void output_item(struct output *output, const struct batch *batch,
                        const struct batch_item *item)
{
    const struct symbol_call *call = &item->call;
    struct cache_lookup lookup = {
        .address = item->address,
        .self = call->self.entry,
        .callee = call->callee.entry,
        .self_name = output_string(output, strings_get(batch->names, call->self.name)),
        .callee_name = output_string(output, strings_get(batch->names, call->callee.name)),
        .count = item->count};
    struct cache_symbol *to = output_lookup(output, lookup);
    for (uint32_t k = 0; k < item->count; k++) {
        const struct symbol *from = &batch->symbols[item->first + k];
        to[k] = (struct cache_symbol){
            .function = output_string(output, strings_get(batch->strings, from->function)),
            .file = output_string(output, strings_get(batch->strings, from->file)),
            .language = output_string(output, from->language),
            .line = from->line,
            .first_line = from->first_line,
            .last_line = from->last_line};
    }
}

/* The file's bytes, to be freed; NULL: too many. */
static unsigned char *output_data(const struct output *output, struct cache_head *head,
                                  size_t *bytes)
{
    uint64_t text_bytes = 0;
    for (size_t i = 0; i < output->strings.count; i++)
        text_bytes += strlen(output->strings.text[i]) + 1;
    if (text_bytes > CACHE_FILE_MAX || output->lookup_count > CACHE_FILE_MAX ||
        output->symbol_count > CACHE_FILE_MAX)
        return NULL;
    head->lookup_count = (uint32_t)output->lookup_count;
    head->symbol_count = (uint32_t)output->symbol_count;
    head->string_count = (uint32_t)output->strings.count;
    head->text_bytes = (uint32_t)text_bytes;
    if (size_of_parts(head) > CACHE_FILE_MAX)
        return NULL;
    *bytes = (size_t)size_of_parts(head);
    unsigned char *data = base_alloc(*bytes, 1);
    struct cache_head *written = (void *)data;
    *written = *head;
    memcpy((void *)(uintptr_t)part_lookups(written), output->lookups,
           output->lookup_count * sizeof *output->lookups);
    if (output->symbol_count)
        memcpy((void *)(uintptr_t)part_symbols(written), output->symbols,
               output->symbol_count * sizeof *output->symbols);
    uint32_t *starts = (void *)(uintptr_t)part_starts(written), at = 0;
    for (size_t i = 0; i < output->strings.count; i++) {
        size_t length = strlen(output->strings.text[i]) + 1;
        starts[i] = at;
        memcpy((char *)(starts + output->strings.count) + at, output->strings.text[i], length);
        at += (uint32_t)length;
    }
    written->hash = map_hash(data + HASHED_FROM, *bytes - HASHED_FROM);
    return data;
}

/* What the file had and what the batch has, by address. */
static void output_merge(struct output *output, const struct cache_head *head,
                         const struct batch *batch)
{
    uint32_t old = 0;
    for (size_t i = 0; i < batch->count; i++) {
        const struct batch_item *item = &batch->items[i];
        if (i && item->address == batch->items[i - 1].address)
            continue;
        for (; head && old < head->lookup_count && part_lookups(head)[old].address <= item->address;
             old++)
            if (part_lookups(head)[old].address < item->address)
                output_old(output, head, &part_lookups(head)[old]);
        output_item(output, batch, item);
    }
    for (; head && old < head->lookup_count; old++)
        output_old(output, head, &part_lookups(head)[old]);
}

static void output_free(struct output *output)
{
    strings_free(&output->strings);
    free(output->lookups);
    free(output->symbols);
}

void cache_store(const struct cache *cache, const struct batch *batch, struct symbols *symbols)
{
    const char *debug_path = cache->folder ? symbols_debug_path(symbols) : NULL;
    struct cache_head head = {.version = CACHE_VERSION,
                              .order = CACHE_ORDER,
                              .tool = MEMTRACE_VERSION,
                              .id_bytes = (uint32_t)batch->wanted.build_id_bytes,
                              .file = cache->file};
    if (!debug_path || (debug_path[0] == '/' && !symbols_file_at(debug_path, &head.debug_file)))
        return;
    memcpy(head.magic, CACHE_MAGIC, sizeof head.magic);
    memcpy(head.id, batch->wanted.build_id, batch->wanted.build_id_bytes);
    size_t bytes;
    unsigned char *data = NULL;
    for (int with_old = 1; with_old >= 0 && !data; with_old--) { /* too much together: without */
        struct output output = {0};
        head.debug_path = output_string(&output, *debug_path ? debug_path : NULL);
        output_merge(&output, with_old ? cache->head : NULL, batch);
        data = output_data(&output, &head, &bytes);
        output_free(&output);
    }
    if (data)
        cache_file_write(cache->folder, cache->name, data, bytes, CACHE_BYTES_MAX);
    free(data);
}

/* ---- packed files ---- */

unsigned char *cache_pack(const struct batch *batch, size_t *bytes)
{
    struct cache_head head = {
        .version = CACHE_VERSION, .order = CACHE_ORDER, .tool = MEMTRACE_VERSION};
    struct output output = {0};
    memcpy(head.magic, CACHE_MAGIC, sizeof head.magic);
    output_merge(&output, NULL, batch);
    unsigned char *data = output_data(&output, &head, bytes);
    output_free(&output);
    return data;
}

bool cache_unpack(struct batch *batch, const void *data, size_t bytes)
{
    struct cache cache = {.head = data};
    if (!data_whole(data, bytes))
        return false;
    cache_take(&cache, batch);
    return true;
}
