/* SPDX-License-Identifier: MIT
 *
 * Reads call frame information (.eh_frame) of loaded objects: what a frame needs to find its
 * caller. No allocation, no lock, no system call, errno untouched: callable anywhere, even in a
 * signal handler.
 */
#ifndef MT_CFI_H
#define MT_CFI_H

#include <stdint.h>

#include "unwind/cfi_row.h"

enum mt_cfi_result {
    MT_CFI_FOUND,
    MT_CFI_NO_OBJECT, /* no loaded object has code there */
    MT_CFI_NO_FRAME,  /* an object has code there, but describes no frame for it */
    MT_CFI_UNREADABLE /* described in a way that is not understood here */
};

/* Fill *row for the code at `pc` (of a return address that is one less). */
enum mt_cfi_result mt_cfi_find(uintptr_t pc, struct mt_cfi_row *row);

#endif
