/* SPDX-License-Identifier: MIT */
#include "symbols/jit.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/base.h"
#include "base/file.h"

#define FILE_BYTES_MAX ((size_t)512 << 20)
#define OVERLAPS_MAX   4096u /* pieces that a look-up goes through */

struct piece {
    uint64_t start, bytes;
    const char *name; /* in one of the files' texts, as are those of lines */
    uint32_t number;  /* in the order of the files */
    uint32_t first_line, line_count;
};
struct line {
    uint64_t address;
    const char *file;
    uint32_t number;
};
struct jit {
    struct piece *pieces;
    size_t count, cap;
    struct line *lines;
    size_t line_count, line_cap;
    uint64_t largest; /* piece */
    char *text[2];    /* of the two files */
};

static void piece_add(struct jit *jit, const struct piece *piece)
{
    if (!piece->bytes || piece->start + piece->bytes < piece->start || jit->count == UINT32_MAX)
        return;
    jit->pieces = base_room(jit->pieces, &jit->cap, jit->count + 1, sizeof *jit->pieces);
    jit->pieces[jit->count] = *piece;
    jit->pieces[jit->count].number = (uint32_t)jit->count;
    jit->count++;
    if (piece->bytes > jit->largest)
        jit->largest = piece->bytes;
}

/* ---- files ---- */

/* With a NUL at its end; NULL: there is none that counts. */
static char *text_read(const char *folder, const char *name, uint64_t since, size_t *bytes)
{
    struct stat info;
    char *path = base_alloc(strlen(folder) + strlen(name) + 2, 1), *text = NULL;
    sprintf(path, "%s/%s", folder, name);
    int fd = file_open(AT_FDCWD, path, &info);
    free(path);
    if (fd < 0)
        return NULL;
    uint64_t modified =
        (uint64_t)info.st_mtim.tv_sec * 1000000000u + (uint64_t)info.st_mtim.tv_nsec;
    bool mine = info.st_uid == geteuid() || !geteuid();
    if (mine && modified >= since && (size_t)info.st_size <= FILE_BYTES_MAX) {
        text = base_alloc((size_t)info.st_size + 1, 1);
        *bytes = file_read(fd, text, (size_t)info.st_size);
        text[*bytes] = 0;
    }
    close(fd);
    return text;
}

static char *text_find(const char *const *folders, const char *name, uint64_t since, size_t *bytes)
{
    char *text = text_read("/tmp", name, since, bytes);
    for (size_t i = 0; !text && folders[i]; i++)
        text = text_read(folders[i], name, since, bytes);
    return text;
}

/* START SIZE NAME, the numbers in hexadecimal. */
static void read_map(struct jit *jit, char *text)
{
    for (char *line = text, *next; *line; line = next) {
        size_t length = strcspn(line, "\n");
        next = line + length + (line[length] != 0);
        line[length] = 0;
        char *end, *size;
        struct piece piece = {.start = strtoull(line, &size, 16)};
        piece.bytes = size > line && *size == ' ' ? strtoull(size, &end, 16) : 0;
        if (!piece.bytes || *end != ' ' || !end[1])
            continue;
        piece.name = end + 1;
        piece_add(jit, &piece);
    }
}

/* ---- jitdump: tools/perf/Documentation/jitdump-specification.txt ---- */

struct dump_head {
    uint32_t magic, version, bytes, machine, pad, pid;
    uint64_t time, flags;
};
#define DUMP_MAGIC 0x4a695444u
struct dump_record {
    uint32_t kind, bytes;
    uint64_t time;
};
enum { DUMP_LOAD = 0, DUMP_MOVE = 1, DUMP_LINES = 2 };
struct dump_load {
    uint32_t pid, tid;
    uint64_t place, address, bytes, index;
};
struct dump_move {
    uint32_t pid, tid;
    uint64_t place, from, to, bytes, index;
};
struct dump_lines {
    uint64_t address, count;
};
struct dump_line {
    uint64_t address;
    uint32_t number, discriminator;
};

/* A text that ends inside of the record. */
static const char *text_in(const char *at, const char *end)
{
    return at < end && memchr(at, 0, (size_t)(end - at)) ? at : NULL;
}

/* The lines that were written before the code they are of. */
struct pending {
    uint64_t address;
    uint32_t first, count;
};

static void read_lines(struct jit *jit, const char *at, const char *end, struct pending *pending)
{
    struct dump_lines head;
    if ((size_t)(end - at) < sizeof head)
        return;
    memcpy(&head, at, sizeof head);
    at += sizeof head;
    *pending = (struct pending){head.address, (uint32_t)jit->line_count, 0};
    const char *before = NULL;
    for (uint64_t i = 0; i < head.count && (size_t)(end - at) > sizeof(struct dump_line); i++) {
        struct dump_line entry;
        memcpy(&entry, at, sizeof entry);
        const char *file = text_in(at + sizeof entry, end);
        if (!file)
            break;
        at = file + strlen(file) + 1;
        if (strcmp(file, "\xff") != 0) /* else: the same file as before */
            before = file;
        jit->lines = base_room(jit->lines, &jit->line_cap, jit->line_count + 1, sizeof *jit->lines);
        jit->lines[jit->line_count++] = (struct line){entry.address, before, entry.number};
        pending->count++;
    }
}

