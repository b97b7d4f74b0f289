/* SPDX-License-Identifier: MIT
 *
 * A log without its zeros: what the fuzzer mutates. A log has 8 KiB of header and whole pages, nearly all of
 * them empty; a fuzzer that hits bytes at random would hit nothing.
 *
 *   u8 mode, u8 slots, 456 bytes of header, slots * 16 bytes of extents, then the pages in the file's order:
 *   u16 length (bit 15: the file ends behind these bytes), bytes; what is left of the page is zeros
 */
#ifndef IMAGE_H
#define IMAGE_H

#include <stddef.h>
#include <stdint.h>

#include "../../interpose/format.h"

#define IMAGE_PAGE       4096u
#define IMAGE_PAGES_MAX  64u
#define IMAGE_SLOTS_MAX  64u
#define IMAGE_HEAD_BYTES 456u
#define IMAGE_CUT        0x8000u
#define IMAGE_FILE_MAX   (MT_HEADER_BYTES + IMAGE_PAGES_MAX * IMAGE_PAGE)
/* Nothing that image_pack writes is longer. */
#define IMAGE_BYTES_MAX                                                                            \
    (2 + IMAGE_HEAD_BYTES + IMAGE_SLOTS_MAX * 16u + IMAGE_PAGES_MAX * (2 + IMAGE_PAGE))

struct image {
    uint8_t mode; /* what is done with the log: see target.c */
    uint8_t slots;
    uint16_t pages;
    unsigned char head[IMAGE_HEAD_BYTES];
    struct mt_extent extents[IMAGE_SLOTS_MAX];
    uint16_t length[IMAGE_PAGES_MAX]; /* with IMAGE_CUT */
    unsigned char page[IMAGE_PAGES_MAX][IMAGE_PAGE];
};

/* Any bytes are an image. */
void image_unpack(struct image *image, const void *data, size_t bytes);
/* As far as `most` bytes allow. Returns their number. */
size_t image_pack(const struct image *image, void *out, size_t most);
/* The log. Returns its length, at most IMAGE_FILE_MAX. */
size_t image_to_file(const struct image *image, unsigned char *file);
/* The image of a log, as far as it has room. */
void image_of_file(struct image *image, const unsigned char *file, size_t bytes);

#endif
