/* SPDX-License-Identifier: MIT
 *
 * Mach-O. Where a function ends is told by the list of where functions start (LC_FUNCTION_STARTS), which dyld's
 * cache has kept as well.
 */
#include "loader/library.h"

#include "loader/macho/headers.h"
#include "loader/object.h"

/* No library's symbols are looked for: that is for an interpreter (python/none.c). */
bool mt_library_take(struct mt_library *l, const void *handle, uintptr_t begin, uintptr_t end)
{
    (void)l, (void)handle, (void)begin, (void)end;
    return false;
}

void *mt_library_symbol(const struct mt_library *l, const char *name, size_t *bytes)
{
    (void)l, (void)name;
    if (bytes)
        *bytes = 0;
    return NULL;
}

/* The distance to the next function, as a LEB128 number; 0: there are no more. */
static uint64_t distance(const uint8_t **at, const uint8_t *end)
{
    uint64_t value = 0;
    for (unsigned shift = 0; *at < end && shift < 64; shift += 7) {
        uint8_t byte = *(*at)++;
        value |= (uint64_t)(byte & 127) << shift;
        if (!(byte & 128))
            break;
    }
    return value;
}

bool mt_library_code(void *function, const char *name, uintptr_t *begin, uintptr_t *end)
{
    struct mt_object object;
    (void)name;
    if (!function || !mt_object_at((uintptr_t)function, &object))
        return false;
    const struct mach_header_64 *header = object.handle;
    const struct segment_command_64 *tables = mt_macho_segment(header, SEG_LINKEDIT);
    const struct linkedit_data_command *starts =
        mt_macho_command(header, LC_FUNCTION_STARTS, sizeof *starts);
    if (!tables || !starts || starts->dataoff < tables->fileoff ||
        starts->dataoff - tables->fileoff + starts->datasize > tables->filesize)
        return false;
    const uint8_t *at =
        (const uint8_t *)(tables->vmaddr + object.base + starts->dataoff - tables->fileoff);
    const uint8_t *last = at + starts->datasize;
    uintptr_t here = object.begin;
    for (uint64_t step; (step = distance(&at, last)) != 0;) {
        if (here == (uintptr_t)function) {
            *begin = here;
            *end = here + step;
            return true;
        }
        here += step;
    }
    return false;
}

void mt_library_pin(struct mt_library *l)
{
    (void)l;
}
