/* SPDX-License-Identifier: MIT
 *
 * Picks the file that knows the processor.
 */
#ifndef MT_UNWIND_ARCH_H
#define MT_UNWIND_ARCH_H

#if defined(__x86_64__)
#include "unwind/arch_x86_64.h"
#elif defined(__aarch64__)
#include "unwind/arch_aarch64.h"
#else
#error "no unwinder for this processor"
#endif

#endif
