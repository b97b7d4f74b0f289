/* SPDX-License-Identifier: MIT
 *
 * Fixups as chains: each place that is to be fixed up says what it is to be, and how far it is to the next one of its page.
 */
#include <string.h>

#include "loader.h"

struct chains_header {
    uint32_t version, starts, imports, symbols, import_count, import_format, symbol_format;
};
struct chains_segment {
    uint32_t size;
    uint16_t page_size, format;
    uint64_t offset;
    uint32_t max_pointer;
    uint16_t page_count, start[];
};
enum pointer_format { POINTER_64 = 2, POINTER_64_OFFSET = 6 };
#define NO_FIXUPS 0xffffu
#define STRIDE    4u

enum import_format { IMPORT = 1, IMPORT_ADDEND = 2, IMPORT_ADDEND_64 = 3 };
struct import {
    int ordinal;
    bool weak;
    uint32_t name;
    int64_t addend;
};

static const void *chains_at(const struct image *image, uint64_t offset, uint64_t bytes)
{
    if (offset > image->chains.bytes || bytes > image->chains.bytes - offset)
        loader_fail(image, "the chains of fixups are cut");
    return image->chains.data + offset;
}

static struct import import_read(const struct image *image, const struct chains_header *head,
                                 uint32_t index)
{
    uint32_t words[4];
    if (index >= head->import_count)
        loader_fail(image, "import %u of %u", index, head->import_count);
    if (head->import_format == IMPORT_ADDEND_64) {
        memcpy(words, chains_at(image, head->imports + index * 16ull, 16), 16);
        return (struct import){(int16_t)words[0], words[0] >> 16 & 1, words[1],
                               (int64_t)((uint64_t)words[3] << 32 | words[2])};
    }
    if (head->import_format != IMPORT && head->import_format != IMPORT_ADDEND)
        loader_fail(image, "imports of format %u", head->import_format);
    uint32_t bytes = head->import_format == IMPORT ? 4 : 8;
    words[1] = 0;
    memcpy(words, chains_at(image, head->imports + (uint64_t)index * bytes, bytes), bytes);
    return (struct import){(int8_t)words[0], words[0] >> 8 & 1, words[0] >> 9, (int32_t)words[1]};
}

static uint64_t bound(struct image *image, const struct chains_header *head, uint64_t pointer)
{
    struct import import = import_read(image, head, (uint32_t)(pointer & 0xffffff));
    const unsigned char *at = chains_at(image, (uint64_t)head->symbols + import.name, 1);
    const char *name = read_text(image, &at, image->chains.data + image->chains.bytes);
    void *target = bind_name(image, name, import.ordinal, import.weak);
    if (!target)
        return 0;
    return (uint64_t)target + (uint64_t)import.addend + (pointer >> 24 & 0xff);
}

static uint64_t rebased(const struct image *image, unsigned format, uint64_t pointer)
{
    uint64_t target = pointer & 0xfffffffffull, high = pointer >> 36 & 0xff;
    uint64_t base = format == POINTER_64_OFFSET ? image->base : 0;
    return (base + target + (uint64_t)image->slide) | high << 56;
}

static void fix_page(struct image *image, const struct chains_header *head,
                     const struct chains_segment *starts, uint64_t address)
{
    for (;;) {
        uint64_t pointer, value;
        unsigned char *place = image_at(image, address, sizeof pointer);
        memcpy(&pointer, place, sizeof pointer);
        value =
            pointer >> 63 ? bound(image, head, pointer) : rebased(image, starts->format, pointer);
        memcpy(place, &value, sizeof value);
        uint64_t next = pointer >> 51 & 0xfff;
        if (!next)
            return;
        address += next * STRIDE;
    }
}

static void fix_segment(struct image *image, const struct chains_header *head, uint64_t offset)
{
    const struct chains_segment *starts = chains_at(image, offset, sizeof *starts);
    chains_at(image, offset, starts->size);
    if (starts->format != POINTER_64 && starts->format != POINTER_64_OFFSET)
        loader_fail(image, "chained pointers of format %u", starts->format);
    for (uint32_t i = 0; i < starts->page_count; i++)
        if (starts->start[i] != NO_FIXUPS)
            fix_page(image, head, starts,
                     image->base + starts->offset + (uint64_t)i * starts->page_size +
                         starts->start[i]);
}

void fixups_chained(struct image *image)
{
    if (!image->chains.bytes)
        return;
    const struct chains_header *head = chains_at(image, 0, sizeof *head);
    const uint32_t *starts = chains_at(image, head->starts, 4);
    if (head->version || head->symbol_format)
        loader_fail(image, "chains of version %u, names of format %u", head->version,
                    head->symbol_format);
    for (uint32_t i = 1; i <= starts[0]; i++) {
        chains_at(image, head->starts + i * 4ull, 4);
        if (starts[i])
            fix_segment(image, head, head->starts + starts[i]);
    }
}
