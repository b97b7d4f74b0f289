/* SPDX-License-Identifier: MIT
 *
 * macOS: a table of dyld's images. An entry is written once and then marked as there; one that is gone is marked so, and its place stays
 * empty, as somebody may be reading it. dladdr would take dyld's lock, and the thread that holds it may wait for one of ours.
 *
 * An object's range is that of its segment __TEXT, which has its header and its code. In the cache of the system's libraries the
 * other segments lie far away, between those of others.
 */
#include <mach-o/dyld.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/guard.h"
#include "base/meta.h"
#include "loader/macho/images.h"
#include "loader/macho/headers.h"
#include "loader/object.h"
#include "os/os.h"

struct image {
    struct mt_object object;
    bool there;
};

#define CHUNK  256u /* images for which there is memory at once */
#define CHUNKS 256u

static struct image first[CHUNK];
static struct image *chunks[CHUNKS] = {first};
static uint32_t used; /* dyld calls one callback at a time */
static void (*went)(void);

static struct image *at_index(uint32_t i)
{
    return &chunks[i / CHUNK][i % CHUNK];
}

/* dyld's own text. It knows its images by number, and the numbers change; those that there are at the start it tells of in their
 * order. */
static const char *path_of(const struct mach_header *header)
{
    static uint32_t next;
    uint32_t count = _dyld_image_count();
    for (uint32_t i = 0; i < count; i++) {
        uint32_t number = (next + i) % count;
        if (_dyld_get_image_header(number) != header)
            continue;
        next = number + 1;
        return _dyld_get_image_name(number);
    }
    return NULL;
}

/* False: these are no headers that we know. */
static bool describe(const struct mach_header *header, intptr_t slide, struct mt_object *object)
{
    const struct mach_header_64 *h = (const void *)header;
    const struct segment_command_64 *text = mt_macho_segment(h, SEG_TEXT);
    if (!text || !text->vmsize)
        return false;
    const struct section_64 *unwinding = mt_macho_section(text, "__unwind_info");
    *object = (struct mt_object){
        .begin = text->vmaddr + (uintptr_t)slide,
        .end = text->vmaddr + (uintptr_t)slide + text->vmsize,
        .base = (uintptr_t)slide,
        .path = path_of(header),
        .handle = header,
        .unwinding = unwinding ? (const void *)(unwinding->addr + (uintptr_t)slide) : NULL,
    };
    return object->begin == (uintptr_t)header;
}

static void add(const struct mach_header *header, intptr_t slide)
{
    struct mt_object object;
    uint32_t chunk = used / CHUNK;
    if (!describe(header, slide, &object) || chunk == CHUNKS)
        return;
    if (!chunks[chunk])
        __atomic_store_n(&chunks[chunk], mt_meta_map(CHUNK * sizeof *first), __ATOMIC_RELEASE);
    if (!chunks[chunk])
        return;
    struct image *image = at_index(used);
    image->object = object;
    __atomic_store_n(&image->there, true, __ATOMIC_RELEASE);
    __atomic_store_n(&used, used + 1, __ATOMIC_RELEASE);
}

static void take_out(const struct mach_header *header)
{
    for (uint32_t i = 0; i < used; i++)
        if (at_index(i)->object.handle == header)
            __atomic_store_n(&at_index(i)->there, false, __ATOMIC_RELEASE);
    if (went)
        went();
}

/* dyld's callbacks may come in the middle of anything, also of an event in a handler: the guard is as before afterwards. */
static void added(const struct mach_header *header, intptr_t slide)
{
    struct mt_guard_state was = mt_self;
    mt_guard();
    add(header, slide);
    mt_guard_at(was.frame, was.depth);
}

static void removed(const struct mach_header *header, intptr_t slide)
{
    struct mt_guard_state was = mt_self;
    (void)slide;
    mt_guard();
    take_out(header);
    mt_guard_at(was.frame, was.depth);
}

void mt_images_begin(void (*gone)(void))
{
    went = gone;
    _dyld_register_func_for_add_image(added);
    _dyld_register_func_for_remove_image(removed);
}

bool mt_object_works(void)
{
    return true;
}

bool mt_object_at(uintptr_t address, struct mt_object *object)
{
    for (uint32_t i = __atomic_load_n(&used, __ATOMIC_ACQUIRE); i-- > 0;) {
        const struct image *image = at_index(i);
        if (address - image->object.begin >= image->object.end - image->object.begin ||
            !__atomic_load_n(&image->there, __ATOMIC_ACQUIRE))
            continue;
        *object = image->object;
        return true;
    }
    return false;
}

void mt_object_forget(void)
{
}

void mt_object_forked(void)
{
}

bool mt_object_range(uintptr_t address, uintptr_t *begin, uintptr_t *end)
{
    struct mt_object object;
    if (!mt_object_at(address, &object))
        return false;
    *begin = object.begin;
    *end = object.end;
    return true;
}

/* dyld tells what it unloads. */
bool mt_object_loader(uintptr_t *begin, uintptr_t *end)
{
    (void)begin, (void)end;
    return false;
}
