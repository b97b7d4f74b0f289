/* SPDX-License-Identifier: MIT
 *
 * Source files, as they are on this machine now.
 */
#ifndef SOURCE_H
#define SOURCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/map.h"
#include "pack/pack.h"
#include "read/log.h"

struct source {
    char *path;
    char *text; /* NULL: not there or not to be read */
    size_t bytes;
    uint32_t *lines; /* start of each line; lines[line_count] is one past the end */
    uint32_t line_count;
    uint64_t
        modified;   /* ns since 1970; 0: it is elsewhere now (source_map.h), and does not count */
    bool changed;   /* it is not what it was at the run, so it has no text */
    bool mixed;     /* it changed while the program ran, too */
    void *encoding; /* iconv_t to UTF-8 (encoding.h); NULL: its lines are taken as they are */
};

/* All files read so far. */
struct sources {
    struct strings paths;
    struct source **list; /* by path */
    size_t count, cap;
    size_t bytes;           /* of all their texts and lines */
    struct pack *pack;      /* files are looked for there, not on this machine; NULL: here */
    char *folder;           /* where relative names start, NULL: here */
    struct strings stamped; /* paths that the log has a stamp of: stamps[id - 1] */
    struct log_stamp *stamps;
    size_t stamps_cap;
    struct map checks; /* by the name of a file in frames->strings: source_of.c's */
};

/* Stands for what `python -c` was given: no file is called so. */
#define SOURCE_COMMAND "<string>"

/* The file; never NULL, but perhaps without text: a name in angle brackets has none but by sources_put. Only regular files up to
 * 64 MiB are read, and no more of them when all together are 256 MiB, whatever a log names. Valid until sources_free. */
const struct source *sources_get(struct sources *sources, const char *path);
/* This text stands for the file `path` from now on, unless one of that name was asked for already; both are copied. */
void sources_put(struct sources *sources, const char *path, const char *text, size_t bytes);
/* What the file was at the run, as far as the log tells; before it is asked for. The first one of a path counts. */
void sources_stamp(struct sources *sources, const char *path, const struct log_stamp *stamp);
/* Line `number` (from 1) in UTF-8, tabs expanded to multiples of eight columns, without its end, a byte order mark and form feeds in
 * front, the first 65,536 bytes of it; NULL: there is no such line. To be freed. */
char *source_line(const struct source *source, uint32_t number);
/* Last line of the Python function (or class body) that begins at `first`, by its indentation; 0:
 * cannot be told. At most SOURCE_FUNCTION_LINES are looked at. */
#define SOURCE_FUNCTION_LINES 50000u
uint32_t source_python_end(const struct source *source, uint32_t first);
/* Whether a Python function or class called `name` begins at line `first`, with its decorators. */
bool source_python_defines(const struct source *source, uint32_t first, const char *name);
/* Put all files that were asked for into a pack; `texts`: with their texts. */
void sources_pack(const struct sources *sources, struct pack_out *out, bool texts);
void sources_free(struct sources *sources);

#endif
