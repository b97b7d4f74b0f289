/* SPDX-License-Identifier: MIT
 *
 * The files below a folder, and which of them have a build-id.
 */
#ifndef SYMBOLS_FOLDER_H
#define SYMBOLS_FOLDER_H

#include <libelf.h>
#include <stdbool.h>
#include <stddef.h>

/* How far to go. */
struct folder_bounds {
    unsigned depth; /* folders below the first one: 0, only that one */
    size_t files;   /* at most so many */
    bool hidden;    /* those whose names begin with a dot, too */
};

struct folder_file;
struct folder {
    struct folder_file *list; /* in no order */
    size_t count, cap;
    bool read, cut; /* read: it was gone through; cut: there are more files than the bounds allow */
};

/* Go through it, if that is not done yet. What can't be opened is left out. */
void folder_read(struct folder *folder, const char *path, const struct folder_bounds *bounds);
/* The path of a file with this build-id, one with debug information before others, which will not do if `debug`; NULL: there is
 * none. `name`: only files of this name, or with ".debug" behind it; NULL: any. Valid until folder_free. Opens each file once. */
const char *folder_find(struct folder *folder, const char *name, const unsigned char *build_id,
                        size_t build_id_bytes, bool debug);
void folder_free(struct folder *folder);
/* Whether an ELF file has debug information, legible or not. */
bool folder_has_debug(Elf *elf);

#endif
