/* SPDX-License-Identifier: MIT
 *
 * A Mach-O file as an ELF file, which elfutils reads: the same addresses, functions, id, and debug information.
 */
#ifndef MACHO_ELF_H
#define MACHO_ELF_H

#include <stdbool.h>
#include <stddef.h>

#include "symbols/macho.h"

/* What became of a file. */
struct macho_made {
    bool is;             /* it is a Mach-O file */
    bool objects;        /* as in struct macho, and it has no debug information itself */
    const char *problem; /* why there is no ELF file */
};

/* If `fd` is a Mach-O file: a descriptor of the ELF file of the slice with this id, in memory, and `fd` is closed; -1 where there
 * is a problem. Otherwise `fd`, of which nothing is read but its first bytes. */
int macho_instead(int fd, const unsigned char *id, size_t id_bytes, struct macho_made *made);
/* The same of a file's content. -1 with errno. */
int macho_elf(const struct macho *macho);
/* The ids in `fd` as macho_ids gives them; 0: it is no Mach-O file. */
size_t macho_file_ids(int fd, unsigned char *out, size_t most, bool *debug);
/* Path of the file in the .dSYM beside a module, or beside the bundle that it is in, that has this id; NULL: there is none. To be freed. */
char *macho_dsym(const char *path, const unsigned char *id, size_t id_bytes);

#endif
