/* SPDX-License-Identifier: MIT
 *
 * The interpreter has just read the file, or what it compiled of it: so reading it is allowed and quick. It is not the text
 * that the code was made of if somebody changed it in between; nothing tells that.
 */
#include "hooks/python/stamp.h"

#include <string.h>

#include "base/lock.h"
#include "base/meta.h"
#include "format.h"
#include "log/log.h"
#include "os/os.h"
#include "python/interpreter.h"

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

/* ---- records by string ---- */

static struct mt_lock lock;
static uint32_t *places; /* by string id: of its record, in eights of bytes, and 1; 0: none yet */
static size_t places_cap;
static uint32_t epoch;
#define PLACE_NONE UINT32_MAX /* there was no space */

void mt_python_stamp_forget(void)
{
    mt_lock_forget(&lock);
}

/* Under the lock. NULL: no memory. */
static uint32_t *place_of(uint32_t id)
{
    if (epoch != mt_python.epoch) { /* another log, with other ids */
        epoch = mt_python.epoch;
        places = NULL;
        places_cap = 0;
    }
    if (id >= places_cap) {
        size_t cap = (id + (size_t)1) * 2;
        uint32_t *grown = mt_meta_grow(places, places_cap * sizeof *places, cap * sizeof *places);

        if (!grown)
            return NULL;
        places = grown;
        places_cap = cap;
    }
    return &places[id];
}

static struct mt_record_file *record_at(uint32_t place)
{
    return (struct mt_record_file *)(mt_log.base[MT_REGION_RECORD] + ((uint64_t)place - 1) * 8);
}

/* Whether the file needs no record: it is what its record says, or there is no space for one. */
static bool is_known(const struct mt_record_file *now)
{
    const uint32_t *place;
    bool known = true;

    mt_lock_take(&lock);
    place = place_of(now->file);
    if (place && *place && *place != PLACE_NONE)
        known =
            record_at(*place)->bytes == now->bytes && record_at(*place)->modified == now->modified;
    else if (place)
        known = *place == PLACE_NONE;
    mt_lock_drop(&lock);
    return known;
}

static void enter(const struct mt_record_file *now)
{
    struct mt_piece piece = {(const char *)now + sizeof now->head, sizeof *now - sizeof now->head};
    uint32_t *place;
    uint64_t at;

    mt_lock_take(&lock);
    place = place_of(now->file);
    if (place && *place && *place != PLACE_NONE) {
        struct mt_record_file *r = record_at(*place);

        r->changes += r->hash != now->hash || r->bytes != now->bytes;
        r->bytes = now->bytes;
        r->modified = now->modified;
        r->hash = now->hash;
    } else if (place && !*place) {
        *place = PLACE_NONE;
        if (mt_log_record_at(MT_RECORD_FILE, &piece, 1, &at) && at / 8 + 1 < PLACE_NONE)
            *place = (uint32_t)(at / 8 + 1);
    }
    mt_lock_drop(&lock);
}

bool mt_python_stamp(uint32_t id, const char *name)
{
    struct mt_record_file r = {.file = id};
    unsigned char *piece;
    int fd;

    if (!mt_os_stamp(name, &r.bytes, &r.modified))
        return mt_os_exists(name);
    if (is_known(&r))
        return true;
    piece = r.bytes <= MT_SOURCE_HASHED ? mt_meta_alloc(PIECE + 8) : NULL;
    fd = piece ? mt_os_open_read(name) : -1;
    if (fd >= 0) {
        r.hash = file_hash(fd, r.bytes, piece);
        mt_os_close(fd);
    }
    mt_meta_free(piece);
    enter(&r);
    return true;
}
