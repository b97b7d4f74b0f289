/* SPDX-License-Identifier: MIT
 *
 * The container of `memtrace pack`: named sections in one compressed file. FORMAT.md beside this file describes it. Nothing in it is
 * trusted: it is unpacked whole, its checksums are compared, and every length is checked before anything is used.
 */
#ifndef PACK_H
#define PACK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/map.h"
#include "base/target.h"

/* What a section holds, and what its name is. */
enum pack_kind {
    PACK_LOG = 1,       /* the log's bytes; "" */
    PACK_SYMBOLS,       /* what was found in a module: cache.c's parts; the module's number */
    PACK_PROBLEM,       /* why a module has no symbols; its number */
    PACK_LINES_PROBLEM, /* why it has no lines, likewise */
    PACK_MADE,          /* code of a JIT compiler; its address */
    PACK_SOURCE,        /* a source file: struct pack_source and its text; its path */
    PACK_TAILS          /* tail calls of a module's functions: cache.c's parts; its number */
};

struct pack_source {
    uint64_t modified; /* ns since 1970 */
    uint32_t flags;
    uint32_t zero;
};
#define PACK_TEXT    1u /* the text is here */
#define PACK_CHANGED 2u /* the file was not what it was at the run */
#define PACK_MIXED   4u /* it changed while the program ran */

/* A section's bytes, at a multiple of 16. */
struct pack_part {
    const void *data;
    size_t bytes;
};

/* ---- reading ---- */

struct pack;
struct pack_problem {
    uint64_t offset; /* in the file */
    char reason[160];
};

/* Does the open file begin as a pack does? */
bool pack_begins(int fd);
/* Unpack a file of `size` bytes into memory. NULL: *problem says why. pack_free afterwards. */
struct pack *pack_read(int fd, size_t size, struct pack_problem *problem);
/* False: there is no such section. What `part` points to is valid until pack_free. */
bool pack_find(struct pack *pack, enum pack_kind kind, const char *name, struct pack_part *part);
/* NULL is allowed. */
void pack_free(struct pack *pack);

/* ---- writing ---- */

/* Zeroed at first. */
struct pack_out {
    unsigned char *data;
    size_t bytes, cap;
    struct strings names; /* of the sections so far */
};

/* Add a section; without effect if there is one of this kind and name. Both are copied. */
void pack_add(struct pack_out *out, enum pack_kind kind, const char *name, const void *data,
              size_t bytes);
/* Compress and write all of it, with a progress bar. False: it cannot be compressed; errors of the stream are the caller's to ask for. */
bool pack_write(struct pack_out *out, FILE *to);
void pack_out_free(struct pack_out *out);

#endif
