/* SPDX-License-Identifier: MIT
 *
 * Who called a wrapped function.
 */
#ifndef MT_HERE_H
#define MT_HERE_H

#include <stdint.h>

#include "unwind/stack.h"

#define MT_EXPORT __attribute__((visibility("default")))

/* Declare `here`: the pc, stack pointer and frame pointer of the caller of the wrapped function
 * that this stands in. The wrapper needs a frame pointer (-fno-omit-frame-pointer). */
#define MT_HERE_FOR(here, object)                                                                  \
    const struct mt_start here = {                                                                 \
        (uintptr_t)__builtin_return_address(0),                                                    \
        (uintptr_t)__builtin_dwarf_cfa(),                                                          \
        *(const uintptr_t *)__builtin_frame_address(0),                                            \
        object,                                                                                    \
    }
#define MT_HERE(here) MT_HERE_FOR(here, false)

#endif
