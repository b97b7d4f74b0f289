/* SPDX-License-Identifier: MIT */
#include "image.h"

#include <string.h>

/* Up to `bytes` from *data; what is missing is zeros. */
static size_t take(void *out, size_t bytes, const unsigned char **data, size_t *left)
{
    size_t there = bytes < *left ? bytes : *left;
    memcpy(out, *data, there);
    memset((char *)out + there, 0, bytes - there);
    *data += there;
    *left -= there;
    return there;
}

void image_unpack(struct image *image, const void *data, size_t bytes)
{
    const unsigned char *at = data;
    static const unsigned char nothing[1];
    if (!bytes)
        at = nothing;
    image->pages = 0;
    take(&image->mode, 1, &at, &bytes);
    take(&image->slots, 1, &at, &bytes);
    image->slots %= IMAGE_SLOTS_MAX + 1;
    take(image->head, sizeof image->head, &at, &bytes);
    take(image->extents, image->slots * sizeof *image->extents, &at, &bytes);
    while (bytes && image->pages < IMAGE_PAGES_MAX) {
        uint16_t word, cut;
        take(&word, sizeof word, &at, &bytes);
        cut = word & IMAGE_CUT;
        word = (uint16_t)((word & ~IMAGE_CUT) % (IMAGE_PAGE + 1));
        word = (uint16_t)take(image->page[image->pages], word, &at, &bytes);
        image->length[image->pages++] = word | cut;
        if (cut)
            break;
    }
}

struct packed {
    unsigned char *out;
    size_t used, most;
};

static void put(struct packed *packed, const void *data, size_t bytes)
{
    if (bytes > packed->most - packed->used)
        bytes = packed->most - packed->used;
    memcpy(packed->out + packed->used, data, bytes);
    packed->used += bytes;
}

size_t image_pack(const struct image *image, void *out, size_t most)
{
    struct packed packed = {.out = out, .most = most};
    put(&packed, &image->mode, 1);
    put(&packed, &image->slots, 1);
    put(&packed, image->head, sizeof image->head);
    put(&packed, image->extents, image->slots * sizeof *image->extents);
    for (unsigned p = 0; p < image->pages; p++) {
        put(&packed, &image->length[p], sizeof image->length[p]);
        put(&packed, image->page[p], image->length[p] & ~IMAGE_CUT);
    }
    return packed.used;
}

size_t image_to_file(const struct image *image, unsigned char *file)
{
    memcpy(file, image->head, sizeof image->head);
    memset(file + sizeof image->head, 0, MT_HEADER_BYTES - sizeof image->head);
    memcpy(file + offsetof(struct mt_header, extents), image->extents,
           image->slots * sizeof *image->extents);
    size_t bytes = MT_HEADER_BYTES;
    for (unsigned p = 0; p < image->pages; p++) {
        size_t length = image->length[p] & ~IMAGE_CUT;
        memcpy(file + bytes, image->page[p], length);
        if (image->length[p] & IMAGE_CUT)
            return bytes + length;
        memset(file + bytes + length, 0, IMAGE_PAGE - length);
        bytes += IMAGE_PAGE;
    }
    return bytes;
}

void image_of_file(struct image *image, const unsigned char *file, size_t bytes)
{
    size_t head = bytes < sizeof image->head ? bytes : sizeof image->head;
    image->mode = image->slots = 0;
    image->pages = 0;
    memset(image->head, 0, sizeof image->head);
    memcpy(image->head, file, head);
    if (bytes < MT_HEADER_BYTES)
        return;
    memcpy(image->extents, file + offsetof(struct mt_header, extents), sizeof image->extents);
    while (image->slots < IMAGE_SLOTS_MAX && image->extents[image->slots].pages)
        image->slots++;
    for (size_t at = MT_HEADER_BYTES; at < bytes && image->pages < IMAGE_PAGES_MAX;) {
        size_t length = bytes - at < IMAGE_PAGE ? bytes - at : IMAGE_PAGE;
        uint16_t cut = length < IMAGE_PAGE ? IMAGE_CUT : 0;
        memcpy(image->page[image->pages], file + at, length);
        at += length;
        while (!cut && length && !image->page[image->pages][length - 1])
            length--;
        image->length[image->pages++] = (uint16_t)(length | cut);
    }
}
