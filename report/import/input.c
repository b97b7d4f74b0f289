/* SPDX-License-Identifier: MIT */
#include "import/input.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>
#include <zstd.h>

#include "base/base.h"
#include "base/file.h"

#define PIECE ((size_t)128 << 10)

enum packing { PLAIN, GZIP, ZSTD };

struct unpack {
    int fd;
    enum packing packing;
    z_stream gzip;
    ZSTD_DStream *zstd;
    unsigned char piece[PIECE]; /* of the packed file */
    size_t at, has;
    uint64_t offset; /* of piece[at] in the file */
    bool whole;      /* a packed stream is at its end */
};

bool input_say(struct input *input, const char *format, ...)
{
    char text[400];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    if (!input->failed)
        base_say("%s: line %" PRIu64 ": %s", input->name, input->line, text);
    input->failed = true;
    return false;
}

static bool bad_at(struct input *input, const char *what, const char *why)
{
    if (!input->failed)
        base_say("%s: offset %" PRIu64 ": %s%s%s", input->name, input->unpack->offset, what,
                 why ? ": " : "", why ? why : "");
    input->failed = true;
    return false;
}

/* ---- unpacking ---- */

/* More of the packed file. False: there is no more, or after a message. */
static bool refill(struct input *input)
{
    struct unpack *u = input->unpack;
    ssize_t got;
    if (u->at < u->has)
        return true;
    do
        got = read(u->fd, u->piece, sizeof u->piece);
    while (got < 0 && errno == EINTR);
    if (got < 0)
        return bad_at(input, "cannot be read", strerror(errno));
    u->at = 0;
    u->has = (size_t)got;
    return got > 0;
}

static size_t unpack_plain(struct input *input, char *to, size_t room)
{
    struct unpack *u = input->unpack;
    if (!refill(input))
        return 0;
    size_t count = u->has - u->at < room ? u->has - u->at : room;
    memcpy(to, u->piece + u->at, count);
    u->at += count;
    u->offset += count;
    return count;
}

static size_t unpack_gzip(struct input *input, char *to, size_t room)
{
    struct unpack *u = input->unpack;
    while (refill(input)) {
        size_t before = u->has - u->at;
        if (u->whole && inflateReset(&u->gzip) != Z_OK) /* another one follows */
            break;
        u->whole = false;
        u->gzip.next_in = u->piece + u->at;
        u->gzip.avail_in = (uInt)before;
        u->gzip.next_out = (Bytef *)to;
        u->gzip.avail_out = (uInt)room;
        int result = inflate(&u->gzip, Z_NO_FLUSH);
        if (result != Z_OK && result != Z_STREAM_END && result != Z_BUF_ERROR) {
            bad_at(input, "damaged gzip", u->gzip.msg);
            return 0;
        }
        u->at += before - u->gzip.avail_in;
        u->offset += before - u->gzip.avail_in;
        u->whole = result == Z_STREAM_END;
        if (room - u->gzip.avail_out)
            return room - u->gzip.avail_out;
    }
    if (!u->whole && !input->failed)
        bad_at(input, "gzip that ends too early", NULL);
    return 0;
}

static size_t unpack_zstd(struct input *input, char *to, size_t room)
{
    struct unpack *u = input->unpack;
    for (;;) {
        bool more = refill(input);
        ZSTD_inBuffer in = {u->piece, u->has, u->at};
        ZSTD_outBuffer out = {to, room, 0};
        if (input->failed || (!more && u->whole))
            return 0;
        size_t result = ZSTD_decompressStream(u->zstd, &out, &in);
        if (ZSTD_isError(result)) {
            bad_at(input, "damaged zstd", ZSTD_getErrorName(result));
            return 0;
        }
        u->offset += in.pos - u->at;
        u->at = in.pos;
        u->whole = result == 0;
        if (out.pos)
            return out.pos;
        if (!more && !u->whole) {
            bad_at(input, "zstd that ends too early", NULL);
            return 0;
        }
    }
}

