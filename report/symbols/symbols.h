/* SPDX-License-Identifier: MIT
 *
 * From an address in an ELF or Mach-O file to functions, files and lines. symbols_dw.c does it with elfutils.
 */
#ifndef SYMBOLS_H
#define SYMBOLS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/map.h"
#include "base/progress.h"
#include "symbols/find.h"

/* One source-level frame. Texts live in the `strings` that were given to symbols_open; 0: not
 * known. */
struct symbol {
    uint32_t function;
    uint32_t file;
    uint32_t line;       /* 0: not known */
    uint32_t first_line; /* of the function in `file`, 0: not known */
    uint32_t last_line;
    const char *language; /* "C", "C++", "Rust", ..., "native" */
};
#define SYMBOLS_INLINED_MAX 64u

/* A function as debug information tells it from others. */
struct symbol_code {
    uint64_t entry; /* offset of its entry, the one that the others are made from; 0: none */
    uint32_t name;  /* for the linker; 0: the linker does not know it */
};
/* What is at an address: the function that has the code, and the one that the instruction calls. All 0: not known. */
struct symbol_call {
    struct symbol_code self, callee;
};

/* What tells files apart without reading them. */
struct symbols_file {
    uint64_t device, inode, bytes, modified; /* ns */
};
bool symbols_file_same(const struct symbols_file *a, const struct symbols_file *b);
/* False: there is no such file. */
bool symbols_file_at(const char *path, struct symbols_file *file);

/* Which file a module's was at the run. */
struct symbols_wanted {
    const char *path;
    const unsigned char *build_id;
    size_t build_id_bytes;    /* 0: not known */
    bool stamped;             /* these two are known, which count where there is no build-id: */
    uint64_t bytes, modified; /* ns */
    /* Where to look for a file with its debug information, if its own has none and elfutils does not find one; NULL: nowhere. For one
     * thread: symbols_elsewhere tells the others, which take it as `debug`. */
    struct find *find;
    struct progress *progress; /* of that; may be NULL */
    const char *debug;         /* its debug information is in this file; NULL: find it */
};

/* One thread at a time may use it; several for the same module do not disturb each other. */
struct symbols;

/* Prepare a module. The texts of `wanted` stay the caller's. The file is used only if its build-id is that of `wanted`; where that has none, if its size and time are
 * the same; where those are not known, any will do. Debug information of its own, in /usr/lib/debug, by .gnu_debuglink or in a .dSYM is
 * found at the first look-up. Of a universal Mach-O file the slice with the build-id counts, which is its UUID. Never NULL. */
struct symbols *symbols_open(const struct symbols_wanted *wanted, struct strings *strings);
/* The file of the module, all 0 if it is not used. */
struct symbols_file symbols_file(const struct symbols *symbols);
/* The separate file that the debug information is in; "" if the module's own file has it, SYMBOLS_NO_DEBUG if there is none, which is looked
 * for each time, NULL if what will be found depends on more than these two files. */
#define SYMBOLS_NO_DEBUG "-"
const char *symbols_debug_path(struct symbols *symbols);
/* The file with debug information that wanted.find found; NULL: none was wanted so far. Valid until symbols_close. */
const char *symbols_elsewhere(const struct symbols *symbols);
/* Number of the compilation unit at `address`, 0: none. A unit is read at the first look-up in it,
 * which is what takes the time; further ones by the same `symbols` are cheap. */
size_t symbols_unit(struct symbols *symbols, uint64_t address);
/* Why the module has no symbols at all, NULL if nothing is wrong with it. */
const char *symbols_problem(const struct symbols *symbols);
/* Why the module has no lines although it has debug information, NULL if nothing is wrong with that. */
const char *symbols_lines_problem(struct symbols *symbols);
/* The frames at `address` (in the file's own addresses, of the instruction itself): innermost
 * inlined function first, the real function last. Returns their number, at most
 * SYMBOLS_INLINED_MAX, 0 when nothing is known. Ascending addresses are cheapest. */
size_t symbols_find(struct symbols *symbols, uint64_t address,
                    struct symbol out[SYMBOLS_INLINED_MAX]);
/* Likewise of calls. `address` is within the call. */
void symbols_call(struct symbols *symbols, uint64_t address, struct symbol_call *out);
/* The tail calls of a function, as a list of symbols (tails.h reads it). Their number, at most SYMBOLS_INLINED_MAX. */
size_t symbols_tails(struct symbols *symbols, const struct symbol_code *code,
                     struct symbol out[SYMBOLS_INLINED_MAX]);
/* The strings that were given to symbols_open have moved. */
void symbols_strings(struct symbols *symbols, struct strings *strings);
void symbols_close(struct symbols *symbols);

#endif
