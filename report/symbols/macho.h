/* SPDX-License-Identifier: MIT
 *
 * Mach-O files, of which nothing is trusted: the slice of a module, and what symbols need of it. What is taken is within the file.
 */
#ifndef MACHO_H
#define MACHO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define MACHO_SECTIONS_MAX 64u /* of a kind; others are left out */
#define MACHO_ID_BYTES     16u

struct macho_bytes {
    const unsigned char *data;
    size_t bytes;
};
struct macho_code {
    uint64_t address, size;
    unsigned number; /* as symbols name it */
};
struct macho_debug {
    char name[32]; /* as in an ELF file: ".debug_info" */
    struct macho_bytes content;
};
struct macho {
    uint16_t machine;        /* as in an ELF file */
    const unsigned char *id; /* its UUID; NULL: it has none */
    uint64_t base, size;     /* of its segment __TEXT: addresses in the file */
    struct macho_code code[MACHO_SECTIONS_MAX];
    unsigned code_count;
    struct macho_debug debug[MACHO_SECTIONS_MAX];
    unsigned debug_count;
    bool has_debug; /* DWARF of functions is among it */
    bool objects;   /* the debug information is in the object files that it was linked from */
    struct macho_bytes symbols, strings;
};

/* Whether a file that begins with these bytes may be one: of one machine, or of several. */
bool macho_begins(const unsigned char *data, size_t bytes);
/* The slice with this id (0 bytes of it: the first one of a machine that memtrace knows). NULL: `macho` is filled in, and points into `data`,
 * which begins at an address that is a multiple of 8. Otherwise why it is not. */
const char *macho_read(struct macho *macho, const unsigned char *data, size_t bytes,
                       const unsigned char *id, size_t id_bytes);
/* The ids of all slices, at most `most`: MACHO_ID_BYTES each. Their number. `debug`: whether one of them has debug information. */
size_t macho_ids(const unsigned char *data, size_t bytes, unsigned char *out, size_t most,
                 bool *debug);

#endif
