/* SPDX-License-Identifier: MIT */
#include "pack/pack.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zstd.h>

#include "base/base.h"
#include "base/file.h"
#include "base/progress.h"

#define MAGIC     "mtpacked"
#define VERSION   1u
#define ORDER     0x01020304u
#define ALIGN     16u
#define BYTES_MAX ((uint64_t)16 << 30) /* unpacked: a small file may claim any size */
#define LEVEL     9
#define CHUNK     ((size_t)1 << 20)

struct head {
    char magic[8];
    uint32_t version, order;
    uint64_t bytes;  /* of the sections, unpacked */
    uint64_t packed; /* of the zstd frame behind the head, up to the file's end */
    uint64_t hash;   /* of that frame */
    uint64_t head_hash;
};
struct section {
    uint32_t kind, name_bytes; /* with the NUL */
    uint64_t data_bytes;
};

struct pack {
    unsigned char *data;
    struct strings names; /* of parts, as name_of makes them */
    struct pack_part *parts;
    size_t count, cap;
};

static uint64_t aligned(uint64_t bytes)
{
    return (bytes + ALIGN - 1) / ALIGN * ALIGN;
}

/* The number of a section's kind and name; a new one if it is not known. */
static uint32_t name_id(struct strings *names, unsigned kind, const char *name)
{
    size_t bytes = strlen(name) + 1;
    char *text = base_alloc(bytes + 1, 1);
    text[0] = (char)('0' + kind);
    memcpy(text + 1, name, bytes);
    uint32_t id = strings_add(names, text, bytes);
    free(text);
    return id;
}

/* ---- reading ---- */

bool pack_begins(int fd)
{
    char front[sizeof MAGIC - 1];
    return file_read(fd, front, sizeof front) == sizeof front &&
           !memcmp(front, MAGIC, sizeof front);
}

__attribute__((format(printf, 3, 4))) static bool wrong(struct pack_problem *problem,
                                                        uint64_t offset, const char *format, ...)
{
    va_list list;
    va_start(list, format);
    problem->offset = offset;
    vsnprintf(problem->reason, sizeof problem->reason, format, list);
    va_end(list);
    return false;
}

static bool head_check(const struct head *head, size_t size, struct pack_problem *problem)
{
    if (size < sizeof *head)
        return wrong(problem, size, "the packed file ends inside its head (%zu of %zu bytes)", size,
                     sizeof *head);
    if (head->order != ORDER)
        return wrong(problem, offsetof(struct head, order),
                     "byte order %08" PRIx32 " of the packed file is not that of this machine",
                     head->order);
    if (head->version != VERSION)
        return wrong(problem, offsetof(struct head, version),
                     "version %" PRIu32
                     " of packed files is unknown (this memtrace reads version %u)",
                     head->version, VERSION);
    if (head->head_hash != map_hash(head, offsetof(struct head, head_hash)))
        return wrong(problem, offsetof(struct head, head_hash),
                     "the packed file is damaged: the checksum of its head is wrong");
    if (head->packed > size - sizeof *head)
        return wrong(problem, size,
                     "the packed file is cut short: %zu of %" PRIu64 " bytes are there", size,
                     head->packed + sizeof *head);
    if (head->packed < size - sizeof *head)
        return wrong(problem, head->packed + sizeof *head,
                     "%" PRIu64 " bytes follow the end of the packed file",
                     size - sizeof *head - head->packed);
    if (head->bytes > BYTES_MAX)
        return wrong(problem, offsetof(struct head, bytes),
                     "%" PRIu64 " bytes unpacked, more than the %" PRIu64 " that are read",
                     head->bytes, BYTES_MAX);
    return true;
}

/* All parts in their places; a wrong length is said. */
static bool sections_take(struct pack *pack, uint64_t bytes, struct pack_problem *problem)
{
    for (uint64_t at = 0; at < bytes;) {
        struct section section;
        uint64_t left = bytes - at;
        if (left < sizeof section)
            return wrong(problem, sizeof(struct head),
                         "section %zu of the packed file is cut short", pack->count + 1);
        memcpy(&section, pack->data + at, sizeof section);
        left -= sizeof section;
        uint64_t name = aligned(section.name_bytes);
        if (!section.name_bytes || name > left || section.data_bytes > left - name ||
            aligned(section.data_bytes) > left - name ||
            pack->data[at + sizeof section + section.name_bytes - 1])
            return wrong(problem, sizeof(struct head),
                         "section %zu of the packed file has an impossible length",
                         pack->count + 1);
        const unsigned char *text = pack->data + at + sizeof section;
        pack->parts = base_room(pack->parts, &pack->cap, pack->count + 1, sizeof *pack->parts);
        pack->parts[pack->count++] = (struct pack_part){text + name, (size_t)section.data_bytes};
        if (section.kind > PACK_TAILS ||
            name_id(&pack->names, section.kind, (const char *)text) != pack->count)
            return wrong(problem, sizeof(struct head),
                         "section %zu of the packed file is there twice, or of an unknown kind",
                         pack->count);
        at += sizeof section + name + aligned(section.data_bytes);
    }
    return true;
}