static void read_load(struct jit *jit, const char *at, const char *end, struct pending *pending)
{
    struct dump_load load;
    if ((size_t)(end - at) < sizeof load)
        return;
    memcpy(&load, at, sizeof load);
    struct piece piece = {
        .start = load.address, .bytes = load.bytes, .name = text_in(at + sizeof load, end)};
    if (pending->count && pending->address == load.address) {
        piece.first_line = pending->first;
        piece.line_count = pending->count;
    }
    pending->count = 0;
    if (piece.name)
        piece_add(jit, &piece);
}

static void read_move(struct jit *jit, const char *at, const char *end)
{
    struct dump_move move;
    if ((size_t)(end - at) < sizeof move)
        return;
    memcpy(&move, at, sizeof move);
    for (size_t i = jit->count; i-- > 0;) {
        struct piece piece = jit->pieces[i];
        if (piece.start != move.from)
            continue;
        piece.start = move.to;
        piece.line_count = 0; /* their addresses are the old ones */
        piece_add(jit, &piece);
        return;
    }
}

static void read_dump(struct jit *jit, const char *data, size_t bytes)
{
    struct dump_head head;
    struct pending pending = {0};
    if (bytes < sizeof head)
        return;
    memcpy(&head, data, sizeof head);
    if (head.magic != DUMP_MAGIC || head.bytes < sizeof head)
        return;
    for (size_t at = head.bytes; at < bytes && bytes - at > sizeof(struct dump_record);) {
        struct dump_record record;
        memcpy(&record, data + at, sizeof record);
        if (record.bytes < sizeof record || record.bytes > bytes - at)
            return;
        const char *body = data + at + sizeof record, *end = data + at + record.bytes;
        if (record.kind == DUMP_LINES)
            read_lines(jit, body, end, &pending);
        else if (record.kind == DUMP_LOAD)
            read_load(jit, body, end, &pending);
        else if (record.kind == DUMP_MOVE)
            read_move(jit, body, end);
        at += record.bytes;
    }
}

/* ---- all ---- */

static int by_start(const void *a, const void *b)
{
    const struct piece *x = a, *y = b;
    if (x->start != y->start)
        return x->start < y->start ? -1 : 1;
    return x->number < y->number ? -1 : x->number > y->number;
}

struct jit *jit_open(int32_t pid, uint64_t since, const char *const *folders)
{
    struct jit *jit = base_alloc(1, sizeof *jit);
    char name[64];
    size_t bytes;
    snprintf(name, sizeof name, "perf-%" PRId32 ".map", pid);
    jit->text[0] = text_find(folders, name, since, &bytes);
    if (jit->text[0])
        read_map(jit, jit->text[0]);
    snprintf(name, sizeof name, "jit-%" PRId32 ".dump", pid);
    jit->text[1] = text_find(folders, name, since, &bytes);
    if (jit->text[1])
        read_dump(jit, jit->text[1], bytes);
    if (jit->count)
        qsort(jit->pieces, jit->count, sizeof *jit->pieces, by_start);
    return jit;
}

/* The last line that begins at the address or before; they are in the order of addresses as a rule, but not by it. */
static void line_find(const struct jit *jit, const struct piece *piece, uint64_t address,
                      struct jit_code *out)
{
    uint64_t best = 0;
    for (uint32_t i = 0; i < piece->line_count; i++) {
        const struct line *line = &jit->lines[piece->first_line + i];
        if (line->address > address || line->address < best || !line->file)
            continue;
        best = line->address;
        out->file = line->file;
        out->line = line->number;
    }
}

bool jit_find(const struct jit *jit, uint64_t address, struct jit_code *out)
{
    size_t low = 0, high = jit->count;
    const struct piece *found = NULL;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (jit->pieces[middle].start <= address)
            low = middle + 1;
        else
            high = middle;
    }
    for (size_t back = 0; back < OVERLAPS_MAX && low > back; back++) {
        const struct piece *piece = &jit->pieces[low - 1 - back];
        if (address - piece->start >= jit->largest)
            break;
        if (address - piece->start < piece->bytes && (!found || piece->number > found->number))
            found = piece;
    }
    if (!found)
        return false;
    *out = (struct jit_code){.name = found->name};
    line_find(jit, found, address, out);
    return true;
}

void jit_free(struct jit *jit)
{
    free(jit->pieces);
    free(jit->lines);
    free(jit->text[0]);
    free(jit->text[1]);
    free(jit);
}
