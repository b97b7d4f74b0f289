/* SPDX-License-Identifier: MIT
 *
 * Zones of malloc. The first one is glibc's malloc. Others take their blocks from there, too, and keep a list of them, as
 * destroying a zone releases all that is in it.
 */
#include <errno.h>
#include <malloc.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "libsystem.h"

/* macOS's, up to version 10. */
struct zone {
    void *reserved[2];
    size_t (*size)(struct zone *, const void *);
    void *(*malloc)(struct zone *, size_t);
    void *(*calloc)(struct zone *, size_t, size_t);
    void *(*valloc)(struct zone *, size_t);
    void (*free)(struct zone *, void *);
    void *(*realloc)(struct zone *, void *, size_t);
    void (*destroy)(struct zone *);
    const char *name;
    unsigned (*batch_malloc)(struct zone *, size_t, void **, unsigned);
    void (*batch_free)(struct zone *, void **, unsigned);
    void *introspect;
    unsigned version;
    void *(*memalign)(struct zone *, size_t, size_t);
    void (*free_definite_size)(struct zone *, void *, size_t);
    size_t (*pressure_relief)(struct zone *, size_t);
    int (*claimed_address)(struct zone *, void *);
};

/* ---- which block is of which zone ---- */

struct block {
    struct block *next;
    struct zone *zone;
    void *memory;
};
static struct block *blocks;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

/* Where the list points to the block; NULL: it is of the first zone. The lock is held. */
static struct block **block_find(const void *memory)
{
    for (struct block **at = &blocks; *at; at = &(*at)->next)
        if ((*at)->memory == memory)
            return at;
    return NULL;
}

static void *block_add(struct zone *zone, void *memory)
{
    struct block *block = memory ? malloc(sizeof *block) : NULL;
    if (!block)
        return memory;
    pthread_mutex_lock(&lock);
    *block = (struct block){blocks, zone, memory};
    blocks = block;
    pthread_mutex_unlock(&lock);
    return memory;
}

static struct zone *block_remove(const void *memory)
{
    pthread_mutex_lock(&lock);
    struct block **at = block_find(memory), *block = at ? *at : NULL;
    struct zone *zone = block ? block->zone : NULL;
    if (block)
        *at = block->next;
    pthread_mutex_unlock(&lock);
    free(block);
    return zone;
}

/* ---- a zone's functions ---- */

static struct zone first;
static struct zone *zone_of(const void *memory)
{
    pthread_mutex_lock(&lock);
    struct block **at = block_find(memory);
    struct zone *zone = at ? (*at)->zone : &first;
    pthread_mutex_unlock(&lock);
    return zone;
}

static void *keep(struct zone *zone, void *memory)
{
    return zone == &first ? memory : block_add(zone, memory);
}

static size_t zone_size(struct zone *zone, const void *memory)
{
    return memory && zone_of(memory) == zone ? malloc_usable_size((void *)(uintptr_t)memory) : 0;
}

static void *zone_malloc(struct zone *zone, size_t bytes)
{
    return keep(zone, malloc(bytes));
}

static void *zone_calloc(struct zone *zone, size_t count, size_t bytes)
{
    return keep(zone, calloc(count, bytes));
}

static void *zone_memalign(struct zone *zone, size_t alignment, size_t bytes)
{
    return keep(zone, memalign(alignment, bytes));
}

static void *zone_valloc(struct zone *zone, size_t bytes)
{
    return zone_memalign(zone, 4096, bytes);
}

static void zone_free(struct zone *zone, void *memory)
{
    if (zone != &first && memory)
        block_remove(memory);
    free(memory);
}

static void *zone_realloc(struct zone *zone, void *memory, size_t bytes)
{
    if (zone == &first || !memory)
        return keep(zone, realloc(memory, bytes));
    block_remove(memory);
    void *moved = realloc(memory, bytes);
    keep(zone, moved ? moved : memory);
    return moved;
}

static unsigned zone_batch_malloc(struct zone *zone, size_t bytes, void **out, unsigned count)
{
    unsigned i = 0;
    for (; i < count && (out[i] = zone_malloc(zone, bytes)); i++)
        ;
    return i;
}

static void zone_batch_free(struct zone *zone, void **list, unsigned count)
{
    for (unsigned i = 0; i < count; i++)
        zone_free(zone, list[i]);
}

static void zone_free_size(struct zone *zone, void *memory, size_t bytes)
{
    (void)bytes;
    zone_free(zone, memory);
}

static void zone_destroy(struct zone *zone)
{
    pthread_mutex_lock(&lock);
    for (struct block **at = &blocks; *at;) {
        struct block *block = *at;
        if (block->zone != zone) {
            at = &block->next;
            continue;
        }
        *at = block->next;
        free(block->memory);
        free(block);
    }
    pthread_mutex_unlock(&lock);
    free(zone);
}

static struct zone first = {
    .size = zone_size,
    .malloc = zone_malloc,
    .calloc = zone_calloc,
    .valloc = zone_valloc,
    .free = zone_free,
    .realloc = zone_realloc,
    .destroy = zone_destroy,
    .name = "DefaultMallocZone",
    .batch_malloc = zone_batch_malloc,
    .batch_free = zone_batch_free,
    .version = 8,
    .memalign = zone_memalign,
    .free_definite_size = zone_free_size,
};

/* ---- what programs call ---- */

#define ZONES_MAX 64u
static struct zone *zones[ZONES_MAX] = {&first};
static unsigned zone_count = 1;

static struct zone *default_zone(void)
{
    return &first;
}

