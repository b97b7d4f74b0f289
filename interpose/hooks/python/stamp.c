/* SPDX-License-Identifier: MIT
 *
 * The interpreter has just read the file, or what it compiled of it: so reading it is allowed and quick. It is not the text
 * that the code was made of if somebody changed it in between; nothing tells that.
 */
#include "hooks/python/stamp.h"

#include <string.h>

#include "base/meta.h"
#include "format.h"
#include "log/log.h"
#include "os/os.h"

#define PIECE 16384u /* a multiple of 8 */

/* Fill piece[0..PIECE) from the descriptor: how many bytes there were, or -errno. */
static ssize_t piece_read(int fd, unsigned char *piece)
{
    size_t used = 0;

    while (used < PIECE) {
        ssize_t got = mt_os_read(fd, piece + used, PIECE - used);

        if (got < 0)
            return got;
        if (!got)
            break;
        used += (size_t)got;
    }
    return (ssize_t)used;
}

/* The hash of the file's `bytes` bytes; 0: it could not be read, or has another size by now. */
static uint64_t file_hash(int fd, uint64_t bytes, unsigned char *piece)
{
    uint64_t hash = bytes, left = bytes;
    ssize_t got;

    while ((got = piece_read(fd, piece)) > 0 && (uint64_t)got <= left) {
        left -= (uint64_t)got;
        memset(piece + got, 0, 8);
        for (ssize_t i = 0; i < got; i += 8) {
            uint64_t eight;

            memcpy(&eight, piece + i, sizeof eight);
            hash = mt_source_hash(hash, eight);
        }
    }
    return got || left ? 0 : hash;
}

bool mt_python_stamp(uint32_t id, const char *name)
{
    struct mt_record_file r = {.file = id};
    unsigned char *piece;
    int fd;

    if (!mt_os_stamp(name, &r.bytes, &r.modified))
        return mt_os_exists(name);
    piece = r.bytes <= MT_SOURCE_HASHED ? mt_meta_alloc(PIECE + 8) : NULL;
    fd = piece ? mt_os_open_read(name) : -1;
    if (fd >= 0) {
        r.hash = file_hash(fd, r.bytes, piece);
        mt_os_close(fd);
    }
    mt_meta_free(piece);
    mt_log_record(MT_RECORD_FILE,
                  &(struct mt_piece){(char *)&r + sizeof r.head, sizeof r - sizeof r.head}, 1);
    return true;
}
