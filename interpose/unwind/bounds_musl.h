/* SPDX-License-Identifier: MIT
 *
 * Where stacks lie in a process of musl. Used by bounds_linux.c alone.
 */
#ifndef MT_UNWIND_BOUNDS_MUSL_H
#define MT_UNWIND_BOUNDS_MUSL_H

#include <stdbool.h>
#include <stdint.h>

/* At the process's first event, before the first stack is walked; reads /proc. */
void mt_bounds_musl_begin(void);

/* Where the program's first frame lies: its arguments begin there. False: not known. */
bool mt_bounds_musl_main(uintptr_t *first);

/* [*floor, *top) is the stack of the thread whose descriptor is at `pointer`, which musl made. False: not found. */
bool mt_bounds_musl_thread(uintptr_t pointer, uintptr_t *floor, uintptr_t *top);

#endif