static void zone_register(struct zone *zone)
{
    if (zone_count < ZONES_MAX)
        zones[zone_count++] = zone;
}

static void zone_unregister(struct zone *zone)
{
    for (unsigned i = 0; i < zone_count; i++)
        if (zones[i] == zone)
            zones[i] = zones[--zone_count];
}

static struct zone *create_zone(size_t start, unsigned flags)
{
    (void)start, (void)flags;
    struct zone *zone = malloc(sizeof *zone);
    *zone = first;
    zone->name = NULL;
    zone_register(zone);
    return zone;
}

static void destroy_zone(struct zone *zone)
{
    zone_unregister(zone);
    zone->destroy(zone);
}

static void *call_malloc(struct zone *zone, size_t bytes)
{
    return zone->malloc(zone, bytes);
}

static void *call_calloc(struct zone *zone, size_t count, size_t bytes)
{
    return zone->calloc(zone, count, bytes);
}

static void *call_valloc(struct zone *zone, size_t bytes)
{
    return zone->valloc(zone, bytes);
}

static void *call_memalign(struct zone *zone, size_t alignment, size_t bytes)
{
    return zone->memalign(zone, alignment, bytes);
}

static void *call_realloc(struct zone *zone, void *memory, size_t bytes)
{
    return zone->realloc(zone, memory, bytes);
}

static void call_free(struct zone *zone, void *memory)
{
    zone->free(zone, memory);
}

static unsigned call_batch_malloc(struct zone *zone, size_t bytes, void **out, unsigned count)
{
    return zone->batch_malloc ? zone->batch_malloc(zone, bytes, out, count) : 0;
}

static void call_batch_free(struct zone *zone, void **list, unsigned count)
{
    for (unsigned i = 0; i < count; i++)
        zone->free(zone, list[i]);
}

static struct zone *from_pointer(const void *memory)
{
    return memory ? zone_of(memory) : NULL;
}

static size_t size_of(const void *memory)
{
    return malloc_usable_size((void *)(uintptr_t)memory);
}

static size_t good_size(size_t bytes)
{
    return bytes < 24 ? 24 : (bytes + 8 + 15) / 16 * 16 - 8;
}

static void set_name(struct zone *zone, const char *name)
{
    zone->name = strdup(name);
}

static const char *get_name(struct zone *zone)
{
    return zone->name;
}

static int all_zones(uint32_t task, void *reader, struct zone ***list, unsigned *count)
{
    (void)task, (void)reader;
    *list = zones;
    *count = zone_count;
    return 0;
}

/* From a block of any zone. */
static void *reallocf_any(void *memory, size_t bytes)
{
    void *moved = realloc(memory, bytes);
    if (!moved && bytes)
        free(memory);
    return moved;
}

/* ---- typed: the type is advice ---- */

static void *typed_malloc(size_t bytes, uint64_t type)
{
    (void)type;
    return malloc(bytes);
}

static void *typed_calloc(size_t count, size_t bytes, uint64_t type)
{
    (void)type;
    return calloc(count, bytes);
}

static void typed_free(void *memory, uint64_t type)
{
    (void)type;
    free(memory);
}

static void *typed_realloc(void *memory, size_t bytes, uint64_t type)
{
    (void)type;
    return realloc(memory, bytes);
}

static void *typed_valloc(size_t bytes, uint64_t type)
{
    (void)type;
    return memalign(4096, bytes);
}

static void *typed_aligned_alloc(size_t alignment, size_t bytes, uint64_t type)
{
    (void)type;
    return aligned_alloc(alignment, bytes);
}

static int typed_posix_memalign(void **out, size_t alignment, size_t bytes, uint64_t type)
{
    (void)type;
    return posix_memalign(out, alignment, bytes);
}

const struct adapter libsystem_zones[] = {
    {"_malloc_default_zone", default_zone},
    {"_malloc_create_zone", create_zone},
    {"_malloc_destroy_zone", destroy_zone},
    {"_malloc_zone_register", zone_register},
    {"_malloc_zone_unregister", zone_unregister},
    {"_malloc_zone_malloc", call_malloc},
    {"_malloc_zone_calloc", call_calloc},
    {"_malloc_zone_valloc", call_valloc},
    {"_malloc_zone_memalign", call_memalign},
    {"_malloc_zone_realloc", call_realloc},
    {"_malloc_zone_free", call_free},
    {"_malloc_zone_batch_malloc", call_batch_malloc},
    {"_malloc_zone_batch_free", call_batch_free},
    {"_malloc_zone_from_ptr", from_pointer},
    {"_malloc_size", size_of},
    {"_malloc_good_size", good_size},
    {"_malloc_set_zone_name", set_name},
    {"_malloc_get_zone_name", get_name},
    {"_malloc_get_all_zones", all_zones},
    {"_reallocf", reallocf_any},
    {"_malloc_type_malloc", typed_malloc},
    {"_malloc_type_calloc", typed_calloc},
    {"_malloc_type_free", typed_free},
    {"_malloc_type_realloc", typed_realloc},
    {"_malloc_type_valloc", typed_valloc},
    {"_malloc_type_aligned_alloc", typed_aligned_alloc},
    {"_malloc_type_posix_memalign", typed_posix_memalign},
    /* a type in the last register, which the plain ones do not look at */
    {"_malloc_type_zone_malloc", call_malloc},
    {"_malloc_type_zone_calloc", call_calloc},
    {"_malloc_type_zone_valloc", call_valloc},
    {"_malloc_type_zone_memalign", call_memalign},
    {"_malloc_type_zone_realloc", call_realloc},
    {"_malloc_type_zone_free", call_free},
    {NULL, NULL},
};
