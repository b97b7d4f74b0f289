/* SPDX-License-Identifier: MIT */
#include "page/bytes.h"

#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "base/base.h"

void bytes_add(struct bytes *bytes, const void *data, size_t count)
{
    bytes->data = base_room(bytes->data, &bytes->cap, bytes->count + count + 1, 1);
    if (count)
        memcpy(bytes->data + bytes->count, data, count);
    bytes->count += count;
}

#define NUMBER_MOST 10u /* bytes */
void bytes_number(struct bytes *bytes, uint64_t value)
{
    if (bytes->cap - bytes->count <= NUMBER_MOST)
        bytes->data = base_room(bytes->data, &bytes->cap, bytes->count + NUMBER_MOST + 1, 1);
    for (; value > 0x7f; value >>= 7)
        bytes->data[bytes->count++] = (unsigned char)(value | 0x80);
    bytes->data[bytes->count++] = (unsigned char)value;
}

void bytes_signed(struct bytes *bytes, int64_t value)
{
    bytes_number(bytes, value < 0 ? ~((uint64_t)value << 1) : (uint64_t)value << 1);
}

void bytes_free(struct bytes *bytes)
{
    free(bytes->data);
    *bytes = (struct bytes){0};
}

static void put_word(unsigned char *at, uint32_t value)
{
    for (unsigned i = 0; i < 4; i++)
        at[i] = (unsigned char)(value >> (8 * i));
}

static void no_room(void)
{
    base_say("no memory for packing the page");
    exit(STATUS_BAD);
}

struct bytes bytes_pack(const struct bytes *body, int level)
{
    static const unsigned char nothing[1];
    z_stream stream = {0};
    struct bytes out = {0};
    if (deflateInit2(&stream, level, Z_DEFLATED, -MAX_WBITS, MAX_MEM_LEVEL, Z_DEFAULT_STRATEGY) !=
        Z_OK)
        no_room();
    size_t room = deflateBound(&stream, body->count) + 64;
    out.data = base_room(NULL, &out.cap, room + PACK_HEAD, 1);
    stream.next_in = body->count ? body->data : (unsigned char *)nothing;
    stream.avail_in = (uInt)body->count;
    stream.next_out = out.data + PACK_HEAD;
    stream.avail_out = (uInt)room;
    if (deflate(&stream, Z_FINISH) != Z_STREAM_END)
        no_room();
    out.count = PACK_HEAD + stream.total_out;
    deflateEnd(&stream);
    memcpy(out.data, "MTP1", 4);
    put_word(out.data + 4, (uint32_t)body->count);
    put_word(out.data + 8, (uint32_t)crc32_z(0, body->count ? body->data : nothing, body->count));
    put_word(out.data + 12, (uint32_t)(out.count - PACK_HEAD));
    return out;
}

void bytes_base64(const struct bytes *bytes, FILE *out)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    for (size_t i = 0; i < bytes->count; i += 3) {
        size_t left = bytes->count - i;
        uint32_t word = (uint32_t)bytes->data[i] << 16;
        word |= left > 1 ? (uint32_t)bytes->data[i + 1] << 8 : 0;
        word |= left > 2 ? bytes->data[i + 2] : 0;
        char four[4] = {digits[word >> 18], digits[word >> 12 & 63],
                        left > 1 ? digits[word >> 6 & 63] : '=',
                        left > 2 ? digits[word & 63] : '='};
        fwrite(four, 1, sizeof four, out);
    }
}
