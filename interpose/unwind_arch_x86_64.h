/* SPDX-License-Identifier: MIT
 *
 * x86_64: what the unwinders need to know of the processor.
 */
#ifndef MT_UNWIND_ARCH_X86_64_H
#define MT_UNWIND_ARCH_X86_64_H

/* libunwind's function that saves the registers, as a symbol of its library. */
#define MT_ARCH_GETCONTEXT "_Ux86_64_getcontext"

/* Save the registers of the frame that this stands in. `function` is MT_ARCH_GETCONTEXT's address.
 */
#define mt_arch_getcontext(function, context) ((void)(function)(context))

#endif
