/* SPDX-License-Identifier: MIT
 *
 * What was looked up in a module, kept for the next time: one file for each build-id in
 * $XDG_CACHE_HOME/memtrace or ~/.cache/memtrace. There is no cache, and nothing is said, with MEMTRACE_CACHE=0 or when the
 * folder can't be made, is not ours or is full.
 *
 * A file counts only while the module's file and that of its debug information are the same
 * as before (device, inode, size, time of change), or while there is still no debug information, so that a view is the same with
 * and without it. It is
 * written anew and renamed, never changed in place. Nothing in it is trusted: it is read whole, its
 * hash tells damage, and every index is checked before anything is used.
 */
#ifndef CACHE_H
#define CACHE_H

#include <stdbool.h>
#include <stddef.h>

#include "symbols/lookup.h"

/* The most that all files together take. The least recently used are removed first. */
#define CACHE_BYTES_MAX 0x10000000u
#define CACHE_FILE_MAX  0x4000000u

struct cache_head;

struct cache {
    char *folder; /* NULL: there is no cache */
    char name[160];
    struct symbols_file file;      /* of the module */
    unsigned char *data;           /* the file's bytes; NULL: there is none that counts */
    const struct cache_head *head; /* in data */
};

/* Look for the file of batch's module, which `symbols` is open for. Where the module's file is gone, or another one by now, what
 * is known of its build-id counts without it. cache_close in any case. */
void cache_open(struct cache *cache, const struct batch *batch, struct symbols *symbols);
/* Fill in the items that are known. Returns their number. */
size_t cache_take(const struct cache *cache, struct batch *batch);
/* Keep all items of `batch`, with what was in the file before. */
void cache_store(const struct cache *cache, const struct batch *batch, struct symbols *symbols);
void cache_close(struct cache *cache);
/* batch_pack and batch_unpack. */
unsigned char *cache_pack(const struct batch *batch, size_t *bytes);
bool cache_unpack(struct batch *batch, const void *data, size_t bytes);

#endif