static bool unpack(struct pack *pack, const struct head *head, const unsigned char *file,
                   struct pack_problem *problem)
{
    if (map_hash(file + sizeof *head, head->packed) != head->hash)
        return wrong(problem, sizeof *head, "the packed file is damaged: its checksum is wrong");
    pack->data = malloc(head->bytes ? head->bytes : 1);
    if (!pack->data)
        return wrong(problem, 0, "no memory for its %" PRIu64 " bytes", head->bytes);
    size_t got = ZSTD_decompress(pack->data, head->bytes, file + sizeof *head, head->packed);
    if (ZSTD_isError(got))
        return wrong(problem, sizeof *head, "the packed file is damaged: %s",
                     ZSTD_getErrorName(got));
    if (got != head->bytes)
        return wrong(problem, sizeof *head, "the packed file is damaged: its length is wrong");
    return sections_take(pack, head->bytes, problem);
}

struct pack *pack_read(int fd, size_t size, struct pack_problem *problem)
{
    struct head head = {0};
    struct pack *pack = base_alloc(1, sizeof *pack);
    unsigned char *file = malloc(size ? size : 1);
    bool read = false;
    if (!file)
        wrong(problem, 0, "no memory for its %zu bytes", size);
    else if (file_read(fd, file, size) != size)
        wrong(problem, 0, "cannot be read: %s", errno ? strerror(errno) : "it became shorter");
    else {
        memcpy(&head, file, size < sizeof head ? size : sizeof head);
        read = head_check(&head, size, problem) && unpack(pack, &head, file, problem);
    }
    free(file);
    if (read)
        return pack;
    pack_free(pack);
    return NULL;
}

bool pack_find(struct pack *pack, enum pack_kind kind, const char *name, struct pack_part *part)
{
    uint32_t id = name_id(&pack->names, kind, name);
    if (id > pack->count)
        return false;
    *part = pack->parts[id - 1];
    return true;
}

void pack_free(struct pack *pack)
{
    if (!pack)
        return;
    strings_free(&pack->names);
    free(pack->parts);
    free(pack->data);
    free(pack);
}

/* ---- writing ---- */

void pack_add(struct pack_out *out, enum pack_kind kind, const char *name, const void *data,
              size_t bytes)
{
    size_t known = out->names.count;
    if (name_id(&out->names, kind, name) <= known)
        return;
    struct section section = {kind, (uint32_t)strlen(name) + 1, bytes};
    size_t whole = sizeof section + aligned(section.name_bytes) + aligned(bytes);
    out->data = base_room(out->data, &out->cap, out->bytes + whole, 1);
    unsigned char *to = out->data + out->bytes;
    memset(to, 0, whole);
    memcpy(to, &section, sizeof section);
    memcpy(to + sizeof section, name, section.name_bytes);
    if (bytes)
        memcpy(to + sizeof section + aligned(section.name_bytes), data, bytes);
    out->bytes += whole;
}

/* The frame in memory: the head in front of it needs its length. */
static bool compress(struct pack_out *out, ZSTD_outBuffer *to)
{
    ZSTD_CCtx *context = ZSTD_createCCtx();
    struct progress progress = {0};
    size_t left = 1;
    if (!context)
        return false;
    ZSTD_CCtx_setParameter(context, ZSTD_c_compressionLevel, LEVEL);
    ZSTD_CCtx_setParameter(context, ZSTD_c_checksumFlag, 1);
    ZSTD_CCtx_setPledgedSrcSize(context, out->bytes);
    progress_start(&progress, "packing", out->bytes);
    for (size_t at = 0; left && !ZSTD_isError(left);) {
        size_t piece = out->bytes - at < CHUNK ? out->bytes - at : CHUNK;
        ZSTD_inBuffer from = {out->data + at, piece, 0};
        bool last = at + piece == out->bytes;
        left = ZSTD_compressStream2(context, to, &from, last ? ZSTD_e_end : ZSTD_e_continue);
        at += from.pos;
        if (!last && !ZSTD_isError(left))
            left = 1;
        progress_at(&progress, at);
    }
    progress_end(&progress);
    ZSTD_freeCCtx(context);
    return !ZSTD_isError(left);
}

bool pack_write(struct pack_out *out, FILE *to)
{
    size_t most = ZSTD_compressBound(out->bytes);
    ZSTD_outBuffer packed = {malloc(most ? most : 1), most, 0};
    bool good = packed.dst && out->bytes <= BYTES_MAX && compress(out, &packed);
    if (good) {
        struct head head = {.version = VERSION,
                            .order = ORDER,
                            .bytes = out->bytes,
                            .packed = packed.pos,
                            .hash = map_hash(packed.dst, packed.pos)};
        memcpy(head.magic, MAGIC, sizeof head.magic);
        head.head_hash = map_hash(&head, offsetof(struct head, head_hash));
        fwrite(&head, sizeof head, 1, to);
        fwrite(packed.dst, 1, packed.pos, to);
    }
    free(packed.dst);
    return good;
}

void pack_out_free(struct pack_out *out)
{
    strings_free(&out->names);
    free(out->data);
    *out = (struct pack_out){0};
}
