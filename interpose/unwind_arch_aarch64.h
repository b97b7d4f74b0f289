/* SPDX-License-Identifier: MIT
 *
 * aarch64: what the unwinders need to know of the processor.
 */
#ifndef MT_UNWIND_ARCH_AARCH64_H
#define MT_UNWIND_ARCH_AARCH64_H

/* libunwind saves the registers by inline assembly here: there is no function to look up. */
#define MT_ARCH_GETCONTEXT NULL

#define mt_arch_getcontext(function, context) ((void)(function), unw_tdep_getcontext(context))

#endif
