/* SPDX-License-Identifier: MIT
 *
 * Reads call frame information of loaded objects (.eh_frame; on macOS compact unwind tables, too): what a frame needs to find its
 * caller. The tables may be damaged: each read is checked against the object's segments. No
 * allocation, no lock, one or two system calls, errno kept: callable anywhere, even in a signal
 * handler. Takes up to 6 KiB of the stack.
 */
#ifndef MT_CFI_H
#define MT_CFI_H

#include <stdbool.h>
#include <stdint.h>

#include "loader/object.h"
#include "unwind/cfi_reader.h"
#include "unwind/cfi_row.h"

enum mt_cfi_result {
    MT_CFI_FOUND,
    MT_CFI_NO_OBJECT, /* no loaded object has code there */
    MT_CFI_NO_FRAME,  /* an object has code there, but describes no frame for it */
    MT_CFI_UNREADABLE /* described in a way that is not understood here */
};

/* Fill *row for the code at `pc` (of a return address that is one less). Without `others`, row->other is not filled in, which takes
 * half the time. */
enum mt_cfi_result mt_cfi_find(uintptr_t pc, bool others, struct mt_cfi_row *row);

/* ---- For the files that know the object's format: elf/tables.c, macho/tables.c ---- */

/* The object whose tables are read. They may be damaged: nothing is read but what lies in one of its segments. */
struct mt_cfi_space {
    const struct mt_object *object;
    uintptr_t low,
        high; /* the segment that was found last, all of which can be read; empty: none */
};

/* Defined by these files: where the segment with `at` that comes from the object's file lies, by its headers; whether all of it
 * is there is not asked. False: none. Any thread, no lock. */
bool mt_cfi_segment(const struct mt_object *object, uintptr_t at, uintptr_t *low, uintptr_t *high);

/* A reader of what lies at `at`, up to the end of the segment. False: it is in none, or that is not whole. Any thread, no lock. */
bool mt_cfi_look(struct mt_cfi_space *space, uintptr_t at, struct mt_cfi_reader *r);

/* As mt_cfi_find, by the FDE at `fde`. */
enum mt_cfi_result mt_cfi_row_of(struct mt_cfi_space *space, uintptr_t fde, uintptr_t pc,
                                 bool others, struct mt_cfi_row *row);

/* ---- */

/* Objects may have been unloaded: what was found out about their memory is asked again. Any thread. */
void mt_cfi_forget(void);

#endif
