/* SPDX-License-Identifier: MIT
 *
 * How an image is changed: in one part at a time, most often an entry of a table, so that the rest stays a log.
 */
#include <stdbool.h>
#include <string.h>

#include "image.h"
#include "target.h"

static uint64_t next(uint64_t *state)
{
    *state = *state * 6364136223846793005u + 1442695040888963407u;
    return *state >> 33;
}

/* A value that is likely to hurt, or to be an index that leads somewhere. */
static uint64_t value(uint64_t *state, uint64_t old)
{
    static const uint64_t edges[] = {0,          1,          0x7f,       0xff,
                                     0xffff,     0x7fffffff, 0x80000000, 0xffffffff,
                                     0xfffffff8, INT64_MAX,  UINT64_MAX, (uint64_t)INT64_MAX + 1};
    switch (next(state) % 5) {
    case 0:
        return edges[next(state) % (sizeof edges / sizeof edges[0])];
    case 1:
        return old + 1;
    case 2:
        return old - 1;
    case 3:
        return old ^ (uint64_t)1 << next(state) % 64;
    default:
        return next(state) % 64;
    }
}

static void change_word(uint64_t *state, unsigned char *data, size_t bytes)
{
    size_t width = next(state) % 3 ? 4 : 8;
    if (bytes < width)
        return;
    unsigned char *at = data + next(state) % (bytes / width) * width;
    uint64_t word = 0;
    memcpy(&word, at, width);
    word = value(state, word);
    memcpy(at, &word, width);
}

/* Between entries of one table: over another one, or at its end. */
static void copy_entry(uint64_t *state, unsigned char *page, size_t *length)
{
    static const size_t sizes[] = {8, 16, 24, 32, 64, 128};
    size_t size = sizes[next(state) % 6], count = *length / size;
    if (!count)
        return;
    size_t from = next(state) % count, to = next(state) % (count + 1);
    if ((to + 1) * size > IMAGE_PAGE)
        return;
    memmove(page + to * size, page + from * size, size);
    if ((to + 1) * size > *length)
        *length = (to + 1) * size;
}

static void change_page(uint64_t *state, struct image *image)
{
    if (!image->pages)
        return;
    unsigned p = (unsigned)(next(state) % image->pages);
    uint16_t cut = image->length[p] & IMAGE_CUT;
    size_t length = image->length[p] & ~IMAGE_CUT;
    switch (next(state) % 8) {
    case 0:
        length = LLVMFuzzerMutate(image->page[p], length, IMAGE_PAGE);
        break;
    case 1:
    case 2:
        copy_entry(state, image->page[p], &length);
        break;
    case 3:
        cut ^= next(state) % 8 ? 0 : IMAGE_CUT;
        length = next(state) % 4 ? length : next(state) % (IMAGE_PAGE + 1);
        break;
    default: {
        static const size_t entries[] = {8, 20, 24, 32, 40};
        size_t size = entries[next(state) % 5], count = length / size;
        if (!count) {
            change_word(state, image->page[p], length);
            break;
        }
        unsigned char *entry = image->page[p] + next(state) % count * size;
        if (next(state) % 4)
            change_word(state, entry, size);
        else
            LLVMFuzzerMutate(entry, size, size);
    }
    }
    image->length[p] = (uint16_t)(length | cut);
}

static void change_slots(uint64_t *state, struct image *image)
{
    if (next(state) % 8 == 0)
        image->slots = (uint8_t)(next(state) % (IMAGE_SLOTS_MAX + 1));
    if (!image->slots)
        return;
    struct mt_extent *extent = &image->extents[next(state) % image->slots];
    switch (next(state) % 5) {
    case 0:
        extent->region = (uint32_t)(next(state) % (MT_REGION_COUNT + 1));
        break;
    case 1:
        extent->pages = (uint32_t)(next(state) % 20);
        break;
    case 2:
        extent->offset = MT_HEADER_BYTES + next(state) % (IMAGE_PAGES_MAX + 2) * IMAGE_PAGE;
        break;
    case 3:
        *extent = image->extents[next(state) % image->slots];
        break;
    default:
        change_word(state, (unsigned char *)extent, sizeof *extent);
    }
}

/* Not the words without which it is no log: those are for case 0, and rare. */
static void change_head(uint64_t *state, struct image *image)
{
    size_t from = next(state) % 32 ? offsetof(struct mt_header, machine) : 0;
    if (next(state) % 3 == 0)
        change_word(state, image->head + offsetof(struct mt_header, used), 8 * MT_REGION_USED);
    else
        change_word(state, image->head + from, sizeof image->head - from);
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t bytes, size_t most, unsigned seed)
{
    static struct image image;
    uint64_t state = seed * 2654435761u + 1;
    image_unpack(&image, data, bytes);
    for (uint64_t times = 1 + next(&state) % 4; times; times--) {
        switch (next(&state) % 12) {
        case 0:
            image.mode = (uint8_t)(next(&state) % target_modes);
            break;
        case 1:
            change_slots(&state, &image);
            break;
        case 2:
        case 3:
            change_head(&state, &image);
            break;
        default:
            change_page(&state, &image);
        }
    }
    return image_pack(&image, data, most);
}
