/* SPDX-License-Identifier: MIT
 *
 * The program of a frame's description: DWARF 4, section 6.4.2.
 */
#ifndef MT_CFI_PROGRAM_H
#define MT_CFI_PROGRAM_H

#include "unwind/cfi_reader.h"
#include "unwind/cfi_row.h"

/* A common information entry (CIE), read. */
struct mt_cfi_cie {
    uint64_t code_align;
    int64_t data_align;
    unsigned ra;
    unsigned encoding; /* of addresses in the FDE */
    bool augmented;    /* the FDE has augmentation data */
    bool signal;
    struct mt_cfi_reader program;
};

/* Fill *row for `pc` in the function at [begin, end): by the program of its CIE, then by
 * `program`, that of its FDE. Without `others`, row->other is not filled in, which takes half the time, and a long program goes on
 * from the nearest place before pc that an earlier run left. False: not understood, and *row is as it was. Waits for nobody,
 * allocates nothing. */
bool mt_cfi_row_at(const struct mt_cfi_cie *cie, struct mt_cfi_reader program, uintptr_t begin,
                   uintptr_t end, uintptr_t pc, bool others, struct mt_cfi_row *row);

/* Objects may have been unloaded: what is known of their programs holds no more. Any thread. */
void mt_cfi_program_forget(void);

/* To be called by the constructor, and in the child of a fork. */
void mt_cfi_program_begin(void);

#endif
