/* SPDX-License-Identifier: MIT
 *
 * Where stacks lie in a process of musl. Used by bounds_linux.c alone.
 */
#ifndef MT_UNWIND_BOUNDS_MUSL_H
#define MT_UNWIND_BOUNDS_MUSL_H

#include <stdbool.h>
#include <stdint.h>

/* The end of the stack that the kernel made for the program, or a little more of what it put there: all of it is mapped. 0: not known. */
uintptr_t mt_bounds_musl_main(void);

/* [*floor, *top) is the stack of the thread whose descriptor is at `pointer`, which musl made. False: not found. */
bool mt_bounds_musl_thread(uintptr_t pointer, uintptr_t *floor, uintptr_t *top);

#endif
