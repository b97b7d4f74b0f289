/* SPDX-License-Identifier: MIT
 *
 * x86_64: what the unwinders need to know of the processor.
 */
#ifndef MT_UNWIND_ARCH_X86_64_H
#define MT_UNWIND_ARCH_X86_64_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* libunwind's function that saves the registers, as a symbol of its library. */
#define MT_ARCH_GETCONTEXT "_Ux86_64_getcontext"

/* Save the registers of the frame that this stands in. `function` is MT_ARCH_GETCONTEXT's address.
 */
#define mt_arch_getcontext(function, context) ((void)(function)(context))

/* The processor in the log: ELF's number. */
#define MT_ARCH_MACHINE 62

/* DWARF register numbers. */
#define MT_DW_FP    6u
#define MT_DW_SP    7u
#define MT_DW_RA    16u
#define MT_DW_COUNT 17u

/* The registers of the function that this stands in, by DWARF number, as far as a function keeps them for its caller; and
 * the pc that they belong to. */
#define mt_arch_registers(registers, pc)                                                           \
    __asm__ volatile("movq %%rbx, 24(%0)\n\tmovq %%rbp, 48(%0)\n\tmovq %%rsp, 56(%0)\n\t"          \
                     "movq %%r12, 96(%0)\n\tmovq %%r13, 104(%0)\n\tmovq %%r14, 112(%0)\n\t"        \
                     "movq %%r15, 120(%0)\n\tleaq 0f(%%rip), %%rax\n0:\tmovq %%rax, (%1)"          \
                     :                                                                             \
                     : "r"(registers), "r"(pc)                                                     \
                     : "rax", "memory")

/* A return address as it stands in memory, made plain. */
static inline uintptr_t mt_arch_ra(uintptr_t word)
{
    return word;
}

/* The registers that the kernel saved for a signal handler that returns to the C library's
 * trampoline, in bytes from the trampoline's stack pointer: a struct ucontext. */
#define MT_ARCH_SIGNAL_FP 120
#define MT_ARCH_SIGNAL_SP 160
#define MT_ARCH_SIGNAL_PC 168

/* Code that a signal handler returns to: mov $15, %rax; syscall. */
static inline bool mt_arch_is_trampoline(const uint8_t *code)
{
    static const uint8_t form[] = {0x48, 0xc7, 0xc0, 0x0f, 0x00, 0x00, 0x00, 0x0f, 0x05};

    return memcmp(code, form, sizeof form) == 0;
}
#define MT_ARCH_TRAMPOLINE_BYTES 9

/* The rest of the frame address's expression that linkers write for lazy PLTs: breg7 8 has been
 * read; then breg16 0, lit15, and, lit11 (lit10 with IBT), ge, lit3, shl, plus. */
static inline bool mt_arch_plt_expression(const uint8_t *at, size_t bytes, uintptr_t pc,
                                          int64_t *offset)
{
    static const uint8_t form[] = {0x80, 0x00, 0x3f, 0x1a, 0x3b, 0x2a, 0x33, 0x24, 0x22};
    uint8_t found[sizeof form];

    if (bytes != sizeof form)
        return false;
    memcpy(found, at, sizeof form);
    if (found[4] < 0x30 || found[4] > 0x3f)
        return false;
    if ((pc & 15) >= (uintptr_t)(found[4] - 0x30))
        *offset += 8;
    found[4] = 0x3b;
    return memcmp(found, form, sizeof form) == 0;
}

/* A lazy PLT entry without a description, as lld writes them: jmp *x(%rip); push n; jmp y. */
static inline bool mt_arch_is_plt(const uint8_t *code)
{
    return code[0] == 0xff && code[1] == 0x25 && code[6] == 0x68 && code[11] == 0xe9;
}
#define MT_ARCH_PLT_BYTES 16

/* Where the C library's descriptor of the thread lies, from the thread pointer, and what of it is read. */
#define MT_ARCH_DESCRIPTOR       0
#define MT_ARCH_DESCRIPTOR_BYTES 2048

/* The C library's descriptor of the thread: in threads that it made, on top of the stack. */
static inline uintptr_t mt_arch_thread_pointer(void)
{
    uintptr_t pointer;

    __asm__("mov %%fs:0, %0" : "=r"(pointer));
    return pointer;
}

/* Valgrind's client request 0x1801: one reason more (1) or less (-1) to keep this thread's errors
 * to itself. For everybody else these rotations and the exchange do nothing. */
static inline void mt_arch_valgrind_quiet(long change)
{
    const uint64_t request[6] = {0x1801, (uint64_t)change};
    uint64_t answer = 0;

    __asm__ volatile("rolq $3, %%rdi\n\trolq $13, %%rdi\n\trolq $61, %%rdi\n\trolq $51, %%rdi\n\t"
                     "xchgq %%rbx, %%rbx"
                     : "+d"(answer)
                     : "a"(request)
                     : "cc", "memory");
}

#endif
