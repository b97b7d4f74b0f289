/* SPDX-License-Identifier: MIT
 *
 * Mach-O, as far as memtrace reads it: the layout of files, from Apple's public documentation. All numbers are little-endian but
 * those of a universal file's head, which are big-endian.
 */
#ifndef MACHO_FORMAT_H
#define MACHO_FORMAT_H

#include <stdint.h>

#define MACHO_MAGIC        0xfeedfacfu /* 64 bits */
#define MACHO_MAGIC_32     0xfeedfaceu
#define MACHO_UNIVERSAL    0xcafebabeu /* big-endian */
#define MACHO_UNIVERSAL_64 0xcafebabfu
#define MACHO_CPU_X86_64   0x01000007u
#define MACHO_CPU_ARM64    0x0100000cu
#define MACHO_SLICES_MAX                                                                           \
    32u /* of a universal file; a Java class begins with the same bytes, and a greater number */

enum macho_type { MACHO_EXECUTE = 2, MACHO_DYLIB = 6, MACHO_BUNDLE = 8, MACHO_DSYM = 10 };

struct macho_header {
    uint32_t magic, cpu, cpu_subtype, type, command_count, command_bytes, flags, reserved;
};
_Static_assert(sizeof(struct macho_header) == 32, "");

/* A universal file: this, then `count` slices of one of the two kinds. */
struct macho_universal {
    uint32_t magic, count;
};
struct macho_slice {
    uint32_t cpu, cpu_subtype, offset, bytes, align;
};
struct macho_slice_64 {
    uint32_t cpu, cpu_subtype;
    uint64_t offset, bytes;
    uint32_t align, reserved;
};

enum macho_command_kind {
    MACHO_SYMTAB = 0x2,
    MACHO_DYSYMTAB = 0xb,
    MACHO_LOAD_DYLIB = 0xc,
    MACHO_ID_DYLIB = 0xd,
    MACHO_LOAD_DYLIB_WEAK = 0x18,
    MACHO_SEGMENT = 0x19,
    MACHO_UUID = 0x1b,
    MACHO_CODE_SIGNATURE = 0x1d,
    MACHO_REEXPORT_DYLIB = 0x1f,
    MACHO_DYLD_INFO = 0x22,
    MACHO_MAIN = 0x28,
    MACHO_EXPORTS_TRIE = 0x33,
    MACHO_CHAINED_FIXUPS = 0x34
};
#define MACHO_MUST                                                                                 \
    0x80000000u /* a bit of some kinds: a loader that does not know them must refuse */

struct macho_command {
    uint32_t kind, bytes;
};
struct macho_segment { /* behind it: its sections */
    struct macho_command command;
    char name[16];
    uint64_t address, size, file_offset, file_bytes;
    uint32_t max_protection, protection, section_count, flags;
};
_Static_assert(sizeof(struct macho_segment) == 72, "");
struct macho_section {
    char name[16], segment[16];
    uint64_t address, size;
    uint32_t offset, align, relocations, relocation_count, flags, reserved1, reserved2, reserved3;
};
_Static_assert(sizeof(struct macho_section) == 80, "");
#define MACHO_SECTION_TYPE 0xffu
enum macho_section_type {
    MACHO_ZEROFILL = 0x1,
    MACHO_INITIALISERS = 0x9,
    MACHO_TERMINATORS = 0xa,
    MACHO_ZEROFILL_GB = 0xc,
    MACHO_THREAD_VALUES = 0x11,
    MACHO_THREAD_ZEROFILL = 0x12,
    MACHO_THREAD_VARIABLES = 0x13,
    MACHO_INITIALISER_OFFSETS = 0x16
};
#define MACHO_SECTION_CODE 0x80000400u /* one of these flags: there are instructions in it */

struct macho_symtab {
    struct macho_command command;
    uint32_t symbols, symbol_count, strings, string_bytes;
};
struct macho_symbol {
    uint32_t name; /* in the strings */
    uint8_t type, section;
    uint16_t description;
    uint64_t value;
};
_Static_assert(sizeof(struct macho_symbol) == 16, "");
#define MACHO_SYMBOL_DEBUG    0xe0u /* of `type`: one of these bits: for debuggers */
#define MACHO_SYMBOL_KIND     0x0eu
#define MACHO_SYMBOL_DEFINED  0x0eu /* ... in `section`, which counts from 1 */
#define MACHO_SYMBOL_EXTERNAL 0x01u
#define MACHO_SYMBOL_OBJECT                                                                        \
    0x66u /* all of `type`: an object file that has the debug information of what follows */

struct macho_uuid {
    struct macho_command command;
    uint8_t uuid[16];
};
struct macho_main {
    struct macho_command command;
    uint64_t entry, stack; /* entry: offset in the file */
};
struct macho_dylib {
    struct macho_command command;
    uint32_t name, time, version, compatible; /* name: offset in the command */
};
struct macho_dyld_info {
    struct macho_command command;
    uint32_t rebase, rebase_bytes, bind, bind_bytes, weak, weak_bytes, lazy, lazy_bytes, exports,
        exports_bytes;
};
struct macho_linkedit { /* of MACHO_EXPORTS_TRIE, MACHO_CHAINED_FIXUPS, MACHO_CODE_SIGNATURE */
    struct macho_command command;
    uint32_t offset, bytes;
};

#endif
