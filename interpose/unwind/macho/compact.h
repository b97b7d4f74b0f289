/* SPDX-License-Identifier: MIT
 *
 * An encoding of a compact unwind table, which describes a frame in 32 bits: <mach-o/compact_unwind_encoding.h>. It holds where the
 * function calls others, not in its first and last instructions. The file is chosen by processor.
 */
#ifndef MT_UNWIND_MACHO_COMPACT_H
#define MT_UNWIND_MACHO_COMPACT_H

#include <stdbool.h>
#include <stdint.h>

#include "unwind/cfi.h"

/* The place in __eh_frame of the entry that says it instead; 0: the encoding itself tells. */
uint32_t mt_compact_dwarf(uint32_t encoding);

/* Fill *row for the function at row->begin, whose code `code` reads from there on. Without `others`, row->other is not filled in. */
enum mt_cfi_result mt_compact_row(uint32_t encoding, struct mt_cfi_reader code, bool others,
                                  struct mt_cfi_row *row);

#endif