/* More of what was packed; false: there is no more, or after a message. */
static bool more(struct input *input)
{
    if (input->ended || input->failed)
        return false;
    if (input->begin) {
        memmove(input->buffer, input->buffer + input->begin, input->end - input->begin);
        input->end -= input->begin;
        input->begin = 0;
    }
    input->buffer = base_room(input->buffer, &input->cap, input->end + PIECE + 1, 1);
    char *to = input->buffer + input->end;
    size_t room = input->cap - input->end - 1, got = 0;
    switch (input->unpack->packing) {
    case GZIP:
        got = unpack_gzip(input, to, room);
        break;
    case ZSTD:
        got = unpack_zstd(input, to, room);
        break;
    case PLAIN:
        got = unpack_plain(input, to, room);
    }
    input->end += got;
    input->ended = !got;
    return got && !input->failed;
}

/* ---- opening ---- */

static bool begin(struct input *input)
{
    static const unsigned char zstd[] = {0x28, 0xb5, 0x2f, 0xfd}, gzip[] = {0x1f, 0x8b};
    struct unpack *u = input->unpack;
    while (u->has < sizeof zstd) {
        ssize_t got = read(u->fd, u->piece + u->has, sizeof u->piece - u->has);
        if (got < 0 && errno != EINTR)
            return bad_at(input, "cannot be read", strerror(errno));
        if (!got)
            break;
        u->has += got > 0 ? (size_t)got : 0;
    }
    if (u->has >= sizeof zstd && !memcmp(u->piece, zstd, sizeof zstd)) {
        u->packing = ZSTD;
        u->zstd = ZSTD_createDStream();
        return u->zstd || bad_at(input, "no memory", NULL);
    }
    if (u->has >= sizeof gzip && !memcmp(u->piece, gzip, sizeof gzip)) {
        bool can = inflateInit2(&u->gzip, 16 + MAX_WBITS) == Z_OK;
        u->packing = can ? GZIP : PLAIN;
        return can || bad_at(input, "no memory", NULL);
    }
    return true;
}

bool input_open(struct input *input, const char *name)
{
    struct stat info;
    *input = (struct input){.name = name, .unpack = base_alloc(1, sizeof *input->unpack)};
    input->unpack->fd = file_open(AT_FDCWD, name, &info);
    if (input->unpack->fd >= 0)
        return begin(input);
    if (errno)
        base_say("%s: cannot be opened: %s", name, strerror(errno));
    else
        base_say("%s: not a regular file", name);
    input->failed = true;
    return false;
}

void input_close(struct input *input)
{
    struct unpack *u = input->unpack;
    if (u && u->fd >= 0)
        close(u->fd);
    if (u && u->packing == GZIP)
        inflateEnd(&u->gzip);
    if (u && u->packing == ZSTD)
        ZSTD_freeDStream(u->zstd);
    free(u);
    free(input->buffer);
    *input = (struct input){0};
}

/* ---- reading ---- */

const char *input_front(struct input *input, size_t *bytes)
{
    while (input->end - input->begin < 64 && more(input))
        ;
    *bytes = input->end - input->begin < 64 ? input->end - input->begin : 64;
    return input->buffer ? input->buffer + input->begin : "";
}

char *input_line(struct input *input, size_t *bytes)
{
    size_t looked = 0;
    char *end = NULL;
    while (!input->failed) {
        size_t has = input->end - input->begin;
        if (has > looked)
            end = memchr(input->buffer + input->begin + looked, '\n', has - looked);
        if (end)
            break;
        looked = has;
        if (has > INPUT_LINE_MOST) {
            input->line++;
            input_say(input, "is longer than a line can be");
            return NULL;
        }
        if (!more(input))
            break;
    }
    if (input->failed || (!end && input->begin == input->end))
        return NULL;
    char *line = input->buffer + input->begin;
    if (!end)
        end = input->buffer + input->end; /* there is room for the NUL */
    *end = 0;
    *bytes = (size_t)(end - line);
    size_t next = (size_t)(end - input->buffer) + 1;
    input->begin = next < input->end ? next : input->end;
    input->line++;
    return line;
}

char *input_whole(struct input *input, size_t *bytes)
{
    while (more(input))
        if (input->end - input->begin > INPUT_WHOLE_MOST) {
            bad_at(input, "is larger than such a file can be", NULL);
            return NULL;
        }
    if (input->failed)
        return NULL;
    *bytes = input->end - input->begin;
    return base_copy(input->buffer ? input->buffer + input->begin : "", *bytes);
}
