/* SPDX-License-Identifier: MIT
 *
 * Reads call frame information (.eh_frame) of loaded objects: what a frame needs to find its
 * caller. The tables may be damaged: each read is checked against the object's segments. No
 * allocation, no lock, one or two system calls, errno kept: callable anywhere, even in a signal
 * handler. Takes up to 6 KiB of the stack.
 */
#ifndef MT_CFI_H
#define MT_CFI_H

#include <stdbool.h>
#include <stdint.h>

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

/* Objects may have been unloaded: what was found out about their memory is asked again. Any thread. */
void mt_cfi_forget(void);

#endif
